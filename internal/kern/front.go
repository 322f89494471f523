package kern

import "fmt"

// SubTN computes C −= Aᵀ B for row-major A (k×m), B (k×n) and C (m×n) with row
// strides lda, ldb and ldc. Nothing is packed: it is for operands that the
// caches hold. C overlaps neither A nor B.
func SubTN(m, n, k int, A []float64, lda int, B []float64, ldb int, C []float64, ldc int) {
	checkMatrix("SubTN", "A", A, k, m, lda, false)
	checkMatrix("SubTN", "B", B, k, n, ldb, false)
	checkMatrix("SubTN", "C", C, m, n, ldc, false)
	if m == 0 || k == 0 {
		return
	}
	mr, nr := frontShape()
	for j := 0; j < n; j += nr {
		subColumn(m, mr, min(nr, n-j), k, A, 1, lda, B[j:], ldb, C[j:], ldc)
	}
}

// SubNN computes C −= A B for row-major A (m×k), B (k×n) and C (m×n), else
// like SubTN.
func SubNN(m, n, k int, A []float64, lda int, B []float64, ldb int, C []float64, ldc int) {
	checkMatrix("SubNN", "A", A, m, k, lda, false)
	checkMatrix("SubNN", "B", B, k, n, ldb, false)
	checkMatrix("SubNN", "C", C, m, n, ldc, false)
	if m == 0 || k == 0 {
		return
	}
	mr, nr := frontShape()
	for j := 0; j < n; j += nr {
		subColumn(m, mr, min(nr, n-j), k, A, lda, 1, B[j:], ldb, C[j:], ldc)
	}
}

// subColumn updates m rows of one panel of columns of C; entry (i, p) of the
// left factor is A[i*ai+p*ap].
func subColumn(m, mr, cols, k int, A []float64, ai, ap int, B []float64, ldb int, C []float64, ldc int) {
	i := 0
	for rows := mr; i < m; i += rows {
		for rows > m-i {
			rows /= 2
		}
		subTile(k, A[i*ai:], ai, ap, B, ldb, C[i*ldc:], ldc, rows, cols)
	}
}

// SubTNUpper computes C −= Aᵀ A on and above the diagonal of the n×n matrix
// C; A is k×n. A few entries below the diagonal are overwritten too.
func SubTNUpper(n, k int, A []float64, lda int, C []float64, ldc int) {
	checkMatrix("SubTNUpper", "A", A, k, n, lda, false)
	checkMatrix("SubTNUpper", "C", C, n, n, ldc, false)
	if k == 0 {
		return
	}
	mr, nr := frontShape()
	for j := 0; j < n; j += nr {
		cols := min(nr, n-j)
		subColumn(j+cols, mr, cols, k, A, 1, lda, A[j:], lda, C[j:], ldc)
	}
}

// SolveRows overwrites the rows×n matrix X, rows ≤ 8, with T⁻ᵀ X. The upper
// triangular T is stored 8 entries a row, its diagonal inverted.
func SolveRows(rows int, T *[64]float64, X []float64, ldx, n int) {
	checkMatrix("SolveRows", "X", X, rows, n, ldx, false)
	if rows < 0 || rows > 8 {
		panic(fmt.Sprintf("kern: SolveRows: %d rows", rows))
	}
	if rows > 0 && n > 0 {
		solveRows(rows, T[:], X, ldx, n)
	}
}
