package bcd

import (
	"context"
	"math"

	"solve/internal/kern"
)

// subproblem is the penalised quadratic over the columns W of a working set,
//
//	q(x) = ∇ᵀ(x−x̄) + ½(x−x̄)ᵀG(x−x̄) + Σ_W Ω_k(x_k),  G = X_Wᵀ diag(h) X_W,
//
// with the intercept minimised over throughout. For least squares it is the
// problem itself, for other losses Newton's model. Either G is at hand and the
// gradient g of the smooth part is kept (Gram mode), or only
// v = ∇F + h∘X_W(x−x̄) is (residual mode), from which gradients follow column
// by column.
type subproblem struct {
	d       *design
	cols    []int32
	x, ref  []float64 // now, and x̄
	g, gref []float64 // gradient of the smooth part, at x (Gram mode: always; residual mode: after gradients) and at x̄
	diag    []float64 // G_kk
	inv     []float64 // 1/(G_kk + l2_k); 0 where there is no curvature
	l1, l2  []float64
	lo, hi  []float64 // nil = no bounds
	groups  []span    // nil = separable
	next    []float64
	signs   int     // coordinates that changed sign or left or met 0 in the last sweep
	touched int     // coordinates that changed in the last sweep
	fell    float64 // at least so much did q fall in the last sweep in residual mode
	rough   float64 // residual mode ends with a sweep that has less than this part of the whole decrease

	gram *gram // nil = residual mode

	v     []float64 // residual mode: len n
	sum   float64   // Σv, where there is an intercept
	total float64   // Σh there, else 0
	mean  []float64 // Σ h x_k/Σh
	omega float64   // h of every row; 0 = wcols holds h∘X_k
	h     []float64 // nil where omega is not 0
	wcols []float64
	wptr  []int64

	q float64 // Σ θ²/h at x̄ for least squares, for gaps; NaN for Newton models

	accel  anderson
	factor []float64 // Newton's matrix
	bend   float64   // part of the curvature along x_g that a quadratic above the norms has and they have not
	work   newtonWork
	spent  struct{ cd, newton float64 } // estimated nanoseconds
	wait   float64                      // multiplies what Newton may cost; grows with failures
	stats  *Stats
	opt    *Options
}

// resize makes room for m members.
func (s *subproblem) resize(m int, bounds bool) {
	for _, p := range []*[]float64{&s.x, &s.ref, &s.g, &s.gref, &s.diag, &s.inv, &s.l1, &s.l2} {
		*p = grow(*p, m)
	}
	if bounds {
		s.lo, s.hi = grow(s.lo, m), grow(s.hi, m)
	}
	s.wait = 1
	s.spent.cd, s.spent.newton = 0, 0
	s.accel.restart()
}

// grow returns a slice of length n, its contents undefined.
func grow(x []float64, n int) []float64 {
	if cap(x) < n {
		return make([]float64, n, n+n/4)
	}
	return x[:n]
}

// model is q(x) − Ω(x): the change of the smooth part since x̄. The gradient
// has to be current.
func (s *subproblem) model() float64 { return modelAt(s.x, s.ref, s.g, s.gref) }

// modelAt uses that the smooth part is quadratic: its change is the mean of
// the two gradients times the step.
func modelAt(x, ref, g, gref []float64) float64 {
	var sum, c float64
	for k, v := range x {
		t := 0.5 * (g[k] + gref[k]) * (v - ref[k])
		y := t - c
		u := sum + y
		c = (u - sum) - y
		sum = u
	}
	return sum
}

func (s *subproblem) penaltyAt(x []float64) float64 {
	sum := s.groupPenalty(x)
	for k, v := range x {
		if v != 0 {
			sum += s.l1[k]*math.Abs(v) + 0.5*s.l2[k]*v*v
		}
	}
	return sum
}

// value is q(x) of a point with gradient g.
func (s *subproblem) value(x, g []float64) float64 {
	return modelAt(x, s.ref, g, s.gref) + s.penaltyAt(x)
}

// gap bounds q(x) − min q: the duality gap of the rescaled gradient for least
// squares. For a Newton model, whose data term has no known lower part, it is
// the gap with the gradient as it is plus what the violations promise.
func (s *subproblem) gap() float64 {
	if s.groups != nil {
		return s.gapOfGroups()
	}
	scale := 1.0
	if !math.IsNaN(s.q) {
		scale = s.scaling()
	}
	sum := s.coordinatesGap(scale)
	if scale < 1 {
		sum += 0.5 * (1 - scale) * (1 - scale) * s.q2()
	}
	return sum
}

