package multigrid

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// How a grid is made of a matrix and the cells of its unknowns: every entry
// is read once, must lie across a face and must be ≤ 0, and is turned into
// one byte a cell or, failing that, into weights. What was not looked at in
// that pass, that the matrix is symmetric, is checked link by link where the
// grid is coded, and otherwise by comparing A v with the grid's product for a
// random v.

// excessTolerance is how far the weights of a row may exceed its diagonal,
// and what excess counts as none, relative to the diagonal.
const excessTolerance = 1e-12

// verifyTolerance bounds |A v − G v| relative to max|d| max|v|.
const verifyTolerance = 1e-13

// rowChunk is the number of rows that one task reads.
const rowChunk = 1 << 15

type gridBuilder struct {
	g       *Grid
	a       *matrix.CSR
	rows    *stretches // nil: not known, or cells are in another order
	threads int
	stride  [3]int
	side    [3]int
}

// buildGrid makes the grid of the matrix whose unknown i is cell cell[i] of
// an nx×ny×nz box (nil: cell i), and checks that it is the matrix. Where rows
// are given, cells must be in ascending order.
func buildGrid(ctx context.Context, a *matrix.CSR, nx, ny, nz int, cell []int32, rows *stretches, opt *DetectOptions) (*Grid, error) {
	if nx == 1 { // the same numbering, but planes to work on side by side
		nx, ny = ny, 1
	}
	g := &Grid{nx: nx, ny: ny, nz: nz, n: a.Rows, cell: cell, threads: opt.Threads, entries: int64(a.NNZ())}
	g.faces.Planes, g.faces.Lines, g.faces.N = nx, ny, nz
	if err := opt.fits(g.faces.Cells()); err != nil {
		return nil, err
	}
	b := &gridBuilder{g: g, a: a, rows: rows, threads: opt.Threads, side: [3]int{nx, ny, nz}, stride: [3]int{ny * nz, nz, 1}}
	coded, err := b.code(ctx)
	if err == nil && !coded {
		if err = b.weigh(ctx); err == nil {
			err = b.verify(ctx)
		}
	}
	if err != nil {
		return nil, err
	}
	if g.minWeight == 0 && a.Rows > 1 {
		return nil, refuseFinally("no entry off the diagonal")
	}
	return g, nil
}

// axis returns the axis across which cells c and d are neighbours, and
// whether d comes after c; −1 when they are none.
func (b *gridBuilder) axis(c, d int) (axis int, after bool) {
	step := d - c
	if after = step > 0; !after {
		c, step = d, -step
	}
	for a, s := range b.stride {
		if step == s && b.side[a] > 1 && c/s%b.side[a] < b.side[a]-1 {
			return a, after
		}
	}
	return -1, after
}

// row calls link for every entry of row i off the diagonal with the axis it
// lies across and its weight, and returns the diagonal.
func (b *gridBuilder) row(i, c int, link func(axis int, after bool, w float64)) (diagonal, sum float64, err error) {
	col, val := b.a.Row(i)
	for k, j := range col {
		v := val[k]
		switch {
		case int(j) == i:
			diagonal = v
			continue
		case v == 0:
			continue
		case !(v < 0):
			return 0, 0, refuseFinally("entry (%d,%d) is %v: entries off the diagonal must not be positive", i+1, j+1, v)
		}
		axis, after := b.axis(c, b.g.cellOf(int(j)))
		if axis < 0 {
			return 0, 0, refuse("entry (%d,%d) does not lie between neighbouring cells", i+1, j+1)
		}
		sum -= v
		link(axis, after, -v)
	}
	if !(diagonal > 0) || math.IsInf(diagonal, 1) {
		return 0, 0, refuseFinally("the diagonal of row %d is %v: must be positive and finite", i+1, diagonal)
	}
	if sum > diagonal*(1+excessTolerance) {
		return 0, 0, refuseFinally("the entries of row %d off the diagonal add up to %v, more than its diagonal of %v", i+1, -sum, diagonal)
	}
	return diagonal, sum, nil
}

