package direct

import (
	"solve/internal/par"
	"solve/solver"
)

// pivotSpace is what one goroutine works in.
type pivotSpace struct {
	front   pivotFront
	data    []float64 // of the front
	place   []int32   // of the rows of a child in the front
	stack   []float64 // contributions of supernodes to parents that are to come
	level   int       // of the stack
	longest int       // front
	err     error

	child  []float64 // contribution being added,
	rows   int       // of that many rows
	insert func(chunk int)
}

func newPivotSpace(f *LDLT) *pivotSpace {
	sp := &pivotSpace{}
	sp.front.threshold, sp.front.stopped = f.s.threshold, f.stopped
	sp.front.updateRows = sp.front.updateChunk
	sp.insert = sp.insertRows
	return sp
}

func (sp *pivotSpace) reset(f *LDLT) {
	fr := &sp.front
	fr.inertia, fr.perturbed, fr.zero, fr.static = inertia{}, 0, f.zero, 0
	if f.s.static {
		fr.static = 0x1p-26 * f.large
	}
	sp.level, sp.err, sp.longest = 0, nil, 0
}

// pivotStore keeps the part of a factor that comes from one task.
type pivotStore struct {
	owner    *LDLT
	expected int // entries
	values   arena[float64]
	indices  arena[int32]
}

func (s *pivotStore) reset() {
	s.values.reset()
	s.indices.reset()
}

// take returns room for values and indices, nil for more than is allowed.
func (s *pivotStore) take(values, indices int) ([]float64, []int32) {
	more := s.values.missing(values, s.expected)*8 + s.indices.missing(indices, 0)*4
	if !s.owner.allow(more) {
		return nil, nil
	}
	return s.values.take(values, s.expected), s.indices.take(indices, 0)
}

// arena hands out slices of chunks that it keeps.
type arena[T any] struct {
	chunks [][]T
	chunk  int
	used   int // of that chunk
}

const arenaChunk = 1 << 12

func (a *arena[T]) reset() { a.chunk, a.used = 0, 0 }

// missing is the size of the chunk that has to be added for n more values.
func (a *arena[T]) missing(n, expected int) int64 {
	for k, used := a.chunk, a.used; k < len(a.chunks); k, used = k+1, 0 {
		if used+n <= len(a.chunks[k]) {
			return 0
		}
	}
	if len(a.chunks) == 0 {
		return int64(max(n, expected, arenaChunk))
	}
	return int64(max(n, len(a.chunks[0])/4, arenaChunk))
}

func (a *arena[T]) take(n, expected int) []T {
	if size := a.missing(n, expected); size > 0 {
		a.chunks = append(a.chunks, make([]T, size))
	}
	for a.used+n > len(a.chunks[a.chunk]) {
		a.chunk, a.used = a.chunk+1, 0
	}
	s := a.chunks[a.chunk][a.used : a.used+n : a.used+n]
	a.used += n
	return s
}

// allow reports whether that many bytes more may be taken.
func (f *LDLT) allow(bytes int64) bool { return bytes == 0 || f.taken.Add(bytes) <= f.limit }

func (f *LDLT) tooLarge() error {
	return &solver.TooLargeError{What: "LDLᵀ factorisation with the pivots of these values", Need: f.taken.Load(), Have: f.limit}
}

// eliminate assembles and factors the front of supernode q, and keeps its
// contribution to the parent in the store or on the stack. It reports success.
func (f *LDLT) eliminate(sp *pivotSpace, store *pivotStore, q int32, hold bool) bool {
	if !f.assemble(sp, store, q) {
		sp.err = f.tooLarge()
		return false
	}
	fr, n := &sp.front, &f.nodes[q]
	k := fr.factor()
	if f.stopped() {
		return false
	}
	r := fr.r
	n.pivots = k
	if n.u, _ = store.take(k*r, 0); n.u == nil {
		sp.err = f.tooLarge()
		return false
	}
	for i := range k {
		copy(n.u[i*r+i:(i+1)*r], fr.row(i))
	}
	n.d = n.d[:2*k]
	rest := (r - k) * (r - k + 1) / 2
	if hold {
		n.rest, _ = store.take(rest, 0)
		n.at = -1
	} else {
		n.rest, n.at = sp.push(f, rest), sp.level-rest
	}
	if n.rest == nil {
		sp.err = f.tooLarge()
		return false
	}
	to := 0
	for i := k; i < r; i++ {
		to += copy(n.rest[to:], fr.row(i))
	}
	return true
}

