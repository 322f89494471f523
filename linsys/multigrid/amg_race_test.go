//go:build race

package multigrid

// The race detector makes sync.Pool forget what it holds.
const underRace = true
