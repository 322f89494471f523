package multigrid

import (
	"context"
	"fmt"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/solver"
)

const (
	coarsestUnknowns = 128  // solved directly
	stalledUnknowns  = 1024 // still solved directly when coarsening stalls
	stallRatio       = 1.5  // a level must shrink by this
	fwMaxLevels      = 40
	semiRatio        = .25 // axes with a mean weight below this share of the largest are not coarsened
	semiSample       = 1 << 18
)

// newFWHierarchy sets up the levels in precision T.
func newFWHierarchy[T kern.Real](ctx context.Context, g *Grid, o *FWOptions) (*fwHierarchy[T], error) {
	h := &fwHierarchy[T]{threads: o.Threads, omega: [2]T{T(o.OmegaR), T(o.OmegaB)}}
	for k, theta := range o.Theta {
		h.theta[k] = T(theta)
	}
	l := finest[T](g)
	for {
		h.level = append(h.level, l)
		if l.active <= coarsestUnknowns || len(h.level) == fwMaxLevels {
			break
		}
		l.chooseFactor()
		if l.factor == [3]int{1, 1, 1} {
			break
		}
		c, err := coarsen(ctx, l, o.Threads, o.Strength)
		if err != nil {
			return nil, err
		}
		if float64(c.active)*stallRatio > float64(l.active) {
			l.dropCoarse()
			break
		}
		l.cycles = h.visits(c, o)
		l = c
	}
	if l = h.level[len(h.level)-1]; l.active > stalledUnknowns {
		return nil, fmt.Errorf("multigrid: coarsening stalls at %d unknowns after %d levels: %w", l.active, len(h.level), solver.ErrUnsupported)
	}
	var err error
	if h.coarse, err = newCoarsest(l); err != nil {
		return nil, err
	}
	for _, l := range h.level {
		l.excess = nil
	}
	h.bind()
	h.transfer = newTransfer(g, h.level[0])
	return h, ctx.Err()
}

// visits is how often a level is visited from the one above: twice in a
// W-cycle, and three times the first level that is small. That costs next to
// nothing and saves an iteration where walls fit the coarse boxes badly.
func (h *fwHierarchy[T]) visits(c *fwLevel[T], o *FWOptions) int {
	switch above := h.level[len(h.level)-1]; {
	case o.VCycle:
		return 1
	case c.active <= parallelCells && above.active > parallelCells:
		return 3
	}
	return 2
}

// finest makes level 0 of the grid.
func finest[T kern.Real](g *Grid) *fwLevel[T] {
	l := &fwLevel[T]{active: g.n, entries: g.entries}
	f, from := &l.faces, &g.faces
	f.Planes, f.Lines, f.N = from.Planes, from.Lines, from.N
	size := l.size()
	l.b, l.x = make([]T, size), make([]T, size)
	if from.Code != nil {
		f.Code, l.coded = from.Code, from
		for k, w := range from.Axis {
			f.Axis[k] = T(w)
		}
		for k, d := range from.DiagOf {
			f.DiagOf[k], f.InvOf[k] = T(d), T(from.InvOf[k])
		}
		return l
	}
	for a := range f.W {
		f.W[a] = make([]T, size)
	}
	f.D, f.Inv, l.excess = make([]T, size), make([]T, size), make([]T, size)
	par.For(g.threads, f.Planes, func(i int) {
		lo := f.Guard() + i*f.Plane()
		for c := lo; c < lo+f.Plane(); c++ {
			d := from.D[c]
			if d == 0 {
				continue
			}
			w, sum := &from.W, 0.
			for a, step := range [3]int{f.Plane(), f.N, 1} {
				sum += w[a][c] + w[a][c-step]
				f.W[a][c] = T(w[a][c])
			}
			f.D[c], f.Inv[c] = T(d), T(1/d)
			if e := d - sum; e > excessTolerance*d {
				l.excess[c] = T(e)
			}
		}
	})
	return l
}

// chooseFactor decides which axes are coarsened: those whose links are about
// as strong as the strongest.
func (l *fwLevel[T]) chooseFactor() {
	mean := l.meanWeights()
	most := max(mean[0], mean[1], mean[2])
	side := [3]int{l.faces.Planes, l.faces.Lines, l.faces.N}
	for a := range l.factor {
		l.factor[a] = 2
		if side[a] == 1 || mean[a] < semiRatio*most {
			l.factor[a] = 1
		}
	}
}

// meanWeights returns the mean weight of the links along each axis, from a
// sample of the planes where there are many.
func (l *fwLevel[T]) meanWeights() [3]float64 {
	f := &l.faces
	if f.Code != nil {
		return [3]float64{float64(f.Axis[0]), float64(f.Axis[1]), float64(f.Axis[2])}
	}
	every := 1
	if f.Cells() > semiSample {
		every = 7
	}
	var sum, count [3]float64
	for c := f.Guard(); c < f.Guard()+f.Cells(); c += every {
		for a := range f.W {
			if w := float64(f.W[a][c]); w > 0 {
				sum[a] += w
				count[a]++
			}
		}
	}
	for a := range sum {
		if count[a] > 0 {
			sum[a] /= count[a]
		}
	}
	return sum
}

// dropCoarse forgets a next level that was not worth it.
func (l *fwLevel[T]) dropCoarse() {
	l.factor, l.exceptions, l.planeOf, l.coarseOf = [3]int{}, nil, nil, nil
}
