package constrained

import (
	"context"
	"math"

	"solve/internal/rng"
)

// Levenberg–Marquardt on ½‖c‖²: the step solves (∇cᵀ∇c + λ‖c‖ I) p = −∇cᵀc, which is
// p of
//
//	[λ‖c‖ I  ∇cᵀ] [p]   [ 0]
//	[∇c      −I ] [w] = [−c]
//
// (Levenberg 1944, Marquardt 1963; Yamashita & Fukushima, On the rate of convergence
// of the Levenberg-Marquardt method, Computing Suppl. 15, 2001, for the size of the
// regularisation).
const (
	lmSteps      = 100
	lmFirst      = 1e-3
	lmLeast      = 1e-12
	lmMost       = 1e12
	lmFactor     = 4
	lmAccept     = 1e-4  // of the reduction that the linear model predicts
	lmGood       = 0.75  // from here on λ is lowered
	lmStationary = 1e-10 // ‖∇cᵀc‖/(‖∇c‖‖c‖)
	lmNoise      = 1e-3  // relative, where ∇c vanishes
)

// levenbergMarquardt moves pt, where the functions have been evaluated, until
// ‖c‖∞ ≤ tol, no step reduces ‖c‖, or lmSteps are done. trial is working space. The
// error is that of ctx, or memory; a matrix that cannot be factored ends the phase.
func (q *program) levenbergMarquardt(ctx context.Context, k *kkt, pt, trial *point, tol float64) error {
	diagonal, right, step := make([]float64, q.n), make([]float64, q.n+q.m), make([]float64, q.n+q.m)
	model := make([]float64, q.m)
	lambda, disturbed := lmFirst, false
	for range lmSteps {
		size := norm2(pt.c)
		if normInf(pt.c) <= tol || lambda > lmMost {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if q.stationary(pt, step[:q.n]) {
			if disturbed || !q.disturb(pt, trial) {
				return nil
			}
			disturbed = true
			continue
		}
		for j := range diagonal {
			diagonal[j] = lambda * size
		}
		k.fill(nil, pt.jac, diagonal)
		clear(right)
		for i, c := range pt.c {
			k.e[i], right[q.n+i] = 1, -c
		}
		k.shift(0, 0)
		if _, _, _, err := k.factorQuiet(ctx); err == errNoStep {
			return nil
		} else if err != nil {
			return err
		}
		k.solve(right, step)
		for j, v := range pt.x {
			trial.x[j] = v + step[j]
		}
		q.mulJacobian(model, pt.jac, step[:q.n])
		for i, c := range pt.c {
			model[i] += c
		}
		predicted := size*size - dot(model, model)
		ratio := math.Inf(-1)
		if q.first(trial) {
			ratio = (size*size - dot(trial.c, trial.c)) / predicted
		}
		if !(ratio >= lmAccept) || !(predicted > 0) {
			lambda *= lmFactor
			continue
		}
		if ratio > lmGood {
			lambda = max(lmLeast, lambda/lmFactor)
		}
		swap(pt, trial)
	}
	return nil
}

// swap exchanges what two points hold.
func swap(a, b *point) { *a, *b = *b, *a }

// stationary tells whether no direction reduces ‖c‖. Both sides vanish where ∇c loses
// rank as c does, so that only their ratio tells.
func (q *program) stationary(pt *point, work []float64) bool {
	clear(work)
	q.addJacobianTrans(work, pt.jac, pt.c)
	return norm2(work) <= lmStationary*norm2(pt.jac)*norm2(pt.c)
}

// disturb moves x at random by 1e-3(1+|x|): a start where ∇c vanishes is left so. It
// reports whether the functions are defined there.
func (q *program) disturb(pt, trial *point) bool {
	stream := rng.New(q.opt.Seed)
	for j, v := range pt.x {
		trial.x[j] = v + lmNoise*(1+math.Abs(v))*(2*stream.Float64()-1)
	}
	if !q.first(trial) {
		return false
	}
	swap(pt, trial)
	return true
}
