package direct

import "solve/matrix"

// Components labels the connected components of the graph of A + Aᵀ, a
// square: label[i] is the component of row i, numbered from 0 in the order of
// their first rows.
func Components(a *matrix.CSR) (label []int32, count int) {
	if a.Rows != a.Cols {
		panic("direct: components of a matrix that is not square")
	}
	// Disjoint sets, each a tree whose root is its first row.
	up := make([]int32, a.Rows)
	for i := range up {
		up[i] = int32(i)
	}
	for i := range int32(a.Rows) {
		root := top(up, i)
		for _, j := range a.Col[a.RowPtr[i]:a.RowPtr[i+1]] {
			if up[j] == root {
				continue
			}
			r := top(up, j)
			if r < root {
				root, r = r, root
			}
			up[r] = root
		}
	}
	for i, j := range up { // roots come first, and are replaced by their labels
		if int(j) == i {
			up[i] = int32(count)
			count++
		} else {
			up[i] = up[j]
		}
	}
	return up, count
}

// top returns the root of i's tree, and shortens the way to it.
func top(up []int32, i int32) int32 {
	for up[i] != i {
		up[i] = up[up[i]]
		i = up[i]
	}
	return i
}
