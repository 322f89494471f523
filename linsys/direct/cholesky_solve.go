package direct

import (
	"fmt"

	"solve/internal/kern"
	"solve/internal/par"
)

// solveScratch is the working space of solves.
type solveScratch struct {
	x       []float64   // right-hand side in the order of elimination
	t       [][]float64 // as long as the longest front, one for each space
	outside [][]float64 // what each task adds to the unknowns of the top
	free    chan []float64

	forward, backward func(task int)

	// See SolveBlock.
	blocks     []*blockSpace
	freeBlocks chan *blockSpace
	rhs        []float64 // rhsCount columns
	rhsCount   int
	block      func(chunk int)
}

func (w *solveScratch) prepare(c *Cholesky) {
	p := &c.s.plan
	w.x = make([]float64, c.s.n)
	w.t = make([][]float64, len(c.spaces))
	w.free = make(chan []float64, len(w.t))
	for i := range w.t {
		w.t[i] = make([]float64, p.maxFront)
		w.free <- w.t[i]
	}
	w.outside = make([][]float64, len(p.tasks))
	for k := range w.outside {
		w.outside[k] = make([]float64, p.topColumns)
	}
	w.forward, w.backward = c.forwardTask, c.backwardTask
}

func (p *plan) solveBytes(s *CholeskyAnalysis) int64 {
	threads := min(s.threads, max(1, len(p.tasks)))
	return 8 * int64(s.n+threads*p.maxFront+len(p.tasks)*(p.topColumns+3))
}

func (c *Cholesky) checkLength(n, want int) {
	if n != want {
		panic(fmt.Sprintf("direct: right-hand side of %d values, want %d", n, want))
	}
}

// Solve overwrites x, of the order of A, with A⁻¹ x. It allocates nothing and
// runs on as many goroutines as the factorisation, with the same bits for any
// number of them.
func (c *Cholesky) Solve(x []float64) {
	c.checkLength(len(x), c.s.n)
	if c.plain != nil {
		c.plain.solve(x)
		return
	}
	w, p, tree := &c.scratch, &c.s.plan, c.s.tree
	y := w.x
	for k, i := range c.s.perm {
		y[k] = x[i]
	}
	threads := len(w.t)
	par.For(threads, len(p.tasks), w.forward)
	for _, sum := range w.outside {
		at := 0
		for _, q := range p.top {
			n := tree.width(q)
			kern.Axpy(1, sum[at:at+n], y[tree.first[q]:][:n])
			at += n
		}
	}
	end := int32(c.s.n)
	for _, q := range p.top {
		c.forward(q, y, w.t[0], end, nil)
	}
	for k := len(p.top) - 1; k >= 0; k-- {
		c.backward(p.top[k], y, w.t[0])
	}
	par.For(threads, len(p.tasks), w.backward)
	for k, i := range c.s.perm {
		x[i] = y[k]
	}
}

// SolveColumns is SolveBlock on the calling goroutine alone, in the caller's
// space of at least SolveSpace(k) numbers. Calls with a space and an x each may
// run at the same time.
func (c *Cholesky) SolveColumns(space, x []float64, k int) {
	c.checkLength(len(x), c.s.n*k)
	switch f := c.plain.(type) {
	case *denseFactor:
		f.solveBlock(x, k)
	case *simplicial:
		apart := *f
		apart.block = space
		apart.solveBlock(x, k)
	default:
		at := c.s.n * k
		c.solvePart(&blockSpace{x: space[:at], t: space[at:]}, x, k, 0, k)
	}
}

// SolveSpace is how many numbers SolveColumns works in for k right-hand sides.
func (c *Cholesky) SolveSpace(k int) int {
	if c.s.dense {
		return 0
	}
	if c.s.simplicial != nil {
		return c.s.n * min(k, blockColumns)
	}
	return (c.s.n + c.s.plan.maxBelow) * k
}

func (c *Cholesky) forwardTask(k int) {
	w, task := &c.scratch, c.s.plan.tasks[k]
	t := <-w.free
	clear(w.outside[k])
	end := c.s.tree.first[task.hi]
	for q := task.lo; q < task.hi; q++ {
		c.forward(q, w.x, t, end, w.outside[k])
	}
	w.free <- t
}

func (c *Cholesky) backwardTask(k int) {
	w, task := &c.scratch, c.s.plan.tasks[k]
	t := <-w.free
	for q := task.hi - 1; q >= task.lo; q-- {
		c.backward(q, w.x, t)
	}
	w.free <- t
}

// forward eliminates the unknowns of supernode q from the rows below; those
// from end on belong to the top and go to outside.
func (c *Cholesky) forward(q int32, y, t []float64, end int32, outside []float64) {
	p, tree := &c.s.plan, c.s.tree
	w, rows := tree.width(q), tree.below(q)
	r := w + len(rows)
	panel, ld := c.l[p.panel[q]:p.panel[q+1]], int(p.stride[q])
	own := y[tree.first[q]:][:w]
	if r <= shortFront && (w == r || rows[len(rows)-1] < end) {
		forwardShort(panel, ld, own, rows, y)
		return
	}
	t = t[:r]
	copy(t, own)
	clear(t[w:])
	for k := range w {
		row := panel[k*ld : k*ld+r]
		t[k] /= row[k]
		kern.Axpy(-t[k], row[k+1:], t[k+1:])
	}
	copy(own, t)
	for j, i := range rows {
		if i < end {
			y[i] += t[w+j]
		} else {
			outside[p.topPlace[i]] += t[w+j]
		}
	}
}

// backward finds the unknowns of supernode q, those below being known.
func (c *Cholesky) backward(q int32, y, t []float64) {
	p, tree := &c.s.plan, c.s.tree
	w, rows := tree.width(q), tree.below(q)
	r := w + len(rows)
	panel, ld := c.l[p.panel[q]:p.panel[q+1]], int(p.stride[q])
	own := y[tree.first[q]:][:w]
	if r <= shortFront {
		backwardShort(panel, ld, own, rows, y)
		return
	}
	t = t[:r]
	copy(t, own)
	for j, i := range rows {
		t[w+j] = y[i]
	}
	for k := w - 1; k >= 0; k-- {
		row := panel[k*ld : k*ld+r]
		t[k] = (t[k] - kern.Dot(row[k+1:], t[k+1:])) / row[k]
	}
	copy(own, t)
}

// shortFront is the number of rows up to which plain loops beat gathering
// them for the vector kernels.
const shortFront = 12

func forwardShort(panel []float64, ld int, own []float64, rows []int32, y []float64) {
	w := len(own)
	for k := range own {
		row := panel[k*ld : k*ld+w+len(rows)]
		x := own[k] / row[k]
		own[k] = x
		for j := k + 1; j < w; j++ {
			own[j] -= row[j] * x
		}
		below := row[w:]
		for j, i := range rows {
			y[i] -= below[j] * x
		}
	}
}

func backwardShort(panel []float64, ld int, own []float64, rows []int32, y []float64) {
	w := len(own)
	for k := w - 1; k >= 0; k-- {
		row := panel[k*ld : k*ld+w+len(rows)]
		sum := own[k]
		for j := k + 1; j < w; j++ {
			sum -= row[j] * own[j]
		}
		below := row[w:]
		for j, i := range rows {
			sum -= below[j] * y[i]
		}
		own[k] = sum / row[k]
	}
}
