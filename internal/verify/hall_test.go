package verify

import (
	"math"
	"testing"

	"solve/matrix"
)

func TestViolation(t *testing.T) {
	inf := math.Inf(1)
	cost, err := matrix.NewDense(3, 3, []float64{0, 1, 1, inf, inf, 1, inf, inf, 2})
	if err != nil {
		t.Fatal(err)
	}
	p := Transport{A: []float64{.2, .4, .4}, B: []float64{.4, .2, .4}, Cost: DenseCost(cost)}
	if held, reachable := Violation(p, []int{1, 2}); math.Abs(held-.8) > 1e-15 || math.Abs(reachable-.4) > 1e-15 {
		t.Errorf("rows 2, 3 hold %g and reach %g, want 0.8 and 0.4", held, reachable)
	}
	if held, reachable := Violation(p, []int{0}); held != .2 || math.Abs(reachable-1) > 1e-15 {
		t.Errorf("row 1 holds %g and reaches %g, want 0.2 and 1", held, reachable)
	}
}
