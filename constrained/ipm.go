package constrained

import (
	"context"
	"fmt"
	"math"

	"solve/solver"
)

// ipmSettings are what the attempts of auto change.
type ipmSettings struct {
	barrier float64 // first μ
	push    float64 // how far inside the bounds the start is moved
	relax   float64 // how far bounds are moved out, relatively
	unit    bool    // z = 1 at the start, not μ / distance
	tol     float64
	limit   int

	noStall, noRecalc, noWatchdog bool
}

const (
	leastBarrier      = 1e-16
	ipmIterations     = 3000
	ipmAutoIterations = 300
)

func defaultIPM(opt *Options) ipmSettings {
	set := ipmSettings{
		barrier: 0.1, push: 1e-2, relax: 0, tol: opt.Tol, limit: opt.MaxIter,
		noStall: opt.NoStall, noRecalc: opt.NoRecalc, noWatchdog: opt.NoWatchdog,
	}
	if set.limit == 0 {
		set.limit = ipmIterations
	}
	return set
}

// ipm is the primal-dual interior point method with a filter line search of A.
// Wächter and L. Biegler, Math. Program. 106 (2006).
func ipm(ctx context.Context, q *program, opt *Options) (*attempt, error) {
	return interiorPoint(ctx, q, defaultIPM(opt))
}

// interiorPoint runs the method with the given settings.
func interiorPoint(ctx context.Context, q *program, set ipmSettings) (*attempt, error) {
	x := make([]float64, q.n)
	q.start(x)
	q.unscale()
	if q.opt.Scaling != "none" && !q.scaleByGradient(x) {
		q.unscale() // the start is pushed inside the bounds, where the functions may be defined
	}
	k, err := newKKT(q)
	if err != nil {
		return nil, err
	}
	k.noSticky = q.opt.NoStickyShift
	s := newInterior(q, k, set, nil)
	s.best.residual = math.Inf(1)
	if !s.start(x) {
		verdict := solver.Verdict{Status: solver.Breakdown, Reason: solver.EvaluationError, Detail: "the functions are not defined at the start"}
		return q.end(verdict, s.pt, nil, 0), nil
	}
	if err := s.startMultipliers(ctx); err != nil {
		if reason, ok := interrupted(ctx, err); ok {
			return q.end(stopped(reason, "before the first iteration"), s.pt, nil, 0), nil
		}
		return nil, err
	}
	verdict, err := s.run(ctx)
	if err != nil {
		return nil, err
	}
	q.stats.Barrier = s.mu
	return s.conclude(ctx, verdict), nil
}

// start pushes x inside the bounds, and the slacks likewise. It reports whether
// the functions are defined there.
func (s *interior) start(x []float64) bool {
	s.relax(s.set.relax)
	s.setBarrier(s.set.barrier)
	s.floor = math.Max(leastBarrier, s.set.tol*math.Min(1, s.q.fScale)/11)
	s.limit = s.set.limit
	for j, t := range x {
		s.v[j] = s.inside(j, t)
	}
	if !s.q.first(s.pt) {
		return false
	}
	for i, c := range s.pt.c {
		if !s.q.equation[i] {
			s.v[s.n+i] = s.inside(s.n+i, c)
		}
	}
	return true
}

// inside is t, moved into the bounds of v_j.
func (s *interior) inside(j int, t float64) float64 {
	lo, hi := s.lo[j], s.hi[j]
	below, above := s.set.push*math.Max(1, math.Abs(lo)), s.set.push*math.Max(1, math.Abs(hi))
	if !math.IsInf(hi-lo, 0) {
		below, above = math.Min(below, s.set.push*(hi-lo)), math.Min(above, s.set.push*(hi-lo))
	}
	if !math.IsInf(lo, 0) {
		t = math.Max(t, lo+below)
	}
	if !math.IsInf(hi, 0) {
		t = math.Min(t, hi-above)
	}
	return t
}

func (s *interior) startMultipliers(ctx context.Context) error {
	s.central()
	if s.set.unit {
		s.unitMultipliers()
	}
	s.gradients()
	if err := s.leastSquares(ctx); err != nil {
		return err
	}
	s.filter.open(s.theta)
	return nil
}

