package multigrid

import (
	"context"
	"sync"

	"solve/internal/par"
	"solve/matrix"
)

// amgFloat is the type in which a hierarchy stores its numbers.
type amgFloat interface{ float32 | float64 }

// amgCSR is a matrix in compressed rows whose columns need not be sorted.
type amgCSR[T amgFloat] struct {
	rows, cols int
	ptr        []int64
	col        []int32
	val        []T
}

func amgView(a *matrix.CSR) *amgCSR[float64] {
	return &amgCSR[float64]{a.Rows, a.Cols, a.RowPtr, a.Col, a.Val}
}

func (a *amgCSR[T]) nnz() int64 { return a.ptr[a.rows] }

func (a *amgCSR[T]) bytes() int64 {
	var v T
	return int64(len(a.ptr))*8 + int64(len(a.col))*4 + int64(len(a.val))*sizeOf(v)
}

func sizeOf[T amgFloat](v T) int64 {
	if _, ok := any(v).(float32); ok {
		return 4
	}
	return 8
}

// chunkEntries is the number of entries that a block of rows holds at least:
// some ten microseconds of work.
const chunkEntries = 1 << 14

// cutRows returns row numbers 0 = c_0 < … < c_m = rows that cut a matrix into
// blocks of about the given number of entries, rows counting as one more. The
// cuts depend on the matrix alone, so nothing that is computed block by block
// depends on the number of threads.
func cutRows(ptr []int64, entries int64) []int {
	n := len(ptr) - 1
	cuts := []int{0}
	for i, start := 1, int64(0); i < n; i++ {
		if w := ptr[i] + int64(i); w-start >= entries {
			cuts = append(cuts, i)
			start = w
		}
	}
	if n > 0 {
		cuts = append(cuts, n)
	}
	return cuts
}

// forRows calls fn for each block of rows.
func forRows(ctx context.Context, threads int, cuts []int, fn func(block, lo, hi int)) error {
	return par.ForCtx(ctx, threads, len(cuts)-1, func(c int) { fn(c, cuts[c], cuts[c+1]) })
}

// rowBlock collects the rows of a product that one block computes.
type rowBlock[T amgFloat] struct {
	col []int32
	val []T
}

// productRow is the row under construction of a sparse product by the
// algorithm of Gustavson (ACM TOMS 4, 1978): scaled rows are added into it,
// and a dense array finds the place of a column. Rows before from are done:
// their marks count as none.
type productRow struct {
	col       []int32
	val       []float64
	from, end int
	mark      []int32
}

// rowPool hands out work areas for n columns, one to each thread.
type rowPool struct {
	sync.Mutex
	n    int
	free []*productRow
}

func (p *rowPool) take() *productRow {
	p.Lock()
	defer p.Unlock()
	if k := len(p.free); k > 0 {
		w := p.free[k-1]
		p.free = p.free[:k-1]
		return w
	}
	w := &productRow{mark: make([]int32, p.n)}
	for i := range w.mark {
		w.mark[i] = -1
	}
	return w
}

// give takes a work area back.
func (p *rowPool) give(w *productRow) {
	for _, c := range w.col[:w.end] {
		w.mark[c] = -1
	}
	w.start(0)
	p.Lock()
	p.free = append(p.free, w)
	p.Unlock()
}

// block returns a copy of the rows made so far.
func (w *productRow) block() rowBlock[float64] {
	return rowBlock[float64]{append([]int32(nil), w.col[:w.end]...), append([]float64(nil), w.val[:w.end]...)}
}

func (w *productRow) start(at int) { w.from, w.end = at, at }

// forget takes back the marks of the row.
func (w *productRow) forget() {
	for _, c := range w.col[w.from:w.end] {
		w.mark[c] = -1
	}
}

// addRows adds Σ_k val_k (row col_k of b).
func addRows(w *productRow, col []int32, val []float64, b *amgCSR[float64]) {
	val = val[:len(col)]
	most := 0
	for _, j := range col {
		most += int(b.ptr[j+1] - b.ptr[j])
	}
	rc, rv := w.room(min(most, b.cols))
	mark, from, n := w.mark, w.from, w.end-w.from
	for k, j := range col {
		v := val[k]
		lo, hi := b.ptr[j], b.ptr[j+1]
		bc := b.col[lo:hi]
		bv := b.val[lo:hi:hi][:len(bc)]
		for l, c := range bc {
			if p := int(mark[c]) - from; p >= 0 {
				rv[p] += v * bv[l]
			} else {
				mark[c] = int32(from + n)
				rc[n], rv[n] = c, v*bv[l]
				n++
			}
		}
	}
	w.end = from + n
}

