package kern

import (
	"math"
	"math/rand/v2"
	"testing"
)

// fwGrid makes a random grid with masked cells and broken links.
func fwGrid[T Real](planes, lines, n int, coded bool, seed uint64) *FaceGrid[T] {
	g := &FaceGrid[T]{Planes: planes, Lines: lines, N: n}
	draw := rand.New(rand.NewPCG(seed, 1))
	size := g.Cells() + 2*g.Guard()
	g.Axis = [3]T{1, 2, .5}
	for k := 1; k < 8; k++ {
		g.DiagOf[k], g.InvOf[k] = T(6+k), 1/T(6+k)
	}
	code := make([]uint8, size)
	masked := func(x, y, z int) bool {
		return x >= planes || y >= lines || z >= n || code[g.Guard()+(x*lines+y)*n+z] == 0
	}
	for c := range g.Cells() {
		if draw.Float64() < .8 {
			code[g.Guard()+c] = uint8(1 + draw.IntN(7))
		}
	}
	for c := range g.Cells() {
		x, y, z := c/(lines*n), c/n%lines, c%n
		at := g.Guard() + c
		for k, near := range [3][3]int{{x + 1, y, z}, {x, y + 1, z}, {x, y, z + 1}} {
			if code[at] != 0 && !masked(near[0], near[1], near[2]) && draw.Float64() < .9 {
				code[at] |= 32 >> k
			}
		}
	}
	if coded {
		g.Code = code
		return g
	}
	g.D, g.Inv = make([]T, size), make([]T, size)
	for a := range g.W {
		g.W[a] = make([]T, size)
	}
	for c, v := range code {
		g.D[c], g.Inv[c] = g.DiagOf[v&7], g.InvOf[v&7]
		for a := range g.W {
			if v>>(5-a)&1 == 1 {
				g.W[a][c] = g.Axis[a] * T(.5+draw.Float64())
			}
		}
	}
	return g
}

func fwVector[T Real](g *FaceGrid[T], seed uint64) []T {
	draw := rand.New(rand.NewPCG(seed, 1))
	v := make([]T, g.Cells()+2*g.Guard())
	for c := g.Guard(); c < g.Guard()+g.Cells(); c++ {
		if d := g.Diagonal(c); d != 0 {
			v[c] = T(draw.NormFloat64())
		}
	}
	return v
}

func fwNear[T Real](t *testing.T, what string, got, want []T, tol float64) {
	t.Helper()
	for k := range want {
		if !(math.Abs(float64(got[k]-want[k])) <= tol*(1+math.Abs(float64(want[k])))) {
			t.Errorf("%s: element %d is %v, want %v", what, k, got[k], want[k])
			return
		}
	}
}

var fwShapes = [][3]int{{3, 4, 16}, {3, 3, 1}, {3, 9, 1}, {2, 9, 2}, {3, 11, 4}, {2, 7, 8}, {1, 1, 40}, {4, 1, 33}, {2, 5, 17}, {3, 2, 7}, {2, 3, 128}, {5, 5, 15}, {1, 7, 31}, {2, 6, 64}}

