//go:build amd64 && !purego

package kern

// Dispatch of the kernels of lane minima; lengths are multiples of Lanes.

func laneMin(l *LaneMinima, c, g []float64, j0 int) {
	switch isa {
	case isaAVX512:
		laneMinAVX512(&l.Val[0], &l.Arg[0], c, g, j0)
	case isaAVX2:
		laneMinAVX2(&l.Val[0], &l.Arg[0], c, g, j0)
	default:
		laneMinGo(l, c, g, j0)
	}
}

func laneMinSq(l *LaneMinima, x []float64, y *SoA, j0 int, g []float64) {
	switch isa {
	case isaAVX512:
		laneMinSqAVX512(&l.Val[0], &l.Arg[0], x, y.Coord, g, j0)
	case isaAVX2:
		laneMinSqAVX2(&l.Val[0], &l.Arg[0], x, y.Coord, g, j0)
	default:
		laneMinSqGo(l, x, y, j0, g)
	}
}

func laneMinRoot(l *LaneMinima, x []float64, y *SoA, j0 int, g []float64) {
	switch isa {
	case isaAVX512:
		laneMinRootAVX512(&l.Val[0], &l.Arg[0], x, y.Coord, g, j0)
	case isaAVX2:
		laneMinRootAVX2(&l.Val[0], &l.Arg[0], x, y.Coord, g, j0)
	default:
		laneMinRootGo(l, x, y, j0, g)
	}
}

func relaxMin(l *LaneMinima, dist []float64, pred []int32, c, g []float64, shift float64, from int32, j0 int) {
	if isa == isaAVX512 {
		relaxMinAVX512(&l.Val[0], &l.Arg[0], dist, pred, c, g, shift, from, j0)
		return
	}
	relaxMinGo(l, dist, pred, c, g, shift, from, j0)
}
