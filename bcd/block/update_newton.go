package block

import (
	"math"

	"solve/internal/kern"
)

// newtonUpdate is d = −(∇²_bb f)⁻¹g_b, shortened until f falls enough.
type newtonUpdate struct{ r *run }

func (u *newtonUpdate) step(b []int32, _ int, g, d []float64) error {
	n := len(b)
	h := u.r.square(n)
	u.r.obj.Curvature(b, h)
	f := newFactor(h, n)
	if f == nil {
		return errEigen
	}
	for k, v := range g {
		d[k] = -v
	}
	f.solve(d)
	slope := kern.Dot(g, d)
	if !(slope < 0) {
		clear(d)
		return nil
	}
	if u.r.obj.Quadratic() {
		return nil
	}
	trial := u.r.vector(4, n)
	alpha := lineSearch(slope, u.r.slack(), func(alpha float64) float64 {
		for k, v := range d {
			trial[k] = alpha * v
		}
		return u.r.obj.Change(b, g, trial)
	})
	for k := range d {
		d[k] *= alpha
	}
	return nil
}

const (
	armijo      = 1e-4
	searchSteps = 30
)

// lineSearch returns the first α of 1, … with φ(α) ≤ armijo·α·slope + slack,
// where φ(α) is the change of f at step α and slope = φ'(0) < 0; 0 if there is
// none. The next α minimises the parabola, then the cubic, through what is
// known, within [0.1, 0.5] of the last.
func lineSearch(slope, slack float64, change func(alpha float64) float64) float64 {
	alpha, value := 1.0, change(1)
	lastAlpha, lastValue := 0.0, 0.0
	for k := range searchSteps {
		if value <= armijo*alpha*slope+slack {
			return alpha
		}
		next := -slope * alpha * alpha / (2 * (value - slope*alpha))
		if k > 0 {
			next = cubic(slope, alpha, value, lastAlpha, lastValue)
		}
		if !(next >= 0.1*alpha) { // NaN, too
			next = 0.1 * alpha
		}
		lastAlpha, lastValue = alpha, value
		alpha = math.Min(next, 0.5*alpha)
		value = change(alpha)
	}
	return 0
}

// cubic minimises the cubic with φ(0) = 0, φ'(0) = slope and two values.
func cubic(slope, a1, v1, a0, v0 float64) float64 {
	r1, r0 := v1-slope*a1, v0-slope*a0
	a := (r1/(a1*a1) - r0/(a0*a0)) / (a1 - a0)
	b := (-a0*r1/(a1*a1) + a1*r0/(a0*a0)) / (a1 - a0)
	if a == 0 {
		return -slope / (2 * b)
	}
	return (-b + math.Sqrt(b*b-3*a*slope)) / (3 * a)
}
