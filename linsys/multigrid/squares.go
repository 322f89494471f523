package multigrid

import (
	"context"
	"slices"

	"solve/matrix"
)

// A grid in any numbering. Every cycle of four unknowns in a grid is a unit
// square, so that its opposite edges are parallel: a union-find with
// orientations joins the edges of a row of squares into one class. Classes
// that meet in a square are perpendicular, which colours them with the three
// axes; two edges of one axis at an unknown point opposite ways, which
// orients the classes; and a breadth-first search then gives coordinates.
// Edges that lie in no square stay open: what they alone hold together
// becomes pieces.

// squares is the graph of a matrix with the classes of its edges. Edge e
// leads from its lower unknown to next[e], first[v] ≤ e < first[v+1].
type squares struct {
	n     int
	ptr   []int64 // rows of the graph: ptr[v] … ptr[v+1]−1 in col
	col   []int32
	order []int32 // numbers in the matrix
	first []int32
	next  []int32
	// parent·2 + 1 where an edge points against its parent, then of a class
	class []int32

	count   int       // classes that lie in a square
	id      []int32   // of the root of a class, or −1
	across  [][]int32 // perpendicular classes
	axis    []int8    // of a class, −1 unknown
	forward []int8    // orientation of a class along its axis, −1 unknown
}

// contextEvery is how many unknowns pass between looks at the context.
const contextEvery = 1 << 14

// bySquares finds the pieces of a grid in any numbering.
func bySquares(ctx context.Context, a *matrix.CSR) (*placement, error) {
	q := newSquares(a)
	for _, step := range []func(context.Context) error{q.joinParallel, q.crossings, q.colour, q.orient} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return q.search(), ctx.Err()
}

// newSquares renumbers the graph breadth first: what is near in the grid
// then is near in memory, which all that follows gains by.
func newSquares(a *matrix.CSR) *squares {
	n := a.Rows
	q := &squares{n: n, ptr: make([]int64, n+1), col: make([]int32, 0, a.NNZ()), order: make([]int32, 0, n)}
	number := make([]int32, n)
	for v := range number {
		number[v] = -1
	}
	take := func(v int32) {
		if number[v] < 0 {
			number[v] = int32(len(q.order))
			q.order = append(q.order, v)
		}
	}
	for start, at := int32(0), 0; start < int32(n); start++ {
		for take(start); at < len(q.order); at++ {
			col, _ := a.Row(int(q.order[at]))
			for _, w := range col {
				take(w)
			}
		}
	}
	q.first = make([]int32, n+1)
	for k, v := range q.order {
		col, val := a.Row(int(v))
		lo := len(q.col)
		for e, w := range col {
			if val[e] != 0 {
				q.col = append(q.col, number[w])
			}
		}
		slices.Sort(q.col[lo:])
		q.ptr[k+1] = int64(len(q.col))
		for _, w := range q.col[lo:] {
			if int(w) > k {
				q.next = append(q.next, w)
			}
		}
		q.first[k+1] = int32(len(q.next))
	}
	q.class = make([]int32, len(q.next))
	for e := range q.class {
		q.class[e] = int32(e) << 1
	}
	return q
}

func (q *squares) row(v int32) []int32 { return q.col[q.ptr[v]:q.ptr[v+1]] }

// edge returns the edge from v to w, and 1 if it is stored the other way; −1
// where the matrix has (v,w) but not (w,v).
func (q *squares) edge(v, w int32) (e, reversed int32) {
	if v > w {
		v, w, reversed = w, v, 1
	}
	for e := q.first[v]; e < q.first[v+1]; e++ {
		if q.next[e] == w {
			return e, reversed
		}
	}
	return -1, 0
}

// root returns the root of edge e and whether e points against it.
func (q *squares) root(e int32) (root, against int32) {
	for {
		p := q.class[e]
		if p>>1 == e {
			return e, against
		}
		pp := q.class[p>>1]
		q.class[e] = (pp>>1)<<1 | (p^pp)&1
		against ^= q.class[e] & 1
		e = q.class[e] >> 1
	}
}

// unite says that edges e and f are parallel, pointing the same way iff
// against is 0. It reports false on a contradiction.
func (q *squares) unite(e, f, against int32) bool {
	re, ae := q.root(e)
	rf, af := q.root(f)
	if re == rf {
		return ae^af == against
	}
	if re > rf {
		re, rf = rf, re
	}
	q.class[rf] = re<<1 | ae ^ af ^ against
	return true
}

