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
				checkFaceMul(t, wide, fwVector(wide, 3), 1e-14)
				checkFaceMul(t, wide, narrowed(fwVector(wide, 3)), 1e-6)
			}
		}
	})
}

// checkFaceMul compares with the sum over the neighbours of each cell, in
// float64.
func checkFaceMul[T Real](t *testing.T, g *FaceGrid[float64], p []T, tol float64) {
	t.Helper()
	wide := make([]float64, len(p))
	for k, v := range p {
		wide[k] = float64(v)
	}
	q, want := make([]T, len(p)), make([]T, len(p))
	for i := range g.Planes {
		dot := 0.
		lo := g.Guard() + i*g.Plane()
		for c := lo; c < lo+g.Plane(); c++ {
			v := g.Diagonal(c)*wide[c] - g.NeighbourSum(c, wide)
			want[c] = T(v)
			dot += v * wide[c]
		}
		if got := FaceMul(g, i, p, q); math.Abs(got-dot) > 1e-13*(1+math.Abs(dot)) {
			t.Errorf("FaceMul: pᵀq is %v, want %v", got, dot)
		}
		reference := make([]T, g.Plane())
		if got := faceMulGo(g, lo, p, reference); math.Abs(got-dot) > 1e-13*(1+math.Abs(dot)) {
			t.Errorf("faceMulGo: pᵀq is %v, want %v", got, dot)
		}
		fwNear(t, "faceMulGo", reference, want[lo:lo+g.Plane()], tol)

		r, work := make([]T, len(p)), make([]float64, g.Plane())
		sum := 0.
		for c := lo; c < lo+g.Plane(); c++ {
			v := 2 * (float64(c) - g.Diagonal(c)*wide[c] + g.NeighbourSum(c, wide))
			reference[c-lo] = T(v)
			sum += v * v
		}
		b := make([]float64, len(p))
		for c := range b {
			b[c] = float64(c)
		}
		if got := FaceDefect(g, i, 2, wide, b, r, work); math.Abs(got-sum) > 1e-12*sum {
			t.Errorf("FaceDefect: rᵀr is %v, want %v", got, sum)
		}
		fwNear(t, "FaceDefect", r[lo:lo+g.Plane()], reference, tol)
	}
	fwNear(t, "FaceMul", q, want, tol)
}

func TestFaceDiff(t *testing.T) {
	withISA(t, func(t *testing.T) {
		for s, shape := range fwShapes {
			g := fwGrid[float32](shape[0], shape[1], shape[2], true, uint64(s))
			wide := fwGrid[float64](shape[0], shape[1], shape[2], true, uint64(s))
			ones := make([]float64, len(g.Code))
			for c := g.Guard(); c < g.Guard()+g.Cells(); c++ {
				ones[c] = 1
			}
			// excess in halves, from 0 to 7.5, with diagonals to match
			wide.Code, wide.D = nil, make([]float64, len(g.Code))
			g.Excess = make([]uint8, len(g.Code))
			for a := range wide.W {
				wide.W[a] = make([]float64, len(g.Code))
			}
			for c := g.Guard(); c < g.Guard()+g.Cells(); c++ {
				for a := range wide.W {
					wide.W[a][c] = float64(g.Weight(a, c))
				}
				g.Excess[c] = uint8(c*7) & 15
			}
			for k := range g.ExcessOf {
				g.ExcessOf[k] = float32(k) / 2
			}
			for c := g.Guard(); c < g.Guard()+g.Cells(); c++ {
				wide.D[c] = wide.NeighbourSum(c, ones) + float64(g.ExcessOf[g.Excess[c]])
			}
			p := fwVector(g, 3)
			p64 := make([]float64, len(p))
			for c, v := range p {
				p64[c] = float64(v)
			}
			got, want := make([]float32, len(p)), make([]float64, len(p))
			for i := range g.Planes {
				o := g.Guard() + i*g.Plane()
				dot := FaceMul(wide, i, p64, want)
				if d := FaceDiff(g, i, p, got); math.Abs(d-dot) > 1e-5*(1+math.Abs(dot)) {
					t.Errorf("%v: pᵀq is %v, want %v", shape, d, dot)
				}
				fwNear(t, "FaceDiff", got[o:o+g.Plane()], narrowed(want[o:o+g.Plane()]), 1e-5)
			}
		}
	})
}

func narrowed(v []float64) []float32 {
	f := make([]float32, len(v))
	for k := range v {
		f[k] = float32(v[k])
	}
	return f
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
		for n := 1; n < 70; n++ {
			s := narrowed(random(n))
			got, want := make([]float32, (n+1)/2), make([]float32, (n+1)/2)
			foldPairsGo(want, append([]float32{}, s...))
			FoldPairs(got, s)
			fwNear(t, "FoldPairs", got, want, 1e-6)
			fwNear(t, "FoldPairs leaves", s, make([]float32, n), 0)
			x := narrowed(random(n))
			y := append([]float32{}, x...)
			spreadPairsGo(1.5, want, y)
			SpreadPairs(1.5, want, x)
			fwNear(t, "SpreadPairs", x, y, 1e-6)

			z, p, q, r := narrowed(random(n)), narrowed(random(n)), narrowed(random(n)), narrowed(random(n))
			p2, r2, u := append([]float32{}, p...), append([]float32{}, r...), random(n)
			u2 := append([]float64{}, u...)
			mixedDirectionGo(.3, u2, z, .7, p2)
			MixedDirection(.3, u, z, .7, p)
			fwNear(t, "MixedDirection p", p, p2, 1e-6)
			fwNear(t, "MixedDirection x", u, u2, 1e-14)
			a, c := mixedDot2Go(z, r, q)
			a2, c2 := MixedDot2(z, r, q)
			fwNear(t, "MixedDot2", []float64{a2, c2}, []float64{a, c}, 1e-13)
			a = mixedStepGo(.3, q, r2)
			a2 = MixedStep(.3, q, r)
			fwNear(t, "MixedStep", []float64{a2}, []float64{a}, 1e-6)
			fwNear(t, "MixedStep r", r, r2, 1e-6)
			a = mixedDefectGo(.3, u, u2, r2)
			a2 = mixedDefect(.3, u, u2, r)
			fwNear(t, "mixedDefect", []float64{a2}, []float64{a}, 1e-13)
			fwNear(t, "mixedDefect r", r, r2, 1e-6)
		}
	})
}

func TestRepeats(t *testing.T) {
	withISA(t, func(t *testing.T) {
		draw := rand.New(rand.NewPCG(8, 1))
		for range 2000 {
			w, n := 1+draw.IntN(8), draw.IntN(120)
			col, val := make([]int32, n), make([]float64, n)
			for e := range col {
				col[e], val[e] = draw.Int32N(100), draw.NormFloat64()
				if e >= w {
					col[e], val[e] = col[e-w]+1, val[e-w]
				}
			}
			want := max(0, n-w)
			if want > 0 && draw.IntN(4) > 0 {
				at := draw.IntN(want)
				switch draw.IntN(3) {
				case 0:
					col[w+at]++
				case 1:
					val[w+at] = 9
				default:
					val[w+at] = math.NaN()
				}
				want = at
			}
			if got := Repeats(col, val, w); got != want {
				t.Fatalf("%d entries of %d in rows of %d repeat, want %d", got, n, w, want)
			}
			if got := repeatsGo(col, val, w); got != want {
				t.Fatalf("%d entries of %d in rows of %d repeat, want %d", got, n, w, want)
			}
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
