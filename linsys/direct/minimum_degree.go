package direct

import "context"

// quotient is the quotient graph of a partly eliminated matrix: variables
// (columns still to be eliminated, the indistinguishable ones merged) and
// elements (eliminated pivots, each standing for the clique of variables that
// its elimination left).
//
// A node's list holds, for a variable, its elements and then the variables
// that it is joined to by original entries alone; for an element, its
// variables. Symbols of Amestoy, Davis & Duff 1996: L_p is the list of
// element p, E_i and A_i are the two parts of the list of variable i.
type quotient struct {
	lists  []int32 // the lists, anywhere; free is the first place after them
	free   int
	start  []int   // where a node's list begins
	size   []int32 // its length
	elems  []int32 // of a variable: how many of the list are elements
	nv     []int32 // columns in a variable, columns of a pivot; 0 when absorbed; < 0 while in L_p
	degree []int32 // variable: bound on its external degree; element: |L_e|
	mark   []int32 // element: 0 when absorbed, else compared with flag
	parent []int32 // what absorbed the node; -1 for none

	head, next, prev []int32 // variables by degree, doubly linked
	least            int     // no list below this degree has a member
	bucket           []int32 // variables by hash, linked by next; prev holds the hash
	flag             int32
	widest           int32 // largest |L_e| so far

	total  int32 // columns to eliminate in all
	done   int32 // columns eliminated
	pivots []int32
	inner  int32 // variables from here on are a halo: seen by degrees, never eliminated
}

const none = int32(-1)

// newQuotient makes room for the given number of variables, nodes (variables
// and initial elements) and list entries; the variables have the given number
// of columns in all.
func newQuotient(variables, nodes, entries, columns int) *quotient {
	const maxBuckets = 1 << 14
	buckets := 1
	for buckets < variables && buckets < maxBuckets {
		buckets *= 2
	}
	// A list of the elements made is at most as long as the number of
	// variables, and the lists alive never outgrow the initial ones.
	room := entries + entries/5 + variables + 1
	ints := make([]int32, 6*nodes+3*variables+columns+1+buckets)
	take := func(n int) []int32 {
		s := ints[:n:n]
		ints = ints[n:]
		return s
	}
	q := &quotient{
		lists: make([]int32, room), start: make([]int, nodes),
		size: take(nodes), elems: take(nodes), nv: take(nodes),
		degree: take(nodes), mark: take(nodes), parent: take(nodes),
		next: take(variables), prev: take(variables), pivots: take(variables)[:0],
		head: take(columns + 1), bucket: take(buckets),
		flag: 2, total: int32(columns), inner: int32(variables),
	}
	for i := range q.parent {
		q.parent[i] = none
		q.mark[i] = 1
	}
	for i := range q.head {
		q.head[i] = none
	}
	for i := range q.bucket {
		q.bucket[i] = none
	}
	q.least = len(q.head)
	return q
}

// eligible reports whether variable i may be eliminated.
func (q *quotient) eligible(i int32) bool { return i < q.inner }

// insert puts variable i among those of its degree.
func (q *quotient) insert(i int32) {
	d := q.degree[i]
	h := q.head[d]
	q.next[i], q.prev[i] = h, none
	if h != none {
		q.prev[h] = i
	}
	q.head[d] = i
	q.least = min(q.least, int(d))
}

func (q *quotient) remove(i int32) {
	p, x := q.prev[i], q.next[i]
	if x != none {
		q.prev[x] = p
	}
	if p != none {
		q.next[p] = x
	} else {
		q.head[q.degree[i]] = x
	}
}

// eliminateAll eliminates the variables of the lists by least degree. The
// error is that of ctx.
func (q *quotient) eliminateAll(ctx context.Context) error {
	done := ctx.Done()
	for {
		for q.least < len(q.head) && q.head[q.least] == none {
			q.least++
		}
		if q.least == len(q.head) {
			return nil
		}
		if len(q.pivots)%pollPivots == 0 && closed(done) {
			return ctx.Err()
		}
		p := q.head[q.least]
		q.remove(p)
		q.eliminate(p)
	}
}

// pollPivots is the number of pivots between looks at the context.
const pollPivots = 16

