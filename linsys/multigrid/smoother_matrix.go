package multigrid

import (
	"context"
	"math"
)

// scaledMatrix is a level's matrix as the smoothers read it: scaled on both
// sides so that its diagonal is one, Â = S A S with S = diag(scale), without
// the diagonal, and cut into fixed blocks of rows for Gauss–Seidel.
//
// Row i holds first the entries of its own block left of the diagonal, in
// ascending order, up to mid[i], and then those right of it, in descending
// order: in both directions of a sweep the value that was computed last comes
// last, so that a row waits for as little as possible. Entries that lead out
// of the block are in a list of their own (boundary). Without Gauss–Seidel
// there is one block and no mid.
type scaledMatrix[T amgFloat] struct {
	n        int
	ptr, mid []uint32
	col      []int32
	val      []T
	scale    []float64
	blocks   []int // cuts of Gauss–Seidel
	chunks   []int // cuts of all else
	boundary []boundary[T]
}

// boundary holds what leads out of one block. Its rows have the diagonal
// entry 1 − excess in Â, since the scaling follows
//
//	d_i = a_ii + Σ_{j outside the block} |a_ij|   (l1 Gauss–Seidel)
//
// with which the smoother converges for every symmetric positive definite
// matrix and every number of blocks (Baker, Falgout, Kolev & Yang, Multigrid
// smoothers for ultraparallel computing, SIAM J. Sci. Comput. 33, 2011).
type boundary[T amgFloat] struct {
	row         []int32
	excess      []T
	ptr         []int32
	col         []int32
	val         []T
	now, before []T // the last two results of couple
}

// smallSweep and largeSweep are the entries of a Gauss–Seidel block. Small ones
// stay in cache between the sweeps and keep more threads busy; large ones cost
// fewer iterations where neighbours have distant numbers.
const (
	smallSweep = 1 << 16
	largeSweep = 1 << 18
)

// scaleMatrix makes the copy, cut into blocks for sweeps or not: small ones,
// unless the numbering is such that too much would lead out of them.
func scaleMatrix[T amgFloat](ctx context.Context, threads int, a *amgCSR[float64], diag []float64, sweeps bool) (*scaledMatrix[T], error) {
	whole := []int{0, a.rows}
	if !sweeps {
		return scaleBlocks[T](ctx, threads, a, diag, whole, false)
	}
	for _, entries := range []int64{smallSweep, largeSweep} {
		cuts := pairedCuts(a, entries)
		if len(cuts) <= 2 {
			break
		}
		outside, err := entriesOutside(ctx, threads, a, cuts)
		if err != nil {
			return nil, err
		}
		if entries == largeSweep || outside <= a.nnz()/20 {
			return scaleBlocks[T](ctx, threads, a, diag, cuts, true)
		}
	}
	return scaleBlocks[T](ctx, threads, a, diag, whole, true)
}

// pairedCuts cuts the rows into an even number of blocks, for two threads, of
// at least the given number of entries.
func pairedCuts(a *amgCSR[float64], entries int64) []int {
	pairs := a.nnz() / (2 * entries)
	if pairs == 0 {
		return []int{0, a.rows}
	}
	return cutRows(a.ptr, (a.nnz()+int64(a.rows))/(2*pairs)+1)
}

// entriesOutside counts the entries that lead from one block to another.
func entriesOutside(ctx context.Context, threads int, a *amgCSR[float64], cuts []int) (int64, error) {
	part := make([]int64, len(cuts)-1)
	err := forRows(ctx, threads, cuts, func(c, lo, hi int) {
		for _, j := range a.col[a.ptr[lo]:a.ptr[hi]] {
			if int(j) < lo || int(j) >= hi {
				part[c]++
			}
		}
	})
	total := int64(0)
	for _, k := range part {
		total += k
	}
	return total, err
}

// scaleBlocks makes the copy. diag has the diagonal of a; a row whose entry
// there is zero is taken for void: its scale is zero.
func scaleBlocks[T amgFloat](ctx context.Context, threads int, a *amgCSR[float64], diag []float64, blocks []int, sweeps bool) (*scaledMatrix[T], error) {
	n := a.rows
	m := &scaledMatrix[T]{n: n, ptr: make([]uint32, n+1), scale: make([]float64, n), chunks: cutRows(a.ptr, chunkEntries)}
	m.blocks = blocks
	if sweeps {
		m.mid = make([]uint32, n)
	}
	if err := forRows(ctx, threads, m.blocks, func(_, lo, hi int) { m.measure(a, diag, lo, hi) }); err != nil {
		return nil, err
	}
	for i := range n {
		m.ptr[i+1] += m.ptr[i]
	}
	m.col, m.val = make([]int32, m.ptr[n]), make([]T, m.ptr[n])
	m.boundary = make([]boundary[T], len(m.blocks)-1)
	return m, forRows(ctx, threads, m.blocks, func(c, lo, hi int) { m.fill(a, diag, c, lo, hi) })
}

