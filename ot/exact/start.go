package exact

import (
	"math"
	"slices"
)

// start builds the first basis: it ships greedily along arcs of small reduced
// cost, which leaves a forest with flow on every arc, and joins the trees by
// arcs without flow, again by reduced cost.
type start struct {
	t      *tree
	g      ground
	a, b   []int64 // what is left to ship
	r      []float64
	order  []int32 // active arcs by reduced cost
	head   []int32 // adjacency of the forest: half-edges of each node
	next   []int32
	edges  []edge
	comp   []int32
	source []int32 // a source of each component, −1 if it has none
	bySink []int32 // arcs by sink
	sinkAt []int32
	placed []bool
	queue  arcHeap
	stack  []int32
}

// edge is an arc of the forest with its flow; half-edge 2k lies at the source
// of edge k, 2k+1 at the sink.
type edge struct {
	arc  int32
	flow int64
}

// startTree makes the tree of a problem from its candidates, in the order of
// their reduced costs at the potentials al, be but for the first ones, which
// are taken as they come.
func startTree(g ground, a, b []int64, al, be []float64, arcs []arc, first int, tol float64) *tree {
	n, m := g.dims()
	t := newTree(n, m, arcs, tol)
	s := &start{t: t, g: g, a: slices.Clone(a), b: slices.Clone(b), head: make([]int32, n+m)}
	for v := range s.head {
		s.head[v] = -1
	}
	s.r = make([]float64, len(arcs))
	for k, x := range arcs {
		s.r[k] = x.c - al[x.s] - be[int(x.t)-n]
	}
	for k := range first {
		s.r[k] = math.Inf(-1)
	}
	s.ship()
	s.shipLeft(be)
	s.join()
	t.thread()
	return t
}

func (s *start) ship() {
	s.order = sortedByValue(s.r)
	for _, k := range s.order {
		x := &s.t.arcs[k]
		if q := min(s.a[x.s], s.b[int(x.t)-s.t.n]); q > 0 {
			s.send(k, q)
		}
	}
}

// send ships q along arc k.
func (s *start) send(k int32, q int64) {
	x := s.t.arcs[k]
	s.a[x.s] -= q
	s.b[int(x.t)-s.t.n] -= q
	h := int32(2 * len(s.edges))
	s.edges = append(s.edges, edge{k, q})
	s.next = append(s.next, s.head[x.s], s.head[x.t])
	s.head[x.s], s.head[x.t] = h, h+1
}

// shipLeft sends what is left at the sources to the sinks that still want
// something, the best first.
func (s *start) shipLeft(be []float64) {
	n := s.t.n
	var open []int
	for j, b := range s.b {
		if b > 0 {
			open = append(open, j)
		}
	}
	for i := range s.a {
		for s.a[i] > 0 {
			best, at, k := math.Inf(1), -1, 0
			for _, j := range open {
				if s.b[j] == 0 {
					continue
				}
				open[k] = j
				k++
				if r := s.g.at(i, j) - be[j]; r < best {
					best, at = r, j
				}
			}
			open = open[:k]
			if at < 0 {
				break
			}
			s.t.arcs = append(s.t.arcs, arc{int32(i), int32(n + at), s.g.at(i, at)})
			s.send(int32(len(s.t.arcs)-1), min(s.a[i], s.b[at]))
		}
	}
}

// other is the node at the far end of half-edge h.
func (s *start) other(h int32) int32 {
	x := &s.t.arcs[s.edges[h/2].arc]
	if h%2 == 0 {
		return x.t
	}
	return x.s
}

// components numbers the trees of the forest.
func (s *start) components() {
	s.comp = make([]int32, len(s.head))
	for v := range s.comp {
		s.comp[v] = -1
	}
	for v := range s.head {
		if s.comp[v] >= 0 {
			continue
		}
		c := int32(len(s.source))
		s.source = append(s.source, -1)
		s.comp[v] = c
		s.stack = append(s.stack[:0], int32(v))
		for len(s.stack) > 0 {
			u := s.stack[len(s.stack)-1]
			s.stack = s.stack[:len(s.stack)-1]
			if s.t.isSource(u) {
				s.source[c] = u
			}
			for h := s.head[u]; h >= 0; h = s.next[h] {
				if w := s.other(h); s.comp[w] < 0 {
					s.comp[w] = c
					s.stack = append(s.stack, w)
				}
			}
		}
	}
}

// indexSinks lists the arcs into each sink.
func (s *start) indexSinks() {
	n, m := s.t.n, s.t.m
	s.sinkAt = make([]int32, m+1)
	for _, k := range s.order {
		s.sinkAt[int(s.t.arcs[k].t)-n+1]++
	}
	for j := range m {
		s.sinkAt[j+1] += s.sinkAt[j]
	}
	fill := slices.Clone(s.sinkAt)
	s.bySink = make([]int32, len(s.order))
	for _, k := range s.order {
		j := int(s.t.arcs[k].t) - n
		s.bySink[fill[j]] = k
		fill[j]++
	}
}

// join hangs every component on the root or below a sink that is placed. A
// node with something left hangs on the root and sends it there.
func (s *start) join() {
	s.components()
	s.indexSinks()
	s.placed = make([]bool, len(s.source))
	n := s.t.n
	for i, q := range s.a {
		if q > 0 {
			s.place(int32(i), s.t.root, -1, q)
		}
	}
	for j, q := range s.b {
		if q > 0 {
			s.place(int32(n+j), s.t.root, -1, q)
		}
	}
	for c := 0; ; {
		for len(s.queue) > 0 {
			k := s.queue.pop()
			x := s.t.arcs[k]
			if !s.placed[s.comp[x.s]] {
				s.place(x.s, x.t, k, 0)
			}
		}
		for c < len(s.placed) && s.placed[c] {
			c++
		}
		if c == len(s.placed) {
			return
		}
		s.place(s.source[c], s.t.root, -1, 0)
	}
}

// place hangs the component of v, re-rooted at v, below p.
func (s *start) place(v, p, k int32, flow int64) {
	s.placed[s.comp[v]] = true
	s.t.nodes[v] = node{parent: p, arc: k, flow: flow}
	s.stack = append(s.stack[:0], v)
	for len(s.stack) > 0 {
		u := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		if !s.t.isSource(u) {
			j := int(u) - s.t.n
			for _, k := range s.bySink[s.sinkAt[j]:s.sinkAt[j+1]] {
				if !s.placed[s.comp[s.t.arcs[k].s]] {
					s.queue.push(s.r[k], k)
				}
			}
		}
		for h := s.head[u]; h >= 0; h = s.next[h] {
			w := s.other(h)
			if w == s.t.nodes[u].parent {
				continue
			}
			s.t.nodes[w] = node{parent: u, arc: s.edges[h/2].arc, flow: s.edges[h/2].flow}
			s.stack = append(s.stack, w)
		}
	}
}
