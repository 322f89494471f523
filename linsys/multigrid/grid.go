package multigrid

import (
	"errors"
	"fmt"
	"sync/atomic"

	"solve/internal/kern"
	"solve/internal/par"
)

// ErrNoGrid is wrapped by Refusal: the matrix is not that of a grid, or not
// one that FW-MG can use.
var ErrNoGrid = errors.New("no grid")

// Refusal says why no grid was found behind a matrix. It wraps ErrNoGrid.
type Refusal struct {
	Why   string
	final bool // no other numbering would help
}

func (r *Refusal) Error() string { return "multigrid: no grid: " + r.Why }

// Unwrap returns ErrNoGrid.
func (r *Refusal) Unwrap() error { return ErrNoGrid }

func refuse(format string, args ...any) error { return &Refusal{fmt.Sprintf(format, args...), false} }

func refuseFinally(format string, args ...any) error {
	return &Refusal{fmt.Sprintf(format, args...), true}
}

// Grid is a matrix as a box of cells: each unknown has a cell of its own, and
// each entry off the diagonal is minus the weight of the face between two
// neighbours,
//
//	(A x)_c = d_c x_c − Σ_faces w x_neighbour,   w ≥ 0,   d_c ≥ Σ w.
//
// Cells that belong to no unknown (obstacles) are left out. The grid is an
// operator equal to the matrix it was found in (see Detect). It is read-only
// and may be shared.
type Grid struct {
	nx, ny, nz int
	n          int     // unknowns
	cell       []int32 // of each unknown; nil when unknown i is cell i
	faces      kern.FaceGrid[float64]
	threads    int

	entries              int64   // of the matrix
	minWeight, maxWeight float64 // over the links; 0 when there is none
	how                  string
}

// Shape returns the cells along x, y and z; unknowns are numbered with z
// fastest where the matrix was in natural order. In the plane y has one cell.
func (g *Grid) Shape() []int { return []int{g.nx, g.ny, g.nz} }

// Dims returns the order of the matrix, twice.
func (g *Grid) Dims() (r, c int) { return g.n, g.n }

// How says how the grid was found, in a few words.
func (g *Grid) How() string { return g.how }

// Contrast is the largest weight of a face over the smallest, at least 1.
func (g *Grid) Contrast() float64 {
	if g.minWeight == 0 {
		return 1
	}
	return g.maxWeight / g.minWeight
}

// Constant reports whether all faces across an axis have the same weight, so
// that a cell takes one byte.
func (g *Grid) Constant() bool { return g.faces.Code != nil }

// Cell returns the coordinates of unknown i.
func (g *Grid) Cell(i int) (x, y, z int) {
	c := g.cellOf(i)
	return c / (g.ny * g.nz), c / g.nz % g.ny, c % g.nz
}

func (g *Grid) cellOf(i int) int {
	if g.cell == nil {
		return i
	}
	return int(g.cell[i])
}

// vector returns zeros in grid numbering.
func (g *Grid) vector() []float64 { return make([]float64, g.faces.Cells()+2*g.faces.Guard()) }

// gather copies x in the numbering of the matrix to v in that of the grid.
func (g *Grid) gather(v, x []float64) {
	v = v[g.faces.Guard():]
	par.For(g.threads, par.Chunks(g.n, gatherChunk), func(c int) {
		lo, hi := par.Bounds(c, g.n, gatherChunk)
		if g.cell == nil {
			copy(v[lo:hi], x[lo:hi])
			return
		}
		for i, cell := range g.cell[lo:hi] {
			v[cell] = x[lo+i]
		}
	})
}

// scatter is the inverse of gather.
func (g *Grid) scatter(x, v []float64) {
	v = v[g.faces.Guard():]
	par.For(g.threads, par.Chunks(g.n, gatherChunk), func(c int) {
		lo, hi := par.Bounds(c, g.n, gatherChunk)
		if g.cell == nil {
			copy(x[lo:hi], v[lo:hi])
			return
		}
		for i, cell := range g.cell[lo:hi] {
			x[lo+i] = v[cell]
		}
	})
}

const gatherChunk = 1 << 16

// allZero reports whether x, in the numbering of the matrix, is 0.
func (g *Grid) allZero(x []float64) bool {
	var other atomic.Bool
	par.For(g.threads, par.Chunks(len(x), gatherChunk), func(c int) {
		lo, hi := par.Bounds(c, len(x), gatherChunk)
		for _, v := range x[lo:hi] {
			if v != 0 {
				other.Store(true)
				return
			}
		}
	})
	return !other.Load()
}

// clear sets v, in grid numbering, to 0.
func (g *Grid) clear(v []float64) {
	par.For(g.threads, par.Chunks(len(v), gatherChunk), func(c int) {
		lo, hi := par.Bounds(c, len(v), gatherChunk)
		clear(v[lo:hi])
	})
}

// MulVecTo computes dst = A x in the numbering of the matrix; A is symmetric.
// It allocates two vectors: solvers work in grid numbering instead.
func (g *Grid) MulVecTo(dst []float64, _ bool, x []float64) {
	if len(dst) != g.n || len(x) != g.n {
		panic(fmt.Sprintf("multigrid: product of a vector of %d into one of %d, want %d", len(x), len(dst), g.n))
	}
	p, q := g.vector(), g.vector()
	g.gather(p, x)
	par.For(g.threads, g.nx, func(i int) { kern.FaceMul(&g.faces, i, p, q) })
	g.scatter(dst, q)
}

// bytes is the memory of the grid.
func (g *Grid) bytes() int64 {
	size := int64(g.faces.Cells() + 2*g.faces.Guard())
	total := 4 * int64(len(g.cell))
	if g.Constant() {
		return total + size
	}
	return total + 4*8*size
}
