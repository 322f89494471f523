package linsys

import (
	"math"
	"slices"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// Many right-hand sides are solved as well as each alone, whatever stands
// beside them, and with the same bits on any number of threads.
func TestFactoredPanels(t *testing.T) {
	const columns = 2*panelColumns + 5
	for _, c := range []struct {
		method, kind string
		n            int
	}{{Cholesky, "spd", 40}, {Cholesky, "spd", 700}, {LDLT, "indefinite", 150}, {LU, "weak", 150}} {
		a := randomMatrix(t, rng.New(5), c.kind, c.n)
		b := &matrix.Dense{Rows: c.n, Cols: columns, Data: randomVector(c.n*columns, 6)}
		scale := map[int]float64{3: 0, 7: 1e-200, 50: 1e+200, columns - 1: 1e-170}
		for j, s := range scale {
			for i := range c.n {
				b.Data[i*columns+j] *= s
			}
		}
		one, err := Solve(t.Context(), &Problem{A: a, B: b}, &Options{Settings: solver.Settings{Threads: 1}, Method: c.method})
		if err != nil {
			t.Fatalf("%s: %v", c.method, err)
		}
		two, err := Solve(t.Context(), &Problem{A: a, B: b}, &Options{Settings: solver.Settings{Threads: 2}, Method: c.method})
		if err != nil || !slices.Equal(one.X.Data, two.X.Data) {
			t.Errorf("%s: one and two threads differ, %v", c.method, err)
		}
		right, x := make([]float64, c.n), make([]float64, c.n)
		for j := range columns {
			column(b, j, right)
			column(one.X, j, x)
			alone, err := Solve(t.Context(), &Problem{A: a, B: oneColumn(right)}, &Options{Settings: solver.Settings{Threads: 1}, Method: c.method})
			if err != nil {
				t.Fatalf("%s, column %d: %v", c.method, j, err)
			}
			size, gap := maxAbs(alone.X.Data), 0.0
			for i, v := range alone.X.Data {
				gap = max(gap, math.Abs(v-x[i]))
			}
			if gap > 1e-8*size {
				t.Errorf("%s, column %d: %g beside others, of %g", c.method, j, gap, size)
			}
			if one.Columns[j].BackwardError > 8*roundoff*math.Sqrt(float64(c.n)) {
				t.Errorf("%s, column %d: backward error %g", c.method, j, one.Columns[j].BackwardError)
			}
		}
	}
}
