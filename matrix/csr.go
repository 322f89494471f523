package matrix

import (
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	"solve/solver"
)

// CSR is an r×c sparse matrix in compressed rows: the entries of row i are
// Col[k], Val[k] for RowPtr[i] <= k < RowPtr[i+1], with strictly increasing
// columns. Explicit zeros are allowed. Its fields are read-only once built:
// products with the transpose keep a copy.
type CSR struct {
	Rows, Cols int
	RowPtr     []int64
	Col        []int32
	Val        []float64

	transposed atomic.Pointer[CSR]
	cuts       atomic.Pointer[[]int]
}

// NewCSR wraps the three slices after checking every invariant. It returns
// an error that wraps solver.ErrDimension when the slices contradict one
// another, and a *solver.EntryError for a value that is not finite.
func NewCSR(rows, cols int, rowPtr []int64, col []int32, val []float64) (*CSR, error) {
	a := &CSR{Rows: rows, Cols: cols, RowPtr: rowPtr, Col: col, Val: val}
	if err := a.checkPattern(); err != nil {
		return nil, err
	}
	return a, a.CheckFinite("matrix")
}

func (a *CSR) checkPattern() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("matrix: CSR %d×%d: %s: %w", a.Rows, a.Cols, fmt.Sprintf(format, args...), solver.ErrDimension)
	}
	if checkSides(a.Rows, a.Cols) != nil {
		return bad("sides must lie between 0 and %d", math.MaxInt32)
	}
	if len(a.RowPtr) != a.Rows+1 || len(a.Col) != len(a.Val) {
		return bad("%d row pointers, %d columns, %d values", len(a.RowPtr), len(a.Col), len(a.Val))
	}
	if a.RowPtr[0] != 0 || a.RowPtr[a.Rows] != int64(len(a.Val)) {
		return bad("row pointers run from %d to %d, not 0 to %d", a.RowPtr[0], a.RowPtr[a.Rows], len(a.Val))
	}
	for i := range a.Rows {
		lo, hi := a.RowPtr[i], a.RowPtr[i+1]
		if lo > hi || hi > int64(len(a.Col)) {
			return bad("row pointers decrease at row %d", i+1)
		}
		prev := int32(-1)
		for _, c := range a.Col[lo:hi] {
			if c <= prev || int(c) >= a.Cols {
				return bad("row %d: column %d after %d", i+1, int64(c)+1, int64(prev)+1)
			}
			prev = c
		}
	}
	return nil
}

// CheckFinite returns a *solver.EntryError that names the first NaN or
// infinite value, counted from 1, or nil.
func (a *CSR) CheckFinite(what string) error {
	for k, v := range a.Val {
		if v-v != 0 {
			i, _ := slices.BinarySearch(a.RowPtr, int64(k)+1)
			return &solver.EntryError{What: what, Row: i, Col: int(a.Col[k]) + 1, Value: v, Err: solver.ErrNonFinite}
		}
	}
	return nil
}

// Dims returns the shape.
func (a *CSR) Dims() (r, c int) { return a.Rows, a.Cols }

// NNZ returns the number of stored entries.
func (a *CSR) NNZ() int { return len(a.Val) }

// Row returns the columns and values of row i as views.
func (a *CSR) Row(i int) ([]int32, []float64) {
	lo, hi := a.RowPtr[i], a.RowPtr[i+1]
	return a.Col[lo:hi:hi], a.Val[lo:hi:hi]
}

// At returns entry (i,j), counted from 0, by binary search.
func (a *CSR) At(i, j int) float64 {
	if uint(j) >= uint(a.Cols) {
		panic(fmt.Sprintf("matrix: column %d of %d", j, a.Cols))
	}
	col, val := a.Row(i)
	if k, ok := slices.BinarySearch(col, int32(j)); ok {
		return val[k]
	}
	return 0
}

// DoNonZero calls fn for every stored entry, row by row.
func (a *CSR) DoNonZero(fn func(i, j int, v float64)) {
	for i := range a.Rows {
		for k := a.RowPtr[i]; k < a.RowPtr[i+1]; k++ {
			fn(i, int(a.Col[k]), a.Val[k])
		}
	}
}
