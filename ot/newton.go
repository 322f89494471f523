package ot

import (
	"context"
	"math"

	"solve/internal/kern"
	"solve/solver"
)

// The default method: ε-scaling, a Newton method on the semi-dual whose
// Hessian is sparsified under error control, and a line search that falls
// back to Sinkhorn sweeps wherever the quadratic model fails. It keeps the
// two stages of Sinkhorn-Newton-Sparse (Tang et al., ICLR 2024) and replaces
// its fixed sparsity by a bound on the dropped mass that shrinks with the
// error, which restores quadratic convergence.

// Tuning of the method; all dimensionless.
const (
	dropRate       = 0.1  // δ: dropped mass relative to the marginal error
	scalingFactor  = 6.0  // ε of one level over that of the next
	firstLevel     = 30.0 // first level: (max C − min C)/firstLevel
	scaleFrom      = 50.0 // (max C − min C)/ε from which ε is scaled
	levelSweeps    = 3    // Sinkhorn sweeps when a level starts
	levelError     = 0.05 // marginal error at which a level ends
	farError       = 0.5  // above, the quadratic model is not tried
	firstRadius    = 8.0  // of the trust region, in log scale
	smallestRadius = 2.0
	radiusGrowth   = 4.0
	goodModel      = 0.75 // share of the predicted decrease from which the region grows
	dampGrowth     = 10.0
	firstDamping   = 1e-6
	cutDamping     = 1e-4 // after a step that the line search cut
	noDamping      = 1e-8 // below, none
	// How far a direction may reach beyond the region, to be cut back to it:
	// one more factor of damping would make it shorter than the last step.
	stretch         = 1.05 * dampGrowth / radiusGrowth
	armijo          = 1e-4
	stepShrink      = 0.3
	maxTrials       = 8
	goodStep        = 0.3 // a shorter step counts as a failure of the model
	minSweeps       = 5
	maxSweeps       = 80
	flatError       = 1e-6 // below, h is flat to rounding and the error itself decides
	maxCG           = 2000
	usualCG         = 40
	slowCG          = 300       // iterations after which a factorisation takes over,
	worstCG         = 2 * maxCG // unless it takes longer than these
	maxDirect       = 3000      // largest order of a dense factorisation
	denseFill       = 0.5       // fill above which nothing is dropped
	smallestDrop    = 1e-9      // marginal error below which no more entries are kept
	forcingFactor   = 0.1
	forcingSmallest = 1e-10
	forcingLargest  = 0.1
)

// newton is the state of the method.
type newton struct {
	s          *semidual
	opt        *Options
	cur, trial *point
	best       *point // smallest error at the final ε
	hess       hessian
	dense      *denseSchur // nil until a plan is too full for hess
	schur      schur
	cg         cgWork
	g, y       []float64
	col        []float64 // selection thresholds by column
	fill       float64   // fill from which nothing is dropped
	mu         float64
	radius     float64 // largest step, in log scale
	sweeps     int
	lower      []float64 // S and its dense factor
	sparse     sparseSchur
	indefinite bool // whether factoring S failed
	lastCG     int  // iterations that the last system took or would have taken
	stalled    int
	final      bool // at the last ε-level

	stats *Stats
	log   *progress
}

func newNewton(s *semidual, opt *Options, stats *Stats, log *progress) *newton {
	nw := &newton{
		s: s, opt: opt, cur: newPoint(s.n, s.m), trial: newPoint(s.n, s.m), best: newPoint(s.n, s.m),
		g: make([]float64, s.m), y: make([]float64, s.m), col: make([]float64, s.m),
		sweeps: minSweeps, lastCG: usualCG, stats: stats, log: log,
	}
	nw.hess.s = s
	// The points share their entries, 12 bytes each: those of cur are not
	// needed once the direction is known.
	nw.trial.kept = nw.cur.kept
	const bytes = 2 * 12 // while they grow, they are there twice
	nw.fill = min(denseFill, float64(opt.MemoryLimit())/(2*bytes*float64(s.n)*float64(s.m)))
	return nw
}

// levels lists the ε-scaling sequence, ending in eps.
func levels(eps, spread float64) []float64 {
	if !(spread > scaleFrom*eps) {
		return []float64{eps}
	}
	var out []float64
	for e := spread / firstLevel; e > eps; e /= scalingFactor {
		out = append(out, e)
	}
	return append(out, eps)
}

