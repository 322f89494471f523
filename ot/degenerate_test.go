package ot

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// One row or one column: the only plan is abᵀ.
func TestOneRowOrColumn(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 7}, {7, 1}} {
		for _, method := range methods {
			for _, eps := range []float64{1e-6, 0.1, 1e6} {
				p := random(size[0], size[1], 5)
				p.Reg = eps
				res := mustSolve(t, p, &Options{Method: method})
				plan := planMatrix(res.Plan)
				for i, a := range p.A {
					for j, b := range p.B {
						closeTo(t, fmt.Sprintf("%s, %v", method, size), plan.At(i, j), a*b, 1e-12)
					}
				}
			}
		}
	}
}

// A constant cost, or ε huge against its range: P = abᵀ.
func TestProductPlan(t *testing.T) {
	for _, size := range [][2]int{{6, 9}, {9, 6}} {
		for _, method := range methods {
			constant := random(size[0], size[1], 2)
			c := storedCost(constant).Data
			for k := range c {
				c[k] = -3.5
			}
			huge := random(size[0], size[1], 2)
			huge.Reg = 1e9
			for what, p := range map[string]*Problem{"constant cost": constant, "huge ε": huge} {
				res := mustSolve(t, p, &Options{Method: method})
				want := &matrix.Dense{Rows: size[0], Cols: size[1]}
				for _, a := range p.A {
					for _, b := range p.B {
						want.Data = append(want.Data, a*b)
					}
				}
				samePlan(t, what+", "+method, planMatrix(res.Plan), want, 1e-8)
			}
			res := mustSolve(t, constant, &Options{Method: method})
			closeTo(t, method+": cost", res.Cost, -3.5, 1e-13)
			if !(res.Lower <= -3.5 && -3.5 <= res.Upper) || res.Upper-res.Lower > 1e-13 {
				t.Errorf("%s: bracket [%.17g, %.17g] of a constant cost", method, res.Lower, res.Upper)
			}
			if res.Stats.NewtonSteps > 0 {
				t.Errorf("%s: %d Newton steps for a constant cost", method, res.Stats.NewtonSteps)
			}
		}
	}
}

// ε huge against the range, R/ε = 1e-9: the first-order deviation from abᵀ,
// P ≈ ab(1 − C̃/ε) with C doubly centred, is resolved.
func TestHugeEps(t *testing.T) {
	p := random(8, 8, 3)
	c := storedCost(p)
	const ratio = 1e-9
	p.Reg = 1 / ratio
	res := mustSolve(t, p, tight(1e-13))
	rowMean, colMean, mean := make([]float64, 8), make([]float64, 8), 0.0
	for i, a := range p.A {
		for j, b := range p.B {
			rowMean[i] += b * c.At(i, j)
			colMean[j] += a * c.At(i, j)
			mean += a * b * c.At(i, j)
		}
	}
	plan := planMatrix(res.Plan)
	for i, a := range p.A {
		for j, b := range p.B {
			want := -ratio * (c.At(i, j) - rowMean[i] - colMean[j] + mean)
			if got := plan.At(i, j)/(a*b) - 1; math.Abs(got-want) > 1e-14 {
				t.Errorf("P_%d,%d/ab − 1 = %g, want %g", i, j, got, want)
			}
		}
	}
	closeTo(t, "cost", res.Cost, mean, 1e-8)
}

// ε at the edge of what double precision resolves warns and stays honest.
func TestTinyEpsWarns(t *testing.T) {
	p := random(8, 6, 3)
	p.Reg = 1e-10
	res, err := Solve(context.Background(), p, nil)
	if res == nil {
		t.Fatal(err)
	}
	if len(res.Warnings) != 1 || !strings.Contains(res.Warnings[0], "rounding") {
		t.Errorf("warnings %q", res.Warnings)
	}
	if !(res.Lower <= res.Upper) {
		t.Errorf("bracket [%g, %g]", res.Lower, res.Upper)
	}
	p.Reg = 0.1
	if res := mustSolve(t, p, nil); len(res.Warnings) != 0 {
		t.Errorf("warnings %q", res.Warnings)
	}
}

