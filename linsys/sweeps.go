package linsys

import (
	"slices"
	"sync/atomic"
	"time"

	"solve/internal/par"
)

// sweeps runs a forward and a backward sweep over the rows of two triangles.
// Rows stay in their order, which is that of memory; what runs side by side
// are blocks of them, as the graph of the blocks allows (level scheduling,
// Saad, Iterative Methods for Sparse Linear Systems, 2nd ed., §11.6.3, with
// each block waiting for the blocks that it needs instead of for a level).
type sweeps struct {
	n                 int
	forward, backward func(lo, hi int)
	backwardFirst     bool
	threads           int

	starts         []int32 // block b has the rows from starts[b] to starts[b+1]; nil: too few blocks run side by side
	plan           [2]schedule
	epoch          uint32
	claimed, ended atomic.Int64
	worker         func(int)
	waits          atomic.Int64 // that outlasted patience, in this run
	alone          int          // runs to do on one thread
}

// schedule is the order in which the blocks of one sweep are claimed, and
// for each block the earlier ones that it needs.
type schedule struct {
	order []int32
	needs pattern
	done  []atomic.Uint32 // the epoch of the last run that finished the block
}

// pattern is a triangle without values.
type pattern struct {
	ptr []int64
	col []int32
}

const (
	smallestBlock = 128 // rows: about a microsecond, ten times what a claim takes
	largestBlock  = 2048
	// wideGraph is the mean number of blocks in a level that keeps two
	// threads from waiting for each other.
	wideGraph = 7
	// fewRows is the order up to which one thread is as fast.
	fewRows = 1 << 14
)

func (s *sweeps) init(lower, upper triangle) {
	s.n = len(lower.ptr) - 1
	s.worker = s.work
	if s.n <= fewRows {
		return
	}
	rows, l, u := rowBlocks(lower, smallestBlock), pattern{lower.ptr, lower.col}, pattern{upper.ptr, upper.col}
	forward := l.join(rows)
	if !forward.wide(false) {
		return
	}
	backward := u.join(rows)
	if !backward.wide(true) {
		return
	}
	for size := 2 * smallestBlock; size <= largestBlock; size *= 2 {
		starts := forward.pairs(rows, int32(size))
		f, b := forward.join(starts), backward.join(starts)
		if !f.wide(false) || !b.wide(true) {
			break
		}
		for k, p := range starts {
			starts[k] = rows[p]
		}
		rows, forward, backward = starts, f, b
	}
	s.starts = rows
	s.plan[0], s.plan[1] = newSchedule(forward, false), newSchedule(backward, true)
}

// rowBlocks cuts the rows into blocks of at most size. A row that needs none
// of the size rows before it, as at the start of a line or a plane of a grid,
// begins a block if size/2 rows lie between it and the last such row: blocks
// across it would make a chain.
func rowBlocks(lower triangle, size int32) []int32 {
	n := int32(len(lower.ptr) - 1)
	starts := []int32{0}
	first, line := int32(0), int32(0)
	for i := int32(1); i < n; i++ {
		lo, hi := lower.ptr[i], lower.ptr[i+1]
		apart := i-line >= size/2 && (lo == hi || i-lower.col[hi-1] >= size)
		if apart {
			line = i
		}
		if apart || i-first == size {
			first = i
			starts = append(starts, i)
		}
	}
	return append(starts, n)
}

// pairs joins neighbouring blocks to those of at most size rows, with the
// rule of rowBlocks. It returns the numbers of the blocks that begin one.
func (g pattern) pairs(rows []int32, size int32) []int32 {
	n := int32(len(g.ptr) - 1)
	starts := []int32{0}
	first, line := int32(0), int32(0)
	for b := int32(1); b < n; b++ {
		apart := rows[b]-rows[line] >= size/2 && !slices.Contains(g.col[g.ptr[b]:g.ptr[b+1]], b-1)
		if apart {
			line = b
		}
		if apart || rows[b+1]-rows[first] > size {
			first = b
			starts = append(starts, b)
		}
	}
	return append(starts, n)
}