func TestFaceKernelsMatchGo(t *testing.T) {
	withISA(t, func(t *testing.T) {
		for s, shape := range fwShapes {
			for _, coded := range []bool{false, true} {
				g := fwGrid[float32](shape[0], shape[1], shape[2], coded, uint64(s))
				x, b := fwVector(g, 1), fwVector(g, 2)
				for i := range g.Planes {
					o := g.Guard() + i*g.Plane()
					for colour := range 2 {
						want, got := append([]float32{}, x...), append([]float32{}, x...)
						faceRelaxGo(g, o, i+colour, -.2, 1.2, want, b)
						FaceRelax(g, i, colour, -.2, 1.2, got, b)
						fwNear(t, "FaceRelax", got, want, 1e-5)
						faceStartGo(g, o, i+colour, .9, want, b)
						FaceStart(g, i, colour, .9, got, b)
						fwNear(t, "FaceStart", got, want, 1e-5)
					}
					mix := &Mix[float32]{{.1, .3, 1}, {-.5, .2, .7}}
					for fold := 1; fold <= 2; fold++ {
						want := make([]float32, (g.Lines+fold-1)/fold*g.N)
						for k := range want {
							want[k] = float32(k)
						}
						got := append([]float32{}, want...)
						faceResidualGo(g, o, i, fold, mix, x, b, want)
						FaceResidual(g, i, fold, mix, x, b, got)
						fwNear(t, "FaceResidual", got, want, 1e-5)
					}
				}
				wide := fwGrid[float64](shape[0], shape[1], shape[2], coded, uint64(s))
				p := fwVector(wide, 3)
				want, got := make([]float64, len(p)), make([]float64, len(p))
				for i := range g.Planes {
					a, b := faceMulGo(wide, wide.Guard()+i*wide.Plane(), p, want), FaceMul(wide, i, p, got)
					if math.Abs(a-b) > 1e-13*(1+math.Abs(a)) {
						t.Errorf("FaceMul: pᵀq is %v, want %v", b, a)
					}
				}
				fwNear(t, "FaceMul", got, want, 1e-14)
			}
		}
	})
}

func TestPairsAndMixedMatchGo(t *testing.T) {
	withISA(t, func(t *testing.T) {
		draw := rand.New(rand.NewPCG(5, 1))
		random := func(n int) []float64 {
			v := make([]float64, n)
			for k := range v {
				v[k] = draw.NormFloat64()
			}
			return v
		}
		narrow := func(v []float64) []float32 {
			f := make([]float32, len(v))
			for k := range v {
				f[k] = float32(v[k])
			}
			return f
		}
		for n := 1; n < 70; n++ {
			s := narrow(random(n))
			got, want := make([]float32, (n+1)/2), make([]float32, (n+1)/2)
			foldPairsGo(want, append([]float32{}, s...))
			FoldPairs(got, s)
			fwNear(t, "FoldPairs", got, want, 1e-6)
			fwNear(t, "FoldPairs leaves", s, make([]float32, n), 0)
			x := narrow(random(n))
			y := append([]float32{}, x...)
			spreadPairsGo(1.5, want, y)
			SpreadPairs(1.5, want, x)
			fwNear(t, "SpreadPairs", x, y, 1e-6)

			z, p, q, r := narrow(random(n)), random(n), random(n), random(n)
			p2, r2, u, u2 := append([]float64{}, p...), append([]float64{}, r...), random(n), make([]float64, n)
			copy(u2, u)
			mixedXpbyGo(z, .7, p2)
			MixedXpby(z, .7, p)
			fwNear(t, "MixedXpby", p, p2, 1e-14)
			a, c := mixedDot2Go(z, r, q)
			a2, c2 := MixedDot2(z, r, q)
			fwNear(t, "MixedDot2", []float64{a2, c2}, []float64{a, c}, 1e-13)
			b, b2 := make([]float32, n), make([]float32, n)
			a = mixedUpdateGo(.3, p2, q, u2, r2, 2, b2)
			a2 = MixedUpdate(.3, p, q, u, r, 2, b)
			fwNear(t, "MixedUpdate", []float64{a2}, []float64{a}, 1e-13)
			fwNear(t, "MixedUpdate x", u, u2, 1e-14)
			fwNear(t, "MixedUpdate r", r, r2, 1e-14)
			fwNear(t, "MixedUpdate b", b, b2, 1e-6)
		}
	})
}

func BenchmarkFaceRelax(b *testing.B) {
	for _, coded := range []bool{false, true} {
		g := fwGrid[float32](16, 128, 128, coded, 1)
		x, rhs := fwVector(g, 1), fwVector(g, 2)
		name := map[bool]string{false: "weights", true: "coded"}[coded]
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(g.Plane()))
			for i := 0; b.Loop(); i++ {
				FaceRelax(g, i%g.Planes, i&1, -.2, 1.2, x, rhs)
			}
		})
	}
}
