package constrained

import (
	"math"
	"testing"

	"solve/solver"
)

// The iterations that the authors of AdaSketch-Newton stored for their versions of the
// methods, to ‖(∇L, c)‖ ≤ 1e-4.
func TestBaselinesIterations(t *testing.T) {
	for _, c := range []struct {
		name          string
		adaptive, two int // 0: stored, but the answer depends on rounding
	}{{"HS6", 9, 91}, {"HS7", 7, 10}, {"HS28", 5, 36}, {"HS77", 9, 0}} {
		k := equationsByName(t, c.name)
		for method, want := range map[string]int{L1Adaptive: c.adaptive, L1: c.two} {
			r, _, _ := history(t, k.p, Options{Method: method, Settings: solver.Settings{Tol: 1e-4}})
			if r.Status != solver.Solved || want > 0 && r.Stats.Iterations != want {
				t.Errorf("%s, %s: %v after %d iterations, want %d", c.name, method, r.Status, r.Stats.Iterations, want)
			}
		}
	}
}

func TestBaselinesKnown(t *testing.T) {
	fails := map[string]bool{ // with the shift of its Hessian it gets nowhere, or A is unbounded below
		"al/HS40": true, "al/HS52": true, "al/BT1": true,
	}
	for _, k := range equations() {
		for _, method := range []string{L1Adaptive, L1, AL} {
			r, _, _ := history(t, k.p, Options{Method: method, Settings: solver.Settings{Tol: 1e-4}})
			if fails[method+"/"+k.p.Name] {
				if r.Status == solver.Solved {
					t.Errorf("%s, %s: solved after all", method, k.p.Name)
				}
				continue
			}
			if r.Status != solver.Solved || math.Abs(r.Objective-k.f) > 2e-3*math.Max(1, math.Abs(k.f)) {
				t.Errorf("%s, %s: %v, f = %.10g, want %.10g", method, k.p.Name, r.Verdict, r.Objective, k.f)
			}
		}
	}
}
