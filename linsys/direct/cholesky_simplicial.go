package direct

import (
	"context"
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/matrix"
	"solve/solver"
)

// Factors with at most so many operations for each entry, and at most so many
// entries, are computed entry by entry: there, to set up the dense blocks of
// supernodes takes longer than they save.
const (
	simplicialFlops   = 16
	simplicialEntries = 1 << 16
)

// simplicialPlan is the structure of a factor that is computed row by row.
type simplicialPlan struct {
	place  []int32 // of each row of A in the elimination
	parent []int32 // elimination tree
	start  []int32 // of the columns of L, without the diagonal, and their end
}

// simplicialOf plans a factor of the ordering o, or returns nil where
// supernodes are better.
func simplicialOf(o *ordered) *simplicialPlan {
	if o.nnz > simplicialEntries || o.flops > simplicialFlops*float64(o.nnz) {
		return nil
	}
	n := len(o.count)
	p := &simplicialPlan{place: o.place, parent: o.parent, start: make([]int32, n+1)}
	if p.place == nil {
		p.place = identity(n)
	}
	for k, c := range o.count {
		p.start[k+1] = p.start[k] + c - 1
	}
	return p
}

func identity(n int) []int32 {
	perm := make([]int32, n)
	for i := range perm {
		perm[i] = int32(i)
	}
	return perm
}

// bytes is the memory of the plan, a factor and its solves.
func (p *simplicialPlan) bytes() int64 {
	n := len(p.place)
	return 12*int64(p.start[n]) + 48*int64(n)
}

// simplicial is a factor P A Pᵀ = L Lᵀ, up-looking: row k of L solves a
// triangular system with the rows above it, whose sparse solution lies on the
// paths from the entries of row k of A up the elimination tree.
//
// T. Davis, Direct Methods for Sparse Linear Systems, SIAM 2006, §4.7.
type simplicial struct {
	*simplicialPlan
	perm    []int32
	row     []int32 // of each entry of L below the diagonal, ascending in a column
	val     []float64
	inverse []float64 // of the diagonal of L
	end     []int32   // of the part of each column that is known
	x       []float64 // zero between the rows
	seen    []int32   // the last row whose paths went through a column
	path    []int32
	block   []float64 // right-hand sides under way
}

func newSimplicial(p *simplicialPlan, perm []int32) *simplicial {
	n := len(perm)
	entries := int(p.start[n])
	ints, reals := make([]int32, entries+3*n), make([]float64, entries+2*n)
	return &simplicial{
		simplicialPlan: p, perm: perm,
		row: ints[:entries], end: ints[entries : entries+n], seen: ints[entries+n : entries+2*n], path: ints[entries+2*n:],
		val: reals[:entries], inverse: reals[entries : entries+n], x: reals[entries+n:],
	}
}

// factor replaces the factor by that of a.
func (f *simplicial) factor(ctx context.Context, a *matrix.CSR) error {
	const poll = 1024
	clear(f.x)
	copy(f.end, f.start)
	for k := range f.seen {
		f.seen[k] = none
	}
	for k := range int32(len(f.perm)) {
		if k%poll == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		pivot := f.eliminate(k, a)
		if !(pivot > 0 && pivot <= math.MaxFloat64) {
			return fmt.Errorf("direct: pivot of row %d is %.3g: %w", f.perm[k]+1, pivot, solver.ErrNotPositiveDefinite)
		}
		f.inverse[k] = 1 / math.Sqrt(pivot)
	}
	return nil
}

// eliminate finds row k of L and returns the square of its diagonal entry.
func (f *simplicial) eliminate(k int32, a *matrix.CSR) (pivot float64) {
	first := f.reach(k, a)
	x, start, end := f.x, f.start, f.end
	pivot, x[k] = x[k], 0
	for _, i := range f.path[first:] {
		l := x[i] * f.inverse[i]
		x[i] = 0
		from, to := start[i], end[i]
		val := f.val[from:to]
		for p, r := range f.row[from:to] {
			x[r] -= val[p] * l
		}
		pivot -= l * l
		f.row[to], f.val[to] = k, l
		end[i] = to + 1
	}
	return pivot
}

// reach scatters row k of the lower triangle of A into x and leaves the
// columns where row k of L has entries in path, from the place returned on,
// descendants first.
func (f *simplicial) reach(k int32, a *matrix.CSR) (first int) {
	x, seen, path, parent, place := f.x, f.seen, f.path, f.parent, f.place
	first = len(path)
	seen[k] = k
	lo, hi := a.RowPtr[f.perm[k]], a.RowPtr[f.perm[k]+1]
	val := a.Val[lo:hi]
	for p, j := range a.Col[lo:hi] {
		i := place[j]
		if i > k {
			continue
		}
		x[i] = val[p]
		n := 0
		for ; seen[i] != k; i = parent[i] {
			seen[i] = k
			path[n] = i
			n++
		}
		for ; n > 0; n-- {
			first--
			path[first] = path[n-1]
		}
	}
	return first
}

// solve overwrites b with A⁻¹ b.
func (f *simplicial) solve(b []float64) {
	x := f.x
	for k, i := range f.perm {
		x[k] = b[i]
	}
	for k := range x {
		t := x[k] * f.inverse[k]
		x[k] = t
		lo, hi := f.start[k], f.start[k+1]
		val := f.val[lo:hi]
		for p, r := range f.row[lo:hi] {
			x[r] -= val[p] * t
		}
	}
	for k := len(x) - 1; k >= 0; k-- {
		t := x[k]
		lo, hi := f.start[k], f.start[k+1]
		val := f.val[lo:hi]
		for p, r := range f.row[lo:hi] {
			t -= val[p] * x[r]
		}
		x[k] = t * f.inverse[k]
	}
	for k, i := range f.perm {
		b[i] = x[k]
	}
}

// solveBlock overwrites the k right-hand sides in b, n×k, with A⁻¹ times them,
// blockColumns at a time.
func (f *simplicial) solveBlock(b []float64, k int) {
	if f.block == nil {
		f.block = make([]float64, len(f.perm)*blockColumns)
	}
	for lo := 0; lo < k; lo += blockColumns {
		n := min(blockColumns, k-lo)
		for j, i := range f.perm {
			copy(f.block[j*n:][:n], b[int(i)*k+lo:])
		}
		f.solveColumns(n)
		for j, i := range f.perm {
			copy(b[int(i)*k+lo:][:n], f.block[j*n:])
		}
	}
}

// solveColumns is solve for n right-hand sides in the order of elimination.
func (f *simplicial) solveColumns(n int) {
	line := func(k int) []float64 { return f.block[k*n:][:n] }
	for k := range f.perm {
		own := line(k)
		scale(own, own, f.inverse[k])
		for p := f.start[k]; p < f.start[k+1]; p++ {
			kern.Axpy(-f.val[p], own, line(int(f.row[p])))
		}
	}
	for k := len(f.perm) - 1; k >= 0; k-- {
		own := line(k)
		for p := f.start[k]; p < f.start[k+1]; p++ {
			kern.Axpy(-f.val[p], line(int(f.row[p])), own)
		}
		scale(own, own, f.inverse[k])
	}
}

// logDet is the logarithm of the determinant of A.
func (f *simplicial) logDet() float64 {
	sum := 0.
	for _, d := range f.inverse {
		sum -= math.Log(d)
	}
	return 2 * sum
}
