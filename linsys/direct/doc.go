// Package direct factors symmetric positive definite matrices.
//
// Dense Cholesky factorisation is blocked and right-looking (Golub & Van
// Loan, Matrix Computations, §4.2): all but O(n²) of its work runs in the
// matrix product kernel.
package direct
