package linsys

import (
	"context"
	"fmt"
	"math"

	"solve/internal/rng"
	"solve/solver"
)

const (
	sampleEvery  = 100 // iterations between two recomputed residuals
	stallWindow  = 500 // iterations, or a tenth of the order, in which…
	stallGain    = 0.99
	maxFailures  = 2 // …and claims of the recursion, not confirmed, without a gain of two
	usualRowSize = 8 // entries of a row where nobody said
)

// loop is what all methods share: the products they count, and the judgement
// when to end. A residual that a method carries along only proposes the end;
// b − A x decides it.
type loop struct {
	*system
	ctx context.Context
	v   *vectors
	out outcome
	dot dotMultiplier // a, if it can

	normB, target float64
	t             []float64 // b − A x as truth left it

	best     []float64 // x of the smallest recomputed residual
	bestNorm float64

	failures    int     // claims that truth did not confirm
	lastFailure float64 // the smallest residual of such a claim
	gainedAt    int     // iteration of the last sampled gain
	gained      float64 // its residual
}

// dotMultiplier multiplies and sums in one pass.
type dotMultiplier interface {
	MulDotTo(dst, x []float64) (xAx, xx float64)
}

// action is what a method does next.
type action int

const (
	proceed action = iota
	restart        // from the true residual, which the loop's t holds
	stop
)

// begin computes r = b − A x. It reports false when there is nothing to do:
// the outcome then stands.
func (s *system) begin(ctx context.Context, r []float64) (*loop, bool) {
	l := s.newLoop(ctx)
	if !l.startFrom(s.b) {
		return l, false
	}
	copy(r, l.t)
	return l, true
}

func (s *system) newLoop(ctx context.Context) *loop {
	if s.work == nil {
		s.work = new(workspace)
	}
	l := &loop{system: s, ctx: ctx, v: &s.work.v}
	l.v.setThreads(s.threads)
	l.out.energy, l.out.curvature, l.out.optimality = math.NaN(), math.NaN(), math.NaN()
	l.dot, _ = s.a.(dotMultiplier)
	l.lastFailure, l.gained = math.Inf(1), math.Inf(1)
	return l
}

func (l *loop) startFrom(b []float64) bool {
	l.t, l.best = l.work.take(len(b)), l.work.take(len(l.x))
	l.normB = l.v.norm(b)
	if !finite(l.normB) {
		l.fail(solver.EvaluationError, fmt.Sprintf("the norm of the right-hand side is %g", l.normB))
		return false
	}
	if l.normB == 0 {
		clear(l.x)
		l.out.reason = solver.Tolerance
		return false
	}
	l.target = max(l.tol*l.normB, l.atol)
	r := l.truth()
	if !finite(r) {
		l.fail(solver.EvaluationError, fmt.Sprintf("the residual of the starting vector is %g", r))
		l.out.residual = r / l.normB
		return false
	}
	l.out.residual = r / l.normB
	switch {
	case r <= l.target:
		l.out.reason = solver.Tolerance
		return false
	case l.maxIter <= 0:
		l.out.reason = solver.IterationLimit
		return false
	}
	return true
}

func finite(x float64) bool { return x-x == 0 }

// mul computes dst = A x.
func (l *loop) mul(dst, x []float64) {
	l.out.matvecs++
	l.a.MulVecTo(dst, false, x)
}

// mulDot computes q = A p and returns pᵀA p and pᵀp.
func (l *loop) mulDot(q, p []float64) (pAp, pp float64) {
	if l.dot != nil {
		l.out.matvecs++
		return l.dot.MulDotTo(q, p)
	}
	l.mul(q, p)
	return l.v.dot2(p, q, p)
}

// precondition computes z = M⁻¹ r.
func (l *loop) precondition(z, r []float64) {
	if l.m == nil {
		copy(z, r)
		return
	}
	l.out.precApplied++
	l.m.Apply(z, r)
}

// truth recomputes b − A x into l.t, keeps x if that is the smallest so far,
// and returns its norm.
func (l *loop) truth() float64 {
	var norm float64
	if isZero(l.x) {
		copy(l.t, l.b)
		norm = l.normB
	} else {
		l.mul(l.t, l.x)
		norm = safeNorm(l.v.residual(l.b, l.t), l.t)
	}
	// The first call has nothing to compare with.
	if norm < l.bestNorm || l.bestNorm == 0 {
		l.bestNorm = norm
		copy(l.best, l.x)
	}
	return norm
}

