package exact

import (
	"context"
	"math"

	"solve/internal/rng"
	"solve/matrix"
)

const (
	// profileLength is how many entries of a row or column are compared.
	profileLength = 32
	// profilePairs is how many random pairs tell what a distance is worth.
	profilePairs = 1000
	// profileRatio is how close, in squares, a point must be to the
	// representative of its cell, compared with random pairs, for a coarse
	// level to pay.
	profileRatio = 0.3
)

// fromProfiles is fromCoarser for a cost without points: rows with similar
// costs share a cell, of which the most central one is the coarse point.
// It reports false when rows or columns have nothing in common.
func (r *run) fromProfiles(ctx context.Context, g *stored, a, b []int64, f, pot []float64, depth int) (bool, error) {
	n, m := g.dims()
	stream := rng.NewStream(r.s.opt.Seed, uint64(depth+1))
	rows, ok := profileCells(n, m, g.at, stream)
	if !ok {
		return false, nil
	}
	cols, ok := profileCells(m, n, func(j, i int) float64 { return g.at(i, j) }, stream)
	if !ok {
		return false, nil
	}
	c := &matrix.Dense{Rows: len(rows.centre), Cols: len(cols.centre), Data: make([]float64, len(rows.centre)*len(cols.centre))}
	for k, i := range rows.centre {
		out, row := c.Row(k), g.c.Row(int(i))
		for l, j := range cols.centre {
			out[l] = row[j]
		}
	}
	coarse := &stored{n: c.Rows, m: c.Cols, c: c, factor: 1}
	t, _, _, err := r.level(ctx, coarse, rows.sum(a), cols.sum(b), nil, nil, depth+1)
	if err != nil {
		return false, err
	}
	t.derive()
	for i := range f {
		row := g.c.Row(i)
		best := math.Inf(1)
		for l, j := range cols.centre {
			best = min(best, row[j]+t.phi[coarse.n+l])
		}
		f[i] = best
	}
	for j := range pot {
		pot[j] = math.Inf(1)
	}
	for k, i := range rows.centre {
		for j, x := range g.c.Row(int(i)) {
			pot[j] = min(pot[j], x-t.phi[k])
		}
	}
	return true, nil
}

// cells is a partition of points with a centre for each cell.
type cells struct {
	order, ends, centre []int32
}

// sum adds up the masses of each cell.
func (c *cells) sum(mass []int64) []int64 {
	out, lo := make([]int64, len(c.ends)), int32(0)
	for k, hi := range c.ends {
		for _, i := range c.order[lo:hi] {
			out[k] += mass[i]
		}
		lo = hi
	}
	return out
}

// profileCells partitions rows by a kd-tree of their costs to some columns,
// less the mean. It reports false unless cells are tight.
func profileCells(n, m int, at func(i, j int) float64, r *rng.Stream) (*cells, bool) {
	d := min(profileLength, m)
	columns := r.Perm(m)[:d]
	x := make([]float64, n*d)
	for i := range n {
		p := x[i*d : (i+1)*d]
		for k, j := range columns {
			p[k] = at(i, j)
		}
		centre(p)
	}
	distance := func(p, q []float64) float64 {
		s := 0.0
		for k, v := range p {
			s += (v - q[k]) * (v - q[k])
		}
		return s
	}
	point := func(i int) []float64 { return x[i*d : (i+1)*d] }
	c := &cells{}
	c.order, c.ends = kdOrder(x, d, cell)
	within, lo := 0.0, int32(0)
	mean := make([]float64, d)
	for _, hi := range c.ends {
		clear(mean)
		for _, i := range c.order[lo:hi] {
			for k, v := range point(int(i)) {
				mean[k] += v / float64(hi-lo)
			}
		}
		best, at := math.Inf(1), int32(0)
		for _, i := range c.order[lo:hi] {
			if s := distance(mean, point(int(i))); s < best {
				best, at = s, i
			}
		}
		c.centre = append(c.centre, at)
		for _, i := range c.order[lo:hi] {
			within += distance(point(int(at)), point(int(i)))
		}
		lo = hi
	}
	between := 0.0
	for range profilePairs {
		between += distance(point(r.Below(n)), point(r.Below(n)))
	}
	// A quarter of the points are centres, at distance 0.
	ratio := within / float64(n) / (between / profilePairs)
	return c, ratio < profileRatio
}
