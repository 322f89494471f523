package linsys

import (
	"solve/internal/kern"
	"solve/internal/par"
	"solve/matrix"
)

// perColumn is a number for each column of a block.
type perColumn = [blockWidth]float64

// blockPass does the vector passes of block CG over row-major n×width
// vectors, a chunk of rows after the other; sums are added pairwise, so that
// they don't depend on the threads. It is not for concurrent use.
//
// Memory is what the passes wait for. They are two where there is no
// preconditioner: x and p move on just ahead of the rows of A that meet p, and
// pᵀAp is summed behind them; r moves on from the last chunk to the first, which
// finds the end of q in cache, and leaves there what the next pass begins with.
type blockPass struct {
	threads int
	n       int
	product *matrix.BlockProduct // nil: A multiplies single vectors

	// The chunks, as functions made once.
	dot, direct, curve, descend func(int)

	width         int
	alpha, beta   perColumn
	x, r, p, q, z []float64
	sums          []perColumn // by chunk
}

// blockRows is the rows of a chunk.
const blockRows = chunkLength / blockWidth

// blockOperator multiplies several vectors at once.
type blockOperator interface {
	BlockProduct(rows int) *matrix.BlockProduct
}

func (b *blockPass) init(s *system, n int) {
	b.threads, b.n = par.Threads(s.threads), n
	if a, ok := s.a.(blockOperator); ok {
		b.product = a.BlockProduct(blockRows)
	}
	b.sums = make([]perColumn, max(1, par.Chunks(n, blockRows)))
	b.dot, b.direct, b.curve, b.descend = b.dotChunk, b.directChunk, b.curveChunk, b.descendChunk
}

// run does the chunks.
func (b *blockPass) run(chunk func(int)) {
	chunks := par.Chunks(b.n, blockRows)
	if b.n*b.width >= parallelFrom {
		par.For(b.threads, chunks, chunk)
		return
	}
	for c := range chunks {
		chunk(c)
	}
}

// total adds the sums of the chunks.
func (b *blockPass) total() perColumn {
	for step := 1; step < len(b.sums); step *= 2 {
		for i := 0; i+step < len(b.sums); i += 2 * step {
			for j, t := range b.sums[i+step] {
				b.sums[i][j] += t
			}
		}
	}
	return b.sums[0]
}

// dots returns zᵀr of every column.
func (b *blockPass) dots() perColumn {
	b.run(b.dot)
	return b.total()
}

// multiply computes x += α p, p = z + β p and q = A p, and returns pᵀq. Without
// a block product columns does q = A p.
func (b *blockPass) multiply(columns func()) perColumn {
	if b.product != nil {
		b.product.MulTo(b.q[:b.n*b.width], b.p[:b.n*b.width], b.width, b.direct, b.curve)
		return b.total()
	}
	b.run(b.direct)
	columns()
	b.run(b.curve)
	return b.total()
}

// step computes r −= α q and returns rᵀr.
func (b *blockPass) step() perColumn {
	b.run(b.descend)
	return b.total()
}

// part returns rows lo…hi−1 of x.
func (b *blockPass) part(x []float64, c int) []float64 {
	lo, hi := par.Bounds(c, b.n, blockRows)
	return x[lo*b.width : hi*b.width]
}

func (b *blockPass) dotChunk(c int) {
	b.sums[c] = perColumn{}
	kern.ColumnsDot(b.width, b.part(b.z, c), b.part(b.r, c), &b.sums[c])
}

func (b *blockPass) directChunk(c int) {
	kern.ColumnsDirect(b.width, &b.alpha, &b.beta, b.part(b.z, c), b.part(b.x, c), b.part(b.p, c))
}

func (b *blockPass) curveChunk(c int) {
	b.sums[c] = perColumn{}
	kern.ColumnsDot(b.width, b.part(b.p, c), b.part(b.q, c), &b.sums[c])
}

func (b *blockPass) descendChunk(c int) {
	c = par.Chunks(b.n, blockRows) - 1 - c
	b.sums[c] = perColumn{}
	kern.ColumnsDescend(b.width, &b.alpha, b.part(b.q, c), b.part(b.r, c), &b.sums[c])
}
