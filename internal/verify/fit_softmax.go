package verify

import "math"

// SoftmaxFit is min Σ w_i (log Σ_k e^{η_ik} − η_{i,c_i}) + Σ_k Ω(x_k) for K
// classes, η_ik = X_i x_k + x₀_k. Y, Offset, Loss and groups of Fit are not
// used.
type SoftmaxFit struct {
	Fit
	Class []int
	K     int
}

// Null returns P at zero coefficients with the intercepts fitted, the largest
// gradient there, and those intercepts: logarithms of the classes' shares.
func (f *SoftmaxFit) Null() (objective, gradient float64, x0 []float64) {
	x0 = f.shares()
	for k := range x0 {
		if f.Intercept {
			x0[k] = math.Log(x0[k])
		} else {
			x0[k] = 0
		}
	}
	x := f.nearest()
	theta, value := f.gradient(f.predictors(x, x0))
	for _, c := range f.correlations(theta) {
		for j, v := range c {
			if !math.IsInf(f.L1[j], 1) {
				gradient = math.Max(gradient, math.Abs(v))
			}
		}
	}
	for k := range f.K {
		value += f.penalty(f.column(x, k))
	}
	return value, gradient, x0
}

// NullLambda is the largest null gradient relative to factor(j), infinite and
// zero factors aside.
func (f *SoftmaxFit) NullLambda(factor func(j int) float64) float64 {
	_, _, x0 := f.Null()
	theta, _ := f.gradient(f.predictors(f.nearest(), x0))
	top := 0.0
	for _, c := range f.correlations(theta) {
		for j, v := range c {
			lo, hi := f.bounds(j)
			if q := factor(j); q > 0 && !math.IsInf(q, 1) && (v > 0 && lo < 0 || v < 0 && hi > 0) {
				top = math.Max(top, math.Abs(v)/q)
			}
		}
	}
	return top
}

// nearest is the feasible x nearest to zero.
func (f *SoftmaxFit) nearest() []float64 {
	x := make([]float64, len(f.L1)*f.K)
	for j := range f.L1 {
		for k := range f.K {
			if f.Lower != nil {
				x[j*f.K+k] = math.Max(x[j*f.K+k], f.Lower[j])
			}
			if f.Upper != nil {
				x[j*f.K+k] = math.Min(x[j*f.K+k], f.Upper[j])
			}
		}
	}
	return x
}

// shares returns the weighted share of each class.
func (f *SoftmaxFit) shares() []float64 {
	share, total := make([]float64, f.K), 0.0
	for i, w := range f.W {
		share[f.Class[i]] += w
		total += w
	}
	for k := range share {
		share[k] /= total
	}
	return share
}

func (f *SoftmaxFit) column(x []float64, k int) []float64 {
	v := make([]float64, len(f.L1))
	for j := range v {
		v[j] = x[j*f.K+k]
	}
	return v
}

// predictors returns η by class.
func (f *SoftmaxFit) predictors(x, x0 []float64) [][]float64 {
	eta := make([][]float64, f.K)
	for k := range eta {
		eta[k] = f.times(f.column(x, k))
		for i := range eta[k] {
			eta[k][i] += x0[k]
		}
	}
	return eta
}

// logSumExp returns log Σ_k e^{η_ik}.
func (f *SoftmaxFit) logSumExp(eta [][]float64, i int) float64 {
	top := math.Inf(-1)
	for k := range eta {
		top = math.Max(top, eta[k][i])
	}
	s := 0.0
	for k := range eta {
		s += math.Exp(eta[k][i] - top)
	}
	return top + math.Log(s)
}

// gradient returns θ by class, w_i(p_ik − [c_i = k]), and F.
func (f *SoftmaxFit) gradient(eta [][]float64) (theta [][]float64, value float64) {
	theta = make([][]float64, f.K)
	for k := range theta {
		theta[k] = make([]float64, len(f.W))
	}
	var sum compensated
	for i, w := range f.W {
		if w == 0 {
			continue
		}
		l := f.logSumExp(eta, i)
		sum.add(w * (l - eta[f.Class[i]][i]))
		for k := range theta {
			theta[k][i] = w * math.Exp(eta[k][i]-l)
		}
		// 1 − p of the own class as the sum of the others: no cancellation.
		others := 0.0
		for k := range theta {
			if k != f.Class[i] {
				others += theta[k][i]
			}
		}
		theta[f.Class[i]][i] = -others
	}
	return theta, sum.value()
}

