package bcd

import (
	"math"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/matrix"
)

// design is X by columns: dense (column-major, copied and, where asked for,
// scaled) or compressed columns that refer to the caller's arrays unless rows
// are dropped or columns are scaled.
type design struct {
	n, p int

	dense []float64 // column j is dense[j·ld : j·ld+n]; nil = sparse
	ld    int

	ptr []int64
	row []int32
	val []float64

	ones bool // every value that is stored is 1
}

// denseShare is the density from which compressed columns are slower than
// plain ones.
const denseShare = 0.3

// passColumns is the number of columns that one chunk of a pass takes.
const passColumns = 128

// newDesign copies what has to be copied: rows with keep[i] false are left
// out (keep nil = all).
func newDesign(x Design, keep []bool, limit int64, threads int) *design {
	switch a := x.(type) {
	case *matrix.Dense:
		return designOfDense(a, keep, threads)
	case *matrix.CSR:
		return designOfColumns(a.ToCSC(), keep, limit)
	case *matrix.CSC:
		return designOfColumns(a, keep, limit)
	}
	panic("bcd: newDesign: unchecked type")
}

// stride rounds n up so that columns start on cache lines.
func stride(n int) int { return (n + 7) &^ 7 }

// kept returns the old numbers of the rows that stay.
func kept(n int, keep []bool) []int {
	rows := make([]int, 0, n)
	for i := range n {
		if keep == nil || keep[i] {
			rows = append(rows, i)
		}
	}
	return rows
}

// designOfDense transposes in tiles of 8 rows: pieces of transposeColumns entries
// are long enough to be read ahead, and columns are written by cache lines.
func designOfDense(a *matrix.Dense, keep []bool, threads int) *design {
	rows := kept(a.Rows, keep)
	d := &design{n: len(rows), p: a.Cols, ld: stride(len(rows))}
	d.dense = make([]float64, d.p*d.ld)
	par.For(threads, par.Chunks(d.p, transposeColumns), func(chunk int) {
		lo, hi := par.Bounds(chunk, d.p, transposeColumns)
		line := func(i int) []float64 { return a.Data[rows[i]*a.Cols+lo:][:hi-lo] }
		i := 0
		for ; i+8 <= len(rows); i += 8 {
			l0, l1, l2, l3 := line(i), line(i+1), line(i+2), line(i+3)
			l4, l5, l6, l7 := line(i+4), line(i+5), line(i+6), line(i+7)
			for k := range l0 {
				to := d.dense[(lo+k)*d.ld+i:][:8]
				to[0], to[1], to[2], to[3] = l0[k], l1[k], l2[k], l3[k]
				to[4], to[5], to[6], to[7] = l4[k], l5[k], l6[k], l7[k]
			}
		}
		for ; i < len(rows); i++ {
			for k, v := range line(i) {
				d.dense[(lo+k)*d.ld+i] = v
			}
		}
	})
	return d
}

const transposeColumns = 256

// designOfColumns keeps the arrays of a, or what the kept rows leave of them.
// A matrix that is mostly full becomes dense where that fits.
func designOfColumns(a *matrix.CSC, keep []bool, limit int64) *design {
	d := &design{n: a.Rows, p: a.Cols, ptr: a.ColPtr, row: a.Row, val: a.Val}
	if keep != nil {
		d = d.keepRows(keep)
	}
	cells := float64(d.n) * float64(d.p)
	if nnz := float64(d.ptr[d.p]); nnz > denseShare*cells && 8*cells < float64(limit)/2 {
		return d.densify()
	}
	d.ones = allOnes(d.val)
	return d
}

func allOnes(x []float64) bool {
	for _, v := range x {
		if v != 1 {
			return false
		}
	}
	return true
}

func (d *design) keepRows(keep []bool) *design {
	place := make([]int32, d.n)
	n := int32(0)
	for i, k := range keep {
		place[i] = -1
		if k {
			place[i] = n
			n++
		}
	}
	out := &design{n: int(n), p: d.p, ptr: make([]int64, d.p+1)}
	for _, i := range d.row {
		if place[i] >= 0 {
			out.ptr[d.p]++
		}
	}
	out.row, out.val = make([]int32, 0, out.ptr[d.p]), make([]float64, 0, out.ptr[d.p])
	for j := range d.p {
		for k := d.ptr[j]; k < d.ptr[j+1]; k++ {
			if i := place[d.row[k]]; i >= 0 {
				out.row, out.val = append(out.row, i), append(out.val, d.val[k])
			}
		}
		out.ptr[j+1] = int64(len(out.row))
	}
	return out
}

func (d *design) densify() *design {
	out := &design{n: d.n, p: d.p, ld: stride(d.n)}
	out.dense = make([]float64, out.p*out.ld)
	for j := range d.p {
		col := out.dense[j*out.ld:]
		for k := d.ptr[j]; k < d.ptr[j+1]; k++ {
			col[d.row[k]] = d.val[k]
		}
	}
	return out
}

