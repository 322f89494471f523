package kern

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSelectAbsTopK(t *testing.T) {
	nan := math.NaN()
	cases := []struct {
		x    []float64
		k    int
		want []int
	}{
		{nil, 3, []int{}},
		{[]float64{1, 2}, 0, []int{}},
		{[]float64{1, 2}, -1, []int{}},
		{[]float64{1, 2}, 5, []int{0, 1}},
		{[]float64{3, -5, 4}, 1, []int{1}},
		{[]float64{1, -1, 1, -1}, 2, []int{0, 1}},
		{[]float64{2, 1, -1, 1, -3}, 3, []int{0, 1, 4}},
		{[]float64{0, 0, 0}, 2, []int{0, 1}},
		{[]float64{9, nan, 1, math.Inf(-1)}, 2, []int{1, 3}},
	}
	for _, c := range cases {
		got := SelectAbsTopK(make([]int, 5), c.x, c.k, make([]float64, 5))
		if !slices.Equal(got, c.want) {
			t.Errorf("SelectAbsTopK(%v, %d)=%v, want %v", c.x, c.k, got, c.want)
		}
	}
}

func TestSelectAbsTopKAgainstSort(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	for trial := 0; trial < 3000; trial++ {
		n := 1 + r.IntN(200)
		levels := 1 + r.IntN(2*n)
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(r.IntN(2*levels+1) - levels)
		}
		k := r.IntN(n + 1)
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			switch d := math.Abs(x[b]) - math.Abs(x[a]); {
			case d > 0:
				return 1
			case d < 0:
				return -1
			}
			return 0
		})
		want := slices.Sorted(slices.Values(order[:k]))
		got := SelectAbsTopK(make([]int, n), x, k, make([]float64, n))
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("x=%v k=%d: got %v, want %v", x, k, got, want)
		}
	}
}
