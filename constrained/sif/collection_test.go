package sif

import (
	"bytes"
	"context"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

const collection = "../../../shared/data/sif"

// sharedFiles are the files of the collection at hand.
func sharedFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(collection, "*.SIF"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("the files of %s are not here", collection)
	}
	return files
}

func readFile(t testing.TB, file string, o *Options) *Model {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Read(context.Background(), filepath.Base(file), bytes.NewReader(text), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Problem.Validate(); err != nil {
		t.Fatal(err)
	}
	return m
}

func norm(v []float64) float64 {
	s := 0.0
	for _, x := range v {
		s += x * x
	}
	return math.Sqrt(s)
}

// point holds all functions at one point.
type point struct {
	f         float64
	c, g, jac []float64
}

func at(m *Model, x []float64) point {
	p := m.Problem
	start, _ := p.JacobianPattern()
	v := point{c: make([]float64, p.M), g: make([]float64, p.N), jac: make([]float64, start[p.M])}
	v.f = p.First(x, v.c, v.g, v.jac)
	return v
}

// apart is the relative difference.
func apart(a, b float64) float64 {
	if a == b || math.IsNaN(a) && math.IsNaN(b) {
		return 0
	}
	d := math.Abs(a-b) / math.Max(1, math.Max(math.Abs(a), math.Abs(b)))
	if math.IsNaN(d) {
		return math.Inf(1)
	}
	return d
}

// TestCollection holds sizes and values at the start against those that other
// decoders found.
func TestCollection(t *testing.T) {
	sharedFiles(t)
	table, err := os.Open(filepath.Join(collection, "index.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	rows, err := csv.NewReader(table).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		t.Run(row[0], func(t *testing.T) {
			number := func(i int) float64 {
				v, err := strconv.ParseFloat(row[i], 64)
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
			m := readFile(t, filepath.Join(collection, row[0]+".SIF"), nil)
			p := m.Problem
			equations, bounded := 0, 0
			for i := range p.M {
				if p.CLower[i] == p.CUpper[i] {
					equations++
				}
			}
			for j := range p.N {
				if !math.IsInf(p.Lower[j], 0) || !math.IsInf(p.Upper[j], 0) {
					bounded++
				}
			}
			v := at(m, p.X0)
			for _, c := range []struct {
				what string
				got  float64
				col  int
			}{
				{"variables", float64(p.N), 2}, {"constraints", float64(p.M), 3},
				{"equations", float64(equations), 4}, {"inequalities", float64(p.M - equations), 5},
				{"bounded variables", float64(bounded), 6},
				{"f", v.f, 7}, {"‖∇f‖", norm(v.g), 8}, {"‖c‖", norm(v.c), 9}, {"‖J‖", norm(v.jac), 10},
			} {
				if want := number(c.col); apart(c.got, want) > 1e-10 {
					t.Errorf("%s: %v, want %v", c.what, c.got, want)
				}
			}
			if m.Classification != row[1] {
				t.Errorf("classification %q, want %q", m.Classification, row[1])
			}
		})
	}
}
