package linsys

import (
	"context"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"solve/solver"
)

// T_n x = 1 has x_i = i(n+1−i)/2 and κ(T_n) = cot²(π/(2(n+1))).
func TestCGOnPath(t *testing.T) {
	s := newSystem(poisson(t, 1, 1, 5), []float64{1, 1, 1, 1, 1})
	out := cg(context.Background(), s)
	solved(t, "cg", s, out)
	if d := distance(s.x, []float64{2.5, 4, 4.5, 4, 2.5}); d > 1e-13 || out.iterations != 3 {
		t.Errorf("x = %v after %d iterations; 1 is symmetric, so 3 are enough", s.x, out.iterations)
	}
	// A right-hand side with all eigenvectors shows the whole spectrum.
	s = newSystem(poisson(t, 1, 1, 5), []float64{1, 2, -1, 4, 0.5})
	s.tol = 1e-13
	out = cg(context.Background(), s)
	if kappa := out.hi / out.lo; out.iterations != 5 || math.Abs(kappa-13.928203230275509) > 1e-6 {
		t.Errorf("κ = %.10g from %d iterations, want 13.9282032303", kappa, out.iterations)
	}
}

// An eigenvector as right-hand side takes one iteration.
func TestCGOnEigenvector(t *testing.T) {
	const n = 24
	a := poisson(t, n, n, n)
	b, lambda := make([]float64, n*n*n), 0.0
	for _, k := range []int{2, 3, 5} {
		lambda += 4 * math.Pow(math.Sin(float64(k)*math.Pi/(2*(n+1))), 2)
	}
	sine := func(k, j int) float64 { return math.Sin(float64(k*(j+1)) * math.Pi / (n + 1)) }
	for i := range b {
		b[i] = sine(2, i/(n*n)) * sine(3, i/n%n) * sine(5, i%n)
	}
	for _, threads := range []int{1, 2} {
		s := newSystem(a.Parallel(threads), b)
		s.threads = threads
		out := cg(context.Background(), s)
		solved(t, "cg", s, out)
		if out.iterations != 1 || math.Abs(out.hi-lambda) > 1e-9 {
			t.Errorf("%d iterations, eigenvalue %.12g, want %.12g", out.iterations, out.hi, lambda)
		}
		for i, v := range s.x {
			if math.Abs(v-b[i]/lambda) > 1e-12 {
				t.Fatalf("x[%d] = %g, want %g", i, v, b[i]/lambda)
			}
		}
	}
}

// With q distinct eigenvalues CG ends in q iterations, and its error obeys
// ‖e_k‖_A ≤ 2((√κ−1)/(√κ+1))^k ‖e_0‖_A.
func TestCGOnFewEigenvalues(t *testing.T) {
	values := []float64{1, 7, 20, 400}
	var d []float64
	for i := range 40 {
		d = append(d, values[i%4])
	}
	b := normals(4, 40)
	for q := 1; q <= 4; q++ {
		part := slices.Clone(b)
		for i := range part {
			if i%4 >= q {
				part[i] = 0
			}
		}
		s := newSystem(diagonal(t, d...), part)
		s.tol = 1e-10
		out := cg(context.Background(), s)
		solved(t, "cg", s, out)
		if out.iterations != q {
			t.Errorf("%d iterations for %d eigenvalues", out.iterations, q)
		}
		if math.Abs(out.lo-1) > 1e-8 || math.Abs(out.hi-values[q-1]) > 1e-8*values[q-1] {
			t.Errorf("Ritz values %g and %g, want 1 and %g", out.lo, out.hi, values[q-1])
		}
	}
	start := energyError(d, b, make([]float64, 40))
	rate := (math.Sqrt(400) - 1) / (math.Sqrt(400) + 1)
	for k := 1; k <= 3; k++ {
		s := newSystem(diagonal(t, d...), b)
		s.maxIter = k
		cg(context.Background(), s)
		if e := energyError(d, b, s.x); e > 2*math.Pow(rate, float64(k))*start {
			t.Errorf("‖e_%d‖ = %g exceeds the bound", k, e)
		}
	}
}

// energyError is ‖x* − x‖_A for a diagonal A.
func energyError(d, b, x []float64) float64 {
	s := 0.0
	for i := range d {
		e := b[i]/d[i] - x[i]
		s += d[i] * e * e
	}
	return math.Sqrt(s)
}

// The estimate is that of the error ten iterations ago, from below.
func TestCGEnergyEstimate(t *testing.T) {
	n := 300
	d := make([]float64, n)
	for i := range d {
		d[i] = 1 + 999*math.Pow(float64(i)/float64(n-1), 2)
	}
	b := normals(8, n)
	for _, k := range []int{4, 20, 40, 60} {
		s := newSystem(diagonal(t, d...), b)
		s.maxIter = k
		out := cg(context.Background(), s)
		s.maxIter = max(0, k-10)
		clear(s.x)
		cg(context.Background(), s)
		earlier := energyError(d, b, s.x)
		if out.energy > earlier*(1+1e-9) || out.energy < 0.3*earlier {
			t.Errorf("iteration %d: estimate %g of %g", k, out.energy, earlier)
		}
	}
}

