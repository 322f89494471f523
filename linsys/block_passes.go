package linsys

import (
	"solve/internal/kern"
	"solve/internal/par"
	"solve/matrix"
)

// groupWidth is how many columns stand side by side in a row.
const groupWidth = 8

// perColumn is a number for each column of a block, by group.
type perColumn [blockWidth / groupWidth][groupWidth]float64

// at addresses the number of column j.
func (p *perColumn) at(j int) *float64 { return &p[j/groupWidth][j%groupWidth] }

// blockPass does the vector passes of block CG over width vectors in groups of
// eight (see matrix.BlockProduct), a chunk of rows after the other; sums are
// added pairwise, so that they don't depend on the threads. It is not for
// concurrent use.
//
// Memory is what the passes wait for. They are two where there is no
// preconditioner: x and p move on just ahead of the rows of A that meet p, and
// pᵀAp is summed behind them; r moves on from the last chunk to the first, which
// finds the end of q in cache, and leaves there what the next pass begins with.
// With a diagonal preconditioner they are the same two: z = M⁻¹r is computed
// where it is used, and zᵀr is summed where r moves on.
type blockPass struct {
	threads int
	n       int
	product *matrix.BlockProduct // nil: A multiplies single vectors

	// The chunks, as functions made once.
	dot, direct, curve, descend func(int)

	width         int
	alpha, beta   perColumn
	x, r, p, q, z []float64
	inv           []float64   // the diagonal of M⁻¹, if that is all there is to it
	sums, gains   []perColumn // by chunk
}

// blockRows is the rows of a chunk.
const blockRows = chunkLength / groupWidth

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
	if m, ok := s.m.(*Diagonal); ok {
		b.inv, b.gains = m.inv, make([]perColumn, len(b.sums))
		b.direct, b.descend = b.directScaledChunk, b.descendScaledChunk
	}
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
func total(sums []perColumn) perColumn {
	for step := 1; step < len(sums); step *= 2 {
		for i := 0; i+step < len(sums); i += 2 * step {
			for g := range sums[i] {
				for j, t := range sums[i+step][g] {
					sums[i][g][j] += t
				}
			}
		}
	}
	return sums[0]
}

// dots returns zᵀr of every column.
func (b *blockPass) dots() perColumn {
	b.run(b.dot)
	return total(b.sums)
}

// multiply computes x += α p, p = z + β p and q = A p, and returns pᵀq. Without
// a block product columns does q = A p.
func (b *blockPass) multiply(columns func()) perColumn {
	if b.product != nil {
		b.product.MulTo(b.q[:b.n*b.width], b.p[:b.n*b.width], b.width, b.direct, b.curve)
		return total(b.sums)
	}
	b.run(b.direct)
	columns()
	b.run(b.curve)
	return total(b.sums)
}

// step computes r −= α q and returns rᵀr and, where M is diagonal or missing,
// rᵀM⁻¹r.
func (b *blockPass) step() (squares, gains perColumn) {
	b.run(b.descend)
	squares = total(b.sums)
	if b.inv == nil {
		return squares, squares
	}
	return squares, total(b.gains)
}

// group returns the columns that stand in group g and where it begins.
func (b *blockPass) group(g int) (width, from int) {
	return min(groupWidth, b.width-g*groupWidth), g * groupWidth * b.n
}

// eachGroup calls fn for the parts lo…hi−1 of the vectors that are chunk c of a
// group.
func (b *blockPass) eachGroup(c int, fn func(g, width, lo, hi int)) {
	first, last := par.Bounds(c, b.n, blockRows)
	for g := 0; g*groupWidth < b.width; g++ {
		width, from := b.group(g)
		fn(g, width, from+first*width, from+last*width)
	}
}

func (b *blockPass) dotChunk(c int) {
	b.sums[c] = perColumn{}
	b.eachGroup(c, func(g, width, lo, hi int) {
		kern.ColumnsDot(width, b.z[lo:hi], b.r[lo:hi], &b.sums[c][g])
	})
}

func (b *blockPass) directChunk(c int) {
	b.eachGroup(c, func(g, width, lo, hi int) {
		kern.ColumnsDirect(width, &b.alpha[g], &b.beta[g], b.z[lo:hi], b.x[lo:hi], b.p[lo:hi])
	})
}

func (b *blockPass) directScaledChunk(c int) {
	first, last := par.Bounds(c, b.n, blockRows)
	b.eachGroup(c, func(g, width, lo, hi int) {
		kern.ColumnsDirectScaled(width, &b.alpha[g], &b.beta[g], b.inv[first:last], b.r[lo:hi], b.x[lo:hi], b.p[lo:hi])
	})
}

func (b *blockPass) curveChunk(c int) {
	b.sums[c] = perColumn{}
	b.eachGroup(c, func(g, width, lo, hi int) {
		kern.ColumnsDot(width, b.p[lo:hi], b.q[lo:hi], &b.sums[c][g])
	})
}

func (b *blockPass) descendChunk(c int) {
	c = par.Chunks(b.n, blockRows) - 1 - c
	b.sums[c] = perColumn{}
	b.eachGroup(c, func(g, width, lo, hi int) {
		kern.ColumnsDescend(width, &b.alpha[g], b.q[lo:hi], b.r[lo:hi], &b.sums[c][g])
	})
}

func (b *blockPass) descendScaledChunk(c int) {
	c = par.Chunks(b.n, blockRows) - 1 - c
	b.sums[c], b.gains[c] = perColumn{}, perColumn{}
	first, last := par.Bounds(c, b.n, blockRows)
	b.eachGroup(c, func(g, width, lo, hi int) {
		kern.ColumnsDescendScaled(width, &b.alpha[g], b.inv[first:last], b.q[lo:hi], b.r[lo:hi], &b.sums[c][g], &b.gains[c][g])
	})
}
