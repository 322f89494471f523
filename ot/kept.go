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

// keptBlock is what is kept of a block of rows: octets, which are 8 entries in
// adjacent columns, where the plan has many large entries close together, and
// single entries elsewhere. Octets hold entries below the thresholds, too, and
// take a quarter of the time an entry.
type keptBlock struct {
	octets, singles sparseRows // octets.col is the first of 8 columns
	full            bool       // too many entries: selection was given up
	rows            int        // how many rows the block will have
	to              kern.Selection
}

const octet = 8

// sparseRows is a compressed sparse row matrix. As a matrix of octets, it has
// 8 values for each of its columns.
type sparseRows struct {
	ptr []int64
	col []int32
	val []float64
}

func (m *sparseRows) row(i int) (col []int32, val []float64) {
	lo, hi := m.ptr[i], m.ptr[i+1]
	return m.col[lo:hi], m.val[lo:hi]
}

func (m *sparseRows) octetRow(i int) (col []int32, val []float64) {
	lo, hi := m.ptr[i], m.ptr[i+1]
	return m.col[lo:hi], m.val[octet*lo : octet*hi]
}

func (m *sparseRows) reset() { m.ptr, m.col, m.val = append(m.ptr[:0], 0), m.col[:0], m.val[:0] }

// done is the number of rows so far.
func (m *sparseRows) done() int { return len(m.ptr) - 1 }

func (m *sparseRows) endRow() { m.ptr = append(m.ptr, int64(len(m.col))) }

// room returns memory behind the end for n entries, or octets for width 8.
// It is taken for all rows at once, going by those that are done, and not
// cleared: most of it may never be touched.
func (m *sparseRows) room(n, rows, width int) (col []int32, val []float64) {
	at := len(m.col)
	if need := at + n; need > cap(m.col) || width*need > cap(m.val) {
		perRow := n / firstFill
		if done := m.done(); done > 0 {
			perRow = at/done*5/4 + 1
		}
		size := need + (rows-m.done())*perRow
		m.col = append(make([]int32, 0, size), m.col...)
		m.val = append(make([]float64, 0, width*size), m.val...)
	}
	return m.col[at : at+n], m.val[width*at : width*(at+n)]
}

// firstFill is the share of a row, as a divisor, that is expected to be kept
// before any row is seen.
const firstFill = 4

// grow takes over n entries or octets that were written behind the end.
func (m *sparseRows) grow(n, width int) {
	m.col, m.val = m.col[:len(m.col)+n], m.val[:len(m.val)+width*n]
}

func (k *kept) reset(blocks, rowsPerBlock int) {
	if len(k.blocks) != blocks {
		k.blocks = make([]keptBlock, blocks)
	}
	for i := range k.blocks {
		b := &k.blocks[i]
		b.octets.reset()
		b.singles.reset()
		b.full, b.rows = false, rowsPerBlock
	}
	k.perRows = rowsPerBlock
}

// add appends the entries scale·e_j ≥ min(rowThr, sel.col_j) as the next row.
func (b *keptBlock) add(e []float64, scale, rowThr float64, sel *selection) {
	b.extend(e, scale, rowThr, sel.col, 0)
	b.endRow(len(e), sel.fill)
}

// extend appends entries of a part of a row that starts in column j0.
func (b *keptBlock) extend(e []float64, scale, rowThr float64, colThr []float64, j0 int) {
	if b.full {
		return
	}
	b.to.OctetCol, b.to.OctetVal = b.octets.room(len(e)/octet, b.rows, octet)
	b.to.Col, b.to.Val = b.singles.room(len(e)+8, b.rows, 1)
	octets, singles := kern.SelectPlan(&b.to, e, scale, rowThr, colThr, int32(j0))
	b.octets.grow(octets, octet)
	b.singles.grow(singles, 1)
}

