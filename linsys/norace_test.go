//go:build !race

package linsys

const underRace = false
