package nl

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"solve/solver"
)

func open(t testing.TB, name string) *Model {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(data))
}

func parse(t testing.TB, text string) *Model {
	t.Helper()
	m, err := Read(context.Background(), "model.nl", strings.NewReader(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Problem.Validate(); err != nil {
		t.Fatal(err)
	}
	return m
}

func near(t testing.TB, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol*math.Max(1, math.Abs(want))) {
		t.Errorf("%s: %.17g, want %.17g", what, got, want)
	}
}

// Problem 71 of Hock and Schittkowski, with its published minimum.
func TestHS71(t *testing.T) {
	m := open(t, "hs71.nl")
	p := m.Problem
	if p.Name != "hs71" || p.N != 4 || p.M != 2 || p.Maximize || !slices.Equal(p.X0, []float64{1, 5, 5, 1}) || p.Y0 != nil {
		t.Fatalf("problem %q: n %d, m %d, start %v", p.Name, p.N, p.M, p.X0)
	}
	if p.CLower[0] != 25 || !math.IsInf(p.CUpper[0], 1) || p.CLower[1] != 40 || p.CUpper[1] != 40 || slices.Max(p.Upper) != 5 || slices.Min(p.Lower) != 1 {
		t.Errorf("limits %v %v, bounds %v %v", p.CLower, p.CUpper, p.Lower, p.Upper)
	}
	if slices.Contains(p.Linear, true) {
		t.Error("a constraint counts as linear")
	}
	c, g, j := make([]float64, 2), make([]float64, 4), make([]float64, 8)
	near(t, "f(x0)", p.First(p.X0, c, g, j), 16, 0)
	for k, want := range []float64{12, 1, 2, 11} {
		near(t, "gradient", g[k], want, 1e-15)
	}
	for k, want := range []float64{25, 5, 5, 25, 2, 10, 10, 2} {
		near(t, "jacobian", j[k], want, 1e-15)
	}
	x := []float64{1, 4.74299963, 3.82114998, 1.37940829}
	near(t, "f*", p.Values(x, c), 17.0140173, 1e-8)
	near(t, "c1*", c[0], 25, 1e-7)
	near(t, "c2*", c[1], 40, 1e-7)
	p.First(x, c, g, j)
	for k := 1; k < 4; k++ { // x1 is at its bound
		near(t, "∇L", g[k]-0.5522937*j[k]+0.1614686*j[4+k], 0, 1e-6)
	}

	start, column := p.HessianPattern()
	if start[4] != 10 || len(column) != 10 {
		t.Fatalf("pattern of the Hessian: %v %v", start, column)
	}
	h := make([]float64, 10)
	p.Hessian(p.X0, 1, []float64{0, 1}, h)
	for k, want := range []float64{4, 1, 2, 1, 0, 2, 12, 1, 1, 2} {
		near(t, "hessian", h[k], want, 1e-15)
	}
}

func TestNames(t *testing.T) {
	m := open(t, "hs71.nl")
	col, err := os.Open("testdata/hs71.col")
	if err != nil {
		t.Fatal(err)
	}
	defer col.Close()
	if err := m.ReadNames(col, strings.NewReader("c1\nc2\no\n")); err != nil {
		t.Fatal(err)
	}
	if p := m.Problem; p.VariableName(3) != "x[4]" || p.ConstraintName(1) != "c2" || len(p.ConstraintNames) != 2 {
		t.Errorf("names %v %v", p.VariableNames, p.ConstraintNames)
	}
}

func TestMaximise(t *testing.T) {
	m := open(t, "maximise.nl")
	p := m.Problem
	if !p.Maximize || !p.Linear[0] {
		t.Fatalf("maximize %v, linear %v", p.Maximize, p.Linear)
	}
	c := make([]float64, 1)
	near(t, "−f", p.Values([]float64{4, 2}, c), -8, 0)
	near(t, "c", c[0], 8, 0)
	v, err := m.Plain([]float64{4, 2})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "f", v.Objective, 8, 0)
	near(t, "∂f/∂x", v.Gradient[0], 2, 0)
}

