package loss

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"solve/solver"
)

func drawSoftmax(r *rand.Rand, n, k int, scale float64) (eta []float64, class []int, w []float64) {
	eta, class, w = make([]float64, n*k), make([]int, n), make([]float64, n)
	for i := range eta {
		eta[i] = scale * r.NormFloat64()
	}
	for i := range class {
		class[i], w[i] = r.IntN(k), float64(r.IntN(3))*r.Float64()
	}
	return eta, class, w
}

// TestSoftmaxFormula compares with sums over math.Exp, for class counts below
// and above the block.
func TestSoftmaxFormula(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, k := range []int{2, 3, 7, 10, 255, 257, 512, 513, 1500} {
		s := Softmax{k}
		n := 1 + 1200/k
		eta, class, w := drawSoftmax(r, n, k, 3)
		for _, weights := range [][]float64{nil, w} {
			grad, prob := make([]float64, n*k), make([]float64, n*k)
			value := s.Derivatives(eta, class, weights, grad, prob)
			want := 0.0
			for i, c := range class {
				weight := 1.0
				if weights != nil {
					weight = weights[i]
				}
				z := 0.0
				for _, v := range eta[i*k : (i+1)*k] {
					z += math.Exp(v)
				}
				want += weight * (math.Log(z) - eta[i*k+c])
				for l := range k {
					p := math.Exp(eta[i*k+l]) / z
					g := p
					if l == c {
						g--
					}
					if !near(prob[i*k+l], p, 1e-14) || !near(grad[i*k+l], weight*g, 1e-14) {
						t.Fatalf("K=%d sample %d class %d: π %v, gradient %v, want %v, %v", k, i, l, prob[i*k+l], grad[i*k+l], p, weight*g)
					}
				}
			}
			if !near(value, want, 1e-13) || value != s.Value(eta, class, weights) {
				t.Fatalf("K=%d: value %v and %v, want %v", k, value, s.Value(eta, class, weights), want)
			}
			wantConj := -value
			for i, g := range grad {
				wantConj += g * eta[i]
			}
			if got := s.Conjugate(grad, class, weights); !near(got, wantConj, 1e-12) {
				t.Fatalf("K=%d: conjugate of the gradient %v, want %v", k, got, wantConj)
			}
		}
	}
}

// TestSoftmaxIsLogistic: two classes with predictors (0, η) are the logistic loss.
func TestSoftmaxIsLogistic(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		z, c := 10*r.NormFloat64(), r.IntN(2)
		g, p := make([]float64, 2), make([]float64, 2)
		v := Softmax{2}.Derivatives([]float64{0, z}, []int{c}, nil, g, p)
		lv, lg, lh := one(Logistic(), z, float64(c))
		h := make([]float64, 2)
		Softmax{2}.HessianMul(h, p, nil, []float64{0, 1})
		if math.Abs(v-lv) > 4e-16*lv || math.Abs(g[1]-lg) > 1e-15*math.Abs(lg) || math.Abs(h[1]-lh) > 4e-16 {
			t.Fatalf("η = %v, class %d: %v %v %v, logistic %v %v %v", z, c, v, g[1], h[1], lv, lg, lh)
		}
	}
}

func TestSoftmaxShiftInvariance(t *testing.T) {
	s := Softmax{4}
	eta := []float64{1, 2, 3, 4, -1, 0, 0, 5}
	want := s.Value(eta, []int{1, 3}, nil)
	for _, c := range []float64{-1024, 700, 1 << 40} {
		shifted := make([]float64, len(eta))
		for i, v := range eta {
			shifted[i] = v + c
		}
		if got := s.Value(shifted, []int{1, 3}, nil); !near(got, want, 1e-15) {
			t.Errorf("shift %v: %v, want %v", c, got, want)
		}
	}
	g := make([]float64, 4)
	if v := (Softmax{4}).Derivatives([]float64{1e308, -1e308, 0, 5e-324}, []int{1}, nil, g, nil); !math.IsInf(v, 1) || g[0] != 1 || g[1] != -1 {
		t.Errorf("extreme predictors: %v, %v", v, g)
	}
	if v := (Softmax{3}).Value([]float64{0, math.NaN(), 1}, []int{0}, nil); !math.IsNaN(v) {
		t.Errorf("NaN gives %v", v)
	}
}

