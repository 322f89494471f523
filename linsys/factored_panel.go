package linsys

import (
	"context"
	"math"
	"sync"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/matrix"
)

// panelColumns is how many right-hand sides are solved and refined together: two
// blocks of the factorisations, as rows of B are read faster in longer parts,
// and one where there would be too few panels for several threads.
const (
	panelColumns    = 48
	fewPanelColumns = 24
)

// panelWidth is the columns of a panel of so many.
func panelWidth(columns int) int {
	if columns <= 2*panelColumns-fewPanelColumns {
		return fewPanelColumns
	}
	return panelColumns
}

// panelRows is the rows of a chunk of a pass over a panel, which the first
// cache holds.
const panelRows = 64

// panelQueue are the panels of one solve, a thread each at a time.
type panelQueue struct {
	*factored
	solves      columnFactorization
	a           *matrix.CSR
	b, solution *matrix.Dense
	job         *job
	each        int // columns a panel
	out         []outcome

	mu      sync.Mutex
	spare   []*panel
	ended   []bool // by panel
	told    int    // the outcomes of so many columns have been recorded
	failure error  // of the recorder
}

// solvePanels solves panel by panel. The columns have the same bits for any
// number of threads.
func (e *factored) solvePanels(ctx context.Context, f columnFactorization, a *matrix.CSR, b, x *matrix.Dense, job *job) []outcome {
	width := panelWidth(x.Cols)
	panels := par.Chunks(x.Cols, width)
	q := &panelQueue{factored: e, solves: f, a: a, b: b, solution: x, job: job,
		each: width, out: make([]outcome, x.Cols), ended: make([]bool, panels)}
	par.For(e.threads, panels, func(c int) {
		p := q.open()
		if p == nil {
			return
		}
		lo, hi := par.Bounds(c, x.Cols, width)
		if p.first, p.width = lo, hi-lo; c > 0 && ctx.Err() != nil {
			for j := lo; j < hi; j++ {
				q.out[j] = unsolved(ctx)
			}
		} else {
			p.solve(ctx)
		}
		q.close(p, c)
	})
	if q.failure != nil { // of the columns behind, too
		for j := q.told; j < len(q.out); j++ {
			q.out[j] = outcome{err: q.failure, residual: 1}
		}
	}
	return q.out
}

// open returns a panel to work in, nil if no more is to be solved.
func (q *panelQueue) open() *panel {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failure != nil {
		return nil
	}
	if k := len(q.spare) - 1; k >= 0 {
		p := q.spare[k]
		q.spare = q.spare[:k]
		return p
	}
	return &panel{panelQueue: q}
}

// close takes the panel back that worked on number c, and records the columns
// that ended, in their order.
func (q *panelQueue) close(p *panel, c int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.spare = append(q.spare, p)
	q.ended[c] = true
	for q.failure == nil && q.told < len(q.out) && q.ended[q.told/q.each] {
		if o := &q.out[q.told]; o.err == nil {
			q.failure = q.job.tell(o)
		}
		if q.failure == nil {
			q.told++
		}
	}
}

// panel are right-hand sides first … first+width−1 under way, row-major.
type panel struct {
	*panelQueue
	first, width int

	x, space []float64
	y, r     []float64 // a candidate for the columns that are refined and their residual (nil until there are any)
	chunk    [panelRows * panelColumns]float64
	normB    [panelColumns]float64
	enough   [panelColumns]float64
	norm     [panelColumns]float64 // of the residual
	steps    [panelColumns]int
	active   []int // columns that are refined
}

