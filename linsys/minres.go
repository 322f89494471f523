package linsys

import (
	"context"
	"fmt"
	"math"

	"solve/solver"
)

// MINRES for symmetric A, definite or not, and positive definite M.
//
// Paige & Saunders, SIAM J. Numer. Anal. 12 (1975); symbols of their code.
// It minimises ‖r‖ in the norm of M⁻¹. The 2-norm that the end is judged by
// comes from the recurrence r_k = s_k² r_{k−1} − φ̄_k c_k v_{k+1}, which is one
// more vector where there is a preconditioner.

// minres solves a symmetric system, or finds its least-squares solution when
// it is singular and inconsistent (not the one of least norm).
func minres(ctx context.Context, s *system) outcome {
	if reduce := s.reduction(); reduce != nil {
		return reduce(ctx, s, minres)
	}
	s.reset()
	r := s.work.take(len(s.b))
	l, ok := s.begin(ctx, r)
	if ok {
		l.minimise(r)
	}
	if l.out.reason != solver.Inconsistent {
		l.out.optimality = math.NaN()
	}
	if s.m == nil || l.out.reason != solver.Inconsistent {
		return l.out
	}
	// The least squares were those of another norm.
	plain := *s
	plain.m = nil
	out := continued(ctx, &plain, l.out, minres)
	out.reason = solver.Inconsistent
	return out
}

// lanczos is the three-term recurrence of M⁻¹A: v = z/β.
type lanczos struct {
	l           *loop
	z, r1, r2   []float64 // M⁻¹r2; r2 = β v in the dual space, r1 the one before
	v, y        []float64
	alpha       float64
	beta, older float64
	k           int
}

// restartFrom begins with the residual r.
func (g *lanczos) restartFrom(r []float64) bool {
	copy(g.r2, r)
	clear(g.r1)
	g.beta, g.older, g.k = 0, 0, 0
	return g.normalise()
}

// normalise computes z = M⁻¹r2 and β = √(r2ᵀz).
func (g *lanczos) normalise() bool {
	g.l.precondition(g.z, g.r2)
	square := g.l.v.dot(g.r2, g.z)
	if !finite(square) || square < 0 {
		g.l.badPreconditioner(g.l.out.iterations, square)
		return false
	}
	g.older, g.beta = g.beta, math.Sqrt(square)
	return true
}

// step makes the next v, α and β. It reports false when M is unfit.
func (g *lanczos) step() bool {
	v := g.l.v
	v.axpby(1/g.beta, g.z, 0, g.v)
	g.alpha, _ = g.l.mulDot(g.y, g.v)
	if g.k > 0 {
		v.axpy(-g.beta/g.older, g.r1, g.y)
	}
	v.axpy(-g.alpha/g.beta, g.r2, g.y)
	g.k++
	g.r1, g.r2, g.y = g.r2, g.y, g.r1
	return g.normalise()
}

func (l *loop) minimise(r []float64) {
	n := len(r)
	take := func() []float64 { return l.work.take(n) }
	g := &lanczos{l: l, z: take(), r1: take(), r2: take(), v: take(), y: take()}
	w, w1 := take(), take() // unnormalised: the paper's are w/γ
	tri := newTridiagonal(l.work, l.maxIter)

	k, kept := 0, &candidate{optimality: math.Inf(1)}
	for next := restart; next == restart; {
		if !g.restartFrom(r) {
			break
		}
		k, next = l.cycleMinres(g, w, w1, r, tri, kept, k)
		copy(r, l.t)
	}
	l.out.lo, l.out.hi = tri.extremes()
	l.out = l.finish()
}

