//go:build amd64 && !purego

package kern

func columnsMV(rowptr []int64, col []int32, val, x, y []float64, k, stride, rows int) {
	switch isa {
	case isaAVX512:
		columnsMVAVX512(rowptr, col, val, x, y, k, stride, rows)
	case isaAVX2:
		columnsMVAVX2(rowptr, col, val, x, y, k, stride, rows)
	default:
		columnsMVGo(rowptr, col, val, x, y, k, stride, rows)
	}
}

func columnsDot(k int, x, y []float64, sums *[8]float64) {
	switch isa {
	case isaAVX512:
		columnsDotAVX512(k, x, y, sums)
	case isaAVX2:
		columnsDotAVX2(k, x, y, sums)
	default:
		columnsDotGo(k, x, y, sums)
	}
}

func columnsDirect(k int, alpha, beta *[8]float64, z, x, p []float64) {
	switch isa {
	case isaAVX512:
		columnsDirectAVX512(k, alpha, beta, z, x, p)
	case isaAVX2:
		columnsDirectAVX2(k, alpha, beta, z, x, p)
	default:
		columnsDirectGo(k, alpha, beta, z, x, p)
	}
}

func columnsDescend(k int, alpha *[8]float64, q, r []float64, sums *[8]float64) {
	switch isa {
	case isaAVX512:
		columnsDescendAVX512(k, alpha, q, r, sums)
	case isaAVX2:
		columnsDescendAVX2(k, alpha, q, r, sums)
	default:
		columnsDescendGo(k, alpha, q, r, sums)
	}
}

func columnsDirectScaled(k int, alpha, beta *[8]float64, d, r, x, p []float64) {
	switch isa {
	case isaAVX512:
		columnsDirectScaledAVX512(k, alpha, beta, d, r, x, p)
	case isaAVX2:
		columnsDirectScaledAVX2(k, alpha, beta, d, r, x, p)
	default:
		columnsDirectScaledGo(k, alpha, beta, d, r, x, p)
	}
}

func columnsDescendScaled(k int, alpha *[8]float64, d, q, r []float64, sums, scaled *[8]float64) {
	switch isa {
	case isaAVX512:
		columnsDescendScaledAVX512(k, alpha, d, q, r, sums, scaled)
	case isaAVX2:
		columnsDescendScaledAVX2(k, alpha, d, q, r, sums, scaled)
	default:
		columnsDescendScaledGo(k, alpha, d, q, r, sums, scaled)
	}
}
