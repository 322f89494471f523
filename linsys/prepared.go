package linsys

import (
	"context"
	"fmt"
	"math"

	"solve/linsys/direct"
	"solve/matrix"
	"solve/solver"
)

// prepared is an incomplete LU factorisation L U ≈ Q (P Dr A Dc) Qᵀ of a
// matrix that was permuted and scaled first, in the order of A:
//
//	M⁻¹ = Dc Qᵀ (L U)⁻¹ Q P Dr.
//
// P and the scales put entries of size one on the diagonal, and no larger
// ones beside them (Duff & Koster 2001; Benzi, Haws & Tůma, Preconditioning
// highly indefinite and nonsymmetric matrices, 2000, for what that does for
// incomplete factorisations), Q is a symmetric ordering.
type prepared struct {
	m          *LDU
	rows, cols []int32   // of A, in the order of the factors
	dr, dc     []float64 // scales, in that order
	r, z       []float64
}

// Apply computes z = M⁻¹ r.
func (p *prepared) Apply(z, r []float64) {
	checkApply("prepared", len(p.rows), z, r)
	for k, i := range p.rows {
		p.r[k] = p.dr[k] * r[i]
	}
	p.m.Apply(p.z, p.r)
	for k, j := range p.cols {
		z[j] = p.dc[k] * p.z[k]
	}
}

// newPrepared factorises the permuted and scaled matrix, symmetrically
// ordered as the pattern of P A asks for. The error wraps solver.ErrSingular
// for a structurally singular matrix, and for factors too ill-conditioned to
// be of use; or it is that of ctx.
func newPrepared(ctx context.Context, a *matrix.CSR, order ordering, factor func(*matrix.CSR) (*LDU, error)) (*prepared, error) {
	rowOf, dr, dc, err := direct.ScaledMatching(ctx, a)
	if err != nil {
		return nil, err
	}
	cols, err := order(ctx, withRows(a, rowOf))
	if err != nil {
		return nil, err
	}
	n := a.Rows
	p := &prepared{
		cols: cols, rows: make([]int32, n),
		dr: make([]float64, n), dc: make([]float64, n), r: make([]float64, n), z: make([]float64, n),
	}
	for k, j := range p.cols {
		i := rowOf[j]
		p.rows[k], p.dr[k], p.dc[k] = i, dr[i], dc[j]
	}
	permuted, err := p.permute(a)
	if err != nil {
		return nil, err
	}
	if p.m, err = factor(permuted); err != nil {
		return nil, err
	}
	if err := checkInverse(p.m, n, worstInverse); err != nil {
		return nil, err
	}
	return p, nil
}

// withRows is the pattern of the rows of a in another order.
func withRows(a *matrix.CSR, rows []int32) *matrix.CSR {
	b := &matrix.CSR{Rows: a.Rows, Cols: a.Cols, RowPtr: make([]int64, a.Rows+1), Col: make([]int32, 0, len(a.Col))}
	for k, i := range rows {
		col, _ := a.Row(int(i))
		b.Col = append(b.Col, col...)
		b.RowPtr[k+1] = int64(len(b.Col))
	}
	return b
}

// orderForFill returns the order for an incomplete factorisation with
// threshold: reverse Cuthill–McKee, from which the iterations of discretised
// equations gain most (Benzi, Szyld & van Duin, Orderings for incomplete
// factorization preconditioning of nonsymmetric problems, 1999), and minimum
// degree where few entries have a partner across the diagonal, and there are
// no neighbourhoods to follow.
func orderForFill(ctx context.Context, a *matrix.CSR) ([]int32, error) {
	if patternSymmetry(a) >= nearlySymmetric {
		return reverseCuthillMcKee(ctx, a)
	}
	return direct.AMD(ctx, a)
}

// ordering orders rows and columns; the error is that of the context.
type ordering func(context.Context, *matrix.CSR) ([]int32, error)

func reverseCuthillMcKee(_ context.Context, a *matrix.CSR) ([]int32, error) {
	return direct.RCM(a), nil
}

// nearlySymmetric is the share of entries with a partner that discretised
// equations have at least.
const nearlySymmetric = 0.8

// patternSymmetry is the share of the entries a_ij off the diagonal that have
// an a_ji; 1 where there are none.
func patternSymmetry(a *matrix.CSR) float64 {
	next := append([]int64(nil), a.RowPtr[:a.Rows]...) // rows are asked for their entries below the diagonal in order
	partners, off := 0, 0
	for i := range a.Rows {
		for k := a.RowPtr[i]; k < a.RowPtr[i+1]; k++ {
			j := int(a.Col[k])
			if j != i {
				off++
			}
			if j <= i {
				continue
			}
			for next[j] < a.RowPtr[j+1] && int(a.Col[next[j]]) < i {
				next[j]++
			}
			if next[j] < a.RowPtr[j+1] && int(a.Col[next[j]]) == i {
				partners += 2
			}
		}
	}
	if off == 0 {
		return 1
	}
	return float64(partners) / float64(off)
}

// permute returns Q (P Dr A Dc) Qᵀ without stored zeros.
func (p *prepared) permute(a *matrix.CSR) (*matrix.CSR, error) {
	place := make([]int32, len(p.cols))
	for k, j := range p.cols {
		place[j] = int32(k)
	}
	row, column := make([]int32, 0, len(a.Col)), make([]int32, 0, len(a.Col))
	values := make([]float64, 0, len(a.Col))
	for k, i := range p.rows {
		col, val := a.Row(int(i))
		for q, j := range col {
			if val[q] != 0 {
				row, column = append(row, int32(k)), append(column, place[j])
				values = append(values, p.dr[k]*val[q]*p.dc[place[j]])
			}
		}
	}
	b, _, err := matrix.FromTriplets(len(p.rows), len(p.cols), row, column, values)
	return b, err
}

// worstInverse is how large ‖(L U)⁻¹ 1‖∞ may be beside entries of size one.
// Beyond, the factors hold rounding errors (Chow & Saad, Experimental study of
// ILU preconditioners for indefinite matrices, 1997, whose estimate of the
// condition it is).
const worstInverse = 1e15

// checkInverse refuses factors with ‖M⁻¹ 1‖∞ above limit or not a number.
func checkInverse(m Preconditioner, n int, limit float64) error {
	ones, z := make([]float64, n), make([]float64, n)
	for i := range ones {
		ones[i] = 1
	}
	m.Apply(z, ones)
	size := 0.0
	for _, v := range z {
		size = math.Max(size, math.Abs(v)) // NaN where one is
	}
	if !(size <= limit) {
		return fmt.Errorf("the incomplete factors are unstable, ‖M⁻¹1‖∞ = %.2g: %w", size, solver.ErrSingular)
	}
	return nil
}
