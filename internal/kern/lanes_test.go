package kern

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// laneOracle finds the lane minima of r by definition.
func laneOracle(r []float64, bound float64, j0 int) (l LaneMinima) {
	l.Reset(bound)
	for k, v := range r {
		if v < l.Val[k%Lanes] {
			l.Val[k%Lanes], l.Arg[k%Lanes] = v, int64(j0+k)
		}
	}
	return l
}

func TestLaneMin(t *testing.T) {
	withISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for n := range 131 {
			c, g, z := make([]float64, n), make([]float64, n), make([]float64, n)
			for k := range c {
				c[k], g[k] = float64(r.IntN(50)), float64(r.IntN(50))/2
				switch r.IntN(12) {
				case 0:
					c[k] = math.Inf(1)
				case 1:
					g[k] = math.Inf(-1)
				case 2:
					c[k] = math.NaN()
				}
				z[k] = c[k] - g[k]
			}
			for _, bound := range []float64{math.Inf(1), 3, -40} {
				var got LaneMinima
				got.Reset(bound)
				LaneMin(&got, c, g, 7)
				if want := laneOracle(z, bound, 7); got != want {
					t.Fatalf("n=%d, bound %v: %v, want %v", n, bound, got, want)
				}
			}
		}
	})
}

func TestLaneMinOfPoints(t *testing.T) {
	withISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for d := 1; d <= 5; d++ {
			for n := range 70 {
				const j0 = 3
				p, x, g := make([]float64, (n+j0)*d), make([]float64, d), make([]float64, n)
				for k := range p {
					p[k] = r.Float64()
				}
				for k := range x {
					x[k] = r.Float64()
				}
				sq, root := make([]float64, n), make([]float64, n)
				for k := range g {
					g[k] = r.Float64()
					c := SqDistPair(x, p[(k+j0)*d:(k+j0+1)*d])
					sq[k], root[k] = c-g[k], math.Sqrt(c)-g[k]
				}
				y := NewSoA(p, n+j0, d)
				var got LaneMinima
				got.Reset(0.2)
				LaneMinSq(&got, x, y, j0, g)
				if want := laneOracle(sq, 0.2, j0); got != want {
					t.Fatalf("d=%d n=%d: %v, want %v", d, n, got, want)
				}
				got.Reset(math.Inf(1))
				LaneMinRoot(&got, x, y, j0, g)
				want := laneOracle(root, math.Inf(1), j0)
				if got != want {
					t.Fatalf("d=%d n=%d, root: %v, want %v", d, n, got, want)
				}
				if n > Lanes && (got.Worst() < got.Best() || got.Best() != want.Best()) {
					t.Fatalf("worst %v, best %v", got.Worst(), got.Best())
				}
			}
		}
	})
}

func TestRelaxMin(t *testing.T) {
	withISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for n := range 100 {
			dist, c, g := make([]float64, n), make([]float64, n), make([]float64, n)
			pred := make([]int32, n)
			for k := range dist {
				dist[k], c[k], g[k], pred[k] = float64(r.IntN(40)), float64(r.IntN(40)), float64(r.IntN(9)), -7
				switch r.IntN(8) {
				case 0:
					dist[k], g[k] = math.Inf(1), math.Inf(-1)
				case 1:
					c[k] = math.Inf(1)
				case 2:
					dist[k] = math.Inf(1)
				}
			}
			wantDist, wantPred := slices.Clone(dist), slices.Clone(pred)
			at, least := -1, math.Inf(1)
			for k := range dist {
				if v := c[k] - g[k] + 2.5; v < dist[k] {
					wantDist[k], wantPred[k] = v, 99
				}
				if wantDist[k] < least {
					at, least = k, wantDist[k]
				}
			}
			gotAt, gotLeast := RelaxMin(dist, pred, c, g, 2.5, 99)
			if gotAt != at || gotLeast != least || !slices.Equal(dist, wantDist) || !slices.Equal(pred, wantPred) {
				t.Fatalf("n=%d: %d %v, want %d %v", n, gotAt, gotLeast, at, least)
			}
		}
	})
}

func TestLaneMinLengths(t *testing.T) {
	v, w := make([]float64, 3), make([]float64, 4)
	y := NewSoA(make([]float64, 12), 4, 3)
	var l LaneMinima
	for name, call := range map[string]func(){
		"LaneMin":     func() { LaneMin(&l, v, w, 0) },
		"LaneMinSq":   func() { LaneMinSq(&l, v, y, 2, v) },
		"RelaxMin":    func() { RelaxMin(v, make([]int32, 3), v, w, 0, 1) },
		"LaneMinRoot": func() { LaneMinRoot(&l, v[:2], y, 0, v) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			call()
		})
	}
}

func BenchmarkLaneMin(b *testing.B) {
	const n = 4096
	r := rand.New(rand.NewPCG(5, 6))
	p, c, g := make([]float64, 2*n), make([]float64, n), make([]float64, n)
	for k := range p {
		p[k] = r.Float64()
	}
	for k := range c {
		c[k] = r.Float64()
	}
	y, x := NewSoA(p, n, 2), []float64{0.3, 0.6}
	for _, w := range []struct {
		name  string
		bound float64
	}{{"none", -1}, {"some", math.Inf(1)}} {
		b.Run("stored/"+w.name, func(b *testing.B) {
			for b.Loop() {
				var l LaneMinima
				l.Reset(w.bound)
				LaneMin(&l, c, g, 0)
			}
		})
		b.Run("points/"+w.name, func(b *testing.B) {
			for b.Loop() {
				var l LaneMinima
				l.Reset(w.bound)
				LaneMinSq(&l, x, y, 0, g)
			}
		})
		b.Run("root/"+w.name, func(b *testing.B) {
			for b.Loop() {
				var l LaneMinima
				l.Reset(w.bound)
				LaneMinRoot(&l, x, y, 0, g)
			}
		})
	}
}
