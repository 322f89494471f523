package ot

import (
	"context"
	"fmt"
	"math"
	"time"

	"solve/internal/verify"
	"solve/solver"
)

// Solve computes an optimal plan of p with its certificates. Malformed
// problems and options give (nil, err). A run that ends before its tolerance
// (limits, cancelled context, rounding level) gives the best answer with its
// certificates and the error of its verdict; an infeasible one gives a Result
// without a plan, with a violating set of rows.
func Solve(ctx context.Context, p *Problem, opt *Options) (*Result, error) {
	if opt == nil {
		opt = &Options{}
	}
	if err := opt.Validate(); err != nil {
		return nil, err
	}
	if err := p.validate(opt); err != nil {
		return nil, err
	}
	if p.Reg == 0 {
		return p.solveExact(ctx, opt)
	}
	start := time.Now()
	r, err := p.costs(opt.Threads)
	if err != nil {
		return nil, err
	}
	res := &Result{Method: opt.method()}
	if r.forbidden > 0 {
		if need := flowBytes(p, r.forbidden); need > opt.MemoryLimit() {
			return nil, fmt.Errorf("ot: %w", &solver.TooLargeError{What: "the feasibility check of forbidden arcs", Need: need, Have: opt.MemoryLimit()})
		}
		if rows := infeasible(p); rows != nil {
			return res, res.proveInfeasible(p, rows)
		}
	}
	q, err := p.reduce(r, opt)
	if err != nil {
		return nil, err
	}
	if opt.TimeLimit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, opt.TimeLimit)
		defer cancel()
	}
	run := &run{problem: p, opt: opt, s: newSemidual(q, opt.Threads), res: res, costs: r}
	if c, ok := p.Cost.(*gridCost); ok {
		run.s.grid = c.separable(q)
	}
	run.log = &progress{to: opt.Recorder, start: start}
	res.Stats.Setup = time.Since(start).Seconds()

	solving := time.Now()
	reason, err := run.solve(ctx)
	if err != nil {
		return nil, err
	}
	run.answer()
	res.Stats.Solve = time.Since(solving).Seconds()

	checking := time.Now()
	err = run.certify(reason)
	res.Stats.Verify = time.Since(checking).Seconds()
	if err != nil {
		return nil, err
	}
	if run.log.err != nil {
		return res, fmt.Errorf("ot: recorder: %w", run.log.err)
	}
	return res, res.Err()
}

// proveInfeasible has the violating set confirmed by the checker.
func (res *Result) proveInfeasible(p *Problem, rows []int) error {
	held, reachable := verify.Violation(p.programme(res.Method, 1), rows)
	res.ViolatingRows, res.Verdict = rows, violationVerdict(rows, held, reachable)
	for _, c := range []solver.Certificate{{Name: "violating_mass", Value: held}, {Name: "reachable_mass", Value: reachable}} {
		c.Tol, c.OK = math.NaN(), held > reachable
		res.Certificates = append(res.Certificates, c)
	}
	if !(held > reachable) {
		res.Verdict = solver.Verdict{Status: solver.Stopped, Reason: solver.AtRoundoff, Detail: res.Detail}
	}
	return res.Err()
}

// run carries one Solve.
type run struct {
	problem *Problem
	opt     *Options
	s       *semidual
	res     *Result
	costs   costRange
	log     *progress
	final   *point    // the answer's potentials
	newton  []float64 // Newton direction at final, nil if none
}

// aim is the marginal error that the iteration stops at: a little below what
// the checker, which rounds differently, will be asked for.
const aim = 0.8

// solve runs the method; final is set whatever the reason.
func (r *run) solve(ctx context.Context) (solver.Reason, error) {
	stats, tol := &r.res.Stats, aim*r.opt.tol()
	warm := r.warm()
	var reason solver.Reason
	switch r.opt.method() {
	case Auto:
		nw := newNewton(r.s, r.opt, stats, r.log)
		r.res.Why = "Newton on the semi-dual reaches any tolerance in tens of passes"
		reason = nw.run(ctx, tol, warm)
		r.final = nw.best
		r.newton = nw.roundingDirection(ctx, tol)
	case SNS:
		sns, err := newSNS(r.s, r.opt, stats, r.log)
		if err != nil {
			return "", err
		}
		reason = sns.run(ctx, tol, warm)
		r.final = r.settle(sns.beta)
	case Sinkhorn:
		k := &sinkhorn{s: r.s, opt: r.opt, stats: stats, log: r.log, p: newPoint(r.s.n, r.s.m)}
		reason = k.run(ctx, tol, warm)
		r.final = r.settle(k.p.beta)
	case Greenkhorn:
		g, err := newGreenkhorn(r.s, r.opt, stats, r.log)
		if err != nil {
			return "", err
		}
		reason = g.run(ctx, tol, warm)
		r.final = r.settle(g.beta)
	}
	stats.Iterations = stats.Sweeps + stats.NewtonSteps + stats.Updates
	stats.Passes = r.s.passes
	return reason, nil
}

