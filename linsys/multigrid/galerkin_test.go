package multigrid

import (
	"math"
	"testing"
)

func denseProduct(a, b [][]float64) [][]float64 {
	c := make([][]float64, len(a))
	for i := range a {
		c[i] = make([]float64, len(b[0]))
		for k, v := range a[i] {
			if v != 0 {
				for j, w := range b[k] {
					c[i][j] += v * w
				}
			}
		}
	}
	return c
}

func denseTranspose(a [][]float64) [][]float64 {
	t := make([][]float64, len(a[0]))
	for j := range t {
		t[j] = make([]float64, len(a))
		for i := range a {
			t[j][i] = a[i][j]
		}
	}
	return t
}

// TestGalerkin compares Pᵀ A P with dense products, entry by entry.
func TestGalerkin(t *testing.T) {
	a := nullLaplacian(t, 400, 6)
	for _, coarsen := range []func(*amgSetup) error{coarsenSA, coarsenRS} {
		s := coarsened(t, a, nil, coarsen, 0.3)
		got, err := galerkin(t.Context(), 2, transpose(s.p), s.a, s.p)
		if err != nil {
			t.Fatal(err)
		}
		p := s.p.dense()
		want := denseProduct(denseTranspose(p), denseProduct(s.a.dense(), p))
		for i, row := range got.dense() {
			for j, v := range row {
				if math.Abs(v-want[i][j]) > 1e-11*(1+math.Abs(want[i][i])) {
					t.Fatalf("(%d,%d) is %g instead of %g", i, j, v, want[i][j])
				}
			}
		}
		seen := map[[2]int32]bool{}
		for i := range got.rows {
			for _, c := range got.col[got.ptr[i]:got.ptr[i+1]] {
				if seen[[2]int32{int32(i), c}] {
					t.Fatalf("entry (%d,%d) is stored twice", i, c)
				}
				seen[[2]int32{int32(i), c}] = true
			}
		}
	}
}

// TestHierarchyIsGalerkin: in float64 the coarse operator of the cycle is
// that of the transfers in the cycle.
func TestHierarchyIsGalerkin(t *testing.T) {
	a := poisson(t, 1, 16, 16)
	m, err := NewSA(t.Context(), a, &AMGOptions{Double: true, MaxCoarse: 60, Smoother: "spai0"})
	if err != nil {
		t.Fatal(err)
	}
	h := m.h.(*hierarchy[float64])
	if len(h.levels) != 2 {
		t.Fatalf("%d levels", len(h.levels))
	}
	fine, coarse := h.levels[0], h.levels[1]
	p := fine.p.dense()
	want := denseProduct(denseTranspose(p), denseProduct(scaledDense(fine.m), p))
	for i, row := range scaledDense(coarse.m) {
		for j, v := range row {
			if math.Abs(v-want[i][j]) > 1e-12 {
				t.Fatalf("(%d,%d) is %g instead of %g", i, j, v, want[i][j])
			}
		}
	}
	for i, row := range fine.pt.dense() {
		for j, v := range row {
			if v != p[j][i] {
				t.Fatalf("restriction (%d,%d) is %g, prolongation %g", i, j, v, p[j][i])
			}
		}
	}
}

// scaledDense writes out Â of a level with a single block.
func scaledDense(m *scaledMatrix[float64]) [][]float64 {
	d := make([][]float64, m.n)
	for i := range d {
		d[i] = make([]float64, m.n)
		d[i][i] = 1
		for k := m.ptr[i]; k < m.ptr[i+1]; k++ {
			d[i][m.col[k]] += m.val[k]
		}
	}
	return d
}
