package multigrid

import (
	"cmp"
	"context"

	"solve/matrix"
)

// boxFactor bounds the cells that a box may have for each unknown.
const boxFactor = 16

// point is a cell, or the step from one cell to another.
type point struct{ x, y, z int32 }

func (a point) plus(b point) point  { return point{a.x + b.x, a.y + b.y, a.z + b.z} }
func (a point) minus(b point) point { return point{a.x - b.x, a.y - b.y, a.z - b.z} }

// unit reports whether the step leads to a neighbour.
func (a point) unit() bool { return abs32(a.x)+abs32(a.y)+abs32(a.z) == 1 }

func abs32(v int32) int32 { return max(v, -v) }

func (a point) compare(b point) int {
	return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y), cmp.Compare(a.z, b.z))
}

var (
	stepX    = point{1, 0, 0}
	stepY    = point{0, 1, 0}
	stepZ    = point{0, 0, 1}
	allSteps = [6]point{stepX, {-1, 0, 0}, stepY, {0, -1, 0}, stepZ, {0, 0, -1}}
)

// placement is an embedding under construction: every unknown has
// coordinates within its piece; pieces are yet to be put side by side.
type placement struct {
	at    []point
	piece []int32
	count int // pieces
}

// turn exchanges the axes so that z, along which the kernels run, is the
// longest and y the shortest.
func (p *placement) turn() {
	low, high := p.bounds(nil)
	size := high.minus(low)
	if size.x > size.z {
		for i, at := range p.at {
			p.at[i] = point{at.z, at.y, at.x}
		}
		size.x, size.z = size.z, size.x
	}
	if size.y > size.z {
		for i, at := range p.at {
			p.at[i] = point{at.x, at.z, at.y}
		}
		size.y, size.z = size.z, size.y
	}
	if size.y > size.x {
		for i, at := range p.at {
			p.at[i] = point{at.y, at.x, at.z}
		}
	}
}

// placedGrid joins the pieces and builds the grid. When the axes are free they
// are put in the best order.
func placedGrid(ctx context.Context, a *matrix.CSR, p *placement, opt *DetectOptions, how string, free bool) (*Grid, error) {
	if p.count > 1 {
		if err := p.join(ctx, a); err != nil {
			return nil, err
		}
	}
	if free {
		p.turn()
	}
	low, high := p.bounds(nil)
	side, err := boxSide(low, high, a.Rows)
	if err != nil {
		return nil, err
	}
	cell := make([]int32, a.Rows)
	for i, at := range p.at {
		at = at.minus(low)
		cell[i] = (at.x*side.y+at.y)*side.z + at.z
	}
	return found(ctx, a, int(side.x), int(side.y), int(side.z), cell, nil, opt, how)
}

// boxSide is the size of a box, refused when it is too large for n unknowns.
func boxSide(low, high point, n int) (point, error) {
	side := high.minus(low).plus(point{1, 1, 1})
	cells := float64(side.x) * float64(side.y) * float64(side.z)
	if cells > boxFactor*float64(n)+1000 || cells > 1<<31-1 {
		return side, refuse("the cells are spread over a box of %d×%d×%d for %d unknowns", side.x, side.y, side.z, n)
	}
	return side, nil
}

// bounds returns the corners of the box around the members, all when nil.
func (p *placement) bounds(members []int32) (low, high point) {
	grow := func(at point) {
		low = point{min(low.x, at.x), min(low.y, at.y), min(low.z, at.z)}
		high = point{max(high.x, at.x), max(high.y, at.y), max(high.z, at.z)}
	}
	if members == nil {
		low, high = p.at[0], p.at[0]
		for _, at := range p.at {
			grow(at)
		}
		return low, high
	}
	low, high = p.at[members[0]], p.at[members[0]]
	for _, i := range members {
		grow(p.at[i])
	}
	return low, high
}
