package bcd

import (
	"solve/internal/kern"
	"solve/internal/par"
)

// gram holds G = X_Wᵀ diag(h) X_W for the members W, with the intercept
// eliminated: G_ab = Σ h x_a x_b − m_a m_b/Σh, m_a = Σ h x_a. Columns join and
// leave; along a path most rows are computed once (the covariance updates of
// Friedman, Hastie & Tibshirani 2010).
type gram struct {
	d       *design
	h       []float64 // nil: omega for every row
	omega   float64
	total   float64 // Σh where there is an intercept, else 0
	threads int

	members []int32
	at      []int32 // position of a column, −1 outside
	ld      int
	g       []float64
	m       []float64 // Σ h x of the members; nil without an intercept

	rows  rowLists
	count []int32
	tile  []float64

	priced []int32 // columns that pairsCost was last asked about, none of them a member
	price  float64
}

func newGram(d *design, intercept bool, threads int) *gram {
	q := &gram{d: d, threads: threads, at: make([]int32, d.p)}
	for j := range q.at {
		q.at[j] = -1
	}
	if intercept {
		q.m = []float64{}
	}
	return q
}

// reset empties the matrix and sets the weights of the rows.
func (q *gram) reset(h []float64, omega float64) {
	for _, j := range q.members {
		q.at[j] = -1
	}
	q.members, q.h, q.omega, q.total = q.members[:0], h, omega, 0
	if q.m != nil {
		q.m = q.m[:0]
		q.total = q.sumOf(h, omega)
	}
}

// sumOf is Σh.
func (q *gram) sumOf(h []float64, omega float64) float64 {
	if h == nil {
		return omega * float64(q.d.n)
	}
	return kern.Sum(h)
}

// retain drops the members that keep refuses.
func (q *gram) retain(keep func(j int32) bool) {
	var stay []int
	for k, j := range q.members {
		if keep(j) {
			stay = append(stay, k)
		} else {
			q.at[j] = -1
		}
	}
	if len(stay) == len(q.members) {
		return
	}
	for a, k := range stay {
		row, to := q.g[k*q.ld:], q.g[a*q.ld:]
		for b, l := range stay {
			to[b] = row[l]
		}
		q.members[a] = q.members[k]
		q.at[q.members[a]] = int32(a)
		if q.m != nil {
			q.m[a] = q.m[k]
		}
	}
	q.members = q.members[:len(stay)]
	if q.m != nil {
		q.m = q.m[:len(stay)]
	}
}

// room makes the matrix of old members large enough for n.
func (q *gram) room(old, n int) {
	if n <= q.ld {
		return
	}
	ld := stride(max(n, q.ld+q.ld/2))
	g := make([]float64, ld*ld)
	for a := range old {
		copy(g[a*ld:a*ld+old], q.g[a*q.ld:])
	}
	q.g, q.ld = g, ld
}

// extend adds the columns that are not members yet.
func (q *gram) extend(cols []int32) {
	first := len(q.members)
	for _, j := range cols {
		if q.at[j] < 0 {
			q.at[j] = int32(len(q.members))
			q.members = append(q.members, j)
		}
	}
	n := len(q.members)
	if n == first {
		return
	}
	q.room(first, n)
	for a := first; a < n; a++ {
		clear(q.g[a*q.ld : a*q.ld+n])
	}
	switch {
	case q.d.dense == nil:
		q.sparseRows(first)
	case n-first < 4 && q.h == nil:
		q.denseDots(first)
	default:
		q.denseProducts(first)
	}
	q.eliminate(first)
	for a := first; a < n; a++ {
		for b := range a {
			q.g[b*q.ld+a] = q.g[a*q.ld+b]
		}
	}
}

// eliminate takes the intercept out of the rows from first on.
func (q *gram) eliminate(first int) {
	if q.m == nil {
		return
	}
	for a := first; a < len(q.members); a++ {
		q.m = append(q.m, q.d.weightedSum(int(q.members[a]), q.h, q.omega))
	}
	for a := first; a < len(q.members); a++ {
		kern.Axpy(-q.m[a]/q.total, q.m[:a+1], q.g[a*q.ld:a*q.ld+a+1])
	}
}

// denseDots fills a few rows by single products.
func (q *gram) denseDots(first int) {
	n := len(q.members)
	par.For(q.threads, par.Chunks(n, 32), func(chunk int) {
		lo, hi := par.Bounds(chunk, n, 32)
		for a := first; a < n; a++ {
			_, v := q.d.column(int(q.members[a]))
			for b := lo; b < min(hi, a+1); b++ {
				q.g[a*q.ld+b] = q.omega * q.d.dot(int(q.members[b]), v)
			}
		}
	})
}

// denseRows is the height of the tiles that denseProducts multiplies.
const denseRows = 1024

// denseProducts fills rows by matrix products over tiles of rows of X that are
// gathered side by side, with the weights in the new columns.
func (q *gram) denseProducts(first int) {
	n := len(q.members)
	fresh := n - first
	if need := (n + fresh) * denseRows; len(q.tile) < need {
		q.tile = make([]float64, need)
	}
	all, scaled := q.tile[:n*denseRows], q.tile[n*denseRows:]
	for lo := 0; lo < q.d.n; lo += denseRows {
		hi := min(lo+denseRows, q.d.n)
		k := hi - lo
		for a, j := range q.members {
			_, v := q.d.column(int(j))
			copy(all[a*k:(a+1)*k], v[lo:hi])
		}
		left := all[first*k : n*k]
		if q.h != nil {
			for a := range fresh {
				for i, v := range left[a*k : (a+1)*k] {
					scaled[a*k+i] = v * q.h[lo+i]
				}
			}
			left = scaled[:fresh*k]
		}
		alpha := 1.0
		if q.h == nil {
			alpha = q.omega
		}
		const block = 64
		par.For(q.threads, par.Chunks(fresh, block), func(chunk int) {
			r, e := par.Bounds(chunk, fresh, block)
			kern.Gemm(e-r, first+e, k, alpha, left[r*k:e*k], k, false, all[:(first+e)*k], k, true, q.g[(first+r)*q.ld:], q.ld, nil)
		})
	}
}

// extendCost estimates, in nanoseconds, what it takes to bring in those of the
// columns that are not members.
func (q *gram) extendCost(cols []int32) float64 {
	fresh := 0
	for _, j := range cols {
		if q.at[j] < 0 {
			fresh++
		}
	}
	if q.d.dense != nil {
		return 0.06 * float64(fresh) * float64(len(cols)) * float64(q.d.n)
	}
	if fresh == 0 {
		return 0
	}
	return q.pairsCost(cols)
}
