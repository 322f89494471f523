package constrained

import (
	"context"
	"fmt"
	"math"

	"solve/solver"
)

const (
	restorationsMost      = 20
	restorationIterations = 300
	restorationFailures   = 5
	idleMost              = 3
)

// restored is how a restoration ended.
type restored int

const (
	acceptedByOuter restored = iota // a point that the outer run can go on from
	stationary                      // the violation has a local minimum here
	exhausted
)

// rescue restores feasibility where no step was found. done means that the run is
// over, with the verdict.
func (s *interior) rescue(ctx context.Context, why searchResult) (verdict solver.Verdict, done bool, err error) {
	tol := s.set.tol
	s.stopDog()
	if why == undefined {
		return stopped(solver.EvaluationError, "derivatives are not defined at an iterate"), true, nil
	}
	if s.theta <= tol/100 || s.m == 0 {
		if s.counts.idle++; s.counts.idle > idleMost {
			return stopped(solver.Stalled, "no step is accepted at a feasible point"), true, nil
		}
		s.filter.clear()
		s.k.forget()
		return verdict, false, s.leastSquares(ctx)
	}
	if s.counts.restorations++; s.counts.restorations > restorationsMost {
		return stopped(solver.Stalled, fmt.Sprintf("feasibility was restored %d times", restorationsMost)), true, nil
	}
	s.filter.add(s.theta, s.phi)
	e := s.elasticRun()
	entry := e.entry
	how, err := e.runRestoration(ctx)
	s.iter += e.iter
	if err != nil {
		return verdict, false, err
	}
	violation := e.violation()
	switch {
	case how == acceptedByOuter || violation <= tol:
	case violation < 0.9*entry:
		s.filter.clear()
	case how == stationary && violation > 100*tol:
		s.moveTo(e)
		return stopped(solver.LocallyInfeasible, fmt.Sprintf("the violation has a local minimum of %.3g", violation)), true, nil
	default:
		s.moveTo(e)
		return stopped(solver.Stalled, fmt.Sprintf("feasibility could not be restored, the violation is %.3g", violation)), true, nil
	}
	if !s.moveTo(e) {
		return stopped(solver.EvaluationError, "derivatives are not defined at an iterate"), true, nil
	}
	s.k.forget()
	return verdict, false, s.leastSquares(ctx)
}

// moveTo takes the point of a restoration, with a step of z towards it.
func (s *interior) moveTo(e *interior) bool {
	for j := range s.v {
		s.p[j] = e.v[j] - s.v[j]
	}
	s.multiplierSteps(s.p)
	copy(s.v, e.v)
	az := math.Min(shrink(s.zl, s.dl, s.tau), shrink(s.zu, s.du, s.tau))
	largest := 0.0
	for j := range s.v {
		s.zl[j] += az * s.dl[j]
		s.zu[j] += az * s.du[j]
		largest = math.Max(largest, math.Max(s.zl[j], s.zu[j]))
	}
	if largest > 1e3 {
		s.unitMultipliers()
	}
	s.keepDistance()
	if !s.q.first(s.pt) {
		return false
	}
	s.clip()
	s.gradients()
	return true
}