// palette is what a coded grid may consist of.
type palette struct {
	axis     [3]float64
	diagonal []float64 // without the masked cell
}

// number returns the code of diagonal d, or 0 when there is no room.
func (p *palette) number(d float64) uint8 {
	for k, have := range p.diagonal {
		if have == d {
			return uint8(k + 1)
		}
	}
	if len(p.diagonal) == kern.CodeDiagonal {
		return 0
	}
	p.diagonal = append(p.diagonal, d)
	return uint8(len(p.diagonal))
}

// merge adds what q has, and reports whether the two fit together.
func (p *palette) merge(q *palette) bool {
	for a, w := range q.axis {
		if w != 0 && p.axis[a] != 0 && w != p.axis[a] {
			return false
		}
		p.axis[a] = max(p.axis[a], w)
	}
	for _, d := range q.diagonal {
		if p.number(d) == 0 {
			return false
		}
	}
	return true
}

// errUncoded stops the coding of a grid whose weights are too many.
var errUncoded = fmt.Errorf("more weights or diagonals than a byte holds")

// code tries to code the grid. It reports false where it has too many
// different weights.
func (b *gridBuilder) code(ctx context.Context) (bool, error) {
	var mu sync.Mutex
	var common palette
	g := b.g
	f := &g.faces
	code := make([]uint8, f.Cells()+2*f.Guard())
	back := make([]uint8, len(code))
	err := b.forRows(ctx, func(lo, hi int) error {
		mu.Lock()
		own := palette{common.axis, slices.Clone(common.diagonal)}
		mu.Unlock()
		if err := b.codeRows(lo, hi, &own, code[f.Guard():], back[f.Guard():]); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if !common.merge(&own) {
			return errUncoded
		}
		if !slices.Equal(common.diagonal[:min(len(common.diagonal), len(own.diagonal))], own.diagonal) {
			renumber(b, lo, hi, &own, &common, code[f.Guard():])
		}
		return nil
	})
	if err == errUncoded {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	f.Code, f.Axis = code, common.axis
	for k, d := range common.diagonal {
		f.DiagOf[k+1], f.InvOf[k+1] = d, 1/d
	}
	for _, w := range common.axis {
		g.noteWeight(w)
	}
	return true, b.matchBack(ctx, back)
}

// renumber gives the cells of rows lo…hi−1 the numbers that the common
// palette has for their diagonals.
func renumber(b *gridBuilder, lo, hi int, own, common *palette, code []uint8) {
	var to [8]uint8
	for k, d := range own.diagonal {
		to[k+1] = common.number(d)
	}
	for i := lo; i < hi; i++ {
		c := &code[b.g.cellOf(i)]
		*c = *c&^kern.CodeDiagonal | to[*c&kern.CodeDiagonal]
	}
}

// matchBack checks that every link is in the rows of both its ends, by the
// backward bits that the rows gave. With it the grid is exactly the matrix.
func (b *gridBuilder) matchBack(ctx context.Context, back []uint8) error {
	f := &b.g.faces
	unknowns := make([]int, f.Planes)
	ok := make([]bool, f.Planes)
	err := par.ForCtx(ctx, b.threads, f.Planes, func(i int) {
		lo := f.Guard() + i*f.Plane()
		n := f.Plane()
		own, x, y, z := f.Code[lo:lo+n], f.Code[lo-n:lo], f.Code[lo-f.N:lo-f.N+n], f.Code[lo-1:lo-1+n]
		wrong, count := uint8(0), 0
		for k, want := range back[lo : lo+n] {
			wrong |= want ^ (x[k]&kern.CodeX | y[k]&kern.CodeY | z[k]&kern.CodeZ)
			if own[k] != 0 {
				count++
			}
		}
		ok[i], unknowns[i] = wrong == 0, count
	})
	if err != nil {
		return err
	}
	total := 0
	for i := range ok {
		total += unknowns[i]
		if !ok[i] {
			return b.verify(ctx) // finds the row
		}
	}
	if total != b.g.n {
		return refuse("%d unknowns fall on %d cells", b.g.n, total)
	}
	return nil
}

var codeBit = [3]uint8{kern.CodeX, kern.CodeY, kern.CodeZ}

// codeRows codes the rows that fit the palette as it is, quickly, and extends
// it for others.
func (b *gridBuilder) codeRows(lo, hi int, p *palette, code, back []uint8) error {
	q := quickRows{gridBuilder: b, last: -2}
	for axis, side := range b.side {
		q.step[axis] = b.stride[axis]
		if side == 1 {
			q.step[axis] = -1 // never seen: steps are taken to be positive
		}
	}
	each := func(i, end int) error {
		for i < end {
			c := b.g.cellOf(i)
			forward, backward, d, ok := q.row(i, c, p)
			if !ok {
				var err error
				if forward, backward, d, err = b.codeRow(i, c, p); err != nil {
					return err
				}
			}
			if d != q.diagonal || q.number == 0 {
				q.diagonal, q.number = d, p.number(d)
				if q.number == 0 {
					return errUncoded
				}
			}
			same := b.alike(i, c, end-i, forward)
			fill(code[c:c+same], forward|q.number)
			fill(back[c:c+same], backward)
			i += same
		}
		return nil
	}
	if b.rows == nil {
		for i := lo; i < hi; i++ {
			if err := each(i, i+1); err != nil {
				return err
			}
		}
		return nil
	}
	return b.rows.each(lo/rowChunk, each)
}

// quickRows reads rows whose weights are those of the palette.
type quickRows struct {
	*gridBuilder
	step       [3]int
	last, y, z int // coordinates of the last cell
	diagonal   float64
	number     uint8 // of diagonal
}

// row returns the links of row i to later and earlier cells; not ok when
// anything is unusual.
func (q *quickRows) row(i, c int, p *palette) (forward, backward uint8, d float64, ok bool) {
	if c == q.last+1 && q.z+1 < q.side[2] {
		q.z++
	} else {
		q.y, q.z = c/q.side[2]%q.side[1], c%q.side[2]
	}
	q.last = c
	lo, hi := q.a.RowPtr[i], q.a.RowPtr[i+1]
	val := q.a.Val[lo:hi]
	sum := 0.
	for k, j := range q.a.Col[lo:hi] {
		w := -val[k]
		if int(j) == i {
			d = -w
			continue
		}
		step := int(j)
		if q.g.cell != nil {
			step = int(q.g.cell[j])
		}
		step -= c
		bits := &forward
		if step < 0 {
			step, bits = -step, &backward
		}
		axis := 0
		switch step {
		case q.step[2]:
			axis = 2
		case q.step[1]:
			axis = 1
		case q.step[0]:
		default:
			return 0, 0, 0, false
		}
		if w != p.axis[axis] || w == 0 {
			return 0, 0, 0, false
		}
		*bits |= codeBit[axis]
		sum += w
	}
	wraps := q.z == q.side[2]-1 && forward&kern.CodeZ != 0 || q.z == 0 && backward&kern.CodeZ != 0 ||
		q.y == q.side[1]-1 && forward&kern.CodeY != 0 || q.y == 0 && backward&kern.CodeY != 0
	return forward, backward, d, !wraps && d > 0 && d <= math.MaxFloat64 && sum <= d*(1+excessTolerance)
}

// codeRow is the same for any row.
func (b *gridBuilder) codeRow(i, c int, p *palette) (forward, backward uint8, d float64, err error) {
	fits := true
	d, _, err = b.row(i, c, func(axis int, after bool, w float64) {
		if p.axis[axis] == 0 {
			p.axis[axis] = w
		}
		fits = fits && w == p.axis[axis]
		if after {
			forward |= codeBit[axis]
		} else {
			backward |= codeBit[axis]
		}
	})
	if err == nil && !fits {
		err = errUncoded
	}
	return forward, backward, d, err
}

// weigh stores the weights as they are.
func (b *gridBuilder) weigh(ctx context.Context) error {
	g, f := b.g, &b.g.faces
	size := f.Cells() + 2*f.Guard()
	for a := range f.W {
		f.W[a] = make([]float64, size)
	}
	f.D = make([]float64, size)
	var mu sync.Mutex
	return b.forRows(ctx, func(lo, hi int) error {
		least, most := math.Inf(1), 0.
		for i := lo; i < hi; i++ {
			c := g.cellOf(i)
			d, _, err := b.row(i, c, func(axis int, after bool, w float64) {
				least, most = min(least, w), max(most, w)
				if after {
					f.W[axis][f.Guard()+c] = w
				}
			})
			if err != nil {
				return err
			}
			f.D[f.Guard()+c] = d
		}
		mu.Lock()
		defer mu.Unlock()
		if most > 0 {
			g.noteWeight(least)
			g.noteWeight(most)
		}
		return nil
	})
}

func (g *Grid) noteWeight(w float64) {
	if w > 0 {
		if g.minWeight == 0 {
			g.minWeight = w
		}
		g.minWeight, g.maxWeight = min(g.minWeight, w), max(g.maxWeight, w)
	}
}

// forRows calls fn on chunks of rows until one fails, and returns the error
// of the first chunk that did.
func (b *gridBuilder) forRows(ctx context.Context, fn func(lo, hi int) error) error {
	return forRowChunks(ctx, b.threads, b.a.Rows, fn)
}

func forRowChunks(ctx context.Context, threads, n int, fn func(lo, hi int) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	errs := make([]error, par.Chunks(n, rowChunk))
	err := par.ForCtx(ctx, threads, len(errs), func(c int) {
		lo, hi := par.Bounds(c, n, rowChunk)
		if errs[c] = fn(lo, hi); errs[c] != nil {
			stop()
		}
	})
	for _, e := range errs {
		if e != nil {
			return e
		}
	}
	return err
}

// verify compares the grid's product with the matrix's on a random vector.
func (b *gridBuilder) verify(ctx context.Context) error {
	g := b.g
	v, p, q := make([]float64, g.n), g.vector(), g.vector()
	err := forRowChunks(ctx, b.threads, g.n, func(lo, hi int) error {
		draw := rng.NewStream(1, uint64(lo/rowChunk))
		for i := lo; i < hi; i++ {
			v[i] = 2*draw.Float64() - 1
			p[g.faces.Guard()+g.cellOf(i)] = v[i]
		}
		return nil
	})
	if err != nil {
		return err
	}
	par.For(b.threads, g.nx, func(i int) { kern.FaceMul(&g.faces, i, p, q) })
	return forRowChunks(ctx, b.threads, g.n, func(lo, hi int) error {
		for i := lo; i < hi; i++ {
			col, val := b.a.Row(i)
			sum, size := 0., 0.
			for k, j := range col {
				sum += val[k] * v[j]
				size += math.Abs(val[k])
			}
			if got := q[g.faces.Guard()+g.cellOf(i)]; !(math.Abs(got-sum) <= verifyTolerance*size) {
				return b.mismatch(i, got-sum)
			}
		}
		return nil
	})
}

// mismatch says what is wrong with row i.
func (b *gridBuilder) mismatch(i int, difference float64) error {
	col, val := b.a.Row(i)
	for k, j := range col {
		if back := b.a.At(int(j), i); back != val[k] {
			return refuseFinally("the matrix is not symmetric: entry (%d,%d) is %v, entry (%d,%d) is %v", i+1, j+1, val[k], j+1, i+1, back)
		}
	}
	return refuse("row %d differs from the grid's by %.3g on a random vector", i+1, difference)
}

// fits refuses a box that would not fit the memory allowed.
func (o *DetectOptions) fits(cells int) error {
	limit := o.MaxMemory
	if limit <= 0 {
		limit = solver.DefaultMaxMemory
	}
	if need := 6 * 8 * int64(cells); need > limit {
		return fmt.Errorf("multigrid: %w", &solver.TooLargeError{What: "the grid", Need: need, Have: limit})
	}
	return nil
}
