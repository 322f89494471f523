package problems

import (
	"math"

	"solve/matrix"
)

// Entropic is a transport problem
//
//	min ⟨C,P⟩ + ε Σ P(log P − 1)   over P ≥ 0, P1 = a, Pᵀ1 = b,
//
// of total mass 1, with its exact answer.
type Entropic struct {
	Name string
	A, B []float64
	Cost *matrix.Dense
	Reg  float64 // ε

	Plan          *matrix.Dense // exact to a few units in the last place of each entry; nil when only the values are known
	TransportCost float64       // ⟨C,P⟩
	KL            float64       // KL(P | abᵀ)
}

// EntropicOracles returns the instances that every entropic method has to
// get right.
func EntropicOracles() []Entropic {
	return []Entropic{
		Swap(0.1), Swap(0.01), Swap(10),
		TwoByTwo([4]float64{0, 1, 1, 0}, 0.5, 0.5, 0.3),
		TwoByTwo([4]float64{3, 1, -2, 4}, 0.2, 0.7, 0.5),
		TwoByTwo([4]float64{1, 5, 2, 0.25}, 0.9, 0.35, 0.125),
		TwoByTwo([4]float64{1, 2, 4, 3}, 0.6, 0.8, 2),
		Circulant([]float64{0, 1, 4, 9, 4, 1}, 0.7),
		Circulant([]float64{0.3, 0.1, 0.8, 0.2, 0.9}, 0.05),
		RankOne([]float64{0.5, -2, 7}, []float64{1, 3, 0, -4}, []float64{0.2, 0.3, 0.5}, []float64{0.1, 0.4, 0.25, 0.25}, 0.01),
		Gaussians(0, 1, 0.5, 0.8, 1),
		Gaussians(0, 1, 0.5, 0.8, 0.1),
	}
}

// Swap is C = [[0,1],[1,0]], a = b = (½,½): P₁₁ = P₂₂ = 1/(2(1+e^{−1/ε})),
// and ⟨C,P⟩ = 1/(1+e^{1/ε}), which is 3.7e-44 at ε = 0.01 and must come out
// neither as 0 nor as NaN.
func Swap(eps float64) Entropic {
	p := TwoByTwo([4]float64{0, 1, 1, 0}, 0.5, 0.5, eps)
	stay, move := 0.5/(1+math.Exp(-1/eps)), 0.5/(1+math.Exp(1/eps))
	return known("swap", p.A, p.B, p.Cost, eps, dense(2, 2, stay, move, move, stay))
}

// TwoByTwo is the general 2×2 problem, c row by row, a = (a₁,1−a₁) and
// b = (b₁,1−b₁), 0 < a₁, b₁ < 1: x = P₁₁ solves
//
//	x(1−a₁−b₁+x) = κ(a₁−x)(b₁−x),   κ = exp(−(C₁₁+C₂₂−C₁₂−C₂₁)/ε),
//
// with max(0, a₁+b₁−1) < x < min(a₁,b₁).
func TwoByTwo(c [4]float64, a1, b1, eps float64) Entropic {
	logKappa := -(c[0] + c[3] - c[1] - c[2]) / eps
	return known("two by two", []float64{a1, 1 - a1}, []float64{b1, 1 - b1}, dense(2, 2, c[:]...), eps,
		twoByTwoPlan(logKappa, a1, 1-a1, b1, 1-b1))
}

// twoByTwoPlan swaps columns and rows until κ ≤ 1 and a₁+b₁ ≤ 1. Then the
// quadratic (1−κ)x² + qx − κa₁b₁ = 0 has q = 1−a₁−b₁ + κ(a₁+b₁) ≥ 0, and
// neither its root nor the other entries suffer cancellation.
func twoByTwoPlan(logKappa, a1, a2, b1, b2 float64) *matrix.Dense {
	if logKappa > 0 {
		p := twoByTwoPlan(-logKappa, a1, a2, b2, b1).Data
		return dense(2, 2, p[1], p[0], p[3], p[2])
	}
	if a1+b1 > 1 {
		p := twoByTwoPlan(logKappa, a2, a1, b2, b1).Data
		return dense(2, 2, p[3], p[2], p[1], p[0])
	}
	kappa := math.Exp(logKappa)
	rest := a2 - b1 // 1−a₁−b₁
	q := rest + kappa*(a1+b1)
	x := 2 * kappa * a1 * b1 / (q + math.Sqrt(q*q+4*(1-kappa)*kappa*a1*b1))
	return dense(2, 2, x, a1-x, b1-x, rest+x)
}

