package ot

import (
	"context"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

func uniform(n int) []float64 { return filled(n, 1/float64(n)) }

// assignment is an n×n cost of independent uniform numbers.
func assignment(n int, seed uint64) *Problem {
	r := rng.New(seed)
	c := &matrix.Dense{Rows: n, Cols: n, Data: make([]float64, n*n)}
	for k := range c.Data {
		c.Data[k] = r.Float64()
	}
	return &Problem{A: uniform(n), B: uniform(n), Cost: NewDenseCost(c)}
}

// clouds is the squared distance, scaled to maximum 1, between two clouds of
// uniform points in the unit square.
func clouds(n int, seed uint64) *Problem {
	r := rng.New(seed)
	x, y := make([]float64, 2*n), make([]float64, 2*n)
	for k := range x {
		x[k] = r.Float64()
	}
	for k := range y {
		y[k] = r.Float64()
	}
	c := &matrix.Dense{Rows: n, Cols: n, Data: make([]float64, n*n)}
	largest := 0.0
	for i := range n {
		for j := range n {
			dx, dy := x[2*i]-y[2*j], x[2*i+1]-y[2*j+1]
			c.Data[i*n+j] = dx*dx + dy*dy
			largest = max(largest, c.Data[i*n+j])
		}
	}
	for k := range c.Data {
		c.Data[k] /= largest
	}
	return &Problem{A: uniform(n), B: uniform(n), Cost: NewDenseCost(c)}
}

// images is a pair of synthetic n×n images, a ring and a slanted bar, with
// the squared Euclidean or the city-block distance scaled to maximum 1.
func images(n int, metric Metric) *Problem {
	a, b := make([]float64, n*n), make([]float64, n*n)
	sa, sb := 0.0, 0.0
	for i := range n {
		for j := range n {
			x, y := float64(i)/float64(n), float64(j)/float64(n)
			ring := (math.Hypot(x-.5, y-.5) - .28) / .05
			bar := (y - .35 - .3*x) / .05
			a[i*n+j] = math.Exp(-ring*ring) + 0.01
			b[i*n+j] = 0.01
			if math.Abs(x-.5) < .38 {
				b[i*n+j] += math.Exp(-bar * bar)
			}
			sa += a[i*n+j]
			sb += b[i*n+j]
		}
	}
	c := &matrix.Dense{Rows: n * n, Cols: n * n, Data: make([]float64, n*n*n*n)}
	for k := range a {
		a[k] /= sa
		b[k] /= sb
		for l := range a {
			dx, dy := float64(k/n-l/n), float64(k%n-l%n)
			v := (dx*dx + dy*dy) / float64(2*(n-1)*(n-1))
			if metric == Cityblock {
				v = (math.Abs(dx) + math.Abs(dy)) / float64(2*(n-1))
			}
			c.Data[k*n*n+l] = v
		}
	}
	return &Problem{A: a, B: b, Cost: NewDenseCost(c)}
}

// TestPasses holds the default method to the number of passes over the cost
// that its design promises.
func TestPasses(t *testing.T) {
	for _, tc := range []struct {
		name   string
		p      *Problem
		eps    float64
		tol    float64
		passes int
	}{
		{"assignment 500", assignment(500, 0), 1. / 1200, 1e-12, 33},
		{"clouds 1000, 1e-3", clouds(1000, 0), 1e-3, 1e-12, 32},
		{"clouds 1000, 1e-4", clouds(1000, 0), 1e-4, 1e-11, 41},
		{"images L2, 1/1200", images(28, SqEuclidean), 1. / 1200, 1e-12, 35},
		{"images L2, 1e-4", images(28, SqEuclidean), 1e-4, 1e-11, 55},
		{"images L1, 1/1200", images(28, Cityblock), 1. / 1200, 1e-12, 196},
		{"images L1, 1e-4", images(28, Cityblock), 1e-4, 1e-11, 327},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.p.Reg = tc.eps
			var trace []solver.Record
			opt := &Options{Settings: solver.Settings{Tol: tc.tol, Recorder: solver.RecorderFunc(func(r solver.Record) error {
				trace = append(trace, r)
				return nil
			})}}
			res, err := Solve(context.Background(), tc.p, opt)
			if err != nil {
				for _, r := range trace {
					t.Logf("%4d %-9s e=%.3e t=%.3g", r.Iter, r.Phase, r.Residual, r.Step)
				}
				t.Fatal(err)
			}
			t.Logf("%+v", res.Stats)
			for _, c := range res.Certificates {
				t.Logf("%s %.17g", c.Name, c.Value)
			}
			if res.Stats.Passes > tc.passes {
				t.Errorf("%d passes, want at most %d", res.Stats.Passes, tc.passes)
			}
		})
	}
}
