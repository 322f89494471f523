//go:build amd64 && !purego

package kern

// Dispatch to the assembly.

func dot(x, y []float64) float64 {
	switch isa {
	case isaAVX512:
		return dotAVX512(x, y)
	case isaAVX2:
		return dotAVX2(x, y)
	}
	return dotGo(x, y)
}

func dot2(x, y, z []float64) (xy, xz float64) {
	switch isa {
	case isaAVX512:
		return dot2AVX512(x, y, z)
	case isaAVX2:
		return dot2AVX2(x, y, z)
	}
	return dot2Go(x, y, z)
}

func sum(x []float64) float64 {
	switch isa {
	case isaAVX512:
		return sumAVX512(x)
	case isaAVX2:
		return sumAVX2(x)
	}
	return sumGo(x)
}

func axpy(a float64, x, y []float64) {
	switch isa {
	case isaAVX512:
		axpyAVX512(a, x, y)
	case isaAVX2:
		axpyAVX2(a, x, y)
	default:
		axpyGo(a, x, y)
	}
}

func xpby(x []float64, b float64, y []float64) {
	switch isa {
	case isaAVX512:
		xpbyAVX512(x, b, y)
	case isaAVX2:
		xpbyAVX2(x, b, y)
	default:
		xpbyGo(x, b, y)
	}
}

func cgUpdate(a float64, p, q, x, r []float64) float64 {
	switch isa {
	case isaAVX512:
		return cgUpdateAVX512(a, p, q, x, r)
	case isaAVX2:
		return cgUpdateAVX2(a, p, q, x, r)
	}
	return cgUpdateGo(a, p, q, x, r)
}

func accum2(c []float64, w0, w1 float64, e0, e1 []float64) {
	switch isa {
	case isaAVX512:
		accum2AVX512(c, w0, w1, e0, e1)
	case isaAVX2:
		accum2AVX2(c, w0, w1, e0, e1)
	default:
		accum2Go(c, w0, w1, e0, e1)
	}
}

func accum4(c []float64, w0, w1, w2, w3 float64, e0, e1, e2, e3 []float64) {
	switch isa {
	case isaAVX512:
		accum4AVX512(c, w0, w1, w2, w3, e0, e1, e2, e3)
	case isaAVX2:
		accum4AVX2(c, w0, w1, w2, w3, e0, e1, e2, e3)
	default:
		accum4Go(c, w0, w1, w2, w3, e0, e1, e2, e3)
	}
}

func softThreshold(dst, x []float64, t float64) {
	switch isa {
	case isaAVX512:
		softThresholdAVX512(dst, x, t)
	case isaAVX2:
		softThresholdAVX2(dst, x, t)
	default:
		softThresholdGo(dst, x, t)
	}
}

func exp(dst, x []float64) {
	switch isa {
	case isaAVX512:
		expAVX512(dst, x)
	case isaAVX2:
		expAVX2(dst, x)
	default:
		expGo(dst, x)
	}
}

func log(dst, x []float64) {
	switch isa {
	case isaAVX512:
		logAVX512(dst, x)
	case isaAVX2:
		logAVX2(dst, x)
	default:
		logGo(dst, x)
	}
}

func maxRow(g, c []float64, invEps float64) float64 {
	switch isa {
	case isaAVX512:
		return maxRowAVX512(g, c, invEps)
	case isaAVX2:
		return maxRowAVX2(g, c, invEps)
	}
	return maxRowGo(g, c, invEps)
}

func minUpdate(dst, c []float64, f float64) {
	switch isa {
	case isaAVX512:
		minUpdateAVX512(dst, c, f)
	case isaAVX2:
		minUpdateAVX2(dst, c, f)
	default:
		minUpdateGo(dst, c, f)
	}
}

func minRow(g, c []float64) float64 {
	switch isa {
	case isaAVX512:
		return minRowAVX512(g, c)
	case isaAVX2:
		return minRowAVX2(g, c)
	}
	return minRowGo(g, c)
}

