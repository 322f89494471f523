package ot

import (
	"context"
	"math"

	"solve/internal/kern"
	"solve/internal/par"
)

// schur is the (sparsified, shifted) Hessian of the semi-dual,
//
//	S = diag(c + μ b) − P_sᵀ diag(1/a) P_s,
//
// with the diagonal at its unsparsified value. P_s ≤ P entrywise makes it
// symmetric, diagonally dominant and positive semidefinite.
type schur interface {
	// shift sets μ; it comes before the other calls.
	shift(mu float64)
	// mul computes q = S y.
	mul(q, y []float64)
	// diagonal returns diag(S), kept away from 0.
	diagonal() []float64
	// flops estimates the floating-point work of one mul.
	flops() float64
	// lower writes the lower triangle of S, row-major m×m.
	lower(s []float64)
	// lowerFlops estimates the work of lower.
	lowerFlops() float64
}

// hessian holds the sparsified plan by rows and by columns and reuses its
// memory from step to step.
type hessian struct {
	s      *semidual
	nnz    int
	rowPtr []int
	col    []int32
	val    []float64
	colPtr []int
	row    []int32
	tval   []float64
	c      []float64 // column sums of P
	d      []float64 // c + μ b
	w      []float64 // n
	diag   []float64
	counts []int // column counts by group, for the transpose
}

// Row and column ranges of the products. Fixed, so that bits do not depend
// on threads; below smallProduct the hand-over costs more than it saves.
const (
	productGroups = 8
	smallProduct  = 40_000
)

// sparsify keeps the entries of the point's plan with
// max(P_ij/a_i, P_ij/c_j) ≥ θ: dropped mass is at most m·θ of a row and n·θ
// of a column.
func (h *hessian) sparsify(p *point, theta float64) {
	s := h.s
	h.compact(p, theta)
	h.transpose()
	h.d, h.diag, h.w = resize(h.d, s.m), resize(h.diag, s.m), resize(h.w, s.n)
	h.c = p.c
}

func (h *hessian) shift(mu float64) {
	for j := range h.d {
		h.d[j] = h.c[j] + mu*h.s.b[j]
		s := 0.0
		for t := h.colPtr[j]; t < h.colPtr[j+1]; t++ {
			s += h.tval[t] * h.tval[t] / h.s.a[h.row[t]]
		}
		h.diag[j] = max(h.d[j]-s, smallestDiagonal*h.d[j])
	}
}

// smallestDiagonal is the relative size that cancellation may leave of a
// diagonal entry before it is no longer trusted.
const smallestDiagonal = 1e-8

// compact copies the kept entries that pass θ into one compressed matrix.
func (h *hessian) compact(p *point, theta float64) {
	s, k := h.s, &p.kept
	colThr := make([]float64, s.m)
	for j, c := range p.c {
		colThr[j] = theta * c
	}
	sizes := make([]int, len(k.blocks)+1)
	par.For(s.threads, len(k.blocks), func(b int) { sizes[b+1] = k.blocks[b].shrink(s.a, b*k.perRows, theta, colThr) })
	for b := range k.blocks {
		sizes[b+1] += sizes[b]
	}
	h.nnz = sizes[len(k.blocks)]
	h.col, h.val = resize(h.col, h.nnz), resize(h.val, h.nnz)
	h.rowPtr = resize(h.rowPtr, s.n+1)
	h.rowPtr[0] = 0
	par.For(s.threads, len(k.blocks), func(b int) {
		blk := &k.blocks[b]
		copy(h.col[sizes[b]:], blk.col)
		copy(h.val[sizes[b]:], blk.val)
		for r, end := range blk.ends {
			h.rowPtr[b*k.perRows+r+1] = sizes[b] + end
		}
	})
}

// shrink drops the entries below both thresholds in place and returns how
// many are left.
func (b *keptBlock) shrink(a []float64, row0 int, theta float64, colThr []float64) int {
	to, from := 0, 0
	for r, end := range b.ends {
		rowThr := theta * a[row0+r]
		for ; from < end; from++ {
			if v := b.val[from]; v >= rowThr || v >= colThr[b.col[from]] {
				b.col[to], b.val[to] = b.col[from], v
				to++
			}
		}
		b.ends[r] = to
	}
	b.col, b.val = b.col[:to], b.val[:to]
	return to
}

// transpose builds the columns from the rows: each group of rows counts, then
// fills its own part of every column.
func (h *hessian) transpose() {
	n, m := h.s.n, h.s.m
	h.counts = resize(h.counts, productGroups*m)
	clear(h.counts)
	group := func(g int) (lo, hi int) { return g * n / productGroups, (g + 1) * n / productGroups }
	par.For(h.s.threads, productGroups, func(g int) {
		lo, hi := group(g)
		count := h.counts[g*m : (g+1)*m]
		for _, j := range h.col[h.rowPtr[lo]:h.rowPtr[hi]] {
			count[j]++
		}
	})
	h.colPtr = resize(h.colPtr, m+1)
	at := 0
	for j := range m {
		h.colPtr[j] = at
		for g := range productGroups {
			at, h.counts[g*m+j] = at+h.counts[g*m+j], at
		}
	}
	h.colPtr[m] = at
	h.row, h.tval = resize(h.row, h.nnz), resize(h.tval, h.nnz)
	par.For(h.s.threads, productGroups, func(g int) {
		lo, hi := group(g)
		next := h.counts[g*m : (g+1)*m]
		for i := lo; i < hi; i++ {
			for t := h.rowPtr[i]; t < h.rowPtr[i+1]; t++ {
				j := h.col[t]
				h.row[next[j]], h.tval[next[j]] = int32(i), h.val[t]
				next[j]++
			}
		}
	})
}

