// Package matrix holds the carriers of numbers that every solver takes:
// row-major Dense, compressed sparse rows (CSR) and columns (CSC) with
// 64-bit pointers and 32-bit indices, a triplet builder (COO), operators
// given by functions or by a constant stencil, and the bridges to and from
// gonum's mat.Matrix.
//
// Products go through Operator. Never hand a sparse matrix to a gonum
// routine that walks At(i,j).
package matrix

// Operator is a linear map of shape r×c.
type Operator interface {
	Dims() (r, c int)
	// MulVecTo overwrites dst with A x, or with Aᵀ x when trans is set.
	// dst and x must not overlap; lengths that don't fit the shape panic.
	MulVecTo(dst []float64, trans bool, x []float64)
}
