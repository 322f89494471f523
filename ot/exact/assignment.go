package exact

import (
	"context"
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/solver"
)

// Assign gives every row a column of its own at the least total cost; the cost
// has at least as many columns as rows. Masses of the result are 1, and its
// Permutation is the answer. Potentials have f_i + g_j ≤ C_ij and, where
// columns remain, g ≤ 0; the dual bound is Σ f + Σ g.
func Assign(ctx context.Context, cost Cost, opt *Options) (*Result, error) {
	n, m := cost.Dims()
	if n > m {
		return nil, fmt.Errorf("exact: %d rows cannot all have one of %d columns: %w", n, m, solver.ErrInput)
	}
	s, err := New(ctx, cost, opt)
	if err != nil {
		return nil, err
	}
	if s.opt.Method == Line {
		return nil, &solver.OptionError{Name: "method", Value: Line, Want: "auto, simplex or assignment for an assignment"}
	}
	if n == m {
		return s.Solve(ctx, ones(n), ones(n))
	}
	q := &masses{a: repeat(1, int64(n)), b: repeat(1, int64(m)), rows: upTo(n), cols: upTo(m), total: float64(n), units: int64(n),
		integers: true, matched: true, given: [2][]float64{ones(n), ones(m)}}
	return s.run(ctx, q, func(r *run) error {
		r.res.Method, r.res.Why = Assignment, "there are more columns than rows"
		return nil
	})
}

func ones(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = 1
	}
	return out
}

// matching is a partial assignment with potentials: reduced costs
// c_ij − f_i − g_j are nonnegative, and zero where row i has column j. f is
// not stored: it is what makes a matched arc zero, and for a free row the
// minimum.
type matching struct {
	ctx  context.Context
	g    ground
	n, m int
	pot  []float64 // g
	col  []int32   // of each row, −1 = free
	row  []int32   // of each column, −1 = free
	buf  []float64

	dist   []float64 // of open columns; +Inf once they are closed
	pred   []int32
	masked []float64 // g, −Inf at closed columns
	closed []int32
}

// assignment is the method of shortest augmenting paths: reduction of rows and
// columns, two rounds of augmenting row reduction, then Dijkstra's method for
// each row that is still free.
func (r *run) assignment(ctx context.Context) (*answer, error) {
	n, m := r.g.dims()
	k := &matching{ctx: ctx, g: r.g, n: n, m: m, pot: make([]float64, m), col: make([]int32, n), row: make([]int32, m), buf: make([]float64, m),
		dist: make([]float64, m), pred: make([]int32, m), masked: make([]float64, m)}
	for i := range k.col {
		k.col[i] = -1
	}
	for j := range k.row {
		k.row[j] = -1
	}
	free, err := k.reduce(r.threads)
	if err != nil {
		return nil, err
	}
	for range 2 {
		if free, err = k.augmentRows(free); err != nil {
			return nil, err
		}
	}
	for _, i := range free {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !k.augment(i) {
			k.violating(r, i)
			return nil, nil
		}
		r.res.Stats.Pivots++
	}
	return r.assigned(ctx, k)
}

// assigned turns a complete matching into an answer and prices it.
func (r *run) assigned(ctx context.Context, k *matching) (*answer, error) {
	ans := &answer{f: make([]float64, k.n), g: k.pot, pinned: k.n < k.m}
	arcs := make([]arc, k.n)
	for i, j := range k.col {
		c := k.g.at(i, int(j))
		ans.f[i] = c - k.pot[j]
		ans.cells = append(ans.cells, cellFlow{int32(i), j, r.a[i]})
		arcs[i] = arc{int32(i), int32(k.n) + j, c}
	}
	return ans, r.judge(ctx, ans, arcs)
}

// judge prices all arcs but those of a plan that was not found by a tree.
func (r *run) judge(ctx context.Context, ans *answer, basis []arc) error {
	t := &tree{n: len(ans.f), m: len(ans.g), phi: ans.f, tol: r.s.trait.tol()}
	start, cols := byRow(t.n, basis)
	found, err := t.priceAgainst(ctx, r.threads, r.g, ans.g, nil, start, cols)
	ans.min, ans.below, ans.tight = found.min, found.below, found.tight
	r.res.Stats.Sweeps++
	return err
}

// reduce starts from row minima and, with as many rows as columns, column
// minima of what they leave, and matches greedily where that leaves zero.
// It returns the free rows.
func (k *matching) reduce(threads int) ([]int32, error) {
	f := make([]float64, k.n)
	if err := minima(k.ctx, threads, k.g, k.pot, f); err != nil {
		return nil, err
	}
	if k.n == k.m {
		replaceInf(f)
		if err := columnMinima(k.ctx, threads, k.g, f, k.pot); err != nil {
			return nil, err
		}
		replaceInf(k.pot)
	}
	var free []int32
	s := k.g.seek(k.pot).fork()
	var l kern.LaneMinima
	for i := range k.n {
		l.Reset(math.Inf(1))
		s.search(i, &l)
		least := l.Best()
		for lane, v := range l.Val {
			if j := l.Arg[lane]; v == least && j >= 0 && k.row[j] < 0 {
				k.col[i], k.row[j] = int32(j), int32(i)
				break
			}
		}
		if k.col[i] < 0 {
			free = append(free, int32(i))
		}
	}
	return free, nil
}

