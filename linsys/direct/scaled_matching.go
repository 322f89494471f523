package direct

import (
	"context"
	"fmt"
	"math"

	"solve/matrix"
	"solve/solver"
)

// ScaledMatching matches the columns of the square matrix A with rows, so
// that the product of the matched entries' absolute values is as large as can
// be: rowOf[j] is the row of column j. The scales, powers of two, make the
// matched entries of diag(dr) A diag(dc) lie between 1/2 and 2 in absolute
// value, and all others at most 2, as far as the exponents of float64 go.
// Stored zeros count as absent.
//
// I. Duff, J. Koster, On algorithms for permuting large entries to the
// diagonal of a sparse matrix, SIAM J. Matrix Anal. Appl. 22 (2001): shortest
// augmenting paths for the costs c_ij = log max_i|a_ij| − log|a_ij|. The scales
// come from the dual variables. The time is O(n nnz log n) at worst, and near
// that of one pass over A where most of its large entries don't compete.
//
// The error wraps solver.ErrSingular, as a *SingularError with the structural
// rank, where the columns cannot all have rows of their own; or it is that of
// ctx.
func ScaledMatching(ctx context.Context, a *matrix.CSR) (rowOf []int32, dr, dc []float64, err error) {
	if a.Rows != a.Cols {
		return nil, nil, nil, fmt.Errorf("direct: matching of a %d×%d matrix: %w", a.Rows, a.Cols, solver.ErrDimension)
	}
	if err := a.CheckFinite("matrix"); err != nil {
		return nil, nil, nil, fmt.Errorf("direct: %w", err)
	}
	s := newAssignment(a)
	s.start()
	s.reduce()
	done := ctx.Done()
	for j := range int32(a.Cols) {
		if s.rowOf[j] != none {
			continue
		}
		if closed(done) {
			return nil, nil, nil, ctx.Err()
		}
		if !s.augment(j) {
			_, rank, err := MaximumTransversal(ctx, a)
			if err != nil {
				return nil, nil, nil, err
			}
			return nil, nil, nil, &SingularError{N: a.Rows, Rank: rank, Structural: true}
		}
	}
	dr, dc = s.scales()
	return s.rowOf, dr, dc, nil
}

// assignment looks for a matching of least cost. With every entry
// u_i + v_j ≤ c_ij, with equality where matched; only u is kept, v_j being
// c_ij − u_i of the matched entry.
type assignment struct {
	ptr  []int
	row  []int32   // rows of the nonzeros of each column,
	cost []float64 // and their costs in powers of two
	top  []float64 // log₂ of the largest entry of each column
	u    []float64

	rowOf, columnOf []int32
	place           []int // of a column's matched entry

	// The search under way: by row, the length of the shortest path, the
	// column and the entry through which it comes.
	length  []float64
	through []int32
	entry   []int
	reached []int32
	done    []int32 // rows whose length is final
	queue   rowQueue
}

func newAssignment(a *matrix.CSR) *assignment {
	n := a.Rows
	s := &assignment{
		top: make([]float64, n), u: make([]float64, n),
		rowOf: make([]int32, n), columnOf: make([]int32, n), place: make([]int, n),
		length: make([]float64, n), through: make([]int32, n), entry: make([]int, n),
	}
	s.ptr, s.row = nonzeroColumns(a)
	s.cost = make([]float64, len(s.row))
	next := append([]int(nil), s.ptr...)
	for k, j := range a.Col { // in the order of rows, as in s.row
		if v := a.Val[k]; v != 0 {
			s.cost[next[j]] = math.Log2(math.Abs(v))
			next[j]++
		}
	}
	for j := range n {
		column := s.cost[s.ptr[j]:s.ptr[j+1]]
		s.top[j] = math.Inf(-1)
		for _, c := range column {
			s.top[j] = max(s.top[j], c)
		}
		for k, c := range column {
			column[k] = s.top[j] - c
		}
		s.rowOf[j] = none
	}
	for i := range n {
		s.u[i], s.length[i], s.columnOf[i] = math.Inf(1), math.Inf(1), none
	}
	s.queue.length, s.queue.at = s.length, make([]int32, n)
	return s
}