// eliminate makes variable p an element and updates those that it touches.
func (q *quotient) eliminate(p int32) {
	q.pivots = append(q.pivots, p)
	columns := q.nv[p]
	q.done += columns
	q.nv[p] = -columns // keeps p out of its own list
	width, fresh := q.form(p)
	q.outside(p)
	gone := q.updateDegrees(p)
	columns += gone
	width -= gone
	q.degree[p] = width
	q.widest = max(q.widest, width)
	q.raiseFlag(q.widest)
	q.mergeEqual(p)
	q.restore(p, width, fresh)
	q.nv[p] = columns
}

// form builds L_p from the variable's own list and those of its elements,
// which it absorbs. It takes the members off the degree lists, marks them by
// a negative nv and returns how many columns they have, and whether L_p is at
// the end of the lists.
func (q *quotient) form(p int32) (width int32, fresh bool) {
	first, count := q.start[p], int(q.size[p])
	if q.elems[p] == 0 {
		width, n := q.gather(first, q.lists[first:first+count])
		q.size[p] = int32(n)
		return width, false
	}
	bound := count
	for _, e := range q.lists[first : first+int(q.elems[p])] {
		bound += int(q.size[e])
	}
	if q.free+min(bound, len(q.head)) > len(q.lists) {
		q.compact()
		first = q.start[p]
	}
	begin := q.free
	at := begin
	for k, e := range q.lists[first : first+count] {
		if k >= int(q.elems[p]) {
			w, n := q.gather(at, q.lists[first+k:first+count])
			width, at = width+w, at+n
			break
		}
		w, n := q.gather(at, q.lists[q.start[e]:q.start[e]+int(q.size[e])])
		width, at = width+w, at+n
		q.parent[e], q.mark[e] = p, 0
	}
	q.start[p], q.size[p] = begin, int32(at-begin)
	q.free = at
	return width, true
}

// gather appends the variables of list not yet in L_p at place at.
func (q *quotient) gather(at int, list []int32) (width int32, n int) {
	nv, out := q.nv, q.lists[at:]
	for _, i := range list {
		v := nv[i]
		if v <= 0 {
			continue
		}
		width += v
		nv[i] = -v
		out[n] = i
		n++
		if q.eligible(i) {
			q.remove(i)
		}
	}
	return width, n
}

// members are the variables of element p.
func (q *quotient) members(p int32) []int32 {
	return q.lists[q.start[p] : q.start[p]+int(q.size[p])]
}

// outside leaves in mark[e] − flag the number |L_e \ L_p| of columns, for
// every element e next to L_p.
func (q *quotient) outside(p int32) {
	lists, mark, degree, flag := q.lists, q.mark, q.degree, q.flag
	for _, i := range q.members(p) {
		k := int(q.elems[i])
		if k == 0 {
			continue
		}
		v := -q.nv[i]
		for _, e := range lists[q.start[i]:][:k] {
			w := mark[e]
			if w >= flag {
				mark[e] = w - v
			} else if w != 0 {
				mark[e] = degree[e] + flag - v
			}
		}
	}
}

// updateDegrees rewrites the list of every variable of L_p: absorbed elements
// and variables that L_p now covers leave it, elements inside L_p are absorbed
// into p, and p is added. A variable left with p alone is eliminated with it
// (mass elimination); gone counts the columns of those. Of the others it bounds
// the degree apart from L_p and sorts them by hash for mergeEqual.
func (q *quotient) updateDegrees(p int32) (gone int32) {
	lists, mark, nv, flag := q.lists, q.mark, q.nv, q.flag
	hashMask := uint32(len(q.bucket) - 1)
	for _, i := range q.members(p) {
		first := q.start[i]
		split, end := first+int(q.elems[i]), first+int(q.size[i])
		var hash uint32
		var degree int32
		at := first
		for _, e := range lists[first:split] {
			w := mark[e]
			if w == 0 {
				continue
			}
			if w == flag {
				q.parent[e], mark[e] = p, 0
				continue
			}
			degree += w - flag
			lists[at] = e
			at++
			hash += uint32(e)
		}
		elements := at
		for _, j := range lists[split:end] {
			if v := nv[j]; v > 0 {
				degree += v
				lists[at] = j
				at++
				hash += uint32(j)
			}
		}
		if at == first && q.eligible(i) {
			gone -= nv[i]
			q.parent[i] = p
			q.done -= nv[i]
			nv[i] = 0
			continue
		}
		q.degree[i] = min(q.degree[i], degree)
		// The first variable and the first element make way for p. There is
		// room: at least one node left the list when p joined it.
		lists[at] = lists[elements]
		lists[elements] = lists[first]
		lists[first] = p
		q.elems[i] = int32(elements-first) + 1
		q.size[i] = int32(at-first) + 1
		hash *= 0x9e3779b1
		h := hash >> 15 & hashMask
		q.next[i], q.prev[i] = q.bucket[h], int32(hash)
		q.bucket[h] = i
	}
	return gone
}

