package kern

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestSubTN(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	withISA(t, func(t *testing.T) {
		for m := range 20 {
			for _, n := range []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 16, 17, 23, 24, 25, 49} {
				for _, k := range []int{0, 1, 2, 9} {
					lda, ldb, ldc := m+1, n+2, n+1
					A, B := randomVector(r, k*lda), randomVector(r, k*ldb)
					c := newGuarded(m*ldc, n, func(int) float64 { return r.Float64() })
					want := c.clone()
					naiveGemm(m, n, k, -1, A, lda, true, B, ldb, false, want.v, ldc)
					SubTN(m, n, k, A, lda, B, ldb, c.v, ldc)
					if !c.intact() {
						t.Fatalf("%d×%d×%d: guard words changed", m, n, k)
					}
					compareVec(t, fmt.Sprintf("%d×%d×%d", m, n, k), c.v, want.v, 1e-15*float64(k+1))
					A = randomVector(r, m*(k+3))
					naiveGemm(m, n, k, -1, A, k+3, false, B, ldb, false, want.v, ldc)
					SubNN(m, n, k, A, k+3, B, ldb, c.v, ldc)
					if !c.intact() {
						t.Fatalf("%d×%d×%d, not transposed: guard words changed", m, n, k)
					}
					compareVec(t, fmt.Sprintf("%d×%d×%d, not transposed", m, n, k), c.v, want.v, 2e-15*float64(k+1))
				}
			}
		}
	})
}

// upperOnly copies what lies below the diagonal of the n×n matrix from to to.
func upperOnly(n int, from, to []float64, ld int) {
	for i := range n {
		copy(to[i*ld:i*ld+i], from[i*ld:i*ld+i])
	}
}

func TestSubTNUpper(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	withISA(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 5, 8, 13, 24, 31, 50, 77} {
			for _, k := range []int{0, 1, 8, 40} {
				ld := n + 3
				A := randomVector(r, k*ld)
				c := newGuarded(n*ld, k, func(int) float64 { return r.Float64() })
				want := c.clone()
				naiveGemm(n, n, k, -1, A, ld, true, A, ld, false, want.v, ld)
				SubTNUpper(n, k, A, ld, c.v, ld)
				if !c.intact() {
					t.Fatalf("%d, %d: guard words changed", n, k)
				}
				upperOnly(n, c.v, want.v, ld)
				compareVec(t, fmt.Sprintf("n=%d k=%d", n, k), c.v, want.v, 1e-15*float64(k+1))
			}
		}
	})
}

func TestSolveRows(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	withISA(t, func(t *testing.T) {
		for rows := range 9 {
			for _, n := range []int{0, 1, 3, 4, 5, 8, 9, 17, 40} {
				var T [64]float64
				for i := range T {
					T[i] = r.Float64() - 0.5
				}
				ld := n + 1
				x := newGuarded(rows*ld, n, func(int) float64 { return r.Float64() })
				want := x.clone()
				for k := range rows {
					for c := range n {
						for j := range k {
							want.v[k*ld+c] -= T[8*j+k] * want.v[j*ld+c]
						}
						want.v[k*ld+c] *= T[9*k]
					}
				}
				SolveRows(rows, &T, x.v, ld, n)
				if !x.intact() {
					t.Fatalf("%d×%d: guard words changed", rows, n)
				}
				compareVec(t, fmt.Sprintf("%d×%d", rows, n), x.v, want.v, 1e-15)
			}
		}
	})
}

func BenchmarkSubTN(b *testing.B) {
	for _, d := range [][2]int{{4, 15}, {8, 30}, {24, 100}, {64, 200}, {128, 480}} {
		k, n := d[0], d[1]
		b.Run(fmt.Sprintf("k=%d/n=%d", k, n), func(b *testing.B) {
			A, C := make([]float64, n*k), make([]float64, n*n)
			for b.Loop() {
				SubTNUpper(n, k, A, n, C, n)
			}
			b.ReportMetric(float64(n)*float64(n)*float64(k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "gflop/s")
		})
	}
}

func TestFrontKernelsRefuse(t *testing.T) {
	v := make([]float64, 3)
	var block [64]float64
	for name, call := range map[string]func(){
		"SubTN":      func() { SubTN(2, 2, 2, v, 2, v, 2, v, 2) },
		"SubNN":      func() { SubNN(2, 2, 2, v, 2, v, 2, v, 2) },
		"SubTNUpper": func() { SubTNUpper(2, 1, v, 1, v, 2) },
		"SolveRows":  func() { SolveRows(9, &block, make([]float64, 9), 1, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if s, _ := recover().(string); !strings.HasPrefix(s, "kern: "+name+": ") {
					t.Errorf("panic message %q", s)
				}
			}()
			call()
			t.Error("no panic")
		})
	}
}
