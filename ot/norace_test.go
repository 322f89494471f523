//go:build !race

package ot

const underRace = false
