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

func faceMulNarrow(g *FaceGrid[float64], o int, p, q []float32) float64 { return faceMulGo(g, o, p, q) }

func faceDiff(g *FaceGrid[float32], o int, p, q []float32) float64 { return faceDiffGo(g, o, p, q) }

func foldPairs(c, s []float32) { foldPairsGo(c, s) }

func spreadPairs(theta float32, c, x []float32) { spreadPairsGo(theta, c, x) }

func mixedDirection(a float64, x []float64, z []float32, beta float32, p []float32) {
	mixedDirectionGo(a, x, z, beta, p)
}

func mixedDot2(z, r, q []float32) (zr, zq float64) { return mixedDot2Go(z, r, q) }

func mixedStep(alpha float32, q, r []float32) float64 { return mixedStepGo(alpha, q, r) }

func mixedDefect(scale float64, b, y []float64, r []float32) float64 {
	return mixedDefectGo(scale, b, y, r)
}

func repeats(col []int32, val []float64, w int) int { return repeatsGo(col, val, w) }
