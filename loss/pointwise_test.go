package loss

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"solve/solver"
)

// sample is a loss and how to draw targets for it.
type sample struct {
	loss   Loss
	target func(r *rand.Rand) float64
	twice  bool // twice differentiable everywhere
}

func samples() []sample {
	normal := func(r *rand.Rand) float64 { return 3 * r.NormFloat64() }
	sign := func(r *rand.Rand) float64 { return float64(2*r.IntN(2) - 1) }
	return []sample{
		{Squared(), normal, true},
		{Huber(1.3), normal, false},
		{SmoothHuber(0.7), normal, true},
		{Logistic(), func(r *rand.Rand) float64 { return []float64{0, 1, r.Float64()}[r.IntN(3)] }, true},
		{Poisson(), func(r *rand.Rand) float64 { return []float64{0, float64(r.IntN(9)), 4 * r.Float64()}[r.IntN(3)] }, true},
		{SquaredHinge(), sign, false},
		{Hinge(), sign, false},
	}
}

// one evaluates ℓ, ℓ′ and ℓ″ through the vector interface.
func one(l Loss, eta, y float64) (value, first, second float64) {
	g, h := []float64{math.NaN()}, []float64{math.NaN()}
	value = l.Derivatives([]float64{eta}, []float64{y}, nil, g, h)
	return value, g[0], h[0]
}

func conj(l Loss, t, y float64) float64 {
	return l.Conjugate([]float64{t}, []float64{y}, nil)
}

func each(t *testing.T, f func(t *testing.T, s sample, r *rand.Rand)) {
	for i, s := range samples() {
		t.Run(s.loss.Name(), func(t *testing.T) { f(t, s, rand.New(rand.NewPCG(7, uint64(i)))) })
	}
}

func near(got, want, tol float64) bool {
	return got == want || math.Abs(got-want) <= tol*max(1, math.Abs(want))
}

func TestConjugateOfDerivative(t *testing.T) {
	each(t, func(t *testing.T, s sample, r *rand.Rand) {
		for range 20000 {
			z, y := 6*r.NormFloat64(), s.target(r)
			v, d, _ := one(s.loss, z, y)
			if got, want := conj(s.loss, d, y), z*d-v; !near(got, want, 5e-13) {
				t.Fatalf("ℓ*(ℓ′(%v)) = %v, want %v (y = %v)", z, got, want, y)
			}
		}
	})
}

func TestFenchelYoung(t *testing.T) {
	each(t, func(t *testing.T, s sample, r *rand.Rand) {
		finite := 0
		for range 20000 {
			z, other, y := 4*r.NormFloat64(), 4*r.NormFloat64(), s.target(r)
			v, _, _ := one(s.loss, z, y)
			_, d, _ := one(s.loss, other, y)
			if r.IntN(4) == 0 {
				d *= 1.5 * r.Float64()
			}
			c := conj(s.loss, d, y)
			if math.IsNaN(c) || v+c-z*d < -1e-12*(1+math.Abs(z*d)) {
				t.Fatalf("ℓ(%v) + ℓ*(%v) − product = %v", z, d, v+c-z*d)
			}
			if !math.IsInf(c, 1) {
				finite++
			}
		}
		if finite < 10000 {
			t.Errorf("only %d of the duals were in the domain", finite)
		}
	})
}

