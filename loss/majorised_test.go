package loss

import (
	"math/rand/v2"
	"testing"
)

// The quadratics touch the loss and lie above it.
func TestMajorised(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	for _, l := range []Majorised{Huber(1.3).(Majorised), SmoothHuber(0.02).(Majorised)} {
		for range 2000 {
			eta, y, d := 5*r.NormFloat64(), 5*r.NormFloat64(), 10*r.NormFloat64()
			value, first, second := one(l, eta, y)
			var m [1]float64
			l.Majorise([]float64{eta}, []float64{y}, nil, m[:])
			after, _, _ := one(l, eta+d, y)
			if above := value + first*d + 0.5*m[0]*d*d; after > above*(1+1e-12)+1e-12 || m[0] < second*(1-1e-12) || m[0] > 1 {
				t.Fatalf("%s at η=%g, y=%g: curvature %g (ℓ″ %g), value %g after %g, quadratic %g", l.Name(), eta, y, m[0], second, after, d, above)
			}
			l.Majorise([]float64{eta}, []float64{y}, []float64{3}, m[:])
			if m[0] < 3*second*(1-1e-12) {
				t.Fatalf("%s: the weight is left out", l.Name())
			}
		}
	}
}
