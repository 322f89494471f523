package loss

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"solve/solver"
)

// goldenMin minimises the convex f over [a, b] by golden sections.
func goldenMin(f func(x float64) float64, a, b float64) (x, value float64) {
	const phi = 0.6180339887498949
	c, d := b-phi*(b-a), a+phi*(b-a)
	for range 120 {
		if f(c) <= f(d) {
			b = d
		} else {
			a = c
		}
		c, d = b-phi*(b-a), a+phi*(b-a)
	}
	x = (a + b) / 2
	return x, f(x)
}

// drawSeparable draws one coordinate's penalty; every feature is there or not.
func drawSeparable(r *rand.Rand) *Separable {
	s := &Separable{}
	if r.IntN(3) > 0 {
		s.L1 = []float64{2 * r.Float64()}
	}
	if r.IntN(2) > 0 {
		s.L2 = []float64{2 * r.Float64()}
	}
	if r.IntN(2) > 0 {
		s.Lower = []float64{r.NormFloat64() - 1}
	}
	if r.IntN(2) > 0 {
		s.Upper = []float64{r.NormFloat64() + 1}
		if s.Lower != nil && s.Lower[0] > s.Upper[0] {
			s.Lower, s.Upper = s.Upper, s.Lower
		}
	}
	return s
}

// domain is the box, cut to ±far.
func (s *Separable) domain(far float64) (lower, upper float64) {
	_, _, lower, upper = s.At(0)
	return max(lower, -far), min(upper, far)
}

func TestSeparableProx(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 1))
	for range 3000 {
		s := drawSeparable(r)
		z, step := 3*r.NormFloat64(), 2*r.Float64()
		objective := func(x float64) float64 { return 0.5*(x-z)*(x-z) + step*s.Value([]float64{x}) }
		lower, upper := s.domain(20)
		got := s.Prox(0, z, step)
		want, value := goldenMin(objective, lower, upper)
		if math.Abs(got-want) > 1e-6 || objective(got) > value+1e-14*(1+value) {
			t.Fatalf("%+v: prox(%v, %v) = %v, want %v", s, z, step, got, want)
		}
	}
}

func TestSeparableConjugate(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 2))
	infinite := 0
	for range 3000 {
		s := drawSeparable(r)
		u := 3 * r.NormFloat64()
		const far = 1e4
		lower, upper := s.domain(far)
		got := s.Conjugate([]float64{u})
		x, value := goldenMin(func(x float64) float64 { return s.Value([]float64{x}) - u*x }, lower, upper)
		if math.IsInf(got, 1) {
			infinite++
			if math.Abs(x) < 0.9*far {
				t.Fatalf("%+v: Ω*(%v) = +Inf, but the supremum is at %v", s, u, x)
			}
			continue
		}
		if math.Abs(x) > 0.9*far {
			continue // the maximum lies far out
		}
		if !near(got, -value, 1e-10) {
			t.Fatalf("%+v: Ω*(%v) = %v, want %v", s, u, got, -value)
		}
	}
	if infinite < 100 {
		t.Errorf("only %d infinite conjugates", infinite)
	}
}

func TestSeparableFenchelYoung(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 3))
	for range 20000 {
		s := drawSeparable(r)
		lower, upper := s.domain(5)
		x, u := lower+(upper-lower)*r.Float64(), 3*r.NormFloat64()
		if v := s.Value([]float64{x}) + s.Conjugate([]float64{u}) - u*x; math.IsNaN(v) || v < -1e-13 {
			t.Fatalf("%+v: Ω(%v) + Ω*(%v) − product = %v", s, x, u, v)
		}
	}
}

// dyadic draws multiples of 1/16, for which the arithmetic of a prox with step
// 1/4 and L2 in {0, 4} is exact.
func dyadic(r *rand.Rand, most int) float64 { return float64(r.IntN(2*most+1)-most) / 16 }

func TestSeparableDistanceAtFixedPoints(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 4))
	const step = 0.25
	kinds := map[string]int{}
	for range 50000 {
		s := &Separable{L1: []float64{math.Abs(dyadic(r, 32))}, L2: []float64{4 * float64(r.IntN(2))}}
		if r.IntN(2) == 0 {
			s.Lower = []float64{dyadic(r, 16) - 0.5}
			s.Upper = []float64{s.Lower[0] + math.Abs(dyadic(r, 32))}
		}
		x := s.Prox(0, dyadic(r, 64), step)
		// Every g with x = prox(x − step·g) has −g in ∂Ω(x), and the other way round.
		g := dyadic(r, 128)
		next := s.Prox(0, x-step*g, step)
		d := s.Distance(0, x, g)
		if (next == x) != (d == 0) {
			t.Fatalf("%+v: prox moves %v to %v with g = %v, but the distance is %v", s, x, next, g, d)
		}
		switch {
		case d > 0:
			kinds["moves"]++
		case x == 0:
			kinds["zero"]++
		case s.Lower != nil && (x == s.Lower[0] || x == s.Upper[0]):
			kinds["bound"]++
		default:
			kinds["inside"]++
		}
		if gain := s.Decrease(0, x, g, 1/step); (gain == 0) != (d == 0) {
			t.Fatalf("%+v: decrease %v at distance %v", s, gain, d)
		}
	}
	for _, k := range []string{"moves", "zero", "bound", "inside"} {
		if kinds[k] < 50 {
			t.Errorf("%d points of kind %q", kinds[k], k)
		}
	}
}

