package constrained

import (
	"context"
	"errors"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/solver"
)

// chain is a quadratic program of n variables on a line, with a coupling of weight w
// between neighbours and m equations of three neighbours each.
func chain(n, m int, w float64) *Problem {
	return &Problem{Name: "chain", N: n, M: m, X0: zeros(n), CLower: filled(m, 1), CUpper: filled(m, 1), Functions: chainFunctions{n, m, w}}
}

type chainFunctions struct {
	n, m int
	w    float64
}

// scale makes the rows and columns uneven.
func (c chainFunctions) scale(i int) float64 { return 1 + float64(i%7) }

func (c chainFunctions) Values(x, rows []float64) float64 {
	f := 0.0
	for i, v := range x {
		f += c.scale(i) * v * v / 2
		if i > 0 {
			f += c.w * v * x[i-1]
		}
	}
	for i := range rows {
		at := i * (c.n - 3) / c.m
		rows[i] = x[at] + 2*x[at+1] - c.scale(i)*x[at+2]
	}
	return f
}

func (c chainFunctions) First(x, rows, gradient, jacobian []float64) float64 {
	for i, v := range x {
		gradient[i] = c.scale(i) * v
		if i > 0 {
			gradient[i] += c.w * x[i-1]
		}
		if i < c.n-1 {
			gradient[i] += c.w * x[i+1]
		}
	}
	for i := range rows {
		copy(jacobian[3*i:], []float64{1, 2, -c.scale(i)})
	}
	return c.Values(x, rows)
}

func (c chainFunctions) Hessian(_ []float64, sigma float64, _, hessian []float64) {
	for i := range c.n {
		if i > 0 {
			hessian[2*i-1] = sigma * c.w
		}
		hessian[2*i] = sigma * c.scale(i)
	}
}

func (c chainFunctions) JacobianPattern() (start []int64, column []int32) {
	for i := range c.m {
		at := int32(i * (c.n - 3) / c.m)
		start, column = append(start, int64(len(column))), append(column, at, at+1, at+2)
	}
	return append(start, int64(len(column))), column
}

func (c chainFunctions) HessianPattern() (start []int64, column []int32) {
	for i := range int32(c.n) {
		start = append(start, int64(len(column)))
		if i > 0 {
			column = append(column, i-1)
		}
		column = append(column, i)
	}
	return append(start, int64(len(column))), column
}

// prepared fills the KKT matrix at the start of p and makes it regular.
func prepared(t testing.TB, p *Problem) *galmRun {
	t.Helper()
	g := atRandom(t, p, 9)
	if err := g.factorise(context.Background(), false); err != nil {
		t.Fatal(err)
	}
	return g
}

// Krylov methods find the step of the factorisation, to the accuracy asked for.
func TestKrylov(t *testing.T) {
	ctx := context.Background()
	for _, p := range []*Problem{
		chain(60, 20, 0.4), chain(300, 100, 0.45), chain(5, 2, 0.3), equationsByName(t, "HS77").p, equationsByName(t, "HS40").p,
		write("no rows", []float64{1, 2}, nil, nil, nil, nil, func(x []jet) (jet, []jet) { return x[0].sq().add(x[1].sq().times(7), x[0].mul(x[1])), nil }),
	} {
		g := prepared(t, p)
		for _, name := range []string{MINRES, GMRES} {
			for _, restart := range []int{0, 4} {
				s, err := newKrylov(g.q, name, restart, g.opt)
				if err != nil {
					t.Fatal(err)
				}
				if err := s.prepare(ctx, g.k); err != nil {
					t.Fatal(err)
				}
				for _, tol := range []float64{1e-3, 1e-10} {
					d := make([]float64, len(g.d))
					steps, residual, err := s.improve(ctx, g.b, d, tol*norm(g.b), 2000)
					if err != nil || !(residual <= tol*norm(g.b)) {
						t.Errorf("%s, %s:%d: residual %.3g of %.3g after %d steps, %v", p.Name, name, restart, residual, tol*norm(g.b), steps, err)
					}
					s.defect(g.b, d)
					if got := norm(s.r); math.Abs(got-residual) > 1e-12*norm(g.b) {
						t.Errorf("%s, %s: the residual is %.3g, said %.3g", p.Name, name, got, residual)
					}
					if tol == 1e-10 && distance(d, g.d) > 1e-6*norm(g.d) {
						t.Errorf("%s, %s: the step is off by %.3g", p.Name, name, distance(d, g.d)/norm(g.d))
					}
				}
			}
		}
	}
}