func TestSoftmaxHessian(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const n, k, h = 3, 5, 1e-5
	s := Softmax{k}
	eta, class, w := drawSoftmax(r, n, k, 1)
	v, dst, prob := make([]float64, n*k), make([]float64, n*k), make([]float64, n*k)
	gp, gm, at := make([]float64, n*k), make([]float64, n*k), make([]float64, n*k)
	for i := range v {
		v[i] = r.NormFloat64()
	}
	s.Derivatives(eta, class, w, gp, prob)
	s.HessianMul(dst, prob, w, v)
	step := func(h float64, g []float64) {
		for i := range at {
			at[i] = eta[i] + h*v[i]
		}
		s.Derivatives(at, class, w, g, nil)
	}
	step(h, gp)
	step(-h, gm)
	for i := range dst {
		if fd := (gp[i] - gm[i]) / (2 * h); math.Abs(fd-dst[i]) > 1e-9 {
			t.Errorf("entry %d: %v, difference quotient %v", i, dst[i], fd)
		}
	}
}

// TestBohningBound draws vectors on q classes and checks vᵀBv ≥ vᵀHv, and that
// the bound is attained for q = K = 2.
func TestBohningBound(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, k := range []int{2, 3, 6} {
		s := Softmax{k}
		for q := 1; q <= k; q++ {
			diagonal, off := s.BohningBound(q)
			tightest := math.Inf(1)
			for range 20000 {
				eta, class, _ := drawSoftmax(r, 1, k, 2*r.Float64())
				g, p, v, hv := make([]float64, k), make([]float64, k), make([]float64, k), make([]float64, k)
				s.Derivatives(eta, class, nil, g, p)
				for l := range q {
					v[l] = r.NormFloat64()
				}
				s.HessianMul(hv, p, nil, v)
				vhv, vbv := 0.0, 0.0
				for l, a := range v[:q] {
					vhv += a * hv[l]
					for m, b := range v[:q] {
						if l == m {
							vbv += diagonal * a * b
						} else {
							vbv += off * a * b
						}
					}
				}
				if vhv > vbv+1e-14 {
					t.Fatalf("K=%d q=%d: vᵀHv = %v > vᵀBv = %v", k, q, vhv, vbv)
				}
				tightest = min(tightest, vbv/vhv)
			}
			if k == 2 && tightest > 1.01 {
				t.Errorf("K=2 q=%d: the bound is never nearer than %v", q, tightest)
			}
		}
	}
	if d, _ := (Softmax{9}).BohningBound(1); d != (Softmax{9}).CoordinateCurvature() {
		t.Errorf("one class: %v", d)
	}
}

func TestSoftmaxConjugateDomain(t *testing.T) {
	s := Softmax{3}
	inf := [][]float64{{0.1, 0, 0}, {-0.5, 0.25, 0.2}, {0, -0.1, 0.1}, {-1.1, 0.6, 0.5}}
	for _, theta := range inf {
		if v := s.Conjugate(theta, []int{0}, nil); !math.IsInf(v, 1) {
			t.Errorf("ℓ*(%v) = %v, want +Inf", theta, v)
		}
	}
	if v := s.Conjugate([]float64{-1, 0.5, 0.5}, []int{0}, nil); !near(v, -math.Ln2, 1e-15) {
		t.Errorf("ℓ* = %v, want −ln 2", v)
	}
	if v := s.Conjugate([]float64{0, 0, 1e-9}, []int{0}, []float64{0}); !math.IsInf(v, 1) {
		t.Errorf("weight 0: %v", v)
	}
}

func TestSoftmaxTargets(t *testing.T) {
	for _, c := range []struct {
		k     int
		class []int
		want  error
	}{{3, []int{0, 1, 2}, nil}, {3, []int{0, 3}, solver.ErrInput}, {3, []int{-1}, solver.ErrInput}, {1, []int{0}, solver.ErrOption}} {
		if err := (Softmax{c.k}).CheckTarget(c.class); !errors.Is(err, c.want) {
			t.Errorf("K=%d %v: %v, want %v", c.k, c.class, err, c.want)
		}
	}
}