func TestConjugateDomain(t *testing.T) {
	out := []struct {
		loss     Loss
		y        float64
		in, outs []float64
	}{
		{Huber(2), 0.5, []float64{-2, 0, 2}, []float64{-2.1, 2.0001}},
		{SmoothHuber(2), 0.5, []float64{-2, 0, 2}, []float64{-2.1, 2.0001}},
		{Logistic(), 0, []float64{0, 0.5, 1}, []float64{-1e-9, 1.000001}},
		{Logistic(), 1, []float64{-1, -0.5, 0}, []float64{1e-9, -1.000001}},
		{Logistic(), 0.25, []float64{-0.25, 0.75}, []float64{-0.2501, 0.7501}},
		{Poisson(), 3, []float64{-3, 100}, []float64{-3.0001}},
		{SquaredHinge(), 1, []float64{0, -5}, []float64{1e-9}},
		{SquaredHinge(), -1, []float64{0, 5}, []float64{-1e-9}},
		{Hinge(), 1, []float64{0, -1}, []float64{1e-9, -1.0001}},
	}
	for _, c := range out {
		for _, v := range c.in {
			if got := conj(c.loss, v, c.y); !isFinite(got) {
				t.Errorf("%s*(%v; %v) = %v, want finite", c.loss.Name(), v, c.y, got)
			}
		}
		for _, v := range append(c.outs, math.Inf(1), math.Inf(-1)) {
			if got := conj(c.loss, v, c.y); c.loss.Name() == "poisson" && v > 0 || c.loss.Name() == "sqhinge" && -v*c.y > 0 {
				continue
			} else if !math.IsInf(got, 1) {
				t.Errorf("%s*(%v; %v) = %v, want +Inf", c.loss.Name(), v, c.y, got)
			}
		}
	}
}

func TestFiniteDifferences(t *testing.T) {
	each(t, func(t *testing.T, s sample, r *rand.Rand) {
		for range 3000 {
			z, y := 3*r.NormFloat64(), s.target(r)
			h := 1e-4
			vp, dp, _ := one(s.loss, z+h, y)
			vm, dm, _ := one(s.loss, z-h, y)
			_, d, second := one(s.loss, z, y)
			_, _, hp := one(s.loss, z+h, y)
			_, _, hm := one(s.loss, z-h, y)
			if !s.twice && hp != hm || s.loss.Name() == "hinge" && dp != dm {
				continue // a kink in between
			}
			scale := 1 + math.Abs(hp)
			if got := (vp - vm) / (2 * h); math.Abs(got-d) > 2e-8*scale {
				t.Fatalf("ℓ′(%v; %v) = %v, difference quotient %v", z, y, d, got)
			}
			if got := (dp - dm) / (2 * h); math.Abs(got-second) > 3e-8*scale {
				t.Fatalf("ℓ″(%v; %v) = %v, difference quotient %v", z, y, second, got)
			}
		}
	})
}

func TestCurvatureAndSelfConcordance(t *testing.T) {
	each(t, func(t *testing.T, s sample, r *rand.Rand) {
		c, m := s.loss.Curvature(), s.loss.SelfConcordance()
		y := s.target(r)
		largest, ratio := 0.0, 0.0
		for i := -4000; i <= 4000; i++ {
			z := y + float64(i)/400
			_, _, second := one(s.loss, z, y)
			largest = max(largest, second)
			const h = 1e-4
			_, _, hp := one(s.loss, z+h, y)
			_, _, hm := one(s.loss, z-h, y)
			if second > 0 && !math.IsInf(m, 1) {
				ratio = max(ratio, math.Abs(hp-hm)/(2*h*second))
			}
		}
		if largest > c {
			t.Errorf("ℓ″ reaches %v, Curvature says %v", largest, c)
		}
		if ratio > m*(1+1e-6) {
			t.Errorf("|ℓ‴|/ℓ″ reaches %v, SelfConcordance says %v", ratio, m)
		}
		if !math.IsInf(m, 1) && ratio < 0.99*m {
			t.Errorf("|ℓ‴|/ℓ″ reaches only %v, SelfConcordance says %v", ratio, m)
		}
		if !math.IsInf(c, 1) {
			for i := -4000; i <= 4000; i++ {
				_, _, second := one(s.loss, float64(i)/400, y)
				largest = max(largest, second)
			}
			if largest < 0.999*c {
				t.Errorf("ℓ″ reaches only %v, Curvature says %v", largest, c)
			}
		}
	})
}

// TestVectorForms compares the vector forms with sums over single samples, for
// many lengths, with and without weights and Hessian.
func TestVectorForms(t *testing.T) {
	each(t, func(t *testing.T, s sample, r *rand.Rand) {
		for n := range 700 {
			if n > 40 && n%37 != 0 {
				continue
			}
			eta, y, w := make([]float64, n), make([]float64, n), make([]float64, n)
			for i := range n {
				eta[i], y[i], w[i] = 4*r.NormFloat64(), s.target(r), float64(r.IntN(3))*r.Float64()
			}
			for _, weights := range [][]float64{nil, w} {
				checkVectorForm(t, s.loss, eta, y, weights)
			}
		}
	})
}

