package linsys

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"gonum.org/v1/gonum/mat"

	"solve/internal/rng"
	"solve/solver"
)

// fromCollection is the system of a matrix of the collection, its exact
// solution, and D⁻¹ as preconditioner.
func fromCollection(t *testing.T, name string) (*system, []float64) {
	t.Helper()
	a := collected(t, name)
	s := newSystem(a, readVector(t, filepath.Join(collection, name+"_b.mtx")))
	s.maxIter = 10 * a.Cols
	if a.Rows == a.Cols {
		s.m = newJacobi(a, a.Rows)
	}
	sums := make([]float64, a.Rows)
	a.DoNonZero(func(i, _ int, v float64) { sums[i] += math.Abs(v) })
	for i, v := range sums {
		s.normA = max(s.normA, v)
		s.longest = max(s.longest, int(a.RowPtr[i+1]-a.RowPtr[i]))
	}
	return s, readVector(t, filepath.Join(collection, name+"_x.mtx"))
}

// Jacobi CG needs about as many iterations as elsewhere; plain CG, where it
// needs few.
func TestCGOnCollection(t *testing.T) {
	answers(t)
	for name, want := range map[string][2]int{
		"494_bus": {1068, 401}, "LFAT5": {16, 11}, "bcsstk01": {141, 48}, "bcsstk13": {0, 1254}, "bcsstk15": {0, 514},
		"gr_30_30": {54, 54}, "mesh1e1": {19, 17}, "nos7": {501, 32},
	} {
		for k, jacobi := range []bool{false, true} {
			if want[k] == 0 {
				continue
			}
			s, _ := fromCollection(t, name)
			if !jacobi {
				s.m = nil
			}
			out := cg(context.Background(), s)
			solved(t, name, s, out)
			if out.iterations > want[k]*5/4+5 {
				t.Errorf("%s: %d iterations, Jacobi %v; %d elsewhere", name, out.iterations, jacobi, want[k])
			}
		}
	}
}

func TestMINRESOnCollection(t *testing.T) {
	answers(t)
	for _, name := range []string{"sherman1", "gr_30_30", "mesh1e1", "bcsstk01"} {
		s, _ := fromCollection(t, name)
		d := s.m.(jacobi)
		for i, v := range d {
			d[i] = math.Abs(v)
		}
		solved(t, name, s, minres(context.Background(), s))
	}
	// A negative definite matrix is not for CG.
	s, _ := fromCollection(t, "sherman1")
	s.m = nil
	if out := cg(context.Background(), s); out.reason != solver.NotPositiveDefinite || !(out.curvature < 0) {
		t.Errorf("sherman1: %s, curvature %g", out.reason, out.curvature)
	}
}

func TestUnsymmetricOnCollection(t *testing.T) {
	answers(t)
	for _, name := range []string{"add32", "ani1", "gre_115", "jpwh_991", "orsreg_1", "pde900", "sherman1"} {
		for method, run := range map[string]method{"gmres": gmres, "bicgstab": bicgstab} {
			s, _ := fromCollection(t, name)
			if name == "gre_115" {
				s.m = nil // has zeros on the diagonal
			}
			out := run(context.Background(), s)
			solved(t, method+" on "+name, s, out)
		}
	}
}

// What can't be solved this way ends with a reason, and no claim.
func TestHardUnsymmetricOnCollection(t *testing.T) {
	answers(t)
	for _, name := range []string{"west0479", "fs_183_1", "cryg2500", "olm1000"} {
		for method, run := range map[string]method{"gmres": gmres, "bicgstab": bicgstab} {
			s, _ := fromCollection(t, name)
			s.m, s.maxIter = nil, 500
			out := run(context.Background(), s)
			honest(t, method+" on "+name, s, out)
			if out.residual > 1 {
				t.Errorf("%s on %s: relative residual %g", method, name, out.residual)
			}
		}
	}
}