// assemble adds up the front of supernode q: columns that its children pass
// on come first, then its own, then the rows below.
func (f *LDLT) assemble(sp *pivotSpace, store *pivotStore, q int32) bool {
	tree, p := f.s.c.tree, &f.s.c.plan
	fr, n := &sp.front, &f.nodes[q]
	passed := 0
	for c := p.child[q]; c != none; c = p.sibling[c] {
		passed += f.delayed(c)
	}
	w, m := tree.width(q), tree.height(q)
	fr.r, fr.p = passed+w+m, passed+w
	sp.longest = max(sp.longest, fr.r)
	n.d, n.index = store.take(2*fr.p, fr.r)
	if n.d == nil || !sp.open(f) {
		return false
	}
	fr.d, fr.index = n.d, n.index
	for j := range w {
		n.index[passed+j] = tree.first[q] + int32(j)
	}
	copy(n.index[passed+w:], tree.below(q))
	f.addEntries(fr, q, passed)
	before := 0 // columns passed on by earlier children
	lowest := sp.level
	for c := p.child[q]; c != none; c = p.sibling[c] {
		child := &f.nodes[c]
		delayed := f.delayed(c)
		place := sp.place[:len(child.index)-child.pivots]
		for i := range delayed {
			place[i] = int32(before + i)
			n.index[before+i] = child.index[child.pivots+i]
		}
		for i, to := range p.place[tree.rowPtr[c]:tree.rowPtr[c+1]] {
			place[delayed+i] = to + int32(passed)
		}
		before += delayed
		if child.at >= 0 {
			lowest = min(lowest, child.at)
		}
		sp.add(child, len(place))
	}
	sp.level = lowest
	return true
}

// addEntries adds the entries of the scaled matrix.
func (f *LDLT) addEntries(fr *pivotFront, q int32, passed int) {
	p := &f.s.c.plan
	first, stride := f.s.c.tree.first[q], uint32(p.stride[q])
	lo, hi := p.aPtr[q], p.aPtr[q+1]
	dst := p.aDst[lo:hi]
	for k, src := range p.aSrc[lo:hi] {
		i := dst[k] / stride
		j := passed + int(dst[k]-i*stride)
		v := f.a.Val[src] * f.scale[first+int32(i)] * f.scale[fr.index[j]]
		fr.a[(passed+int(i))*fr.r+j] = v
	}
}

// open clears the front, growing it as necessary. It reports success.
func (sp *pivotSpace) open(f *LDLT) bool {
	fr := &sp.front
	front, panel := fr.r*fr.r, panelRows*fr.r
	if need := front + panel; need > len(sp.data) {
		if !f.allow(8 * int64(need-len(sp.data))) {
			return false
		}
		sp.data = make([]float64, need)
	}
	if fr.r > len(sp.place) {
		sp.place = make([]int32, max(fr.r, 2*len(sp.place)))
	}
	fr.w, fr.a = sp.data[:panel], sp.data[panel:panel+front]
	clear(fr.a)
	return true
}

// push makes room for n values on the stack; nil for more than is allowed.
// What it held before stays valid.
func (sp *pivotSpace) push(f *LDLT, n int) []float64 {
	if sp.level+n > len(sp.stack) || sp.stack == nil {
		size := max(sp.level+n, 2*len(sp.stack), arenaChunk)
		if !f.allow(8 * int64(size)) {
			return nil
		}
		sp.stack = append(make([]float64, 0, size), sp.stack[:sp.level]...)[:size]
	}
	sp.level += n
	return sp.stack[sp.level-n : sp.level : sp.level]
}

// add adds the contribution of a child; row i goes to sp.place[i].
func (sp *pivotSpace) add(child *pivotNode, rows int) {
	sp.child, sp.rows = child.rest, rows
	chunks := par.Chunks(sp.rows, insertChunk)
	if sp.front.threads > 1 && chunks > 2 {
		par.For(sp.front.threads, chunks, sp.insert)
		return
	}
	for c := range chunks {
		sp.insertRows(c)
	}
}

func (sp *pivotSpace) insertRows(chunk int) {
	n := sp.rows
	lo, hi := par.Bounds(chunk, n, insertChunk)
	fr, place := &sp.front, sp.place[:n]
	for i := lo; i < hi; i++ {
		from := i*n - i*(i-1)/2
		to := int(place[i]) * fr.r
		insertRow(fr.a[to:to+fr.r], place[i:], sp.child[from:from+n-i], 0)
	}
}
