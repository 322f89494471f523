package constrained

import (
	"math"

	"solve/internal/kern"
	"solve/matrix"
)

// symmetric is the factor of a small dense symmetric matrix,
//
//	P S A S Pᵀ = Uᵀ D U,
//
// S powers of two, U with a unit diagonal, D with blocks of order 1 and 2, by the
// partial pivoting of J. Bunch and L. Kaufman, Some stable methods for calculating
// inertia and solving symmetric linear systems, Math. Comp. 31 (1977). It allocates
// nothing after newSymmetric.
type symmetric struct {
	n     int
	a     []float64 // rows of U above the diagonal, D on and beside it
	scale []float64
	perm  []int32
	pair  []bool // the pivot at k is a block of order 2 with k+1
	work  []float64

	positive, negative, zero int
}

func newSymmetric(n int) *symmetric {
	return &symmetric{
		n: n, a: make([]float64, n*n), scale: make([]float64, n), work: make([]float64, n),
		perm: make([]int32, n), pair: make([]bool, n),
	}
}

// ruizPasses are enough to bring the rows of KKT matrices near each other (D. Ruiz,
// A scaling algorithm to equilibrate both rows and columns norms in matrices, 2001).
const ruizPasses = 3

// load copies a, stored in full, and equilibrates it.
func (s *symmetric) load(a *matrix.CSR) {
	for i := range s.scale {
		s.scale[i] = 1
	}
	for range ruizPasses {
		for i := range s.n {
			most := 0.0
			for k := a.RowPtr[i]; k < a.RowPtr[i+1]; k++ {
				most = max(most, math.Abs(a.Val[k])*s.scale[a.Col[k]])
			}
			s.work[i] = most * s.scale[i]
		}
		for i, most := range s.work {
			if most > 0 && most <= math.MaxFloat64 {
				_, e := math.Frexp(most)
				s.scale[i] = math.Ldexp(s.scale[i], -(e >> 1))
			}
		}
	}
	clear(s.a)
	for i := range s.n {
		row := s.a[i*s.n:]
		for k := a.RowPtr[i]; k < a.RowPtr[i+1]; k++ {
			if j := int(a.Col[k]); j >= i {
				row[j] = a.Val[k] * s.scale[i] * s.scale[j]
			}
		}
	}
}

// growth is (1+√17)/8, which bounds the growth of entries.
const growth = 0.6403882032022076

// factor replaces the factor by that of a. Pivots that are at most 1e-14 √n of the
// equilibrated matrix count as zero.
func (s *symmetric) factor(a *matrix.CSR) {
	s.load(a)
	n := s.n
	tiny := 1e-14 * math.Sqrt(float64(n))
	s.positive, s.negative, s.zero = 0, 0, 0
	for i := range s.perm {
		s.perm[i], s.pair[i] = int32(i), false
	}
	for k := 0; k < n; {
		at, pair := s.choose(k, tiny)
		if pair {
			s.exchange(k+1, at)
			s.eliminatePair(k)
			s.positive++
			s.negative++
			k += 2
			continue
		}
		s.exchange(k, at)
		row := s.a[k*n : (k+1)*n]
		d := row[k]
		switch {
		case math.Abs(d) <= tiny:
			s.zero++
			clear(row[k:])
		default:
			if d > 0 {
				s.positive++
			} else {
				s.negative++
			}
			s.eliminate(k, d)
		}
		k++
	}
}

// choose finds the pivot of step k: an index to exchange k with, or k+1 for a pair.
// Rows with no entry above tiny are their own pivots.
func (s *symmetric) choose(k int, tiny float64) (at int, pair bool) {
	n := s.n
	row := s.a[k*n : (k+1)*n]
	most, r := 0.0, k
	for j := k + 1; j < n; j++ {
		if v := math.Abs(row[j]); v > most {
			most, r = v, j
		}
	}
	d := math.Abs(row[k])
	if most <= tiny || d >= growth*most {
		return k, false
	}
	other := 0.0
	for i := k; i < r; i++ {
		other = max(other, math.Abs(s.a[i*n+r]))
	}
	for _, v := range s.a[r*n+r+1 : (r+1)*n] {
		other = max(other, math.Abs(v))
	}
	switch {
	case d*other >= growth*most*most:
		return k, false
	case math.Abs(s.a[r*n+r]) >= growth*other:
		return r, false
	}
	return r, true
}

