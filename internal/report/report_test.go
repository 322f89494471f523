package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"image/color"
	"math"
	"strings"
	"testing"
	"time"

	"solve/matrix"
	"solve/solver"
)

func TestNumberSurvivesJSON(t *testing.T) {
	for _, v := range []float64{0, math.Copysign(0, -1), 1.0 / 3, -1e-320, math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN()} {
		b, err := json.Marshal(Number(v))
		if err != nil {
			t.Fatal(err)
		}
		var back Number
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if math.Float64bits(float64(back)) != math.Float64bits(v) && !(math.IsNaN(v) && math.IsNaN(float64(back))) {
			t.Errorf("%v became %s, then %v", v, b, back)
		}
	}
	var x Number
	for _, bad := range []string{`"1"`, `true`, `"infinity"`, `[]`} {
		if json.Unmarshal([]byte(bad), &x) == nil {
			t.Errorf("%s was read as %v", bad, x)
		}
	}
}

func TestFieldsKeepOrderAndTypes(t *testing.T) {
	var f Fields
	f.Add("z", 1.5)
	f.Add("a", math.Inf(1))
	f.Add("n", 3)
	f.Add("s", "text")
	f.Add("b", true)
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(b), `{"z":1.5,"a":"inf","n":3,"s":"text","b":true}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	var back Fields
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if again, _ := json.Marshal(back); !bytes.Equal(b, again) {
		t.Errorf("%s became %s", b, again)
	}
	if x, ok := back.Float("a"); !ok || !math.IsInf(x, 1) {
		t.Error(x, ok)
	}
	if back.Text("s") != "text" || back.Text("z") != "" {
		t.Error(back)
	}
	if err := json.Unmarshal([]byte(`[1]`), &back); err == nil {
		t.Error("an array became fields")
	}
}

func TestReportRoundTrip(t *testing.T) {
	r := New("ot")
	r.SetCertificates([]solver.Certificate{{Name: "dual_gap", Value: 1e-12, Tol: 1e-9, OK: true}, {Name: "lower_bound", Value: math.Inf(-1), Tol: math.NaN(), OK: true}})
	r.Stats.Add("cost", 0.25)
	r.Answers["plan"] = Answer{Path: "plan.mtx", SHA256: "00"}
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
		t.Errorf("not one line: %q", text)
	}
	for _, want := range []string{`"warnings":[]`, `"inputs":[]`, `"objective":null`, `"tol":1e-9`, `{"name":"lower_bound","value":"-inf","ok":true}`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s lacks %s", text, want)
		}
	}
	back, err := Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	if c := back.Certificate("dual_gap"); c == nil || c.Value != 1e-12 || *c.Tol != 1e-9 {
		t.Errorf("%+v", c)
	}
	for _, bad := range []string{"", "{}", `{"schema":"x"}`, text + "{}", text[:20]} {
		if _, err := Read(strings.NewReader(bad)); !errors.Is(err, solver.ErrFormat) {
			t.Errorf("%.30q: %v", bad, err)
		}
	}
}

func records() []solver.Record {
	nan := math.NaN()
	return []solver.Record{
		{Iter: 1, Phase: "sinkhorn", Elapsed: 250 * time.Millisecond, Objective: 0.5, Residual: 0.1, Gap: nan, Step: nan},
		{Iter: 2, Phase: "newton", Elapsed: 500 * time.Millisecond, Objective: 0.25, Residual: 1e-12, Gap: math.Inf(1), Step: 1},
	}
}

func TestHistoryRoundTrip(t *testing.T) {
	for _, format := range []string{"csv", "jsonl"} {
		var b bytes.Buffer
		h, err := NewHistory(&b, format)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records() {
			if err := h.Record(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.Flush(); err != nil {
			t.Fatal(err)
		}
		back, err := ReadHistory(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		for k, want := range records() {
			got := back[k]
			if got.Iter != want.Iter || got.Phase != want.Phase || got.Elapsed != want.Elapsed || got.Residual != want.Residual ||
				math.IsNaN(got.Gap) != math.IsNaN(want.Gap) || math.IsInf(got.Gap, 1) != math.IsInf(want.Gap, 1) {
				t.Errorf("%s: %+v, want %+v", format, got, want)
			}
		}
	}
	if _, err := NewHistory(&bytes.Buffer{}, "txt"); !errors.Is(err, solver.ErrOption) {
		t.Error(err)
	}
}

func FuzzReadHistory(f *testing.F) {
	f.Add("iter,phase,elapsed_s,objective,residual,gap,step\n1,a,0.1,2,3,nan,\n")
	f.Add("{\"iter\":1,\"residual\":\"inf\"}\n{\"iter\":2}\n")
	f.Add("iter\nx\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ReadHistory(strings.NewReader(text))
		if err == nil && len(list) > len(text) {
			t.Errorf("%d records from %d bytes", len(list), len(text))
		}
		if err != nil && !errors.Is(err, solver.ErrFormat) {
			t.Errorf("%v is no syntax error", err)
		}
		if err == nil {
			// Whatever was read can be drawn or is refused.
			if fig, err := Convergence("", list, 1e-9); err == nil {
				if err := fig.Write(&bytes.Buffer{}, "svg"); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

func TestTicks(t *testing.T) {
	for _, r := range [][2]float64{{0.5, 60.5}, {-1e-9, 1e-9}, {1e300, 1.1e300}, {3, 3}} {
		ticks := niceTicks{count: 6}.Ticks(r[0], r[1])
		if len(ticks) > 8 || (r[0] < r[1] && len(ticks) < 2) {
			t.Errorf("%v: %d ticks", r, len(ticks))
		}
	}
	if got := len(decadeTicks{8}.Ticks(1e-300, 1)); got != 301 {
		t.Errorf("%d decades", got)
	}
}

func TestViridis(t *testing.T) {
	if got := viridisAt(-1); got != (color.NRGBA{68, 1, 84, 255}) {
		t.Error(got)
	}
	if got := viridisAt(2); got != (color.NRGBA{253, 231, 37, 255}) {
		t.Error(got)
	}
	last := -1.0
	for k := range 100 { // luminance grows
		c := viridisAt(float64(k) / 99)
		y := 0.2126*float64(c.R) + 0.7152*float64(c.G) + 0.0722*float64(c.B)
		if y < last {
			t.Fatalf("darker at %d", k)
		}
		last = y
	}
}

// diagonal is a plan that moves everything from i to i.
func diagonal(i int, dst []float64) {
	clear(dst)
	dst[i] = 1
}

func TestFigures(t *testing.T) {
	points := &matrix.Dense{Rows: 3, Cols: 2, Data: []float64{0, 0, 1, 0, 0, 1}}
	mass := []float64{1, 0, 2}
	heat, err := HeatMap("plan", 3, 3, diagonal)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := Convergence("run", records(), 1e-9)
	if err != nil {
		t.Fatal(err)
	}
	arrows, err := Arrows("plan", points, points, mass, mass, diagonal)
	if err != nil {
		t.Fatal(err)
	}
	heat.Append(curve)
	for _, f := range []*Figure{heat, arrows} {
		for format, magic := range map[string]string{"svg": "<?xml", "png": "\x89PNG", "pdf": "%PDF"} {
			var b bytes.Buffer
			if err := f.Write(&b, format); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(b.String(), magic) {
				t.Errorf("%s starts with %q", format, b.String()[:8])
			}
		}
		if err := f.Write(&bytes.Buffer{}, "gif"); !errors.Is(err, solver.ErrUnsupported) {
			t.Error(err)
		}
	}
	if _, err := HeatMap("", 2, 2, func(_ int, dst []float64) { clear(dst) }); !errors.Is(err, solver.ErrInput) {
		t.Error(err)
	}
	if _, err := Convergence("", nil, 0); !errors.Is(err, solver.ErrInput) {
		t.Error(err)
	}
	if _, err := Arrows("", &matrix.Dense{Rows: 1, Cols: 3, Data: make([]float64, 3)}, points, mass, mass, diagonal); !errors.Is(err, solver.ErrUnsupported) {
		t.Error(err)
	}
	if _, err := FigureFormat("--plot", "a.gif"); !errors.Is(err, solver.ErrOption) {
		t.Error(err)
	}
}

func TestLongHistoryIsThinned(t *testing.T) {
	long := make([]solver.Record, 1_000_000)
	for k := range long {
		long[k] = solver.Record{Iter: k + 1, Phase: "sinkhorn", Residual: 1 / float64(k+1)}
	}
	_, points := byPhase(long)
	if len(points) > pointsUpTo+1 || points[len(points)-1].X != 1e6 {
		t.Errorf("%d points, the last at %v", len(points), points[len(points)-1].X)
	}
}

// A large plan is summed into cells without losing mass.
func TestBinnedKeepsMass(t *testing.T) {
	const n, m = 1001, 733
	cells, rows, cols := binned(n, m, func(i int, dst []float64) {
		for j := range dst {
			dst[j] = float64(i%3) / (n * m)
		}
	})
	sum := 0.0
	for _, v := range cells {
		sum += v
	}
	if rows > heatCells || cols > heatCells || math.Abs(sum-(334.0+2*333)/n) > 1e-9 {
		t.Errorf("%d×%d cells hold %v", rows, cols, sum)
	}
}
