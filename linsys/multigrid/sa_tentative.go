package multigrid

import "math"

// tentative returns the prolongation T that is local to the aggregates and
// reproduces the near-null vectors, T B_c = B, with the coarse vectors B_c.
func tentative(near *nearNull, n int, agg []int32, count int) (*amgCSR[float64], *nearNull) {
	if near.k == 1 && near.node == nil {
		return tentativeScalar(near, n, agg, count)
	}
	return tentativeQR(near, n, agg, count)
}

// tentativeScalar takes the near-null vector itself for the values: its
// coarse form is constant, zero where it vanishes on a whole aggregate.
func tentativeScalar(near *nearNull, n int, agg []int32, count int) (*amgCSR[float64], *nearNull) {
	t := &amgCSR[float64]{rows: n, cols: count, ptr: make([]int64, n+1)}
	t.col, t.val = make([]int32, 0, n), make([]float64, 0, n)
	coarse := &nearNull{k: 1, v: make([]float64, count), nodes: count}
	for i, c := range agg {
		if c >= 0 && near.v[i] != 0 {
			coarse.v[c] = 1
		}
	}
	for i, c := range agg {
		if c >= 0 {
			v := near.v[i]
			if coarse.v[c] == 0 {
				v = 1
			}
			t.col, t.val = append(t.col, c), append(t.val, v)
		}
		t.ptr[i+1] = int64(len(t.col))
	}
	return t, coarse
}

// dependent is the part of a column's norm, relative to what it was, that
// orthogonalisation must leave for the column to count.
const dependent = 1e-8

// tentativeQR orthonormalises the near-null vectors on each aggregate of
// nodes: B = Q B_c there. Columns that depend on earlier ones, as on an
// aggregate with fewer unknowns than vectors, get no coarse unknown.
func tentativeQR(near *nearNull, n int, agg []int32, count int) (*amgCSR[float64], *nearNull) {
	k := near.k
	ptr, members := unknownsOf(near, n, agg, count)
	coarse := &nearNull{k: k, nodes: count}
	first := make([]int32, n) // the coarse unknown of the first column
	width := make([]int32, n)
	q := append([]float64(nil), near.v...)
	for c := range count {
		rows := members[ptr[c]:ptr[c+1]]
		base := int32(len(coarse.node))
		r, rank := orthonormalise(q, k, rows)
		for range rank {
			coarse.node = append(coarse.node, int32(c))
		}
		coarse.v = append(coarse.v, r[:rank*k]...)
		for _, i := range rows {
			first[i], width[i] = base, int32(rank)
		}
	}
	t := &amgCSR[float64]{rows: n, cols: len(coarse.node), ptr: make([]int64, n+1)}
	for i := range n {
		for l := range width[i] {
			t.col, t.val = append(t.col, first[i]+l), append(t.val, q[i*k+int(l)])
		}
		t.ptr[i+1] = int64(len(t.col))
	}
	return t, coarse
}

// unknownsOf lists the unknowns of each aggregate.
func unknownsOf(near *nearNull, n int, agg []int32, count int) (ptr, members []int32) {
	of := func(i int) int32 {
		if near.node == nil {
			return agg[i]
		}
		return agg[near.node[i]]
	}
	ptr = make([]int32, count+1)
	for i := range n {
		if c := of(i); c >= 0 {
			ptr[c+1]++
		}
	}
	for c := range count {
		ptr[c+1] += ptr[c]
	}
	next := append([]int32(nil), ptr[:count]...)
	members = make([]int32, ptr[count])
	for i := range n {
		if c := of(i); c >= 0 {
			members[next[c]] = int32(i)
			next[c]++
		}
	}
	return ptr, members
}

// orthonormalise replaces the k columns of q, on the given rows, by an
// orthonormal basis of their span in its first rank columns and returns the
// rank×k matrix R with old = new·R. Modified Gram–Schmidt, twice.
func orthonormalise(q []float64, k int, rows []int32) (r []float64, rank int) {
	r = make([]float64, k*k)
	dot := func(a, b int) float64 {
		sum := 0.0
		for _, i := range rows {
			sum += q[int(i)*k+a] * q[int(i)*k+b]
		}
		return sum
	}
	for c := range k {
		before := math.Sqrt(dot(c, c))
		for range 2 {
			for l := range rank {
				h := dot(l, c)
				r[l*k+c] += h
				for _, i := range rows {
					q[int(i)*k+c] -= h * q[int(i)*k+l]
				}
			}
		}
		norm := math.Sqrt(dot(c, c))
		if !(norm > dependent*before) || rank == len(rows) {
			continue
		}
		for _, i := range rows {
			q[int(i)*k+rank] = q[int(i)*k+c] / norm
		}
		r[rank*k+c] = norm
		rank++
	}
	return r, rank
}