// correlations returns X̃ᵀθ_k by class.
func (f *SoftmaxFit) correlations(theta [][]float64) [][]float64 {
	var out [][]float64
	for lo := 0; lo < f.K; lo += together {
		out = append(out, f.transposedAll(theta[lo:min(lo+together, f.K)])...)
	}
	for _, c := range out {
		f.unscale(c)
	}
	return out
}

// Certify judges x (x_jk at j·K+k) and the intercepts.
func (f *SoftmaxFit) Certify(x, x0 []float64) FitCertificate {
	eta := f.predictors(x, x0)
	theta, value := f.gradient(eta)
	c := f.correlations(theta)
	out := FitCertificate{Objective: value, Margin: math.Inf(1), Gap: math.NaN()}
	for k := range f.K {
		v := f.column(x, k)
		out.Objective += f.penalty(v)
		worst, margin := f.kkt(v, c[k])
		out.KKT, out.Margin = math.Max(out.KKT, worst), math.Min(out.Margin, margin)
		if f.Intercept {
			out.KKT = math.Max(out.KKT, math.Abs(sum(theta[k])))
		}
	}
	if len(f.free()) > 0 {
		return out
	}
	if f.Intercept {
		if theta = f.centred(theta); theta == nil {
			return out
		}
		c = f.correlations(theta)
	}
	s := 1.0
	for k := range c {
		s = math.Min(s, f.scaling(c[k]))
	}
	var gap compensated
	gap.add(f.dataGap(eta, theta, s))
	for k := range c {
		v := f.column(x, k)
		for j, b := range v {
			if f.absent(j) {
				continue
			}
			lo, hi := f.bounds(j)
			gap.add(separableGap(b*f.scale(j), s*c[k][j], f.L1[j], f.L2[j], lo, hi))
		}
	}
	if g := gap.value(); !math.IsInf(g, 0) {
		out.Gap = g
	}
	return out
}

// centred makes the sums Σ_i θ_ik zero: w_i times the mean is subtracted, which
// keeps Σ_k θ_ik = 0, and as much of the null model's θ is mixed in as keeps
// the probabilities ≥ 0. nil where that would be all of it.
func (f *SoftmaxFit) centred(theta [][]float64) [][]float64 {
	total, share, mix := sum(f.W), f.shares(), 0.0
	out := make([][]float64, f.K)
	for k := range out {
		mean := sum(theta[k]) / total
		out[k] = make([]float64, len(f.W))
		for i, w := range f.W {
			out[k][i] = theta[k][i] - w*mean
			p := out[k][i]
			if f.Class[i] == k {
				p += w
			}
			if p < 0 {
				mix = math.Max(mix, -p/(w*share[k]-p))
			}
		}
	}
	if mix == 0 {
		return out
	}
	if mix *= 1 + 1e-9; !(mix < 1) {
		return nil
	}
	for k := range out {
		for i, w := range f.W {
			null := w * share[k]
			if f.Class[i] == k {
				null -= w
			}
			out[k][i] = (1-mix)*out[k][i] + mix*null
		}
	}
	return out
}

// dataGap is Σ w_i [ℓ(η_i) + ℓ*(sθ_i/w_i)] − s Σ θη ≥ 0.
func (f *SoftmaxFit) dataGap(eta, theta [][]float64, s float64) float64 {
	var gap compensated
	for i, w := range f.W {
		if w == 0 {
			continue
		}
		c := f.Class[i]
		own := f.logSumExp(eta, i) - eta[c][i]
		for k := range theta {
			a := s * theta[k][i] / w
			own -= a * eta[k][i]
			if k == c {
				a++
			}
			own += entropy(a)
		}
		gap.add(w * math.Max(0, own))
	}
	return gap.value()
}
