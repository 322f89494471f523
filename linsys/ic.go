package linsys

import (
	"fmt"

	"solve/matrix"
	"solve/solver"
)

const (
	// breakdown is the least pivot of an incomplete Cholesky factorisation
	// relative to the entry of the diagonal.
	breakdown = 1e-8
	// firstShift and shiftGrowth: σ = 10⁻³, 4·10⁻³, … (Lin & Moré,
	// Incomplete Cholesky factorizations with limited memory, 1999).
	firstShift  = 1e-3
	shiftGrowth = 4
	shiftTrials = 40
	// safePivot is the pivot, relative to the diagonal, below which MIC(0)
	// keeps the diagonal (Bridson, Fluid Simulation for Computer Graphics,
	// ch. 5).
	safePivot = 0.25
)

// NewIC0 returns the incomplete Cholesky factorisation M = L D Lᵀ of a
// symmetric matrix, with L on the pattern of the lower triangle (Meijerink &
// van der Vorst 1977). Only the upper triangle is read. If a pivot is at
// most 10⁻⁸ a_ii, as can happen although A is positive definite (Kershaw
// 1978), A + σ diag(A) is factored instead, with σ = 10⁻³ and four times as
// much until it succeeds (Manteuffel 1980); Shift tells.
//
// The error wraps solver.ErrNotPositiveDefinite and names the row where an
// entry of the diagonal isn't positive.
func NewIC0(a *matrix.CSR) (*LDU, error) {
	f, err := newIC(a)
	if err != nil {
		return nil, err
	}
	return withShift(func(shift float64) (*LDU, error) {
		f.reset(shift)
		if k := f.factor(0); k >= 0 {
			return nil, pivotError(k, f.d[k])
		}
		return f.finish()
	})
}

// NewMIC0 returns the modified incomplete Cholesky factorisation: NewIC0
// with tau (in [0,1], usually 0.97) times the fill that is dropped
// subtracted from the two entries of the diagonal in its row and column, so
// that M and A have the same row sums for tau = 1 (Gustafsson 1978). A pivot
// below a_ii/4 is replaced by a_ii, and counted by Replaced.
func NewMIC0(a *matrix.CSR, tau float64) (*LDU, error) {
	if !(tau >= 0 && tau <= 1) {
		return nil, &solver.OptionError{Name: "tau", Value: fmt.Sprint(tau), Want: "a number from 0 to 1"}
	}
	f, err := newIC(a)
	if err != nil {
		return nil, err
	}
	f.safe = true
	f.reset(0)
	f.factor(tau)
	m, err := f.finish()
	if err != nil {
		return nil, err
	}
	m.replaced = f.replaced
	return m, nil
}

// withShift tries growing shifts until the factorisation succeeds. The last
// error is returned if none does.
func withShift(factor func(shift float64) (*LDU, error)) (m *LDU, err error) {
	shift := 0.0
	for range shiftTrials {
		if m, err = factor(shift); err == nil {
			m.shift = shift
			return m, nil
		}
		shift = max(firstShift, shift*shiftGrowth)
	}
	return nil, err
}

func pivotError(k int, pivot float64) error {
	return fmt.Errorf("linsys: pivot %d of the incomplete factorisation is %.3g: %w", k+1, pivot, solver.ErrNotPositiveDefinite)
}

// icFactor is an incomplete factorisation D Lᵀ under way: d and the rows of
// upper are first those of A.
type icFactor struct {
	a        *matrix.CSR
	diag     []float64 // of A
	d        []float64
	upper    triangle
	safe     bool
	replaced int
}

func newIC(a *matrix.CSR) (*icFactor, error) {
	if err := checkSquare(a); err != nil {
		return nil, err
	}
	diag, upper := upperPart(a)
	if err := checkPositiveDiagonal(diag); err != nil {
		return nil, err
	}
	return &icFactor{a: a, diag: diag, upper: upper}, nil
}

// upperPart returns the diagonal and the strict upper triangle.
func upperPart(a *matrix.CSR) (diag []float64, upper triangle) {
	n := a.Rows
	diag = make([]float64, n)
	upper = triangle{
		ptr: make([]int64, n+1),
		col: make([]int32, 0, (len(a.Col)+1)/2), val: make([]float64, 0, (len(a.Col)+1)/2),
	}
	for i := range n {
		col, val := a.Row(i)
		k := len(col)
		for k > 0 && int(col[k-1]) > i {
			k--
		}
		if k > 0 && int(col[k-1]) == i {
			diag[i] = val[k-1]
		}
		upper.col, upper.val = append(upper.col, col[k:]...), append(upper.val, val[k:]...)
		upper.ptr[i+1] = int64(len(upper.col))
	}
	return diag, upper
}

// reset puts A + shift·diag(A) in place.
func (f *icFactor) reset(shift float64) {
	if f.d == nil {
		f.d = make([]float64, len(f.diag))
	} else {
		_, f.upper = upperPart(f.a)
	}
	copy(f.d, f.diag)
	for i := range f.d {
		f.d[i] *= 1 + shift
	}
}

// factor eliminates row by row: row k of D Lᵀ updates the rows of its
// columns. tau times an update that finds no entry goes to the diagonal. It
// returns the row of a breakdown, or −1.
func (f *icFactor) factor(tau float64) int {
	ptr, col, val, d := f.upper.ptr, f.upper.col, f.upper.val, f.d
	for k := range d {
		if !f.acceptPivot(k) {
			return k
		}
		row := col[ptr[k]:ptr[k+1]]
		u := val[ptr[k]:][:len(row)]
		inv := 1 / d[k]
		for p, i := range row {
			l := u[p] * inv
			d[i] -= l * u[p]
			q, end := ptr[i], ptr[i+1]
			for s := p + 1; s < len(row); s++ {
				j, update := row[s], l*u[s]
				for q < end && col[q] < j {
					q++
				}
				if q < end && col[q] == j {
					val[q] -= update
				} else if tau != 0 {
					d[i] -= tau * update
					d[j] -= tau * update
				}
			}
		}
	}
	return -1
}

func (f *icFactor) acceptPivot(k int) bool {
	if f.safe {
		if !(f.d[k] >= safePivot*f.diag[k]) {
			f.d[k] = f.diag[k]
			f.replaced++
		}
		return true
	}
	return f.d[k] > breakdown*f.diag[k]
}

// finish scales the rows of D Lᵀ to those of Lᵀ.
func (f *icFactor) finish() (*LDU, error) {
	for k, d := range f.d {
		inv := 1 / d
		u := f.upper.val[f.upper.ptr[k]:f.upper.ptr[k+1]]
		for p := range u {
			u[p] *= inv
		}
	}
	return newLDU(f.upper.transpose(), f.d, f.upper)
}
