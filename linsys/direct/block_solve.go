package direct

import "solve/internal/par"

// columnBlocks solves for many right-hand sides, a block of columns at a time,
// on several goroutines that have a working space each. It allocates only where
// an earlier call needed less.
type columnBlocks struct {
	// solve solves for m columns of x, whose rows are stride apart.
	solve func(space, x []float64, stride, m int)

	size   int // of a space
	spaces int
	free   chan []float64
	x      []float64 // k columns, row-major
	k      int
	chunk  func(int)
}

// run does all k columns of x on at most the given number of goroutines, with
// a space of the given size for each column of a block.
func (b *columnBlocks) run(threads, size int, x []float64, k int) {
	blocks := par.Chunks(k, blockColumns)
	b.prepare(min(threads, blocks), size*min(k, blockColumns))
	b.x, b.k = x, k
	par.For(b.spaces, blocks, b.chunk)
	b.x = nil
}

func (b *columnBlocks) prepare(spaces, size int) {
	if spaces <= b.spaces && size <= b.size {
		return
	}
	b.spaces, b.size = max(spaces, b.spaces), max(size, b.size)
	b.free, b.chunk = make(chan []float64, b.spaces), b.solveChunk
	for range b.spaces {
		b.free <- make([]float64, b.size)
	}
}

func (b *columnBlocks) solveChunk(c int) {
	space := <-b.free
	lo, hi := par.Bounds(c, b.k, blockColumns)
	b.solve(space, b.x[lo:], b.k, hi-lo)
	b.free <- space
}
