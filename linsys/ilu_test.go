package linsys

import (
	"errors"
	"math"
	"testing"

	"solve/matrix"
	"solve/solver"
)

func TestILU0TriangularIsExact(t *testing.T) {
	a := randomSparse(t, 60, 4, 1, false, 1)
	rows := toRows(a)
	lower, upper := make([][]float64, a.Rows), make([][]float64, a.Rows)
	for i, row := range rows {
		lower[i], upper[i] = make([]float64, a.Rows), make([]float64, a.Rows)
		copy(lower[i], row[:i+1])
		copy(upper[i][i:], row[i:])
	}
	for name, tri := range map[string]*matrix.CSR{"lower": fromRows(t, lower...), "upper": fromRows(t, upper...)} {
		m, err := NewILU0(tri)
		if err != nil {
			t.Fatal(err)
		}
		if e := inverseError(tri, m); e > 1e-12 {
			t.Errorf("%s: ‖x − M⁻¹Ax‖ = %g", name, e)
		}
	}
}

func TestILU0AgreesOnPattern(t *testing.T) {
	a := randomSparse(t, 60, 4, 0.7, false, 2)
	m, err := NewILU0(a)
	if err != nil {
		t.Fatal(err)
	}
	if m.Replaced() != 0 || m.NNZ() != a.NNZ() {
		t.Errorf("%d pivots replaced, %d entries where A has %d", m.Replaced(), m.NNZ(), a.NNZ())
	}
	product := m.product()
	a.DoNonZero(func(i, j int, v float64) {
		if math.Abs(product[i][j]-v) > 1e-12*a.At(i, i) {
			t.Errorf("(%d,%d): %v, want %v", i, j, product[i][j], v)
		}
	})
}

// On a symmetric matrix it is the incomplete Cholesky factorisation.
func TestILU0IsIC0(t *testing.T) {
	a := laplacian(t, 3, 6, 5)
	ilu, err := NewILU0(a)
	if err != nil {
		t.Fatal(err)
	}
	ic, err := NewIC0(a)
	if err != nil {
		t.Fatal(err)
	}
	r := randomVector(a.Rows, 1)
	x, y := make([]float64, a.Rows), make([]float64, a.Rows)
	ilu.Apply(x, r)
	ic.Apply(y, r)
	for i := range x {
		if math.Abs(x[i]-y[i]) > 1e-12 {
			t.Fatalf("%v and %v", x[i], y[i])
		}
	}
}

func TestILUZeroPivots(t *testing.T) {
	for name, a := range map[string]*matrix.CSR{
		"stored nowhere": fromRows(t, []float64{0, 1}, []float64{-1, 0}),
		"cancelled":      fromRows(t, []float64{1, 1, 1}, []float64{1, 1, 2}, []float64{3, 1, 1}),
	} {
		for _, make := range []func(*matrix.CSR) (*LDU, error){
			NewILU0,
			func(a *matrix.CSR) (*LDU, error) { return NewILUT(a, 5, 0) },
		} {
			m, err := make(a)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if m.Replaced() == 0 {
				t.Errorf("%s: no pivot replaced", name)
			}
			z, r := randomVector(a.Rows, 1), randomVector(a.Rows, 2)
			m.Apply(z, r)
			for _, v := range z {
				if !finite(v) {
					t.Errorf("%s: %v", name, z)
				}
			}
		}
	}
}

func TestILUTWithoutDroppingIsLU(t *testing.T) {
	for seed := range uint64(3) {
		a := randomSparse(t, 80, 3, 0.9, false, seed)
		m, err := NewILUT(a, a.Rows, 0)
		if err != nil {
			t.Fatal(err)
		}
		product := m.product()
		for i, row := range toRows(a) {
			for j, v := range row {
				if math.Abs(product[i][j]-v) > 1e-10*a.At(i, i) {
					t.Errorf("(%d,%d): %v, want %v", i, j, product[i][j], v)
				}
			}
		}
		if e := inverseError(a, m); e > 1e-8 {
			t.Errorf("‖x − M⁻¹Ax‖ = %g", e)
		}
	}
}

