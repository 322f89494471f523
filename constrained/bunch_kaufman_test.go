package constrained

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"solve/internal/rng"
	"solve/matrix"
)

// randomSymmetric has the given eigenvalues in a random orthogonal basis.
func randomSymmetric(s *rng.Stream, values []float64) *mat.SymDense {
	n := len(values)
	a := mat.NewDense(n, n, nil)
	for i := range n {
		for j := range n {
			a.Set(i, j, s.Normal())
		}
	}
	var qr mat.QR
	qr.Factorize(a)
	var q mat.Dense
	qr.QTo(&q)
	out := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			sum := 0.0
			for k, v := range values {
				sum += v * q.At(i, k) * q.At(j, k)
			}
			out.SetSym(i, j, sum)
		}
	}
	return out
}

func toCSR(t *testing.T, a mat.Symmetric) *matrix.CSR {
	t.Helper()
	n := a.SymmetricDim()
	d := &matrix.Dense{Rows: n, Cols: n}
	for i := range n {
		for j := range n {
			d.Data = append(d.Data, a.At(i, j))
		}
	}
	m, err := d.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The inertia is that of the eigenvalues, and solutions have small residuals.
func TestBunchKaufman(t *testing.T) {
	s := rng.New(5)
	for _, n := range []int{1, 2, 3, 5, 8, 17, 40} {
		for range 20 {
			values := make([]float64, n)
			var want [3]int
			for k := range values {
				values[k] = math.Exp(s.Normal())
				switch kind := s.Below(5); {
				case kind < 2:
					values[k] = -values[k]
					want[1]++
				case kind == 2 && n <= 8: // rounding hides zeros of larger matrices
					values[k] = 0
					want[2]++
				default:
					want[0]++
				}
			}
			a := toCSR(t, randomSymmetric(s, values))
			f := newSymmetric(n)
			f.factor(a)
			if got := [3]int{f.positive, f.negative, f.zero}; got != want {
				t.Fatalf("order %d: inertia %v, want %v", n, got, want)
			}
			x, b := make([]float64, n), make([]float64, n)
			for i := range x {
				x[i] = s.Normal()
			}
			a.MulVecTo(b, false, x) // consistent, also where a is singular
			y := append([]float64(nil), b...)
			f.solve(y)
			a.MulVecTo(x, false, y)
			for i := range x {
				x[i] -= b[i]
			}
			if r := normInf(x) / normInf(b); r > 1e-8 {
				t.Fatalf("order %d: residual %g", n, r)
			}
		}
	}
}

// Saddle points with zero blocks need pivots of order 2; scales of 1e±150 don't
// matter.
func TestBunchKaufmanSaddle(t *testing.T) {
	for _, scale := range []float64{1e-150, 1, 1e150} {
		a := toCSR(t, mat.NewSymDense(3, []float64{0, scale, 0, scale, 0, 2 * scale, 0, 2 * scale, scale}))
		f := newSymmetric(3)
		f.factor(a)
		if f.positive != 2 || f.negative != 1 || f.zero != 0 {
			t.Errorf("scale %g: inertia %d, %d, %d", scale, f.positive, f.negative, f.zero)
		}
		x := []float64{2 * scale, 7 * scale, 7 * scale} // of (1, 2, 3)
		f.solve(x)
		for i := range x {
			if math.Abs(x[i]-float64(i+1)) > 1e-14 {
				t.Errorf("scale %g: %v", scale, x)
			}
		}
	}
}

func TestBunchKaufmanAllocatesNothing(t *testing.T) {
	a := toCSR(t, randomSymmetric(rng.New(1), []float64{1, -2, 3, -4, 5, 6, -7, 8}))
	f, x := newSymmetric(8), make([]float64, 8)
	if n := testing.AllocsPerRun(10, func() { f.factor(a); x[0] = 1; f.solve(x) }); n > 0 {
		t.Errorf("%g allocations", n)
	}
}
