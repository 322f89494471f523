package kern

import (
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"testing"
)

// double2 is an unevaluated sum hi + lo with about 106 bits.
type double2 struct{ hi, lo float64 }

func twoSum(a, b float64) double2 {
	s := a + b
	t := s - a
	return double2{s, (a - (s - t)) + (b - t)}
}

func twoProd(a, b float64) double2 {
	p := a * b
	return double2{p, math.FMA(a, b, -p)}
}

func (a double2) add(b double2) double2 {
	s := twoSum(a.hi, b.hi)
	t := twoSum(a.lo, b.lo)
	s = twoSum(s.hi, s.lo+t.hi)
	return twoSum(s.hi, s.lo+t.lo)
}

func (a double2) mul(b double2) double2 {
	p := twoProd(a.hi, b.hi)
	return twoSum(p.hi, p.lo+(a.hi*b.lo+a.lo*b.hi))
}

// The first three 53-bit pieces of ln 2 are enough for k·ln2, |k| ≤ 1100.
var ln2Pieces = [3]float64{0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56, 0x1.7b57a079a1934p-111}

// inverseFactorial holds 1/n!.
var inverseFactorial = func() (f [24]double2) {
	w := big.NewFloat(1).SetPrec(200)
	for n := range f {
		if n > 1 {
			w.Quo(w, big.NewFloat(float64(n)))
		}
		hi, _ := w.Float64()
		lo, _ := new(big.Float).Sub(w, big.NewFloat(hi)).Float64()
		f[n] = double2{hi, lo}
	}
	return f
}()

// refExp returns p and k with e^x = p·2^k and p in about [0.7, 1.42].
func refExp(x float64) (p double2, k int) {
	kf := math.RoundToEven(x * math.Log2E)
	r := double2{hi: x}
	for _, l := range ln2Pieces {
		r = r.add(twoProd(-kf, l))
	}
	for n := len(inverseFactorial) - 1; n >= 0; n-- {
		p = p.mul(r).add(inverseFactorial[n])
	}
	return p, int(kf)
}

// expError returns |got − e^x| in ulps of e^x.
func expError(x, got float64) float64 {
	p, k := refExp(x)
	_, e := math.Frexp(p.hi)
	ulp := math.Ldexp(1, max(e-53, -1074-k))
	if p.hi+p.lo > 0 && math.Ldexp(p.hi, k) > math.MaxFloat64 {
		if math.IsInf(got, 1) {
			return 0
		}
		return math.Inf(1)
	}
	half := k / 2
	g := math.Ldexp(math.Ldexp(got, -half), half-k)
	return math.Abs((g-p.hi)-p.lo) / ulp
}

func TestReferenceExp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for i := 0; i < 200; i++ {
		x := 1400*r.Float64() - 700
		p, k := refExp(x)
		const prec = 400
		sum, term := big.NewFloat(1).SetPrec(prec), big.NewFloat(1).SetPrec(prec)
		y := new(big.Float).SetMantExp(big.NewFloat(x).SetPrec(prec), -12)
		for n := 1; n < 60; n++ {
			term.Mul(term, y).Quo(term, big.NewFloat(float64(n)))
			sum.Add(sum, term)
		}
		for i := 0; i < 12; i++ {
			sum.Mul(sum, sum)
		}
		sum.SetMantExp(sum, -k)
		sum.Sub(sum, big.NewFloat(p.hi)).Sub(sum, big.NewFloat(p.lo))
		if d, _ := sum.Float64(); math.Abs(d) > 1e-28 {
			t.Fatalf("e^%v: the reference is off by %g", x, d)
		}
	}
}

// expArguments returns n random arguments and those around every k·ln2,
// (k+½)·ln2 and the limits of the range.
func expArguments(n int) []float64 {
	r := rand.New(rand.NewPCG(2, 3))
	x := make([]float64, 0, n+30000)
	for len(x) < n {
		switch len(x) % 3 {
		case 0:
			x = append(x, -746+1457*r.Float64())
		case 1:
			x = append(x, -40*r.Float64())
		default:
			x = append(x, math.Ldexp(2*r.Float64()-1, -r.IntN(80)))
		}
	}
	centres := []float64{709.782712893384, -745.1332191019412, -708.3964185322641, -708.0498, 710.1, 0}
	for k := -1080; k <= 1026; k++ {
		centres = append(centres, float64(k)*math.Ln2, (float64(k)+0.5)*math.Ln2)
	}
	for _, c := range centres {
		below, above := c, c
		x = append(x, c)
		for i := 0; i < 3; i++ {
			below, above = math.Nextafter(below, math.Inf(-1)), math.Nextafter(above, math.Inf(1))
			x = append(x, below, above)
		}
	}
	return x
}