// opposite calls fn with the corner c opposite to v of every square v–x–c–y
// of which v is the lowest unknown, x and y being the ends of edges e and f.
func (q *squares) opposite(v, e, f int32, fn func(c int32) bool) bool {
	x, y := q.next[e], q.next[f]
	cx, cy := q.row(x), q.row(y)
	for i, j := 0, 0; i < len(cx) && j < len(cy); {
		switch c := cx[i]; {
		case c < cy[j]:
			i++
		case c > cy[j]:
			j++
		default:
			if c > v && c != x && c != y && !fn(c) {
				return false
			}
			i++
			j++
		}
	}
	return true
}

// eachPair calls fn for every pair of edges that start at the same unknown.
func (q *squares) eachPair(ctx context.Context, fn func(v, e, f int32) error) error {
	for v := range int32(q.n) {
		if v%contextEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		for e := q.first[v]; e < q.first[v+1]; e++ {
			for f := e + 1; f < q.first[v+1]; f++ {
				if err := fn(v, e, f); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (q *squares) joinParallel(ctx context.Context) error {
	return q.eachPair(ctx, func(v, e, f int32) error {
		x, y := q.next[e], q.next[f]
		ok := q.opposite(v, e, f, func(c int32) bool {
			g, gr := q.edge(y, c)
			h, hr := q.edge(x, c)
			return g >= 0 && h >= 0 && q.unite(e, g, gr) && q.unite(f, h, hr)
		})
		if !ok {
			return refuse("the squares at unknown %d cannot be laid out flat", q.order[v]+1)
		}
		return nil
	})
}

// crossings flattens the classes and notes which are perpendicular.
func (q *squares) crossings(ctx context.Context) error {
	for e := range q.class {
		root, against := q.root(int32(e))
		q.class[e] = root<<1 | against
	}
	q.id = make([]int32, len(q.class))
	for e := range q.id {
		q.id[e] = -1
	}
	number := func(root int32) int32 {
		if q.id[root] < 0 {
			q.id[root] = int32(q.count)
			q.count++
			q.across = append(q.across, nil)
		}
		return q.id[root]
	}
	seen := map[[2]int32]bool{}
	return q.eachPair(ctx, func(v, e, f int32) error {
		a, b := q.class[e]>>1, q.class[f]>>1
		key := [2]int32{a, b}
		if a == b || q.id[a] >= 0 && q.id[b] >= 0 && seen[key] || q.opposite(v, e, f, func(int32) bool { return false }) {
			return nil
		}
		a, b = number(a), number(b)
		if !seen[key] {
			seen[key], seen[[2]int32{key[1], key[0]}] = true, true
			q.across[a] = append(q.across[a], b)
			q.across[b] = append(q.across[b], a)
		}
		return nil
	})
}

// colour gives classes their axes, starting from the two that cross the most
// others; a class gets the axis that is left when it crosses two others.
func (q *squares) colour(context.Context) error {
	q.axis = make([]int8, q.count)
	for k := range q.axis {
		q.axis[k] = -1
	}
	if q.count < 2 {
		return refuse("the links form no squares")
	}
	seed := 0
	for k := range q.across {
		if len(q.across[k]) > len(q.across[seed]) {
			seed = k
		}
	}
	second := q.across[seed][0]
	for _, k := range q.across[seed] {
		if len(q.across[k]) > len(q.across[second]) {
			second = k
		}
	}
	crossed := make([]uint8, q.count) // axes among the perpendicular classes
	var queue []int32
	give := func(k int32, axis int8) {
		q.axis[k] = axis
		for _, c := range q.across[k] {
			crossed[c] |= 1 << axis
			queue = append(queue, c)
		}
	}
	give(int32(seed), 0)
	give(second, 1)
	three := false
	for at := 0; at < len(queue); at++ {
		k := queue[at]
		if q.axis[k] >= 0 {
			continue
		}
		switch crossed[k] {
		case 3:
			three = true
			give(k, 2)
		case 5:
			give(k, 1)
		case 6:
			give(k, 0)
		case 7:
			return refuse("the squares need more than three axes")
		}
	}
	if !three { // in the plane: what crosses the one axis has the other
		for at := 0; at < len(queue); at++ {
			if k := queue[at]; q.axis[k] < 0 {
				give(k, 1-int8(crossed[k]>>1&1))
			}
		}
	}
	return nil
}

// axisOf returns the class of edge e, its axis and whether e points against
// the class; axis −1 where it is not known.
func (q *squares) axisOf(e int32) (class int32, axis int8, against int32) {
	c := q.class[e]
	if class = q.id[c>>1]; class < 0 {
		return -1, -1, 0
	}
	return class, q.axis[class], c & 1
}

// turn says that class c is oriented like another iff opposed is 0.
type turn struct {
	c       int32
	opposed int8
}

// orient fixes the direction of the classes of each axis relative to that of
// the first one reached.
func (q *squares) orient(ctx context.Context) error {
	turns := make([][]turn, q.count)
	seen := map[[2]int32]bool{}
	for v := range int32(q.n) {
		if v%contextEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := q.turnsAt(v, turns, seen); err != nil {
			return err
		}
	}
	q.forward = make([]int8, q.count)
	for k := range q.forward {
		q.forward[k] = -1
	}
	for axis := range int8(3) {
		seed := -1
		for k := range q.across {
			if q.axis[k] == axis && (seed < 0 || len(q.across[k]) > len(q.across[seed])) {
				seed = k
			}
		}
		if seed < 0 {
			continue
		}
		q.forward[seed] = 0
		queue := []int32{int32(seed)}
		for at := 0; at < len(queue); at++ {
			k := queue[at]
			for _, t := range turns[k] {
				want := q.forward[k] ^ t.opposed
				if q.forward[t.c] < 0 {
					q.forward[t.c] = want
					queue = append(queue, t.c)
				} else if q.forward[t.c] != want {
					return refuse("the rows of squares contradict one another")
				}
			}
		}
	}
	return nil
}

// turnsAt compares the edges of one axis at unknown v: at most two, which
// point opposite ways.
func (q *squares) turnsAt(v int32, turns [][]turn, seen map[[2]int32]bool) error {
	var class [3]int32
	var away [3]int32 // whether the edge, away from v, points against its class
	var have [3]int
	for _, w := range q.row(v) {
		if w == v {
			continue
		}
		e, reversed := q.edge(v, w)
		if e < 0 {
			return refuseFinally("the matrix is not symmetric: entry (%d,%d) has no counterpart", q.order[v]+1, q.order[w]+1)
		}
		c, axis, against := q.axisOf(e)
		if axis < 0 {
			continue
		}
		against ^= reversed
		if have[axis]++; have[axis] == 1 {
			class[axis], away[axis] = c, against
			continue
		}
		if have[axis] > 2 || c == class[axis] {
			return refuse("unknown %d has neighbours that cannot be told apart", q.order[v]+1)
		}
		if key := [2]int32{class[axis], c}; !seen[key] {
			seen[key], seen[[2]int32{key[1], key[0]}] = true, true
			opposed := int8(away[axis] ^ against ^ 1)
			turns[c] = append(turns[c], turn{class[axis], opposed})
			turns[class[axis]] = append(turns[class[axis]], turn{c, opposed})
		}
	}
	return nil
}

// search gives coordinates to what edges of known direction hold together,
// in the numbering of the matrix.
func (q *squares) search() *placement {
	p := &placement{at: make([]point, q.n), piece: make([]int32, q.n)}
	at, piece := make([]point, q.n), make([]int32, q.n)
	for v := range piece {
		piece[v] = -1
	}
	queue := make([]int32, 0, q.n)
	for start := range int32(q.n) {
		if piece[start] >= 0 {
			continue
		}
		piece[start] = int32(p.count)
		queue = append(queue[:0], start)
		for head := 0; head < len(queue); head++ {
			v := queue[head]
			for _, w := range q.row(v) {
				if piece[w] >= 0 || w == v {
					continue
				}
				if step, ok := q.step(v, w); ok {
					at[w], piece[w] = at[v].plus(step), int32(p.count)
					queue = append(queue, w)
				}
			}
		}
		p.count++
	}
	for k, v := range q.order {
		p.at[v], p.piece[v] = at[k], piece[k]
	}
	return p
}

// step is the way from unknown v to its neighbour w, where it is known.
func (q *squares) step(v, w int32) (point, bool) {
	e, reversed := q.edge(v, w)
	class, axis, against := q.axisOf(e)
	if axis < 0 || q.forward[class] < 0 {
		return point{}, false
	}
	s := [3]point{stepX, stepY, stepZ}[axis]
	if int32(q.forward[class])^reversed^against == 1 {
		s = point{}.minus(s)
	}
	return s, true
}
