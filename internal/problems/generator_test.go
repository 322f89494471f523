package problems

import (
	"errors"
	"math"
	"slices"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

func generate(t *testing.T, name string, v Values, seed uint64) map[string]*matrix.Dense {
	t.Helper()
	g, ok := Find(name)
	if !ok {
		t.Fatalf("no generator %q", name)
	}
	inst, err := g.Generate(v, seed, 0)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*matrix.Dense{}
	for _, f := range inst.Files {
		files[f.Name] = f.Dense
		if f.Dense.Rows*f.Dense.Cols != len(f.Dense.Data) {
			t.Errorf("%s: %d×%d with %d values", f.Name, f.Dense.Rows, f.Dense.Cols, len(f.Dense.Data))
		}
	}
	return files
}

func TestGeneratorsAreDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range Generators() {
		if seen[g.Name] || g.Name == "" || g.Summary == "" || g.Area == "" {
			t.Errorf("generator %+v: names, summaries and areas are needed, names once", g.Name)
		}
		seen[g.Name] = true
		for _, p := range g.Params {
			if !slices.Contains([]string{"int", "float", "string"}, p.Kind) || p.Help == "" || p.Default == "" {
				t.Errorf("%s: parameter %+v", g.Name, p)
			}
		}
		if _, err := g.Generate(nil, 1, 0); err != nil {
			t.Errorf("%s with defaults: %v", g.Name, err)
		}
	}
	if _, ok := Find("assignments"); ok {
		t.Error("found a generator that does not exist")
	}
}

// The instance that any other program makes of the seed's stream.
func TestAssignmentIsTheStream(t *testing.T) {
	f := generate(t, "assignment", Values{"n": "7"}, 0)
	s := rng.New(0)
	for k, c := range f["cost"].Data {
		if want := s.Float64(); c != want {
			t.Fatalf("cost %d is %v, want %v", k, c, want)
		}
	}
	if got, want := f["cost"].Data[0], 0.8833108082136426; got != want { // 0xe220a8397b1dcdaf·2⁻⁶⁴
		t.Errorf("first cost of seed 0 is %v, want %v", got, want)
	}
	if f["a"].Data[3] != 1.0/7 || f["b"].Rows != 7 || f["b"].Cols != 1 {
		t.Error("masses are not 1/n in one column")
	}
}

func TestCloudsShapesAndCost(t *testing.T) {
	for _, kind := range []string{"uniform", "gauss", "ring"} {
		f := generate(t, "clouds", Values{"n": "30", "m": "20", "d": "3", "kind": kind, "cost": "sqeuclidean"}, 5)
		x, y, c := f["a"], f["b"], f["cost"]
		if x.Rows != 30 || y.Rows != 20 || x.Cols != 3 || c.Rows != 30 || c.Cols != 20 {
			t.Fatalf("%s: shapes %d×%d, %d×%d, %d×%d", kind, x.Rows, x.Cols, y.Rows, y.Cols, c.Rows, c.Cols)
		}
		if top := slices.Max(c.Data); top != 1 {
			t.Errorf("%s: largest cost %v, want 1", kind, top)
		}
		ratio := sqEuclidean(x.Row(4), y.Row(7)) / sqEuclidean(x.Row(0), y.Row(0))
		if got := c.At(4, 7) / c.At(0, 0); math.Abs(got-ratio) > 1e-14*ratio {
			t.Errorf("%s: cost ratio %v, want %v", kind, got, ratio)
		}
		if slices.ContainsFunc(slices.Concat(x.Data, y.Data), func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }) {
			t.Errorf("%s: non-finite coordinate", kind)
		}
	}
	// More points of one cloud leave the other as it was.
	small := generate(t, "clouds", Values{"n": "10", "m": "4"}, 5)["b"].Data
	large := generate(t, "clouds", Values{"n": "99", "m": "4"}, 5)["b"].Data
	if !slices.Equal(small, large) {
		t.Error("the second cloud depends on the size of the first")
	}
	if b := generate(t, "clouds", Values{"n": "10"}, 5)["b"]; b.Rows != 10 {
		t.Errorf("m defaults to %d, want n", b.Rows)
	}
}