// TestSeparableDistance compares with the distance to one-sided slopes.
func TestSeparableDistance(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 5))
	const h = 1e-7
	for range 5000 {
		s := drawSeparable(r)
		lower, upper := s.domain(5)
		x := []float64{lower, upper, 0, lower + (upper-lower)*r.Float64()}[r.IntN(4)]
		if x < lower || x > upper {
			continue
		}
		g := 3 * r.NormFloat64()
		at := s.Value([]float64{x})
		from, to := (at-s.Value([]float64{x - h}))/h, (s.Value([]float64{x + h})-at)/h
		want := max(0, from+g, -g-to)
		if got := s.Distance(0, x, g); math.Abs(got-want) > 1e-6 {
			t.Fatalf("%+v: distance at %v with g = %v is %v, want %v", s, x, g, got, want)
		}
	}
}

func TestSeparableDecrease(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 6))
	for range 5000 {
		s := drawSeparable(r)
		lower, upper := s.domain(5)
		x := []float64{lower, upper, 0, lower + (upper-lower)*r.Float64()}[r.IntN(4)]
		if x < lower || x > upper {
			continue
		}
		g, c := 3*r.NormFloat64(), 0.2+2*r.Float64()
		at := s.Value([]float64{x})
		model := func(v float64) float64 {
			return g*(v-x) + c/2*(v-x)*(v-x) + s.Value([]float64{v}) - at
		}
		from, to := s.domain(100)
		_, value := goldenMin(model, from, to)
		if got := s.Decrease(0, x, g, c); got < 0 || !near(got, -min(value, 0), 1e-9) {
			t.Fatalf("%+v: decrease at %v with g = %v, c = %v is %v, want %v", s, x, g, c, got, -value)
		}
	}
}

func TestSeparableDecreaseWithoutCurvature(t *testing.T) {
	free, box := &Separable{L1: []float64{1}}, &Separable{L1: []float64{1}, Lower: []float64{-2}, Upper: []float64{3}}
	ridge := &Separable{L2: []float64{2}}
	cases := []struct {
		s       *Separable
		x, g, w float64
	}{
		{free, 0, 0.5, 0}, {free, 2, 0.5, 3}, {free, 0, 1.5, math.Inf(1)},
		{box, 0, 1.5, 1}, {box, 1, -2, 2}, {ridge, 0, 4, 4}, {ridge, -2, 4, 0},
	}
	for _, c := range cases {
		if got := c.s.Decrease(0, c.x, c.g, 0); got != c.w {
			t.Errorf("%+v: decrease at %v with g = %v: %v, want %v", c.s, c.x, c.g, got, c.w)
		}
	}
}

func TestSeparableExcluded(t *testing.T) {
	s := &Separable{L1: []float64{math.Inf(1), 0}}
	if v := s.Prox(0, 9, 0); v != 0 {
		t.Errorf("prox %v", v)
	}
	if v := s.Value([]float64{0, 5}); v != 0 {
		t.Errorf("value %v", v)
	}
	if v := s.Value([]float64{1e-300, 5}); !math.IsInf(v, 1) {
		t.Errorf("value %v of a point outside", v)
	}
	if v := s.Conjugate([]float64{1e300, 0}); v != 0 {
		t.Errorf("conjugate %v", v)
	}
	if v := s.Conjugate([]float64{0, 1e-300}); !math.IsInf(v, 1) {
		t.Errorf("conjugate %v for an unpenalised coordinate", v)
	}
	if v := s.Distance(0, 0, 1e9); v != 0 {
		t.Errorf("distance %v", v)
	}
	if v := s.Decrease(0, 1, 0, 1); !math.IsInf(v, 1) {
		t.Errorf("decrease %v from outside", v)
	}
	if v := s.Decrease(0, 0, 1e9, 1); v != 0 {
		t.Errorf("decrease %v", v)
	}
}

func TestSeparableAtAndLengths(t *testing.T) {
	s := &Separable{L1: []float64{1, 2, 3}, L2: []float64{4}, Upper: []float64{7, 8, 9}}
	l1, l2, lower, upper := s.At(2)
	if l1 != 3 || l2 != 4 || !math.IsInf(lower, -1) || upper != 9 {
		t.Error(s.At(2))
	}
	l1, l2, lower, upper = new(Separable).At(5)
	if l1 != 0 || l2 != 0 || !math.IsInf(lower, -1) || !math.IsInf(upper, 1) {
		t.Error(new(Separable).At(5))
	}
}

func TestSeparableValidate(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	cases := []struct {
		s    Separable
		want error
	}{
		{Separable{}, nil},
		{Separable{L1: []float64{0, 1, inf}, L2: []float64{2}, Lower: []float64{0, -inf, 0}, Upper: []float64{inf}}, nil},
		{Separable{L1: []float64{0, 1}}, solver.ErrDimension},
		{Separable{Upper: []float64{0, 1, 2, 3}}, solver.ErrDimension},
		{Separable{L1: []float64{-1}}, solver.ErrNegative},
		{Separable{L1: []float64{nan}}, solver.ErrNonFinite},
		{Separable{L2: []float64{1, 1, inf}}, solver.ErrNonFinite},
		{Separable{L2: []float64{-1e-300}}, solver.ErrNegative},
		{Separable{Lower: []float64{nan}}, solver.ErrNonFinite},
		{Separable{Lower: []float64{inf}}, solver.ErrNonFinite},
		{Separable{Upper: []float64{1, -inf, 1}}, solver.ErrNonFinite},
		{Separable{Lower: []float64{0, 0, 2}, Upper: []float64{1}}, solver.ErrInput},
		{Separable{L1: []float64{inf}, Lower: []float64{1}}, solver.ErrInput},
	}
	for _, c := range cases {
		if err := c.s.Validate(3); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, want %v", c.s, err, c.want)
		}
	}
}
