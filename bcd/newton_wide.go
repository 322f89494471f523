package bcd

import (
	"math"

	"solve/internal/kern"
)

// wideColumns is the number of columns that are multiplied at a time.
const wideColumns = 128

// wide tells whether the support is larger than the number of rows and ridged
// throughout, so that its Newton system is a small one of the size of the rows
// (Sherman, Morrison & Woodbury).
func (s *subproblem) wide() bool {
	if s.groups != nil || len(s.work.support) <= s.d.n || s.d.n > maxSupport {
		return false
	}
	for _, k := range s.work.support {
		if !(s.l2[k] > 0) {
			return false
		}
	}
	return true
}

// wideCost estimates, in nanoseconds, what wideStep takes.
func (s *subproblem) wideCost() float64 {
	n, m := float64(s.d.n), float64(len(s.work.support))
	return n*n*m/16 + n*n*n/48 + 2*n*m
}

// wideStep overwrites step with (Λ + X̂ᵀHX̂)⁻¹ step, Λ = diag(l2), X̂ the columns
// of the support centred for an intercept:
//
//	Λ⁻¹b − Λ^{-1/2} Bᵀ (I + BBᵀ)⁻¹ B Λ^{-1/2} b,  B = √H X̂ Λ^{-1/2}.
func (s *subproblem) wideStep() bool {
	w := &s.work
	n := s.d.n
	ld := stride(n)
	s.factor = grow(s.factor, n*ld)
	clear(s.factor)
	w.tile = grow(w.tile, wideColumns*n)
	w.sums = grow(w.sums, n)
	clear(w.sums)
	for i := range n {
		s.factor[i*ld+i] = 1
	}
	for lo := 0; lo < len(w.support); lo += wideColumns {
		cols := w.support[lo:min(lo+wideColumns, len(w.support))]
		for a, k := range cols {
			b := w.tile[a*n : (a+1)*n]
			s.scaledColumn(int(k), b)
			columnAxpy(w.step[lo+a]/math.Sqrt(s.l2[k]), nil, b, w.sums)
		}
		kern.Gemm(n, n, len(cols), 1, w.tile, n, true, w.tile, n, false, s.factor, ld, nil)
	}
	if !cholesky(n, s.factor, ld, 1e-15) {
		return false
	}
	choleskySolve(n, s.factor, ld, w.sums)
	b := w.tile[:n]
	for a, k := range w.support {
		s.scaledColumn(int(k), b)
		w.step[a] = w.step[a]/s.l2[k] - dot(b, w.sums)/math.Sqrt(s.l2[k])
	}
	return true
}

// scaledColumn stores √h∘(x_k − m_k)/√l2_k in b.
func (s *subproblem) scaledColumn(k int, b []float64) {
	rows, vals := s.d.column(int(s.cols[k]))
	mean := 0.0
	if s.total > 0 {
		mean = s.mean[k]
	}
	for i := range b {
		b[i] = -mean
	}
	columnAxpy(1, rows, vals, b)
	scale := 1 / math.Sqrt(s.l2[k])
	if s.omega > 0 {
		scale *= math.Sqrt(s.omega)
	}
	for i := range b {
		b[i] *= scale
	}
	if s.omega == 0 {
		for i, h := range s.h {
			b[i] *= math.Sqrt(h)
		}
	}
}
