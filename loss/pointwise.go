package loss

import "math"

// pointwise is ℓ for one sample, conjugable ℓ*; the vector forms below sum
// them up.
type pointwise interface {
	value(eta, y float64) float64
	derivatives(eta, y float64) (value, first, second float64)
}

type conjugable interface {
	conjugate(t, y float64) float64
}

func sumValues(p pointwise, eta, y, w []float64) float64 {
	var sum compensated
	y = y[:len(eta)]
	for i, e := range eta {
		if w == nil {
			sum.add(p.value(e, y[i]))
		} else if w[i] != 0 {
			sum.add(w[i] * p.value(e, y[i]))
		}
	}
	return sum.value()
}

func sumDerivatives(p pointwise, eta, y, w, grad, hess []float64) float64 {
	var sum compensated
	y, grad = y[:len(eta)], grad[:len(eta)]
	for i, e := range eta {
		weight := 1.0
		if w != nil {
			weight = w[i]
		}
		var value, first, second float64
		if weight != 0 {
			value, first, second = p.derivatives(e, y[i])
			value, first, second = weight*value, weight*first, weight*second
		}
		sum.add(value)
		grad[i] = first
		if hess != nil {
			hess[i] = second
		}
	}
	return sum.value()
}

func sumConjugates(p conjugable, theta, y, w []float64) float64 {
	var sum compensated
	y = y[:len(theta)]
	for i, t := range theta {
		switch {
		case w == nil:
			sum.add(p.conjugate(t, y[i]))
		case w[i] != 0:
			sum.add(w[i] * p.conjugate(t/w[i], y[i]))
		case t != 0:
			return math.Inf(1) // the conjugate of the zero function
		}
	}
	return sum.value()
}
