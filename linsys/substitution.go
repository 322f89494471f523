package linsys

import (
	"fmt"

	"solve/matrix"
	"solve/solver"
)

// triangularMatrix solves with a diagonal or triangular CSR matrix.
type triangularMatrix struct {
	a     *matrix.CSR
	lower bool
	diag  []float64
}

// newTriangular checks the diagonal; a zero there wraps solver.ErrSingular.
func newTriangular(a *matrix.CSR, lower bool) (*triangularMatrix, error) {
	t := &triangularMatrix{a: a, lower: lower, diag: make([]float64, a.Rows)}
	for i := range t.diag {
		d := a.At(i, i)
		if d == 0 {
			return nil, fmt.Errorf("linsys: row %d of the triangular matrix has a zero on the diagonal: %w", i+1, solver.ErrSingular)
		}
		t.diag[i] = d
	}
	return t, nil
}

// Solve implements factorization.
func (t *triangularMatrix) Solve(x []float64) {
	n := len(x)
	for k := range n {
		i := k
		if !t.lower {
			i = n - 1 - k
		}
		cols, vals := t.a.Row(i)
		sum := x[i]
		for e, j := range cols {
			if int(j) != i {
				sum -= vals[e] * x[j]
			}
		}
		x[i] = sum / t.diag[i]
	}
}
