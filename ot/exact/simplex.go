package exact

import (
	"context"
	"math"

	"solve/solver"
)

// smallestBlock is the least number of arcs of which the best one enters.
const smallestBlock = 20

// patience is the number of pivots between two looks at the context.
const patience = 256

// optimise pivots until no active arc has a reduced cost below −tol. It stops
// early when the context ends or limit pivots (0 = any number) have been made.
func (t *tree) optimise(ctx context.Context, limit int) solver.Reason {
	if t.from >= len(t.arcs) {
		t.from = 0
	}
	for k := 0; ; k++ {
		if k%patience == 0 && ctx.Err() != nil {
			return solver.ContextReason(ctx)
		}
		if limit > 0 && t.pivots >= limit {
			return solver.IterationLimit
		}
		var e int32
		if t.sunk > 0 {
			e = t.enteringByLevel()
		} else {
			t.level = nil
			e = t.entering()
		}
		if e < 0 {
			return ""
		}
		t.pivot(e)
	}
}

// block is the number of arcs that are looked at before the best of them
// enters.
func (t *tree) block() int {
	return max(smallestBlock, int(math.Sqrt(float64(len(t.arcs)))))
}

// entering is the arc with the most negative reduced cost of the first block
// that has one; −1 if there is none.
func (t *tree) entering() int32 {
	arcs, phi := t.arcs, t.phi
	block := t.block()
	best, at := -t.tol, -1
	k := t.from
	for left := len(arcs); left > 0; {
		size := min(block, left, len(arcs)-k)
		for i, a := range arcs[k : k+size] {
			if r := a.c - phi[a.s] + phi[a.t]; r < best {
				best, at = r, k+i
			}
		}
		left -= size
		if k += size; k == len(arcs) {
			k = 0
		}
		if at >= 0 {
			t.from = k
			return int32(at)
		}
	}
	return -1
}

// enteringByLevel is entering while artificial arcs carry mass: arcs from
// subtrees of level 1 to subtrees of level −1 come first, arcs back never.
func (t *tree) enteringByLevel() int32 {
	block := t.block()
	best, at, found := -t.tol, -1, false
	k, seen := t.from, 0
	for range t.arcs {
		a := t.arcs[k]
		r := a.c - t.phi[a.s] + t.phi[a.t]
		switch ls, lt := t.level[a.s], t.level[a.t]; {
		case ls > lt && (!found || r < best):
			best, at, found = r, k, true
		case ls == lt && !found && r < best:
			best, at = r, k
		}
		if k++; k == len(t.arcs) {
			k = 0
		}
		if seen++; seen%block == 0 && at >= 0 {
			break
		}
	}
	t.from = k
	return int32(at)
}