// hand is a file of two variables and one constraint by hand: several
// objectives, suffixes, comments, start multipliers, other line ends.
const hand = `g3 1 1 0	# problem hand
 2 1 2 1 0
 1 1
 0 0
 1 2 1
 0 0 0 1
 0 0 0 0 0
 2 3
 0 0
 0 0 0 0 0
# a comment
S0 1 zork	# integer
1 7
S5 1 real	# real
0 2.5
d1
0 3
C0
o5	#^
v0
n3
O0 1
o16
o2
s-3
v1
O1 0
n7
r
0 -1 9
b
3
0 -2 2
k1
1
J0 2
0 0
1 -0.5
G0 1
0 4
G1 2
0 1
1 1
`

func TestHand(t *testing.T) {
	for _, text := range []string{hand, strings.ReplaceAll(hand, "\n", "\r\n")} {
		m := parse(t, text)
		p := m.Problem
		if len(m.Warnings) != 1 || !strings.Contains(m.Warnings[0], "2 objectives") {
			t.Errorf("warnings %q", m.Warnings)
		}
		if p.Y0[0] != 3 { // the multiplier of a maximum keeps its sign
			t.Errorf("y0 %v", p.Y0)
		}
		c, g, j := make([]float64, 1), make([]float64, 2), make([]float64, 2)
		near(t, "−f", p.First([]float64{2, 5}, c, g, j), -(15 + 8), 0)
		near(t, "c", c[0], 8-2.5, 0)
		if !slices.Equal(g, []float64{-4, -3}) || !slices.Equal(j, []float64{12, -0.5}) {
			t.Errorf("gradient %v, jacobian %v", g, j)
		}
	}
	m := parse(t, strings.Replace(hand, "O0 1", "O0 0", 1))
	if m.Problem.Y0[0] != -3 {
		t.Errorf("y0 of a minimum: %v", m.Problem.Y0)
	}
}

func TestNoObjective(t *testing.T) {
	text := strings.Replace(hand, " 2 1 2 1 0", " 2 1 0 1 0", 1)
	from, to := strings.Index(text, "O0 1"), strings.Index(text, "r\n0 -1")
	text = text[:from] + text[to:]
	text = text[:strings.Index(text, "G0")]
	p := parse(t, text).Problem
	c, g, j := make([]float64, 1), make([]float64, 2), make([]float64, 2)
	if f := p.First([]float64{2, 5}, c, g, j); f != 0 || g[0] != 0 || g[1] != 0 {
		t.Errorf("f %v, gradient %v", f, g)
	}
}

