package direct

import (
	"math"

	"solve/internal/kern"
	"solve/internal/par"
)

// pivotFront is the frontal matrix of an indefinite factorisation: the upper
// triangle of the r×r matrix a, row by row with stride r, of which the first p
// rows and columns are complete and may become pivots. What lies below the
// diagonal is of no meaning.
//
// Pivots are 1×1 or 2×2 and looked for in a panel of rows at a time. One is
// taken if the entries of L that it makes are at most 1/u (Duff & Reid, The
// multifrontal solution of indefinite sparse symmetric linear equations, ACM
// Trans. Math. Software 9 (1983)), 1×1 first where it is as large as Bunch and
// Kaufman ask (Some stable methods for calculating inertia and solving
// symmetric linear systems, Math. Comp. 31 (1977)). Rows that fail are tried
// again when others have become pivots.
type pivotFront struct {
	r, p  int
	a     []float64
	index []int32   // unknown of each row
	d     []float64 // D⁻¹: of pivot k the diagonal entry 2k and, if it begins a pair, the one beside it
	w     []float64 // D Lᵀ of the pivots of a panel

	threshold float64 // u
	zero      float64 // what is no larger is rounding error
	static    float64 // if not 0: size that pivots are raised to rather than left over

	inertia   inertia
	perturbed int

	threads        int
	stopped        func() bool // polled between panels; what is left undone is of no use
	first, k, next int         // pivots first … k-1 update the rows from next on
	updateRows     func(chunk int)
}

// inertia counts the signs of eigenvalues.
type inertia struct{ positive, negative, zero int }

func (n *inertia) add(d float64) {
	switch {
	case d > 0:
		n.positive++
	case d < 0:
		n.negative++
	default:
		n.zero++
	}
}

const (
	// panelRows are searched for pivots, and kept up to date, before the rest
	// of the front is updated.
	panelRows = 32
	// bunchKaufman is (1+√17)/8, for which growth is bounded alike by a 1×1
	// pivot of this part of its column and by the 2×2 pivot taken otherwise.
	bunchKaufman = 0.6403882032022076
)

// row returns the part of row i from its diagonal on.
func (f *pivotFront) row(i int) []float64 { return f.a[i*f.r+i : (i+1)*f.r] }

// entry returns the place of entry (i,j) of either triangle.
func (f *pivotFront) entry(i, j int) int { return min(i, j)*f.r + max(i, j) }

// factor eliminates what it can of the first p rows, and all of them where
// no other rows are left or pivots are static. It returns how many.
func (f *pivotFront) factor() int {
	k := 0
	for before := -1; before < k && k < f.p; {
		before = k
		for end := f.p; k < end; { // those from end on have failed
			if f.stopped() {
				return k
			}
			next := min(end, k+panelRows)
			first := k
			k = f.panel(k, next)
			f.update(first, k, next)
			for c := next - 1; c >= k; c-- {
				end--
				f.swap(c, end)
			}
		}
	}
	switch {
	case f.p == f.r:
		f.complete(k)
		k = f.p
	case f.static > 0:
		f.force(k)
		k = f.p
	}
	return k
}

// panel eliminates what it can of rows k … next-1, and returns the first
// that it can't.
func (f *pivotFront) panel(k, next int) int {
	first := k
	for k < next {
		size := f.findPivot(k, next)
		if size == 0 {
			break
		}
		f.eliminate(k, size, next, k-first)
		k += size
	}
	return k
}

// findPivot looks among rows k … next-1 for a pivot, and moves it to row k.
// It returns its order, 0 for none.
func (f *pivotFront) findPivot(k, next int) int {
	for c := k; c < next; c++ {
		most, partner := f.largest(c, k, next)
		d := math.Abs(f.a[f.entry(c, c)])
		if max(most, d) <= f.zero {
			f.clearColumn(c, k)
			f.swap(k, c)
			return 1
		}
		switch {
		case d > f.zero && d >= bunchKaufman*most:
		case partner != c && f.pairPasses(c, partner, k, next):
			f.swapPair(k, c, partner)
			return 2
		case d > f.zero && d >= f.threshold*most:
		default:
			continue
		}
		f.swap(k, c)
		return 1
	}
	return 0
}

