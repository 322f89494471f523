package bcd

import "math"

// refresh fits the intercept, the other coefficients fixed, and brings θ and
// the loss up to date.
func (e *engine) refresh() {
	if e.squared {
		e.refreshSquared()
		return
	}
	if e.intercept {
		e.fitIntercept()
	}
	e.at.value = e.loss.Derivatives(e.at.eta, e.y, e.w, e.at.theta, nil)
}

func (e *engine) refreshSquared() {
	eta, theta := e.at.eta, e.at.theta
	if e.intercept {
		sum, total := 0.0, 0.0
		for i, v := range eta {
			sum += e.w[i] * (e.y[i] - v)
			total += e.w[i]
		}
		shift := sum / total
		e.at.x0 += shift
		for i := range eta {
			eta[i] += shift
		}
	}
	for i, v := range eta {
		r := v - e.y[i]
		theta[i] = e.w[i] * r
	}
	value := 0.0
	for i, v := range eta {
		value += theta[i] * (v - e.y[i])
	}
	e.at.value = 0.5 * value
}

// gap is P(x) − D(sθ) for the largest s ≤ 1 that is feasible.
func (e *engine) gap() float64 {
	if e.groups != nil {
		s := e.groupsScaling()
		return e.groupsGap(s) + e.lossGap(s)
	}
	s := 1.0
	for j, c := range e.c {
		if a := math.Abs(c); a*s > e.l1[j] && e.l1[j] > 0 && e.l2[j] == 0 {
			if lo, hi := e.bounds(j); constrains(c, lo, hi) {
				s = e.l1[j] / a
			}
		}
	}
	gap := 0.0
	for j, c := range e.c {
		if x := e.x[j]; (x != 0 || math.Abs(c) > e.l1[j]) && !e.absent[j] {
			lo, hi := e.bounds(j)
			gap += coordinateGap(x, s*c, e.l1[j], e.l2[j], lo, hi, e.norm[j]*e.norm[j]*e.w[0])
		}
	}
	return gap + e.lossGap(s)
}

// lossGap is F(η) + F*(sθ) − sθᵀη, 0 at s = 1.
func (e *engine) lossGap(s float64) float64 {
	if s == 1 {
		return 0
	}
	if e.squared {
		return (1 - s) * (1 - s) * e.at.value
	}
	scaled := e.newton.room(e.n)
	for i, t := range e.at.theta {
		scaled[i] = s * t
	}
	inner := dot(scaled, e.at.eta)
	return max(0, e.at.value+e.loss.Conjugate(scaled, e.y, e.w)-inner)
}

// objective is P(x).
func (e *engine) objective() float64 {
	sum := e.at.value
	for j, v := range e.x {
		if v != 0 && !e.absent[j] {
			sum += e.l1[j]*math.Abs(v) + 0.5*e.l2[j]*v*v
		}
	}
	for g, cols := range e.groups {
		norm := 0.0
		for _, j := range cols {
			norm = math.Hypot(norm, e.x[j])
		}
		sum += e.levels[g] * norm
	}
	return sum
}

// setGap is gap over the working set, the other columns at rest.
func (e *engine) setGap() float64 {
	s := &e.sub
	if s.groups != nil {
		scale := s.groupsScaling()
		return s.groupsGap(scale) + e.lossGap(scale)
	}
	scale := s.scaling()
	return s.coordinatesGap(scale) + e.lossGap(scale)
}
