package ot

import (
	"context"
	"math"

	"solve/internal/kern"
)

// cgWork is the scratch space of pcg.
type cgWork struct{ r, z, p, q, inv []float64 }

// pcg solves A y = g by conjugate gradients with the Jacobi preconditioner
// from y = 0, to a residual of tol relative to g or as far as maxIter, rounding
// or ctx let it. Residuals are measured in the L1 norm, in which the marginal
// error is.
func pcg(ctx context.Context, a positive, y, g []float64, tol float64, maxIter int, w *cgWork) (iterations int) {
	m := len(g)
	w.r, w.z, w.p, w.q, w.inv = resize(w.r, m), resize(w.z, m), resize(w.p, m), resize(w.q, m), resize(w.inv, m)
	for j, d := range a.diagonal() {
		w.inv[j] = 1 / max(d, 1e-300)
	}
	clear(y)
	copy(w.r, g)
	rz, size := w.precondition()
	target := tol * size
	copy(w.p, w.z)
	k := 0
	for ; k < maxIter && size > target; k++ {
		if k%16 == 0 && ctx.Err() != nil {
			break
		}
		a.mul(w.q, w.p)
		curvature := kern.Dot(w.p, w.q)
		if !(curvature > 0) {
			break // rounding level, along the kernel
		}
		kern.CGUpdate(rz/curvature, w.p, w.q, y, w.r)
		old := rz
		rz, size = w.precondition()
		kern.Xpby(w.z, rz/old, w.p)
	}
	return k
}

// precondition sets z = diag⁻¹ r and returns rᵀz and ‖r‖₁.
func (w *cgWork) precondition() (rz, size float64) {
	for j, r := range w.r {
		z := w.inv[j] * r
		w.z[j] = z
		rz += r * z
		size += math.Abs(r)
	}
	return rz, size
}
