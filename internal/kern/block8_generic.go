//go:build !amd64 || purego

package kern

func columnsMV(rowptr []int64, col []int32, val, x, y []float64, k, stride, rows int) {
	columnsMVGo(rowptr, col, val, x, y, k, stride, rows)
}

func columnsDot(k int, x, y []float64, sums *[8]float64) {
	columnsDotGo(k, x, y, sums)
}

func columnsDirect(k int, alpha, beta *[8]float64, z, x, p []float64) {
	columnsDirectGo(k, alpha, beta, z, x, p)
}

func columnsDescend(k int, alpha *[8]float64, q, r []float64, sums *[8]float64) {
	columnsDescendGo(k, alpha, q, r, sums)
}

func columnsDirectScaled(k int, alpha, beta *[8]float64, d, r, x, p []float64) {
	columnsDirectScaledGo(k, alpha, beta, d, r, x, p)
}

func columnsDescendScaled(k int, alpha *[8]float64, d, q, r []float64, sums, scaled *[8]float64) {
	columnsDescendScaledGo(k, alpha, d, q, r, sums, scaled)
}
