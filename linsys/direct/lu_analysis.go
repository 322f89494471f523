package direct

import (
	"context"
	"fmt"
	"math"
	"slices"

	"solve/internal/par"
	"solve/matrix"
	"solve/solver"
)

// LUOptions steer AnalyzeLU. The zero value and nil mean defaults.
type LUOptions struct {
	// Ordering of the diagonal blocks: "colamd", or one of AnalyzeOptions, of
	// the pattern of A+Aᵀ. Auto, the default, is minimum degree, or nested
	// dissection where that saves more than it takes.
	Ordering string
	// PivotTolerance t makes the diagonal entry the pivot where it is at least
	// t times the largest candidate; 0 = 0.1, 1 = partial pivoting.
	PivotTolerance float64
	// Threads bounds the goroutines of the analysis and of solves for several
	// right-hand sides (0 = GOMAXPROCS).
	Threads int
}

// LUAnalysis holds what the LU factors of all matrices with one pattern
// share: a zero-free diagonal, the block triangular form, and in each
// diagonal block an order that keeps fill low.
type LUAnalysis struct {
	n, stored int
	tolerance float64
	threads   int     // of solves
	rowPerm   []int32 // row of A that is row k of the permuted matrix
	colPerm   []int32
	blocks    []int   // diagonal block b has columns blocks[b] … blocks[b+1]-1
	colPtr    []int64 // columns of the permuted matrix,
	inside    []int64 // from where on they lie in the diagonal block,
	row       []int32 // their rows, ascending,
	source    []int32 // and their places in A
	zeros     []int32 // places in A of stored zeros, which are left out

	nnz, flops float64
}

// AnalyzeLU orders the square matrix a. Stored zeros are taken for absent:
// a matrix factored later must be zero there too. The error wraps
// solver.ErrSingular, as a *SingularError with the structural rank, where no
// permutation gives a zero-free diagonal; or it is that of ctx.
func AnalyzeLU(ctx context.Context, a *matrix.CSR, opt *LUOptions) (*LUAnalysis, error) {
	if opt == nil {
		opt = &LUOptions{}
	}
	if err := opt.check(); err != nil {
		return nil, err
	}
	if a.Rows != a.Cols {
		return nil, fmt.Errorf("direct: LU of a %d×%d matrix: %w", a.Rows, a.Cols, solver.ErrDimension)
	}
	if a.NNZ() > math.MaxInt32 {
		return nil, fmt.Errorf("direct: LU of a matrix with %d entries: %w", a.NNZ(), solver.ErrUnsupported)
	}
	s := &LUAnalysis{n: a.Rows, stored: a.NNZ(), tolerance: opt.PivotTolerance, threads: par.Threads(opt.Threads)}
	if s.tolerance == 0 {
		s.tolerance = 0.1
	}
	kept, _ := a.DropZeros()
	rowOf, rank, err := zeroFreeDiagonal(ctx, kept)
	if err != nil {
		return nil, err
	}
	if rank < s.n {
		return nil, &SingularError{N: s.n, Rank: rank, Structural: true}
	}
	s.colPerm, s.blocks = BlockTriangular(kept, rowOf)
	if err := s.orderBlocks(ctx, kept, rowOf, opt.Ordering, opt.Threads); err != nil {
		return nil, err
	}
	s.rowPerm = make([]int32, s.n)
	for k, c := range s.colPerm {
		s.rowPerm[k] = rowOf[c]
	}
	s.permute(a, len(kept.Col))
	return s, nil
}

func (o *LUOptions) check() error {
	switch o.Ordering {
	case "", "auto", "amd", "nd", "best", "colamd", "natural":
	default:
		return &solver.OptionError{Name: "ordering", Value: o.Ordering, Want: "auto, amd, nd, best, colamd or natural"}
	}
	if !(o.PivotTolerance >= 0 && o.PivotTolerance <= 1) {
		return &solver.OptionError{Name: "pivot tolerance", Value: fmt.Sprint(o.PivotTolerance), Want: "a number between 0 and 1"}
	}
	return nil
}

// zeroFreeDiagonal matches rows to columns. A diagonal that is zero-free as
// it is stays, since it is where a symmetric pattern shows.
func zeroFreeDiagonal(ctx context.Context, a *matrix.CSR) (rowOf []int32, rank int, err error) {
	rowOf = make([]int32, a.Rows)
	for i := range a.Rows {
		col, _ := a.Row(i)
		if !slices.Contains(col, int32(i)) {
			return MaximumTransversal(ctx, a)
		}
		rowOf[i] = int32(i)
	}
	return rowOf, a.Rows, nil
}

// permute stores the pattern of the permuted matrix by columns.
func (s *LUAnalysis) permute(a *matrix.CSR, nnz int) {
	place := inverse(s.colPerm)
	s.colPtr = make([]int64, s.n+2) // colPtr[c+1] runs from the start of column c to its end
	for p, c := range a.Col {
		if a.Val[p] != 0 {
			s.colPtr[place[c]+2]++
		}
	}
	for k := range s.n {
		s.colPtr[k+2] += s.colPtr[k+1]
	}
	s.row, s.source = make([]int32, nnz), make([]int32, nnz)
	for k, r := range s.rowPerm {
		for p := a.RowPtr[r]; p < a.RowPtr[r+1]; p++ {
			if a.Val[p] == 0 {
				s.zeros = append(s.zeros, int32(p))
				continue
			}
			at := &s.colPtr[place[a.Col[p]]+1]
			s.row[*at], s.source[*at] = int32(k), int32(p)
			*at++
		}
	}
	s.colPtr = s.colPtr[:s.n+1]
	s.inside = make([]int64, s.n)
	for b := range len(s.blocks) - 1 {
		for k := s.blocks[b]; k < s.blocks[b+1]; k++ {
			p := s.colPtr[k]
			for int(s.row[p]) < s.blocks[b] { // ends at the diagonal entry at the latest
				p++
			}
			s.inside[k] = p
		}
	}
}

// N is the order of the matrix.
func (s *LUAnalysis) N() int { return s.n }

// Blocks is the number of diagonal blocks of the block triangular form; n for
// a matrix that is a permuted triangular one.
func (s *LUAnalysis) Blocks() int { return len(s.blocks) - 1 }

// FactorNNZ estimates the entries of L and U, as if every pivot came from the
// diagonal.
func (s *LUAnalysis) FactorNNZ() float64 { return s.nnz }

// FlopsEstimate estimates the operations of Factor, as if every pivot came
// from the diagonal.
func (s *LUAnalysis) FlopsEstimate() float64 { return s.flops }

// BytesEstimate estimates the memory that Factor takes, from FactorNNZ.
func (s *LUAnalysis) BytesEstimate() float64 {
	return float64(s.baseBytes()) + entryBytes*1.2*s.nnz
}

// baseBytes is what Factor takes besides L and U.
func (s *LUAnalysis) baseBytes() int64 { return 12*int64(len(s.row)) + 148*int64(s.n) }
