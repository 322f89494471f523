//go:build race

package multigrid

const raceDetector = true
