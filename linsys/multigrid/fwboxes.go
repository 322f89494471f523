package multigrid

import "solve/internal/kern"

// aggregate splits the boxes of coarse plane i into components.
func (s *fwSetup[T]) aggregate(i int, w *fwWorker[T]) {
	f, c := s.f, s.c
	n, lines := f.faces.N, f.faces.Lines
	i0 := i * f.factor[0]
	planes := min(f.factor[0], f.faces.Planes-i0)
	w.viewed = false
	w.chainExtras(s, i0, planes)
	fullX := planes == f.factor[0]
	for j := range c.faces.Lines {
		j0 := j * f.factor[1]
		fullY := j0+f.factor[1] <= lines
		for k := range c.faces.N {
			k0 := k * f.factor[2]
			if fullX && fullY && k0+f.factor[2] <= n && (w.head == nil || w.head[j*c.faces.N+k] < 0) && s.whole(i0, j0*n+k0) {
				continue
			}
			s.split(i, j, k, w)
		}
	}
}

// spanning is a tree of links that holds a box together: the links of the
// cell at an offset from the lowest, along the axes in bits.
type spanning struct {
	offset int
	bits   uint8
}

// span lists the cells of a box that have links within it.
func (s *fwSetup[T]) span() []spanning {
	f := s.f
	var tree []spanning
	for x := range f.factor[0] {
		for y := range f.factor[1] {
			bits := uint8(0)
			if f.factor[2] == 2 {
				bits |= kern.CodeZ
			}
			if y == 0 && f.factor[1] == 2 {
				bits |= kern.CodeY
			}
			if x == 0 && y == 0 && f.factor[0] == 2 {
				bits |= kern.CodeX
			}
			tree = append(tree, spanning{x*f.faces.Plane() + y*f.faces.N, bits})
		}
	}
	return tree
}

// whole reports whether a box needs no closer look: it is held together by
// its spanning tree, or all masked (when coded). o is the place of its lowest
// cell in plane i0.
func (s *fwSetup[T]) whole(i0, o int) bool {
	fc := &s.f.faces
	o += fc.Guard() + i0*fc.Plane()
	if fc.Code == nil || s.strength > 0 {
		return s.wholeWeights(o)
	}
	missing, any := uint8(0), uint8(0)
	for _, t := range s.tree {
		code := fc.Code[o+t.offset]
		missing |= t.bits &^ code
		any |= code
		if s.f.factor[2] == 2 {
			any |= fc.Code[o+t.offset+1]
		}
	}
	return missing == 0 || any == 0
}

func (s *fwSetup[T]) wholeWeights(o int) bool {
	fc := &s.f.faces
	for _, t := range s.tree {
		r := o + t.offset
		for axis, step := range [3]int{fc.Plane(), fc.N, 1} {
			if t.bits&codeBit[axis] != 0 && !s.strong(fc.Weight(axis, r), fc.Diagonal(r), fc.Diagonal(r+step)) {
				return false
			}
		}
	}
	return true
}

// views unpacks the fine planes of coarse plane i, once.
func (w *fwWorker[T]) views(f *fwLevel[T], i int) *[2]fwView[T] {
	if !w.viewed {
		i0 := i * f.factor[0]
		for p := range min(f.factor[0], f.faces.Planes-i0) {
			w.planes[p] = w.view[p].plane(i0 + p)
		}
		w.viewed = true
	}
	return &w.planes
}

// chainExtras lists the fine extras of planes i0… by their boxes.
func (w *fwWorker[T]) chainExtras(s *fwSetup[T], i0, planes int) {
	f, c := s.f, s.c
	w.head = nil
	lo, hi := f.planeRange(i0, planes)
	if lo == hi {
		return
	}
	w.head = make([]int32, c.faces.Plane())
	for k := range w.head {
		w.head[k] = -1
	}
	w.chain = make([]int32, hi-lo)
	for e := hi - 1; e >= lo; e-- {
		cell := int(f.extras.cell[e])
		box := cell/f.faces.N%f.faces.Lines/f.factor[1]*c.faces.N + cell%f.faces.N/f.factor[2]
		w.chain[e-lo] = w.head[box]
		w.head[box] = int32(e)
	}
}

