package exact

import (
	"cmp"
	"slices"
)

// kdOrder orders points by median splits of the widest coordinate until a
// cell has at most leaf points, and returns the ends of the cells.
func kdOrder(x []float64, d, leaf int) (order []int32, ends []int32) {
	k := &kdTree{x: x, d: d, leaf: leaf, order: make([]int32, len(x)/d)}
	for i := range k.order {
		k.order[i] = int32(i)
	}
	k.build(0, len(k.order))
	return k.order, k.ends
}

type kdTree struct {
	x       []float64
	d, leaf int
	order   []int32
	ends    []int32
}

func (t *kdTree) build(lo, hi int) {
	if hi-lo <= t.leaf {
		if hi > lo {
			t.ends = append(t.ends, int32(hi))
		}
		return
	}
	axis, width := 0, -1.0
	for k := range t.d {
		least, most := t.coord(lo, k), t.coord(lo, k)
		for q := lo + 1; q < hi; q++ {
			v := t.coord(q, k)
			least, most = min(least, v), max(most, v)
		}
		if most-least > width {
			axis, width = k, most-least
		}
	}
	mid := split(lo, hi)
	t.selectAt(lo, hi, mid, axis)
	t.build(lo, mid)
	t.build(mid, hi)
}

func (t *kdTree) coord(q, k int) float64 { return t.x[int(t.order[q])*t.d+k] }

// selectAt brings the point of rank at along an axis to its place, smaller
// ones before it; ties are in order of their indices.
func (t *kdTree) selectAt(lo, hi, at, axis int) {
	less := func(p, q int32) int {
		return cmp.Or(cmp.Compare(t.x[int(p)*t.d+axis], t.x[int(q)*t.d+axis]), cmp.Compare(p, q))
	}
	for hi-lo > 16 {
		a, b, c := t.order[lo], t.order[(lo+hi)/2], t.order[hi-1]
		if less(a, b) > 0 {
			a, b = b, a
		}
		if less(b, c) > 0 {
			b = c
			if less(a, b) > 0 {
				b = a
			}
		}
		i, j := lo, hi-1
		for i <= j {
			for less(t.order[i], b) < 0 {
				i++
			}
			for less(t.order[j], b) > 0 {
				j--
			}
			if i <= j {
				t.order[i], t.order[j] = t.order[j], t.order[i]
				i++
				j--
			}
		}
		switch {
		case at <= j:
			hi = j + 1
		case at >= i:
			lo = i
		default:
			return
		}
	}
	slices.SortFunc(t.order[lo:hi], less)
}

// gather copies the points of the given indices.
func gather(x []float64, d int, order []int32) []float64 {
	out := make([]float64, 0, len(order)*d)
	for _, i := range order {
		out = append(out, x[int(i)*d:(int(i)+1)*d]...)
	}
	return out
}