// join is the pattern of the blocks that begin at starts.
func (g pattern) join(starts []int32) pattern {
	blocks := len(starts) - 1
	of := make([]int32, len(g.ptr)-1)
	for b := range blocks {
		for i := starts[b]; i < starts[b+1]; i++ {
			of[i] = int32(b)
		}
	}
	out := pattern{ptr: make([]int64, blocks+1)}
	seen := make([]int32, blocks) // 1 + the last block that needed it
	for b := range int32(blocks) {
		for _, c := range g.col[g.ptr[starts[b]]:g.ptr[starts[b+1]]] {
			if q := of[c]; q != b && seen[q] != b+1 {
				seen[q] = b + 1
				out.col = append(out.col, q)
			}
		}
		out.ptr[b+1] = int64(len(out.col))
	}
	return out
}

// levels gives every block a level above those of the blocks that it needs.
func (g pattern) levels(backward bool) (level []int32, count int) {
	n := len(g.ptr) - 1
	level = make([]int32, n)
	for k := range n {
		b := k
		if backward {
			b = n - 1 - k
		}
		l := int32(0)
		for _, q := range g.col[g.ptr[b]:g.ptr[b+1]] {
			l = max(l, level[q]+1)
		}
		level[b] = l
		count = max(count, int(l)+1)
	}
	return level, count
}

func (g pattern) wide(backward bool) bool {
	level, count := g.levels(backward)
	return float64(len(level)) >= wideGraph*float64(count)
}

func newSchedule(g pattern, backward bool) schedule {
	level, count := g.levels(backward)
	start := make([]int32, count+1)
	for _, l := range level {
		start[l+1]++
	}
	for l := range count {
		start[l+1] += start[l]
	}
	order := make([]int32, len(level))
	for b, l := range level {
		order[start[l]] = int32(b)
		start[l]++
	}
	return schedule{order: order, needs: g, done: make([]atomic.Uint32, len(level))}
}

const (
	// patience is how often a block is looked at before the thread sleeps,
	// some 100 µs: waits are about a block's time, ten times less, unless the
	// processor is taken by others.
	patience = 60_000
	nap      = 20 * time.Microsecond
	// Runs with more naps than one in busy blocks show that the processors
	// have other work: the next retreat runs keep to one thread.
	busy    = 64
	retreat = 32
)

func (s *sweeps) run() {
	switch {
	case s.starts == nil || par.Threads(s.threads) < 2:
	case s.alone > 0:
		s.alone--
	default:
		s.runBlocks()
		return
	}
	if s.backwardFirst {
		s.backward(0, s.n)
		s.forward(0, s.n)
	} else {
		s.forward(0, s.n)
		s.backward(0, s.n)
	}
}

func (s *sweeps) runBlocks() {
	s.epoch++
	s.claimed.Store(0)
	s.ended.Store(0)
	s.waits.Store(0)
	workers := min(2, par.Threads(s.threads))
	par.For(workers, workers, s.worker)
	if s.waits.Load()*busy > int64(len(s.plan[0].order)) {
		s.alone = retreat
	}
}

// work claims blocks until there are none. The first that isn't over, in the
// order of claims, needs only blocks that are, so that nobody waits for
// long.
func (s *sweeps) work(int) {
	blocks := int64(len(s.plan[0].order))
	for {
		c := s.claimed.Add(1) - 1
		switch {
		case c < blocks:
			s.do(int(c), s.backwardFirst)
		case c < 2*blocks:
			for k := 1; s.ended.Load() < blocks; k++ {
				s.pause(k)
			}
			s.do(int(c-blocks), !s.backwardFirst)
		default:
			return
		}
		s.ended.Add(1)
	}
}

// do runs the c-th block of one sweep.
func (s *sweeps) do(c int, backward bool) {
	p, sweep := &s.plan[0], s.forward
	if backward {
		p, sweep = &s.plan[1], s.backward
	}
	b := p.order[c]
	for _, q := range p.needs.col[p.needs.ptr[b]:p.needs.ptr[b+1]] {
		for k := 1; p.done[q].Load() != s.epoch; k++ {
			s.pause(k)
		}
	}
	sweep(int(s.starts[b]), int(s.starts[b+1]))
	p.done[b].Store(s.epoch)
}

func (s *sweeps) pause(looks int) {
	if looks%patience == 0 {
		s.waits.Add(1)
		time.Sleep(nap)
	}
}
