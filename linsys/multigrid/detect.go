package multigrid

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"solve/matrix"
	"solve/solver"
)

// DetectOptions are the knobs of Detect. The zero value and nil mean
// defaults.
type DetectOptions struct {
	// Shape gives the cells of the box along each axis, slowest first, two or
	// three numbers. Unknowns must be numbered with the last axis fastest. nil
	// = find out.
	Shape []int
	// Mask says which cells of Shape are unknowns; nil = all.
	Mask []bool

	Thorough  bool  // look for a grid in any numbering whatever the size
	Threads   int   // 0 = GOMAXPROCS
	MaxMemory int64 // bytes; 0 = solver.DefaultMaxMemory
}

// thoroughRows is the size from which a grid in any numbering is looked for
// without being asked: below, other methods are fast enough.
const thoroughRows = 20_000

// Detect finds the grid behind a symmetric matrix, from its entries alone:
// cells of a box such that every entry off the diagonal lies across a face.
// It tries, in this order, a full box in natural order; an order with z
// fastest, then y, from which cells were removed; and, from 20 000 rows or
// when Thorough, any numbering, by the unit squares of the graph. "Any
// embedding will do": axes may come out exchanged or mirrored.
//
// Nothing is guessed: the grid has exactly the entries of the matrix where
// weights are constant along each axis, and its product agrees with the
// matrix's to 1e-13 on a random vector otherwise, or the error wraps ErrNoGrid
// and says why not. Entries off
// the diagonal must be ≤ 0 and no row may add up to less than −1e-12 times
// its diagonal. Dimension, memory and context errors are returned as such.
func Detect(ctx context.Context, a *matrix.CSR, opt *DetectOptions) (*Grid, error) {
	if opt == nil {
		opt = &DetectOptions{}
	}
	if a.Rows != a.Cols || a.Rows == 0 {
		return nil, fmt.Errorf("multigrid: %d×%d matrix: a grid needs a square one: %w", a.Rows, a.Cols, solver.ErrDimension)
	}
	if opt.Shape != nil {
		return fromShape(ctx, a, opt)
	}
	if a.Rows == 1 {
		return found(ctx, a, 1, 1, 1, nil, nil, opt, "one cell")
	}
	rows, err := findStretches(ctx, a, opt.Threads)
	if err != nil {
		return nil, err
	}
	shape, err := fullBox(ctx, a, rows, opt.Threads)
	if err != nil {
		return nil, err
	}
	if shape != nil {
		g, err := found(ctx, a, shape[0], shape[1], shape[2], nil, rows, opt, "full box in natural order")
		if err == nil || !tryOn(err) {
			return g, err
		}
	}
	l, why := lexicographic(a, rows)
	if why == nil {
		var g *Grid
		if g, why = l.grid(ctx, opt); why == nil || !tryOn(why) {
			return g, why
		}
	}
	if a.Rows < thoroughRows && !opt.Thorough {
		return nil, refuse("not in natural order (%v), and other numberings are looked for from %d rows only", why, thoroughRows)
	}
	p, err := bySquares(ctx, a)
	if err != nil {
		return nil, err
	}
	return placedGrid(ctx, a, p, opt, "any numbering, by unit squares", true)
}

// tryOn reports whether another numbering may be looked for after an error.
func tryOn(err error) bool {
	r, ok := err.(*Refusal)
	return ok && !r.final
}

func found(ctx context.Context, a *matrix.CSR, nx, ny, nz int, cell []int32, rows *stretches, opt *DetectOptions, how string) (*Grid, error) {
	g, err := buildGrid(ctx, a, nx, ny, nz, cell, rows, opt)
	if err != nil {
		return nil, err
	}
	g.how = how
	return g, nil
}

// fromShape takes the box that the caller says it is.
func fromShape(ctx context.Context, a *matrix.CSR, opt *DetectOptions) (*Grid, error) {
	shape := slices.Clone(opt.Shape)
	if len(shape) == 2 {
		shape = []int{shape[0], 1, shape[1]}
	}
	cells := 1.
	for _, side := range shape {
		cells *= float64(max(side, 0))
	}
	if len(shape) != 3 || cells < 1 || cells > 1<<31-1 {
		return nil, fmt.Errorf("multigrid: a box of %v cells: want two or three positive sides: %w", opt.Shape, solver.ErrDimension)
	}
	var cell []int32
	unknowns := int(cells)
	if opt.Mask != nil {
		if len(opt.Mask) != unknowns {
			return nil, fmt.Errorf("multigrid: a mask of %d for %d cells: %w", len(opt.Mask), unknowns, solver.ErrDimension)
		}
		for c, in := range opt.Mask {
			if in {
				cell = append(cell, int32(c))
			}
		}
		unknowns = len(cell)
	}
	if unknowns != a.Rows {
		return nil, fmt.Errorf("multigrid: a box of %v cells with %d unknowns for a matrix of order %d: %w", opt.Shape, unknowns, a.Rows, solver.ErrDimension)
	}
	return found(ctx, a, shape[0], shape[1], shape[2], cell, nil, opt, "as given")
}

// fullBox returns the shape of a full box in natural order, or nil: the
// distances from the diagonal are at most 1, nz and ny·nz. Whether links wrap
// around is seen when the grid is built.
func fullBox(ctx context.Context, a *matrix.CSR, rows *stretches, threads int) ([]int, error) {
	var mu sync.Mutex
	var all []int32
	tooMany := refuse("more than three distances")
	err := forRowChunks(ctx, threads, a.Rows, func(lo, _ int) error {
		own := [3]int32{}
		count := 0
		err := rows.each(lo/rowChunk, func(i, _ int) error {
			for _, j := range a.Col[a.RowPtr[i]:a.RowPtr[i+1]] {
				d := j - int32(i)
				if d <= 0 || d == own[0] || d == own[1] || d == own[2] {
					continue
				}
				if count == 3 {
					return tooMany
				}
				own[count] = d
				count++
			}
			return nil
		})
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for _, d := range own[:count] {
			if !slices.Contains(all, d) {
				all = append(all, d)
			}
		}
		if len(all) > 3 {
			return tooMany
		}
		return nil
	})
	if err == tooMany {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	slices.Sort(all)
	return boxOfDistances(a.Rows, all), nil
}

func boxOfDistances(n int, d []int32) []int {
	if len(d) == 0 || d[0] != 1 {
		return nil
	}
	switch len(d) {
	case 1:
		return []int{1, 1, n}
	case 2:
		if nz := int(d[1]); n%nz == 0 {
			return []int{n / nz, 1, nz}
		}
	case 3:
		nz, plane := int(d[1]), int(d[2])
		if plane%nz == 0 && n%plane == 0 {
			return []int{n / plane, plane / nz, nz}
		}
	}
	return nil
}
