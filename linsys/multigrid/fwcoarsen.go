package multigrid

import (
	"cmp"
	"context"
	"math"
	"slices"

	"solve/internal/kern"
	"solve/internal/par"
)

// Set-up of the next level. A box of two cells along each coarsened axis
// becomes one cell; the unknowns of a box are split into the components that
// links within the box hold together, the largest of which is the primary
// unknown of the coarse cell and the others extras. With Q the 0/1 matrix of
// this aggregation the coarse matrix is exactly QᵀAQ: a coarse weight is the
// sum of the fine ones across the face and the excess d − Σw is the sum over
// the cells, so that nothing cancels.

// fwView is what the set-up reads of one plane.
type fwView[T kern.Real] struct {
	w         [3][]T
	d, excess []T // d = 0: masked
}

// fwViewer unpacks planes; a coded level goes through its buffers.
type fwViewer[T kern.Real] struct {
	l      *fwLevel[T]
	buffer fwView[T]
	excess [8 * 64]T // by number of the diagonal and the bits of the six links
}

func newViewer[T kern.Real](l *fwLevel[T]) *fwViewer[T] {
	v := &fwViewer[T]{l: l}
	f := &l.faces
	if f.Code == nil {
		return v
	}
	for a := range v.buffer.w {
		v.buffer.w[a] = make([]T, f.Plane())
	}
	v.buffer.d, v.buffer.excess = make([]T, f.Plane()), make([]T, f.Plane())
	axisOf := [6]int{2, 1, 0, 0, 1, 2} // of links to later cells as in a code, and to earlier ones
	for number := 1; number < 8; number++ {
		for links := range 64 {
			d := l.coded.DiagOf[number] // rounded to T, it would not cancel
			for bit, axis := range axisOf {
				if links>>bit&1 == 1 {
					d -= l.coded.Axis[axis]
				}
			}
			if d > excessTolerance*l.coded.DiagOf[number] {
				v.excess[number<<6|links] = T(d)
			}
		}
	}
	return v
}

// plane returns the view of plane i, valid until the next call when coded.
func (v *fwViewer[T]) plane(i int) fwView[T] {
	f := &v.l.faces
	o, n := f.Guard()+i*f.Plane(), f.Plane()
	if f.Code == nil {
		return fwView[T]{
			w: [3][]T{f.W[0][o : o+n], f.W[1][o : o+n], f.W[2][o : o+n]},
			d: f.D[o : o+n], excess: v.l.excess[o : o+n],
		}
	}
	b := v.buffer
	weights := [3][2]T{{0, f.Axis[0]}, {0, f.Axis[1]}, {0, f.Axis[2]}}
	own := f.Code[o : o+n]
	x, y, z := f.Code[o-n:][:len(own)], f.Code[o-f.N:][:len(own)], f.Code[o-1:][:len(own)]
	wx, wy, wz, d, excess := b.w[0][:len(own)], b.w[1][:len(own)], b.w[2][:len(own)], b.d[:len(own)], b.excess[:len(own)]
	for k, c := range own {
		wx[k], wy[k], wz[k] = weights[0][c>>5&1], weights[1][c>>4&1], weights[2][c>>3&1]
		d[k] = f.DiagOf[c&kern.CodeDiagonal]
		excess[k] = v.excess[codeKey(c, x[k], y[k], z[k])]
	}
	return b
}

// fwSetup makes one level out of another.
type fwSetup[T kern.Real] struct {
	f, c     *fwLevel[T]
	threads  int
	strength float64
	tree     []spanning
	boxes    []fwBoxes     // by coarse plane
	links    [][]fwLink[T] // with an extra at one end, by coarse plane
	direct   [][]fwLink[T] // between primaries, but through fine extras
}

// fwBoxes is what one plane of boxes found.
type fwBoxes struct {
	moved  []fwMoved // coarse: number of the extra within the plane, or −1
	extras []int32   // coarse cells of the new extras
	fine   []fwMoved // the same as moved for fine extras; coarse −2: primary
}

// fwLink is a coarse link; where it is listed for an extra, that is a.
type fwLink[T kern.Real] struct {
	a, b int32
	w    T
}

const toPrimary = -2