// start sets the duals of the rows to the least costs and matches what costs
// nothing more: a column with a free row, or one whose row is that of a column
// with a free row.
func (s *assignment) start() {
	for k, i := range s.row {
		s.u[i] = min(s.u[i], s.cost[k])
	}
	v := make([]float64, len(s.rowOf))
	for j := range v {
		v[j] = math.Inf(1)
		for k := s.ptr[j]; k < s.ptr[j+1]; k++ {
			v[j] = min(v[j], s.cost[k]-s.u[s.row[k]])
		}
	}
	seen := append([]int(nil), s.ptr...) // rows before it are not free, for ever
	free := func(j int32) int {
		for ; seen[j] < s.ptr[j+1]; seen[j]++ {
			if k := seen[j]; s.columnOf[s.row[k]] == none && s.tight(k, v[j]) {
				return k
			}
		}
		return -1
	}
	for j := range int32(len(v)) {
		if k := free(j); k >= 0 {
			s.match(j, k)
			continue
		}
		for k := s.ptr[j]; k < s.ptr[j+1] && s.rowOf[j] == none; k++ {
			if !s.tight(k, v[j]) {
				continue
			}
			if c := s.columnOf[s.row[k]]; free(c) >= 0 {
				s.match(c, free(c))
				s.match(j, k)
			}
		}
	}
}

// tight tells whether entry k, in a column with dual v, has u_i + v = c_ij.
func (s *assignment) tight(k int, v float64) bool { return s.cost[k]-s.u[s.row[k]] == v }

func (s *assignment) match(j int32, k int) {
	i := s.row[k]
	s.rowOf[j], s.columnOf[i], s.place[j] = i, j, k
}

// reductions is the number of times that reduce goes through the free columns.
const reductions = 4

// reduce gives free columns the rows that suit them best, also those of other
// columns: the dual of the row falls until the second best one is as good, and
// the column that lost the row is free instead. It goes on at once, or in the
// next pass where nothing fell. What stays free needs longer paths.
//
// The augmenting row reduction of R. Jonker, A. Volgenant, A shortest
// augmenting path algorithm for dense and sparse linear assignment problems,
// Computing 38 (1987).
func (s *assignment) reduce() {
	var free []int32
	for j, i := range s.rowOf {
		if i == none {
			free = append(free, int32(j))
		}
	}
	steps := reductions * len(s.rowOf)
	for range reductions {
		left := free[:0]
		for _, j := range free {
			fell := true
			for j != none && fell && steps > 0 {
				j, fell = s.take(j)
				steps--
			}
			if j != none {
				left = append(left, j)
			}
		}
		free = left
	}
}

// take gives column j the best of its rows. It returns the column that is free
// instead, none where there is none, and whether the dual of the row fell.
func (s *assignment) take(j int32) (loser int32, fell bool) {
	best, second := math.Inf(1), math.Inf(1)
	at, next := -1, -1
	for k := s.ptr[j]; k < s.ptr[j+1]; k++ {
		switch c := s.cost[k] - s.u[s.row[k]]; {
		case c < best:
			best, second, at, next = c, best, k, at
		case c < second:
			second, next = c, k
		}
	}
	if at < 0 {
		return j, false
	}
	i := s.row[at]
	fell = best < second && next >= 0
	if loser = s.columnOf[i]; loser != none && !fell {
		if next < 0 || s.columnOf[s.row[next]] != none {
			return j, false
		}
		at, loser = next, none
	}
	if fell {
		s.u[i] -= second - best
	}
	if loser != none {
		s.rowOf[loser] = none
	}
	s.match(j, at)
	return loser, fell
}

