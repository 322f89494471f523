package linsys

import (
	"math"
	"slices"

	"solve/matrix"
)

// NewICT returns the incomplete Cholesky factorisation M = L D Lᵀ of a
// symmetric matrix with a dual threshold (Lin & Moré, Incomplete Cholesky
// factorizations with limited memory, 1999). A column of L keeps at most as
// many entries as A has there plus p (usually 10), the largest, and none
// below drop (usually 10⁻³) times the 2-norm of the row of A; sizes are
// those of the matrix scaled to a unit diagonal. p = n and drop = 0 give the
// Cholesky factorisation. Small pivots lead to a shift, as in NewIC0.
//
// Memory is bounded by ICTBytes. Only the upper triangle is read. Errors are
// those of NewIC0.
func NewICT(a *matrix.CSR, p int, drop float64) (*LDU, error) {
	if err := checkThresholds(p, drop); err != nil {
		return nil, err
	}
	if err := checkSquare(a); err != nil {
		return nil, err
	}
	f := &ictFactor{p: p, drop: drop}
	f.diag, f.a = upperPart(a)
	if err := checkPositiveDiagonal(f.diag); err != nil {
		return nil, err
	}
	f.scale()
	return withShift(func(shift float64) (*LDU, error) {
		f.reset(shift)
		for k := range f.d {
			if !f.row(k) {
				return nil, pivotError(k, f.d[k])
			}
		}
		return newLDU(f.upper.transpose(), f.d, f.upper)
	})
}

// ICTBytes is the most memory that NewICT can take, for a caller to refuse.
func ICTBytes(a *matrix.CSR, p int) int64 {
	n := int64(a.Rows)
	entries := min((int64(a.NNZ())+n)/2+n*int64(p), n*(n+1)/2)
	return appendSlack(entries)*bytesPerEntry + entries*bytesPerEntry + int64(a.NNZ())*bytesPerEntry/2 + 10*8*n
}

// appendSlack is the capacity, with the array that it is copied from, of a
// slice that grew to n entries.
func appendSlack(n int64) int64 { return 2*n + n/4 }

// ictFactor makes D Lᵀ row by row. Row k of Lᵀ is row k of A less multiples
// of the earlier rows that have an entry in column k; those are found in
// lists, one for every column.
type ictFactor struct {
	a     triangle  // the strict upper triangle of A
	diag  []float64 // of A
	unit  []float64 // a_ii^{−1/2}
	norms []float64 // of the rows of A scaled to a unit diagonal
	p     int
	drop  float64

	d     []float64
	upper triangle
	w     *sparseRow
	found []int32
	first []int64 // the entry of a finished row that is due next
	head  []int32 // the rows whose entry in this column is due, 1 + their number
	next  []int32
	pick  picker
}

func (f *ictFactor) scale() {
	n := len(f.diag)
	f.unit, f.norms = make([]float64, n), make([]float64, n)
	for i, d := range f.diag {
		f.unit[i] = 1 / math.Sqrt(d)
		f.norms[i]++
	}
	for i := range n {
		col, val := f.a.row(i)
		for k, c := range col {
			v := val[k] * f.unit[i] * f.unit[c]
			f.norms[i] += v * v
			f.norms[c] += v * v
		}
	}
	for i, v := range f.norms {
		f.norms[i] = math.Sqrt(v)
	}
}

func (f *ictFactor) reset(shift float64) {
	n := len(f.diag)
	if f.d == nil {
		f.d, f.w = make([]float64, n), newSparseRow(n)
		f.first, f.head, f.next = make([]int64, n), make([]int32, n), make([]int32, n)
		f.upper.ptr = make([]int64, n+1)
	}
	f.upper.col, f.upper.val = f.upper.col[:0], f.upper.val[:0]
	clear(f.head)
	for i, d := range f.diag {
		f.d[i] = d * (1 + shift)
	}
}

// row computes row k and tells whether its pivot is large enough.
func (f *ictFactor) row(k int) bool {
	w := f.w
	w.start()
	col, val := f.a.row(k)
	w.scatter(col, val)
	f.found = append(f.found[:0], col...)
	for q := f.head[k]; q != 0; {
		j := int(q - 1)
		q = f.next[j]
		f.subtractRow(k, j)
	}
	if !(f.d[k] > breakdown*f.diag[k]) {
		return false
	}
	f.keep(k, len(col)+f.p)
	f.link(k, f.upper.ptr[k])
	return true
}

// subtractRow updates row k by row j and passes row j on to its next column.
func (f *ictFactor) subtractRow(k, j int) {
	w, at, end := f.w, f.first[j], f.upper.ptr[j+1]
	l := f.upper.val[at]
	u := l * f.d[j]
	f.d[k] -= u * l
	for s := at + 1; s < end; s++ {
		c, v := f.upper.col[s], u*f.upper.val[s]
		if w.has(c) {
			w.val[c] -= v
		} else {
			w.put(c, -v)
			f.found = append(f.found, c)
		}
	}
	f.link(j, at+1)
}

// link puts row j in the list of the column of its entry at.
func (f *ictFactor) link(j int, at int64) {
	f.first[j] = at
	if at < f.upper.ptr[j+1] {
		c := f.upper.col[at]
		f.next[j] = f.head[c]
		f.head[c] = int32(j) + 1
	}
}

// keep drops the small entries of row k and all but the largest, and appends
// the rest to Lᵀ in the order of columns.
func (f *ictFactor) keep(k, most int) {
	f.pick.start()
	limit := f.drop * f.norms[k]
	for _, c := range f.found {
		size := math.Abs(f.w.val[c]) * f.unit[c] * f.unit[k]
		if size > limit || size != size {
			f.pick.offer(c, size)
		}
	}
	inv := 1 / f.d[k]
	for _, c := range f.pick.largest(most) {
		f.upper.col = append(f.upper.col, c)
		f.upper.val = append(f.upper.val, f.w.val[c]*inv)
	}
	f.upper.ptr[k+1] = int64(len(f.upper.col))
}

// picker selects the largest entries of a row.
type picker struct {
	col  []int32
	size []float64
}

func (p *picker) start() { p.col, p.size = p.col[:0], p.size[:0] }

func (p *picker) offer(c int32, size float64) {
	p.col, p.size = append(p.col, c), append(p.size, size)
}

// largest returns the columns of the most largest entries, in ascending
// order, valid until start. The order of the offers decides between equal
// sizes.
func (p *picker) largest(most int) []int32 {
	if most < len(p.col) {
		p.split(most)
		p.col = p.col[:most]
	}
	slices.Sort(p.col)
	return p.col
}

// split moves the k largest to the front (Hoare's quickselect with the
// middle as pivot).
func (p *picker) split(k int) {
	for lo, hi := 0, len(p.col)-1; lo < hi; {
		pivot := p.size[lo+(hi-lo)/2]
		i, j := lo, hi
		for i <= j {
			for p.size[i] > pivot {
				i++
			}
			for p.size[j] < pivot {
				j--
			}
			if i <= j {
				p.size[i], p.size[j] = p.size[j], p.size[i]
				p.col[i], p.col[j] = p.col[j], p.col[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k > i:
			lo = i
		default:
			return
		}
	}
}
