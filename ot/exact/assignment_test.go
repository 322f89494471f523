package exact

import (
	"errors"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/internal/verify"
	"solve/solver"
)

// assigned checks that the permutation is one and costs what is claimed.
func assigned(t *testing.T, c Cost, res *Result) {
	t.Helper()
	n, m := c.Dims()
	taken, cost := make([]bool, m), 0.0
	row := make([]float64, m)
	for i, j := range res.Permutation {
		if taken[j] {
			t.Fatalf("column %d is taken twice", j)
		}
		taken[j] = true
		c.Row(i, 0, row)
		cost += row[j]
	}
	if len(res.Permutation) != n || math.Abs(cost-res.Primal) > 1e-12*max(1, math.Abs(cost)) {
		t.Fatalf("permutation %v costs %v, claimed %v", res.Permutation, cost, res.Primal)
	}
}

func TestAssignSmall(t *testing.T) {
	r := rng.New(21)
	for trial := range 2000 {
		n := 1 + r.Below(8)
		m := n + r.Below(4)*r.Below(2)
		most := []int{1, 3, 100}[r.Below(3)]
		gaps := []float64{0, 0, 0.4}[r.Below(3)]
		c, rows := dense(n, m, make([]float64, n*m)...), make([][]int, n)
		for i := range rows {
			rows[i] = make([]int, m)
			for j := range rows[i] {
				rows[i][j] = r.Below(most+1) - most/2
				c.c.Row(i)[j] = float64(rows[i][j])
				if r.Float64() < gaps {
					c.c.Row(i)[j] = math.Inf(1)
				}
			}
		}
		a, b := make([]int, n), make([]int, m)
		for i := range a {
			a[i] = 1
		}
		for j := range b {
			b[j] = 1
		}
		want, left := flowOracle(a, b, rows, func(i, j int) bool { return math.IsInf(c.c.At(i, j), 1) })
		res, err := Assign(t.Context(), c, nil)
		if left > 0 {
			if !errors.Is(err, solver.ErrInfeasible) {
				t.Fatalf("trial %d: %v, %d rows have no column", trial, err, left)
			}
			held, reachable := verify.Violation(verify.Transport{A: ones(n), B: ones(m), Cost: verify.DenseCost(c.c)}, res.ViolatingRows)
			if n == m && !(held > reachable) {
				t.Fatalf("trial %d: rows %v hold %v and reach %v", trial, res.ViolatingRows, held, reachable)
			}
			continue
		}
		if err != nil {
			t.Fatalf("trial %d: %v", trial, err)
		}
		assigned(t, c, res)
		if res.Primal != float64(want) || res.Dual > float64(want) || res.Gap > 1e-13*float64(most*n) {
			t.Fatalf("trial %d: %v (dual %v), want %v", trial, res.Primal, res.Dual, want)
		}
		for i := range n {
			for j := range m {
				if res.F[i]+res.G[j] > c.c.At(i, j)+1e-12 || n < m && res.G[j] > 0 {
					t.Fatalf("trial %d: potentials %v %v", trial, res.F, res.G)
				}
			}
		}
	}
}

// Both methods agree, for points and matrices.
func TestAssignmentEqualsSimplex(t *testing.T) {
	r := rng.New(22)
	const n = 220
	a := uniformMasses(n)
	ties := dense(n, n, make([]float64, n*n)...)
	for k := range ties.c.Data {
		ties.c.Data[k] = float64(r.Below(30))
	}
	for name, c := range map[string]Cost{
		"points": newPointTest(randomPoints(r, n, 2), randomPoints(r, n, 2), "euclidean", 1),
		"ties":   ties,
		"stored": storedTestCost{ties},
	} {
		x := solved(t, a, a, c, &Options{Method: Assignment})
		y := solved(t, a, a, c, &Options{Method: Simplex})
		assigned(t, scaledCost{c, 1. / n}, x)
		assigned(t, scaledCost{c, 1. / n}, y)
		if x.Method != Assignment || y.Method != Simplex || math.Abs(x.Primal-y.Primal) > 1e-13*y.Primal {
			t.Errorf("%s: %.17g and %.17g", name, x.Primal, y.Primal)
		}
	}
}

type scaledCost struct {
	Cost
	by float64
}

func (c scaledCost) Row(i, j0 int, dst []float64) {
	c.Cost.Row(i, j0, dst)
	for k := range dst {
		dst[k] *= c.by
	}
}

func TestAssignRefusals(t *testing.T) {
	c := dense(3, 2, 1, 2, 3, 4, 5, 6)
	if _, err := Assign(t.Context(), c, nil); !errors.Is(err, solver.ErrInput) {
		t.Error(err)
	}
	if _, err := Solve(t.Context(), &Problem{A: []float64{1, 1, 1}, B: []float64{1, 2}, Cost: c}, &Options{Method: Assignment}); !errors.Is(err, solver.ErrOption) {
		t.Error(err)
	}
}
