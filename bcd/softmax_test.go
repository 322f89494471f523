package bcd

import (
	"context"
	"errors"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/loss"
	"solve/solver"
)

// With two classes λ(|x₀| + |x₁|) is least for a given difference β when it is
// λ|β|: the logistic lasso.
func TestSoftmaxOfTwoClassesIsLogistic(t *testing.T) {
	r := rng.New(31)
	n := 60
	x := randomDense(t, r, n, 15)
	y := make([]float64, n)
	for i := range y {
		y[i] = 4
		if x.At(i, 1)+r.Normal() > 0.3 {
			y[i] = 9
		}
	}
	for _, intercept := range []bool{false, true} {
		p := &Problem{X: x, Y: y, Loss: loss.Logistic(), LambdaRatio: 0.1, Intercept: intercept}
		want := fit(t, p, &Options{Settings: solver.Settings{Tol: 1e-11}})
		p.LambdaRatio, p.Lambda = 0, want.Lambda
		got, err := Softmax(context.Background(), p, &Options{Settings: solver.Settings{Tol: 1e-9}})
		if err != nil {
			t.Fatal(err)
		}
		if d := got.Objective - want.Objective; math.Abs(d) > 2e-9*want.NullObjective {
			t.Errorf("intercept %v: softmax %.12g, logistic %.12g", intercept, got.Objective, want.Objective)
		}
		if !near64(got.LambdaMax, want.LambdaMax, 1e-12) || !near64(got.NullObjective, want.NullObjective, 1e-12) {
			t.Errorf("λ_max %v, %v; null objective %v, %v", got.LambdaMax, want.LambdaMax, got.NullObjective, want.NullObjective)
		}
	}
}

func TestRandomSoftmax(t *testing.T) {
	for seed := range uint64(25) {
		r := rng.New(seed + 400)
		q := randomProblem(t, r)
		if q.grouped() {
			continue
		}
		q.Offset, q.L2 = nil, 0.01
		n, _ := q.X.Dims()
		for i := range q.Y {
			q.Y[i] = float64(r.Below(4))
		}
		q.Weights = nil
		copy(q.Y, []float64{0, 1, 2, 3})
		if n < 8 {
			continue
		}
		res, err := Softmax(context.Background(), q, &Options{Settings: solver.Settings{Tol: 1e-6}})
		if err != nil {
			t.Errorf("seed %d, %s: %v", seed, describe(q), err)
			continue
		}
		if !(res.DualGap >= 0) || len(res.Classes) != 4 || len(res.Intercepts) != 4 {
			t.Errorf("seed %d: gap %g, classes %v", seed, res.DualGap, res.Classes)
		}
		for _, v := range append(res.X, res.Intercepts...) {
			if v-v != 0 {
				t.Errorf("seed %d: not a number", seed)
			}
		}
		q.LambdaRatio, q.Lambda = 0, res.LambdaMax*(1+1e-9)
		if math.IsNaN(q.Lambda) {
			continue
		}
		if top, err := Softmax(context.Background(), q, nil); err != nil || top.Stats.Support > 0 {
			t.Errorf("seed %d: %d coefficients above λ_max: %v", seed, top.Stats.Support, err)
		}
	}
}

func TestSoftmaxRefusals(t *testing.T) {
	p := smallProblem(t)
	for i := range p.Y {
		p.Y[i] = float64(i % 3)
	}
	q := *p
	q.Offset = make([]float64, 20)
	if _, err := Softmax(context.Background(), &q, nil); !errors.Is(err, solver.ErrUnsupported) {
		t.Errorf("offset: %v", err)
	}
	q = *p
	q.Lambda = 0
	if _, err := Softmax(context.Background(), &q, nil); !errors.Is(err, solver.ErrInput) {
		t.Errorf("λ = 0: %v", err)
	}
	q = *p
	q.Y = make([]float64, 20)
	if _, err := Softmax(context.Background(), &q, nil); err == nil {
		t.Error("one class is accepted")
	}
}
