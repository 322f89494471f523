package linsys

import (
	"context"
	"fmt"
	"math"
	"slices"

	"solve/linsys/multigrid"
	"solve/matrix"
	"solve/solver"
)

// gridEngine is conjugate gradients with FW-MG, in the numbering of the grid.
type gridEngine struct {
	m       *multigrid.FWMG
	threads int
	facts   func(st *Stats)
	told    []string // what the cycle fell back to
	lost    bool     // it fell back to one that could not be set up
}

// buildGrid sets FW-MG up. Beside other methods than CG it is a plain
// preconditioner.
func (s *Solver) buildGrid(ctx context.Context, c choice) (engine, error) {
	if s.grid == nil {
		return nil, fmt.Errorf("linsys: fwmg needs a matrix on a grid: %w", solver.ErrInput)
	}
	m := s.fwmg
	e := &gridEngine{m: m, threads: s.opt.Threads}
	e.facts = func(st *Stats) {
		st.Grid = gridSides(m.Grid())
		if e.lost {
			return
		}
		st.OperatorComplexity, st.Levels, st.Memory = m.OperatorComplexity(), m.Levels(), m.Bytes()
	}
	if c.method == CG {
		return e, nil
	}
	if s.a == nil {
		if err := s.analyze(ctx); err != nil {
			return nil, err
		}
	}
	it, err := s.buildIterative(ctx, choice{method: c.method, preconditioner: None})
	if err != nil {
		return nil, err
	}
	it.(*iterative).system.m, it.(*iterative).facts = m, e.facts
	return it, nil
}

func (e *gridEngine) describe(st *Stats) { e.facts(st) }

// gridSides are the sides of the box of cells, without those of one cell.
func gridSides(g *multigrid.Grid) []int {
	var out []int
	for _, n := range g.Shape() {
		if n > 1 {
			out = append(out, n)
		}
	}
	if out == nil {
		out = []int{1}
	}
	return out
}

// gridIterations bounds the iterations of conjugate gradients with multigrid.
const gridIterations = 1000

func (e *gridEngine) solve(ctx context.Context, b, x *matrix.Dense, job *job) []outcome {
	if x.Cols == 1 {
		return []outcome{e.original(ctx, b.Data, x.Data, job)}
	}
	return e.columns(ctx, b, x, job)
}

// original solves with the preconditioner itself, whose cycle may change.
func (e *gridEngine) original(ctx context.Context, b, x []float64, job *job) outcome {
	if e.lost {
		return outcome{residual: 1, reason: solver.Stalled, breakdown: "there is no hierarchy left", energy: math.NaN(), curvature: math.NaN(), optimality: math.NaN()}
	}
	out, told, lost := e.one(ctx, e.m, b, x, job)
	e.told = append(e.told, told...)
	e.lost = lost
	return out
}

// one solves with a preconditioner, and says what its cycle fell back to and
// whether none is left.
func (e *gridEngine) one(ctx context.Context, m *multigrid.FWMG, b, x []float64, job *job) (o outcome, told []string, lost bool) {
	tol := job.tol
	if job.atol > 0 {
		tol = max(tol, quotient(job.atol, safeNorm(0, b)))
	}
	var record func(int, float64) error
	var recorded error
	if job.record != nil {
		record = func(iter int, rel float64) error {
			recorded = job.record(iter, rel, math.NaN())
			return recorded
		}
	}
	// The cycle is linear, so a b whose squares would overflow or vanish is
	// brought near 1.
	scale := inverseScale(b)
	if scale != 1 {
		b = append([]float64(nil), b...)
		multiply(b, scale)
		multiply(x, scale)
	}
	start := slices.Clone(x)
	res, err := m.PCG(ctx, x, b, tol, or(job.maxIter, gridIterations), record)
	lost = err != nil && !isContext(err) && len(res.Fallbacks) > 0 && recorded == nil
	if res.Reason != solver.Tolerance && !lost {
		if first := residualOn(m, b, start); !(res.Residual <= first) {
			copy(x, start)
			res.Residual = first
		}
	}
	if scale != 1 {
		multiply(x, 1/scale)
	}
	o = outcome{iterations: res.Iterations, matvecs: res.Iterations + 2 + res.Replacements, residual: res.Residual, reason: res.Reason,
		energy: math.NaN(), curvature: math.NaN(), optimality: math.NaN(), err: err}
	switch {
	case err != nil && isContext(err):
		o.reason, o.err = solver.ContextReason(ctx), nil
	case lost:
		o.reason, o.breakdown, o.err = solver.Stalled, err.Error(), nil
	}
	return o, res.Fallbacks, lost
}

// residualOn is that of x relative to b.
func residualOn(m *multigrid.FWMG, b, x []float64) float64 {
	if isZero(x) {
		return 1
	}
	res, err := m.PCG(context.Background(), slices.Clone(x), b, 1, 0, nil)
	if err != nil {
		return math.Inf(1)
	}
	return res.Residual
}

// inverseScale is a power of two that brings the largest |x_i| near 1, or 1
// where the squares of x are harmless.
func inverseScale(x []float64) float64 {
	_, e := math.Frexp(maxAbs(x))
	if -harmless <= e && e <= harmless {
		return 1
	}
	return math.Ldexp(1, max(-extreme, min(extreme, -e)))
}

// Exponents of two: squares of numbers up to the first are harmless, and the
// powers up to the second have an inverse.
const (
	harmless = 300
	extreme  = 1000
)

func multiply(x []float64, f float64) {
	for i := range x {
		x[i] *= f
	}
}
