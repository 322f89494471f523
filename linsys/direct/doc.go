// Package direct factors matrices, to solve with them many times.
//
// Sparse matrices are analysed first, from their pattern alone: an ordering
// that keeps the factor sparse (approximate minimum degree, Amestoy, Davis,
// Duff 1996; nested dissection, George 1973, Karypis, Kumar 1998), the
// elimination tree, and the entries, flops and bytes that a factorisation will
// take. The analysis is used again for every matrix of the pattern.
//
//   - Cholesky, supernodal, of positive definite matrices (Ng, Peyton 1993;
//     Chen, Davis, Hager, Rajamanickam 2008);
//   - LDLT, multifrontal with 1×1 and 2×2 pivots and inertia, of symmetric ones
//     (Duff, Reid 1983; Bunch, Kaufman 1977);
//   - LU, by columns within the blocks of the block triangular form, of any
//     square ones (Gilbert, Peierls 1988; Davis, Palamadai Natarajan 2010).
//
// Dense Cholesky factorisation is blocked and right-looking (Golub, Van Loan,
// Matrix Computations, §4.2): all but O(n²) of its work runs in the matrix
// product kernel.
package direct