// coarsen makes the next level of f, whose factor is set.
func coarsen[T kern.Real](ctx context.Context, f *fwLevel[T], threads int, strength float64) (*fwLevel[T], error) {
	if f.cells() < parallelCells {
		threads = 1
	}
	s := &fwSetup[T]{f: f, c: &fwLevel[T]{}, threads: threads, strength: strength}
	cf := &s.c.faces
	cf.Planes, cf.Lines, cf.N = ceilDiv(f.faces.Planes, f.factor[0]), ceilDiv(f.faces.Lines, f.factor[1]), ceilDiv(f.faces.N, f.factor[2])
	s.tree = s.span()
	s.boxes = make([]fwBoxes, cf.Planes)
	s.links, s.direct = make([][]fwLink[T], cf.Planes), make([][]fwLink[T], cf.Planes)
	if err := s.eachPlane(ctx, s.aggregate); err != nil {
		return nil, err
	}
	s.number()
	size := cf.Cells() + 2*cf.Guard()
	for a := range cf.W {
		cf.W[a] = make([]T, size)
	}
	cf.D, cf.Inv = make([]T, size), make([]T, size)
	s.c.excess = make([]T, s.c.size())
	if err := s.eachPlane(ctx, s.sum); err != nil {
		return nil, err
	}
	s.linkExtras()
	s.c.finish(threads)
	s.c.singular = s.collapsed()
	return s.c, nil
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// eachPlane calls fn for every coarse plane, with viewers of its own for each
// range of planes.
func (s *fwSetup[T]) eachPlane(ctx context.Context, fn func(i int, w *fwWorker[T])) error {
	planes := s.c.faces.Planes
	size := max(1, planes/8)
	return par.ForCtx(ctx, s.threads, par.Chunks(planes, size), func(t int) {
		lo, hi := par.Bounds(t, planes, size)
		w := newWorker(s.f)
		for i := lo; i < hi; i++ {
			fn(i, w)
		}
	})
}

// fwWorker is the scratch of one task.
type fwWorker[T kern.Real] struct {
	view   [2]*fwViewer[T]
	planes [2]fwView[T]
	viewed bool    // planes are those of the coarse plane at hand
	nodes  []int32 // raw unknowns of a box
	parent []int16
	size   []int16
	linked []bool
	id     []int32
	head   []int32    // first fine extra of each box of a plane, −1: none
	chain  []int32    // the next one of the same box
	coarse [3][]int32 // coarse unknowns of up to three fine planes
}

func newWorker[T kern.Real](f *fwLevel[T]) *fwWorker[T] {
	w := &fwWorker[T]{}
	for k := range w.view {
		w.view[k] = newViewer(f)
	}
	return w
}

// number turns what the planes found into raw numbers.
func (s *fwSetup[T]) number() {
	f, c := s.f, s.c
	var extras int
	for k := range s.boxes {
		extras += len(s.boxes[k].extras)
	}
	c.extras.cell = make([]int32, 0, extras)
	c.extras.plane = make([]int32, len(s.boxes)+1)
	f.coarseOf = make([]int32, f.extras.count())
	f.planeOf = make([]int32, f.faces.Planes+1)
	first := c.firstExtra()
	for k := range s.boxes {
		b := &s.boxes[k]
		base := first + int32(len(c.extras.cell))
		for _, m := range b.fine {
			switch {
			case m.coarse >= 0:
				m.coarse += base
			case m.coarse == toPrimary:
				m.coarse = m.primary
			}
			f.coarseOf[m.fine-f.firstExtra()] = m.coarse
		}
		start := len(f.exceptions)
		for _, m := range b.moved {
			if m.coarse >= 0 {
				m.coarse += base
			}
			f.exceptions = append(f.exceptions, m)
		}
		slices.SortFunc(f.exceptions[start:], func(x, y fwMoved) int { return cmp.Compare(x.fine, y.fine) })
		c.extras.cell = append(c.extras.cell, b.extras...)
		c.extras.plane[k+1] = int32(len(c.extras.cell))
	}
	for _, m := range f.exceptions {
		f.planeOf[(int(m.fine)-f.faces.Guard())/f.faces.Plane()+1]++
	}
	for i := range f.faces.Planes {
		f.planeOf[i+1] += f.planeOf[i]
	}
	c.extras.colour = make([]uint8, extras)
	for e, cell := range c.extras.cell {
		c.extras.colour[e] = uint8(c.parity(int(cell)))
	}
}

// finish computes the diagonal from the excess and the links, and counts.
func (l *fwLevel[T]) finish(threads int) {
	f, x := &l.faces, &l.extras
	first, guard := l.firstExtra(), f.Guard()
	x.d, x.inv = make([]T, x.count()), make([]T, x.count())
	end := int32(guard + f.Cells())
	l.entries = 0
	for e := range x.count() {
		sum := T(0)
		for k := x.ptr[e]; k < x.ptr[e+1]; k++ {
			sum += x.w[k]
			l.entries++
			if x.nb[k] < end {
				f.D[x.nb[k]] += x.w[k]
				l.entries++
			}
		}
		if x.d[e] = sum + l.excess[first+int32(e)]; x.d[e] > 0 {
			x.inv[e] = 1 / x.d[e]
		}
	}
	active, entries := make([]int, f.Planes), make([]int64, f.Planes)
	par.For(threads, f.Planes, func(i int) {
		active[i], entries[i] = l.finishPlane(i)
	})
	l.active = x.count()
	for i := range active {
		l.active += active[i]
		l.entries += entries[i]
	}
	l.entries += int64(l.active)
	l.b, l.x = make([]T, l.size()), make([]T, l.size())
}

func (l *fwLevel[T]) finishPlane(i int) (active int, links int64) {
	f := &l.faces
	lo := f.Guard() + i*f.Plane()
	sx, n := f.Plane(), f.N
	wx, wy, wz, d := f.W[0], f.W[1], f.W[2], f.D
	for c := lo; c < lo+sx; c++ {
		v := d[c] + l.excess[c] + ((wx[c] + wx[c-sx]) + (wy[c] + wy[c-n]) + (wz[c] + wz[c-1]))
		d[c] = v
		if v > 0 {
			f.Inv[c] = 1 / v
			active++
		}
		for _, w := range [3]T{wx[c], wy[c], wz[c]} {
			if w > 0 {
				links += 2
			}
		}
	}
	return active, links
}

// strong reports whether a link keeps two unknowns of a box together.
func (s *fwSetup[T]) strong(w, d, e T) bool {
	return w > 0 && (s.strength == 0 || float64(w) >= s.strength*math.Sqrt(float64(d)*float64(e)))
}
