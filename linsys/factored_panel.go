package linsys

import (
	"context"
	"math"

	"solve/internal/par"
	"solve/matrix"
)

// panelColumns is how many right-hand sides are solved and refined together:
// two blocks of the factorisations.
const panelColumns = 48

// panelRows is the rows of a chunk of a pass over a panel.
const panelRows = 512

// panel are right-hand sides first … first+width−1 under way, row-major.
type panel struct {
	*factored
	solves       blockFactorization
	multiplies   blockMultiplier
	b, solution  *matrix.Dense
	job          *job
	first, width int

	x, y, r []float64 // x, a candidate for the columns that are refined (nil until there are any), their residual
	sums    []columnSums
	normB   [panelColumns]float64
	enough  [panelColumns]float64
	norm    [panelColumns]float64 // of the residual
	steps   [panelColumns]int
	active  []int // columns that are refined
}

// columnSums are what one chunk of rows adds to the norms of the columns.
type columnSums [panelColumns]struct{ squares, largest float64 }

// solvePanels solves panel by panel. The columns have the same bits for any
// number of threads.
func (e *factored) solvePanels(ctx context.Context, f blockFactorization, a blockMultiplier, b, x *matrix.Dense, job *job) []outcome {
	n, width := x.Rows, min(panelColumns, x.Cols)
	p := &panel{factored: e, solves: f, multiplies: a, b: b, solution: x, job: job,
		x: make([]float64, n*width), r: make([]float64, n*width),
		sums: make([]columnSums, par.Chunks(n, panelRows)), active: make([]int, 0, width)}
	out := make([]outcome, x.Cols)
	for p.first = 0; p.first < x.Cols; p.first += p.width {
		p.width = min(width, x.Cols-p.first)
		if p.first > 0 && ctx.Err() != nil {
			for j := p.first; j < x.Cols; j++ {
				out[j] = unsolved(ctx)
			}
			break
		}
		p.solve(ctx)
		for j := range p.width {
			out[p.first+j] = judged(p.steps[j], p.norm[j], p.normB[j], job)
			if out[p.first+j].err != nil {
				return out
			}
		}
	}
	return out
}

// solve finds the columns of the panel.
func (p *panel) solve(ctx context.Context) {
	n, w := p.b.Rows, p.width
	all := p.active[:0]
	for j := range w {
		all = append(all, j)
		p.steps[j] = 0
	}
	x := p.x[:n*w]
	sizeB := p.norms(func(lo, hi int, sums *columnSums) {
		for i := lo; i < hi; i++ {
			copy(x[i*w:][:w], p.right(i))
			sums.add(x[i*w:][:w])
		}
	}, w, &p.normB, x)
	p.solves.SolveBlock(x, w)
	sizeX := p.norms(func(lo, hi int, sums *columnSums) {
		for i := lo; i < hi; i++ {
			sums.add(x[i*w:][:w])
		}
	}, w, &p.norm, x)
	p.residual(x, all, &p.norm)
	p.active = all[:0]
	for _, j := range all {
		p.enough[j] = p.factored.enough(p.normB[j], sizeB[j].largest, sizeX[j].largest, n, p.job)
		if p.norm[j] > p.enough[j] {
			p.active = append(p.active, j)
		}
	}
	p.pack(w, p.active)
	for step := 0; step < maxRefinements && len(p.active) > 0 && ctx.Err() == nil; step++ {
		p.refine()
	}
	p.rows(func(lo, hi int, _ *columnSums) {
		for i := lo; i < hi; i++ {
			copy(p.solution.Data[i*p.solution.Cols+p.first:][:w], x[i*w:][:w])
		}
	})
}

// refine takes a step for the active columns, whose residuals r holds; it keeps
// what became better, and of those the columns active that were halved.
func (p *panel) refine() {
	n, w, k := p.b.Rows, p.width, len(p.active)
	if p.y == nil {
		p.y = make([]float64, len(p.x))
	}
	x, y, r, cols := p.x[:n*w], p.y[:n*k], p.r[:n*k], p.active
	p.solves.SolveBlock(r, k)
	p.rows(func(lo, hi int, _ *columnSums) {
		for i := lo; i < hi; i++ {
			to, from, old := y[i*k:][:k], r[i*k:][:k], x[i*w:][:w]
			for q, c := range cols {
				to[q] = old[c] + from[q]
			}
		}
	})
	var next [panelColumns]float64
	p.residual(y, cols, &next)
	better, going, places := make([]bool, k), make([]int, 0, k), make([]int, 0, k)
	for q, c := range cols {
		last := p.norm[c]
		p.steps[c]++
		better[q] = next[q] < last
		if better[q] {
			p.norm[c] = next[q]
		}
		if p.norm[c] <= last/2 && p.norm[c] > p.enough[c] {
			going, places = append(going, c), append(places, q)
		}
	}
	p.rows(func(lo, hi int, _ *columnSums) {
		for i := lo; i < hi; i++ {
			to, from := x[i*w:][:w], y[i*k:][:k]
			for q, c := range cols {
				if better[q] {
					to[c] = from[q]
				}
			}
		}
	})
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

// residual sets r = b − A y for the given columns and finds their norms.
func (p *panel) residual(y []float64, cols []int, norm *[panelColumns]float64) {
	k := len(cols)
	r := p.r[:p.b.Rows*k]
	p.multiplies.MulBlockTo(r, y, k)
	p.norms(func(lo, hi int, sums *columnSums) {
		for i := lo; i < hi; i++ {
			ri, bi := r[i*k:][:k], p.right(i)
			for q, c := range cols {
				ri[q] = bi[c] - ri[q]
			}
			sums.add(ri)
		}
	}, k, norm, r)
}

// rows does fn for chunks of the rows, on several threads.
func (p *panel) rows(fn func(lo, hi int, sums *columnSums)) {
	n := p.b.Rows
	threads := p.threads
	if n*p.width < parallelFrom {
		threads = 1
	}
	par.For(threads, par.Chunks(n, panelRows), func(c int) {
		lo, hi := par.Bounds(c, n, panelRows)
		fn(lo, hi, &p.sums[c])
	})
}

// norms does fn, adds up the sums of the chunks and finds the norms of the k
// columns of v.
func (p *panel) norms(fn func(lo, hi int, sums *columnSums), k int, norm *[panelColumns]float64, v []float64) columnSums {
	clear(p.sums)
	p.rows(fn)
	var total columnSums
	for c := range p.sums {
		for q := range k {
			total[q].squares += p.sums[c][q].squares
			total[q].largest = max(total[q].largest, p.sums[c][q].largest)
		}
	}
	for q := range k {
		norm[q] = math.Sqrt(total[q].squares)
		if t := total[q].squares; !(t > smallB*smallB && t < largeB*largeB) && total[q].largest != 0 {
			alone := make([]float64, p.b.Rows)
			column(&matrix.Dense{Rows: p.b.Rows, Cols: k, Data: v}, q, alone)
			norm[q] = p.vec.norm(alone)
		}
	}
	return total
}

// add adds the entries of a row to the sums of their columns; the largest
// passes over NaN, which the squares keep.
func (s *columnSums) add(row []float64) {
	sums := s[:len(row)]
	for q, t := range row {
		sums[q].squares += t * t
		if size := math.Abs(t); size > sums[q].largest {
			sums[q].largest = size
		}
	}
}