// cycleMinres iterates from the residual r, which it updates, and says why it ended.
func (l *loop) cycleMinres(g *lanczos, w, w1, r []float64, tri *tridiagonal, kept *candidate, k int) (int, action) {
	clear(w)
	clear(w1)
	var gamma, gamma1 = 1.0, 1.0 // of w and w1
	phibar, dbar, epsln, cs, sn := g.beta, 0.0, 0.0, -1.0, 0.0
	square := 0.0 // ‖T‖²_F
	entry := 0.0  // T_{k,k−1}
	seen := 1.0   // the smallest ‖A r‖/(‖A‖‖r‖) that was looked at
	norm := safeNorm(l.v.dot(r, r), r)
	for {
		if !g.step() {
			return k, stop
		}
		k++
		tri.appendEntries(g.alpha, entry)
		entry = g.beta
		square += g.alpha*g.alpha + g.older*g.older + g.beta*g.beta

		oldeps := epsln
		delta := cs*dbar + sn*g.alpha
		gbar := sn*dbar - cs*g.alpha
		epsln = sn * g.beta
		dbar = -cs * g.beta
		root := math.Hypot(gbar, dbar)
		if optimality := root / math.Sqrt(square); optimality <= l.tol && optimality < seen/4 {
			// Before x is updated: the step may be along the kernel.
			if l.leastSquares(k-1, norm, kept) {
				return k - 1, stop
			}
			seen = optimality
		}
		gammaNew := max(math.Hypot(gbar, g.beta), roundoff*roundoff*math.Sqrt(square))
		cs, sn = gbar/gammaNew, g.beta/gammaNew
		phi := cs * phibar
		phibar *= sn

		// w = v − (ε/γ₁) w₁ − (δ/γ) w, written over w₁.
		l.v.shortStep(g.v, -oldeps/gamma1, w1, -delta/gamma, w, phi/gammaNew, l.x)
		w, w1 = w1, w
		gamma1, gamma = gamma, gammaNew

		norm = phibar
		if l.m != nil {
			next := 0.0
			if g.beta > 0 {
				next = -phibar * cs / g.beta
			}
			norm = safeNorm(l.v.axpby(next, g.r2, sn*sn, r), r)
		}
		if next := l.judge(k, norm); next != proceed {
			l.orInconsistent(kept)
			return k, next
		}
		if g.beta <= roundoff*math.Sqrt(square) {
			// An invariant space: x minimises over all that b reaches.
			truth := l.truth()
			if truth <= l.target {
				l.out.reason = solver.Tolerance
				return k, stop
			}
			next := l.unconfirmed(truth)
			l.orInconsistent(kept)
			return k, next
		}
	}
}

// inconsistentAt is ‖A r‖/(‖A‖‖r‖) from which a residual counts, at once, as
// one that no x reduces. The tolerance is enough where a run got no further:
// until then r may as well be along an eigenvector of a tiny eigenvalue.
const inconsistentAt = 1e-10

// leastSquares tells, where the recurrence says so, whether the recomputed
// residual of iteration k is orthogonal to the range of A. x is kept if it is
// nearly so: on a singular matrix the steps to come may go far along the
// kernel.
func (l *loop) leastSquares(k int, norm float64, kept *candidate) bool {
	truth := l.truth()
	if truth <= l.target {
		return false
	}
	if l.orthogonalToRange(min(l.tol, inconsistentAt)) {
		l.tick(k, norm, truth)
		l.inconsistent()
		return true
	}
	if l.out.optimality < kept.optimality {
		kept.optimality = l.out.optimality
		kept.x = append(kept.x[:0], l.x...)
	}
	return false
}

// candidate is the x nearest to least squares so far.
type candidate struct {
	x          []float64
	optimality float64
}

// orInconsistent looks, where a run has ended short of its aim, whether that
// is because no x has a smaller residual than the candidate, or else the best.
func (l *loop) orInconsistent(kept *candidate) {
	switch l.out.reason {
	case solver.Stalled, solver.AtRoundoff, solver.IterationLimit:
	default:
		return
	}
	if kept.optimality <= l.tol {
		copy(l.x, kept.x)
		l.bestNorm = math.Inf(1) // an x of rounding errors may have seemed better
	}
	if !(l.truth() <= l.bestNorm) {
		copy(l.x, l.best)
		l.truth()
	}
	if l.orthogonalToRange(l.tol) {
		l.inconsistent()
	}
}

// orthogonalToRange tells whether ‖A z‖ ≤ limit ‖A‖‖z‖ for z = M⁻¹t, t the
// residual: of what is minimised, the gradient.
func (l *loop) orthogonalToRange(limit float64) bool {
	used := l.work.used
	z, y := l.work.take(len(l.t)), l.work.take(len(l.t))
	l.work.used = used
	l.precondition(z, l.t)
	l.mul(y, z)
	l.out.optimality = l.v.norm(y) / (l.matrixNorm() * l.v.norm(z))
	return l.out.optimality <= limit
}

func (l *loop) inconsistent() {
	l.fail(solver.Inconsistent, fmt.Sprintf("the residual r has ‖A r‖/(‖A‖‖r‖) = %.2g: no x makes it smaller", l.out.optimality))
}
