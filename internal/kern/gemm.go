package kern

import (
	"fmt"
	"sync"
)

// GemmWork holds the packed blocks of Gemm and Syrk. The zero value is ready;
// it grows on first use and is then reused. One GemmWork serves one call at a
// time.
type GemmWork struct {
	a, b []float64
	tile []float64
}

var gemmPool = sync.Pool{New: func() any { return new(GemmWork) }}

// Cache blocks: a packed block of op(A) is gemmMC×gemmKC (less than half of a
// 1 MiB L2), one of op(B) is gemmKC×gemmNC.
const (
	gemmMC = 144
	gemmKC = 384
	gemmNC = 3072
)

// Gemm computes the row-major product C += alpha·op(A)·op(B), where op(A) is
// m×k, op(B) is k×n and C is m×n. With transA, A is stored k×m, and likewise B
// with transB. lda, ldb and ldc are the row strides of the arrays as stored.
// work may be nil; then a pooled one is used.
func Gemm(m, n, k int, alpha float64, A []float64, lda int, transA bool, B []float64, ldb int, transB bool, C []float64, ldc int, work *GemmWork) {
	checkMatrix("Gemm", "A", A, m, k, lda, transA)
	checkMatrix("Gemm", "B", B, k, n, ldb, transB)
	checkMatrix("Gemm", "C", C, m, n, ldc, false)
	a := panels{data: A, ld: lda, trans: transA}
	b := panels{data: B, ld: ldb, trans: !transB}
	withWork(work, func(w *GemmWork) { w.multiply(m, n, k, alpha, a, b, C, ldc, false) })
}

// Syrk adds alpha·A·Aᵀ to the lower triangle of the row-major n×n matrix C;
// A is n×k. What lies above the diagonal of C is neither read nor written.
// work may be nil; then a pooled one is used.
func Syrk(n, k int, alpha float64, A []float64, lda int, C []float64, ldc int, work *GemmWork) {
	checkMatrix("Syrk", "A", A, n, k, lda, false)
	checkMatrix("Syrk", "C", C, n, n, ldc, false)
	a := panels{data: A, ld: lda}
	withWork(work, func(w *GemmWork) { w.multiply(n, n, k, alpha, a, a, C, ldc, true) })
}

// SqDistTile writes C_ij = ‖x_i‖² + ‖y_j‖² − 2 x_i·y_j, clamped at 0, for the
// row-major points X (len(nx)×d) and Y (len(ny)×d) whose squared norms are nx
// and ny. Close points far from the origin lose digits: centre the data first,
// or use SqDistRow.
func SqDistTile(X, Y []float64, d int, nx, ny []float64, C []float64, ldc int) {
	m, n := len(nx), len(ny)
	checkMatrix("SqDistTile", "X", X, m, d, d, false)
	checkMatrix("SqDistTile", "Y", Y, n, d, d, false)
	checkMatrix("SqDistTile", "C", C, m, n, ldc, false)
	for i := range nx {
		clear(C[i*ldc : i*ldc+n])
	}
	Gemm(m, n, d, -2, X, d, false, Y, d, true, C, ldc, nil)
	for i, v := range nx {
		finishSqDist(C[i*ldc:i*ldc+n], ny, v)
	}
}

func checkMatrix(kernel, name string, data []float64, r, c, ld int, trans bool) {
	if trans {
		r, c = c, r
	}
	if r < 0 || c < 0 || ld < max(c, 1) && r > 0 {
		panic(fmt.Sprintf("kern: %s: %s is %d×%d with row stride %d", kernel, name, r, c, ld))
	}
	if r > 0 && c > 0 {
		checkRoom(kernel, name, len(data), (r-1)*ld+c)
	}
}

func withWork(w *GemmWork, f func(*GemmWork)) {
	if w != nil {
		f(w)
		return
	}
	w = gemmPool.Get().(*GemmWork)
	f(w)
	gemmPool.Put(w)
}

// panels views a matrix as rows to be packed: entry (i, p) of the view is
// data[i*ld+p], or data[p*ld+i] when trans is set. The rows of op(A) and the
// columns of op(B) are both packed through such a view.
type panels struct {
	data  []float64
	ld    int
	trans bool
}

