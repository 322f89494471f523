//go:build !amd64 || purego

package kern

func detectISA() isaLevel { return isaGo }

func dot(x, y []float64) float64 {
	return dotGo(x, y)
}

func dot2(x, y, z []float64) (xy, xz float64) {
	return dot2Go(x, y, z)
}

func sum(x []float64) float64 {
	return sumGo(x)
}

func axpy(a float64, x, y []float64) {
	axpyGo(a, x, y)
}

func xpby(x []float64, b float64, y []float64) {
	xpbyGo(x, b, y)
}

func cgUpdate(a float64, p, q, x, r []float64) float64 {
	return cgUpdateGo(a, p, q, x, r)
}

func accum2(c []float64, w0, w1 float64, e0, e1 []float64) {
	accum2Go(c, w0, w1, e0, e1)
}

func accum4(c []float64, w0, w1, w2, w3 float64, e0, e1, e2, e3 []float64) {
	accum4Go(c, w0, w1, w2, w3, e0, e1, e2, e3)
}

func softThreshold(dst, x []float64, t float64) {
	softThresholdGo(dst, x, t)
}

func exp(dst, x []float64) {
	expGo(dst, x)
}

func log(dst, x []float64) {
	logGo(dst, x)
}

func maxRow(g, c []float64, invEps float64) float64 {
	return maxRowGo(g, c, invEps)
}

func planRow(dst []float64, f float64, g, c []float64, invEps float64) float64 {
	return planRowGo(dst, f, g, c, invEps)
}

func planRowSum(f float64, g, c []float64, invEps float64) float64 {
	return planRowSumGo(f, g, c, invEps)
}

func minUpdate(dst, c []float64, f float64) {
	minUpdateGo(dst, c, f)
}

func minRow(g, c []float64) float64 {
	return minRowGo(g, c)
}

func selectPlan(octCol []int32, octVal []float64, col []int32, val, e []float64, scale, rowThr float64, thr []float64, j0 int32) (octets, singles int) {
	return selectPlanGo(octCol, octVal, col, val, e, scale, rowThr, thr, j0)
}

func sqDistRow(dst []float64, x []float64, y *SoA, j0 int) {
	sqDistRowGo(dst, x, y, j0)
}

func maxRowSq(x []float64, y *SoA, j0 int, g []float64, invEps float64) float64 {
	return maxRowSqGo(x, y, j0, g, invEps)
}

func planRowSq(dst []float64, f float64, x []float64, y *SoA, j0 int, g []float64, invEps float64) float64 {
	return planRowSqGo(dst, f, x, y, j0, g, invEps)
}

func planRowSqSum(f float64, x []float64, y *SoA, j0 int, g []float64, invEps float64) float64 {
	return planRowSqSumGo(f, x, y, j0, g, invEps)
}

func gatherDot(col []int32, val, x []float64) float64 {
	return gatherDotGo(col, val, x)
}

func scatterAxpy(a float64, col []int32, val, y []float64) {
	scatterAxpyGo(a, col, val, y)
}

func spmv(rowptr []int64, col []int32, val, x, y []float64) {
	spmvGo(rowptr, col, val, x, y)
}

func spmtv(rowptr []int64, col []int32, val, x, y []float64) {
	spmtvGo(rowptr, col, val, x, y)
}

func octetMV(rowptr []int64, col []int32, val, x, y []float64) {
	octetMVGo(rowptr, col, val, x, y)
}

func octetMTV(rowptr []int64, col []int32, val, x, y []float64) {
	octetMTVGo(rowptr, col, val, x, y)
}

func octetSquares(rowptr []int64, col []int32, val, x, y []float64) {
	octetSquaresGo(rowptr, col, val, x, y)
}

func finishSqDist(c, ny []float64, nx float64) {
	finishSqDistGo(c, ny, nx)
}

// gemmShape returns the rows and columns of the micro-kernel's tile.
func gemmShape() (mr, nr int) { return goMR, goNR }

func gemmKernel(kc int, a, b, c []float64, ldc int) { gemmKernelGo(kc, a, b, c, ldc) }
