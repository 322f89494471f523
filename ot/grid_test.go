package ot

import (
	"testing"

	"solve/internal/rng"
)

// gridProblem is a problem between random images, some pixels of which are
// empty.
func gridProblem(t testing.TB, shape []int, metric Metric, eps float64) *Problem {
	t.Helper()
	cost, err := NewGridCost(shape, metric, 1)
	if err != nil {
		t.Fatal(err)
	}
	n, _ := cost.Dims()
	r := rng.New(uint64(n))
	a, b := make([]float64, n), make([]float64, n)
	for i := range n {
		a[i], b[i] = r.Float64(), r.Float64()
		if i%7 == 0 {
			a[i] = 0
		}
	}
	return &Problem{A: unitMass(a), B: unitMass(b), Cost: cost, Reg: eps}
}

// mustSplit fails unless the passes of p go axis by axis.
func mustSplit(t testing.TB, p *Problem) {
	t.Helper()
	if g, ok := p.Cost.(*gridCost); !ok || g.separable(semidualOf(t, p).reduced) == nil {
		t.Fatal("the grid is not used: its passes go over all pairs")
	}
}

// The axis-wise passes of a grid give the plan of the same cost stored.
func TestSeparableGrid(t *testing.T) {
	for _, shape := range [][]int{{40, 40}, {9, 10, 11}} {
		for _, metric := range []Metric{SqEuclidean, Cityblock} {
			for _, eps := range []float64{0.2, 20} {
				p := gridProblem(t, shape, metric, eps)
				mustSplit(t, p)
				stored := &Problem{A: p.A, B: p.B, Cost: NewDenseCost(evaluated(p.Cost)), Reg: eps}
				grid, full := mustSolve(t, p, nil), mustSolve(t, stored, nil)
				closeTo(t, "cost", grid.Cost, full.Cost, 1e-7)
				samePlan(t, "plan", planMatrix(grid.Plan), planMatrix(full.Plan), 1e-7)
			}
		}
	}
}

// One pass along the axes gives what one pass over all pairs gives.
func TestSeparablePass(t *testing.T) {
	for _, shape := range [][]int{{23}, {6, 5}, {3, 4, 5}, {1, 7}, {7, 1}} {
		for _, metric := range []Metric{SqEuclidean, Cityblock} {
			for _, eps := range []float64{0.01, 0.5, 30} {
				p := gridProblem(t, shape, metric, eps)
				full := semidualOf(t, p)
				byAxes := semidualOf(t, p)
				byAxes.grid = gridOf(p.Cost.(*gridCost), byAxes.reduced)
				r := rng.New(4)
				want, got := newPoint(full.n, full.m), newPoint(full.n, full.m)
				for j := range want.beta {
					want.beta[j] = 2*r.Float64() - 1
				}
				copy(got.beta, want.beta)
				evaluate(t, full, want)
				evaluate(t, byAxes, got)
				closeTo(t, "h", got.h, want.h, 1e-13)
				for i := range want.alpha {
					closeTo(t, "α", got.alpha[i], want.alpha[i], 1e-13)
				}
				for j := range want.c {
					closeTo(t, "c", got.c[j], want.c[j], 1e-11)
				}
			}
		}
	}
}

// gridOf is the axis-wise evaluator whatever the size of the grid.
func gridOf(c *gridCost, q *reduced) *gridLSE {
	all := *q
	for len(all.rows)*len(all.cols) < 2*separableGain*c.x.Rows*c.x.Rows*len(c.shape) {
		all.rows = append(all.rows, all.rows...)
	}
	g := c.separable(&all)
	g.rows, g.cols = q.rows, q.cols
	return g
}

// A grid with a metric that is not separable is one of points.
func TestGridOfAnyMetric(t *testing.T) {
	for _, metric := range []Metric{Euclidean, Chebyshev} {
		p := gridProblem(t, []int{5, 6}, metric, 0.3)
		stored := &Problem{A: p.A, B: p.B, Cost: NewDenseCost(evaluated(p.Cost)), Reg: p.Reg}
		closeTo(t, string(metric), mustSolve(t, p, nil).Cost, mustSolve(t, stored, nil).Cost, 1e-12)
	}
}
