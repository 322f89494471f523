package block

import (
	"context"
	"math"
	"os"
	"testing"

	"solve/internal/problems"
	"solve/internal/rng"
	"solve/loss"
	"solve/matrix"
	"solve/solver"
)

// long tells whether tests may take minutes.
func long() bool { return os.Getenv("SOLVE_LONG") == "1" }

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// descend runs and returns the result, whether solved or stopped.
func descend(t testing.TB, f Objective, o Options) *Result {
	t.Helper()
	r, err := Descend(context.Background(), f, &o)
	if r == nil {
		t.Fatalf("%s, %s, %s: %v", o.Partition, o.Rule, o.Update, err)
	}
	return r
}

func until(tol float64, iterations int) solver.Settings {
	return solver.Settings{Tol: tol, MaxIter: iterations, Seed: 1}
}

// randomDesign is a sparse or dense n×p matrix with a zero column.
func randomDesign(t testing.TB, n, p int, dense bool, seed uint64) matrix.Operator {
	t.Helper()
	s := rng.New(seed)
	d := &matrix.Dense{Rows: n, Cols: p, Data: make([]float64, n*p)}
	for k := range d.Data {
		if v, u := s.Normal(), s.Float64(); (u < 0.4 || dense) && k%p != p-1 {
			d.Data[k] = v
		}
	}
	if dense {
		return d
	}
	return must[*matrix.CSR](t)(d.ToCSR())
}

// everyObjective are small instances of each kind, with targets.
func everyObjective(t testing.TB) map[string]Objective {
	t.Helper()
	const n, p = 40, 12
	s := rng.New(9)
	y, binary, count, w, class := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]int, n)
	for i := range y {
		y[i], w[i] = s.Normal(), 0.5+s.Float64()
		binary[i], count[i], class[i] = float64(s.Below(2)), float64(s.Below(4)), s.Below(3)
	}
	g := must[*problems.LabelledGraph](t)(problems.PaperD(8, 7, 6, 3))
	small := func(x matrix.Operator) matrix.Operator {
		if m, ok := x.(*matrix.Dense); ok {
			for k := range m.Data {
				m.Data[k] *= 0.3
			}
		}
		return x
	}
	return map[string]Objective{
		"least squares, sparse": must[Objective](t)(NewLeastSquares(randomDesign(t, n, p, false, 1), y, nil, nil)),
		"least squares, dense":  must[Objective](t)(NewLeastSquares(randomDesign(t, n, p, true, 1), y, w, nil)),
		"logistic, sparse":      must[Objective](t)(NewGLM(randomDesign(t, n, p, false, 2), binary, loss.Logistic(), w, nil)),
		"logistic, dense":       must[Objective](t)(NewGLM(randomDesign(t, n, p, true, 2), binary, loss.Logistic(), nil, nil)),
		"poisson":               must[Objective](t)(NewGLM(small(randomDesign(t, n, p, true, 2)), count, loss.Poisson(), nil, nil)),
		"softmax, sparse":       must[Objective](t)(NewSoftmax(randomDesign(t, n, p, false, 3), class, 3, w, nil)),
		"softmax, dense":        must[Objective](t)(NewSoftmax(randomDesign(t, n, p, true, 3), class, 3, nil, nil)),
		"quadratic":             must[Objective](t)(NewQuadratic(g.A, g.B, nil)),
	}
}

func randomVector(s *rng.Stream, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = s.Normal()
	}
	return v
}

func near(a, b, tol float64) bool {
	return math.Abs(a-b) <= tol*math.Max(1, math.Max(math.Abs(a), math.Abs(b)))
}

// edges counts the edges of the graph of a between nodes of block, and the
// trees that a spanning forest of them has.
func edges(a *matrix.CSR, block []int32) (edges, components int) {
	sets := newDisjoint(a.Rows)
	components = len(block)
	for _, i := range block {
		for _, j := range block {
			if j >= i || a.At(int(i), int(j)) == 0 {
				continue
			}
			edges++
			if r, s := sets.find(i), sets.find(j); r != s {
				sets[r] = s
				components--
			}
		}
	}
	return edges, components
}
