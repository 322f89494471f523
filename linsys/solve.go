package linsys

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"solve/matrix"
	"solve/solver"
)

// Solve solves p. Malformed problems and options give (nil, err). A run that
// ends before its tolerance (limits, cancelled context, rounding level,
// breakdown, proof of inconsistency) gives its best answer with its
// certificates and the error of its verdict.
func Solve(ctx context.Context, p *Problem, opt *Options) (*Result, error) {
	if opt == nil {
		opt = &Options{}
	}
	ctx, cancel := within(ctx, opt.TimeLimit)
	defer cancel()
	s, err := open(ctx, p, opt)
	if err != nil {
		return nil, err
	}
	if err := s.setUp(ctx, p); isContext(err) && ctx.Err() != nil {
		return s.notSetUp(ctx, p, err)
	} else if err != nil {
		return nil, err
	}
	return s.Solve(ctx, p.B, p.X0)
}

// within is ctx that ends after the limit, where there is one.
func within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit > 0 {
		return context.WithTimeout(ctx, limit)
	}
	return ctx, func() {}
}

// notSetUp certifies the starting vectors, all there is where the analysis did
// not end in time.
func (s *Solver) notSetUp(ctx context.Context, p *Problem, err error) (*Result, error) {
	r := &running{Solver: s, ctx: ctx, b: p.B, x0: p.X0, target: p.B, start: s.begun}
	s.list, s.kernel, s.keep = []choice{{method: s.opt.method(), preconditioner: s.opt.Preconditioner}}, nil, nil
	r.res = &Result{Analysis: s.analysis}
	if err := r.noEngine(err); err != nil {
		return nil, err
	}
	return r.conclude()
}

// Solve solves for the columns of b (m×s), starting from those of x0 (n×s,
// nil = 0). The set-up of New is used again, and that of a fallback stays.
func (s *Solver) Solve(ctx context.Context, b, x0 *matrix.Dense) (*Result, error) {
	if b == nil || b.Rows != s.m {
		return nil, fmt.Errorf("linsys: the right-hand side needs %d rows: %w", s.m, solver.ErrDimension)
	}
	ctx, cancel := within(ctx, s.opt.TimeLimit)
	defer cancel()
	s.ctx = ctx
	r := &running{Solver: s, ctx: ctx, b: b, x0: x0, start: time.Now()}
	return r.run()
}

// running is one Solve under way.
type running struct {
	*Solver
	ctx     context.Context
	b, x0   *matrix.Dense
	target  *matrix.Dense // b, or its part in the range of A
	start   time.Time
	res     *Result
	ends    []outcome
	defects []float64 // of the columns against the known kernel
}

func (r *running) run() (*Result, error) {
	r.res = &Result{Analysis: r.analysis, Warnings: append([]string(nil), r.warnings...)}
	r.empty()
	r.project()
	switch {
	case r.res.Status != solver.Unknown:
	case r.keep != nil && len(r.keep) == 0:
		r.res.X = zeros(r.n, r.b.Cols)
	default:
		if err := r.attempts(); err != nil {
			return nil, err
		}
	}
	return r.conclude()
}

// conclude certifies what was found.
func (r *running) conclude() (*Result, error) {
	r.res.Stats.Setup += r.setupSeconds
	r.setupSeconds = 0 // a second Solve does not pay for it again
	checking := time.Now()
	if err := r.certify(); err != nil {
		return nil, err
	}
	r.res.Stats.Verify = time.Since(checking).Seconds()
	return r.res, r.res.Err()
}

// attempts runs the candidates until one is not refused.
func (r *running) attempts() error {
	for {
		eng, err := r.engine(r.ctx)
		if err != nil {
			return r.noEngine(err)
		}
		solving := time.Now()
		x := r.startingVectors()
		r.ends = r.solveWith(eng, r.rightFor(eng), x)
		r.res.Stats.Solve += time.Since(solving).Seconds()
		r.clear(x)
		r.res.X = r.restore(x)
		r.account(eng)
		end := worst(r.ends)
		if end.err != nil && !isContext(end.err) {
			return fmt.Errorf("linsys: %w", end.err)
		}
		if r.tried(end) {
			continue
		}
		if !refused(end.reason) || !r.another(end) {
			return nil
		}
	}
}