// endRow closes a row of m columns; rows fuller than fill on average make the
// block full. Small problems never are: a sparse row costs little there.
func (b *keptBlock) endRow(m int, fill float64) {
	if b.full {
		return
	}
	b.octets.endRow()
	b.singles.endRow()
	b.full = float64(b.nnz()) > fill*float64(b.singles.done())*float64(m)+smallFill
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

// block returns the block of row i and the row's number in it.
func (k *kept) block(i int) (b *keptBlock, r int) { return &k.blocks[i/k.perRows], i % k.perRows }

// nnz counts the entries.
func (b *keptBlock) nnz() int { return len(b.octets.val) + len(b.singles.val) }

func (k *kept) nnz() int {
	n := 0
	for i := range k.blocks {
		n += k.blocks[i].nnz()
	}
	return n
}

// octetWork is the time that products with an octet take over that of those
// with a single entry.
const octetWork = 2

// rowSize returns the number of entries of row r and the time of products with
// it, in single entries.
func (b *keptBlock) rowSize(r int) (entries, work int64) {
	octets, singles := b.octets.ptr[r+1]-b.octets.ptr[r], b.singles.ptr[r+1]-b.singles.ptr[r]
	return octet*octets + singles, octetWork*octets + singles
}

// work is the time of products with all rows, in single entries.
func (k *kept) work() float64 {
	n := 0
	for i := range k.blocks {
		n += octetWork*len(k.blocks[i].octets.col) + len(k.blocks[i].singles.col)
	}
	return float64(n)
}

// mul computes w = P_s y for the rows of the block.
func (b *keptBlock) mul(w, y []float64) {
	kern.SpMV(b.singles.ptr, b.singles.col, b.singles.val, y, w)
	kern.OctetMV(b.octets.ptr, b.octets.col, b.octets.val, y, w)
}

// addMulT computes sum += P_sᵀ w for the rows of the block.
func (b *keptBlock) addMulT(sum, w []float64) {
	kern.OctetMTV(b.octets.ptr, b.octets.col, b.octets.val, w, sum)
	kern.SpMTV(b.singles.ptr, b.singles.col, b.singles.val, w, sum)
}

// addSquares computes sum_j += Σ_r w_r P_rj² for the rows of the block.
func (b *keptBlock) addSquares(sum, w []float64) {
	kern.OctetSquares(b.octets.ptr, b.octets.col, b.octets.val, w, sum)
	for r, x := range w {
		col, val := b.singles.row(r)
		for k, j := range col {
			sum[j] += x * val[k] * val[k]
		}
	}
}

// addUpTo computes sum += x times row r, in the columns up to j and perhaps
// some of the next 7.
func (b *keptBlock) addUpTo(sum []float64, x float64, r, j int) {
	end := func(m *sparseRows) int64 {
		e := m.ptr[r]
		for ; e < m.ptr[r+1] && int(m.col[e]) <= j; e++ {
		}
		return e
	}
	o, s := &b.octets, &b.singles
	kern.OctetMTV([]int64{o.ptr[r], end(o)}, o.col, o.val, []float64{x}, sum)
	from, to := s.ptr[r], end(s)
	kern.ScatterAxpy(x, s.col[from:to], s.val[from:to], sum)
}

// each visits the entries of row r, not in the order of columns.
func (b *keptBlock) each(r int, visit func(j int32, v float64)) {
	col, val := b.octets.octetRow(r)
	for k, v := range val {
		visit(col[k/octet]+int32(k%octet), v)
	}
	col, val = b.singles.row(r)
	for k, v := range val {
		visit(col[k], v)
	}
}

// drop removes the single entries with max(P_ij/a_i, P_ij/c_j) < θ. Of the
// octets there are hardly any without a larger entry.
func (k *kept) drop(s *semidual, c []float64, theta float64) {
	colThr := make([]float64, s.m)
	for j := range c {
		colThr[j] = theta * c[j]
	}
	par.For(s.threads, len(k.blocks), func(i int) { k.blocks[i].singles.drop(s.a[i*k.perRows:], theta, colThr) })
}

// drop removes the entries that are below both thresholds.
func (m *sparseRows) drop(a []float64, theta float64, colThr []float64) {
	to, from := 0, 0
	for r, end := range m.ptr[1:] {
		rowThr := theta * a[r]
		for ; from < int(end); from++ {
			j, v := m.col[from], m.val[from]
			m.col[to], m.val[to] = j, v
			if v >= min(rowThr, colThr[j]) {
				to++
			}
		}
		m.ptr[r+1] = int64(to)
	}
	m.col, m.val = m.col[:to], m.val[:to]
}
