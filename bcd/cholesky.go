package bcd

import (
	"math"

	"solve/internal/kern"
)

// factorRows is the number of rows eliminated before the rest is updated.
const factorRows = 64

// cholesky overwrites the upper triangle of the row-major n×n matrix a with R,
// A = RᵀR. It fails at a pivot that is not above tiny times the largest
// diagonal entry. What lies below the diagonal is of no meaning.
func cholesky(n int, a []float64, ld int, tiny float64) bool {
	largest := 0.0
	for i := range n {
		largest = max(largest, a[i*ld+i])
	}
	least := tiny * largest
	var t [64]float64
	for k := 0; k < n; k += factorRows {
		rows := min(factorRows, n-k)
		for b := 0; b < rows; b += 8 {
			w, at := min(8, rows-b), k+b
			block := a[at*ld+at:]
			if b > 0 {
				kern.SubTN(w, n-at, b, a[k*ld+at:], ld, a[k*ld+at:], ld, block, ld)
			}
			if !factorBlock(w, block, ld, &t, least) {
				return false
			}
			if at+w < n {
				kern.SolveRows(w, &t, block[w:], ld, n-at-w)
			}
		}
		if next := k + rows; next < n {
			kern.SubTNUpper(n-next, rows, a[k*ld+next:], ld, a[next*ld+next:], ld)
		}
	}
	return true
}

// factorBlock factors the upper triangle of the n×n block a, n ≤ 8; t gets the
// factor, 8 entries a row, with the diagonal inverted.
func factorBlock(n int, a []float64, ld int, t *[64]float64, least float64) bool {
	for i := range n {
		copy(t[9*i:8*i+n], a[i*ld+i:i*ld+n])
	}
	for k := range n {
		pivot := t[9*k]
		if !(pivot > least && pivot <= math.MaxFloat64) {
			return false
		}
		d := math.Sqrt(pivot)
		line := t[8*k : 8*k+n]
		line[k] = 1 / d
		for j := k + 1; j < n; j++ {
			line[j] /= d
		}
		for i := k + 1; i < n; i++ {
			for j := i; j < n; j++ {
				t[8*i+j] -= line[i] * line[j]
			}
		}
		copy(a[k*ld+k:k*ld+n], line[k:])
		a[k*ld+k] = d
	}
	return true
}

// choleskySolve overwrites b with A⁻¹b, A = RᵀR.
func choleskySolve(n int, r []float64, ld int, b []float64) {
	for k := range n {
		b[k] /= r[k*ld+k]
		if k+1 < n {
			kern.Axpy(-b[k], r[k*ld+k+1:k*ld+n], b[k+1:n])
		}
	}
	for k := n - 1; k >= 0; k-- {
		if k+1 < n {
			b[k] -= kern.Dot(r[k*ld+k+1:k*ld+n], b[k+1:n])
		}
		b[k] /= r[k*ld+k]
	}
}