// largest returns the size of the largest entry of column c beside the
// diagonal, from row k on, and the row of the largest before next, c if all
// of these are zero.
func (f *pivotFront) largest(c, k, next int) (size float64, at int) {
	at = c
	for i := k; i < c; i++ {
		if v := math.Abs(f.a[i*f.r+c]); v > size {
			size, at = v, i
		}
	}
	row := f.row(c)
	for j := 1; j < next-c; j++ {
		if v := math.Abs(row[j]); v > size {
			size, at = v, c+j
		}
	}
	return max(size, largestOf(row[next-c:])), at
}

// largestOf is max |x_i|: bits of numbers that are not negative compare as
// integers.
func largestOf(x []float64) float64 {
	const magnitude = 1<<63 - 1
	var m0, m1, m2, m3 uint64
	for ; len(x) >= 4; x = x[4:] {
		m0 = max(m0, math.Float64bits(x[0])&magnitude)
		m1 = max(m1, math.Float64bits(x[1])&magnitude)
		m2 = max(m2, math.Float64bits(x[2])&magnitude)
		m3 = max(m3, math.Float64bits(x[3])&magnitude)
	}
	for _, v := range x {
		m0 = max(m0, math.Float64bits(v)&magnitude)
	}
	return math.Float64frombits(max(m0, m1, m2, m3))
}

// pairPasses reports whether rows i and j make a 2×2 pivot D that is not
// close to singular and with |D⁻¹| (m_i, m_j) ≤ 1/u, m being the largest
// entries of their columns outside D.
func (f *pivotFront) pairPasses(i, j, k, next int) bool {
	at := f.entry(i, j)
	a, b, c := math.Abs(f.a[f.entry(i, i)]), math.Abs(f.a[at]), math.Abs(f.a[f.entry(j, j)])
	if b <= f.zero {
		return false
	}
	det := math.Abs(f.a[f.entry(i, i)]*f.a[f.entry(j, j)] - b*b)
	if det < max(a*c, b*b)/2 {
		return false
	}
	off := f.a[at]
	f.a[at] = 0
	mi, _ := f.largest(i, k, next)
	mj, _ := f.largest(j, k, next)
	f.a[at] = off
	return f.threshold*max(c*mi+b*mj, b*mi+a*mj) <= det
}

// clearColumn sets column c, from row k on, to zero.
func (f *pivotFront) clearColumn(c, k int) {
	for i := k; i < c; i++ {
		f.a[i*f.r+c] = 0
	}
	clear(f.row(c))
}

// swapPair moves rows i and j to k and k+1.
func (f *pivotFront) swapPair(k, i, j int) {
	i, j = min(i, j), max(i, j)
	f.swap(k, i)
	f.swap(k+1, j)
}

// swap exchanges rows and columns i and j, i ≤ j.
func (f *pivotFront) swap(i, j int) {
	if i == j {
		return
	}
	a, r := f.a, f.r
	for t := range i {
		a[t*r+i], a[t*r+j] = a[t*r+j], a[t*r+i]
	}
	for t := i + 1; t < j; t++ {
		a[i*r+t], a[t*r+j] = a[t*r+j], a[i*r+t]
	}
	a[i*r+i], a[j*r+j] = a[j*r+j], a[i*r+i]
	ri, rj := a[i*r+j+1:(i+1)*r], a[j*r+j+1:(j+1)*r]
	for t, v := range ri {
		ri[t], rj[t] = rj[t], v
	}
	f.index[i], f.index[j] = f.index[j], f.index[i]
}

// eliminate makes the pivot of the given order at row k: its rows become
// those of Lᵀ, D Lᵀ goes to w from row slot on, and the rows before next are
// updated.
func (f *pivotFront) eliminate(k, size, next, slot int) {
	if size == 1 {
		f.eliminateOne(k, next, slot)
	} else {
		f.eliminateTwo(k, next, slot)
	}
}