func TestILUTKeepsWithinBounds(t *testing.T) {
	a := randomSparse(t, 200, 6, 1, false, 4)
	lower, _, upper := strict(a)
	for _, drop := range []float64{0, 1e-3, 0.1} {
		for _, p := range []int{0, 3} {
			m, err := NewILUT(a, p, drop)
			if err != nil {
				t.Fatal(err)
			}
			for i := range a.Rows {
				l, _ := m.lower.row(i)
				wantL, _ := lower.row(i)
				u, uv := m.upper.row(i)
				wantU, _ := upper.row(i)
				if len(l) > len(wantL)+p || len(u) > len(wantU)+p {
					t.Errorf("row %d has %d + %d entries, A %d + %d", i, len(l), len(u), len(wantL), len(wantU))
				}
				norm, err := rowNorm(a, i)
				if err != nil {
					t.Fatal(err)
				}
				for k, v := range uv {
					if math.Abs(v/m.inv[i]) <= drop*norm*(1-1e-12) {
						t.Errorf("row %d keeps %g in column %d", i, v/m.inv[i], u[k])
					}
				}
			}
			held := int64(12*(m.NNZ()-a.Rows) + 8*a.Rows)
			if bound := ILUTBytes(a, p); bound < held {
				t.Errorf("%d bytes bound %d", bound, held)
			}
		}
	}
}

// More fill and less dropping make a better inverse.
func TestILUTSharedMatrices(t *testing.T) {
	for _, name := range []string{"pde900.mtx", "jpwh_991.mtx", "orsreg_1.mtx.gz", "add32.mtx.gz", "gre_115.mtx"} {
		t.Run(name, func(t *testing.T) {
			a := sharedMatrix(t, name)
			zero, err := NewILU0(a)
			if err != nil {
				t.Fatal(err)
			}
			some, err := NewILUT(a, 10, 1e-3)
			if err != nil {
				t.Fatal(err)
			}
			e0, e1, e2 := inverseError(a, zero), inverseError(a, some), 0.0
			if a.Rows <= 1000 {
				all, err := NewILUT(a, a.Rows, 0)
				if err != nil {
					t.Fatal(err)
				}
				e2 = inverseError(a, all)
			}
			t.Logf("‖x − M⁻¹Ax‖∞: ilu0 %.3g, ilut %.3g, lu %.3g", e0, e1, e2)
			if e1 > e0 || e2 > 1e-6 {
				t.Errorf("‖x − M⁻¹Ax‖∞: ilu0 %g, ilut %g, lu %g", e0, e1, e2)
			}
		})
	}
}

// Whatever the matrix, there is an error or a finite result.
func TestIncompleteNeverNaN(t *testing.T) {
	names := []string{
		"cryg2500.mtx.gz", "fs_183_1.mtx", "west0479.mtx", "watt_1.mtx", "steam2.mtx.gz", "olm1000.mtx",
		"e05r0500.mtx", "memplus.mtx.gz", "zenios.mtx.gz", "sherman1.mtx", "ani1.mtx", "bcsstk13.mtx.gz",
		"bcspwr06_lap.mtx",
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			a := sharedMatrix(t, name)
			r, z := randomVector(a.Rows, 1), make([]float64, a.Rows)
			for method, make := range map[string]func() (*LDU, error){
				"ilu0": func() (*LDU, error) { return NewILU0(a) },
				"ilut": func() (*LDU, error) { return NewILUT(a, 10, 1e-3) },
				"ic0":  func() (*LDU, error) { return NewIC0(a) },
				"mic0": func() (*LDU, error) { return NewMIC0(a, 0.97) },
				"ict":  func() (*LDU, error) { return NewICT(a, 10, 1e-3) },
			} {
				m, err := make()
				if err != nil {
					if !errors.Is(err, solver.ErrSingular) && !errors.Is(err, solver.ErrNotPositiveDefinite) {
						t.Errorf("%s: %v", method, err)
					}
					continue
				}
				m.Apply(z, r)
				for _, v := range z {
					if !finite(v) {
						t.Fatalf("%s: %v", method, v)
					}
				}
			}
		})
	}
}
