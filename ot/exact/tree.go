package exact

import "math"

// node is a point in the spanning tree: sources come first, then sinks, then
// the artificial root. Nodes are linked in pre-order, so that a subtree is a
// stretch of the list.
type node struct {
	parent, size int32
	prev, last   int32 // in pre-order; last is the end of the subtree
	arc          int32 // the arc to the parent; −1 to the artificial root
	flow         int64 // on that arc: a source's runs up, a sink's down
}

// arc is an active arc from source s to sink t, numbered as nodes.
type arc struct {
	s, t int32
	c    float64
}

// tree is a strongly feasible basis: arcs without flow run towards the root,
// so hang a source below a sink.
//
// Artificial arcs cost 1 in a unit above that of all other costs, compared
// lexicographically. That component of the potentials is 1 in subtrees that
// hang on the root by a source and −1 in those that hang by a sink; the latter
// exist only while some mass has found no way.
type tree struct {
	n, m  int
	root  int32
	nodes []node
	next  []int32   // in pre-order; apart from nodes, for walks through subtrees
	phi   []float64 // f of sources, −g of sinks: reduced cost c − phi_s + phi_t
	level []int8    // the component of artificial costs; nil when it is 1 everywhere
	sunk  int       // sinks that hang on the root
	arcs  []arc
	tol   float64
	scale float64 // the largest finite |cost|

	from   int // where the search for an entering arc goes on
	pivots int
}

func newTree(n, m int, arcs []arc, tol float64) *tree {
	return &tree{n: n, m: m, root: int32(n + m), nodes: make([]node, n+m+1), next: make([]int32, n+m+1), phi: make([]float64, n+m+1), arcs: arcs, tol: tol}
}

func (t *tree) isSource(v int32) bool { return int(v) < t.n }

// thread links the nodes in pre-order and derives sizes, potentials and
// levels from parents.
func (t *tree) thread() {
	v := len(t.nodes)
	first, sibling := make([]int32, v), make([]int32, v)
	for u := range first {
		first[u] = -1
	}
	for u := int32(v) - 2; u >= 0; u-- {
		p := t.nodes[u].parent
		sibling[u], first[p] = first[p], u
	}
	t.nodes[t.root].parent, t.nodes[t.root].arc = -1, -1
	sibling[t.root] = -1
	at, before := t.root, int32(-1)
	for {
		nd := &t.nodes[at]
		nd.prev, nd.size = before, 1
		if before >= 0 {
			t.next[before] = at
		}
		before = at
		if first[at] >= 0 {
			at = first[at]
			continue
		}
		for at >= 0 {
			t.nodes[at].last = before
			if p := t.nodes[at].parent; p >= 0 {
				t.nodes[p].size += t.nodes[at].size
			}
			if sibling[at] >= 0 {
				break
			}
			at = t.nodes[at].parent
		}
		if at < 0 {
			break
		}
		at = sibling[at]
	}
	t.next[before], t.nodes[t.root].prev = t.root, before
	t.setLevels()
	t.derive()
}

// derive computes the potentials from the costs of the tree, which wipes out
// what rounding has left in them. The root's is chosen to have them around 0.
func (t *tree) derive() {
	phi := t.phi
	mean := 0.0
	for _, x := range phi[:t.n] {
		mean += x
	}
	phi[t.root] -= mean / float64(t.n)
	for v := t.next[t.root]; v != t.root; v = t.next[v] {
		nd := &t.nodes[v]
		switch {
		case nd.arc < 0:
			phi[v] = phi[t.root]
		case t.isSource(v):
			phi[v] = t.arcs[nd.arc].c + phi[nd.parent]
		default:
			phi[v] = phi[nd.parent] - t.arcs[nd.arc].c
		}
	}
}

func (t *tree) setLevels() {
	t.sunk = 0
	for v := t.n; v < t.n+t.m; v++ {
		if t.nodes[v].parent == t.root {
			t.sunk++
		}
	}
	t.level = nil
	if t.sunk == 0 {
		return
	}
	t.level = make([]int8, len(t.nodes))
	for v := t.next[t.root]; v != t.root; v = t.next[v] {
		p := t.nodes[v].parent
		switch {
		case p != t.root:
			t.level[v] = t.level[p]
		case t.isSource(v):
			t.level[v] = 1
		default:
			t.level[v] = -1
		}
	}
}

