package multigrid

import (
	"errors"

	"solve/solver"
)

// ErrCycle is the error of PCG on a copy when the cycle has to be changed,
// which is left to the original.
var ErrCycle = errors.New("multigrid: the cycle of a copy has to be changed")

// Copies returns preconditioners for n goroutines, or for as many as fit into
// the memory limit: they share the matrices of all levels with m, have vectors
// of their own, and work on one thread with the same bits. Where PCG would
// change the cycle, that of a copy returns ErrCycle; x is then as it was.
func (m *FWMG) Copies(n int) []*FWMG {
	limit := m.opt.MaxMemory
	if limit <= 0 {
		limit = solver.DefaultMaxMemory
	}
	g := *m.g
	g.threads = 1
	each := m.cycle.vectorBytes() + 2*8*int64(m.g.faces.Cells()+2*m.g.faces.Guard())
	n = int(min(int64(n), max(0, limit-m.Bytes())/each))
	copies := make([]*FWMG, max(0, n))
	for k := range copies {
		copies[k] = &FWMG{g: &g, opt: m.opt, split: m.split, copied: true, cycle: m.cycle.copy(&g)}
	}
	return copies
}

// copy returns the hierarchy with vectors of its own, for one thread.
func (h *fwHierarchy[T]) copy(g *Grid) fwPrecision {
	c := &fwHierarchy[T]{threads: 1, omega: h.omega, theta: h.theta}
	for _, l := range h.level {
		own := *l
		own.b, own.x = make([]T, len(l.b)), make([]T, len(l.x))
		for k := range own.patches {
			own.patches[k].saved = make([]T, len(l.patches[k].saved))
		}
		c.level = append(c.level, &own)
	}
	coarse := *h.coarse
	coarse.b = make([]float64, len(coarse.b))
	c.coarse = &coarse
	c.bind()
	c.transfer = newTransfer(g, c.level[0])
	return c
}

// vectorBytes is the memory of the vectors of the levels and of the iteration.
func (h *fwHierarchy[T]) vectorBytes() int64 {
	words := 2 * len(h.level[0].x)
	for _, l := range h.level {
		words += 2 * len(l.x)
	}
	return int64(words) * h.word()
}

// word is the size of a number.
func (h *fwHierarchy[T]) word() int64 {
	if _, wide := any(h.omega[0]).(float64); wide {
		return 8
	}
	return 4
}
