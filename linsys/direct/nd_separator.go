package direct

import (
	"context"

	"solve/internal/rng"
)

// Where a vertex is: on side 0 or 1, or in the separator between them.
const separator = 2

// bisector finds vertex separators. It keeps its memory between uses.
type bisector struct {
	store store
	refiner
}

// Sizes of the multilevel method: a graph of coarsest vertices is divided
// directly, the best of some trials. A larger one is first made shrink times
// smaller, and divided in several independent runs.
const (
	coarsest = 60
	trials   = 2
	shrink   = 16
	runs     = 2
)

// level is a step of coarsening: coarse[v] is the vertex that v of fine
// becomes.
type level struct {
	fine   *piece
	coarse []int32
}

// separate divides g by a small separator, no side heavier than three fifths
// of g. It returns where each vertex is and the weights of the sides and of
// the separator. They are of no use when ctx is done.
func (b *bisector) separate(ctx context.Context, g *piece, seed uint64) (where []uint8, weight [3]int32) {
	r := rng.New(seed)
	c, levels := b.shrink(ctx, g, max(coarsest, g.order()/shrink), r)
	for k := range runs {
		smallest, more := b.shrink(ctx, c, coarsest, r)
		if ctx.Err() != nil {
			return nil, weight
		}
		try := b.expand(ctx, more, b.first(smallest, r))
		if k == 0 || better(b.weight, weight) {
			where, weight = try, b.weight
		}
		if len(levels) == 0 {
			break
		}
	}
	if ctx.Err() != nil {
		return nil, weight
	}
	where = b.expand(ctx, levels, where)
	if len(levels) > 0 {
		weight = b.weight
	}
	return where, weight
}

// shrink coarsens g until it has at most the given number of vertices, or
// hardly shrinks any more, or ctx is done.
func (b *bisector) shrink(ctx context.Context, g *piece, vertices int32, r *rng.Stream) (*piece, []level) {
	var levels []level
	heaviest := max(1, 3*(g.total/coarsest)/2)
	for g.order() > vertices && ctx.Err() == nil {
		c, coarse := b.store.coarsen(g, heaviest, r)
		if c.order() > g.order()-g.order()/20 {
			break
		}
		levels = append(levels, level{g, coarse})
		g = c
	}
	return g, levels
}

// expand takes a partition of the coarsest graph to the finest, refining it
// at every level. It stops half-way when ctx is done.
func (b *bisector) expand(ctx context.Context, levels []level, where []uint8) []uint8 {
	for k := len(levels) - 1; k >= 0 && ctx.Err() == nil; k-- {
		l := levels[k]
		fine := make([]uint8, l.fine.order())
		for v, c := range l.coarse {
			fine[v] = where[c]
		}
		where = fine
		b.begin(l.fine, where)
		b.refine()
	}
	return where
}

// first divides a small graph: a side grows from a vertex chosen at random,
// always by the vertex of its border that brings least into the border. The
// lightest border on the way, the sides being balanced, is refined, and the
// best of some trials is kept.
func (b *bisector) first(g *piece, r *rng.Stream) []uint8 {
	n := int(g.order())
	work := make([]uint8, 3*n)
	where, grown, best := work[:n], work[n:2*n], work[2*n:]
	var bestWeight [3]int32
	for t := range trials {
		start := int32(r.Below(n))
		if t%2 == 0 {
			start = b.farthest(g, start)
		}
		b.grow(g, where, grown, start)
		b.begin(g, grown)
		b.refine()
		if t == 0 || better(b.weight, bestWeight) {
			copy(best, grown)
			bestWeight = b.weight
		}
	}
	b.weight = bestWeight
	return best
}

// better compares weights: a lighter separator, then more equal sides.
func better(w, than [3]int32) bool {
	if w[separator] != than[separator] {
		return w[separator] < than[separator]
	}
	return imbalance(w) < imbalance(than)
}

func imbalance(w [3]int32) int32 { return max(w[0]-w[1], w[1]-w[0]) }

// farthest returns a vertex that a breadth-first search from start meets last.
func (b *bisector) farthest(g *piece, start int32) int32 {
	n := g.order()
	seen, queue := b.store.take(n), b.store.take(n)
	clear(seen)
	seen[start], queue[0] = 1, start
	count := int32(1)
	for k := int32(0); k < count; k++ {
		for _, j := range g.neighbours(queue[k]) {
			if seen[j] == 0 {
				seen[j], queue[count] = 1, j
				count++
			}
		}
	}
	return queue[count-1]
}

// grow moves one vertex after the other from side 1 to side 0, beginning with
// start, and copies the best partition with balanced sides to best: the last
// one where there is none.
func (b *bisector) grow(g *piece, where, best []uint8, start int32) {
	for v := range where {
		where[v] = 1
	}
	b.begin(g, where)
	b.queue.reset(len(where))
	var bestWeight [3]int32
	found := false
	for b.weight[1] > 0 && b.weight[0] <= b.heaviest {
		if b.queue.empty() {
			for where[start] != 1 { // a component is used up
				start = (start + 1) % int32(len(where))
			}
			b.toSeparator(start, 1)
			b.queue.push(start, b.gain(start, 0))
		}
		b.pulled = b.pulled[:0]
		b.move(b.queue.pop(), 0)
		for _, u := range b.pulled {
			b.queue.push(u, b.gain(u, 0))
		}
		if max(b.weight[0], b.weight[1]) <= b.heaviest && (!found || better(b.weight, bestWeight)) {
			found, bestWeight = true, b.weight
			copy(best, where)
		}
	}
	if !found {
		copy(best, where)
	}
	b.queue.clear()
}
