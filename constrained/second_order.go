package constrained

import (
	"context"
	"fmt"
	"math"
	"strings"

	"solve/solver"
)

// pinned stands for an infinite entry of the diagonal: the unknown stays where it is.
const pinned = 1e20

// active finds the variables at their bounds and the inequalities at their limits:
// those nearer to one than their multiplier is large.
func (q *program) active(pt *point, y []float64) (variable, row []bool) {
	variable, row = make([]bool, q.n), make([]bool, q.m)
	z := append([]float64(nil), pt.g...)
	q.addJacobianTrans(z, pt.jac, y)
	for j, v := range z {
		variable[j] = holds(v/q.fScale, pt.x[j], q.lower[j], q.upper[j])
	}
	for i, s := range q.cScale {
		row[i] = q.equation[i] || holds(-y[i]*s/q.fScale, pt.c[i]/s, q.cLower[i]/s, q.cUpper[i]/s)
	}
	return variable, row
}

// holds tells whether a limit with the multiplier z, positive at the lower one,
// is active.
func holds(z, value, lower, upper float64) bool {
	distance := math.Abs(value - lower)
	if z < 0 {
		distance = math.Abs(upper - value)
	}
	return distance <= 1e-8*math.Max(1, math.Abs(value)) || distance < math.Abs(z)
}

// curvature is what the Hessian of the Lagrangian says of a point.
type curvature struct {
	order   SecondOrder
	inertia [3]int // of the KKT matrix with the active bounds and limits as equations
	rank    int    // of the Jacobian of the active rows, −1 = not computed
	rows    int    // that are active

	dependent []int // rows whose gradient depends on those before
}

// curvature judges a point of the problem, whether it can be a minimiser.
func (q *program) curvature(ctx context.Context, px, py []float64) curvature {
	c := curvature{order: NotTested, rank: -1}
	pt, y := q.newPoint(), make([]float64, q.m)
	for j, v := range q.vars {
		pt.x[j] = px[v]
	}
	for i, row := range q.rows {
		y[i] = py[row] * q.fScale / q.cScale[i]
	}
	h := make([]float64, len(q.hesCol))
	if q.n == 0 || !q.first(pt) || !q.hessian(pt.x, 1, y, h) {
		return c
	}
	variable, row := q.active(pt, y)
	c.rank = q.rank(pt.jac, row)
	for _, at := range row {
		if at {
			c.rows++
		}
	}
	if c.rank >= 0 && c.rank < c.rows {
		c.dependent = q.dependent(pt.jac, row)
	}
	k, err := newKKT(q)
	if err != nil {
		return c
	}
	a := make([]float64, q.n)
	for j, at := range variable {
		if at {
			a[j] = pinned
		}
	}
	for i, at := range row {
		if k.e[i] = pinned; at {
			k.e[i] = 0
		}
	}
	k.fill(h, pt.jac, a)
	// Dependent rows give zeros, which a shift of the rows takes away, and flat
	// directions give either sign, which a shift of the Hessian takes away.
	flat := rowShift * math.Max(1, normInf(h))
	for i, shift := range [][2]float64{{0, 0}, {0, rowShift}, {flat, 0}, {flat, rowShift}} {
		k.shift(shift[0], shift[1])
		positive, negative, zero, err := k.factorQuiet(ctx)
		if err != nil {
			return c
		}
		if i == 0 {
			c.inertia = [3]int{positive, negative, zero}
		}
		switch {
		case positive != q.n || negative != q.m:
			c.order = Saddle
		case i < 2:
			c.order = Minimizer
			return c
		default:
			c.order = Flat
			return c
		}
	}
	return c
}

// namesShown are how many constraints a warning names.
const namesShown = 3

// secondOrder enters the curvature at the answer, and what it warns of.
func (s *solving) secondOrder() {
	r := s.res
	if r.X == nil || s.ctx.Err() != nil {
		return
	}
	if s.bent != s.best {
		s.bent, s.curvature = s.best, s.q.curvature(s.ctx, r.X, r.Y)
	}
	c := s.curvature
	r.Rank = c.rank
	if c.rank >= 0 && c.rank < c.rows {
		names := make([]string, 0, namesShown)
		for _, i := range c.dependent[:min(len(c.dependent), namesShown)] {
			names = append(names, s.p.ConstraintName(int(s.q.rows[i])))
		}
		r.Warnings = append(r.Warnings, fmt.Sprintf("the gradients of the %d active constraints have rank %d: %s depend on those before, and multipliers are not unique", c.rows, c.rank, strings.Join(names, ", ")))
	}
	if r.Status != solver.Solved {
		return
	}
	r.SecondOrder, r.Stats.Inertia = c.order, c.inertia
	if c.order == Saddle {
		r.Warnings = append(r.Warnings, "the reduced Hessian has a negative eigenvalue: the point is a saddle or a maximiser")
	}
}