func (h *hessian) mul(q, y []float64) {
	groups, threads := productGroups, h.s.threads
	if h.nnz < smallProduct {
		groups, threads = 1, 1
	}
	n, m := h.s.n, h.s.m
	par.For(threads, groups, func(g int) { h.mulRows(y, g*n/groups, (g+1)*n/groups) })
	par.For(threads, groups, func(g int) { h.mulCols(q, y, g*m/groups, (g+1)*m/groups) })
}

// mulRows computes w = P_s y / a over some rows.
func (h *hessian) mulRows(y []float64, lo, hi int) {
	for i := lo; i < hi; i++ {
		s, e := h.rowPtr[i], h.rowPtr[i+1]
		h.w[i] = kern.GatherDot(h.col[s:e], h.val[s:e], y) / h.s.a[i]
	}
}

// mulCols computes q = d∘y − P_sᵀ w over some columns.
func (h *hessian) mulCols(q, y []float64, lo, hi int) {
	for j := lo; j < hi; j++ {
		s, e := h.colPtr[j], h.colPtr[j+1]
		q[j] = h.d[j]*y[j] - kern.GatherDot(h.row[s:e], h.tval[s:e], h.w)
	}
}

func (h *hessian) diagonal() []float64 { return h.diag }
func (h *hessian) flops() float64      { return 4 * float64(h.nnz) }

func (h *hessian) lowerFlops() float64 {
	f := 0.0
	for i := range h.s.n {
		k := float64(h.rowPtr[i+1] - h.rowPtr[i])
		f += k * k
	}
	return f
}

// lower adds the outer products of the rows; each chunk owns rows of S.
func (h *hessian) lower(s []float64) {
	m := h.s.m
	const chunk = 16
	par.For(h.s.threads, par.Chunks(m, chunk), func(c int) {
		lo, hi := par.Bounds(c, m, chunk)
		for j := lo; j < hi; j++ {
			out := s[j*m : j*m+j+1]
			clear(out)
			for t := h.colPtr[j]; t < h.colPtr[j+1]; t++ {
				i := int(h.row[t])
				scale := -h.tval[t] / h.s.a[i]
				b := h.rowPtr[i]
				e := b
				for e < h.rowPtr[i+1] && int(h.col[e]) <= j {
					e++
				}
				kern.ScatterAxpy(scale, h.col[b:e], h.val[b:e], out)
			}
			out[j] += h.d[j]
		}
	})
}

// resize returns x with length n, reusing its memory.
func resize[T any](x []T, n int) []T {
	if cap(x) < n {
		return make([]T, n, n+n/4)
	}
	return x[:n]
}

// cgResult is how a conjugate gradient run ended.
type cgResult struct {
	iterations int
	residual   float64 // relative
}

// cgWork is the scratch space of pcg.
type cgWork struct{ r, z, p, q, inv []float64 }

// positive is a symmetric positive semidefinite operator with its diagonal.
type positive interface {
	mul(q, y []float64)
	diagonal() []float64
}

// pcg solves A y = g by conjugate gradients with the Jacobi preconditioner
// from y = 0, to a relative residual tol in the Euclidean norm.
func pcg(ctx context.Context, a positive, y, g []float64, tol float64, maxIter int, w *cgWork) cgResult {
	m := len(g)
	w.r, w.z, w.p, w.q, w.inv = resize(w.r, m), resize(w.z, m), resize(w.p, m), resize(w.q, m), resize(w.inv, m)
	for j, d := range a.diagonal() {
		w.inv[j] = 1 / max(d, 1e-300)
	}
	clear(y)
	copy(w.r, g)
	rz, rr := w.precondition()
	norm, target := rr, tol*tol*rr
	copy(w.p, w.z)
	k := 0
	for ; k < maxIter && rr > target; k++ {
		if k%16 == 0 && ctx.Err() != nil {
			break
		}
		a.mul(w.q, w.p)
		curvature := kern.Dot(w.p, w.q)
		if !(curvature > 0) {
			break // rounding level, along the kernel
		}
		kern.CGUpdate(rz/curvature, w.p, w.q, y, w.r)
		old := rz
		rz, rr = w.precondition()
		kern.Xpby(w.z, rz/old, w.p)
	}
	if norm == 0 {
		return cgResult{k, 0}
	}
	return cgResult{k, math.Sqrt(rr / norm)}
}

// precondition sets z = diag⁻¹ r and returns rᵀz and rᵀr.
func (w *cgWork) precondition() (rz, rr float64) {
	for j, r := range w.r {
		z := w.inv[j] * r
		w.z[j] = z
		rz += r * z
		rr += r * r
	}
	return rz, rr
}
