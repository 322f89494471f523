package ot

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"solve/internal/problems"
	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// methods are all methods that can be asked for.
var methods = []string{Auto, SNS, Sinkhorn, Greenkhorn}

// tight asks for more than the default tolerance.
func tight(tol float64) *Options { return &Options{Settings: solver.Settings{Tol: tol}} }

// generated is an instance of the generators behind `solve gen`: file name →
// content.
func generated(name string, values problems.Values, seed uint64) map[string]*matrix.Dense {
	g, ok := problems.Find(name)
	if !ok {
		panic("no generator " + name)
	}
	inst, err := g.Generate(values, seed, 0)
	if err != nil {
		panic(err)
	}
	files := map[string]*matrix.Dense{}
	for _, f := range inst.Files {
		files[f.Name] = f.Dense
	}
	return files
}

// assignment is an n×n cost of independent uniform numbers.
func assignment(n int, seed uint64) *Problem {
	f := generated("assignment", problems.Values{"n": fmt.Sprint(n)}, seed)
	return &Problem{A: f["a"].Data, B: f["b"].Data, Cost: NewDenseCost(f["cost"])}
}

// clouds is the squared distance, scaled to maximum 1, between two clouds of
// n uniform points in the unit square.
func clouds(n int, seed uint64) *Problem {
	f := generated("clouds", problems.Values{"n": fmt.Sprint(n), "cost": "sqeuclidean"}, seed)
	return &Problem{A: uniform(n), B: uniform(n), Cost: NewDenseCost(f["cost"])}
}

// images is a ring and a slanted bar of n×n pixels, with the squared
// Euclidean or the city-block distance scaled to maximum 1.
func images(n int, metric Metric) *Problem {
	f := generated("images", problems.Values{"n": fmt.Sprint(n), "cost": string(metric)}, 0)
	return &Problem{A: f["a"].Data, B: f["b"].Data, Cost: NewDenseCost(f["cost"])}
}

// random is an n×m cost of independent uniform numbers with unequal weights.
func random(n, m int, seed uint64) *Problem {
	r := rng.New(seed)
	c := &matrix.Dense{Rows: n, Cols: m, Data: make([]float64, n*m)}
	for k := range c.Data {
		c.Data[k] = r.Float64()
	}
	return &Problem{A: weights(r, n), B: weights(r, m), Cost: NewDenseCost(c), Reg: 0.03}
}

// weights are n random masses of total 1, none of them small.
func weights(r *rng.Stream, n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		w[i] = 0.1 + r.Float64()
	}
	return unitMass(w)
}

// unitMass scales masses to total 1.
func unitMass(a []float64) []float64 { return pick(a, all(len(a))) }

// points are n random points in [−1,1)^d.
func points(r *rng.Stream, n, d int) *matrix.Dense {
	x := &matrix.Dense{Rows: n, Cols: d, Data: make([]float64, n*d)}
	for k := range x.Data {
		x.Data[k] = 2*r.Float64() - 1
	}
	return x
}

func uniform(n int) []float64 { return filled(n, 1/float64(n)) }

// entropic is the problem of an oracle.
func entropic(e problems.Entropic) *Problem {
	return &Problem{A: e.A, B: e.B, Cost: NewDenseCost(e.Cost), Reg: e.Reg}
}

// oracle states a problem with a stored cost, and its plan, so that the maps
// of package problems apply.
func oracle(p *Problem, plan *matrix.Dense) problems.Entropic {
	return problems.Entropic{A: p.A, B: p.B, Cost: storedCost(p), Reg: p.Reg, Plan: plan}
}

// storedCost is the matrix of a dense cost.
func storedCost(p *Problem) *matrix.Dense { return p.Cost.(denseCost).c }

// evaluated is any cost as a matrix.
func evaluated(c Cost) *matrix.Dense {
	n, m := c.Dims()
	out := &matrix.Dense{Rows: n, Cols: m, Data: make([]float64, n*m)}
	for i := range n {
		c.Row(i, 0, out.Row(i))
	}
	return out
}

func dense(rows ...[]float64) *matrix.Dense {
	return &matrix.Dense{Rows: len(rows), Cols: len(rows[0]), Data: slices.Concat(rows...)}
}

func mustSolve(t testing.TB, p *Problem, opt *Options) *Result {
	t.Helper()
	res, err := Solve(context.Background(), p, opt)
	if err != nil {
		if res != nil {
			t.Logf("stats %+v, certificates %v", res.Stats, res.Certificates)
		}
		t.Fatal(err)
	}
	return res
}

// planMatrix is a whole plan.
func planMatrix(p *Plan) *matrix.Dense {
	n, m := p.Dims()
	out := &matrix.Dense{Rows: n, Cols: m, Data: make([]float64, n*m)}
	for i := range n {
		p.Row(i, out.Row(i))
	}
	return out
}

// certificate is the value of that name.
func certificate(t testing.TB, r *Result, name string) float64 {
	t.Helper()
	for _, c := range r.Certificates {
		if c.Name == name {
			return c.Value
		}
	}
	t.Fatalf("no certificate %s in %v", name, r.Certificates)
	return math.NaN()
}

func closeTo(t testing.TB, what string, got, want, rel float64) {
	t.Helper()
	if !(math.Abs(got-want) <= rel*math.Abs(want)) {
		t.Errorf("%s = %.17g, want %.17g (relative difference %.2g)", what, got, want, math.Abs(got/want-1))
	}
}

// samePlan compares plans in L1.
func samePlan(t testing.TB, what string, got, want *matrix.Dense, tol float64) {
	t.Helper()
	if got.Rows != want.Rows || got.Cols != want.Cols {
		t.Errorf("%s: plan is %d×%d, want %d×%d", what, got.Rows, got.Cols, want.Rows, want.Cols)
		return
	}
	d := 0.0
	for k := range got.Data {
		d += math.Abs(got.Data[k] - want.Data[k])
	}
	if !(d <= tol) {
		t.Errorf("%s: plans differ by %g in L1, want at most %g", what, d, tol)
	}
}
