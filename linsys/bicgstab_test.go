package linsys

import (
	"context"
	"strings"
	"testing"

	"solve/matrix"
	"solve/solver"
)

// r̂ᵀA p = 0 at once: GMRES takes over and solves the system in two steps.
func TestBiCGSTABRecovers(t *testing.T) {
	s := newSystem(rowsOf(t, []float64{0, 1}, []float64{-1, 0}), []float64{1, 0})
	iters := []int{}
	s.record = func(iter int, _, _ float64) error { iters = append(iters, iter); return nil }
	out := bicgstab(context.Background(), s)
	solved(t, "bicgstab", s, out)
	if !strings.Contains(out.breakdown, "GMRES") || distance(s.x, []float64{0, 1}) > 1e-15 {
		t.Errorf("%q, x = %v", out.breakdown, s.x)
	}
	for i, k := range iters {
		if k != i+1 {
			t.Errorf("iterations are numbered %v", iters)
		}
	}
}

// skew is antisymmetric plus a little: the stabilising step has next to
// nothing to minimise along.
func skew(n int) *matrix.Func {
	return &matrix.Func{Rows: n, Cols: n, Mul: func(dst, x []float64) {
		for i := range dst {
			dst[i] = 0
			if i > 0 {
				dst[i] -= x[i-1]
			}
			if i < n-1 {
				dst[i] += x[i+1]
			}
		}
	}}
}

func TestBiCGSTABOnSkew(t *testing.T) {
	const n = 60
	s := newSystem(skew(n), normals(41, n))
	s.normA = 2
	last := 0
	s.record = func(iter int, _, _ float64) error {
		if iter != last+1 {
			t.Errorf("iteration %d after %d", iter, last)
		}
		last = iter
		return nil
	}
	out := bicgstab(context.Background(), s)
	solved(t, "bicgstab", s, out)
	if last != out.iterations {
		t.Errorf("%d iterations, %d recorded", out.iterations, last)
	}
}

// A matrix that makes the iterates grow out of range is not blamed on a
// preconditioner, and the best x stays.
func TestBiCGSTABDiverges(t *testing.T) {
	n := 4
	a := matrix.Dense{Rows: n, Cols: n, Data: make([]float64, n*n)}
	for i := range n {
		for j := i + 1; j < n; j++ {
			a.Data[i*n+j] = 1 + float64(i*j)
		}
	}
	s := newSystem(&a, normals(44, n))
	s.m = mapping(func(z, r []float64) { copy(z, r) })
	out := bicgstab(context.Background(), s)
	honest(t, "bicgstab", s, out)
	if out.reason == solver.Tolerance || out.reason == solver.EvaluationError || out.residual > 1 {
		t.Errorf("%s, relative residual %g: %s", out.reason, out.residual, out.breakdown)
	}
}

// The best x is left, though the last one is often worse.
func TestBiCGSTABKeepsTheBest(t *testing.T) {
	n := 100
	a := operatorOf(randomDense(42, n, n))
	for limit := 1; limit < 60; limit += 7 {
		s := newSystem(a, normals(43, n))
		s.maxIter = limit
		least := 1.0
		s.record = func(_ int, recursive, _ float64) error { least = min(least, recursive); return nil }
		out := bicgstab(context.Background(), s)
		honest(t, "bicgstab", s, out)
		if out.reason == solver.IterationLimit && out.residual > 1.2*least {
			t.Errorf("limit %d: relative residual %g, %g was met", limit, out.residual, least)
		}
	}
}