// rowAugmentations bounds the row reductions for each free row: rows that bid
// for the same few columns in small steps are left to Dijkstra.
const rowAugmentations = 2

// augmentRows gives each free row its best column, whose potential it lowers
// until the second best is as good; who had the column is free then, and next
// if the potential has changed.
func (k *matching) augmentRows(free []int32) ([]int32, error) {
	var left []int32
	var l kern.LaneMinima
	queue := append([]int32(nil), free...)
	for limit := rowAugmentations * len(free); len(queue) > 0; limit-- {
		if limit%patience == 0 {
			if err := k.ctx.Err(); err != nil {
				return nil, err
			}
		}
		i := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if limit <= 0 {
			left = append(left, i)
			continue
		}
		row := k.g.row(int(i), 0, k.buf)
		l.Reset(math.Inf(1))
		kern.LaneMin(&l, row, k.pot, 0)
		best, j1, second, j2 := k.twoLeast(row, &l)
		if math.IsInf(second, 1) {
			left = append(left, i)
			continue
		}
		lowered := k.pot[j1] - (second - best)
		if lowered < k.pot[j1] {
			k.pot[j1] = lowered
		} else if k.row[j1] >= 0 {
			j1 = j2
		}
		before := k.row[j1]
		k.col[i], k.row[j1] = int32(j1), i
		if before < 0 {
			continue
		}
		k.col[before] = -1
		if second > best {
			queue = append(queue, before)
		} else {
			left = append(left, before)
		}
	}
	return left, nil
}

// twoLeast are the two least elements of a row less potentials, from its lane
// minima; the second may hide in the lane of the first.
func (k *matching) twoLeast(row []float64, l *kern.LaneMinima) (best float64, j1 int, second float64, j2 int) {
	lane := 0
	for q, v := range l.Val {
		if v < l.Val[lane] {
			lane = q
		}
	}
	best, j1 = l.Val[lane], int(l.Arg[lane])
	second, j2 = math.Inf(1), -1
	for q, v := range l.Val {
		if q != lane && v < second {
			second, j2 = v, int(l.Arg[q])
		}
	}
	for j := lane; j < k.m; j += kern.Lanes {
		if v := row[j] - k.pot[j]; j != j1 && v < second {
			second, j2 = v, j
		}
	}
	return best, j1, second, j2
}

// augment finds the shortest path from free row i to a free column, adjusts
// the potentials of the columns it has closed and turns the path around. It
// reports false if there is no path.
func (k *matching) augment(i int32) bool {
	for j := range k.dist {
		k.dist[j] = math.Inf(1)
	}
	copy(k.masked, k.pot)
	k.closed = k.closed[:0]
	reached, at := 0.0, i
	var end int32
	lengths := []float64(nil)
	for shift := 0.0; ; {
		j, d := k.relax(at, shift)
		if j < 0 {
			return false
		}
		reached, end = d, j
		if k.row[j] < 0 {
			break
		}
		k.closed = append(k.closed, j)
		lengths = append(lengths, d)
		k.dist[j], k.masked[j] = math.Inf(1), math.Inf(-1)
		at = k.row[j]
		shift = d - (k.g.at(int(at), int(j)) - k.pot[j])
	}
	for q, j := range k.closed {
		k.pot[j] += lengths[q] - reached
	}
	for j := end; ; {
		p := k.pred[j]
		k.row[j] = p
		j, k.col[p] = k.col[p], j
		if p == i {
			return true
		}
	}
}

// relax improves the distances by the arcs of row i and returns the open
// column that is nearest now, −1 if none is in reach.
func (k *matching) relax(i int32, shift float64) (int32, float64) {
	row := k.g.row(int(i), 0, k.buf)
	at, d := kern.RelaxMin(k.dist, k.pred, row, k.masked, shift, i)
	return int32(at), d
}

// violating names the rows that the last search has reached: they are one more
// than the columns that they can have.
func (k *matching) violating(r *run, i int32) {
	rows := []int32{i}
	for _, j := range k.closed {
		rows = append(rows, k.row[j])
	}
	for _, i := range rows {
		r.res.ViolatingRows = append(r.res.ViolatingRows, int(r.rows[i]))
	}
	unit := r.a[0]
	r.res.setViolation(r.masses.mass(int64(len(rows))*unit), r.masses.mass(int64(len(rows)-1)*unit))
}
