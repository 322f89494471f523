package kern

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// naiveGemm is C += alpha·op(A)·op(B) by the definition.
func naiveGemm(m, n, k int, alpha float64, A []float64, lda int, ta bool, B []float64, ldb int, tb bool, C []float64, ldc int) {
	at := func(x []float64, ld int, t bool, i, j int) float64 {
		if t {
			i, j = j, i
		}
		return x[i*ld+j]
	}
	for i := 0; i < m; i++ {
		for j := 0; j < n; j++ {
			s := 0.0
			for p := 0; p < k; p++ {
				s += at(A, lda, ta, i, p) * at(B, ldb, tb, p, j)
			}
			C[i*ldc+j] += alpha * s
		}
	}
}

func TestGemm(t *testing.T) {
	sizes := [][3]int{{0, 3, 2}, {3, 0, 2}, {3, 2, 0}, {1, 1, 1}, {8, 24, 5}, {9, 25, 7}, {7, 23, 3}, {16, 48, 4},
		{5, 100, 33}, {65, 3, 130}, {200, 30, 260}, {20, 3100, 3}, {33, 47, 515}}
	r := rand.New(rand.NewPCG(3, 4))
	withISA(t, func(t *testing.T) {
		var work GemmWork
		for _, d := range sizes {
			m, n, k := d[0], d[1], d[2]
			for trans := 0; trans < 4; trans++ {
				ta, tb := trans&1 != 0, trans&2 != 0
				lda, ldb, ldc := k+2, n+1, n+3
				ra, rb := m, k
				if ta {
					lda, ra = m+2, k
				}
				if tb {
					ldb, rb = k+1, n
				}
				A, B := randomVector(r, ra*lda), randomVector(r, rb*ldb)
				c := newGuarded(m*ldc, trans, func(int) float64 { return r.Float64() })
				want := c.clone()
				naiveGemm(m, n, k, 0.7, A, lda, ta, B, ldb, tb, want.v, ldc)
				w := &work
				if trans == 3 {
					w = nil
				}
				Gemm(m, n, k, 0.7, A, lda, ta, B, ldb, tb, c.v, ldc, w)
				if !c.intact() {
					t.Fatalf("%v: guard words changed", d)
				}
				compareVec(t, fmt.Sprintf("%v transA=%v transB=%v", d, ta, tb), c.v, want.v, 1e-15*float64(k+1))
			}
		}
	})
}

func randomVector(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 2*r.Float64() - 1
	}
	return x
}

func TestSyrk(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	withISA(t, func(t *testing.T) {
		var work GemmWork
		for _, d := range [][2]int{{0, 3}, {1, 1}, {7, 5}, {8, 9}, {24, 24}, {25, 3}, {100, 40}, {211, 261}, {3100, 2}} {
			n, k := d[0], d[1]
			lda, ldc := k+1, n+2
			A := randomVector(r, n*lda)
			c := newGuarded(n*ldc, 1, func(int) float64 { return r.Float64() })
			want := c.clone()
			for i := 0; i < n; i++ {
				for j := 0; j <= i; j++ {
					want.v[i*ldc+j] += -1.5 * dotGo(A[i*lda:i*lda+k], A[j*lda:j*lda+k])
				}
			}
			Syrk(n, k, -1.5, A, lda, c.v, ldc, &work)
			if !c.intact() {
				t.Fatalf("%v: guard words changed", d)
			}
			compareVec(t, fmt.Sprint(d), c.v, want.v, 2e-15*float64(k+1))
		}
	})
}

func TestSqDistTile(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	withISA(t, func(t *testing.T) {
		const m, n, d, ldc = 37, 53, 11, 60
		X, Y := randomVector(r, m*d), randomVector(r, n*d)
		copy(X[5*d:6*d], Y[7*d:8*d])
		norms := func(x []float64, n int) []float64 {
			s := make([]float64, n)
			for i := range s {
				s[i] = Dot(x[i*d:(i+1)*d], x[i*d:(i+1)*d])
			}
			return s
		}
		C := make([]float64, m*ldc)
		SqDistTile(X, Y, d, norms(X, m), norms(Y, n), C, ldc)
		for i := 0; i < m; i++ {
			for j := 0; j < ldc; j++ {
				want := 0.0
				for k := 0; k < d && j < n; k++ {
					want += (X[i*d+k] - Y[j*d+k]) * (X[i*d+k] - Y[j*d+k])
				}
				if got := C[i*ldc+j]; got < 0 || math.Abs(got-want) > 1e-13 {
					t.Fatalf("C[%d,%d]=%g, want %g", i, j, got, want)
				}
			}
		}
	})
}
