package ot

import (
	"math"

	"solve/internal/kern"
	"solve/internal/par"
)

// rounding is what makes the potentials' plan P feasible.
//
// Newton rounding: with x, y from the Newton system at P, P∘(1+x_i+y_j) has
// the right marginals up to the residual of the linear solve, and its gap is
// of second order in the marginal error. Then the columns are scaled down to
// at most b, and what is missing is added as a product of the deficits
// (Altschuler, Weed, Rigollet 2017, algorithm 2):
//
//	P̂_ij = r_i P_ij (1 + x_i + y_j) v_j + er_i ec_j / Σ er,
//
// where r_i = a_i/Σ_j P_ij undoes the rounding of α_i.
type rounding struct {
	r, x, y, v []float64
	er, ec     []float64 // er is divided by its sum already
}

// smallestFactor is how far 1 + x_i + y_j may fall before Newton rounding is
// given up: at 0 the plan would lose its sign.
const smallestFactor = 0.05

// worthwhile is the share of the marginal error that Newton rounding may
// leave over; near a singular Hessian it can leave more.
const worthwhile = 0.1

// Deficits are left alone when each is below atRounding of its mass, or all
// together below leftOver: a rank-one term of that size says nothing, makes
// the plan dense, and would hide entries of size 10⁻⁴⁴ under 10⁻¹⁷.
const (
	atRounding = 16 * 0x1p-53
	leftOver   = 1e-14
)

// round makes the plan of p feasible. y is a Newton direction at p (a
// solution of S y = b − c), or nil. Where arcs are forbidden the deficits are
// left: their product would put mass on those.
func (s *semidual) round(p *point, y []float64, forbidden bool) *rounding {
	r := &rounding{r: make([]float64, s.n), x: make([]float64, s.n), y: make([]float64, s.m), v: filled(s.m, 1)}
	copy(r.y, y)
	col, ok := s.correct(p, r)
	if !ok {
		clear(r.y)
		col, _ = s.correct(p, r)
	}
	if forbidden {
		return r
	}
	for j, c := range col {
		if c > s.b[j] {
			r.v[j] = s.b[j] / c
		}
	}
	r.er, r.ec = s.deficits(p, r, col)
	return r
}

// correct fills r.r and r.x from r.y and returns the column sums of
// r_i P_ij (1 + x_i + y_j). It reports false when an entry could turn
// negative or too little was gained.
func (s *semidual) correct(p *point, r *rounding) (col []float64, ok bool) {
	col = make([]float64, s.m)
	s.rowPass(p, func(i int, row []float64, sum float64, sums []float64) {
		r.r[i] = s.a[i] / sum
		r.x[i] = -kern.Dot(row, r.y) / sum
		kern.Axpy(r.r[i]*(1+r.x[i]), row, sums)
	}, col)
	lowestX, lowestY, residual := 0.0, 0.0, 0.0
	for _, x := range r.x {
		lowestX = min(lowestX, x)
	}
	for j, y := range r.y {
		col[j] += y * p.c[j]
		lowestY = min(lowestY, y)
		residual += math.Abs(col[j] - s.b[j])
	}
	return col, 1+lowestX+lowestY > smallestFactor && residual < worthwhile*p.e
}

// deficits are the masses still missing in rows and columns; both are nil
// when all of them are at rounding level.
func (s *semidual) deficits(p *point, r *rounding, col []float64) (er, ec []float64) {
	er, ec = make([]float64, s.n), make([]float64, s.m)
	scaled := make([]float64, s.m)
	small, sum := true, 0.0
	for j, v := range r.v {
		scaled[j] = v * (1 + r.y[j])
		ec[j] = max(0, s.b[j]-v*col[j])
		small = small && ec[j] <= atRounding*s.b[j]
	}
	s.rowPass(p, func(i int, row []float64, _ float64, _ []float64) {
		first, second := kern.Dot2(row, scaled, r.v)
		er[i] = max(0, s.a[i]-r.r[i]*(first+r.x[i]*second))
	}, nil)
	for i, x := range er {
		small = small && x <= atRounding*s.a[i]
		sum += x
	}
	if small || sum <= leftOver {
		return nil, nil
	}
	for i := range er {
		er[i] /= sum
	}
	return er, ec
}

