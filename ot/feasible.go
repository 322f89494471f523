package ot

import (
	"fmt"
	"math"

	"solve/solver"
)

// infeasible decides whether mass can be moved along the finite entries of
// the cost alone, by a maximum flow (Dinic 1970; Hall's condition with
// masses). If it cannot, it returns a set of rows with more mass than the
// columns they reach; else nil.
func infeasible(p *Problem) []int {
	f := newFlow(p)
	if rows := f.isolated(p); rows != nil {
		return rows
	}
	for f.augment() {
	}
	left := 0.0
	for _, x := range f.excess {
		left += x
	}
	if left <= flowTolerance*f.mass {
		return nil
	}
	return f.violation()
}

// isolated looks for a point with mass, however little, that no arc reaches.
func (f *flow) isolated(p *Problem) []int {
	for i, a := range p.A {
		if a > 0 && len(f.arcs[i]) == 0 {
			return []int{i}
		}
	}
	for j, b := range p.B {
		if b > 0 && len(f.back[j]) == 0 {
			return support(p.A) // all of them reach less than everything
		}
	}
	return nil
}

// flowTolerance is the relative mass that rounding may leave behind.
const flowTolerance = 1e-12

// flow is a maximum flow on the bipartite graph of the finite entries: mass
// runs forward along every arc and back along arcs that carry some.
type flow struct {
	n, m   int
	mass   float64
	arcs   [][]arc     // by row
	back   [][]backArc // by column
	excess []float64   // mass still at the rows
	room   []float64   // mass still wanted by the columns
	level  []int       // breadth-first level: rows 0…n−1, columns n…n+m−1
	next   []int       // next arc to try
}

type arc struct {
	col  int
	flow float64
}

type backArc struct{ row, at int }

// flowBytes is about what newFlow takes when so many arcs are forbidden.
func flowBytes(p *Problem, forbidden int) int64 {
	const arcBytes = 16 + 16
	n, m := p.Cost.Dims()
	return arcBytes * (int64(n)*int64(m) - int64(forbidden))
}

func newFlow(p *Problem) *flow {
	n, m := p.Cost.Dims()
	f := &flow{n: n, m: m, arcs: make([][]arc, n), back: make([][]backArc, m),
		excess: append([]float64(nil), p.A...), room: append([]float64(nil), p.B...),
		level: make([]int, n+m), next: make([]int, n+m)}
	row := make([]float64, m)
	for i, a := range p.A {
		f.mass += a
		if a == 0 {
			continue
		}
		p.Cost.Row(i, 0, row)
		for j, c := range row {
			if !math.IsInf(c, 1) && p.B[j] > 0 {
				f.back[j] = append(f.back[j], backArc{i, len(f.arcs[i])})
				f.arcs[i] = append(f.arcs[i], arc{col: j})
			}
		}
	}
	return f
}

// augment pushes a blocking flow along shortest paths and reports whether it
// moved anything.
func (f *flow) augment() bool {
	if !f.search() {
		return false
	}
	clear(f.next)
	moved := 0.0
	for i := range f.n {
		for f.excess[i] > 0 {
			x := f.pushRow(i, f.excess[i])
			if x == 0 {
				break
			}
			f.excess[i] -= x
			moved += x
		}
	}
	return moved > 0
}

// search levels the nodes by distance from the rows with excess and reports
// whether a column with room is reached.
func (f *flow) search() bool {
	for v := range f.level {
		f.level[v] = -1
	}
	var queue []int
	for i, x := range f.excess {
		if x > flowTolerance*f.mass/float64(f.n) {
			f.level[i] = 0
			queue = append(queue, i)
		}
	}
	found := false
	visit := func(v, level int) {
		if f.level[v] < 0 {
			f.level[v] = level
			queue = append(queue, v)
		}
	}
	for len(queue) > 0 {
		v := queue[0]
		queue = queue[1:]
		if v < f.n {
			for _, a := range f.arcs[v] {
				visit(f.n+a.col, f.level[v]+1)
			}
			continue
		}
		j := v - f.n
		found = found || f.room[j] > 0
		for _, b := range f.back[j] {
			if f.arcs[b.row][b.at].flow > 0 {
				visit(b.row, f.level[v]+1)
			}
		}
	}
	return found
}

// pushRow sends up to x from row i to columns one level on.
func (f *flow) pushRow(i int, x float64) float64 {
	for ; f.next[i] < len(f.arcs[i]); f.next[i]++ {
		a := &f.arcs[i][f.next[i]]
		if f.level[f.n+a.col] != f.level[i]+1 {
			continue
		}
		if sent := f.pushCol(a.col, x); sent > 0 {
			a.flow += sent
			return sent
		}
	}
	return 0
}

// pushCol delivers up to x in column j, or sends it back to rows one level on.
func (f *flow) pushCol(j int, x float64) float64 {
	if f.room[j] > 0 {
		sent := min(x, f.room[j])
		f.room[j] -= sent
		return sent
	}
	v := f.n + j
	for ; f.next[v] < len(f.back[j]); f.next[v]++ {
		b := f.back[j][f.next[v]]
		a := &f.arcs[b.row][b.at]
		if a.flow <= 0 || f.level[b.row] != f.level[v]+1 {
			continue
		}
		if sent := f.pushRow(b.row, min(x, a.flow)); sent > 0 {
			a.flow -= sent
			return sent
		}
	}
	return 0
}

// violation lists the rows that the last search reached: together they hold
// more mass than the columns that they reach.
func (f *flow) violation() []int {
	var rows []int
	for i, a := range f.arcs {
		if f.level[i] >= 0 && len(a) > 0 {
			rows = append(rows, i)
		}
	}
	return rows
}

// violationVerdict states a violating set of rows in words, from 1.
func violationVerdict(rows []int, held, reachable float64) solver.Verdict {
	const listed = 20
	var list []int
	for _, i := range rows[:min(listed, len(rows))] {
		list = append(list, i+1)
	}
	text := fmt.Sprint(list)
	if len(rows) > listed {
		text = fmt.Sprintf("%s and %d more", text, len(rows)-listed)
	}
	return solver.Verdict{Status: solver.Infeasible, Reason: solver.ViolatingSet,
		Detail: fmt.Sprintf("rows %s hold mass %.15g but reach columns that take only %.15g", text, held, reachable)}
}
