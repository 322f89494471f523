package linsys

import "sync"

// columnQueue hands the columns of a system out to blocks. Each has a share,
// and is given single columns of the others once that has gone.
type columnQueue struct {
	mu     sync.Mutex
	shares [][2]int // the first column that waits, and the end
}

func newColumnQueue(columns, blocks int) *columnQueue {
	q := &columnQueue{}
	for k := range blocks {
		q.shares = append(q.shares, [2]int{k * columns / blocks, (k + 1) * columns / blocks})
	}
	return q
}

// claim gives block k its next columns, lo … hi−1; none when all have gone.
func (q *columnQueue) claim(k int) (lo, hi int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	most := groupWidth
	for i := range q.shares {
		s := &q.shares[(k+i)%len(q.shares)]
		if lo = s[0]; lo < s[1] {
			s[0] = min(lo+most, s[1])
			return lo, s[0]
		}
		most = 1
	}
	return 0, 0
}

// tile are columns that a block has claimed, side by side in its own memory: a
// cache line of B holds eight.
type tile struct {
	queue   *columnQueue
	share   int
	columns int
	b, x    []float64 // of all columns, row-major

	at, lo, hi int // columns at … hi−1 wait
	ownB, ownX []float64
}

// next gives the lane a column; false if none is left.
func (t *tile) next(c *lane) bool {
	if t.at == t.hi {
		t.lo, t.hi = t.queue.claim(t.share)
		if t.at = t.lo; t.lo == t.hi {
			return false
		}
		t.fetch()
	}
	n := len(c.sys.b)
	at := (t.at - t.lo) * n
	copy(c.sys.b, t.ownB[at:at+n])
	copy(c.sys.x, t.ownX[at:at+n])
	c.index = t.at
	t.at++
	return true
}

func (t *tile) fetch() {
	n, width := len(t.b)/t.columns, t.hi-t.lo
	if len(t.ownB) < n*width {
		t.ownB, t.ownX = make([]float64, n*width), make([]float64, n*width)
	}
	for i := range n {
		at := i * t.columns
		b, x := t.b[at+t.lo:at+t.hi], t.x[at+t.lo:at+t.hi]
		for j := range b {
			t.ownB[j*n+i], t.ownX[j*n+i] = b[j], x[j]
		}
	}
}
