package linsys

import (
	"context"

	"solve/matrix"
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
