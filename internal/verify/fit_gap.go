package verify

import "math"

// gap is the smaller of P − D(φ) where Ω* allows it and P − D(sφ), s ≤ 1 the
// largest feasible scaling. It is a sum of terms that are each ≥ 0 by Fenchel's
// inequality, so that nothing cancels.
func (f *Fit) gap(l pointLoss, r predicted, phi, c, x []float64, changed bool) float64 {
	s := f.scaling(c)
	best := f.gapAt(l, r, phi, c, x, s, changed)
	if s < 1 && f.ridged() {
		best = math.Min(best, f.gapAt(l, r, phi, c, x, 1, changed))
	}
	switch {
	case math.IsInf(best, 1):
		return math.NaN()
	case best <= f.noise():
		return 0
	}
	return best
}

func (f *Fit) ridged() bool {
	for _, v := range f.L2 {
		if v > 0 {
			return true
		}
	}
	return false
}

func (f *Fit) gapAt(l pointLoss, r predicted, phi, c, x []float64, s float64, changed bool) float64 {
	var sum compensated
	if s != 1 || changed {
		for i, y := range f.Y {
			w := f.W[i]
			if w == 0 {
				continue
			}
			t := s * phi[i] / w
			if f.Loss == "squared" {
				d := r.eta[i] - y - t
				sum.add(w * d * d / 2)
				continue
			}
			sum.add(w * math.Max(0, l.value(r.eta[i], y)+l.conjugate(t, y)-t*r.eta[i]))
		}
	}
	grouped := f.Groups != nil
	for j, v := range x {
		if f.absent(j) || grouped {
			continue
		}
		lo, hi := f.bounds(j)
		if v == 0 && math.Abs(s*c[j]) <= f.L1[j] && lo <= 0 && hi >= 0 {
			continue
		}
		sum.add(separableGap(v*f.scale(j), s*c[j], f.L1[j], f.L2[j], lo, hi))
	}
	for g, group := range f.Groups {
		sum.add(f.groupGap(g, group, x, c, s))
	}
	return sum.value()
}

// separableGap is ω(x) + ω*(−g) + x g for ω = l1|·| + l2(·)²/2 on [lo, hi].
func separableGap(x, g, l1, l2, lo, hi float64) float64 {
	dual := math.Inf(-1)
	at := func(b float64) {
		if b >= lo && b <= hi && !math.IsInf(b, 0) {
			dual = math.Max(dual, -g*b-l1*math.Abs(b)-l2*b*b/2)
		}
	}
	at(0)
	at(lo)
	at(hi)
	over := math.Abs(g) - l1
	if over > 0 {
		if l2 > 0 {
			at(math.Max(lo, math.Min(hi, -math.Copysign(over/l2, g))))
		} else if over > roundingSlack*l1 && (g > 0 && math.IsInf(lo, -1) || g < 0 && math.IsInf(hi, 1)) {
			return math.Inf(1)
		}
	}
	return math.Max(0, l1*math.Abs(x)+l2*x*x/2+dual+x*g)
}

// roundingSlack is what rounding may add to a scaled dual point.
const roundingSlack = 4e-16

// scaling returns the largest s ≤ 1 at which Ω*(−s c) is finite as far as
// terms without a quadratic part go.
func (f *Fit) scaling(c []float64) float64 {
	s := 1.0
	if f.Groups != nil {
		for g, group := range f.Groups {
			if f.L2[group[0]] == 0 {
				s = math.Min(s, f.groupScaling(g, group, c))
			}
		}
		return s
	}
	for j, v := range c {
		if f.absent(j) || f.L2[j] > 0 || f.L1[j] == 0 {
			continue
		}
		lo, hi := f.bounds(j)
		if v > 0 && math.IsInf(lo, -1) || v < 0 && math.IsInf(hi, 1) {
			if a := math.Abs(v); a > f.L1[j] {
				s = math.Min(s, f.L1[j]/a)
			}
		}
	}
	return s
}
