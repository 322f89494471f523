package direct

import (
	"context"

	"solve/internal/kern"
	"solve/matrix"
)

// Refiner improves solutions of systems with one matrix A: it solves for the
// residual b − A x, taken in float64 with A itself, and adds what comes out.
// It keeps its working space: one call at a time.
//
// C. Moler, Iterative refinement in floating point, J. ACM 14 (1967); R.
// Skeel, Iterative refinement implies numerical stability for Gaussian
// elimination, Math. Comp. 35 (1980), for why fixed precision is enough.
type Refiner struct {
	a       matrix.Operator
	solve   func(x []float64)
	norm    func(x []float64) float64
	r, best []float64
}

// NewRefiner makes a refiner for a square matrix. solve overwrites a vector
// with an approximation of A⁻¹ times it; norm measures residuals.
func NewRefiner(a matrix.Operator, solve func(x []float64), norm func(x []float64) float64) *Refiner {
	n, _ := a.Dims()
	return &Refiner{a: a, solve: solve, norm: norm, r: make([]float64, n)}
}

// Refine improves x in place, in at most the given number of steps. It ends
// when ‖b − A x‖ is at most enough or has not been halved, or with ctx, and
// returns the steps that it took and the norm that it reached. A step that
// made the residual no smaller is taken back.
func (f *Refiner) Refine(ctx context.Context, b, x []float64, maxSteps int, enough float64) (steps int, norm float64) {
	norm = f.residual(b, x)
	for steps < maxSteps && norm > enough && ctx.Err() == nil {
		if f.best == nil {
			f.best = make([]float64, len(x))
		}
		copy(f.best, x)
		f.solve(f.r)
		kern.Axpy(1, f.r, x)
		steps++
		last := norm
		if next := f.residual(b, x); next < last {
			norm = next
		} else {
			copy(x, f.best)
		}
		if !(norm <= last/2) {
			break
		}
	}
	return steps, norm
}

// residual sets r = b − A x and returns its norm.
func (f *Refiner) residual(b, x []float64) float64 {
	f.a.MulVecTo(f.r, false, x)
	kern.Xpby(b, -1, f.r)
	return f.norm(f.r)
}
