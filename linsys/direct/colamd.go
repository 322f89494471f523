package direct

import (
	"context"

	"solve/matrix"
)

// COLAMD returns a fill-reducing order of the columns of A, rows×columns, for
// LU with row interchanges and for QR: approximate minimum degree on the
// pattern of AᵀA, which is never formed: every row of A stands for the clique
// of its columns, as an eliminated pivot does. Rows with more than
// max(16, 10√columns) entries are ignored, and columns that are empty or have
// more than max(16, 10√rows) entries come last.
//
// The idea is T. Davis, J. Gilbert, S. Larimore, E. Ng, A column approximate
// minimum degree ordering algorithm, ACM Trans. Math. Softw. 30 (2004); the
// degrees are those of AMD. The error is that of ctx.
func COLAMD(ctx context.Context, a *matrix.CSR) ([]int32, error) {
	n := a.Cols
	ptr, row := columns(a)
	denseRow, denseColumn := int64(denseDegree(n)), denseDegree(a.Rows)
	// Nodes: the columns, then the rows, as elements.
	q := newQuotient(n, n+a.Rows, 2*len(a.Col), n)
	for i := range a.Rows {
		if size := a.RowPtr[i+1] - a.RowPtr[i]; size == 0 || size > denseRow {
			q.mark[n+i] = 0
		}
	}
	empty, dense := q.takeColumns(ptr, row, denseColumn)
	q.takeRows(a)
	for j := range int32(n) {
		if q.nv[j] > 0 {
			q.degree[j] = q.cliqueDegree(j)
			q.insert(j)
		}
	}
	if err := q.eliminateAll(ctx); err != nil {
		return nil, err
	}
	return append(append(q.permutation(), dense...), empty...), nil
}

// takeColumns makes the columns variables, each with a list of its rows.
func (q *quotient) takeColumns(ptr []int, row []int32, denseColumn int) (empty, dense []int32) {
	n := int32(len(ptr) - 1)
	for j := range n {
		rows := row[ptr[j]:ptr[j+1]]
		begin := q.free
		for _, i := range rows {
			if q.mark[n+i] != 0 {
				q.lists[q.free] = n + i
				q.free++
			}
		}
		kept := q.free - begin
		if kept == 0 || len(rows) > denseColumn {
			q.free = begin
			q.total--
			if kept == 0 {
				empty = append(empty, j)
			} else {
				dense = append(dense, j)
			}
			continue
		}
		q.start[j], q.size[j], q.elems[j], q.nv[j] = begin, int32(kept), int32(kept), 1
	}
	return empty, dense
}

// takeRows makes the rows elements, each with a list of its columns.
func (q *quotient) takeRows(a *matrix.CSR) {
	for i := range a.Rows {
		e := a.Cols + i
		if q.mark[e] == 0 {
			continue
		}
		q.start[e] = q.free
		for _, j := range a.Col[a.RowPtr[i]:a.RowPtr[i+1]] {
			if q.nv[j] > 0 {
				q.lists[q.free] = j
				q.free++
			}
		}
		q.size[e] = int32(q.free - q.start[e])
		q.degree[e] = q.size[e]
		q.widest = max(q.widest, q.size[e])
		q.parent[e] = none
	}
	q.raiseFlag(q.widest)
}

// cliqueDegree bounds the degree of a column by those of its rows.
func (q *quotient) cliqueDegree(j int32) int32 {
	degree := int64(0)
	for _, e := range q.lists[q.start[j]:][:q.size[j]] {
		degree += int64(q.degree[e]) - 1
	}
	return int32(min(degree, int64(q.total)-1))
}