// rowPass visits the rows of P at p. With col ≠ nil each visit may add to its
// block's column sums, which are added up in order.
func (s *semidual) rowPass(p *point, visit func(i int, row []float64, sum float64, sums []float64), col []float64) {
	s.passes++
	par.For(s.threads, len(s.blocks), func(k int) {
		buf := s.scratch.Get().(*rowBuffers)
		defer s.scratch.Put(buf)
		clear(s.blocks[k].c)
		lo, hi := par.Bounds(k, s.n, s.rowsPerBlock)
		for i := lo; i < hi; i++ {
			sum := s.cost.planRow(buf.e[0], i, p.alpha[i], p.beta, s.invEps)
			visit(i, buf.e[0], sum, s.blocks[k].c)
		}
	})
	if col != nil {
		for k := range s.blocks {
			kern.Axpy(1, s.blocks[k].c, col)
		}
	}
}

// plan restates a rounded point in the rows and columns of the problem.
func (s *semidual) plan(prob *Problem, pt *point, r *rounding) *Plan {
	n, m := prob.Cost.Dims()
	p := &Plan{
		n: n, m: m, a: prob.A, b: prob.B, invEps: s.invEps, threads: s.threads,
		cost:  prob.Cost.ground(all(n), all(m), false),
		alpha: filled(n, math.Inf(-1)), beta: filled(m, math.Inf(-1)),
		s: filled(n, 1), t: make([]float64, n), u: make([]float64, n),
		p: filled(m, 1), q: make([]float64, m), v: make([]float64, m),
	}
	rows, cols := p.alpha, p.beta
	if s.transposed {
		rows, cols = cols, rows
	}
	logMass := math.Log(s.mass)
	for k, i := range s.rows {
		rows[i] = pt.alpha[k] + logMass
	}
	for k, j := range s.cols {
		cols[j] = pt.beta[k]
	}
	// The factor r_i (1+y_j) v_j + r_i x_i v_j, in the problem's orientation
	// s_i p_j + t_i q_j.
	if s.transposed {
		p.p = make([]float64, m)
		for k, i := range s.cols {
			p.s[i], p.t[i] = r.v[k]*(1+r.y[k]), r.v[k]
		}
		for k, j := range s.rows {
			p.p[j], p.q[j] = r.r[k], r.r[k]*r.x[k]
		}
	} else {
		for k, i := range s.rows {
			p.s[i], p.t[i] = r.r[k], r.r[k]*r.x[k]
		}
		for k, j := range s.cols {
			p.p[j], p.q[j] = r.v[k]*(1+r.y[k]), r.v[k]
		}
	}
	if r.er != nil {
		left, right := p.u, p.v
		if s.transposed {
			left, right = right, left
		}
		for k, i := range s.rows {
			left[i] = r.er[k] * s.mass
		}
		for k, j := range s.cols {
			right[j] = r.ec[k]
		}
	}
	return p
}

// potentials restates a point as KL-convention potentials in cost units; the
// points without mass get their c-transform.
func (s *semidual) potentials(prob *Problem, pt *point) (f, g []float64) {
	n, m := prob.Cost.Dims()
	f, g = make([]float64, n), make([]float64, m)
	rows, cols := f, g
	if s.transposed {
		rows, cols = g, f
	}
	logMass := math.Log(s.mass)
	for k, i := range s.rows {
		rows[i] = s.eps * (pt.alpha[k] - s.logA[k] - logMass)
	}
	for k, j := range s.cols {
		cols[j] = s.eps * (pt.beta[k] - s.logB[k])
	}
	transformMissing(prob, f, g)
	return f, g
}

// transformMissing sets f_i = min_j C_ij − g_j over the columns with mass for
// each row without, and then likewise g.
func transformMissing(prob *Problem, f, g []float64) {
	row := make([]float64, len(g))
	for i, a := range prob.A {
		if a > 0 {
			continue
		}
		prob.Cost.Row(i, 0, row)
		best := math.Inf(1)
		for j, c := range row {
			if prob.B[j] > 0 {
				best = min(best, c-g[j])
			}
		}
		f[i] = finite(best)
	}
	missing := false
	for j, b := range prob.B {
		if b == 0 {
			g[j], missing = math.Inf(1), true
		}
	}
	if !missing {
		return
	}
	for i, a := range prob.A {
		if a == 0 {
			continue
		}
		prob.Cost.Row(i, 0, row)
		for j, b := range prob.B {
			if b == 0 {
				g[j] = min(g[j], row[j]-f[i])
			}
		}
	}
	for j, b := range prob.B {
		if b == 0 {
			g[j] = finite(g[j])
		}
	}
}

// finite replaces the potential of a point that no arc reaches by 0.
func finite(x float64) float64 {
	if math.IsInf(x, 0) {
		return 0
	}
	return x
}

func filled(n int, x float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = x
	}
	return out
}
