package linsys

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// Extreme eigenvalues of random tridiagonal matrices, split ones too, against
// a dense eigenvalue routine.
func TestTridiagonalExtremes(t *testing.T) {
	for seed := range uint64(40) {
		n := 1 + int(seed)
		diag, off := normals(seed, n), normals(seed+1000, n)
		a := mat.NewSymDense(n, nil)
		tri := newTridiagonal(new(workspace), n)
		for k := range n {
			if seed%4 == 3 && k%3 == 0 || k == 0 {
				off[k] = 0
			}
			if seed%5 == 4 {
				diag[k] = 0
			}
			tri.appendEntries(diag[k], off[k])
			a.SetSym(k, k, diag[k])
			if k > 0 {
				a.SetSym(k, k-1, off[k])
			}
		}
		var eigen mat.EigenSym
		if !eigen.Factorize(a, false) {
			t.Fatal("no eigenvalues")
		}
		want := eigen.Values(nil)
		lo, hi := tri.extremes()
		if scale := 1e-8 * (1 + math.Abs(want[n-1])); math.Abs(lo-want[0]) > scale || math.Abs(hi-want[n-1]) > scale {
			t.Errorf("n = %d: [%.12g, %.12g], want [%.12g, %.12g]", n, lo, hi, want[0], want[n-1])
		}
	}
}

func TestTridiagonalSmallEigenvalue(t *testing.T) {
	tri := newTridiagonal(new(workspace), 3)
	for _, d := range []float64{1, 1e-12, 1e-3} {
		tri.appendEntries(d, 0)
	}
	if lo, hi := tri.extremes(); math.Abs(lo-1e-12) > 1e-15 || math.Abs(hi-1) > 1e-9 {
		t.Errorf("[%g, %g], want [1e-12, 1]", lo, hi)
	}
	if lo, hi := newTridiagonal(new(workspace), 0).extremes(); lo != 0 || hi != 0 {
		t.Errorf("nothing has extremes %g and %g", lo, hi)
	}
}
