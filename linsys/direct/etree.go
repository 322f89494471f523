package direct

import "solve/matrix"

// The functions of this file read the symmetric pattern of a square matrix
// stored in full; perm, with entry k the row of A that comes k-th, may be nil
// for the given order.
//
// T. Davis, Direct Methods for Sparse Linear Systems, SIAM 2006, chapter 4.

// EliminationTree returns the parent of every column of the Cholesky factor
// of P A Pᵀ: the row of its first entry below the diagonal, -1 at roots.
func EliminationTree(a *matrix.CSR, perm []int32) (parent []int32) {
	return eliminationTree(a, perm, inverse(perm))
}

func eliminationTree(a *matrix.CSR, perm, place []int32) (parent []int32) {
	n := a.Rows
	lists := make([]int32, 2*n)
	parent, ancestor := lists[:n], lists[n:]
	for k := range int32(n) {
		parent[k], ancestor[k] = none, none
		row := k
		if perm != nil {
			row = perm[k]
		}
		for _, i := range a.Col[a.RowPtr[row]:a.RowPtr[row+1]] {
			if place != nil {
				i = place[i]
			}
			for i < k { // up to the root, which k joins; the way is shortened to k
				up := ancestor[i]
				ancestor[i] = k
				if up == none {
					parent[i] = k
					break
				}
				i = up
			}
		}
	}
	return parent
}

// inverse returns the inverse permutation, nil for nil.
func inverse(perm []int32) []int32 {
	if perm == nil {
		return nil
	}
	inv := make([]int32, len(perm))
	for k, i := range perm {
		inv[i] = int32(k)
	}
	return inv
}

// Postorder returns the nodes of a forest, every node after its descendants,
// which are contiguous. Children keep their order.
func Postorder(parent []int32) []int32 {
	n := len(parent)
	lists := make([]int32, 3*n)
	child, sibling, post := lists[:n], lists[n:2*n], lists[2*n:2*n]
	for i := range child {
		child[i] = none
	}
	root := none
	for v := int32(n) - 1; v >= 0; v-- {
		p := &root
		if parent[v] != none {
			p = &child[parent[v]]
		}
		sibling[v], *p = *p, v
	}
	for ; root != none; root = sibling[root] {
		post = appendTree(post, root, parent, child, sibling)
	}
	return post
}

// appendTree appends the postorder of the tree at root, going down to first
// children and, from a node with none left, on to its sibling or up.
func appendTree(post []int32, root int32, parent, child, sibling []int32) []int32 {
	for v := root; ; {
		for child[v] != none {
			v = child[v]
		}
		for {
			post = append(post, v)
			if v == root {
				return post
			}
			if sibling[v] != none {
				v = sibling[v]
				break
			}
			v = parent[v]
		}
	}
}

// ColumnCounts returns the number of entries of each column of the Cholesky
// factor of P A Pᵀ, the diagonal included; parent is its elimination tree and
// post a postorder of that. The time is nearly linear in the entries of A.
//
// Row i of the factor has the nodes of a subtree of the elimination tree, and
// column j has a row for every subtree that j belongs to. Counting +1 at the
// leaves of each subtree and -1 where two paths up from them meet, and below
// its root, leaves in the sum over the descendants of j the count of column j.
//
// J. Gilbert, E. Ng, B. Peyton, An efficient algorithm to compute row and
// column counts for sparse Cholesky factorization, SIAM J. Matrix Anal. Appl.
// 15 (1994).
func ColumnCounts(a *matrix.CSR, perm, parent, post []int32) []int32 {
	return columnCounts(a, perm, inverse(perm), parent, post)
}

func columnCounts(a *matrix.CSR, perm, place, parent, post []int32) []int32 {
	n := a.Rows
	work := make([]int32, 5*n)
	count, first, lastLeaf, lastNode, ancestor := work[:n], work[n:2*n], work[2*n:3*n], work[3*n:4*n], work[4*n:]
	for i := range int32(n) {
		first[i], lastLeaf[i], lastNode[i], ancestor[i] = none, none, none, i
	}
	// first[v] is the place in the postorder of v's first descendant.
	for k, v := range post {
		if first[v] == none {
			count[v] = 1 // a leaf of the tree
		}
		for ; v != none && first[v] == none; v = parent[v] {
			first[v] = int32(k)
		}
	}
	for _, j := range post {
		if parent[j] != none {
			count[parent[j]]-- // the subtree of row parent[j] ends there
		}
		row := j
		if perm != nil {
			row = perm[j]
		}
		for _, i := range a.Col[a.RowPtr[row]:a.RowPtr[row+1]] {
			if place != nil {
				i = place[i]
			}
			if i <= j || first[j] <= lastLeaf[i] {
				continue // above the diagonal, or not a leaf of row i's subtree
			}
			lastLeaf[i] = first[j]
			count[j]++
			if before := lastNode[i]; before != none {
				count[meeting(ancestor, before)]--
			}
			lastNode[i] = j
		}
		if parent[j] != none {
			ancestor[j] = parent[j]
		}
	}
	for _, j := range post { // children before parents
		if parent[j] != none {
			count[parent[j]] += count[j]
		}
	}
	return count
}

// meeting is the root of v's set in the forest of visited nodes: the least
// common ancestor of v and the node under way. The way is shortened.
func meeting(ancestor []int32, v int32) int32 {
	root := v
	for root != ancestor[root] {
		root = ancestor[root]
	}
	for v != root {
		v, ancestor[v] = ancestor[v], root
	}
	return root
}
