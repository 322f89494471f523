package exact

import (
	"context"
	"math"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/matrix"
)

// ground is a cost between the points that carry mass, as the algorithm sees
// it.
type ground interface {
	dims() (n, m int)
	at(i, j int) float64
	// row writes costs (i, j0…) into buf, or returns them where they lie.
	row(i, j0 int, buf []float64) []float64
	// seek prepares searches of rows for small c_ij − g_j.
	seek(g []float64) seeker
	// allowance bounds the relative error of an entry, in units of 2⁻⁵³.
	allowance() float64
}

// seeker searches the rows of a ground cost. It isn't safe for concurrent
// use; forks are independent.
type seeker interface {
	// search takes c_ij − g_j into l; elements that would not improve on any
	// lane may be passed over.
	search(i int, l *kern.LaneMinima)
	// hide takes columns out of searches until show is called.
	hide(cols []int32)
	show()
	fork() seeker
}

// rowBlock is the number of rows in a chunk of a sweep.
const rowBlock = 64

// sweep calls fn for chunks of rows, with a fork of s for each.
func sweep(ctx context.Context, threads, n int, s seeker, fn func(chunk, lo, hi int, s seeker)) error {
	return par.ForCtx(ctx, threads, par.Chunks(n, rowBlock), func(c int) {
		lo, hi := par.Bounds(c, n, rowBlock)
		fn(c, lo, hi, s.fork())
	})
}

// minima writes min_j c_ij − g_j to out.
func minima(ctx context.Context, threads int, g ground, pot, out []float64) error {
	return sweep(ctx, threads, len(out), g.seek(pot), func(_, lo, hi int, s seeker) {
		var l kern.LaneMinima
		for i := lo; i < hi; i++ {
			l.Reset(math.Inf(1))
			s.search(i, &l)
			out[i] = l.Best()
		}
	})
}

// stored is a cost in memory, or computed row by row by its owner when c is
// nil.
type stored struct {
	n, m       int
	c          *matrix.Dense // all of it
	src        Cost          // else its owner,
	rows, cols []int32       // which rows and columns count,
	total      int           // how many columns the owner has,
	factor     float64       // and what they are multiplied by
}

func (s *stored) dims() (n, m int) { return s.n, s.m }

func (s *stored) allowance() float64 { return 0 }

func (s *stored) at(i, j int) float64 {
	if s.c != nil {
		return s.c.Data[i*s.c.Cols+j]
	}
	var v [1]float64
	s.src.Row(int(s.rows[i]), int(s.cols[j]), v[:])
	return s.scaled(v[0])
}

// scaled multiplies an entry by the factor, which may be negative, and keeps
// forbidden arcs forbidden.
func (s *stored) scaled(v float64) float64 {
	if math.IsInf(v, 1) {
		return v
	}
	return v * s.factor
}

func (s *stored) row(i, j0 int, buf []float64) []float64 {
	if s.c != nil {
		return s.c.Row(i)[j0 : j0+len(buf)]
	}
	if s.total == s.m {
		s.src.Row(int(s.rows[i]), j0, buf)
		if s.factor != 1 {
			for k, v := range buf {
				buf[k] = s.scaled(v)
			}
		}
		return buf
	}
	for k := range buf {
		buf[k] = s.at(i, j0+k)
	}
	return buf
}

func (s *stored) seek(g []float64) seeker { return &storedSeeker{s: s, potentials: potentials{g: g}} }

// potentials are the g of a search, of which some may be hidden.
type potentials struct {
	g      []float64
	own    bool // g is a copy
	hidden []int32
	was    []float64
}

func (p *potentials) hide(cols []int32) {
	if len(cols) == 0 {
		return
	}
	if !p.own {
		p.g, p.own = append([]float64(nil), p.g...), true
	}
	for _, j := range cols {
		p.hidden, p.was = append(p.hidden, j), append(p.was, p.g[j])
		p.g[j] = math.Inf(-1)
	}
}

func (p *potentials) show() {
	for k, j := range p.hidden {
		p.g[j] = p.was[k]
	}
	p.hidden, p.was = p.hidden[:0], p.was[:0]
}

// storedSeeker reads whole rows, in tiles that stay in the cache.
type storedSeeker struct {
	potentials
	s   *stored
	buf []float64
}

const tile = 2048

func (k *storedSeeker) fork() seeker {
	out := &storedSeeker{s: k.s, potentials: potentials{g: k.g}}
	if k.s.c == nil {
		out.buf = make([]float64, min(tile, k.s.m))
	}
	return out
}

func (k *storedSeeker) search(i int, l *kern.LaneMinima) {
	if k.s.c != nil {
		kern.LaneMin(l, k.s.c.Row(i), k.g, 0)
		return
	}
	for j := 0; j < k.s.m; j += tile {
		e := min(j+tile, k.s.m)
		kern.LaneMin(l, k.s.row(i, j, k.buf[:e-j]), k.g[j:e], j)
	}
}

// columnBlock is the number of columns in a chunk of a sweep by columns.
const columnBlock = 512

// columnMinima writes min_i c_ij − f_i to out.
func columnMinima(ctx context.Context, threads int, g ground, f, out []float64) error {
	if p, ok := g.(*points); ok {
		return minima(ctx, threads, p.transposed(), f, out)
	}
	return par.ForCtx(ctx, threads, par.Chunks(len(out), columnBlock), func(c int) {
		lo, hi := par.Bounds(c, len(out), columnBlock)
		var buf [columnBlock]float64
		best := out[lo:hi]
		for k := range best {
			best[k] = math.Inf(1)
		}
		for i, fi := range f {
			kern.MinUpdate(best, g.row(i, lo, buf[:hi-lo]), fi)
		}
	})
}
