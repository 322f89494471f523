package linsys

import (
	"context"
	"fmt"
	"math"

	"solve/matrix"
	"solve/solver"
)

// transformed is conjugate gradients with SSOR by Eisenstat's trick: on the
// operator preconditioned from both sides, which costs one pass over A an
// iteration instead of two.
type transformed struct {
	a     matrix.Operator // as given
	e     *Eisenstat
	inner iterative // on e
	vec   *vectors
	r, d  []float64
}

func (s *Solver) buildEisenstat() (engine, error) {
	e, err := NewEisenstat(s.a, ssorOmega)
	if err != nil {
		return nil, fmt.Errorf("linsys: %w", err)
	}
	e.SetThreads(s.opt.Threads)
	n := s.a.Rows
	t := &transformed{a: s.operator(), e: e, vec: &s.vec, r: make([]float64, n), d: make([]float64, n)}
	t.inner.system = system{a: e, threads: s.opt.Threads, b: make([]float64, n), x: make([]float64, n), work: &s.work}
	t.inner.limit = max(20, min(10*n, mostIterations))
	return t, nil
}

func (t *transformed) describe(*Stats) {}

func (t *transformed) solve(ctx context.Context, b, x *matrix.Dense, job *job) []outcome {
	out := make([]outcome, x.Cols)
	bj, xj := make([]float64, b.Rows), make([]float64, x.Rows)
	for j := range out {
		column(b, j, bj)
		column(x, j, xj)
		out[j] = t.one(ctx, bj, xj, job)
		setColumn(x, j, xj)
		if out[j].err != nil {
			break
		}
	}
	return out
}

const (
	// closer is how far below its goal the residual of the transformed system
	// is taken, whose norm differs from that of A.
	closer = 0.3
	// mostCorrections bounds the runs, each of which starts from the true
	// residual of the one before.
	mostCorrections = 6
)

// one solves A (x + d) = b for corrections d until the true residual is met.
func (t *transformed) one(ctx context.Context, b, x []float64, job *job) outcome {
	normB := t.vec.norm(b)
	target := max(job.tol*normB, job.atol)
	limit := or(job.maxIter, t.inner.limit)
	total := outcome{reason: solver.Tolerance, energy: math.NaN(), curvature: math.NaN(), optimality: math.NaN()}
	size := t.residual(b, x)
	s := &t.inner.system
	for run := 0; size > target; run++ {
		if run == mostCorrections {
			total.reason = solver.AtRoundoff
			break
		}
		t.e.RightSide(s.b, t.r)
		clear(s.x)
		s.tol, s.maxIter, s.record = closer*target/size, limit-total.iterations, later(job.record, total.iterations, size/normB)
		o := cg(ctx, s)
		t.e.Solution(t.d, s.x)
		t.vec.axpy(1, t.d, x)
		size = t.residual(b, x)
		total = sum(total, o)
		if o.reason != solver.Tolerance && size > target {
			total.reason = o.reason
			break
		}
	}
	total.residual = quotient(size, normB)
	return total
}

// sum adds the work of a run to that of those before; the rest is the run's.
func sum(total, o outcome) outcome {
	o.iterations += total.iterations
	o.matvecs += total.matvecs + 1
	o.reason = solver.Tolerance
	return o
}

// later shifts the records of a run behind those before it, and makes its
// residuals relative to b.
func later(record func(int, float64, float64) error, iterations int, scale float64) func(int, float64, float64) error {
	if record == nil {
		return nil
	}
	return func(iter int, recursive, _ float64) error {
		return record(iterations+iter, recursive*scale, math.NaN())
	}
}

// residual sets r = b − A x and returns its norm.
func (t *transformed) residual(b, x []float64) float64 {
	t.a.MulVecTo(t.r, false, x)
	return safeNorm(t.vec.residual(b, t.r), t.r)
}
