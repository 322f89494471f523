package multigrid

import (
	"math"
	"testing"
)

// TestSGSBlocks compares the sweeps that share work with plain ones, on a
// matrix cut into three blocks: symmetric l1 Gauss–Seidel is
// (D+L) x₁ = b, (D+U)(x−x₁) = b − A x₁ with D, L and U those of the blocks and
// D enlarged by what leads out of them.
func TestSGSBlocks(t *testing.T) {
	a := amgView(nullLaplacian(t, 300, 8))
	n := a.rows
	dense := a.dense()
	diag := make([]float64, n)
	for i := range diag {
		dense[i][i] += 0.1
		diag[i] = dense[i][i]
	}
	for i := range n {
		for k := a.ptr[i]; k < a.ptr[i+1]; k++ {
			if int(a.col[k]) == i {
				a.val[k] = diag[i]
			}
		}
	}
	cuts := []int{0, 90, 215, n}
	m, err := scaleBlocks[float64](t.Context(), 1, a, diag, cuts, true)
	if err != nil {
		t.Fatal(err)
	}
	l := &amgLevel[float64]{kind: smootherL1SGS, m: m, threads: 2}
	l.x, l.b, l.r = make([]float64, n), normals(n, 1), make([]float64, n)
	l.bindSmoother()
	b := make([]float64, n) // of the unscaled system
	for i := range b {
		b[i] = l.b[i] / m.scale[i]
	}
	plain := newPlainSGS(dense, cuts)

	l.presmooth()
	x := make([]float64, n)
	plain.sweep(x, b, true)
	plain.sweep(x, b, false)
	r := plain.residual(x, b)
	compare(t, "x after two sweeps", l.x, x, m.scale, -1)
	compare(t, "residual", l.r, r, m.scale, 1)

	for i := range x { // a correction from a coarse level
		x[i] += math.Sin(float64(i))
		l.x[i] += math.Sin(float64(i)) / m.scale[i]
	}
	l.residual()
	compare(t, "residual after the correction", l.r, plain.residual(x, b), m.scale, 1)
	l.postsmooth()
	plain.sweep(x, b, true)
	plain.sweep(x, b, false)
	compare(t, "x after four sweeps", l.x, x, m.scale, -1)
}

// compare checks got = scale^power · want.
func compare(t *testing.T, what string, got, want, scale []float64, power float64) {
	t.Helper()
	for i := range got {
		w := want[i] * math.Pow(scale[i], power)
		if math.Abs(got[i]-w) > 1e-10*(1+math.Abs(w)) {
			t.Fatalf("%s: entry %d is %.15g instead of %.15g", what, i, got[i], w)
		}
	}
}

type plainSGS struct {
	a     [][]float64
	block []int
	d     []float64
}

func newPlainSGS(a [][]float64, cuts []int) *plainSGS {
	p := &plainSGS{a, make([]int, len(a)), make([]float64, len(a))}
	for c := range len(cuts) - 1 {
		for i := cuts[c]; i < cuts[c+1]; i++ {
			p.block[i] = c
		}
	}
	for i, row := range a {
		p.d[i] = row[i]
		for j, v := range row {
			if p.block[j] != p.block[i] {
				p.d[i] += math.Abs(v)
			}
		}
	}
	return p
}

func (p *plainSGS) residual(x, b []float64) []float64 {
	r := make([]float64, len(x))
	for i, row := range p.a {
		r[i] = b[i]
		for j, v := range row {
			r[i] -= v * x[j]
		}
	}
	return r
}

func (p *plainSGS) sweep(x, b []float64, forward bool) {
	r, n := p.residual(x, b), len(x)
	delta := make([]float64, n)
	for k := range n {
		i := k
		if !forward {
			i = n - 1 - k
		}
		sum := r[i]
		for j, v := range p.a[i] {
			if j != i && p.block[j] == p.block[i] {
				sum -= v * delta[j] // those not yet swept are zero
			}
		}
		delta[i] = sum / p.d[i]
	}
	for i := range x {
		x[i] += delta[i]
	}
}

// TestSpectralRadius: within some percent of the largest eigenvalue, and not
// above the row bound.
func TestSpectralRadius(t *testing.T) {
	for _, n := range []int{1, 3, 12, 60, 130} {
		a := amgView(poisson(t, 1, n, 2))
		s := &amgSetup{ctx: t.Context(), opt: &AMGOptions{Threads: 1}, a: a}
		if err := s.takeDiagonal(); err != nil {
			t.Fatal(err)
		}
		got, err := spectralRadius(t.Context(), 1, a, s.diag, true)
		if err != nil {
			t.Fatal(err)
		}
		c := 0.0
		if n > 1 {
			c = math.Cos(math.Pi / float64(n+1))
		}
		want := 1 + (2*c+1)/4
		if n == 1 {
			want = 1.5
		}
		if got < 0.95*want || got > 1.15*want {
			t.Errorf("n=%d: %g, exactly %g", n, got, want)
		}
	}
}

// TestChebyshev: on the interval the error polynomial stays below one, and
// equals the scaled Chebyshev polynomial.
func TestChebyshev(t *testing.T) {
	const lambda = 1.7
	low, high := lambda/chebyshevLow, 1.1*lambda
	for degree := 1; degree <= 5; degree++ {
		c := chebyshev[float64](degree, lambda)
		for _, x := range []float64{0.01, 0.3, 0.9, 1.7} {
			e, d := 1.0, 0.0 // of the scalar iteration for x·z = 0 from z = 1
			for _, k := range c {
				d = k.alpha*d - k.beta*x*e
				e += d
			}
			want := chebyshevT(degree, (high+low-2*x)/(high-low)) / chebyshevT(degree, (high+low)/(high-low))
			if math.Abs(e-want) > 1e-12 || math.Abs(e) >= 1 {
				t.Errorf("degree %d at %g: %g instead of %g", degree, x, e, want)
			}
		}
	}
}

func chebyshevT(k int, x float64) float64 {
	a, b := 1.0, x
	for range k {
		a, b = b, 2*x*b-a
	}
	return a
}
