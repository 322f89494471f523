package ot

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"solve/internal/verify"
	"solve/matrix"
	"solve/ot/exact"
	"solve/solver"
)

// Points lets the exact methods work on the points themselves.
func (c *pointCost) Points() (x, y *matrix.Dense, metric string, p float64) {
	return c.x, c.y, string(c.metric), c.p
}

// Stored lets the exact methods read the cost where it lies.
func (d denseCost) Stored() *matrix.Dense { return d.c }

// solveExact solves the unregularised problem, which has been validated.
func (p *Problem) solveExact(ctx context.Context, opt *Options) (*Result, error) {
	began := time.Now()
	res := &Result{Method: Exact}
	if opt.method() == Assignment {
		res.Method = Assignment
	}
	if _, stored := p.Cost.(exact.StoredCost); p.Maximize && !stored {
		if _, err := scan(p.Cost, opt.Threads); err != nil { // an overflow would look forbidden
			return nil, err
		}
	}
	x, unit, err := p.runExact(ctx, opt)
	var ended *solver.VerdictError
	if x == nil || err != nil && !errors.As(err, &ended) {
		return nil, inOT(err)
	}
	res.takeExact(x, opt)
	res.Stats.Solve = time.Since(began).Seconds() - res.Stats.Setup
	checking := time.Now()
	switch {
	case x.Status == solver.Infeasible:
		err = res.proveInfeasible(p, x.ViolatingRows)
	case x.F == nil: // stopped before there was a plan
		res.Verdict = x.Verdict
		err = res.Err()
	default:
		err = res.certifyExact(p, x, unit, opt)
	}
	res.Stats.Verify = time.Since(checking).Seconds()
	return res, err
}

// inOT replaces the exact package's prefix by this one's.
func inOT(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("ot: %w", err)
}

// runExact solves, and returns the mass that the unit of the result stands for.
func (p *Problem) runExact(ctx context.Context, opt *Options) (*exact.Result, float64, error) {
	o := &exact.Options{Settings: opt.Settings, IntegerCost: opt.IntegerCost, Maximize: p.Maximize, WarmG: opt.Warm}
	if opt.method() != Assignment {
		x, err := exact.Solve(ctx, &exact.Problem{A: p.A, B: p.B, Cost: p.Cost}, o)
		return x, 1, err
	}
	unit := p.A[0]
	for side, w := range [2][]float64{p.A, p.B} {
		for i, v := range w {
			if v != unit {
				return nil, 0, fmt.Errorf("an assignment needs equal masses, but mass %d of %s is %v, not %v: %w", i+1, [2]string{"a", "b"}[side], v, unit, solver.ErrInput)
			}
		}
	}
	x, err := exact.Assign(ctx, p.Cost, o)
	return x, unit, err
}

// takeExact takes over what counts the work and what words it.
func (res *Result) takeExact(x *exact.Result, opt *Options) {
	s := x.Stats
	res.Why = "no regularisation; " + x.Method
	if opt.method() != Auto {
		res.Why = x.Method
	}
	if x.Why != "" {
		res.Why += ": " + x.Why
	}
	res.Warnings = x.Warnings
	res.Unique, res.Permutation = x.Unique, x.Permutation
	res.Stats = Stats{
		Iterations: s.Pivots, Passes: s.Sweeps, PlanNNZ: len(x.Mass), Setup: s.Start,
		PlanL1Bound: math.NaN(),
		Simplex: SimplexStats{
			Pivots: s.Pivots, PricingSweeps: s.Sweeps, Levels: s.Levels, ActiveArcs: s.ActiveArcs,
			ZeroFlow: x.ZeroFlow, RoundedUp: s.RoundedUp, MinReducedCost: x.MinReducedCost, Slackness: x.Slackness,
		},
	}
}

// certifyExact has the plan and the potentials judged by the independent
// checker.
func (res *Result) certifyExact(p *Problem, x *exact.Result, unit float64, opt *Options) error {
	entries, err := entriesOf(x, unit, len(p.A), len(p.B))
	if err != nil {
		return err
	}
	res.Plan = &Plan{n: len(p.A), m: len(p.B), threads: opt.Threads, entries: entries}
	res.F, res.G = x.F, x.G
	c, err := verify.Unregularised(p.programme(res.Method, opt.Threads), verify.SparseRows(entries), res.F, res.G)
	if err != nil {
		return err
	}
	mass := 0.0
	for _, a := range p.A {
		mass += a
	}
	res.Cost, res.Objective, res.ValueKL = c.Cost, c.Objective, c.ValueKL
	res.Lower, res.Upper = c.Lower, c.Upper
	res.Certificates = c.Certificates(opt.tol(), 0, mass)
	reason := x.Reason
	if x.Status == solver.Solved {
		reason = solver.Tolerance
	}
	res.Verdict = verdict(res.Certificates, reason)
	return res.Err()
}

// programme is the linear programme as the independent checker sees it.
func (p *Problem) programme(method string, threads int) verify.Transport {
	return verify.Transport{A: p.A, B: p.B, Cost: p.Cost.verifier(), Threads: threads,
		Maximize: p.Maximize, Spare: method == Assignment && len(p.A) < len(p.B)}
}

// entriesOf is the plan of a result, whose entries are in order.
func entriesOf(x *exact.Result, unit float64, n, m int) (*matrix.CSR, error) {
	ptr, val := make([]int64, n+1), x.Mass
	for _, i := range x.Rows {
		ptr[i+1]++
	}
	for i := range n {
		ptr[i+1] += ptr[i]
	}
	if unit != 1 {
		val = make([]float64, len(x.Mass))
		for k, w := range x.Mass {
			val[k] = unit * w
		}
	}
	return matrix.NewCSR(n, m, ptr, x.Cols, val)
}
