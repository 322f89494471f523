package constrained

import (
	"context"
	"fmt"
	"math"

	"solve/solver"
)

// Inexact Newton steps on the ℓ1 merit function φ = f + μ‖c‖₁, by GMRES. Two rules say
// how accurate a step has to be, and when μ is raised; both look at the reduction of
// the model of φ,
//
//	Δm(p) = −∇fᵀp − max(½pᵀBp, 0) + μ(‖c‖₁ − ‖∇c p + c‖₁).
//
// They are the methods that AdaSketch-Newton was compared with; l1Tests is that of
// Byrd, Curtis & Nocedal, An inexact SQP method for equality constrained optimization,
// SIAM J. Optim. 19 (2008).
const (
	l1Cycle    = 2 // vectors of a cycle of GMRES, between two looks at the residual
	l1Decrease = 1e-8
	l1Epsilon  = 0.1
	l1Tau      = 0.1
	l1Sigma    = l1Tau * (1 - l1Epsilon)
	l1Kappa    = 1.0 // of the first test
	l1Kappa1   = 0.1
	l1Raise    = 1e-4
	l1Most     = 1e8 // of μ
)

// l1Run is the state of a run with either rule.
type l1Run struct {
	*iterate
	gmres *krylov
	mu    float64
	rule  l1Rule

	bp, jp  []float64 // B p, ∇c p + c
	used    int       // steps for the current system
	missed  bool
	reduced float64 // ‖c‖₁ − ‖∇c p + c‖₁
}

// l1Rule makes d as accurate as it has to be, and changes μ.
type l1Rule interface {
	// begin is called at the start.
	begin(r *l1Run)
	// direction improves d from 0 by r.improve.
	direction(ctx context.Context, r *l1Run) error
}

func l1(ctx context.Context, q *program, opt *Options) (*attempt, error) {
	return runL1(ctx, q, opt, &l1Tests{})
}

func l1adaptive(ctx context.Context, q *program, opt *Options) (*attempt, error) {
	return runL1(ctx, q, opt, &l1Accuracy{})
}

func runL1(ctx context.Context, q *program, opt *Options, rule l1Rule) (*attempt, error) {
	k, err := newKKT(q)
	if err != nil {
		return nil, err
	}
	r := &l1Run{
		iterate: newIterate(q, k, opt), gmres: newGMRES(q.n+q.m, min(l1Cycle, q.n+q.m)), mu: 1, rule: rule,
		bp: make([]float64, q.n), jp: make([]float64, q.m),
	}
	return r.run(ctx)
}

func (r *l1Run) run(ctx context.Context) (*attempt, error) {
	limit := r.opt.MaxIter
	if limit == 0 {
		limit = galmIterations
	}
	if !r.start() {
		return r.end(undefinedAtStart(), 0), nil
	}
	step := math.NaN()
	for iter := 0; ; iter++ {
		measure := r.look()
		if iter == 0 {
			r.rule.begin(r)
		}
		if err := r.q.record(iter, "newton", r.pt.f, measure, step); err != nil {
			return nil, err
		}
		verdict, over := r.judge(ctx, measure, iter >= limit)
		if over {
			return r.end(verdict, iter), nil
		}
		why, err := r.direction(ctx)
		if err == nil && why == "" {
			step, why = r.search()
		}
		if reason, ok := interrupted(ctx, err); ok {
			return r.end(stopped(reason, ""), iter), nil
		}
		if err != nil {
			return nil, err
		}
		if why != "" {
			return r.end(stopped(solver.Stalled, fmt.Sprintf("%s at ‖(∇L, c)‖ = %.3g", why, r.residual)), iter), nil
		}
	}
}

// direction solves the Newton system as the rule asks. It returns why it failed.
func (r *l1Run) direction(ctx context.Context) (why string, err error) {
	if !r.q.hessian(r.pt.x, 1, r.y, r.h) {
		return "the Hessian is not finite", nil
	}
	r.shifts = 0 // the shift of the paper, always
	switch err := r.factorise(ctx, false); {
	case err == errNoStep:
		return "the KKT matrix could not be made regular", nil
	case err != nil:
		return "", err
	}
	r.gmres.k = r.k.matrix
	clear(r.d)
	copy(r.gmres.r, r.b)
	r.used, r.missed = 0, false
	if err := r.rule.direction(ctx, r); err != nil {
		return "", err
	}
	if r.missed {
		r.q.stats.InnerMissed++
	}
	r.q.stats.PenaltyE1 = r.mu
	return "", nil
}

