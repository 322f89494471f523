package constrained

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"solve/solver"
)

// The classical augmented Lagrangian method (Hestenes 1969, Powell 1969): minimise
//
//	A(x) = f + yᵀc + (μ/2)‖c‖²
//
// until ‖∇A‖ ≤ τ, then y ← y + μc, μ ← 1.5μ, τ ← τ/10. Newton's method on A, with the
// Hessian shifted so that its least eigenvalue is 1, as the authors of AdaSketch-Newton
// ran it beside theirs. An iteration is one change of multipliers.
const (
	alFirstTau   = 0.1
	alTauFactor  = 0.1
	alMuGrowth   = 1.5
	alInnerSteps = 100 // Newton steps for one minimisation
)

// alRun is the state of a run.
type alRun struct {
	*iterate
	mu, tau float64
	shifted []float64 // y + μc
	slope   float64
	hessian *mat.SymDense
	chol    mat.Cholesky
	eigen   mat.EigenSym
}

func augmentedLagrangian(ctx context.Context, q *program, opt *Options) (*attempt, error) {
	if err := checkEigen("method "+AL, q.n, opt); err != nil {
		return nil, err
	}
	r := &alRun{
		iterate: newIterate(q, nil, opt), mu: 1, tau: alFirstTau,
		shifted: make([]float64, q.m), hessian: mat.NewSymDense(q.n, nil),
	}
	return r.run(ctx)
}

func (r *alRun) run(ctx context.Context) (*attempt, error) {
	limit := r.opt.MaxIter
	if limit == 0 {
		limit = galmIterations
	}
	if !r.start() {
		return r.end(undefinedAtStart(), 0), nil
	}
	for iter := 0; ; iter++ {
		measure := r.look()
		if err := r.q.record(iter, "multipliers", r.pt.f, measure, math.NaN()); err != nil {
			return nil, err
		}
		verdict, over := r.judge(ctx, measure, iter >= limit)
		if over {
			return r.end(verdict, iter), nil
		}
		if why := r.minimise(ctx); why != "" {
			return r.end(stopped(solver.Stalled, fmt.Sprintf("%s at ‖(∇L, c)‖ = %.3g", why, r.residual)), iter), nil
		}
		if ctx.Err() != nil {
			continue // judge says so
		}
		for i, c := range r.pt.c {
			r.y[i] += r.mu * c
		}
		r.mu *= alMuGrowth
		r.tau *= alTauFactor
		r.q.stats.PenaltyE1 = r.mu
	}
}

// minimise does Newton steps until ‖∇A‖ ≤ τ or ctx ends. It returns why it failed.
func (r *alRun) minimise(ctx context.Context) (why string) {
	for step := 0; ; step++ {
		r.gradient(r.gl, r.pt)
		rounding := 0x1p-50 * norm2(r.pt.g)
		if norm2(r.gl) <= max(r.tau, rounding) || ctx.Err() != nil {
			return ""
		}
		if step == alInnerSteps {
			return fmt.Sprintf("%d Newton steps left ‖∇A‖ at %.3g", step, norm2(r.gl))
		}
		if why := r.newton(); why != "" {
			return why
		}
		if !r.step() {
			return "no step along the direction lowers A"
		}
	}
}

// gradient writes ∇A, and leaves y + μc.
func (r *alRun) gradient(dst []float64, pt *point) {
	for i, c := range pt.c {
		r.shifted[i] = r.y[i] + r.mu*c
	}
	r.q.lagrangianGradient(dst, pt, r.shifted)
}

// newton writes the step p of (∇²A + (1 − λ_min)I) p = −∇A.
func (r *alRun) newton() (why string) {
	q := r.q
	if !q.hessian(r.pt.x, 1, r.shifted, r.h) {
		return "the Hessian is not finite"
	}
	r.hessian.Zero()
	for i := range q.n {
		for k := q.hesStart[i]; k < q.hesStart[i+1]; k++ {
			r.hessian.SetSym(i, int(q.hesCol[k]), r.h[k])
		}
	}
	for i := range q.m {
		for k := q.jacStart[i]; k < q.jacStart[i+1]; k++ {
			for l := q.jacStart[i]; l <= k; l++ {
				a, b := int(q.jacCol[k]), int(q.jacCol[l])
				r.hessian.SetSym(a, b, r.hessian.At(a, b)+r.mu*r.pt.jac[k]*r.pt.jac[l])
			}
		}
	}
	if !r.eigen.Factorize(r.hessian, false) {
		return "the eigenvalues of the Hessian were not found"
	}
	shift := 1 - r.eigen.Values(r.work[:q.n])[0]
	for i := range q.n {
		r.hessian.SetSym(i, i, r.hessian.At(i, i)+shift)
	}
	if !r.chol.Factorize(r.hessian) {
		return "the shifted Hessian is not positive definite"
	}
	p := mat.NewVecDense(q.n, r.d[:q.n])
	for j, v := range r.gl {
		p.SetVec(j, -v)
	}
	if err := r.chol.SolveVecTo(p, p); err != nil && !finite(normInf(r.d[:q.n])) {
		return "the shifted Hessian is singular"
	}
	r.slope = dot(r.gl, r.d[:q.n])
	return ""
}

func (r *alRun) value(pt *point) float64 { return pt.f + dot(r.y, pt.c) + r.mu/2*dot(pt.c, pt.c) }

// step takes the step by Armijo's rule, and reports whether there is one.
func (r *alRun) step() bool {
	now := r.value(r.pt)
	const ulp = 0x1p-52
	slack := 10 * ulp * (math.Abs(r.pt.f) + math.Abs(dot(r.y, r.pt.c)) + r.mu/2*dot(r.pt.c, r.pt.c))
	for alpha := 1.0; alpha >= leastStep; alpha /= 2 {
		for j, v := range r.pt.x {
			r.trial.x[j] = v + alpha*r.d[j]
		}
		if r.q.first(r.trial) && r.value(r.trial) <= now+alpha*sufficientDecrease*r.slope+slack {
			r.pt, r.trial = r.trial, r.pt
			return true
		}
	}
	return false
}
