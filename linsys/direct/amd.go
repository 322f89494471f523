package direct

import (
	"context"
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
// absorption, mass elimination and merging of equal variables. The error is
// that of ctx.
func AMD(ctx context.Context, a *matrix.CSR) ([]int32, error) {
	return minimumDegree(ctx, graphOf(a))
}

// denseDegree is the number of entries from which a row counts as dense among
// n: min(n, max(16, 10√n)).
func denseDegree(n int) int { return min(n, max(16, int(10*math.Sqrt(float64(n))))) }

// minimumDegree orders the vertices of g by approximate minimum degree.
func minimumDegree(ctx context.Context, g *graph) ([]int32, error) {
	q, dense := quotientOf(g)
	if err := q.eliminateAll(ctx); err != nil {
		return nil, err
	}
	return append(q.permutation(), dense...), nil
}

// quotientOf makes a variable of every vertex of g that is not dense, and
// eliminates those that peel can.
func quotientOf(g *graph) (q *quotient, dense []int32) {
	n := g.order()
	q = newQuotient(n, n, len(g.adj), n)
	limit := denseDegree(n)
	for i := range int32(n) {
		degree := g.ptr[i+1] - g.ptr[i]
		q.degree[i] = int32(degree)
		if degree > limit {
			dense = append(dense, i)
			q.total--
			continue
		}
		q.nv[i] = 1
		if degree <= 1 {
			q.pivots = append(q.pivots, i)
		}
	}
	q.peel(g)
	for i := range int32(n) {
		if q.nv[i] == 0 || q.mark[i] == 0 {
			continue
		}
		q.start[i] = q.free
		for _, j := range g.neighbours(i) {
			if q.mark[j] != 0 {
				q.lists[q.free] = j
				q.free++
			}
		}
		q.size[i] = int32(q.free - q.start[i])
		q.insert(i)
	}
	return q, dense
}

// peel eliminates vertices with at most one neighbour left, as long as there
// are any: the trees that hang on the rest of the graph. They fill nothing,
// and need no element. The pivots, so far the vertices with one neighbour from
// the beginning, are the queue.
func (q *quotient) peel(g *graph) {
	for k := 0; k < len(q.pivots); k++ {
		p := q.pivots[k]
		q.mark[p] = 0
		for _, i := range g.neighbours(p) {
			if q.mark[i] == 0 || q.nv[i] == 0 {
				continue
			}
			q.parent[p] = i
			if q.degree[i]--; q.degree[i] == 1 {
				q.pivots = append(q.pivots, i)
			}
			break
		}
	}
	q.done = int32(len(q.pivots))
}

// permutation lists the eliminated variables in a postorder of the tree of
// elements.
func (q *quotient) permutation() []int32 {
	nodes, pivots := len(q.nv), len(q.pivots)
	words := make([]int32, nodes+2*pivots)
	number := words[:nodes] // place of a pivot in the elimination
	for k, p := range q.pivots {
		number[p] = int32(k)
	}
	tree, at := words[nodes:nodes+pivots], words[nodes+pivots:]
	for k, p := range q.pivots {
		tree[k] = none
		if e := q.parent[p]; e != none {
			tree[k] = number[q.pivotOf(e)]
		}
	}
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
