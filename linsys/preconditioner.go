package linsys

// Preconditioner approximates the inverse of a matrix.
type Preconditioner interface {
	// Apply computes z = M⁻¹ r. The slices have the order of the matrix and
	// don't overlap. It allocates nothing and is not for concurrent use.
	Apply(z, r []float64)
}
