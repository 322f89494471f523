package direct

import (
	"context"
	"fmt"
	"math"

	"solve/internal/par"
	"solve/matrix"
	"solve/solver"
)

// Cholesky is the factor P A Pᵀ = L Lᵀ of a sparse symmetric positive definite
// matrix. Its methods share working space: one call at a time.
//
// It is computed front by front (Duff & Reid, The multifrontal solution of
// indefinite sparse symmetric linear equations, ACM Trans. Math. Software 9
// (1983)): the columns of a supernode and the rows below them are assembled
// from A and the update matrices of the supernode's children, the columns are
// eliminated by dense kernels, and what is left is the next update matrix.
// Small factors with few operations are computed row by row instead, and those
// of very small matrices as dense ones.
type Cholesky struct {
	s     *CholeskyAnalysis
	plain plainFactor // nil for a multifrontal factor, which has the rest

	threads int
	l       []float64 // panels of Lᵀ
	held    []float64 // update matrices that pass from tasks to the top
	spaces  []*space
	free    chan *space
	run     func(task int)

	// Of the factorisation under way.
	a    *matrix.CSR
	done <-chan struct{}

	scratch solveScratch
}

// plainFactor is a factor without fronts.
type plainFactor interface {
	factor(ctx context.Context, a *matrix.CSR) error
	solve(b []float64)
	solveBlock(b []float64, k int)
	logDet() float64
}

// space is what one goroutine works in.
type space struct {
	stacks [2][]float64
	front  front
	column int32 // of the first pivot that failed
	pivot  float64
}

// Factor factors a, whose pattern must be the one that was analysed, on at
// most the given number of threads (0 = all) and at most as many as the
// analysis was for. Of each pair of entries a_ij, a_ji one is read. The factor
// has the same bits for any number of threads.
//
// The error wraps solver.ErrNotPositiveDefinite, and names the row of a and
// the pivot, or solver.ErrDimension for another pattern; it is ctx's when that
// is done first.
func (s *CholeskyAnalysis) Factor(ctx context.Context, a *matrix.CSR, threads int) (*Cholesky, error) {
	if err := s.check(a); err != nil {
		return nil, err
	}
	c := &Cholesky{s: s, threads: min(par.Threads(threads), s.threads)}
	switch {
	case s.dense:
		c.plain = newDenseFactor(s.n)
	case s.simplicial != nil:
		c.plain = newSimplicial(s.simplicial, s.perm)
	default:
		c.makeSpaces()
	}
	if err := c.refactor(ctx, a); err != nil {
		return nil, err
	}
	return c, nil
}

// makeSpaces makes room for the fronts.
func (c *Cholesky) makeSpaces() {
	s, p := c.s, &c.s.plan
	c.l = make([]float64, p.panel[s.tree.count()])
	c.held = make([]float64, p.size[held])
	c.spaces = make([]*space, min(c.threads, max(1, len(p.tasks))))
	c.free = make(chan *space, len(c.spaces))
	for i := range c.spaces {
		sp := &space{}
		sp.front.prepare()
		for k := range sp.stacks {
			sp.stacks[k] = make([]float64, p.size[k])
		}
		c.spaces[i] = sp
		c.free <- sp
	}
	c.run = c.runTask
	c.scratch.prepare(c)
}

func (s *CholeskyAnalysis) check(a *matrix.CSR) error {
	if a.Rows != s.n || a.Cols != s.n || len(a.Val) != len(a.Col) || !s.pattern.is(a) {
		return fmt.Errorf("direct: %d×%d matrix of %d entries has not the pattern that was analysed: %w", a.Rows, a.Cols, len(a.Val), solver.ErrDimension)
	}
	return nil
}

// Refactor replaces the factor by that of a, a matrix with the same pattern,
// and allocates nothing. Errors are those of Factor; after one, the factor is
// of no use until another call succeeds.
func (c *Cholesky) Refactor(ctx context.Context, a *matrix.CSR) error {
	if err := c.s.check(a); err != nil {
		return err
	}
	return c.refactor(ctx, a)
}

