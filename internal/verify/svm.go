package verify

import (
	"fmt"
	"math"
	"slices"

	"solve/solver"
)

// SVM is the support vector machine
//
//	minimise over x, x₀:  P = (μ/2)‖x̃‖² + Σ W_i ℓ(m_i),  m_i = 1 − y_i(X_i x + x₀ + o_i),
//
// x̃_j = s_j x_j, ℓ(m) = max(0, m) or, squared, ½max(0, m)². Its dual is, with
// C_i = W_i/μ and v = Σ α_i y_i X̃_i,
//
//	maximise over α:  D = μ(Σ α_i(1 − y_i o_i) − ½‖v‖² − Σ α_i²/(2C_i)),
//
// the last sum for the squared loss alone, 0 ≤ α_i, α_i ≤ C_i for the other,
// and Σ α_i y_i = 0 with an intercept (Hsieh et al., ICML 2008).
type SVM struct {
	X           any       // *matrix.Dense, *matrix.CSR or *matrix.CSC
	Y           []float64 // ±1
	W           []float64 // weights as scaled
	Offset      []float64 // nil = zeros
	L2          float64   // μ > 0
	Squared     bool
	Intercept   bool
	ColumnScale []float64 // s; nil = ones; 0 leaves column j out
}

// SVMCertificate is what Certify found.
type SVMCertificate struct {
	Objective float64 // P
	Gap       float64 // P − D ≥ P − P*, absolute; +Inf for an α that is not feasible
	KKT       float64 // largest projected gradient of D/μ, in units of the margin
}

func (s *SVM) offset(i int) float64 {
	if s.Offset == nil {
		return 0
	}
	return s.Offset[i]
}

func (s *SVM) scale(j int) float64 {
	if s.ColumnScale == nil {
		return 1
	}
	return s.ColumnScale[j]
}

// margins returns 1 − y_i(X_i x + x₀ + o_i).
func (s *SVM) margins(x []float64, x0 float64) []float64 {
	m := make([]float64, len(s.Y))
	(&Fit{X: s.X}).entries(func(i, j int, v float64) { m[i] += v * x[j] })
	for i, y := range s.Y {
		m[i] = 1 - y*(m[i]+x0+s.offset(i))
	}
	return m
}

// normal returns v = Σ α_i y_i X̃_i.
func (s *SVM) normal(alpha []float64, cols int) []float64 {
	v := make([]float64, cols)
	(&Fit{X: s.X}).entries(func(i, j int, t float64) { v[j] += alpha[i] * s.Y[i] * t })
	for j := range v {
		if d := s.scale(j); d == 0 {
			v[j] = 0
		} else {
			v[j] /= d
		}
	}
	return v
}

func (s *SVM) loss(m float64) float64 {
	m = math.Max(0, m)
	if s.Squared {
		return m * m / 2
	}
	return m
}

// Null returns P at x = 0 with the best intercept.
func (s *SVM) Null() float64 {
	x0 := 0.0
	if s.Intercept {
		x0 = s.BestIntercept(make([]float64, len(s.Y)))
	}
	var sum compensated
	for i, y := range s.Y {
		sum.add(s.W[i] * s.loss(1-y*(x0+s.offset(i))))
	}
	return sum.value()
}

// BestIntercept minimises the loss over x₀ for the predictor η without it and
// without offset: the slope grows with x₀ and changes its law at y_i − η_i − o_i
// only.
func (s *SVM) BestIntercept(eta []float64) float64 {
	var kinks []float64
	for i, y := range s.Y {
		if s.W[i] > 0 {
			kinks = append(kinks, y-eta[i]-s.offset(i))
		}
	}
	slices.Sort(kinks)
	// slope of the loss at t, to the right of a kink, and its derivative.
	slope := func(t float64) (first, second float64) {
		var a, b compensated
		for i, y := range s.Y {
			m := 1 - y*(t+eta[i]+s.offset(i))
			switch {
			case s.W[i] == 0 || m < 0 || m == 0 && y > 0:
			case s.Squared:
				a.add(-y * s.W[i] * m)
				b.add(s.W[i])
			default:
				a.add(-y * s.W[i])
			}
		}
		return a.value(), b.value()
	}
	k, _ := slices.BinarySearchFunc(kinks, 0, func(t float64, _ int) int {
		if first, _ := slope(t); first < 0 {
			return -1
		}
		return 1
	})
	k = min(k, len(kinks)-1)
	if !s.Squared || k == 0 {
		return kinks[k]
	}
	first, second := slope(kinks[k-1])
	if second == 0 {
		return kinks[k]
	}
	return math.Min(kinks[k], kinks[k-1]-first/second)
}

