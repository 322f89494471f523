package constrained

import (
	"context"
	"fmt"
	"math"

	"solve/solver"
)

// AdaSketch-Newton for equations c(x) = 0.
//
// Hong, Na, Mahoney & Kolar, Constrained optimization via exact augmented Lagrangian
// and randomized iterative sketching, ICML 2023, arXiv:2305.18379. Each iteration
// solves the Newton system of the conditions of Karush, Kuhn and Tucker,
//
//	[B ∇cᵀ; ∇c 0] (p,q) = −(∇ₓL, c),
//
// as accurately as makes (p,q) a direction of descent for the exact augmented
// Lagrangian M (merit.go), whose ε₁ is raised and ε₂ lowered until it is one, and
// takes a step along it by Armijo's rule. Besides the paper: B and the matrix are
// made regular by what the inertia says instead of eigenvalues, dependent constraints
// by a shift of theirs, and a step that fails is followed by a phase of Levenberg and
// Marquardt's method on ‖c‖.

// Constants of the paper's experiments.
const (
	firstE1            = 1.0
	firstE2            = 0.1
	firstDelta         = 0.1
	leastDelta         = 1e-6
	sufficientDecrease = 0.1 // β
	penaltyGrowth      = 1.5 // ν
	mostE1             = 1e8
	leastE2            = 1e-8
	galmIterations     = 10000
	leastStep          = 0x1p-40
	shorterStep        = 1e-2 // without a shift is followed by one
	shortStep          = 1e-3
	shortSteps         = 9 // in a row are a failure
	galmFailures       = 3 // end the method

	blownMultiplier = 1e3 // times max(1, ‖∇f‖∞), where ‖c‖∞ is below blownViolation
	blownViolation  = 1e-4
	blownCutoff     = 1e-4 // relative, of singular values
)

// galmRun is the state of one run.
type galmRun struct {
	*iterate
	inner *innerSolver // nil: by factorisation
	terms *meritTerms

	merit
	delta    float64
	slope    float64 // M′(d)
	missed   bool    // the inner solver fell short
	failures int
	short    int  // short steps in a row
	shorter  bool // the last step was short, and without a shift
}

// galm minimises under equations. Options.Tol bounds ‖(∇ₓL, c)‖₂. The error is one of
// memory or of the recorder.
func galm(ctx context.Context, q *program, opt *Options) (*attempt, error) {
	k, err := newKKT(q)
	if err != nil {
		return nil, err
	}
	inner, err := newInner(q, opt)
	if err != nil {
		return nil, err
	}
	return newGALM(q, k, opt, inner).run(ctx)
}

func newGALM(q *program, k *kkt, opt *Options, inner *innerSolver) *galmRun {
	g := &galmRun{iterate: newIterate(q, k, opt), inner: inner}
	g.terms = newMeritTerms(q, g.gl)
	g.resetPenalties()
	return g
}

func (g *galmRun) resetPenalties() {
	g.merit = merit{firstE1, firstE2}
	g.delta = firstDelta
}

func (g *galmRun) run(ctx context.Context) (*attempt, error) {
	q, limit := g.q, g.opt.MaxIter
	if limit == 0 {
		limit = galmIterations
	}
	if !g.start() {
		return g.end(undefinedAtStart(), 0), nil
	}
	step, phase := math.NaN(), "start"
	for iter := 0; ; iter++ {
		measure := g.look()
		if err := q.record(iter, phase, g.pt.f, measure, step); err != nil {
			return nil, err
		}
		verdict, over := g.judge(ctx, measure, iter >= limit)
		if over {
			return g.end(verdict, iter), nil
		}
		phase = "newton"
		why, err := g.direction(ctx)
		if err == nil && why == "" {
			step, why = g.search()
		}
		if err == nil && why == "" {
			err = g.recalculate(ctx)
		}
		if err == nil && why != "" {
			g.opt.Log().Debug("galm: step failure", "iteration", iter, "why", why)
			step, phase = math.NaN(), "restoration"
			if g.failures++; g.failures >= galmFailures || q.m == 0 {
				return g.end(g.failure(measure, why), iter), nil
			}
			err = g.restore(ctx)
		}
		if err != nil {
			reason, ok := interrupted(ctx, err)
			if !ok {
				return nil, err
			}
			return g.end(stopped(reason, ""), iter), nil
		}
	}
}

// failure is the verdict of the last step failure.
func (g *galmRun) failure(measure float64, why string) solver.Verdict {
	if measure <= g.opt.Tol {
		return solver.Verdict{Status: solver.Solved, Reason: solver.Tolerance}
	}
	return stopped(solver.Stalled, fmt.Sprintf("%s at ‖(∇L, c)‖ = %.3g", why, g.residual))
}

func (g *galmRun) end(verdict solver.Verdict, iterations int) *attempt {
	g.q.stats.PenaltyE1, g.q.stats.PenaltyE2 = g.e1, g.e2
	return g.iterate.end(verdict, iterations)
}

