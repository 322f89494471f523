package block

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"solve/internal/kern"
)

// cutOff is the share of the largest diagonal entry (or eigenvalue) below
// which a pivot (or eigenvalue) of a block counts as zero.
const cutOff = 1e-12

// factor is a factorisation of a symmetric positive semidefinite block:
// Cholesky, or eigenvectors where a pivot is too small, which then solves in
// the least-squares sense.
type factor struct {
	n       int
	l       []float64 // row-major lower triangle; nil: the eigenvectors serve
	vectors []float64 // row-major, a column for each eigenvalue
	inverse []float64 // of the eigenvalues, 0 for those that count as zero
	work    []float64
}

// newFactor factors h, row-major n×n, which it does not modify.
func newFactor(h []float64, n int) *factor {
	f := &factor{n: n, work: make([]float64, n)}
	if f.cholesky(h) {
		return f
	}
	f.l = nil
	var e mat.EigenSym
	if !e.Factorize(mat.NewSymDense(n, append([]float64(nil), h[:n*n]...)), true) {
		return nil
	}
	var v mat.Dense
	e.VectorsTo(&v)
	f.vectors, f.inverse = v.RawMatrix().Data, e.Values(nil)
	top := f.inverse[n-1]
	for k, lambda := range f.inverse {
		if lambda <= cutOff*top {
			f.inverse[k] = 0
		} else {
			f.inverse[k] = 1 / lambda
		}
	}
	return f
}

func (f *factor) cholesky(h []float64) bool {
	n := f.n
	f.l = append(f.l[:0], h[:n*n]...)
	top := 0.0
	for i := range n {
		top = math.Max(top, h[i*n+i])
	}
	for i := range n {
		row := f.l[i*n : i*n+n]
		for j := range i {
			row[j] = (row[j] - kern.Dot(row[:j], f.l[j*n:j*n+j])) / f.l[j*n+j]
		}
		pivot := row[i] - kern.Dot(row[:i], row[:i])
		if !(pivot > cutOff*top) {
			return false
		}
		row[i] = math.Sqrt(pivot)
	}
	return true
}

// solve overwrites b with the solution.
func (f *factor) solve(b []float64) {
	n := f.n
	if f.l == nil {
		f.pseudo(b)
		return
	}
	for i := range n {
		b[i] = (b[i] - kern.Dot(f.l[i*n:i*n+i], b[:i])) / f.l[i*n+i]
	}
	for i := n - 1; i >= 0; i-- {
		b[i] /= f.l[i*n+i]
		kern.Axpy(-b[i], f.l[i*n:i*n+i], b[:i])
	}
}

func (f *factor) pseudo(b []float64) {
	n := f.n
	clear(f.work)
	for i, v := range b {
		kern.Axpy(v, f.vectors[i*n:i*n+n], f.work)
	}
	for k := range f.work {
		f.work[k] *= f.inverse[k]
	}
	for i := range b {
		b[i] = kern.Dot(f.vectors[i*n:i*n+n], f.work)
	}
}

// eigenUpTo is the largest block whose eigenvalues are computed.
const eigenUpTo = 512

// largestEigenvalue is an upper bound of λ_max(h), h row-major n×n: the
// eigenvalue itself with room for its rounding, or for blocks beyond
// eigenUpTo the largest row sum (Gershgorin).
func largestEigenvalue(h []float64, n int) float64 {
	rows := 0.0
	for i := range n {
		sum := 0.0
		for _, v := range h[i*n : i*n+n] {
			sum += math.Abs(v)
		}
		rows = math.Max(rows, sum)
	}
	if n == 1 || n > eigenUpTo {
		return rows
	}
	var e mat.EigenSym
	if !e.Factorize(mat.NewSymDense(n, append([]float64(nil), h[:n*n]...)), false) {
		return rows
	}
	return math.Min(rows, e.Values(nil)[n-1]*(1+1e-10))
}
