package direct

import (
	"solve/internal/kern"
	"solve/internal/par"
)

// blockColumns is the number of right-hand sides that are solved together:
// as many as the kernels keep in registers.
const blockColumns = 24

// blockSpace is what one goroutine solves a block of right-hand sides in.
type blockSpace struct {
	x []float64 // in the order of elimination, row by row
	t []float64 // rows below a supernode
}

// SolveBlock overwrites the k right-hand sides in x, n×k and row-major, with
// A⁻¹ times them. Blocks of 24 columns pass through the factor together, on
// as many goroutines as the factorisation had. The working space, see
// SolveBlockBytes, is allocated on the first call and kept.
func (c *Cholesky) SolveBlock(x []float64, k int) {
	c.checkLength(len(x), c.s.n*k)
	if k == 1 {
		c.Solve(x)
		return
	}
	if k == 0 {
		return
	}
	if c.plain != nil {
		c.plain.solveBlock(x, k)
		return
	}
	blocks := par.Chunks(k, blockColumns)
	w := &c.scratch
	w.addBlockSpaces(c, min(c.threads, blocks))
	w.rhs, w.rhsCount = x, k
	par.For(len(w.blocks), blocks, w.block)
	w.rhs = nil
}

// addBlockSpaces makes room for the given number of goroutines.
func (w *solveScratch) addBlockSpaces(c *Cholesky, count int) {
	if count <= len(w.blocks) {
		return
	}
	for len(w.blocks) < count {
		w.blocks = append(w.blocks, &blockSpace{
			x: make([]float64, c.s.n*blockColumns),
			t: make([]float64, c.s.plan.maxBelow*blockColumns),
		})
	}
	w.freeBlocks = make(chan *blockSpace, count)
	for _, b := range w.blocks {
		w.freeBlocks <- b
	}
	w.block = c.solveBlock
}

// SolveBlockBytes is the memory that SolveBlock adds to Bytes for k
// right-hand sides.
func (s *CholeskyAnalysis) SolveBlockBytes(k int) int64 {
	if s.dense {
		return 0
	}
	if s.simplicial != nil {
		return 8 * int64(s.n*blockColumns)
	}
	spaces := int64(min(s.threads, par.Chunks(k, blockColumns)))
	return 8 * spaces * int64(s.n*blockColumns+s.plan.maxBelow*blockColumns)
}

// solveBlock solves for one block of columns.
func (c *Cholesky) solveBlock(chunk int) {
	b := <-c.scratch.freeBlocks
	lo, hi := par.Bounds(chunk, c.scratch.rhsCount, blockColumns)
	c.solvePart(b, c.scratch.rhs, c.scratch.rhsCount, lo, hi-lo)
	c.scratch.freeBlocks <- b
}

// solvePart solves for columns lo … lo+n−1 of the k right-hand sides in x.
func (c *Cholesky) solvePart(b *blockSpace, x []float64, k, lo, n int) {
	for j, i := range c.s.perm {
		copy(b.x[j*n:][:n], x[int(i)*k+lo:])
	}
	nodes := int32(c.s.tree.count())
	for q := range nodes {
		c.forwardBlock(b, q, n)
	}
	for q := nodes - 1; q >= 0; q-- {
		c.backwardBlock(b, q, n)
	}
	for j, i := range c.s.perm {
		copy(x[int(i)*k+lo:][:n], b.x[j*n:])
	}
}

// invertedDiagonal copies the n×n block at a, n ≤ 8, inverting its diagonal.
func invertedDiagonal(t *[64]float64, n int, a []float64, ld int) {
	for i := range n {
		copy(t[9*i:8*i+n], a[i*ld+i:])
		t[9*i] = 1 / t[9*i]
	}
}

// forwardBlock is forward for n columns.
func (c *Cholesky) forwardBlock(b *blockSpace, q int32, n int) {
	p, tree := &c.s.plan, c.s.tree
	w, rows := tree.width(q), tree.below(q)
	panel, ld := c.l[p.panel[q]:p.panel[q+1]], int(p.stride[q])
	own := b.x[int(tree.first[q])*n:][:w*n]
	forwardColumnsOf(w, panel, ld, own, n)
	if len(rows) == 0 {
		return
	}
	below := b.t[:len(rows)*n]
	clear(below)
	kern.SubTN(len(rows), n, w, panel[w:], ld, own, n, below, n)
	for j, i := range rows {
		kern.Axpy(1, below[j*n:][:n], b.x[int(i)*n:][:n])
	}
}

// backwardBlock is backward for n columns.
func (c *Cholesky) backwardBlock(b *blockSpace, q int32, n int) {
	p, tree := &c.s.plan, c.s.tree
	w, rows := tree.width(q), tree.below(q)
	panel, ld := c.l[p.panel[q]:p.panel[q+1]], int(p.stride[q])
	own := b.x[int(tree.first[q])*n:][:w*n]
	if len(rows) > 0 {
		below := b.t[:len(rows)*n]
		for j, i := range rows {
			copy(below[j*n:][:n], b.x[int(i)*n:])
		}
		kern.SubNN(w, n, len(rows), panel[w:], ld, below, n, own, n)
	}
	backwardColumnsOf(w, panel, ld, own, n)
}

// forwardColumnsOf overwrites the w×n matrix x with U⁻ᵀ x, U the upper
// triangle of the w×w matrix at u.
func forwardColumnsOf(w int, u []float64, ld int, x []float64, n int) {
	var t [64]float64
	for k := 0; k < w; k += 8 {
		height := min(8, w-k)
		if k > 0 {
			kern.SubTN(height, n, k, u[k:], ld, x, n, x[k*n:], n)
		}
		invertedDiagonal(&t, height, u[k*ld+k:], ld)
		kern.SolveRows(height, &t, x[k*n:], n, n)
	}
}

// backwardColumnsOf overwrites x with U⁻¹ x.
func backwardColumnsOf(w int, u []float64, ld int, x []float64, n int) {
	for k := (w - 1) &^ 7; k >= 0; k -= 8 {
		height := min(8, w-k)
		if next := k + height; next < w {
			kern.SubNN(height, n, w-next, u[k*ld+next:], ld, x[next*n:], n, x[k*n:], n)
		}
		solveUpper(height, u[k*ld+k:], ld, x[k*n:], n)
	}
}

// solveUpper overwrites X, rows×n, with T⁻¹ X for the upper triangular T at a.
func solveUpper(rows int, a []float64, ld int, x []float64, n int) {
	for i := rows - 1; i >= 0; i-- {
		xi := x[i*n:][:n]
		for j := i + 1; j < rows; j++ {
			kern.Axpy(-a[i*ld+j], x[j*n:][:n], xi)
		}
		d := 1 / a[i*ld+i]
		for l := range xi {
			xi[l] *= d
		}
	}
}
