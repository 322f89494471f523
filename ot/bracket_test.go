package ot

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"solve/internal/problems"
	"solve/matrix"
	"solve/matrix/matio"
	"solve/solver"
)

// The bracket of the unregularised cost holds its exact value.

// checkBracket solves p at ε = 1e-2 and 1e-3 times its largest cost and holds
// the bracket to the exact value.
func checkBracket(t *testing.T, name string, p *Problem, exact float64) {
	t.Helper()
	for _, relative := range []float64{1e-2, 1e-3} {
		p.Reg = relative * math.Abs(scanned(t, p.Cost).max)
		contains(t, name, p, mustSolve(t, p, nil), exact)
	}
}

// contains checks that the bracket holds the exact value and says something:
// a plan's entropy is between 0 and log nm, so the entropic plan's cost is
// within ε log nm of the optimum.
func contains(t *testing.T, name string, p *Problem, res *Result, exact float64) {
	t.Helper()
	if !(res.Lower <= exact && exact <= res.Upper) {
		t.Errorf("%s, ε = %g: bracket [%.17g, %.17g] misses %.17g", name, p.Reg, res.Lower, res.Upper, exact)
	}
	n, m := p.Cost.Dims()
	if width := res.Upper - res.Lower; !(width <= 3*p.Reg*math.Log(2+float64(n*m))) {
		t.Errorf("%s, ε = %g: bracket is %g wide", name, p.Reg, width)
	}
}

func TestBracketOfExactOracles(t *testing.T) {
	for _, e := range problems.ExactOracles() {
		checkBracket(t, e.Name, &Problem{A: e.A, B: e.B, Cost: NewDenseCost(e.Cost)}, e.Value)
	}
}

// collection is a folder of instances with answers from independent programs.
const collection = "../../shared/data/ot"

// answer is the part of an entry of answers.json that is compared here.
type answer struct {
	Value      float64 // exact, unregularised
	W1         float64
	W2Squared  float64          `json:"W2_squared"`
	CMax       []entropicAnswer `json:"entropic_C_over_max"`
	CGrid      []entropicAnswer `json:"entropic_C_over_fullgrid_max"`
	C255       []entropicAnswer `json:"entropic_sq_over_255sq"`
	C195075    []entropicAnswer `json:"entropic_C_over_195075"`
	CUnchanged []entropicAnswer `json:"entropic"`
}

// entropicAnswer is for a cost divided by a scale.
type entropicAnswer struct {
	Eps           float64
	TransportCost float64 `json:"transport_cost"`
	SumPlogP      float64 `json:"sum_PlogP"`
	Primal        float64
}

