package direct

import (
	"context"
	"fmt"
	"math"

	"solve/matrix"
	"solve/solver"
)

// Refactor replaces the factors by those of a, which has the analysed
// pattern, with the same pivots in the same order: several times as fast as
// Factor, without allocation, and stable as long as the values are not too
// different; see Growth. A pivot that is zero gives a *SingularError. After
// an error the factors are not valid until a later Refactor succeeds.
func (f *LU) Refactor(ctx context.Context, a *matrix.CSR) error {
	if err := f.load(a); err != nil {
		return err
	}
	clear(f.work)
	s := f.s
	for b := range s.Blocks() {
		for k := s.blocks[b]; k < s.blocks[b+1]; k++ {
			if k%columnsBetweenChecks == 0 {
				if err := ctx.Err(); err != nil {
					return err
				}
			}
			if err := f.recompute(k); err != nil {
				return err
			}
		}
	}
	f.measure()
	return nil
}

// recompute finds column k of L and U from the columns before.
func (f *LU) recompute(k int) error {
	x := f.work
	for p := f.s.inside[k]; p < f.s.colPtr[k+1]; p++ {
		x[f.row[p]] = f.val[p]
	}
	todo, ux := f.ui[f.up[k]:f.up[k+1]], f.ux[f.up[k]:f.up[k+1]]
	for len(todo) > 0 {
		n := f.run(todo)
		f.eliminateRun(int(todo[0]), nil, ux[:n], x)
		todo, ux = todo[n:], ux[n:]
	}
	pivot := x[k]
	x[k] = 0
	rows, l := f.li[f.lp[k]:f.lp[k+1]], f.lx[f.lp[k]:f.lp[k+1]]
	for p, i := range rows {
		l[p] = x[i] / pivot
		x[i] = 0
	}
	f.diag[k] = pivot
	if pivot == 0 {
		return &SingularError{N: f.s.n, Rank: k, Column: int(f.s.colPerm[k]) + 1}
	}
	if pivot-pivot != 0 {
		return fmt.Errorf("direct: overflow in column %d: %w", f.s.colPerm[k]+1, solver.ErrNonFinite)
	}
	return nil
}

// measure finds the growth of the entries and the ratio of the pivots.
func (f *LU) measure() {
	f.growth = 0
	smallest, largest := math.Inf(1), 0.0
	for k, d := range f.diag {
		d = math.Abs(d)
		smallest, largest = min(smallest, d), max(largest, d)
		u, a := d, 0.0
		for _, v := range f.ux[f.up[k]:f.up[k+1]] {
			u = max(u, math.Abs(v))
		}
		for _, v := range f.val[f.s.inside[k]:f.s.colPtr[k+1]] {
			a = max(a, math.Abs(v))
		}
		f.growth = max(f.growth, u/a)
	}
	f.ratio = 1
	if largest > 0 {
		f.ratio = smallest / largest
	}
}
