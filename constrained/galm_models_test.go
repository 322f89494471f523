package constrained_test

import (
	"context"
	"encoding/csv"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"solve/constrained"
	"solve/constrained/models"
	"solve/constrained/sif"
	"solve/solver"
)

func made(t testing.TB) func(*constrained.Problem, error) *constrained.Problem {
	return func(p *constrained.Problem, err error) *constrained.Problem {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
}

// Optima of control problems from the sine transform; one exact Newton step finds
// them.
func TestGALMControl(t *testing.T) {
	for _, c := range []struct {
		n    int
		want float64
	}{{3, 9.64444205181163}, {10, 116.835219238151}, {30, 1040.7302353224}} {
		p := made(t)(models.Control(c.n))
		r, err := constrained.Solve(context.Background(), p, &constrained.Options{Method: constrained.GALM})
		if err != nil || r.Stats.Iterations != 1 || math.Abs(r.Objective-c.want) > 1e-10*c.want {
			t.Errorf("n = %d: f = %.15g after %d iterations, want %.15g, %v", c.n, r.Objective, r.Stats.Iterations, c.want, err)
		}
	}
}

// Optima of another implementation of AdaSketch-Newton, from the same start.
func TestGALMLogistic(t *testing.T) {
	for _, c := range []struct {
		n, d     int
		seed     uint64
		f, first float64
	}{{200, 20, 1, 0.52487334900577, -0.05812333}, {1000, 50, 2, 0.51254089186546, 0.04827589}} {
		p := made(t)(models.GenerateLogistic(c.n, c.d, c.seed))
		r, err := constrained.Solve(context.Background(), p, &constrained.Options{Method: constrained.GALM, Settings: solver.Settings{Tol: 1e-10}})
		if err != nil || math.Abs(r.Objective-c.f) > 2e-14 || math.Abs(r.X[0]-c.first) > 1e-8 || r.Stats.PenaltyE1 != 1 || r.Stats.PenaltyE2 != 0.1 {
			t.Errorf("%d×%d: f = %.15g, x_0 = %.9g after %d iterations, ε = %g, %g, want %.15g, %.9g, %v", c.n, c.d, r.Objective, r.X[0], r.Stats.Iterations, r.Stats.PenaltyE1, r.Stats.PenaltyE2, c.f, c.first, err)
		}
		for _, inner := range []string{"rk", "minres"} {
			r, err := constrained.Solve(context.Background(), p, &constrained.Options{Method: constrained.GALM, Inner: inner, Settings: solver.Settings{Tol: 1e-4}})
			if err != nil || math.Abs(r.Objective-c.f) > 1e-4 {
				t.Errorf("%d×%d, %s: f = %.15g, want %.15g, %v", c.n, c.d, inner, r.Objective, c.f, err)
			}
		}
	}
}

const collection = "../../shared/data/sif"

// collected reads the models of the collection that have equations only, with the best
// objective known.
func collected(t *testing.T) (list []*constrained.Problem, best []float64) {
	t.Helper()
	index, err := os.Open(filepath.Join(collection, "index.csv"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("the files of %s are not here", collection)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer index.Close()
	rows, err := csv.NewReader(index).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	for _, row := range rows[1:] {
		if row[column["n_ineq"]] != "0" || row[column["n_bounded_vars"]] != "0" || row[column["m"]] == "0" {
			continue
		}
		name := row[column["name"]]
		text, err := os.Open(filepath.Join(collection, name+".SIF"))
		if err != nil {
			t.Fatal(err)
		}
		m, err := sif.Read(context.Background(), name, text, nil)
		text.Close()
		if err != nil {
			t.Fatal(err)
		}
		f, err := strconv.ParseFloat(row[column["f_star"]], 64)
		if err != nil {
			t.Fatal(err)
		}
		list, best = append(list, m.Problem), append(best, f)
	}
	return list, best
}

func TestGALMCollection(t *testing.T) {
	list, best := collected(t)
	ctx := context.Background()
	missed, iterations := 0, 0
	for i, p := range list {
		r, err := constrained.Solve(ctx, p, &constrained.Options{Method: constrained.GALM})
		if err != nil || r.Objective > best[i]+1e-6*math.Max(1, math.Abs(best[i])) {
			t.Errorf("%s: f = %.10g, want %.10g, %v", p.Name, r.Objective, best[i], err)
		}
		iterations += r.Stats.Iterations
		_, err = constrained.Solve(ctx, p, &constrained.Options{Method: constrained.GALM, Inner: "rk", InnerSteps: 20000, Settings: solver.Settings{Tol: 1e-4, Seed: 1}})
		if err != nil {
			missed++
			t.Logf("%s, rk: %v", p.Name, err)
		}
	}
	if iterations > 9*len(list) {
		t.Errorf("%d iterations for %d problems", iterations, len(list))
	}
	if 20*missed > len(list) {
		t.Errorf("rk solves all but %d of %d", missed, len(list))
	}
}

func BenchmarkGALM(b *testing.B) {
	for _, c := range []struct {
		name string
		p    *constrained.Problem
	}{
		{"control-30", made(b)(models.Control(30))},
		{"control-100", made(b)(models.Control(100))},
		{"logistic-1000x50", made(b)(models.GenerateLogistic(1000, 50, 2))},
		{"logistic-32561x123", made(b)(models.GenerateSparseLogistic(32561, 123, 14, 1))},
	} {
		b.Run(c.name, func(b *testing.B) {
			iterations := 0
			for b.Loop() {
				r, err := constrained.Solve(context.Background(), c.p, &constrained.Options{Method: constrained.GALM})
				if err != nil {
					b.Fatal(err)
				}
				iterations = r.Stats.Iterations
			}
			b.ReportMetric(float64(iterations), "iterations")
		})
	}
}
