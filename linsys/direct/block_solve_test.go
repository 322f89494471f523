package direct

import (
	"math"
	"slices"
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
