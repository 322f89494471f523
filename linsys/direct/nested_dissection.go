package direct

import (
	"context"
	"math"
	"sync"

	"solve/internal/par"
	"solve/matrix"
)

// NestedDissection returns a nested dissection ordering of the pattern of
// A + Aᵀ, a square: entry k is the index of the k-th pivot. A small set of
// vertices whose removal cuts the graph in two halves is ordered last, the
// halves before it likewise, down to pieces that are ordered by approximate
// minimum degree, the separators around each piece taken into account. On
// meshes it fills less than AMD from some ten thousand unknowns on. Rows with
// more than 10√n entries come last. The ordering does not depend on the number
// of threads (0 = all). The error is that of ctx.
//
// A. George 1973; separators by the multilevel method of G. Karypis and V.
// Kumar, A fast and high quality multilevel scheme for partitioning irregular
// graphs, SIAM J. Sci. Comput. 20 (1998), refined as B. Hendrickson and E.
// Rothberg, Improving the run time and quality of nested dissection ordering,
// SIAM J. Sci. Comput. 20 (1998).
func NestedDissection(ctx context.Context, a *matrix.CSR, threads int) ([]int32, error) {
	return dissect(ctx, graphOf(a), threads)
}

// dissect orders the vertices of g, whose lists it uses up.
func dissect(ctx context.Context, g *graph, threads int) ([]int32, error) {
	if len(g.adj) > math.MaxInt32/2 {
		return minimumDegree(ctx, g) // places in pieces are 32 bits wide
	}
	n := g.order()
	whole, ids, dense := sparsePart(g)
	members, merged := compress(whole, ids)
	d := newDissection(merged, threads)
	order, err := d.run(ctx)
	if err != nil {
		return nil, err
	}
	perm := make([]int32, 0, n)
	for _, v := range order {
		perm = append(perm, members.of(v)...)
	}
	return append(perm, dense...), nil
}

// leafWeight is the number of columns up to which a piece is left to minimum
// degree.
const leafWeight = 300

// dissection is a nested dissection under way. Pieces are numbered by the
// places that their vertices take in the order.
type dissection struct {
	g       *piece
	threads int
	order   []int32
	local   []int32 // number of a vertex within its leaf
	leafOf  []int32 // first place of the leaf of a vertex, -1 while it has none

	mu    sync.Mutex
	spare []*bisector
}

// part is a piece of the graph with its vertices' numbers in the whole one.
// Its vertices take places first, first+1, … of the order.
type part struct {
	g     *piece
	ids   []int32
	first int32
	seed  uint64
}

func newDissection(g *piece, threads int) *dissection {
	n := g.order()
	d := &dissection{g: g, threads: threads, order: make([]int32, n), local: make([]int32, n), leafOf: make([]int32, n)}
	for v := range d.leafOf {
		d.leafOf[v] = none
	}
	return d
}

// run divides level by level, the parts of a level at the same time, and then
// orders the leaves.
func (d *dissection) run(ctx context.Context) ([]int32, error) {
	n := d.g.order()
	if n == 0 {
		return nil, ctx.Err()
	}
	ids := make([]int32, n)
	for v := range ids {
		ids[v] = int32(v)
	}
	parts := []part{{g: d.g, ids: ids, seed: 1}}
	var leaves []part
	for len(parts) > 0 {
		halves := make([][2]part, len(parts))
		err := par.ForCtx(ctx, d.threads, len(parts), func(k int) { halves[k] = d.divide(ctx, &parts[k]) })
		if err != nil {
			return nil, err
		}
		var next []part
		for k, h := range halves {
			if h[0].g == nil {
				leaves = append(leaves, parts[k])
				continue
			}
			next = append(next, h[0], h[1])
		}
		parts = next
	}
	err := par.ForCtx(ctx, d.threads, len(leaves), func(k int) { d.orderLeaf(ctx, &leaves[k]) })
	return d.order, err
}

// divide splits p in two and puts the separator at its last places. The
// halves are empty when p is to be a leaf, or ctx is done.
func (d *dissection) divide(ctx context.Context, p *part) (halves [2]part) {
	if p.g.total > leafWeight && p.g.order() > 2 {
		b := d.hire()
		where, weight := b.separate(ctx, p.g, p.seed)
		if ctx.Err() == nil && worthwhile(weight) {
			halves = d.split(p, where, b)
		}
		d.release(b)
	}
	if halves[0].g == nil {
		for k, v := range p.ids {
			d.local[v], d.leafOf[v] = int32(k), p.first
		}
	}
	return halves
}

