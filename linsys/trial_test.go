package linsys

import (
	"math"
	"slices"
	"strings"
	"testing"

	"solve/internal/problems"
	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

func TestForetold(t *testing.T) {
	for _, c := range []struct {
		k         int
		best, tol float64
		want      float64
	}{{8, 1e-2, 1e-8, 32}, {16, 1e-8, 1e-8, 16}, {16, 1e-9, 1e-8, 16}, {8, 1, 1e-8, math.Inf(1)}, {8, math.NaN(), 1e-8, math.Inf(1)}} {
		if got := foretold(c.k, c.best, c.tol); math.Abs(got-c.want) > 1e-9 && got != c.want {
			t.Errorf("foretold(%d, %g, %g) = %g, want %g", c.k, c.best, c.tol, got, c.want)
		}
	}
}

// Where a few iterations foretell the end auto stays with them, and where they
// do not it tells what they left.
func TestTrials(t *testing.T) {
	for name, c := range map[string]struct {
		a                      *matrix.CSR
		method, preconditioner string
		left                   string // of the trial, what Fallbacks begin with; "" = it was passed
	}{
		"expander": {generatedMatrix(t, "random-spd", problems.Values{"n": "3000", "graph": "any"}, 1), CG, Jacobi, ""},
		"mesh":     {generatedMatrix(t, "random-spd", problems.Values{"n": "3000", "degree": "9"}, 2), Cholesky, "", "cg with jacobi: 8 iterations left"},
		"small":    {generatedMatrix(t, "random-spd", problems.Values{"n": "300", "graph": "any"}, 1), Cholesky, "", ""},
		"rotated":  {generatedMatrix(t, "anisotropic", problems.Values{"n": "110", "dim": "2", "angle": "30", "eps": "1e-3"}, 0), CG, MIC0, ""},
		"flow":     {generatedMatrix(t, "convection", problems.Values{"n": "100", "eps": "0.05"}, 0), BiCGSTAB, ILUT, ""},
		"saddle":   {generatedMatrix(t, "saddle", problems.Values{"n": "1000"}, 0), MINRES, Jacobi, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Problem{A: c.a, B: normalColumn(rng.NewStream(3, 1), c.a.Rows)}
			res, err := Solve(t.Context(), p, nil)
			if err != nil {
				t.Fatal(err)
			}
			if res.Method != c.method || res.Preconditioner != c.preconditioner {
				t.Errorf("%s %s, because %s (%v)", res.Method, res.Preconditioner, res.Why, res.Fallbacks)
			}
			if c.left == "" && len(res.Fallbacks) > 0 || c.left != "" && !strings.HasPrefix(strings.Join(res.Fallbacks, ""), c.left) {
				t.Errorf("left %v", res.Fallbacks)
			}
			if res.Stats.Predicted <= 0 {
				t.Error("nothing was predicted")
			}
			again, err := Solve(t.Context(), p, &Options{Settings: solver.Settings{Threads: 1}})
			if err != nil || !slices.Equal(again.X.Data, res.X.Data) {
				t.Errorf("one thread gives something else: %v", err)
			}
		})
	}
}

// Trials with several right-hand sides end like those with one.
func TestTrialOfBlocks(t *testing.T) {
	s := rng.NewStream(9, 1)
	for graph, method := range map[string]string{"any": CG, "near": Cholesky} {
		a := generatedMatrix(t, "random-spd", problems.Values{"n": "2500", "graph": graph, "degree": "30"}, 4)
		b := &matrix.Dense{Rows: a.Rows, Cols: 2, Data: normalColumn(s, 2*a.Rows).Data}
		res, err := Solve(t.Context(), &Problem{A: a, B: b}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res.Method != method {
			t.Errorf("%s: %s, %v", graph, res.Method, res.Fallbacks)
		}
		for j := range 2 {
			if r := residualOf(a, b, res.X, j); r > 1e-8 {
				t.Errorf("%s: residual %g of column %d", graph, r, j)
			}
		}
	}
}

// A right-hand side of zeros, and a solution that is known, need no trial.
func TestTrialOfNothing(t *testing.T) {
	a := generatedMatrix(t, "random-spd", problems.Values{"n": "1200"}, 4)
	res, err := Solve(t.Context(), &Problem{A: a, B: zeros(a.Rows, 1)}, nil)
	if err != nil || res.Stats.Iterations != 0 {
		t.Errorf("%v after %d iterations", err, res.Stats.Iterations)
	}
}
