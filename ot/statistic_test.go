package ot

import (
	"errors"
	"math"
	"slices"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

func TestCostStatistic(t *testing.T) {
	inf := math.Inf(1)
	even := dense([]float64{4, -2, inf}, []float64{1, inf, 7})
	odd := dense([]float64{4, -2, inf}, []float64{1, 9, 7})
	for _, tc := range []struct {
		stat      string
		even, odd float64
	}{
		{"max", 7, 9},
		{"mean", 2.5, 3.8},
		{"std", math.Sqrt(70./4 - 2.5*2.5), math.Sqrt(151./5 - 3.8*3.8)},
		{"median", 2.5, 4},
	} {
		for _, c := range []struct {
			cost *matrix.Dense
			want float64
		}{{even, tc.even}, {odd, tc.odd}} {
			got, err := CostStatistic(NewDenseCost(c.cost), tc.stat, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			closeTo(t, tc.stat, got, c.want, 1e-14)
		}
	}
	if even.Data[2] != inf || even.Data[5] != 7 {
		t.Error("the cost was modified")
	}
}

// On points the statistics are those of the costs tabulated.
func TestCostStatisticOfPoints(t *testing.T) {
	r := rng.New(3)
	for _, size := range [][2]int{{17, 40}, {31, 31}, {1, 1}} {
		cost, err := NewPointCost(points(r, size[0], 2), points(r, size[1], 2), Euclidean, 1)
		if err != nil {
			t.Fatal(err)
		}
		all := slices.Clone(evaluated(cost).Data)
		slices.Sort(all)
		want := (all[(len(all)-1)/2] + all[len(all)/2]) / 2
		for stat, want := range map[string]float64{"median": want, "max": all[len(all)-1]} {
			got, err := CostStatistic(cost, stat, 1<<20)
			if err != nil || got != want {
				t.Errorf("%s of %d×%d: %g (%v), want %g", stat, size[0], size[1], got, err, want)
			}
		}
	}
}

func TestCostStatisticRefusals(t *testing.T) {
	inf := math.Inf(1)
	good := NewDenseCost(dense([]float64{1, 2}))
	for _, tc := range []struct {
		name   string
		cost   Cost
		stat   string
		memory int64
		want   error
	}{
		{"unknown", good, "mode", 1 << 20, solver.ErrOption},
		{"empty", NewDenseCost(&matrix.Dense{Rows: 3}), "max", 1 << 20, solver.ErrInput},
		{"all forbidden", NewDenseCost(dense([]float64{inf, inf})), "mean", 1 << 20, solver.ErrInput},
		{"NaN", NewDenseCost(dense([]float64{1, math.NaN()})), "max", 1 << 20, solver.ErrNonFinite},
		{"memory", good, "median", 10, solver.ErrTooLarge},
	} {
		if _, err := CostStatistic(tc.cost, tc.stat, tc.memory); !errors.Is(err, tc.want) {
			t.Errorf("%s: error %v, want %v", tc.name, err, tc.want)
		}
	}
}

// Selection against sorting, with ties.
func TestKthLargest(t *testing.T) {
	r := rng.New(1)
	for n := 1; n < 60; n++ {
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(r.Below(1 + n/2))
		}
		sorted := slices.Clone(x)
		slices.Sort(sorted)
		for k := 1; k <= n; k++ {
			if got := kthLargest(x, k); got != sorted[n-k] {
				t.Fatalf("largest number %d of %v = %g, want %g", k, x, got, sorted[n-k])
			}
		}
	}
}
