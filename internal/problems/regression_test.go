package problems

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// parts returns the outputs of a regression problem.
func parts(t *testing.T, name string, v Values, seed uint64) (a NamedData, y, w []float64) {
	t.Helper()
	g, ok := Find(name)
	if !ok {
		t.Fatalf("no generator %s", name)
	}
	inst, err := g.Generate(v, seed, 0)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, f := range inst.Files {
		names = append(names, f.Name)
	}
	if !slices.Equal(names, []string{"A", "y", "w"}) {
		t.Fatalf("parts %v, want A, y, w", names)
	}
	return inst.Files[0], inst.Files[1].Dense.Data, inst.Files[2].Dense.Data
}

// The instance that any other program makes of the documented streams.
func TestCorrelatedIsTheStream(t *testing.T) {
	const n, p, k, rho, snr = 6, 9, 3, 0.75, 2
	a, y, w := parts(t, "correlated", Values{"n": "6", "p": "9", "k": "3", "rho": "0.75", "snr": "2"}, 11)
	s := rng.NewStream(11, 1)
	x := 0.0
	for i := range n {
		for j := range p {
			z := s.Normal()
			if j == 0 {
				x = z
			} else {
				x = rho*x + math.Sqrt(1-rho*rho)*z
			}
			if got := a.Dense.At(i, j); math.Abs(got-x) > 1e-14*(1+math.Abs(x)) {
				t.Fatalf("A(%d,%d) is %v, want %v", i, j, got, x)
			}
		}
	}
	want := make([]float64, p)
	support, values := rng.NewStream(11, 2).Perm(p)[:k], rng.NewStream(11, 3)
	for _, j := range support {
		want[j] = values.Normal()
	}
	if !slices.Equal(w, want) {
		t.Fatalf("w is %v, want %v", w, want)
	}
	checkNoise(t, y, product(a, w), rng.NewStream(11, 4), snr)
}

func product(a NamedData, w []float64) []float64 {
	if a.Dense != nil {
		out := make([]float64, a.Dense.Rows)
		for i := range out {
			for j, v := range a.Dense.Row(i) {
				out[i] += v * w[j]
			}
		}
		return out
	}
	out := make([]float64, a.Sparse.Rows)
	a.Sparse.DoNonZero(func(i, j int, v float64) { out[i] += v * w[j] })
	return out
}

// checkNoise fails unless y is the signal and scaled normals of the stream.
func checkNoise(t *testing.T, y, signal []float64, s *rng.Stream, snr float64) {
	t.Helper()
	norm := func(x []float64) float64 {
		sum := 0.0
		for _, v := range x {
			sum += v * v
		}
		return math.Sqrt(sum)
	}
	noise := make([]float64, len(y))
	for i := range noise {
		noise[i] = s.Normal()
	}
	scale := norm(signal) / (snr * norm(noise))
	for i := range y {
		if want := signal[i] + scale*noise[i]; math.Abs(y[i]-want) > 1e-12*(1+norm(signal)) {
			t.Fatalf("y(%d) is %v, want %v", i, y[i], want)
		}
	}
}

// Correlation ρ^|i−j| between features, unit variance.
func TestCorrelatedMoments(t *testing.T) {
	const n = 20000
	a, _, _ := parts(t, "correlated", Values{"n": fmt.Sprint(n), "p": "6", "k": "1", "rho": "0.6"}, 3)
	for j := range 6 {
		for l := range 6 {
			sum := 0.0
			for i := range n {
				sum += a.Dense.At(i, j) * a.Dense.At(i, l) / n
			}
			if want := math.Pow(0.6, math.Abs(float64(j-l))); math.Abs(sum-want) > 5*math.Sqrt(2.0/n) {
				t.Errorf("correlation of features %d and %d is %v, want %v", j, l, sum, want)
			}
		}
	}
}

func TestCorrelatedWithoutNoise(t *testing.T) {
	a, y, w := parts(t, "correlated", Values{"n": "20", "p": "30", "k": "30", "rho": "0", "snr": "0"}, 4)
	for i, want := range product(a, w) {
		if math.Abs(y[i]-want) > 1e-12 {
			t.Fatalf("y(%d) is %v, want %v", i, y[i], want)
		}
	}
	if slices.Contains(w, 0) {
		t.Error("w has a zero although k = p")
	}
}

