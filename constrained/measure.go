package constrained

import "math"

// measure is how far a point and multipliers are from the conditions of Karush,
// Kuhn and Tucker, in the units of the problem, as package verify defines it.
type measure struct {
	dual, violation, bound, complementarity, gradient float64
}

// measure judges x, y from the values in pt, those at x. work has length n.
func (q *program) measure(pt *point, y, work []float64) measure {
	var m measure
	copy(work, pt.g)
	q.addJacobianTrans(work, pt.jac, y)
	for j, z := range work {
		m.gradient = max(m.gradient, math.Abs(pt.g[j]))
		x, lo, hi := pt.x[j], q.lower[j], q.upper[j]
		m.bound = max(m.bound, lo-x, x-hi)
		m.multiplier(z/q.fScale, x, lo, hi)
	}
	m.gradient /= q.fScale
	for i, c := range pt.c {
		s := q.cScale[i]
		m.violation = max(m.violation, (q.cLower[i]-c)/s, (c-q.cUpper[i])/s)
		if !q.equation[i] {
			m.multiplier(-y[i]*s/q.fScale, c/s, q.cLower[i]/s, q.cUpper[i]/s)
		}
	}
	return m
}

// multiplier enters z, positive at the lower limit.
func (m *measure) multiplier(z, value, lower, upper float64) {
	distance := math.Abs(value - lower)
	if z < 0 {
		distance = math.Abs(upper - value)
	}
	size := math.Abs(z)
	if product := size * distance; product <= size {
		m.complementarity = max(m.complementarity, product)
	} else {
		m.dual = max(m.dual, size)
	}
}

// residual is what the tolerance bounds.
func (m measure) residual() float64 {
	return max(m.dual/max(1, m.gradient), m.violation, m.bound, m.complementarity)
}

// violationOf is the largest violation of rows and bounds at pt, in the units of
// the problem.
func (q *program) violationOf(x, c []float64) float64 {
	worst := 0.0
	for j, v := range x {
		worst = max(worst, q.lower[j]-v, v-q.upper[j])
	}
	for i, v := range c {
		worst = max(worst, (q.cLower[i]-v)/q.cScale[i], (v-q.cUpper[i])/q.cScale[i])
	}
	return worst
}
