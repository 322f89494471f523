package linsys

import (
	"context"
	"math"

	"solve/linsys/direct"
	"solve/matrix"
	"solve/solver"
)

// factorization is a direct method: x := A⁻¹x.
type factorization interface{ Solve(x []float64) }

// columnFactorization solves for k right-hand sides at once, row-major n×k, on
// the calling goroutine. Several may solve at the same time, each in a space of
// its own of SolveSpace(k) numbers.
type columnFactorization interface {
	SolveColumns(space, x []float64, k int)
	SolveSpace(k int) int
}

// maxRefinements bounds iterative refinement; each step has to halve the
// residual.
const maxRefinements = 5

// factored solves by a factorisation and refines with the residual of the
// matrix as given.
type factored struct {
	a       matrix.Operator // as given
	f       factorization
	facts   func(st *Stats)
	vec     *vectors
	normA   float64 // ‖A‖∞
	threads int
}

func (e *factored) describe(st *Stats) { e.facts(st) }

func (e *factored) solve(ctx context.Context, b, x *matrix.Dense, job *job) []outcome {
	f, solves := e.f.(columnFactorization)
	a, sparse := e.a.(interface{ OneThread() *matrix.CSR })
	if solves && sparse && x.Cols > 1 {
		return e.solvePanels(ctx, f, a.OneThread(), b, x, job)
	}
	out := make([]outcome, x.Cols)
	xj, bj := x.Data, b.Data
	if x.Cols > 1 {
		xj, bj = make([]float64, x.Rows), make([]float64, b.Rows)
	}
	refiner := direct.NewRefiner(e.a, e.f.Solve, e.vec.norm)
	for j := range out {
		if ctx.Err() != nil && j > 0 {
			out[j] = unsolved(ctx)
			continue
		}
		if x.Cols > 1 {
			column(b, j, bj)
		}
		copy(xj, bj)
		e.f.Solve(xj)
		out[j] = e.refine(ctx, refiner, bj, xj, job)
		out[j].err = job.tell(&out[j])
		if x.Cols > 1 {
			setColumn(x, j, xj)
		}
	}
	return out
}

// unsolved is the outcome of a column that there was no time for.
func unsolved(ctx context.Context) outcome {
	return outcome{reason: solver.ContextReason(ctx), err: ctx.Err(), residual: 1}
}

// refine improves x until its residual is as small as it has to be, or no
// longer halved, and judges it.
func (e *factored) refine(ctx context.Context, refiner *direct.Refiner, b, x []float64, job *job) outcome {
	normB := e.vec.norm(b)
	steps, size := refiner.Refine(ctx, b, x, maxRefinements, e.enough(normB, maxAbs(b), maxAbs(x), len(b), job))
	return judged(steps, size, normB, job)
}

// judged is the outcome of a column with a residual of the given norm.
func judged(steps int, size, normB float64, job *job) outcome {
	o := outcome{iterations: steps, matvecs: steps + 1, reason: solver.Tolerance, residual: quotient(size, normB)}
	if o.residual > job.tol && size > job.atol {
		o.reason = solver.AtRoundoff
	}
	return o
}

// tell records how a column ended.
func (j *job) tell(o *outcome) error {
	if j.record == nil {
		return nil
	}
	return j.record(o.iterations, o.residual, o.residual)
}

// refineTo is the relative residual below which refinement gains nothing.
const refineTo = 0x1p-51

// enough is the norm of a residual that is not refined: it meets the tolerance
// and is at the level that the rounding of a product with x leaves, which is
// where a stable factorisation arrives by itself.
func (e *factored) enough(normB, maxB, maxX float64, n int, job *job) float64 {
	rounding := stableRounding * roundoff * math.Sqrt(float64(n)) * (e.normA*maxX + maxB)
	return max(refineTo*normB, min(rounding, max(job.tol*normB, job.atol)))
}

// stableRounding is how many roundings a normwise backward stable solution may
// be away.
const stableRounding = 1
