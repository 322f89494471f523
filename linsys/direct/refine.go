package direct

import (
	"context"
	"math"

	"solve/internal/kern"
	"solve/matrix"
)

// Refine improves the solution x of A x = b in place: it solves for the
// residual b − A x, taken in float64 with a itself, and adds what comes out.
// solve overwrites a vector with an approximation of A⁻¹ times it. Refine ends
// after maxSteps steps, when the largest entry of the residual is 0 or has not
// been halved, or with ctx, and returns the number of steps that made the
// residual smaller; one that did not is taken back.
//
// C. Moler, Iterative refinement in floating point, J. ACM 14 (1967); R.
// Skeel, Iterative refinement implies numerical stability for Gaussian
// elimination, Math. Comp. 35 (1980), for why fixed precision is enough.
func Refine(ctx context.Context, a matrix.Operator, solve func(x []float64), b, x []float64, maxSteps int) (steps int) {
	r, d := make([]float64, len(b)), make([]float64, len(x))
	norm := residual(a, b, x, r)
	for steps < maxSteps && norm > 0 && ctx.Err() == nil {
		copy(d, r)
		solve(d)
		kern.Axpy(1, d, x)
		next := residual(a, b, x, r)
		if !(next < norm) {
			kern.Axpy(-1, d, x)
			return steps
		}
		steps++
		if next > norm/2 {
			return steps
		}
		norm = next
	}
	return steps
}

// residual writes b − A x and returns its largest absolute entry, NaN if there
// is one.
func residual(a matrix.Operator, b, x, r []float64) float64 {
	a.MulVecTo(r, false, x)
	norm := 0.
	for i, v := range b {
		r[i] = v - r[i]
		norm = math.Max(norm, math.Abs(r[i]))
	}
	return norm
}