// pivot brings in arc e. The leaving arc is the last of those that block when
// the cycle is traversed along e from its join, which keeps the tree strongly
// feasible.
func (t *tree) pivot(e int32) {
	t.pivots++
	nodes := t.nodes
	s, k := t.arcs[e].s, t.arcs[e].t
	join, out, delta, below := t.cycle(s, k)
	if delta > 0 {
		for u := s; u != join; u = nodes[u].parent {
			if t.isSource(u) {
				nodes[u].flow -= delta
			} else {
				nodes[u].flow += delta
			}
		}
		for u := k; u != join; u = nodes[u].parent {
			if t.isSource(u) {
				nodes[u].flow += delta
			} else {
				nodes[u].flow -= delta
			}
		}
	}
	r := t.arcs[e].c - t.phi[s] + t.phi[k]
	// q is the end of e in the subtree that is cut off, p the other.
	q, p := s, k
	if !below {
		q, p, r = k, s, -r
	}
	if t.level != nil {
		t.relevel(out, q, p)
	}
	t.shift(out, r)
	t.rehang(out, q, p, join, e, delta)
}

// cycle finds the join of the tree paths from s and k, the node whose arc to
// its parent leaves and the flow that it allows; below tells whether that
// node is on the path from s.
func (t *tree) cycle(s, k int32) (join, out int32, delta int64, below bool) {
	nodes, n := t.nodes, int32(t.n)
	outS, outK := int32(-1), int32(-1)
	deltaS, deltaK := int64(math.MaxInt64), int64(math.MaxInt64)
	u, v := s, k
	for u != v {
		if x, y := &nodes[u], &nodes[v]; x.size < y.size {
			if u < n && x.flow < deltaS {
				deltaS, outS = x.flow, u
			}
			u = x.parent
		} else {
			if v >= n && y.flow <= deltaK {
				deltaK, outK = y.flow, v
			}
			v = y.parent
		}
	}
	if deltaK <= deltaS {
		return u, outK, deltaK, false
	}
	return u, outS, deltaS, true
}

// shift adds r to the potentials of the subtree of out, or takes it from all
// others if these are fewer.
func (t *tree) shift(out int32, r float64) {
	next, phi := t.next, t.phi
	nd := &t.nodes[out]
	from, end := out, next[nd.last]
	if 2*int(nd.size) > len(next) {
		from, end, r = end, from, -r
	}
	phi = phi[:len(next)]
	for u := from; u != end; u = next[u] {
		phi[u] += r
	}
}

// relevel gives the subtree of out, which is about to hang below p, the level
// of p.
func (t *tree) relevel(out, q, p int32) {
	if t.nodes[out].parent == t.root && !t.isSource(out) {
		t.sunk--
	}
	level := t.level[p]
	if t.level[q] == level {
		return
	}
	end := t.next[t.nodes[out].last]
	for u := out; u != end; u = t.next[u] {
		t.level[u] = level
	}
}

// rehang cuts the subtree of out from its parent, makes q its root and hangs
// it below p by arc e with the given flow.
func (t *tree) rehang(out, q, p, join int32, e int32, flow int64) {
	nodes, next := t.nodes, t.next
	top := nodes[out].parent
	size, last := nodes[out].size, nodes[out].last
	before, after := nodes[out].prev, next[last]

	// Take the subtree out of the list and out of what encloses it.
	next[before], nodes[after].prev = after, before
	for u := top; u >= 0 && nodes[u].last == last; u = nodes[u].parent {
		nodes[u].last = before
	}
	for u := top; u != join; u = nodes[u].parent {
		nodes[u].size -= size
	}

	tail := t.reroot(out, q, p, e, flow)

	// Put it in behind p.
	after = next[p]
	next[p], nodes[q].prev = q, p
	next[tail], nodes[after].prev = after, tail
	for u := p; u >= 0 && nodes[u].last == p; u = nodes[u].parent {
		nodes[u].last = tail
	}
	for u := p; u != join; u = nodes[u].parent {
		nodes[u].size += size
	}
}

// reroot turns the path from q to out around: each node on it becomes the
// last child of the one before, q the child of p. It returns the end of the
// new list.
func (t *tree) reroot(out, q, p int32, e int32, flow int64) (tail int32) {
	nodes, list := t.nodes, t.next
	whole := nodes[out].size
	nd := &nodes[q]
	tail = nd.last
	// Of the subtree that has been turned last: its neighbours in the old list
	// and its size.
	prev, end, next, size := nd.prev, nd.last, list[nd.last], nd.size
	up, arc, f := nd.parent, nd.arc, nd.flow
	nd.parent, nd.arc, nd.flow, nd.size = p, e, flow, whole
	for v := q; v != out; {
		v, p = up, v
		nd = &nodes[v]
		vPrev, vEnd, vNext := nd.prev, nd.last, next
		if vEnd != end {
			vNext = list[vEnd]
			list[prev], nodes[next].prev = next, prev
		}
		list[tail], nd.prev = v, tail
		if vEnd != end {
			tail = vEnd
		} else {
			tail = prev
		}
		prev, end, next = vPrev, vEnd, vNext
		up, nd.parent = nd.parent, p
		nd.arc, arc = arc, nd.arc
		nd.flow, f = f, nd.flow
		nd.size, size = whole-size, nd.size
	}
	for v := out; ; v = nodes[v].parent {
		nodes[v].last = tail
		if v == q {
			return tail
		}
	}
}
