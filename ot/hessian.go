package ot

import (
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
	positive
	// shift sets μ; it comes before the other calls.
	shift(mu float64)
	// flops estimates the floating-point work of one mul.
	flops() float64
	// lower writes the lower triangle of S, row-major m×m.
	lower(s []float64)
	// lowerFlops estimates the work of lower; +Inf where it is not offered.
	lowerFlops() float64
}

// positive is a symmetric positive semidefinite operator with its diagonal.
type positive interface {
	// mul computes q = A y.
	mul(q, y []float64)
	// diagonal returns diag(A), kept away from 0.
	diagonal() []float64
}

// smallestDiagonal is the relative size that cancellation may leave of a
// diagonal entry before it is no longer trusted.
const smallestDiagonal = 1e-8

// shifted is the diagonal that every form of the Hessian has.
type shifted struct {
	b, c []float64 // column marginals, and column sums of P
	d    []float64 // c + μ b
	gram []float64 // diagonal of the part that is subtracted
	diag []float64
}

// over sets the marginals and the sums and makes room for the rest.
func (h *shifted) over(b, c []float64) {
	m := len(b)
	h.b, h.c = b, c
	h.d, h.gram, h.diag = resize(h.d, m), resize(h.gram, m), resize(h.diag, m)
}

func (h *shifted) shift(mu float64) {
	for j, b := range h.b {
		h.d[j] = h.c[j] + mu*b
		h.diag[j] = max(h.d[j]-h.gram[j], smallestDiagonal*h.d[j])
	}
}

func (h *shifted) diagonal() []float64 { return h.diag }

// complement turns q = Pᵀ diag(1/a) P y into S y.
func (h *shifted) complement(q, y []float64) {
	for j := range q {
		q[j] = h.d[j]*y[j] - q[j]
	}
}

// hessian holds the sparsified plan and reuses its memory from step to step.
type hessian struct {
	s     *semidual
	kept  *kept // P_s
	nnz   int
	work  float64 // of a product, in single entries
	pairs float64 // Σ nnz_i² over the rows of P_s: the products that S is made of
	shifted
	w        []float64   // P_s y / a
	partial  [][]float64 // products by group of blocks
	cols     sparseRows  // P_sᵀ, built when lower needs it
	haveCols bool

	// The sweep over the blocks that is under way. Kept here, with a closure
	// made once, so that a product allocates nothing.
	visit  blockVisit
	y      []float64 // what it multiplies
	groups int
	group  func(g int)
}

// blockVisit adds the contribution of a block of rows of P_s to sum; a and w
// are the parts of s.a and h.w that belong to its rows.
type blockVisit func(h *hessian, b *keptBlock, a, w, sum []float64)

// Blocks are multiplied in groups with partial results of their own. Fixed,
// so that bits do not depend on threads; where the work is below smallProduct,
// the hand-over costs more than it saves.
const (
	productGroups = 8
	smallProduct  = 40_000
)

// sparsify keeps at least the entries of the point's plan with
// max(P_ij/a_i, P_ij/c_j) ≥ θ: dropped mass is at most m·θ of a row and n·θ
// of a column.
func (h *hessian) sparsify(p *point, theta float64) {
	s := h.s
	h.kept = p.kept
	h.kept.drop(s, p.c, theta)
	h.nnz, h.work, h.pairs = h.kept.nnz(), h.kept.work(), h.countPairs()
	h.haveCols = false
	h.over(s.b, p.c)
	if h.partial == nil {
		h.w = make([]float64, s.n)
		h.partial = make([][]float64, productGroups)
		for g := range h.partial {
			h.partial[g] = make([]float64, s.m)
		}
	}
	h.byGroups((*hessian).gramBlock, h.gram)
}

func (h *hessian) countPairs() float64 {
	sum := 0.0
	for i := range h.s.n {
		b, r := h.kept.block(i)
		entries, _ := b.rowSize(r)
		sum += float64(entries) * float64(entries)
	}
	return sum
}

