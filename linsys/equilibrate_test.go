package linsys

import (
	"math"
	"slices"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
)

func isPowerOfTwo(x float64) bool {
	f, _ := math.Frexp(x)
	return f == 0.5
}

func badlyScaled(t *testing.T, symmetric bool, seed uint64) *matrix.CSR {
	a := randomSparse(t, 60, 4, 1, symmetric, seed)
	s := rng.New(seed)
	dr, dc := make([]float64, a.Rows), make([]float64, a.Rows)
	for i := range dr {
		dr[i], dc[i] = math.Exp(20*s.Normal()), math.Exp(20*s.Normal())
	}
	if symmetric {
		dc = dr
	}
	return scaleBoth(a, dr, dc)
}

func TestEquilibrateSymmetric(t *testing.T) {
	a := badlyScaled(t, true, 1)
	scaled, d := equilibrateSymmetric(a)
	for i, v := range d {
		if !isPowerOfTwo(v) {
			t.Errorf("scale %v", v)
		}
		if x := scaled.At(i, i); x < 0.5 || x > 2 {
			t.Errorf("diagonal entry %v", x)
		}
	}
	scaled.DoNonZero(func(i, j int, v float64) {
		if v/d[i]/d[j] != a.At(i, j) {
			t.Errorf("(%d,%d) is rounded", i, j)
		}
	})
	if err := a.CheckSymmetric(); err == nil {
		if err := scaled.CheckSymmetric(); err != nil {
			t.Error(err)
		}
	}
	_, d = equilibrateSymmetric(fromRows(t, []float64{0, 1}, []float64{1, -16}))
	if !slices.Equal(d, []float64{1, 0.25}) {
		t.Errorf("zero and negative diagonal: %v", d)
	}
}

func TestEquilibrate(t *testing.T) {
	for seed := range uint64(4) {
		a := badlyScaled(t, false, seed)
		scaled, dr, dc := equilibrate(a)
		for i := range a.Rows {
			if !isPowerOfTwo(dr[i]) || !isPowerOfTwo(dc[i]) {
				t.Errorf("scales %v and %v", dr[i], dc[i])
			}
		}
		spread := func(m *matrix.CSR) float64 {
			rows, cols := make([]float64, m.Rows), make([]float64, m.Cols)
			m.DoNonZero(func(i, j int, v float64) {
				rows[i], cols[j] = max(rows[i], math.Abs(v)), max(cols[j], math.Abs(v))
			})
			all := append(rows, cols...)
			return slices.Max(all) / slices.Min(all)
		}
		if before, after := spread(a), spread(scaled); after > 64 || before < 1e8 {
			t.Errorf("norms spread over %g, before over %g", after, before)
		}
		scaled.DoNonZero(func(i, j int, v float64) {
			if v/dr[i]/dc[j] != a.At(i, j) {
				t.Errorf("(%d,%d) is rounded", i, j)
			}
		})
	}
}

func TestEquilibrateKeepsSymmetry(t *testing.T) {
	a := randomSparse(t, 60, 4, 0.1, true, 9)
	d := make([]float64, a.Rows)
	for i := range d {
		d[i] = math.Ldexp(1, (i*37)%60-30)
	}
	scaled, dr, dc := equilibrate(scaleBoth(a, d, d))
	if !slices.Equal(dr, dc) {
		t.Error("rows and columns are scaled differently")
	}
	if err := scaled.CheckSymmetric(); err != nil {
		t.Error(err)
	}
}

func TestEquilibrateEmptyRows(t *testing.T) {
	_, dr, dc := equilibrate(fromRows(t, []float64{0, 4, 0}, []float64{0, 0, 0}))
	if !slices.Equal(dr, []float64{0.5, 1}) || !slices.Equal(dc, []float64{1, 0.5, 1}) {
		t.Errorf("%v, %v", dr, dc)
	}
}
