package bcd

import "math"

// maxIntercept bounds the Newton steps for the intercept.
const maxIntercept = 100

// fitIntercept minimises the loss over x₀, the predictor otherwise fixed: a zero
// of Σθ by Newton's method, its steps halved until |Σθ| falls.
func (e *engine) fitIntercept() {
	w := &e.newton
	w.trial = grow(w.trial, e.n)
	w.hess = grow(w.hess, e.n)
	eta := e.at.eta
	slope, size, curvature := e.slopes(eta)
	for range maxIntercept {
		if math.Abs(slope) <= 1e-15*size || !(curvature > 0) {
			return
		}
		step := -slope / curvature
		copy(w.trial, eta)
		before := slope
		for range 60 {
			for i, v := range w.trial {
				eta[i] = v + step
			}
			if slope, size, curvature = e.slopes(eta); math.Abs(slope) < math.Abs(before) {
				break
			}
			step *= 0.5
		}
		if !(math.Abs(slope) < math.Abs(before)) {
			copy(eta, w.trial)
			e.slopes(eta)
			return
		}
		e.at.x0 += step
	}
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