// improve does one cycle from the residual in gmres.r, and leaves the next there. It reports whether there was room for one.
func (r *l1Run) improve(ctx context.Context) (bool, error) {
	if r.used >= r.opt.InnerSteps {
		r.missed = true
		return false, nil
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	size := length(r.gmres.r)
	if size == 0 {
		r.missed = true
		return false, nil
	}
	done := r.gmres.gmres(r.d, size, 0, l1Cycle)
	r.used++
	r.q.stats.SketchSteps += done
	r.gmres.defect(r.b, r.d)
	if !(length(r.gmres.r) < size) {
		r.missed = true
		return false, nil
	}
	return true, nil
}

// modelReduction is Δm(p) − σ μ max(‖c‖₁, ‖∇c p + c‖₁ − ‖c‖₁), which both rules want to
// be positive or 0, and ∇fᵀp + max(½pᵀBp, 0).
func (r *l1Run) modelReduction() (excess, rise float64) {
	q, p := r.q, r.d[:r.q.n]
	q.mulHessian(r.bp, r.h, p)
	curvature := dot(p, r.bp) + r.k.dw*dot(p, p)
	q.mulJacobian(r.jp, r.pt.jac, p)
	for i, c := range r.pt.c {
		r.jp[i] += c
	}
	now, then := norm1(r.pt.c), norm1(r.jp)
	r.reduced = now - then
	rise = dot(r.pt.g, p) + max(curvature/2, 0)
	return r.mu*r.reduced - rise - l1Sigma*r.mu*max(now, then-now), rise
}

// search takes the step by Armijo's rule. It returns why none was found.
func (r *l1Run) search() (alpha float64, why string) {
	q, p, dy := r.q, r.d[:r.q.n], r.d[r.q.n:]
	r.modelReduction()
	slope := dot(r.pt.g, p) - r.mu*r.reduced
	now := r.pt.f + r.mu*norm1(r.pt.c)
	const ulp = 0x1p-52
	slack := 10 * ulp * (math.Abs(r.pt.f) + r.mu*norm1(r.pt.c))
	for alpha = 1; alpha >= leastStep; alpha /= 2 {
		for j, v := range r.pt.x {
			r.trial.x[j] = v + alpha*p[j]
		}
		if q.first(r.trial) && r.trial.f+r.mu*norm1(r.trial.c) <= now+alpha*l1Decrease*slope+slack {
			for i, v := range r.y {
				r.trialY[i] = v + alpha*dy[i]
			}
			r.accept()
			return alpha, ""
		}
	}
	return alpha, "no step along the direction lowers f + μ‖c‖₁"
}

// l1Tests ends the iterations of GMRES by one of two tests: the residual is small and
// the model reduced enough, or the residual is small beside ‖c‖₁, and μ is raised.
type l1Tests struct{ beta float64 }

func (t *l1Tests) begin(r *l1Run) { t.beta = max(norm1(r.gl)/(norm1(r.pt.c)+1), 1) }

func (t *l1Tests) direction(ctx context.Context, r *l1Run) error {
	n := r.q.n
	c := norm1(r.pt.c)
	all, rows := l1Kappa*norm1(r.b), max(l1Kappa1*norm1(r.gl), t.beta*c)
	for {
		more, err := r.improve(ctx)
		if err != nil {
			return err
		}
		rx, rc := norm1(r.gmres.r[:n]), norm1(r.gmres.r[n:])
		excess, rise := r.modelReduction()
		first := rx+rc <= all && rc <= rows && excess >= 0
		second := rx <= l1Epsilon*c && rc <= t.beta*c
		if first || second || !more {
			if excess < 0 && r.reduced > 0 {
				r.mu = max(r.mu, rise/(1-l1Tau)/r.reduced) + l1Raise
			}
			r.missed = !first && !second
			return nil
		}
	}
}
