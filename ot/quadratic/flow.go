package quadratic

import "math"

// flow moves mass from rows to columns along allowed arcs, and back along arcs
// that carry some: a maximum flow by blocking flows on shortest paths (Dinic
// 1970).
type flow struct {
	r            *reduced
	t            []float64 // n×m, the mass on every arc
	excess, room []float64 // mass still at the rows, and wanted by the columns
	level        []int32   // breadth-first: rows, then columns
	next         []int32   // next arc to try
}

// flowTolerance is the mass that rounding may leave behind.
const flowTolerance = 1e-12

func newFlow(r *reduced, t, excess, room []float64) *flow {
	return &flow{r: r, t: t, excess: excess, room: room, level: make([]int32, r.n+r.m), next: make([]int32, r.n+r.m)}
}

// run moves all that can be moved and returns what is left.
func (f *flow) run() float64 {
	for f.augment() {
	}
	left := 0.0
	for _, x := range f.excess {
		left += x
	}
	return left
}

func (f *flow) allowed(i, j int) bool { return !math.IsInf(f.r.c[i*f.r.m+j], 1) }

// augment pushes a blocking flow and reports whether it moved anything.
func (f *flow) augment() bool {
	if !f.search() {
		return false
	}
	clear(f.next)
	moved := false
	for i := range f.r.n {
		for f.excess[i] > 0 && f.level[i] == 0 {
			x := f.pushRow(i, f.excess[i])
			if x == 0 {
				break
			}
			f.excess[i] -= x
			moved = true
		}
	}
	return moved
}

// search levels the nodes from the rows with excess and reports whether it met
// a column with room.
func (f *flow) search() bool {
	n, m := f.r.n, f.r.m
	for v := range f.level {
		f.level[v] = -1
	}
	var queue []int32
	for i, x := range f.excess {
		if x > 0x1p-60*f.r.a[i] {
			f.level[i] = 0
			queue = append(queue, int32(i))
		}
	}
	found := false
	for at := 0; at < len(queue); at++ {
		v := int(queue[at])
		if v < n {
			for j := range m {
				if f.level[n+j] < 0 && f.allowed(v, j) {
					f.level[n+j] = f.level[v] + 1
					queue = append(queue, int32(n+j))
				}
			}
			continue
		}
		j := v - n
		found = found || f.room[j] > 0
		for i := range n {
			if f.level[i] < 0 && f.t[i*m+j] > 0 {
				f.level[i] = f.level[v] + 1
				queue = append(queue, int32(i))
			}
		}
	}
	return found
}

// pushRow sends up to x from row i to columns one level on.
func (f *flow) pushRow(i int, x float64) float64 {
	for ; int(f.next[i]) < f.r.m; f.next[i]++ {
		j := int(f.next[i])
		if f.level[f.r.n+j] != f.level[i]+1 || !f.allowed(i, j) {
			continue
		}
		if sent := f.pushCol(j, x); sent > 0 {
			f.t[i*f.r.m+j] += sent
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
	v := f.r.n + j
	for ; int(f.next[v]) < f.r.n; f.next[v]++ {
		i := int(f.next[v])
		t := &f.t[i*f.r.m+j]
		if *t <= 0 || f.level[i] != f.level[v]+1 {
			continue
		}
		if sent := f.pushRow(i, min(x, *t)); sent > 0 {
			*t -= sent
			return sent
		}
	}
	return 0
}

// violation is a set of nodes of the smaller side, of the last search, that
// hold more than what they reach takes.
func (f *flow) violation() (rows, cols []int) {
	for i := range f.r.n {
		if f.level[i] >= 0 {
			rows = append(rows, i)
		}
	}
	for j := range f.r.m {
		if f.level[f.r.n+j] >= 0 {
			cols = append(cols, j)
		}
	}
	return rows, cols
}
