//go:build race

package ot

// The race detector makes sync.Pool forget what it holds.
const underRace = true
