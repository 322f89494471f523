package direct

import (
	"context"
	"fmt"
	"math"
	"slices"

	"solve/matrix"
	"solve/solver"
)

// gilbertPeierls is the state of one factorisation. Rows are those of the
// permuted matrix while a diagonal block is under way: which pivot they
// belong to is known when it is done.
type gilbertPeierls struct {
	*LU
	base   int64     // bytes besides L and U
	x      []float64 // the column under way, by row; zero between columns
	mark   []int32   // last column in which a row was met
	stack  []int32   // pivots that the column depends on, in order, at the end
	path   []int32   // of the depth-first search
	at     []int     // where the search goes on in each column of path
	pruned [][]int32 // rows of a column of L that searches need; nil = all

	keep []int32 // what pruned refers to

	diagRow, diagCol []int32 // row that is the diagonal of a column, and its inverse
	lo, hi           int     // the block
	next             int     // pivot to be found
	lost, firstLost  int     // columns without a pivot
}

// columnsBetweenChecks of the context.
const columnsBetweenChecks = 8

// Factor computes the LU factors of a, which has the analysed pattern. It
// takes at most maxBytes (0 = solver.DefaultMaxMemory), else the error is a
// *solver.TooLargeError; that it will is known only on the way. A column
// without a pivot gives a *SingularError, which wraps solver.ErrSingular.
func (s *LUAnalysis) Factor(ctx context.Context, a *matrix.CSR, maxBytes int64) (*LU, error) {
	if maxBytes <= 0 {
		maxBytes = solver.DefaultMaxMemory
	}
	n, nnz := s.n, len(s.row)
	base := s.baseBytes()
	if base > maxBytes {
		return nil, &solver.TooLargeError{What: "LU factorisation", Need: base, Have: maxBytes}
	}
	f := &LU{
		s: s, maxBytes: maxBytes, val: make([]float64, nnz), row: make([]int32, nnz),
		rowScale: make([]float64, n), colScale: make([]float64, n),
		pivotRow: make([]int32, n), pivotOf: make([]int32, n), rowOf: make([]int32, n),
		lp: make([]int64, n+1), up: make([]int64, n+1), leader: make([]int32, n), packed: make([]float64, n),
		diag: make([]float64, n), work: make([]float64, n),
	}
	if err := f.load(a); err != nil {
		return nil, err
	}
	g := newGilbertPeierls(f, base)
	for b := range s.Blocks() {
		if err := g.factorBlock(ctx, s.blocks[b], s.blocks[b+1]); err != nil {
			return nil, err
		}
	}
	if g.lost > 0 {
		return nil, &SingularError{N: n, Rank: n - g.lost, Column: g.firstLost}
	}
	for p, i := range s.row {
		f.row[p] = f.pivotOf[i]
	}
	for k, i := range f.pivotRow {
		f.rowOf[k] = s.rowPerm[i]
	}
	f.measure()
	return f, nil
}

func newGilbertPeierls(f *LU, base int64) *gilbertPeierls {
	n := f.s.n
	g := &gilbertPeierls{
		LU: f, base: base, x: f.work, mark: make([]int32, n), stack: make([]int32, n), path: make([]int32, n),
		at: make([]int, n), pruned: make([][]int32, n), diagRow: make([]int32, n), diagCol: make([]int32, n),
	}
	clear(g.x)
	for k := range n {
		g.mark[k], f.pivotOf[k] = none, none
		g.diagRow[k], g.diagCol[k] = int32(k), int32(k)
	}
	// A fifth more than the estimate, or half of what may be taken.
	room := int(min(0.6*f.s.nnz+float64(n), float64(f.maxBytes-base)/(4*entryBytes)))
	f.li, f.lx = make([]int32, 0, room), make([]float64, 0, room)
	f.ui, f.ux = make([]int32, 0, room), make([]float64, 0, room)
	return g
}

