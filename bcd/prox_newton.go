package bcd

import (
	"context"
	"math"

	"solve/loss"
)

// glmWork holds the vectors of proximal Newton.
type glmWork struct {
	scaled, step, trial []float64
	hess                []float64

	trialTheta, trialHess []float64 // at trial
	current               bool      // θ and hess belong to η

	g, mean []float64 // of columns that narrow keeps, by column

	set            []int32 // columns of the model under way
	above          []float64
	damping        float64 // how close Newton's model is to the quadratic above; see adapt
	fall, promised float64 // decreases by the last step
}

func (w *glmWork) room(n int) []float64 {
	w.scaled = grow(w.scaled, n)
	return w.scaled
}

const (
	maxNewton    = 200
	armijo       = 1e-4
	leastHessian = 1e-4 // of the loss's curvature: rows on a linear piece of it get this much
)

// proxNewton minimises P over the working set: the loss is replaced by its
// second-order model, the model solved by coordinate descent, and the step
// shortened until P decreases enough (Lee, Sun & Saunders, SIAM J. Optim. 24,
// 2014; Friedman, Hastie & Tibshirani 2010). It ends when a step that promised
// no more than tol has been made.
func (e *engine) proxNewton(ctx context.Context, tol float64) {
	n := e.n
	w := &e.newton
	w.step, w.trial = grow(w.step, n), grow(w.trial, n)
	w.hess, w.trialHess, w.trialTheta = grow(w.hess, n), grow(w.trialHess, n), grow(w.trialTheta, n)
	if len(e.hess) != n {
		e.hess = make([]float64, n)
	}
	majorised, robust := e.loss.(loss.Majorised)
	w.current = false
	boost, best, idle := 0.0, math.Inf(1), 0
	slow, last := true, math.Inf(1)
	set := e.set
	defer func() { e.set = set }()
	for steps := 0; ; steps++ {
		e.set = set
		if !w.current {
			e.at.value = e.loss.Derivatives(e.at.eta, e.y, e.w, e.at.theta, w.hess)
		}
		if steps == maxNewton {
			break
		}
		w.current = false
		if robust {
			e.flatten(majorised, w.hess)
		} else {
			e.dampHessian(w.hess, boost)
		}
		if boost > 0 || slow || !similar(w.hess, e.hess) {
			copy(e.hess, w.hess)
			e.gram.reset(e.hess, 0)
		}
		e.loadGradient(e.at.theta, e.hess)
		s := &e.sub
		s.q = weightedSquares(e.at.theta, e.hess)
		gap := s.gap()
		if robust {
			gap = e.setGap()
		}
		if gap <= tol || ctx.Err() != nil {
			break
		}
		slow, last = gap > 0.1*last, gap
		if gap < 0.5*best || w.fall > tol {
			best, idle = min(best, gap), 0
		} else if idle++; idle > 8 {
			break
		}
		e.narrow()
		e.loadHessian(e.at.theta, e.hess, 0)
		before := s.penaltyAt(s.ref)
		share := 1e-3
		if s.gram == nil {
			share = 0.3
		}
		e.solveModel(ctx, share*gap, 0.1*tol, robust)
		e.stats.NewtonSteps++
		t := e.lineSearch(before)
		if robust {
			if w.adapt(t) {
				continue
			}
			e.refresh()
			return
		}
		switch {
		case t > 0.1:
			boost *= 0.1
		case t > 0:
			boost = max(0.1, 2*boost)
		case boost > 1e8:
			e.refresh()
			return
		default:
			boost = max(1, 10*boost)
		}
	}
	if e.intercept {
		e.refresh()
	}
}

// solveModel minimises Newton's model to goal, and further where what is open
// could be most of the decrease, but not beyond least. The gap of losses with
// quadratics above them says little about decreases, so that more is asked of
// their models.
func (e *engine) solveModel(ctx context.Context, goal, least float64, robust bool) {
	s := &e.sub
	before := s.penaltyAt(s.ref)
	open := 1.0
	if robust {
		open = 0.1
	} else {
		s.rough = roughly
		defer func() { s.rough = 0 }()
	}
	for range maxGoals {
		goal = max(goal, least)
		if !s.solve(ctx, goal) || goal == least || s.gap() <= open*(before-s.value(s.x, s.g)) {
			return
		}
		goal *= 0.1
	}
}

// maxGoals bounds how often the goal is tightened.
const maxGoals = 20

// roughly is the part of a model's decrease that a sweep has to bring to be
// followed by another, where sweeps cost as much as a new model.
const roughly = 0.05

// near is the part of λ_j from which on a gradient brings its column into
// Newton's model.
const near = 0.9

// narrow restricts the subproblem to the columns that a Newton step is likely
// to move: the others, at zero and with small gradients, cost as much and are
// looked at again after the step.
func (e *engine) narrow() {
	s, w := &e.sub, &e.newton
	w.set = w.set[:0]
	for k, j := range e.set {
		e.in[j] = e.groups != nil || s.x[k] != 0 || math.Abs(s.g[k]) >= near*s.l1[k]
		if e.in[j] {
			w.set = append(w.set, j)
		}
	}
	if len(w.g) == 0 {
		w.g, w.mean = make([]float64, e.p), make([]float64, e.p)
	}
	for k, j := range e.set {
		w.g[j] = s.g[k]
		if e.intercept {
			w.mean[j] = s.mean[k]
		}
	}
	set := e.set
	e.set = w.set
	e.arrange(e.hess, 0)
	for _, j := range set {
		e.in[j] = true
	}
	e.loadPoint()
	s.q = math.NaN() // its gap is to promise decreases, not to bound them
	for k, j := range e.set {
		s.g[k] = w.g[j]
		if e.intercept {
			s.mean[k] = w.mean[j]
		}
	}
	copy(s.gref, s.g)
}

