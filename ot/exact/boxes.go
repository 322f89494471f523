package exact

import "math"

// boxes is a binary tree of bounding boxes over points in kd-tree order: a
// node is a range of points, its left child follows it at once.
type boxes struct {
	d     int
	x     []float64
	nodes []box
	side  []float64 // lower and upper corner of each node, 2d numbers
}

type box struct {
	lo, hi int32
	right  int32 // right child; 0 for a leaf
}

// boxLeaf is the number of points that are looked at one by one.
const boxLeaf = 64

func newBoxes(x []float64, d int) *boxes {
	t := &boxes{d: d, x: x}
	t.build(0, len(x)/d)
	return t
}

func (t *boxes) build(lo, hi int) {
	v := len(t.nodes)
	t.nodes = append(t.nodes, box{lo: int32(lo), hi: int32(hi)})
	for range 2 * t.d {
		t.side = append(t.side, 0)
	}
	if hi-lo <= boxLeaf {
		s := t.corners(v)
		for k := range t.d {
			s[k], s[t.d+k] = math.Inf(1), math.Inf(-1)
		}
		for j := lo; j < hi; j++ {
			for k, c := range t.x[j*t.d : (j+1)*t.d] {
				s[k], s[t.d+k] = min(s[k], c), max(s[t.d+k], c)
			}
		}
		return
	}
	mid := split(lo, hi)
	t.build(lo, mid)
	right := len(t.nodes)
	t.nodes[v].right = int32(right)
	t.build(mid, hi)
	s, l, r := t.corners(v), t.corners(v+1), t.corners(right)
	for k := range t.d {
		s[k], s[t.d+k] = min(l[k], r[k]), max(l[t.d+k], r[t.d+k])
	}
}

func (t *boxes) corners(v int) []float64 { return t.side[2*t.d*v : 2*t.d*(v+1)] }

// split is where the range lo…hi−1 is cut in two, here and by the kd-tree:
// leaves are full but for the last.
func split(lo, hi int) int {
	half := (hi - lo) / 2
	if hi-lo > boxLeaf {
		half = (half + boxLeaf - 1) / boxLeaf * boxLeaf
	}
	return lo + half
}

// bounds majorises a potential over each box by an affine function,
//
//	g_j ≤ top + slope·(y_j − centre):
//
// for a squared distance the minimum of |x−y|² minus that over the box has a
// closed form, and is sharp to second order where a constant is to first.
type bounds struct {
	t     *boxes
	top   []float64
	slope []float64 // d numbers a node; nil: constants
}

func (t *boxes) bounds(g []float64, affine bool) *bounds {
	b := &bounds{t: t, top: make([]float64, len(t.nodes))}
	if affine {
		b.slope = make([]float64, t.d*len(t.nodes))
	}
	for v := len(t.nodes) - 1; v >= 0; v-- {
		n := &t.nodes[v]
		switch {
		case affine:
			b.fit(v, g)
		case n.right != 0:
			b.top[v] = max(b.top[v+1], b.top[n.right])
		default:
			b.top[v] = math.Inf(-1)
			for _, x := range g[n.lo:n.hi] {
				b.top[v] = max(b.top[v], x)
			}
		}
	}
	return b
}

// fit chooses the slope of node v and raises the function above all points:
// a leaf looks at them, other nodes at their children's functions.
func (b *bounds) fit(v int, g []float64) {
	t := b.t
	n := &t.nodes[v]
	s, slope := t.corners(v), b.slope[v*t.d:(v+1)*t.d]
	if n.right == 0 {
		fitSlope(slope, t.x, g, int(n.lo), int(n.hi), s)
		b.top[v] = math.Inf(-1)
		for j := int(n.lo); j < int(n.hi); j++ {
			r := g[j]
			for k, c := range t.x[j*t.d : (j+1)*t.d] {
				r -= slope[k] * (c - middle(s, k))
			}
			b.top[v] = max(b.top[v], r)
		}
		return
	}
	// A child's function minus this one is affine: its largest value over the
	// child's box is at a corner.
	left, right := v+1, int(n.right)
	wl, wr := float64(t.nodes[left].hi-t.nodes[left].lo), float64(t.nodes[right].hi-t.nodes[right].lo)
	for k := range slope {
		slope[k] = (wl*b.slope[left*t.d+k] + wr*b.slope[right*t.d+k]) / (wl + wr)
		// The means of the halves tell the slope across the cut.
		dl, dr := middle(t.corners(left), k), middle(t.corners(right), k)
		if w := s[t.d+k] - s[k]; math.Abs(dr-dl) > w/4 {
			if tl, tr := b.top[left], b.top[right]; !math.IsInf(tl, -1) && !math.IsInf(tr, -1) {
				slope[k] = (tr - tl) / (dr - dl)
			}
		}
	}
	b.top[v] = math.Inf(-1)
	for _, child := range [2]int{left, right} {
		c := t.corners(child)
		r := b.top[child]
		for k := range slope {
			h := (c[t.d+k] - c[k]) / 2
			r += math.Abs(b.slope[child*t.d+k]-slope[k])*h - slope[k]*(middle(c, k)-middle(s, k))
		}
		b.top[v] = max(b.top[v], r)
	}
}

func middle(s []float64, k int) float64 { return (s[k] + s[len(s)/2+k]) / 2 }

// slack makes up for rounding in the bounds.
const slack = 1e-13

// below is a lower bound of c(x, y_j) − g_j over the points of node v.
func (b *bounds) below(c *points, v int, x []float64) float64 {
	d := b.t.d
	s := b.t.side[2*d*v : 2*d*(v+1)]
	sum := 0.0
	if b.slope != nil {
		size := math.Abs(b.top[v])
		for k, w := range b.slope[d*v : d*(v+1)] {
			lo, hi := s[k], s[d+k]
			y := x[k] + w/2
			y = min(max(y, lo), hi)
			t, u := x[k]-y, w*(y-(lo+hi)/2)
			sum += t*t - u
			size += t*t + math.Abs(u)
		}
		return sum - b.top[v] - slack*size
	}
	for k, v := range x {
		gap := max(s[k]-v, v-s[d+k], 0)
		switch c.metric {
		case squared, root:
			sum += gap * gap
		case cityblock:
			sum += gap
		case chebyshev:
			sum = max(sum, gap)
		}
	}
	if c.metric == root {
		sum = math.Sqrt(sum)
	}
	sum = c.finish(sum)
	return sum - b.top[v] - slack*(sum+math.Abs(b.top[v]))
}

// fitSlope fits a slope to the potential of the points of a leaf by least
// squares, one coordinate at a time, twice: coordinates are nearly
// uncorrelated in a leaf.
func fitSlope(slope, x, g []float64, lo, hi int, s []float64) {
	d := len(slope)
	clear(slope)
	for range 2 {
		for k := range slope {
			var n, sx, sxx, sg, sxg float64
			for j := lo; j < hi; j++ {
				if math.IsInf(g[j], 0) {
					continue
				}
				r := g[j]
				for l := range slope {
					if l != k {
						r -= slope[l] * (x[j*d+l] - middle(s, l))
					}
				}
				z := x[j*d+k] - middle(s, k)
				n, sx, sxx, sg, sxg = n+1, sx+z, sxx+z*z, sg+r, sxg+z*r
			}
			slope[k] = 0
			if det := n*sxx - sx*sx; det > 1e-9*n*sxx {
				slope[k] = (n*sxg - sx*sg) / det
			}
		}
	}
}
