package block

import (
	"math"

	"solve/internal/kern"
	"solve/loss"
)

// projectedNewtonUpdate minimises the block's quadratic model together with
// the penalty and its bounds,
//
//	min_z gᵀ(z−x_b) + ½(z−x_b)ᵀ∇²_bb f (z−x_b) + Ω_b(z),
//
// exactly: coordinate descent finds signs and bounds, Newton's step on
// the free variables finishes. For a quadratic that is the minimiser over the
// block; otherwise the step is shortened until f + Ω falls enough.
type projectedNewtonUpdate struct {
	r *run
}

// modelRounds bounds the alternation of sweeps and Newton steps in one block,
// modelTol is the relative stationarity at which it ends.
const (
	modelRounds = 100
	modelSweeps = 3
	modelTol    = 1e-13
)

func (u *projectedNewtonUpdate) step(b []int32, _ int, g, d []float64) error {
	n := len(b)
	m := blockModel{n: n, b: b, g: g, h: u.r.square(n), pen: u.r.obj.Penalty(), x: u.r.vector(4, n), z: u.r.vector(5, n), q: u.r.vector(6, n)}
	u.r.obj.Curvature(b, m.h)
	for k, j := range b {
		m.x[k] = u.r.obj.Point()[j]
	}
	if err := m.minimise(); err != nil {
		return err
	}
	slope := 0.0
	for k, j := range b {
		d[k] = m.z[k] - m.x[k]
		slope += g[k]*d[k] + penaltyChange(m.pen, int(j), m.x[k], d[k])
	}
	if u.r.obj.Quadratic() {
		return nil
	}
	if !(slope < 0) {
		clear(d)
		return nil
	}
	trial := u.r.vector(7, n)
	alpha := lineSearch(slope, u.r.slack(), func(alpha float64) float64 {
		for k, v := range d {
			trial[k] = alpha * v
		}
		return u.r.change(b, g, trial)
	})
	if alpha != 1 {
		for k := range d {
			d[k] *= alpha
		}
	}
	return nil
}

// blockModel is the quadratic model of a block at z; q = g + h(z−x).
type blockModel struct {
	n       int
	b       []int32
	g, h    []float64
	pen     *loss.Separable
	x, z, q []float64
}

func (m *blockModel) minimise() error {
	copy(m.z, m.x)
	copy(m.q, m.g)
	scale := 0.0
	for k, j := range m.b {
		l1, _, _, _ := m.pen.At(int(j))
		scale = math.Max(scale, math.Abs(m.g[k]))
		if !math.IsInf(l1, 1) {
			scale = math.Max(scale, l1)
		}
	}
	for range modelRounds {
		for range modelSweeps {
			m.sweep()
		}
		if m.violation() <= modelTol*scale {
			return nil
		}
		if err := m.newton(); err != nil {
			return err
		}
		if m.violation() <= modelTol*scale {
			return nil
		}
	}
	return nil // not stationary, yet below where it started
}

// sweep minimises over one variable after another.
func (m *blockModel) sweep() {
	for k, j := range m.b {
		c := m.h[k*m.n+k]
		if c == 0 {
			continue
		}
		z := m.pen.Prox(int(j), m.z[k]-m.q[k]/c, 1/c)
		if d := z - m.z[k]; d != 0 {
			m.z[k] = z
			kern.Axpy(d, m.h[k*m.n:k*m.n+m.n], m.q)
		}
	}
}

func (m *blockModel) violation() float64 {
	worst := 0.0
	for k, j := range m.b {
		if m.h[k*m.n+k] != 0 {
			worst = math.Max(worst, m.pen.Distance(int(j), m.z[k], m.q[k]))
		}
	}
	return worst
}

// newton moves the variables that are free, neither at a bound nor at a kink,
// to the minimiser for their signs; where one meets its bound or 0 first, it
// stays there and the others go on.
func (m *blockModel) newton() error {
	for {
		var free []int
		slope := make([]float64, m.n)
		h := make([]float64, len(m.h))
		copy(h, m.h)
		for k, j := range m.b {
			l1, l2, lower, upper := m.pen.At(int(j))
			z := m.z[k]
			if z <= lower || z >= upper || l1 > 0 && z == 0 || m.h[k*m.n+k] == 0 {
				continue
			}
			free = append(free, k)
			if z < 0 {
				l1 = -l1
			}
			slope[k] = m.q[k] + l1 + l2*z
			h[k*m.n+k] += l2
		}
		if len(free) == 0 {
			return nil
		}
		p, err := newtonOn(free, h, m.n, slope)
		if err != nil || kern.Dot(p, gather(slope, free)) >= 0 {
			return err
		}
		full := m.advance(free, p)
		m.refresh()
		if full {
			return nil
		}
	}
}

// advance goes along p until a variable meets its bound or kink, and reports
// whether none did.
func (m *blockModel) advance(free []int, p []float64) (full bool) {
	t, hit, stop := 1.0, -1, 0.0
	for a, k := range free {
		l1, _, lower, upper := m.pen.At(int(m.b[k]))
		z := m.z[k]
		limit := upper
		if p[a] < 0 {
			limit = lower
		}
		if l1 > 0 && z*p[a] < 0 && math.Abs(z) < math.Abs(limit-z) {
			limit = 0
		}
		if s := (limit - z) / p[a]; s < t {
			t, hit, stop = s, k, limit
		}
	}
	for a, k := range free {
		m.z[k] += t * p[a]
	}
	if hit >= 0 {
		m.z[hit] = stop
	}
	return hit < 0
}

// refresh computes q anew.
func (m *blockModel) refresh() {
	copy(m.q, m.g)
	for k := range m.b {
		if d := m.z[k] - m.x[k]; d != 0 {
			kern.Axpy(d, m.h[k*m.n:k*m.n+m.n], m.q)
		}
	}
}
