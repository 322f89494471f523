//go:build race

package direct

// The race detector makes sync.Pool forget what it holds.
const underRace = true
