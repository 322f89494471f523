package verify

import (
	"errors"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

func randomSVM(seed uint64, n, p int, squared, intercept bool) (*SVM, *matrix.Dense) {
	r := rng.New(seed)
	x, _ := matrix.NewDense(n, p, make([]float64, n*p))
	for k := range x.Data {
		x.Data[k] = r.Normal()
	}
	s := &SVM{X: x, L2: 0.3, Squared: squared, Intercept: intercept}
	for i := range n {
		s.Y = append(s.Y, float64(2*(i%2)-1))
		s.W = append(s.W, 0.1+r.Float64())
		s.Offset = append(s.Offset, 0.2*r.Normal())
	}
	return s, x
}

// dual is D(α), written out.
func (s *SVM) dual(x *matrix.Dense, alpha []float64) float64 {
	v := make([]float64, x.Cols)
	d := 0.0
	for i, a := range alpha {
		d += a * (1 - s.Y[i]*s.Offset[i])
		if s.Squared {
			d -= a * a * s.L2 / (2 * s.W[i])
		}
		for j := range v {
			v[j] += a * s.Y[i] * x.Row(i)[j]
		}
	}
	for _, t := range v {
		d -= t * t / 2
	}
	return s.L2 * d
}

func TestSVMGapIsPrimalMinusDual(t *testing.T) {
	for _, squared := range []bool{false, true} {
		s, x := randomSVM(1, 30, 4, squared, false)
		r := rng.New(2)
		alpha, w := make([]float64, 30), make([]float64, 4)
		for i := range alpha {
			alpha[i] = r.Float64() * s.W[i] / s.L2
		}
		for j := range w {
			w[j] = r.Normal()
		}
		c, err := s.Certify(w, 0, alpha)
		if err != nil {
			t.Fatal(err)
		}
		if want := c.Objective - s.dual(x, alpha); math.Abs(c.Gap-want) > 1e-12*want {
			t.Errorf("squared=%v: gap %v, P − D = %v", squared, c.Gap, want)
		}
		sparse, _ := x.ToCSR()
		for _, form := range []any{sparse, sparse.ToCSC()} {
			s.X = form
			if again, _ := s.Certify(w, 0, alpha); math.Abs(again.Gap-c.Gap) > 1e-13*c.Gap {
				t.Errorf("squared=%v: gap %v of %T, %v of the dense matrix", squared, again.Gap, form, c.Gap)
			}
		}
	}
}

func TestSVMRefusesWhatProvesNothing(t *testing.T) {
	s, _ := randomSVM(3, 10, 2, false, false)
	w, alpha := []float64{0.1, -0.2}, make([]float64, 10)
	for name, change := range map[string]func(){
		"negative":    func() { alpha[3] = -1e-9 },
		"above C":     func() { alpha[3] = s.W[3] / s.L2 * 1.0001 },
		"NaN":         func() { alpha[3] = math.NaN() },
		"zero weight": func() { s.W[4], alpha[4] = 0, 0.1 },
	} {
		clear(alpha)
		change()
		c, err := s.Certify(w, 0, alpha)
		if err != nil || !math.IsInf(c.Gap, 1) || c.Certificates(1e-6, 1)[0].OK {
			t.Errorf("%s: gap %v, %v", name, c.Gap, err)
		}
	}
	if _, err := s.Certify(w, 0, alpha[:4]); !errors.Is(err, solver.ErrDimension) {
		t.Errorf("short α: %v", err)
	}
	s.L2 = 0
	if _, err := s.Certify(w, 0, alpha); !errors.Is(err, solver.ErrInput) {
		t.Errorf("no ridge: %v", err)
	}
}

func TestSVMInterceptIsBest(t *testing.T) {
	for _, squared := range []bool{false, true} {
		for seed := range uint64(20) {
			s, _ := randomSVM(seed, 25, 2, squared, true)
			eta := make([]float64, 25)
			r := rng.New(seed + 100)
			for i := range eta {
				eta[i] = r.Normal()
			}
			value := func(x0 float64) float64 {
				sum := 0.0
				for i, y := range s.Y {
					sum += s.W[i] * s.loss(1-y*(eta[i]+x0+s.Offset[i]))
				}
				return sum
			}
			best := s.BestIntercept(eta)
			for k := range 4001 {
				if x0 := float64(k-2000) / 400; value(x0) < value(best)-1e-12 {
					t.Fatalf("squared=%v seed %d: %v at %v, %v at %v", squared, seed, value(best), best, value(x0), x0)
				}
			}
		}
	}
}

func TestSVMBalancesTheDualPoint(t *testing.T) {
	// With an intercept the gap must bound what no α of unequal classes could.
	s, x := randomSVM(6, 20, 3, false, true)
	alpha := make([]float64, 20)
	for i := range alpha {
		alpha[i] = s.W[i] / s.L2 * float64(1+i%2) / 2
	}
	w := []float64{0.3, 0.1, -0.4}
	c, err := s.Certify(w, 0.2, alpha)
	if err != nil {
		t.Fatal(err)
	}
	sum := map[float64]float64{}
	for i, a := range alpha {
		sum[s.Y[i]] += a
	}
	for i := range alpha {
		if y := s.Y[i]; sum[y] > sum[-y] {
			alpha[i] *= sum[-y] / sum[y]
		}
	}
	if want := c.Objective - s.dual(x, alpha); math.Abs(c.Gap-want) > 1e-12*math.Abs(want) {
		t.Errorf("gap %v, P − D of the balanced point %v", c.Gap, want)
	}
}
