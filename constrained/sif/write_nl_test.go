package sif_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"

	"solve/constrained/nl"
	"solve/constrained/sif"
	"solve/internal/rng"
)

// A model written as .nl has the same functions, limits and start.
func TestWriteNL(t *testing.T) {
	files, err := filepath.Glob("../../../shared/data/sif/*.SIF")
	if err != nil || len(files) == 0 {
		t.Skip("no collection of SIF files")
	}
	s := rng.NewStream(4, 1)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			m, err := sif.Read(t.Context(), file, bytes.NewReader(text), nil)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := m.WriteNL(&out); err != nil {
				t.Fatal(err)
			}
			again, err := nl.Read(t.Context(), "again.nl", &out, nil)
			if err != nil {
				t.Fatal(err)
			}
			p, q := m.Problem, again.Problem
			if p.N != q.N || p.M != q.M {
				t.Fatalf("%d variables, %d constraints became %d, %d", p.N, p.M, q.N, q.M)
			}
			same(t, "start", p.X0, q.X0)
			same(t, "lower bounds", p.Lower, q.Lower)
			same(t, "upper bounds", p.Upper, q.Upper)
			same(t, "lower limits", p.CLower, q.CLower)
			same(t, "upper limits", p.CUpper, q.CUpper)
			x := make([]float64, p.N)
			for j := range x {
				x[j] = p.X0[j] + 0.1*(s.Float64()-0.5)
			}
			c, g := make([]float64, p.M), make([]float64, p.N)
			d, h := make([]float64, p.M), make([]float64, p.N)
			start, _ := p.JacobianPattern()
			start2, _ := q.JacobianPattern()
			f := p.First(x, c, g, make([]float64, start[p.M]))
			f2 := q.First(x, d, h, make([]float64, start2[q.M]))
			same(t, "objective", []float64{f}, []float64{f2})
			same(t, "constraints", c, d)
			same(t, "gradient", g, h)
		})
	}
}

// same compares numbers to rounding.
func same(t *testing.T, what string, a, b []float64) {
	t.Helper()
	for i := range a {
		if a[i] != b[i] && !(math.Abs(a[i]-b[i]) <= 1e-11*math.Max(1, math.Abs(a[i]))) {
			t.Errorf("%s: entry %d was %v and became %v", what, i, a[i], b[i])
		}
	}
}
