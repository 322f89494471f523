package loss

import "math"

// SquaredHinge is ℓ = ½max(0, 1−yη)² for y = ±1, the loss of the L2 support
// vector machine.
func SquaredHinge() Loss { return squaredHinge{} }

// Hinge is ℓ = max(0, 1−yη) for y = ±1, the loss of the support vector
// machine. It has no curvature bound, and Derivatives gives a subgradient, 0
// at the kink, and hess = 0.
func Hinge() Loss { return hinge{} }

type squaredHinge struct{}

func (squaredHinge) Name() string             { return "sqhinge" }
func (squaredHinge) Curvature() float64       { return 1 }
func (squaredHinge) SelfConcordance() float64 { return math.Inf(1) } // ℓ″ jumps at yη = 1

func (s squaredHinge) CheckTarget(y []float64) error {
	return checkTargets(s.Name(), "1 and -1", y, isSign)
}

func (squaredHinge) value(eta, y float64) float64 {
	m := max(0, 1-y*eta)
	return 0.5 * m * m
}

func (squaredHinge) derivatives(eta, y float64) (value, first, second float64) {
	m := 1 - y*eta
	if m <= 0 {
		return 0, 0, 0
	}
	return 0.5 * m * m, -y * m, 1
}

func (squaredHinge) conjugate(t, y float64) float64 {
	a, ok := nonNegative(-t*y, 1)
	if !ok {
		return math.Inf(1)
	}
	return a * (0.5*a - 1)
}

func (s squaredHinge) Value(eta, y, w []float64) float64 { return sumValues(s, eta, y, w) }

func (s squaredHinge) Derivatives(eta, y, w, grad, hess []float64) float64 {
	return sumDerivatives(s, eta, y, w, grad, hess)
}

func (s squaredHinge) Conjugate(theta, y, w []float64) float64 { return sumConjugates(s, theta, y, w) }

type hinge struct{}

func (hinge) Name() string             { return "hinge" }
func (hinge) Curvature() float64       { return math.Inf(1) }
func (hinge) SelfConcordance() float64 { return math.Inf(1) }

func (h hinge) CheckTarget(y []float64) error {
	return checkTargets(h.Name(), "1 and -1", y, isSign)
}

func (hinge) value(eta, y float64) float64 { return max(0, 1-y*eta) }

func (hinge) derivatives(eta, y float64) (value, first, second float64) {
	m := 1 - y*eta
	switch {
	case m > 0:
		return m, -y, 0
	case m <= 0:
		return 0, 0, 0
	}
	return m, m, 0 // NaN
}

func (hinge) conjugate(t, y float64) float64 {
	a, ok := nonNegative(-t*y, 1)
	if !ok || a > 1+slack {
		return math.Inf(1)
	}
	return -a
}

func (h hinge) Value(eta, y, w []float64) float64 { return sumValues(h, eta, y, w) }

func (h hinge) Derivatives(eta, y, w, grad, hess []float64) float64 {
	return sumDerivatives(h, eta, y, w, grad, hess)
}

func (h hinge) Conjugate(theta, y, w []float64) float64 { return sumConjugates(h, theta, y, w) }