// collected are the answers by instance; the test is skipped where there is
// no collection.
func collected(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(collection, "answers.json"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("the shared collection is not there: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	decode(t, text, &all)
	return all
}

func decode(t *testing.T, text json.RawMessage, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func readMatrix(t *testing.T, name string) *matrix.Dense {
	t.Helper()
	f, err := matio.ReadFile(filepath.Join(collection, name), nil)
	if err != nil {
		t.Fatal(err)
	}
	return f.Dense
}

// readStack is an NPY array of three dimensions, of bytes or of 32-bit
// integers, flattened.
func readStack(t *testing.T, name string) []float64 {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(collection, name))
	if err != nil {
		t.Fatal(err)
	}
	start := 10 + int(binary.LittleEndian.Uint16(raw[8:]))
	header, data := string(raw[10:start]), raw[start:]
	var out []float64
	switch {
	case strings.Contains(header, "'|u1'"):
		for _, b := range data {
			out = append(out, float64(b))
		}
	case strings.Contains(header, "'<i4'"):
		for k := 0; k+4 <= len(data); k += 4 {
			out = append(out, float64(int32(binary.LittleEndian.Uint32(data[k:]))))
		}
	default:
		t.Fatalf("%s: header %s", name, header)
	}
	return out
}

// column is column j of d, scaled to total 1.
func column(d *matrix.Dense, j int) []float64 {
	out := make([]float64, d.Rows)
	for i := range out {
		out[i] = d.At(i, j)
	}
	return unitMass(out)
}

// columns are columns lo…hi−1 of d.
func columns(d *matrix.Dense, lo, hi int) *matrix.Dense {
	out := &matrix.Dense{Rows: d.Rows, Cols: hi - lo}
	for i := range d.Rows {
		out.Data = append(out.Data, d.Row(i)[lo:hi]...)
	}
	return out
}

func pointsCost(t *testing.T, x, y *matrix.Dense, metric Metric) Cost {
	t.Helper()
	c, err := NewPointCost(x, y, metric, 1)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func gridCostOf(t *testing.T, n int, metric Metric) Cost {
	t.Helper()
	c, err := NewGridCost([]int{n, n}, metric, 1)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// checkEntropic compares with independent solutions of the problem, at several
// ε, whose cost is divided by scale; the bracket holds the exact value. The sum of P log P and the objective are held to
// what the terms that they are made of allow.
func checkEntropic(t *testing.T, name string, p *Problem, scale, exact float64, want []entropicAnswer) {
	t.Helper()
	const rel = 1e-11
	for _, w := range want {
		what := fmt.Sprintf("%s, ε = %.3g", name, w.Eps)
		p.Reg = w.Eps * scale
		res := mustSolve(t, p, tight(1e-11))
		contains(t, name, p, res, exact)
		closeTo(t, what+": cost", res.Cost/scale, w.TransportCost, rel)
		closeTo(t, what+": Σ P log P", (res.Objective-res.Cost)/p.Reg+1, w.SumPlogP, rel)
		size := math.Abs(w.TransportCost) + w.Eps*(1+math.Abs(w.SumPlogP))
		if d := math.Abs(res.Objective/scale - w.Primal); !(d <= rel*size) {
			t.Errorf("%s: objective %.17g, want %.17g", what, res.Objective/scale, w.Primal)
		}
	}
}

func TestCollectedSmallCosts(t *testing.T) {
	all := collected(t)
	for name, text := range all {
		if !strings.HasPrefix(name, "small_") {
			continue
		}
		var want answer
		decode(t, text, &want)
		cost := readMatrix(t, name+"_cost.csv")
		p := &Problem{A: column(readMatrix(t, name+"_a.csv"), 0), B: column(readMatrix(t, name+"_b.csv"), 0), Cost: NewDenseCost(cost)}
		checkBracket(t, name, p, want.Value)
		checkEntropic(t, name, p, scanned(t, p.Cost).max, want.Value, want.CMax)
	}
}

func scanned(t *testing.T, c Cost) costRange {
	t.Helper()
	r, err := scan(c, 0)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCollectedPoints(t *testing.T) {
	all := collected(t)

	var hist answer
	decode(t, all["hist1d_a"], &hist)
	grey := readMatrix(t, "hist1d_a.csv")
	bins := &matrix.Dense{Rows: grey.Rows, Cols: 1, Data: make([]float64, grey.Rows)}
	for i := range bins.Data {
		bins.Data[i] = float64(i)
	}
	p := &Problem{A: column(grey, 0), B: column(grey, 1), Cost: pointsCost(t, bins, bins, SqEuclidean)}
	checkBracket(t, "hist1d, squared", p, hist.W2Squared)
	checkEntropic(t, "hist1d", p, 255*255, hist.W2Squared, hist.C255)
	p.Cost = pointsCost(t, bins, bins, Cityblock)
	checkBracket(t, "hist1d", p, hist.W1)

	var clouds map[string]answer
	decode(t, all["points"], &clouds)
	x, y := readMatrix(t, "points_x.csv"), readMatrix(t, "points_y.csv")
	for name, metric := range map[string]Metric{"sq": SqEuclidean, "euclid": Euclidean} {
		p := &Problem{A: column(x, 0), B: column(y, 0), Cost: pointsCost(t, columns(x, 1, 3), columns(y, 1, 3), metric)}
		checkBracket(t, "points, "+name, p, clouds[name].Value)
		checkEntropic(t, "points, "+name, p, 1, clouds[name].Value, clouds[name].CUnchanged)
	}

	var colours answer
	decode(t, all["cloud_a"], &colours)
	both := readStack(t, "cloud_a.npy")
	n := len(both) / 6
	p = &Problem{A: uniform(n), B: uniform(n), Cost: pointsCost(t,
		&matrix.Dense{Rows: n, Cols: 3, Data: both[:3*n]}, &matrix.Dense{Rows: n, Cols: 3, Data: both[3*n:]}, SqEuclidean)}
	checkBracket(t, "cloud_a", p, colours.Value)
	checkEntropic(t, "cloud_a", p, 195075, colours.Value, colours.C195075)
}

// Costs of both signs: the scores of experts, negated.
func TestCollectedRouter(t *testing.T) {
	var want answer
	decode(t, collected(t)["router"], &want)
	cost := readMatrix(t, "router_scores.npy")
	for k := range cost.Data {
		cost.Data[k] = -cost.Data[k]
	}
	p := &Problem{A: uniform(cost.Rows), B: uniform(cost.Cols), Cost: NewDenseCost(cost)}
	checkBracket(t, "router", p, want.Value)
	checkEntropic(t, "router", p, 1, want.Value, want.CUnchanged)
}

func TestCollectedDigits(t *testing.T) {
	var pairs map[string]map[string]answer
	decode(t, collected(t)["mnist20"], &pairs)
	digits := readStack(t, "mnist20.npy")
	const pixels = 28 * 28
	for pair, byMetric := range pairs {
		var from, to int
		if _, err := fmt.Sscanf(pair, "%d->%d", &from, &to); err != nil {
			t.Fatalf("pair %q: %v", pair, err)
		}
		checkImages(t, "digits "+pair, 28, digits[from*pixels:][:pixels], digits[to*pixels:][:pixels], byMetric)
	}
}

func TestCollectedImages(t *testing.T) {
	all := collected(t)
	if testing.Short() {
		t.Skip("twenty problems of 1024 points")
	}
	for name, text := range all {
		if !strings.HasPrefix(name, "img32_") {
			continue
		}
		var byMetric map[string]answer
		decode(t, text, &byMetric)
		both := readStack(t, name+".npy")
		checkImages(t, name, 32, both[:len(both)/2], both[len(both)/2:], byMetric)
	}
}

// checkImages compares a pair of n×n images under both metrics; zero pixels
// carry no mass but count for the largest cost.
func checkImages(t *testing.T, name string, n int, a, b []float64, byMetric map[string]answer) {
	t.Helper()
	for _, tc := range []struct {
		key     string
		metric  Metric
		largest float64
	}{
		{"sq", SqEuclidean, float64(2 * (n - 1) * (n - 1))},
		{"l1", Cityblock, float64(2 * (n - 1))},
	} {
		want := byMetric[tc.key]
		p := &Problem{A: unitMass(a), B: unitMass(b), Cost: gridCostOf(t, n, tc.metric)}
		if len(want.CGrid) == 0 { // else the entropic answers are at such ε
			checkBracket(t, name+" "+tc.key, p, want.Value)
		}
		checkEntropic(t, name+" "+tc.key, p, tc.largest, want.Value, want.CGrid)
	}
}

// Even where the iteration was cut short the bracket is rigorous.
func TestBracketOfAnEarlyStop(t *testing.T) {
	for _, e := range problems.ExactOracles() {
		for _, method := range methods {
			for _, iterations := range []int{1, 2, 5} {
				p := &Problem{A: e.A, B: e.B, Cost: NewDenseCost(e.Cost), Reg: 0.01}
				res, err := Solve(t.Context(), p, &Options{Method: method, Settings: solver.Settings{MaxIter: iterations, Tol: 1e-12}})
				if res == nil {
					t.Fatal(err)
				}
				if !(res.Lower <= e.Value && e.Value <= res.Upper) {
					t.Errorf("%s, %s, %d iterations: bracket [%g, %g] misses %g", e.Name, method, iterations, res.Lower, res.Upper, e.Value)
				}
			}
		}
	}
}
