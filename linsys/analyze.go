package linsys

import (
	"context"
	"math"

	"solve/linsys/direct"
	"solve/matrix"
)

// Analysis is what is known of a sparse matrix after a few passes over its
// entries: what auto decides by, and what `solve info` tells.
type Analysis struct {
	Rows, Cols, NNZ int

	PatternSymmetric bool    // with every a_ij an a_ji is stored
	Symmetric        bool    // |a_ij − a_ji| ≤ 1e-14 max|a|
	Asymmetry        float64 // max |a_ij − a_ji|

	MaxAbs, NormInf, NormFro float64
	RowScale                 float64 // largest over smallest ‖row‖∞ of the rows that are not zero

	DiagPositive, DiagNegative, DiagZero int // entries of the diagonal by sign
	OffPositive, OffNegative             int // entries off the diagonal by sign
	Dominant                             int // rows with |a_ii| ≥ Σ|a_ij|
	ZeroSums                             int // rows that sum to 0, to rounding

	Lower, Upper         int // bandwidths
	EmptyRows, EmptyCols int // without an entry that is not 0
	Components           int // connected components of the pattern of A + Aᵀ; 0 unless square
	Longest              int // entries of the fullest row
}

// Square tells whether A is.
func (a *Analysis) Square() bool { return a.Rows == a.Cols }

// Diagonal tells whether nothing lies off the diagonal.
func (a *Analysis) Diagonal() bool { return a.Square() && a.Lower == 0 && a.Upper == 0 }

// Triangular tells whether nothing lies on one side of the diagonal.
func (a *Analysis) Triangular() bool { return a.Square() && (a.Lower == 0 || a.Upper == 0) }

// MaybePositive tells whether nothing yet speaks against A being positive
// definite.
func (a *Analysis) MaybePositive() bool { return a.Symmetric && a.DiagPositive == a.Rows }

// MaybeNegative is MaybePositive of −A.
func (a *Analysis) MaybeNegative() bool {
	return a.Symmetric && a.DiagNegative == a.Rows && a.Rows > 0
}

// MMatrix tells whether A has the signs of an M-matrix: what algebraic
// multigrid is made for.
func (a *Analysis) MMatrix() bool { return a.DiagPositive == a.Rows && a.OffPositive == 0 }

// negativeMMatrix is MMatrix of −A.
func (a *Analysis) negativeMMatrix() bool { return a.DiagNegative == a.Rows && a.OffNegative == 0 }

// constantComponents tells whether there may be connected components all of
// whose rows sum to zero.
func (a *Analysis) constantComponents() bool {
	return a.ZeroSums == a.Rows || a.ZeroSums > 0 && a.Components > 1
}

// symmetryTolerance is how far a_ij and a_ji may differ by rounding, relative
// to the largest entry.
const symmetryTolerance = 1e-14

// Analyze passes over a. The error is that of ctx.
func Analyze(ctx context.Context, a *matrix.CSR) (*Analysis, error) {
	n, err := analyzeEntries(ctx, a)
	if err == nil && n.Square() {
		_, n.Components = direct.Components(a)
	}
	return n, err
}

// analyzeForSolver is Analyze that counts the components only where they matter.
func analyzeForSolver(ctx context.Context, a *matrix.CSR) (*Analysis, error) {
	n, err := analyzeEntries(ctx, a)
	if err == nil && n.Square() && n.ZeroSums > 0 {
		_, n.Components = direct.Components(a)
	}
	return n, err
}

