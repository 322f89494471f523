package linsys

import (
	"math"
	"testing"

	"solve/internal/kern"
)

func TestSSORIsItsFormula(t *testing.T) {
	a := randomSparse(t, 40, 3, 1, true, 1)
	const omega = 1.3
	m, err := NewSSOR(a, omega)
	if err != nil {
		t.Fatal(err)
	}
	product, d := m.product(), toRows(a)
	for i := range d {
		for j := range d {
			want := 0.0
			for k := range min(i, j) + 1 {
				l, u := d[i][k], d[k][j]
				if k == i {
					l /= omega
				}
				if k == j {
					u /= omega
				}
				want += l * u / d[k][k]
			}
			want *= omega / (2 - omega)
			if math.Abs(product[i][j]-want) > 1e-12*d[i][i] {
				t.Errorf("(%d,%d): %v, want %v", i, j, product[i][j], want)
			}
		}
	}
}

// Â = K⁻¹ Δ^{−1/2} A Δ^{−1/2} K⁻ᵀ, step by step.
func TestEisenstatProduct(t *testing.T) {
	a := randomSparse(t, 50, 4, 0.8, true, 2)
	for _, omega := range []float64{0.5, 1, 1.2, 1.9} {
		e, err := NewEisenstat(a, omega)
		if err != nil {
			t.Fatal(err)
		}
		n := a.Rows
		p := randomVector(n, 1)
		x, ax, want, got := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
		e.Solution(x, p) // Δ^{−1/2} K⁻ᵀ p
		a.MulVecTo(ax, false, x)
		e.RightSide(want, ax)
		e.MulVecTo(got, false, p)
		scale := math.Sqrt(kern.Dot(want, want))
		for i := range got {
			if math.Abs(got[i]-want[i]) > 1e-12*scale {
				t.Errorf("ω = %g: entry %d is %v, want %v", omega, i, got[i], want[i])
			}
		}
		back := make([]float64, n)
		e.Residual(back, want)
		for i := range back {
			if math.Abs(back[i]-ax[i]) > 1e-12*scale {
				t.Errorf("ω = %g: Residual gives %v, want %v", omega, back[i], ax[i])
			}
		}
	}
}

// The transformed system makes the iterates of conjugate gradients with SSOR.
func TestEisenstatIteratesAreSSOR(t *testing.T) {
	a := laplacian(t, 1, 20, 25)
	b := randomVector(a.Rows, 1)
	m, err := NewSSOR(a, 1.2)
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewEisenstat(a, 1.2)
	if err != nil {
		t.Fatal(err)
	}
	bh, x := make([]float64, a.Rows), make([]float64, a.Rows)
	e.RightSide(bh, b)
	for _, k := range []int{1, 5, 15} {
		want, _ := plainPCG(a, m, b, 0, k)
		xh, _ := plainPCG(e, nil, bh, 0, k)
		e.Solution(x, xh)
		for i := range x {
			if math.Abs(x[i]-want[i]) > 1e-10 {
				t.Fatalf("iterate %d: x_%d = %v, want %v", k, i, x[i], want[i])
			}
		}
	}
}
