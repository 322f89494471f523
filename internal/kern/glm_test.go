package kern

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// glmCase makes a vectorKernel's run from a kernel: v holds grad, hess, η, y
// and w, of order 1, which are brought to the kernel's domain.
func glmCase(scale, most float64, kernel func(grad, hess, eta, y, w []float64) (sum, err float64)) func(v [][]float64) []float64 {
	return func(v [][]float64) []float64 {
		for i := range v[2] {
			if math.Abs(v[2][i]) <= 1 {
				v[2][i] *= scale
			}
			v[3][i] = min(math.Abs(v[3][i]), 1) * most
			v[4][i] = min(max(v[4][i]+0.2, 0), 1)
		}
		sum, err := kernel(v[0], v[1], v[2], v[3], v[4])
		if math.IsInf(sum, 0) || math.IsNaN(sum) {
			return []float64{sum, sum}
		}
		return []float64{sum, sum + err}
	}
}

func valueCase(scale, most float64, kernel func(eta, y, w []float64) (sum, err float64)) func(v [][]float64) []float64 {
	return glmCase(scale, most, func(_, _, eta, y, w []float64) (sum, err float64) { return kernel(eta, y, w) })
}

func TestGLMKernels(t *testing.T) {
	kernels := []vectorKernel{
		{name: "Logistic", in: 5, run: glmCase(40, 1, Logistic), tol: 2e-15, lo: -1, hi: 1, odd: plant(specials)},
		{name: "Logistic near 0", in: 5, run: glmCase(1, 1, Logistic), tol: 2e-15, lo: -1, hi: 1},
		{name: "LogisticValue", in: 5, run: valueCase(40, 1, LogisticValue), tol: 2e-15, lo: -1, hi: 1, odd: plant(specials)},
		{name: "Poisson", in: 5, run: glmCase(9, 5, Poisson), tol: 2e-15, lo: -1, hi: 1, odd: plant(specials)},
		{name: "SquaredError", in: 5, run: glmCase(9, 5, func(grad, _, eta, y, w []float64) (sum, err float64) { return SquaredError(grad, eta, y, w) }), tol: 2e-15, lo: -1, hi: 1, odd: plant(moderate)},
		{name: "SquaredErrorValue", in: 5, run: valueCase(9, 5, SquaredErrorValue), tol: 2e-15, lo: -1, hi: 1, odd: plant(moderate)},
		{name: "BinaryEntropy", in: 2, run: func(v [][]float64) []float64 { BinaryEntropy(v[0], v[1]); return nil }, tol: 1e-15, lo: 0, hi: 0.5, odd: plant([]float64{0, math.NaN(), 5e-324, 1e-300, 0.5})},
		{name: "BinaryEntropy in place", in: 1, run: func(v [][]float64) []float64 { BinaryEntropy(v[0], v[0]); return nil }, tol: 1e-15, lo: 0, hi: 0.5},
		{name: "PoissonValue", in: 5, run: valueCase(9, 5, PoissonValue), tol: 2e-15, lo: -1, hi: 1, odd: plant(specials)},
	}
	for _, k := range kernels {
		t.Run(k.name, func(t *testing.T) { withISA(t, func(t *testing.T) { testVectorKernel(t, k) }) })
	}
}

// TestGLMValueBits: the value kernels return the very sums of the full ones.
func TestGLMValueBits(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	withISA(t, func(t *testing.T) {
		for n := 0; n < 300; n++ {
			eta, y, w, grad, hess := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
			for i := range eta {
				eta[i], y[i], w[i] = 5*r.NormFloat64(), r.Float64(), float64(r.IntN(3))
			}
			s1, e1 := Logistic(grad, hess, eta, y, w)
			s2, e2 := LogisticValue(eta, y, w)
			s3, e3 := Poisson(grad, hess, eta, y, w)
			s4, e4 := PoissonValue(eta, y, w)
			s5, e5 := SquaredError(grad, eta, y, w)
			s6, e6 := SquaredErrorValue(eta, y, w)
			if s1 != s2 || e1 != e2 || s3 != s4 || e3 != e4 || s5 != s6 || e5 != e6 {
				t.Fatalf("n=%d: %v %v, %v %v, %v %v, %v %v, %v %v, %v %v", n, s1, e1, s2, e2, s3, e3, s4, e4, s5, e5, s6, e6)
			}
		}
	})
}

func (a double2) neg() double2 { return double2{-a.hi, -a.lo} }

