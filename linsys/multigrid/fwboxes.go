package multigrid

// aggregate splits the boxes of coarse plane i into components.
func (s *fwSetup[T]) aggregate(i int, w *fwWorker[T]) {
	f, c := s.f, s.c
	n, lines := f.faces.N, f.faces.Lines
	i0 := i * f.factor[0]
	planes := min(f.factor[0], f.faces.Planes-i0)
	var view [2]fwView[T]
	for p := range planes {
		view[p] = w.view[p].plane(i0 + p)
	}
	w.chainExtras(s, i0, planes)
	cubes := f.factor == [3]int{2, 2, 2}
	for j := range c.faces.Lines {
		j0 := j * f.factor[1]
		for k := range c.faces.N {
			k0 := k * f.factor[2]
			box := j*c.faces.N + k
			if cubes && planes == 2 && j0+1 < lines && k0+1 < n && (w.head == nil || w.head[box] < 0) &&
				s.wholeCube(&view, j0*n+k0, n) {
				continue
			}
			s.split(i, j, k, &view, w)
		}
	}
}

// wholeCube reports whether seven links hold the cube together whose lowest
// cell is o in its plane.
func (s *fwSetup[T]) wholeCube(view *[2]fwView[T], o, n int) bool {
	a, b := &view[0], &view[1]
	if s.strength == 0 {
		return a.w[2][o] > 0 && a.w[2][o+n] > 0 && b.w[2][o] > 0 && b.w[2][o+n] > 0 &&
			a.w[1][o] > 0 && b.w[1][o] > 0 && a.w[0][o] > 0
	}
	for _, p := range [2]*fwView[T]{a, b} {
		for _, at := range [2]int{o, o + n} {
			if !s.strong(p.w[2][at], p.d[at], p.d[at+1]) {
				return false
			}
		}
		if !s.strong(p.w[1][o], p.d[o], p.d[o+n]) {
			return false
		}
	}
	return s.strong(a.w[0][o], a.d[o], b.d[o])
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
func (s *fwSetup[T]) split(i, j, k int, view *[2]fwView[T], w *fwWorker[T]) {
	f, c := s.f, s.c
	fc := &f.faces
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
