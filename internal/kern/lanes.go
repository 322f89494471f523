package kern

import "math"

//go:generate go run -C _gen ./lanes -out ../lanes_amd64.s -stubs ../lanes_stubs_amd64.go -pkg kern

// Lanes is the number of minima that LaneMinima keeps.
const Lanes = 16

// LaneMinima are the least values met so far among the elements of each
// residue class modulo Lanes, and where they were met: a cheap way to several
// small elements of a long row in one pass. An element replaces the value of
// its lane when it is strictly less; NaN never does.
type LaneMinima struct {
	Val [Lanes]float64
	Arg [Lanes]int64
}

// Reset makes every lane's value bound and its place −1: only elements below
// the bound will be kept.
func (l *LaneMinima) Reset(bound float64) {
	for k := range l.Val {
		l.Val[k], l.Arg[k] = bound, -1
	}
}

// Worst is the largest of the lanes' values.
func (l *LaneMinima) Worst() float64 {
	w := l.Val[0]
	for _, v := range l.Val[1:] {
		w = math.Max(w, v)
	}
	return w
}

// Best is the smallest of the lanes' values.
func (l *LaneMinima) Best() float64 {
	w := l.Val[0]
	for _, v := range l.Val[1:] {
		w = math.Min(w, v)
	}
	return w
}

// LaneMin takes the values c_k − g_k of elements j0+k into l; element j0+k is
// in lane k mod Lanes.
func LaneMin(l *LaneMinima, c, g []float64, j0 int) {
	checkLen("LaneMin", "c", len(c), len(g))
	whole := len(g) &^ (Lanes - 1)
	laneMin(l, c[:whole], g[:whole], j0)
	laneMinGo(l, c[whole:], g[whole:], j0+whole)
}

// LaneMinSq is LaneMin with c_k the squared distance of x and point j0+k of y.
func LaneMinSq(l *LaneMinima, x []float64, y *SoA, j0 int, g []float64) {
	y.check("LaneMinSq", x, j0, len(g))
	whole := len(g) &^ (Lanes - 1)
	laneMinSq(l, x, y, j0, g[:whole])
	laneMinSqGo(l, x, y, j0+whole, g[whole:])
}

// LaneMinRoot is LaneMin with c_k the distance of x and point j0+k of y.
func LaneMinRoot(l *LaneMinima, x []float64, y *SoA, j0 int, g []float64) {
	y.check("LaneMinRoot", x, j0, len(g))
	whole := len(g) &^ (Lanes - 1)
	laneMinRoot(l, x, y, j0, g[:whole])
	laneMinRootGo(l, x, y, j0+whole, g[whole:])
}
