package bcd

import (
	"solve/internal/par"
	"solve/matrix"
)

// rowMatrix is X by rows: dense (row-major) or compressed. It refers to the
// caller's arrays unless columns are scaled or the layout changes.
type rowMatrix struct {
	n, p int

	dense []float64 // row i is dense[i·p : (i+1)·p]; nil = sparse
	ptr   []int64
	col   []int32
	val   []float64

	owned  bool      // the values are a copy
	square []float64 // ‖x_i‖²
}

// newRows lays X out; a sparse matrix that is mostly full becomes dense where
// it fits in room bytes.
func newRows(x Design, room int64) *rowMatrix {
	var a *matrix.CSR
	switch t := x.(type) {
	case *matrix.Dense:
		return &rowMatrix{n: t.Rows, p: t.Cols, dense: t.Data[:t.Rows*t.Cols]}
	case *matrix.CSC:
		a = t.ToCSR()
	case *matrix.CSR:
		a = t
	default:
		panic("bcd: newRows: unchecked type")
	}
	r := &rowMatrix{n: a.Rows, p: a.Cols, ptr: a.RowPtr, col: a.Col, val: a.Val}
	cells := float64(r.n) * float64(r.p)
	if float64(len(r.val)) <= denseShare*cells || 8*cells > float64(room) {
		return r
	}
	d := &rowMatrix{n: r.n, p: r.p, dense: make([]float64, r.n*r.p), owned: true}
	for i := range r.n {
		row := d.dense[i*d.p : (i+1)*d.p]
		for k := r.ptr[i]; k < r.ptr[i+1]; k++ {
			row[r.col[k]] = r.val[k]
		}
	}
	return d
}

// scale multiplies column j by by[j].
func (r *rowMatrix) scale(by []float64) {
	if !r.owned {
		r.dense, r.val = append([]float64(nil), r.dense...), append([]float64(nil), r.val...)
		r.owned = true
	}
	for i := range r.n {
		cols, vals := r.row(i)
		for k := range vals {
			j := k
			if cols != nil {
				j = int(cols[k])
			}
			vals[k] *= by[j]
		}
	}
}

func (r *rowMatrix) setSquares() {
	r.square = make([]float64, r.n)
	for i := range r.n {
		_, v := r.row(i)
		r.square[i] = columnDot(nil, v, v)
	}
}

// row returns row i; cols is nil for a dense one.
func (r *rowMatrix) row(i int) (cols []int32, vals []float64) {
	if len(r.dense) > 0 {
		return nil, r.dense[i*r.p : (i+1)*r.p]
	}
	lo, hi := r.ptr[i], r.ptr[i+1]
	return r.col[lo:hi], r.val[lo:hi]
}

// nnz is the number of entries that row i touches.
func (r *rowMatrix) nnz(i int) int {
	if len(r.dense) > 0 {
		return r.p
	}
	return int(r.ptr[i+1] - r.ptr[i])
}

// entries is the number of stored entries.
func (r *rowMatrix) entries() int {
	if len(r.dense) > 0 {
		return r.n * r.p
	}
	return len(r.val)
}

// shortRow is the length up to which a plain loop beats the call of a kernel.
const shortRow = 32

// dot returns x_i·w.
func (r *rowMatrix) dot(i int, w []float64) float64 {
	cols, vals := r.row(i)
	if len(vals) > shortRow || len(r.dense) > 0 {
		return columnDot(cols, vals, w)
	}
	vals = vals[:len(cols)]
	s0, s1 := 0.0, 0.0
	k := 0
	for ; k+1 < len(cols); k += 2 {
		s0 += vals[k] * w[cols[k]]
		s1 += vals[k+1] * w[cols[k+1]]
	}
	if k < len(cols) {
		s0 += vals[k] * w[cols[k]]
	}
	return s0 + s1
}

// axpy adds a x_i to w.
func (r *rowMatrix) axpy(a float64, i int, w []float64) {
	cols, vals := r.row(i)
	if len(vals) > shortRow || len(r.dense) > 0 {
		columnAxpy(a, cols, vals, w)
		return
	}
	vals = vals[:len(cols)]
	for k, j := range cols {
		w[j] += a * vals[k]
	}
}

// passRows is the number of rows that one chunk of a pass takes.
const passRows = 2048

// times stores X w in out.
func (r *rowMatrix) times(threads int, w, out []float64) {
	par.For(threads, par.Chunks(r.n, passRows), func(chunk int) {
		lo, hi := par.Bounds(chunk, r.n, passRows)
		for i := lo; i < hi; i++ {
			out[i] = r.dot(i, w)
		}
	})
}

// scatter writes row i into work, which is zero elsewhere.
func (r *rowMatrix) scatter(i int, work []float64) {
	cols, vals := r.row(i)
	if cols == nil {
		copy(work, vals)
		return
	}
	for k, j := range cols {
		work[j] = vals[k]
	}
}

// unscatter clears what scatter wrote.
func (r *rowMatrix) unscatter(i int, work []float64) {
	cols, _ := r.row(i)
	if cols == nil {
		clear(work)
		return
	}
	for _, j := range cols {
		work[j] = 0
	}
}
