//go:build amd64 && !purego

package kern

func logistic(grad, hess, eta, y, w []float64) (sum, err float64) {
	switch isa {
	case isaAVX512:
		return logisticAVX512(grad, hess, eta, y, w)
	case isaAVX2:
		return logisticAVX2(grad, hess, eta, y, w)
	}
	return logisticGo(grad, hess, eta, y, w)
}

func logisticValue(eta, y, w []float64) (sum, err float64) {
	switch isa {
	case isaAVX512:
		return logisticValueAVX512(eta, y, w)
	case isaAVX2:
		return logisticValueAVX2(eta, y, w)
	}
	return logisticValueGo(eta, y, w)
}

func poisson(grad, hess, eta, y, w []float64) (sum, err float64) {
	switch isa {
	case isaAVX512:
		return poissonAVX512(grad, hess, eta, y, w)
	case isaAVX2:
		return poissonAVX2(grad, hess, eta, y, w)
	}
	return poissonGo(grad, hess, eta, y, w)
}

func poissonValue(eta, y, w []float64) (sum, err float64) {
	switch isa {
	case isaAVX512:
		return poissonValueAVX512(eta, y, w)
	case isaAVX2:
		return poissonValueAVX2(eta, y, w)
	}
	return poissonValueGo(eta, y, w)
}

func squared(grad, eta, y, w []float64) (sum, err float64) {
	switch isa {
	case isaAVX512:
		return squaredAVX512(grad, eta, y, w)
	case isaAVX2:
		return squaredAVX2(grad, eta, y, w)
	}
	return squaredGo(grad, eta, y, w)
}

func squaredValue(eta, y, w []float64) (sum, err float64) {
	switch isa {
	case isaAVX512:
		return squaredValueAVX512(eta, y, w)
	case isaAVX2:
		return squaredValueAVX2(eta, y, w)
	}
	return squaredValueGo(eta, y, w)
}

func binaryEntropy(dst, a []float64) {
	switch isa {
	case isaAVX512:
		binaryEntropyAVX512(dst, a)
	case isaAVX2:
		binaryEntropyAVX2(dst, a)
	default:
		binaryEntropyGo(dst, a)
	}
}
