package linsys

import (
	"context"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"solve/internal/rng"
	"solve/solver"
)

// iterates runs a method to each number of iterations in turn.
func iterates(run method, fresh func() *system, count int) [][]float64 {
	var xs [][]float64
	for k := 1; k <= count; k++ {
		s := fresh()
		s.maxIter, s.tol = k, 0
		run(context.Background(), s)
		xs = append(xs, s.x)
	}
	return xs
}

// With f(r) = r the iterates are those of CG, with f(r) = M⁻¹r those of
// preconditioned CG, whatever number of directions is kept.
func TestFlexibleCGIsCG(t *testing.T) {
	a := randomSPD(11, 40)
	b := normals(12, 40)
	for _, m := range []Preconditioner{nil, newJacobi(a, 40)} {
		for _, directions := range []int{1, 2, 5, -1} {
			fresh := func() *system {
				s := newSystem(operatorOf(a), b)
				s.m, s.directions = m, directions
				return s
			}
			want := iterates(cg, fresh, 12)
			for k, x := range iterates(fcg, fresh, 12) {
				if d := distance(x, want[k]); d > 1e-9*norm2(want[k]) {
					t.Errorf("j = %d, iteration %d: off by %g", directions, k+1, d)
				}
			}
		}
	}
}

// f of a scaled residual gives the same directions.
func TestFlexibleCGIgnoresScale(t *testing.T) {
	a := randomSPD(13, 30)
	b := normals(14, 30)
	for _, factor := range []float64{-1, 1e6} {
		plain := newSystem(operatorOf(a), b)
		scaled := newSystem(operatorOf(a), b)
		scaled.m = mapping(func(z, r []float64) {
			for i, v := range r {
				z[i] = factor * v
			}
		})
		one, two := fcg(context.Background(), plain), fcg(context.Background(), scaled)
		if one.iterations != two.iterations || distance(plain.x, scaled.x) > 1e-9*norm2(plain.x) {
			t.Errorf("factor %g: %d and %d iterations", factor, one.iterations, two.iterations)
		}
	}
}

// energy is ½xᵀA x − bᵀx.
func energy(a *mat.Dense, b, x []float64) float64 {
	n := len(b)
	v, w := mat.NewVecDense(n, x), mat.NewVecDense(n, b)
	return mat.Inner(v, a, v)/2 - mat.Dot(w, v)
}

// Whatever f is, the energy never grows; with all directions kept, n
// iterations solve the system.
func TestFlexibleCGWithRandomDirections(t *testing.T) {
	n := 25
	a := randomSPD(15, n)
	b := normals(16, n)
	for _, directions := range []int{0, 1, 2, -1} {
		fresh := func() *system {
			random := rng.New(17)
			s := newSystem(operatorOf(a), b)
			s.directions = directions
			s.m = mapping(func(z, r []float64) {
				for i := range z {
					z[i] = random.Normal()
				}
			})
			return s
		}
		last := 0.0
		s := fresh()
		s.maxIter = n
		s.record = func(iter int, _, _ float64) error {
			e := energy(a, b, s.x)
			if e > last+1e-12*math.Abs(last) {
				t.Errorf("j = %d: energy grows from %g to %g at iteration %d", directions, last, e, iter)
			}
			last = e
			return nil
		}
		out := fcg(context.Background(), s)
		honest(t, "fcg", s, out)
		if directions == -1 {
			s := fresh()
			s.tol, s.maxIter = 1e-7, n
			solved(t, "all directions", s, fcg(context.Background(), s))
		}
	}
}

// A useless f is replaced by the residual itself.
func TestFlexibleCGWithoutDescent(t *testing.T) {
	a := poisson(t, 1, 8, 8)
	s := newSystem(a, normals(18, 64))
	calls := 0
	s.m = mapping(func(z, r []float64) {
		copy(z, r)
		if calls++; calls%3 == 0 {
			clear(z)
		}
	})
	out := fcg(context.Background(), s)
	solved(t, "fcg", s, out)
	if out.breakdown == "" {
		t.Error("useless directions are not told of")
	}
	s = newSystem(diagonal(t, 1, -1), []float64{1, 1})
	if out := fcg(context.Background(), s); out.reason != solver.NotPositiveDefinite || out.curvature != 0 {
		t.Errorf("diag(1,−1): %s, curvature %g", out.reason, out.curvature)
	}
}

// Directions are kept within the memory.
func TestFlexibleCGMemory(t *testing.T) {
	s := newSystem(poisson(t, 1, 20, 20), normals(19, 400))
	s.directions, s.memory = -1, 5*16*400
	out := fcg(context.Background(), s)
	solved(t, "fcg", s, out)
	if got := len(s.work.space); got > 2*5+10 {
		t.Errorf("%d vectors", got)
	}
}