// solve finds the columns of the panel.
func (p *panel) solve(ctx context.Context) {
	n, w := p.b.Rows, p.width
	if len(p.x) < n*w {
		p.x, p.space = make([]float64, n*w), make([]float64, p.solves.SolveSpace(w))
	}
	x, all := p.x[:n*w], p.active[:0]
	for j := range w {
		all = append(all, j)
		p.steps[j] = 0
	}
	var sizeB, sizeX, sizeR columnSums
	p.rows(func(lo, hi int) {
		for i := lo; i < hi; i++ {
			copy(x[i*w:][:w], p.right(i))
		}
		sizeB.add(x[lo*w:hi*w], w)
	})
	sizeB.norms(&p.normB, w, func(c int, v []float64) { column(p.b, p.first+c, v) }, n)
	p.solves.SolveColumns(p.space, x, w)
	p.residual(x, all, func(lo, hi int, r []float64) {
		sizeR.add(r, w)
		sizeX.add(x[lo*w:hi*w], w)
		p.store(lo, hi)
	})
	p.residualNorms(&sizeR, x, all, &p.norm)
	p.active = all[:0]
	for _, j := range all {
		p.enough[j] = p.factored.enough(p.normB[j], sizeB.largest[j], sizeX.largest[j], n, p.job)
		if p.norm[j] > p.enough[j] {
			p.active = append(p.active, j)
		}
	}
	if len(p.active) > 0 {
		p.refineAll(ctx)
		p.rows(p.store)
	}
	for j := range w {
		p.out[p.first+j] = judged(p.steps[j], p.norm[j], p.normB[j], p.job)
	}
}

// store writes rows lo … hi−1 of x into the solution.
func (p *panel) store(lo, hi int) {
	w, to := p.width, p.solution
	for i := lo; i < hi; i++ {
		copy(to.Data[i*to.Cols+p.first:][:w], p.x[i*w:])
	}
}

// refineAll refines the active columns.
func (p *panel) refineAll(ctx context.Context) {
	n, w, k, cols := p.b.Rows, p.width, len(p.active), p.active
	if len(p.y) < n*k {
		p.y, p.r = make([]float64, n*k), make([]float64, n*k)
	}
	for i := range n {
		for q, c := range cols {
			p.y[i*k+q] = p.x[i*w+c]
		}
	}
	p.residual(p.y[:n*k], cols, func(lo, hi int, r []float64) { copy(p.r[lo*k:hi*k], r) })
	for step := 0; step < maxRefinements && len(p.active) > 0 && ctx.Err() == nil; step++ {
		p.refine()
	}
}

// refine takes a step for the active columns, whose residuals r holds; it keeps
// what became better, and of those the columns active that were halved.
func (p *panel) refine() {
	n, w, k := p.b.Rows, p.width, len(p.active)
	x, y, r, cols := p.x[:n*w], p.y[:n*k], p.r[:n*k], p.active
	p.solves.SolveColumns(p.space, r, k)
	for i := range n {
		to, from, old := y[i*k:][:k], r[i*k:][:k], x[i*w:][:w]
		for q, c := range cols {
			to[q] = old[c] + from[q]
		}
	}
	var size columnSums
	var next [panelColumns]float64
	p.residual(y, cols, func(lo, hi int, chunk []float64) {
		size.add(chunk, k)
		copy(r[lo*k:hi*k], chunk)
	})
	p.residualNorms(&size, y, cols, &next)
	going, places := make([]int, 0, k), make([]int, 0, k)
	for q, c := range cols {
		last := p.norm[c]
		p.steps[c]++
		if next[q] < last {
			p.norm[c] = next[q]
			for i := range n {
				x[i*w+c] = y[i*k+q]
			}
		}
		if p.norm[c] <= last/2 && p.norm[c] > p.enough[c] {
			going, places = append(going, c), append(places, q)
		}
	}
	p.pack(k, places)
	p.active = append(p.active[:0], going...)
}

// pack leaves of r, of k columns, those in the given places.
func (p *panel) pack(k int, places []int) {
	m := len(places)
	if m == k || m == 0 {
		return
	}
	for i := range p.b.Rows {
		for q, c := range places {
			p.r[i*m+q] = p.r[i*k+c]
		}
	}
}

// right is row i of the panel's right-hand sides.
func (p *panel) right(i int) []float64 { return p.b.Data[i*p.b.Cols+p.first:][:p.width] }

