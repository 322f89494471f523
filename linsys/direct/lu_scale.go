package direct

import (
	"fmt"
	"math"

	"solve/matrix"
	"solve/solver"
)

// load fetches the values of a, after a check that it has the pattern that
// was analysed, and scales them.
func (f *LU) load(a *matrix.CSR) error {
	s := f.s
	if a.Rows != s.n || a.Cols != s.n || a.NNZ() != s.stored {
		return fmt.Errorf("direct: %d×%d matrix with %d entries, analysed was one of order %d with %d: %w",
			a.Rows, a.Cols, a.NNZ(), s.n, s.stored, solver.ErrDimension)
	}
	for _, p := range s.zeros {
		if a.Val[p] != 0 {
			return fmt.Errorf("direct: entry %d of the matrix was zero when analysed: %w", p+1, solver.ErrInput)
		}
	}
	for k, c := range s.colPerm {
		for p := s.colPtr[k]; p < s.colPtr[k+1]; p++ {
			from, r := int64(s.source[p]), s.rowPerm[s.row[p]]
			if a.Col[from] != c || from < a.RowPtr[r] || from >= a.RowPtr[r+1] {
				return fmt.Errorf("direct: pattern of column %d differs from the analysed one: %w", c+1, solver.ErrInput)
			}
			v := a.Val[from]
			if v-v != 0 {
				return &solver.EntryError{What: "matrix", Row: int(r) + 1, Col: int(c) + 1, Value: v, Err: solver.ErrNonFinite}
			}
			f.val[p] = v
		}
	}
	f.equilibrate()
	return nil
}

// scalingPasses of the ∞-norm iteration bring the largest entry of most rows
// and columns near 1.
const scalingPasses = 5

// equilibrate scales rows and columns by powers of two, which is exact.
//
// D. Ruiz, A scaling algorithm to equilibrate both rows and columns norms in
// matrices, RAL-TR-2001-034.
func (f *LU) equilibrate() {
	s, rowMax := f.s, f.work
	for k := range s.n {
		f.rowScale[k], f.colScale[k] = 1, 1
	}
	for range scalingPasses {
		clear(rowMax)
		for k := range s.n {
			largest, c := 0.0, f.colScale[k]
			for p := s.colPtr[k]; p < s.colPtr[k+1]; p++ {
				i := s.row[p]
				v := math.Abs(f.val[p]) * f.rowScale[i] * c
				largest = max(largest, v)
				rowMax[i] = max(rowMax[i], v)
			}
			f.colScale[k] *= inverseRoot(largest)
		}
		for i, m := range rowMax {
			f.rowScale[i] *= inverseRoot(m)
		}
	}
	for k, c := range f.colScale {
		for p := s.colPtr[k]; p < s.colPtr[k+1]; p++ {
			f.val[p] = f.val[p] * f.rowScale[s.row[p]] * c
		}
	}
}

// inverseRoot is a power of two near 1/√m, 1 for 0.
func inverseRoot(m float64) float64 {
	if m == 0 {
		return 1
	}
	return math.Ldexp(1, -math.Ilogb(m)/2)
}
