package linsys

import (
	"context"
	"math"
)

// LSMR: least squares by the Golub–Kahan process, minimising ‖Aᵀr‖.
//
// Fong & Saunders, SISC 33 (2011); symbols as there, with λ = 0: damping is
// part of the operator.

// lsmr solves min ‖A x − b‖² + λ²‖x‖² for A of any shape and rank. Started
// from zero it gives the solution of least norm, in the norm of the scaled
// columns, where there are many.
func lsmr(ctx context.Context, s *system) outcome {
	if reduce := s.reduction(); reduce != nil {
		return reduce(ctx, s, lsmr)
	}
	return leastSquares(ctx, s, nil, func(g *golubKahan) lsMethod { return newLSMR(g) })
}

type lsmrState struct {
	g       *golubKahan
	h, hbar []float64

	zetabar, alphabar, rho, rhobar, cbar, sbar float64
	betadd, rhodold, tautildeold, thetatilde   float64
	zeta, betad, d, largestRhobar, smallRhobar float64
	rhotemp                                    float64
	k                                          int
}

func newLSMR(g *golubKahan) *lsmrState {
	s := &lsmrState{g: g, h: g.l.work.take(len(g.v)), hbar: g.l.work.take(len(g.v))}
	s.restart()
	return s
}

func (s *lsmrState) restart() {
	g := s.g
	copy(s.h, g.v)
	clear(s.hbar)
	s.zetabar, s.alphabar = g.alpha*g.beta, g.alpha
	s.rho, s.rhobar, s.cbar, s.sbar = 1, 1, 1, 0
	s.betadd, s.betad, s.rhodold, s.tautildeold, s.thetatilde, s.zeta, s.d = g.beta, 0, 1, 0, 0, 0, 0
	s.largestRhobar, s.smallRhobar, s.k = 0, math.Inf(1), 0
}

func (s *lsmrState) step() (residual, gradient float64) {
	g := s.g
	g.step()
	s.k++

	rhoold := s.rho
	c, sn, rho := givens(s.alphabar, g.beta)
	s.rho = rho
	thetanew := sn * g.alpha
	s.alphabar = c * g.alpha

	rhobarold, zetaold := s.rhobar, s.zeta
	thetabar := s.sbar * s.rho
	s.rhotemp = s.cbar * s.rho
	s.cbar, s.sbar, s.rhobar = givens(s.rhotemp, thetanew)
	s.zeta = s.cbar * s.zetabar
	s.zetabar = -s.sbar * s.zetabar

	g.l.v.golubKahan(s.h, -thetabar*s.rho/(rhoold*rhobarold), s.hbar,
		ratio(s.zeta, s.rho*s.rhobar), g.y, g.v, -ratio(thetanew, s.rho))

	// ‖r‖, §5.1 of the paper.
	betahat := c * s.betadd
	s.betadd *= -sn
	thetatildeold := s.thetatilde
	ctilde, stilde, rhotilde := givens(s.rhodold, thetabar)
	s.thetatilde = stilde * s.rhobar
	s.rhodold = ctilde * s.rhobar
	s.betad = -stilde*s.betad + ctilde*betahat
	s.tautildeold = ratio(zetaold-thetatildeold*s.tautildeold, rhotilde)
	taud := ratio(s.zeta-s.thetatilde*s.tautildeold, s.rhodold)

	s.largestRhobar = max(s.largestRhobar, rhobarold)
	if s.k > 1 {
		s.smallRhobar = min(s.smallRhobar, rhobarold)
	}
	return math.Hypot(s.betad-taud, s.betadd), math.Abs(s.zetabar)
}

// extremes estimates the smallest and the largest singular value.
func (s *lsmrState) extremes() (lo, hi float64) {
	if s.k == 0 {
		return 0, 0
	}
	if s.k == 1 {
		return s.rhotemp, s.rhotemp
	}
	return min(s.smallRhobar, s.rhotemp), max(s.largestRhobar, s.rhotemp)
}

// givens returns the rotation that takes (a, b) to (r, 0).
func givens(a, b float64) (c, s, r float64) {
	r = math.Hypot(a, b)
	if r == 0 {
		return 1, 0, 0
	}
	return a / r, b / r, r
}

// ratio is a/b, and 0 where a process has ended and b is 0.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