func checkVectorForm(t *testing.T, l Loss, eta, y, w []float64) {
	t.Helper()
	n := len(eta)
	g, h, g2 := make([]float64, n), make([]float64, n), make([]float64, n)
	value := l.Derivatives(eta, y, w, g, h)
	if again := l.Derivatives(eta, y, w, g2, nil); again != value {
		t.Fatalf("n=%d: value %v with ℓ″, %v without", n, value, again)
	}
	sum, c := 0.0, 0.0
	theta := make([]float64, n)
	for i := range eta {
		weight := 1.0
		if w != nil {
			weight = w[i]
		}
		v, d, second := one(l, eta[i], y[i])
		if !near(g[i], weight*d, 1e-15) || !near(h[i], weight*second, 1e-15) || g2[i] != g[i] {
			t.Fatalf("n=%d: sample %d has derivatives %v, %v (%v without ℓ″), want %v, %v", n, i, g[i], h[i], g2[i], weight*d, weight*second)
		}
		sum += weight * v
		c += weight * conj(l, d, y[i])
		theta[i] = weight * d
	}
	if !near(value, sum, 1e-13) || !near(l.Value(eta, y, w), value, 2e-16*4) {
		t.Fatalf("n=%d: value %v and %v, want %v", n, value, l.Value(eta, y, w), sum)
	}
	if got := l.Conjugate(theta, y, w); !near(got, c, 1e-12) {
		t.Fatalf("n=%d: conjugate %v, want %v", n, got, c)
	}
}

func TestZeroWeight(t *testing.T) {
	each(t, func(t *testing.T, s sample, r *rand.Rand) {
		y := []float64{1, 1}
		eta, w := []float64{0.3, 800}, []float64{2, 0}
		g, h := make([]float64, 2), make([]float64, 2)
		want := s.loss.Value(eta[:1], y[:1], w[:1])
		for _, got := range []float64{s.loss.Value(eta, y, w), s.loss.Derivatives(eta, y, w, g, h)} {
			if got != want {
				t.Errorf("value %v, want %v", got, want)
			}
		}
		if g[1] != 0 || h[1] != 0 {
			t.Errorf("derivatives %v, %v of a sample of weight 0", g[1], h[1])
		}
		if got := s.loss.Conjugate(g, y, w); !isFinite(got) {
			t.Errorf("conjugate %v", got)
		}
		if got := s.loss.Conjugate([]float64{g[0], 1e-300}, y, w); !math.IsInf(got, 1) {
			t.Errorf("conjugate %v of a dual on a sample of weight 0, want +Inf", got)
		}
	})
}

func TestExtremeArguments(t *testing.T) {
	huge := []float64{0, 5e-324, -5e-324, 1e-308, 40, -40, 709, -709, 745, 800, -800, 1e15, -1e15, 1e154, 1e308, -1e308}
	each(t, func(t *testing.T, s sample, r *rand.Rand) {
		for range 20 {
			y := s.target(r)
			for _, z := range huge {
				v, d, h := one(s.loss, z, y)
				if math.IsNaN(v) || math.IsNaN(d) || math.IsNaN(h) || h < 0 || math.IsInf(v, -1) {
					t.Fatalf("z = %v, y = %v: %v, %v, %v", z, y, v, d, h)
				}
				if s.loss.Name() != "poisson" && v < 0 {
					t.Fatalf("z = %v, y = %v: value %v < 0", z, y, v)
				}
			}
			if v, d, _ := one(s.loss, math.NaN(), y); !math.IsNaN(v) || !math.IsNaN(d) {
				t.Fatalf("NaN gives %v, %v", v, d)
			}
			if c := conj(s.loss, math.NaN(), y); !math.IsInf(c, 1) && s.loss.Name() != "squared" {
				t.Fatalf("ℓ*(NaN) = %v", c)
			}
		}
	})
	if v, _, _ := one(Poisson(), 800, 3); !math.IsInf(v, 1) {
		t.Errorf("poisson at 800: %v, want +Inf", v)
	}
	for _, z := range []float64{1e300, -math.MaxFloat64} {
		if v, d, h := one(SmoothHuber(1e-10), z, -z); math.IsNaN(v) || d != math.Copysign(1e-10, z) || h != 0 {
			t.Errorf("smooth-huber(%v; %v) = %v, %v, %v", z, -z, v, d, h)
		}
	}
	for _, c := range []struct{ z, y, v, d float64 }{
		{800, 1, 0, 0}, {-800, 0, 0, 0}, {800, 0, 800, 1}, {-800, 1, 800, -1}, {1e308, 1, 0, 0}, {-1e308, 1, 1e308, -1},
	} {
		if v, d, _ := one(Logistic(), c.z, c.y); v != c.v || d != c.d {
			t.Errorf("logistic(%v; %v) = %v, %v, want %v, %v", c.z, c.y, v, d, c.v, c.d)
		}
	}
	// σ(40) − 1 = −e^{−40}, which 1/(1+e^{−40}) − 1 would round to 0.
	if v, d, _ := one(Logistic(), 40, 1); !near(v/math.Exp(-40), 1, 1e-15) || !near(-d/math.Exp(-40), 1, 1e-15) {
		t.Errorf("logistic(40; 1) = %v, %v", v, d)
	}
}

