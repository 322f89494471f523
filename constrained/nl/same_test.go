package nl

import (
	"math"
	"slices"
	"testing"

	"solve/constrained"
)

func identical(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) })
}

// evaluation is everything that Functions give at a point.
type evaluation struct {
	f                           float64
	c, gradient, jacobian, hess []float64
}

func evaluate(p *constrained.Problem, x []float64, sigma float64, y []float64) evaluation {
	_, column := p.JacobianPattern()
	_, hcolumn := p.HessianPattern()
	e := evaluation{c: make([]float64, p.M), gradient: make([]float64, p.N), jacobian: make([]float64, len(column)), hess: make([]float64, len(hcolumn))}
	e.f = p.First(x, e.c, e.gradient, e.jacobian)
	p.Hessian(x, sigma, y, e.hess)
	return e
}

// multipliers are fixed numbers of both signs.
func multipliers(m int) []float64 {
	y := make([]float64, m)
	for i := range y {
		y[i] = math.Sin(float64(3*i + 1))
	}
	return y
}

// same holds two models against one another, bit by bit.
func same(t *testing.T, got, want *Model) {
	t.Helper()
	p, q := got.Problem, want.Problem
	if p.Name != q.Name || p.N != q.N || p.M != q.M || p.Maximize != q.Maximize || !slices.Equal(p.Linear, q.Linear) {
		t.Errorf("problem %q %d×%d, want %q %d×%d", p.Name, p.M, p.N, q.Name, q.M, q.N)
	}
	for k, v := range [][2][]float64{{p.X0, q.X0}, {p.Y0, q.Y0}, {p.Lower, q.Lower}, {p.Upper, q.Upper}, {p.CLower, q.CLower}, {p.CUpper, q.CUpper}} {
		if !identical(v[0], v[1]) {
			t.Errorf("data %d: %v, want %v", k, v[0], v[1])
		}
	}
	y := multipliers(p.M)
	a, b := evaluate(p, p.X0, 0.7, y), evaluate(q, q.X0, 0.7, y)
	if math.Float64bits(a.f) != math.Float64bits(b.f) || !identical(a.c, b.c) || !identical(a.gradient, b.gradient) || !identical(a.jacobian, b.jacobian) || !identical(a.hess, b.hess) {
		t.Errorf("%s: values differ: f %v, want %v", q.Name, a.f, b.f)
	}
}
