package direct

// refiner improves a vertex separator by moving its vertices to either side,
// their neighbours on the other side taking their place (C. Fiduccia and R.
// Mattheyses 1982 for the queues and the undoing; for separators, C. Ashcraft
// and J. Liu 1994, B. Hendrickson and E. Rothberg 1998).
type refiner struct {
	g        *piece
	where    []uint8
	weight   [3]int32
	heaviest int32      // of a side
	beside   [2][]int32 // of a separator vertex: weight of its neighbours on each side
	inside   []int32    // the vertices of the separator
	listed   []int32    // the pass in whose list a vertex is
	pass     int32
	queue    gainQueue // separator vertices by gain
	pulled   []int32   // vertices that came into the separator, move after move
	moves    []separatorMove
}

// separatorMove took v to a side; what it pulled begins at pulled[first].
type separatorMove struct {
	v     int32
	side  uint8
	first int
}

// begin takes up a graph and a partition of it, which is changed in place.
func (f *refiner) begin(g *piece, where []uint8) {
	n := int(g.order())
	f.g, f.where = g, where
	f.heaviest = g.total/5*3 + 1
	if len(f.listed) < n {
		f.listed, f.pass = make([]int32, n), 0
		f.beside = [2][]int32{make([]int32, n), make([]int32, n)}
	}
	f.weight = [3]int32{}
	f.inside = f.inside[:0]
	for v, s := range where {
		f.weight[s] += g.weight[v]
		if s == separator {
			f.inside = append(f.inside, int32(v))
		}
	}
	for _, v := range f.inside {
		f.measure(v)
	}
}

// measure sums the weights beside separator vertex v.
func (f *refiner) measure(v int32) {
	var beside [3]int32
	for _, j := range f.g.neighbours(v) {
		beside[f.where[j]] += f.g.weight[j]
	}
	f.beside[0][v], f.beside[1][v] = beside[0], beside[1]
}

// gain is by how much the separator gets lighter when v goes to side.
func (f *refiner) gain(v int32, side uint8) int32 { return f.g.weight[v] - f.beside[1-side][v] }

// toSeparator brings v from a side into the separator.
func (f *refiner) toSeparator(v int32, side uint8) {
	w := f.g.weight[v]
	f.where[v] = separator
	f.weight[side] -= w
	f.weight[separator] += w
	var beside [3]int32
	for _, j := range f.g.neighbours(v) {
		s := f.where[j]
		beside[s] += f.g.weight[j]
		if s == separator {
			f.beside[side][j] -= w
		}
	}
	f.beside[0][v], f.beside[1][v] = beside[0], beside[1]
}

// toSide takes v from the separator to a side, without regard to edges that
// then cross.
func (f *refiner) toSide(v int32, side uint8) {
	w := f.g.weight[v]
	f.where[v] = side
	f.weight[side] += w
	f.weight[separator] -= w
	for _, j := range f.g.neighbours(v) {
		if f.where[j] == separator {
			f.beside[side][j] += w
		}
	}
}

// move takes separator vertex v to a side and its neighbours on the other
// side into the separator; those are appended to pulled. The queue follows.
func (f *refiner) move(v int32, side uint8) {
	first := len(f.pulled)
	f.toSide(v, side)
	for _, j := range f.g.neighbours(v) {
		if f.where[j] == 1-side {
			f.pulled = append(f.pulled, j)
		}
	}
	for _, u := range f.pulled[first:] {
		f.toSeparator(u, 1-side)
		for _, j := range f.g.neighbours(u) {
			if f.where[j] == separator {
				f.queue.raise(j, f.g.weight[u])
			}
		}
	}
}

// refine moves the separator towards the lighter side and back while that
// helps.
func (f *refiner) refine() {
	const rounds = 6
	for range rounds {
		side := uint8(0)
		if f.weight[1] < f.weight[0] {
			side = 1
		}
		a, b := f.improve(side), f.improve(1-side)
		if !a && !b {
			return
		}
	}
}

// improve is one pass: vertices move to one side, each at most once, always
// the one that gains most, also where the separator gets heavier for a while;
// the moves after the best state are undone.
func (f *refiner) improve(side uint8) bool {
	f.pass++
	f.moves, f.pulled = f.moves[:0], f.pulled[:0]
	f.queue.reset(int(f.g.order()))
	for _, v := range f.inside {
		f.queue.push(v, f.gain(v, side))
	}
	best, bestMoves := f.weight, 0
	patience := min(300, 2*len(f.inside))
	for !f.queue.empty() && len(f.moves)-bestMoves <= patience {
		v := f.queue.pop()
		if f.weight[side]+f.g.weight[v] > f.heaviest {
			continue
		}
		first := len(f.pulled)
		f.move(v, side)
		for _, u := range f.pulled[first:] {
			f.queue.push(u, f.gain(u, side))
		}
		f.moves = append(f.moves, separatorMove{v, side, first})
		if better(f.weight, best) {
			best, bestMoves = f.weight, len(f.moves)
		}
	}
	f.queue.clear()
	f.undo(bestMoves)
	f.relist()
	return bestMoves > 0
}

// undo takes back the moves after the first ones.
func (f *refiner) undo(keep int) {
	for k := len(f.moves) - 1; k >= keep; k-- {
		m := f.moves[k]
		end := len(f.pulled)
		if k+1 < len(f.moves) {
			end = f.moves[k+1].first
		}
		for x := end - 1; x >= m.first; x-- {
			f.toSide(f.pulled[x], 1-m.side)
		}
		f.toSeparator(m.v, m.side)
	}
}

// relist finds the vertices of the separator among those that were in it.
func (f *refiner) relist() {
	kept := f.inside[:0]
	for _, list := range [2][]int32{f.inside, f.pulled} {
		for _, v := range list {
			if f.where[v] == separator && f.listed[v] != f.pass {
				f.listed[v] = f.pass
				kept = append(kept, v)
			}
		}
	}
	f.inside = kept
}
