package matrix

import (
	"fmt"
	"math"

	"solve/solver"
)

// Dense is an r×c matrix of float64, row-major and contiguous:
// entry (i,j) is Data[i*Cols+j].
type Dense struct {
	Rows, Cols int
	Data       []float64
}

// NewDense wraps data (or allocates when data is nil). It returns
// solver.ErrDimension when len(data) is not r*c.
func NewDense(r, c int, data []float64) (*Dense, error) {
	if r < 0 || c < 0 || (c > 0 && r > math.MaxInt/8/c) {
		return nil, fmt.Errorf("matrix: %d×%d: %w", r, c, solver.ErrDimension)
	}
	if data == nil {
		data = make([]float64, r*c)
	}
	if len(data) != r*c {
		return nil, fmt.Errorf("matrix: %d×%d needs %d values, got %d: %w", r, c, r*c, len(data), solver.ErrDimension)
	}
	return &Dense{Rows: r, Cols: c, Data: data}, nil
}

// Row returns row i as a view.
func (d *Dense) Row(i int) []float64 { return d.Data[i*d.Cols : (i+1)*d.Cols : (i+1)*d.Cols] }

// At returns entry (i,j), counted from 0.
func (d *Dense) At(i, j int) float64 {
	if uint(j) >= uint(d.Cols) {
		panic(fmt.Sprintf("matrix: column %d of %d", j, d.Cols))
	}
	return d.Data[i*d.Cols+j]
}

// Dims returns the shape.
func (d *Dense) Dims() (r, c int) { return d.Rows, d.Cols }

// CheckFinite returns a *solver.EntryError that names the first NaN or
// infinite value, counted from 1, or nil.
func (d *Dense) CheckFinite(what string) error {
	for k, v := range d.Data {
		if v-v != 0 {
			return &solver.EntryError{What: what, Row: k/d.Cols + 1, Col: k%d.Cols + 1, Value: v, Err: solver.ErrNonFinite}
		}
	}
	return nil
}

// CheckSymmetric returns an error that wraps solver.ErrNotSymmetric and
// names the first pair of entries that are not equal, or nil.
func (d *Dense) CheckSymmetric() error {
	if d.Rows != d.Cols {
		return notSquare(d.Rows, d.Cols)
	}
	for i := range d.Rows {
		for j := range i {
			if x, y := d.At(i, j), d.At(j, i); x != y {
				return notSymmetric(i, j, x, y)
			}
		}
	}
	return nil
}

func notSquare(r, c int) error {
	return fmt.Errorf("matrix: %d×%d: %w", r, c, solver.ErrNotSymmetric)
}

func notSymmetric(i, j int, x, y float64) error {
	return fmt.Errorf("%w: a[%d,%d]=%v but a[%d,%d]=%v", solver.ErrNotSymmetric, i+1, j+1, x, j+1, i+1, y)
}

// ToCSR returns the entries that are not zero as a CSR matrix.
func (d *Dense) ToCSR() (*CSR, error) {
	if err := checkSides(d.Rows, d.Cols); err != nil {
		return nil, err
	}
	nnz := 0
	for _, v := range d.Data {
		if v != 0 {
			nnz++
		}
	}
	a := &CSR{
		Rows: d.Rows, Cols: d.Cols, RowPtr: make([]int64, d.Rows+1),
		Col: make([]int32, 0, nnz), Val: make([]float64, 0, nnz),
	}
	for i := range d.Rows {
		for j, v := range d.Row(i) {
			if v != 0 {
				a.Col, a.Val = append(a.Col, int32(j)), append(a.Val, v)
			}
		}
		a.RowPtr[i+1] = int64(len(a.Val))
	}
	return a, nil
}

// ToDense returns a as Dense. It takes 8·Rows·Cols bytes: compare that with
// what is allowed first.
func (a *CSR) ToDense() (*Dense, error) {
	d, err := NewDense(a.Rows, a.Cols, nil)
	if err != nil {
		return nil, err
	}
	for i := range a.Rows {
		row := d.Row(i)
		col, val := a.Row(i)
		for k, c := range col {
			row[c] = val[k]
		}
	}
	return d, nil
}
