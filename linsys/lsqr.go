package linsys

import (
	"context"
	"math"
)

// LSQR: least squares by the Golub–Kahan process, minimising ‖r‖.
//
// Paige & Saunders, ACM TOMS 8 (1982); symbols as there, with λ = 0: damping
// is part of the operator.

// lsqr solves what lsmr does. Its ‖Aᵀr‖ is not monotone.
func lsqr(ctx context.Context, s *system) outcome {
	if reduce := s.reduction(); reduce != nil {
		return reduce(ctx, s, lsqr)
	}
	return leastSquares(ctx, s, nil, func(g *golubKahan) lsMethod { return newLSQR(g) })
}

type lsqrState struct {
	g                *golubKahan
	w                []float64
	phibar, rhobar   float64
	largest, inverse float64 // ‖B‖_F², ‖B⁻¹‖_F²
}

func newLSQR(g *golubKahan) *lsqrState {
	s := &lsqrState{g: g, w: g.l.work.take(len(g.v))}
	s.restart()
	return s
}

func (s *lsqrState) restart() {
	copy(s.w, s.g.v)
	s.phibar, s.rhobar = s.g.beta, s.g.alpha
	s.largest, s.inverse = 0, 0
}

func (s *lsqrState) step() (residual, gradient float64) {
	g := s.g
	alpha := g.alpha
	ww := g.l.v.dot(s.w, s.w)
	g.step()
	c, sn, rho := givens(s.rhobar, g.beta)
	theta := sn * g.alpha
	s.rhobar = -c * g.alpha
	phi := c * s.phibar
	s.phibar *= sn
	g.l.v.axpy(ratio(phi, rho), s.w, g.y)
	g.l.v.xpby(g.v, -ratio(theta, rho), s.w)
	s.largest += alpha*alpha + g.beta*g.beta
	s.inverse += ratio(ww, rho*rho)
	return s.phibar, s.phibar * g.alpha * math.Abs(c)
}

// extremes returns bounds of the singular values: ‖A‖_F and ‖A⁺‖_F estimated.
func (s *lsqrState) extremes() (lo, hi float64) {
	return ratio(1, math.Sqrt(s.inverse)), math.Sqrt(s.largest)
}
