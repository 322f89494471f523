//go:build amd64 && !purego

package kern

// Dispatch of the kernels on points: by instruction set and dimension.

func sqDistRow(dst []float64, x []float64, y *SoA, j0 int) {
	switch isa {
	case isaAVX512:
		sqDistRowAVX512(dst, x, y.Coord, j0)
	case isaAVX2:
		sqDistRowAVX2(dst, x, y.Coord, j0)
	default:
		sqDistRowGo(dst, x, y, j0)
	}
}

func maxRowSq(x []float64, y *SoA, j0 int, g []float64, invEps float64) float64 {
	if isa == isaGo {
		return maxRowSqGo(x, y, j0, g, invEps)
	}
	y0 := y.Coord[0][j0:]
	if y.D == 1 {
		if isa == isaAVX512 {
			return maxRowSq1AVX512(x[0], y0, g, invEps)
		}
		return maxRowSq1AVX2(x[0], y0, g, invEps)
	}
	y1 := y.Coord[1][j0:]
	if y.D == 2 {
		if isa == isaAVX512 {
			return maxRowSq2AVX512(x[0], x[1], y0, y1, g, invEps)
		}
		return maxRowSq2AVX2(x[0], x[1], y0, y1, g, invEps)
	}
	y2 := y.Coord[2][j0:]
	if isa == isaAVX512 {
		return maxRowSq3AVX512(x[0], x[1], x[2], y0, y1, y2, g, invEps)
	}
	return maxRowSq3AVX2(x[0], x[1], x[2], y0, y1, y2, g, invEps)
}

func planRowSq(dst []float64, f float64, x []float64, y *SoA, j0 int, g []float64, invEps float64) float64 {
	if isa == isaGo {
		return planRowSqGo(dst, f, x, y, j0, g, invEps)
	}
	y0 := y.Coord[0][j0:]
	if y.D == 1 {
		if isa == isaAVX512 {
			return planRowSq1AVX512(dst, f, x[0], y0, g, invEps)
		}
		return planRowSq1AVX2(dst, f, x[0], y0, g, invEps)
	}
	y1 := y.Coord[1][j0:]
	if y.D == 2 {
		if isa == isaAVX512 {
			return planRowSq2AVX512(dst, f, x[0], x[1], y0, y1, g, invEps)
		}
		return planRowSq2AVX2(dst, f, x[0], x[1], y0, y1, g, invEps)
	}
	y2 := y.Coord[2][j0:]
	if isa == isaAVX512 {
		return planRowSq3AVX512(dst, f, x[0], x[1], x[2], y0, y1, y2, g, invEps)
	}
	return planRowSq3AVX2(dst, f, x[0], x[1], x[2], y0, y1, y2, g, invEps)
}

func planRowSqSum(f float64, x []float64, y *SoA, j0 int, g []float64, invEps float64) float64 {
	if isa == isaGo {
		return planRowSqSumGo(f, x, y, j0, g, invEps)
	}
	y0 := y.Coord[0][j0:]
	if y.D == 1 {
		if isa == isaAVX512 {
			return planRowSqSum1AVX512(f, x[0], y0, g, invEps)
		}
		return planRowSqSum1AVX2(f, x[0], y0, g, invEps)
	}
	y1 := y.Coord[1][j0:]
	if y.D == 2 {
		if isa == isaAVX512 {
			return planRowSqSum2AVX512(f, x[0], x[1], y0, y1, g, invEps)
		}
		return planRowSqSum2AVX2(f, x[0], x[1], y0, y1, g, invEps)
	}
	y2 := y.Coord[2][j0:]
	if isa == isaAVX512 {
		return planRowSqSum3AVX512(f, x[0], x[1], x[2], y0, y1, y2, g, invEps)
	}
	return planRowSqSum3AVX2(f, x[0], x[1], x[2], y0, y1, y2, g, invEps)
}