// elasticRun prepares a restoration from the current point.
func (s *interior) elasticRun() *interior {
	if s.inner == nil {
		s.inner = newInterior(s.q, s.k, s.set, s)
		s.inner.from, s.inner.pull = make([]float64, s.size), make([]float64, s.size)
	}
	e := s.inner
	copy(e.lo, s.lo)
	copy(e.hi, s.hi)
	for j := s.size; j < e.size; j++ {
		e.lo[j], e.hi[j] = 0, math.Inf(1)
	}
	e.countBounds()
	copy(e.v, s.v)
	copy(e.from, s.v)
	for j, t := range s.v {
		d := 1 / math.Max(1, math.Abs(t))
		e.pull[j] = d * d
	}
	e.entry = normInf(s.r)
	e.setBarrier(math.Max(s.mu, e.entry))
	e.weight = math.Sqrt(e.mu)
	e.floor = s.set.tol / 11
	e.reference = reference{s.theta, s.phi, 0}
	e.iter, e.limit = 0, min(restorationIterations, max(1, s.limit-s.iter))
	e.counts, e.tiny = counters{}, 0
	copy(e.pt.c, s.pt.c)
	copy(e.pt.g, s.pt.g)
	copy(e.pt.jac, s.pt.jac)
	e.pt.f = s.pt.f
	e.splitResidual()
	clear(e.y)
	for j := range s.v {
		e.zl[j], e.zu[j] = math.Min(elastic, s.zl[j]), math.Min(elastic, s.zu[j])
	}
	e.centralElastic()
	e.gradients()
	e.filter = filter{}
	e.filter.open(e.theta)
	e.k.forget()
	return e
}

// splitResidual sets p and n to their optimal values at the current x and s.
func (s *interior) splitResidual() {
	n, m := s.n, s.m
	for i := range m {
		c := s.pt.c[i] - s.v[n+i]
		s.v[n+m+i], s.v[n+2*m+i] = surplus(-c, s.mu), surplus(c, s.mu)
	}
}

// surplus is the n ≥ 0 that minimises ρ(p + n) − μ ln p − μ ln n with p = c + n.
func surplus(c, mu float64) float64 {
	b, x := (mu-elastic*c)/(2*elastic), mu*c/(2*elastic)
	root := math.Sqrt(math.Max(0, b*b+x))
	if b < 0 {
		return x / (root - b) // without cancellation
	}
	return b + root
}

// centralElastic sets the multipliers of p and n to μ over their values.
func (s *interior) centralElastic() {
	for j := s.n + s.m; j < s.size; j++ {
		s.zl[j], s.zu[j] = s.mu/s.v[j], 0
	}
}

// violation is ‖c − s‖∞.
func (s *interior) violation() float64 {
	worst := 0.0
	for i, c := range s.pt.c {
		worst = math.Max(worst, math.Abs(c-s.v[s.n+i]))
	}
	return worst
}

// runRestoration iterates until the outer run can go on.
func (s *interior) runRestoration(ctx context.Context) (restored, error) {
	tol := s.set.tol
	for {
		if s.iter > 0 {
			violation := s.violation()
			if err := s.q.record(s.outer.iter+s.iter, "restoration", s.pt.f, violation, s.counts.alpha); err != nil {
				return exhausted, err
			}
			if s.leave(violation) {
				return acceptedByOuter, nil
			}
		}
		if s.errorAt(0).worst() <= tol {
			return stationary, nil
		}
		if s.iter >= s.limit || s.tiny >= 2 && s.mu <= s.floor {
			return exhausted, nil
		}
		if err := ctx.Err(); err != nil {
			return exhausted, err
		}
		s.iter++
		result, err := s.advance(ctx)
		if err != nil {
			return exhausted, err
		}
		if result == moved {
			continue
		}
		if s.counts.failures++; s.counts.failures > restorationFailures || result == undefined {
			return exhausted, nil
		}
		s.splitResidual()
		s.central()
		s.gradients()
		s.filter.clear()
	}
}

// leave tells whether the outer run accepts the current point.
func (s *interior) leave(violation float64) bool {
	tol, o := s.set.tol, s.outer
	if s.n == s.m && s.q.inequalities == 0 && s.q.bounded == 0 {
		return violation <= tol/10
	}
	if violation > math.Max(0.9*s.entry, math.Min(tol, 1e-4)) {
		return false
	}
	theta := 0.0
	for i, c := range s.pt.c {
		theta += math.Abs(c - s.v[s.n+i])
	}
	phi := o.barrier(s.v[:o.size], s.pt.f)
	return finite(phi) && o.filter.admits(theta, phi) && s.reference.improves(theta, phi)
}
