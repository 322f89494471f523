package exact

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"solve/matrix"
	"solve/solver"
)

// Solver solves problems that share a cost. It keeps the potentials of the
// last optimum, which start the next problem; apart from that, problems do
// not depend on one another. It isn't safe for concurrent use.
type Solver struct {
	opt   Options
	src   Cost
	n, m  int
	cost  *matrix.Dense // the cost where it lies in memory
	pts   *pointData    // or is computed from points
	trait traits
	warmF []float64 // potentials of the last optimum, in scaled units
	warmG []float64
}

// Solve computes an optimal plan of p with its certificate. Malformed problems
// and options give (nil, err). A run that a limit or the context ends gives
// the best answer with its certificate and the error of its verdict; an
// infeasible problem gives a Result without a plan, with a violating set of
// rows, and an error that wraps solver.ErrInfeasible.
func Solve(ctx context.Context, p *Problem, opt *Options) (*Result, error) {
	if p.Cost == nil {
		return nil, fmt.Errorf("exact: no cost: %w", solver.ErrInput)
	}
	if opt != nil && opt.TimeLimit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, opt.TimeLimit)
		defer cancel()
	}
	s, err := New(ctx, p.Cost, opt)
	if err != nil {
		return nil, err
	}
	return s.Solve(ctx, p.A, p.B)
}

// New checks a cost and prepares it for any number of right-hand sides. The
// cost must not change while the Solver is in use.
func New(ctx context.Context, cost Cost, opt *Options) (*Solver, error) {
	s := &Solver{src: cost}
	if opt != nil {
		s.opt = *opt
	}
	if err := s.opt.Validate(); err != nil {
		return nil, err
	}
	s.n, s.m = cost.Dims()
	if s.n <= 0 || s.m <= 0 {
		return nil, fmt.Errorf("exact: empty problem (%d×%d): %w", s.n, s.m, solver.ErrInput)
	}
	if s.n > math.MaxInt32/2-s.m {
		return nil, fmt.Errorf("exact: %w", &solver.TooLargeError{What: fmt.Sprintf("a problem of %d×%d points", s.n, s.m),
			Need: nodeBytes * (int64(s.n) + int64(s.m)), Have: nodeBytes * (math.MaxInt32 / 2)})
	}
	if s.opt.WarmG != nil && len(s.opt.WarmG) != s.m {
		return nil, fmt.Errorf("exact: warm start has %d potentials for %d columns: %w", len(s.opt.WarmG), s.m, solver.ErrDimension)
	}
	if need := s.bytes(); need > s.opt.MemoryLimit() {
		return nil, fmt.Errorf("exact: %w", &solver.TooLargeError{What: fmt.Sprintf("the active arcs of %d×%d points", s.n, s.m), Need: need, Have: s.opt.MemoryLimit()})
	}
	if err := s.inspect(ctx); err != nil {
		return nil, err
	}
	if s.opt.IntegerCost && !s.trait.exact {
		return nil, fmt.Errorf("exact: the costs are not integers whose sums of %d stay below 2^53: %w", s.n+s.m, solver.ErrInput)
	}
	return s, nil
}

// bytes estimates what a run takes.
func (s *Solver) bytes() int64 {
	each := int64(nodeBytes)
	if p, ok := s.src.(PointCost); ok {
		x, _, _, _ := p.Points()
		each += coordinateBytes * int64(x.Cols)
	}
	return each * (int64(s.n) + int64(s.m))
}

// coordinateBytes is what a coordinate takes in its copies.
const coordinateBytes = 64

// nodeBytes is about what a point takes: its node, potentials, about 25
// active arcs, and copies of these while a basis is made.
const nodeBytes = 2000

// Solve transports a onto b.
func (s *Solver) Solve(ctx context.Context, a, b []float64) (*Result, error) {
	if len(a) != s.n || len(b) != s.m {
		return nil, fmt.Errorf("exact: cost is %d×%d but a has %d and b has %d entries: %w", s.n, s.m, len(a), len(b), solver.ErrDimension)
	}
	q, err := newMasses(a, b, s.opt.IntegerMass)
	if err != nil {
		return nil, err
	}
	return s.run(ctx, q, (*run).choose)
}