func longRun() bool { return os.Getenv("SOLVE_LONG") == "1" }

func TestExpAccuracy(t *testing.T) {
	n := 100_000
	if longRun() {
		n = 10_000_000
	}
	x := expArguments(n)
	y := make([]float64, len(x))
	withISA(t, func(t *testing.T) {
		Exp(y, x)
		worst, at := 0.0, 0.0
		for i, v := range x {
			if isa == isaAVX2 && y[i] == 0 && v < -708 {
				continue
			}
			if e := expError(v, y[i]); !(e <= worst) {
				worst, at = e, v
			}
		}
		t.Logf("largest error %.2f ulp, at %v", worst, at)
		if !(worst <= 2) {
			t.Errorf("error of %.2f ulp at %v", worst, at)
		}
	})
}

func TestExpSpecials(t *testing.T) {
	cases := []struct{ x, want float64 }{
		{0, 1}, {math.Copysign(0, -1), 1}, {5e-324, 1}, {-5e-324, 1}, {1e-300, 1},
		{math.Inf(1), math.Inf(1)}, {math.Inf(-1), 0}, {math.NaN(), math.NaN()}, {-math.NaN(), math.NaN()},
		{710, math.Inf(1)}, {1e6, math.Inf(1)}, {1e300, math.Inf(1)}, {math.MaxFloat64, math.Inf(1)},
		{-746, 0}, {-1e6, 0}, {-1e300, 0}, {-math.MaxFloat64, 0},
	}
	withISA(t, func(t *testing.T) {
		for _, c := range cases {
			for n := 1; n <= 40; n++ {
				x := make([]float64, n)
				x[n-1] = c.x
				Exp(x, x)
				if got := x[n-1]; got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
					t.Fatalf("Exp(%v)=%v with %d entries, want %v", c.x, got, n, c.want)
				}
			}
		}
	})
}

// logError returns |got − ln x| in ulps of ln x, from one Newton step of
// e^y = x in double2.
func logError(x, got float64) float64 {
	p, k := refExp(-got)
	fx, ex := math.Frexp(x)
	t := twoProd(fx, p.hi)
	scale := math.Ldexp(1, ex+k)
	delta := (t.hi*scale - 1) + (t.lo+fx*p.lo)*scale
	delta -= delta * delta / 2
	_, e := math.Frexp(got + delta)
	return math.Abs(delta) / math.Ldexp(1, max(e-53, -1074))
}

func TestLogAccuracy(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 5))
	var x []float64
	for i := 0; i < 100_000; i++ {
		switch i % 3 {
		case 0:
			x = append(x, math.Float64frombits(r.Uint64N(0x7ff0000000000000)))
		case 1:
			x = append(x, 1+r.Float64()-0.5)
		default:
			x = append(x, math.Ldexp(1+r.Float64(), -1022-r.IntN(52)))
		}
	}
	for k := -1074; k <= 1023; k++ {
		v := math.Ldexp(1, k)
		x = append(x, v, v*math.Sqrt2, math.Nextafter(v, 0), math.Nextafter(v, 2*v))
	}
	y := make([]float64, len(x))
	withISA(t, func(t *testing.T) {
		Log(y, x)
		worst, at := 0.0, 0.0
		for i, v := range x {
			if v == 0 || v == 1 {
				continue
			}
			if e := logError(v, y[i]); !(e <= worst) {
				worst, at = e, v
			}
		}
		t.Logf("largest error %.2f ulp, at %v", worst, at)
		if !(worst <= 2) {
			t.Errorf("error of %.2f ulp at %v", worst, at)
		}
		special := []float64{0, math.Copysign(0, -1), 1, math.Inf(1), -1, math.Inf(-1), math.NaN(), -5e-324}
		want := []float64{math.Inf(-1), math.Inf(-1), 0, math.Inf(1), math.NaN(), math.NaN(), math.NaN(), math.NaN()}
		Log(special, special)
		compareVec(t, "specials", special, want, 0)
	})
}
