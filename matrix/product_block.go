package matrix

import (
	"fmt"
	"sync"

	"solve/internal/kern"
	"solve/internal/par"
)

// blockTask is one product over the row blocks of a matrix. Tasks are kept,
// with the function that does a block, so that products allocate nothing.
type blockTask struct {
	a      *CSR
	cuts   []int
	dst, x []float64
	k      int
	dots   bool
	sums   []float64 // xᵀAx and xᵀx by block
	fn     func(int)
}

var blockTasks = sync.Pool{New: func() any {
	t := new(blockTask)
	t.fn = t.block
	return t
}}

func (t *blockTask) run(threads int) {
	if n := 2 * len(t.cuts); cap(t.sums) < n {
		t.sums = make([]float64, n)
	}
	t.sums = t.sums[:cap(t.sums)]
	par.For(threads, len(t.cuts)-1, t.fn)
}

func (t *blockTask) release() {
	t.a, t.dst, t.x = nil, nil, nil
	blockTasks.Put(t)
}

func (t *blockTask) block(c int) {
	lo, hi := t.cuts[c], t.cuts[c+1]
	if t.k != 1 {
		t.a.mulRows(lo, hi, t.dst, t.x, t.k)
		return
	}
	t.a.mulBlock(lo, hi, t.dst, t.x)
	if t.dots {
		t.sums[2*c], t.sums[2*c+1] = kern.Dot2(t.x[lo:hi], t.dst[lo:hi], t.x[lo:hi])
	}
}

// MulDotTo overwrites dst with A x, A square, and returns xᵀA x and xᵀx, which
// it sums while x and dst are in cache.
func (a *CSR) MulDotTo(dst, x []float64) (xAx, xx float64) { return a.mulDot(1, dst, x) }

// MulDotTo is that of CSR, on several threads and with the same bits.
func (p *parallelCSR) MulDotTo(dst, x []float64) (xAx, xx float64) {
	return p.mulDot(p.threads, dst, x)
}

func (a *CSR) mulDot(threads int, dst, x []float64) (xAx, xx float64) {
	checkVectors("CSR", a.Rows, a.Rows, dst, false, x)
	checkVectors("CSR", a.Rows, a.Cols, dst, false, x)
	t := blockTasks.Get().(*blockTask)
	t.a, t.cuts, t.dst, t.x, t.k, t.dots = a, a.blocks(), dst, x, 1, true
	t.run(threads)
	n := len(t.cuts) - 1
	for step := 1; step < n; step *= 2 {
		for i := 0; i+step < n; i += 2 * step {
			t.sums[2*i] += t.sums[2*(i+step)]
			t.sums[2*i+1] += t.sums[2*(i+step)+1]
		}
	}
	xAx, xx = t.sums[0], t.sums[1]
	t.release()
	return xAx, xx
}

// MulBlockTo overwrites dst (row-major Rows×k) with A X for k vectors at once,
// x row-major Cols×k. A is read once for all of them. For k ≥ 2 a column of
// the result has the same bits whatever stands beside it.
func (a *CSR) MulBlockTo(dst, x []float64, k int) { a.mulBlockTo(1, dst, x, k) }

// MulBlockTo is that of CSR, on several threads and with the same bits.
func (p *parallelCSR) MulBlockTo(dst, x []float64, k int) { p.mulBlockTo(p.threads, dst, x, k) }

func (a *CSR) mulBlockTo(threads int, dst, x []float64, k int) {
	if k < 1 || len(dst) != a.Rows*k || len(x) != a.Cols*k {
		panic(fmt.Sprintf("matrix: CSR: %d×%d product of %d vectors, %d numbers, into %d", a.Rows, a.Cols, k, len(x), len(dst)))
	}
	a.runBlocks(threads, dst, x, k)
}

// runBlocks multiplies k vectors, whose lengths have been checked.
func (a *CSR) runBlocks(threads int, dst, x []float64, k int) {
	t := blockTasks.Get().(*blockTask)
	t.a, t.cuts, t.dst, t.x, t.k, t.dots = a, a.blocks(), dst, x, k, false
	t.run(threads)
	t.release()
}

// mulRows multiplies rows lo…hi−1 by k ≥ 2 vectors, eight at a time.
func (a *CSR) mulRows(lo, hi int, dst, x []float64, k int) {
	for j := 0; j < k && lo < hi; j += 8 {
		kern.ColumnsMV(a.RowPtr[lo:hi+1], a.Col, a.Val, x[min(j, len(x)):], dst[lo*k+j:], min(8, k-j), k)
	}
}
