package linsys

import (
	"fmt"

	"solve/matrix"
	"solve/solver"
)

// Problem is A x = b for one or more right-hand sides, or, where A is not
// square or a method for it is asked for, min ‖A x − b‖² + Damp²‖x‖².
// Inputs are neither modified nor kept after Solve returns.
type Problem struct {
	A     *matrix.CSR   // m×n; exactly one of A and Dense
	Dense *matrix.Dense // m×n
	B     *matrix.Dense // m×s, a column for each right-hand side
	X0    *matrix.Dense // n×s, where iterations start; nil = 0

	// Kernel spans the null space of a symmetric singular A (n×k); nil =
	// none, or what is detected: the constants of each connected component
	// where all row sums are zero.
	Kernel *matrix.Dense
	// NearNull are vectors that A nearly annihilates (n×k), such as rigid
	// body modes, for smoothed aggregation; nil = the constants.
	NearNull *matrix.Dense
}

// dims are the sides of A.
func (p *Problem) dims() (m, n int) {
	if p.A != nil {
		return p.A.Dims()
	}
	return p.Dense.Dims()
}

// validate refuses shapes that contradict one another and values that are
// not finite.
func (p *Problem) validate() error {
	if (p.A == nil) == (p.Dense == nil) {
		return fmt.Errorf("linsys: exactly one of A and Dense is needed: %w", solver.ErrInput)
	}
	m, n := p.dims()
	var err error
	if p.A != nil {
		err = p.A.CheckFinite("matrix")
	} else {
		err = p.Dense.CheckFinite("matrix")
	}
	if err != nil {
		return fmt.Errorf("linsys: %w", err)
	}
	if p.B == nil || p.B.Rows != m {
		rows := 0
		if p.B != nil {
			rows = p.B.Rows
		}
		return fmt.Errorf("linsys: the matrix is %d×%d, but the right-hand side has %d rows: %w", m, n, rows, solver.ErrDimension)
	}
	for _, x := range []struct {
		what string
		d    *matrix.Dense
		rows int
		cols int // 0 = any
	}{
		{"right-hand side", p.B, m, 0}, {"starting vector", p.X0, n, p.B.Cols},
		{"null space", p.Kernel, n, 0}, {"near null space", p.NearNull, n, 0},
	} {
		if x.d == nil {
			continue
		}
		if x.d.Rows != x.rows || (x.cols > 0 && x.d.Cols != x.cols) {
			return fmt.Errorf("linsys: %s is %d×%d for a matrix %d×%d and %d right-hand sides: %w", x.what, x.d.Rows, x.d.Cols, m, n, p.B.Cols, solver.ErrDimension)
		}
		if err := x.d.CheckFinite(x.what); err != nil {
			return fmt.Errorf("linsys: %w", err)
		}
	}
	return nil
}
