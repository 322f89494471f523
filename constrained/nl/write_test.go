package nl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"solve/internal/rng"
	"solve/solver"
)

// A model that was written is the same to the last bit, and so is one that was
// written again.
func TestWrite(t *testing.T) {
	texts := []string{hand}
	files, err := filepath.Glob("testdata/*.nl")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(data))
	}
	for seed := range uint64(10) {
		s := rng.New(seed)
		texts = append(texts, build([]float64{0.1, 0.2}, polish(random(s, 4, 4)), []string{polish(random(s, 4, 4))}, []string{polish(random(s, 3, 2)), polish(random(s, 3, 3))}))
	}
	for _, text := range texts {
		want := parse(t, text)
		var out bytes.Buffer
		if err := Write(&out, want); err != nil {
			t.Fatal(err)
		}
		got := parse(t, out.String())
		got.Problem.Name = want.Problem.Name
		same(t, got, want)
		var again bytes.Buffer
		if err := Write(&again, got); err != nil {
			t.Fatal(err)
		}
		if again.String() != out.String() {
			t.Errorf("written twice:\n%s\nand\n%s", out.String(), again.String())
		}
	}
}

func TestWriteSol(t *testing.T) {
	m := open(t, "hs71.nl")
	var out bytes.Buffer
	if err := m.WriteSol(&out, "solve: solved\n\nOptions\n", []float64{-0.5, 0.25}, []float64{1, 2, 3.5, 1e-9}, CodeSolved); err != nil {
		t.Fatal(err)
	}
	want := "solve: solved\n \nOptions:\n\nOptions\n3\n1\n1\n0\n2\n2\n4\n4\n0.5\n-0.25\n1\n2\n3.5\n1e-09\nobjno 0 0\n"
	if out.String() != want {
		t.Errorf("got\n%q\nwant\n%q", out.String(), want)
	}
	out.Reset()
	if err := m.WriteSol(&out, "", nil, nil, CodeInfeasible+1); err != nil {
		t.Fatal(err)
	}
	if want := "\nOptions\n3\n1\n1\n0\n2\n0\n4\n0\nobjno 0 201\n"; out.String() != want {
		t.Errorf("got\n%q\nwant\n%q", out.String(), want)
	}
	if err := m.WriteSol(&out, "", []float64{1}, nil, 0); !errors.Is(err, solver.ErrDimension) {
		t.Errorf("%v", err)
	}
}

// The derivative of the optimum by the limit: max xy with x + 2y ≤ b is b²/8, at
// b = 8 it grows by 2. For the Lagrangian −xy + y₁(x + 2y) the multiplier is 2.
// The same as a minimum of −xy: the optimum falls by 2, the multiplier stays.
func TestDualSign(t *testing.T) {
	maximum := open(t, "maximise.nl")
	data, err := os.ReadFile("testdata/maximise.nl")
	if err != nil {
		t.Fatal(err)
	}
	minimum := parse(t, strings.Replace(string(data), "O0 1\t#o", "O0 0\no16", 1))
	x, y := []float64{4, 2}, []float64{2}
	for _, tt := range []struct {
		m    *Model
		dual string
	}{{maximum, "2"}, {minimum, "-2"}} {
		g, j := make([]float64, 2), make([]float64, 2)
		tt.m.Problem.First(x, make([]float64, 1), g, j)
		for k := range g {
			near(t, "∇L", g[k]+y[0]*j[k], 0, 0)
		}
		var out bytes.Buffer
		if err := tt.m.WriteSol(&out, "", y, x, 0); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "\n2\n2\n"+tt.dual+"\n4\n2\nobjno") {
			t.Errorf("dual %s:\n%s", tt.dual, out.String())
		}
	}
}

// The odd count of options of a file with the real option.
func TestRealOption(t *testing.T) {
	m := parse(t, strings.Replace(hand, "g3 1 1 0", "g3 1 3 0 1e-6", 1))
	if fmt.Sprint(m.Header.Options, m.Header.VBTol) != "[1 3 0] [1e-06]" {
		t.Errorf("%v %v", m.Header.Options, m.Header.VBTol)
	}
	var out bytes.Buffer
	if err := m.WriteSol(&out, "m", nil, nil, 0); err != nil {
		t.Fatal(err)
	}
	if want := "m\n\nOptions\n5\n1\n3\n0\n1\n0\n2\n0\n1e-06\nobjno 0 0\n"; out.String() != want {
		t.Errorf("got %q", out.String())
	}
}

func FuzzText(f *testing.F) {
	seeds(f, func(text string) []byte { return []byte(text) })
	f.Fuzz(fuzzed)
}

func FuzzBinary(f *testing.F) {
	seeds(f, func(text string) []byte { return toBinary(f, text, false) })
	f.Fuzz(fuzzed)
}

func seeds(f *testing.F, form func(string) []byte) {
	f.Add(form(hand))
	f.Add(form(build([]float64{1, 2}, polish("o54 3 v2 o35 o22 v0 n1 v1 n2 o5 v0 n3"), []string{polish("o2 v2 v2")}, []string{polish("o11 2 v0 v1")})))
	for _, name := range []string{"hs71.nl", "shared6.nl", "operators.nl"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(form(string(data)))
	}
}

// fuzzed reads anything: an error of the right kind, or a model that evaluates
// and survives being written.
func fuzzed(t *testing.T, data []byte) {
	m, err := Read(context.Background(), "fuzz", bytes.NewReader(data), &Options{MaxMemory: 8 << 20})
	if err != nil {
		for _, sentinel := range []error{solver.ErrFormat, solver.ErrInput, solver.ErrUnsupported, solver.ErrTooLarge, solver.ErrNonFinite} {
			if errors.Is(err, sentinel) {
				return
			}
		}
		t.Fatal(err)
	}
	p := m.Problem
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	evaluate(p, p.X0, 1, multipliers(p.M))
	if p.N < 1000 {
		if _, err := m.Plain(p.X0); err != nil && !errors.Is(err, solver.ErrNonFinite) {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := Write(&out, m); err != nil {
		t.Fatal(err)
	}
	again, err := Read(context.Background(), "fuzz", &out, &Options{MaxMemory: 16 << 20})
	if err != nil {
		t.Fatal(err)
	}
	again.Problem.Name = p.Name
	same(t, again, m)
}