func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		name, from, to string
		sentinel       error
		message        string
	}{
		{"not a file", "g3 1 1 0", "# SIF", solver.ErrFormat, "model.nl:1: not an .nl file"},
		{"short integers", "g3 1 1 0", "z3 1 1 0", solver.ErrUnsupported, "model.nl:1: a file of kind 'z'"},
		{"option words", "g3 1 1 0", "g99 1 1 0", solver.ErrFormat, "99 option words"},
		{"no variables", " 2 1 2 1 0", " 0 1 2 1 0", solver.ErrInput, "no variables"},
		{"count", " 2 1 2 1 0", " 2 one 2 1 0", solver.ErrFormat, `model.nl:2: sizes: "one" is not a count`},
		{"too large", " 2 1 2 1 0", " 2000000000 1 2 1 0", solver.ErrTooLarge, "the model needs"},
		{"logical", " 2 1 2 1 0", " 2 1 2 1 0 5", solver.ErrUnsupported, "5 logical constraints"},
		{"complementarity", " 1 1\n 0 0", " 1 1 0 2\n 0 0", solver.ErrUnsupported, "model.nl:3: 2 complementarity conditions"},
		{"network", " 1 1\n 0 0", " 1 1\n 0 4", solver.ErrUnsupported, "model.nl:4: 4 network constraints"},
		{"integers", " 0 0 0 0 0\n 2 3", " 1 2 0 0 0\n 2 3", solver.ErrUnsupported, "3 integer variables"},
		{"function", "S0 1 zork", "F0 0 2 bessel\nS0 1 zork", solver.ErrUnsupported, "imported function bessel"},
		{"call", "v0\nn3", "f0 1\nn3", solver.ErrUnsupported, "imported function"},
		{"operator", "o5	#^", "o64", solver.ErrUnsupported, "model.nl:19: operator o64 (piecewise-linear term)"},
		{"unknown operator", "o5	#^", "o31", solver.ErrUnsupported, "operator o31"},
		{"string", "n3", "h3:abc", solver.ErrUnsupported, "character string"},
		{"limit", "0 -1 9", "5 1 1", solver.ErrUnsupported, "complementarity condition, constraint 0"},
		{"limit of a variable", "0 -2 2", "5 1 1", solver.ErrFormat, "limits of kind '5'"},
		{"segment", "S0 1 zork", "Q0", solver.ErrFormat, "model.nl:12: segment 'Q'"},
		{"variable", "v0\nn3", "v7\nn3", solver.ErrFormat, "variable 7 is not between 0 and 1"},
		{"constraint", "C0", "C1", solver.ErrFormat, "constraint 1 is not between 0 and 0"},
		{"number", "n3", "n3,5", solver.ErrFormat, `constant: "3,5" is not a number`},
		{"infinite", "n3", "n1e999", solver.ErrNonFinite, "constant is +Inf"},
		{"NaN", "0 4", "0 nan", solver.ErrNonFinite, "coefficient is NaN"},
		{"expression", "v0\nn3", "x0\nn3", solver.ErrFormat, `'x' starts no expression`},
		{"twice", "O1 0", "O0 0", solver.ErrFormat, "second expression of objective 0"},
		{"sense", "O0 1", "O0 3", solver.ErrFormat, "sense 3"},
		{"bounds twice", "b\n3\n0 -2 2", "b\n3\n0 -2 2\nb\n3\n3", solver.ErrFormat, "second segment b"},
		{"no bounds", "b\n3\n0 -2 2\n", "", solver.ErrFormat, "without segment b"},
		{"no limits", "r\n0 -1 9\n", "", solver.ErrFormat, "without segment r"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(hand, tt.from, tt.to, 1)
			if text == hand {
				t.Fatal("nothing was changed")
			}
			_, err := Read(context.Background(), "model.nl", strings.NewReader(text), nil)
			if !errors.Is(err, tt.sentinel) || !strings.Contains(err.Error(), tt.message) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestDefinedVariables(t *testing.T) {
	good := build([]float64{1, 2}, "v3", []string{"o2\nv2\nv3"}, []string{"o41\nv0", "o0\nv2\nv1"})
	parse(t, good)
	withTerms := strings.Replace(good, "V3 0 0\no0\nv2\nv1", "V3 2 0\n0 3\n1 1\nv2", 1)
	p := parse(t, withTerms).Problem
	near(t, "v3", p.Values(p.X0, make([]float64, 1)), 3+2+math.Sin(1), 1e-16)
	for from, message := range map[string]string{
		"V2 0 0\no41\nv0": "V2 0 0\no41\nv3|variable 3 is used before its definition",
		"V2 0 0":          "V3 0 0|second definition of variable 3",
		"V3 0 0":          "V4 0 0|defined variable 4 is not between 2 and 3",
		"V3 0 0\no0":      "V3 5 0\no0|5 linear terms of 2 variables",
	} {
		to, want, _ := strings.Cut(message, "|")
		_, err := Read(context.Background(), "model.nl", strings.NewReader(strings.Replace(good, from, to, 1)), nil)
		if !errors.Is(err, solver.ErrFormat) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", to, err)
		}
	}
}

func TestRelaxIntegers(t *testing.T) {
	text := strings.Replace(hand, " 0 0 0 0 0\n 2 3", " 1 0 0 0 0\n 2 3", 1)
	m, err := Read(context.Background(), "x", strings.NewReader(text), &Options{RelaxIntegers: true})
	if err != nil || len(m.Warnings) != 2 {
		t.Errorf("%v, %v", err, m)
	}
}

// A file cut anywhere is refused, or ends after its last number.
func TestTruncated(t *testing.T) {
	data, err := os.ReadFile("testdata/operators.nl")
	if err != nil {
		t.Fatal(err)
	}
	for _, whole := range [][]byte{data, toBinary(t, string(data), false)} {
		bounds := bytes.LastIndex(data, []byte("\nb"))
		for k := 0; k < len(whole); k += 3 {
			_, err := Read(context.Background(), "cut", bytes.NewReader(whole[:k]), nil)
			if err == nil && k < bounds/2 {
				t.Fatalf("cut after %d bytes: no error", k)
			}
			if err != nil && !errors.Is(err, solver.ErrFormat) && !errors.Is(err, solver.ErrInput) && !errors.Is(err, solver.ErrUnsupported) {
				t.Fatalf("cut after %d bytes: %v", k, err)
			}
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Read(ctx, "x", strings.NewReader(hand), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
