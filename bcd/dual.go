package bcd

import (
	"math"

	"solve/internal/kern"
	"solve/internal/par"
)

// correlations keeps c = Xᵀθ as far as it is needed: |c_j| ≤ |c_j(θ′)| +
// ‖X_j‖‖θ − θ′‖ tells without touching column j that it can neither limit the
// dual point nor violate optimality.
type correlations struct {
	c      []float64
	stamp  []float64 // travelled when c_j was computed
	travel float64   // length of θ's way so far
	seen   []float64 // θ at the last pass
	done   []int     // columns computed, by chunk
}

func newCorrelations(m *model) correlations {
	c := correlations{c: make([]float64, m.p), stamp: make([]float64, m.p), seen: make([]float64, m.n)}
	for j := range c.stamp {
		c.stamp[j] = math.Inf(-1)
	}
	c.done = make([]int, par.Chunks(m.p, passColumns))
	return c
}

// pass brings c up to date wherever |c_j| may reach share·λ_j, and in the
// working set and the support.
func (e *engine) pass(share float64) {
	theta := e.at.theta
	moved := 0.0
	for i, t := range theta {
		d := t - e.seen[i]
		moved += d * d
	}
	copy(e.seen, theta)
	e.travel += math.Sqrt(moved) * (1 + 1e-12)
	par.For(e.threads, len(e.done), func(chunk int) {
		lo, hi := par.Bounds(chunk, e.p, passColumns)
		done := 0
		for j := lo; j < hi; j++ {
			if e.stale(j, share) {
				e.c[j], e.stamp[j] = e.d.dot(j, theta), e.travel
				done++
			}
		}
		e.done[chunk] = done
	})
	total := 0
	for _, n := range e.done {
		total += n
	}
	e.stats.Passes += float64(total) / float64(e.p)
}

// stale tells whether c_j has to be computed.
func (e *engine) stale(j int, share float64) bool {
	if e.absent[j] || e.stamp[j] == e.travel {
		return false
	}
	return e.in[j] || e.x[j] != 0 || e.groups != nil || math.Abs(e.c[j])+e.norm[j]*(e.travel-e.stamp[j]) >= share*e.l1[j]
}

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
		if x := e.x[j]; x != 0 || math.Abs(c) > e.l1[j] {
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
	inner := 0.0
	for i, t := range e.at.theta {
		scaled[i] = s * t
	}
	inner = kern.Dot(scaled, e.at.eta)
	return max(0, e.at.value+e.loss.Conjugate(scaled, e.y, e.w)-inner)
}

// objective is P(x).
func (e *engine) objective() float64 {
	sum := e.at.value
	for j, v := range e.x {
		if v != 0 {
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
