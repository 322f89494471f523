package linsys

import (
	"context"
	"fmt"
	"math"

	"solve/linsys/multigrid"
	"solve/matrix"
	"solve/solver"
)

// gridEngine is conjugate gradients with FW-MG, in the numbering of the grid.
type gridEngine struct {
	m     *multigrid.FWMG
	facts func(st *Stats)
	told  []string // what the cycle fell back to
}

// buildGrid sets FW-MG up. Beside other methods than CG it is a plain
// preconditioner.
func (s *Solver) buildGrid(ctx context.Context, c choice) (engine, error) {
	if s.grid == nil {
		return nil, fmt.Errorf("linsys: fwmg needs a matrix on a grid: %w", solver.ErrInput)
	}
	m := s.fwmg
	e := &gridEngine{m: m}
	e.facts = func(st *Stats) {
		st.OperatorComplexity, st.Levels, st.Memory = m.OperatorComplexity(), m.Levels(), m.Bytes()
		st.Grid = gridSides(m.Grid())
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
	out := make([]outcome, x.Cols)
	bj, xj := b.Data, x.Data
	if x.Cols > 1 {
		bj, xj = make([]float64, b.Rows), make([]float64, x.Rows)
	}
	for j := range out {
		if x.Cols > 1 {
			column(b, j, bj)
			column(x, j, xj)
		}
		out[j] = e.one(ctx, bj, xj, job)
		if x.Cols > 1 {
			setColumn(x, j, xj)
		}
		if out[j].err != nil {
			break
		}
	}
	return out
}

func (e *gridEngine) one(ctx context.Context, b, x []float64, job *job) outcome {
	tol := job.tol
	if job.atol > 0 {
		tol = max(tol, quotient(job.atol, safeNorm(0, b)))
	}
	var record func(int, float64) error
	if job.record != nil {
		record = func(iter int, rel float64) error { return job.record(iter, rel, math.NaN()) }
	}
	res, err := e.m.PCG(ctx, x, b, tol, or(job.maxIter, gridIterations), record)
	o := outcome{iterations: res.Iterations, matvecs: res.Iterations + 2 + res.Replacements, residual: res.Residual, reason: res.Reason,
		energy: math.NaN(), curvature: math.NaN(), optimality: math.NaN(), err: err}
	e.told = append(e.told, res.Fallbacks...)
	if err != nil && isContext(err) {
		o.reason, o.err = contextReason(ctx), nil
	}
	return o
}
