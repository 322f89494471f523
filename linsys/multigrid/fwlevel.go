package multigrid

import (
	"solve/internal/kern"
)

// fwLevel is one level of the hierarchy. Vectors have a guard, the cells of
// the box, a guard, and then the extras: unknowns that share their cell with
// another one. "raw" numbers index such vectors. Every cell has at most one
// primary unknown, on which the line kernels work; extras are few and act
// through lists ordered by plane, so that all work goes plane by plane.
//
// The parity of x+y+z two-colours the cells and, since an extra is linked to
// unknowns of adjacent cells only, the extras with them. The exception are
// links that were too weak to keep unknowns of a box together (see
// FWOptions.Strength): they lead from an extra to others in its own cell.
type fwLevel[T kern.Real] struct {
	faces  kern.FaceGrid[T]
	excess []T                     // d − Σw, while setting up
	coded  *kern.FaceGrid[float64] // what faces were rounded from, where coded
	b, x   []T

	extras  fwExtras[T]
	patches [2]fwPatches[T] // by colour of the primary
	mixed   bool            // some link joins unknowns of the same colour

	factor     [3]int    // coarsening along each axis, 1 or 2
	exceptions []fwMoved // cells whose unknown isn't part of the primary of their box
	planeOf    []int32   // exceptions of plane i: planeOf[i] … planeOf[i+1]−1
	coarseOf   []int32   // of each extra, raw on the next level; −1: none

	blocks   []fwBlock
	seams    []fwSeam
	sums     [][]T // residual lines of a box, one for each block
	cycles   int   // visits to the next level
	zero     bool  // whether the visit under way starts from x = 0
	active   int   // unknowns
	singular bool  // some unknown has neither a link nor excess
	entries  int64 // of the matrix
}

// fwExtras are the extras of a level; extra e links to nb[ptr[e]…ptr[e+1]−1],
// those of its own colour from mid[e] on.
type fwExtras[T kern.Real] struct {
	ptr, mid []int32
	nb       []int32
	w        []T
	d, inv   []T
	cell     []int32
	plane    []int32 // extras of plane i: plane[i] … plane[i+1]−1
	colour   []uint8
}

func (e *fwExtras[T]) count() int { return len(e.cell) }

// fwPatch is a link between a primary unknown and an extra, seen from the
// primary.
type fwPatch[T kern.Real] struct {
	at, extra int32
	coarse    int32 // of the primary on the next level
	same      bool  // both have the same colour
	w         T
}

type fwPatches[T kern.Real] struct {
	list  []fwPatch[T]
	plane []int32
	saved []T
}

// fwMoved is a fine unknown that the sums over boxes give to primary, but
// which belongs to coarse (−1: to none).
type fwMoved struct{ fine, coarse, primary int32 }

func (l *fwLevel[T]) cells() int { return l.faces.Cells() }

// firstExtra is the raw number of extra 0.
func (l *fwLevel[T]) firstExtra() int32 { return int32(2*l.faces.Guard() + l.cells()) }

func (l *fwLevel[T]) size() int { return int(l.firstExtra()) + l.extras.count() }

func (l *fwLevel[T]) parity(cell int) int {
	n, lines := l.faces.N, l.faces.Lines
	return (cell/(n*lines) + cell/n%lines + cell%n) & 1
}

// startRed relaxes colour 0 of plane i from x = 0.
func (l *fwLevel[T]) startRed(i int, omega T) {
	kern.FaceStart(&l.faces, i, 0, omega, l.x, l.b)
	lo, hi := l.planeExtras(i)
	for e := lo; e < hi; e++ {
		if l.extras.colour[e] == 0 {
			l.relaxExtra(e, omega, 0, l.lowerOnly(e, 0))
		}
	}
}

