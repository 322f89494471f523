package direct

import "solve/matrix"

// graph is an undirected graph without loops: the neighbours of vertex v are
// adj[ptr[v]:ptr[v+1]], each edge being stored at both of its ends.
type graph struct {
	ptr []int
	adj []int32
}

func (g *graph) order() int { return len(g.ptr) - 1 }

func (g *graph) neighbours(v int32) []int32 { return g.adj[g.ptr[v]:g.ptr[v+1]] }

// graphOf returns the graph of the pattern of A + Aᵀ for a square a.
func graphOf(a *matrix.CSR) *graph {
	if a.Rows != a.Cols {
		panic("direct: ordering of a matrix that is not square")
	}
	if symmetricPattern(a) {
		return offDiagonal(a)
	}
	return symmetrised(a)
}

// symmetricPattern reports whether the pattern is symmetric: rows being
// sorted, the entries of the upper triangle, row by row, meet those of the
// lower one in the order in which they are stored.
func symmetricPattern(a *matrix.CSR) bool {
	n := a.Rows
	at := make([]int64, n) // next entry of each row to be met from above
	copy(at, a.RowPtr)
	for i := range n {
		for k := at[i]; k < a.RowPtr[i+1]; k++ {
			j := int(a.Col[k])
			if j == i {
				continue
			}
			if j < i || at[j] == a.RowPtr[j+1] || int(a.Col[at[j]]) != i {
				return false
			}
			at[j]++
		}
	}
	return true
}

func offDiagonal(a *matrix.CSR) *graph {
	n := a.Rows
	g := &graph{ptr: make([]int, n+1), adj: make([]int32, 0, len(a.Col))}
	for i := range n {
		for _, j := range a.Col[a.RowPtr[i]:a.RowPtr[i+1]] {
			if int(j) != i {
				g.adj = append(g.adj, j)
			}
		}
		g.ptr[i+1] = len(g.adj)
	}
	return g
}

// symmetrised merges every row with its column.
func symmetrised(a *matrix.CSR) *graph {
	n := a.Rows
	ptr, adj := columns(a)
	g := &graph{ptr: make([]int, n+1), adj: make([]int32, 0, 2*len(a.Col))}
	seen := make([]int32, n)
	for i := range n {
		stamp := int32(i) + 1
		seen[i] = stamp
		for _, list := range [2][]int32{a.Col[a.RowPtr[i]:a.RowPtr[i+1]], adj[ptr[i]:ptr[i+1]]} {
			for _, j := range list {
				if seen[j] != stamp {
					seen[j] = stamp
					g.adj = append(g.adj, j)
				}
			}
		}
		g.ptr[i+1] = len(g.adj)
	}
	return g
}

// columns returns the rows of the entries of each column, ascending.
func columns(a *matrix.CSR) (ptr []int, row []int32) {
	ptr = make([]int, a.Cols+2)
	row = make([]int32, len(a.Col))
	for _, j := range a.Col {
		ptr[j+2]++
	}
	for j := 2; j < len(ptr); j++ {
		ptr[j] += ptr[j-1]
	}
	for i := range a.Rows {
		for _, j := range a.Col[a.RowPtr[i]:a.RowPtr[i+1]] {
			row[ptr[j+1]] = int32(i)
			ptr[j+1]++
		}
	}
	return ptr[:a.Cols+1], row
}