func TestLeastSquaresOnCollection(t *testing.T) {
	answers(t)
	for name, norm := range map[string]float64{"ash219": 24.537997357600315, "well1033": 54.359617365175346, "illc1033": 54.35961736351976} {
		for method, run := range map[string]method{"lsmr": lsmr, "lsqr": lsqr} {
			s, x := fromCollection(t, name)
			s.tol, s.maxIter = 1e-13, 20000
			out := run(context.Background(), s)
			if out.reason != solver.Tolerance && out.reason != solver.AtRoundoff {
				t.Errorf("%s on %s: %s after %d iterations", method, name, out.reason, out.iterations)
			}
			if got := out.residual * norm2(s.b); math.Abs(got-norm) > 1e-9*norm {
				t.Errorf("%s on %s: residual %.15g, want %.15g", method, name, got, norm)
			}
			if d := distance(s.x, x); d > 1e-5*norm2(x) {
				t.Errorf("%s on %s: x is off by %g of %g", method, name, d, norm2(x))
			}
		}
	}
}

// The effective resistance between two ends of a power network.
func TestLaplacianOnCollection(t *testing.T) {
	answers(t)
	a := collected(t, "bcspwr06_lap")
	n := a.Rows
	b, ones := make([]float64, n), make([]float64, n)
	b[0], b[n-1] = 1, -1
	for i := range ones {
		ones[i] = 1 / math.Sqrt(float64(n))
	}
	for name, run := range symmetricMethods {
		s := newSystem(a, b)
		s.kernel, s.m, s.tol, s.restart = [][]float64{ones}, newJacobi(a, n), 1e-10, 200
		out := run(context.Background(), s)
		solved(t, name, s, out)
		if r := s.x[0] - s.x[n-1]; math.Abs(r-4.775963817004017) > 1e-8 {
			t.Errorf("%s: resistance %.12g, want 4.775963817004", name, r)
		}
	}
	// Without the kernel being known an inconsistent b is found out.
	s := newSystem(a, normals(1, n))
	s.maxIter = 3000
	out := minres(context.Background(), s)
	honest(t, "minres", s, out)
	if out.reason != solver.Inconsistent {
		t.Errorf("%s, relative residual %g", out.reason, out.residual)
	}
}

// randomKind draws a matrix that may be anything: definite or not, badly
// scaled, singular, unsymmetric, nilpotent, zero.
func randomKind(seed uint64, n int) *mat.Dense {
	random := rng.New(seed)
	var a *mat.Dense
	switch random.Below(6) {
	case 0:
		a = randomSPD(seed, n)
	case 1:
		a = randomSymmetric(seed, n)
	case 2: // of low rank
		g := randomDense(seed, n, 1+n/3)
		a = mat.NewDense(n, n, nil)
		a.Mul(g, g.T())
		symmetrise(a)
	case 3:
		a = randomDense(seed, n, n)
	case 4: // strictly triangular
		a = randomDense(seed, n, n)
		for i := range n {
			for j := range i + 1 {
				a.Set(i, j, 0)
			}
		}
	default:
		a = mat.NewDense(n, n, nil)
		for range n {
			a.Set(random.Below(n), random.Below(n), random.Normal())
		}
	}
	if random.Below(3) == 0 {
		for i := range n {
			for j := range n {
				a.Set(i, j, a.At(i, j)*math.Pow(10, float64((i*7+j*7)%13-6)))
			}
		}
	}
	return a
}

// Whatever the matrix is and however wrong the method for it: no claim that
// isn't met, no NaN, nothing worse than the start, and a reason.
func TestAnyMatrixEndsHonestly(t *testing.T) {
	for seed := range uint64(150) {
		random := rng.NewStream(seed, 3)
		n := 1 + random.Below(25)
		a := operatorOf(randomKind(seed, n))
		b := normals(seed+9000, n)
		if random.Below(3) == 0 { // consistent for sure
			x := normals(seed+8000, n)
			a.MulVecTo(b, false, x)
		}
		for name, run := range squareMethods {
			s := newSystem(a, b)
			s.maxIter, s.restart, s.directions = 40*n, 1+n/2, int(seed%4)
			start := 1.0
			if random.Below(2) == 0 {
				s.x = normals(seed+7000, n)
				start = trueResidual(a, b, s.x) / norm2(b)
			}
			out := run(context.Background(), s)
			honest(t, name, s, out)
			if out.reason == "" || out.residual > start*(1+1e-9) && norm2(b) > 0 {
				t.Errorf("%s, seed %d: %q, relative residual %g from %g", name, seed, out.reason, out.residual, start)
			}
			if !finite(out.lo) || !finite(out.hi) {
				t.Errorf("%s, seed %d: Ritz values %g and %g", name, seed, out.lo, out.hi)
			}
		}
	}
}