// augment gives column root a row along the shortest augmenting path
// (Dijkstra) and tells whether there is one. Lengths are too large by the
// v of the root, which nothing depends on.
func (s *assignment) augment(root int32) bool {
	shortest, end := math.Inf(1), none
	j, base, final := root, 0.0, math.Inf(-1)
	for {
		for k := s.ptr[j]; k < s.ptr[j+1]; k++ {
			i := s.row[k]
			d := max(final, base+(s.cost[k]-s.u[i])) // rounding must not undo what is final
			if d >= shortest || d >= s.length[i] {
				continue
			}
			if math.IsInf(s.length[i], 1) {
				s.reached = append(s.reached, i)
			}
			s.length[i], s.through[i], s.entry[i] = d, j, k
			if s.columnOf[i] == none {
				shortest, end = d, i
			} else {
				s.queue.put(i)
			}
		}
		if s.queue.empty() || s.length[s.queue.heap[0]] >= shortest {
			break
		}
		i := s.queue.pop()
		s.done = append(s.done, i)
		final, j = s.length[i], s.columnOf[i]
		base = final - (s.cost[s.place[j]] - s.u[i])
	}
	if end != none {
		for _, i := range s.done {
			s.u[i] += s.length[i] - shortest
		}
		s.follow(root, end)
	}
	s.endSearch()
	return end != none
}

// follow matches along the path that ends with row i.
func (s *assignment) follow(root, i int32) {
	for {
		j := s.through[i]
		left := s.rowOf[j]
		s.match(j, s.entry[i])
		if j == root {
			return
		}
		i = left
	}
}

func (s *assignment) endSearch() {
	for _, i := range s.reached {
		s.length[i] = math.Inf(1)
	}
	s.reached, s.done = s.reached[:0], s.done[:0]
	s.queue.clear()
}

// largestExponent bounds the scales.
const largestExponent = 1000

// scales are 2^u_i and 2^(v_j − top_j), rounded to powers of two. A power that
// moves from the columns to the rows keeps both away from the ends of the
// range.
func (s *assignment) scales() (dr, dc []float64) {
	n := len(s.u)
	dr, dc = make([]float64, n), make([]float64, n)
	most, least := math.Inf(-1), math.Inf(-1) // of what the shift is to balance
	for j, i := range s.rowOf {
		dr[i] = s.u[i]
		dc[j] = s.cost[s.place[j]] - s.u[i] - s.top[j]
		most, least = max(most, dr[i], -dc[j]), max(least, -dr[i], dc[j])
	}
	shift := 0.0
	if n > 0 {
		shift = (least - most) / 2
	}
	for k := range n {
		dr[k], dc[k] = boundedPower(dr[k]+shift), boundedPower(dc[k]-shift)
	}
	return dr, dc
}

func boundedPower(x float64) float64 {
	return math.Ldexp(1, int(max(-largestExponent, min(largestExponent, math.RoundToEven(x)))))
}

// rowQueue is a heap of rows with the least length at the top.
type rowQueue struct {
	heap   []int32
	length []float64
	at     []int32 // of a row in heap, from 1; 0 when not in it
}

func (q *rowQueue) empty() bool { return len(q.heap) == 0 }

func (q *rowQueue) clear() {
	for _, i := range q.heap {
		q.at[i] = 0
	}
	q.heap = q.heap[:0]
}

// put adds row i, or moves it up after its length became less.
func (q *rowQueue) put(i int32) {
	if q.at[i] == 0 {
		q.heap = append(q.heap, i)
		q.at[i] = int32(len(q.heap))
	}
	k := int(q.at[i]) - 1
	for k > 0 {
		up := (k - 1) / 2
		if q.length[q.heap[up]] <= q.length[i] {
			break
		}
		q.set(k, q.heap[up])
		k = up
	}
	q.set(k, i)
}

func (q *rowQueue) set(k int, i int32) { q.heap[k], q.at[i] = i, int32(k)+1 }

func (q *rowQueue) pop() int32 {
	top, n := q.heap[0], len(q.heap)-1
	last := q.heap[n]
	q.heap, q.at[top] = q.heap[:n], 0
	if n == 0 {
		return top
	}
	k := 0
	for {
		down := 2*k + 1
		if down >= n {
			break
		}
		if down+1 < n && q.length[q.heap[down+1]] < q.length[q.heap[down]] {
			down++
		}
		if q.length[last] <= q.length[q.heap[down]] {
			break
		}
		q.set(k, q.heap[down])
		k = down
	}
	q.set(k, last)
	return top
}
