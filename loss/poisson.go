package loss

import (
	"math"

	"solve/internal/kern"
)

// Poisson is ℓ = e^η − yη for y ≥ 0: the negative log-likelihood of counts (or
// of rates, weighted by exposure) with mean e^η, less ln y!.
func Poisson() Loss { return poisson{} }

const poissonName = "poisson"

type poisson struct{}

func (poisson) Name() string             { return poissonName }
func (poisson) Curvature() float64       { return math.Inf(1) }
func (poisson) SelfConcordance() float64 { return 1 }

func (p poisson) CheckTarget(y []float64) error {
	return checkTargets(p.Name(), "numbers ≥ 0", y, func(v float64) bool { return v >= 0 })
}

func (poisson) Value(eta, y, w []float64) float64 {
	return kernelValue(kern.PoissonValue, eta, y, w)
}

func (poisson) Derivatives(eta, y, w, grad, hess []float64) float64 {
	return kernelDerivatives(kern.Poisson, eta, y, w, grad, hess)
}

// Conjugate sums a ln a − a with a = θ/w + y.
func (poisson) Conjugate(theta, y, w []float64) float64 {
	return blockConjugates(theta, y, w, meanOfDual, countEntropy)
}

func meanOfDual(t, y float64) (a float64, ok bool) { return nonNegative(t+y, max(y, 1)) }

// countEntropy computes dst = a ln a − a.
func countEntropy(dst, a []float64) {
	kern.Log(dst, a)
	for i, v := range a {
		if v == 0 {
			dst[i] = 0
		} else {
			dst[i] = v * (dst[i] - 1)
		}
	}
}