// rows does fn for chunks of the rows.
func (p *panel) rows(fn func(lo, hi int)) {
	n := p.b.Rows
	for lo := 0; lo < n; lo += panelRows {
		fn(lo, min(lo+panelRows, n))
	}
}

// residual gives fn the rows of b − A y, a chunk at a time, for the given
// columns of b.
func (p *panel) residual(y []float64, cols []int, fn func(lo, hi int, r []float64)) {
	k := len(cols)
	p.rows(func(lo, hi int) {
		r := p.chunk[:(hi-lo)*k]
		for j := 0; j < k; j += groupWidth {
			kern.ColumnsMV(p.a.RowPtr[lo:hi+1], p.a.Col, p.a.Val, y[j:], r[j:], min(groupWidth, k-j), k)
		}
		for i := lo; i < hi; i++ {
			ri, bi := r[(i-lo)*k:][:k], p.right(i)
			if k == p.width {
				kern.Xpby(bi, -1, ri)
				continue
			}
			for q, c := range cols {
				ri[q] = bi[c] - ri[q]
			}
		}
		fn(lo, hi, r)
	})
}

// residualNorms finds the norms of the residuals of y, whose sums are given.
func (p *panel) residualNorms(sums *columnSums, y []float64, cols []int, norm *[panelColumns]float64) {
	k := len(cols)
	sums.norms(norm, k, func(q int, v []float64) {
		p.residual(y, cols, func(lo, hi int, r []float64) {
			for i := lo; i < hi; i++ {
				v[i] = r[(i-lo)*k+q]
			}
		})
	}, p.b.Rows)
}

// columnSums are what the norms of columns are made of.
type columnSums struct{ squares, largest [panelColumns]float64 }

// add adds a chunk of rows of k columns; the largest passes over NaN, which the
// squares keep.
func (s *columnSums) add(v []float64, k int) {
	j := 0
	for ; j+4 <= k; j += 4 {
		s.addFour(v, j, k)
	}
	for ; j < k; j++ {
		sum, largest := 0.0, s.largest[j]
		for i := j; i < len(v); i += k {
			sum += v[i] * v[i]
			if t := math.Abs(v[i]); t > largest {
				largest = t
			}
		}
		s.squares[j] += sum
		s.largest[j] = largest
	}
}

// addFour adds columns j … j+3.
func (s *columnSums) addFour(v []float64, j, k int) {
	var s0, s1, s2, s3 float64
	squares, largest := s.squares[j:][:4], s.largest[j:][:4]
	m0, m1, m2, m3 := largest[0], largest[1], largest[2], largest[3]
	for i := j; i+4 <= len(v); i += k {
		t := v[i:][:4]
		t0, t1, t2, t3 := math.Abs(t[0]), math.Abs(t[1]), math.Abs(t[2]), math.Abs(t[3])
		s0, s1, s2, s3 = s0+t0*t0, s1+t1*t1, s2+t2*t2, s3+t3*t3
		if t0 > m0 {
			m0 = t0
		}
		if t1 > m1 {
			m1 = t1
		}
		if t2 > m2 {
			m2 = t2
		}
		if t3 > m3 {
			m3 = t3
		}
	}
	squares[0], squares[1], squares[2], squares[3] = squares[0]+s0, squares[1]+s1, squares[2]+s2, squares[3]+s3
	largest[0], largest[1], largest[2], largest[3] = m0, m1, m2, m3
}

// norms finds the norms of k columns of n numbers. Those whose squares left the
// range of float64 are fetched.
func (s *columnSums) norms(norm *[panelColumns]float64, k int, fetch func(q int, v []float64), n int) {
	for q := range k {
		t := s.squares[q]
		norm[q] = math.Sqrt(t)
		if t == t && !(t > smallB*smallB && t < largeB*largeB) && s.largest[q] != 0 {
			alone := make([]float64, n)
			fetch(q, alone)
			norm[q] = safeNorm(0, alone)
		}
	}
}
