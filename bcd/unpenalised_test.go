package bcd

import (
	"context"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/loss"
	"solve/solver"
)

// Columns of penalty factor 0 are fitted freely, and certified by a dual point
// that is orthogonal to them.
func TestUnpenalisedColumns(t *testing.T) {
	for seed := range uint64(150) {
		q := randomProblem(t, rng.New(seed+5000))
		n, p := q.X.Dims()
		if q.grouped() || q.bounded() || n < 15 {
			continue
		}
		r := rng.New(seed)
		q.PenaltyFactor = make([]float64, p)
		for j := range q.PenaltyFactor {
			q.PenaltyFactor[j] = 1
			if j < 3 && r.Below(2) == 0 {
				q.PenaltyFactor[j] = 0
			}
		}
		q.L2 = 0
		if q.Loss.Name() == "logistic" || q.Loss.Name() == "sqhinge" || q.Loss.Name() == "poisson" {
			// Free columns could separate the classes.
			q.Loss = loss.Squared()
			for i := range q.Y {
				q.Y[i] += 0.1 * float64(i)
			}
		}
		res, err := Solve(context.Background(), q, &Options{Settings: solver.Settings{Tol: 1e-8}})
		if err != nil {
			t.Errorf("seed %d, %s: %v", seed, describe(q), err)
			continue
		}
		if q.Loss.Name() == "squared" && !(res.DualGap >= 0) {
			t.Errorf("seed %d, %s: gap %g", seed, describe(q), res.DualGap)
		}
		if res.LambdaMax == 0 || q.Loss.Name() != "squared" {
			continue
		}
		again := *q
		again.LambdaRatio, again.Lambda = 0, res.LambdaMax*(1+1e-6)
		top := fit(t, &again, &Options{Settings: solver.Settings{Tol: 1e-10}})
		for j, v := range top.X {
			if v != 0 && q.PenaltyFactor[j] != 0 {
				t.Errorf("seed %d, %s: coefficient %d is %g above λ_max", seed, describe(q), j, v)
			}
		}
	}
}

// Bounds that exclude zero.
func TestBoundsAwayFromZero(t *testing.T) {
	p := smallProblem(t)
	p.Lower, p.Upper = []float64{0.1}, []float64{math.Inf(1)}
	res, err := Solve(context.Background(), p, &Options{Settings: solver.Settings{Tol: 1e-10}})
	if err != nil {
		t.Fatal(err)
	}
	for j, v := range res.X {
		if v < 0.1 {
			t.Errorf("coefficient %d is %g", j, v)
		}
	}
}
