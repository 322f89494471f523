package direct

import (
	"context"
	"math"

	"solve/matrix"
)

// MaximumTransversal matches as many columns of A as possible with rows of
// their own where A has a nonzero: rowOf[j] is the row of column j, -1 for
// none, and rank, the structural rank, is the number of columns matched.
// Stored zeros do not count.
//
// I. Duff, On algorithms for obtaining a maximum transversal, ACM Trans.
// Math. Softw. 7 (1981): depth-first search for augmenting paths, with cheap
// assignments looked for first. What a failed search has visited can never
// lie on a later augmenting path, so it stays visited. The error is that of
// ctx.
func MaximumTransversal(ctx context.Context, a *matrix.CSR) (rowOf []int32, rank int, err error) {
	t := newTransversal(a)
	done := ctx.Done()
	for j := range int32(a.Cols) {
		if closed(done) {
			return nil, 0, ctx.Err()
		}
		if t.augment(j) {
			rank++
		}
	}
	return t.rowOf, rank, nil
}

type transversal struct {
	ptr      []int
	row      []int32 // rows of the nonzeros of each column
	rowOf    []int32
	columnOf []int32
	visited  []int32 // of a row: the search that met it last
	stamp    int32
	cheap    []int   // place up to which a column has no free row
	at       []int   // place of the search in a column
	path     []int32 // columns of the search, from its root
}

// forever marks rows that no augmenting path can use any more.
const forever = math.MaxInt32

func newTransversal(a *matrix.CSR) *transversal {
	ptr, row := nonzeroColumns(a)
	t := &transversal{
		ptr: ptr, row: row,
		rowOf: make([]int32, a.Cols), columnOf: make([]int32, a.Rows),
		visited: make([]int32, a.Rows), cheap: make([]int, a.Cols), at: make([]int, a.Cols),
	}
	copy(t.cheap, ptr)
	for j := range t.rowOf {
		t.rowOf[j] = none
	}
	for i := range t.columnOf {
		t.columnOf[i] = none
	}
	return t
}

// nonzeroColumns is columns without the entries that are zero.
func nonzeroColumns(a *matrix.CSR) (ptr []int, row []int32) {
	ptr = make([]int, a.Cols+2)
	for k, j := range a.Col {
		if a.Val[k] != 0 {
			ptr[j+2]++
		}
	}
	for j := 2; j < len(ptr); j++ {
		ptr[j] += ptr[j-1]
	}
	row = make([]int32, ptr[a.Cols+1])
	for i := range a.Rows {
		for k := a.RowPtr[i]; k < a.RowPtr[i+1]; k++ {
			if j := a.Col[k]; a.Val[k] != 0 {
				row[ptr[j+1]] = int32(i)
				ptr[j+1]++
			}
		}
	}
	return ptr[:a.Cols+1], row
}

// augment looks for an augmenting path from column j and follows it.
func (t *transversal) augment(j int32) bool {
	t.stamp++
	t.path = append(t.path[:0], j)
	t.at[j] = t.ptr[j]
	met := 0
	for len(t.path) > 0 {
		c := t.path[len(t.path)-1]
		if i := t.freeRow(c); i != none {
			t.assign(i)
			return true
		}
		if i := t.unvisited(c); i != none {
			met++
			t.visited[i] = t.stamp
			next := t.columnOf[i]
			t.at[next] = t.ptr[next]
			t.path = append(t.path, next)
			continue
		}
		t.path = t.path[:len(t.path)-1]
	}
	if met > 0 {
		t.close(j)
	}
	return false
}

// freeRow finds a row of column c that no column has, each entry being looked
// at once in all: rows never become free again.
func (t *transversal) freeRow(c int32) int32 {
	for k := t.cheap[c]; k < t.ptr[c+1]; k++ {
		if i := t.row[k]; t.columnOf[i] == none {
			t.cheap[c] = k + 1
			return i
		}
	}
	t.cheap[c] = t.ptr[c+1]
	return none
}

func (t *transversal) unvisited(c int32) int32 {
	for k := t.at[c]; k < t.ptr[c+1]; k++ {
		if i := t.row[k]; t.visited[i] != t.stamp && t.visited[i] != forever {
			t.at[c] = k + 1
			return i
		}
	}
	t.at[c] = t.ptr[c+1]
	return none
}

// assign gives row i to the last column of the path, that column's row to the
// one before, and so on.
func (t *transversal) assign(i int32) {
	for k := len(t.path) - 1; k >= 0; k-- {
		c := t.path[k]
		i, t.rowOf[c] = t.rowOf[c], i
		t.columnOf[t.rowOf[c]] = c
	}
}

// close marks for ever what the failed search from column j visited.
func (t *transversal) close(j int32) {
	t.path = append(t.path[:0], j)
	for len(t.path) > 0 {
		c := t.path[len(t.path)-1]
		t.path = t.path[:len(t.path)-1]
		for _, i := range t.row[t.ptr[c]:t.ptr[c+1]] {
			if t.visited[i] == t.stamp {
				t.visited[i] = forever
				t.path = append(t.path, t.columnOf[i])
			}
		}
	}
}
