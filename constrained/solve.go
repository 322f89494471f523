package constrained

import (
	"context"
	"fmt"
	"time"

	"solve/solver"
)

// Solve minimises f under the constraints of p. Malformed problems and options,
// memory beyond the limit and a recorder's error give (nil, err). A run that is not
// solved gives its best answer with its certificates and the error of its verdict.
func Solve(ctx context.Context, p *Problem, opt *Options) (*Result, error) {
	var o Options
	if opt != nil {
		o = *opt
	}
	o.SetDefaults()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if o.TimeLimit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.TimeLimit)
		defer cancel()
	}
	s := &solving{ctx: ctx, p: p, opt: &o, res: &Result{Rank: -1, SecondOrder: NotTested}}
	if k := p.limits().CrossedBound(); k >= 0 {
		return s.crossed(k)
	}
	begun := time.Now()
	s.q = newProgram(p, &o)
	s.res.Stats.Setup = time.Since(begun).Seconds()
	if err := s.run(); err != nil {
		return nil, err
	}
	s.res.Stats.Solve = time.Since(begun).Seconds() - s.res.Stats.Setup
	return s.conclude()
}

// solving is one Solve under way.
type solving struct {
	ctx  context.Context
	p    *Problem
	q    *program
	opt  *Options
	res  *Result
	best *attempt

	bent      *attempt // whose curvature is known
	curvature curvature

	searched bool // for a contradiction among the linear constraints
}

// methodOf are the methods by name; auto is made of them.
func methodOf(name string) func(context.Context, *program, *Options) (*attempt, error) {
	switch name {
	case GALM:
		return galm
	case L1:
		return l1
	case L1Adaptive:
		return l1adaptive
	case AL:
		return augmentedLagrangian
	}
	return ipm
}

// equationsOnly reports why a method for equations cannot take the problem.
func (s *solving) equationsOnly(name string) error {
	if name == IPM || s.q.inequalities == 0 && s.q.bounded == 0 {
		return nil
	}
	return fmt.Errorf("constrained: %s is for equations only, and %s has %d inequalities and %d bounded variables: %w",
		name, s.p.title(), s.q.inequalities, s.q.bounded, solver.ErrInput)
}

func (p *Problem) title() string {
	if p.Name == "" {
		return "the problem"
	}
	return p.Name
}

func (s *solving) run() error {
	if s.q.n == 0 {
		return s.nothingFree()
	}
	if s.opt.Method == Auto {
		return s.auto()
	}
	if err := s.equationsOnly(s.opt.Method); err != nil {
		return err
	}
	s.res.Method, s.res.Why = s.opt.Method, "asked for"
	if err := s.try(s.opt.Method, s.opt, methodOf(s.opt.Method)); err != nil {
		return err
	}
	return s.restarts()
}

// nothingFree answers for a problem whose variables are all fixed.
func (s *solving) nothingFree() error {
	pt := s.q.newPoint()
	verdict := solver.Verdict{Status: solver.Solved, Reason: solver.Tolerance, Detail: "every variable is fixed"}
	if !s.q.first(pt) {
		verdict = solver.Verdict{Status: solver.Breakdown, Reason: solver.EvaluationError, Detail: "the functions are not defined at the only point within the bounds"}
	}
	s.res.Method, s.res.Why = s.opt.Method, "nothing is free"
	a := s.q.end(verdict, pt, nil, 0)
	if verdict.Status == solver.Solved && a.violation > s.opt.Tol {
		a.verdict = stopped(solver.LocallyInfeasible, fmt.Sprintf("every variable is fixed, and the only point misses the constraints by %.3g", a.violation))
	}
	if err := s.judge(a); err != nil {
		return err
	}
	s.keep(s.res.Method, a)
	return nil
}

// try runs a method and keeps what it found.
func (s *solving) try(name string, opt *Options, method func(context.Context, *program, *Options) (*attempt, error)) error {
	a, err := method(s.ctx, s.q, opt)
	if err != nil {
		return err
	}
	if err := s.judge(a); err != nil {
		return err
	}
	s.keep(name, a)
	return nil
}

