package problems

import (
	"math"
	"testing"
)

func TestMonotoneValues(t *testing.T) {
	// Moving every point by 3 costs 3^p, whatever the masses.
	x, y := []float64{0, 1, 5}, []float64{3, 4, 8}
	w := []float64{0.25, 0.5, 0.25}
	for _, p := range []float64{1, 2, 3} {
		if got, want := Monotone(x, w, y, w, p).Value, math.Pow(3, p); math.Abs(got-want) > 1e-14*want {
			t.Errorf("p = %g: %v, want %v", p, got, want)
		}
	}
	// W₁ is the integral of the distance between distribution functions.
	a, b := []float64{0.1, 0.3, 0.6}, []float64{0.5, 0.2, 0.3}
	got := Monotone(x, a, y, b, 1).Value
	// F−G on [0,1): 0.1; [1,3): 0.4; [3,4): −0.1; [4,5): −0.3; [5,8): 0.3.
	if want := 0.1 + 0.8 + 0.1 + 0.3 + 0.9; math.Abs(got-want) > 1e-14 {
		t.Errorf("W₁ = %v, want %v", got, want)
	}
}

func TestAssignmentValue(t *testing.T) {
	// The textbook example: rows take columns 2, 1, 3 (1+2+2).
	if got := Assignment(dense(3, 3, 4, 1, 3, 2, 0, 5, 3, 2, 2)).Value; math.Abs(got-5.0/3) > 1e-15 {
		t.Errorf("value %v, want 5/3", got)
	}
}

func TestExactOraclesAreBalanced(t *testing.T) {
	for _, e := range ExactOracles() {
		var a, b float64
		for _, v := range e.A {
			a += v
		}
		for _, v := range e.B {
			b += v
		}
		if math.Abs(a-1) > 1e-15 || math.Abs(b-1) > 1e-15 {
			t.Errorf("%s: sums %v and %v", e.Name, a, b)
		}
		if e.Cost.Rows != len(e.A) || e.Cost.Cols != len(e.B) {
			t.Errorf("%s: cost is %d×%d", e.Name, e.Cost.Rows, e.Cost.Cols)
		}
	}
}
