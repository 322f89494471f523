package loss

import (
	"fmt"
	"math"
)

// Huber is ℓ = ½r² for |r| ≤ δ and δ|r| − ½δ² beyond, r = η−y. It panics
// unless delta is positive and finite; ByName checks that.
func Huber(delta float64) Loss {
	mustBeDelta(delta)
	return huber{delta}
}

// SmoothHuber is ℓ = δ²(√(1+(r/δ)²) − 1), r = η−y, also called pseudo-Huber.
// It panics unless delta is positive and finite; ByName checks that.
func SmoothHuber(delta float64) Loss {
	mustBeDelta(delta)
	return smoothHuber{delta}
}

func mustBeDelta(delta float64) {
	if !validDelta(delta) {
		panic(fmt.Sprintf("loss: δ of a Huber loss is %v", delta))
	}
}

// Majorised is a loss with quadratics that touch it at η and lie above it
// everywhere, flatter than its largest curvature asks for.
type Majorised interface {
	Loss
	// Majorise stores the curvature of each quadratic, w_i ℓ′(η_i; y_i)/(η_i − y_i),
	// in hess (Huber, Robust Statistics, 1981, sec. 7.8).
	Majorise(eta, y, w, hess []float64)
}

type huber struct{ delta float64 }

func (huber) Name() string             { return "huber" }
func (huber) Curvature() float64       { return 1 }
func (huber) SelfConcordance() float64 { return math.Inf(1) } // ℓ″ jumps at ±δ

func (h huber) CheckTarget(y []float64) error {
	return checkTargets(h.Name(), "finite numbers", y, isFinite)
}

func (h huber) value(eta, y float64) float64 {
	r := math.Abs(eta - y)
	if r > h.delta {
		return h.delta * (r - 0.5*h.delta)
	}
	return 0.5 * r * r
}

func (h huber) derivatives(eta, y float64) (value, first, second float64) {
	r := eta - y
	if math.Abs(r) > h.delta {
		return h.value(eta, y), math.Copysign(h.delta, r), 0
	}
	return 0.5 * r * r, r, 1
}

func (h huber) conjugate(t, y float64) float64 {
	if !(math.Abs(t) <= h.delta*(1+slack)) {
		return math.Inf(1)
	}
	return t * (0.5*t + y)
}

func (h huber) Value(eta, y, w []float64) float64 { return sumValues(h, eta, y, w) }

func (h huber) Derivatives(eta, y, w, grad, hess []float64) float64 {
	return sumDerivatives(h, eta, y, w, grad, hess)
}

func (h huber) Conjugate(theta, y, w []float64) float64 { return sumConjugates(h, theta, y, w) }

// Majorise: 1 within δ, δ/|r| beyond.
func (h huber) Majorise(eta, y, w, hess []float64) {
	for i, e := range eta {
		hess[i] = weightAt(w, i)
		if r := math.Abs(e - y[i]); r > h.delta {
			hess[i] *= h.delta / r
		}
	}
}

func weightAt(w []float64, i int) float64 {
	if w == nil {
		return 1
	}
	return w[i]
}

type smoothHuber struct{ delta float64 }

func (smoothHuber) Name() string               { return "smooth-huber" }
func (smoothHuber) Curvature() float64         { return 1 }
func (s smoothHuber) SelfConcordance() float64 { return 1.5 / s.delta }

func (s smoothHuber) CheckTarget(y []float64) error {
	return checkTargets(s.Name(), "finite numbers", y, isFinite)
}

func (s smoothHuber) value(eta, y float64) float64 {
	v, _, _ := s.derivatives(eta, y)
	return v
}

// derivatives writes √(1+q²) − 1 as q²/(1+√(1+q²)), which doesn't cancel.
// From q = 1e8 on, the square hides the 1, and q may be infinite.
func (s smoothHuber) derivatives(eta, y float64) (value, first, second float64) {
	r := eta - y
	q := math.Abs(r) / s.delta
	if q > 1e8 {
		inv := 1 / q
		return s.delta * (math.Abs(r) - s.delta), math.Copysign(s.delta, r), inv * inv * inv
	}
	root := math.Sqrt(1 + q*q)
	inv := 1 / root
	return s.delta * math.Abs(r) * (q / (1 + root)), r * inv, inv * inv * inv
}

// conjugate is δ² − δ√(δ²−t²) + ty without the cancellation.
func (s smoothHuber) conjugate(t, y float64) float64 {
	v := math.Abs(t) / s.delta
	if !(v <= 1+slack) {
		return math.Inf(1)
	}
	v = min(v, 1)
	return t * (t/(1+math.Sqrt((1-v)*(1+v))) + y)
}

func (s smoothHuber) Value(eta, y, w []float64) float64 { return sumValues(s, eta, y, w) }

func (s smoothHuber) Derivatives(eta, y, w, grad, hess []float64) float64 {
	return sumDerivatives(s, eta, y, w, grad, hess)
}

func (s smoothHuber) Conjugate(theta, y, w []float64) float64 { return sumConjugates(s, theta, y, w) }

// Majorise: 1/√(1+(r/δ)²).
func (s smoothHuber) Majorise(eta, y, w, hess []float64) {
	for i, e := range eta {
		hess[i] = weightAt(w, i) / math.Hypot(1, (e-y[i])/s.delta)
	}
}
