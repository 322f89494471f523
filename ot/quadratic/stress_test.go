package quadratic

import (
	"context"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/solver"
)

// TestRandom solves random problems of all shapes, with ties, zero masses,
// masses and γ over many orders of magnitude, and forbidden arcs.
func TestRandom(t *testing.T) {
	r := rng.New(11)
	for trial := range 300 {
		n, m := 1+r.Below(12), 1+r.Below(12)
		kinds := []string{"unif2", "wunif2", "gauss10", "far2", "rand", "ties"}
		p := instance(kinds[r.Below(len(kinds))], n, m, 0, uint64(trial)+1)
		c := p.Cost.(*stored)
		p.Gamma = math.Pow(10, 4-12*r.Float64()) * max(c.mean(), 1e-3)
		if r.Below(3) == 0 {
			for k := range c.c {
				if r.Below(4) == 0 {
					c.c[k] = math.Inf(1)
				}
			}
		}
		total := 0.0
		for _, w := range [][]float64{p.A, p.B} {
			t := 0.0
			for i := range w {
				switch r.Below(4) {
				case 0:
					w[i] *= math.Pow(10, -8*r.Float64())
				case 1:
					if i > 0 {
						w[i] = 0
					}
				}
				t += w[i]
			}
			if total == 0 {
				total = t
			}
			for i := range w {
				w[i] *= total / t
			}
		}
		for _, method := range []string{Newton, Interior, Auto} {
			res, err := Solve(context.Background(), p, &Options{Method: method})
			if res == nil {
				t.Fatal(trial, err)
			}
			if res.Status == solver.Infeasible {
				if res.Held <= res.Reachable {
					t.Fatalf("trial %d: %+v", trial, res)
				}
				continue
			}
			recheck(t, p, res)
			if res.Status != solver.Solved && method == Auto {
				t.Errorf("trial %d: %d×%d γ %.3g %s: %v, %+v", trial, n, m, p.Gamma, method, err, res.Stats)
			}
		}
	}
}
