package verify

import (
	"math"
	"testing"

	"solve/matrix"
)

// Distances worked out by hand.
func TestMetricsByHand(t *testing.T) {
	x := &matrix.Dense{Rows: 2, Cols: 3, Data: []float64{1, 2, 2, 0, 3, 4}}
	y := &matrix.Dense{Rows: 2, Cols: 3, Data: []float64{1, 2, 2, 4, 6, -10}}
	for metric, want := range map[string][]float64{
		"sqeuclidean": {0, 169, 6, 221},
		"euclidean":   {0, 13, math.Sqrt(6), math.Sqrt(221)},
		"cityblock":   {0, 19, 4, 21},
		"chebyshev":   {0, 12, 2, 14},
		"cosine":      {0, 1 + 4/(3*math.Sqrt(152)), 1 - 14./15, 1 + 22/(5*math.Sqrt(152))},
	} {
		for _, p := range []float64{1, 2, 0.5} {
			cost, err := PointCost(x, y, metric, p)
			if err != nil {
				t.Fatal(err)
			}
			if n, m := cost.Dims(); n != 2 || m != 2 {
				t.Errorf("%s: %d×%d", metric, n, m)
			}
			for i := range 2 {
				for j, got := range cost.Row(i, make([]float64, 2)) {
					near(t, metric, got, math.Pow(want[2*i+j], p), 1e-14*(1+math.Pow(want[2*i+j], p)))
				}
			}
		}
	}
}

// A vector and its multiple are at cosine distance 0, not below.
func TestCosineIsNotNegative(t *testing.T) {
	x := &matrix.Dense{Rows: 100, Cols: 2}
	y := &matrix.Dense{Rows: 100, Cols: 2}
	for i := range 100 {
		u, v := math.Sin(float64(i)), math.Cos(float64(i))
		x.Data = append(x.Data, u, v)
		y.Data = append(y.Data, u*float64(i+2), v*float64(i+2))
	}
	cost, err := PointCost(x, y, "cosine", 0.5)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if got := cost.Row(i, make([]float64, 100))[i]; !(got >= 0 && got <= 1e-15) {
			t.Errorf("row %d: %g", i, got)
		}
	}
}

// Grid points are enumerated with the last axis fastest.
func TestGridCost(t *testing.T) {
	cost, err := GridCost([]int{2, 3}, "cityblock", 1)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]float64{
		{0, 1, 2, 1, 2, 3},
		{1, 0, 1, 2, 1, 2},
		{2, 1, 0, 3, 2, 1},
		{1, 2, 3, 0, 1, 2},
		{2, 1, 2, 1, 0, 1},
		{3, 2, 1, 2, 1, 0},
	}
	for i, row := range want {
		for j, got := range cost.Row(i, make([]float64, 6)) {
			near(t, "distance", got, row[j], 0)
		}
	}
}