// Circulant is C_ij = c_{(i−j) mod n} with uniform masses:
// P_ij = k_{(i−j) mod n}/(n Σk), k = exp(−c/ε). One Sinkhorn sweep is exact.
func Circulant(c []float64, eps float64) Entropic {
	n := len(c)
	least := math.Inf(1)
	for _, v := range c {
		least = min(least, v)
	}
	k, sum := make([]float64, n), 0.0
	for i, v := range c {
		k[i] = math.Exp((least - v) / eps)
		sum += k[i]
	}
	cost, plan := dense(n, n), dense(n, n)
	for i := range n {
		for j := range n {
			d := (i - j + n) % n
			cost.Row(i)[j] = c[d]
			plan.Row(i)[j] = k[d] / (float64(n) * sum)
		}
	}
	return known("circulant", uniform(n), uniform(n), cost, eps, plan)
}

// RankOne is C_ij = u_i + v_j: P = abᵀ for every ε.
func RankOne(u, v, a, b []float64, eps float64) Entropic {
	cost, plan := dense(len(u), len(v)), dense(len(u), len(v))
	for i := range u {
		for j := range v {
			cost.Row(i)[j] = u[i] + v[j]
			plan.Row(i)[j] = a[i] * b[j]
		}
	}
	return known("rank one", a, b, cost, eps, plan)
}

// Gaussians is N(m₁,s₁²) onto N(m₂,s₂²) on the line with C = (x−y)². The plan
// is Gaussian too, with covariance
//
//	κ = (√(4s₁²s₂² + ε²/4) − ε/2)/2,
//	⟨C,P⟩ = (m₁−m₂)² + s₁² + s₂² − 2κ,   KL(P|abᵀ) = −½ log(1 − κ²/(s₁s₂)²).
//
// Both densities are sampled on one uniform grid that covers nine standard
// deviations of each, with spacing min(s₁,s₂)/8, and scaled to total 1: the
// trapezoidal rule of an analytic function, so that the discrete problem has
// these values to rounding.
func Gaussians(m1, s1, m2, s2, eps float64) Entropic {
	lo, hi := min(m1-9*s1, m2-9*s2), max(m1+9*s1, m2+9*s2)
	n := int(math.Ceil((hi-lo)/(min(s1, s2)/8))) + 1
	x := make([]float64, n)
	for i := range x {
		x[i] = lo + (hi-lo)*float64(i)/float64(n-1)
	}
	cost := dense(n, n)
	for i := range n {
		for j := range n {
			cost.Row(i)[j] = (x[i] - x[j]) * (x[i] - x[j])
		}
	}
	cov := (math.Sqrt(4*s1*s1*s2*s2+eps*eps/4) - eps/2) / 2
	rho := cov / (s1 * s2)
	return Entropic{
		Name: "gaussians", A: normalDensity(x, m1, s1), B: normalDensity(x, m2, s2), Cost: cost, Reg: eps,
		TransportCost: (m1-m2)*(m1-m2) + s1*s1 + s2*s2 - 2*cov,
		KL:            -0.5 * math.Log1p(-rho*rho),
	}
}

// normalDensity is the density of N(mean, sd²) at x, scaled to total 1.
func normalDensity(x []float64, mean, sd float64) []float64 {
	w, sum := make([]float64, len(x)), 0.0
	for i, v := range x {
		t := (v - mean) / sd
		w[i] = math.Exp(-t * t / 2)
		sum += w[i]
	}
	for i := range w {
		w[i] /= sum
	}
	return w
}

// known completes a problem of known plan with its values.
func known(name string, a, b []float64, cost *matrix.Dense, eps float64, plan *matrix.Dense) Entropic {
	e := Entropic{Name: name, A: a, B: b, Cost: cost, Reg: eps, Plan: plan}
	for i, ai := range a {
		for j, bj := range b {
			p := plan.At(i, j)
			e.TransportCost += p * cost.At(i, j)
			if p > 0 {
				e.KL += p * math.Log(p/(ai*bj))
			}
		}
	}
	return e
}

// dense is an r×c matrix of the values row by row, or of zeros.
func dense(r, c int, values ...float64) *matrix.Dense {
	if values == nil {
		values = make([]float64, r*c)
	}
	return &matrix.Dense{Rows: r, Cols: c, Data: values}
}
