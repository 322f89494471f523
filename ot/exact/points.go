package exact

import (
	"math"

	"solve/internal/kern"
)

// metric is a way to compute costs from points.
type metric int

const (
	squared metric = iota // |x−y|²
	root                  // |x−y|
	cityblock
	chebyshev
)

// points is the cost distance(x_i, y_j)^p between points in kd-tree order.
type points struct {
	n, m, d int
	x, y    []float64 // row-major
	xs, ys  *kern.SoA
	xt, yt  *boxes // nil in high dimension
	metric  metric
	p       float64 // 1 unless the power has to be taken
}

// pruneDims is the largest dimension in which bounding boxes pay.
const pruneDims = 4

func newPoints(x, y []float64, d int, metric metric, p float64) *points {
	c := &points{n: len(x) / d, m: len(y) / d, d: d, x: x, y: y, metric: metric, p: p}
	c.xs, c.ys = kern.NewSoA(x, c.n, d), kern.NewSoA(y, c.m, d)
	if d <= pruneDims {
		c.xt, c.yt = newBoxes(x, d), newBoxes(y, d)
	}
	return c
}

func (c *points) dims() (n, m int) { return c.n, c.m }

// allowance: a difference, a square and a sum for each coordinate; a root or
// power at the end.
func (c *points) allowance() float64 { return float64(c.d) + 8 }

func (c *points) transposed() *points {
	t := *c
	t.n, t.m, t.x, t.y, t.xs, t.ys, t.xt, t.yt = c.m, c.n, c.y, c.x, c.ys, c.xs, c.yt, c.xt
	return &t
}

func (c *points) at(i, j int) float64 {
	return c.finish(distance(c.metric, c.x[i*c.d:(i+1)*c.d], c.y[j*c.d:(j+1)*c.d]))
}

func (c *points) finish(v float64) float64 {
	switch c.p {
	case 1:
		return v
	case 2:
		return v * v
	}
	return math.Pow(v, c.p)
}

func distance(m metric, x, y []float64) float64 {
	s := 0.0
	switch m {
	case squared:
		return kern.SqDistPair(x, y)
	case root:
		return math.Sqrt(kern.SqDistPair(x, y))
	case cityblock:
		for k, v := range x {
			s += math.Abs(v - y[k])
		}
	case chebyshev:
		for k, v := range x {
			s = math.Max(s, math.Abs(v-y[k]))
		}
	}
	return s
}

func (c *points) row(i, j0 int, buf []float64) []float64 {
	x := c.x[i*c.d : (i+1)*c.d]
	switch c.metric {
	case squared, root:
		kern.SqDistRow(buf, x, c.ys, j0)
		if c.metric == root {
			for k, v := range buf {
				buf[k] = math.Sqrt(v)
			}
		}
	case cityblock:
		clear(buf)
		for k, xk := range x {
			for j, v := range c.ys.Coord[k][j0 : j0+len(buf)] {
				buf[j] += math.Abs(xk - v)
			}
		}
	case chebyshev:
		clear(buf)
		for k, xk := range x {
			for j, v := range c.ys.Coord[k][j0 : j0+len(buf)] {
				buf[j] = max(buf[j], math.Abs(xk-v))
			}
		}
	}
	if c.p != 1 {
		for k, v := range buf {
			buf[k] = c.finish(v)
		}
	}
	return buf
}

func (c *points) seek(g []float64) seeker {
	s := &pointSeeker{c: c, potentials: potentials{g: g}}
	if c.yt != nil && c.m >= pruneLeast {
		s.bounds = c.yt.bounds(g, c.metric == squared && c.p == 1)
	}
	return s
}

// pruneLeast is the number of columns from which looking at boxes first pays.
const pruneLeast = 1024

// pointSeeker skips boxes of columns that hold nothing small enough.
type pointSeeker struct {
	potentials
	c      *points
	bounds *bounds
	buf    []float64
	stack  []visit
}

type visit struct {
	node  int32
	bound float64
}

func (k *pointSeeker) fork() seeker {
	out := &pointSeeker{c: k.c, potentials: potentials{g: k.g}, bounds: k.bounds}
	if k.c.p != 1 || k.c.metric > root {
		out.buf = make([]float64, min(tile, k.c.m))
	}
	return out
}

func (k *pointSeeker) search(i int, l *kern.LaneMinima) {
	if k.bounds == nil {
		k.scan(i, 0, k.c.m, l)
		return
	}
	x, t := k.c.x[i*k.c.d:(i+1)*k.c.d], k.c.yt
	worst := l.Worst()
	k.stack = append(k.stack[:0], visit{0, k.bounds.below(k.c, 0, x)})
	for len(k.stack) > 0 {
		v := k.stack[len(k.stack)-1]
		k.stack = k.stack[:len(k.stack)-1]
		if v.bound >= worst {
			continue
		}
		b := &t.nodes[v.node]
		if b.right == 0 {
			k.scan(i, int(b.lo), int(b.hi), l)
			worst = l.Worst()
			continue
		}
		near := visit{v.node + 1, k.bounds.below(k.c, int(v.node)+1, x)}
		far := visit{b.right, k.bounds.below(k.c, int(b.right), x)}
		if far.bound < near.bound {
			near, far = far, near
		}
		k.stack = append(k.stack, far, near)
	}
}

// scan takes columns lo…hi−1 into l.
func (k *pointSeeker) scan(i, lo, hi int, l *kern.LaneMinima) {
	c := k.c
	if k.buf == nil {
		x := c.x[i*c.d : (i+1)*c.d]
		if c.metric == squared {
			kern.LaneMinSq(l, x, c.ys, lo, k.g[lo:hi])
		} else {
			kern.LaneMinRoot(l, x, c.ys, lo, k.g[lo:hi])
		}
		return
	}
	for j := lo; j < hi; j += tile {
		e := min(j+tile, hi)
		kern.LaneMin(l, c.row(i, j, k.buf[:e-j]), k.g[j:e], j)
	}
}
