package direct

import (
	"fmt"

	"solve/solver"
)

// LU is the factor of a square matrix A,
//
//	P R A C Q = L U + F,
//
// where R and C scale rows and columns by powers of two, P and Q permute
// them, L and U are block diagonal, lower and upper triangular, and F holds
// the entries above the diagonal blocks of the block triangular form. Its
// methods are not for concurrent use.
//
// J. Gilbert, T. Peierls, Sparse partial pivoting in time proportional to
// arithmetic operations, SIAM J. Sci. Stat. Comput. 9 (1988); block form and
// preference for the diagonal as T. Davis, E. Palamadai Natarajan, Algorithm
// 907: KLU, ACM Trans. Math. Softw. 37 (2010).
type LU struct {
	s        *LUAnalysis
	maxBytes int64

	val      []float64 // scaled entries of A, in the places of s.row
	row      []int32   // pivot whose row holds each entry
	rowScale []float64 // by row of the permuted matrix
	colScale []float64 // by column of the permuted matrix
	pivotRow []int32   // row of the permuted matrix from which each pivot comes
	pivotOf  []int32   // its inverse; none while a row is without pivot
	rowOf    []int32   // row of A from which each pivot comes

	// Below its unit diagonal, column k of L is li[lp[k]:lp[k+1]], lx[…]; above
	// its diagonal, column k of U is ui[up[k]:up[k+1]], ux[…], every entry after
	// those that its value depends on.
	lp, up []int64
	li, ui []int32
	lx, ux []float64
	diag   []float64 // of U
	leader []int32   // first column of the supernode of each column of L, see run

	growth, ratio float64
	work          []float64
	blocks        columnBlocks

	packed  []float64 // of eliminateRun: the rows
	columns [4][]float64
	weights [4]float64
}

// SingularError says how far the factorisation of a singular matrix got.
type SingularError struct {
	N          int
	Rank       int  // the structural rank, or a lower bound of the numerical one
	Column     int  // first column without a pivot, from 1; 0 if structural
	Structural bool // no values in this pattern make a regular matrix
}

func (e *SingularError) Error() string {
	if e.Structural {
		return fmt.Sprintf("direct: structural rank is %d of %d: %v", e.Rank, e.N, solver.ErrSingular)
	}
	return fmt.Sprintf("direct: no pivot in column %d, rank at least %d of %d: %v", e.Column, e.Rank, e.N, solver.ErrSingular)
}

func (e *SingularError) Unwrap() error { return solver.ErrSingular }

// Analysis returns the analysis that the factor belongs to.
func (f *LU) Analysis() *LUAnalysis { return f.s }

// NNZ is the number of entries stored for L, U and F.
func (f *LU) NNZ() int64 {
	nnz := int64(len(f.li) + len(f.ui) + len(f.diag))
	for k, in := range f.s.inside {
		nnz += in - f.s.colPtr[k]
	}
	return nnz
}

// Growth is the largest ratio, over the columns, of the largest entry of U to
// the largest of the scaled matrix. A large value says that the pivots were
// unstable, as those that Refactor keeps can be.
func (f *LU) Growth() float64 { return f.growth }

// PivotRatio is min |u_kk| / max |u_kk|, a cheap and mostly optimistic
// estimate of the reciprocal condition number of the scaled matrix.
func (f *LU) PivotRatio() float64 { return f.ratio }
