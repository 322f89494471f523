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

// One fold fitted by hand gives the error that cross-validation reports.
func TestCrossValidationByHand(t *testing.T) {
	r := rng.New(21)
	n, p := 60, 20
	x := randomDense(t, r, n, p)
	y := make([]float64, n)
	for i := range y {
		y[i] = 2*x.At(i, 0) - x.At(i, 4) + r.Normal()
	}
	q := &Problem{X: x, Y: y, Intercept: true}
	opt := &Options{Settings: solver.Settings{Tol: 1e-10, Seed: 4}, Path: PathOptions{Count: 20, Ratio: 1e-3, All: true}, CV: CVOptions{Folds: 5}}
	cv, err := CrossValidate(context.Background(), q, opt)
	if err != nil {
		t.Fatal(err)
	}
	l := 9
	want := 0.0
	for k := range 5 {
		train := *q
		train.Weights, train.Lambda = make([]float64, n), cv.Lambdas[l]
		for i, f := range cv.Fold {
			if f != k {
				train.Weights[i] = 1
			}
		}
		res := fit(t, &train, opt)
		eta, err := Predict(x, res.X, res.Intercept, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range cv.Fold {
			if f == k {
				want += (eta[i] - y[i]) * (eta[i] - y[i]) / float64(n)
			}
		}
	}
	if !near64(cv.Mean[l], want, 1e-6) {
		t.Errorf("mean squared error %.12g, by hand %.12g", cv.Mean[l], want)
	}
	if !(cv.Lambda1SE >= cv.LambdaMin) || cv.Mean[cv.IndexMin] > cv.Mean[0] {
		t.Errorf("λ_min %g, λ_1se %g", cv.LambdaMin, cv.Lambda1SE)
	}
	again, err := CrossValidate(context.Background(), q, &Options{Settings: solver.Settings{Tol: 1e-10, Seed: 4, Threads: 1}, Path: opt.Path, CV: opt.CV})
	if err != nil {
		t.Fatal(err)
	}
	for l := range cv.Mean {
		if again.Mean[l] != cv.Mean[l] || again.StdErr[l] != cv.StdErr[l] {
			t.Fatalf("λ %d: other bits on one thread", l)
		}
	}
}

func TestCrossValidationOfClasses(t *testing.T) {
	r := rng.New(22)
	n := 80
	x := randomDense(t, r, n, 10)
	y := make([]float64, n)
	for i := range y {
		y[i] = 3
		if x.At(i, 2)+0.3*r.Normal() > 0.6 {
			y[i] = 7
		}
	}
	for _, measure := range []string{"deviance", "class", "auc", "mse"} {
		opt := &Options{Path: PathOptions{Count: 15, Ratio: 1e-2}, CV: CVOptions{Folds: 4, Measure: measure}}
		cv, err := CrossValidate(context.Background(), &Problem{X: x, Y: y, Loss: loss.Logistic(), Intercept: true}, opt)
		if err != nil {
			t.Fatal(err)
		}
		if last := cv.Mean[len(cv.Mean)-1]; !(last < cv.Mean[0]) || last < 0 {
			t.Errorf("%s: %v at λ_max, %v at the end", measure, cv.Mean[0], last)
		}
	}
	_, err := CrossValidate(context.Background(), &Problem{X: x, Y: y}, &Options{CV: CVOptions{Measure: "auc"}})
	if !errors.Is(err, solver.ErrInput) {
		t.Errorf("classes of a regression: %v", err)
	}
}

func TestAreaUnderROC(t *testing.T) {
	eta, y, w := []float64{1, 2, 3, 3}, []float64{0, 1, 0, 1}, []float64{1, 1, 1, 2}
	// pairs: 2>1 right, 2<3 wrong, 3>1 right (2), 3=3 half (2)
	if got, want := areaUnderROC(eta, y, w, 1), (1+0+2+1.0)/6; math.Abs(got-want) > 1e-15 {
		t.Errorf("area %v, want %v", got, want)
	}
}
