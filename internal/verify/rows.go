package verify

import "solve/matrix"

// Rows gives a matrix row by row, from several goroutines at once. cols is
// nil for a dense row (vals then has an entry for each column), else the
// strictly increasing columns of vals. scratch has an entry for each column
// and may back vals; where the rows are stored it may be nil.
type Rows interface {
	Row(i int, scratch []float64) (cols []int32, vals []float64)
}

type denseRows struct{ a *matrix.Dense }

// DenseRows gives the rows of a stored dense matrix.
func DenseRows(a *matrix.Dense) Rows { return denseRows{a} }

func (d denseRows) Row(i int, _ []float64) ([]int32, []float64) { return nil, d.a.Row(i) }

type sparseRows struct{ a *matrix.CSR }

// SparseRows gives the rows of a stored sparse matrix.
func SparseRows(a *matrix.CSR) Rows { return sparseRows{a} }

func (s sparseRows) Row(i int, _ []float64) ([]int32, []float64) {
	lo, hi := s.a.RowPtr[i], s.a.RowPtr[i+1]
	return s.a.Col[lo:hi:hi], s.a.Val[lo:hi:hi]
}