// planeRange is the range of extras in a few planes.
func (l *fwLevel[T]) planeRange(i0, planes int) (lo, hi int) {
	if l.extras.count() == 0 {
		return 0, 0
	}
	return int(l.extras.plane[i0]), int(l.extras.plane[i0+planes])
}

// split finds the components of box (i,j,k), of which some cells are masked
// or some links absent.
func (s *fwSetup[T]) split(i, j, k int, w *fwWorker[T]) {
	f, c := s.f, s.c
	fc := &f.faces
	view := w.views(f, i)
	w.collect(s, i, j, k, view)
	if len(w.nodes) == 0 {
		return
	}
	s.connect(i, j, k, view, w)
	cell := (i*c.faces.Lines+j)*c.faces.N + k
	out := &s.boxes[i]
	s.choose(int32(cell), w, out)
	primary := int32(c.faces.Guard() + cell)
	end := int32(fc.Guard() + fc.Cells())
	for a, r := range w.nodes {
		m := fwMoved{fine: r, coarse: w.id[w.find(int16(a))], primary: primary}
		switch {
		case r >= end:
			out.fine = append(out.fine, m)
		case m.coarse != toPrimary:
			out.moved = append(out.moved, m)
		}
	}
}

// collect lists the unknowns of the box, cells first, in order.
func (w *fwWorker[T]) collect(s *fwSetup[T], i, j, k int, view *[2]fwView[T]) {
	f := s.f
	fc := &f.faces
	w.nodes, w.linked = w.nodes[:0], w.linked[:0]
	for p := range min(f.factor[0], fc.Planes-i*f.factor[0]) {
		for y := j * f.factor[1]; y < min((j+1)*f.factor[1], fc.Lines); y++ {
			for z := k * f.factor[2]; z < min((k+1)*f.factor[2], fc.N); z++ {
				at := y*fc.N + z
				if d := view[p].d[at]; d > 0 {
					w.nodes = append(w.nodes, int32(fc.Guard()+(i*f.factor[0]+p)*fc.Plane()+at))
					w.linked = append(w.linked, d > view[p].excess[at]*(1+1e-6))
				}
			}
		}
	}
	if w.head == nil {
		return
	}
	lo, _ := f.planeRange(i*f.factor[0], min(f.factor[0], fc.Planes-i*f.factor[0]))
	for e := w.head[j*s.c.faces.N+k]; e >= 0; e = w.chain[int(e)-lo] {
		r := f.firstExtra() + e
		w.nodes = append(w.nodes, r)
		w.linked = append(w.linked, f.extras.d[e] > f.excess[r]*(1+1e-6))
	}
}

func (w *fwWorker[T]) find(a int16) int16 {
	for w.parent[a] != a {
		w.parent[a] = w.parent[w.parent[a]]
		a = w.parent[a]
	}
	return a
}

func (w *fwWorker[T]) unite(a, b int16) {
	a, b = w.find(a), w.find(b)
	if a > b {
		a, b = b, a
	}
	w.parent[b] = a
}

