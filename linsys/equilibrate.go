package linsys

import (
	"math"
	"slices"

	"solve/matrix"
)

// ruizPasses is how often rows and columns are scaled: each pass halves, in
// the logarithm, how far their norms are from one.
const ruizPasses = 5

// equilibrateSymmetric returns D A D with the powers of two d_i nearest to
// 1/√|a_ii| (1 where a_ii = 0), so that no entry is rounded.
func equilibrateSymmetric(a *matrix.CSR) (scaled *matrix.CSR, d []float64) {
	d = make([]float64, a.Rows)
	for i := range d {
		d[i] = powerOfTwo(1 / math.Sqrt(math.Abs(a.At(i, i))))
	}
	return scaleBoth(a, d, d), d
}

// equilibrate returns diag(dr) A diag(dc) with rows and columns whose
// largest entries are about 1, by five passes of Ruiz, A scaling algorithm
// to equilibrate both rows and columns norms in matrices (2001). The scales
// are powers of two, so that no entry is rounded, and those of empty rows
// and columns 1; a symmetric matrix stays one, with dr = dc.
func equilibrate(a *matrix.CSR) (scaled *matrix.CSR, dr, dc []float64) {
	dr, dc = slices.Repeat([]float64{1}, a.Rows), slices.Repeat([]float64{1}, a.Cols)
	rows, cols := make([]float64, a.Rows), make([]float64, a.Cols)
	for range ruizPasses {
		clear(rows)
		clear(cols)
		for i := range a.Rows {
			col, val := a.Row(i)
			for k, c := range col {
				v := math.Abs(val[k]) * dr[i] * dc[c]
				rows[i], cols[c] = max(rows[i], v), max(cols[c], v)
			}
		}
		for i, v := range rows {
			dr[i] *= powerOfTwo(1 / math.Sqrt(v))
		}
		for j, v := range cols {
			dc[j] *= powerOfTwo(1 / math.Sqrt(v))
		}
	}
	return scaleBoth(a, dr, dc), dr, dc
}

// powerOfTwo returns the power of two nearest to x in the logarithm, 1 for an
// infinite x.
func powerOfTwo(x float64) float64 {
	if math.IsInf(x, 0) {
		return 1
	}
	return math.Ldexp(1, int(math.RoundToEven(math.Log2(x))))
}

// scaleBoth returns diag(dr) A diag(dc), which shares the pattern with a.
func scaleBoth(a *matrix.CSR, dr, dc []float64) *matrix.CSR {
	scaled := &matrix.CSR{Rows: a.Rows, Cols: a.Cols, RowPtr: a.RowPtr, Col: a.Col, Val: make([]float64, len(a.Val))}
	for i := range a.Rows {
		for k := a.RowPtr[i]; k < a.RowPtr[i+1]; k++ {
			scaled.Val[k] = dr[i] * a.Val[k] * dc[a.Col[k]]
		}
	}
	return scaled
}