// mergeEqual merges variables of L_p whose lists are the same.
func (q *quotient) mergeEqual(p int32) {
	hashMask := uint32(len(q.bucket) - 1)
	for _, m := range q.members(p) {
		if q.nv[m] >= 0 {
			continue
		}
		h := uint32(q.prev[m]) >> 15 & hashMask
		i := q.bucket[h]
		q.bucket[h] = none
		for ; i != none && q.next[i] != none; i = q.next[i] {
			q.absorbEqual(i)
		}
	}
}

// absorbEqual merges into variable i those after it in its bucket that are
// equal to it.
func (q *quotient) absorbEqual(i int32) {
	lists, mark := q.lists, q.mark
	hash, size, elems := q.prev[i], q.size[i], q.elems[i]
	marked := false
	last := i
	for j := q.next[i]; j != none; j = q.next[j] {
		if q.prev[j] != hash || q.size[j] != size || q.elems[j] != elems || q.eligible(i) != q.eligible(j) {
			last = j
			continue
		}
		if !marked {
			marked = true
			for _, k := range lists[q.start[i]+1:][:size-1] {
				mark[k] = q.flag
			}
		}
		equal := true
		for _, k := range lists[q.start[j]+1:][:size-1] {
			if mark[k] != q.flag {
				equal = false
				break
			}
		}
		if !equal {
			last = j
			continue
		}
		q.parent[j] = i
		q.nv[i] += q.nv[j]
		q.nv[j] = 0
		q.next[last] = q.next[j]
	}
	if marked {
		q.flag++
	}
}

// restore puts what is left of L_p back on the degree lists.
func (q *quotient) restore(p, width int32, fresh bool) {
	at := q.start[p]
	left := q.total - q.done
	for _, i := range q.members(p) {
		v := -q.nv[i]
		if v <= 0 {
			continue
		}
		q.nv[i] = v
		q.degree[i] = min(q.degree[i]+width-v, left-v)
		if q.eligible(i) {
			q.insert(i)
		}
		q.lists[at] = i
		at++
	}
	q.size[p] = int32(at - q.start[p])
	if q.size[p] == 0 {
		q.mark[p] = 0
	}
	if fresh {
		q.free = at
	}
}

// raiseFlag makes every mark but zero smaller than flag.
func (q *quotient) raiseFlag(by int32) {
	// Marks reach flag + total, twice, before the next call.
	const top = 1<<31 - 1
	if int64(q.flag)+int64(by)+3*int64(q.total) < top {
		q.flag += by
		return
	}
	for i, w := range q.mark {
		if w != 0 {
			q.mark[i] = 1
		}
	}
	q.flag = 2
}

// compact moves the lists together at the front. The first entry of a list
// alive gives way to the node's number, complemented, and waits in start.
func (q *quotient) compact() {
	for x := range q.start {
		if q.alive(x) {
			k := q.start[x]
			q.start[x] = int(q.lists[k])
			q.lists[k] = ^int32(x)
		}
	}
	to := 0
	for from := 0; from < q.free; {
		x := ^q.lists[from]
		if x < 0 {
			from++
			continue
		}
		q.lists[from] = int32(q.start[x])
		q.start[x] = to
		n := int(q.size[x])
		copy(q.lists[to:], q.lists[from:from+n])
		to += n
		from += n
	}
	q.free = to
}

// alive reports whether node x has a list that is still needed.
func (q *quotient) alive(x int) bool {
	return q.size[x] > 0 && q.mark[x] != 0 && (q.nv[x] != 0 || x >= len(q.next))
}