// measure finds the scale of rows lo…hi−1, a block, and counts their entries
// within the block.
func (m *scaledMatrix[T]) measure(a *amgCSR[float64], diag []float64, lo, hi int) {
	for i := lo; i < hi; i++ {
		count, outside := uint32(0), 0.0
		for k := a.ptr[i]; k < a.ptr[i+1]; k++ {
			switch j := int(a.col[k]); {
			case j < lo || j >= hi:
				outside += math.Abs(a.val[k])
			case j != i:
				count++
			}
		}
		m.ptr[i+1] = count
		if d := diag[i] + outside; diag[i] > 0 {
			m.scale[i] = 1 / math.Sqrt(d)
		}
	}
}

func (m *scaledMatrix[T]) fill(a *amgCSR[float64], diag []float64, c, lo, hi int) {
	bd := &m.boundary[c]
	for i := lo; i < hi; i++ {
		from, to := m.ptr[i], m.ptr[i+1]
		left, right := from, to
		out := len(bd.col)
		s := m.scale[i]
		for k := a.ptr[i]; k < a.ptr[i+1]; k++ {
			j := a.col[k]
			v := T(a.val[k] * s * m.scale[j])
			switch jj := int(j); {
			case jj < lo || jj >= hi:
				bd.col, bd.val = append(bd.col, j), append(bd.val, v)
			case jj < i:
				m.insert(from, left, j, v, false)
				left++
			case jj > i:
				right--
				m.insert(right, to-1, j, v, true)
			}
		}
		if m.mid != nil {
			m.mid[i] = left
		}
		if len(bd.col) > out {
			bd.row = append(bd.row, int32(i))
			bd.excess = append(bd.excess, T(1-diag[i]*s*s))
			bd.ptr = append(bd.ptr, int32(out))
		}
	}
	bd.ptr = append(bd.ptr, int32(len(bd.col)))
	bd.now, bd.before = make([]T, len(bd.row)), make([]T, len(bd.row))
}

// insert puts an entry into its place among sorted ones: the left part grows
// at its end, ascending; the right part grows at its front, descending.
func (m *scaledMatrix[T]) insert(first, last uint32, j int32, v T, front bool) {
	col, val := m.col, m.val
	if front {
		at := first
		for ; at < last && col[at+1] > j; at++ {
			col[at], val[at] = col[at+1], val[at+1]
		}
		col[at], val[at] = j, v
		return
	}
	at := last
	for ; at > first && col[at-1] > j; at-- {
		col[at], val[at] = col[at-1], val[at-1]
	}
	col[at], val[at] = j, v
}

func (m *scaledMatrix[T]) bytes() int64 {
	var v T
	e := sizeOf(v)
	b := 4*int64(len(m.ptr)+len(m.mid)+len(m.col)) + e*int64(len(m.val)) + 8*int64(len(m.scale))
	for i := range m.boundary {
		bd := &m.boundary[i]
		b += (4+e)*int64(len(bd.row)+len(bd.col)) + 4*int64(len(bd.ptr)) + 2*e*int64(len(bd.row))
	}
	return b
}

// residual computes r = b − Â x for rows lo…hi−1, but for the coupling of
// blocks.
func (m *scaledMatrix[T]) residual(lo, hi int, b, x, r []T) {
	ptr := m.ptr[lo : hi+1]
	for i := range hi - lo {
		r[lo+i] = b[lo+i] - x[lo+i] - rowTimes(m.col[ptr[i]:ptr[i+1]], m.val[ptr[i]:ptr[i+1]], x)
	}
}

// rowTimes returns Σ val_k x[col_k].
func rowTimes[T amgFloat](col []int32, val, x []T) T {
	val = val[:len(col)]
	var s0, s1 T
	for len(col) >= 2 && len(val) >= 2 {
		s0 += val[0] * x[col[0]]
		s1 += val[1] * x[col[1]]
		col, val = col[2:], val[2:]
	}
	if len(col) > 0 && len(val) > 0 {
		s0 += val[0] * x[col[0]]
	}
	return s0 + s1
}
