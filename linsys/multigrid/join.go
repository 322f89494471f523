package multigrid

import (
	"context"
	"slices"

	"solve/matrix"
)

// joiner puts the small pieces of a placement to the large ones, one after
// the other: a piece that is linked to what is placed goes anywhere where its
// links have length 1 and its cells are free, one that is not goes beside.
type joiner struct {
	p       *placement
	a       *matrix.CSR
	members [][]int32
	done    []bool // by piece
	taken   occupancy
	base    point // corner of the first piece
	far     int32 // x beyond everything placed
	moved   int   // unknowns in pieces that were put to others
}

const (
	smallPiece = 4096 // unknowns of a piece that is still moved to fit
	leftShare  = 100  // at most 1/leftShare of the unknowns are moved, beyond the first few
	leftFew    = 64
	manyPieces = 1 << 16
)

// join places the pieces relative to one another, the largest first.
func (p *placement) join(ctx context.Context, a *matrix.CSR) error {
	if p.count > max(leftFew, min(manyPieces, len(p.at)/leftShare)) {
		return refuse("the unknowns fall into %d pieces whose places are not determined", p.count)
	}
	j := &joiner{p: p, a: a, members: make([][]int32, p.count), done: make([]bool, p.count)}
	for i, piece := range p.piece {
		j.members[piece] = append(j.members[piece], int32(i))
	}
	order := make([]int32, p.count)
	for k := range order {
		order[k] = int32(k)
	}
	slices.SortStableFunc(order, func(x, y int32) int { return len(j.members[y]) - len(j.members[x]) })
	for k, piece := range order {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if j.done[piece] {
			continue
		}
		if k == 0 {
			j.base, _ = p.bounds(j.members[piece])
		} else {
			j.beside(piece)
		}
		if err := j.settle(piece); err != nil {
			return err
		}
		if err := j.surround(piece); err != nil {
			return err
		}
	}
	return nil
}

// surround places all pieces that are linked to one that is placed, directly
// or through others: first those that fit in one place only.
func (j *joiner) surround(piece int32) error {
	open := j.linked(piece)
	for certain := true; len(open) > 0; {
		var next []int32
		progress := false
		for _, q := range open {
			if j.done[q] {
				continue
			}
			shifts, count := j.shifts(q)
			switch {
			case count == 0:
				return refuse("no free cells for a piece of %d unknowns", len(j.members[q]))
			case count > 1 && certain:
				next = append(next, q)
				continue
			}
			if err := j.attach(q, shifts[0]); err != nil {
				return err
			}
			progress = true
			next = append(next, j.linked(q)...)
		}
		certain = progress
		open = next
	}
	return nil
}

// linked lists the pieces yet to be placed that have a link with this one.
func (j *joiner) linked(piece int32) []int32 {
	var out []int32
	for _, i := range j.members[piece] {
		col, _ := j.a.Row(int(i))
		for _, k := range col {
			if q := j.p.piece[k]; !j.done[q] && !slices.Contains(out, q) {
				out = append(out, q)
			}
		}
	}
	return out
}

// beside moves a piece beyond everything else along x.
func (j *joiner) beside(piece int32) {
	low, _ := j.p.bounds(j.members[piece])
	j.move(piece, point{j.far, j.base.y, j.base.z}.minus(low))
}

func (j *joiner) move(piece int32, shift point) {
	for _, i := range j.members[piece] {
		j.p.at[i] = j.p.at[i].plus(shift)
	}
}

func (j *joiner) settle(piece int32) error {
	low, high := j.p.bounds(j.members[piece])
	if !j.taken.cover(low, high, len(j.p.at)) {
		return refuse("the pieces are spread over too large a box")
	}
	for _, i := range j.members[piece] {
		j.taken.set(j.p.at[i])
	}
	j.far = max(j.far, high.x+1)
	j.done[piece] = true
	return nil
}

