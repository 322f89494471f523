package linsys

import (
	"context"
	"math"
	"testing"

	"solve/matrix"
	"solve/solver"
)

// cyclicShift moves every entry on by one place.
func cyclicShift(n int) *matrix.Func {
	return &matrix.Func{Rows: n, Cols: n, Mul: func(dst, x []float64) {
		dst[0] = x[n-1]
		copy(dst[1:], x)
	}}
}

func unit(n int) []float64 {
	e := make([]float64, n)
	e[0] = 1
	return e
}

// On the cyclic shift nothing happens until step n.
func TestGMRESOnCyclicShift(t *testing.T) {
	const n = 12
	s := newSystem(cyclicShift(n), unit(n))
	s.normA = 1
	s.record = func(iter int, recursive, _ float64) error {
		if iter < n && recursive != 1 {
			t.Errorf("residual %g at iteration %d", recursive, iter)
		}
		return nil
	}
	out := gmres(context.Background(), s)
	solved(t, "gmres", s, out)
	if out.iterations != n || s.x[n-1] != 1 {
		t.Errorf("%d iterations, x = %v", out.iterations, s.x)
	}
}

// Cycles shorter than n stagnate: they are made longer, and where that does
// not help the method says so.
func TestGMRESStagnates(t *testing.T) {
	const n = 500
	s := newSystem(cyclicShift(n), unit(n))
	s.normA, s.restart, s.maxIter = 1, 40, 100000
	out := gmres(context.Background(), s)
	honest(t, "gmres", s, out)
	if out.reason != solver.Stalled || out.restart != largestRestart || out.residual != 1 || out.iterations != 2*(40+80+160+200) {
		t.Errorf("%s after %d iterations, cycles of %d, relative residual %g", out.reason, out.iterations, out.restart, out.residual)
	}
	s = newSystem(cyclicShift(60), unit(60))
	s.normA, s.restart = 1, 7
	out = gmres(context.Background(), s)
	solved(t, "gmres with longer cycles", s, out)
	s = newSystem(cyclicShift(60), unit(60))
	s.normA, s.restart, s.memory = 1, 7, 8*60*12
	if out = gmres(context.Background(), s); out.reason != solver.Stalled || out.restart != 10 {
		t.Errorf("with memory for 10 vectors: %s, cycles of %d", out.reason, out.restart)
	}
}

func TestGMRESResidualIsMonotone(t *testing.T) {
	n := 120
	a := operatorOf(randomDense(31, n, n))
	for i := range n {
		a.Data[i*n+i] += 14
	}
	s := newSystem(a, normals(32, n))
	s.restart = 10
	last := 1.0
	s.record = func(iter int, recursive, _ float64) error {
		if recursive > last*(1+1e-10) {
			t.Errorf("residual grows from %g to %g at iteration %d", last, recursive, iter)
		}
		last = recursive
		return nil
	}
	solved(t, "gmres", s, gmres(context.Background(), s))
}

func TestGMRESOnRotation(t *testing.T) {
	s := newSystem(rowsOf(t, []float64{0, 1}, []float64{-1, 0}), []float64{1, 0})
	out := gmres(context.Background(), s)
	solved(t, "gmres", s, out)
	if out.iterations != 2 || distance(s.x, []float64{0, 1}) > 1e-15 {
		t.Errorf("x = %v after %d iterations", s.x, out.iterations)
	}
}

// A preconditioner that changes from call to call needs the flexible form.
func TestFlexibleGMRES(t *testing.T) {
	n := 80
	a := operatorOf(randomDense(33, n, n))
	for i := range n {
		a.Data[i*n+i] += 12
	}
	varying := func() Preconditioner {
		calls := 0
		return mapping(func(z, r []float64) {
			calls++
			for i, v := range r {
				z[i] = v * (1 + 0.5*math.Sin(float64(calls*(i+1))))
			}
		})
	}
	s := newSystem(a, normals(34, n))
	s.m, s.flexible, s.restart = varying(), true, 30
	out := gmres(context.Background(), s)
	solved(t, "fgmres", s, out)
	if out.iterations > 80 {
		t.Errorf("%d iterations", out.iterations)
	}
	// With a fixed preconditioner both forms do the same.
	fixed := newJacobi(a, n)
	one, two := newSystem(a, s.b), newSystem(a, s.b)
	one.m, two.m, two.flexible = fixed, fixed, true
	o1, o2 := gmres(context.Background(), one), gmres(context.Background(), two)
	if o1.iterations != o2.iterations || distance(one.x, two.x) > 1e-8*norm2(one.x) {
		t.Errorf("%d and %d iterations, x differ by %g", o1.iterations, o2.iterations, distance(one.x, two.x))
	}
}

// A singular system: the consistent one is solved, the other isn't claimed.
func TestGMRESOnSingular(t *testing.T) {
	a := rowsOf(t, []float64{1, 2, 0}, []float64{0, 3, 0}, []float64{0, 0, 0})
	s := newSystem(a, []float64{5, 6, 0})
	solved(t, "gmres", s, gmres(context.Background(), s))
	s = newSystem(a, []float64{5, 6, 1})
	out := gmres(context.Background(), s)
	honest(t, "gmres", s, out)
	if want := 1 / math.Sqrt(62); out.reason == solver.Tolerance || math.Abs(out.residual-want) > 1e-10 {
		t.Errorf("%s, relative residual %g, least is %g", out.reason, out.residual, want)
	}
}
