package direct

import "solve/matrix"

// supernodes partition the columns of a Cholesky factor into runs whose
// columns have, up to a few stored zeros, the same rows below. They are in
// postorder.
type supernodes struct {
	first  []int32 // first column of each, and the order of the matrix
	parent []int32
	rowPtr []int   // the rows of s below its columns are
	rows   []int32 // rows[rowPtr[s]:rowPtr[s+1]], ascending
}

func (t *supernodes) count() int         { return len(t.parent) }
func (t *supernodes) width(s int32) int  { return int(t.first[s+1] - t.first[s]) }
func (t *supernodes) height(s int32) int { return t.rowPtr[s+1] - t.rowPtr[s] }

func (t *supernodes) below(s int32) []int32 { return t.rows[t.rowPtr[s]:t.rowPtr[s+1]] }

// forest is the tree of supernodes while it is being merged.
type forest struct {
	first  []int32 // first column of each fundamental supernode, and n
	parent []int32
	cols   []int32   // columns, grows by merging
	height []int32   // rows, the columns among them
	zeros  []float64 // stored zeros
	into   []int32   // the supernode that this one was merged into, or itself
	head   []int32   // lists of fundamental supernodes, in order of elimination
	tail   []int32
	next   []int32
}

// fundamental cuts the columns, in postorder, into the longest runs in which
// every column is the parent of the one before and has one row less.
func fundamental(parent, count []int32) *forest {
	n := len(parent)
	owner := make([]int32, n)
	f := &forest{first: make([]int32, 0, n/2+2)}
	for j := range n {
		if j == 0 || parent[j-1] != int32(j) || count[j] != count[j-1]-1 {
			f.first = append(f.first, int32(j))
		}
		owner[j] = int32(len(f.first) - 1)
	}
	ns := len(f.first)
	f.first = append(f.first, int32(n))
	words := make([]int32, 7*ns)
	part := func() []int32 {
		p := words[:ns:ns]
		words = words[ns:]
		return p
	}
	f.parent, f.cols, f.height, f.into, f.head, f.tail, f.next = part(), part(), part(), part(), part(), part(), part()
	f.zeros = make([]float64, ns)
	for s := range int32(ns) {
		lo, hi := f.first[s], f.first[s+1]
		f.parent[s] = none
		if p := parent[hi-1]; p != none {
			f.parent[s] = owner[p]
		}
		f.cols[s], f.height[s] = hi-lo, count[lo]
		f.into[s], f.head[s], f.tail[s], f.next[s] = s, s, s, none
	}
	return f
}

// merge merges supernodes with their parents, from the leaves up, while few
// zeros come in by it: wider supernodes have fewer index operations and
// faster kernels.
func (f *forest) merge() {
	ns := len(f.parent)
	lists := make([]int32, 2*ns)
	child, sibling := lists[:ns], lists[ns:]
	for s := range child {
		child[s] = none
	}
	for s := range int32(ns) { // the last child comes first
		for c := child[s]; c != none; c = sibling[c] {
			f.tryMerge(c, s)
		}
		if p := f.parent[s]; p != none {
			sibling[s], child[p] = child[p], s
		}
	}
}

// Supernodes of at most the width are merged while less than this part of
// them are zeros, in the steps of CHOLMOD (Y. Chen, T. Davis, W. Hager, S.
// Rajamanickam, Algorithm 887, ACM Trans. Math. Software 35 (2008), §2.3), the
// first of which is stricter here: any child may be merged, not only the last.
const (
	alwaysWidth             = 4
	narrowWidth, narrowPart = 16, 0.3
	middleWidth, middlePart = 48, 0.1
	widePart                = 0.05
)

func (f *forest) tryMerge(c, p int32) {
	nc, np := float64(f.cols[c]), float64(f.cols[p])
	width := nc + np
	height := float64(f.height[p]) + nc
	extra := nc * (height - float64(f.height[c]))
	zeros := f.zeros[c] + f.zeros[p] + extra
	part := zeros / (width*(width+1)/2 + width*(height-width))
	switch {
	case extra == 0 || width <= alwaysWidth:
	case width <= narrowWidth && part < narrowPart:
	case width <= middleWidth && part < middlePart:
	case part < widePart:
	default:
		return
	}
	f.cols[p] += f.cols[c]
	f.height[p] += f.cols[c]
	f.zeros[p] = zeros
	f.into[c] = p
	f.next[f.tail[c]], f.head[p] = f.head[p], f.head[c]
}

// finish returns the merged supernodes in postorder, without their rows, and
// the new order of the columns.
func (f *forest) finish() (t *supernodes, order []int32) {
	ns, n := len(f.parent), int(f.first[len(f.parent)])
	final := make([]int32, ns) // what a supernode was merged into in the end
	number := make([]int32, ns)
	var kept []int32
	for s := int32(ns) - 1; s >= 0; s-- {
		if p := f.into[s]; p != s {
			final[s] = final[p]
		} else {
			final[s] = s
		}
	}
	for s := range int32(ns) {
		if f.into[s] == s {
			number[s] = int32(len(kept))
			kept = append(kept, s)
		}
	}
	tree := make([]int32, len(kept))
	for k, s := range kept {
		tree[k] = none
		if p := f.parent[s]; p != none {
			tree[k] = number[final[p]]
		}
	}
	post := Postorder(tree)
	place := inverse(post)
	t = &supernodes{first: make([]int32, len(kept)+1), parent: make([]int32, len(kept)), rowPtr: make([]int, len(kept)+1)}
	order = make([]int32, 0, n)
	for k, old := range post {
		s := kept[old]
		for q := f.head[s]; q != none; q = f.next[q] {
			for j := f.first[q]; j < f.first[q+1]; j++ {
				order = append(order, j)
			}
		}
		t.first[k+1] = int32(len(order))
		t.rowPtr[k+1] = t.rowPtr[k] + int(f.height[s]-f.cols[s])
		t.parent[k] = none
		if p := tree[old]; p != none {
			t.parent[k] = place[p]
		}
	}
	return t, order
}

// fillRows finds the rows below each supernode of P A Pᵀ: row k belongs to
// those on the paths from the columns of its entries up to its own supernode.
// Going through the rows in order leaves them sorted.
func (t *supernodes) fillRows(a *matrix.CSR, perm, place []int32) {
	ns := t.count()
	t.rows = make([]int32, t.rowPtr[ns])
	at := make([]int, ns)
	copy(at, t.rowPtr)
	owner := t.owners()
	seen := make([]int32, ns)
	for s := range seen {
		seen[s] = none
	}
	for k := range int32(len(perm)) {
		own := owner[k]
		seen[own] = k
		row := perm[k]
		for _, j := range a.Col[a.RowPtr[row]:a.RowPtr[row+1]] {
			i := place[j]
			if i >= k {
				continue
			}
			for s := owner[i]; seen[s] != k; s = t.parent[s] {
				seen[s] = k
				t.rows[at[s]] = k
				at[s]++
			}
		}
	}
}

// owners returns the supernode of each column.
func (t *supernodes) owners() []int32 {
	owner := make([]int32, t.first[t.count()])
	for s := range int32(t.count()) {
		for j := t.first[s]; j < t.first[s+1]; j++ {
			owner[j] = s
		}
	}
	return owner
}
