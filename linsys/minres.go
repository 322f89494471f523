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
	switch out.reason {
	case solver.Stalled, solver.AtRoundoff, solver.IterationLimit:
		out.reason, out.breakdown, out.null = l.out.reason, l.out.breakdown, l.out.null
	}
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
	if !g.normalise() {
		return false
	}
	if g.beta == 0 {
		g.l.badPreconditioner(g.l.out.iterations, 0)
	}
	return g.beta > 0
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
	seen := 1.0   // the smallest ‖A r‖/(‖A‖‖r‖) so far, where it was looked at
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
		optimality := root / math.Sqrt(square)
		if optimality <= l.tol && optimality < seen/2 && !l.consistent {
			// Before x is updated: the step may be along the kernel.
			l.consider(kept)
			seen = optimality
		}
		if (optimality > leftBehind*seen && kept.optimality <= l.tol || kept.optimality <= nullVector) && !kept.examined {
			return k - 1, l.examine(kept, k-1, norm)
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
			l.orInconsistent(kept, k)
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
			l.orInconsistent(kept, k)
			return k, next
		}
	}
}

// A singular and inconsistent system shows by ‖A r‖/(‖A‖‖r‖) becoming small
// while ‖r‖ doesn't, and then, in floating point, by x growing along the
// kernel. So would a nonsingular system with a tiny eigenvalue, up to a point.
// The x with the smallest ‖A r‖ is kept, and when it is left behind its
// residual is examined.

const (
	// leftBehind is how much ‖A r‖ has to grow for its minimum to count as
	// passed.
	leftBehind = 100
	// nullVector is the ‖A z‖/(‖A‖‖z‖) of a z that counts as one.
	nullVector = 1e-12
)

// candidate is the x nearest to least squares so far.
type candidate struct {
	x          []float64
	optimality float64 // ‖A z‖/(‖A‖‖z‖), z = M⁻¹r: of what is minimised, the gradient
	examined   bool
}

// consider keeps x if it is the best candidate.
func (l *loop) consider(kept *candidate) {
	if l.truth() <= l.target {
		return
	}
	used := l.work.used
	z, az := l.work.take(len(l.t)), l.work.take(len(l.t))
	l.work.used = used
	l.precondition(z, l.t)
	if e := l.relativeProduct(az, z); e < kept.optimality {
		kept.optimality = e
		kept.x = append(kept.x[:0], l.x...)
	}
}

// relativeProduct computes az = A z and returns ‖A z‖/(‖A‖‖z‖).
func (l *loop) relativeProduct(az, z []float64) float64 {
	l.mul(az, z)
	return l.v.norm(az) / (l.matrixNorm() * l.v.norm(z))
}

// examine returns to the candidate and ends the run if no x is much better.
// If some is, a new start will find it soon: r is next to its eigenvector.
func (l *loop) examine(kept *candidate, k int, norm float64) action {
	kept.examined = true
	copy(l.x, kept.x)
	l.bestNorm = math.Inf(1) // an x of rounding errors may have seemed better
	truth := l.truth()
	if !l.inconsistent(k) {
		return restart
	}
	l.out.optimality = kept.optimality
	l.tick(k, norm, truth)
	return stop
}

// orInconsistent examines the candidate of a run that ended short of its aim.
func (l *loop) orInconsistent(kept *candidate, k int) {
	switch l.out.reason {
	case solver.Stalled, solver.AtRoundoff, solver.IterationLimit:
	default:
		return
	}
	if kept.examined || kept.optimality > l.tol {
		return
	}
	reason, x := l.out.reason, append([]float64(nil), l.x...)
	if l.examine(kept, k, l.bestNorm) == restart {
		l.out.reason = reason
		copy(l.x, x)
	}
}

// inconsistent looks for a null vector that b is not orthogonal to, near
// z = M⁻¹t, t the residual: what A y = A z leaves of it. Where A is
// nonsingular that is nothing.
func (l *loop) inconsistent(k int) bool {
	used := l.work.used
	defer func() { l.work.used = used }()
	n := len(l.t)
	z, az, y := l.work.take(n), l.work.take(n), l.work.take(n)
	l.precondition(z, l.t)
	small := l.relativeProduct(az, z)
	if small > nullVector {
		clear(y)
		out := minres(l.ctx, &system{
			a: l.a, b: az, x: y, normA: l.normA, longest: l.longest, consistent: true,
			atol: nullVector / 4 * l.normA * l.v.norm(z), maxIter: max(1, l.maxIter-k), threads: l.threads,
		})
		l.out.matvecs += out.matvecs
		l.v.axpy(-1, y, z)
		small = l.relativeProduct(az, z)
	}
	share := math.Abs(l.v.dot(z, l.b)) / l.v.norm(z)
	if !(small <= nullVector) || share <= l.target {
		return false
	}
	l.out.null = append([]float64(nil), z...)
	l.fail(solver.Inconsistent, fmt.Sprintf("a z with ‖A z‖/(‖A‖‖z‖) = %.2g has zᵀb/(‖z‖‖b‖) = %.3g", small, share/l.normB))
	return true
}
