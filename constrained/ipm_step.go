package constrained

import (
	"context"
	"math"
)

// reduced is the system of a step after the slacks (and p and n), whose columns in
// A are ±1, have been eliminated:
//
//	[ H + Σ + δ_w   ∇cᵀ                ] [p]     [ ∇φ + Aᵀy of x             ]
//	[ ∇c           −δ_c − Σ_b 1/D_b    ] [q] = − [ r − Σ_b a_b r_b / D_b      ]
//
// D_b = Σ_b + δ_w and r_b of an eliminated unknown with the column a_b.
func (s *interior) reduced(dw float64, e, right []float64) {
	n, m := s.n, s.m
	for j := range n {
		right[j] = -(s.slope[j] + s.lag[j] - s.grad[j])
	}
	for i := range m {
		e[i], right[n+i] = 0, -s.rowTarget[i]
		if !s.q.equation[i] {
			s.reduce(n+i, -1, dw, &e[i], &right[n+i])
		}
		if s.outer != nil {
			s.reduce(n+m+i, -1, dw, &e[i], &right[n+i])
			s.reduce(n+2*m+i, 1, dw, &e[i], &right[n+i])
		}
	}
}

func (s *interior) reduce(b int, column, dw float64, e, right *float64) {
	d := s.sigma[b] + dw
	*e += 1 / d
	*right += column * (s.slope[b] + s.lag[b] - s.grad[b]) / d
}

// unpack completes the solution of the reduced system to steps of v and y.
func (s *interior) unpack() {
	n, m := s.n, s.m
	copy(s.p, s.sol[:n])
	copy(s.dy, s.sol[n:])
	for i := range m {
		if !s.q.equation[i] {
			s.expand(n+i, -1, i)
		}
		if s.outer != nil {
			s.expand(n+m+i, -1, i)
			s.expand(n+2*m+i, 1, i)
		}
	}
}

func (s *interior) expand(b int, column float64, row int) {
	s.p[b] = -(s.slope[b] + s.lag[b] - s.grad[b] + column*s.dy[row]) / (s.sigma[b] + s.k.dw)
}

// multiplierSteps are the steps of z that belong to the step p of v.
func (s *interior) multiplierSteps(p []float64) {
	none := math.Inf(1)
	for j, t := range s.v {
		s.dl[j], s.du[j] = 0, 0
		if s.lo[j] > -none {
			d := t - s.lo[j]
			s.dl[j] = s.mu/d - s.zl[j] - s.zl[j]/d*p[j]
		}
		if s.hi[j] < none {
			d := s.hi[j] - t
			s.du[j] = s.mu/d - s.zu[j] + s.zu[j]/d*p[j]
		}
	}
}

// newton finds the step. The error is errNoStep where there is none.
func (s *interior) newton(ctx context.Context) error {
	if !s.q.hessian(s.pt.x, s.objectiveWeight(), s.y, s.h) {
		return errNoStep
	}
	s.k.fill(s.h, s.pt.jac, s.sigma[:s.n])
	copy(s.rowTarget, s.r)
	if err := s.k.newton(ctx, s.mu, s.system, s.sol); err != nil {
		return err
	}
	s.unpack()
	return nil
}

// objectiveWeight is that of f in the Lagrangian.
func (s *interior) objectiveWeight() float64 {
	if s.outer != nil {
		return 0
	}
	return 1
}

// try evaluates φ and θ at v + α p.
func (s *interior) try(alpha float64, p []float64) bool {
	t := &s.trial
	for j, d := range p {
		t.v[j] = s.v[j] + alpha*d
	}
	f, ok := s.q.values(t.v[:s.n], t.c)
	if !ok {
		t.theta, t.phi = math.Inf(1), math.Inf(1)
		return false
	}
	t.f = f
	s.residuals(t.v, t.c, t.r)
	t.theta, t.phi = norm1(t.r), s.barrier(t.v, s.objective(t.v, f))
	return finite(t.theta) && finite(t.phi)
}

// accept moves to the trial, y by the step length alpha and z by its own, and
// reports whether the derivatives are defined there.
func (s *interior) accept(alpha float64) bool {
	s.multiplierSteps(s.p)
	copy(s.v, s.trial.v)
	for i, d := range s.dy {
		s.y[i] += alpha * d
	}
	az := min(shrink(s.zl, s.dl, s.tau), shrink(s.zu, s.du, s.tau))
	for j := range s.v {
		s.zl[j] += az * s.dl[j]
		s.zu[j] += az * s.du[j]
	}
	s.keepDistance()
	if !s.q.first(s.pt) {
		return false
	}
	s.clip()
	s.gradients()
	return true
}

// keepDistance moves a bound that rounding has made v reach.
func (s *interior) keepDistance() {
	const move = 1.8e-12 // ε^¾
	for j, t := range s.v {
		if t-s.lo[j] < 0x1p-52*s.mu {
			s.lo[j] = t - move*math.Max(1, math.Abs(t))
		}
		if s.hi[j]-t < 0x1p-52*s.mu {
			s.hi[j] = t + move*math.Max(1, math.Abs(t))
		}
	}
}

// clip keeps z within the factor 1e10 of μ over the distance.
func (s *interior) clip() {
	const factor = 1e10
	none := math.Inf(1)
	for j, t := range s.v {
		if s.lo[j] > -none {
			z := s.mu / (t - s.lo[j])
			s.zl[j] = min(max(s.zl[j], z/factor), z*factor)
		}
		if s.hi[j] < none {
			z := s.mu / (s.hi[j] - t)
			s.zu[j] = min(max(s.zu[j], z/factor), z*factor)
		}
	}
}

// central sets z = μ / distance.
func (s *interior) central() {
	none := math.Inf(1)
	for j, t := range s.v {
		s.zl[j], s.zu[j] = 0, 0
		if s.lo[j] > -none {
			s.zl[j] = s.mu / (t - s.lo[j])
		}
		if s.hi[j] < none {
			s.zu[j] = s.mu / (s.hi[j] - t)
		}
	}
}

// leastSquares sets y by least squares, for the current z; 0 where that is large.
func (s *interior) leastSquares(ctx context.Context) error {
	g, slacks := s.multiplierData()
	_, err := s.k.leastSquares(ctx, g, s.pt.jac, slacks, s.y)
	s.lagrangian()
	s.refresh()
	return err
}

// multiplierData are ∇F − z of x, and −(∇F − z) of the slacks with its sign turned
// as kkt.leastSquares takes it. They overwrite dl and du.
func (s *interior) multiplierData() (g, slacks []float64) {
	n := s.n
	for j := range s.dl {
		s.dl[j] = s.grad[j] - s.zl[j] + s.zu[j]
	}
	return s.dl[:n], s.dl[n : n+s.m]
}
