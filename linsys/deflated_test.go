package linsys

import (
	"context"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// Ritz vectors: orthonormal, and WᵀA W is the diagonal of the Ritz values.
func TestRitzVectors(t *testing.T) {
	n, k := 60, 7
	a := randomSPD(81, n)
	s := newSystem(operatorOf(a), normals(82, n))
	s.reset()
	l := s.newLoop(context.Background())
	l.normB = norm2(s.b)
	w := ritzVectors(l, k)
	if len(w) != k {
		t.Fatalf("%d vectors", len(w))
	}
	m := mat.NewDense(n, k, nil)
	for j, x := range w {
		m.SetCol(j, x)
	}
	var gram, aw, energy mat.Dense
	gram.Mul(m.T(), m)
	aw.Mul(a, m)
	energy.Mul(m.T(), &aw)
	for i := range k {
		for j := range k {
			want := 0.0
			if i == j {
				want = 1
			} else if e := energy.At(i, j); math.Abs(e) > 1e-12 {
				t.Errorf("(WᵀA W)[%d,%d] = %g", i, j, e)
			}
			if math.Abs(gram.At(i, j)-want) > 1e-12 {
				t.Errorf("(WᵀW)[%d,%d] = %g", i, j, gram.At(i, j))
			}
		}
	}
}

// The Lanczos process from a combination of three eigenvectors ends with the
// solution itself.
func TestDeflationOfInvariantSpace(t *testing.T) {
	d := []float64{1, 2, 3, 4, 5, 6, 7, 8}
	s := newSystem(diagonal(t, d...), []float64{0, 1, 0, 0, 1, 0, 0, 1})
	s.deflate = 6
	out := deflatedCG(context.Background(), s)
	solved(t, "dpcg", s, out)
	if out.iterations != 0 || distance(s.x, []float64{0, 0.5, 0, 0, 0.2, 0, 0, 0.125}) > 1e-14 {
		t.Errorf("x = %v after %d iterations", s.x, out.iterations)
	}
}

// Wᵀr = 0 holds along the way, and without a preconditioner the iterates go on
// where CG would be after k steps.
func TestDeflatedCGContinuesCG(t *testing.T) {
	n, k := 80, 5
	a := randomSPD(83, n)
	b := normals(84, n)
	for extra := 1; extra < 6; extra++ {
		s := newSystem(operatorOf(a), b)
		s.deflate, s.maxIter, s.tol = k, extra, 0
		out := deflatedCG(context.Background(), s)
		honest(t, "dpcg", s, out)
		c := newSystem(operatorOf(a), b)
		c.maxIter, c.tol = k+extra, 0
		cg(context.Background(), c)
		if d := distance(s.x, c.x); d > 1e-9*norm2(c.x) {
			t.Errorf("%d iterations after deflation: off CG's by %g", extra, d)
		}
	}
}

// Isolated small eigenvalues that b contains are deflated.
func TestDeflationSavesIterations(t *testing.T) {
	n := 400
	d := make([]float64, n)
	for i := range d {
		d[i] = 1 + float64(i)/float64(n)
	}
	d[0], d[1], d[2] = 1e-4, 1e-3, 1e-2
	b := make([]float64, n)
	for i := range b {
		b[i] = 0.05
	}
	b[0], b[1], b[2] = 1, 1, 1
	m := make(jacobi, n) // varied, so that A M⁻¹ has another Krylov space
	for i := range m {
		m[i] = 1 + 0.3*math.Sin(float64(i))
	}
	count := func(run method) int {
		s := newSystem(diagonal(t, d...), b)
		s.m, s.deflate = m, 12
		out := run(context.Background(), s)
		solved(t, "deflation", s, out)
		return out.iterations
	}
	if plain, deflated := count(cg), count(deflatedCG); deflated >= plain {
		t.Errorf("%d iterations, %d with deflation", plain, deflated)
	}
}
