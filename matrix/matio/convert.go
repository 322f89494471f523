package matio

import (
	"fmt"
	"math"

	"solve/matrix"
	"solve/solver"
)

// AsDense returns the matrix as Dense: the one read, or a new one that
// takes at most maxMemory bytes (0 = solver.DefaultMaxMemory).
func (f *File) AsDense(maxMemory int64) (*matrix.Dense, error) {
	if f.Dense != nil {
		return f.Dense, nil
	}
	if maxMemory <= 0 {
		maxMemory = solver.DefaultMaxMemory
	}
	if need := denseBytes(f.Rows, f.Cols); need > maxMemory {
		return nil, &solver.TooLargeError{
			What: fmt.Sprintf("%s: a dense %d×%d matrix", f.Name, f.Rows, f.Cols), Need: need, Have: maxMemory,
		}
	}
	return f.Sparse.ToDense()
}

// denseBytes saturates.
func denseBytes(rows, cols int) int64 {
	if cols > 0 && int64(rows) > math.MaxInt64/8/int64(cols) {
		return math.MaxInt64
	}
	return 8 * int64(rows) * int64(cols)
}

// AsCSR returns the matrix as CSR: the one read, or a new one of the
// entries of Dense that are not zero.
func (f *File) AsCSR() (*matrix.CSR, error) {
	if f.Sparse != nil {
		return f.Sparse, nil
	}
	return f.Dense.ToCSR()
}

// Vector returns the values of a matrix of one column or one row.
func (f *File) Vector() ([]float64, error) {
	if f.Rows != 1 && f.Cols != 1 {
		return nil, fmt.Errorf("%s: a vector is needed, not a %d×%d matrix: %w", f.Name, f.Rows, f.Cols, solver.ErrDimension)
	}
	d, err := f.AsDense(0)
	if err != nil {
		return nil, err
	}
	return d.Data, nil
}

// Triplets reads a table of three columns i, j, value, counted from 1, as
// written by WriteCSR, as a rows×cols matrix; with 0 for rows or cols that
// side is the largest index. Entries at the same place add up.
func (f *File) Triplets(rows, cols int) (*matrix.CSR, error) {
	if f.Dense == nil || f.Cols != 3 {
		return nil, fmt.Errorf("%s: lines i,j,value are needed, not a %d×%d matrix: %w", f.Name, f.Rows, f.Cols, solver.ErrDimension)
	}
	row, col, val := make([]int32, f.Rows), make([]int32, f.Rows), make([]float64, f.Rows)
	top := [2]int{rows, cols}
	for k := range f.Rows {
		e := f.Dense.Row(k)
		for side, out := range [2][]int32{row, col} {
			v := e[side]
			limit := [2]int{rows, cols}[side]
			if limit == 0 {
				limit = math.MaxInt32
			}
			if !(v >= 1 && v <= float64(limit)) || v != math.Trunc(v) {
				return nil, &SyntaxError{File: f.Name, Msg: fmt.Sprintf("entry %d: index %v is not one of 1…%d", k+1, v, limit)}
			}
			out[k] = int32(v - 1)
			top[side] = max(top[side], int(v))
		}
		val[k] = e[2]
	}
	a, _, err := matrix.FromTriplets(top[0], top[1], row, col, val)
	return a, err
}
