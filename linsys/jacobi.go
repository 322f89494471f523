package linsys

import (
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/matrix"
	"solve/solver"
)

// Diagonal is M = diag(A).
type Diagonal struct{ inv []float64 }

// NewJacobi returns the diagonal preconditioner of a square matrix. A zero
// entry counts as 1.
func NewJacobi(a *matrix.CSR) (*Diagonal, error) {
	return diagonalOf(a, func(d float64) float64 { return d })
}

// NewAbsJacobi is NewJacobi with |a_ii|: positive definite for every matrix,
// as MINRES needs it.
func NewAbsJacobi(a *matrix.CSR) (*Diagonal, error) { return diagonalOf(a, math.Abs) }

func diagonalOf(a *matrix.CSR, entry func(float64) float64) (*Diagonal, error) {
	if err := checkSquare(a); err != nil {
		return nil, err
	}
	inv := make([]float64, a.Rows)
	for i := range inv {
		inv[i] = 1 / entry(a.At(i, i))
		if inv[i]-inv[i] != 0 { // of zero or of a subnormal number
			inv[i] = 1
		}
	}
	return &Diagonal{inv}, nil
}

// Apply computes z = M⁻¹ r.
func (m *Diagonal) Apply(z, r []float64) {
	checkApply("Diagonal", len(m.inv), z, r)
	for i, d := range m.inv {
		z[i] = d * r[i]
	}
}

// BlockDiagonal is M = the diagonal blocks of A.
type BlockDiagonal struct {
	n, size int
	inv     []float64 // of the blocks, one after the other, by rows
}

// maxBlockSize bounds the blocks of NewBlockJacobi.
const maxBlockSize = 6

// NewBlockJacobi returns the block diagonal preconditioner of a square
// matrix with blocks of size 1 to 6, the last one smaller if the order isn't
// a multiple. M is symmetric, bit for bit, if the blocks are. The error
// wraps solver.ErrSingular and names the first row of a singular block.
func NewBlockJacobi(a *matrix.CSR, size int) (*BlockDiagonal, error) {
	if err := checkSquare(a); err != nil {
		return nil, err
	}
	if size < 1 || size > maxBlockSize {
		return nil, &solver.OptionError{Name: "block size", Value: fmt.Sprint(size), Want: fmt.Sprintf("1 to %d", maxBlockSize)}
	}
	m := &BlockDiagonal{n: a.Rows, size: size, inv: make([]float64, a.Rows*size)}
	for lo := 0; lo < m.n; lo += size {
		k := min(size, m.n-lo)
		block := m.inv[lo*size:][:k*k]
		for i := range k {
			col, val := a.Row(lo + i)
			for p, c := range col {
				if j := int(c) - lo; j >= 0 && j < k {
					block[i*k+j] = val[p]
				}
			}
		}
		if !invertBlock(block, k) {
			return nil, fmt.Errorf("linsys: the block of %d rows at row %d: %w", k, lo+1, solver.ErrSingular)
		}
	}
	return m, nil
}

// invertBlock replaces the k×k matrix by its inverse (Gauss–Jordan with row
// pivots) and says whether it has one.
func invertBlock(a []float64, k int) bool {
	symmetric := isSymmetricBlock(a, k)
	var inv [maxBlockSize * maxBlockSize]float64
	for i := range k {
		inv[i*k+i] = 1
	}
	for j := range k {
		p := j
		for i := j + 1; i < k; i++ {
			if math.Abs(a[i*k+j]) > math.Abs(a[p*k+j]) {
				p = i
			}
		}
		scale := 1 / a[p*k+j]
		if scale-scale != 0 {
			return false
		}
		for c := range k {
			a[j*k+c], a[p*k+c] = a[p*k+c], a[j*k+c]
			inv[j*k+c], inv[p*k+c] = inv[p*k+c], inv[j*k+c]
			a[j*k+c] *= scale
			inv[j*k+c] *= scale
		}
		for i := range k {
			f := a[i*k+j]
			if i == j || f == 0 {
				continue
			}
			for c := range k {
				a[i*k+c] -= f * a[j*k+c]
				inv[i*k+c] -= f * inv[j*k+c]
			}
		}
	}
	copy(a, inv[:k*k])
	if symmetric {
		symmetrize(a, k)
	}
	for _, v := range a {
		if v-v != 0 {
			return false
		}
	}
	return true
}