// inverse returns 1/a.
func (a double2) inverse() double2 {
	q := 1 / a.hi
	rest := double2{hi: 1}.add(a.mul(double2{hi: q}).neg())
	return twoSum(q, rest.hi/a.hi)
}

// logisticReference returns ln(1+e^{−a}), σ(−a) and σ(a)σ(−a) for 0 ≤ a ≤ 700.
func logisticReference(a float64) (log1p, tail, product double2) {
	p, k := refExp(-a)
	e := double2{math.Ldexp(p.hi, k), math.Ldexp(p.lo, k)}
	one := double2{hi: 1}
	r := one.add(e).inverse()
	tail = e.mul(r)
	product = tail.mul(r)
	if e.hi < 1e-12 { // the next term is below 1e-36 of the first
		half := e.mul(e)
		return e.add(double2{-half.hi / 2, -half.lo / 2}).add(half.mul(e).mul(double2{hi: 1}.mul(double2{hi: 3}.inverse()))), tail, product
	}
	// One Newton step of e^L = 1+e from the rounded logarithm.
	l := math.Log1p(e.hi)
	p, k = refExp(-l)
	p = double2{math.Ldexp(p.hi, k), math.Ldexp(p.lo, k)}
	delta := one.add(e).mul(p).add(double2{hi: -1})
	return double2{hi: l}.add(delta), tail, product
}

func ulps(got float64, want double2) float64 {
	_, e := math.Frexp(want.hi)
	return math.Abs((got-want.hi)-want.lo) / math.Ldexp(1, max(e-53, -1074))
}

// TestLogisticAccuracy bounds the error of every result for both labels and
// both signs of η.
func TestLogisticAccuracy(t *testing.T) {
	n := 60_000
	if longRun() {
		n = 5_000_000
	}
	r := rand.New(rand.NewPCG(9, 9))
	a := make([]float64, 0, n+200)
	for len(a) < n {
		switch len(a) % 4 {
		case 0:
			a = append(a, 690*r.Float64())
		case 1:
			a = append(a, 4*r.Float64())
		case 2:
			a = append(a, 40*r.Float64())
		default:
			a = append(a, math.Ldexp(r.Float64(), -r.IntN(60)))
		}
	}
	for k := 0; k < 40; k++ {
		v := float64(k) * math.Ln2 / 2
		a = append(a, v, math.Nextafter(v, 1000), math.Abs(math.Nextafter(v, 0)))
	}
	withISA(t, func(t *testing.T) {
		worst := map[string]float64{}
		see := func(what string, got float64, want double2) {
			worst[what] = max(worst[what], ulps(got, want))
		}
		var g, h [1]float64
		for _, v := range a {
			log1p, tail, product := logisticReference(v)
			head := double2{hi: 1}.add(tail.neg())
			value := func(eta, y float64) float64 {
				s, _ := Logistic(g[:], h[:], []float64{eta}, []float64{y}, []float64{1})
				return s
			}
			see("ln(1+e^−a)", value(v, 1), log1p)
			see("σ(−a)", -g[0], tail)
			see("σ(1−σ)", h[0], product)
			see("σ(a)", func() float64 { value(v, 0); return g[0] }(), head)
			if v == 0 {
				continue
			}
			see("ln(1+e^−a)", value(-v, 0), log1p)
			see("σ(−a)", g[0], tail)
			see("σ(1−σ)", h[0], product)
		}
		t.Logf("largest errors in ulp: %v", fmt.Sprint(worst))
		for what, e := range worst {
			if !(e <= 4) {
				t.Errorf("%s: error of %.2f ulp", what, e)
			}
		}
	})
}

func TestBinaryEntropyAccuracy(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 9))
	var a []float64
	for len(a) < 20_000 {
		a = append(a, 0.5*r.Float64(), math.Ldexp(0.5+0.5*r.Float64(), -r.IntN(900)))
	}
	a = append(a, 0.5, math.Nextafter(0.5, 0), 0x1p-54, 0x1p-53)
	got := make([]float64, len(a))
	withISA(t, func(t *testing.T) {
		BinaryEntropy(got, a)
		worst, at := 0.0, 0.0
		for i, v := range a {
			if v > 0.5 {
				continue
			}
			b := twoSum(1, -v)
			want := double2{hi: v}.mul(logReference(double2{hi: v})).add(b.mul(logReference(b)))
			if e := ulps(got[i], want); !(e <= worst) {
				worst, at = e, v
			}
		}
		t.Logf("largest error %.2f ulp, at %v", worst, at)
		if !(worst <= 4) {
			t.Errorf("error of %.2f ulp at %v", worst, at)
		}
	})
}