func (f *pivotFront) eliminateOne(k, next, slot int) {
	row := f.a[k*f.r : (k+1)*f.r]
	w := f.w[slot*f.r : (slot+1)*f.r]
	copy(w[k+1:], row[k+1:])
	d := row[k]
	f.inertia.add(d)
	if d == 0 { // so is the row
		f.d[2*k], f.d[2*k+1] = 0, 0
		return
	}
	f.d[2*k], f.d[2*k+1] = 1/d, 0
	for j, v := range w[k+1:] {
		row[k+1+j] = v / d
	}
	for j := k + 1; j < next; j++ {
		kern.Axpy(-row[j], w[j:], f.row(j))
	}
}

func (f *pivotFront) eliminateTwo(k, next, slot int) {
	r := f.r
	row0, row1 := f.a[k*r:(k+1)*r], f.a[(k+1)*r:(k+2)*r]
	w0, w1 := f.w[slot*r:(slot+1)*r], f.w[(slot+1)*r:(slot+2)*r]
	copy(w0[k+2:], row0[k+2:])
	copy(w1[k+2:], row1[k+2:])
	a, b, c := row0[k], row0[k+1], row1[k+1]
	det := a*c - b*b
	if det < 0 {
		f.inertia.positive++
		f.inertia.negative++
	} else {
		f.inertia.add(a)
		f.inertia.add(c)
	}
	e, g, h := c/det, -b/det, a/det // D⁻¹ = [e g; g h]
	f.d[2*k], f.d[2*k+1], f.d[2*k+2], f.d[2*k+3] = e, g, h, 0
	row0[k+1] = 0 // L has a unit block
	for j := k + 2; j < r; j++ {
		x, y := w0[j], w1[j]
		row0[j], row1[j] = e*x+g*y, g*x+h*y
	}
	for j := k + 2; j < next; j++ {
		target := f.row(j)
		kern.Axpy(-row0[j], w0[j:], target)
		kern.Axpy(-row1[j], w1[j:], target)
	}
}

// update subtracts the products of pivots first … k-1 from the rows from next
// on.
func (f *pivotFront) update(first, k, next int) {
	rows := f.r - next
	if k == first || rows == 0 {
		return
	}
	f.first, f.k, f.next = first, k, next
	chunks := par.Chunks(rows, updateChunk)
	if f.threads > 1 && float64(k-first)*float64(rows)*float64(rows) > largeFront {
		par.For(f.threads, chunks, f.updateRows)
		return
	}
	for c := range chunks {
		f.updateRows(c)
	}
}

func (f *pivotFront) updateChunk(chunk int) {
	lo, hi := par.Bounds(chunk, f.r-f.next, updateChunk)
	lo, hi = lo+f.next, hi+f.next
	kern.SubTN(hi-lo, f.r-lo, f.k-f.first, f.a[f.first*f.r+lo:], f.r, f.w[lo:], f.r, f.a[lo*f.r+lo:], f.r)
}

// complete eliminates all rows from k on, the largest pivots first (Bunch &
// Parlett 1971). It always finds one: what is left when all entries are
// rounding errors is taken for zero.
func (f *pivotFront) complete(k int) {
	for size := 1; k < f.r && !f.stopped(); k += size {
		d, diag := 0.0, k
		off, i, j := 0.0, k, k
		for t := k; t < f.r; t++ {
			row := f.row(t)
			if v := math.Abs(row[0]); v > d {
				d, diag = v, t
			}
			for s, v := range row[1:] {
				if v = math.Abs(v); v > off {
					off, i, j = v, t, t+1+s
				}
			}
		}
		size = 1
		switch {
		case max(d, off) <= f.zero:
			for ; k < f.r; k++ {
				clear(f.row(k))
				f.eliminate(k, 1, f.r, 0)
			}
			return
		case d >= bunchKaufman*off:
			f.swap(k, diag)
		default:
			f.swapPair(k, i, j)
			size = 2
		}
		f.eliminate(k, size, f.r, 0)
	}
}

// force eliminates the complete rows from k on with 1×1 pivots, those that
// are too small being raised.
func (f *pivotFront) force(k int) {
	for k < f.p {
		first, next := k, min(f.p, k+panelRows)
		for ; k < next; k++ {
			d := &f.a[k*f.r+k]
			if math.Abs(*d) < f.static {
				*d = math.Copysign(f.static, *d)
				f.perturbed++
			}
			f.eliminate(k, 1, next, k-first)
		}
		f.update(first, k, next)
	}
}
