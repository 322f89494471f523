//go:build !amd64 || purego

package kern

func logistic(grad, hess, eta, y, w []float64) (sum, err float64) {
	return logisticGo(grad, hess, eta, y, w)
}

func logisticValue(eta, y, w []float64) (sum, err float64) {
	return logisticValueGo(eta, y, w)
}

func poisson(grad, hess, eta, y, w []float64) (sum, err float64) {
	return poissonGo(grad, hess, eta, y, w)
}

func poissonValue(eta, y, w []float64) (sum, err float64) {
	return poissonValueGo(eta, y, w)
}

func squared(grad, eta, y, w []float64) (sum, err float64) {
	return squaredGo(grad, eta, y, w)
}

func squaredValue(eta, y, w []float64) (sum, err float64) {
	return squaredValueGo(eta, y, w)
}

func binaryEntropy(dst, a []float64) {
	binaryEntropyGo(dst, a)
}
