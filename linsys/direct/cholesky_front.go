package direct

import (
	"math"

	"solve/internal/kern"
	"solve/internal/par"
)

// front is the frontal matrix of a supernode, upper triangle, row by row: the
// w rows of its columns in panel, w×(w+m) with stride ld, and the m×m update
// matrix with stride ldu. What lies below the diagonals is of no meaning.
type front struct {
	w, m, ld, ldu int
	panel, update []float64
	threads       int
	done          <-chan struct{} // closed when the factorisation is to end

	inv             []float64 // diagonal blocks of 8 rows, see kern.SolveRows
	k, kb           int       // block of rows under way
	child           []float64 // update matrix being added
	place           []int32   // where its rows go
	wipe, insert    func(chunk int)
	solve, subtract func(chunk int)
}

const (
	// blockRows is the number of rows that are eliminated before the rest of
	// a large front is updated: enough for the update to run from the caches.
	blockRows    = 128
	blockEntries = 8 * blockRows
	// largeFront is the number of operations from which a front is cut into
	// blocks and chunks. Smaller ones are not worth more than one thread.
	largeFront = 2e6
	// largeMatrix is the number of entries from which clearing and adding is
	// worth more than one thread.
	largeMatrix = 1 << 14
	// Columns and rows of a chunk.
	solveChunk, updateChunk, insertChunk = 96, 48, 64
)

func (f *front) prepare() {
	f.inv = make([]float64, blockEntries)
	f.wipe, f.insert, f.solve, f.subtract = f.wipeRows, f.insertRows, f.solveColumns, f.updateRows
}

// open begins an empty front.
func (f *front) open(w, m, ld int, panel, update []float64, threads int) {
	f.w, f.m, f.ld, f.ldu = w, m, ld, rowStride(m)
	f.panel, f.update, f.threads = panel, update, threads
	if threads == 1 || len(panel)+len(update) < largeMatrix {
		clear(panel)
		clear(update)
		return
	}
	par.For(threads, par.Chunks(w, updateChunk)+par.Chunks(m, updateChunk), f.wipe)
}

// wipeRows clears a chunk of the rows of the panel or, after those, of the
// update matrix.
func (f *front) wipeRows(chunk int) {
	rows, n, ld := f.panel, f.w, f.ld
	if t := par.Chunks(n, updateChunk); chunk >= t {
		chunk -= t
		rows, n, ld = f.update, f.m, f.ldu
	}
	lo, hi := par.Bounds(chunk, n, updateChunk)
	clear(rows[lo*ld : hi*ld])
}

// add adds the update matrix of a child; row i goes to place[i].
func (f *front) add(child []float64, place []int32) {
	f.child, f.place = child, place
	n := len(place)
	if f.threads == 1 || n*n < largeMatrix {
		f.insertRange(0, n)
		return
	}
	par.For(f.threads, par.Chunks(n, insertChunk), f.insert)
}

func (f *front) insertRows(chunk int) {
	f.insertRange(par.Bounds(chunk, len(f.place), insertChunk))
}

func (f *front) insertRange(lo, hi int) {
	n := len(f.place)
	ld := rowStride(n)
	for i := lo; i < hi; i++ {
		to := int(f.place[i])
		place, src := f.place[i:], f.child[i*ld+i:i*ld+n]
		if to < f.w {
			insertRow(f.panel[to*f.ld:(to+1)*f.ld], place, src, 0)
		} else {
			to -= f.w
			insertRow(f.update[to*f.ldu:(to+1)*f.ldu], place, src, f.w)
		}
	}
}

// insertRow adds src_j to dst at place_j − shift.
func insertRow(dst []float64, place []int32, src []float64, shift int) {
	place = place[:len(src)]
	for j, v := range src {
		dst[int(place[j])-shift] += v
	}
}

