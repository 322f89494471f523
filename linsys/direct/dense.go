package direct

import (
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/solver"
)

// DenseCholesky is the factor A = L Lᵀ of a dense symmetric positive definite
// matrix.
type DenseCholesky struct {
	n   int
	l   []float64 // row-major n×n, lower triangle
	inv []float64 // inverses of the diagonal blocks, one after the other
}

// panel is the block size: a panel is factored by short dot products while
// the trailing matrix is updated by matrix products of this depth.
const panel = 96

// FactorDense factors the matrix whose lower triangle a holds, row-major n×n.
// a is overwritten and kept by the result. The error wraps
// solver.ErrNotPositiveDefinite and names the first bad pivot. The factor
// does not depend on the number of threads (0 = all).
func FactorDense(n int, a []float64, threads int) (*DenseCholesky, error) {
	if len(a) != n*n {
		return nil, fmt.Errorf("direct: %d values for a matrix of order %d: %w", len(a), n, solver.ErrDimension)
	}
	c := &DenseCholesky{n: n, l: a, inv: make([]float64, n*panel)}
	for k := 0; k < n; k += panel {
		nb := min(panel, n-k)
		if err := c.factorBlock(k, nb); err != nil {
			return nil, err
		}
		c.invertBlock(k, nb)
		c.solvePanel(k, nb, threads)
		c.update(k, nb, threads)
	}
	return c, nil
}

// factorBlock factors the diagonal block at k row by row.
func (c *DenseCholesky) factorBlock(k, nb int) error {
	row := func(i int) []float64 { return c.l[(k+i)*c.n+k:][:nb] }
	for i := range nb {
		ri := row(i)
		for j := range i {
			rj := row(j)
			ri[j] = (ri[j] - kern.Dot(ri[:j], rj[:j])) / rj[j]
		}
		pivot := ri[i] - kern.Dot(ri[:i], ri[:i])
		if !(pivot > 0) {
			return fmt.Errorf("direct: pivot %d is %.3g: %w", k+i+1, pivot, solver.ErrNotPositiveDefinite)
		}
		ri[i] = math.Sqrt(pivot)
	}
	return nil
}

// invertBlock writes L_kk⁻¹ (lower, row-major nb×nb).
func (c *DenseCholesky) invertBlock(k, nb int) {
	inv := c.inv[k*panel:][:nb*nb]
	clear(inv)
	for i := range nb {
		li, out := c.l[(k+i)*c.n+k:][:nb], inv[i*nb:][:nb]
		for j := range i {
			kern.Axpy(-li[j], inv[j*nb:][:j+1], out[:j+1])
		}
		d := 1 / li[i]
		for j := range i {
			out[j] *= d
		}
		out[i] = d
	}
}

// rowsPerTask cuts the rows below a panel into tasks.
const rowsPerTask = 96

// solvePanel replaces A₂₁ by L₂₁ = A₂₁ L₁₁⁻ᵀ.
func (c *DenseCholesky) solvePanel(k, nb, threads int) {
	first := k + nb
	inv := c.inv[k*panel:][:nb*nb]
	par.For(threads, par.Chunks(c.n-first, rowsPerTask), func(t int) {
		lo, hi := par.Bounds(t, c.n-first, rowsPerTask)
		rows := hi - lo
		in := make([]float64, rows*nb)
		for r := range rows {
			a := c.l[(first+lo+r)*c.n+k:][:nb]
			copy(in[r*nb:], a)
			clear(a)
		}
		kern.Gemm(rows, nb, nb, 1, in, nb, false, inv, nb, true, c.l[(first+lo)*c.n+k:], c.n, nil)
	})
}

// update subtracts L₂₁ L₂₁ᵀ from the lower triangle of the trailing matrix.
func (c *DenseCholesky) update(k, nb, threads int) {
	first := k + nb
	tasks := par.Chunks(c.n-first, rowsPerTask)
	par.For(threads, tasks, func(t int) {
		t = tasks - 1 - t // the longest first
		lo, hi := par.Bounds(t, c.n-first, rowsPerTask)
		panelRows := c.l[(first+lo)*c.n+k:]
		target := c.l[(first+lo)*c.n+first:]
		if lo > 0 {
			kern.Gemm(hi-lo, lo, nb, -1, panelRows, c.n, false, c.l[first*c.n+k:], c.n, true, target, c.n, nil)
		}
		kern.Syrk(hi-lo, nb, -1, panelRows, c.n, target[lo:], c.n, nil)
	})
}

// Solve overwrites b with A⁻¹ b.
func (c *DenseCholesky) Solve(b []float64) {
	n := c.n
	for i := range n {
		row := c.l[i*n:][:i+1]
		b[i] = (b[i] - kern.Dot(row[:i], b[:i])) / row[i]
	}
	for i := n - 1; i >= 0; i-- {
		row := c.l[i*n:][:i+1]
		b[i] /= row[i]
		kern.Axpy(-b[i], row[:i], b[:i])
	}
}