// pack copies rows i0 … i0+rows−1, columns p0 … p0+depth−1, times alpha, into
// dst as panels of width r: dst[(i/r)*r*depth + p*r + i%r]. The last panel is
// padded with zeros.
func (v panels) pack(dst []float64, i0, rows, p0, depth, r int, alpha float64) {
	for i := 0; i < rows; i += r {
		d := dst[i*depth : i*depth+r*depth]
		live := min(r, rows-i)
		if live < r {
			clear(d)
		}
		if v.trans {
			for p := 0; p < depth; p++ {
				packRow(d[p*r:][:live], v.data[(p0+p)*v.ld+i0+i:][:live], alpha)
			}
			continue
		}
		row := func(q int) []float64 { return v.data[(i0+i+q)*v.ld+p0:][:depth] }
		q := 0
		for ; q+4 <= live; q += 4 {
			packFour(d[q:], r, row(q), row(q+1), row(q+2), row(q+3), alpha)
		}
		for ; q < live; q++ {
			for p, s := range row(q) {
				d[p*r+q] = alpha * s
			}
		}
	}
}

func packRow(dst, src []float64, alpha float64) {
	if alpha == 1 {
		copy(dst, src)
		return
	}
	dst = dst[:len(src)]
	for q, s := range src {
		dst[q] = alpha * s
	}
}

// packFour interleaves four rows, r apart: each line of dst is written once.
func packFour(dst []float64, r int, s0, s1, s2, s3 []float64, alpha float64) {
	s1, s2, s3 = s1[:len(s0)], s2[:len(s0)], s3[:len(s0)]
	for p := range s0 {
		d := dst[p*r:][:4]
		d[0] = alpha * s0[p]
		d[1] = alpha * s1[p]
		d[2] = alpha * s2[p]
		d[3] = alpha * s3[p]
	}
}

// grow returns s with length n, reallocating only when it is too short.
func grow(s []float64, n int) []float64 {
	if cap(s) < n {
		return make([]float64, n)
	}
	return s[:n]
}

func roundUp(n, r int) int { return (n + r - 1) / r * r }

// multiply adds alpha·A·B to C by the GotoBLAS scheme: for each block of
// columns and of the inner dimension pack B, for each block of rows pack A and
// run the micro-kernel over the panels. With lower, only entries on or below
// the diagonal of C are touched.
func (w *GemmWork) multiply(m, n, k int, alpha float64, a, b panels, C []float64, ldc int, lower bool) {
	if m == 0 || n == 0 || k == 0 {
		return
	}
	mr, nr := gemmShape()
	w.a = grow(w.a, roundUp(min(m, gemmMC), mr)*min(k, gemmKC))
	w.b = grow(w.b, roundUp(min(n, gemmNC), nr)*min(k, gemmKC))
	w.tile = grow(w.tile, mr*nr)
	for j0 := 0; j0 < n; j0 += gemmNC {
		nc := min(gemmNC, n-j0)
		for p0 := 0; p0 < k; p0 += gemmKC {
			kc := min(gemmKC, k-p0)
			b.pack(w.b, j0, nc, p0, kc, nr, 1)
			i0 := 0
			if lower {
				i0 = j0
			}
			for ; i0 < m; i0 += gemmMC {
				mc := min(gemmMC, m-i0)
				a.pack(w.a, i0, mc, p0, kc, mr, alpha)
				w.macro(i0, mc, j0, nc, kc, C, ldc, lower)
			}
		}
	}
}

// macro runs the micro-kernel over the packed blocks. A micro-tile that
// overhangs C, or crosses the diagonal when lower is set, is computed in
// w.tile and added entry by entry.
func (w *GemmWork) macro(i0, mc, j0, nc, kc int, C []float64, ldc int, lower bool) {
	mr, nr := gemmShape()
	for j := 0; j < nc; j += nr {
		pb := w.b[j*kc : (j+nr)*kc]
		cols := min(nr, nc-j)
		for i := 0; i < mc; i += mr {
			pa := w.a[i*kc : (i+mr)*kc]
			rows := min(mr, mc-i)
			if lower && i0+i+rows-1 < j0+j {
				continue
			}
			crosses := lower && i0+i < j0+j+cols-1
			if rows == mr && cols == nr && !crosses {
				gemmKernel(kc, pa, pb, C[(i0+i)*ldc+j0+j:], ldc)
				continue
			}
			clear(w.tile)
			gemmKernel(kc, pa, pb, w.tile, nr)
			for q := 0; q < rows; q++ {
				live := cols
				if lower {
					live = min(live, i0+i+q-(j0+j)+1)
				}
				for l := 0; l < live; l++ {
					C[(i0+i+q)*ldc+j0+j+l] += w.tile[q*nr+l]
				}
			}
		}
	}
}