func (h *hessian) gramBlock(b *keptBlock, a, w, sum []float64) {
	for r, x := range a {
		w[r] = 1 / x
	}
	b.addSquares(sum, w)
}

// byGroups lets visit add each block's contribution to the partial result of
// its group, and adds the groups up in order.
func (h *hessian) byGroups(visit blockVisit, out []float64) {
	threads := h.s.threads
	h.visit, h.groups = visit, productGroups
	if h.work < smallProduct {
		h.groups, threads = 1, 1
	}
	if h.group == nil {
		h.group = h.visitGroup
	}
	par.For(threads, h.groups, h.group)
	clear(out)
	for g := range h.groups {
		kern.Axpy(1, h.partial[g], out)
	}
}

func (h *hessian) visitGroup(g int) {
	sum := h.partial[g]
	clear(sum)
	blocks := len(h.kept.blocks)
	for k := g * blocks / h.groups; k < (g+1)*blocks/h.groups; k++ {
		lo, hi := par.Bounds(k, h.s.n, h.kept.perRows)
		h.visit(h, &h.kept.blocks[k], h.s.a[lo:hi], h.w[lo:hi], sum)
	}
}

func (h *hessian) productBlock(b *keptBlock, a, w, sum []float64) {
	b.mul(w, h.y)
	for r, x := range a {
		w[r] /= x
	}
	b.addMulT(sum, w)
}

func (h *hessian) mul(q, y []float64) {
	h.y = y
	h.byGroups((*hessian).productBlock, q)
	h.complement(q, y)
}

func (h *hessian) flops() float64 { return 4 * h.work }

func (h *hessian) lowerFlops() float64 {
	f := 0.0
	for i := range h.kept.blocks {
		b := &h.kept.blocks[i]
		for r := range b.singles.done() {
			entries, work := b.rowSize(r)
			f += float64(entries) * float64(work)
		}
	}
	return f
}

// lower adds the outer products of the rows; each chunk owns rows of S.
func (h *hessian) lower(s []float64) {
	m := h.s.m
	h.transpose()
	const chunk = 16
	par.For(h.s.threads, par.Chunks(m, chunk), func(c int) {
		lo, hi := par.Bounds(c, m, chunk)
		for j := lo; j < hi; j++ {
			out := s[j*m : (j+1)*m]
			clear(out)
			rows, vals := h.cols.row(j)
			for t, i := range rows {
				b, r := h.kept.block(int(i))
				b.addUpTo(out, -vals[t]/h.s.a[i], r, j)
			}
			out[j] += h.d[j]
		}
	})
}

// transpose makes the columns of P_s.
func (h *hessian) transpose() {
	if !h.haveCols {
		h.cols.transpose(h.kept, h.nnz, h.s.n, h.s.m)
		h.haveCols = true
	}
}

// transpose sets t to the transpose of the n×m matrix a with nnz entries.
func (t *sparseRows) transpose(a *kept, nnz, n, m int) {
	t.ptr = resize(t.ptr, m+1)
	clear(t.ptr)
	for i := range n {
		b, r := a.block(i)
		b.each(r, func(j int32, _ float64) { t.ptr[j+1]++ })
	}
	for j := range m {
		t.ptr[j+1] += t.ptr[j]
	}
	t.col, t.val = resize(t.col, nnz), resize(t.val, nnz)
	next := append([]int64(nil), t.ptr[:m]...)
	for i := range n {
		b, r := a.block(i)
		b.each(r, func(j int32, v float64) {
			t.col[next[j]], t.val[next[j]] = int32(i), v
			next[j]++
		})
	}
}

// resize returns x with length n, reusing its memory.
func resize[T any](x []T, n int) []T {
	if cap(x) < n {
		return make([]T, n, n+n/4)
	}
	return x[:n]
}