// rightFor are the right-hand sides as the engine sees them. Factorisations
// leave them alone, so that they need no copy where they are as given.
func (r *running) rightFor(eng engine) *matrix.Dense {
	if _, reads := eng.(*factored); reads && r.keep == nil && r.sign > 0 {
		return r.target
	}
	return r.working(r.target)
}

// clear replaces columns that overflowed by 0: nothing is known of their
// solution.
func (r *running) clear(x *matrix.Dense) {
	for k, t := range x.Data {
		if finite(t) {
			continue
		}
		j := k % x.Cols
		for i := range x.Rows {
			x.Data[i*x.Cols+j] = 0
		}
		if j < len(r.ends) {
			r.ends[j].residual, r.ends[j].reason = 1, solver.EvaluationError
			r.ends[j].breakdown = "entries of the solution overflowed"
		}
	}
}

// noEngine ends a run for which no method is left: breakdown where a
// factorisation told why, an error otherwise.
func (r *running) noEngine(err error) error {
	reason := solver.Reason("")
	switch {
	case isContext(err):
		r.res.Verdict = solver.Verdict{Status: solver.Stopped, Reason: solver.ContextReason(r.ctx), Detail: "set-up did not end"}
	case errors.Is(err, solver.ErrNotPositiveDefinite):
		reason = solver.NotPositiveDefinite
	case errors.Is(err, solver.ErrSingular):
		reason = solver.Singular
	default:
		return err
	}
	if reason != "" {
		r.res.Verdict = solver.Verdict{Status: solver.Breakdown, Reason: reason, Detail: strings.TrimPrefix(err.Error(), "linsys: ")}
	}
	r.res.Method, r.res.Preconditioner = r.current().method, r.current().preconditioner
	r.res.Fallbacks = r.told
	if r.res.X == nil {
		r.res.X = r.restore(r.startingVectors())
	}
	return nil
}

// another moves on to the next candidate and says why.
func (r *running) another(end outcome) bool {
	why := string(end.reason)
	if end.breakdown != "" {
		why = end.breakdown
	}
	return r.next(r.ctx, why)
}

// tried moves on from a candidate that failed its trial, with what it reached
// as the starting vector.
func (r *running) tried(end outcome) bool {
	c, why := r.current(), ""
	switch {
	case end.reason == abandoned:
		why = c.heard
		if end.breakdown != "" {
			why = end.breakdown
		}
	case c.limit > 0 && end.reason == solver.IterationLimit && (r.opt.MaxIter == 0 || r.opt.MaxIter > c.limit):
		why = fmt.Sprintf("%d iterations left a relative residual of %.2g", c.limit, end.residual)
	default:
		return false
	}
	r.x0 = r.res.X
	return r.next(r.ctx, why)
}

func (r *running) job() *job {
	j := &job{tol: r.opt.tol(), atol: r.opt.AbsTol, maxIter: r.opt.MaxIter, damp: r.opt.Damp, record: r.recorder(), look: r.look()}
	if limit := r.current().limit; limit > 0 && (j.maxIter == 0 || j.maxIter > limit) {
		j.maxIter = limit
	}
	return j
}

// recorder passes the residuals of the loops on; nil when nobody listens.
func (r *running) recorder() func(int, float64, float64) error {
	to := r.opt.Recorder
	if to == nil {
		return nil
	}
	phase := r.current().method
	nan := math.NaN()
	return func(iter int, recursive, truth float64) error {
		residual := recursive
		if !math.IsNaN(truth) {
			residual = truth
		}
		return to.Record(solver.Record{Iter: iter, Phase: phase, Elapsed: time.Since(r.start), Objective: nan, Residual: residual, Gap: nan, Step: nan})
	}
}

