package linsys

import (
	"context"
	"fmt"
	"math"

	"solve/matrix"
	"solve/solver"
)

// system is what a Krylov method works on: A x = b with a starting vector.
//
// Dot products are plain float64; a b near the ends of the range is scaled by
// the methods, an A that is should be by the caller.
type system struct {
	a       matrix.Operator // MulVecTo(dst, true, x) multiplies by Aᵀ
	m       Preconditioner  // nil: none
	b, x    []float64       // x: the starting vector in, the best iterate out
	normA   float64         // ‖A‖∞ or an estimate; 0 unknown
	longest int             // most entries of a row, for the rounding level; 0 unknown
	kernel  [][]float64     // orthonormal null vectors of a symmetric A, or nil

	tol, atol float64 // the end is at ‖r‖ ≤ max(tol‖b‖, atol), r = b − A x recomputed
	maxIter   int
	threads   int
	memory    int64 // bytes that bases of vectors may take; 0 unlimited

	// record is told of every iteration: relative residuals as the method
	// carries them and as recomputed, NaN where they weren't. Its error stops
	// the run. nil: none.
	record func(iter int, recursive, truth float64) error

	// look is shown the relative residual after each iteration, as the method
	// carries it; false ends the run as abandoned. nil: it goes on.
	look func(iter int, residual float64) bool

	restart    int     // GMRES: vectors of a cycle; 0: DefaultRestart
	flexible   bool    // GMRES: the preconditioner changes from call to call
	directions int     // flexible CG: directions kept; −1: all
	deflate    int     // deflated CG: Lanczos vectors; 0: DefaultDeflate
	damp       float64 // least squares: λ of min ‖A x − b‖² + λ²‖x‖²
	columns    int     // block CG: right-hand sides, b and x row-major n×columns; 0: 1
	consistent bool    // MINRES: b is known to lie in the range of A
	seed       uint64  // of sketches

	work *workspace // vectors kept from call to call; nil: made by the call
}

// outcome is how a method ended.
type outcome struct {
	iterations, matvecs, precApplied int

	residual float64 // ‖b − A x‖/‖b‖, recomputed
	reason   solver.Reason
	// Extreme Ritz values of M⁻¹A (CG, MINRES) or singular value estimates
	// (least squares): hi/lo is a lower bound of the condition number. 0
	// where unknown.
	lo, hi     float64
	energy     float64   // estimate of the error's A-norm (CG); NaN unknown
	curvature  float64   // pᵀAp/pᵀp ≤ 0, which disproves definiteness (CG); NaN none
	breakdown  string    // what broke, with its numbers
	null       []float64 // of a symmetric A, with nullᵀb ≠ 0, where the reason is Inconsistent; nil not found
	optimality float64   // least squares: ‖Aᵀr‖/(‖A‖_F‖r‖); NaN elsewhere
	restart    int       // GMRES: vectors of the last cycle
	err        error     // of record or of the context
}

const largestRestart = 200

// workspace holds the vectors of a method, so that one call after another of
// the same size allocates nothing large.
type workspace struct {
	v     vectors
	space [][]float64
	used  int
	coef  []float64 // small things: Lanczos coefficients
}

// take returns a vector of n numbers, whatever they are.
func (w *workspace) take(n int) []float64 {
	if w.used == len(w.space) {
		w.space = append(w.space, nil)
	}
	if cap(w.space[w.used]) < n {
		w.space[w.used] = make([]float64, n)
	}
	x := w.space[w.used][:n]
	w.used++
	return x
}

// basis returns count vectors of n numbers.
func (w *workspace) basis(count, n int) [][]float64 {
	b := make([][]float64, count)
	for i := range b {
		b[i] = w.take(n)
	}
	return b
}

// method is one loop.
type method func(context.Context, *system) outcome

// reduction returns how to make the system one that the loops can work on as
// it is; nil if it is that already.
func (s *system) reduction() func(context.Context, *system, method) outcome {
	switch size := maxAbs(s.b); {
	case s.kernel != nil:
		return projected
	case size > 0 && (size < smallB || size > largeB && size < math.Inf(1)):
		return rescaled
	}
	return nil
}

// Squares of the numbers between these, and their products with a tolerance,
// are far from the ends of the range.
const (
	smallB = 1e-120
	largeB = 1e+120
)