// settle makes the rows exact for the given β.
func (r *run) settle(beta []float64) *point {
	p := newPoint(r.s.n, r.s.m)
	copy(p.beta, beta)
	r.s.centre(p.beta)
	// An interrupted run still gets its certificate, so ctx is not asked.
	if err := r.s.eval(context.Background(), p, 1, nil); err != nil {
		panic(err) // only a context can end it
	}
	return p
}

// warm is the warm start in the solver's columns: g itself, or the f that is
// optimal for it where rows and columns changed places.
func (r *run) warm() []float64 {
	if r.opt.Warm == nil {
		return nil
	}
	s := r.s
	out := make([]float64, s.m)
	if !s.transposed {
		for k, j := range s.cols {
			out[k] = r.opt.Warm[j] + s.eps*s.logB[k]
		}
		return out
	}
	row := make([]float64, len(r.problem.B))
	for k, i := range s.cols {
		r.problem.Cost.Row(i, 0, row)
		out[k] = finite(softMin(row, r.opt.Warm, r.problem.B, s.eps)) + s.eps*s.logB[k]
	}
	return out
}

// softMin is −ε log Σ_j b_j exp((g_j − c_j)/ε).
func softMin(c, g, b []float64, eps float64) float64 {
	least := math.Inf(1)
	for j, x := range c {
		if b[j] > 0 {
			least = min(least, x-g[j])
		}
	}
	if math.IsInf(least, 1) {
		return least
	}
	sum := 0.0
	for j, x := range c {
		if b[j] > 0 {
			sum += b[j] * math.Exp((least-(x-g[j]))/eps)
		}
	}
	return least - eps*math.Log(sum)
}

// answer rounds the final point to a feasible plan.
func (r *run) answer() {
	round := r.s.round(r.final, r.newton, r.costs.forbidden > 0)
	r.res.Plan = r.s.plan(r.problem, r.final, round)
	r.res.F, r.res.G = r.s.potentials(r.problem, r.final)
}

// certify has the answer judged by the independent checker.
func (r *run) certify(reason solver.Reason) error {
	res, p := r.res, r.problem
	c, err := verify.Entropic(verify.Transport{A: p.A, B: p.B, Cost: p.Cost.verifier(), Reg: p.Reg, Threads: r.opt.Threads},
		checked{res.Plan}, res.F, res.G)
	if err != nil {
		return err
	}
	res.Cost, res.Objective, res.ValueKL = c.Cost, c.Objective, c.ValueKL
	res.Lower, res.Upper = c.Lower, c.Upper
	res.Certificates = c.Certificates(r.opt.tol(), p.Reg, r.s.mass)
	res.Stats.PlanL1Bound = math.Sqrt(2 * c.DualGap / p.Reg * r.s.mass)
	res.Verdict = verdict(res.Certificates, reason)
	r.warn()
	return nil
}

// verdict: only the recomputed certificates can say "solved".
func verdict(certificates []solver.Certificate, reason solver.Reason) solver.Verdict {
	for _, c := range certificates {
		if c.OK {
			continue
		}
		if reason == solver.Tolerance {
			reason = solver.AtRoundoff
		}
		return solver.Verdict{Status: solver.Stopped, Reason: reason,
			Detail: fmt.Sprintf("%s is %.3g, tolerance %.3g", c.Name, c.Value, c.Tol)}
	}
	return solver.Verdict{Status: solver.Solved, Reason: solver.Tolerance}
}

// warn says what a user should know about the numbers.
func (r *run) warn() {
	if ratio := max(r.s.spread, r.costs.maxAbs()) / r.problem.Reg; ratio > warnExponent {
		r.res.Warnings = append(r.res.Warnings, fmt.Sprintf(
			"the cost reaches %.2g times ε: marginal errors below %.1e are at rounding level", ratio, r.s.roundoff(r.final)))
	}
}

// warnExponent is the size of C/ε from which rounding shows.
const warnExponent = 1e8