// shifts lists the first two of the moves that put a piece next to one of the
// placed unknowns that it is linked to, on free cells and with links of
// length 1.
func (j *joiner) shifts(piece int32) (shifts [2]point, count int) {
	i, k, ok := j.link(piece)
	if !ok {
		return shifts, 0 // a link that goes one way only
	}
	for _, step := range allSteps {
		if shift := j.p.at[k].plus(step).minus(j.p.at[i]); j.fits(piece, shift) {
			shifts[count] = shift
			if count++; count == len(shifts) {
				break
			}
		}
	}
	return shifts, count
}

func (j *joiner) attach(piece int32, shift point) error {
	size := len(j.members[piece])
	j.moved += size
	if size > smallPiece || j.moved > leftFew+len(j.p.at)/leftShare {
		return refuse("the places of %d pieces are not determined by the links", j.p.count)
	}
	j.move(piece, shift)
	return j.settle(piece)
}

// link returns an unknown of the piece and a placed one that it is linked to;
// there is none where a link goes one way only.
func (j *joiner) link(piece int32) (own, placed int32, ok bool) {
	for _, i := range j.members[piece] {
		col, _ := j.a.Row(int(i))
		for _, k := range col {
			if j.done[j.p.piece[k]] {
				return i, k, true
			}
		}
	}
	return 0, 0, false
}

// fits reports whether the piece, moved by shift, lies on free cells with
// links of length 1.
func (j *joiner) fits(piece int32, shift point) bool {
	for _, i := range j.members[piece] {
		at := j.p.at[i].plus(shift)
		if j.taken.has(at) {
			return false
		}
		col, _ := j.a.Row(int(i))
		for _, k := range col {
			if j.done[j.p.piece[k]] && !at.minus(j.p.at[k]).unit() {
				return false
			}
		}
	}
	return true
}

// occupancy is a growing box of bits.
type occupancy struct {
	low, side point
	bits      []uint64
}

func (o *occupancy) index(p point) (int, bool) {
	p = p.minus(o.low)
	if p.x < 0 || p.y < 0 || p.z < 0 || p.x >= o.side.x || p.y >= o.side.y || p.z >= o.side.z {
		return 0, false
	}
	return (int(p.x)*int(o.side.y)+int(p.y))*int(o.side.z) + int(p.z), true
}

func (o *occupancy) has(p point) bool {
	k, in := o.index(p)
	return in && o.bits[k/64]>>(k%64)&1 == 1
}

func (o *occupancy) set(p point) {
	k, _ := o.index(p)
	o.bits[k/64] |= 1 << (k % 64)
}

// cover makes the box reach from low to high. It reports false when that
// would take too much room for n unknowns.
func (o *occupancy) cover(low, high point, n int) bool {
	_, l := o.index(low)
	_, h := o.index(high)
	if l && h {
		return true
	}
	const margin = 8
	grown := occupancy{low: point{low.x - margin, low.y - margin, low.z - margin}}
	end := point{high.x + margin, high.y + margin, high.z + margin}
	if o.bits != nil {
		old := o.low.plus(o.side)
		grown.low = point{min(grown.low.x, o.low.x), min(grown.low.y, o.low.y), min(grown.low.z, o.low.z)}
		end = point{max(end.x, old.x), max(end.y, old.y), max(end.z, old.z)}
	}
	grown.side = end.minus(grown.low).plus(point{1, 1, 1})
	cells := float64(grown.side.x) * float64(grown.side.y) * float64(grown.side.z)
	if cells > 64*boxFactor*float64(n)+1e6 {
		return false
	}
	grown.bits = make([]uint64, (int(cells)+63)/64)
	for x := range o.side.x {
		for y := range o.side.y {
			for z := range o.side.z {
				if p := o.low.plus(point{x, y, z}); o.has(p) {
					grown.set(p)
				}
			}
		}
	}
	*o = grown
	return true
}
