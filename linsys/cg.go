package linsys

import (
	"context"
	"fmt"
	"math"

	"solve/solver"
)

// Conjugate gradients for symmetric positive definite A and M.
//
// Hestenes & Stiefel 1952; symbols as in Saad, Iterative Methods for Sparse
// Linear Systems, alg. 9.1. An iteration is a product with A summed along
// with pᵀAp, one with M⁻¹ and two fused vector passes. The recursive residual
// is replaced by the true one as van der Vorst & Ye, SISC 22 (2000), propose.
//
// "Solved" is decided from b − A x recomputed, never by the recursion.

// replaceEvery is the least distance, in iterations, of residual replacements.
const replaceEvery = 50

// cg solves a symmetric positive definite system.
func cg(ctx context.Context, s *system) outcome {
	if reduce := s.reduction(); reduce != nil {
		return reduce(ctx, s, cg)
	}
	s.reset()
	r := s.work.take(len(s.b))
	l, ok := s.begin(ctx, r)
	if ok {
		l.conjugate(r, nil)
	}
	return l.out
}

// conjugate is the loop of cg; with a deflation, of deflated CG.
func (l *loop) conjugate(r []float64, d *deflation) {
	n := len(r)
	z, p, q := r, l.work.take(n), l.work.take(n)
	if l.m != nil {
		z = l.work.take(n)
	}
	tri := newTridiagonal(l.work, l.maxIter)
	drift := newDrift(l)
	var recent energyWindow

	rr := l.v.dot(r, r)
	gamma := l.start(z, r, rr)
	beta, k := 0.0, 0
	for {
		if !(gamma > 0) || math.IsInf(gamma, 1) {
			l.badPreconditioner(k, gamma)
			break
		}
		if beta == 0 {
			copy(p, z)
		} else {
			l.v.xpby(z, beta, p)
		}
		if d != nil {
			d.orthogonalise(p, z)
		}
		delta, pp := l.mulDot(q, p)
		if !(delta > 0) || math.IsInf(delta, 1) {
			l.badCurvature(k, delta, pp)
			break
		}
		k++
		alpha := gamma / delta
		if d != nil {
			// pᵀr = γ holds only as long as Wᵀr = 0 does.
			exact := l.v.dot(p, r) / delta
			tri.complete = tri.complete || math.Abs(exact-alpha) > math.Sqrt(roundoff)*alpha
			alpha = exact
		}
		norm := math.Sqrt(rr)
		rr = l.v.cgUpdate(alpha, p, q, l.x, r)
		tri.append(alpha, beta)
		recent.add(alpha * gamma)
		drift.add(norm, alpha, pp)

		next := l.judge(k, safeNorm(rr, r))
		if next == stop {
			break
		}
		replace := next == restart
		if next == proceed && (drift.due(k, rr) || d != nil && k-drift.last >= replaceEvery) {
			l.truth()
			replace = true
		}
		// What comes after a claim is mostly rounding.
		tri.complete = tri.complete || next == restart
		if replace {
			if d != nil { // Wᵀr = 0 has got lost, which no direction would mend
				d.correct(l.t)
				l.truth()
			}
			copy(r, l.t)
			drift.reset(k)
			rr = l.v.dot(r, r)
		}
		old := gamma
		gamma, beta = l.start(z, r, rr), 0
		if next == proceed {
			beta = gamma / old
		}
	}
	l.out.lo, l.out.hi = tri.extremes()
	l.out.energy = recent.estimate()
	l.out = l.finish()
}

// start computes z = M⁻¹r and returns rᵀz. z is r itself without M.
func (l *loop) start(z, r []float64, rr float64) float64 {
	if l.m == nil {
		return rr
	}
	l.precondition(z, r)
	return l.v.dot(r, z)
}

func (l *loop) badPreconditioner(k int, gamma float64) {
	l.out.iterations = k
	if !finite(gamma) {
		l.fail(solver.EvaluationError, fmt.Sprintf("the preconditioner gives rᵀM⁻¹r = %g at iteration %d", gamma, k))
		return
	}
	l.fail(solver.NotPositiveDefinite, fmt.Sprintf("the preconditioner is not positive definite: rᵀM⁻¹r = %.3g at iteration %d", gamma, k))
}

func (l *loop) badCurvature(k int, delta, pp float64) {
	l.out.iterations = k
	if pp == 0 {
		l.fail(solver.Stalled, fmt.Sprintf("the direction is zero at iteration %d", k+1))
		return
	}
	if !finite(delta) {
		l.fail(solver.EvaluationError, fmt.Sprintf("pᵀAp = %g for a direction of norm %.3g at iteration %d", delta, math.Sqrt(pp), k+1))
		return
	}
	l.out.curvature = delta / pp
	l.fail(solver.NotPositiveDefinite, fmt.Sprintf("pᵀAp/pᵀp = %.6g at iteration %d", l.out.curvature, k+1))
}

// reset makes the workspace ready for a call.
func (s *system) reset() {
	if s.work == nil {
		s.work = new(workspace)
	}
	s.work.used = 0
	s.work.v.setThreads(s.threads)
}

// drift bounds how far the recursive residual has moved from b − A x.
type drift struct {
	l       *loop
	norm    float64 // ‖A‖
	d, from float64 // the bound, and its value at the last replacement
	last    int
}

func newDrift(l *loop) *drift {
	d := &drift{l: l, norm: l.matrixNorm()}
	d.reset(0)
	return d
}

// reset: the residual is b − A x up to the rounding of computing that.
func (d *drift) reset(k int) {
	d.d = roundoff * (d.norm*d.l.v.norm(d.l.x) + d.l.normB)
	d.from, d.last = d.d, k
}

func (d *drift) add(residual, alpha, pp float64) {
	d.d += roundoff * (2*residual + d.norm*math.Abs(alpha)*math.Sqrt(pp))
}

// due tells whether the residual, of square rr, has to be replaced. A bound
// that is mostly what computing b − A x costs would not get better.
func (d *drift) due(k int, rr float64) bool {
	return k-d.last >= replaceEvery && d.d > 1.1*d.from && d.d > math.Sqrt(roundoff*rr)
}

// energyWindow sums the last terms α_jγ_j: ‖e_{k−d}‖²_A ≥ Σ_{j=k−d}^{k−1} α_jγ_j
// (Hestenes & Stiefel; Strakoš & Tichý, ETNA 13, 2002).
type energyWindow struct {
	terms [10]float64
	k     int
}

func (e *energyWindow) add(term float64) {
	e.terms[e.k%len(e.terms)] = term
	e.k++
}

// estimate is NaN before the first iteration.
func (e *energyWindow) estimate() float64 {
	if e.k == 0 {
		return math.NaN()
	}
	sum := 0.0
	for _, t := range e.terms {
		sum += t
	}
	return math.Sqrt(sum)
}
