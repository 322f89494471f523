package multigrid

import (
	"context"
	"fmt"
	"math"
	"slices"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/solver"
)

// PCGResult is what FWMG.PCG did.
type PCGResult struct {
	Iterations int
	// Residual is ‖b − A x‖/‖b‖ of the x returned, computed anew.
	Residual float64
	// Reason is solver.Tolerance when Residual met tol, else
	// solver.IterationLimit, Stalled, AtRoundoff or NotPositiveDefinite.
	Reason solver.Reason
	// Replacements counts how often the recurrence met tol but the residual
	// did not, so that the iteration was started again from it.
	Replacements int
	// Fallbacks tells what was changed after the preconditioner turned out
	// not to be positive definite, or slow.
	Fallbacks []string
}

// PCG solves A x = b by flexible conjugate gradients (Notay, SIAM J. Sci.
// Comput. 22 (2000), one direction kept) with the multigrid cycle as the
// preconditioner, until ‖b − A x‖ ≤ tol ‖b‖ or maxIter iterations. x is the
// first guess and the answer. record, if not nil, gets the residual of the
// recurrence after each iteration; its error ends the run.
//
// The iteration runs in grid numbering: vectors are in float64, the cycle is
// scaled by 1/‖r‖ and works in float32, and three passes over memory do what
// is outside the cycle. That r = b − A x really meets tol is confirmed by
// computing it. If zᵀr ≤ 0 shows that the cycle is not positive definite,
// it goes on with θ = 1.5 in float64, then with θ = 1, for which every cycle
// is positive definite but for rounding, and then with a V-cycle. Where the
// first iterations promise more than 40 in all, boxes are split by strength.
//
// The result has the same bits for any number of threads. The error comes
// from the context, from record, or wraps solver.ErrDimension; for a singular
// grid b must add up to 0 on every component without excess.
func (m *FWMG) PCG(ctx context.Context, x, b []float64, tol float64, maxIter int, record func(iter int, rel float64) error) (PCGResult, error) {
	if len(x) != m.g.n || len(b) != m.g.n {
		return PCGResult{}, fmt.Errorf("multigrid: %d values of b and %d of x for a matrix of order %d: %w", len(b), len(x), m.g.n, solver.ErrDimension)
	}
	if m.work == nil {
		m.work = newWorkspace(m.g)
	} else {
		clear(m.work.p)
	}
	run := &fwRun{fwWorkspace: m.work, g: m.g, rhs: b, tol: tol, maxIter: maxIter, record: record, mayBeSlow: !m.split}
	if err := run.begin(x); err != nil {
		return run.result, err
	}
	for {
		err := m.cycle.solve(ctx, run)
		if err != nil {
			m.finish(x, run)
			return run.result, err
		}
		if !run.indefinite && !run.slow {
			break
		}
		if done, err := m.fallBack(ctx, run); done || err != nil {
			run.result.Reason = solver.NotPositiveDefinite
			m.finish(x, run)
			return run.result, err
		}
	}
	m.finish(x, run)
	return run.result, nil
}

// fallBack changes the cycle after zᵀr ≤ 0 or slow convergence; done when
// there is nothing left to change.
func (m *FWMG) fallBack(ctx context.Context, run *fwRun) (done bool, err error) {
	o := *m.opt
	why, said := "zᵀr ≤ 0", ""
	switch {
	case run.slow:
		o.Strength, m.split = defaultStrength, false
		why, said = "slow", "boxes split by strength"
	case !o.Float64:
		o.Float64, o.Theta = true, [3]float64{defaultTheta, defaultTheta, defaultTheta}
		said = "float64 and θ = 1.5"
	case o.Theta != [3]float64{1, 1, 1}:
		o.Theta = [3]float64{1, 1, 1}
		said = "θ = 1"
	case !o.VCycle:
		o.VCycle = true
		said = "V-cycle"
	default:
		return true, nil
	}
	run.result.Fallbacks = append(run.result.Fallbacks, fmt.Sprintf("%s in iteration %d: %s", why, run.result.Iterations+1, said))
	m.opt = &o
	run.indefinite, run.slow, run.mayBeSlow = false, false, true
	return false, m.setUp(ctx)
}

// finish hands out x, of mean 0 on singular components.
func (m *FWMG) finish(x []float64, run *fwRun) {
	if m.cycle.isSingular() {
		m.g.center(run.x)
	}
	m.g.scatter(x, run.x)
}

