package block

import (
	"math"

	"solve/internal/kern"
)

// twoMetricUpdate is Gafni and Bertsekas' projection for bounds: variables at
// a bound that the gradient pushes against take a scaled gradient step, the
// others Newton's step among themselves, and the step is shortened along the
// projection arc. A 1-norm of variables that keep their sign is linear.
type twoMetricUpdate struct {
	r *run
}

// nearBound is how close to a bound a variable may be that counts as active,
// at most.
const nearBound = 1e-4

func (u *twoMetricUpdate) step(b []int32, _ int, g, d []float64) error {
	n := len(b)
	h, slope, dir := u.r.square(n), u.r.vector(4, n), u.r.vector(5, n)
	u.r.obj.Curvature(b, h)
	u.addPenalty(b, g, h, slope)
	free := u.freeSet(b, slope)
	if err := u.direction(free, h, slope, dir); err != nil {
		return err
	}
	x, pen := u.r.obj.Point(), u.r.obj.Penalty()
	active := make([]bool, n)
	for k := range active {
		active[k] = true
	}
	linear := 0.0
	for _, k := range free {
		active[k] = false
		linear += slope[k] * dir[k]
	}
	alpha := 1.0
	for range searchSteps {
		want := alpha * linear
		for k, j := range b {
			_, _, lower, upper := pen.At(int(j))
			d[k] = math.Min(math.Max(x[j]+alpha*dir[k], lower), upper) - x[j]
			if active[k] {
				want += slope[k] * d[k]
			}
		}
		if u.r.change(b, g, d) <= armijo*want+u.r.slack() {
			return nil
		}
		alpha /= 2
	}
	clear(d)
	return nil
}

// addPenalty stores the gradient with the smooth part of the penalty in slope
// and adds its second derivative to h.
func (u *twoMetricUpdate) addPenalty(b []int32, g, h, slope []float64) {
	n, x, pen := len(b), u.r.obj.Point(), u.r.obj.Penalty()
	for k, j := range b {
		l1, l2, _, upper := pen.At(int(j))
		if upper <= 0 {
			l1 = -l1
		}
		slope[k] = g[k] + l1 + l2*x[j]
		h[k*n+k] += l2
	}
}

// freeSet lists the places that are not active: excluded variables never are
// free, others unless they are within ε of a bound and pushed against it.
func (u *twoMetricUpdate) freeSet(b []int32, slope []float64) []int {
	x, pen := u.r.obj.Point(), u.r.obj.Penalty()
	moved := 0.0
	for k, j := range b {
		_, _, lower, upper := pen.At(int(j))
		v := x[j] - math.Min(math.Max(x[j]-slope[k], lower), upper)
		moved += v * v
	}
	eps := math.Min(nearBound, math.Sqrt(moved))
	var free []int
	for k, j := range b {
		_, _, lower, upper := pen.At(int(j))
		pushed := x[j] <= lower+eps && slope[k] > 0 || x[j] >= upper-eps && slope[k] < 0
		if !pushed && !math.IsInf(slope[k], 0) {
			free = append(free, k)
		}
	}
	return free
}

// direction is −∇²_FF⁻¹ of the slope on the free set, and −slope_j/∇²_jj off it.
func (u *twoMetricUpdate) direction(free []int, h, slope, dir []float64) error {
	n := len(slope)
	for k, v := range slope {
		dir[k] = -v * inverseOf(h[k*n+k])
		if math.IsInf(v, 0) {
			dir[k], slope[k] = 0, 0
		}
	}
	if len(free) == 0 {
		return nil
	}
	p, err := newtonOn(free, h, n, slope)
	if err != nil {
		return err
	}
	if kern.Dot(p, gather(slope, free)) < 0 {
		for m, k := range free {
			dir[k] = p[m]
		}
	}
	return nil
}

// newtonOn solves h_FF p = −slope_F.
func newtonOn(free []int, h []float64, n int, slope []float64) ([]float64, error) {
	m := len(free)
	sub, p := make([]float64, m*m), make([]float64, m)
	for a, k := range free {
		p[a] = -slope[k]
		for c, l := range free {
			sub[a*m+c] = h[k*n+l]
		}
	}
	f := newFactor(sub, m)
	if f == nil {
		return nil, errEigen
	}
	f.solve(p)
	return p, nil
}

func gather(v []float64, at []int) []float64 {
	out := make([]float64, len(at))
	for m, k := range at {
		out[m] = v[k]
	}
	return out
}
