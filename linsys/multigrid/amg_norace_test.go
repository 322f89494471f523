//go:build !race

package multigrid

const underRace = false
