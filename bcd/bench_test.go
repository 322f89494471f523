package bcd

import (
	"context"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/loss"
	"solve/solver"
)

// correlated draws AR(1) rows with 100 relevant columns.
func correlated(b testing.TB, n, p int) *Problem {
	r := rng.New(1)
	x := dense(b, [][]float64{make([]float64, p)})
	x.Rows, x.Data = n, make([]float64, n*p)
	y := make([]float64, n)
	const rho = 0.6
	for i := range n {
		row := x.Row(i)
		row[0] = r.Normal()
		for j := 1; j < p; j++ {
			row[j] = rho*row[j-1] + math.Sqrt(1-rho*rho)*r.Normal()
		}
		for k := range 100 {
			y[i] += row[k*p/100] * float64(1-2*(k%2))
		}
		y[i] += 3 * r.Normal()
	}
	return &Problem{X: x, Y: y}
}

func BenchmarkPath(b *testing.B) {
	p := correlated(b, 500, 5000)
	opt := &Options{Path: PathOptions{All: true}}
	for b.Loop() {
		if _, err := Path(context.Background(), p, opt); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSolve(b *testing.B) {
	p := correlated(b, 500, 5000)
	for _, c := range []struct {
		name  string
		ratio float64
	}{{"tenth", 0.1}, {"hundredth", 0.01}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				s, err := New(context.Background(), p, &Options{Settings: solver.Settings{Tol: 1e-10}})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := s.Solve(context.Background(), c.ratio*s.LambdaMax()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkLogistic(b *testing.B) {
	r := rng.New(2)
	x := sparsify(b, r, randomDense(b, r, 20000, 100), 0.9)
	y := make([]float64, 20000)
	for i := range y {
		y[i] = math.Copysign(1, x.At(i, 3)-x.At(i, 5)+r.Normal())
	}
	p := &Problem{X: x, Y: y, Loss: loss.Logistic(), LambdaRatio: 0.1}
	for b.Loop() {
		if _, err := Solve(context.Background(), p, &Options{Settings: solver.Settings{Tol: 1e-10}}); err != nil {
			b.Fatal(err)
		}
	}
}
