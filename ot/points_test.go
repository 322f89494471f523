package ot

import (
	"math"
	"slices"
	"testing"

	"solve/internal/rng"
	"solve/internal/verify"
	"solve/matrix"
)

// byDefinition is metric(x, y)^p in one line each.
var byDefinition = map[Metric]func(x, y []float64) float64{
	SqEuclidean: func(x, y []float64) float64 { return math.Pow(norm(x, y, 2), 2) },
	Euclidean:   func(x, y []float64) float64 { return norm(x, y, 2) },
	Cityblock:   func(x, y []float64) float64 { return norm(x, y, 1) },
	Chebyshev: func(x, y []float64) float64 {
		best := 0.0
		for k := range x {
			best = max(best, math.Abs(x[k]-y[k]))
		}
		return best
	},
	Cosine: func(x, y []float64) float64 {
		xy, zero := 0.0, make([]float64, len(x))
		for k := range x {
			xy += x[k] * y[k]
		}
		return max(0, 1-xy/norm(x, zero, 2)/norm(y, zero, 2))
	},
}

func norm(x, y []float64, p float64) float64 {
	s := 0.0
	for k := range x {
		s += math.Pow(math.Abs(x[k]-y[k]), p)
	}
	return math.Pow(s, 1/p)
}

// Every metric, power and dimension: rows, parts of rows and the checker's
// rows against the definition.
func TestMetrics(t *testing.T) {
	for _, metric := range Metrics() {
		for _, p := range []float64{0.5, 1, 2, 3} {
			for _, d := range []int{1, 2, 3, 5} {
				r := rng.New(uint64(d))
				x, y := points(r, 7, d), points(r, 19, d)
				cost, err := NewPointCost(x, y, metric, p)
				if err != nil {
					t.Fatal(err)
				}
				checker, err := verify.PointCost(x, y, string(metric), p)
				if err != nil {
					t.Fatal(err)
				}
				if n, m := cost.Dims(); n != 7 || m != 19 || cost.Metric() != metric {
					t.Errorf("cost is %d×%d, %s", n, m, cost.Metric())
				}
				row, part := make([]float64, 19), make([]float64, 5)
				for i := range 7 {
					cost.Row(i, 0, row)
					check := checker.Row(i, make([]float64, 19))
					cost.Row(i, 11, part)
					for j, got := range row {
						want := math.Pow(byDefinition[metric](x.Row(i), y.Row(j)), p)
						tol := 1e-13 * want
						if metric == Cosine {
							// 1 − cos cancels in the definition, and a root makes it worse.
							tol = math.Pow(2e-14, min(p, 1))
						}
						if !(math.Abs(got-want) <= tol) {
							t.Errorf("%s^%g in R^%d: C = %.17g, want %.17g", metric, p, d, got, want)
						}
						if !(math.Abs(check[j]-want) <= tol) {
							t.Errorf("%s^%g in R^%d: the checker has C = %.17g, want %.17g", metric, p, d, check[j], want)
						}
						if j >= 11 && j < 16 && part[j-11] != got {
							t.Errorf("%s^%g in R^%d: part of a row has %.17g for %.17g", metric, p, d, part[j-11], got)
						}
					}
				}
			}
		}
	}
}

// Parallel vectors are at cosine distance 0 to rounding, for the solver and
// for the checker: the root of −10⁻¹⁶ would be NaN, that of 10⁻¹⁶ is not small.
func TestCosineOfParallelVectors(t *testing.T) {
	r := rng.New(17)
	x := points(r, 50, 3)
	y := &matrix.Dense{Rows: 50, Cols: 3, Data: slices.Clone(x.Data)}
	for i := range y.Rows {
		for k := range y.Row(i) {
			y.Row(i)[k] *= 3 + float64(i)
		}
	}
	cost, err := NewPointCost(x, y, Cosine, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	check := cost.verifier()
	row := make([]float64, 50)
	for i := range x.Rows {
		cost.Row(i, 0, row)
		if got := check.Row(i, make([]float64, 50))[i]; !(row[i] <= 1e-15 && got <= 1e-15) {
			t.Errorf("parallel vectors %d are %g apart, for the checker %g", i, row[i], got)
		}
	}
	mustSolve(t, &Problem{A: uniform(50), B: uniform(50), Cost: cost, Reg: 0.05}, tight(1e-11))
}

// Recomputed, stored and plainly tabulated costs give the same result, both
// ways round, with empty points.
func TestLazy(t *testing.T) {
	for _, metric := range Metrics() {
		for _, p := range []float64{0.5, 1, 2} {
			for _, size := range [][2]int{{30, 40}, {40, 30}} {
				r := rng.New(31)
				x, y := points(r, size[0], 2), points(r, size[1], 2)
				cost, err := NewPointCost(x, y, metric, p)
				if err != nil {
					t.Fatal(err)
				}
				a, b := weights(r, size[0]), weights(r, size[1])
				a[3], b[5] = 0, 0
				prob := &Problem{A: unitMass(a), B: unitMass(b), Cost: cost, Reg: 0.05}
				want := mustSolve(t, &Problem{A: prob.A, B: prob.B, Cost: NewDenseCost(evaluated(cost)), Reg: prob.Reg}, tight(1e-12))
				for _, lazy := range []bool{false, true} {
					opt := tight(1e-12)
					opt.Lazy = lazy
					res := mustSolve(t, prob, opt)
					samePlan(t, string(metric), planMatrix(res.Plan), planMatrix(want.Plan), 1e-11)
					closeTo(t, string(metric)+" cost", res.Cost, want.Cost, 1e-12)
					closeTo(t, string(metric)+" objective", res.Objective, want.Objective, 1e-12)
				}
			}
		}
	}
}

// Costs that would not fit are recomputed without being asked to be.
func TestLazyForLackOfMemory(t *testing.T) {
	r := rng.New(2)
	cost, err := NewPointCost(points(r, 50, 2), points(r, 50, 2), Euclidean, 1)
	if err != nil {
		t.Fatal(err)
	}
	p := &Problem{A: uniform(50), B: uniform(50), Cost: cost, Reg: 0.1}
	opt := tight(1e-9)
	opt.MaxMemory = 30_000 // 20 kB for the costs is more than half of it
	want := mustSolve(t, p, nil)
	res := mustSolve(t, p, opt)
	closeTo(t, "cost", res.Cost, want.Cost, 1e-8)
}

// Points far from the origin keep their digits.
func TestFarPoints(t *testing.T) {
	r := rng.New(5)
	x, y := points(r, 20, 2), points(r, 15, 2)
	// Multiples of 2⁻²⁰, so that moving them by 2²⁰ is exact.
	for _, d := range []*matrix.Dense{x, y} {
		for k, v := range d.Data {
			d.Data[k] = math.Round(v*0x1p20) * 0x1p-20
		}
	}
	near, err := NewPointCost(x, y, SqEuclidean, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := mustSolve(t, &Problem{A: uniform(20), B: uniform(15), Cost: near, Reg: 0.01}, tight(1e-11))
	for _, d := range []*matrix.Dense{x, y} {
		for k := range d.Data {
			d.Data[k] += 0x1p20
		}
	}
	far, err := NewPointCost(x, y, SqEuclidean, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, lazy := range []bool{false, true} {
		opt := tight(1e-11)
		opt.Lazy = lazy
		res := mustSolve(t, &Problem{A: uniform(20), B: uniform(15), Cost: far, Reg: 0.01}, opt)
		closeTo(t, "cost", res.Cost, want.Cost, 1e-11)
	}
}
