package linsys

import (
	"context"

	"solve/linsys/direct"
	"solve/matrix"
	"solve/solver"
)

// engine is a method that is set up for one matrix.
type engine interface {
	// solve moves each column of x (n×s) towards the solution for that of b.
	solve(ctx context.Context, b, x *matrix.Dense, job *job) []outcome
	// describe adds what set-up found out.
	describe(st *Stats)
}

// job is what one Solve asks of an engine.
type job struct {
	tol, atol float64
	maxIter   int
	damp      float64
	record    func(iter int, recursive, truth float64) error
	look      func(iter int, residual float64) bool // see system.look
}

// factorization is a direct method: x := A⁻¹x.
type factorization interface{ Solve(x []float64) }

// blockFactorization solves for k right-hand sides at once, row-major n×k.
type blockFactorization interface{ SolveBlock(x []float64, k int) }

// maxRefinements bounds iterative refinement; each step has to halve the
// residual.
const maxRefinements = 5

// factored solves by a factorisation and refines with the residual of the
// matrix as given.
type factored struct {
	a     matrix.Operator // as given
	f     factorization
	facts func(st *Stats)
	vec   *vectors
}

func (e *factored) describe(st *Stats) { e.facts(st) }

func (e *factored) solve(ctx context.Context, b, x *matrix.Dense, job *job) []outcome {
	n, s := x.Rows, x.Cols
	block, ok := e.f.(blockFactorization)
	if ok && s > 1 {
		copy(x.Data, b.Data)
		block.SolveBlock(x.Data, s)
	}
	out := make([]outcome, s)
	xj, bj := make([]float64, n), make([]float64, n)
	refiner := direct.NewRefiner(e.a, e.f.Solve, e.vec.norm)
	for j := range s {
		column(b, j, bj)
		if ok && s > 1 {
			column(x, j, xj)
		} else {
			copy(xj, bj)
			e.f.Solve(xj)
		}
		out[j] = e.refine(ctx, refiner, bj, xj, job)
		setColumn(x, j, xj)
	}
	return out
}

// refine improves x until the residual is at rounding level, or no longer
// halved, and judges it.
func (e *factored) refine(ctx context.Context, refiner *direct.Refiner, b, x []float64, job *job) outcome {
	normB := e.vec.norm(b)
	steps, size := refiner.Refine(ctx, b, x, maxRefinements, refineTo*normB)
	o := outcome{iterations: steps, matvecs: steps + 1, reason: solver.Tolerance, residual: quotient(size, normB)}
	if job.record != nil {
		o.err = job.record(o.iterations, o.residual, o.residual)
	}
	if o.residual > job.tol && size > job.atol {
		o.reason = solver.AtRoundoff
	}
	return o
}

// refineTo is the relative residual below which refinement gains nothing.
const refineTo = 0x1p-51

// iterative runs a Krylov method.
type iterative struct {
	loop   func(ctx context.Context, s *system) outcome
	block  func(ctx context.Context, s *system) []outcome // nil = column by column
	system system
	limit  int // iterations unless the job has its own
	facts  func(st *Stats)
}

func (e *iterative) describe(st *Stats) {
	if e.facts != nil {
		e.facts(st)
	}
}

func (e *iterative) solve(ctx context.Context, b, x *matrix.Dense, job *job) []outcome {
	s := &e.system
	s.tol, s.atol, s.damp, s.record = job.tol, job.atol, job.damp, job.record
	s.look = job.look
	s.maxIter = or(job.maxIter, e.limit)
	if e.block != nil && x.Cols > 1 {
		s.b, s.x, s.columns = b.Data, x.Data, x.Cols
		return e.block(ctx, s)
	}
	out := make([]outcome, x.Cols)
	s.b, s.x, s.columns = make([]float64, b.Rows), make([]float64, x.Rows), 1
	for j := range out {
		column(b, j, s.b)
		column(x, j, s.x)
		out[j] = e.loop(ctx, s)
		setColumn(x, j, s.x)
		if out[j].err != nil {
			break
		}
	}
	return out
}

// column copies column j of d into v.
func column(d *matrix.Dense, j int, v []float64) {
	for i := range v {
		v[i] = d.Data[i*d.Cols+j]
	}
}

func setColumn(d *matrix.Dense, j int, v []float64) {
	for i, x := range v {
		d.Data[i*d.Cols+j] = x
	}
}

// quotient is p/q with 0/0 = 0.
func quotient(p, q float64) float64 {
	if p == 0 {
		return 0
	}
	return p / q
}
