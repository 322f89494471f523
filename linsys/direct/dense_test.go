package direct

import (
	"errors"
	"math"
	"slices"
	"testing"

	"solve/internal/rng"
	"solve/solver"
)

// spd returns B Bᵀ + n I and is seeded by n.
func spd(n int) []float64 {
	r := rng.New(uint64(n))
	b := make([]float64, n*n)
	for i := range b {
		b[i] = r.Float64() - 0.5
	}
	a := make([]float64, n*n)
	for i := range n {
		for j := range n {
			for k := range n {
				a[i*n+j] += b[i*n+k] * b[j*n+k]
			}
		}
		a[i*n+i] += 1
	}
	return a
}

func TestFactorDenseSolves(t *testing.T) {
	for _, n := range []int{1, 2, 7, 95, 96, 97, 193, 300} {
		a := spd(n)
		want, b := make([]float64, n), make([]float64, n)
		for i := range want {
			want[i] = math.Sin(float64(i + 1))
		}
		for i := range n {
			for j := range n {
				b[i] += a[i*n+j] * want[j]
			}
		}
		c, err := FactorDense(n, slices.Clone(a), 2)
		if err != nil {
			t.Fatalf("n = %d: %v", n, err)
		}
		c.Solve(b)
		for i := range b {
			if d := math.Abs(b[i] - want[i]); d > 1e-11*float64(n) {
				t.Fatalf("n = %d: x[%d] = %g, want %g", n, i, b[i], want[i])
			}
		}
	}
}

func TestFactorDenseSameBitsForAnyThreads(t *testing.T) {
	a := spd(250)
	one, err1 := FactorDense(250, slices.Clone(a), 1)
	two, err2 := FactorDense(250, slices.Clone(a), 2)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if !slices.Equal(one.l, two.l) {
		t.Error("factors differ between 1 and 2 threads")
	}
}

func TestFactorDenseRefusesIndefinite(t *testing.T) {
	a := spd(120)
	a[110*120+110] = -1
	if _, err := FactorDense(120, a, 1); !errors.Is(err, solver.ErrNotPositiveDefinite) {
		t.Errorf("error = %v, want ErrNotPositiveDefinite", err)
	}
	if _, err := FactorDense(3, make([]float64, 8), 1); !errors.Is(err, solver.ErrDimension) {
		t.Errorf("error = %v, want ErrDimension", err)
	}
}
