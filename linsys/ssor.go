package linsys

import (
	"fmt"
	"math"

	"solve/matrix"
	"solve/solver"
)

// NewSSOR returns the symmetric successive over-relaxation preconditioner
//
//	M = (D/ω + L) (ω/(2−ω)) D⁻¹ (D/ω + U)
//
// of the symmetric matrix A = L + D + U with a positive diagonal, omega in
// (0,2), usually 1.2 (Saad, Iterative Methods for Sparse Linear Systems, 2nd
// ed., §10.2). M is positive definite. Conjugate gradients with it are
// cheaper by way of NewEisenstat.
//
// The error wraps solver.ErrNotPositiveDefinite where an entry of the
// diagonal isn't positive.
func NewSSOR(a *matrix.CSR, omega float64) (*LDU, error) {
	lower, diag, upper, err := ssorParts(a, omega)
	if err != nil {
		return nil, err
	}
	for i, d := range diag {
		lc, lv := lower.row(i)
		for p, c := range lc {
			lv[p] *= omega / diag[c]
		}
		_, uv := upper.row(i)
		for p := range uv {
			uv[p] *= omega / d
		}
	}
	for i := range diag {
		diag[i] /= omega * (2 - omega)
	}
	return newLDU(lower, diag, upper)
}

func ssorParts(a *matrix.CSR, omega float64) (lower triangle, diag []float64, upper triangle, err error) {
	if !(omega > 0 && omega < 2) {
		err = &solver.OptionError{Name: "omega", Value: fmt.Sprint(omega), Want: "a number between 0 and 2"}
	} else if err = checkSquare(a); err == nil {
		lower, diag, upper = strict(a)
		err = checkPositiveDiagonal(diag)
	}
	return lower, diag, upper, err
}

// Eisenstat is the operator of a system preconditioned by SSOR from both
// sides,
//
//	Â = K⁻¹ Δ^{−1/2} A Δ^{−1/2} K⁻ᵀ,  Δ = D/ω,  K = I + Δ^{−1/2} L Δ^{−1/2},
//
// at the cost of one pass over A (Eisenstat, Efficient implementation of a
// class of preconditioned conjugate gradient methods, 1981). Conjugate
// gradients on Â x̂ = b̂ without a preconditioner make the iterates that
// NewSSOR as preconditioner makes on A x = b:
//
//	e.RightSide(bh, r0)  // b̂ of the initial residual r₀ = b − A x₀
//	…                    // conjugate gradients: x̂ from zero, residual r̂
//	e.Residual(r, rh)    // r = b − A x of the recurrence, for the stopping rule
//	e.Solution(d, xh)    // x = x₀ + d
//
// It is not for concurrent use.
type Eisenstat struct {
	lower, upper triangle // K − I and Kᵀ − I
	root, inv    []float64
	rest         float64 // 2 − ω
	sweeps       sweeps
	s            []float64
	dst, p       []float64 // of the product under way
}

// NewEisenstat returns the transformed operator of a symmetric matrix with a
// positive diagonal; omega and errors are those of NewSSOR.
func NewEisenstat(a *matrix.CSR, omega float64) (*Eisenstat, error) {
	lower, diag, upper, err := ssorParts(a, omega)
	if err != nil {
		return nil, err
	}
	n := a.Rows
	e := &Eisenstat{lower: lower, upper: upper, rest: 2 - omega, root: diag, inv: make([]float64, n), s: make([]float64, n)}
	for i, d := range diag {
		e.root[i] = math.Sqrt(d / omega)
		e.inv[i] = 1 / e.root[i]
	}
	for i, d := range e.inv {
		for _, t := range []*triangle{&e.lower, &e.upper} {
			col, val := t.row(i)
			for p, c := range col {
				val[p] *= d * e.inv[c]
			}
		}
	}
	e.sweeps.init(lower, upper)
	e.sweeps.backwardFirst = true
	e.sweeps.forward, e.sweeps.backward = e.forward, e.backward
	return e, nil
}

// SetThreads bounds the goroutines of a product (0 = GOMAXPROCS, the
// default). The bits don't depend on it.
func (e *Eisenstat) SetThreads(threads int) { e.sweeps.threads = threads }

// Dims returns the shape.
func (e *Eisenstat) Dims() (r, c int) { return len(e.inv), len(e.inv) }

// MulVecTo computes dst = Â p = t + K⁻¹ (p − (2−ω) t) with t = K⁻ᵀ p. Â is
// symmetric.
func (e *Eisenstat) MulVecTo(dst []float64, _ bool, p []float64) {
	checkApply("Eisenstat", len(e.inv), dst, p)
	e.dst, e.p = dst, p
	e.sweeps.run()
	e.dst, e.p = nil, nil
}

// backward puts t into dst.
func (e *Eisenstat) backward(lo, hi int) {
	dst, p := e.dst, e.p
	for i := hi - 1; i >= lo; i-- {
		dst[i] = e.upper.subtractBackwards(i, p[i], dst)
	}
}

// forward adds the second term.
func (e *Eisenstat) forward(lo, hi int) {
	dst, p, s := e.dst, e.p, e.s
	for i := lo; i < hi; i++ {
		s[i] = e.lower.subtract(i, p[i]-e.rest*dst[i], s)
		dst[i] += s[i]
	}
}

// RightSide computes b̂ = K⁻¹ Δ^{−1/2} b.
func (e *Eisenstat) RightSide(bh, b []float64) {
	checkApply("Eisenstat", len(e.inv), bh, b)
	for i, d := range e.inv {
		bh[i] = e.lower.subtract(i, d*b[i], bh)
	}
}

// Solution computes x = Δ^{−1/2} K⁻ᵀ x̂.
func (e *Eisenstat) Solution(x, xh []float64) {
	checkApply("Eisenstat", len(e.inv), x, xh)
	for i := len(x) - 1; i >= 0; i-- {
		x[i] = e.upper.subtractBackwards(i, xh[i], x)
	}
	for i, d := range e.inv {
		x[i] *= d
	}
}

// Residual computes r = Δ^{1/2} K r̂, the residual of A x = b that belongs to
// the residual r̂ of Â x̂ = b̂.
func (e *Eisenstat) Residual(r, rh []float64) {
	checkApply("Eisenstat", len(e.inv), r, rh)
	for i, d := range e.root {
		col, val := e.lower.row(i)
		s := rh[i]
		for k, c := range col {
			s += val[k] * rh[c]
		}
		r[i] = d * s
	}
}
