package ot

import (
	"fmt"
	"math"
	"slices"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/internal/verify"
	"solve/matrix"
	"solve/solver"
)

// gridCost is a cost between the integer points of a regular grid that is a
// sum over the axes, so that a log-sum-exp over all n points splits into one
// an axis: O(n Σ n_k) instead of O(n²), exactly.
type gridCost struct {
	*pointCost
	shape []int
}

// NewGridCost is metric^p between the points of a regular grid of the given
// shape (integer coordinates, row-major: the last axis runs fastest), so
// n = m = Π shape. Squared Euclidean and city-block distances with p = 1 are
// separable over the axes and cost O(n Σ shape) a pass on large grids.
func NewGridCost(shape []int, metric Metric, p float64) (Cost, error) {
	n := 1
	for _, s := range shape {
		if s <= 0 || n > math.MaxInt32/s {
			return nil, &solver.OptionError{Name: "grid", Value: fmt.Sprint(shape), Want: "positive sizes with a product below 2³¹"}
		}
		n *= s
	}
	points, err := matrix.NewDense(n, len(shape), nil)
	if err != nil {
		return nil, err
	}
	for i := range n {
		rest := i
		for k := len(shape) - 1; k >= 0; k-- {
			points.Data[i*len(shape)+k] = float64(rest % shape[k])
			rest /= shape[k]
		}
	}
	c, err := NewPointCost(points, points, metric, p)
	if err != nil {
		return nil, err
	}
	if p != 1 || metric != SqEuclidean && metric != Cityblock {
		return c, nil
	}
	return &gridCost{pointCost: c.(*pointCost), shape: slices.Clone(shape)}, nil
}

func (c *gridCost) verifier() verify.Cost {
	v, err := verify.GridCost(c.shape, string(c.metric), c.p)
	if err != nil {
		panic(err) // the constructor has checked the arguments
	}
	return v
}

// separableGain is by how much the axis-wise log-sum-exps have to save
// exponentials before they pay for their shorter loops.
const separableGain = 8

// separable returns the axis-wise evaluator for the points that carry mass,
// or nil when passes over the pairs of points are cheaper.
func (c *gridCost) separable(q *reduced) *gridLSE {
	n, axes := c.x.Rows, 0
	for _, s := range c.shape {
		axes += s
	}
	if len(q.rows)*len(q.cols) < 2*separableGain*n*axes {
		return nil
	}
	g := &gridLSE{shape: c.shape, n: n, rows: q.rows, cols: q.cols}
	for _, s := range c.shape {
		t := make([]float64, s*s)
		for i := range s {
			for j := range s {
				d := math.Abs(float64(i - j))
				if c.metric == SqEuclidean {
					d *= d
				}
				t[i*s+j] = d
			}
		}
		g.axis = append(g.axis, t)
	}
	return g
}

// gridLSE computes L_i = LSE_j(v_j − C_ij/ε) on a grid, one axis at a time.
type gridLSE struct {
	shape      []int
	n          int
	axis       [][]float64 // cost along each axis, s×s
	rows, cols []int       // grid points of the rows and columns with mass
}

// linesPerTask is the number of grid lines that one task transforms.
const linesPerTask = 8

// transform replaces v by its log-sum-exp along axes first…last.
func (g *gridLSE) transform(v []float64, first, last int, invEps float64, threads int) {
	for k := last; k >= first; k-- {
		s := g.shape[k]
		stride := 1
		for _, x := range g.shape[k+1:] {
			stride *= x
		}
		lines := g.n / s
		par.For(threads, par.Chunks(lines, linesPerTask), func(task int) {
			in, out := make([]float64, s), make([]float64, s)
			lo, hi := par.Bounds(task, lines, linesPerTask)
			for line := lo; line < hi; line++ {
				at := line/stride*stride*s + line%stride
				for j := range in {
					in[j] = v[at+j*stride]
				}
				g.line(out, in, k, invEps)
				for i, x := range out {
					v[at+i*stride] = x
				}
			}
		})
	}
}

