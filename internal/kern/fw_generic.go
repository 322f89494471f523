//go:build !amd64 || purego

package kern

func faceRelax(g *FaceGrid[float32], o, parity int, keep, omega float32, x, b []float32) {
	faceRelaxGo(g, o, parity, keep, omega, x, b)
}

func faceStart(g *FaceGrid[float32], o, parity int, omega float32, x, b []float32) {
	faceStartGo(g, o, parity, omega, x, b)
}

func faceResidual(g *FaceGrid[float32], o, parity, fold int, mix *Mix[float32], x, b, sums []float32) {
	faceResidualGo(g, o, parity, fold, mix, x, b, sums)
}

func faceMul(g *FaceGrid[float64], o int, p, q []float64) float64 { return faceMulGo(g, o, p, q) }

func foldPairs(c, s []float32) { foldPairsGo(c, s) }

func spreadPairs(theta float32, c, x []float32) { spreadPairsGo(theta, c, x) }

func mixedXpby(z []float32, beta float64, p []float64) { mixedXpbyGo(z, beta, p) }

func mixedDot2(z []float32, r, q []float64) (zr, zq float64) { return mixedDot2Go(z, r, q) }

func mixedUpdate(alpha float64, p, q, x, r []float64, scale float64, b []float32) float64 {
	return mixedUpdateGo(alpha, p, q, x, r, scale, b)
}