// account adds up what an attempt cost.
func (r *running) account(eng engine) {
	st, c := &r.res.Stats, r.current()
	for _, o := range r.ends {
		st.Iterations += o.iterations
		st.Matvecs += o.matvecs
	}
	r.res.Method, r.res.Preconditioner, r.res.Why = c.method, c.preconditioner, c.why
	if c.heard != "" {
		r.res.Why += ": " + c.heard
	}
	if r.opt.method() != Auto {
		r.res.Why = ""
	}
	r.res.Fallbacks = r.told
	st.Predicted = c.predicted
	if g, ok := eng.(*gridEngine); ok {
		r.res.Fallbacks = append(append([]string(nil), r.told...), g.told...)
	}
	end := worst(r.ends)
	st.EnergyError = end.energy
	eng.describe(st)
	if end.hi > 0 && end.lo > 0 {
		st.ConditionEstimate, st.ConditionOf = end.hi/end.lo, "a lower bound, from the Ritz values of the preconditioned matrix"
		if c.preconditioner == None || c.preconditioner == "" {
			st.ConditionOf = "a lower bound, from Ritz values"
		}
	}
}

// worst is the outcome of the column that ended worst.
func worst(ends []outcome) outcome {
	if len(ends) == 0 {
		return outcome{reason: solver.Tolerance}
	}
	w := ends[0]
	for _, o := range ends[1:] {
		if o.reason != solver.Tolerance && (w.reason == solver.Tolerance || o.residual > w.residual) {
			w = o
		}
	}
	return w
}

// judge turns certificates and outcomes into the verdict. Only certificates
// can say "solved".
func (r *running) judge() {
	res := r.res
	failed := ""
	for _, c := range res.Certificates {
		if !c.OK {
			failed = fmt.Sprintf("%s is %.3g, tolerance %.3g", c.Name, c.Value, c.Tol)
			break
		}
	}
	switch {
	case res.Status == solver.Infeasible:
	case r.inconsistent():
	case failed == "":
		if res.Status == solver.Unknown || res.Status == solver.Breakdown {
			res.Verdict = solver.Verdict{Status: solver.Solved, Reason: solver.Tolerance}
		}
	case res.Status == solver.Unknown:
		r.explain(failed)
	}
	r.warn()
}

// explain says why a run did not solve.
func (r *running) explain(failed string) {
	end := worst(r.ends)
	v := solver.Verdict{Status: solver.Stopped, Reason: end.reason, Detail: failed}
	switch end.reason {
	case solver.NotPositiveDefinite, solver.Singular:
		v.Status = solver.Breakdown
	case solver.Tolerance, "":
		v.Reason = solver.AtRoundoff
	}
	if end.breakdown != "" {
		v.Detail = end.breakdown + "; " + failed
	}
	if st := r.res.Stats; r.res.Method != Cholesky && (v.Reason == solver.AtRoundoff || v.Reason == solver.EvaluationError) && r.singular == nil && st.ConditionEstimate*roundoff > numericallySingular {
		v.Status, v.Reason = solver.Breakdown, solver.Singular
		v.Detail = fmt.Sprintf("the condition number is estimated as %.1e; %s", st.ConditionEstimate, failed)
	}
	if r.singular != nil && v.Reason != solver.TimeLimit && v.Reason != solver.Interrupted {
		v.Status, v.Reason = solver.Breakdown, solver.Singular
		v.Detail = strings.TrimPrefix(r.singular.Error(), "linsys: ") + "; " + failed
	}
	if v.Reason == solver.AtRoundoff && r.res.Stats.Reachable > 0 {
		v.Detail += fmt.Sprintf("; rounding alone may leave %.1e", r.res.Stats.Reachable)
	}
	r.res.Verdict = v
}

// warn says what a user should know about the numbers.
func (r *running) warn() {
	st := &r.res.Stats
	if st.ConditionEstimate*roundoff > numericallySingular {
		r.res.Warnings = append(r.res.Warnings, fmt.Sprintf(
			"numerically singular: the condition number is estimated as %.1e, digits of x may be meaningless", st.ConditionEstimate))
	}
}

// numericallySingular is the product of the condition number and the unit
// roundoff from which no digit of x can be trusted.
const numericallySingular = 0.1

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
