package verify

import "math"

// free returns the columns that nothing penalises or bounds on some side: a
// dual point has to be orthogonal to them.
func (f *Fit) free() []int {
	var free []int
	for g, group := range f.Groups {
		for _, j := range group {
			if f.GroupL2[g] == 0 && f.L1[j] == 0 && f.L2[j] == 0 && !f.absent(int(j)) {
				free = append(free, int(j))
			}
		}
	}
	if f.Groups != nil {
		return free
	}
	for j := range f.L1 {
		if f.L1[j] == 0 && f.L2[j] == 0 && !f.absent(j) {
			if lo, hi := f.bounds(j); math.IsInf(lo, -1) || math.IsInf(hi, 1) {
				free = append(free, j)
			}
		}
	}
	return free
}

// maxFree is the number of unpenalised columns that are projected on.
const maxFree = 200

// feasible makes a dual point of θ: balanced for an intercept, orthogonal to
// the unpenalised columns. It fails where that is not possible.
func (f *Fit) feasible(theta []float64) (phi []float64, changed, ok bool) {
	free := f.free()
	if len(free) == 0 {
		if !f.Intercept {
			return theta, false, true
		}
		phi, changed = balance(theta)
		return phi, changed, true
	}
	if len(free) > maxFree || len(free) >= len(f.Y) {
		return nil, false, false
	}
	for _, j := range free {
		if lo, hi := f.bounds(j); !math.IsInf(lo, -1) || !math.IsInf(hi, 1) {
			return nil, false, false // a half-line asks for a sign, which a projection does not give
		}
	}
	phi, ok = f.project(theta, free)
	return phi, true, ok && f.inDomain(phi)
}

// balance shrinks the entries of the heavier sign until Σφ = 0: they stay in
// the domain of the conjugates, which are intervals around 0.
func balance(theta []float64) (phi []float64, changed bool) {
	var plus, minus compensated
	for _, t := range theta {
		if t > 0 {
			plus.add(t)
		} else {
			minus.add(-t)
		}
	}
	a, b := plus.value(), minus.value()
	if math.Abs(a-b) <= 1e-15*(a+b) {
		return theta, false
	}
	phi = make([]float64, len(theta))
	for i, t := range theta {
		switch {
		case t > 0 && a > b:
			t *= b / a
		case t < 0 && b > a:
			t *= a / b
		}
		phi[i] = t
	}
	return phi, true
}

// project returns θ − W U (UᵀWU)⁻¹ Uᵀθ, U the free columns and the ones of the
// intercept, twice, so that rounding does not stay.
func (f *Fit) project(theta []float64, free []int) ([]float64, bool) {
	n := len(f.Y)
	var u [][]float64
	if f.Intercept {
		ones := make([]float64, n)
		for i := range ones {
			ones[i] = 1
		}
		u = append(u, ones)
	}
	x := make([]float64, len(f.L1))
	for _, j := range free {
		x[j] = 1
		u = append(u, f.times(x))
		x[j] = 0
	}
	phi := append([]float64(nil), theta...)
	basis := f.orthonormal(u)
	for range 2 {
		for _, v := range basis {
			var s compensated
			for i, t := range phi {
				s.add(t * v[i])
			}
			for i := range phi {
				phi[i] -= f.W[i] * v[i] * s.value()
			}
		}
	}
	return phi, true
}

// orthonormal is Gram-Schmidt in the W inner product. A column that the ones
// before it span to rounding adds nothing.
func (f *Fit) orthonormal(u [][]float64) (basis [][]float64) {
	for _, v := range u {
		before := f.weighted(v, v)
		for range 2 {
			for _, b := range basis {
				s := f.weighted(v, b)
				for i := range v {
					v[i] -= s * b[i]
				}
			}
		}
		after := f.weighted(v, v)
		if !(after > dependentShare*before) {
			continue
		}
		norm := math.Sqrt(after)
		for i := range v {
			v[i] /= norm
		}
		basis = append(basis, v)
	}
	return basis
}

// dependentShare is what rounding may leave of the square of a column that
// others span.
const dependentShare = 1e-24

func (f *Fit) weighted(x, y []float64) float64 {
	var s compensated
	for i, w := range f.W {
		s.add(w * x[i] * y[i])
	}
	return s.value()
}

// inDomain tells whether the conjugates are finite at φ.
func (f *Fit) inDomain(phi []float64) bool {
	l, _ := pointLosses(f.Loss, f.Delta)
	for i, y := range f.Y {
		if f.W[i] > 0 && math.IsInf(l.conjugate(phi[i]/f.W[i], y), 1) {
			return false
		}
	}
	return true
}

// thresholded returns ‖ST(s·c_g, l1)‖ of a group.
func (f *Fit) thresholded(group []int32, c []float64, s float64) float64 {
	norm := 0.0
	for _, j := range group {
		if v := math.Abs(s*c[j]) - f.L1[j]; v > 0 {
			norm = math.Hypot(norm, v)
		}
	}
	return norm
}

// groupScaling finds the largest s ≤ 1 with ‖ST(s c_g, l1)‖ ≤ GroupL2_g by
// bisection, and stays on the feasible side.
func (f *Fit) groupScaling(g int, group []int32, c []float64) float64 {
	if f.thresholded(group, c, 1) <= f.GroupL2[g] {
		return 1
	}
	lo, hi := 0.0, 1.0
	for range 60 {
		if mid := (lo + hi) / 2; f.thresholded(group, c, mid) <= f.GroupL2[g] {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// groupGap is Ω_g(x) + Ω_g*(−s c) + s cᵀx of a group: with a ridge μ the
// conjugate is (‖ST(s c, l1)‖ − l2)₊²/(2μ).
func (f *Fit) groupGap(g int, group []int32, x, c []float64, s float64) float64 {
	var sum compensated
	mu := 0.0
	for _, j := range group {
		t := x[j] * f.scale(int(j))
		mu = f.L2[j]
		sum.add(f.L1[j]*math.Abs(t) + mu*t*t/2 + s*c[j]*t)
	}
	sum.add(f.GroupL2[g] * f.groupNorm(group, x))
	if over := f.thresholded(group, c, s) - f.GroupL2[g]; over > 0 {
		if mu > 0 {
			sum.add(over * over / (2 * mu))
		} else if over > 1e-15*f.GroupL2[g] {
			return math.Inf(1)
		}
	}
	return math.Max(0, sum.value())
}

// groupKKT is kkt for groups.
func (f *Fit) groupKKT(x, c []float64) (worst, margin float64) {
	margin = math.Inf(1)
	for g, group := range f.Groups {
		norm := f.groupNorm(group, x)
		if norm == 0 {
			over := f.thresholded(group, c, 1) - f.GroupL2[g]
			worst = math.Max(worst, over)
			margin = math.Min(margin, math.Max(0, -over))
			continue
		}
		dist := 0.0
		for _, j := range group {
			t := x[j] * f.scale(int(j))
			v := c[j] + f.L2[j]*t + f.GroupL2[g]*t/norm
			switch {
			case t > 0:
				v += f.L1[j]
			case t < 0:
				v -= f.L1[j]
			default:
				v = math.Max(0, math.Abs(v)-f.L1[j])
			}
			dist = math.Hypot(dist, v)
		}
		worst = math.Max(worst, dist)
	}
	return worst, margin
}