func (s *interior) unitMultipliers() {
	for j := range s.v {
		if s.zl[j] > 0 {
			s.zl[j] = 1
		}
		if s.zu[j] > 0 {
			s.zu[j] = 1
		}
	}
}

func (s *interior) setBarrier(mu float64) {
	s.mu, s.tau = mu, math.Max(0.99, 1-mu)
}

// run iterates until a verdict. Errors are those of memory and the recorder.
func (s *interior) run(ctx context.Context) (solver.Verdict, error) {
	step := math.NaN()
	for {
		m := s.q.measure(s.pt, s.y, s.work())
		if err := s.q.record(s.iter, "ipm", s.pt.f, m.residual(), step); err != nil {
			return solver.Verdict{}, err
		}
		s.best.enter(s, m.residual())
		verdict, done, err := s.finished(ctx, m)
		if err != nil || done {
			return verdict, err
		}
		s.iter++
		result, err := s.advance(ctx)
		if reason, ok := interrupted(ctx, err); ok {
			return stopped(reason, fmt.Sprintf("after %d iterations", s.iter)), nil
		}
		if err != nil {
			return solver.Verdict{}, err
		}
		step = s.counts.alpha
		if result == moved {
			if err := s.watchProgress(ctx); err != nil {
				return solver.Verdict{}, err
			}
			continue
		}
		verdict, done, err = s.rescue(ctx, result)
		if reason, ok := interrupted(ctx, err); ok {
			return stopped(reason, fmt.Sprintf("after %d iterations", s.iter)), nil
		}
		if err != nil || done {
			return verdict, err
		}
	}
}

// work is room for n numbers.
func (s *interior) work() []float64 { return s.dl[:s.n] }

// Unboundedness.
const (
	bottomless = -1e20
	faraway    = 1e20
	distant    = 1e7 // times the start: from here on steps are followed
	followEach = 5   // iterations
)

const (
	flatChange = 1e-13 // of f, relatively
	flatMost   = 30    // iterations
)

// atRounding counts iterations that change neither f nor the residual any more.
func (s *interior) atRounding(m measure) bool {
	c := &s.counts
	same := math.Abs(s.pt.f-c.lastF) <= flatChange*math.Abs(s.pt.f) && m.violation <= s.set.tol && s.iter > 0
	c.lastF = s.pt.f
	if !same || m.residual() < 0.5*c.flatBest {
		c.flat, c.flatBest = 0, m.residual()
		return false
	}
	c.flat++
	return c.flat >= flatMost
}

// followStep looks for a ray along the last step, from points far away.
func (s *interior) followStep(ctx context.Context, m measure) (*Proof, error) {
	size := normInf(s.pt.x)
	if s.q.noObjective || s.iter%followEach != 0 || s.iter == 0 || size < distant*math.Max(1, normInf(s.q.problem.X0)) || m.violation > acceptable*size {
		return nil, nil
	}
	x, _ := s.q.original(s.pt.x, nil)
	step := make([]float64, len(x))
	for j, v := range s.q.vars {
		step[v] = s.p[j]
	}
	return s.q.ray(ctx, x, step)
}

// finished tests whether the run ends at the current point.
func (s *interior) finished(ctx context.Context, m measure) (solver.Verdict, bool, error) {
	tol := s.set.tol
	if m.residual() <= tol || s.errorAt(0).worst() <= tol && s.polish(ctx) {
		return s.solved(), true, nil
	}
	if s.mu <= s.floor && s.errorAt(0).worst() <= tol {
		s.floor = math.Max(s.floor/10, leastBarrier)
	}
	proof, err := s.followStep(ctx, m)
	if err != nil {
		return solver.Verdict{}, false, err
	}
	if proof != nil {
		s.proof = proof
		return solver.Verdict{Status: solver.Unbounded, Reason: solver.UnboundedRay, Detail: fmt.Sprintf("f = %.3g, ‖x‖∞ = %.3g", s.pt.f/s.q.fScale, normInf(s.pt.x))}, true, nil
	}
	switch {
	case s.pt.f/s.q.fScale < bottomless && m.violation <= 1e-6, normInf(s.pt.x) > faraway:
		return solver.Verdict{Status: solver.Unbounded, Reason: solver.UnboundedRay, Detail: fmt.Sprintf("f = %.3g, ‖x‖∞ = %.3g", s.pt.f/s.q.fScale, normInf(s.pt.x))}, true, nil
	case s.iter >= s.limit:
		return stopped(solver.IterationLimit, fmt.Sprintf("after %d iterations", s.iter)), true, nil
	case ctx.Err() != nil:
		return stopped(solver.ContextReason(ctx), fmt.Sprintf("after %d iterations", s.iter)), true, nil
	case s.atRounding(m):
		return stopped(solver.Stalled, "neither f nor the residual changes beyond rounding"), true, nil
	case s.tiny >= 2 && s.mu <= s.floor && normInf(s.dy) < 1e-2:
		return stopped(solver.Stalled, "steps are at rounding level"), true, nil
	}
	return solver.Verdict{}, false, nil
}

