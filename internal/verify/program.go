package verify

import (
	"fmt"
	"math"

	"solve/matrix"
	"solve/solver"
)

// Values are the functions of a nonlinear program at one point.
type Values struct {
	Objective   float64
	Gradient    []float64
	Constraints []float64
	Jacobian    *matrix.CSR // a row a constraint; nil without constraints
}

// Program states min f(x) subject to CLower ≤ c(x) ≤ CUpper, Lower ≤ x ≤ Upper by
// its limits (±Inf = none).
type Program struct {
	Lower, Upper   []float64
	CLower, CUpper []float64
}

// ProgramCertificate is what Certify found, in the units of the program. The
// Lagrangian is f + yᵀc; the multipliers of the bounds are z = ∇f + ∇cᵀy, so that
// z > 0 belongs to a lower bound and z < 0 to an upper one, and y > 0 to an upper
// limit of a constraint and y < 0 to a lower one.
type ProgramCertificate struct {
	Objective float64
	// DualInfeasibility is the largest |z_j| or |y_i| that belongs to no limit.
	DualInfeasibility   float64
	ConstraintViolation float64
	BoundViolation      float64
	// Complementarity is the largest product of a multiplier and the distance
	// from its limit.
	Complementarity float64
	GradientNorm    float64 // ‖∇f‖∞
}

// Certify judges x and y from the values at x. Where a multiplier z_j is too
// small for its distance from a bound to matter, it counts as dual infeasibility
// or as complementarity, whichever is smaller in units of its tolerance.
func (p Program) Certify(x, y []float64, v Values) (ProgramCertificate, error) {
	n, m := len(p.Lower), len(p.CLower)
	if len(x) != n || len(p.Upper) != n || len(v.Gradient) != n || len(y) != m || len(p.CUpper) != m || len(v.Constraints) != m {
		return ProgramCertificate{}, fmt.Errorf("verify: x has %d entries and y %d for %d variables and %d constraints: %w", len(x), len(y), n, m, solver.ErrDimension)
	}
	c := ProgramCertificate{Objective: v.Objective}
	for _, g := range v.Gradient {
		c.GradientNorm = worse(c.GradientNorm, math.Abs(g))
	}
	for i, value := range v.Constraints {
		c.ConstraintViolation = worse(c.ConstraintViolation, outside(value, p.CLower[i], p.CUpper[i]))
		if p.CLower[i] != p.CUpper[i] {
			c.multiplier(-y[i], value, p.CLower[i], p.CUpper[i])
		}
	}
	for j, z := range v.Multipliers(y) {
		c.BoundViolation = worse(c.BoundViolation, outside(x[j], p.Lower[j], p.Upper[j]))
		if p.Lower[j] != p.Upper[j] {
			c.multiplier(z, x[j], p.Lower[j], p.Upper[j])
		}
	}
	if math.IsNaN(v.Objective) {
		c.DualInfeasibility = math.NaN()
	}
	return c, nil
}

// Multipliers are ∇f + ∇cᵀy.
func (v Values) Multipliers(y []float64) []float64 {
	z, _ := v.sumMultipliers(y)
	return z
}

// sumMultipliers gives the sizes of the terms, too: |∂_j f| + Σ_i |y_i ∂_j c_i|.
func (v Values) sumMultipliers(y []float64) (z, size []float64) {
	sums, size := make([]compensated, len(v.Gradient)), make([]float64, len(v.Gradient))
	for j, g := range v.Gradient {
		sums[j].add(g)
		size[j] = math.Abs(g)
	}
	for i := range v.Constraints {
		cols, vals := v.Jacobian.Row(i)
		for k, j := range cols {
			sums[j].add(y[i] * vals[k])
			size[j] += math.Abs(y[i] * vals[k])
		}
	}
	z = make([]float64, len(sums))
	for j := range sums {
		z[j] = sums[j].value()
	}
	return z, size
}

// multiplierRounding is what two evaluators may differ by in a multiplier, relative
// to the terms of its sum.
const multiplierRounding = 1e-13

// BoundMultipliers measures how far the z that are given are from ∇f + ∇cᵀy at the
// variables with a bound, and from 0 at the others, beyond the rounding of large
// terms that cancel and relative to max(1, ‖∇f‖∞).
func (p Program) BoundMultipliers(y, z []float64, v Values) float64 {
	far := 0.0
	want, size := v.sumMultipliers(y)
	for j := range want {
		rounding := multiplierRounding * size[j]
		if math.IsInf(p.Lower[j], -1) && math.IsInf(p.Upper[j], 1) {
			want[j], rounding = 0, 0
		}
		far = worse(far, math.Max(0, math.Abs(z[j]-want[j])-rounding))
	}
	return far / math.Max(1, maxAbs(v.Gradient))
}

// multiplier enters z, positive at the lower limit, of a quantity with that value.
func (c *ProgramCertificate) multiplier(z, value, lower, upper float64) {
	distance := math.Abs(value - lower)
	if z < 0 {
		distance = math.Abs(upper - value)
	}
	size := math.Abs(z)
	if product := size * distance; product <= size/math.Max(1, c.GradientNorm) {
		c.Complementarity = worse(c.Complementarity, product)
	} else {
		c.DualInfeasibility = worse(c.DualInfeasibility, size)
	}
}

// outside is how far value is outside the limits.
func outside(value, lower, upper float64) float64 {
	return math.Max(0, math.Max(lower-value, value-upper))
}

// Certificates are the numbers with their tolerances: tol, and for the dual
// infeasibility tol·max(1, ‖∇f‖∞).
func (c ProgramCertificate) Certificates(tol float64) []solver.Certificate {
	one := func(name string, value, tol float64) solver.Certificate {
		return solver.Certificate{Name: name, Value: value, Tol: tol, OK: value <= tol}
	}
	return []solver.Certificate{
		one("dual_infeasibility", c.DualInfeasibility, tol*math.Max(1, c.GradientNorm)),
		one("constraint_violation", c.ConstraintViolation, tol),
		one("bound_violation", c.BoundViolation, tol),
		one("complementarity", c.Complementarity, tol),
	}
}
