package bcd

import (
	"context"
	"math"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/solver"
)

// proximal is the proximal point method on the dual, max D(α) − Σ (α_i−a_i)²/
// (2σC_i), with a the last α. Its dual in turn is to minimise
//
//	φ(w, x₀) = ½‖w‖² + Σ ψ_i(m_i),  ψ_i′(m) = α_i(m) = clip(a_i + σC_i m, 0, C_i),
//
// smooth, piecewise quadratic and without constraints, with an intercept as
// without. Newton steps with a line search solve it in finitely many steps,
// and the rows strictly inside the bounds alone make the Hessian. For the
// squared hinge φ with a = 0, σ = 1 and no upper bound is the problem itself,
// and one φ is enough (Keerthi & DeCoste, JMLR 6, 2005; Yan & Li, Optim.
// Methods Softw. 35(4), 2020, for the hinge).
type proximal struct {
	*svm
	center []float64 // a
	sigma  float64
	v      []float64 // Σ α_i y_i x_i
	change []float64 // of the margins along the direction
	last   []float64 // margins that the last φ started from
	d      []float64
	d0     float64
	near   []int32 // rows that φ covers: the others stay at their bounds
	reach  float64 // change of a margin that near allows for
	set    []int32 // rows of near strictly inside
	h      hessian

	best struct {
		gap   float64
		alpha []float64
		w     []float64
		x0    float64
	}
}

const (
	firstSigma = 1.0
	mostSigma  = 1e8
	growth     = 4.0  // of σ after a φ that took few steps
	warmReach  = 0.5  // of the first φ after coordinate descent
	mostSteps  = 60   // Newton steps for one φ
	inexact    = 0.05 // share of the gap that may come from an inexact minimum of φ
	patience   = 8    // proximal steps without a smaller gap before the end
)

func newProximal(s *svm) *proximal {
	q := &proximal{svm: s, sigma: firstSigma, reach: math.Inf(1)}
	n, p := s.rows.n, s.rows.p
	q.center, q.change, q.last = make([]float64, n), make([]float64, n), make([]float64, n)
	q.v, q.d = make([]float64, p), make([]float64, p)
	for _, a := range s.alpha {
		if a > 0 {
			q.reach = warmReach
			break
		}
	}
	q.h = hessian{svm: s}
	q.best.gap = math.Inf(1)
	return q
}

// run takes proximal steps until the gap is below the target.
func (q *proximal) run(ctx context.Context) (solver.Reason, error) {
	if q.settle() {
		return solver.Tolerance, nil
	}
	copy(q.last, q.margin)
	aimed, without := q.target, 0
	for iter := 1; iter <= q.opt.maxIter(); iter++ {
		q.stats.Iterations++
		if !q.squared {
			copy(q.center, q.alpha)
		}
		q.choose()
		steps, end, err := q.minimise(ctx, aimed)
		if err != nil {
			return proceed, err
		}
		before := q.best.gap
		if q.settle() {
			return solver.Tolerance, nil
		}
		if ctx.Err() != nil {
			q.restore()
			return solver.ContextReason(ctx), nil
		}
		moved := 0.0
		for i, m := range q.margin {
			moved = max(moved, math.Abs(m-q.last[i]))
		}
		copy(q.last, q.margin)
		q.reach = max(2*moved, q.reach/8)
		if without++; q.best.gap < 0.9*before {
			without = 0
		}
		if without >= patience {
			q.restore()
			return solver.Stalled, nil
		}
		if end == reached {
			aimed /= 8 // the recomputed gap was larger
		}
		switch {
		case q.squared:
		case end == lost:
			q.restore()
			q.sigma /= 8
		case steps <= 12:
			q.sigma = min(growth*q.sigma, mostSigma)
		default:
			q.sigma = min(2*q.sigma, mostSigma)
		}
	}
	q.restore()
	return solver.IterationLimit, nil
}

// settle balances α, computes v and all margins anew, and keeps α, w and x₀ if
// their gap is the smallest so far; it tells whether that is below the target.
// Newton goes on from its own w: v is too far from the next minimum of φ.
func (q *proximal) settle() bool {
	if q.intercept {
		q.balance()
	}
	q.setNormal(q.v)
	q.setMargins()
	q.stats.Passes += 2
	gap := 0.0
	for j, w := range q.w {
		gap += (w - q.v[j]) * (w - q.v[j])
	}
	gap = gap/2 + q.terms()
	if gap < q.best.gap {
		q.best.gap = gap
		q.best.alpha, q.best.w, q.best.x0 = append(q.best.alpha[:0], q.alpha...), append(q.best.w[:0], q.w...), q.x0
	}
	return gap <= q.target
}

// restore goes back to the smallest gap.
func (q *proximal) restore() {
	copy(q.alpha, q.best.alpha)
	copy(q.w, q.best.w)
	q.x0 = q.best.x0
	q.setNormal(q.v)
	q.setMargins()
}

// balance shrinks the α of the heavier class until Σ α_i y_i = 0.
func (s *svm) balance() {
	plus, minus := 0.0, 0.0
	for i, a := range s.alpha {
		if s.y[i] > 0 {
			plus += a
		} else {
			minus += a
		}
	}
	if plus == minus {
		return
	}
	heavy, ratio := 1.0, minus/plus
	if minus > plus {
		heavy, ratio = -1, plus/minus
	}
	for i := range s.alpha {
		if s.y[i] == heavy {
			s.alpha[i] *= ratio
		}
	}
}