func isSymmetricBlock(a []float64, k int) bool {
	for i := range k {
		for j := range i {
			if a[i*k+j] != a[j*k+i] {
				return false
			}
		}
	}
	return true
}

func symmetrize(a []float64, k int) {
	for i := range k {
		for j := range i {
			mean := (a[i*k+j] + a[j*k+i]) / 2
			a[i*k+j], a[j*k+i] = mean, mean
		}
	}
}

// Apply computes z = M⁻¹ r.
func (m *BlockDiagonal) Apply(z, r []float64) {
	checkApply("BlockDiagonal", m.n, z, r)
	for lo := 0; lo < m.n; lo += m.size {
		k := min(m.size, m.n-lo)
		block, x := m.inv[lo*m.size:], r[lo:lo+k]
		for i := range k {
			s := 0.0
			for j, v := range x {
				s += block[i*k+j] * v
			}
			z[lo+i] = s
		}
	}
}

// ApplyBlock computes Z = M⁻¹ R for k vectors, row-major.
func (m *BlockDiagonal) ApplyBlock(z, r []float64, k int) {
	checkApply("BlockDiagonal", m.n*k, z, r)
	for lo := 0; lo < m.n; lo += m.size {
		size := min(m.size, m.n-lo)
		block, x := m.inv[lo*m.size:], r[lo*k:]
		for i := range size {
			out := z[(lo+i)*k:][:k]
			clear(out)
			for j := range size {
				kern.Axpy(block[i*size+j], x[j*k:][:k], out)
			}
		}
	}
}

// fullBlocks is the share of entries that blocks must have to be taken for
// the blocks of a system of equations: finite elements drop a few by chance.
const fullBlocks = 0.9

// blockSize returns the largest b of 6, 3 and 2 for which the entries of a
// square matrix make up b×b blocks, aligned and (nearly) full, or 1.
func blockSize(a *matrix.CSR) int {
	for _, b := range []int{6, 3, 2} {
		if a.Rows > 0 && a.Rows == a.Cols && a.Rows%b == 0 &&
			float64(a.NNZ()) >= fullBlocks*float64(b*b)*float64(countBlocks(a, b)) {
			return b
		}
	}
	return 1
}

// countBlocks is the number of b×b blocks that have an entry.
func countBlocks(a *matrix.CSR, b int) (blocks int64) {
	seen := make([]int32, a.Cols/b) // 1 + the last row of blocks with an entry here
	for i := range a.Rows {
		col, _ := a.Row(i)
		for _, c := range col {
			if q := int(c) / b; seen[q] != int32(i/b)+1 {
				seen[q] = int32(i/b) + 1
				blocks++
			}
		}
	}
	return blocks
}

// positive tells whether the blocks are positive definite, by Cholesky
// factorisation of their inverses.
func (m *BlockDiagonal) positive() bool {
	var l [maxBlockSize * maxBlockSize]float64
	for lo := 0; lo < m.n; lo += m.size {
		k := min(m.size, m.n-lo)
		copy(l[:], m.inv[lo*m.size:][:k*k])
		for j := range k {
			for i := j; i < k; i++ {
				for c := range j {
					l[i*k+j] -= l[i*k+c] * l[j*k+c]
				}
			}
			pivot := l[j*k+j]
			if !(pivot > 0) {
				return false
			}
			for i := j; i < k; i++ {
				l[i*k+j] /= math.Sqrt(pivot)
			}
		}
	}
	return true
}