// tick reports iteration k and tells whether the run has to end whatever the
// residuals are.
func (l *loop) tick(k int, recursive, truth float64) (ended bool) {
	l.out.iterations = k
	if l.record != nil {
		if err := l.record(k, recursive/l.normB, truth/l.normB); err != nil {
			l.out.reason, l.out.err = solver.Interrupted, err
			return true
		}
	}
	if err := l.ctx.Err(); err != nil {
		l.out.reason, l.out.err = solver.ContextReason(l.ctx), err
		return true
	}
	return false
}

// judge looks at the residual norm that a method carries after iteration k,
// and at the true one where it claims the end or is due for a look.
func (l *loop) judge(k int, recursive float64) action {
	if !finite(recursive) {
		l.out.iterations = k
		l.fail(solver.EvaluationError, fmt.Sprintf("the residual is %g at iteration %d", recursive, k))
		return stop
	}
	claim, truth := recursive <= l.target, math.NaN()
	if claim || k%sampleEvery == 0 {
		truth = l.truth()
	}
	ended := l.tick(k, recursive, truth)
	switch {
	case truth <= l.target && (!ended || l.ctx.Err() != nil):
		l.out.reason, l.out.err = solver.Tolerance, nil
		return stop
	case ended:
		return stop
	case k >= l.maxIter:
		l.out.reason = solver.IterationLimit
		return stop
	case claim:
		return l.unconfirmed(truth)
	case l.look != nil && !l.look(k, recursive/l.normB):
		l.out.reason = abandoned
		return stop
	case truth == truth && l.atRoundoff(truth):
		return stop
	case truth == truth && l.stagnates(k, truth):
		l.giveUp()
		return stop
	}
	return proceed
}

// unconfirmed deals with a claim that the true residual contradicts.
func (l *loop) unconfirmed(truth float64) action {
	if l.atRoundoff(truth) {
		return stop
	}
	if truth > l.lastFailure/2 {
		l.failures++
	} else {
		l.failures = 0
	}
	l.lastFailure = min(l.lastFailure, truth)
	if l.failures < maxFailures {
		return restart
	}
	l.giveUp()
	return stop
}

// giveUp says why there is no progress: rounding, if the residual in t is that
// of a backward stable answer.
func (l *loop) giveUp() {
	l.out.reason = solver.Stalled
	if l.backwardError() <= roundoff*max(4*float64(l.rowSize()), 10*math.Sqrt(float64(len(l.b)))) {
		l.out.reason = solver.AtRoundoff
	}
}

// atRoundoff tells whether float64 lets no answer have the residual that is
// asked for, and whether x is as good as it gets.
func (l *loop) atRoundoff(truth float64) bool {
	scale := l.matrixNorm()*maxAbs(l.x) + maxAbs(l.b)
	if l.target >= 4*roundoff*scale || truth <= l.target ||
		l.backwardError() > 4*roundoff*float64(l.rowSize()) {
		return false
	}
	l.out.reason = solver.AtRoundoff
	return true
}

// backwardError returns ‖b − A x‖∞/(‖A‖∞‖x‖∞ + ‖b‖∞) of the residual in t.
func (l *loop) backwardError() float64 {
	return maxAbs(l.t) / (l.matrixNorm()*maxAbs(l.x) + maxAbs(l.b))
}

func (l *loop) rowSize() int {
	if l.longest > 0 {
		return l.longest
	}
	return usualRowSize
}

// matrixNorm returns ‖A‖∞ as given, or the largest entry of A s for a random
// vector s of signs: below it, by no more than a row is long.
func (l *loop) matrixNorm() float64 {
	if l.normA > 0 {
		return l.normA
	}
	rows, cols := l.a.Dims()
	random := rng.New(l.seed)
	s, y := make([]float64, cols), make([]float64, rows)
	for i := range s {
		s[i] = 1 - 2*float64(random.Uint64()>>63)
	}
	l.mul(y, s)
	l.normA = maxAbs(y)
	return l.normA
}

// stagnates tells whether the true residual has had no new minimum by 1 % for
// too long.
func (l *loop) stagnates(k int, truth float64) bool {
	if truth < stallGain*l.gained {
		l.gained, l.gainedAt = truth, k
		return false
	}
	return k-l.gainedAt >= max(stallWindow, len(l.b)/10)
}

// fail ends a run that can't go on.
func (l *loop) fail(reason solver.Reason, what string) {
	l.out.reason, l.out.breakdown = reason, what
}

// finish leaves the best x that is known and returns the outcome.
func (l *loop) finish() outcome {
	if l.out.reason == solver.Tolerance {
		l.out.residual = l.bestNorm / l.normB
		return l.out
	}
	if !(l.truth() <= l.bestNorm) {
		copy(l.x, l.best)
	}
	l.out.residual = l.bestNorm / l.normB
	return l.out
}
