package direct

import (
	"fmt"
	"math"
	"slices"

	"solve/matrix"
	"solve/solver"
)

// plan says where everything of a multifrontal factorisation lies.
//
// The front of a supernode has a row for each of its w columns and of the m
// rows below them. Its first w rows are kept as rows of Lᵀ in a panel, w×(w+m)
// with the stride ld; its last m become the update matrix, the supernode's
// contribution to the front of its parent. Update matrices lie in two stacks,
// those of even and of odd depth, so that the one of a parent can be begun
// before those of its children are popped.
//
// The forest is cut into tasks, runs of whole subtrees that are factored
// independently, and the supernodes above them, the top. Both are a function
// of the pattern alone.
type plan struct {
	stride []int32 // of the panels
	panel  []int   // where they begin in the factor, and its length
	place  []int32 // of each row below, in the front of the parent

	// Entry aSrc[k] of A goes to aDst[k] of its panel, aPtr[s] ≤ k < aPtr[s+1].
	aPtr, aSrc []int32
	aDst       []uint32

	child, sibling []int32 // children in postorder
	update         []int   // where the update matrix begins in its store
	store          []uint8 // even, odd or held
	tasks          []task  // the longest first
	top            []int32
	topPlace       []int32 // number of a column among those of the top
	topColumns     int
	size           [3]int // of the stores, in entries
	maxFront       int    // rows
	maxBelow       int
	maxWidth       int
}

// Stores of update matrices: the stacks, of which every thread has its own,
// and the one of those that pass from a task to the top.
const (
	even = iota
	odd
	held
)

// task are the supernodes lo … hi−1.
type task struct {
	lo, hi int32
	work   float64
}

// rowStride returns the stride of rows of the given length: an odd number of
// cache lines for long ones, so that columns don't fall into few cache sets.
func rowStride(length int) int {
	const long = 128
	if length < long {
		return length
	}
	return 8 * ((length+7)/8 | 1)
}

func (p *plan) make(a *matrix.CSR, s *CholeskyAnalysis, place []int32) error {
	t := s.tree
	ns := t.count()
	p.stride, p.panel = make([]int32, ns), make([]int, ns+1)
	for q := range int32(ns) {
		w, m := t.width(q), t.height(q)
		ld := rowStride(w + m)
		if float64(w)*float64(ld) > math.MaxUint32 {
			return fmt.Errorf("direct: supernode of %d×%d entries: %w", w, w+m, solver.ErrTooLarge)
		}
		p.stride[q] = int32(ld)
		p.panel[q+1] = p.panel[q] + w*ld
		p.maxFront, p.maxBelow, p.maxWidth = max(p.maxFront, w+m), max(p.maxBelow, m), max(p.maxWidth, w)
	}
	p.linkChildren(t)
	p.locate(a, s, place)
	p.cut(t)
	p.stack(t)
	return nil
}

func (p *plan) linkChildren(t *supernodes) {
	ns := t.count()
	p.child, p.sibling = make([]int32, ns), make([]int32, ns)
	for s := range p.child {
		p.child[s] = none
	}
	for s := int32(ns) - 1; s >= 0; s-- {
		if q := t.parent[s]; q != none {
			p.sibling[s], p.child[q] = p.child[q], s
		} else {
			p.sibling[s] = none
		}
	}
}

// locate finds, front by front, where entries of A and rows of children go.
func (p *plan) locate(a *matrix.CSR, s *CholeskyAnalysis, place []int32) {
	t := s.tree
	ns := t.count()
	p.place = make([]int32, len(t.rows))
	p.aPtr = make([]int32, ns+1)
	entries := len(a.Col)/2 + s.n
	p.aSrc, p.aDst = make([]int32, 0, entries), make([]uint32, 0, entries)
	at := make([]int32, s.n) // place of a row in the front under way
	for q := range int32(ns) {
		lo, hi := t.first[q], t.first[q+1]
		for j := lo; j < hi; j++ {
			at[j] = j - lo
		}
		for k, i := range t.below(q) {
			at[i] = hi - lo + int32(k)
		}
		for c := p.child[q]; c != none; c = p.sibling[c] {
			to := p.place[t.rowPtr[c]:t.rowPtr[c+1]]
			for k, i := range t.below(c) {
				to[k] = at[i]
			}
		}
		for j := lo; j < hi; j++ {
			row := s.perm[j]
			line := uint32(j-lo) * uint32(p.stride[q])
			for k := a.RowPtr[row]; k < a.RowPtr[row+1]; k++ {
				if i := place[a.Col[k]]; i >= j {
					p.aSrc = append(p.aSrc, int32(k))
					p.aDst = append(p.aDst, line+uint32(at[i]))
				}
			}
		}
		p.aPtr[q+1] = int32(len(p.aSrc))
	}
}

