package block

import (
	"errors"
	"math"
	"slices"
	"testing"

	"solve/internal/problems"
	"solve/matrix"
	"solve/solver"
)

// The front end makes the quadratic that the generator makes on its own.
func TestLabelPropagationIsTheGenerators(t *testing.T) {
	for name, g := range map[string]*problems.LabelledGraph{
		"lattice": must[*problems.LabelledGraph](t)(problems.PaperD(9, 13, 11, 5)), "moons": graphE(t, 120, 5),
	} {
		l := must[*Labels](t)(LabelPropagation(g.W, g.Label))
		if !slices.Equal(l.A.Val, g.A.Val) || !slices.Equal(l.A.Col, g.A.Col) || !slices.Equal(l.B, g.B) || !slices.Equal(l.Unknown, g.Unknown) || l.Orphans != nil {
			t.Errorf("%s: another quadratic than the generator's", name)
		}
		f := must[Objective](t)(NewQuadratic(l.A, l.B, nil))
		r := descend(t, f, Options{Partition: GreedyForest, Settings: until(1e-10, 5000)})
		least, most := math.Inf(1), math.Inf(-1)
		for _, v := range g.Label {
			if !math.IsNaN(v) {
				least, most = math.Min(least, v), math.Max(most, v)
			}
		}
		values := l.Values(r.X, g.Label)
		for i, v := range values {
			if !(v >= least-1e-6 && v <= most+1e-6) {
				t.Fatalf("%s: node %d has the value %g outside the labels' range [%g, %g]", name, i, v, least, most)
			}
		}
		// Harmonic: each unknown value is the weighted mean of its neighbours'.
		for _, i := range g.Unknown {
			sum, degree := 0.0, 0.0
			col, val := g.W.Row(int(i))
			for e, j := range col {
				sum += val[e] * values[j]
				degree += val[e]
			}
			if math.Abs(sum/degree-values[i]) > 1e-7*(most-least) {
				t.Fatalf("%s: node %d has %g, its neighbours %g", name, i, values[i], sum/degree)
			}
		}
	}
}

// Nodes 0–1–2 with the ends labelled, 3–4 without a label, 5 alone and
// labelled, 6 alone.
func TestOrphansAreSetAside(t *testing.T) {
	coo := must[*matrix.COO](t)(matrix.NewCOO(7, 7, 8))
	for _, e := range [][3]float64{{0, 1, 1}, {1, 2, 3}, {3, 4, 1}} {
		if err := errors.Join(coo.Append(int(e[0]), int(e[1]), e[2]), coo.Append(int(e[1]), int(e[0]), e[2])); err != nil {
			t.Fatal(err)
		}
	}
	w, _, err := coo.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	label := []float64{0, nan, 4, nan, nan, 9, nan}
	l := must[*Labels](t)(LabelPropagation(w, label))
	if !slices.Equal(l.Unknown, []int32{1}) || len(l.Orphans) != 2 || !slices.Equal(l.Orphans[0], []int32{3, 4}) || !slices.Equal(l.Orphans[1], []int32{6}) {
		t.Fatalf("unknown %v, orphans %v", l.Unknown, l.Orphans)
	}
	if l.A.At(0, 0) != 4 || l.B[0] != 12 {
		t.Errorf("A = %g, b = %g, want 4 and 12", l.A.At(0, 0), l.B[0])
	}
	values := l.Values([]float64{3}, label)
	if values[1] != 3 || values[5] != 9 || !math.IsNaN(values[3]) || !math.IsNaN(values[6]) {
		t.Errorf("values %v", values)
	}
}

func TestLabelPropagationRefuses(t *testing.T) {
	nan := math.NaN()
	w := must[*matrix.CSR](t)(matrix.NewCSR(2, 2, []int64{0, 1, 2}, []int32{1, 0}, []float64{1, 1}))
	negative := must[*matrix.CSR](t)(matrix.NewCSR(2, 2, []int64{0, 1, 2}, []int32{1, 0}, []float64{-1, -1}))
	askew := must[*matrix.CSR](t)(matrix.NewCSR(2, 2, []int64{0, 1, 2}, []int32{1, 0}, []float64{1, 2}))
	for _, c := range []struct {
		w     *matrix.CSR
		label []float64
		want  error
	}{
		{w, []float64{1}, solver.ErrDimension}, {w, []float64{nan, nan}, solver.ErrInput}, {w, []float64{1, 2}, solver.ErrInput},
		{negative, []float64{1, nan}, solver.ErrNegative}, {askew, []float64{1, nan}, solver.ErrNotSymmetric},
		{w, []float64{math.Inf(1), nan}, solver.ErrNonFinite},
	} {
		if _, err := LabelPropagation(c.w, c.label); !errors.Is(err, c.want) {
			t.Errorf("labels %v: %v, want %v", c.label, err, c.want)
		}
	}
}