// Zero weights are dropped and come back as empty rows and columns.
func TestZeroWeights(t *testing.T) {
	p := random(9, 6, 1)
	p.A[2], p.A[0] = 0, p.A[0]+p.A[2]
	p.B[5], p.B[1] = 0, p.B[1]+p.B[5]
	for _, method := range methods {
		res := mustSolve(t, p, &Options{Method: method})
		plan := planMatrix(res.Plan)
		for j := range 6 {
			if plan.At(2, j) != 0 {
				t.Errorf("%s: mass in the empty row", method)
			}
		}
		for i := range 9 {
			if plan.At(i, 5) != 0 {
				t.Errorf("%s: mass in the empty column", method)
			}
		}
		for _, x := range append(slices.Clone(res.F), res.G...) {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Errorf("%s: potential %g", method, x)
			}
		}
		// The same problem without them.
		small := &Problem{A: without(p.A, 2), B: without(p.B, 5), Reg: p.Reg}
		cost := &matrix.Dense{Rows: 8, Cols: 5}
		for i := range 9 {
			if i != 2 {
				cost.Data = append(cost.Data, storedCost(p).Row(i)[:5]...)
			}
		}
		small.Cost = NewDenseCost(cost)
		want := mustSolve(t, small, &Options{Method: method})
		closeTo(t, method, res.Cost, want.Cost, 1e-9)
		closeTo(t, method, res.Objective, want.Objective, 1e-9)
	}
}

func without(x []float64, i int) []float64 { return slices.Delete(slices.Clone(x), i, i+1) }

func TestForbiddenArcs(t *testing.T) {
	inf := math.Inf(1)
	p := &Problem{A: []float64{.5, .5}, B: []float64{.5, .5}, Cost: NewDenseCost(dense([]float64{0, 1}, []float64{inf, 1})), Reg: 0.1}
	for _, method := range []string{Auto, Sinkhorn} {
		// Row 2 can only reach column 2, so row 1 must fill column 1: the
		// only plan is the diagonal, on the boundary of the entropy.
		res, err := Solve(context.Background(), p, &Options{Method: method, Settings: solver.Settings{MaxIter: 2000, Tol: 1e-6}})
		if err != nil && !errors.Is(err, solver.ErrIterationLimit) && !errors.Is(err, solver.ErrStalled) {
			t.Fatalf("%s: %v", method, err)
		}
		if got := planMatrix(res.Plan); got.Data[2] != 0 {
			t.Errorf("%s: mass %g on a forbidden arc", method, got.Data[2])
		}
		closeTo(t, method+" cost", res.Cost, 0.5, 1e-3)
	}
	p.Cost = NewDenseCost(dense([]float64{0, 1, 1}, []float64{inf, inf, 1}, []float64{inf, inf, 2}))
	p.A, p.B = []float64{.2, .4, .4}, []float64{.4, .2, .4}
	res, err := Solve(context.Background(), p, nil)
	if !errors.Is(err, solver.ErrInfeasible) || res.Reason != solver.ViolatingSet {
		t.Errorf("error = %v, want infeasible", err)
	}
	if res.Plan != nil || !strings.Contains(res.Detail, "[2 3]") {
		t.Errorf("plan %v, detail %q", res.Plan, res.Detail)
	}
}

// A point without any arc makes the problem infeasible however little mass it
// has.
func TestIsolatedPoint(t *testing.T) {
	inf := math.Inf(1)
	for _, method := range methods {
		row := &Problem{A: []float64{1, 1e-14}, B: []float64{.5, .5}, Cost: NewDenseCost(dense([]float64{0, 1}, []float64{inf, inf})), Reg: 0.1}
		col := &Problem{A: []float64{.5, .5}, B: []float64{1, 1e-14}, Cost: NewDenseCost(dense([]float64{0, inf}, []float64{1, inf})), Reg: 0.1}
		for _, tc := range []struct {
			what string
			p    *Problem
			want []int
		}{{"row 2", row, []int{1}}, {"column 2", col, []int{0, 1}}} {
			res, err := Solve(context.Background(), tc.p, &Options{Method: method})
			if !errors.Is(err, solver.ErrInfeasible) || !slices.Equal(res.ViolatingRows, tc.want) {
				t.Errorf("%s: rows %v, %v", tc.what, res.ViolatingRows, err)
			}
		}
		// Without mass it does not matter.
		row.A[1], col.B[1] = 0, 0
		mustSolve(t, row, &Options{Method: method})
		mustSolve(t, col, &Options{Method: method})
	}
}

