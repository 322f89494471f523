package constrained

import (
	"fmt"
	"math"

	"solve/internal/verify"
	"solve/matrix"
)

// limits states the problem for package verify.
func (p *Problem) limits() verify.Program {
	v := verify.Program{Lower: make([]float64, p.N), Upper: make([]float64, p.N), CLower: make([]float64, p.M), CUpper: make([]float64, p.M)}
	for j := range p.N {
		v.Lower[j], v.Upper[j] = p.lower(j), p.upper(j)
	}
	for i := range p.M {
		v.CLower[i], v.CUpper[i] = p.cLower(i), p.cUpper(i)
	}
	return v
}

// evaluate gives the functions at x as package verify takes them.
func (p *Problem) evaluate(x []float64) verify.Values {
	start, col := p.JacobianPattern()
	v := verify.Values{Gradient: make([]float64, p.N), Constraints: make([]float64, p.M)}
	if p.M == 0 {
		start = []int64{0}
	}
	v.Jacobian = &matrix.CSR{Rows: p.M, Cols: p.N, RowPtr: start, Col: col, Val: make([]float64, len(col))}
	v.Objective = p.First(x, v.Constraints, v.Gradient, v.Jacobian.Val)
	return v
}

// certify judges an answer in the units of the problem.
func (p *Problem) certify(x, y []float64) (verify.ProgramCertificate, verify.Values, error) {
	v := p.evaluate(x)
	c, err := p.limits().Certify(x, y, v)
	if err != nil {
		return c, v, fmt.Errorf("constrained: %w", err)
	}
	return c, v, nil
}

// boundMultipliers are z = ∇f + ∇cᵀy at variables with bounds.
func boundMultipliers(p *Problem, y []float64, v verify.Values) []float64 {
	z := v.Multipliers(y)
	for j := range z {
		if math.IsInf(p.lower(j), 0) && math.IsInf(p.upper(j), 0) {
			z[j] = 0
		}
	}
	return z
}

// residual2 is ‖(∇L, c)‖₂ with the multipliers of bounds in ∇L and the violations
// of limits for c.
func residual2(p *Problem, y []float64, v verify.Values) float64 {
	g := v.Multipliers(y)
	for j := range g {
		if !math.IsInf(p.lower(j), 0) || !math.IsInf(p.upper(j), 0) {
			g[j] = 0
		}
	}
	for i, c := range v.Constraints {
		g = append(g, math.Max(0, math.Max(p.cLower(i)-c, c-p.cUpper(i))))
	}
	return norm2(g)
}
