package ot

import (
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/matrix"
	"solve/solver"
)

// Plan is a transport plan, n×m, feasible to rounding (where arcs are
// forbidden, to the marginal error of its potentials). An exact plan is held
// as its entries; an entropic one as potentials and corrections, and its rows
// are computed on demand:
//
//	P_ij = exp(α_i + β_j − C_ij/ε)·(s_i p_j + t_i q_j) + u_i v_j,
//
// with −Inf for the potential of a point without mass.
type Plan struct {
	n, m        int
	a, b        []float64
	cost        ground
	invEps      float64
	alpha, beta []float64
	s, t, u     []float64 // n
	p, q, v     []float64 // m
	threads     int

	entries *matrix.CSR // of an exact plan, which has nothing else but n, m and threads
}

// Dims is the shape.
func (p *Plan) Dims() (n, m int) { return p.n, p.m }

// Row writes row i into dst, len m. It may be called from several goroutines.
func (p *Plan) Row(i int, dst []float64) {
	if p.entries != nil {
		clear(dst)
		cols, vals := p.entries.Row(i)
		for k, j := range cols {
			dst[j] = vals[k]
		}
		return
	}
	if math.IsInf(p.alpha[i], -1) {
		clear(dst)
		return
	}
	p.cost.planRow(dst, i, p.alpha[i], p.beta, p.invEps)
	s, t, u := p.s[i], p.t[i], p.u[i]
	pj, qj, vj := p.p[:len(dst)], p.q[:len(dst)], p.v[:len(dst)]
	if u == 0 {
		for j := range dst {
			dst[j] *= s*pj[j] + t*qj[j]
		}
		return
	}
	for j := range dst {
		dst[j] = dst[j]*(s*pj[j]+t*qj[j]) + u*vj[j]
	}
}

// checked adapts a Plan to the checker.
type checked struct{ *Plan }

func (c checked) Row(i int, scratch []float64) ([]int32, []float64) {
	c.Plan.Row(i, scratch)
	return nil, scratch
}

// DefaultThreshold is the relative size below which Sparse drops entries of
// large plans: what is dropped then stays below rounding in every marginal.
const DefaultThreshold = 0x1p-56

// keepAll is the number of entries up to which DefaultDrop drops only zeros.
const keepAll = 1_000_000

// DefaultDrop is the threshold for Sparse that suits a plan of this size: 0
// where the whole plan may be kept, else DefaultThreshold.
func (p *Plan) DefaultDrop() float64 {
	if p.entries != nil || p.n*p.m <= keepAll {
		return 0
	}
	return DefaultThreshold
}

// Sparse returns the entries with P_ij > threshold·min(a_i/m, b_j/n) and the
// dropped mass, which is at most threshold·a_i of row i and threshold·b_j of
// column j. Of an exact plan it returns all entries, which must not be
// modified. The error wraps solver.ErrTooLarge when the entries would need
// more than maxBytes.
func (p *Plan) Sparse(threshold float64, maxBytes int64) (csr *matrix.CSR, dropped float64, err error) {
	if p.entries != nil {
		return p.entries, 0, nil
	}
	const block = 16
	chunks := par.Chunks(p.n, block)
	floor := make([]float64, p.m)
	for j, b := range p.b {
		floor[j] = threshold * b / float64(p.n)
	}
	visit := func(c int, keep func(i, j int, x float64), drop func(x float64)) {
		row := make([]float64, p.m)
		lo, hi := par.Bounds(c, p.n, block)
		for i := lo; i < hi; i++ {
			p.Row(i, row)
			least := threshold * p.a[i] / float64(p.m)
			for j, x := range row {
				if x > least || x > floor[j] {
					keep(i, j, x)
				} else if x != 0 {
					drop(x)
				}
			}
		}
	}
	ptr := make([]int64, p.n+1)
	lost := make([]float64, chunks)
	par.For(p.threads, chunks, func(c int) {
		visit(c, func(i, _ int, _ float64) { ptr[i+1]++ }, func(x float64) { lost[c] += x })
	})
	for i := range p.n {
		ptr[i+1] += ptr[i]
	}
	for _, x := range lost {
		dropped += x
	}
	if need := 12 * ptr[p.n]; need > maxBytes {
		return nil, 0, fmt.Errorf("ot: %w", &solver.TooLargeError{What: fmt.Sprintf("a plan of %d entries", ptr[p.n]), Need: need, Have: maxBytes})
	}
	col, val := make([]int32, ptr[p.n]), make([]float64, ptr[p.n])
	par.For(p.threads, chunks, func(c int) {
		at := ptr[c*block]
		visit(c, func(_, j int, x float64) {
			col[at], val[at] = int32(j), x
			at++
		}, func(float64) {})
	})
	csr, err = matrix.NewCSR(p.n, p.m, ptr, col, val)
	return csr, dropped, err
}

// Barycentric is the barycentric projection: row i of a maps to
// Σ_j P_ij y_j / a_i, where y holds m points as rows. A point without mass
// has no image; its row is NaN.
func (p *Plan) Barycentric(y *matrix.Dense) (*matrix.Dense, error) {
	if y.Rows != p.m {
		return nil, fmt.Errorf("ot: map needs the %d points of b, got %d: %w", p.m, y.Rows, solver.ErrDimension)
	}
	out, err := matrix.NewDense(p.n, y.Cols, nil)
	if err != nil {
		return nil, err
	}
	par.For(p.threads, p.n, func(i int) {
		image := out.Row(i)
		if p.entries != nil {
			cols, vals := p.entries.Row(i)
			mass := kern.Sum(vals)
			for k, j := range cols {
				for d, v := range y.Row(int(j)) {
					image[d] += vals[k] * v
				}
			}
			for d := range image {
				image[d] /= mass
			}
			return
		}
		row := make([]float64, p.m)
		p.Row(i, row)
		mass := kern.Sum(row)
		for k := range image {
			s := 0.0
			for j, x := range row {
				s += x * y.Data[j*y.Cols+k]
			}
			image[k] = s / mass
		}
	})
	return out, nil
}
