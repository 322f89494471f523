package direct

import (
	"math"

	"solve/matrix"
)

// AMD returns an approximate minimum degree ordering of the pattern of
// A + Aᵀ, a square: entry k is the index of the k-th pivot. Values and
// diagonal entries play no part. The ordering follows a postorder of the
// assembly tree. Rows with more than 10√n entries come last, since they fill
// anyway and make every degree costly.
//
// P. Amestoy, T. Davis, I. Duff, An approximate minimum degree ordering
// algorithm, SIAM J. Matrix Anal. Appl. 17 (1996); with aggressive
// absorption, mass elimination and merging of equal variables.
func AMD(a *matrix.CSR) []int32 { return minimumDegree(graphOf(a)) }

// denseDegree is the number of entries from which a row counts as dense among
// n: min(n, max(16, 10√n)).
func denseDegree(n int) int { return min(n, max(16, int(10*math.Sqrt(float64(n))))) }

// minimumDegree orders the vertices of g by approximate minimum degree.
func minimumDegree(g *graph) []int32 {
	q, dense := quotientOf(g)
	q.eliminateAll()
	return append(q.permutation(), dense...)
}

// quotientOf makes a variable of every vertex of g that is not dense.
func quotientOf(g *graph) (q *quotient, dense []int32) {
	n := g.order()
	q = newQuotient(n, n, len(g.adj), n)
	q.free = copy(q.lists, g.adj)
	limit := denseDegree(n)
	for i := range int32(n) {
		degree := g.ptr[i+1] - g.ptr[i]
		if degree > limit {
			dense = append(dense, i)
			q.total--
			continue
		}
		q.start[i], q.size[i], q.degree[i], q.nv[i] = g.ptr[i], int32(degree), int32(degree), 1
		q.insert(i)
	}
	return q, dense
}

// permutation lists the eliminated variables in a postorder of the tree of
// elements.
func (q *quotient) permutation() []int32 {
	number := make([]int32, len(q.nv)) // place of a pivot in the elimination
	for k, p := range q.pivots {
		number[p] = int32(k)
	}
	tree := make([]int32, len(q.pivots))
	for k, p := range q.pivots {
		tree[k] = none
		if e := q.parent[p]; e != none {
			tree[k] = number[e]
		}
	}
	at := make([]int32, len(q.pivots))
	for i := range q.inner {
		if q.nv[i] != 0 || q.parent[i] != none {
			at[number[q.pivotOf(i)]]++
		}
	}
	next := int32(0)
	for _, k := range Postorder(tree) {
		at[k], next = next, next+at[k]
	}
	perm := make([]int32, next)
	for i := range q.inner {
		if q.nv[i] == 0 && q.parent[i] == none {
			continue // set aside before the start
		}
		k := number[q.pivotOf(i)]
		perm[at[k]] = i
		at[k]++
	}
	return perm
}

// pivotOf finds the pivot with which variable i was eliminated, and shortens
// the way to it.
func (q *quotient) pivotOf(i int32) int32 {
	p := i
	for q.nv[p] == 0 {
		p = q.parent[p]
	}
	for q.nv[i] == 0 {
		i, q.parent[i] = q.parent[i], p
	}
	return p
}
