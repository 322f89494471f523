package main

import (
	"fmt"
	"strings"
)

// didYouMean returns a hint with the known word closest to a misspelt one,
// or with all of them when none is close.
func didYouMean(word string, known []string) string {
	if best := closest(word, known); best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	return "one of " + strings.Join(known, ", ")
}

// closest returns the known word within about a third of the word's length,
// or the one that the word begins; "" when there is none.
func closest(word string, known []string) string {
	bare := strings.ToLower(strings.TrimLeft(word, "-"))
	if len(bare) < 2 {
		return "" // every other letter is as close
	}
	best, bestDistance := "", 1+max(1, len(bare)/3)
	for _, k := range known {
		d := editDistance(bare, strings.TrimLeft(k, "-"))
		if d < bestDistance {
			best, bestDistance = k, d
		}
	}
	if best == "" {
		for _, k := range known {
			if strings.HasPrefix(strings.TrimLeft(k, "-"), bare) {
				return k
			}
		}
	}
	return best
}

// editDistance counts insertions, deletions, substitutions and swaps of
// neighbours (optimal string alignment).
func editDistance(a, b string) int {
	s, t := []rune(a), []rune(b)
	older, old := make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range old {
		old[j] = j
	}
	for i := range s {
		row := make([]int, len(t)+1)
		row[0] = i + 1
		for j := range t {
			cost := 1
			if s[i] == t[j] {
				cost = 0
			}
			row[j+1] = min(old[j+1]+1, row[j]+1, old[j]+cost)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				row[j+1] = min(row[j+1], older[j-1]+1)
			}
		}
		older, old = old, row
	}
	return old[len(t)]
}
