package kern

// The data terms of generalised linear models: for every sample the loss
// ℓ(η_i; y_i), its two derivatives and a weight w_i, in one pass. The sums are
// returned as a pair whose exact total is sum + err up to second order:
// compensated by two-sums, so that err holds the rounding errors that sum has
// made. err means nothing where sum is not finite. A sample of weight 0 gives 0
// everywhere, whatever its η. No output may overlap an input.

// Logistic stores grad_i = w_i (σ(η_i) − y_i) and hess_i = w_i σ(η_i)(1−σ(η_i))
// and returns Σ w_i (ln(1+e^{η_i}) − y_i η_i), for y_i in [0,1]. Each of
// ln(1+e^{−|η|}), σ and σ(1−σ) is within 4 ulp, and neither the loss nor grad
// cancels where y_i is the label that η_i speaks for.
func Logistic(grad, hess, eta, y, w []float64) (sum, err float64) {
	checkGLM("Logistic", grad, hess, eta, y, w)
	return logistic(grad, hess, eta, y, w)
}

// LogisticValue returns the sum of Logistic, bit for bit, and nothing else.
func LogisticValue(eta, y, w []float64) (sum, err float64) {
	checkGLM("LogisticValue", eta, eta, eta, y, w)
	return logisticValue(eta, y, w)
}

// Poisson stores grad_i = w_i (e^{η_i} − y_i) and hess_i = w_i e^{η_i} and
// returns Σ w_i (e^{η_i} − y_i η_i). Where e^η overflows, all three are +Inf.
func Poisson(grad, hess, eta, y, w []float64) (sum, err float64) {
	checkGLM("Poisson", grad, hess, eta, y, w)
	return poisson(grad, hess, eta, y, w)
}

// PoissonValue returns the sum of Poisson, bit for bit, and nothing else.
func PoissonValue(eta, y, w []float64) (sum, err float64) {
	checkGLM("PoissonValue", eta, eta, eta, y, w)
	return poissonValue(eta, y, w)
}

// SquaredError stores grad_i = w_i (η_i − y_i) and returns Σ ½ w_i (η_i − y_i)².
func SquaredError(grad, eta, y, w []float64) (sum, err float64) {
	checkGLM("SquaredError", grad, grad, eta, y, w)
	return squared(grad, eta, y, w)
}

// SquaredErrorValue returns the sum of SquaredError, bit for bit, and nothing
// else.
func SquaredErrorValue(eta, y, w []float64) (sum, err float64) {
	checkGLM("SquaredErrorValue", eta, eta, eta, y, w)
	return squaredValue(eta, y, w)
}

// BinaryEntropy computes dst_i = a_i ln a_i + (1−a_i) ln(1−a_i), minus the
// entropy of a coin, for 0 ≤ a_i ≤ ½ within 4 ulp; dst may be a. NaN stays NaN.
func BinaryEntropy(dst, a []float64) {
	checkLen("BinaryEntropy", "dst", len(dst), len(a))
	binaryEntropy(dst, a)
}

func checkGLM(kernel string, grad, hess, eta, y, w []float64) {
	n := len(eta)
	checkLen(kernel, "grad", len(grad), n)
	checkLen(kernel, "hess", len(hess), n)
	checkLen(kernel, "y", len(y), n)
	checkLen(kernel, "w", len(w), n)
}