// choose sets near to the rows that can leave their bounds when no margin
// changes by more than reach; rows that do otherwise come in with the next φ.
func (q *proximal) choose() {
	q.near = q.near[:0]
	for i, m := range q.margin {
		a := q.alpha[i]
		if !q.squared && (a <= 0 && m < -q.reach || a >= q.cost[i] && m > q.reach) {
			continue
		}
		q.near = append(q.near, int32(i))
	}
}

// ending is how the Newton steps on one φ ended.
type ending int

const (
	lost    ending = iota // no more descent, or too many steps
	centred               // what is left of the gap is due to the centre
	reached               // the gap is below the aim
)

// minimise takes Newton steps on φ until the gap is below aimed (reached), what
// is left of it is due to the centre (centred), or neither comes about (lost).
func (q *proximal) minimise(ctx context.Context, aimed float64) (steps int, end ending, err error) {
	q.h.begin(q.sigma)
	for steps = 0; ; steps++ {
		free := q.setAlpha()
		residual, terms, slope := q.measure()
		imbalance := math.Abs(slope) * (1 + math.Abs(q.x0))
		gap := residual + terms + imbalance
		if err := q.log.record("newton", q.stats.NewtonSteps, math.NaN(), math.Sqrt(2*residual), gap/q.null, q.sigma); err != nil {
			return steps, lost, err
		}
		switch {
		case gap <= aimed && imbalance <= inexact*aimed:
			return steps, reached, nil
		case !q.squared && residual+imbalance <= inexact*terms && terms > 0:
			return steps, centred, nil
		case steps >= mostSteps || ctx.Err() != nil:
			return steps, lost, nil
		}
		q.d0 = q.h.direction(free, q.d, -slope)
		q.stats.NewtonSteps++
		q.stats.Passes += float64(len(q.near)) / float64(q.rows.n)
		par.For(q.threads, par.Chunks(len(q.near), passRows), func(chunk int) {
			lo, hi := par.Bounds(chunk, len(q.near), passRows)
			for _, i := range q.near[lo:hi] {
				q.change[i] = -q.y[i] * (q.rows.dot(int(i), q.d) + q.d0)
			}
		})
		t := q.search(slope)
		if t == 0 {
			return steps, lost, nil
		}
		kern.Axpy(t, q.d, q.w)
		q.x0 += t * q.d0
		for _, i := range q.near {
			q.margin[i] += t * q.change[i]
		}
	}
}

// measure sets d to −∇_w φ = v − w and returns ½‖w−v‖², the terms of the near
// rows, and ∂φ/∂x₀ = −Σ α y.
func (q *proximal) measure() (residual, terms, slope float64) {
	for j, w := range q.w {
		g := w - q.v[j]
		q.d[j] = -g
		residual += g * g
	}
	if q.intercept {
		for i, a := range q.alpha {
			slope -= a * q.y[i]
		}
	}
	for _, i := range q.near {
		terms += q.term(int(i), q.margin[i], q.alpha[i])
	}
	return residual / 2, terms, slope
}

// setAlpha takes α to the margins, v along, and returns the rows strictly
// inside their bounds.
func (q *proximal) setAlpha() []int32 {
	q.set = q.set[:0]
	for _, i := range q.near {
		c := q.cost[i]
		a := q.center[i] + q.sigma*c*q.margin[i]
		switch {
		case a <= 0:
			a = 0
		case !q.squared && a >= c:
			a = c
		default:
			q.set = append(q.set, i)
		}
		if old := q.alpha[i]; a != old {
			q.rows.axpy((a-old)*q.y[i], int(i), q.v)
			q.alpha[i] = a
		}
	}
	return q.set
}

// slopeAt is the derivative of φ at step t, given that at 0 and ‖d‖².
func (q *proximal) slopeAt(t, first, dd float64) float64 {
	s0, s1 := first+t*dd, 0.0
	center, cost, margin, alpha := q.center, q.cost, q.margin, q.alpha
	for _, i := range q.near {
		c := q.change[i]
		a := center[i] + q.sigma*cost[i]*(margin[i]+t*c)
		if a < 0 {
			a = 0
		} else if !q.squared && a > cost[i] {
			a = cost[i]
		}
		s1 += (a - alpha[i]) * c
	}
	return s0 + s1
}

// search finds the step at which φ is least along the direction: the
// derivative is piecewise linear and grows. It returns 0 where rounding hides
// the descent. slope0 is ∂φ/∂x₀.
func (q *proximal) search(slope0 float64) float64 {
	const enough = 0.01
	first, dd := slope0*q.d0, kern.Dot(q.d, q.d)
	for j, d := range q.d {
		first += (q.w[j] - q.v[j]) * d
	}
	if !(first < 0) {
		return 0
	}
	lo, below, hi := 0.0, first, 1.0
	above := q.slopeAt(hi, first, dd)
	for above < enough*first { // too short
		lo, below, hi = hi, above, 2*hi
		if above = q.slopeAt(hi, first, dd); hi > 1e6 {
			return hi
		}
	}
	if math.Abs(above) <= -enough*first {
		return hi
	}
	side := 0
	for range 80 {
		t := lo - below*(hi-lo)/(above-below)
		if !(t > lo && t < hi) {
			if t = lo + (hi-lo)/2; t == lo || t == hi {
				break
			}
		}
		s := q.slopeAt(t, first, dd)
		if math.Abs(s) <= -enough*first {
			return t
		}
		if s < 0 {
			lo, below = t, s
			if side == -1 {
				above /= 2 // Illinois
			}
			side = -1
		} else {
			hi, above = t, s
			if side == 1 {
				below /= 2
			}
			side = 1
		}
	}
	return lo
}
