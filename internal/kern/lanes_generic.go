//go:build !amd64 || purego

package kern

func laneMin(l *LaneMinima, c, g []float64, j0 int) { laneMinGo(l, c, g, j0) }

func laneMinSq(l *LaneMinima, x []float64, y *SoA, j0 int, g []float64) {
	laneMinSqGo(l, x, y, j0, g)
}

func laneMinRoot(l *LaneMinima, x []float64, y *SoA, j0 int, g []float64) {
	laneMinRootGo(l, x, y, j0, g)
}

func relaxMin(l *LaneMinima, dist []float64, pred []int32, c, g []float64, shift float64, from int32, j0 int) {
	relaxMinGo(l, dist, pred, c, g, shift, from, j0)
}