// factor eliminates the first w rows. It returns the first row with a pivot
// that is not positive, and that pivot; or -1.
func (f *front) factor() (row int, pivot float64) {
	w, m, r := f.w, f.m, f.w+f.m
	if float64(w)*float64(r)*float64(r) < largeFront && w <= blockRows {
		if row, pivot = factorRows(w, r, f.panel, f.ld, f.inv); row >= 0 {
			return row, pivot
		}
		if m > 0 {
			kern.SubTNUpper(m, w, f.panel[w:], f.ld, f.update, f.ldu)
		}
		return -1, 0
	}
	blocks := par.Chunks(w, blockRows)
	size := (par.Chunks(w, blocks) + 7) &^ 7
	for f.k = 0; f.k < w && !closed(f.done); f.k += size {
		f.kb = min(size, w-f.k)
		if row, pivot = factorRows(f.kb, f.kb, f.panel[f.k*f.ld+f.k:], f.ld, f.inv); row >= 0 {
			return f.k + row, pivot
		}
		par.For(f.threads, par.Chunks(r-f.k-f.kb, solveChunk), f.solve)
		par.For(f.threads, par.Chunks(w-f.k-f.kb, updateChunk)+par.Chunks(m, updateChunk), f.subtract)
	}
	return -1, 0
}

func closed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// factorRows factors the first w rows, w ≤ blockRows, of the w×r matrix a:
// A₁₁ = R₁₁ᵀ R₁₁ and R₁₂ = R₁₁⁻ᵀ A₁₂. inv gets the diagonal blocks of R₁₁.
func factorRows(w, r int, a []float64, ld int, inv []float64) (row int, pivot float64) {
	for k := 0; k < w; k += 8 {
		rows := min(8, w-k)
		block := a[k*ld+k:]
		if k > 0 {
			kern.SubTN(rows, r-k, k, a[k:], ld, a[k:], ld, block, ld)
		}
		t := (*[64]float64)(inv[8*k:])
		if row, pivot = factorBlock(rows, block, ld, t); row >= 0 {
			return k + row, pivot
		}
		if k+rows < r {
			kern.SolveRows(rows, t, block[rows:], ld, r-k-rows)
		}
	}
	return -1, 0
}

// factorBlock factors the upper triangle of the n×n block a, n ≤ 8, in place;
// t gets the factor with the diagonal inverted.
func factorBlock(n int, a []float64, ld int, t *[64]float64) (row int, pivot float64) {
	for i := range n {
		copy(t[9*i:8*i+n], a[i*ld+i:i*ld+n])
	}
	for k := range n {
		pivot = t[9*k]
		if !(pivot > 0 && pivot <= math.MaxFloat64) {
			return k, pivot
		}
		d := math.Sqrt(pivot)
		inverse := 1 / d
		line := t[8*k : 8*k+n]
		line[k] = inverse
		for j := k + 1; j < n; j++ {
			line[j] *= inverse
		}
		for i := k + 1; i < n; i++ {
			v, target := line[i], t[8*i:8*i+n]
			for j := i; j < n; j++ {
				target[j] -= v * line[j]
			}
		}
		out := a[k*ld : k*ld+n]
		copy(out[k:], line[k:])
		out[k] = d
	}
	return -1, 0
}

// solveColumns eliminates the block of rows in a chunk of the columns after it.
func (f *front) solveColumns(chunk int) {
	first := f.k + f.kb
	lo, hi := par.Bounds(chunk, f.w+f.m-first, solveChunk)
	ld, n := f.ld, hi-lo
	block := f.panel[f.k*ld:]
	for k := 0; k < f.kb; k += 8 {
		rows := min(8, f.kb-k)
		target := block[k*ld+first+lo:]
		if k > 0 {
			kern.SubTN(rows, n, k, block[f.k+k:], ld, block[first+lo:], ld, target, ld)
		}
		kern.SolveRows(rows, (*[64]float64)(f.inv[8*k:]), target, ld, n)
	}
}

// updateRows subtracts the product of the block of rows from a chunk of the
// rows below it: first come those of the panel, then the update matrix.
func (f *front) updateRows(chunk int) {
	first, n := f.k+f.kb, f.w-f.k-f.kb
	c, ldc := f.panel[min(first*f.ld+first, len(f.panel)):], f.ld
	cols := n + f.m
	if t := par.Chunks(n, updateChunk); chunk >= t {
		chunk -= t
		first, n, cols = f.w, f.m, f.m
		c, ldc = f.update, f.ldu
	}
	lo, hi := par.Bounds(chunk, n, updateChunk)
	rows := f.panel[f.k*f.ld+first:]
	kern.SubTNUpper(hi-lo, f.kb, rows[lo:], f.ld, c[lo*ldc+lo:], ldc)
	if hi < cols {
		kern.SubTN(hi-lo, cols-hi, f.kb, rows[lo:], f.ld, rows[hi:], f.ld, c[lo*ldc+hi:], ldc)
	}
}