func TestTFIDF(t *testing.T) {
	const n, p, nnz, k = 300, 400, 20, 12
	v := Values{"n": "300", "p": "400", "nnz": "20", "k": "12", "snr": "3"}
	a, y, w := parts(t, "tfidf", v, 8)
	x := a.Sparse
	if x.Rows != n || x.Cols != p || x.NNZ() != n*nnz {
		t.Fatalf("%d×%d with %d entries", x.Rows, x.Cols, x.NNZ())
	}
	documents := make([]int, p)
	for i := range n {
		col, val := x.Row(i)
		sum := 0.0
		for t, j := range col {
			documents[j]++
			sum += val[t] * val[t]
		}
		if math.Abs(sum-1) > 1e-14 {
			t.Errorf("row %d has squared norm %v", i, sum)
		}
	}
	// Zipf: the first terms are in nearly every document, the last in few.
	if documents[0] < n*9/10 || documents[p-1] > n/10 {
		t.Errorf("first and last term are in %d and %d of %d documents", documents[0], documents[p-1], n)
	}
	checkCounts(t, x, documents, 8)
	support := 0
	for _, v := range w {
		if v != 0 {
			support++
		}
	}
	if support != k {
		t.Errorf("w has %d non-zeros, want %d", support, k)
	}
	checkNoise(t, y, product(a, w), rng.NewStream(8, 4), 3)
	again, _, _ := parts(t, "tfidf", v, 8)
	if !slices.Equal(again.Sparse.Val, x.Val) {
		t.Error("the same seed gives another matrix")
	}
}

// checkCounts replays the first document from its stream: rows are unit norm,
// so the ratios of entries are those of the weights.
func checkCounts(t *testing.T, x *matrix.CSR, documents []int, seed uint64) {
	t.Helper()
	total := 0.0
	for j := range documents {
		total += 1 / float64(j+1)
	}
	col, val := x.Row(0)
	s, count := rng.NewStream(seed, 1), map[int]int{}
	for len(count) < len(col) {
		u, j := s.Float64()*total, 0
		for sum := 1.0; sum <= u; j++ {
			sum += 1 / float64(j+2)
		}
		count[j]++
	}
	weight := func(j int32) float64 {
		return (1 + math.Log(float64(count[int(j)]))) * (1 + math.Log(float64(1+x.Rows)/float64(1+documents[j])))
	}
	for k, j := range col {
		if count[int(j)] == 0 {
			t.Fatalf("term %d of the first document was not drawn", j)
		}
		if want := weight(j) / weight(col[0]); math.Abs(val[k]/val[0]-want) > 1e-13*want {
			t.Fatalf("entry of term %d over that of term %d is %v, want %v", j, col[0], val[k]/val[0], want)
		}
	}
}

func TestBadRegressions(t *testing.T) {
	for _, bad := range []struct {
		name string
		v    Values
		want error
	}{
		{"correlated", Values{"n": "0"}, solver.ErrOption},
		{"correlated", Values{"p": "10", "k": "11"}, solver.ErrOption},
		{"correlated", Values{"rho": "1"}, solver.ErrOption},
		{"correlated", Values{"rho": "NaN"}, solver.ErrOption},
		{"correlated", Values{"rho": "-0.1"}, solver.ErrOption},
		{"correlated", Values{"snr": "1e-300"}, solver.ErrOption},
		{"correlated", Values{"nnz": "3"}, solver.ErrOption},
		{"correlated", Values{"n": "1000000", "p": "1000000"}, solver.ErrTooLarge},
		{"correlated", Values{"n": "1", "p": "1", "k": "1"}, nil},
		{"tfidf", Values{"p": "100", "k": "10", "nnz": "51"}, solver.ErrOption},
		{"tfidf", Values{"p": "100", "k": "51", "nnz": "5"}, solver.ErrOption},
		{"tfidf", Values{"n": "100000000", "p": "100000"}, solver.ErrTooLarge},
		{"tfidf", Values{"n": "1", "p": "2000000000"}, solver.ErrTooLarge},
		{"tfidf", Values{"n": "1", "p": "1", "k": "1", "nnz": "1"}, nil},
		{"tfidf", Values{"n": "3", "p": "2", "k": "1", "nnz": "1", "snr": "0"}, nil},
	} {
		g, _ := Find(bad.name)
		inst, err := g.Generate(bad.v, 1, 0)
		if !errors.Is(err, bad.want) {
			t.Errorf("%s %v: error %v, want %v", bad.name, bad.v, err, bad.want)
		}
		if (err == nil) != (inst != nil) {
			t.Errorf("%s %v: instance %v with error %v", bad.name, bad.v, inst != nil, err)
		}
	}
}
