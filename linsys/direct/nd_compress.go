package direct

// piece is a weighted graph without loops: the neighbours of vertex v are
// adj[ptr[v]:ptr[v+1]].
type piece struct {
	ptr    []int32
	adj    []int32
	edge   []int32 // weights of the entries of adj; nil for ones
	weight []int32 // of the vertices
	total  int32   // weight of all
}

func (g *piece) order() int32 { return int32(len(g.weight)) }

func (g *piece) neighbours(v int32) []int32 { return g.adj[g.ptr[v]:g.ptr[v+1]] }

// sparsePart leaves out the dense vertices of g. ids are the numbers in g of
// those that stay.
func sparsePart(g *graph) (p *piece, ids, dense []int32) {
	n := g.order()
	limit := denseDegree(n)
	number := make([]int32, n)
	for v := range int32(n) {
		if len(g.neighbours(v)) > limit {
			dense = append(dense, v)
			number[v] = none
			continue
		}
		number[v] = int32(len(ids))
		ids = append(ids, v)
	}
	p = &piece{ptr: make([]int32, 1, len(ids)+1), adj: g.adj, weight: make([]int32, len(ids)), total: int32(len(ids))}
	for k := range p.weight {
		p.weight[k] = 1
	}
	at := int32(0) // lists move to the front of what is already read
	for _, v := range ids {
		for _, j := range g.neighbours(v) {
			if k := number[j]; k != none {
				p.adj[at] = k
				at++
			}
		}
		p.ptr = append(p.ptr, at)
	}
	p.adj = p.adj[:at]
	return p, ids, dense
}

// groups are the vertices that one vertex of a compressed graph stands for.
type groups struct {
	ptr []int32
	ids []int32
}

func (m *groups) of(v int32) []int32 { return m.ids[m.ptr[v]:m.ptr[v+1]] }

// compress merges adjacent vertices with the same other neighbours, such as
// the unknowns of a node of a mesh, where that makes the graph a good deal
// smaller. C. Ashcraft, Compressed graphs and the minimum degree algorithm,
// SIAM J. Sci. Comput. 16 (1995).
func compress(g *piece, ids []int32) (*groups, *piece) {
	n := g.order()
	head, merged := equalVertices(g)
	m := &groups{ptr: make([]int32, 1, n+1), ids: make([]int32, 0, n)}
	if merged < n/5 {
		m.ids = ids
		for v := range n {
			m.ptr = append(m.ptr, v+1)
		}
		return m, g
	}
	number := make([]int32, n)
	c := &piece{ptr: make([]int32, 1, n-merged+1), weight: make([]int32, n-merged), total: g.total}
	k := int32(0)
	for v := range n {
		if head[v] == v {
			number[v] = k
			k++
		}
	}
	for v := range n {
		c.weight[number[head[v]]]++
	}
	for _, w := range c.weight {
		m.ptr = append(m.ptr, m.ptr[len(m.ptr)-1]+w)
	}
	m.ids = m.ids[:n]
	at := append([]int32(nil), m.ptr...)
	for v := range n {
		k := number[head[v]]
		m.ids[at[k]] = ids[v]
		at[k]++
		if head[v] != v {
			continue
		}
		for _, j := range g.neighbours(v) {
			if head[j] == j {
				c.adj = append(c.adj, number[j])
			}
		}
		c.ptr = append(c.ptr, int32(len(c.adj)))
	}
	return m, c
}

// equalVertices returns the first vertex with the same closed neighbourhood,
// for every vertex, and how many are not their own.
func equalVertices(g *piece) (head []int32, merged int32) {
	n := g.order()
	hash := make([]uint32, n)
	scatter := func(v int32) uint32 { return (uint32(v) + 1) * 0x9e3779b1 }
	for v := range n {
		h := scatter(v)
		for _, j := range g.neighbours(v) {
			h += scatter(j)
		}
		hash[v] = h
	}
	head = make([]int32, n)
	seen := make([]int32, n)
	for v := range n {
		head[v], seen[v] = v, none
	}
	for v := range n {
		if head[v] != v {
			continue
		}
		for _, j := range g.neighbours(v) {
			if j <= v || hash[j] != hash[v] || head[j] != j || len(g.neighbours(j)) != len(g.neighbours(v)) {
				continue
			}
			if seen[v] != v {
				seen[v] = v
				for _, x := range g.neighbours(v) {
					seen[x] = v
				}
			}
			equal := true
			for _, x := range g.neighbours(j) {
				equal = equal && seen[x] == v
			}
			if equal {
				head[j] = v
				merged++
			}
		}
	}
	return head, merged
}