// keep enters an attempt. Whatever a method says, solved is what convinces package
// verify.
func (s *solving) keep(name string, a *attempt) {
	if a.verdict.Status == solver.Solved || a.verdict.Status == solver.Stopped {
		begun := time.Now()
		c, _, err := s.p.certify(a.x, a.y)
		s.res.Stats.Verify += time.Since(begun).Seconds()
		switch failed := firstFailed(c.Certificates(s.opt.Tol)); {
		case err == nil && failed == "":
			a.verdict = solver.Verdict{Status: solver.Solved, Reason: solver.Tolerance, Detail: a.verdict.Detail}
		case a.verdict.Status == solver.Solved:
			a.verdict = stopped(solver.Acceptable, failed+" is above the tolerance at the converged point")
		}
	}
	s.res.Stats.Iterations += a.iterations
	s.res.Attempts = append(s.res.Attempts, Attempt{
		Method: name, Verdict: a.verdict, Iterations: a.iterations,
		Objective: s.q.sign() * a.objective, Violation: a.violation,
	})
	if s.best == nil || better(a, s.best, s.opt.Tol) {
		s.best = a
	}
}

func firstFailed(certificates []solver.Certificate) string {
	for _, c := range certificates {
		if !c.OK {
			return fmt.Sprintf("%s %.3g", c.Name, c.Value)
		}
	}
	return ""
}

// standing orders verdicts: what is solved or proved, an acceptable point, a
// feasible one, the rest.
func standing(a *attempt, tol float64) int {
	switch {
	case a.x == nil:
		return -1
	case a.verdict.Status == solver.Solved:
		return 4
	case a.verdict.Status == solver.Unbounded, a.verdict.Status == solver.Infeasible:
		return 3
	case a.verdict.Reason == solver.Acceptable:
		return 2
	case a.violation <= tol:
		return 1
	}
	return 0
}

// better tells whether a is the answer to give rather than b.
func better(a, b *attempt, tol float64) bool {
	x, y := standing(a, tol), standing(b, tol)
	if x != y {
		return x > y
	}
	if x > 0 {
		return a.objective < b.objective
	}
	return a.violation < b.violation
}

// crossed answers for limits that contradict one another.
func (s *solving) crossed(k int) (*Result, error) {
	what, name, lo, hi := "variable", "", 0.0, 0.0
	if k < s.p.N {
		name, lo, hi = s.p.VariableName(k), s.p.lower(k), s.p.upper(k)
	} else {
		what, name, lo, hi = "constraint", s.p.ConstraintName(k-s.p.N), s.p.cLower(k-s.p.N), s.p.cUpper(k-s.p.N)
	}
	r := s.res
	r.Method, r.Why = s.opt.Method, "the limits contradict one another"
	r.Verdict = solver.Verdict{
		Status: solver.Infeasible, Reason: solver.Inconsistent,
		Detail: fmt.Sprintf("%s %s has the lower limit %g above the upper one, %g", what, name, lo, hi),
	}
	r.Proof = &Proof{Kind: "crossed_bounds", Index: k}
	r.X, r.Y = append([]float64(nil), s.p.X0...), make([]float64, s.p.M)
	return r, s.finish()
}

// conclude certifies the best attempt.
func (s *solving) conclude() (*Result, error) {
	r, a := s.res, s.best
	q := s.q.stats
	r.Stats.Evaluations, r.Stats.Gradients, r.Stats.Hessians = q.Evaluations, q.Gradients, q.Hessians
	r.Stats.Factorizations, r.Stats.SketchSteps, r.Stats.InnerMissed = q.Factorizations, q.SketchSteps, q.InnerMissed
	r.Stats.Inertia, r.Stats.PenaltyE1, r.Stats.PenaltyE2, r.Stats.Barrier = q.Inertia, q.PenaltyE1, q.PenaltyE2, q.Barrier
	r.Verdict, r.Proof = a.verdict, a.proof
	r.X, r.Y = a.x, a.y
	s.warn()
	s.secondOrder()
	return r, s.finish()
}

// finish fills what follows from x and y, and returns the verdict's error.
func (s *solving) finish() error {
	r := s.res
	begun := time.Now()
	c, v, err := s.p.certify(r.X, r.Y)
	if err != nil {
		return err
	}
	r.Certificates = c.Certificates(s.opt.Tol)
	r.Objective = c.Objective
	if s.p.Maximize {
		r.Objective = -c.Objective
	}
	r.Z = boundMultipliers(s.p, r.Y, v)
	r.Stats.KKTResidual = residual2(s.p, r.Y, v)
	r.Stats.Verify += time.Since(begun).Seconds()
	return r.Verdict.Err()
}
