package linsys

import (
	"context"
	"math"
	"slices"
	"testing"

	"solve/matrix"
	"solve/solver"
)

// path is the Laplacian of a path of three vertices; its kernel is the constants.
func path(t testing.TB) (*matrix.CSR, [][]float64) {
	c := 1 / math.Sqrt(3)
	return rowsOf(t, []float64{1, -1, 0}, []float64{-1, 2, -1}, []float64{0, -1, 1}), [][]float64{{c, c, c}}
}

var symmetricMethods = map[string]method{"cg": cg, "fcg": fcg, "minres": minres, "dpcg": deflatedCG, "gmres": gmres}

func TestConsistentSingular(t *testing.T) {
	a, kernel := path(t)
	for name, run := range symmetricMethods {
		for _, m := range []Preconditioner{nil, newJacobi(a, 3)} {
			s := newSystem(a, []float64{1, 0, -1})
			s.kernel, s.m, s.tol = kernel, m, 1e-12
			s.x = []float64{5, 5, 6}
			out := run(context.Background(), s)
			solved(t, name, s, out)
			if d := distance(s.x, []float64{1, 0, -1}); d > 1e-11 {
				t.Errorf("%s: x = %v", name, s.x)
			}
		}
	}
}

func TestInconsistentSingular(t *testing.T) {
	a, kernel := path(t)
	for name, run := range symmetricMethods {
		s := newSystem(a, []float64{1, 0, 0})
		s.kernel = kernel
		out := run(context.Background(), s)
		honest(t, name, s, out)
		if out.reason != solver.Inconsistent || math.Abs(out.residual-1/math.Sqrt(3)) > 1e-12 {
			t.Errorf("%s: %s with relative residual %.15g: %s", name, out.reason, out.residual, out.breakdown)
		}
		mean := (s.x[0] + s.x[1] + s.x[2]) / 3
		r := []float64{1 - s.x[0] + s.x[1], s.x[0] - 2*s.x[1] + s.x[2], s.x[1] - s.x[2]}
		if d := distance(r, []float64{1. / 3, 1. / 3, 1. / 3}); d > 1e-8 || math.Abs(mean) > 1e-12 {
			t.Errorf("%s: residual %v, x = %v", name, r, s.x)
		}
	}
	s := newSystem(a, []float64{1, 1, 1})
	s.kernel = kernel
	if out := cg(context.Background(), s); out.reason != solver.Inconsistent || out.residual != 1 || norm2(s.x) != 0 {
		t.Errorf("b in the kernel: %s, relative residual %g, x = %v", out.reason, out.residual, s.x)
	}
}

func TestNeumannProblemWithKnownKernel(t *testing.T) {
	// A grid graph's Laplacian.
	const side = 30
	n := side * side
	a := poisson(t, 1, side, side)
	row := make([]float64, n)
	ones := slices.Repeat([]float64{1}, n)
	a.MulVecTo(row, false, ones)
	for i := range n {
		for k := a.RowPtr[i]; k < a.RowPtr[i+1]; k++ {
			if int(a.Col[k]) == i {
				a.Val[k] -= row[i]
			}
		}
	}
	b := normals(9, n)
	mean := 0.0
	for _, v := range b {
		mean += v / float64(n)
	}
	for i := range b {
		b[i] -= mean
	}
	kernel := [][]float64{slices.Repeat([]float64{1 / float64(side)}, n)}
	for name, run := range symmetricMethods {
		s := newSystem(a, b)
		s.kernel, s.m = kernel, newJacobi(a, n)
		out := run(context.Background(), s)
		solved(t, name, s, out)
		sum := 0.0
		for _, v := range s.x {
			sum += v
		}
		if math.Abs(sum) > 1e-10*norm2(s.x) {
			t.Errorf("%s: Σx = %g", name, sum)
		}
	}
}
