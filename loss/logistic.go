package loss

import "solve/internal/kern"

// Logistic is ℓ = ln(1+e^η) − yη for y in [0,1]: the negative log-likelihood
// of a Bernoulli variable (or of a proportion) with probability
// σ(η) = 1/(1+e^{−η}). Labels maps other labels to 0 and 1.
func Logistic() Loss { return logistic{} }

type logistic struct{}

func (logistic) Name() string             { return "logistic" }
func (logistic) Curvature() float64       { return 0.25 }
func (logistic) SelfConcordance() float64 { return 1 }

func (l logistic) CheckTarget(y []float64) error {
	return checkTargets(l.Name(), "numbers in [0,1]", y, func(v float64) bool { return v >= 0 && v <= 1 })
}

func (logistic) Value(eta, y, w []float64) float64 {
	return kernelValue(kern.LogisticValue, eta, y, w)
}

func (logistic) Derivatives(eta, y, w, grad, hess []float64) float64 {
	return kernelDerivatives(kern.Logistic, eta, y, w, grad, hess)
}

// Conjugate sums a ln a + b ln b with a = θ/w + y, b = 1−a, taken from the
// smaller of the two.
func (logistic) Conjugate(theta, y, w []float64) float64 {
	return blockConjugates(theta, y, w, smallerProbability, kern.BinaryEntropy)
}

func smallerProbability(t, y float64) (small float64, ok bool) {
	a, okA := nonNegative(t+y, 1)
	b, okB := nonNegative((1-y)-t, 1)
	return min(a, b), okA && okB
}
