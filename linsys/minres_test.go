package linsys

import (
	"context"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"solve/solver"
)

func TestMINRESOnIndefinite(t *testing.T) {
	s := newSystem(diagonal(t, 1, -1), []float64{1, 1})
	out := minres(context.Background(), s)
	solved(t, "minres", s, out)
	if d := distance(s.x, []float64{1, -1}); d > 1e-14 || out.iterations > 2 {
		t.Errorf("x = %v after %d iterations", s.x, out.iterations)
	}
}

// krylovMinimum is the least ‖b − A x‖ over span{b, A b, …, A^{k−1}b}, by QR.
func krylovMinimum(t *testing.T, a *mat.Dense, b []float64, k int) float64 {
	t.Helper()
	n := len(b)
	ak := mat.NewDense(n, k, nil)
	v := mat.NewVecDense(n, append([]float64(nil), b...))
	for j := range k {
		v.ScaleVec(1/mat.Norm(v, 2), v)
		w := mat.NewVecDense(n, nil)
		w.MulVec(a, v)
		ak.SetCol(j, w.RawVector().Data)
		v = w
	}
	var y mat.VecDense
	var qr mat.QR
	qr.Factorize(ak)
	rhs := mat.NewVecDense(n, b)
	if err := qr.SolveVecTo(&y, false, rhs); err != nil {
		if _, ill := err.(mat.Condition); !ill {
			t.Fatal(err)
		}
	}
	var r mat.VecDense
	r.MulVec(ak, &y)
	r.SubVec(rhs, &r)
	return mat.Norm(&r, 2)
}

// MINRES, and on definite matrices the conjugate residual method that it then
// is, minimises the residual over the Krylov space; so does GMRES.
func TestResidualIsMinimal(t *testing.T) {
	n := 30
	symmetric, definite, any := randomSymmetric(21, n), randomSPD(22, n), randomDense(23, n, n)
	b := normals(24, n)
	for _, c := range []struct {
		name string
		run  method
		a    *mat.Dense
	}{
		{"minres", minres, symmetric}, {"minres", minres, definite},
		{"gmres", gmres, symmetric}, {"gmres", gmres, definite}, {"gmres", gmres, any},
	} {
		for k := 1; k <= 7; k++ {
			s := newSystem(operatorOf(c.a), b)
			s.maxIter = k
			out := c.run(context.Background(), s)
			honest(t, c.name, s, out)
			if got, want := out.residual*norm2(b), krylovMinimum(t, c.a, b, k); math.Abs(got-want) > 1e-7*want {
				t.Errorf("%s: residual %.12g after %d iterations, the least is %.12g", c.name, got, k, want)
			}
		}
	}
}

// The residual that the preconditioned method carries is the true one.
func TestPreconditionedMINRESResidual(t *testing.T) {
	n := 40
	a := randomSymmetric(25, n)
	m := make(jacobi, n)
	for i, v := range normals(26, n) {
		m[i] = 0.5 + math.Abs(v)
	}
	last := math.Inf(1)
	for k := 1; k < 20; k++ {
		s := newSystem(operatorOf(a), normals(27, n))
		s.m, s.maxIter = m, k
		carried := 0.0
		s.record = func(_ int, recursive, _ float64) error { carried = recursive; return nil }
		out := minres(context.Background(), s)
		if math.Abs(carried-out.residual) > 1e-10 {
			t.Errorf("iteration %d: %.12g is carried, %.12g is true", k, carried, out.residual)
		}
		// What is minimised is ‖r‖ in the norm of M⁻¹.
		r := make([]float64, n)
		s.a.MulVecTo(r, false, s.x)
		energy := 0.0
		for i := range r {
			d := s.b[i] - r[i]
			energy += m[i] * d * d
		}
		if energy > last*(1+1e-12) {
			t.Errorf("iteration %d: the M⁻¹-norm grows", k)
		}
		last = energy
	}
}

// Without the kernel being known MINRES finds that a system has no solution,
// and gives a least-squares one.
func TestMINRESFindsInconsistency(t *testing.T) {
	a, _ := path(t)
	for _, m := range []Preconditioner{nil, jacobi{1, 0.5, 2}} {
		s := newSystem(a, []float64{1, 0, 0})
		s.m = m
		out := minres(context.Background(), s)
		honest(t, "minres", s, out)
		if out.reason != solver.Inconsistent || math.Abs(out.residual-1/math.Sqrt(3)) > 1e-9 || !(out.optimality < 1e-8) {
			t.Errorf("%s, relative residual %.12g, optimality %g", out.reason, out.residual, out.optimality)
		}
	}
	// Singular, indefinite and larger.
	n := 40
	d := make([]float64, n)
	for i := range d {
		d[i] = float64(i - 15)
	}
	b := normals(28, n)
	s := newSystem(diagonal(t, d...), b)
	out := minres(context.Background(), s)
	honest(t, "minres", s, out)
	if want := math.Abs(b[15]) / norm2(b); out.reason != solver.Inconsistent || math.Abs(out.residual-want) > 1e-8 {
		t.Errorf("%s, relative residual %.12g, least is %.12g", out.reason, out.residual, want)
	}
	b[15] = 0
	s = newSystem(diagonal(t, d...), b)
	solved(t, "minres, consistent", s, minres(context.Background(), s))
}

func TestMINRESRefusesIndefinitePreconditioner(t *testing.T) {
	s := newSystem(operatorOf(randomSymmetric(30, 20)), normals(29, 20))
	s.m = mapping(func(z, r []float64) {
		for i, v := range r {
			z[i] = float64(i-10) * v
		}
	})
	out := minres(context.Background(), s)
	honest(t, "minres", s, out)
	if out.reason != solver.NotPositiveDefinite || out.breakdown == "" {
		t.Errorf("%s: %q", out.reason, out.breakdown)
	}
}