// fwWorkspace are the vectors of PCG, in grid numbering.
type fwWorkspace struct {
	x, r, p, q []float64
	part       [2][]float64 // sums over planes
}

func newWorkspace(g *Grid) *fwWorkspace {
	w := &fwWorkspace{x: g.vector(), r: g.vector(), p: g.vector(), q: g.vector()}
	for k := range w.part {
		w.part[k] = make([]float64, g.nx)
	}
	return w
}

// fwRun is one call of PCG.
type fwRun struct {
	*fwWorkspace
	g          *Grid
	rhs        []float64 // in the numbering of the matrix
	normB      float64
	tol        float64
	maxIter    int
	record     func(iter int, rel float64) error
	result     PCGResult
	indefinite bool // zᵀr ≤ 0
	slow       bool // more iterations are needed than a better cycle would
	mayBeSlow  bool // there is no better cycle

	best      float64 // smallest residual of the recurrence
	bestAt    int
	confirmed float64 // residual of the last confirmation that failed
}

// begin computes r = b − A x.
func (run *fwRun) begin(x []float64) error {
	g := run.g
	g.gather(run.r, run.rhs)
	run.normB = run.norm(run.r)
	if run.normB-run.normB != 0 {
		return fmt.Errorf("multigrid: the norm of b is %v: %w", run.normB, solver.ErrNonFinite)
	}
	run.best, run.confirmed = math.Inf(1), math.Inf(1)
	if !slices.ContainsFunc(x, func(v float64) bool { return v != 0 }) {
		clear(run.x)
		run.result.Residual = 1
		return nil
	}
	g.gather(run.x, x)
	run.residual()
	return nil
}

// residual computes r = b − A x anew, and ‖r‖/‖b‖.
func (run *fwRun) residual() {
	g := run.g
	g.gather(run.r, run.rhs)
	par.For(g.threads, g.nx, func(i int) {
		kern.FaceMul(&g.faces, i, run.x, run.q)
		lo, hi := run.plane(i)
		kern.Axpy(-1, run.q[lo:hi], run.r[lo:hi])
	})
	run.result.Residual = run.norm(run.r)
	if run.normB > 0 {
		run.result.Residual /= run.normB
	}
}

func (run *fwRun) plane(i int) (lo, hi int) {
	f := &run.g.faces
	lo = f.Guard() + i*f.Plane()
	return lo, lo + f.Plane()
}

func (run *fwRun) norm(v []float64) float64 {
	part := run.part[0]
	par.For(run.g.threads, len(part), func(i int) {
		lo, hi := run.plane(i)
		part[i] = kern.Dot(v[lo:hi], v[lo:hi])
	})
	return math.Sqrt(kern.Sum(part))
}

// fwKrylov is one iteration in the precision of the cycle.
type fwKrylov[T kern.Real] struct {
	h                  *fwHierarchy[T]
	run                *fwRun
	alpha, beta, scale float64
	dots, mul, update  func(block int)
}

func newKrylov[T kern.Real](h *fwHierarchy[T], run *fwRun) *fwKrylov[T] {
	k := &fwKrylov[T]{h: h, run: run}
	l := h.level[0]
	blocks := l.blocks
	k.dots = func(t int) {
		for i := blocks[t].lo; i < blocks[t].hi; i++ {
			lo, hi := run.plane(i)
			run.part[0][i], run.part[1][i] = kern.MixedDot2(l.x[lo:hi], run.r[lo:hi], run.q[lo:hi])
		}
	}
	k.mul = func(t int) {
		b := &blocks[t]
		for i := b.lo; i <= b.hi; i++ {
			if i < b.hi {
				lo, hi := run.plane(i)
				kern.MixedXpby(l.x[lo:hi], k.beta, run.p[lo:hi])
			}
			if p := i - 1; p >= b.blackLo && p < b.blackHi {
				k.mulPlane(p)
			}
		}
	}
	k.update = func(t int) {
		for i := blocks[t].lo; i < blocks[t].hi; i++ {
			lo, hi := run.plane(i)
			run.part[0][i] = kern.MixedUpdate(k.alpha, run.p[lo:hi], run.q[lo:hi], run.x[lo:hi], run.r[lo:hi], k.scale, l.b[lo:hi])
		}
	}
	return k
}

func (k *fwKrylov[T]) mulPlane(i int) {
	k.run.part[0][i] = kern.FaceMul(&k.run.g.faces, i, k.run.p, k.run.q)
}

func (k *fwKrylov[T]) each(fn func(block int)) {
	par.For(k.h.threads, len(k.h.level[0].blocks), fn)
}