// addPoints is addRows for a matrix with at most one entry to a row: point[j]
// in column group[j], none where that is negative.
func addPoints(w *productRow, col []int32, val []float64, group []int32, point []float64) {
	val = val[:len(col)]
	rc, rv := w.room(len(col))
	mark, from, n := w.mark, w.from, w.end-w.from
	for k, j := range col {
		c := group[j]
		if c < 0 {
			continue
		}
		x := val[k] * point[j]
		if p := int(mark[c]) - from; p >= 0 {
			rv[p] += x
		} else {
			mark[c] = int32(from + n)
			rc[n], rv[n] = c, x
			n++
		}
	}
	w.end = from + n
}

// room returns the row under construction with space for more entries.
func (w *productRow) room(more int) ([]int32, []float64) {
	if need := w.end + more; need > len(w.col) {
		col, val := make([]int32, 2*need), make([]float64, 2*need)
		copy(col, w.col[:w.end])
		copy(val, w.val[:w.end])
		w.col, w.val = col, val
	}
	return w.col[w.from : w.end+more], w.val[w.from : w.end+more]
}

// joinRows puts blocks of rows together; ptr holds the row lengths.
func joinRows[T amgFloat](ctx context.Context, threads, rows, cols int, ptr []int64, cuts []int, blocks []rowBlock[T]) (*amgCSR[T], error) {
	for i := range rows {
		ptr[i+1] += ptr[i]
	}
	m := &amgCSR[T]{rows, cols, ptr, make([]int32, ptr[rows]), make([]T, ptr[rows])}
	err := forRows(ctx, threads, cuts, func(c, lo, _ int) {
		copy(m.col[ptr[lo]:], blocks[c].col)
		copy(m.val[ptr[lo]:], blocks[c].val)
		blocks[c] = rowBlock[T]{}
	})
	return m, err
}

// transpose returns Aᵀ with sorted columns.
func transpose[T amgFloat](a *amgCSR[T]) *amgCSR[T] {
	t := &amgCSR[T]{a.cols, a.rows, make([]int64, a.cols+1), make([]int32, len(a.col)), make([]T, len(a.val))}
	next := t.ptr[1:]
	for _, c := range a.col {
		next[c]++
	}
	sum := int64(0)
	for c, k := range next {
		next[c] = sum
		sum += k
	}
	for i := range a.rows {
		for k := a.ptr[i]; k < a.ptr[i+1]; k++ {
			c := a.col[k]
			at := next[c]
			next[c]++
			t.col[at], t.val[at] = int32(i), a.val[k]
		}
	}
	return t
}

// galerkin returns the coarse matrix R A P, row by row: a row of R A is made
// in a small work area and multiplied by P while it is in cache, so that no
// product of the fine size is ever stored.
func galerkin(ctx context.Context, threads int, r, a, p *amgCSR[float64]) (*amgCSR[float64], error) {
	ptr := make([]int64, r.rows+1)
	cuts := cutRows(r.ptr, chunkEntries/4)
	blocks := make([]rowBlock[float64], max(0, len(cuts)-1))
	fine, coarse := &rowPool{n: a.cols}, &rowPool{n: p.cols}
	err := forRows(ctx, threads, cuts, func(c, lo, hi int) {
		w, out := fine.take(), coarse.take()
		for i := lo; i < hi; i++ {
			galerkinRow(w, out, i, r, a, p)
			ptr[i+1] = int64(out.end - out.from)
		}
		blocks[c] = out.block()
		fine.give(w)
		coarse.give(out)
	})
	if err != nil {
		return nil, err
	}
	return joinRows(ctx, threads, r.rows, p.cols, ptr, cuts, blocks)
}

// galerkinRow adds row i of R A P behind the rows in out; w is work space.
func galerkinRow(w, out *productRow, i int, r, a, p *amgCSR[float64]) {
	addRows(w, r.col[r.ptr[i]:r.ptr[i+1]], r.val[r.ptr[i]:r.ptr[i+1]], a)
	out.start(out.end)
	addRows(out, w.col[:w.end], w.val[:w.end], p)
	w.forget()
	w.start(0)
}