// worthwhile reports whether a division helps: with a large separator, or a
// small half, the piece is better left to minimum degree.
func worthwhile(weight [3]int32) bool {
	const largest, smallest = 3, 8
	total := weight[0] + weight[1] + weight[separator]
	return weight[separator] < total/largest && min(weight[0], weight[1]) > total/smallest
}

func (d *dissection) hire() *bisector {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.spare); n > 0 {
		b := d.spare[n-1]
		d.spare = d.spare[:n-1]
		return b
	}
	return &bisector{}
}

func (d *dissection) release(b *bisector) {
	b.store.reset()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.spare = append(d.spare, b)
}

// split cuts p into the subgraphs of the two sides.
func (d *dissection) split(p *part, where []uint8, b *bisector) (halves [2]part) {
	var count, entries [3]int32
	number := b.store.take(p.g.order())
	for v, s := range where {
		number[v] = count[s]
		count[s]++
		entries[s] += p.g.ptr[v+1] - p.g.ptr[v]
	}
	for s := range halves {
		halves[s] = part{
			g: &piece{
				ptr: make([]int32, 1, count[s]+1), adj: make([]int32, 0, entries[s]),
				weight: make([]int32, 0, count[s]),
			},
			ids: make([]int32, 0, count[s]), seed: 2*p.seed + uint64(s),
		}
	}
	halves[0].first = p.first
	halves[1].first = p.first + count[0]
	place := p.first + count[0] + count[1]
	for v, s := range where {
		if s == separator {
			d.order[place] = p.ids[v]
			place++
			continue
		}
		h := &halves[s]
		h.ids = append(h.ids, p.ids[v])
		h.g.weight = append(h.g.weight, p.g.weight[v])
		h.g.total += p.g.weight[v]
		for _, j := range p.g.neighbours(int32(v)) {
			if where[j] == s {
				h.g.adj = append(h.g.adj, number[j])
			}
		}
		h.g.ptr = append(h.g.ptr, int32(len(h.g.adj)))
	}
	return halves
}

// orderLeaf orders the vertices of a leaf by minimum degree. Their
// neighbours in separators count in the degrees: they are the halo of F.
// Pellegrini, J. Roman and P. Amestoy, Hybridizing nested dissection and halo
// approximate minimum degree, Concurrency 12 (2000).
func (d *dissection) orderLeaf(ctx context.Context, p *part) {
	n := int32(len(p.ids))
	var halo []int32
	number := map[int32]int32{}
	var inner, outer int32 // columns
	entries := 0
	for _, v := range p.ids {
		inner += d.g.weight[v]
		entries += len(d.g.neighbours(v))
		for _, j := range d.g.neighbours(v) {
			if d.leafOf[j] == p.first {
				continue
			}
			if _, ok := number[j]; !ok {
				number[j] = n + int32(len(halo))
				halo = append(halo, j)
				outer += d.g.weight[j]
			}
		}
	}
	all := int(n) + len(halo)
	q := newQuotient(all, all, 2*entries, int(inner+outer))
	q.inner = n
	for k, v := range p.ids {
		for _, j := range d.g.neighbours(v) {
			if d.leafOf[j] == p.first {
				q.addNeighbour(d.local[j], d.g.weight[j], int32(k))
			} else {
				q.addNeighbour(number[j], d.g.weight[j], int32(k))
			}
		}
		q.nv[k] = d.g.weight[v]
		q.insert(int32(k))
	}
	for k, v := range halo {
		for _, j := range d.g.neighbours(v) {
			if d.leafOf[j] == p.first {
				q.addNeighbour(d.local[j], d.g.weight[j], n+int32(k))
			}
		}
		q.nv[int(n)+k] = d.g.weight[v]
	}
	if q.eliminateAll(ctx) != nil {
		return // the caller looks at ctx, too
	}
	for k, i := range q.permutation() {
		d.order[int(p.first)+k] = p.ids[i]
	}
}

// addNeighbour appends variable j of the given width to the list of i, the
// last list begun.
func (q *quotient) addNeighbour(j, width, i int32) {
	if q.size[i] == 0 {
		q.start[i] = q.free
	}
	q.lists[q.free] = j
	q.free++
	q.size[i]++
	q.degree[i] += width
}
