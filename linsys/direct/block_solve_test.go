package direct

import (
	"math"
	"slices"
	"sync"
	"testing"
)

// Solves for many right-hand sides have the same bits on any number of threads.
func TestSolveBlockSameBits(t *testing.T) {
	a := randomSparse(t, 5, 80, 3, 1)
	symmetric := grid(t, 1, 30, 30)
	blocks := func(threads int) map[string]interface{ SolveBlock([]float64, int) } {
		return map[string]interface{ SolveBlock([]float64, int) }{
			"LU":   mustLU(t, a, &LUOptions{Threads: threads}),
			"LDLᵀ": mustLDLT(t, symmetric, &LDLTOptions{AnalyzeOptions: AnalyzeOptions{Threads: threads}}, threads),
		}
	}
	one, three := blocks(1), blocks(3)
	for name, order := range map[string]int{"LU": a.Rows, "LDLᵀ": symmetric.Rows} {
		for _, k := range []int{3, 24, 50, 100, 7} { // the space for more is used again
			x := make([]float64, order*k)
			for i := range x {
				x[i] = math.Sin(float64(i))
			}
			y := slices.Clone(x)
			one[name].SolveBlock(x, k)
			three[name].SolveBlock(y, k)
			if !slices.Equal(x, y) {
				t.Errorf("%s: %d columns have other bits on three threads", name, k)
			}
		}
	}
}

// Solves in spaces of their own may overlap, and find what SolveBlock finds.
func TestSolveColumnsOverlap(t *testing.T) {
	type factor interface {
		SolveBlock(x []float64, k int)
		SolveColumns(space, x []float64, k int)
		SolveSpace(k int) int
	}
	a := randomSparse(t, 5, 80, 3, 1)
	symmetric := grid(t, 1, 30, 30)
	for _, c := range []struct {
		name  string
		order int
		f     factor
	}{
		{"LU", a.Rows, mustLU(t, a, nil)},
		{"LDLᵀ", symmetric.Rows, mustLDLT(t, symmetric, nil, 1)},
		{"multifrontal Cholesky", symmetric.Rows, multifrontal(t, symmetric, nil, 1)},
		{"simplicial Cholesky", symmetric.Rows, factored(t, symmetric, nil, 1)},
		{"dense Cholesky", 9, factored(t, grid(t, 1, 3, 3), nil, 1)},
	} {
		for _, k := range []int{1, 8, 24, 48} {
			want := make([]float64, c.order*k)
			for i := range want {
				want[i] = math.Sin(float64(i))
			}
			var both [2][]float64
			var wait sync.WaitGroup
			for i := range both {
				both[i] = slices.Clone(want)
				wait.Go(func() { c.f.SolveColumns(make([]float64, c.f.SolveSpace(k)), both[i], k) })
			}
			wait.Wait()
			c.f.SolveBlock(want, k)
			for i, v := range want {
				if got := both[0][i]; got != both[1][i] || !(math.Abs(got-v) <= 1e-11*(1+math.Abs(v))) {
					t.Fatalf("%s, %d columns: entry %d is %g and %g, want %g", c.name, k, i, got, both[1][i], v)
				}
			}
		}
	}
}