// run solves a problem with given masses by the method that choose settles.
func (s *Solver) run(ctx context.Context, q *masses, choose func(*run) error) (*Result, error) {
	if s.opt.TimeLimit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.opt.TimeLimit)
		defer cancel()
	}
	r := &run{s: s, masses: q, threads: s.opt.Threads, res: &Result{}, began: time.Now()}
	r.res.Stats.RoundedUp = q.roundedUp
	if q.roundedUp > 0 {
		r.res.Warnings = append(r.res.Warnings, fmt.Sprintf("%d masses below 2^-%d of the total were raised to it", q.roundedUp, unitBits))
	}
	if err := choose(r); err != nil {
		return nil, err
	}
	if err := r.solve(ctx); err != nil {
		return r.res, err
	}
	return r.res, r.res.Err()
}

// run carries one Solve.
type run struct {
	s       *Solver
	masses  *masses
	threads int
	res     *Result
	began   time.Time

	rows, cols []int32 // index of the ground cost → index of the problem
	a, b       []int64 // masses in that order
	g          ground
}

// choose settles the method.
func (r *run) choose() error {
	line := r.s.pts != nil && r.s.pts.d == 1 && r.s.pts.power() >= 1
	one := r.masses.assignment()
	method := r.s.opt.Method
	switch method {
	case Line:
		if !line {
			return &solver.OptionError{Name: "method", Value: method, Want: "a method for this cost: line takes points on a line and |x−y|^p with p ≥ 1"}
		}
	case Assignment:
		if !one {
			return &solver.OptionError{Name: "method", Value: method, Want: "a method for these masses: assignment takes as many rows as columns, all of one mass"}
		}
	case "", Auto:
		switch {
		case line:
			method, r.res.Why = Line, "the points lie on a line and the cost is convex"
		case one && len(r.masses.a) <= smallAssignment:
			method, r.res.Why = Assignment, "a small assignment"
		default:
			method, r.res.Why = Simplex, "the general method"
		}
	}
	r.res.Method = method
	return nil
}

// smallAssignment is the number of rows up to which augmenting paths beat the
// network simplex.
const smallAssignment = 400

// layout makes the ground cost of the points that carry mass.
func (r *run) layout(ctx context.Context) error {
	q := r.masses
	r.rows, r.cols, r.a, r.b = q.rows, q.cols, q.a, q.b
	if p := r.s.pts; p != nil {
		rowOrder, _ := kdOrder(gather(p.x, p.d, q.rows), p.d, cell)
		colOrder, _ := kdOrder(gather(p.y, p.d, q.cols), p.d, cell)
		r.rows, r.a = permute(q.rows, rowOrder), permute(q.a, rowOrder)
		r.cols, r.b = permute(q.cols, colOrder), permute(q.b, colOrder)
	}
	var err error
	r.g, err = r.s.ground(ctx, r.rows, r.cols, true)
	return err
}

func permute[T any](v []T, order []int32) []T {
	out := make([]T, len(order))
	for k, i := range order {
		out[k] = v[i]
	}
	return out
}

// solve runs the method and certifies what it found.
func (r *run) solve(ctx context.Context) error {
	if err := r.layout(ctx); err != nil {
		return r.interrupted(ctx, err)
	}
	r.res.Stats.Levels = 1
	var ans *answer
	var err error
	switch r.res.Method {
	case Line:
		ans, err = r.line(ctx)
	case Assignment:
		ans, err = r.assignment(ctx)
	default:
		ans, err = r.simplex(ctx)
	}
	if err != nil {
		return r.interrupted(ctx, err)
	}
	if ans == nil {
		return nil // proved infeasible
	}
	return r.finish(context.WithoutCancel(ctx), ans)
}

// interrupted is how a run ends that has not even a first plan.
func (r *run) interrupted(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	r.res.Verdict = solver.Verdict{Status: solver.Stopped, Reason: solver.ContextReason(ctx), Detail: "before there was a plan"}
	return r.res.Err()
}

// warm are the potentials to start from, if there are any.
func (r *run) warm(ctx context.Context) (f, g []float64, err error) {
	s := r.s
	switch {
	case s.warmG != nil:
		return permute(s.warmF, r.rows), permute(s.warmG, r.cols), nil
	case s.opt.WarmG != nil:
		g = permute(s.opt.WarmG, r.cols)
		for k := range g {
			g[k] *= s.trait.factor
		}
		f = make([]float64, len(r.rows))
		return f, g, minima(ctx, r.threads, r.g, g, f)
	}
	return nil, nil, nil
}

// sorted is the order of the cells of a plan by row and column of the problem.
func (r *run) sorted(cells []cellFlow) {
	slices.SortFunc(cells, func(x, y cellFlow) int {
		if d := int(r.rows[x.i]) - int(r.rows[y.i]); d != 0 {
			return d
		}
		return int(r.cols[x.j]) - int(r.cols[y.j])
	})
}
