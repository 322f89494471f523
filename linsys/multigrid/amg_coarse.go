package multigrid

import (
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/linsys/direct"
	"solve/solver"
)

// coarseSolver solves the scaled system of the coarsest level in place.
type coarseSolver interface {
	solve(b []float64)
	bytes() int64
}

const (
	// denseLimit is the order up to which a coarsest level that could not be
	// coarsened further is factored all the same.
	denseLimit = 1500
	// singularGrowth is how large the solution for a right-hand side of ones
	// and minus ones gets before the coarsest matrix, of unit diagonal, is taken
	// for singular.
	singularGrowth = 1e11
	// nullPivot is the size of the pivot of a singular matrix with unit diagonal
	// below which its unknown is set to zero: one for each null vector, which
	// makes the answer to a consistent system one of its solutions. Krylov
	// methods that project on the range see the pseudo-inverse.
	nullPivot = 1e-10
)

// factorCoarse factors the matrix at hand: by Cholesky, where that breaks down
// or shows a null space by Cholesky that leaves null pivots out, and by LU
// where the matrix is not symmetric.
func factorCoarse(s *amgSetup, scale []float64) (coarseSolver, error) {
	a, n := s.a, s.a.rows
	if err := s.account(16 * int64(n) * int64(n)); err != nil {
		return nil, err
	}
	dense := make([]float64, n*n)
	for i := range n {
		for k := a.ptr[i]; k < a.ptr[i+1]; k++ {
			j := int(a.col[k])
			dense[i*n+j] += a.val[k] * scale[i] * scale[j]
		}
		if s.diag[i] == 0 {
			dense[i*n+i] = 1
		}
	}
	if !nearlySymmetric(n, dense) {
		return factorLU(n, dense), nil
	}
	factor, err := direct.FactorDense(n, append([]float64(nil), dense...), s.opt.Threads)
	if err == nil {
		if c := (choleskySolver{factor, n}); c.growth() < singularGrowth {
			return c, nil
		}
	}
	return factorSemidefinite(n, dense)
}

func nearlySymmetric(n int, a []float64) bool {
	for i := range n {
		for j := range i {
			if math.Abs(a[i*n+j]-a[j*n+i]) > 1e-9 {
				return false
			}
		}
	}
	return true
}

type choleskySolver struct {
	*direct.DenseCholesky
	n int
}

func (c choleskySolver) solve(b []float64) { c.Solve(b) }
func (c choleskySolver) bytes() int64      { return 8 * int64(c.n) * int64(c.n) }

// growth returns max |x_i| for a right-hand side of ones and minus ones
// without a pattern.
func (c choleskySolver) growth() float64 {
	x := make([]float64, c.n)
	for i := range x {
		x[i] = 1
		if uint32(i+1)*2654435769>>31 == 1 {
			x[i] = -1
		}
	}
	c.solve(x)
	top := 0.0
	for _, v := range x {
		top = math.Max(top, math.Abs(v))
	}
	if math.IsNaN(top) {
		return math.Inf(1)
	}
	return top
}

// semidefinite is the Cholesky factor of a positive semidefinite matrix with
// its null pivots left out.
type semidefinite struct {
	n    int
	l    []float64 // row-major lower triangle; rows of null pivots are zero
	null []bool
}

func factorSemidefinite(n int, a []float64) (*semidefinite, error) {
	f := &semidefinite{n, a, make([]bool, n)}
	for i := range n {
		row := a[i*n:][:n]
		for j := range i {
			if f.null[j] {
				row[j] = 0
				continue
			}
			row[j] = (row[j] - kern.Dot(row[:j], a[j*n:][:j])) / a[j*n+j]
		}
		pivot := row[i] - kern.Dot(row[:i], row[:i])
		if !(pivot > -math.Sqrt(nullPivot)) {
			return nil, fmt.Errorf("multigrid: coarsest level: pivot %d is %.3g: %w", i+1, pivot, solver.ErrNotPositiveDefinite)
		}
		if pivot <= nullPivot {
			f.null[i] = true
			clear(row[:i+1])
			continue
		}
		row[i] = math.Sqrt(pivot)
	}
	return f, nil
}

func (f *semidefinite) solve(b []float64) {
	n := f.n
	for i := range n {
		if f.null[i] {
			b[i] = 0
			continue
		}
		row := f.l[i*n:][:i+1]
		b[i] = (b[i] - kern.Dot(row[:i], b[:i])) / row[i]
	}
	for i := n - 1; i >= 0; i-- {
		if f.null[i] {
			continue
		}
		row := f.l[i*n:][:i+1]
		b[i] /= row[i]
		kern.Axpy(-b[i], row[:i], b[:i])
	}
	for i, null := range f.null {
		if null {
			b[i] = 0
		}
	}
}

func (f *semidefinite) bytes() int64 { return 8*int64(len(f.l)) + int64(f.n) }

// denseLU is P A = L U with row exchanges; null pivots as in semidefinite.
type denseLU struct {
	n    int
	a    []float64
	perm []int
	work []float64
}

func factorLU(n int, a []float64) *denseLU {
	f := &denseLU{n, a, make([]int, n), make([]float64, n)}
	for i := range f.perm {
		f.perm[i] = i
	}
	for k := range n {
		best := k
		for i := k + 1; i < n; i++ {
			if math.Abs(a[i*n+k]) > math.Abs(a[best*n+k]) {
				best = i
			}
		}
		if best != k {
			for j := range n {
				a[k*n+j], a[best*n+j] = a[best*n+j], a[k*n+j]
			}
			f.perm[k], f.perm[best] = f.perm[best], f.perm[k]
		}
		if math.Abs(a[k*n+k]) <= nullPivot {
			a[k*n+k] = 0
			continue
		}
		for i := k + 1; i < n; i++ {
			v := a[i*n+k] / a[k*n+k]
			a[i*n+k] = v
			if v != 0 {
				kern.Axpy(-v, a[k*n+k+1:][:n-k-1], a[i*n+k+1:][:n-k-1])
			}
		}
	}
	return f
}

func (f *denseLU) solve(b []float64) {
	n, x := f.n, f.work
	for i, from := range f.perm {
		x[i] = b[from] - kern.Dot(f.a[i*n:][:i], x[:i])
	}
	for i := n - 1; i >= 0; i-- {
		pivot := f.a[i*n+i]
		if pivot == 0 {
			x[i] = 0
			continue
		}
		x[i] = (x[i] - kern.Dot(f.a[i*n+i+1:][:n-i-1], x[i+1:])) / pivot
	}
	copy(b, x)
}

func (f *denseLU) bytes() int64 { return 8 * int64(len(f.a)+2*f.n) }
