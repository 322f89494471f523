package matrix

import (
	"fmt"
	"runtime"
	"sync/atomic"

	"solve/internal/kern"
	"solve/internal/par"
)

// BlockProduct computes A X for a square n×n A and k vectors X that come into
// being under way: a chunk of rows of A is multiplied as soon as those rows of
// X exist that it meets. Where A is banded X is used while it is in cache. It is
// not for concurrent use; a product allocates nothing.
//
// The vectors stand in groups of eight, the last with what is left: group g is
// row-major n×8 (or less), from number 8gn on.
type BlockProduct struct {
	a       *CSR
	threads int
	size    int
	// order is how the work is claimed: c ≥ 0 for the making of chunk c of X,
	// ^c for the multiplication of chunk c of A.
	order []int
	needs []int // by chunk of A: so many chunks of X come first
	// made tells the chunks of X that exist: those with the number of the run.
	made   []atomic.Uint64
	run    uint64
	prefix atomic.Int64 // so many chunks of X are known to exist
	broken atomic.Bool  // by a panic, after which chunks are left out
	fn     func(int)

	dst, x          []float64
	k               int
	prepare, finish func(chunk int)
}

// BlockProduct prepares products over chunks of the given number of rows.
func (a *CSR) BlockProduct(rows int) *BlockProduct { return newBlockProduct(a, rows, 1) }

// BlockProduct is that of CSR, on several threads and with the same bits.
func (p *parallelCSR) BlockProduct(rows int) *BlockProduct {
	return newBlockProduct(p.CSR, rows, p.threads)
}

func newBlockProduct(a *CSR, rows, threads int) *BlockProduct {
	if a.Rows != a.Cols || rows < 1 {
		panic(fmt.Sprintf("matrix: block product of a %d×%d matrix over chunks of %d rows", a.Rows, a.Cols, rows))
	}
	chunks := par.Chunks(a.Rows, rows)
	p := &BlockProduct{
		a: a, threads: threads, size: rows, order: make([]int, 0, 2*chunks),
		needs: make([]int, chunks), made: make([]atomic.Uint64, chunks),
	}
	p.fn = p.task
	ahead := 0
	for c := range chunks {
		// Chunk c of X too: finish may use it.
		need := max(ahead, c+1)
		lo, hi := par.Bounds(c, a.Rows, rows)
		for i := lo; i < hi; i++ {
			if col, _ := a.Row(i); len(col) > 0 {
				need = max(need, int(col[len(col)-1])/rows+1)
			}
		}
		for ; ahead < need; ahead++ {
			p.order = append(p.order, ahead)
		}
		p.needs[c] = need
		p.order = append(p.order, ^c)
	}
	return p
}

// MulTo overwrites dst with A X for k vectors in groups. prepare(c) is
// called once for every chunk c of rows, and writes that chunk of x; finish(c)
// when chunk c of dst is done. Calls for different chunks may overlap; a call of prepare
// must neither read nor write other chunks of x. A column of the result has the
// same bits whatever stands beside it.
func (p *BlockProduct) MulTo(dst, x []float64, k int, prepare, finish func(chunk int)) {
	if k < 1 || len(dst) != p.a.Rows*k || len(x) != p.a.Rows*k {
		panic(fmt.Sprintf("matrix: CSR: %d×%d product of %d vectors, %d numbers, into %d", p.a.Rows, p.a.Cols, k, len(x), len(dst)))
	}
	p.dst, p.x, p.k, p.prepare, p.finish = dst, x, k, prepare, finish
	p.run++
	p.prefix.Store(0)
	p.broken.Store(false)
	par.For(p.threads, len(p.order), p.fn)
	p.dst, p.x, p.prepare, p.finish = nil, nil, nil, nil
}

func (p *BlockProduct) task(t int) {
	complete := false
	defer func() {
		if !complete {
			p.broken.Store(true)
		}
	}()
	p.do(p.order[t])
	complete = true
}

func (p *BlockProduct) do(c int) {
	if c >= 0 {
		p.prepare(c)
		p.made[c].Store(p.run)
		return
	}
	c = ^c
	p.await(p.needs[c])
	lo, hi := par.Bounds(c, p.a.Rows, p.size)
	for j := 0; j < p.k; j += 8 {
		from, width := j*p.a.Rows, min(8, p.k-j)
		kern.ColumnsMV(p.a.RowPtr[lo:hi+1], p.a.Col, p.a.Val, p.x[from:], p.dst[from+lo*width:from+hi*width], width, width)
	}
	p.finish(c)
}

// await returns when the first chunks of X exist. They have been claimed
// before, so that the wait is at most for one of them on each thread.
func (p *BlockProduct) await(chunks int) {
	known := p.prefix.Load()
	for ; known < int64(chunks); known++ {
		for p.made[known].Load() != p.run && !p.broken.Load() {
			runtime.Gosched()
		}
	}
	p.prefix.Store(known)
}