// run solves to marginal error tol from the potentials g0 (cost units, nil
// for zero) and leaves the answer in nw.best.
func (nw *newton) run(ctx context.Context, tol float64, g0 []float64) solver.Reason {
	target := nw.s.eps
	seq := levels(target, nw.s.spread)
	if g0 != nil {
		for j, g := range g0 {
			nw.cur.beta[j] = g / target
		}
		if err := nw.s.eval(ctx, nw.cur, 1, nil); err != nil {
			nw.settleAt(target, target)
			return solver.ContextReason(ctx)
		}
		// A start that is far off gains from scaling, a good one would lose.
		if nw.cur.e < farError {
			seq = []float64{target}
		}
	}
	nw.stats.EpsLevels = len(seq)
	prev := target
	for k, eps := range seq {
		nw.s.setEps(eps)
		for j := range nw.cur.beta {
			nw.cur.beta[j] *= prev / eps
		}
		for i := range nw.cur.alpha {
			nw.cur.alpha[i] *= prev / eps
		}
		prev, nw.cur.valid = eps, false
		nw.final = k == len(seq)-1
		goal := levelError
		if nw.final {
			goal = tol
		}
		nw.mu, nw.radius, nw.sweeps, nw.stalled = 0, firstRadius, minSweeps, 0
		if reason := nw.level(ctx, goal); reason != "" {
			if math.IsNaN(nw.best.e) {
				nw.settleAt(target, eps)
			}
			return reason
		}
	}
	return solver.Tolerance
}

// settleAt restates the current potentials at the final ε when the run ends
// before anything was evaluated there: whatever they are worth is certified.
func (nw *newton) settleAt(target, eps float64) {
	nw.s.setEps(target)
	for j := range nw.cur.beta {
		nw.cur.beta[j] *= eps / target
	}
	for i := range nw.cur.alpha {
		nw.cur.alpha[i] = math.NaN()
	}
	if err := nw.s.eval(context.Background(), nw.cur, 1, nil); err != nil {
		panic(err) // only a context can end it
	}
	nw.best.assign(nw.cur)
}

// level runs at one ε until the marginal error is at most goal. The reason is
// empty when it got there.
func (nw *newton) level(ctx context.Context, goal float64) solver.Reason {
	if reason := nw.sinkhorn(ctx, levelSweeps, goal); reason != "" {
		return reason
	}
	// On a full plan that is not stored each CG iteration costs as much as a
	// sweep; sweeps are then tried first, while they are worth their passes.
	sweeping := !nw.final && nw.s.grid == nil && !storesPlan(nw.s, nw.opt.MemoryLimit())
	for {
		if nw.cur.e <= goal {
			return ""
		}
		if nw.final && nw.atRoundoff() {
			return solver.AtRoundoff
		}
		if nw.iterations() >= nw.opt.maxIter() {
			return solver.IterationLimit
		}
		var reason solver.Reason
		switch before := nw.cur.e; {
		case before > farError:
			reason = nw.sinkhorn(ctx, nw.sweeps, goal)
		case sweeping && nw.cur.kept.overflow():
			reason = nw.sinkhorn(ctx, minSweeps, goal)
			sweeping = nw.cur.e < 0.5*before
		default:
			reason = nw.step(ctx, goal)
		}
		if reason != "" {
			return reason
		}
	}
}

func (nw *newton) iterations() int { return nw.stats.Sweeps + nw.stats.NewtonSteps }

// nearRounding tells whether the error is so small that rounding may be what
// keeps it from falling.
func (nw *newton) nearRounding() bool { return nw.cur.e < max(1e-8, 3*nw.s.roundoff(nw.cur)) }

// atRoundoff tells whether rounding alone explains the error.
func (nw *newton) atRoundoff() bool {
	return nw.cur.e <= 3*nw.s.roundoff(nw.cur) && nw.stalled > 0 || nw.stalled >= 3
}

// sinkhorn does k sweeps, fewer if the error falls to goal before, and leaves
// cur evaluated, with its entries selected.
func (nw *newton) sinkhorn(ctx context.Context, k int, goal float64) solver.Reason {
	s := nw.s
	for range k {
		if !nw.cur.valid {
			if err := s.eval(ctx, nw.cur, 1, nil); err != nil {
				return solver.ContextReason(ctx)
			}
		}
		nw.keepBest()
		if nw.cur.e <= goal {
			return ""
		}
		if nw.iterations() >= nw.opt.maxIter() {
			return solver.IterationLimit
		}
		s.updateColumns(nw.cur, 1)
		nw.stats.Sweeps++
		if err := nw.log.record("sinkhorn", nw.iterations(), s.dual(nw.cur), nw.cur.e, math.NaN()); err != nil {
			return solver.Interrupted
		}
	}
	if err := s.eval(ctx, nw.cur, 1, nw.selectAt(min(1, nw.cur.e)/4)); err != nil {
		return solver.ContextReason(ctx)
	}
	nw.keepBest()
	return ""
}

// selectAt is the selection for a Newton step at marginal error about e.
// c is not known before the pass ends: the smaller of b and the last c stands
// in, and the exact threshold is applied afterwards.
func (nw *newton) selectAt(e float64) *selection {
	theta := nw.threshold(max(e, smallestDrop))
	for j, b := range nw.s.b {
		nw.col[j] = theta * b
		if c := nw.cur.c[j]; c > 0 && c < b {
			nw.col[j] = theta * c
		}
	}
	return &selection{row: theta, col: nw.col, fill: nw.fill}
}