// TestSumsAreCompensated adds a million values of 0.1 and compares with the
// product.
func TestSumsAreCompensated(t *testing.T) {
	const n = 1_000_000
	eta, y, w := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range eta {
		eta[i], w[i] = 1, 0.2
	}
	for _, l := range []Loss{Squared(), Huber(1), Poisson(), Logistic()} {
		v, _, _ := one(l, 1, 0)
		want := n * (0.2 * v)
		if got := l.Value(eta, y, w); math.Abs(got-want) > 3e-16*want {
			t.Errorf("%s: value %v, want %v", l.Name(), got, want)
		}
	}
}

func TestTargets(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	cases := []struct {
		loss Loss
		y    float64
		want error
	}{
		{Squared(), -7, nil}, {Squared(), nan, solver.ErrNonFinite}, {Huber(1), -inf, solver.ErrNonFinite},
		{SmoothHuber(1), inf, solver.ErrNonFinite}, {Logistic(), 0.3, nil}, {Logistic(), -1, solver.ErrInput},
		{Logistic(), 1.0001, solver.ErrInput}, {Logistic(), nan, solver.ErrNonFinite}, {Poisson(), 0, nil},
		{Poisson(), 2.5, nil}, {Poisson(), -1, solver.ErrNegative}, {Poisson(), inf, solver.ErrNonFinite},
		{SquaredHinge(), -1, nil}, {SquaredHinge(), 0, solver.ErrInput}, {Hinge(), 2, solver.ErrInput}, {Hinge(), nan, solver.ErrNonFinite},
	}
	for _, c := range cases {
		err := c.loss.CheckTarget([]float64{1, c.y})
		if !errors.Is(err, c.want) {
			t.Errorf("%s, y = %v: %v, want %v", c.loss.Name(), c.y, err, c.want)
		}
		var target *TargetError
		if c.want != nil && (!errors.As(err, &target) || target.Index != 1 || !strings.Contains(err.Error(), "target 2")) {
			t.Errorf("%s, y = %v: %v", c.loss.Name(), c.y, err)
		}
	}
}

func TestByName(t *testing.T) {
	for _, name := range Names {
		l, err := ByName(name, 1.5)
		if err != nil || l.Name() != name {
			t.Errorf("ByName(%q) = %v, %v", name, l, err)
		}
	}
	for _, c := range []struct {
		name  string
		delta float64
	}{{"lasso", 1}, {"", 1}, {"huber", 0}, {"huber", -1}, {"smooth-huber", math.NaN()}, {"huber", math.Inf(1)}} {
		if _, err := ByName(c.name, c.delta); !errors.Is(err, solver.ErrOption) {
			t.Errorf("ByName(%q, %v): %v", c.name, c.delta, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("Huber(0) doesn't panic")
		}
	}()
	Huber(0)
}
