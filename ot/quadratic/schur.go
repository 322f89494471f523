package quadratic

import (
	"math"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/linsys/direct"
)

// pattern is a sparse n×m matrix of weights, by rows and by columns.
type pattern struct {
	rowPtr, colPtr []int32
	col, row       []int32
	val, tval      []float64
}

func (w *pattern) nnz() int { return len(w.col) }

// transpose fills the columns from the rows.
func (w *pattern) transpose(n, m int) {
	w.colPtr = make([]int32, m+1)
	for _, j := range w.col {
		w.colPtr[j+1]++
	}
	for j := range m {
		w.colPtr[j+1] += w.colPtr[j]
	}
	w.row, w.tval = grow(w.row, len(w.col)), grow(w.tval, len(w.col))
	next := append([]int32(nil), w.colPtr[:m]...)
	for i := range n {
		for k := w.rowPtr[i]; k < w.rowPtr[i+1]; k++ {
			at := next[w.col[k]]
			next[w.col[k]]++
			w.row[at], w.tval[at] = int32(i), w.val[k]
		}
	}
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// schur solves
//
//	⎡diag(r)   W   ⎤ ⎡u⎤   ⎡x⎤
//	⎣  Wᵀ   diag(c)⎦ ⎣v⎦ = ⎣y⎦
//
// for W ≥ 0 by the dense Schur complement K = diag(r) − W diag(c)⁻¹ Wᵀ, of the
// order of the smaller side. With r and c the sums of W, K is singular once for
// every connected component of W; the caller adds what makes it definite.
type schur struct {
	p      *reduced
	r, c   []float64
	k      []float64
	scaled []float64 // n×m working space
	chol   *direct.DenseCholesky
	sparse *pattern  // W, or
	dense  []float64 // W
	parts  []float64 // column sums by block of rows
}

func newSchur(p *reduced, scaled []float64) *schur {
	return &schur{p: p, r: make([]float64, p.n), c: make([]float64, p.m), k: make([]float64, p.n*p.n),
		scaled: scaled, parts: make([]float64, p.blocks()*p.m)}
}

// denseShare is the share of nonzero weights above which a matrix product
// makes K faster than sums over the entries.
const denseShare = 0.08

// setSparse takes W; eps is added to its row and column sums, and the diagonal
// of K raised relatively.
func (s *schur) setSparse(w *pattern, eps, raise float64) error {
	s.sparse, s.dense = w, nil
	for i := range s.r {
		s.r[i] = eps
		for _, x := range w.val[w.rowPtr[i]:w.rowPtr[i+1]] {
			s.r[i] += x
		}
	}
	for j := range s.c {
		s.c[j] = eps
		for _, x := range w.tval[w.colPtr[j]:w.colPtr[j+1]] {
			s.c[j] += x
		}
	}
	return s.factor(raise, func() {
		if float64(w.nnz()) > denseShare*float64(s.p.n)*float64(s.p.m) {
			s.scale(func(i int, root, out []float64) {
				clear(out)
				for k := w.rowPtr[i]; k < w.rowPtr[i+1]; k++ {
					out[w.col[k]] = w.val[k] * root[w.col[k]]
				}
			})
			s.product()
		} else {
			s.accumulate(w)
		}
	})
}

// setDense takes W, whose sums r and c are set already. The direction that is
// singular when they are exact gets a weight like the others.
func (s *schur) setDense(w []float64) error {
	s.sparse, s.dense = nil, w
	all := kern.Sum(s.r)
	return s.factor(1e-13, func() {
		s.scale(func(i int, root, out []float64) {
			for j, x := range w[i*s.p.m:][:s.p.m] {
				out[j] = x * root[j]
			}
		})
		s.product()
		for i, x := range s.r {
			kern.Axpy(x/all, s.r[:i+1], s.k[i*s.p.n:][:i+1])
		}
	})
}

// factor factors diag(r) + K, for the K that build makes, with the diagonal
// raised by as much as rounding asks for.
func (s *schur) factor(raise float64, build func()) error {
	for {
		build()
		for i, x := range s.r {
			s.k[i*s.p.n+i] += x * (1 + raise)
		}
		var err error
		if s.chol, err = direct.FactorDense(s.p.n, s.k, s.p.threads); err == nil || raise > largestRaise {
			return err
		}
		raise = max(100*raise, 1e-14)
	}
}

// largestRaise is the relative change of the diagonal of K beyond which a
// factorisation is given up.
const largestRaise = 1e-6

// scale writes the rows of W diag(c)^−½.
func (s *schur) scale(write func(i int, root, out []float64)) {
	root := make([]float64, s.p.m)
	for j, x := range s.c {
		root[j] = 1 / math.Sqrt(x)
	}
	s.p.each(func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			write(i, root, s.scaled[i*s.p.m:][:s.p.m])
		}
	})
}

// product sets the lower triangle of K to −S Sᵀ, S = scaled.
func (s *schur) product() {
	const tile = 96
	n, m := s.p.n, s.p.m
	tiles := par.Chunks(n, tile)
	par.For(s.p.threads, tiles, func(t int) {
		t = tiles - 1 - t // the longest first
		lo, hi := par.Bounds(t, n, tile)
		target, rows := s.k[lo*n:], s.scaled[lo*m:]
		clear(s.k[lo*n : hi*n])
		if lo > 0 {
			kern.Gemm(hi-lo, lo, m, -1, rows, m, false, s.scaled, m, true, target, n, nil)
		}
		kern.Syrk(hi-lo, m, -1, rows, m, target[lo:], n, nil)
	})
}

// accumulate sets the lower triangle of K to −W diag(c)⁻¹ Wᵀ, entry by entry.
func (s *schur) accumulate(w *pattern) {
	n := s.p.n
	s.p.each(func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			out := s.k[i*n:][:i+1]
			clear(out)
			for k := w.rowPtr[i]; k < w.rowPtr[i+1]; k++ {
				j := w.col[k]
				x := w.val[k] / s.c[j]
				for l := w.colPtr[j]; l < w.colPtr[j+1] && int(w.row[l]) <= i; l++ {
					out[w.row[l]] -= x * w.tval[l]
				}
			}
		}
	})
}

// solve overwrites x and y by u and v.
func (s *schur) solve(x, y []float64) {
	m := s.p.m
	v := make([]float64, m)
	for j := range v {
		v[j] = y[j] / s.c[j]
	}
	s.addMul(-1, v, x)
	s.chol.Solve(x)
	clear(s.parts)
	s.p.each(func(block, lo, hi int) {
		part := s.parts[block*m:][:m]
		for i := lo; i < hi; i++ {
			if s.dense != nil {
				kern.Axpy(x[i], s.dense[i*m:][:m], part)
				continue
			}
			w := s.sparse
			for k := w.rowPtr[i]; k < w.rowPtr[i+1]; k++ {
				part[w.col[k]] += x[i] * w.val[k]
			}
		}
	})
	for k := range s.p.blocks() {
		kern.Axpy(-1, s.parts[k*m:][:m], y)
	}
	for j := range y {
		y[j] /= s.c[j]
	}
}

// addMul adds alpha W v to x.
func (s *schur) addMul(alpha float64, v, x []float64) {
	m := s.p.m
	s.p.each(func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			if s.dense != nil {
				x[i] += alpha * kern.Dot(s.dense[i*m:][:m], v)
				continue
			}
			w, t := s.sparse, 0.0
			for k := w.rowPtr[i]; k < w.rowPtr[i+1]; k++ {
				t += w.val[k] * v[w.col[k]]
			}
			x[i] += alpha * t
		}
	})
}