// With a diagonal Hessian P is the matrix: one step does it.
func TestConstraintPreconditionerExact(t *testing.T) {
	g := prepared(t, chain(50, 20, 0))
	for _, name := range []string{MINRES, GMRES} {
		s, err := newKrylov(g.q, name, 0, g.opt)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.prepare(context.Background(), g.k); err != nil {
			t.Fatal(err)
		}
		clear(g.d)
		if steps, _, _ := s.improve(context.Background(), g.b, g.d, 1e-10*norm(g.b), 100); steps > 2 {
			t.Errorf("%s: %d steps", name, steps)
		}
	}
}

func TestKrylovEnds(t *testing.T) {
	g := prepared(t, chain(200, 60, 0.49))
	ctx, cancel := context.WithCancel(context.Background())
	s, err := newKrylov(g.q, GMRES, 5, g.opt)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.prepare(ctx, g.k); err != nil {
		t.Fatal(err)
	}
	clear(g.d)
	if steps, _, err := s.improve(ctx, g.b, g.d, 0, 7); steps != 7 || err != nil {
		t.Errorf("%d steps of 7, %v", steps, err)
	}
	if steps, _, err := s.improve(ctx, g.b, g.d, 0, 1e6); steps > 10000 || err != nil {
		t.Errorf("an accuracy beyond rounding: %d steps, %v", steps, err)
	}
	cancel()
	clear(g.d)
	if _, _, err := s.improve(ctx, g.b, g.d, 0, 100); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context: %v", err)
	}
	small := *g.opt
	small.MaxMemory = 1000
	if _, err := newKrylov(g.q, GMRES, 50, &small); !errors.Is(err, solver.ErrTooLarge) {
		t.Errorf("a basis of more than 1000 bytes: %v", err)
	}
}

// The least eigenvalue of ∇c∇cᵀ by inverse iteration is the one of the decomposition.
func TestLeastGram(t *testing.T) {
	for _, m := range []int{40, 90} {
		g := prepared(t, chain(170, m, 0.2))
		want := math.Pow(g.q.leastSingular(g.pt.jac), 2)
		got, err := g.k.leastGram(context.Background(), g.pt.jac)
		if err != nil || g.q.n+g.q.m <= eigenOrder {
			t.Fatal(err)
		}
		if got < want*(1-1e-9) || got > 1.3*want {
			t.Errorf("m = %d: %.6g, want %.6g", m, got, want)
		}
	}
}

// The least curvature in the kernel of ∇c is that along the best of many directions.
func TestLeastReducedCurvature(t *testing.T) {
	for i, name := range []string{"HS6", "HS28", "HS39", "HS42", "HS77", "HS100LNP"} {
		g := atRandom(t, equationsByName(t, name).p, uint64(20+i))
		q := g.q
		got := q.leastReducedCurvature(g.h, g.pt.jac)
		// H − (got ∓ ε)I has the inertia (n, m, 0) in the KKT matrix, or not.
		for _, side := range []float64{-1, 1} {
			margin := 1e-6 * math.Max(1, math.Abs(got))
			g.k.fill(g.h, g.pt.jac, nil)
			clear(g.k.e)
			g.k.shift(-got-side*margin, 0)
			positive, _, _, err := g.k.factor(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if (positive == q.n) != (side < 0) {
				t.Errorf("%s: the least curvature is %g, but with %g of it taken away %d of %d eigenvalues are positive", name, got, side*margin, positive, q.n)
			}
		}
	}
}

// The moments of a normal distribution.
func TestNormals(t *testing.T) {
	x := make([]float64, 20001)
	normals(rng.New(3), x)
	mean, square, fourth := 0.0, 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
		square += v * v / float64(len(x))
		fourth += v * v * v * v / float64(len(x))
	}
	if math.Abs(mean) > 0.03 || math.Abs(square-1) > 0.05 || math.Abs(fourth-3) > 0.4 {
		t.Errorf("moments %.3g, %.3g, %.3g", mean, square, fourth)
	}
}

// A convex quadratic program takes one iteration by every inner solver that is exact
// enough, also where the factorisation is sparse.
func TestGALMQuadratic(t *testing.T) {
	for _, p := range []*Problem{chain(9, 3, 0.4), chain(40, 15, 0.3), chain(400, 150, 0.45)} {
		var want *Result
		for _, inner := range []string{Direct, MINRES, GMRES} {
			r, _, _ := history(t, p, galmOptions(inner, 1e-8))
			if r.Status != solver.Solved || r.Stats.Iterations != 1 {
				t.Errorf("n = %d, %s: %v after %d iterations", p.N, inner, r.Verdict, r.Stats.Iterations)
			}
			if want == nil {
				want = r
			} else if d := distance(r.X, want.X); d > 1e-7*norm(want.X) {
				t.Errorf("n = %d, %s: x is off by %.3g", p.N, inner, d)
			}
		}
	}
}
