package linsys

import (
	"errors"
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

// However many threads there are, columns are recorded in their order, once, and
// an error of the recorder ends the run.
func TestFactoredPanelsRecord(t *testing.T) {
	const n, columns = 150, 5*panelColumns + 3
	a := randomMatrix(t, rng.New(5), "spd", n)
	for _, count := range []int{fewPanelColumns + 1, columns} {
		b := &matrix.Dense{Rows: n, Cols: count, Data: randomVector(n*count, 6)}
		solve := func(threads int, record solver.RecorderFunc) error {
			_, err := Solve(t.Context(), &Problem{A: a, B: b}, &Options{
				Settings: solver.Settings{Threads: threads, Recorder: record}, Method: Cholesky})
			return err
		}
		var one, many []float64
		keep := func(to *[]float64) solver.RecorderFunc {
			return func(r solver.Record) error { *to = append(*to, r.Residual); return nil }
		}
		if err := errors.Join(solve(1, keep(&one)), solve(4, keep(&many))); err != nil {
			t.Fatal(err)
		}
		if len(one) != count || !slices.Equal(one, many) {
			t.Errorf("%d columns: %d records on one thread, %d on four, or others", count, len(one), len(many))
		}
		enough, calls := errors.New("enough"), 0
		err := solve(4, func(solver.Record) error {
			if calls++; calls == 10 {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) || calls != 10 {
			t.Errorf("%d columns: %d records and error %v, want 10 and %v", count, calls, err, enough)
		}
	}
}
