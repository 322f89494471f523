package linsys

import (
	"errors"
	"math"
	"testing"

	"solve/matrix"
	"solve/solver"
)

// chebyshevT is T_d(x) by its closed forms.
func chebyshevT(d int, x float64) float64 {
	switch n := float64(d); {
	case x > 1:
		return math.Cosh(n * math.Acosh(x))
	case x < -1:
		return math.Pow(-1, n) * math.Cosh(n*math.Acosh(-x))
	default:
		return math.Cos(n * math.Acos(x))
	}
}

// On a diagonal matrix the polynomial shows: 1 − λ p(λ) is T_d(ℓ(λ))/T_d(ℓ(0))
// with the linear ℓ that takes [lo, hi] to [1, −1].
func TestChebyshevPolynomial(t *testing.T) {
	lambda := []float64{0.01, 0.1, 0.5, 1, 1.7, 2, 2.05}
	n := len(lambda)
	scale := []float64{1, 3, 0.2, 5, 1, 7, 2} // D
	op := &matrix.Func{Rows: n, Cols: n, Mul: func(dst, x []float64) {
		for i := range dst {
			dst[i] = lambda[i] * scale[i] * x[i]
		}
	}}
	const lo, hi = 0.1, 2.0
	for _, degree := range []int{1, 2, 3, 5, 8} {
		m, err := NewChebyshevOperator(op, scale, degree, lo, hi)
		if err != nil {
			t.Fatal(err)
		}
		r, z := randomVector(n, 1), make([]float64, n)
		m.Apply(z, r)
		for i, v := range lambda {
			line := func(x float64) float64 { return (hi + lo - 2*x) / (hi - lo) }
			want := (1 - chebyshevT(degree, line(v))/chebyshevT(degree, line(0))) / v * r[i] / scale[i]
			if math.Abs(z[i]-want) > 1e-12*math.Abs(want) {
				t.Errorf("degree %d, λ = %g: %v, want %v", degree, v, z[i], want)
			}
		}
	}
}

func TestChebyshevInterval(t *testing.T) {
	a := laplacian(t, 1, 60, 60)
	m, err := NewChebyshev(a, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	largest := (4 + 4*math.Cos(math.Pi/61)) / 4
	if lo, hi := m.Interval(); hi < 0.97*largest || hi > spectrumMargin*largest*(1+1e-12) || lo != hi/spectrumRatio {
		t.Errorf("[%g, %g] where the largest eigenvalue is %g", lo, hi, largest)
	}
	// The Lanczos process ends early, exactly.
	one, err := NewChebyshev(fromRows(t, []float64{2, 0}, []float64{0, 2}), 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, hi := one.Interval(); math.Abs(hi-spectrumMargin) > 1e-12 {
		t.Errorf("hi = %v of the identity", hi)
	}
}

func TestChebyshevRefusesNegativeSpectrum(t *testing.T) {
	a := fromRows(t, []float64{1, 0}, []float64{0, 1})
	negative := &matrix.Func{Rows: 2, Cols: 2, Mul: func(dst, x []float64) { dst[0], dst[1] = -x[0], -x[1] }}
	if _, err := NewChebyshevOperator(negative, []float64{1, 1}, 2, 0, 0); !errors.Is(err, solver.ErrNotPositiveDefinite) {
		t.Error(err)
	}
	if _, err := NewChebyshevOperator(a, []float64{1, 1}, 2, 2, 1); err == nil {
		t.Error("an empty interval was accepted")
	}
	if _, err := NewChebyshevOperator(a, []float64{1}, 2, 1, 2); !errors.Is(err, solver.ErrDimension) {
		t.Error(err)
	}
}

// The rows of a matrix and the matrix as an operator give the same.
func TestChebyshevOperatorIsMatrix(t *testing.T) {
	a := laplacian(t, 1, 100, 120)
	diag, _ := upperPart(a)
	for _, degree := range []int{1, 2, 5} {
		rows, err := NewChebyshev(a, degree, 2)
		if err != nil {
			t.Fatal(err)
		}
		op, err := NewChebyshevOperator(a, diag, degree, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		r := randomVector(a.Rows, 1)
		x, y := make([]float64, a.Rows), make([]float64, a.Rows)
		rows.Apply(x, r)
		op.Apply(y, r)
		for i := range x {
			if math.Abs(x[i]-y[i]) > 1e-12 {
				t.Fatalf("degree %d: %v and %v", degree, x[i], y[i])
			}
		}
	}
}
