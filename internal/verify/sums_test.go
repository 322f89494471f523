package verify

import (
	"math"
	"testing"

	"solve/internal/rng"
)

func TestCompensatedSum(t *testing.T) {
	near(t, "sum", sum([]float64{1, 1e100, 1, -1e100}), 2, 0)
	x := make([]float64, 0, 1_000_001)
	x = append(x, 1)
	for range 1_000_000 {
		x = append(x, 1e-17)
	}
	near(t, "sum", sum(x), 1+1e-11, 3e-16)
	if got := sum([]float64{1, math.Inf(1), 2}); !math.IsInf(got, 1) {
		t.Errorf("sum with +Inf = %g", got)
	}
	if got := sum([]float64{1, math.NaN()}); !math.IsNaN(got) {
		t.Errorf("sum with NaN = %g", got)
	}
}

// Sums by columns over more rows than one level takes.
func TestColumnSums(t *testing.T) {
	r := rng.New(1)
	c := newColumnSums(3)
	var want [3]compensated
	for range 3*rowsNear + 5 {
		for j := range 3 {
			x := r.Float64()
			c.add(j, x)
			want[j].add(x)
		}
		c.endRow()
	}
	for j, got := range c.value() {
		near(t, "column sum", got, want[j].value(), 1e-13)
	}
}

func TestStripesCoverEveryRowOnce(t *testing.T) {
	for _, n := range []int{1, 2, 15, 16, 17, 1000} {
		for _, threads := range []int{1, 3, 50} {
			seen := make([]int, n)
			inStripes(n, threads, func(_, lo, hi int) {
				for i := lo; i < hi; i++ {
					seen[i]++
				}
			})
			for i, k := range seen {
				if k != 1 {
					t.Fatalf("%d rows, %d threads: row %d visited %d times", n, threads, i, k)
				}
			}
		}
	}
}
