package bcd

import (
	"math"

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
	asleep []bool    // groups whose norms cannot reach their levels; nil without groups
}

func newCorrelations(m *model) correlations {
	c := correlations{c: make([]float64, m.p), stamp: make([]float64, m.p), seen: make([]float64, m.n)}
	for j := range c.stamp {
		c.stamp[j] = math.Inf(-1)
	}
	if m.groups != nil {
		c.asleep = make([]bool, len(m.groups))
	}
	c.done = make([]int, par.Chunks(m.p, passColumns))
	return c
}

// lostStep is the length, relative to the way so far, of a step that rounding
// would hide: all columns are then computed anew.
const lostStep = 1e-14

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
	step := math.Sqrt(moved)
	if !(step > lostStep*e.travel) && moved != 0 {
		e.travel = 0
		for j := range e.stamp {
			e.stamp[j] = math.Inf(-1)
		}
	}
	e.travel += step * (1 + 1e-12)
	for g := range e.asleep {
		e.asleep[g] = e.sleeps(g, share)
	}
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
	if e.groups != nil {
		return !e.asleep[e.groupOf[j]]
	}
	return e.in[j] || e.x[j] != 0 || math.Abs(e.c[j])+e.norm[j]*(e.travel-e.stamp[j]) >= share*e.l1[j]
}

// sleeps is stale for a group, by ‖ST(c_g)‖ ≤ ‖ST(c_g(θ′))‖ + ‖X_g‖_F‖θ − θ′‖.
func (e *engine) sleeps(g int, share float64) bool {
	cols := e.groups[g]
	if len(cols) == 0 || e.in[cols[0]] {
		return false
	}
	size := 0.0
	for _, j := range cols {
		if e.x[j] != 0 {
			return false
		}
		size += e.norm[j] * e.norm[j]
	}
	l1, _ := e.groupL1L2(cols)
	way := e.travel - e.stamp[cols[0]]
	return thresholdedNorm(cols, e.c, 1, share*l1)+math.Sqrt(size)*way < share*e.levels[g]
}
