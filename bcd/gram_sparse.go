package bcd

import (
	"slices"

	"solve/internal/kern"
	"solve/internal/par"
)

// rowLists holds the entries of some columns by rows: those of row i are
// (col, val)[ptr_i : ptr_{i+1}], by position.
type rowLists struct {
	ptr []int32
	col []int32
	val []float64
	of  []int32 // the columns
}

// build sorts the entries of the columns by rows.
func (l *rowLists) build(d *design, cols []int32) {
	if len(cols) > 0 && slices.Equal(l.of, cols) {
		return
	}
	l.of = append(l.of[:0], cols...)
	if len(l.ptr) < d.n+2 {
		l.ptr = make([]int32, d.n+2)
	}
	clear(l.ptr)
	nnz := 0
	for _, j := range cols {
		rows, _ := d.column(int(j))
		nnz += len(rows)
		for _, i := range rows {
			l.ptr[i+2]++
		}
	}
	for i := range d.n {
		l.ptr[i+2] += l.ptr[i+1]
	}
	if cap(l.col) < nnz {
		l.col, l.val = make([]int32, nnz+nnz/4), make([]float64, nnz+nnz/4)
	}
	l.col, l.val = l.col[:nnz], l.val[:nnz]
	for a, j := range cols {
		rows, vals := d.column(int(j))
		for k, i := range rows {
			t := l.ptr[i+1]
			l.col[t], l.val[t] = int32(a), vals[k]
			l.ptr[i+1] = t + 1
		}
	}
}

// sparseRows fills rows by walking every member's column once and meeting the
// new columns in the rows it touches.
func (q *gram) sparseRows(first int) {
	n := len(q.members)
	q.rows.build(q.d, q.members[first:])
	if first == 0 && n <= smallGram {
		q.sparsePairs()
		return
	}
	ptr, col, val := q.rows.ptr, q.rows.col, q.rows.val
	const block = 16
	par.For(q.threads, par.Chunks(n, block), func(chunk int) {
		lo, hi := par.Bounds(chunk, n, block)
		for b := lo; b < hi; b++ {
			rows, vals := q.d.column(int(q.members[b]))
			least := int32(b - first) // of a pair of new columns the later one has the row
			for k, i := range rows {
				v := vals[k]
				if q.h != nil {
					v *= q.h[i]
				} else {
					v *= q.omega
				}
				for t := ptr[i+1] - 1; t >= ptr[i] && col[t] >= least; t-- {
					q.g[(first+int(col[t]))*q.ld+b] += v * val[t]
				}
			}
		}
	})
}

// smallGram is the order up to which the whole matrix is summed row by row of X:
// loops over lists of the same length are easier to predict, and chunks of rows
// can afford a matrix each.
const smallGram = 128

// Such a chunk has at least pairRows rows, and there are pairChunks at most.
const (
	pairRows   = 8192
	pairChunks = 16
)

// sparsePairs fills the matrix from the pairs of entries in each row.
func (q *gram) sparsePairs() {
	n := len(q.members)
	rows := max(pairRows, (q.d.n+pairChunks-1)/pairChunks)
	chunks := par.Chunks(q.d.n, rows)
	q.tile = grow(q.tile, chunks*n*n)
	par.For(q.threads, chunks, func(chunk int) {
		sum := q.tile[chunk*n*n : (chunk+1)*n*n]
		clear(sum)
		lo, hi := par.Bounds(chunk, q.d.n, rows)
		if q.d.ones {
			q.addOnes(sum, lo, hi)
		} else {
			q.addPairs(sum, lo, hi)
		}
	})
	for chunk := range chunks {
		for a := range n {
			kern.Axpy(1, q.tile[(chunk*n+a)*n:(chunk*n+a)*n+a+1], q.g[a*q.ld:a*q.ld+a+1])
		}
	}
}

// weight is h_i.
func (q *gram) weight(i int) float64 {
	if q.h != nil {
		return q.h[i]
	}
	return q.omega
}

// addPairs adds h x_a x_b of the rows lo … hi−1 for a ≥ b.
func (q *gram) addPairs(sum []float64, lo, hi int) {
	n, l := len(q.members), &q.rows
	for i := lo; i < hi; i++ {
		from, to := l.ptr[i], l.ptr[i+1]
		cols, vals := l.col[from:to], l.val[from:to]
		h := q.weight(i)
		for k, a := range cols {
			line, v := sum[int(a)*n:int(a)*n+n], h*vals[k]
			for t, b := range cols[:k+1] {
				line[b] += v * vals[t]
			}
		}
	}
}

// addOnes is addPairs where all entries are 1.
func (q *gram) addOnes(sum []float64, lo, hi int) {
	n, l := len(q.members), &q.rows
	for i := lo; i < hi; i++ {
		cols, h := l.col[l.ptr[i]:l.ptr[i+1]], q.weight(i)
		for k, a := range cols {
			line := sum[int(a)*n : int(a)*n+n]
			for _, b := range cols[:k+1] {
				line[b] += h
			}
		}
	}
}

// pairsCost counts the pairs of entries in a row that sparseRows would meet.
func (q *gram) pairsCost(cols []int32) float64 {
	anew := len(q.members) == 0
	if anew && slices.Equal(q.priced, cols) {
		return q.price
	}
	if len(q.count) < q.d.n {
		q.count = make([]int32, q.d.n)
	}
	clear(q.count)
	for _, j := range cols {
		if q.at[j] < 0 {
			rows, _ := q.d.column(int(j))
			for _, i := range rows {
				q.count[i]++
			}
		}
	}
	entries, pairs := 0, 0
	for _, j := range cols {
		rows, _ := q.d.column(int(j))
		met := int32(0)
		for _, i := range rows {
			met += q.count[i]
		}
		entries += len(rows)
		if pairs += int(met); q.at[j] < 0 {
			pairs -= int(met) / 2
		}
	}
	perPair := 1.5
	if anew && len(cols) <= smallGram {
		perPair = 0.6
	}
	cost := 3*float64(entries) + perPair*float64(pairs)
	if anew {
		q.priced, q.price = append(q.priced[:0], cols...), cost
	}
	return cost
}