// rescaled runs a method on 2^k b and 2^k x, with ‖b‖∞ next to 1.
func rescaled(ctx context.Context, s *system, run method) outcome {
	_, k := math.Frexp(maxAbs(s.b))
	sub := *s
	sub.b, sub.x = make([]float64, len(s.b)), make([]float64, len(s.x))
	for i, t := range s.b {
		sub.b[i] = math.Ldexp(t, -k)
	}
	for i, t := range s.x {
		sub.x[i] = math.Ldexp(t, -k)
	}
	sub.atol = math.Ldexp(s.atol, -k)
	out := run(ctx, &sub)
	for i, t := range sub.x {
		s.x[i] = math.Ldexp(t, k)
	}
	s.work, s.normA = sub.work, sub.normA
	out.energy = math.Ldexp(out.energy, k)
	return out
}

// continued runs another method from the x that one has left, with the
// iterations that are left; the counts are those of both.
func continued(ctx context.Context, s *system, before outcome, run method) outcome {
	sub := *s
	sub.work = nil
	sub.maxIter -= before.iterations
	if record := s.record; record != nil {
		sub.record = func(iter int, recursive, truth float64) error {
			return record(before.iterations+iter, recursive, truth)
		}
	}
	out := run(ctx, &sub)
	out.iterations += before.iterations
	out.matvecs += before.matvecs
	out.precApplied += before.precApplied
	return out
}

// projected runs a method on a singular symmetric system whose kernel is
// known: on the part of b in the range of A, with preconditioned vectors
// projected on it. x becomes the solution of least norm, or the least-squares
// one when b has a part in the kernel; the reason is then Inconsistent.
func projected(ctx context.Context, s *system, run method) outcome {
	l := s.newLoop(ctx)
	inRange := make([]float64, len(s.b))
	copy(inRange, s.b)
	coef := make([]float64, len(s.kernel))
	outside := removeKernel(l.v, s.kernel, coef, inRange)
	normB := l.v.norm(s.b)

	sub := *s
	sub.kernel, sub.b = nil, inRange
	sub.m = &projector{v: l.v, kernel: s.kernel, coef: coef, m: s.m, t: make([]float64, len(s.b))}
	consistent := outside <= consistency*normB
	if l.v.norm(inRange) <= roundoff*float64(len(s.b))*normB {
		clear(inRange)
	}
	if consistent {
		sub.atol = max(s.atol, s.tol*normB)
	}
	out := run(ctx, &sub)
	s.work, s.normA = sub.work, sub.normA

	removeKernel(l.v, s.kernel, coef, s.x)
	t := inRange
	s.a.MulVecTo(t, false, s.x)
	out.matvecs++
	truth := safeNorm(l.v.residual(s.b, t), t)
	if normB > 0 {
		out.residual = truth / normB
	}
	target := max(s.tol*normB, s.atol)
	switch {
	case truth <= target:
	case !consistent && out.reason == solver.Tolerance:
		out.reason = solver.Inconsistent
		out.breakdown = fmt.Sprintf("the part of b in the kernel has norm %.3g, ‖b‖ = %.3g", outside, normB)
	case out.reason == solver.Tolerance:
		out.reason = solver.AtRoundoff
	}
	return out
}

// consistency is the part of b in the kernel, relative to ‖b‖, up to which a
// singular system counts as consistent.
const consistency = 1e-10

// removeKernel subtracts the part of x in the kernel and returns its norm.
func removeKernel(v *vectors, kernel [][]float64, coef, x []float64) float64 {
	v.project(kernel, x, coef)
	outside := 0.0
	for j, c := range coef {
		outside = math.Hypot(outside, c)
		coef[j] = -c
	}
	v.combine(kernel, coef, x)
	return outside
}

// projector is P M⁻¹ P, with P the projection on the range: the inner one only
// where rounding has moved r away from it.
type projector struct {
	v      *vectors
	kernel [][]float64
	coef   []float64
	m      Preconditioner
	t      []float64
}

// kernelDrift is the part of a residual in the kernel from which it is removed.
const kernelDrift = 1e-12

func (p *projector) Apply(z, r []float64) {
	copy(p.t, r)
	norm := p.v.norm(r)
	if removeKernel(p.v, p.kernel, p.coef, p.t) > kernelDrift*norm {
		r = p.t
	}
	if p.m == nil {
		copy(z, r)
	} else {
		p.m.Apply(z, r)
	}
	removeKernel(p.v, p.kernel, p.coef, z)
}
