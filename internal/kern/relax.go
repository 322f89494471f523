package kern

import "math"

// RelaxMin does one step of Dijkstra's method on a dense row:
//
//	dist_j = min(dist_j, (c_j − g_j) + shift), pred_j = from where that is less,
//
// and returns the first place and value of the least distance, or −1 and +Inf
// when all are +Inf. Elements with g_j = −Inf keep their distance.
func RelaxMin(dist []float64, pred []int32, c, g []float64, shift float64, from int32) (at int, least float64) {
	n := len(dist)
	checkLen("RelaxMin", "pred", len(pred), n)
	checkLen("RelaxMin", "c", len(c), n)
	checkLen("RelaxMin", "g", len(g), n)
	var l LaneMinima
	l.Reset(math.Inf(1))
	whole := n &^ (Lanes - 1)
	relaxMin(&l, dist[:whole], pred[:whole], c[:whole], g[:whole], shift, from, 0)
	relaxMinGo(&l, dist[whole:], pred[whole:], c[whole:], g[whole:], shift, from, whole)
	at, least = -1, math.Inf(1)
	for k, v := range l.Val {
		if j := int(l.Arg[k]); v < least || v == least && j < at {
			at, least = j, v
		}
	}
	return at, least
}

func relaxMinGo(l *LaneMinima, dist []float64, pred []int32, c, g []float64, shift float64, from int32, j0 int) {
	pred, c, g = pred[:len(dist)], c[:len(dist)], g[:len(dist)]
	for j, d := range dist {
		if r := c[j] - g[j] + shift; r < d {
			d = r
			dist[j], pred[j] = r, from
		}
		if d < l.Val[j%Lanes] {
			l.Val[j%Lanes], l.Arg[j%Lanes] = d, int64(j0+j)
		}
	}
}