// restart puts the scaled residual into the cycle.
func (k *fwKrylov[T]) restart() {
	run := k.run
	k.scale = 1 / (run.result.Residual * run.normB)
	b := k.h.level[0].b
	par.For(k.h.threads, run.g.nx, func(i int) {
		lo, hi := run.plane(i)
		r, b := run.r[lo:hi], b[lo:hi]
		for c, v := range r {
			b[c] = T(k.scale * v)
		}
	})
}

// solve iterates until the run ends or the cycle proves indefinite.
func (h *fwHierarchy[T]) solve(ctx context.Context, run *fwRun) error {
	if run.normB == 0 {
		clear(run.x)
		run.result.Residual = 0
	}
	if run.result.Residual <= run.tol {
		run.result.Reason = solver.Tolerance
		return nil
	}
	k := newKrylov(h, run)
	k.restart()
	delta := 0.
	for run.result.Iterations < run.maxIter {
		if err := ctx.Err(); err != nil {
			return err
		}
		rel, newDelta, ok := k.step(delta)
		if !ok {
			run.indefinite = true
			clear(run.p) // may hold anything
			run.residual()
			return nil
		}
		delta = newDelta
		run.result.Iterations++
		if run.record != nil {
			if err := run.record(run.result.Iterations, rel); err != nil {
				return err
			}
		}
		if rel <= run.tol {
			if done := run.confirm(); done {
				return nil
			}
			k.restart()
			delta = 0
		} else if run.isSlow(rel) {
			run.slow = true
			run.residual()
			return nil
		} else if run.stalled(rel) {
			run.residual()
			run.result.Reason = solver.Stalled
			return nil
		}
	}
	run.residual()
	run.result.Reason = solver.IterationLimit
	if run.result.Residual <= run.tol {
		run.result.Reason = solver.Tolerance
	}
	return nil
}

// step does one iteration: with z = M r (times any positive number),
//
//	β = −zᵀq/δ,  p = z + βp,  q = A p,  δ = pᵀq,  α = zᵀr/δ,  x += αp,  r −= αq,
//
// where −zᵀq/δ with the old q = A p makes p A-orthogonal to its predecessor
// without an old residual. It is not ok when zᵀr or δ is not positive.
func (k *fwKrylov[T]) step(delta float64) (rel, newDelta float64, ok bool) {
	run := k.run
	k.h.cycle()
	k.each(k.dots)
	gamma, zq := kern.Sum(run.part[0]), kern.Sum(run.part[1])
	if !(gamma > 0) || math.IsInf(gamma, 1) {
		return 0, 0, false
	}
	k.beta = 0
	if delta > 0 {
		k.beta = -zq / delta
	}
	k.each(k.mul)
	for _, s := range k.h.level[0].seams {
		k.mulPlane(s.at - 1)
		k.mulPlane(s.at)
	}
	delta = kern.Sum(run.part[0])
	if !(delta > 0) {
		return 0, 0, false
	}
	k.alpha = gamma / delta
	k.each(k.update)
	norm := math.Sqrt(kern.Sum(run.part[0]))
	if norm > 0 {
		k.scale = 1 / norm
	}
	return norm / run.normB, delta, true
}

// confirm computes the residual that the recurrence says meets tol. Once it
// has failed twice without getting much smaller, rounding is in the way.
func (run *fwRun) confirm() (done bool) {
	run.residual()
	switch rho := run.result.Residual; {
	case rho <= run.tol:
		run.result.Reason = solver.Tolerance
		return true
	case rho > run.confirmed/2:
		run.result.Reason = solver.AtRoundoff
		return true
	}
	run.confirmed = run.result.Residual
	run.result.Replacements++
	run.best = math.Inf(1)
	return false
}

// patience is the number of iterations without a smaller residual that end
// the run.
const fwPatience = 100

func (run *fwRun) stalled(rel float64) bool {
	if rel < run.best {
		run.best, run.bestAt = rel, run.result.Iterations
	}
	return run.result.Iterations-run.bestAt > fwPatience
}

// A run that would need more than slowIterations at the mean rate of the
// first slowAfter is slow.
const (
	slowAfter      = 15
	slowIterations = 40
)

func (run *fwRun) isSlow(rel float64) bool {
	return !run.mayBeSlow && run.result.Iterations == slowAfter &&
		slowAfter*math.Log(run.tol) < slowIterations*math.Log(rel)
}

func (h *fwHierarchy[T]) isSingular() bool { return h.coarse.singular }