// scale multiplies column j by by[j], in a copy of the values where they are
// the caller's.
func (d *design) scale(by []float64, owned bool) {
	d.ones = false
	if d.dense == nil && !owned {
		d.val = append([]float64(nil), d.val...)
	}
	for j, s := range by {
		_, v := d.column(j)
		for k := range v {
			v[k] *= s
		}
	}
}

// column returns column j; rows is nil for a dense one.
func (d *design) column(j int) (rows []int32, vals []float64) {
	if d.dense != nil {
		return nil, d.dense[j*d.ld : j*d.ld+d.n]
	}
	lo, hi := d.ptr[j], d.ptr[j+1]
	return d.row[lo:hi], d.val[lo:hi]
}

// nnz is the number of entries that column j touches.
func (d *design) nnz(j int) int {
	if d.dense != nil {
		return d.n
	}
	return int(d.ptr[j+1] - d.ptr[j])
}

// longVector is the length that one kernel call takes at most.
const longVector = 1 << 16

// dot returns X_jᵀv.
func (d *design) dot(j int, v []float64) float64 {
	rows, vals := d.column(j)
	if d.ones {
		return sumAt(rows, v)
	}
	return columnDot(rows, vals, v)
}

// axpy adds a X_j to v.
func (d *design) axpy(a float64, j int, v []float64) {
	rows, vals := d.column(j)
	if d.ones {
		addAt(a, rows, v)
		return
	}
	columnAxpy(a, rows, vals, v)
}

// sumAt is the product of a column of ones in some rows with v.
func sumAt(rows []int32, v []float64) float64 {
	var a, b, c, d float64
	for len(rows) >= 4 {
		a += v[rows[0]]
		b += v[rows[1]]
		c += v[rows[2]]
		d += v[rows[3]]
		rows = rows[4:]
	}
	for _, i := range rows {
		a += v[i]
	}
	return (a + b) + (c + d)
}

// addAt adds a to v in some rows.
func addAt(a float64, rows []int32, v []float64) {
	for _, i := range rows {
		v[i] += a
	}
}

// dot returns xᵀy.
func dot(x, y []float64) float64 { return columnDot(nil, x, y) }

func columnDot(rows []int32, vals, v []float64) float64 {
	s := 0.0
	for len(vals) > longVector {
		if rows == nil {
			s += kern.Dot(vals[:longVector], v[:longVector])
			v = v[longVector:]
		} else {
			s += kern.GatherDot(rows[:longVector], vals[:longVector], v)
			rows = rows[longVector:]
		}
		vals = vals[longVector:]
	}
	if rows == nil {
		return s + kern.Dot(vals, v)
	}
	return s + kern.GatherDot(rows, vals, v)
}

func columnAxpy(a float64, rows []int32, vals, v []float64) {
	for len(vals) > longVector {
		if rows == nil {
			kern.Axpy(a, vals[:longVector], v[:longVector])
			v = v[longVector:]
		} else {
			kern.ScatterAxpy(a, rows[:longVector], vals[:longVector], v)
			rows = rows[longVector:]
		}
		vals = vals[longVector:]
	}
	if rows == nil {
		kern.Axpy(a, vals, v)
	} else {
		kern.ScatterAxpy(a, rows, vals, v)
	}
}

// weighted returns Σ_i w_i x_ij and Σ_i w_i (x_ij − mean)², total = Σ_i w_i. It
// goes over the column twice: Σ w x² less total·mean² would lose the digits of
// columns far from zero.
func (d *design) weighted(j int, w []float64, total float64) (sum, spread float64) {
	rows, vals := d.column(j)
	weight := func(k int) float64 {
		if rows == nil {
			return w[k]
		}
		return w[rows[k]]
	}
	for k, v := range vals {
		sum += weight(k) * v
	}
	mean, stored := sum/total, 0.0
	for k, v := range vals {
		stored += weight(k)
		spread += weight(k) * (v - mean) * (v - mean)
	}
	if len(vals) < d.n {
		spread += max(0, total-stored) * mean * mean
	}
	return sum, spread
}

// weightedSum returns Σ_i h_i x_ij; h nil means omega for every row.
func (d *design) weightedSum(j int, h []float64, omega float64) float64 {
	if h != nil {
		return d.dot(j, h)
	}
	_, v := d.column(j)
	return omega * kern.Sum(v)
}

// norms returns ‖X_j‖₂ of every column.
func (d *design) norms(threads int) []float64 {
	out := make([]float64, d.p)
	par.For(threads, par.Chunks(d.p, passColumns), func(chunk int) {
		lo, hi := par.Bounds(chunk, d.p, passColumns)
		for j := lo; j < hi; j++ {
			_, v := d.column(j)
			out[j] = math.Sqrt(columnDot(nil, v, v))
		}
	})
	return out
}

// columns returns X in a form whose columns are at hand, where it is sparse.
func columns(x Design) any {
	if a, ok := x.(*matrix.CSR); ok {
		return a.ToCSC()
	}
	return x
}