// direction makes d a direction of descent for M. It returns why it failed. The
// error is that of ctx, or memory.
func (g *galmRun) direction(ctx context.Context) (why string, err error) {
	q := g.q
	if !q.hessian(g.pt.x, 1, g.y, g.h) {
		return "the Hessian is not finite", nil
	}
	g.terms.at(q, g.pt, g.h)
	g.missed = false
	if g.inner != nil {
		err = g.solveInexactly(ctx)
	} else if err = g.factorise(ctx, g.shorter); err == nil {
		if err = g.limitMultipliers(ctx); err == nil {
			err = g.descend(ctx, nil)
		}
	}
	switch {
	case err == errNoStep:
		return "the KKT matrix could not be made regular", nil
	case err != nil:
		return "", err
	}
	if g.missed {
		q.stats.InnerMissed++
	}
	return "", nil
}

// limitMultipliers replaces q, of a step with δ_c, by the one of least norm that is as
// good for p. Where the linearised equations have no solution it is of the size of
// their defect over δ_c, and the multipliers would never be of use again.
func (g *galmRun) limitMultipliers(ctx context.Context) error {
	q, dy := g.q, g.d[g.q.n:]
	if g.k.dc == 0 || normInf(dy) <= blownMultiplier*max(1, normInf(g.pt.g), normInf(g.y)) {
		return nil
	}
	p := g.d[:q.n]
	q.mulHessian(g.work, g.h, p)
	for j, v := range p {
		g.work[j] += g.k.dw*v + g.gl[j]
	}
	ok, err := g.k.minimumNorm(ctx, g.work, g.pt.jac, nil, blownCutoff, g.trialY)
	if err == nil && ok {
		copy(dy, g.trialY)
	}
	return err
}

// descend changes ε₁ and ε₂ until M falls fast enough along d:
// M′(d) ≤ −(ε₂/2)‖(∇ₓL, c)‖². improve (nil: d is exact) is called first and after
// every change, to make d as accurate as the new δ asks.
func (g *galmRun) descend(ctx context.Context, improve func(context.Context) error) error {
	for {
		if improve != nil {
			if err := improve(ctx); err != nil {
				return err
			}
		}
		g.slope = g.merit.slope(g.terms.along(g.d))
		if g.slope <= -g.e2/2*g.residual*g.residual || g.e1 > mostE1 || g.e2 < leastE2 {
			return nil
		}
		g.e1 *= penaltyGrowth * penaltyGrowth
		g.e2 /= penaltyGrowth
		if g.inner != nil {
			g.delta = max(min(g.delta/math.Pow(penaltyGrowth, 4), g.inner.deltaTrial(g.merit)), leastDelta)
		}
	}
}

// search takes the step by Armijo's rule. It returns why none was found.
func (g *galmRun) search() (alpha float64, why string) {
	q := g.q
	if !(g.slope < 0) {
		return math.NaN(), fmt.Sprintf("no descent with ε₁ = %.2g, ε₂ = %.2g", g.e1, g.e2)
	}
	now := g.merit.value(g.pt.f, g.y, g.pt.c, g.gl)
	slack := g.merit.rounding(g.pt.f, g.y, g.pt.c, g.gl)
	p, dy := g.d[:q.n], g.d[q.n:]
	for alpha = 1; ; alpha /= 2 {
		if alpha < leastStep {
			return alpha, "no step along the direction lowers M"
		}
		for j, v := range g.pt.x {
			g.trial.x[j] = v + alpha*p[j]
		}
		for i, v := range g.y {
			g.trialY[i] = v + alpha*dy[i]
		}
		if !q.first(g.trial) {
			continue
		}
		q.lagrangianGradient(g.trialGL, g.trial, g.trialY)
		if g.merit.value(g.trial.f, g.trialY, g.trial.c, g.trialGL) <= now+alpha*sufficientDecrease*g.slope+slack {
			break
		}
	}
	g.accept()
	g.alpha = alpha
	g.shorter = alpha < shorterStep && g.k.dw == 0
	if alpha >= shortStep {
		g.short = 0
	} else if g.short++; g.short >= shortSteps {
		g.short = 0
		return alpha, fmt.Sprintf("%d steps shorter than %g in a row", shortSteps, shortStep)
	}
	return alpha, ""
}

// recalculate replaces multipliers that grow without limit, as they do where ∇c has
// lower rank at a feasible point, by those of least norm that are as good.
func (g *galmRun) recalculate(ctx context.Context) error {
	size := normInf(g.y)
	if g.opt.NoRecalc || g.k.dc == 0 || normInf(g.pt.c) > blownViolation || size <= blownMultiplier*max(1, normInf(g.pt.g)) {
		return nil
	}
	ok, err := g.k.minimumNorm(ctx, g.pt.g, g.pt.jac, nil, blownCutoff, g.trialY)
	if err == nil && ok && normInf(g.trialY) <= size/10 {
		g.y, g.trialY = g.trialY, g.y
	}
	return err
}

// restore goes to a point that nearly is feasible, with multipliers of least squares,
// and forgets the penalties.
func (g *galmRun) restore(ctx context.Context) error {
	if err := g.q.levenbergMarquardt(ctx, g.k, g.pt, g.trial, g.opt.Tol); err != nil {
		return err
	}
	if !g.q.first(g.pt) {
		return nil // the next Hessian is not finite either
	}
	_, err := g.k.leastSquares(ctx, g.pt.g, g.pt.jac, nil, g.y)
	g.resetPenalties()
	g.k.forget()
	g.residual = math.Inf(1)
	return err
}
