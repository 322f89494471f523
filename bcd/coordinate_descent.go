package bcd

import (
	"math"

	"solve/internal/kern"
)

// sweep minimises q over one coordinate after the other.
func (s *subproblem) sweep() {
	s.touched, s.signs, s.fell = 0, 0, 0
	switch {
	case s.groups != nil:
		s.sweepGroups()
	case s.gram == nil:
		s.sweepResidual()
	case s.lo != nil:
		s.sweepGramBounds()
	default:
		s.sweepGram()
	}
}

// sweepGram costs |W| for every coordinate that moves and next to nothing for
// the others.
func (s *subproblem) sweepGram() {
	m := len(s.x)
	G, ld := s.gram.g, s.gram.ld
	x, g, inv, l1, diag := s.x, s.g[:m], s.inv[:m], s.l1[:m], s.diag[:m]
	for k, old := range x {
		z := diag[k]*old - g[k]
		if old == 0 && math.Abs(z) <= l1[k] {
			continue
		}
		next := shrink(z, l1[k]) * inv[k]
		if inv[k] == 0 {
			next = old
		}
		d := next - old
		if d == 0 {
			continue
		}
		s.moved(old, next)
		x[k] = next
		kern.Axpy(d, G[k*ld:k*ld+m], g)
	}
	s.spent.cd += 3*float64(m) + float64(s.touched)*(8+0.2*float64(m))
}

func (s *subproblem) sweepGramBounds() {
	m := len(s.x)
	G, ld := s.gram.g, s.gram.ld
	for k, old := range s.x {
		next := s.minimiser(k, s.g[k])
		if d := next - old; d != 0 {
			s.moved(old, next)
			s.x[k] = next
			kern.Axpy(d, G[k*ld:k*ld+m], s.g)
		}
	}
	s.spent.cd += 3*float64(m) + float64(s.touched)*(8+0.2*float64(m))
}

// minimiser is the best x_k, the others fixed, for the gradient g there.
func (s *subproblem) minimiser(k int, g float64) float64 {
	if s.inv[k] == 0 {
		return s.x[k]
	}
	next := shrink(s.diag[k]*s.x[k]-g, s.l1[k]) * s.inv[k]
	if s.lo != nil {
		next = clip(next, s.lo[k], s.hi[k])
	}
	return next
}

func (s *subproblem) moved(old, next float64) {
	s.touched++
	if old == 0 || next == 0 || old*next < 0 {
		s.signs++
	}
}

// sweepResidual costs one column for every coordinate, two for those that move.
func (s *subproblem) sweepResidual() {
	work := 0
	for k, old := range s.x {
		j := int(s.cols[k])
		entries := s.d.nnz(j)
		work += entries
		g := s.d.dot(j, s.v)
		if s.total > 0 {
			g -= s.mean[k] * s.sum
		}
		next := s.minimiser(k, g)
		d := next - old
		if d == 0 {
			continue
		}
		s.moved(old, next)
		s.x[k] = next
		s.fell += 0.5 * d * d / s.inv[k]
		work += entries
		s.addColumn(d, k)
	}
	perEntry := 0.15
	if s.d.dense == nil {
		perEntry = 1.2
	}
	s.spent.cd += 15*float64(len(s.x)) + perEntry*float64(work)
}
