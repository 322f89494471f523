package direct

// gainQueue is a heap of vertices, the largest gain at the top.
type gainQueue struct {
	heap  []int32
	gain  []int32
	place []int32 // of a vertex in heap, from 1; 0 when not in it
}

// reset makes room for vertices below n; the queue is empty.
func (q *gainQueue) reset(n int) {
	if len(q.place) < n {
		q.place, q.gain = make([]int32, n), make([]int32, n)
	}
}

func (q *gainQueue) empty() bool { return len(q.heap) == 0 }

func (q *gainQueue) push(v, gain int32) {
	q.gain[v] = gain
	q.heap = append(q.heap, v)
	q.up(len(q.heap) - 1)
}

func (q *gainQueue) pop() int32 {
	v := q.heap[0]
	q.remove(v)
	return v
}

// remove takes v out, which must be in.
func (q *gainQueue) remove(v int32) {
	k := int(q.place[v]) - 1
	last := len(q.heap) - 1
	w := q.heap[last]
	q.heap = q.heap[:last]
	q.place[v] = 0
	if k < last {
		q.heap[k] = w
		q.place[w] = int32(k) + 1
		q.up(k)
		q.down(int(q.place[w]) - 1)
	}
}

// raise adds to the gain of v if it is in.
func (q *gainQueue) raise(v, more int32) {
	if k := int(q.place[v]) - 1; k >= 0 {
		q.gain[v] += more
		q.up(k)
	}
}

func (q *gainQueue) clear() {
	for _, v := range q.heap {
		q.place[v] = 0
	}
	q.heap = q.heap[:0]
}

func (q *gainQueue) up(k int) {
	v := q.heap[k]
	for k > 0 {
		p := (k - 1) / 2
		u := q.heap[p]
		if q.gain[u] >= q.gain[v] {
			break
		}
		q.heap[k] = u
		q.place[u] = int32(k) + 1
		k = p
	}
	q.heap[k] = v
	q.place[v] = int32(k) + 1
}

func (q *gainQueue) down(k int) {
	v := q.heap[k]
	for {
		c := 2*k + 1
		if c >= len(q.heap) {
			break
		}
		if c+1 < len(q.heap) && q.gain[q.heap[c+1]] > q.gain[q.heap[c]] {
			c++
		}
		u := q.heap[c]
		if q.gain[u] <= q.gain[v] {
			break
		}
		q.heap[k] = u
		q.place[u] = int32(k) + 1
		k = c
	}
	q.heap[k] = v
	q.place[v] = int32(k) + 1
}
