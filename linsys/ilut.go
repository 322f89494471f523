package linsys

import (
	"fmt"
	"math"
	"slices"

	"solve/matrix"
	"solve/solver"
)

// NewILUT returns the incomplete factorisation M = L D U of a square matrix
// with a dual threshold (Saad, ILUT: a dual threshold incomplete LU
// factorization, 1994). A row keeps, left of the diagonal and right of it,
// at most as many entries as A has there plus p (usually 10), the largest,
// and none below drop (usually 10⁻³) times ‖a_i‖₂. p = n and drop = 0 give
// the LU factorisation without pivoting. A pivot below 10⁻⁸ ‖a_i‖₂ is moved
// there, and counted by Replaced.
//
// Memory is bounded by ILUTBytes. Errors are those of NewILU0.
func NewILUT(a *matrix.CSR, p int, drop float64) (*LDU, error) {
	if err := checkThresholds(p, drop); err != nil {
		return nil, err
	}
	if err := checkSquare(a); err != nil {
		return nil, err
	}
	n := a.Rows
	f := &ilutFactor{p: p, drop: drop, d: make([]float64, n), w: newSparseRow(n)}
	f.lower.ptr, f.upper.ptr = make([]int64, n+1), make([]int64, n+1)
	for i := range n {
		norm, err := rowNorm(a, i)
		if err != nil {
			return nil, err
		}
		f.row(a, i, norm)
	}
	m, err := newLDU(f.lower, f.d, f.upper)
	if err != nil {
		return nil, err
	}
	m.replaced = f.replaced
	return m, nil
}

// ILUTBytes is the most memory that NewILUT can take, for a caller to
// refuse.
func ILUTBytes(a *matrix.CSR, p int) int64 {
	n := int64(a.Rows)
	entries := min(int64(a.NNZ())+2*n*int64(p), n*n)
	return appendSlack(entries)*bytesPerEntry + 10*8*n
}

func checkThresholds(p int, drop float64) error {
	if p < 0 {
		return &solver.OptionError{Name: "fill", Value: fmt.Sprint(p), Want: "0 or more entries a row"}
	}
	if !(drop >= 0 && drop < 1) {
		return &solver.OptionError{Name: "drop", Value: fmt.Sprint(drop), Want: "a number from 0 up to, but not, 1"}
	}
	return nil
}

// ilutFactor makes L D U row by row.
type ilutFactor struct {
	p            int
	drop         float64
	lower, upper triangle
	d            []float64
	replaced     int

	w     *sparseRow
	left  columnHeap // to be eliminated
	right []int32
	done  picker
	over  picker
}

// row computes row i.
func (f *ilutFactor) row(a *matrix.CSR, i int, norm float64) {
	w, limit := f.w, f.drop*norm
	col, val := a.Row(i)
	w.start()
	w.put(int32(i), 0)
	w.scatter(col, val)
	split, found := slices.BinarySearch(col, int32(i))
	f.left = append(f.left[:0], col[:split]...) // ascending, hence a heap
	leftMost, rightMost := split+f.p, len(col)-split+f.p
	if found {
		split++
		rightMost--
	}
	f.right = append(f.right[:0], col[split:]...)
	f.done.start()
	for len(f.left) > 0 {
		k := f.left.pop()
		if u := w.val[k]; keeps(u, limit) {
			f.done.offer(k, math.Abs(u))
			f.eliminate(i, int(k), u)
		}
	}
	for _, c := range f.done.largest(leftMost) {
		f.lower.col, f.lower.val = append(f.lower.col, c), append(f.lower.val, w.val[c]/f.d[c])
	}
	f.lower.ptr[i+1] = int64(len(f.lower.col))

	var moved bool
	f.d[i], moved = liftPivot(w.val[i], norm)
	if moved {
		f.replaced++
	}
	f.over.start()
	for _, c := range f.right {
		if u := w.val[c]; keeps(u, limit) {
			f.over.offer(c, math.Abs(u))
		}
	}
	for _, c := range f.over.largest(rightMost) {
		f.upper.col, f.upper.val = append(f.upper.col, c), append(f.upper.val, w.val[c]/f.d[i])
	}
	f.upper.ptr[i+1] = int64(len(f.upper.col))
}

// keeps says whether an entry is above the limit. One that is not a number
// is kept, to be found out at the end.
func keeps(u, limit float64) bool {
	size := math.Abs(u)
	return size > limit || size != size
}

// eliminate subtracts u times row k of U from row i.
func (f *ilutFactor) eliminate(i, k int, u float64) {
	w := f.w
	col, val := f.upper.row(k)
	for s, c := range col {
		v := u * val[s]
		switch {
		case w.has(c):
			w.val[c] -= v
		case int(c) < i:
			w.put(c, -v)
			f.left.push(c)
		default:
			w.put(c, -v)
			f.right = append(f.right, c)
		}
	}
}

// columnHeap is a binary heap with the smallest column on top.
type columnHeap []int32

func (h *columnHeap) push(c int32) {
	*h = append(*h, c)
	s := *h
	for k := len(s) - 1; k > 0; {
		up := (k - 1) / 2
		if s[up] <= s[k] {
			return
		}
		s[up], s[k] = s[k], s[up]
		k = up
	}
}

func (h *columnHeap) pop() int32 {
	s := *h
	top, last := s[0], len(s)-1
	s[0] = s[last]
	s = s[:last]
	*h = s
	for k := 0; ; {
		down := 2*k + 1
		if down >= last {
			return top
		}
		if down+1 < last && s[down+1] < s[down] {
			down++
		}
		if s[k] <= s[down] {
			return top
		}
		s[k], s[down] = s[down], s[k]
		k = down
	}
}
