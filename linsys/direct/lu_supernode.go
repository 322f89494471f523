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

// subtractWithin subtracts u times column j from the rows of the pivots after
// j up to last. Pivot t has row rowOf[t], or row t where rowOf is nil.
func (f *LU) subtractWithin(rowOf []int32, j, last int, u float64, x []float64) {
	l := f.lx[f.lp[j]:][:last-j]
	if rowOf == nil {
		for p, v := range l {
			x[j+1+p] -= u * v
		}
		return
	}
	for p, v := range l {
		x[rowOf[j+1+p]] -= u * v
	}
}

// subtractRun subtracts u times the columns from j on from the rows below
// them all.
func (f *LU) subtractRun(j int, u []float64, x []float64) {
	last := j + len(u) - 1
	rows := f.li[f.lp[last]:f.lp[last+1]]
	if len(u) == 1 {
		subtractColumn(rows, f.lx[f.lp[j]:f.lp[j+1]], u[0], x)
		return
	}
	t := f.packed[:len(rows)]
	for p, i := range rows {
		t[p] = x[i]
	}
	for c, v := range u {
		kern.Axpy(-v, f.lx[f.lp[j+c]+int64(last-j-c):f.lp[j+c+1]], t)
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