// Certify judges the coefficients x, the intercept x₀ and the dual point α.
// Where P − D is a difference of large numbers, its terms are not: by Fenchel's
// inequality
//
//	P − D = μ(½‖x̃ − v‖² + Σ [C_i ℓ(m_i) + ℓ*_i(α_i) − α_i m_i] − x₀ Σ α_i y_i),
//
// and each of the brackets is ≥ 0.
func (s *SVM) Certify(x []float64, x0 float64, alpha []float64) (SVMCertificate, error) {
	switch {
	case !(s.L2 > 0):
		return SVMCertificate{}, fmt.Errorf("verify: a penalty of weight %g: %w", s.L2, solver.ErrInput)
	case len(alpha) != len(s.Y) || len(s.W) != len(s.Y):
		return SVMCertificate{}, fmt.Errorf("verify: %d dual values for %d rows: %w", len(alpha), len(s.Y), solver.ErrDimension)
	}
	var objective, gap compensated
	m := s.margins(x, x0)
	for i := range s.Y {
		objective.add(s.W[i] * s.loss(m[i]))
	}
	for j, v := range x {
		t := s.scale(j) * v
		objective.add(s.L2 * t * t / 2)
	}
	out := SVMCertificate{Objective: objective.value(), Gap: math.Inf(1)}
	alpha, ok := s.balanced(alpha)
	for i, a := range alpha {
		c := s.W[i] / s.L2
		if !(a >= 0) || math.IsInf(a, 1) || a > c*(1+domainSlack) && !s.Squared || c == 0 && a > 0 {
			ok = false
			continue
		}
		value, violation := s.complementarity(m[i], a, c)
		gap.add(value)
		out.KKT = math.Max(out.KKT, violation)
	}
	if !ok {
		return out, nil
	}
	for j, v := range s.normal(alpha, len(x)) {
		d := s.scale(j)*x[j] - v
		gap.add(d * d / 2)
	}
	if s.Intercept {
		var sum compensated
		for i, a := range alpha {
			sum.add(a * s.Y[i])
		}
		gap.add(math.Abs(x0 * sum.value())) // what rounding left
	}
	out.Gap = s.L2 * gap.value()
	return out, nil
}

// complementarity is the bracket of one row and how far α is from optimal for
// the margin.
func (s *SVM) complementarity(m, alpha, c float64) (value, violation float64) {
	over, under := math.Max(0, m), math.Max(0, -m)
	if s.Squared {
		if c == 0 {
			return 0, 0
		}
		d := c*over - alpha
		value = d*d/(2*c) + alpha*under
		violation = m - alpha/c
		if alpha == 0 {
			violation = over
		}
		return value, math.Abs(violation)
	}
	if alpha < c {
		violation = over
	}
	if alpha > 0 {
		violation = math.Max(violation, under)
	}
	return math.Max(0, c-alpha)*over + alpha*under, violation
}

// balanced shrinks the values of the heavier class until Σ α_i y_i = 0, where
// there is an intercept; it fails where one class has none.
func (s *SVM) balanced(alpha []float64) ([]float64, bool) {
	if !s.Intercept {
		return alpha, true
	}
	theta := make([]float64, len(alpha))
	for i, a := range alpha {
		theta[i] = a * s.Y[i]
	}
	phi, changed := balance(theta)
	if !changed {
		return alpha, true
	}
	for i := range phi {
		phi[i] *= s.Y[i]
		if math.IsNaN(phi[i]) {
			return alpha, false
		}
	}
	return phi, true
}

// Certificates judges c relative to the null objective.
func (c SVMCertificate) Certificates(tol, null float64) []solver.Certificate {
	gap := solver.Certificate{Name: "dual_gap", Value: c.Gap, Tol: tol}
	if gap.Value > 0 {
		gap.Value /= null
	}
	gap.OK = gap.Value <= tol
	return []solver.Certificate{gap, {Name: "kkt_residual", Value: c.KKT, Tol: math.NaN(), OK: true}}
}