func TestCGMeetsIndefiniteness(t *testing.T) {
	s := newSystem(diagonal(t, 1, -1), []float64{1, 1})
	out := cg(context.Background(), s)
	honest(t, "cg", s, out)
	if out.reason != solver.NotPositiveDefinite || out.curvature != 0 || out.iterations != 0 || out.breakdown == "" {
		t.Errorf("diag(1,−1): %s, curvature %g after %d iterations", out.reason, out.curvature, out.iterations)
	}
	for seed := range uint64(5) {
		n := 30
		s := newSystem(operatorOf(randomSymmetric(seed, n)), normals(seed, n))
		out := cg(context.Background(), s)
		honest(t, "cg", s, out)
		if out.reason != solver.NotPositiveDefinite || !(out.curvature <= 0) || out.residual > 1 {
			t.Errorf("%s, curvature %g, relative residual %g", out.reason, out.curvature, out.residual)
		}
		var eigen mat.EigenSym
		sym := mat.NewSymDense(n, operatorOf(randomSymmetric(seed, n)).Data)
		eigen.Factorize(sym, false)
		if least := slices.Min(eigen.Values(nil)); out.curvature < least-1e-9 {
			t.Errorf("curvature %g below the least eigenvalue %g", out.curvature, least)
		}
	}
}

func TestCGMeetsIndefinitePreconditioner(t *testing.T) {
	s := newSystem(poisson(t, 1, 1, 9), normals(2, 9))
	s.m = mapping(func(z, r []float64) {
		for i, v := range r {
			z[i] = -v
		}
	})
	out := cg(context.Background(), s)
	if out.reason != solver.NotPositiveDefinite || out.curvature == out.curvature {
		t.Errorf("%s, curvature %g", out.reason, out.curvature)
	}
}

// The exact inverse takes one iteration.
func TestCGWithExactInverse(t *testing.T) {
	a := randomSPD(3, 30)
	for name, run := range map[string]method{"cg": cg, "fcg": fcg, "minres": minres, "gmres": gmres, "bicgstab": bicgstab} {
		s := newSystem(operatorOf(a), normals(5, 30))
		s.m = mapping(func(z, r []float64) { copy(z, denseSolve(t, a, r)) })
		out := run(context.Background(), s)
		solved(t, name, s, out)
		if out.iterations != 1 {
			t.Errorf("%s: %d iterations", name, out.iterations)
		}
	}
}

// Of Hilbert's matrices no more than a tiny residual can be had; the estimate
// of the condition number says so.
func TestCGOnHilbert(t *testing.T) {
	for _, n := range []int{6, 12} {
		h := mat.NewDense(n, n, nil)
		b := make([]float64, n)
		for i := range n {
			for j := range n {
				h.Set(i, j, 1/float64(i+j+1))
				b[i] += 1 / float64(i+j+1)
			}
		}
		s := newSystem(operatorOf(h), b)
		s.tol, s.maxIter = 1e-13, 200
		out := cg(context.Background(), s)
		solved(t, "cg", s, out)
		var eigen mat.EigenSym
		eigen.Factorize(mat.NewSymDense(n, operatorOf(h).Data), false)
		values := eigen.Values(nil)
		if out.hi > values[n-1]*(1+1e-6) || n == 6 && out.hi/out.lo > values[n-1]/values[0]*(1+1e-3) {
			t.Errorf("n = %d: κ estimated as %g, is %g", n, out.hi/out.lo, values[n-1]/values[0])
		}
	}
}

// A tolerance below rounding ends with the reason and the reachable residual.
func TestUnreachableTolerance(t *testing.T) {
	for name, run := range squareMethods {
		if name == "lsmr" || name == "lsqr" {
			continue
		}
		s := newSystem(poisson(t, 1, 30, 30), normals(6, 900))
		s.tol, s.maxIter, s.normA, s.longest = 1e-20, 20000, 8, 5
		out := run(context.Background(), s)
		honest(t, name, s, out)
		if out.reason != solver.AtRoundoff || out.residual > 1e-12 || out.iterations > 2000 {
			t.Errorf("%s: %s after %d iterations, relative residual %g: %s", name, out.reason, out.iterations, out.residual, out.breakdown)
		}
		// The eigenvalues lie in (0.02, 8).
		if out.hi > 8 || out.hi != 0 && out.lo < 0.02 && name != "dpcg" {
			t.Errorf("%s: Ritz values from %g to %g", name, out.lo, out.hi)
		}
	}
}

// From a start far away the recursive residual ends up far from b − A x: the
// claims are checked, and what is lost is made good.
func TestFarStart(t *testing.T) {
	for name, run := range squareMethods {
		if name == "lsmr" || name == "lsqr" {
			continue
		}
		s := newSystem(poisson(t, 1, 20, 20), normals(3, 400))
		s.tol, s.maxIter, s.restart = 1e-11, 3000, 100
		for i, v := range normals(4, 400) {
			s.x[i] = 1e9 * v
		}
		out := run(context.Background(), s)
		solved(t, name, s, out)
	}
}
