package block

import (
	"slices"

	"solve/matrix"
)

// disjoint is a union–find structure with path halving.
type disjoint []int32

func newDisjoint(n int) disjoint { return identity(n) }

func (d disjoint) find(i int32) int32 {
	for d[i] != i {
		d[i] = d[d[i]]
		i = d[i]
	}
	return i
}

// IsForest tells whether the graph of the symmetric matrix a, restricted to
// the nodes of block, has no cycle.
func IsForest(a *matrix.CSR, block []int32) bool { return areForests(a, [][]int32{block}) }

// areForests tells whether each of the disjoint blocks is a forest: no edge
// within a block joins two nodes that are connected already.
func areForests(a *matrix.CSR, blocks [][]int32) bool {
	of := slices.Repeat([]int32{-1}, a.Rows) // the block of each node
	for k, b := range blocks {
		for _, i := range b {
			of[i] = int32(k)
		}
	}
	sets := newDisjoint(a.Rows)
	for i := range int32(a.Rows) {
		col, val := a.Row(int(i))
		for e, j := range col {
			if j >= i || of[i] < 0 || of[j] != of[i] || val[e] == 0 {
				continue
			}
			r, s := sets.find(i), sets.find(j)
			if r == s {
				return false
			}
			sets[r] = s
		}
	}
	return true
}

// forest is a forest of the graph of a symmetric matrix in breadth-first
// order, ready for sweeps from the leaves to the roots and back.
type forest struct {
	node   []int32   // place k holds the node block[node[k]]
	parent []int32   // place of the parent, −1 for a root; ascending within a tree
	up     []float64 // a_{k,parent}, 0 for a root
	diag   []float64 // a_kk
	pivot  []float64 // J_k
	h      []float64 // right-hand side, then the solution
}

// read fills the forest from the nodes of block, which must be a forest of a's
// graph. local holds −1 everywhere, and does so again on return. Each node is
// visited once, so that the cost is that of the block's rows.
func (t *forest) read(a *matrix.CSR, block, local []int32) {
	n := len(block)
	t.resize(n)
	for k, i := range block {
		local[i] = int32(k)
	}
	ptr, cols, vals := a.RowPtr, a.Col, a.Val
	tail := 0
	for k, root := range block {
		if local[root] < 0 {
			continue // reached from an earlier root
		}
		local[root] = -1
		t.node[tail], t.parent[tail], t.up[tail] = int32(k), -1, 0
		head := tail
		tail++
		for ; head < tail; head++ {
			i := block[t.node[head]]
			lo, hi := ptr[i], ptr[i+1]
			col, val := cols[lo:hi], vals[lo:hi]
			for e, j := range col {
				if j == i {
					t.diag[head] = val[e]
					continue
				}
				l := local[j]
				if l < 0 || val[e] == 0 {
					continue
				}
				local[j] = -1
				t.node[tail], t.parent[tail], t.up[tail] = l, int32(head), val[e]
				tail++
			}
		}
	}
}

func (t *forest) resize(n int) {
	if cap(t.node) < n {
		t.node, t.parent = make([]int32, n), make([]int32, n)
		t.up, t.diag, t.pivot, t.h = make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	}
	t.node, t.parent = t.node[:n], t.parent[:n]
	t.up, t.diag, t.pivot, t.h = t.up[:n], t.diag[:n], t.pivot[:n], t.h[:n]
}
