package direct

import (
	"math"
	"slices"
	"testing"

	"solve/matrix"
)

// maximum is the largest absolute entry, NaN if there is one.
func maximum(x []float64) float64 {
	m := 0.
	for _, v := range x {
		m = math.Max(m, math.Abs(v))
	}
	return m
}

// With an inverse that is right to three digits every step gains as many.
func TestRefine(t *testing.T) {
	a := grid(t, 1, 12, 12)
	c := factored(t, a, nil, 1)
	n := a.Rows
	want, b := make([]float64, n), make([]float64, n)
	for i := range want {
		want[i] = math.Cos(float64(i))
	}
	a.MulVecTo(b, false, want)
	rough := func(x []float64) {
		c.Solve(x)
		for i := range x {
			x[i] *= 1 + 1e-3*math.Sin(float64(3*i))
		}
	}
	x := slices.Clone(b)
	rough(x)
	steps, _ := NewRefiner(a, rough, maximum).Refine(t.Context(), b, x, 10, 0)
	if steps < 3 || steps > 8 {
		t.Errorf("%d steps", steps)
	}
	for i := range x {
		if math.Abs(x[i]-want[i]) > 1e-14*100 {
			t.Fatalf("x[%d] = %.17g, want %.17g", i, x[i], want[i])
		}
	}
}

// A solve that makes things worse changes nothing.
func TestRefineTakesBack(t *testing.T) {
	a := grid(t, 1, 3, 3)
	b, x := make([]float64, 9), make([]float64, 9)
	b[4] = 1
	for name, solve := range map[string]func([]float64){
		"wrong sign": func(x []float64) {
			for i := range x {
				x[i] = -x[i]
			}
		},
		"not a number": func(x []float64) { x[0] = math.NaN() },
	} {
		y := slices.Clone(x)
		if steps, norm := NewRefiner(a, solve, maximum).Refine(t.Context(), b, y, 5, 0); steps != 1 || norm != 1 {
			t.Errorf("%s: %d steps, norm %g", name, steps, norm)
		}
		for i, v := range y {
			if math.Abs(v) > 1e-15 {
				t.Errorf("%s: x[%d] = %g", name, i, v)
			}
		}
	}
	var exact matrix.Operator = a
	if steps, _ := NewRefiner(exact, func([]float64) {}, maximum).Refine(t.Context(), make([]float64, 9), x, 5, 0); steps != 0 {
		t.Errorf("%d steps from the exact solution", steps)
	}
}

// Diagonal matrices and the Laplacian of a path have known condition numbers.
func TestCondition1(t *testing.T) {
	diagonal := func(d ...float64) float64 {
		solve := func(x []float64) {
			for i := range x {
				x[i] /= d[i]
			}
		}
		return Condition1(len(d), slices.Max(d), solve, solve)
	}
	for _, test := range []struct{ got, want float64 }{
		{diagonal(3), 1},
		{diagonal(1, 2, 4, 8), 8},
		{diagonal(1e-3, 1, 1e3), 1e6},
		{diagonal(1, 0), math.Inf(1)},
		{Condition1(0, 0, nil, nil), 0},
	} {
		if math.Abs(test.got-test.want) > 1e-12*test.want {
			t.Errorf("condition = %g, want %g", test.got, test.want)
		}
	}
	const n = 31 // the middle column of the inverse has the sum (n+1)²/8
	c := factored(t, grid(t, 1, 1, n), nil, 1)
	calls := 0
	solve := func(x []float64) { calls++; c.Solve(x) }
	if got, want := Condition1(n, 4, solve, solve), 4*float64((n+1)*(n+1))/8; math.Abs(got-want) > 1e-10*want {
		t.Errorf("condition of the path = %g, want %g", got, want)
	}
	if calls > 2*condestSolves {
		t.Errorf("%d solves", calls)
	}
}

// The inverse of an unsymmetric matrix needs both kinds of solve.
func TestCondition1Unsymmetric(t *testing.T) {
	// A = [1 10; 0 1]: ‖A‖₁ = ‖A⁻¹‖₁ = 11.
	solve := func(x []float64) { x[0] -= 10 * x[1] }
	trans := func(x []float64) { x[1] -= 10 * x[0] }
	if got := Condition1(2, 11, solve, trans); math.Abs(got-121) > 1e-12 {
		t.Errorf("condition = %g, want 121", got)
	}
}
