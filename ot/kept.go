package ot

import (
	"solve/internal/kern"
	"solve/internal/par"
)

// kept holds entries of P selected during a pass, block by block.
type kept struct {
	blocks  []keptBlock
	perRows int
}

type keptBlock struct {
	ends []int // end of each row in col and val
	col  []int32
	val  []float64
	full bool // too many entries: selection was given up
	rows int  // how many rows the block will have
}

func (k *kept) reset(blocks, rowsPerBlock int) {
	if len(k.blocks) != blocks {
		k.blocks = make([]keptBlock, blocks)
	}
	for i := range k.blocks {
		b := &k.blocks[i]
		b.ends, b.col, b.val, b.full, b.rows = b.ends[:0], b.col[:0], b.val[:0], false, rowsPerBlock
	}
	k.perRows = rowsPerBlock
}

// add appends the entries scale·e_j ≥ min(rowThr, sel.col_j) as the next row.
func (b *keptBlock) add(e []float64, scale, rowThr float64, sel *selection) {
	if b.full {
		return
	}
	b.take(e, scale, rowThr, sel.col)
	b.endRow(len(e), sel.fill)
}

// extend appends entries of a part of a row; number renames its columns.
func (b *keptBlock) extend(e []float64, rowThr float64, colThr []float64, number []int32) {
	if b.full {
		return
	}
	added := b.take(e, 1, rowThr, colThr)
	for t, j := range added {
		added[t] = number[j]
	}
}

// take appends the entries scale·e_j ≥ min(rowThr, colThr_j) and returns
// their columns.
func (b *keptBlock) take(e []float64, scale, rowThr float64, colThr []float64) []int32 {
	at, room := b.grow(len(e))
	n := kern.SelectPlan(b.col[at:room], b.val[at:room], e, scale, rowThr, colThr, 0)
	b.col, b.val = b.col[:at+n], b.val[:at+n]
	return b.col[at:]
}

// grow makes room for a selection from n entries at the end. Memory is taken
// for all rows of the block at once, going by those that are done, and not
// cleared: most of it may never be touched.
func (b *keptBlock) grow(n int) (at, room int) {
	at = len(b.col)
	room = at + n + 8
	if room > cap(b.col) {
		perRow := n / firstFill
		if done := len(b.ends); done > 0 {
			perRow = at/done*5/4 + 1
		}
		size := room + (b.rows-len(b.ends))*perRow
		b.col = append(make([]int32, 0, size), b.col...)
		b.val = append(make([]float64, 0, size), b.val...)
	}
	b.col, b.val = b.col[:room], b.val[:room]
	return at, room
}

// firstFill is the share of a row, as a divisor, that is expected to be kept
// before any row is seen.
const firstFill = 4

// endRow closes a row of m columns; rows fuller than fill on average make the
// block full. Small problems never are: a sparse row costs little there.
func (b *keptBlock) endRow(m int, fill float64) {
	b.ends = append(b.ends, len(b.col))
	b.full = float64(len(b.col)) > fill*float64(len(b.ends))*float64(m)+smallFill
}

// smallFill is the number of entries that a block may always keep.
const smallFill = 4096

// overflow tells whether some block was too full to select from.
func (k *kept) overflow() bool {
	for i := range k.blocks {
		if k.blocks[i].full {
			return true
		}
	}
	return false
}

// row returns the kept entries of row i.
func (k *kept) row(i int) (col []int32, val []float64) {
	b := &k.blocks[i/k.perRows]
	from, r := 0, i%k.perRows
	if r > 0 {
		from = b.ends[r-1]
	}
	return b.col[from:b.ends[r]], b.val[from:b.ends[r]]
}

// drop keeps the entries with max(P_ij/a_i, P_ij/c_j) ≥ θ and returns their
// number.
func (k *kept) drop(s *semidual, c []float64, theta float64) int {
	colThr := make([]float64, s.m)
	for j := range c {
		colThr[j] = theta * c[j]
	}
	par.For(s.threads, len(k.blocks), func(b int) { k.blocks[b].drop(s.a, b*k.perRows, theta, colThr) })
	return k.nnz()
}

// drop removes the entries of the block that are below both thresholds.
func (b *keptBlock) drop(a []float64, row0 int, theta float64, colThr []float64) {
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
}

// nnz counts the entries.
func (k *kept) nnz() int {
	n := 0
	for i := range k.blocks {
		n += len(k.blocks[i].val)
	}
	return n
}
