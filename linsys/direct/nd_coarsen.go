package direct

import "solve/internal/rng"

// store hands out scratch slices that live until reset.
type store struct {
	blocks [][]int32
	block  int // under use
	used   int // of it
}

// take returns n entries of any values.
func (s *store) take(n int32) []int32 {
	const least = 1 << 16
	for {
		if s.block == len(s.blocks) {
			s.blocks = append(s.blocks, make([]int32, max(least, 2*int(n))))
		}
		b := s.blocks[s.block]
		if s.used+int(n) <= len(b) {
			s.used += int(n)
			return b[s.used-int(n) : s.used : s.used]
		}
		s.block++
		s.used = 0
	}
}

func (s *store) reset() { s.block, s.used = 0, 0 }

// coarsen merges matched vertices of g. coarse[v] is the vertex that v
// becomes.
func (s *store) coarsen(g *piece, heaviest int32, r *rng.Stream) (c *piece, coarse []int32) {
	match := s.match(g, heaviest, r)
	n := g.order()
	coarse = s.take(n)
	count := int32(0)
	for v := range n {
		if match[v] >= v {
			coarse[v], coarse[match[v]] = count, count
			count++
		}
	}
	entries := int32(len(g.adj))
	c = &piece{
		ptr: s.take(count + 1), adj: s.take(entries), edge: s.take(entries),
		weight: s.take(count), total: g.total,
	}
	place := s.take(count) // of a neighbour in the list under way, if not before it
	for k := range place {
		place[k] = none
	}
	c.ptr[0] = 0
	at := int32(0)
	for v := range n {
		u := match[v]
		if u < v {
			continue
		}
		k := coarse[v]
		first := at
		at = c.gather(g, v, k, first, at, coarse, place)
		c.weight[k] = g.weight[v]
		if u != v {
			at = c.gather(g, u, k, first, at, coarse, place)
			c.weight[k] += g.weight[u]
		}
		c.ptr[k+1] = at
	}
	c.adj, c.edge = c.adj[:at], c.edge[:at]
	return c, coarse
}

// gather adds the edges of v to the list of coarse vertex k, which begins at
// first and ends at at; it returns the new end.
func (c *piece) gather(g *piece, v, k, first, at int32, coarse, place []int32) int32 {
	list := g.adj[g.ptr[v]:g.ptr[v+1]]
	var edges []int32
	if g.edge != nil {
		edges = g.edge[g.ptr[v]:][:len(list)]
	}
	for x, j := range list {
		to := coarse[j]
		if to == k {
			continue
		}
		w := int32(1)
		if edges != nil {
			w = edges[x]
		}
		if p := place[to]; p >= first {
			c.edge[p] += w
			continue
		}
		place[to] = at
		c.adj[at], c.edge[at] = to, w
		at++
	}
	return at
}

// window is the number of vertices that are visited in random order, after
// those before them: chance is needed, since pairs that follow the numbering
// make straight separators, and memory is read in order, nearly.
const window = 1024

// match pairs vertices along heavy edges, the lighter neighbour where edges
// are equally heavy, so that no pair is heavier than allowed. An unmatched
// vertex is its own partner.
func (s *store) match(g *piece, heaviest int32, r *rng.Stream) []int32 {
	var visit [window]int32
	n := g.order()
	match := s.take(n)
	for v := range match {
		match[v] = none
	}
	alone := int32(0)
	for first := int32(0); first < n; first += window {
		last := min(n, first+window)
		for k := range last - first {
			visit[k] = first + k
		}
		shuffle(visit[:last-first], r)
		for _, v := range visit[:last-first] {
			if match[v] == none && g.matchBest(v, match, heaviest) == v {
				alone++
			}
		}
	}
	if alone > n/10 {
		s.matchFar(g, match, heaviest)
	}
	return match
}

// matchBest matches v and returns its partner.
func (g *piece) matchBest(v int32, match []int32, heaviest int32) int32 {
	best, bestEdge, bestWeight := v, int32(0), int32(0)
	room := heaviest - g.weight[v]
	begin := g.ptr[v]
	list := g.adj[begin:g.ptr[v+1]]
	if g.edge == nil {
		for _, j := range list {
			if match[j] == none && g.weight[j] <= room {
				best = j
				break
			}
		}
		match[v], match[best] = best, v
		return best
	}
	edges := g.edge[begin:][:len(list)]
	for x, j := range list {
		if match[j] != none || g.weight[j] > room {
			continue
		}
		if w := edges[x]; w > bestEdge || w == bestEdge && g.weight[j] < bestWeight {
			best, bestEdge, bestWeight = j, w, g.weight[j]
		}
	}
	match[v], match[best] = best, v
	return best
}

func shuffle(list []int32, r *rng.Stream) {
	for i := len(list) - 1; i > 0; i-- {
		j := r.Below(i + 1)
		list[i], list[j] = list[j], list[i]
	}
}

// matchFar pairs vertices left alone that share their first neighbour, or have
// none: the rays of a star.
func (s *store) matchFar(g *piece, match []int32, heaviest int32) {
	n := g.order()
	waiting := s.take(n + 1) // by neighbour; the last is for vertices without
	for k := range waiting {
		waiting[k] = none
	}
	for v := range n {
		if match[v] != v {
			continue
		}
		at := n
		if g.ptr[v] < g.ptr[v+1] {
			at = g.adj[g.ptr[v]]
		}
		u := waiting[at]
		if u == none || g.weight[u]+g.weight[v] > heaviest {
			waiting[at] = v
			continue
		}
		match[u], match[v] = v, u
		waiting[at] = none
	}
}
