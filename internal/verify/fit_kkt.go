package verify

import "math"

// kkt returns the largest violation of stationarity and the smallest margin of
// a zero coefficient.
func (f *Fit) kkt(x, c []float64) (worst, margin float64) {
	margin = math.Inf(1)
	if f.Groups != nil {
		return f.groupKKT(x, c)
	}
	for j, v := range x {
		if f.absent(j) {
			continue
		}
		lo, hi := f.bounds(j)
		t, g := v*f.scale(j), c[j]
		g += f.L2[j] * t
		down, up := g-f.L1[j], g+f.L1[j] // ends of g + ∂(l1|·|) at 0
		if t > 0 {
			down = up
		} else if t < 0 {
			up = down
		}
		dist := 0.0
		if down > 0 && t > lo {
			dist = down
		} else if up < 0 && t < hi {
			dist = -up
		}
		worst = math.Max(worst, dist)
		if t == 0 && f.L1[j] > 0 {
			margin = math.Min(margin, math.Max(0, f.L1[j]-math.Abs(g)))
		}
	}
	return worst, margin
}
