package direct

import (
	"context"
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/matrix"
	"solve/solver"
)

// Matrices of so few rows, and with so few rows beside their entries, are
// factored as dense ones in the given order: an ordering would take longer
// than it saves.
const (
	smallRows = 96
	smallWork = 400 // n³ for each entry
)

// smallMatrix tells whether a is to be factored as a dense matrix.
func smallMatrix(a *matrix.CSR) bool {
	n := a.Rows
	return n <= smallRows && n*n*n <= smallWork*len(a.Col)
}

// planDense makes the analysis of a matrix that is factored as a dense one.
func (s *CholeskyAnalysis) planDense() {
	n := int64(s.n)
	s.dense, s.ordering, s.perm = true, "natural", identity(s.n)
	s.factor = n * (n + 1) / 2
	s.flops = float64(n * (n + 1) * (2*n + 1) / 6)
}

// denseFactor is a factor A = Uᵀ U, the upper triangle row by row.
type denseFactor struct {
	n   int
	u   []float64
	inv []float64 // diagonal blocks of 8 rows, see kern.SolveRows
}

func newDenseFactor(n int) *denseFactor {
	words := make([]float64, n*n+(n+7)/8*64)
	return &denseFactor{n: n, u: words[:n*n], inv: words[n*n:]}
}

func denseFactorBytes(n int) int64 { return 8 * int64(n*n+(n+7)/8*64) }

func (f *denseFactor) factor(ctx context.Context, a *matrix.CSR) error {
	n := f.n
	clear(f.u)
	for i := range n {
		row := f.u[i*n:][:n]
		cols, vals := a.Row(i)
		for k, j := range cols {
			row[j] = vals[k]
		}
	}
	if row, pivot := factorRows(n, n, f.u, n, f.inv); row >= 0 {
		return fmt.Errorf("direct: pivot of row %d is %.3g: %w", row+1, pivot, solver.ErrNotPositiveDefinite)
	}
	return ctx.Err()
}

// inverse is 1/u_kk.
func (f *denseFactor) inverse(k int) float64 { return f.inv[k/8*64+k%8*9] }

func (f *denseFactor) solve(b []float64) {
	n := f.n
	for k := range n {
		b[k] *= f.inverse(k)
		kern.Axpy(-b[k], f.u[k*n+k+1:(k+1)*n], b[k+1:])
	}
	for k := n - 1; k >= 0; k-- {
		b[k] = (b[k] - kern.Dot(f.u[k*n+k+1:(k+1)*n], b[k+1:])) * f.inverse(k)
	}
}

func (f *denseFactor) solveBlock(b []float64, k int) {
	forwardColumnsOf(f.n, f.u, f.n, b, k)
	backwardColumnsOf(f.n, f.u, f.n, b, k)
}

func (f *denseFactor) logDet() float64 {
	sum := 0.
	for k := range f.n {
		sum -= math.Log(f.inverse(k))
	}
	return 2 * sum
}