// sameHessian is the relative change of the second derivatives up to which
// Newton's model keeps its old ones, and with them the Gram matrix.
const sameHessian = 0.1

func similar(h, old []float64) bool {
	change, size := 0.0, 0.0
	for i, v := range old {
		change += math.Abs(h[i] - v)
		size += v
	}
	return change <= sameHessian*size
}

// weightedSquares is Σ θ²/h.
func weightedSquares(theta, h []float64) float64 {
	sum := 0.0
	for i, t := range theta {
		if t != 0 {
			sum += t * t / h[i]
		}
	}
	return sum
}

// dampHessian keeps the model from being flat where the loss is linear, and
// makes it steeper after steps that failed.
func (e *engine) dampHessian(hess []float64, boost float64) {
	least := 1e-12
	switch curvature := e.loss.Curvature(); {
	case math.IsInf(curvature, 1):
	case e.loss.SelfConcordance() < math.Inf(1):
		least = 1e-10 * curvature // never flat, though it gets close
	default:
		least = min(1, leastHessian*(1+boost)) * curvature
	}
	for i, h := range hess {
		hess[i] = max(h*(1+boost), least*e.w[i])
	}
}

// flatten takes the second derivatives towards the curvatures of the quadratics
// that lie above the loss: all the way, every step decreases P.
func (e *engine) flatten(l loss.Majorised, hess []float64) {
	w := &e.newton
	w.above = grow(w.above, e.n)
	l.Majorise(e.at.eta, e.y, e.w, w.above)
	if w.damping == 0 {
		w.damping = firstDamping
	}
	for i, a := range w.above {
		hess[i] = max(hess[i]+w.damping*(a-hess[i]), 1e-14*e.w[i])
	}
}

const (
	firstDamping = 0.1
	leastDamping = 1e-8
)

// adapt changes the damping after a step of length t as a trust region does. It
// fails where the largest damping has not helped.
func (w *glmWork) adapt(t float64) bool {
	switch agreement := w.fall / w.promised; {
	case t == 1 && agreement > 0.75:
		w.damping = max(leastDamping, 0.1*w.damping)
	case t == 0 && w.damping == 1:
		return false
	case t < 1 || !(agreement > 0.25):
		w.damping = min(1, 10*w.damping)
	}
	return true
}

// lineSearch moves x and η along the subproblem's step, halved until P falls
// by enough; it returns the length, 0 if there is none.
func (e *engine) lineSearch(before float64) float64 {
	s, w := &e.sub, &e.newton
	clear(w.step)
	for k, j := range e.set {
		if d := s.x[k] - s.ref[k]; d != 0 {
			e.d.axpy(d, int(j), w.step)
		}
	}
	x0 := 0.0
	if e.intercept {
		for i, t := range w.step {
			x0 -= e.at.theta[i] + e.hess[i]*t
		}
		x0 /= s.total
		for i := range w.step {
			w.step[i] += x0
		}
	}
	slope := dot(e.at.theta, w.step) + s.penaltyAt(s.x) - before
	start := e.at.value + before
	w.promised, w.fall = -slope, 0
	for i, t := range w.step {
		w.promised -= 0.5 * e.hess[i] * t * t
	}
	noise := 1e-14 * math.Abs(start)
	for t := 1.0; t > 1e-10; t *= 0.5 {
		for i, v := range e.at.eta {
			w.trial[i] = v + t*w.step[i]
		}
		var value float64
		if t == 1 {
			value = e.loss.Derivatives(w.trial, e.y, e.w, w.trialTheta, w.trialHess)
		} else {
			value = e.loss.Value(w.trial, e.y, e.w)
		}
		after := value + e.penaltyAlong(t)
		if after <= start+armijo*t*slope+noise {
			w.fall = start - after
			e.accept(t, x0)
			if t == 1 {
				e.at.value, w.current = value, true
				e.at.theta, w.trialTheta = w.trialTheta, e.at.theta
				w.hess, w.trialHess = w.trialHess, w.hess
			}
			return t
		}
	}
	return 0
}

// penaltyAlong is Ω of the working set after a step of length t.
func (e *engine) penaltyAlong(t float64) float64 {
	s := &e.sub
	if t == 1 {
		return s.penaltyAt(s.x)
	}
	s.next = grow(s.next, len(s.x))
	for k, v := range s.ref {
		s.next[k] = v + t*(s.x[k]-v)
	}
	return s.penaltyAt(s.next)
}

func (e *engine) accept(t, x0 float64) {
	s := &e.sub
	for k, j := range e.set {
		if t == 1 {
			e.x[j] = s.x[k]
		} else {
			e.x[j] = s.ref[k] + t*(s.x[k]-s.ref[k])
		}
	}
	e.at.x0 += t * x0
	e.at.eta, e.newton.trial = e.newton.trial, e.at.eta
}
