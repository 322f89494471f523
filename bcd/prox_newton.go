package bcd

import (
	"context"
	"math"
)

// glmWork holds the vectors of proximal Newton.
type glmWork struct {
	scaled, step, trial []float64
	hess                []float64
	set                 []int32 // columns of the model under way
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
	w.hess = grow(w.hess, n)
	if len(e.hess) != n {
		e.hess = make([]float64, n)
	}
	boost, best, idle := 0.0, math.Inf(1), 0
	slow, last := true, math.Inf(1)
	set := e.set
	defer func() { e.set = set }()
	for range maxNewton {
		e.set = set
		e.at.value = e.loss.Derivatives(e.at.eta, e.y, e.w, e.at.theta, w.hess)
		e.dampHessian(w.hess, boost)
		if boost > 0 || slow || !similar(w.hess, e.hess) {
			copy(e.hess, w.hess)
			e.gram.reset(e.hess, 0)
		}
		e.loadGradient(e.at.theta, e.hess)
		s := &e.sub
		s.q = weightedSquares(e.at.theta, e.hess)
		gap := s.gap()
		if gap <= tol || ctx.Err() != nil {
			break
		}
		slow, last = gap > 0.1*last, gap
		if gap < 0.5*best {
			best, idle = gap, 0
		} else if idle++; idle > 8 {
			break
		}
		e.narrow()
		e.loadGradient(e.at.theta, e.hess)
		e.loadHessian(e.at.theta, e.hess, 0)
		before := s.penaltyAt(s.ref)
		share := 1e-3
		if s.gram == nil {
			share = 0.05
		}
		s.solve(ctx, max(0.1*tol, share*gap))
		e.stats.NewtonSteps++
		t := e.lineSearch(before)
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
	set := e.set
	e.set = w.set
	e.arrange(e.hess, 0)
	for _, j := range set {
		e.in[j] = true
	}
}

// sameHessian is the relative change of the second derivatives up to which
// Newton's model keeps its old ones, and with them the Gram matrix.
const sameHessian = 0.03

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
	noise := 1e-14 * math.Abs(start)
	for t := 1.0; t > 1e-10; t *= 0.5 {
		for i, v := range e.at.eta {
			w.trial[i] = v + t*w.step[i]
		}
		after := e.loss.Value(w.trial, e.y, e.w) + e.penaltyAlong(t)
		if after <= start+armijo*t*slope+noise {
			e.accept(t, x0)
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
	copy(e.at.eta, e.newton.trial)
}
