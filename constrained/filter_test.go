package constrained

import (
	"math"
	"testing"
)

func TestFilter(t *testing.T) {
	var f filter
	f.open(1)
	if !f.admits(5, 5) {
		t.Error("an empty filter refuses")
	}
	f.add(2, 10)
	for _, c := range []struct {
		theta, phi float64
		want       bool
	}{{1, 20, true}, {3, 9, true}, {3, 11, false}, {2, 10, false}} {
		if got := f.admits(c.theta, c.phi); got != c.want {
			t.Errorf("(%g, %g): %v", c.theta, c.phi, got)
		}
	}
	f.add(1, 9) // dominates the first
	if len(f.entries) != 1 {
		t.Errorf("%d entries", len(f.entries))
	}
	r := reference{theta: 1, phi: 0, slope: -1}
	for _, c := range []struct {
		theta, phi float64
		want       bool
	}{
		{0.5, 20, true},           // less violation
		{0.5, 1e9, false},         // but an explosion
		{0.9999999, -1, true},     // a lower barrier function
		{1, 0, false},             // neither
		{2e4, -5, false},          // beyond the largest violation
		{math.NaN(), -5, false},   //
		{0.5, math.Inf(1), false}, //
	} {
		f.clear()
		if got := f.accepts(r, 1, c.theta, c.phi); got != c.want {
			t.Errorf("(%g, %g): %v", c.theta, c.phi, got)
		}
	}
	f.clear()
	descent := reference{theta: 0, phi: 1, slope: -1}
	if f.accepts(descent, 1, 0, 1) || !f.accepts(descent, 1, 0, 1-1e-7) || !f.switching(descent, 1) {
		t.Error("a step of descent is judged by something else")
	}
}