// logReference returns ln v by one Newton step from the rounded logarithm.
func logReference(v double2) double2 {
	l := math.Log(v.hi)
	if v.hi == 1 {
		return double2{hi: v.lo} // the next term is below 1e-32
	}
	p, k := refExp(-l)
	f, e := math.Frexp(v.hi)
	delta := double2{f, math.Ldexp(v.lo, -e)}.mul(p)
	delta = double2{math.Ldexp(delta.hi, e+k), math.Ldexp(delta.lo, e+k)}.add(double2{hi: -1})
	half := delta.mul(delta)
	return double2{hi: l}.add(delta).add(double2{-half.hi / 2, -half.lo / 2})
}

func TestGLMSpecials(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	cases := []struct{ eta, y, w, value, grad, hess float64 }{
		{0, 0, 1, math.Ln2, 0.5, 0.25}, {math.Copysign(0, -1), 1, 1, math.Ln2, -0.5, 0.25},
		{800, 1, 1, 0, 0, 0}, {800, 0, 2, 1600, 2, 0}, {-800, 1, 1, 800, -1, 0}, {-800, 0, 1, 0, 0, 0},
		{math.MaxFloat64, 0, 1, math.MaxFloat64, 1, 0}, {-math.MaxFloat64, 1, 0.5, math.MaxFloat64 / 2, -0.5, 0},
		{inf, 0.5, 1, inf, 0.5, 0}, {nan, 0.5, 1, nan, nan, nan}, {nan, 0.5, 0, 0, 0, 0}, {inf, 1, 0, 0, 0, 0},
		{1, nan, 1, nan, nan, 0.19661193324148185}, {5e-324, 0, 1, math.Ln2, 0.5, 0.25},
	}
	counts := []struct{ eta, y, w, value, grad, hess float64 }{
		{0, 0, 1, 1, 1, 1}, {0, 3, 2, 2, -4, 2}, {-800, 2, 1, 1600, -2, 0}, {800, 2, 1, inf, inf, inf},
		{math.MaxFloat64, 2, 1, inf, inf, inf}, {-math.MaxFloat64, 1, 1, math.MaxFloat64, -1, 0},
		{800, 2, 0, 0, 0, 0}, {nan, 2, 0, 0, 0, 0}, {nan, 2, 1, nan, nan, nan},
	}
	withISA(t, func(t *testing.T) {
		for n := 1; n <= 20; n++ {
			for _, c := range cases {
				checkGLMSpecial(t, Logistic, n, c.eta, c.y, c.w, []float64{c.value, c.grad, c.hess})
			}
			for _, c := range counts {
				checkGLMSpecial(t, Poisson, n, c.eta, c.y, c.w, []float64{c.value, c.grad, c.hess})
			}
		}
	})
}

// checkGLMSpecial puts the sample last among n, the others of weight 0.
func checkGLMSpecial(t *testing.T, kernel func(grad, hess, eta, y, w []float64) (sum, err float64), n int, eta, y, w float64, want []float64) {
	t.Helper()
	v := make([][]float64, 5)
	for i := range v {
		v[i] = make([]float64, n)
	}
	v[2][n-1], v[3][n-1], v[4][n-1] = eta, y, w
	sum, _ := kernel(v[0], v[1], v[2], v[3], v[4])
	got := []float64{sum, v[0][n-1], v[1][n-1]}
	compareVec(t, fmt.Sprintf("η=%v y=%v w=%v n=%d", eta, y, w, n), got, want, 2e-16)
	for i := range n - 1 {
		if v[0][i] != 0 || v[1][i] != 0 {
			t.Fatalf("derivatives %v, %v of a sample of weight 0", v[0][i], v[1][i])
		}
	}
}

// TestGLMSumIsCompensated: sum + err of values that cancel in plain sums.
func TestGLMSumIsCompensated(t *testing.T) {
	const n = 4096
	eta, y, w := make([]float64, n), make([]float64, n), make([]float64, n)
	withISA(t, func(t *testing.T) {
		want := double2{}
		for i := range eta {
			w[i] = math.Ldexp(1, (i*7919)%60)
			v, _ := LogisticValue(eta[:1], y[:1], w[i:i+1])
			want = want.add(double2{hi: v})
		}
		sum, err := LogisticValue(eta, y, w)
		if d := ((sum - want.hi) - want.lo) + err; math.Abs(d) > 1e-28*want.hi {
			t.Errorf("the sum is off by %g of %g", d, want.hi)
		}
	})
}
