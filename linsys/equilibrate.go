package linsys

import (
	"context"
	"math"
	"slices"

	"solve/linsys/direct"
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

// equilibrateByMatching is equilibrateSymmetric for matrices whose diagonal
// says little: with a matching of columns with rows that has the largest
// product, and its scales r and c, d_i = √(r_i c_i). No scaled entry is much
// larger than one, and every row and column has one of that size, as with the
// largest entries as norms, but here the scaling of a badly scaled matrix is
// undone (Duff & Pralet, Strategies for scaling and pivoting for sparse
// symmetric indefinite problems, 2005). The error is that of
// direct.ScaledMatching.
func equilibrateByMatching(ctx context.Context, a *matrix.CSR) (scaled *matrix.CSR, d []float64, err error) {
	_, r, c, err := direct.ScaledMatching(ctx, a)
	if err != nil {
		return nil, nil, err
	}
	for i := range r {
		r[i] = powerOfTwo(math.Sqrt(r[i]) * math.Sqrt(c[i]))
	}
	return scaleBoth(a, r, r), r, nil
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

// hugeScale is the ratio of row norms from which symmetric matrices are
// equilibrated before they are factorised.
const hugeScale = 1e8

// badlyScaled tells whether A is symmetric with rows of very different size.
func (s *Solver) badlyScaled() bool { return s.analysis.Symmetric && s.analysis.RowScale > hugeScale }

// equilibrated is the preconditioner M⁻¹ = D M_s⁻¹ D of A, where m is one of
// D A D.
type equilibrated struct {
	d []float64
	m Preconditioner
	r []float64
}

// Apply computes z = M⁻¹ r.
func (e *equilibrated) Apply(z, r []float64) {
	checkApply("equilibrated", len(e.d), z, r)
	for i, d := range e.d {
		e.r[i] = d * r[i]
	}
	e.m.Apply(z, e.r)
	for i, d := range e.d {
		z[i] *= d
	}
}

// symmetricFactor solves for one right-hand side or several.
type symmetricFactor interface {
	factorization
	columnFactorization
}

// scaledFactor solves A x = b by a factor of D A D: x = D (D A D)⁻¹ D b.
type scaledFactor struct {
	d []float64
	f symmetricFactor
}

// unscaled is the factor of A that f is where d is nil, and that it makes as
// one of D A D otherwise.
func unscaled(f symmetricFactor, d []float64) symmetricFactor {
	if d == nil {
		return f
	}
	return &scaledFactor{d: d, f: f}
}

func (s *scaledFactor) Solve(x []float64) {
	s.scale(x, 1)
	s.f.Solve(x)
	s.scale(x, 1)
}

func (s *scaledFactor) SolveColumns(space, x []float64, k int) {
	s.scale(x, k)
	s.f.SolveColumns(space, x, k)
	s.scale(x, k)
}

func (s *scaledFactor) SolveSpace(k int) int { return s.f.SolveSpace(k) }

// scale multiplies row i of the n×k matrix by d_i.
func (s *scaledFactor) scale(x []float64, k int) {
	for i, d := range s.d {
		for j := range x[i*k : (i+1)*k] {
			x[i*k+j] *= d
		}
	}
}
