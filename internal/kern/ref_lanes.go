package kern

import "math"

// The kernels of lane minima in Go.

func laneMinGo(l *LaneMinima, c, g []float64, j0 int) {
	c = c[:len(g)]
	for k, v := range g {
		if r := c[k] - v; r < l.Val[k%Lanes] {
			l.Val[k%Lanes], l.Arg[k%Lanes] = r, int64(j0+k)
		}
	}
}

func laneMinSqGo(l *LaneMinima, x []float64, y *SoA, j0 int, g []float64) {
	var buf [sqTile]float64
	for j := 0; j < len(g); j += sqTile {
		e := min(j+sqTile, len(g))
		fmaSqDist(buf[:e-j], x, y, j0+j)
		laneMinGo(l, buf[:e-j], g[j:e], j0+j)
	}
}

func laneMinRootGo(l *LaneMinima, x []float64, y *SoA, j0 int, g []float64) {
	var buf [sqTile]float64
	for j := 0; j < len(g); j += sqTile {
		e := min(j+sqTile, len(g))
		fmaSqDist(buf[:e-j], x, y, j0+j)
		for k, v := range buf[:e-j] {
			buf[k] = math.Sqrt(v)
		}
		laneMinGo(l, buf[:e-j], g[j:e], j0+j)
	}
}

// fmaSqDist rounds as the assembly does, so that the rest of a row that is
// computed here has the bits of SqDistPair too.
func fmaSqDist(dst, x []float64, y *SoA, j0 int) {
	clear(dst)
	for k, xk := range x {
		for j, v := range y.Coord[k][j0 : j0+len(dst)] {
			t := xk - v
			dst[j] = math.FMA(t, t, dst[j])
		}
	}
}

// SqDistPair is the squared distance of two points, with the bits of
// LaneMinSq.
func SqDistPair(x, y []float64) float64 {
	s := 0.0
	y = y[:len(x)]
	for k, v := range x {
		t := v - y[k]
		s = math.FMA(t, t, s)
	}
	return s
}
