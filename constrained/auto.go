package constrained

import (
	"context"
	"fmt"
	"math"

	"solve/internal/rng"
	"solve/solver"
)

const (
	galmAutoIterations = 200
	infeasibleAttempts = 3 // that have to agree
)

// auto runs the attempts in turn until one is solved, or the problem is proved to
// have no solution.
func (s *solving) auto() error {
	s.res.Method, s.res.Why = IPM, "no attempt met the tolerance"
	for _, a := range s.cascade() {
		if s.ctx.Err() != nil || a.last && !s.outOfIterations() {
			break
		}
		limit := a.limit
		if s.opt.MaxIter > 0 {
			if limit = min(limit, s.opt.MaxIter-s.res.Stats.Iterations); limit <= 0 {
				break
			}
		}
		if err := s.attempt(a, limit); err != nil {
			return err
		}
		if s.settled() {
			s.res.Method, s.res.Why = a.method, a.why
			if err := s.escape(); err != nil {
				return err
			}
			return s.restarts()
		}
	}
	if s.best != nil && s.best.violation > acceptable {
		if err := s.proveInfeasible(s.best); err != nil {
			return err
		}
	}
	if !s.settled() {
		s.giveUp()
	}
	return nil
}

func (s *solving) outOfIterations() bool {
	for _, a := range s.res.Attempts {
		if a.Iterations >= ipmAutoIterations && a.Verdict.Reason != solver.LocallyInfeasible {
			return true
		}
	}
	return false
}

// planned is one attempt of the cascade.
type planned struct {
	method, name, why string
	limit             int
	set               func(*ipmSettings)
	from              []float64 // nil = x0
	distance          float64   // of the start from there, relatively
	best              bool      // starts from the best point so far
	last              bool      // only if an attempt reached its limit of iterations
}

// cascade lists the attempts in order.
func (s *solving) cascade() []planned {
	var list []planned
	if s.q.m > 0 && s.q.inequalities == 0 && s.q.bounded == 0 {
		list = append(list, planned{method: GALM, name: GALM, why: "equations only", limit: galmAutoIterations})
	}
	add := func(name, why string, distance float64, set func(*ipmSettings)) {
		list = append(list, planned{method: IPM, name: name, why: why, limit: ipmAutoIterations, set: set, distance: distance})
	}
	plain := func(*ipmSettings) {}
	add("ipm", "inequalities, bounds, or no answer by galm", 0, plain)
	if s.q.inequalities > 0 || s.q.bounded > 0 { // there is a barrier to change
		add("ipm, z = 1", "multipliers of the bounds start at 1", 0, func(t *ipmSettings) { t.unit = true })
		add("ipm, μ = 10", "starts far inside the bounds", 0, func(t *ipmSettings) { t.barrier, t.push = 10, 0.1 })
		add("ipm, relaxed bounds", "the bounds may have no interior", 0, func(t *ipmSettings) { t.relax = 1e-8 })
	}
	for _, t := range []float64{1e-2, 1e-1, 1} {
		add(fmt.Sprintf("ipm, start moved by %g", t), "starts elsewhere", t, plain)
	}
	list = append(list, planned{method: IPM, name: "ipm, from the best point", why: "goes on where others stopped", limit: ipmAutoIterations, set: plain, best: true})
	list = append(list, planned{method: IPM, name: "ipm, more iterations", why: "slow", limit: ipmIterations, set: plain, last: true})
	return list
}

// attempt runs one of the cascade, and keeps what it found.
func (s *solving) attempt(a planned, limit int) error {
	opt := *s.opt
	opt.MaxIter = limit
	method := methodOf(a.method)
	if a.set != nil {
		set := defaultIPM(&opt)
		a.set(&set)
		method = func(ctx context.Context, q *program, _ *Options) (*attempt, error) { return interiorPoint(ctx, q, set) }
	} else {
		s.q.unscale()
	}
	switch {
	case a.best && s.best != nil:
		a.from = s.best.x
	case a.from == nil:
		a.from = s.p.X0
	}
	s.moveStart(a.from, a.distance)
	return s.try(a.name, &opt, method)
}

// moveStart sets the start to x + t (1+|x|) u, u uniform in [−1,1]ⁿ, within the
// bounds.
func (s *solving) moveStart(from []float64, t float64) {
	stream := rng.NewStream(s.opt.Seed, math.Float64bits(t))
	for _, v := range s.q.vars {
		x := from[v]
		if t > 0 {
			x += t * (1 + math.Abs(x)) * (2*stream.Float64() - 1)
		}
		s.q.base[v] = math.Min(math.Max(x, s.p.lower(int(v))), s.p.upper(int(v)))
	}
}

// settled tells whether the last attempt ends the cascade.
func (s *solving) settled() bool {
	if s.best == nil {
		return false
	}
	switch s.best.verdict.Status {
	case solver.Solved, solver.Unbounded, solver.Infeasible:
		return true
	}
	return false
}

// giveUp words the verdict where no attempt was solved.
func (s *solving) giveUp() {
	if s.best == nil {
		pt := s.q.newPoint()
		s.q.start(pt.x)
		s.q.first(pt)
		s.best = s.q.end(stopped(solver.ContextReason(s.ctx), "before the first attempt"), pt, nil, 0)
		return
	}
	n := len(s.res.Attempts)
	infeasible, undefined := 0, 0
	for _, a := range s.res.Attempts {
		switch a.Verdict.Reason {
		case solver.LocallyInfeasible:
			infeasible++
		case solver.EvaluationError:
			undefined++
		}
	}
	v := &s.best.verdict
	switch {
	case s.ctx.Err() != nil:
		*v = stopped(solver.ContextReason(s.ctx), fmt.Sprintf("in attempt %d of the cascade", n))
	case v.Reason == solver.Acceptable:
	case infeasible >= infeasibleAttempts:
		*v = stopped(solver.LocallyInfeasible, fmt.Sprintf("%d of %d attempts ended at a local minimum of the violation, the least of them %.3g", infeasible, n, s.best.violation))
	case undefined == n:
	case v.Reason == solver.LocallyInfeasible || v.Reason == solver.EvaluationError:
		*v = stopped(solver.Stalled, fmt.Sprintf("%d attempts", n))
	}
}

// escape goes on from beside a saddle point.
func (s *solving) escape() error {
	if s.best.verdict.Status != solver.Solved || s.opt.MaxIter > 0 && s.res.Stats.Iterations >= s.opt.MaxIter {
		return nil
	}
	s.bent, s.curvature = s.best, s.q.curvature(s.ctx, s.best.x, s.best.y)
	if s.curvature.order != Saddle {
		return nil
	}
	limit := ipmAutoIterations
	if s.opt.MaxIter > 0 {
		limit = min(limit, s.opt.MaxIter-s.res.Stats.Iterations)
	}
	saddle := s.best.x
	return s.attempt(planned{method: IPM, name: "ipm, from beside a saddle point", set: func(*ipmSettings) {}, distance: 1e-3, from: saddle}, limit)
}

// restarts goes on from further starts after an answer, and keeps the best.
func (s *solving) restarts() error {
	for k := range s.opt.Restarts {
		if s.ctx.Err() != nil {
			return nil
		}
		a := planned{
			method: IPM, name: fmt.Sprintf("restart %d", k+1), set: func(*ipmSettings) {},
			distance: math.Pow(10, -float64(k%3)) * (1 + float64(k)/10),
		}
		if err := s.attempt(a, ipmAutoIterations); err != nil {
			return err
		}
	}
	return nil
}
