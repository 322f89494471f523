package direct

import (
	"context"
	"math"
	"sync/atomic"

	"solve/internal/par"
	"solve/matrix"
	"solve/solver"
)

// LDLT is the factor
//
//	P S A S Pᵀ = L D Lᵀ
//
// of a sparse symmetric matrix: S scales by powers of two, L has a unit
// diagonal and D blocks of order 1 and 2. Its methods share working space:
// one call at a time.
//
// It is computed front by front as Cholesky is. Columns of a front that have
// no stable pivot in it are passed on to the front of the parent; in the
// front of a root every column gets one. The factor has the same bits for any
// number of threads.
type LDLT struct {
	s       *LDLTAnalysis
	threads int
	limit   int64
	taken   atomic.Int64 // bytes

	scale  []float64 // in the order of the analysis
	zero   float64   // entries of the scaled matrix that are rounding errors
	large  float64   // largest entry of the scaled matrix
	nodes  []pivotNode
	stores []*pivotStore // of the tasks, and of the top
	spaces []*pivotSpace
	free   chan *pivotSpace
	run    func(task int)
	done   <-chan struct{} // of the context of the factorisation under way
	a      *matrix.CSR

	x, t   []float64 // working space of solves
	blocks columnBlocks
}

// pivotNode is the part of the factor that comes from one supernode.
type pivotNode struct {
	pivots int
	index  []int32   // unknowns: of the pivots, then of the other rows of the front
	u      []float64 // the rows of Lᵀ, pivots×len(index)
	d      []float64 // see pivotFront
	rest   []float64 // contribution to the parent, upper triangle, row by row
	at     int       // its place in the stack, -1 if it is in a store
}

// Factor factors a, whose pattern must be the one that was analysed, on at
// most the given number of threads (0 = all) and at most as many as the
// analysis was for. Of each pair of entries a_ij, a_ji one is read. Any
// symmetric matrix has a factor: see Inertia for how singular it is.
//
// Pivots that are passed on make the factor larger than the analysis says:
// where it would take more than the analysis allows, the error is a
// *solver.TooLargeError. It wraps solver.ErrDimension for another pattern,
// solver.ErrNonFinite for NaN or infinite entries, and is ctx's when that is
// done first.
func (s *LDLTAnalysis) Factor(ctx context.Context, a *matrix.CSR, threads int) (*LDLT, error) {
	if need := s.Bytes(); need > s.limit {
		return nil, &solver.TooLargeError{What: "LDLᵀ factorisation", Need: need, Have: s.limit}
	}
	p := &s.c.plan
	f := &LDLT{s: s, threads: min(par.Threads(threads), s.c.threads), limit: s.limit}
	f.scale, f.x = make([]float64, s.c.n), make([]float64, s.c.n)
	f.nodes = make([]pivotNode, s.c.tree.count())
	f.stores = make([]*pivotStore, len(p.tasks)+1)
	for k := range f.stores {
		f.stores[k] = &pivotStore{owner: f, expected: s.expected(k)}
	}
	f.spaces = make([]*pivotSpace, min(f.threads, max(1, len(p.tasks))))
	f.free = make(chan *pivotSpace, len(f.spaces))
	for i := range f.spaces {
		f.spaces[i] = newPivotSpace(f)
		f.free <- f.spaces[i]
	}
	f.run = f.runTask
	if err := f.Refactor(ctx, a); err != nil {
		return nil, err
	}
	return f, nil
}

// Refactor replaces the factor by that of a, a matrix with the same pattern,
// with pivots of its own. It reuses the memory of the factor. Errors are those
// of Factor; after one, the factor is of no use until another call succeeds.
func (f *LDLT) Refactor(ctx context.Context, a *matrix.CSR) error {
	if err := f.s.c.check(a); err != nil {
		return err
	}
	if err := a.CheckFinite("matrix"); err != nil {
		return err
	}
	f.a, f.done = a, ctx.Done()
	defer func() { f.a, f.done = nil, nil }()
	f.equilibrate()
	for _, store := range f.stores {
		store.reset()
	}
	for _, sp := range f.spaces {
		sp.reset(f)
	}
	f.eliminateAll()
	if err := ctx.Err(); err != nil {
		return err
	}
	longest := 0
	for _, sp := range f.spaces {
		if sp.err != nil {
			return sp.err
		}
		longest = max(longest, sp.longest)
	}
	if len(f.t) < longest {
		f.t = make([]float64, longest)
	}
	return nil
}

