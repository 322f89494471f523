package multigrid

import (
	"cmp"
	"slices"

	"solve/internal/par"
)

// sum adds up the weights and the excess of coarse plane i.
func (s *fwSetup[T]) sum(i int, w *fwWorker[T]) {
	f := s.f
	i0 := i * f.factor[0]
	planes := min(f.factor[0], f.faces.Planes-i0)
	reach := min(planes+1, f.faces.Planes-i0) // links lead into the next box
	plain := f.planeOf[i0] == f.planeOf[i0+reach]
	if lo, hi := f.planeRange(i0, reach); lo < hi {
		plain = false
	}
	if plain {
		for p := range planes {
			s.sumPlain(i, i0+p, w.view[0].plane(i0+p))
		}
		return
	}
	for p := range reach {
		w.coarse[p] = s.coarseUnknowns(i0+p, w.coarse[p])
	}
	var found []fwLink[T]
	for p := range planes {
		found = s.sumSplit(i0+p, w.view[0].plane(i0+p), w.coarse[p], w.coarse[(p+1)%3], found)
	}
	s.links[i] = s.sumExtras(i0, planes, w.coarse[:reach], found)
}

// sumPlain is for planes where every unknown belongs to the primary of its
// box: only links between boxes count.
func (s *fwSetup[T]) sumPlain(i, p int, v fwView[T]) {
	f, c := s.f, s.c
	n, nc := f.faces.N, c.faces.N
	crossX := (p+1)%f.factor[0] == 0
	base := c.faces.Guard() + i*c.faces.Plane()
	for j := range f.faces.Lines {
		at := j * n
		to := base + j/f.factor[1]*nc
		addPairs(c.excess[to:to+nc], v.excess[at:at+n], f.factor[2])
		if crossX {
			addPairs(c.faces.W[0][to:to+nc], v.w[0][at:at+n], f.factor[2])
		}
		if (j+1)%f.factor[1] == 0 {
			addPairs(c.faces.W[1][to:to+nc], v.w[1][at:at+n], f.factor[2])
		}
		wz, from := c.faces.W[2][to:to+nc], v.w[2][at:at+n]
		for k, q := f.factor[2]-1, 0; k < n; k, q = k+f.factor[2], q+1 {
			wz[q] += from[k]
		}
	}
}

// addPairs adds line s to c, two elements to one when factor is 2.
func addPairs[T interface{ float32 | float64 }](c, s []T, factor int) {
	if factor == 1 {
		for k, v := range s {
			c[k] += v
		}
		return
	}
	for k := range len(s) / 2 {
		c[k] += s[2*k] + s[2*k+1]
	}
	if len(s)&1 == 1 {
		c[len(c)-1] += s[len(s)-1]
	}
}

// sumSplit is for planes some of whose unknowns are extras of the coarse
// level: own and next are the coarse unknowns of this plane and the one after.
func (s *fwSetup[T]) sumSplit(p int, v fwView[T], own, next []int32, found []fwLink[T]) []fwLink[T] {
	f, c := s.f, s.c
	n := f.faces.N
	primaries := int32(c.faces.Guard() + c.faces.Cells())
	for at := range own {
		a := own[at]
		if a < 0 {
			continue
		}
		c.excess[a] += v.excess[at]
		for axis := range 3 {
			weight := v.w[axis][at]
			if weight == 0 {
				continue
			}
			var b int32
			switch axis {
			case 0:
				b = next[at]
			case 1:
				b = own[at+n]
			default:
				b = own[at+1]
			}
			switch {
			case a == b || b < 0:
			case a < primaries && b < primaries:
				c.faces.W[axis][a] += weight
			default:
				found = appendLink(found, primaries, a, b, weight)
			}
		}
	}
	return found
}

// appendLink notes a link at each of its ends that is an extra.
func appendLink[T interface{ float32 | float64 }](found []fwLink[T], primaries, a, b int32, w T) []fwLink[T] {
	if a >= primaries {
		found = append(found, fwLink[T]{a, b, w})
	}
	if b >= primaries {
		found = append(found, fwLink[T]{b, a, w})
	}
	return found
}

// sumExtras does the same for the fine extras of a few planes and their
// links, but for those to fine extras of lower number.
func (s *fwSetup[T]) sumExtras(i0, planes int, coarse [][]int32, found []fwLink[T]) []fwLink[T] {
	f, c := s.f, s.c
	x := &f.extras
	lo, hi := f.planeRange(i0, planes)
	primaries := int32(c.faces.Guard() + c.faces.Cells())
	for e := lo; e < hi; e++ {
		a := f.coarseOf[e]
		if a < 0 {
			continue
		}
		own := f.firstExtra() + int32(e)
		c.excess[a] += f.excess[own]
		for k := x.ptr[e]; k < x.ptr[e+1]; k++ {
			if x.nb[k] >= f.firstExtra() && x.nb[k] < own {
				continue
			}
			b := s.coarseUnknown(x.nb[k], i0, coarse)
			switch {
			case a == b || b < 0:
			case a < primaries && b < primaries:
				s.direct[i0/f.factor[0]] = append(s.direct[i0/f.factor[0]], fwLink[T]{a, b, x.w[k]})
			default:
				found = appendLink(found, primaries, a, b, x.w[k])
			}
		}
	}
	return found
}

