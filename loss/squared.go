package loss

import "solve/internal/kern"

// Squared is ℓ = ½(η−y)² for any finite y.
func Squared() Loss { return squared{} }

type squared struct{}

func (squared) Name() string             { return "squared" }
func (squared) Curvature() float64       { return 1 }
func (squared) SelfConcordance() float64 { return 0 }

func (s squared) CheckTarget(y []float64) error {
	return checkTargets(s.Name(), "finite numbers", y, isFinite)
}

func (squared) conjugate(t, y float64) float64 { return t * (0.5*t + y) }

func (squared) Value(eta, y, w []float64) float64 {
	return kernelValue(kern.SquaredErrorValue, eta, y, w)
}

// Derivatives stores the weights in hess.
func (squared) Derivatives(eta, y, w, grad, hess []float64) float64 {
	var total compensated
	for from := 0; from < len(eta); from += chunk {
		to := min(from+chunk, len(eta))
		wc := weights(w, from, to)
		total.merge(kern.SquaredError(grad[from:to], eta[from:to], y[from:to], wc))
		if hess != nil {
			copy(hess[from:to], wc)
		}
	}
	return total.value()
}

func (s squared) Conjugate(theta, y, w []float64) float64 { return sumConjugates(s, theta, y, w) }
