package loss

import "math"

// chunk is the number of samples of one call to a kernel. The sums depend on
// it, so that it is the same whichever slices are nil.
const chunk = 1024

var ones = func() (v [chunk]float64) {
	for i := range v {
		v[i] = 1
	}
	return v
}()

// weights returns w[from:to], or ones.
func weights(w []float64, from, to int) []float64 {
	if w == nil {
		return ones[:to-from]
	}
	return w[from:to]
}

// kernelValue sums up a value kernel of internal/kern.
func kernelValue(kernel func(eta, y, w []float64) (sum, err float64), eta, y, w []float64) float64 {
	var total compensated
	for from := 0; from < len(eta); from += chunk {
		to := min(from+chunk, len(eta))
		total.merge(kernel(eta[from:to], y[from:to], weights(w, from, to)))
	}
	return total.value()
}

// kernelDerivatives sums up a derivative kernel of internal/kern.
func kernelDerivatives(kernel func(grad, hess, eta, y, w []float64) (sum, err float64), eta, y, w, grad, hess []float64) float64 {
	var total compensated
	var unused []float64
	if hess == nil {
		unused = make([]float64, min(chunk, len(eta)))
	}
	for from := 0; from < len(eta); from += chunk {
		to := min(from+chunk, len(eta))
		h := unused
		if hess != nil {
			h = hess[from:]
		}
		total.merge(kernel(grad[from:to], h[:to-from], eta[from:to], y[from:to], weights(w, from, to)))
	}
	return total.value()
}

// blockConjugates sums w·entropy(a) where a = point(θ/w, y) is the conjugate's
// own variable, or returns +Inf where point refuses.
func blockConjugates(theta, y, w []float64, point func(t, y float64) (a float64, ok bool), entropy func(dst, a []float64)) float64 {
	var total compensated
	a, e := make([]float64, min(chunk, len(theta))), make([]float64, min(chunk, len(theta)))
	for from := 0; from < len(theta); from += chunk {
		to := min(from+chunk, len(theta))
		wc := weights(w, from, to)
		a, e := a[:to-from], e[:to-from]
		for i, t := range theta[from:to] {
			ok := t == 0 // the conjugate of the zero function
			if a[i] = 0; wc[i] != 0 {
				a[i], ok = point(t/wc[i], y[from+i])
			}
			if !ok {
				return math.Inf(1)
			}
		}
		entropy(e, a)
		for i, v := range e {
			if wc[i] != 0 {
				total.add(wc[i] * v)
			}
		}
	}
	return total.value()
}
