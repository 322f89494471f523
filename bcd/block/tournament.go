package block

import (
	"math/bits"
	"slices"
)

// tournament keeps the largest of n scores: a binary tree whose leaves are the
// scores and whose inner nodes hold the winner of their two children. A change
// costs O(log n), the winner is at the root, and the best τ come from taking
// the winner out τ times. Ties go to the smaller number.
type tournament struct {
	n, leaves int
	score     []float64
	winner    []int32 // node k has the children 2k and 2k+1; the root is 1
}

func newTournament(score []float64) *tournament {
	n := len(score)
	t := &tournament{n: n, leaves: 1 << bits.Len(uint(max(n-1, 0))), score: score}
	t.winner = make([]int32, 2*t.leaves)
	t.rebuild()
	return t
}

// rebuild follows a change of all scores.
func (t *tournament) rebuild() {
	for i := range t.leaves {
		t.winner[t.leaves+i] = int32(i)
	}
	for k := t.leaves - 1; k > 0; k-- {
		t.winner[k] = t.better(t.winner[2*k], t.winner[2*k+1])
	}
}

// better has a < b; numbers from n on are not in the game.
func (t *tournament) better(a, b int32) int32 {
	if int(b) < t.n && t.score[b] > t.score[a] {
		return b
	}
	return a
}

// set changes one score.
func (t *tournament) set(i int32, score float64) {
	t.score[i] = score
	for k := (t.leaves + int(i)) / 2; k > 0; k /= 2 {
		t.winner[k] = t.better(t.winner[2*k], t.winner[2*k+1])
	}
}

// top stores the count numbers with the largest scores in block, ascending.
func (t *tournament) top(block []int32) {
	scores := make([]float64, len(block))
	for k := range block {
		i := t.winner[1]
		block[k], scores[k] = i, t.score[i]
		t.set(i, -1)
	}
	for k, i := range block {
		t.set(i, scores[k])
	}
	slices.Sort(block)
}