// factorBlock factors the diagonal block of columns lo … hi-1.
func (g *gilbertPeierls) factorBlock(ctx context.Context, lo, hi int) error {
	g.lo, g.hi, g.next = lo, hi, lo
	for k := lo; k < hi; k++ {
		if k%columnsBetweenChecks == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if err := g.reserve(hi - lo); err != nil {
			return err
		}
		top := g.reach(k)
		g.eliminate(top)
		if err := g.choosePivot(k); err != nil {
			return err
		}
	}
	for ; g.next < hi; g.next++ { // pivots that singular blocks lack
		g.lp[g.next+1], g.up[g.next+1] = int64(len(g.li)), int64(len(g.ui))
	}
	if g.lost == 0 {
		for p := g.lp[lo]; p < g.lp[hi]; p++ {
			g.li[p] = g.pivotOf[g.li[p]]
		}
	}
	return nil
}

// reach finds the pattern of column k: the pivots it depends on, on the stack
// from the place returned on, and the rows still without pivot, appended to
// L. It scatters the entries of A.
func (g *gilbertPeierls) reach(k int) (top int) {
	s, top := g.s, g.hi
	for p := s.inside[k]; p < s.colPtr[k+1]; p++ {
		i := s.row[p]
		g.x[i] = g.val[p]
		if g.mark[i] == int32(k) {
			continue
		}
		g.mark[i] = int32(k)
		if j := g.pivotOf[i]; j != none {
			top = g.search(j, int32(k), top)
		} else {
			g.li = append(g.li, i)
		}
	}
	return top
}

// search goes depth-first from pivot j through the graph of L.
func (g *gilbertPeierls) search(j, k int32, top int) int {
	mark, pivotOf, li := g.mark, g.pivotOf, g.li
	depth := 0
	g.path[0], g.at[0] = j, 0
	for depth >= 0 {
		j := g.path[depth]
		rows := g.pruned[j]
		if rows == nil {
			rows = li[g.lp[j]:g.lp[j+1]]
		}
		p := g.at[depth]
		child := none
		for p < len(rows) {
			i := rows[p]
			p++
			if mark[i] == k {
				continue
			}
			mark[i] = k
			if child = pivotOf[i]; child != none {
				break
			}
			li = append(li, i)
		}
		if child == none {
			top--
			g.stack[top] = j
			depth--
			continue
		}
		g.at[depth] = p
		depth++
		g.path[depth], g.at[depth] = child, 0
	}
	g.li = li
	return top
}

// eliminate solves with the columns of L that the stack names.
func (g *gilbertPeierls) eliminate(top int) {
	for todo := g.stack[top:g.hi]; len(todo) > 0; {
		n := g.run(todo)
		g.ui = append(g.ui, todo[:n]...)
		g.ux = g.ux[:len(g.ux)+n]
		g.eliminateRun(int(todo[0]), g.pivotRow, g.ux[len(g.ux)-n:], g.x)
		todo = todo[n:]
	}
}

// choosePivot ends column k: it gathers the candidates into L, takes the
// diagonal one or the largest, and divides by it.
func (g *gilbertPeierls) choosePivot(k int) error {
	j := g.next
	start := g.lp[j]
	rows := g.li[start:]
	joins := g.joins(k, len(rows))
	if joins {
		copy(rows, g.li[g.lp[j-1]:start])
	}
	l := g.lx[start : start+int64(len(rows))]
	at, err := g.gather(k, rows, l)
	if err != nil {
		return err
	}
	if at < 0 {
		g.dropColumn(k)
		return nil
	}
	pivot, r, last := l[at], rows[at], len(rows)-1
	g.leader[j] = int32(j)
	if joins {
		g.leader[j] = g.leader[j-1]
		for t := int(g.leader[j]); t < j; t++ { // the pivot comes first in all columns
			p := g.lp[t] + int64(j-1-t)
			q := p + int64(at)
			g.li[p], g.li[q] = g.li[q], g.li[p]
			g.lx[p], g.lx[q] = g.lx[q], g.lx[p]
		}
		rows[0], rows[at] = rows[at], rows[0]
		l[0], l[at] = l[at], l[0]
		copy(rows, rows[1:])
		copy(l, l[1:])
	} else {
		rows[at], l[at] = rows[last], l[last]
	}
	for p := range l[:last] {
		l[p] /= pivot
	}
	g.li, g.lx = g.li[:start+int64(last)], g.lx[:start+int64(last)]
	g.diag[j], g.pivotRow[j], g.pivotOf[r] = pivot, r, int32(j)
	g.lp[j+1], g.up[j+1] = int64(len(g.li)), int64(len(g.ui))
	g.next++
	if d := g.diagRow[k]; d != r { // the column that loses its diagonal takes over that of k
		other := g.diagCol[r]
		g.diagRow[other], g.diagCol[d] = d, other
		g.diagRow[k], g.diagCol[r] = r, int32(k)
	}
	g.prune(r, g.up[j], g.up[j+1])
	return nil
}

