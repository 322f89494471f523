package kern

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// sqDistances is the definition.
func sqDistances(x []float64, y *SoA, j0, n int) []float64 {
	c := make([]float64, n)
	for j := range c {
		for k, xk := range x {
			d := xk - y.Coord[k][j0+j]
			c[j] += d * d
		}
	}
	return c
}

func TestNewSoA(t *testing.T) {
	s := NewSoA([]float64{1, 2, 3, 4, 5, 6}, 3, 2)
	if got, want := fmt.Sprint(s.D, s.N, s.Coord), "2 3 [[1 3 5] [2 4 6]]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPointKernels(t *testing.T) {
	const j0, invEps = 3, 2.5
	r := rand.New(rand.NewPCG(11, 12))
	withISA(t, func(t *testing.T) {
		for d := 0; d <= 5; d++ {
			for n := 0; n <= 130; n++ {
				y := NewSoA(randomVector(r, (n+7)*d), n+7, d)
				x, g := randomVector(r, d), randomVector(r, n)
				what := fmt.Sprintf("d=%d n=%d", d, n)
				dst := newGuarded(n, n%8, func(int) float64 { return -1 })
				c := sqDistances(x, y, j0, n)
				SqDistRow(dst.v, x, y, j0)
				compareVec(t, what+" SqDistRow", dst.v, c, 2e-15)
				copy(c, dst.v)

				if got, want := MaxRowSq(x, y, j0, g, invEps), MaxRow(g, c, invEps); !(math.Abs(got-want) <= 1e-15*(1+math.Abs(want))) && got != want {
					t.Fatalf("%s: MaxRowSq is %v, want %v", what, got, want)
				}
				m, s := RowLSESq(x, y, j0, g, invEps)
				wantM, wantS := RowLSE(g, c, invEps)
				compareVec(t, what+" RowLSESq", []float64{m, s}, []float64{wantM, wantS}, 1e-14)

				want := make([]float64, n)
				wantSum := PlanRow(want, -0.5, g, c, invEps)
				sum := PlanRowSq(dst.v, -0.5, x, y, j0, g, invEps)
				compareVec(t, what+" PlanRowSq", dst.v, want, 1e-14)
				compareVec(t, what+" PlanRowSq sum", []float64{sum}, []float64{wantSum}, 1e-14)
				if !dst.intact() {
					t.Fatalf("%s: guard words changed", what)
				}
			}
		}
	})
}

func TestRowLSELongRow(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	n := 3*lseTile + 5
	g, c := randomVector(r, n), randomVector(r, n)
	c[n-1] = -40 // the maximum is in the last tile
	withISA(t, func(t *testing.T) {
		m, s := RowLSE(g, c, 1)
		want := 0.0
		for j := range g {
			want += math.Exp(g[j] - c[j] - m)
		}
		if m != g[n-1]+40 || math.Abs(s-want) > 1e-14*want {
			t.Errorf("got (%v, %v), want (%v, %v)", m, s, g[n-1]+40, want)
		}
	})
}

func TestRowLSESqAllForbidden(t *testing.T) {
	y := NewSoA(make([]float64, 30), 10, 3)
	g := make([]float64, 10)
	for j := range g {
		g[j] = math.Inf(-1)
	}
	withISA(t, func(t *testing.T) {
		if m, s := RowLSESq(make([]float64, 3), y, 0, g, 1); !math.IsInf(m, -1) || s != 0 {
			t.Errorf("got (%v, %v), want (-Inf, 0)", m, s)
		}
	})
}
