package bcd

import (
	"context"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/loss"
)

// Without a penalty on some columns the solver's own gap is a promise that the
// checker need not confirm: a path then has to go on where it fell short.
func TestPathGoesOnWhereTheCheckerDisagrees(t *testing.T) {
	for seed := range uint64(30) {
		r := rng.New(seed)
		n, p := 12, 6
		x := randomDense(t, r, n, p)
		scaleColumns(x, r)
		y := make([]float64, n)
		for i := range y {
			y[i] = math.Floor(3 * r.Float64())
		}
		factor := make([]float64, p)
		for j := range factor {
			factor[j] = float64(j % 2)
		}
		opt := &Options{Path: PathOptions{Count: 12, Ratio: 0.01}}
		opt.Tol = 1e-3
		q := &Problem{X: x, Y: y, Loss: loss.Poisson(), PenaltyFactor: factor, Intercept: seed%2 == 0}
		if seed%3 == 0 {
			q.Loss = loss.SmoothHuber(0.5)
		}
		path, err := Path(context.Background(), q, opt)
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
			continue
		}
		for _, point := range path.Points {
			for _, c := range point.Certificates {
				if !c.OK {
					t.Errorf("seed %d, λ %g: %s is %g", seed, point.Lambda, c.Name, c.Value)
				}
			}
		}
	}
}