// threshold is θ: entries with P_ij/a_i and P_ij/c_j both below are dropped.
func (nw *newton) threshold(e float64) float64 {
	return dropRate * min(1, e) / float64(max(nw.s.n, nw.s.m))
}

func (nw *newton) keepBest() {
	if nw.final && !(nw.best.e <= nw.cur.e) {
		nw.best.assign(nw.cur)
	}
}

// step is one Newton step with its line search, and the Sinkhorn sweeps that
// follow a step which had to be cut.
func (nw *newton) step(ctx context.Context, goal float64) solver.Reason {
	s := nw.s
	if !nw.cur.selected {
		if err := s.eval(ctx, nw.cur, 1, nw.selectAt(nw.cur.e)); err != nil {
			return solver.ContextReason(ctx)
		}
	}
	s.gradient(nw.g, nw.cur)
	if reason := nw.direction(ctx, goal); reason != "" {
		return reason
	}
	slope := kern.Dot(nw.g, nw.y)
	t, ok := 0.0, false
	if slope < 0 {
		var reason solver.Reason
		if t, ok, reason = nw.search(ctx, slope, goal); reason != "" {
			return reason
		}
	}
	if ok {
		nw.resize(t, slope)
		if nw.trial.e >= nw.cur.e && nw.nearRounding() {
			nw.stalled++
		} else {
			nw.stalled = 0
		}
		nw.cur, nw.trial = nw.trial, nw.cur
		nw.keepBest()
	} else if nw.nearRounding() {
		nw.stalled++
	}
	nw.stats.NewtonSteps++
	if err := nw.log.record("newton", nw.iterations(), s.dual(nw.cur), nw.cur.e, t); err != nil {
		return solver.Interrupted
	}
	if ok && t >= goodStep {
		if nw.mu /= dampGrowth; nw.mu < noDamping {
			nw.mu = 0
		}
		nw.sweeps = max(minSweeps, nw.sweeps/2)
		return ""
	}
	if nw.final && nw.nearRounding() {
		return "" // sweeps gain nothing, the stall count ends it
	}
	nw.mu = min(max(dampGrowth*nw.mu, cutDamping), 1)
	k := nw.sweeps
	nw.sweeps = min(2*nw.sweeps, maxSweeps)
	return nw.sinkhorn(ctx, k, goal)
}

// resize adapts the trust region to how well the model foretold the step.
func (nw *newton) resize(t, slope float64) {
	size := t * maxAbs(nw.y)
	if t < goodStep {
		nw.radius = max(size, smallestRadius)
		return
	}
	yBy := 0.0
	for j, b := range nw.s.b {
		yBy += b * nw.y[j] * nw.y[j]
	}
	curvature := -slope - nw.mu*yBy // yᵀSy, since (S + μB) y = −g
	predicted := -t*slope - t*t*curvature/2
	if nw.cur.h-nw.trial.h > goodModel*predicted {
		nw.radius = max(nw.radius, radiusGrowth*size)
	}
}

// search backtracks along y from the largest sensible step.
func (nw *newton) search(ctx context.Context, slope, goal float64) (t float64, ok bool, reason solver.Reason) {
	t = 1
	if size := maxAbs(nw.y); size > nw.radius {
		t = nw.radius / size
	}
	slack := 1e-14 * max(1, math.Abs(nw.cur.h))
	nw.cur.selected = false // the trials overwrite the entries
	for range maxTrials {
		for j := range nw.y {
			nw.trial.beta[j] = nw.cur.beta[j] + t*nw.y[j]
		}
		copy(nw.trial.alpha, nw.cur.alpha)
		var sel *selection
		if predicted := nw.predict(t); predicted > goal/10 {
			sel = nw.selectAt(predicted)
		} else {
			sel = nw.selectAt(goal)
		}
		if err := nw.s.eval(ctx, nw.trial, 1, sel); err != nil {
			return t, false, solver.ContextReason(ctx)
		}
		if nw.cur.e < flatError {
			if nw.trial.e < nw.cur.e || nw.trial.h <= nw.cur.h+armijo*t*slope {
				return t, true, ""
			}
		} else if nw.trial.h <= nw.cur.h+armijo*t*slope+slack {
			return t, true, ""
		}
		t *= stepShrink
	}
	return t, false, ""
}

// predict guesses the error after a step of length t: quadratic for a full
// step. Too low a guess only keeps entries that compaction drops again.
func (nw *newton) predict(t float64) float64 {
	if t < 1 {
		return nw.cur.e / 4
	}
	return 0.1 * nw.cur.e * nw.cur.e
}