// relaxDown relaxes one colour of plane i, primaries before extras. From x =
// 0 colour 0 has been done; what belongs to colour 1 is still to be ignored.
func (l *fwLevel[T]) relaxDown(i, colour int, omega T, zero bool) {
	l.patch(i, colour, zero)
	keep := 1 - omega
	if zero {
		keep = 0
	}
	kern.FaceRelax(&l.faces, i, colour, keep, omega, l.x, l.b)
	l.unpatch(i, colour)
	lo, hi := l.planeExtras(i)
	for e := lo; e < hi; e++ {
		if int(l.extras.colour[e]) != colour {
			continue
		}
		if zero {
			l.relaxExtra(e, omega, 0, l.lowerOnly(e, 1))
		} else {
			l.relaxExtra(e, omega, 1-omega, l.allLinks(e))
		}
	}
}

// relaxUp is the adjoint of relaxDown: extras in reverse, then primaries.
func (l *fwLevel[T]) relaxUp(i, colour int, omega T) {
	lo, hi := l.planeExtras(i)
	for e := hi - 1; e >= lo; e-- {
		if int(l.extras.colour[e]) == colour {
			l.relaxExtra(e, omega, 1-omega, l.allLinks(e))
		}
	}
	l.patch(i, colour, false)
	kern.FaceRelax(&l.faces, i, colour, 1-omega, omega, l.x, l.b)
	l.unpatch(i, colour)
}

// planeExtras returns the range of the extras of plane i.
func (l *fwLevel[T]) planeExtras(i int) (lo, hi int) {
	if len(l.extras.cell) == 0 {
		return 0, 0
	}
	return int(l.extras.plane[i]), int(l.extras.plane[i+1])
}

func (l *fwLevel[T]) allLinks(e int) T { return l.links(l.extras.ptr[e], l.extras.ptr[e+1]) }

// lowerOnly is Σ w x over the links of extra e to the other colour, if that
// one has been relaxed, and to what comes before e in its own.
func (l *fwLevel[T]) lowerOnly(e, otherDone int) T {
	x := &l.extras
	sum := T(0)
	if otherDone == 1 {
		sum = l.links(x.ptr[e], x.mid[e])
	}
	for k := x.mid[e]; k < x.ptr[e+1]; k++ {
		if x.nb[k] < l.firstExtra()+int32(e) {
			sum += x.w[k] * l.x[x.nb[k]]
		}
	}
	return sum
}

func (l *fwLevel[T]) links(lo, hi int32) T {
	sum := T(0)
	for k := lo; k < hi; k++ {
		sum += l.extras.w[k] * l.x[l.extras.nb[k]]
	}
	return sum
}

func (l *fwLevel[T]) relaxExtra(e int, omega, keep, links T) {
	r := l.firstExtra() + int32(e)
	l.x[r] = keep*l.x[r] + omega*l.extras.inv[e]*(l.b[r]+links)
}

// patch adds what extras contribute to the primaries of one colour in plane i
// to b; unpatch puts b back, bit by bit.
func (l *fwLevel[T]) patch(i, colour int, zero bool) {
	p := &l.patches[colour]
	if len(p.list) == 0 {
		return
	}
	for k := p.plane[i]; k < p.plane[i+1]; k++ {
		q := &p.list[k]
		p.saved[k] = l.b[q.at]
		if !(zero && q.same) {
			l.b[q.at] += q.w * l.x[q.extra]
		}
	}
}

func (l *fwLevel[T]) unpatch(i, colour int) {
	p := &l.patches[colour]
	if len(p.list) == 0 {
		return
	}
	for k := p.plane[i+1] - 1; k >= p.plane[i]; k-- {
		l.b[p.list[k].at] = p.saved[k]
	}
}

