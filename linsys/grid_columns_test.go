package linsys

import (
	"context"
	"errors"
	"slices"
	"testing"

	"solve/internal/problems"
	"solve/matrix"
	"solve/solver"
)

// Columns with FW-MG have the same bits and reports on any number of threads,
// also where one of them changes the cycle for those behind it.
func TestGridColumnsSameBits(t *testing.T) {
	generator, _ := problems.Find("jumps")
	jumps, err := generator.Generate(problems.Values{"n": "32", "block": "7", "contrast": "4", "kind": "random"}, 3, 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		a       *matrix.CSR
		changes bool
	}{"poisson": {poisson(t, 10, 11, 12), false}, "jumps": {jumps.Files[0].Sparse, true}} {
		const columns = 9
		b := &matrix.Dense{Rows: c.a.Rows, Cols: columns, Data: normals(5, c.a.Rows*columns)}
		for i := range b.Rows { // nothing to do in the first ones
			clear(b.Row(i)[:3])
		}
		var first *Result
		for _, threads := range []int{1, 3} {
			res, err := Solve(t.Context(), &Problem{A: c.a, B: b}, &Options{Method: CG, Preconditioner: FWMG, Settings: solver.Settings{Threads: threads}})
			if err != nil {
				t.Fatal(name, err)
			}
			if first == nil {
				if first = res; c.changes != (len(res.Fallbacks) > 0) {
					t.Errorf("%s: fell back to %v", name, res.Fallbacks)
				}
			}
			if !slices.Equal(first.X.Data, res.X.Data) || !slices.Equal(first.Fallbacks, res.Fallbacks) || first.Stats.Iterations != res.Stats.Iterations {
				t.Errorf("%s, %d threads: other bits, %d iterations and %d; %v, %v", name, threads, first.Stats.Iterations, res.Stats.Iterations, first.Fallbacks, res.Fallbacks)
			}
		}
	}
}

func TestGridColumnsCancelled(t *testing.T) {
	a := poisson(t, 12, 12, 12)
	const columns = 20
	b := &matrix.Dense{Rows: a.Rows, Cols: columns, Data: normals(6, a.Rows*columns)}
	s, err := New(t.Context(), &Problem{A: a, B: b}, &Options{Method: CG, Preconditioner: FWMG, Settings: solver.Settings{Threads: 2}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if res, err := s.Solve(ctx, b, nil); !errors.Is(err, solver.ErrInterrupted) || res.Reason != solver.Interrupted {
		t.Errorf("%v", err)
	}
}