// joins reports whether column k, with that many candidates, has the rows of
// the column before as candidates and joins its supernode.
func (g *gilbertPeierls) joins(k, candidates int) bool {
	j := g.next
	return j > g.lo && g.mark[g.pivotRow[j-1]] == int32(k) && int64(candidates) == g.lp[j]-g.lp[j-1] &&
		j-int(g.leader[j-1]) < widestRun
}

// gather moves the candidates of column k from x to l and returns the place
// of the pivot, -1 if all are zero.
func (g *gilbertPeierls) gather(k int, rows []int32, l []float64) (at int, err error) {
	largest, at, diag := 0.0, -1, -1
	for p, i := range rows {
		v := g.x[i]
		g.x[i], l[p] = 0, v
		if a := math.Abs(v); a > largest {
			largest, at = a, p
		} else if a != a {
			largest = a
			break
		}
		if i == g.diagRow[k] {
			diag = p
		}
	}
	if !(largest <= math.MaxFloat64) {
		return 0, fmt.Errorf("direct: overflow in column %d: %w", g.s.colPerm[k]+1, solver.ErrNonFinite)
	}
	if diag >= 0 && l[diag] != 0 && math.Abs(l[diag]) >= g.s.tolerance*largest {
		at = diag
	}
	return at, nil
}

// dropColumn leaves column k out, so that the columns that follow show how
// large the rank is at least.
func (g *gilbertPeierls) dropColumn(k int) {
	if g.lost == 0 {
		g.firstLost = int(g.s.colPerm[k]) + 1
	}
	g.lost++
	g.li, g.ui, g.ux = g.li[:g.lp[g.next]], g.ui[:g.up[g.next]], g.ux[:g.up[g.next]]
}

// prune shortens what later searches look at. Where column j of L has row r,
// which has just become a pivot, and U has row j in its column, whatever can
// be reached from the rows of j without pivot can be reached through r.
//
// S. Eisenstat, J. Liu, Exploiting structural symmetry in unsymmetric sparse
// symbolic factorization, SIAM J. Matrix Anal. Appl. 13 (1992).
func (g *gilbertPeierls) prune(r int32, from, to int64) {
	for _, j := range g.ui[from:to] {
		if g.pruned[j] != nil {
			continue
		}
		rows := g.li[g.lp[j]:g.lp[j+1]]
		if !slices.Contains(rows, r) {
			continue
		}
		start := len(g.keep)
		for _, i := range rows {
			if g.pivotOf[i] != none {
				g.keep = append(g.keep, i)
			}
		}
		g.pruned[j] = g.keep[start:len(g.keep):len(g.keep)]
	}
}

// entryBytes is the size of a stored entry: a value and a row.
const entryBytes = 12

// reserve makes room for n more entries of L and of U.
func (g *gilbertPeierls) reserve(n int) error {
	var err error
	if len(g.li)+n > cap(g.li) {
		g.li, g.lx, err = g.grow(g.li, g.lx, n, cap(g.ui))
	}
	if err == nil && len(g.ui)+n > cap(g.ui) {
		g.ui, g.ux, err = g.grow(g.ui, g.ux, n, cap(g.li))
	}
	return err
}

// grow moves a list to one half as long again, or just long enough where
// memory is short; old and new exist side by side.
func (g *gilbertPeierls) grow(index []int32, value []float64, n, other int) ([]int32, []float64, error) {
	least := len(index) + n
	room := max(least, cap(index)+cap(index)/2)
	need := func(room int) int64 { return g.base + entryBytes*int64(room+cap(index)+other) + 4*int64(cap(g.keep)) }
	if need(room) > g.maxBytes {
		room = least
	}
	if need(room) > g.maxBytes {
		return index, value, &solver.TooLargeError{What: "LU factorisation", Need: need(room), Have: g.maxBytes}
	}
	return append(make([]int32, 0, room), index...), append(make([]float64, 0, room), value...), nil
}
