package direct

import "solve/internal/kern"

// Columns of L are grouped into supernodes as they are found: column j joins
// that of column j-1 when its rows are those of column j-1 without the pivot
// of j. In the columns of a supernode these rows are in the same order, the
// pivots of its later columns coming first, so that several columns can be
// subtracted at once with one look at the row numbers.
//
// J. Demmel, S. Eisenstat, J. Gilbert, X. Li, J. Liu, A supernodal approach to
// sparse partial pivoting, SIAM J. Matrix Anal. Appl. 20 (1999).

// widestRun bounds the columns of a supernode.
const widestRun = 32

// run returns how many of the first pivots of a list are consecutive columns
// of one supernode.
func (f *LU) run(pivots []int32) int {
	n, lead := 1, f.leader[pivots[0]]
	for n < len(pivots) && pivots[n] == pivots[n-1]+1 && f.leader[pivots[n]] == lead {
		n++
	}
	return n
}

// eliminateRun eliminates len(u) unknowns from the sparse vector x, whose
// rows are those of pivots j, j+1, …, a run, and stores them in u. Pivot t has
// row rowOf[t], or row t where rowOf is nil.
func (f *LU) eliminateRun(j int, rowOf []int32, u, x []float64) {
	for c := range u {
		r := j + c
		if rowOf != nil {
			r = int(rowOf[r])
		}
		u[c], x[r] = x[r], 0
	}
	last := j + len(u) - 1
	rows := f.li[f.lp[last]:f.lp[last+1]]
	if len(u) == 1 {
		subtractColumn(rows, f.lx[f.lp[j]:f.lp[j+1]], u[0], x)
		return
	}
	for c, v := range u[:len(u)-1] {
		kern.Axpy(-v, f.lx[f.lp[j+c]:][:len(u)-1-c], u[c+1:])
	}
	t := f.packed[:len(rows)]
	for p, i := range rows {
		t[p] = x[i]
	}
	for c := 0; c < len(u); c += len(f.columns) {
		n := min(len(f.columns), len(u)-c)
		for k := range n {
			q := j + c + k
			f.columns[k], f.weights[k] = f.lx[f.lp[q]+int64(last-q):f.lp[q+1]], -u[c+k]
		}
		kern.AccumRows(t, f.weights[:n], f.columns[:n])
	}
	for p, i := range rows {
		x[i] = t[p]
	}
}

// shortColumn is the length below which a call of the kernel costs more than
// it saves.
const shortColumn = 12

// subtractColumn computes x -= u l for a sparse column l.
func subtractColumn(rows []int32, l []float64, u float64, x []float64) {
	if len(rows) >= shortColumn {
		kern.ScatterAxpy(-u, rows, l, x)
		return
	}
	l = l[:len(rows)]
	for p, i := range rows {
		x[i] -= u * l[p]
	}
}