func (s *interior) solved() solver.Verdict {
	return solver.Verdict{Status: solver.Solved, Reason: solver.Tolerance, Detail: fmt.Sprintf("after %d iterations", s.iter)}
}

// advance takes one step.
func (s *interior) advance(ctx context.Context) (searchResult, error) {
	s.lowerBarrier()
	s.counts.alpha = 0
	switch err := s.newton(ctx); {
	case err == errNoStep:
		return noStep, nil
	case err != nil:
		return noStep, err
	}
	if !s.dog.on {
		s.counts.singular = s.k.dc > 0
	}
	alpha, result := s.search(ctx)
	s.counts.alpha = alpha
	if result == moved {
		s.k.stepped(alpha)
	}
	return result, nil
}

// lowerBarrier takes μ down while the barrier problem is solved well enough.
func (s *interior) lowerBarrier() {
	force := s.tiny >= 2 && normInf(s.dy) < 1e-2
	for s.mu > s.floor && (force || s.errorAt(s.mu).worst() <= 10*s.mu) {
		force = false
		s.setBarrier(math.Max(s.floor, math.Min(0.2*s.mu, math.Pow(s.mu, 1.5))))
		if s.outer != nil {
			s.weight = math.Sqrt(s.mu)
			s.gradients()
		}
		s.refresh()
		s.filter.clear()
		s.stopDog()
		s.tiny = 0
	}
}

// counters decide when the safeguards act.
type counters struct {
	alpha        float64 // length of the last step
	singular     bool    // it needed δ_c
	short        int     // steps in a row below stallStep
	stalls       int
	restorations int
	idle         int // restorations that had nothing to restore
	failures     int // of line searches in a restoration
	lastF        float64
	flat         int // iterations in a row without a change of f or the residual
	flatBest     float64
}

const (
	stallStep  = 1e-2
	stallAfter = 6
	stallsMost = 4
)

// watchProgress raises the barrier after a row of short steps, and replaces
// multipliers that dependent rows have let grow.
func (s *interior) watchProgress(ctx context.Context) error {
	if s.counts.alpha < stallStep {
		s.counts.short++
	} else {
		s.counts.short = 0
	}
	if !s.set.noStall && s.counts.short >= stallAfter && s.counts.stalls < stallsMost && s.bounds > 0 {
		s.counts.short = 0
		s.counts.stalls++
		s.setBarrier(math.Min(1e4, 10*math.Max(s.mu, s.averageComplementarity())))
		s.central()
		s.refresh()
		s.k.forget()
		s.filter.clear()
		s.stopDog()
		return s.leastSquares(ctx)
	}
	if s.set.noRecalc || !s.counts.singular || normInf(s.r) > 1e-4 {
		return nil
	}
	size := normInf(s.y)
	if size <= mostMultiplier*math.Max(1, normInf(s.pt.g)) {
		return nil
	}
	g, slacks := s.multiplierData()
	ok, err := s.k.minimumNorm(ctx, g, s.pt.jac, slacks, 1e-4, s.rowTarget)
	if err != nil {
		return err
	}
	if ok && normInf(s.rowTarget) <= 0.1*size {
		copy(s.y, s.rowTarget)
		s.lagrangian()
		s.refresh()
	}
	return nil
}

func (s *interior) averageComplementarity() float64 {
	sum := 0.0
	for j, t := range s.v {
		if s.zl[j] > 0 {
			sum += s.zl[j] * (t - s.lo[j])
		}
		if s.zu[j] > 0 {
			sum += s.zu[j] * (s.hi[j] - t)
		}
	}
	return sum / math.Max(1, float64(s.bounds))
}
