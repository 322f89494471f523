package problems

import (
	"cmp"
	"math"
	"slices"
	"testing"
)

func TestPaperDesignHasItsMoments(t *testing.T) {
	const n, p = 1000, 400
	x, err := PaperDesign(n, p, 3)
	if err != nil {
		t.Fatal(err)
	}
	keep := 10 * math.Log(n) / n
	if got := float64(x.NNZ()) / (n * p); math.Abs(got-keep) > 0.005 {
		t.Errorf("density %g, want %g", got, keep)
	}
	// Entries are (z+1)·scale, so a column's mean square is twice its mean's.
	ratios := 0.0
	for j := range p {
		_, val := x.Transpose().Row(j)
		sum, squares := 0.0, 0.0
		for _, v := range val {
			sum += v
			squares += v * v
		}
		ratios += squares * float64(len(val)) / (sum * sum) / p
	}
	if math.Abs(ratios-2) > 0.2 {
		t.Errorf("mean square over squared mean is %g on average, want about 2", ratios)
	}
}

func TestPaperInstancesRepeat(t *testing.T) {
	for _, g := range PaperBCD() {
		v := Values{"n": "60"}
		switch g.Name {
		case "paper-d":
			v = Values{"n": "8", "labels": "9"}
		case "paper-e":
			v["labels"] = "20"
		default:
			v["p"] = "30"
		}
		one, err := g.Generate(v, 5, 0)
		if err != nil {
			t.Fatalf("%s: %v", g.Name, err)
		}
		two, _ := g.Generate(v, 5, 0)
		other, _ := g.Generate(v, 6, 0)
		a, b, c := one.Files[1].Dense.Data, two.Files[1].Dense.Data, other.Files[1].Dense.Data
		if !slices.Equal(a, b) || slices.Equal(a, c) {
			t.Errorf("%s: one seed must give one instance, another seed another", g.Name)
		}
		if _, err := g.Generate(Values{"n": "0"}, 1, 0); err == nil {
			t.Errorf("%s: n = 0 was taken", g.Name)
		}
		if _, err := g.Generate(v, 1, 100); err == nil {
			t.Errorf("%s: 100 bytes were enough", g.Name)
		}
	}
}

func TestPaperBFlipsATenth(t *testing.T) {
	x, y, w, err := PaperB(4000, 50, 2)
	if err != nil {
		t.Fatal(err)
	}
	eta := make([]float64, len(y))
	x.MulVecTo(eta, false, w)
	flipped, nonzero := 0, 0
	for i, v := range eta {
		if v != 0 {
			nonzero++
			if v*y[i] < 0 {
				flipped++
			}
		}
	}
	if share := float64(flipped) / float64(nonzero); math.Abs(share-0.1) > 0.03 {
		t.Errorf("%.3f of the labels are flipped, want 0.1", share)
	}
}

func TestPaperCUsesEveryClass(t *testing.T) {
	_, class, err := PaperC(500, 40, 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	seen := make([]int, 5)
	for _, c := range class {
		seen[c]++
	}
	if slices.Min(seen) == 0 {
		t.Errorf("classes %v: one is empty", seen)
	}
}

// Harmonic functions obey the maximum principle, and A has the size and the
// row sums that the labels leave it.
func TestPaperGraphs(t *testing.T) {
	d, err := PaperD(12, 9, 10, 4)
	if err != nil {
		t.Fatal(err)
	}
	e, err := PaperE(150, 5, 20, 4)
	if err != nil {
		t.Fatal(err)
	}
	for name, g := range map[string]*LabelledGraph{"D": d, "E": e} {
		if err := g.A.CheckSymmetric(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		labels := g.W.Rows - len(g.Unknown)
		if g.A.Rows != len(g.Unknown) || len(g.B) != len(g.Unknown) || labels != map[string]int{"D": 10, "E": 20}[name] {
			t.Errorf("%s: %d unknown, order %d, %d labels", name, len(g.Unknown), g.A.Rows, labels)
		}
		for k, i := range g.Unknown {
			pull := 0.0
			col, val := g.W.Row(int(i))
			for e, j := range col {
				if !math.IsNaN(g.Label[j]) {
					pull += val[e]
				}
			}
			sum := 0.0
			_, row := g.A.Row(k)
			for _, v := range row {
				sum += v
			}
			if math.Abs(sum-pull) > 1e-9*g.A.At(k, k) {
				t.Fatalf("%s: row %d sums to %g, not to the weights %g of its labelled neighbours", name, k, sum, pull)
			}
		}
	}
	if full, err := PaperD(50, 50, 100, 1); err != nil || full.A.Rows != 2400 {
		t.Errorf("D has order %d, want 2400 (%v)", full.A.Rows, err)
	}
}

func TestPaperSizes(t *testing.T) {
	for _, name := range []string{"A", "B", "C", "D", "E"} {
		p, err := Paper(name, 10, 1)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if (p.X != nil) == (p.Graph != nil) || p.X != nil && p.X.Rows != len(p.Y) {
			t.Errorf("%s: a design and a graph, or neither, or another number of targets", name)
		}
	}
	if _, err := Paper("F", 1, 1); err == nil {
		t.Error("problem F was made")
	}
	if _, err := Paper("A", 0, 1); err == nil {
		t.Error("a size was divided by 0")
	}
}

// Neighbours by sorting all distances, in a lattice full of ties.
func TestNeighboursAreTheNearest(t *testing.T) {
	var at []float64
	for i := range 40 {
		at = append(at, float64(i%7), float64(i/7))
	}
	const k = 5
	w, err := neighbourGraph(at, k)
	if err != nil {
		t.Fatal(err)
	}
	want := map[[2]int32]bool{}
	for i := range int32(40) {
		distance := func(j int32) float64 { return math.Hypot(at[2*i]-at[2*j], at[2*i+1]-at[2*j+1]) }
		order := make([]int32, 0, 40)
		for j := range int32(40) {
			if j != i {
				order = append(order, j)
			}
		}
		slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(distance(a), distance(b)) })
		for _, j := range order[:k] {
			want[[2]int32{i, j}], want[[2]int32{j, i}] = true, true
		}
	}
	if w.NNZ() != len(want) {
		t.Fatalf("%d edges, want %d", w.NNZ(), len(want))
	}
	w.DoNonZero(func(i, j int, _ float64) {
		if !want[[2]int32{int32(i), int32(j)}] {
			t.Errorf("%d and %d are joined", i, j)
		}
	})
}
