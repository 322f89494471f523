package linsys

import (
	"context"
	"fmt"
	"math"

	"solve/solver"
)

// Flexible conjugate gradients: directions d_k from any z_k = f(r_k), made
// A-orthogonal to the last few,
//
//	d_k = z_k − Σ_i (z_kᵀA d_i / d_iᵀA d_i) d_i,  α_k = d_kᵀr_k / d_kᵀA d_k.
//
// Notay, SISC 22 (2000). α_k minimises the error's A-norm along d_k, which
// therefore never grows, whatever f is. With one direction this is the
// Polak–Ribière form β = z_kᵀ(r_k − r_{k−1})/γ_{k−1} (Golub & Ye, SISC 21,
// 1999), since r_k − r_{k−1} = −α_{k−1}A d_{k−1}; the deep conjugate direction
// method (Kaneda et al., ICML 2023) keeps two.

// noDescent is a dᵀr/(‖d‖‖r‖) that counts as none; r is the direction then.
const noDescent = 1e-12

// fcg solves a symmetric positive definite system with a preconditioner that
// may be nonlinear, unsymmetric or different at every call.
func fcg(ctx context.Context, s *system) outcome {
	if reduce := s.reduction(); reduce != nil {
		return reduce(ctx, s, fcg)
	}
	s.reset()
	r := s.work.take(len(s.b))
	l, ok := s.begin(ctx, r)
	if ok {
		l.conjugateFlexible(r)
	}
	return l.out
}

func (l *loop) conjugateFlexible(r []float64) {
	n := len(r)
	d, q := l.work.take(n), l.work.take(n)
	past := newDirections(l.system)
	drift := newDrift(l)
	rr := l.v.dot(r, r)
	useless, steepest := 0, false // times that f gave no descent; take d = r instead
	for k := 0; ; {
		if steepest {
			copy(d, r)
		} else {
			l.precondition(d, r)
		}
		past.orthogonalise(l.v, d)
		delta, dd := l.mulDot(q, d)
		descent := l.v.dot(d, r)
		if !finite(dd) || !finite(descent) {
			l.fail(solver.EvaluationError, fmt.Sprintf("the preconditioner gives a direction of norm %g at iteration %d", math.Sqrt(dd), k+1))
			break
		}
		if !steepest && math.Abs(descent) <= noDescent*math.Sqrt(dd*rr) {
			useless++
			past.forget()
			steepest = true
			continue
		}
		steepest = false
		if !(delta > 0) || math.IsInf(delta, 1) {
			l.badCurvature(k, delta, dd)
			break
		}
		k++
		alpha := descent / delta
		norm := math.Sqrt(rr)
		rr = l.v.cgUpdate(alpha, d, q, l.x, r)
		drift.add(norm, alpha, dd)
		d, q = past.keep(l.work, d, q, delta)

		next := l.judge(k, safeNorm(rr, r))
		if next == stop {
			break
		}
		if next == proceed && drift.due(k, rr) {
			l.truth()
			next = restart
		} else if next == restart {
			past.forget()
		}
		if next == restart {
			copy(r, l.t)
			drift.reset(k)
			rr = l.v.dot(r, r)
		}
	}
	if useless > 0 && l.out.breakdown == "" {
		l.out.breakdown = fmt.Sprintf("the preconditioner gave no descent %d times", useless)
	}
	l.out = l.finish()
}

// directions are the last ones and their products with A.
type directions struct {
	limit int // kept at most
	count int // kept now
	next  int // place of the oldest, when full
	d, q  [][]float64
	delta []float64 // d_iᵀA d_i
	coef  []float64
}

// newDirections keeps as many as the system says and its memory allows.
func newDirections(s *system) *directions {
	limit := s.directions
	if limit < 0 {
		limit = s.maxIter
	}
	if s.memory > 0 {
		limit = min(limit, max(1, int(s.memory/int64(16*max(1, len(s.b))))))
	}
	return &directions{limit: limit}
}

func (p *directions) forget() { p.count, p.next = 0, 0 }

// orthogonalise makes z A-orthogonal to the directions by the classical
// Gram–Schmidt process: all coefficients are those of z itself.
func (p *directions) orthogonalise(v *vectors, z []float64) {
	if p.count == 0 {
		return
	}
	v.project(p.q[:p.count], z, p.coef)
	for i := range p.count {
		p.coef[i] /= -p.delta[i]
	}
	v.combine(p.d[:p.count], p.coef, z)
}

// keep takes over d and q, and returns two vectors for the next direction.
func (p *directions) keep(w *workspace, d, q []float64, delta float64) (nextD, nextQ []float64) {
	if p.limit == 0 {
		return d, q
	}
	i := p.next
	if p.count < p.limit {
		p.count++
	}
	p.next = (i + 1) % p.limit
	if i == len(p.d) {
		p.d, p.q = append(p.d, w.take(len(d))), append(p.q, w.take(len(q)))
		p.delta, p.coef = append(p.delta, 0), append(p.coef, 0)
	}
	nextD, nextQ = p.d[i], p.q[i]
	p.d[i], p.q[i], p.delta[i] = d, q, delta
	return nextD, nextQ
}
