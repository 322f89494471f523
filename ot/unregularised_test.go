package ot

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"solve/internal/problems"
	"solve/internal/rng"
	"solve/internal/verify"
	"solve/matrix"
	"solve/solver"
)

// bestPermutation is the oracle of a square assignment: the best of all permutations.
func bestPermutation(c *matrix.Dense, sign float64) float64 {
	n, best := c.Rows, math.Inf(1)
	perm := make([]int, c.Cols)
	for j := range perm {
		perm[j] = j
	}
	var walk func(i int, s float64)
	walk = func(i int, s float64) {
		if i == n {
			best = min(best, s)
			return
		}
		for k := i; k < len(perm); k++ {
			perm[i], perm[k] = perm[k], perm[i]
			walk(i+1, s+sign*c.At(i, perm[i]))
			perm[i], perm[k] = perm[k], perm[i]
		}
	}
	walk(0, 0)
	return sign * best
}

func randomCost(r *rng.Stream, n, m int) *matrix.Dense {
	c := &matrix.Dense{Rows: n, Cols: m, Data: make([]float64, n*m)}
	for k := range c.Data {
		c.Data[k] = r.Normal()
	}
	return c
}

func TestAssignments(t *testing.T) {
	r := rng.New(3)
	for _, size := range [][2]int{{1, 1}, {1, 4}, {5, 5}, {4, 7}, {6, 6}} {
		for _, maximize := range []bool{false, true} {
			n, m := size[0], size[1]
			c := randomCost(r, n, m)
			p := &Problem{A: filled(n, 0.25), B: filled(m, 0.25), Cost: NewDenseCost(c), Maximize: maximize}
			res := mustSolve(t, p, &Options{Method: Assignment})
			sign := 1.0
			if maximize {
				sign = -1
			}
			if want := 0.25 * bestPermutation(c, sign); math.Abs(res.Cost-want) > 1e-14 {
				t.Errorf("%d×%d, maximise %v: cost %.17g, want %.17g", n, m, maximize, res.Cost, want)
			}
			if !(res.Lower <= res.Cost && res.Cost <= res.Upper) {
				t.Errorf("%d×%d: %g not in [%g, %g]", n, m, res.Cost, res.Lower, res.Upper)
			}
			used := slices.Clone(res.Permutation)
			slices.Sort(used)
			if len(used) != n || len(slices.Compact(used)) != n {
				t.Errorf("%d×%d: permutation %v", n, m, res.Permutation)
			}
			for i, j := range res.Permutation {
				row := make([]float64, m)
				res.Plan.Row(i, row)
				if row[j] != 0.25 {
					t.Errorf("%d×%d: entry (%d,%d) is %g", n, m, i, j, row[j])
				}
			}
		}
	}
}

// The exact optimum lies in the bracket of every small entropic problem, which
// closes on it.
func TestExactInEntropicBracket(t *testing.T) {
	for _, maximize := range []bool{false, true} {
		p := random(30, 20, 4)
		c := storedCost(p)
		p.Reg, p.Maximize = 0, maximize
		res := mustSolve(t, p, nil)
		if res.Method != Exact || res.Why == "" || !math.IsNaN(res.ValueKL) || res.Objective != res.Cost {
			t.Errorf("method %q, why %q, values %g, %g", res.Method, res.Why, res.Objective, res.ValueKL)
		}
		sign := 1.0
		if maximize {
			sign = -1
			for k := range c.Data {
				c.Data[k] = -c.Data[k]
			}
		}
		near := &Problem{A: p.A, B: p.B, Cost: p.Cost, Reg: 1e-3}
		bracket := mustSolve(t, near, nil)
		if slack := 1e-14; sign*res.Cost < bracket.Lower-slack || sign*res.Cost > bracket.Upper+slack {
			t.Errorf("maximise %v: cost %.17g not in ±[%.17g, %.17g]", maximize, res.Cost, bracket.Lower, bracket.Upper)
		}
		nnz := 0
		for i := range p.A {
			row := make([]float64, len(p.B))
			res.Plan.Row(i, row)
			for _, x := range row {
				if x != 0 {
					nnz++
				}
			}
		}
		if nnz > len(p.A)+len(p.B)-1 || nnz != res.Stats.PlanNNZ {
			t.Errorf("%d entries, counted %d", nnz, res.Stats.PlanNNZ)
		}
	}
}

