package linsys

import (
	"fmt"
	"math"

	"solve/matrix"
	"solve/solver"
)

// pivotFloor is the least pivot of an incomplete LU factorisation relative
// to the 2-norm of its row of A.
const pivotFloor = 1e-8

// NewILU0 returns the incomplete factorisation M = L D U of a square matrix
// on its own pattern and the diagonal (Saad, Iterative Methods for Sparse
// Linear Systems, 2nd ed., §10.3.2). A pivot below 10⁻⁸ ‖a_i‖₂ is moved
// there, and counted by Replaced. The error wraps solver.ErrSingular and
// names a row without nonzero entries, or one where the factors overflow.
func NewILU0(a *matrix.CSR) (*LDU, error) {
	if err := checkSquare(a); err != nil {
		return nil, err
	}
	lower, d, upper := strict(a)
	w := newSparseRow(a.Rows)
	replaced := 0
	for i := range d {
		norm, err := rowNorm(a, i)
		if err != nil {
			return nil, err
		}
		lc, lv := lower.row(i)
		uc, uv := upper.row(i)
		w.start()
		w.put(int32(i), d[i])
		w.scatter(lc, lv)
		w.scatter(uc, uv)
		for p, k := range lc {
			u := w.val[k]
			lv[p] = u / d[k]
			col, val := upper.row(int(k))
			for s, c := range col {
				if w.has(c) {
					w.val[c] -= u * val[s]
				}
			}
		}
		var moved bool
		d[i], moved = liftPivot(w.val[i], norm)
		if moved {
			replaced++
		}
		for p, c := range uc {
			uv[p] = w.val[c] / d[i]
		}
	}
	m, err := newLDU(lower, d, upper)
	if err != nil {
		return nil, err
	}
	m.replaced = replaced
	return m, nil
}

// liftPivot keeps a pivot away from zero.
func liftPivot(d, norm float64) (float64, bool) {
	if floor := pivotFloor * norm; math.Abs(d) < floor {
		return math.Copysign(floor, d), true
	}
	return d, false
}

// rowNorm is ‖a_i‖₂, or an error for a row of zeros.
func rowNorm(a *matrix.CSR, i int) (float64, error) {
	_, val := a.Row(i)
	largest := 0.0
	for _, v := range val {
		largest = max(largest, math.Abs(v))
	}
	if largest == 0 {
		return 0, fmt.Errorf("linsys: row %d has no nonzero entry: %w", i+1, solver.ErrSingular)
	}
	sum := 0.0
	for _, v := range val {
		v /= largest
		sum += v * v
	}
	return largest * math.Sqrt(sum), nil
}

// row returns the columns and values of row i as views.
func (t *triangle) row(i int) ([]int32, []float64) {
	lo, hi := t.ptr[i], t.ptr[i+1]
	return t.col[lo:hi:hi], t.val[lo:hi:hi]
}

// sparseRow is a row under elimination: dense values and who has one.
type sparseRow struct {
	val  []float64
	mark []int32
	now  int32
}

func newSparseRow(n int) *sparseRow {
	return &sparseRow{val: make([]float64, n), mark: make([]int32, n)}
}

// start empties the row. After 2³² calls an old entry would be taken for a new one.
func (w *sparseRow) start() { w.now++ }

func (w *sparseRow) has(c int32) bool { return w.mark[c] == w.now }

func (w *sparseRow) put(c int32, v float64) { w.mark[c], w.val[c] = w.now, v }

func (w *sparseRow) scatter(col []int32, val []float64) {
	for p, c := range col {
		w.put(c, val[p])
	}
}