// indexOf returns the place of a raw unknown among the nodes, or −1. Nodes
// are in ascending order.
func (w *fwWorker[T]) indexOf(r int32) int16 {
	if len(w.nodes) <= 16 {
		for a, have := range w.nodes {
			if have == r {
				return int16(a)
			}
		}
		return -1
	}
	lo, hi := 0, len(w.nodes)
	for lo < hi {
		if mid := (lo + hi) / 2; w.nodes[mid] < r {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(w.nodes) && w.nodes[lo] == r {
		return int16(lo)
	}
	return -1
}

// connect joins the nodes that links within the box hold together.
func (s *fwSetup[T]) connect(i, j, k int, view *[2]fwView[T], w *fwWorker[T]) {
	f := s.f
	fc := &f.faces
	w.parent = w.parent[:0]
	for a := range w.nodes {
		w.parent = append(w.parent, int16(a))
	}
	end := int32(fc.Guard() + fc.Cells())
	stride := [3]int32{int32(fc.Plane()), int32(fc.N), 1}
	for a, r := range w.nodes {
		if r >= end {
			s.connectExtra(int16(a), r, view, i, w)
			continue
		}
		at := int(r) - fc.Guard()
		p := at/fc.Plane() - i*f.factor[0]
		at %= fc.Plane()
		for axis, step := range stride {
			weight := view[p].w[axis][at]
			if weight == 0 {
				continue
			}
			if b := w.indexOf(r + step); b >= 0 && s.strong(weight, view[p].d[at], s.diagonal(r+step, view, i)) {
				w.unite(int16(a), b)
			}
		}
	}
}

func (s *fwSetup[T]) connectExtra(a int16, r int32, view *[2]fwView[T], i int, w *fwWorker[T]) {
	x := &s.f.extras
	e := r - s.f.firstExtra()
	for q := x.ptr[e]; q < x.ptr[e+1]; q++ {
		if b := w.indexOf(x.nb[q]); b >= 0 && s.strong(x.w[q], x.d[e], s.diagonal(x.nb[q], view, i)) {
			w.unite(a, b)
		}
	}
}

// diagonal returns d of an unknown in the planes of box plane i.
func (s *fwSetup[T]) diagonal(r int32, view *[2]fwView[T], i int) T {
	fc := &s.f.faces
	if r >= s.f.firstExtra() {
		return s.f.extras.d[r-s.f.firstExtra()]
	}
	at := int(r) - fc.Guard()
	return view[at/fc.Plane()-i*s.f.factor[0]].d[at%fc.Plane()]
}

// choose makes the largest component the primary unknown and the others
// extras of the coarse cell; what has no link at all is left to the smoother.
func (s *fwSetup[T]) choose(cell int32, w *fwWorker[T], out *fwBoxes) {
	n := len(w.nodes)
	w.size, w.id = append(w.size[:0], make([]int16, n)...), append(w.id[:0], make([]int32, n)...)
	for a := range w.nodes {
		root := w.find(int16(a))
		w.size[root]++
		if w.linked[a] {
			w.linked[root] = true
		}
	}
	best := -1
	for a := range w.nodes {
		if w.parent[a] == int16(a) && w.linked[a] && (best < 0 || w.size[a] > w.size[best]) {
			best = a
		}
	}
	for a := range w.nodes {
		switch {
		case w.parent[a] != int16(a):
		case a == best:
			w.id[a] = toPrimary
		case !w.linked[a]:
			w.id[a] = -1
		default:
			w.id[a] = int32(len(out.extras))
			out.extras = append(out.extras, cell)
		}
	}
}

// coarseUnknowns fills to with the coarse unknowns of fine plane p, −1 for
// those without.
func (s *fwSetup[T]) coarseUnknowns(p int, to []int32) []int32 {
	f, c := s.f, s.c
	n, nc := f.faces.N, c.faces.N
	if to == nil {
		to = make([]int32, f.faces.Plane())
	}
	first := c.faces.Guard() + p/f.factor[0]*c.faces.Plane()
	for j := range f.faces.Lines {
		base := int32(first + j/f.factor[1]*nc)
		line := to[j*n:][:n]
		for k := range line {
			line[k] = base + int32(k/f.factor[2])
		}
	}
	start := int32(f.faces.Guard() + p*f.faces.Plane())
	for _, m := range f.exceptions[f.planeOf[p]:f.planeOf[p+1]] {
		to[m.fine-start] = m.coarse
	}
	return to
}
