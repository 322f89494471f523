package constrained

import (
	"context"
	"fmt"
	"math"

	"solve/solver"
)

// iterate is what the methods for equations share: a point, its multipliers, and the
// Newton system of the conditions of Karush, Kuhn and Tucker,
//
//	[B ∇cᵀ; ∇c 0] (p,q) = −(∇ₓL, c).
type iterate struct {
	q   *program
	k   *kkt
	opt *Options

	pt, trial      *point
	y, trialY      []float64
	gl, trialGL    []float64 // ∇ₓL
	h              []float64 // of the Lagrangian
	b, d           []float64 // right side and step
	work           []float64
	alpha          float64 // the last step
	shifts         int     // iterations in a row with a shift
	share          float64 // the last shift, of ξ_B + ‖H‖_F
	residual, last float64 // ‖(∇ₓL, c)‖₂, and that of the iteration before
}

const (
	hessianShift  = 0.1 // ξ_B
	shiftGrowth   = 8
	fullShifts    = 4 // in a row, until they become smaller
	shareFactor   = 4.0
	leastShare    = 1e-8
	divergedAt    = 1e20
	divergedCheck = 1e-6 // ‖c‖∞ of a point whose objective counts
)

func newIterate(q *program, k *kkt, opt *Options) *iterate {
	n, m := q.n, q.m
	return &iterate{
		q: q, k: k, opt: opt, pt: q.newPoint(), trial: q.newPoint(),
		y: make([]float64, m), trialY: make([]float64, m),
		gl: make([]float64, n), trialGL: make([]float64, n), h: make([]float64, len(q.hesCol)),
		b: make([]float64, n+m), d: make([]float64, n+m), work: make([]float64, n),
		residual: math.Inf(1),
	}
}

// start goes to the problem's start and reports whether the functions are defined
// there. The program is scaled only where the options ask for it.
func (t *iterate) start() bool {
	t.q.start(t.pt.x)
	t.q.unscale()
	if t.opt.Scaling == "grad" && !t.q.scaleByGradient(t.pt.x) {
		return false
	}
	t.q.startMultipliers(t.y)
	return t.q.first(t.pt)
}

func undefinedAtStart() solver.Verdict {
	return solver.Verdict{Status: solver.Breakdown, Reason: solver.EvaluationError, Detail: "the functions or their derivatives are not finite at the start"}
}

// look takes ∇ₓL and the right side at the current point and returns the residual
// that the certificate bounds.
func (t *iterate) look() float64 {
	n := t.q.n
	t.q.lagrangianGradient(t.gl, t.pt, t.y)
	for j, v := range t.gl {
		t.b[j] = -v
	}
	for i, c := range t.pt.c {
		t.b[n+i] = -c
	}
	t.last, t.residual = t.residual, norm2(t.b)
	return t.q.measure(t.pt, t.y, t.work).residual()
}

// judge tells whether the run is over, and how. The tolerance is asked of the 2-norm of
// all residuals; where that does not fall any more, or is not in the units of the
// problem, the certificate's numbers decide.
func (t *iterate) judge(ctx context.Context, measure float64, atLimit bool) (solver.Verdict, bool) {
	tol := t.opt.Tol
	scaled := t.q.fScale != 1
	switch {
	case measure <= tol && (scaled || t.residual <= tol || t.residual >= t.last):
		return solver.Verdict{Status: solver.Solved, Reason: solver.Tolerance}, true
	case ctx.Err() != nil:
		return stopped(solver.ContextReason(ctx), ""), true
	case normInf(t.pt.x) > divergedAt, t.pt.f < -divergedAt && normInf(t.pt.c) <= divergedCheck:
		return stopped(solver.Stalled, fmt.Sprintf("the iterates diverge: f = %.3g, ‖x‖ = %.3g", t.pt.f, normInf(t.pt.x))), true
	case atLimit:
		return stopped(solver.IterationLimit, fmt.Sprintf("‖(∇L, c)‖ = %.3g", t.residual)), true
	}
	return solver.Verdict{}, false
}

func (t *iterate) end(verdict solver.Verdict, iterations int) *attempt {
	t.q.stats.KKTResidual = t.residual
	return t.q.end(verdict, t.pt, t.y, iterations)
}

// accept makes the trial point the current one.
func (t *iterate) accept() {
	t.pt, t.trial = t.trial, t.pt
	t.y, t.trialY = t.trialY, t.y
}

// factorise solves the Newton system, with shifts of the diagonal where the inertia asks
// for them. The least shift that makes B positive definite in the kernel of ∇c would
// leave it nearly singular there, and the step long and useless: it is that of the
// paper, ξ_B + ‖H‖_F. Where it has been asked for several times in a row and full steps
// were taken, it is lowered, since the convergence is only linear with it. shifted asks
// for it in any case.
func (t *iterate) factorise(ctx context.Context, shifted bool) error {
	k, q := t.k, t.q
	k.fill(t.h, t.pt.jac, nil)
	clear(k.e)
	full := hessianShift + q.frobenius(t.h, 0)
	shift := full * t.shiftShare()
	dw, dc := 0.0, 0.0
	if k.degenerate || q.m > q.n {
		dc = rowShift
	}
	if shifted {
		dw = shift
	}
	for {
		k.shift(dw, dc)
		positive, negative, zero, err := k.factor(ctx)
		if err != nil {
			return err
		}
		good := positive == q.n && negative == q.m && zero == 0
		if good && k.solve(t.b, t.d) <= refineTooMuch {
			k.used(dw, dc)
			t.share = dw / full
			if t.shifts++; dw == 0 {
				t.shifts = 0
			}
			return nil
		}
		switch {
		case (good || zero > 0 || negative < q.m) && dc == 0 && q.m > 0:
			dc = rowShift
		case dw == 0:
			dw = shift
		case dw < full:
			dw = min(full, shiftGrowth*dw)
		default:
			dw *= shiftGrowth
		}
		if dw > mostShift {
			return errNoStep
		}
	}
}

// shiftShare is the part of ξ_B + ‖H‖_F to shift by.
func (t *iterate) shiftShare() float64 {
	switch {
	case t.shifts < fullShifts:
		return 1
	case t.alpha == 1:
		return max(leastShare, t.share/shareFactor)
	case t.alpha < 1/shareFactor:
		return min(1, t.share*shareFactor)
	}
	return t.share
}
