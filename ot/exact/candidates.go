package exact

import (
	"context"
	"math"
	"slices"

	"solve/internal/kern"
	"solve/internal/par"
)

// candidates are the arcs that look best at given potentials: up to 16 a row
// and 16 a column, the lane minima of c_ij − f_i − g_j, by row and column.
func candidates(ctx context.Context, threads int, g ground, f, pot []float64) ([]arc, error) {
	n, m := g.dims()
	byRow := make([][]end, n)
	err := sweep(ctx, threads, n, g.seek(pot), func(_, lo, hi int, s seeker) {
		var l kern.LaneMinima
		for i := lo; i < hi; i++ {
			l.Reset(math.Inf(1))
			s.search(i, &l)
			byRow[i] = make([]end, 0, 2*kern.Lanes+8)
			for _, j := range l.Arg {
				if j >= 0 { // while the row is in the cache
					byRow[i] = append(byRow[i], end{int32(j), g.at(i, int(j))})
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	byCol, err := columnCandidates(ctx, threads, g, f)
	if err != nil {
		return nil, err
	}
	for k, x := range byCol {
		if i := x.at; i >= 0 {
			byRow[i] = append(byRow[i], end{int32(k / kern.Lanes), x.c})
		}
	}
	out := make([]arc, 0, kern.Lanes*(n+m)*4/5)
	for i, ends := range byRow {
		slices.SortFunc(ends, func(x, y end) int { return int(x.at) - int(y.at) })
		for k, x := range ends {
			if k == 0 || x.at != ends[k-1].at {
				out = append(out, arc{int32(i), int32(n) + x.at, x.c})
			}
		}
	}
	return out, nil
}

// end is the other end of a candidate arc, with the cost.
type end struct {
	at int32
	c  float64
}

// columnCandidates gives the rows of up to 16 small elements of each column;
// −1 fills the place of those that are missing.
func columnCandidates(ctx context.Context, threads int, g ground, f []float64) ([]end, error) {
	_, m := g.dims()
	out := make([]end, m*kern.Lanes)
	if p, ok := g.(*points); ok {
		return out, sweep(ctx, threads, m, p.transposed().seek(f), func(_, lo, hi int, s seeker) {
			var l kern.LaneMinima
			for j := lo; j < hi; j++ {
				l.Reset(math.Inf(1))
				s.search(j, &l)
				for k, i := range l.Arg {
					x := end{at: int32(i)}
					if i >= 0 {
						x.c = g.at(int(i), j)
					}
					out[j*kern.Lanes+k] = x
				}
			}
		})
	}
	return out, par.ForCtx(ctx, threads, par.Chunks(m, columnBlock), func(c int) {
		lo, hi := par.Bounds(c, m, columnBlock)
		var buf, zeros [columnBlock]float64
		var val [kern.Lanes][columnBlock]float64
		var arg [kern.Lanes][columnBlock]int32
		for l := range val {
			for k := range val[l] {
				val[l][k], arg[l][k] = math.Inf(1), -1
			}
		}
		w := hi - lo
		for i, x := range f { // r_j = min(r_j, c_ij − f_i), and where it is less
			l := i % kern.Lanes
			kern.RelaxMin(val[l][:w], arg[l][:w], g.row(i, lo, buf[:w]), zeros[:w], -x, int32(i))
		}
		for l := range arg {
			for j := lo; j < hi; j++ {
				x := end{at: arg[l][j-lo]}
				if x.at >= 0 {
					x.c = g.at(int(x.at), j)
				}
				out[j*kern.Lanes+l] = x
			}
		}
	})
}