// exchange exchanges the unknowns i ≤ j of what is left to eliminate, and of the
// rows of U that are done.
func (s *symmetric) exchange(i, j int) {
	if i == j {
		return
	}
	n, a := s.n, s.a
	s.perm[i], s.perm[j] = s.perm[j], s.perm[i]
	for l := range i {
		a[l*n+i], a[l*n+j] = a[l*n+j], a[l*n+i]
	}
	a[i*n+i], a[j*n+j] = a[j*n+j], a[i*n+i]
	for l := i + 1; l < j; l++ {
		a[i*n+l], a[l*n+j] = a[l*n+j], a[i*n+l]
	}
	for l := j + 1; l < n; l++ {
		a[i*n+l], a[j*n+l] = a[j*n+l], a[i*n+l]
	}
}

func (s *symmetric) eliminate(k int, d float64) {
	n := s.n
	row := s.a[k*n : (k+1)*n]
	for i := k + 1; i < n; i++ {
		if v := row[i]; v != 0 {
			subtract(v/d, row[i:], s.a[i*n+i:(i+1)*n])
		}
	}
	inverse := 1 / d
	for j := k + 1; j < n; j++ {
		row[j] *= inverse
	}
}

func (s *symmetric) eliminatePair(k int) {
	n := s.n
	s.pair[k] = true
	r, q := s.a[k*n:(k+1)*n], s.a[(k+1)*n:(k+2)*n]
	a, b, c := r[k], r[k+1], q[k+1]
	// The inverse of [a b; b c], with b the largest, from the quotients of it.
	p, o := a/b, c/b
	t := 1 / (b * (p*o - 1))
	for i := k + 2; i < n; i++ {
		u, v := (o*r[i]-q[i])*t, (p*q[i]-r[i])*t
		s.work[i] = u
		if u != 0 {
			subtract(u, r[i:], s.a[i*n+i:(i+1)*n])
		}
		if v != 0 {
			subtract(v, q[i:], s.a[i*n+i:(i+1)*n])
		}
	}
	for i := k + 2; i < n; i++ {
		u := s.work[i]
		v := (p*q[i] - r[i]) * t
		r[i], q[i] = u, v
	}
}

// subtract takes t x from y, of the length of y.
func subtract(t float64, x, y []float64) {
	if len(y) >= 16 {
		kern.Axpy(-t, x, y)
		return
	}
	for j := range y {
		y[j] -= t * x[j]
	}
}

// solve overwrites x with A⁻¹ x; unknowns with a zero pivot are set to 0.
func (s *symmetric) solve(x []float64) {
	n, z := s.n, s.work
	for k, i := range s.perm {
		z[k] = x[i] * s.scale[i]
	}
	for k := 0; k < n; k++ {
		row := s.a[k*n : (k+1)*n]
		if s.pair[k] {
			next := s.a[(k+1)*n : (k+2)*n]
			u, v := z[k], z[k+1]
			for j := k + 2; j < n; j++ {
				z[j] -= row[j]*u + next[j]*v
			}
			a, b, c := row[k], row[k+1], next[k+1]
			p, o := a/b, c/b
			t := 1 / (b * (p*o - 1))
			z[k], z[k+1] = (o*u-v)*t, (p*v-u)*t
			k++
			continue
		}
		u := z[k]
		if row[k] == 0 {
			z[k] = 0
			continue
		}
		subtract(u, row[k+1:], z[k+1:])
		z[k] = u / row[k]
	}
	for k := n - 1; k >= 0; k-- {
		if k > 0 && s.pair[k-1] {
			row, next := s.a[(k-1)*n:k*n], s.a[k*n:(k+1)*n]
			for j := k + 1; j < n; j++ {
				z[k-1] -= row[j] * z[j]
				z[k] -= next[j] * z[j]
			}
			k--
			continue
		}
		z[k] -= kern.Dot(s.a[k*n+k+1:(k+1)*n], z[k+1:])
	}
	for k, i := range s.perm {
		x[i] = z[k] * s.scale[i]
	}
}
