package exact

import "math"

// sortedByValue returns the indices of v by increasing value, to the
// precision of float32; ties keep their order. Radix sort.
func sortedByValue(v []float64) []int32 {
	const digits, bitsOf = 3, 11
	keys, spare := make([]uint32, len(v)), make([]uint32, len(v))
	order, other := make([]int32, len(v)), make([]int32, len(v))
	for k, x := range v {
		u := math.Float32bits(float32(x))
		if u>>31 != 0 {
			u = ^u
		} else {
			u |= 1 << 31
		}
		keys[k], order[k] = u, int32(k)
	}
	for d := range digits {
		var count [1 << bitsOf]int32
		shift := d * bitsOf
		for _, u := range keys {
			count[u>>shift&(1<<bitsOf-1)]++
		}
		at := int32(0)
		for k, c := range count {
			count[k] = at
			at += c
		}
		for k, u := range keys {
			w := u >> shift & (1<<bitsOf - 1)
			spare[count[w]], other[count[w]] = u, order[k]
			count[w]++
		}
		keys, spare, order, other = spare, keys, other, order
	}
	return order
}

// arcHeap is a heap of arcs with the least reduced cost on top; equal ones by
// index.
type arcHeap []ranked

type ranked struct {
	r   float64
	arc int32
}

func (x ranked) before(y ranked) bool { return x.r < y.r || x.r == y.r && x.arc < y.arc }

func (h *arcHeap) push(r float64, k int32) {
	x := ranked{r, k}
	*h = append(*h, x)
	q := *h
	at := len(q) - 1
	for at > 0 && x.before(q[(at-1)/2]) {
		q[at] = q[(at-1)/2]
		at = (at - 1) / 2
	}
	q[at] = x
}

func (h *arcHeap) pop() int32 {
	q := *h
	top, x := q[0].arc, q[len(q)-1]
	q = q[:len(q)-1]
	*h = q
	at := 0
	for 2*at+1 < len(q) {
		c := 2*at + 1
		if c+1 < len(q) && q[c+1].before(q[c]) {
			c++
		}
		if !q[c].before(x) {
			break
		}
		q[at] = q[c]
		at = c
	}
	if len(q) > 0 {
		q[at] = x
	}
	return top
}