// restrict sums the residual over the boxes of plane i of the next level.
// After a start from x = 0 with both colours relaxed once, what is left is
// (1−ω₀) b + Σ w x in colour 0 and (1/ω₁ − 1) d x in colour 1.
func (l *fwLevel[T]) restrict(c *fwLevel[T], i int, mix *kern.Mix[T], short bool, sums []T) {
	lo, hi := i*l.factor[0], min((i+1)*l.factor[0], l.faces.Planes)
	n, nc := l.faces.N, c.faces.N
	for p := lo; p < hi; p++ {
		kern.FaceResidual(&l.faces, p, l.factor[1], mix, l.x, l.b, sums)
	}
	first := c.faces.Guard() + i*c.faces.Plane()
	switch to, from := c.b[first:first+c.faces.Plane()], sums[:c.faces.Lines*n]; {
	case l.factor[2] == 1:
		copy(to, from)
		clear(from)
	case n&1 == 0:
		kern.FoldPairs(to, from)
	default:
		for j := range c.faces.Lines {
			kern.FoldPairs(to[j*nc:][:nc], from[j*n:][:n])
		}
	}
	if c.extras.count() > 0 {
		clear(c.b[c.firstExtra()+c.extras.plane[i] : c.firstExtra()+c.extras.plane[i+1]])
	}
	for p := lo; p < hi; p++ {
		l.restrictLists(c, p, mix, short)
	}
}

func (l *fwLevel[T]) restrictLists(c *fwLevel[T], p int, mix *kern.Mix[T], short bool) {
	if len(l.exceptions) > 0 {
		for _, m := range l.exceptions[l.planeOf[p]:l.planeOf[p+1]] {
			r := l.mixed1(int(m.fine), mix)
			c.b[m.primary] -= r
			if m.coarse >= 0 {
				c.b[m.coarse] += r
			}
		}
	}
	for colour := range l.patches {
		if short && colour == 1 { // in d x already
			continue
		}
		if q := &l.patches[colour]; len(q.list) > 0 {
			for _, k := range q.list[q.plane[p]:q.plane[p+1]] {
				if k.coarse >= 0 {
					c.b[k.coarse] += k.w * l.x[k.extra]
				}
			}
		}
	}
	lo, hi := l.planeExtras(p)
	for e := lo; e < hi; e++ {
		if to := l.coarseOf[e]; to >= 0 {
			r := l.firstExtra() + int32(e)
			c.b[to] += l.b[r] - l.extras.d[e]*l.x[r] + l.allLinks(e)
		}
	}
}

// mixed1 is what FaceResidual adds for one cell.
func (l *fwLevel[T]) mixed1(raw int, mix *kern.Mix[T]) T {
	f := &l.faces
	m := mix[l.parity(raw-f.Guard())]
	return m.B*l.b[raw] + m.D*f.Diagonal(raw)*l.x[raw] + m.S*f.NeighbourSum(raw, l.x)
}

// prolong adds θ times the correction of the next level to plane i.
func (l *fwLevel[T]) prolong(c *fwLevel[T], i int, theta T) {
	n, nc := l.faces.N, c.faces.N
	first := l.faces.Guard() + i*l.faces.Plane()
	from := c.faces.Guard() + i/l.factor[0]*c.faces.Plane()
	lines := l.faces.Lines
	if l.factor[1] == 1 && (l.factor[2] == 1 || n&1 == 0) { // one long line
		lines, n, nc = 1, n*lines, nc*lines
	}
	for j := range lines {
		x, e := l.x[first+j*n:][:n], c.x[from+j/l.factor[1]*nc:][:nc]
		if l.factor[2] == 2 {
			kern.SpreadPairs(theta, e, x)
			continue
		}
		for k, v := range e {
			x[k] += theta * v
		}
	}
	if len(l.exceptions) > 0 {
		for _, m := range l.exceptions[l.planeOf[i]:l.planeOf[i+1]] {
			v := -c.x[m.primary]
			if m.coarse >= 0 {
				v += c.x[m.coarse]
			}
			l.x[m.fine] += theta * v
		}
	}
	lo, hi := l.planeExtras(i)
	for e := lo; e < hi; e++ {
		if to := l.coarseOf[e]; to >= 0 {
			l.x[l.firstExtra()+int32(e)] += theta * c.x[to]
		}
	}
}
