package quadratic

import (
	"math"

	"solve/internal/rng"
)

// stored is a dense cost.
type stored struct {
	n, m int
	c    []float64
}

func (s *stored) Dims() (n, m int) { return s.n, s.m }

func (s *stored) Row(i, j0 int, dst []float64) { copy(dst, s.c[i*s.m+j0:(i+1)*s.m]) }

func (s *stored) mean() float64 {
	t, k := 0.0, 0
	for _, x := range s.c {
		if !math.IsInf(x, 1) {
			t += math.Abs(x)
			k++
		}
	}
	return t / float64(k)
}

// instance draws a problem of n×m points with γ = gam·mean(C)·n.
func instance(kind string, n, m int, gam float64, seed uint64) *Problem {
	r := rng.New(seed)
	p := &Problem{A: make([]float64, n), B: make([]float64, m)}
	draw := func(k, d int, fn func() float64) []float64 {
		x := make([]float64, k*d)
		for i := range x {
			x[i] = fn()
		}
		return x
	}
	weigh := func(w []float64) {
		t := 0.0
		for i := range w {
			w[i] = r.Float64()
			t += w[i]
		}
		for i := range w {
			w[i] /= t
		}
	}
	flat := func(w []float64) {
		for i := range w {
			w[i] = 1 / float64(len(w))
		}
	}
	flat(p.A)
	flat(p.B)
	var x, y []float64
	d := 2
	switch kind {
	case "unif2", "wunif2":
		x, y = draw(n, 2, r.Float64), draw(m, 2, r.Float64)
	case "gauss10":
		d = 10
		x, y = draw(n, d, r.Normal), draw(m, d, func() float64 { return 1.5*r.Normal() + 1 })
	case "far2":
		x, y = draw(n, 2, r.Normal), draw(m, 2, func() float64 { return r.Normal() + 4 })
	case "grid":
		s := int(math.Round(math.Sqrt(float64(n))))
		x = make([]float64, 2*s*s)
		for k := range s * s {
			x[2*k], x[2*k+1] = float64(k/s)/float64(s), float64(k%s)/float64(s)
		}
		y = x
	case "rand":
		p.Cost = &stored{n, m, draw(n*m, 1, r.Float64)}
	case "ties":
		p.Cost = &stored{n, m, draw(n*m, 1, func() float64 { return float64(r.Below(10)) })}
	}
	if kind == "wunif2" || kind == "far2" {
		weigh(p.A)
		weigh(p.B)
	}
	if kind == "grid" {
		weigh(p.A)
		t := 0.0
		sq := func(k int, c float64) float64 {
			a, b := x[2*k]-c, x[2*k+1]-c
			return a*a + b*b
		}
		for k := range p.B {
			p.B[k] = math.Exp(-sq(k, .3)/.02) + .5*math.Exp(-sq(k, .8)/.01) + 1e-3
			t += p.B[k]
		}
		for k := range p.B {
			p.B[k] /= t
		}
	}
	if p.Cost == nil {
		c := make([]float64, n*m)
		for i := range n {
			for j := range m {
				for k := range d {
					z := x[i*d+k] - y[j*d+k]
					c[i*m+j] += z * z
				}
			}
		}
		p.Cost = &stored{n, m, c}
	}
	p.Gamma = gam * p.Cost.(*stored).mean() * float64(n)
	return p
}