// Points, the same points as a matrix, and a grid as points have one optimum,
// in the same bits for any number of threads.
func TestExactCosts(t *testing.T) {
	r := rng.New(8)
	x, y := points(r, 70, 2), points(r, 50, 2)
	a, b := unitMass(weights(r, 70)), unitMass(weights(r, 50))
	for _, metric := range Metrics() {
		cost, err := NewPointCost(x, y, metric, 1)
		if err != nil {
			t.Fatal(err)
		}
		p := &Problem{A: a, B: b, Cost: cost}
		res := mustSolve(t, p, nil)
		stored := mustSolve(t, &Problem{A: a, B: b, Cost: NewDenseCost(evaluated(cost))}, nil)
		if math.Abs(res.Cost-stored.Cost) > 1e-13*stored.Cost {
			t.Errorf("%s: %.17g from points, %.17g stored", metric, res.Cost, stored.Cost)
		}
		two := &Options{}
		two.Threads = 2
		again := mustSolve(t, p, two)
		if !slices.Equal(again.F, res.F) || !slices.Equal(again.Plan.entries.Val, res.Plan.entries.Val) || again.Lower != res.Lower {
			t.Errorf("%s: another answer with two threads", metric)
		}
		warm := &Options{Warm: res.G}
		if hot := mustSolve(t, p, warm); math.Abs(hot.Cost-res.Cost) > 1e-13*res.Cost {
			t.Errorf("%s: %.17g, warm %.17g", metric, res.Cost, hot.Cost)
		}
	}
}

// A forbidden pattern without room is proved to be one, of an assignment, too.
func TestExactInfeasible(t *testing.T) {
	inf := math.Inf(1)
	c := NewDenseCost(&matrix.Dense{Rows: 3, Cols: 4, Data: []float64{0, inf, inf, inf, 1, inf, inf, inf, 0, 1, 2, 3}})
	for _, p := range []struct {
		method string
		a, b   []float64
	}{{Exact, uniform(3), uniform(4)}, {Assignment, ones(3), ones(4)}} {
		res, err := Solve(context.Background(), &Problem{A: p.a, B: p.b, Cost: c}, &Options{Method: p.method})
		if !errors.Is(err, solver.ErrInfeasible) || res == nil || res.Plan != nil {
			t.Fatalf("%s: %v", p.method, err)
		}
		held, room := verify.Violation(verify.Transport{A: p.a, B: p.b, Cost: c.verifier(), Spare: p.method == Assignment}, res.ViolatingRows)
		if held <= room {
			t.Errorf("%s: rows %v hold %g, reach %g", p.method, res.ViolatingRows, held, room)
		}
	}
}

func ones(n int) []float64 { return filled(n, 1) }

// A run that is stopped says so, with or without a plan.
func TestExactStops(t *testing.T) {
	p := random(60, 60, 2)
	p.Reg = 0
	opt := &Options{Method: Exact}
	opt.MaxIter = 1
	if res, err := Solve(context.Background(), p, opt); !errors.Is(err, solver.ErrIterationLimit) || res == nil {
		t.Errorf("one pivot: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if res, err := Solve(ctx, p, nil); !errors.Is(err, solver.ErrInterrupted) || res != nil && res.Status == solver.Solved {
		t.Errorf("cancelled: %v", err)
	}
	opt.TimeLimit = time.Nanosecond
	if res, err := Solve(context.Background(), p, opt); !errors.Is(err, solver.ErrTimeLimit) || res != nil && res.Status == solver.Solved {
		t.Errorf("out of time: %v", err)
	}
	fail := errors.New("full")
	opt = &Options{}
	opt.Recorder = solver.RecorderFunc(func(solver.Record) error { return fail })
	if _, err := Solve(context.Background(), p, opt); !errors.Is(err, fail) {
		t.Errorf("recorder: %v", err)
	}
}

// The barycentric map of an exact plan is that of its dense copy.
func TestExactBarycentric(t *testing.T) {
	r := rng.New(2)
	x, y := points(r, 9, 2), points(r, 7, 2)
	cost, err := NewPointCost(x, y, SqEuclidean, 1)
	if err != nil {
		t.Fatal(err)
	}
	res := mustSolve(t, &Problem{A: uniform(9), B: uniform(7), Cost: cost}, nil)
	got, err := res.Plan.Barycentric(y)
	if err != nil {
		t.Fatal(err)
	}
	plan := planMatrix(res.Plan)
	for i := range 9 {
		for d := range 2 {
			want := 0.0
			for j := range 7 {
				want += 9 * plan.At(i, j) * y.At(j, d)
			}
			if math.Abs(got.At(i, d)-want) > 1e-14 {
				t.Errorf("image (%d,%d) is %g, want %g", i, d, got.At(i, d), want)
			}
		}
	}
}

// No entropic plan costs less than the exact one.
func TestExactOracles(t *testing.T) {
	for _, e := range problems.EntropicOracles() {
		if e.Plan == nil {
			continue
		}
		p := &Problem{A: e.A, B: e.B, Cost: NewDenseCost(e.Cost)}
		res := mustSolve(t, p, nil)
		if res.Cost > e.TransportCost*(1+1e-12)+1e-15 {
			t.Errorf("%s: %.17g, but an entropic plan costs %.17g", e.Name, res.Cost, e.TransportCost)
		}
	}
}
