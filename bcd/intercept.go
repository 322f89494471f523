package bcd

import "math"

// maxIntercept bounds the steps for the intercept.
const maxIntercept = 200

// fitIntercept minimises the loss over x₀, the predictor otherwise fixed: a zero
// of Σθ, which grows with x₀, by Newton's method inside of a bracket. Where |Σθ|
// does not fall, on the linear pieces of a loss or after a step too far, steps
// double until there is a bracket, and then halve it.
func (e *engine) fitIntercept() {
	w := &e.newton
	w.trial = grow(w.trial, e.n)
	w.hess = grow(w.hess, e.n)
	eta := e.at.eta
	copy(w.trial, eta)
	t, lo, hi, reach := 0.0, math.Inf(-1), math.Inf(1), 1.0
	best := math.Inf(1) // |Σθ| so far
	slope, size, curvature := e.slopes(eta)
	for range maxIntercept {
		slow := !(math.Abs(slope) <= 0.5*best)
		rounding := 1e-15
		if slow {
			rounding = 1e-12
		}
		if math.Abs(slope) <= rounding*size && !math.IsInf(size, 1) {
			break
		}
		best = min(best, math.Abs(slope))
		if slope > 0 {
			hi = t
		} else {
			lo = t
		}
		step := -slope / curvature // not finite where exponentials overflow or vanish
		if next := t + step; slow || !(next > lo && next < hi) || math.IsInf(next, 0) {
			if reach *= 2; math.Abs(step) > reach && !math.IsInf(step, 0) {
				reach = math.Abs(step)
			}
			step = math.Copysign(reach, -slope)
			if !math.IsInf(lo, -1) && !math.IsInf(hi, 1) {
				step = between(lo, hi) - t
			}
		}
		if next := t + step; next == t || next-next != 0 {
			break
		}
		t += step
		for i, v := range w.trial {
			eta[i] = v + t
		}
		slope, size, curvature = e.slopes(eta)
	}
	e.at.x0 += t
}

// between halves an interval, or the exponent of its width where that exceeds
// its nearer end by far, as a step along a flat exponential leaves it.
func between(lo, hi float64) float64 {
	const far = 1e6
	width := hi - lo
	switch {
	case width > far*(1+min(math.Abs(lo), math.Abs(hi))) && math.Abs(lo) <= math.Abs(hi):
		return lo + math.Sqrt(width)
	case width > far*(1+min(math.Abs(lo), math.Abs(hi))):
		return hi - math.Sqrt(width)
	}
	return (lo + hi) / 2
}

// slopes sets θ and the second derivatives at η; it returns Σθ, Σ|θ| and a
// curvature in x₀ that is not flat where the loss is linear.
func (e *engine) slopes(eta []float64) (slope, size, curvature float64) {
	e.loss.Derivatives(eta, e.y, e.w, e.at.theta, e.newton.hess)
	total := 0.0
	for i, t := range e.at.theta {
		slope += t
		size += math.Abs(t)
		curvature += e.newton.hess[i]
		total += e.w[i]
	}
	if c := e.loss.Curvature(); !math.IsInf(c, 1) {
		curvature = max(curvature, leastHessian*c*total)
	}
	return slope, size, curvature
}