// Subtrees become tasks when they have at most this part of the work, or
// little work in all.
const (
	taskPart = 1. / 32
	taskWork = 1e7
)

// work estimates what a front takes: operations of its elimination and, at
// about that many operations each, index work on its rows.
func work(w, m int) float64 {
	rows := float64(w + m)
	return float64(w)*rows*rows + 20*rows*rows + 1000
}

// cut chooses tasks and top.
func (p *plan) cut(t *supernodes) {
	ns := t.count()
	sum := make([]float64, ns) // over the subtree
	leaf := make([]int32, ns)  // first node of the subtree
	total := 0.
	for s := range int32(ns) {
		sum[s] += work(t.width(s), t.height(s))
		leaf[s] = s
		if c := p.child[s]; c != none {
			leaf[s] = leaf[c]
		}
		if q := t.parent[s]; q != none {
			sum[q] += sum[s]
		} else {
			total += sum[s]
		}
	}
	limit := max(total*taskPart, taskWork)
	for s := int32(ns) - 1; s >= 0; {
		if sum[s] > limit {
			p.top = append(p.top, s)
			s--
			continue
		}
		if k := len(p.tasks) - 1; k >= 0 && p.tasks[k].lo == s+1 && p.tasks[k].work+sum[s] <= limit {
			p.tasks[k].lo = leaf[s]
			p.tasks[k].work += sum[s]
		} else {
			p.tasks = append(p.tasks, task{leaf[s], s + 1, sum[s]})
		}
		s = leaf[s] - 1
	}
	slices.Reverse(p.top)
	p.topPlace = make([]int32, t.first[ns])
	for _, s := range p.top {
		for j := t.first[s]; j < t.first[s+1]; j++ {
			p.topPlace[j] = int32(p.topColumns)
			p.topColumns++
		}
	}
	slices.SortStableFunc(p.tasks, func(a, b task) int {
		switch {
		case a.work > b.work:
			return -1
		case a.work < b.work:
			return 1
		}
		return int(a.lo - b.lo)
	})
}

// stack gives every update matrix its place by going through the motions.
func (p *plan) stack(t *supernodes) {
	ns := t.count()
	p.update, p.store = make([]int, ns), make([]uint8, ns)
	for s := int32(ns) - 1; s >= 0; s-- {
		if q := t.parent[s]; q != none {
			p.store[s] = 1 - p.store[q]
		}
	}
	var level [3]int
	push := func(s int32, into uint8) {
		m := t.height(s)
		p.store[s], p.update[s] = into, level[into]
		level[into] += m * rowStride(m)
		p.size[into] = max(p.size[into], level[into])
	}
	pop := func(s int32) {
		for c := p.child[s]; c != none; c = p.sibling[c] {
			if k := p.store[c]; k != held { // the first one lies lowest
				level[k] = p.update[c]
				return
			}
		}
	}
	for _, k := range p.tasks {
		level[even], level[odd] = 0, 0
		for s := k.lo; s < k.hi; s++ {
			if q := t.parent[s]; q == none || q >= k.hi {
				push(s, held)
			} else {
				push(s, p.store[s])
			}
			pop(s)
		}
	}
	level[even], level[odd] = 0, 0
	for _, s := range p.top {
		push(s, p.store[s])
		pop(s)
	}
}

// bytes adds up the analysis itself, the factor, the stores of the update
// matrices and what solves need.
func (p *plan) bytes(s *CholeskyAnalysis) int64 {
	ns := s.tree.count()
	words := 8 * (len(p.panel) + len(p.update) + len(s.tree.rowPtr))
	ints := 4 * (2*len(p.place) + len(p.aPtr) + 2*cap(p.aSrc) + 4*ns + len(s.tree.first) + 2*s.n + len(p.topPlace))
	threads := min(s.threads, max(1, len(p.tasks)))
	numeric := 8 * (p.panel[ns] + p.size[held] + threads*(p.size[even]+p.size[odd]+blockEntries))
	return int64(words+ints+numeric) + p.solveBytes(s)
}