// analyzeEntries finds everything but the components.
func analyzeEntries(ctx context.Context, a *matrix.CSR) (*Analysis, error) {
	n := &Analysis{Rows: a.Rows, Cols: a.Cols, NNZ: a.NNZ()}
	smallest, squares := math.Inf(1), 0.0
	used := make([]bool, a.Cols)
	for i := range a.Rows {
		if i%4096 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		r := n.row(a, i, used)
		if r.largest > 0 {
			smallest = min(smallest, r.largest)
		} else {
			n.EmptyRows++
		}
		if r.largest > 0 && sumsToZero(r.sum, r.abs, r.count) {
			n.ZeroSums++
		}
		n.NormInf = max(n.NormInf, r.abs)
		squares += r.squares
		n.MaxAbs = max(n.MaxAbs, r.largest)
	}
	for _, u := range used {
		if !u {
			n.EmptyCols++
		}
	}
	if n.MaxAbs > 0 {
		n.RowScale = n.MaxAbs / smallest
	}
	n.NormFro = safeNorm(squares, a.Val)
	if !n.Square() {
		return n, nil
	}
	n.PatternSymmetric, n.Asymmetry = asymmetry(a)
	n.Symmetric = n.Asymmetry <= symmetryTolerance*n.MaxAbs
	return n, nil
}

// sumsToZero tells whether a sum of count terms is 0 to rounding, beside that
// of the absolute values. A Laplacian that something was added to, however
// small, is regular, and no right-hand side is to be called inconsistent with
// it; so only the rounding of the entries themselves is forgiven.
func sumsToZero(sum, abs float64, count int) bool {
	return math.Abs(sum) <= float64(count+forgiven)*roundoff*abs
}

// forgiven is how many roundings went into the entries of a row.
const forgiven = 32

// rowFacts are what one row contributes.
type rowFacts struct {
	largest, abs, sum, squares float64
	count                      int
}

// row counts the signs of row i and marks the columns that it uses.
func (n *Analysis) row(a *matrix.CSR, i int, used []bool) rowFacts {
	var r rowFacts
	cols, vals := a.Row(i)
	diag, off, positive, negative := 0.0, 0.0, 0, 0
	first, last := i, i // columns that are not zero
	for k, v := range vals {
		if v == 0 {
			continue
		}
		j := int(cols[k])
		used[j] = true
		size := math.Abs(v)
		if size > r.largest {
			r.largest = size
		}
		r.abs += size
		r.sum += v
		r.squares += v * v
		if j == i {
			diag = v
			continue
		}
		off += size
		first, last = min(first, j), max(last, j)
		if v > 0 {
			positive++
		} else {
			negative++
		}
	}
	r.count = len(vals)
	n.Longest = max(n.Longest, r.count)
	n.Lower, n.Upper = max(n.Lower, i-first), max(n.Upper, last-i)
	n.OffPositive += positive
	n.OffNegative += negative
	switch {
	case i >= n.Cols:
	case diag > 0:
		n.DiagPositive++
	case diag < 0:
		n.DiagNegative++
	default:
		n.DiagZero++
	}
	if math.Abs(diag) >= off && r.largest > 0 {
		n.Dominant++
	}
	return r
}

// asymmetry compares a with its transpose in one pass: rows are visited in
// order, so the entries below the diagonal of each row are asked for in
// order, too.
func asymmetry(a *matrix.CSR) (pattern bool, largest float64) {
	next := append([]int64(nil), a.RowPtr[:a.Rows]...)
	pattern = true
	unmatched := func(v float64) {
		pattern = false
		largest = max(largest, math.Abs(v))
	}
	for i := range a.Rows {
		// What is left of the lower part of row i has no partner.
		k := next[i]
		for ; k < a.RowPtr[i+1] && int(a.Col[k]) < i; k++ {
			unmatched(a.Val[k])
		}
		if k < a.RowPtr[i+1] && int(a.Col[k]) == i {
			k++
		}
		for ; k < a.RowPtr[i+1]; k++ {
			j := a.Col[k]
			for next[j] < a.RowPtr[j+1] && int(a.Col[next[j]]) < i {
				unmatched(a.Val[next[j]])
				next[j]++
			}
			if next[j] < a.RowPtr[j+1] && int(a.Col[next[j]]) == i {
				largest = max(largest, math.Abs(a.Val[k]-a.Val[next[j]]))
				next[j]++
			} else {
				unmatched(a.Val[k])
			}
		}
	}
	return pattern, largest
}