func planRow(dst []float64, f float64, g, c []float64, invEps float64) float64 {
	switch isa {
	case isaAVX512:
		return planRowAVX512(dst, f, g, c, invEps)
	case isaAVX2:
		return planRowAVX2(dst, f, g, c, invEps)
	}
	return planRowGo(dst, f, g, c, invEps)
}

func planRowSum(f float64, g, c []float64, invEps float64) float64 {
	switch isa {
	case isaAVX512:
		return planRowSumAVX512(f, g, c, invEps)
	case isaAVX2:
		return planRowSumAVX2(f, g, c, invEps)
	}
	return planRowSumGo(f, g, c, invEps)
}

func selectPlan(octCol []int32, octVal []float64, col []int32, val, e []float64, scale, rowThr float64, thr []float64, j0 int32) (octets, singles int) {
	switch isa {
	case isaAVX512:
		return selectPlanAVX512(octCol, octVal, col, val, e, scale, rowThr, thr, j0)
	case isaAVX2:
		return selectPlanAVX2(octCol, octVal, col, val, e, scale, rowThr, thr, j0)
	}
	return selectPlanGo(octCol, octVal, col, val, e, scale, rowThr, thr, j0)
}

// gemmShape returns the rows and columns of the micro-kernel's tile.
func gemmShape() (mr, nr int) {
	switch isa {
	case isaAVX512:
		return 8, 24
	case isaAVX2:
		return 4, 12
	}
	return goMR, goNR
}

func gemmKernel(kc int, a, b, c []float64, ldc int) {
	switch isa {
	case isaAVX512:
		gemmKernelAVX512(kc, a, b, c, ldc)
	case isaAVX2:
		gemmKernelAVX2(kc, a, b, c, ldc)
	default:
		gemmKernelGo(kc, a, b, c, ldc)
	}
}

func finishSqDist(c, ny []float64, nx float64) {
	switch isa {
	case isaAVX512:
		finishSqDistAVX512(c, ny, nx)
	case isaAVX2:
		finishSqDistAVX2(c, ny, nx)
	default:
		finishSqDistGo(c, ny, nx)
	}
}

// The sparse kernels are scalar code with FMA, the same for AVX2 and AVX-512.

func gatherDot(col []int32, val, x []float64) float64 {
	if isa == isaGo {
		return gatherDotGo(col, val, x)
	}
	return gatherDotFMA(col, val, x)
}

func scatterAxpy(a float64, col []int32, val, y []float64) {
	if isa == isaGo {
		scatterAxpyGo(a, col, val, y)
		return
	}
	scatterAxpyFMA(a, col, val, y)
}

func spmv(rowptr []int64, col []int32, val, x, y []float64) {
	if isa == isaGo {
		spmvGo(rowptr, col, val, x, y)
		return
	}
	spmvFMA(rowptr, col, val, x, y)
}

func spmtv(rowptr []int64, col []int32, val, x, y []float64) {
	if isa == isaGo {
		spmtvGo(rowptr, col, val, x, y)
		return
	}
	spmtvFMA(rowptr, col, val, x, y)
}

func octetMV(rowptr []int64, col []int32, val, x, y []float64) {
	switch isa {
	case isaAVX512:
		octetMVAVX512(rowptr, col, val, x, y)
	case isaAVX2:
		octetMVAVX2(rowptr, col, val, x, y)
	default:
		octetMVGo(rowptr, col, val, x, y)
	}
}

func octetMTV(rowptr []int64, col []int32, val, x, y []float64) {
	switch isa {
	case isaAVX512:
		octetMTVAVX512(rowptr, col, val, x, y)
	case isaAVX2:
		octetMTVAVX2(rowptr, col, val, x, y)
	default:
		octetMTVGo(rowptr, col, val, x, y)
	}
}

func octetSquares(rowptr []int64, col []int32, val, x, y []float64) {
	switch isa {
	case isaAVX512:
		octetSquaresAVX512(rowptr, col, val, x, y)
	case isaAVX2:
		octetSquaresAVX2(rowptr, col, val, x, y)
	default:
		octetSquaresGo(rowptr, col, val, x, y)
	}
}