// coarseUnknown looks up an unknown next to the planes from i0 on.
func (s *fwSetup[T]) coarseUnknown(r int32, i0 int, coarse [][]int32) int32 {
	f := s.f
	if r >= f.firstExtra() {
		return f.coarseOf[r-f.firstExtra()]
	}
	at := int(r) - f.faces.Guard()
	p := at/f.faces.Plane() - i0
	if p >= 0 && p < len(coarse) {
		return coarse[p][at%f.faces.Plane()]
	}
	lo, hi := f.planeOf[i0+p], f.planeOf[i0+p+1]
	if k, ok := slices.BinarySearchFunc(f.exceptions[lo:hi], r, func(m fwMoved, r int32) int { return cmp.Compare(m.fine, r) }); ok {
		return f.exceptions[int(lo)+k].coarse
	}
	c := s.c
	y, z := at/f.faces.N%f.faces.Lines/f.factor[1], at%f.faces.N/f.factor[2]
	return int32(c.faces.Guard() + ((i0+p)/f.factor[0]*c.faces.Lines+y)*c.faces.N + z)
}

// addLink adds to the weight between two neighbouring primaries.
func (l *fwLevel[T]) addLink(a, b int32, w T) {
	a, b = min(a, b), max(a, b)
	f := &l.faces
	axis := 2
	switch step := int(b - a); {
	case f.Planes > 1 && step == f.Plane():
		axis = 0
	case f.Lines > 1 && step == f.N:
		axis = 1
	}
	f.W[axis][a] += w
}

// linkExtras turns the links found into the rows of the coarse extras and the
// patches of the primaries.
func (s *fwSetup[T]) linkExtras() {
	c := s.c
	for _, links := range s.direct {
		for _, k := range links {
			c.addLink(k.a, k.b, k.w)
		}
	}
	x := &c.extras
	n := x.count()
	x.ptr, x.mid = make([]int32, n+1), make([]int32, n)
	if n > 0 {
		s.fillRows()
	}
	s.patchCoarse()
	f := s.f
	par.For(s.threads, f.faces.Planes, func(p int) {
		var to []int32
		for colour := range f.patches {
			q := &f.patches[colour]
			if len(q.list) == 0 || q.plane[p] == q.plane[p+1] {
				continue
			}
			if to == nil {
				to = s.coarseUnknowns(p, nil)
			}
			start := int32(f.faces.Guard() + p*f.faces.Plane())
			for k := q.plane[p]; k < q.plane[p+1]; k++ {
				q.list[k].coarse = to[q.list[k].at-start]
			}
		}
	})
}

func (s *fwSetup[T]) fillRows() {
	c := s.c
	x := &c.extras
	all := slices.Concat(s.links...)
	first := c.firstExtra()
	guard := int32(c.faces.Guard())
	same := func(k fwLink[T]) bool {
		e := k.a - first
		if k.b >= first {
			return x.colour[e] == x.colour[k.b-first]
		}
		return int(x.colour[e]) == c.parity(int(k.b-guard))
	}
	slices.SortStableFunc(all, func(p, q fwLink[T]) int {
		if p.a != q.a {
			return cmp.Compare(p.a, q.a)
		}
		return cmp.Compare(p.b, q.b)
	})
	for lo := 0; lo < len(all); {
		hi := lo
		for hi < len(all) && all[hi].a == all[lo].a {
			hi++
		}
		e := all[lo].a - first
		for _, late := range [2]bool{false, true} {
			if late {
				x.mid[e] = int32(len(x.nb))
			}
			last := int32(-1)
			for _, k := range all[lo:hi] {
				if same(k) != late {
					continue
				}
				if k.b == last {
					x.w[len(x.w)-1] += k.w
					continue
				}
				last = k.b
				x.nb, x.w = append(x.nb, k.b), append(x.w, k.w)
				c.mixed = c.mixed || late
			}
		}
		x.ptr[e+1] = int32(len(x.nb))
		lo = hi
	}
	for e := range x.count() {
		if x.ptr[e+1] == 0 {
			x.ptr[e+1], x.mid[e] = x.ptr[e], x.ptr[e]
		}
	}
}

// patchCoarse lists the links between primaries and extras by primary.
func (s *fwSetup[T]) patchCoarse() {
	c := s.c
	x := &c.extras
	guard, end := int32(c.faces.Guard()), int32(c.faces.Guard()+c.faces.Cells())
	for e := range x.count() {
		for k := x.ptr[e]; k < x.ptr[e+1]; k++ {
			if r := x.nb[k]; r < end {
				q := &c.patches[c.parity(int(r-guard))]
				q.list = append(q.list, fwPatch[T]{at: r, extra: c.firstExtra() + int32(e), coarse: -1, same: k >= x.mid[e], w: x.w[k]})
			}
		}
	}
	for colour := range c.patches {
		q := &c.patches[colour]
		slices.SortStableFunc(q.list, func(a, b fwPatch[T]) int { return cmp.Compare(a.at, b.at) })
		q.saved = make([]T, len(q.list))
		q.plane = make([]int32, c.faces.Planes+1)
		for _, k := range q.list {
			q.plane[int(k.at-guard)/c.faces.Plane()+1]++
		}
		for i := range c.faces.Planes {
			q.plane[i+1] += q.plane[i]
		}
	}
}
