package matrix

import (
	"fmt"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"solve/solver"
)

// genericLimit bounds the number of At calls that FromMat makes.
const genericLimit = 10_000_000

// T implements mat.Matrix.
func (d *Dense) T() mat.Matrix { return mat.Transpose{Matrix: d} }

// RawMatrix implements mat.RawMatrixer; the storage is shared, so that
// gonum takes its fast paths.
func (d *Dense) RawMatrix() blas64.General {
	return blas64.General{Rows: d.Rows, Cols: d.Cols, Stride: max(1, d.Cols), Data: d.Data}
}

// T implements mat.Matrix.
func (a *CSR) T() mat.Matrix { return a.Transpose() }

// FromRaw makes a CSR matrix of the three slices with which other packages
// expose one (row pointers, columns, values), copying all of them. Rows
// need not be sorted; entries at the same place add up. It returns the
// errors of NewCSR.
func FromRaw(rows, cols int, indptr, ind []int, data []float64) (*CSR, error) {
	if err := checkSides(rows, cols); err != nil {
		return nil, err
	}
	if len(indptr) != rows+1 || len(ind) != len(data) || indptr[0] != 0 || indptr[rows] != len(data) {
		return nil, fmt.Errorf("matrix: FromRaw: %d pointers, %d columns and %d values for %d rows: %w",
			len(indptr), len(ind), len(data), rows, solver.ErrDimension)
	}
	b, err := NewCOO(rows, cols, len(data))
	if err != nil {
		return nil, err
	}
	for i := range rows {
		if indptr[i] > indptr[i+1] || indptr[i+1] > len(data) {
			return nil, fmt.Errorf("matrix: FromRaw: row pointers decrease at row %d: %w", i+1, solver.ErrDimension)
		}
		for k := indptr[i]; k < indptr[i+1]; k++ {
			if err := b.Append(i, ind[k], data[k]); err != nil {
				return nil, err
			}
		}
	}
	a, _, err := b.ToCSR()
	return a, err
}

// Raw returns copies of the pointers and columns as int, and the values
// themselves: what FromRaw takes.
func (a *CSR) Raw() (indptr, ind []int, data []float64) {
	indptr, ind = make([]int, len(a.RowPtr)), make([]int, len(a.Col))
	for i, p := range a.RowPtr {
		indptr[i] = int(p)
	}
	for k, c := range a.Col {
		ind[k] = int(c)
	}
	return indptr, ind, a.Val
}

// nonZeroDoer is the iteration interface that sparse types share.
type nonZeroDoer interface {
	DoNonZero(func(i, j int, v float64))
}

// FromMat returns m as an operator of this package, without walking At(i,j)
// where a faster way is known: an Operator is returned as it is, a
// *mat.Dense shares its storage if that is contiguous, symmetric matrices
// become Dense, banded ones and those that have DoNonZero become CSR.
// Others are walked if they have at most 10⁷ entries; larger ones are
// refused with an error that wraps solver.ErrTooLarge.
func FromMat(m mat.Matrix) (Operator, error) {
	switch m := m.(type) {
	case Operator:
		return m, nil
	case mat.RawMatrixer:
		return fromGeneral(m.RawMatrix())
	case mat.RawSymmetricer:
		return fromSymmetric(m.RawSymmetric())
	case mat.RawBander:
		return fromBand(m.RawBand())
	case nonZeroDoer:
		return fromNonZeros(m.(mat.Matrix), m)
	}
	r, c := m.Dims()
	if c > 0 && r > genericLimit/c {
		return nil, fmt.Errorf("matrix: %d×%d entries of a %T one by one (limit %d): %w", r, c, m, genericLimit, solver.ErrTooLarge)
	}
	d, err := NewDense(r, c, nil)
	if err != nil {
		return nil, err
	}
	for i := range r {
		row := d.Row(i)
		for j := range row {
			row[j] = m.At(i, j)
		}
	}
	return d, d.CheckFinite("matrix")
}

func fromGeneral(g blas64.General) (Operator, error) {
	if g.Stride == g.Cols {
		d, err := NewDense(g.Rows, g.Cols, g.Data[:g.Rows*g.Cols])
		if err != nil {
			return nil, err
		}
		return d, d.CheckFinite("matrix")
	}
	d, err := NewDense(g.Rows, g.Cols, nil)
	if err != nil {
		return nil, err
	}
	for i := range g.Rows {
		copy(d.Row(i), g.Data[i*g.Stride:])
	}
	return d, d.CheckFinite("matrix")
}

func fromSymmetric(s blas64.Symmetric) (Operator, error) {
	d, err := NewDense(s.N, s.N, nil)
	if err != nil {
		return nil, err
	}
	for i := range s.N {
		for j := i; j < s.N; j++ {
			v := s.Data[i*s.Stride+j]
			if s.Uplo == blas.Lower {
				v = s.Data[j*s.Stride+i]
			}
			d.Data[i*s.N+j], d.Data[j*s.N+i] = v, v
		}
	}
	return d, d.CheckFinite("matrix")
}

func fromBand(b blas64.Band) (Operator, error) {
	c, err := NewCOO(b.Rows, b.Cols, b.Rows*min(b.KL+b.KU+1, b.Cols))
	if err != nil {
		return nil, err
	}
	for i := range b.Rows {
		for j := max(0, i-b.KL); j <= min(i+b.KU, b.Cols-1); j++ {
			if err := c.Append(i, j, b.Data[i*b.Stride+j-i+b.KL]); err != nil {
				return nil, err
			}
		}
	}
	a, _, err := c.ToCSR()
	return a, err
}

func fromNonZeros(m mat.Matrix, nz nonZeroDoer) (Operator, error) {
	r, c := m.Dims()
	b, err := NewCOO(r, c, 0)
	if err != nil {
		return nil, err
	}
	nz.DoNonZero(func(i, j int, v float64) {
		if err == nil {
			err = b.Append(i, j, v)
		}
	})
	if err != nil {
		return nil, err
	}
	a, _, err := b.ToCSR()
	return a, err
}