// A cost of finite points that overflows is no forbidden arc.
func TestOverflowingPoints(t *testing.T) {
	x := dense([]float64{1e160, 0}, []float64{0, 1})
	for _, metric := range []Metric{SqEuclidean, Euclidean} {
		cost, err := NewPointCost(x, x, metric, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Solve(context.Background(), &Problem{A: uniform(2), B: uniform(2), Cost: cost, Reg: 1}, nil); !errors.Is(err, solver.ErrNonFinite) {
			t.Errorf("%s: error %v, want non-finite", metric, err)
		}
	}
	for _, scale := range []float64{1e160, 1e-160} {
		if _, err := NewPointCost(dense([]float64{scale, scale}), x, Cosine, 1); !errors.Is(err, solver.ErrInput) {
			t.Errorf("cosine at scale %g: error %v", scale, err)
		}
	}
}

// Forbidden arcs that leave room: every allowed entry of the plan is
// positive, and all methods agree.
func TestForbiddenArcsInTheInterior(t *testing.T) {
	for _, size := range [][2]int{{12, 9}, {9, 12}} {
		p := random(size[0], size[1], 7)
		c := storedCost(p)
		for i := range c.Rows {
			c.Row(i)[i%c.Cols] = math.Inf(1)
		}
		want := planMatrix(mustSolve(t, p, tight(1e-11)).Plan)
		for k, x := range want.Data {
			if math.IsInf(c.Data[k], 1) != (x == 0) {
				t.Errorf("entry %d is %g at cost %g", k, x, c.Data[k])
			}
		}
		for _, method := range methods {
			res := mustSolve(t, p, &Options{Method: method, Settings: solver.Settings{Tol: 1e-10}})
			samePlan(t, method, planMatrix(res.Plan), want, 1e-8)
		}
	}
}

// No NaN, no overflow, no false "solved" over the whole range of ε.
func TestRandomSmallProblems(t *testing.T) {
	r := rng.New(11)
	for k := range 200 {
		n, m := 1+r.Below(12), 1+r.Below(12)
		p := random(n, m, uint64(100+k))
		ratio := math.Pow(10, -6+14*r.Float64()) // (max C − min C)/ε
		if k%4 == 0 && n > 2 {
			p.A[1], p.A[0] = 0, p.A[0]+p.A[1]
		}
		if k%5 == 0 && n > 1 { // a duplicate point
			c := storedCost(p)
			copy(c.Row(n-1), c.Row(0))
		}
		p.Reg = 1 / ratio
		what := fmt.Sprintf("problem %d (%d×%d, R/ε = %.2g)", k, n, m, ratio)
		res, err := Solve(context.Background(), p, tight(1e-8))
		if res == nil {
			t.Fatalf("%s: %v", what, err)
		}
		if (err == nil) != (res.Status == solver.Solved) {
			t.Errorf("%s: status %v but error %v", what, res.Status, err)
		}
		for _, x := range slices.Concat([]float64{res.Cost, res.Objective, res.ValueKL, res.Lower, res.Upper}, res.F, res.G) {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Errorf("%s: value %g", what, x)
				break
			}
		}
		if res.Lower > res.Upper {
			t.Errorf("%s: bracket [%g, %g]", what, res.Lower, res.Upper)
		}
		if err != nil && ratio < 1e6 {
			t.Errorf("%s: %v", what, err)
		}
		plan := planMatrix(res.Plan)
		off := 0.0
		for i, a := range p.A {
			row := 0.0
			for _, x := range plan.Row(i) {
				row += x
			}
			off += math.Abs(row - a)
		}
		if !(off <= 1e-12) {
			t.Errorf("%s: rows of the plan are off by %g", what, off)
		}
	}
}