// eliminateAll works off the tasks in parallel and then the top.
func (f *LDLT) eliminateAll() {
	p := &f.s.c.plan
	if tasks := len(p.tasks); len(f.spaces) > 1 && tasks > 1 {
		par.For(f.threads, tasks, f.run)
	} else {
		for k := range tasks {
			f.run(k)
		}
	}
	sp, store := f.spaces[0], f.stores[len(p.tasks)]
	for _, other := range f.spaces {
		if other.err != nil {
			return
		}
	}
	sp.front.threads, sp.level = f.threads, 0
	for _, q := range p.top {
		if f.stopped() || !f.eliminate(sp, store, q, false) {
			return
		}
	}
}

func (f *LDLT) stopped() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// runTask eliminates the supernodes of a task.
func (f *LDLT) runTask(k int) {
	sp := <-f.free
	t := f.s.c.plan.tasks[k]
	sp.front.threads, sp.level = 1, 0
	for q := t.lo; q < t.hi && sp.err == nil && !f.stopped(); q++ {
		parent := f.s.c.tree.parent[q]
		f.eliminate(sp, f.stores[k], q, parent == none || parent >= t.hi)
	}
	f.free <- sp
}

// equilibrate finds powers of two that bring the largest entry of most rows
// of S A S near 1, by the symmetric ∞-norm iteration of Ruiz.
func (f *LDLT) equilibrate() {
	c := f.s.c
	place := f.s.place
	for k := range f.scale {
		f.scale[k] = 1
	}
	row := f.x
	for range scalingPasses {
		f.large = 0
		for i := range c.n {
			most := 0.0
			for p := f.a.RowPtr[i]; p < f.a.RowPtr[i+1]; p++ {
				most = max(most, math.Abs(f.a.Val[p])*f.scale[place[f.a.Col[p]]])
			}
			k := place[i]
			row[k] = most * f.scale[k]
			f.large = max(f.large, row[k])
		}
		for k, m := range row {
			f.scale[k] *= inverseRoot(m)
		}
	}
	f.zero = zeroTolerance * 0x1p-53 * math.Sqrt(float64(c.n)) * f.large
}

// zeroTolerance times √n units of rounding is what the entries of a row of a
// Schur complement that is zero are expected to stay below.
const zeroTolerance = 16

// Analysis returns the symbolic analysis that the factor belongs to.
func (f *LDLT) Analysis() *LDLTAnalysis { return f.s }

// Inertia returns the numbers of positive, negative and zero eigenvalues of
// A, by Sylvester's law those of D. A pivot counts as zero when all of its
// row is at most 16√n units of rounding of the largest entry of the scaled
// matrix.
func (f *LDLT) Inertia() (positive, negative, zero int) {
	var sum inertia
	for _, sp := range f.spaces {
		n := sp.front.inertia
		sum.positive, sum.negative, sum.zero = sum.positive+n.positive, sum.negative+n.negative, sum.zero+n.zero
	}
	return sum.positive, sum.negative, sum.zero
}

// Perturbed is the number of pivots that were raised, which only the option
// Static allows. The factor is then that of a matrix near A.
func (f *LDLT) Perturbed() int {
	sum := 0
	for _, sp := range f.spaces {
		sum += sp.front.perturbed
	}
	return sum
}

// NNZ is the number of entries of L, the diagonal included, and of D beside
// its diagonal.
func (f *LDLT) NNZ() int64 {
	sum := int64(0)
	for i := range f.nodes {
		n := &f.nodes[i]
		sum += int64(n.pivots)*int64(len(n.index)) - int64(n.pivots)*int64(n.pivots-1)/2
	}
	return sum
}

// Delayed is the number of times that a column was passed on to the parent
// for want of a stable pivot.
func (f *LDLT) Delayed() int {
	sum := 0
	for q := range f.nodes {
		sum += f.delayed(int32(q))
	}
	return sum
}

// delayed is the number of columns that supernode q passes on.
func (f *LDLT) delayed(q int32) int {
	n := &f.nodes[q]
	return len(n.index) - n.pivots - f.s.c.tree.height(q)
}