func (c *Cholesky) refactor(ctx context.Context, a *matrix.CSR) error {
	if c.plain != nil {
		return c.plain.factor(ctx, a)
	}
	c.a, c.done = a, ctx.Done()
	defer func() { c.a = nil }()
	for _, sp := range c.spaces {
		sp.column, sp.front.done = math.MaxInt32, c.done
	}
	tasks := len(c.s.plan.tasks)
	if len(c.spaces) > 1 && tasks > 1 {
		par.For(c.threads, tasks, c.run)
	} else {
		for k := range tasks {
			c.run(k)
		}
	}
	if c.firstFailure() == nil {
		for _, q := range c.s.plan.top {
			if closed(c.done) || !c.eliminate(c.spaces[0], q, c.threads) {
				break
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if sp := c.firstFailure(); sp != nil {
		return fmt.Errorf("direct: pivot of row %d is %.3g: %w", c.s.perm[sp.column]+1, sp.pivot, solver.ErrNotPositiveDefinite)
	}
	return nil
}

// firstFailure returns the space that saw the failing pivot which comes first
// in the order of elimination, whoever found one first, or nil.
func (c *Cholesky) firstFailure() *space {
	var first *space
	for _, sp := range c.spaces {
		if sp.column < math.MaxInt32 && (first == nil || sp.column < first.column) {
			first = sp
		}
	}
	return first
}

// runTask eliminates the supernodes of a task up to a pivot that fails.
func (c *Cholesky) runTask(k int) {
	sp := <-c.free
	t := c.s.plan.tasks[k]
	for q := t.lo; q < t.hi; q++ {
		if closed(c.done) || !c.eliminate(sp, q, 1) {
			break
		}
	}
	c.free <- sp
}

// updateOf returns the place of the update matrix of supernode q.
func (c *Cholesky) updateOf(sp *space, q int32) []float64 {
	p := &c.s.plan
	m := c.s.tree.height(q)
	from, n := p.update[q], m*rowStride(m)
	if k := p.store[q]; k != held {
		return sp.stacks[k][from : from+n]
	}
	return c.held[from : from+n]
}

// eliminate assembles and factors the front of supernode q. It reports whether
// all pivots were positive.
func (c *Cholesky) eliminate(sp *space, q int32, threads int) bool {
	p, t := &c.s.plan, c.s.tree
	f := &sp.front
	f.open(t.width(q), t.height(q), int(p.stride[q]), c.l[p.panel[q]:p.panel[q+1]], c.updateOf(sp, q), threads)
	lo, hi := p.aPtr[q], p.aPtr[q+1]
	dst := p.aDst[lo:hi]
	for k, src := range p.aSrc[lo:hi] {
		f.panel[dst[k]] = c.a.Val[src]
	}
	for child := p.child[q]; child != none; child = p.sibling[child] {
		f.add(c.updateOf(sp, child), p.place[t.rowPtr[child]:t.rowPtr[child+1]])
	}
	k, pivot := f.factor()
	if k < 0 {
		return true
	}
	if column := t.first[q] + int32(k); column < sp.column {
		sp.column, sp.pivot = column, pivot
	}
	return false
}

// Analysis returns the symbolic analysis that the factor belongs to.
func (c *Cholesky) Analysis() *CholeskyAnalysis { return c.s }

// LogDet returns the natural logarithm of the determinant of A.
func (c *Cholesky) LogDet() float64 {
	if c.plain != nil {
		return c.plain.logDet()
	}
	sum := 0.
	t, p := c.s.tree, &c.s.plan
	for q := range int32(t.count()) {
		panel, step := c.l[p.panel[q]:p.panel[q+1]], int(p.stride[q])+1
		for k := range t.width(q) {
			sum += math.Log(panel[k*step])
		}
	}
	return 2 * sum
}