// line is the log-sum-exp along one line of axis k.
func (g *gridLSE) line(out, in []float64, k int, invEps float64) {
	s := len(in)
	for i := range out {
		top, sum := kern.RowLSE(in, g.axis[k][i*s:(i+1)*s], invEps)
		out[i] = top
		if sum > 0 {
			out[i] += math.Log(sum)
		}
	}
}

// scatter spreads values of the listed points over the grid, −Inf elsewhere.
func (g *gridLSE) scatter(v []float64, points []int) []float64 {
	out := filled(g.n, math.Inf(-1))
	for k, i := range points {
		out[i] = v[k]
	}
	return out
}

// evalSeparable is eval by axis-wise transforms.
func (s *semidual) evalSeparable(p *point, relax float64, sel *selection) {
	g := s.grid
	v := g.scatter(p.beta, g.cols)
	g.transform(v, 1, len(g.shape)-1, s.invEps, s.threads)
	var inner []float64 // all axes but the first: the mass of blocks of columns
	if sel != nil {
		inner = append(inner, v...)
	}
	g.transform(v, 0, 0, s.invEps, s.threads)
	p.h, p.e = 0, 0
	for k, i := range g.rows {
		lse := v[i]
		p.h += s.a[k] * lse
		step := p.updateRow(k, s.logA[k]-lse, relax)
		p.e += s.a[k] * math.Abs(math.Expm1(step))
	}
	v = g.scatter(p.alpha, g.rows)
	g.transform(v, 0, len(g.shape)-1, s.invEps, s.threads)
	for k, j := range g.cols {
		p.c[k] = math.Exp(p.beta[k] + v[j])
		p.h -= s.b[k] * p.beta[k]
		p.e += math.Abs(p.c[k] - s.b[k])
	}
	p.valid = true
	if sel != nil {
		g.collect(s, p, inner, sel)
	}
}

// collect selects entries of P. inner[j₀, i₁…] bounds the mass that row i has
// in the columns with first coordinate j₀: exp(α_i + inner − C₀(i₀,j₀)/ε);
// blocks whose whole mass is below every threshold are not looked at.
func (g *gridLSE) collect(s *semidual, p *point, inner []float64, sel *selection) {
	n0 := g.shape[0]
	block := g.n / n0
	beta := g.scatter(p.beta, g.cols)
	first := make([]int, n0+1) // of the columns with mass, by j₀
	least := filled(n0, math.Inf(1))
	for k, j := range g.cols {
		j0 := j / block
		first[j0+1] = k + 1
		least[j0] = min(least[j0], sel.col[k])
	}
	for j0 := range n0 {
		first[j0+1] = max(first[j0+1], first[j0])
	}
	p.kept.reset(len(s.blocks), s.rowsPerBlock)
	par.For(s.threads, len(s.blocks), func(b int) {
		kb := &p.kept.blocks[b]
		rest, e := make([]float64, block), make([]float64, block)
		lo, hi := par.Bounds(b, s.n, s.rowsPerBlock)
		for r := lo; r < hi; r++ {
			i := g.rows[r]
			g.restCosts(rest, i%block)
			rowThr := sel.row * s.a[r]
			for j0 := range n0 {
				f := p.alpha[r] - g.axis[0][i/block*n0+j0]*s.invEps
				if math.Exp(f+inner[j0*block+i%block]) < min(rowThr, least[j0]) {
					continue
				}
				kern.PlanRow(e, f, beta[j0*block:(j0+1)*block], rest, s.invEps)
				from, to := first[j0], first[j0+1]
				for k, j := range g.cols[from:to] {
					e[k] = e[j-j0*block]
				}
				kb.extend(e[:to-from], 1, rowThr, sel.col[from:to], from)
			}
			kb.endRow(s.m, sel.fill)
		}
	})
}

// restCosts writes the cost between grid point rest, in all axes but the
// first, and every such point.
func (g *gridLSE) restCosts(dst []float64, rest int) {
	clear(dst)
	repeat := 1
	for k := len(g.shape) - 1; k >= 1; k-- {
		s := g.shape[k]
		row := g.axis[k][rest%s*s : (rest%s+1)*s]
		rest /= s
		for j := range dst {
			dst[j] += row[j/repeat%s]
		}
		repeat *= s
	}
}