func TestImages(t *testing.T) {
	for _, pair := range []string{"ring-bar", "blobs", "noise", "0-3", "9-8"} {
		f := generate(t, "images", Values{"n": "12", "pair": pair, "cost": "cityblock"}, 2)
		for _, name := range []string{"a", "b"} {
			sum := 0.0
			for _, v := range f[name].Data {
				if !(v > 0) {
					t.Errorf("%s: pixel %v", pair, v)
				}
				sum += v
			}
			if math.Abs(sum-1) > 1e-14 {
				t.Errorf("%s: image %s has total %v", pair, name, sum)
			}
		}
		c := f["cost"]
		if c.Rows != 144 || c.At(0, 143) != 1 || c.At(0, 1) != 1.0/22 || c.At(0, 13) != 2.0/22 {
			t.Errorf("%s: cost %d×%d, %v, %v, %v", pair, c.Rows, c.Cols, c.At(0, 143), c.At(0, 1), c.At(0, 13))
		}
	}
}

func TestRingBarFormula(t *testing.T) {
	f := generate(t, "images", Values{}, 1)
	ink := func(i, j int, of string) float64 {
		x, y := float64(i)/28, float64(j)/28
		if of == "a" {
			return math.Exp(-math.Pow((math.Hypot(x-.5, y-.5)-.28)/.05, 2)) + 0.01
		}
		v := math.Exp(-math.Pow((y-.35-.3*x)/.05, 2)) + 0.01
		if math.Abs(x-.5) >= .38 {
			return 0.01
		}
		return v
	}
	for _, of := range []string{"a", "b"} {
		scale := f[of].At(14, 6) / ink(14, 6, of)
		for i := range 28 {
			for j := range 28 {
				if got, want := f[of].At(i, j), scale*ink(i, j, of); math.Abs(got-want) > 1e-13*want {
					t.Fatalf("image %s, pixel (%d,%d): %v, want %v", of, i, j, got, want)
				}
			}
		}
	}
}

func TestBadParameters(t *testing.T) {
	for _, bad := range []struct {
		name string
		v    Values
		want error
	}{
		{"assignment", Values{"n": "0"}, solver.ErrOption},
		{"assignment", Values{"n": "-3"}, solver.ErrOption},
		{"assignment", Values{"n": "many"}, solver.ErrOption},
		{"assignment", Values{"n": "1e3"}, solver.ErrOption},
		{"assignment", Values{"m": "3"}, solver.ErrOption},
		{"assignment", Values{"n": "9000000000000000000"}, solver.ErrTooLarge},
		{"assignment", Values{"n": "100000"}, solver.ErrTooLarge},
		{"clouds", Values{"kind": "moons"}, solver.ErrOption},
		{"clouds", Values{"kind": "ring", "d": "1"}, solver.ErrOption},
		{"clouds", Values{"cost": "yes"}, solver.ErrOption},
		{"clouds", Values{"n": "1000000", "cost": "sqeuclidean"}, solver.ErrTooLarge},
		{"clouds", Values{"n": "4000000000000000000", "d": "4000000000000000000"}, solver.ErrTooLarge},
		{"images", Values{"pair": "ring"}, solver.ErrOption},
		{"images", Values{"pair": "1-x"}, solver.ErrOption},
		{"images", Values{"offset": "-1"}, solver.ErrOption},
		{"images", Values{"offset": "NaN"}, solver.ErrOption},
		{"images", Values{"offset": ""}, solver.ErrOption},
		{"images", Values{"n": "3", "pair": "ring-bar", "offset": "0"}, nil},
		{"images", Values{"n": "1000", "cost": "sqeuclidean"}, solver.ErrTooLarge},
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
