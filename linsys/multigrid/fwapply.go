package multigrid

import (
	"math"

	"solve/internal/kern"
	"solve/internal/par"
)

// fwTransfer carries vectors between the numbering of the matrix and the
// finest level. Its loops are made once, so that Apply allocates nothing.
type fwTransfer[T kern.Real] struct {
	g       *Grid
	x, b    []T // of the finest level, without the guard
	z, r    []float64
	scale   float64
	in, out func(chunk int)
}

func newTransfer[T kern.Real](g *Grid, l *fwLevel[T]) *fwTransfer[T] {
	guard := g.faces.Guard()
	t := &fwTransfer[T]{g: g, x: l.x[guard:], b: l.b[guard:]}
	t.in = func(c int) {
		lo, hi := par.Bounds(c, g.n, gatherChunk)
		for i := lo; i < hi; i++ {
			t.b[g.cellOf(i)] = T(t.r[i] / t.scale)
		}
	}
	t.out = func(c int) {
		lo, hi := par.Bounds(c, g.n, gatherChunk)
		for i := lo; i < hi; i++ {
			t.z[i] = t.scale * float64(t.x[g.cellOf(i)])
		}
	}
	return t
}

// apply computes z = M⁻¹ r. The cycle sees r divided by its largest entry: it
// is linear, and float32 has a short range.
func (h *fwHierarchy[T]) apply(z, r []float64) {
	largest := 0.
	for _, v := range r {
		largest = max(largest, math.Abs(v))
	}
	switch {
	case largest == 0:
		clear(z)
		return
	case largest-largest != 0: // the cycle would never get rid of a NaN
		for i := range z {
			z[i] = math.NaN()
		}
		return
	}
	t := h.transfer
	t.z, t.r, t.scale = z, r, largest
	chunks := par.Chunks(t.g.n, gatherChunk)
	par.For(h.threads, chunks, t.in)
	h.cycle()
	par.For(h.threads, chunks, t.out)
	t.z, t.r = nil, nil
}