// coordinatesGap is the part of the gap that the penalty makes, at a scaling of
// the gradient.
func (s *subproblem) coordinatesGap(scale float64) float64 {
	sum := 0.0
	for k, x := range s.x {
		lo, hi := math.Inf(-1), math.Inf(1)
		if s.lo != nil {
			lo, hi = s.lo[k], s.hi[k]
		}
		sum += coordinateGap(x, scale*s.g[k], s.l1[k], s.l2[k], lo, hi, s.diag[k])
	}
	return sum
}

// q2 is Σ θ²/h at x: twice the loss there.
func (s *subproblem) q2() float64 { return max(0, s.q+2*s.model()) }

// scaling is the largest s ≤ 1 with s·g feasible.
func (s *subproblem) scaling() float64 {
	scale := 1.0
	for k, g := range s.g {
		if a := math.Abs(g); a*scale > s.l1[k] && s.l2[k] == 0 && s.l1[k] > 0 {
			if s.lo != nil && !constrains(g, s.lo[k], s.hi[k]) {
				continue
			}
			scale = s.l1[k] / a
		}
	}
	return scale
}

// constrains tells whether a dual value with gradient g is limited: the
// conjugate of the penalty is finite wherever the side that it pushes to is
// bounded.
func constrains(g, lo, hi float64) bool {
	if g > 0 {
		return math.IsInf(lo, -1)
	}
	return math.IsInf(hi, 1)
}

// coordinateGap is Ω_j(x) + Ω_j*(−g) + x g ≥ 0. Where the conjugate is
// infinite the decrease that a step with that curvature promises stands in.
func coordinateGap(x, g, l1, l2, lo, hi, curvature float64) float64 {
	own := l1*math.Abs(x) + 0.5*l2*x*x + x*g
	over := math.Abs(g) - l1
	if over <= 0 && lo <= 0 && hi >= 0 {
		return max(0, own)
	}
	if over <= 1e-15*l1 && l2 == 0 && lo <= 0 && hi >= 0 {
		return max(0, own)
	}
	// sup_β −gβ − l1|β| − l2β²/2 over [lo, hi]
	if l2 == 0 && constrains(g, lo, hi) && over > 0 {
		if curvature <= 0 {
			return math.Abs(own) + over
		}
		return math.Abs(own) + over*math.Abs(x) + over*over/curvature
	}
	var best float64
	if l2 > 0 {
		best = clip(shrink(-g, l1)/l2, lo, hi)
	} else if over > 0 {
		best = hi
		if g > 0 {
			best = lo
		}
	} else {
		best = clip(0, lo, hi)
	}
	return max(0, own-g*best-l1*math.Abs(best)-0.5*l2*best*best)
}

// shrink is the soft threshold.
func shrink(z, t float64) float64 {
	switch {
	case z > t:
		return z - t
	case z < -t:
		return z + t
	}
	return 0
}

func clip(x, lo, hi float64) float64 { return min(max(x, lo), hi) }

// gradients makes g current in residual mode.
func (s *subproblem) gradients() {
	if s.gram != nil {
		return
	}
	for k, j := range s.cols {
		s.g[k] = s.d.dot(int(j), s.v)
	}
	if s.total > 0 {
		kern.Axpy(-s.sum, s.mean, s.g)
	}
}

// checkEvery is the number of sweeps between looks at the gap.
const checkEvery = 5

// maxEpochs bounds the sweeps of one call.
const maxEpochs = 100_000

// solve runs until the gap is at most tol. It reports whether it got there.
func (s *subproblem) solve(ctx context.Context, tol float64) bool {
	accelerate := s.opt.anderson() > 0
	last, fallen := math.Inf(1), 0.0
	stalled := 0
	for epoch := 1; epoch <= maxEpochs; epoch++ {
		if ctx.Err() != nil {
			return false
		}
		s.sweep()
		s.stats.Epochs++
		s.stats.ColumnUpdates += s.touched
		if s.touched == 0 {
			s.gradients()
			return s.gap() <= tol
		}
		if fallen += s.fell; s.gram == nil && s.fell < s.rough*fallen {
			s.gradients()
			return s.gap() <= tol
		}
		if accelerate {
			s.extrapolate()
		}
		if s.gram == nil && epoch%checkEvery != 0 && epoch > 2 {
			continue
		}
		s.gradients()
		gap := s.gap()
		if gap <= tol {
			return true
		}
		if !s.opt.NoNewton && s.newtonPays() {
			s.newton()
			if gap = s.gap(); gap <= tol {
				return true
			}
		}
		if epoch%(4*checkEvery) == 0 {
			if gap >= 0.999*last {
				if stalled++; stalled > 10 {
					return false
				}
			} else {
				stalled = 0
			}
			last = min(gap, last)
		}
	}
	return false
}
