package linsys

import (
	"fmt"

	"solve/matrix"
	"solve/solver"
)

// LDU is M = L D U with a unit lower and a unit upper sparse triangle, the
// common form of SSOR and of the incomplete factorisations. It is symmetric
// if they are.
//
// Both triangles are solved row by row, on two threads where enough blocks of
// rows don't wait for one another. The bits don't depend on the number of
// threads.
type LDU struct {
	lower, upper triangle
	inv          []float64 // D⁻¹
	sweeps       sweeps
	z, r         []float64 // of the Apply under way

	shift    float64
	replaced int
}

// triangle is a strict triangle by rows: row i has the entries col, val from
// ptr[i] to ptr[i+1]. The diagonal, all ones, isn't stored.
type triangle struct {
	ptr []int64
	col []int32
	val []float64
}

// bytesPerEntry is what an entry of both triangles of an LDU takes.
const bytesPerEntry = 12

// newLDU finishes the set-up; pivots becomes D⁻¹.
func newLDU(lower triangle, pivots []float64, upper triangle) (*LDU, error) {
	if err := checkFactors(lower, pivots, upper); err != nil {
		return nil, err
	}
	m := &LDU{lower: lower, upper: upper, inv: pivots}
	for i, d := range pivots {
		m.inv[i] = 1 / d
	}
	m.sweeps.init(lower, upper)
	m.sweeps.forward, m.sweeps.backward = m.forward, m.backward
	return m, nil
}

// checkFactors refuses factors that overflowed.
func checkFactors(lower triangle, pivots []float64, upper triangle) error {
	for i, d := range pivots {
		bad := 1/d - 1/d
		for _, v := range lower.val[lower.ptr[i]:lower.ptr[i+1]] {
			bad += v - v
		}
		for _, v := range upper.val[upper.ptr[i]:upper.ptr[i+1]] {
			bad += v - v
		}
		if bad != 0 {
			return fmt.Errorf("linsys: row %d of the incomplete factors overflows (pivot %.3g): %w", i+1, d, solver.ErrSingular)
		}
	}
	return nil
}

// SetThreads bounds the goroutines of Apply (0 = GOMAXPROCS, the default).
func (m *LDU) SetThreads(threads int) { m.sweeps.threads = threads }

// Shift is σ where the factors are those of A + σ diag(A).
func (m *LDU) Shift() float64 { return m.shift }

// Replaced is how many pivots were replaced for being too small.
func (m *LDU) Replaced() int { return m.replaced }

// NNZ is the number of entries of L + U, diagonal counted once.
func (m *LDU) NNZ() int { return len(m.lower.val) + len(m.inv) + len(m.upper.val) }

// Apply computes z = M⁻¹ r.
func (m *LDU) Apply(z, r []float64) {
	checkApply("LDU", len(m.inv), z, r)
	m.z, m.r = z, r
	m.sweeps.run()
	m.z, m.r = nil, nil
}

// checkApply panics, as matrix products do, on vectors of a wrong length.
func checkApply(name string, n int, z, r []float64) {
	if len(z) != n || len(r) != n {
		panic(fmt.Sprintf("linsys: %s of order %d applied to a vector of %d into one of %d", name, n, len(r), len(z)))
	}
}

// forward solves L z = r.
func (m *LDU) forward(lo, hi int) {
	z, r := m.z, m.r
	for i := lo; i < hi; i++ {
		z[i] = m.lower.subtract(i, r[i], z)
	}
}

// backward solves D U z = z.
func (m *LDU) backward(lo, hi int) {
	z := m.z
	for i := hi - 1; i >= lo; i-- {
		z[i] = m.upper.subtractBackwards(i, z[i]*m.inv[i], z)
	}
}

// subtract returns s less row i times x. The last entry is subtracted last:
// in a lower triangle it is the one that was computed last.
func (t *triangle) subtract(i int, s float64, x []float64) float64 {
	col := t.col[t.ptr[i]:t.ptr[i+1]]
	val := t.val[t.ptr[i]:][:len(col)]
	for k, c := range col {
		s -= val[k] * x[c]
	}
	return s
}

// subtractBackwards is subtract from the last entry to the first.
func (t *triangle) subtractBackwards(i int, s float64, x []float64) float64 {
	col := t.col[t.ptr[i]:t.ptr[i+1]]
	val := t.val[t.ptr[i]:][:len(col)]
	for k := len(col) - 1; k >= 0; k-- {
		s -= val[k] * x[col[k]]
	}
	return s
}

// transpose turns an upper triangle into a lower one.
func (t triangle) transpose() triangle {
	n := len(t.ptr) - 1
	ptr := make([]int64, n+2) // ptr[c+1] runs from the start of row c to its end
	for _, c := range t.col {
		ptr[c+2]++
	}
	for i := 2; i < len(ptr); i++ {
		ptr[i] += ptr[i-1]
	}
	out := triangle{col: make([]int32, len(t.col)), val: make([]float64, len(t.val))}
	for i := range n {
		for k := t.ptr[i]; k < t.ptr[i+1]; k++ {
			c := t.col[k]
			d := ptr[c+1]
			ptr[c+1] = d + 1
			out.col[d], out.val[d] = int32(i), t.val[k]
		}
	}
	out.ptr = ptr[:n+1]
	return out
}

// strict cuts a into its strict triangles and its diagonal, zero where
// there's no entry.
func strict(a *matrix.CSR) (lower triangle, diag []float64, upper triangle) {
	n := a.Rows
	lower.ptr, upper.ptr = make([]int64, n+1), make([]int64, n+1)
	diag = make([]float64, n)
	var below, above int64
	for i := range n {
		for k := a.RowPtr[i]; k < a.RowPtr[i+1]; k++ {
			switch c := int(a.Col[k]); {
			case c < i:
				below++
			case c > i:
				above++
			default:
				diag[i] = a.Val[k]
			}
		}
		lower.ptr[i+1], upper.ptr[i+1] = below, above
	}
	lower.col, lower.val = make([]int32, below), make([]float64, below)
	upper.col, upper.val = make([]int32, above), make([]float64, above)
	for i := range n {
		lo, hi := a.RowPtr[i], a.RowPtr[i+1]
		left := lower.ptr[i+1] - lower.ptr[i]
		right := upper.ptr[i+1] - upper.ptr[i]
		copy(lower.col[lower.ptr[i]:], a.Col[lo:lo+left])
		copy(lower.val[lower.ptr[i]:], a.Val[lo:lo+left])
		copy(upper.col[upper.ptr[i]:], a.Col[hi-right:hi])
		copy(upper.val[upper.ptr[i]:], a.Val[hi-right:hi])
	}
	return lower, diag, upper
}

// checkSquare refuses a matrix that isn't square.
func checkSquare(a *matrix.CSR) error {
	if a.Rows != a.Cols {
		return fmt.Errorf("linsys: a preconditioner needs a square matrix, not %d×%d: %w", a.Rows, a.Cols, solver.ErrDimension)
	}
	return nil
}

// checkPositiveDiagonal refuses a diagonal that no positive definite matrix
// has.
func checkPositiveDiagonal(diag []float64) error {
	for i, d := range diag {
		if !(d > 0) {
			return fmt.Errorf("linsys: diagonal entry %d is %.3g: %w", i+1, d, solver.ErrNotPositiveDefinite)
		}
	}
	return nil
}
