package constrained

import (
	"context"
	"math"
	"slices"

	"solve/solver"
)

// acceptable is the residual up to which the best point is remembered.
const acceptable = 1e-6

// bestPoint is the iterate with the least residual so far.
type bestPoint struct {
	residual float64
	x, y     []float64
}

func (b *bestPoint) enter(s *interior, residual float64) {
	if !(residual <= acceptable && residual < b.residual) {
		return
	}
	b.residual = residual
	b.x, b.y = append(b.x[:0], s.pt.x...), append(b.y[:0], s.y...)
}

// conclude makes the attempt: a run that was not solved answers with its best
// point, polished.
func (s *interior) conclude(ctx context.Context, verdict solver.Verdict) *attempt {
	q := s.q
	if verdict.Status == solver.Stopped && s.best.residual <= acceptable {
		copy(s.pt.x, s.best.x)
		copy(s.y, s.best.y)
		switch {
		case ctx.Err() == nil && q.first(s.pt) && s.polish(ctx):
			verdict = s.solved()
		case verdict.Reason == solver.Stalled || verdict.Reason == solver.LocallyInfeasible || verdict.Reason == solver.IterationLimit:
			verdict = stopped(solver.Acceptable, verdict.Detail)
		}
	}
	if verdict.Status != solver.Unbounded {
		for j := range s.pt.x { // bounds may have been relaxed
			s.pt.x[j] = math.Min(math.Max(s.pt.x[j], q.lower[j]), q.upper[j])
		}
		q.first(s.pt)
	}
	a := q.end(verdict, s.pt, s.y, s.iter)
	a.proof = s.proof
	if verdict.Reason == solver.LocallyInfeasible {
		_, a.farkas = q.original(s.pt.x, s.inner.y)
	}
	return a
}

const polishSteps = 5

// polish solves the equations of the active bounds and limits by Newton's method
// from the current point, and moves there where that meets the tolerance.
func (s *interior) polish(ctx context.Context) bool {
	c := &corner{interior: s, pt: s.q.newPoint(), y: slices.Clone(s.y), work: make([]float64, s.n)}
	c.identify()
	last := math.Inf(1)
	for range polishSteps {
		if !s.q.first(c.pt) || !s.q.hessian(c.pt.x, 1, c.y, s.h) {
			return false
		}
		residual := s.q.measure(c.pt, c.y, c.work).residual()
		if residual <= s.set.tol {
			copy(s.pt.x, c.pt.x)
			copy(s.y, c.y)
			return s.q.first(s.pt)
		}
		if !(residual < 2*last) {
			return false
		}
		last = residual
		s.k.fill(s.h, c.pt.jac, c.pins)
		if s.k.newton(ctx, s.mu, c.system, s.sol) != nil {
			return false
		}
		c.step()
	}
	return false
}

// corner is a point with some bounds and limits taken for equations.
type corner struct {
	*interior
	pt      *point
	y, work []float64
	target  []float64 // where active unknowns of v belong, NaN for the others
	pins    []float64 // pinned at active variables
}

// identify takes for active what is nearer to a limit than its multiplier is large.
func (c *corner) identify() {
	s, q := c.interior, c.q
	c.target, c.pins = make([]float64, s.size), make([]float64, s.n)
	copy(c.pt.x, s.pt.x)
	for j := range c.target {
		c.target[j] = math.NaN()
		switch dl, du := s.v[j]-s.lo[j], s.hi[j]-s.v[j]; {
		case s.zl[j]/q.fScale > dl:
			c.target[j] = limitOf(q, j, false)
		case s.zu[j]/q.fScale > du:
			c.target[j] = limitOf(q, j, true)
		}
		if j < s.n && c.target[j] == c.target[j] {
			c.pins[j], c.pt.x[j] = pinned, c.target[j]
		}
	}
}

// system is that of a Newton step; limits that are not active leave their
// multiplier 0.
func (c *corner) system(_ float64, e, right []float64) {
	n, q := c.n, c.q
	copy(c.work, c.pt.g)
	q.addJacobianTrans(c.work, c.pt.jac, c.y)
	for j, g := range c.work {
		right[j] = -g
		if c.pins[j] > 0 {
			right[j] = 0
		}
	}
	for i, value := range c.pt.c {
		e[i] = 0
		switch t := c.target[n+i]; {
		case q.equation[i]:
			right[n+i] = -value
		case t == t:
			right[n+i] = t - value
		default:
			e[i], right[n+i] = pinned, pinned*c.y[i]
		}
	}
}

func (c *corner) step() {
	for j := range c.n {
		if c.pins[j] == 0 {
			c.pt.x[j] = math.Min(math.Max(c.pt.x[j]+c.sol[j], c.q.lower[j]), c.q.upper[j])
		}
	}
	for i := range c.y {
		c.y[i] += c.sol[c.n+i]
	}
}

// limitOf is the limit of v_j that the problem states.
func limitOf(q *program, j int, upper bool) float64 {
	switch {
	case j < q.n && upper:
		return q.upper[j]
	case j < q.n:
		return q.lower[j]
	case upper:
		return q.cUpper[j-q.n]
	}
	return q.cLower[j-q.n]
}
