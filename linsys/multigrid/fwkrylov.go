package multigrid

import (
	"context"
	"math"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/solver"
)

// fwKrylov is the iteration around the cycle, in its precision. With z = M r
// (times any positive number),
//
//	β = −zᵀq/δ,  p = z + βp,  q = A p,  δ = pᵀq,  α = zᵀr/δ,  x += αp,  r −= αq,
//
// where −zᵀq/δ with the old q = A p makes p A-orthogonal to its predecessor
// without an old residual. r is the b of level 0 and z its x, both times
// scale, so that float32 has room. What depends on memory alone is put where
// the planes are at hand: r −= αq into the way down of the next cycle, zᵀr
// and zᵀq into its way up, x += αp into the pass that replaces p.
type fwKrylov[T kern.Real] struct {
	h           *fwHierarchy[T]
	run         *fwRun
	p, q        []T
	work        [][]float64             // a plane for each block
	diff        *kern.FaceGrid[float32] // nil: products are in float64
	scale       float64                 // r is scale·(b − A x)
	alpha, beta float64
	delta       float64 // 0: there is no old direction
	due         bool    // α p is yet to be added to x
	rel         float64 // residual of the recurrence
	replacedAt  float64 // residual when r was last replaced
	stop        fwStop
	err         error

	mul, add, defect func(block int)
}

// fwStop is why a cycle was left.
type fwStop int

const (
	stopError fwStop = iota
	stopReplace
	stopSlow
	stopStalled
	stopLimit
)

// In float32 r drifts away from b − A x by some 1e-7 of what it was when it
// was last replaced. It is replaced when it has fallen to replaceShare of
// that, unless tol is reached within safeShare. Where the two norms differ by
// more than driftShare, the iteration starts again.
const (
	replaceShare = 1e-4
	safeShare    = 1e-6
	driftShare   = 1e-4
)

func newKrylov[T kern.Real](h *fwHierarchy[T]) *fwKrylov[T] {
	l := h.level[0]
	k := &fwKrylov[T]{h: h, p: make([]T, len(l.x)), q: make([]T, len(l.x)), work: make([][]float64, len(l.blocks))}
	for t := range k.work {
		k.work[t] = make([]float64, l.faces.Plane())
	}
	if f, narrow := any(&l.faces).(*kern.FaceGrid[float32]); narrow && f.Code != nil && (f.Excess != nil || numberExcess(l, f, h.threads)) {
		k.diff = f
	}
	blocks := l.blocks
	k.mul = func(t int) {
		b := &blocks[t]
		for i := b.lo; i <= b.hi; i++ {
			if i < b.hi {
				k.turn(i)
			}
			if p := i - 1; p >= b.blackLo && p < b.blackHi {
				k.mulPlane(p)
			}
		}
	}
	k.add = func(t int) {
		a := k.alpha / k.scale
		for i := blocks[t].lo; i < blocks[t].hi; i++ {
			lo, hi := k.run.plane(i)
			kern.MixedDirection(a, k.run.x[lo:hi], k.p[lo:hi], 0, k.p[lo:hi])
		}
	}
	k.defect = func(t int) {
		for i := blocks[t].lo; i < blocks[t].hi; i++ {
			k.run.part[0][i] = kern.FaceDefect(&k.run.g.faces, i, k.scale, k.run.x, k.run.b, l.b, k.work[t])
		}
	}
	return k
}

// before is called with each plane before the cycle reads r there.
func (k *fwKrylov[T]) before(i int) {
	if k.due {
		lo, hi := k.run.plane(i)
		k.run.part[0][i] = kern.MixedStep(k.alpha, k.q[lo:hi], k.h.level[0].b[lo:hi])
	}
}

// after is called with each plane once the cycle is done with it.
func (k *fwKrylov[T]) after(i int) {
	l, part := k.h.level[0], &k.run.part
	lo, hi := k.run.plane(i)
	part[0][i], part[1][i] = kern.MixedDot2(l.x[lo:hi], l.b[lo:hi], k.q[lo:hi])
}

// turn replaces the direction on plane i, after its step.
func (k *fwKrylov[T]) turn(i int) {
	lo, hi := k.run.plane(i)
	z, p := k.h.level[0].x[lo:hi], k.p[lo:hi]
	if k.delta == 0 {
		copy(p, z)
		return
	}
	a := 0.
	if k.due {
		a = k.alpha / k.scale
	}
	kern.MixedDirection(a, k.run.x[lo:hi], z, k.beta, p)
}

func (k *fwKrylov[T]) mulPlane(i int) {
	if k.diff != nil {
		k.run.part[0][i] = kern.FaceDiff(k.diff, i, any(k.p).([]float32), any(k.q).([]float32))
		return
	}
	k.run.part[0][i] = kern.FaceMul(&k.run.g.faces, i, k.p, k.q)
}

func (k *fwKrylov[T]) each(fn func(block int)) {
	par.For(k.h.threads, len(k.h.level[0].blocks), fn)
}

// catchUp adds the step that x lags behind.
func (k *fwKrylov[T]) catchUp() {
	if k.due {
		k.each(k.add)
		k.due = false
	}
}

// residual computes r and ‖b − A x‖/‖b‖ anew.
func (k *fwKrylov[T]) residual() {
	run := k.run
	k.catchUp()
	guess := run.result.Residual
	for range 2 {
		k.scale = 1 / (guess * run.normB)
		k.each(k.defect)
		norm := math.Sqrt(kern.Sum(run.part[0]))
		run.result.Residual = norm * guess
		if !(norm > 1/safeScale && norm < safeScale) && norm > 0 && norm <= math.MaxFloat64 {
			guess *= norm // too far off for float32
			continue
		}
		break
	}
	k.replacedAt = run.result.Residual
	if run.first < 0 {
		run.first = run.result.Residual
	}
}

// safeScale bounds the norm of the scaled residual, and its inverse.
const safeScale = 1e8

// solve iterates until the run ends or the cycle is to be changed.
func (h *fwHierarchy[T]) solve(ctx context.Context, run *fwRun) error {
	if run.normB == 0 {
		run.result.Residual, run.first = 0, 0
		run.result.Reason = solver.Tolerance
		return nil
	}
	if h.krylov == nil {
		h.krylov = newKrylov(h)
	}
	k := h.krylov
	k.run, k.due, k.delta, k.err = run, false, 0, nil
	h.outer = k
	defer func() { h.outer, k.run = nil, nil }()
	if run.first < 0 {
		run.result.Residual = 1
	}
	k.residual()
	switch {
	case run.result.Residual <= run.tol:
		run.result.Reason = solver.Tolerance
		return nil
	case run.maxIter <= run.result.Iterations:
		run.result.Reason = solver.IterationLimit
		return nil
	}
	for {
		if err := ctx.Err(); err != nil {
			k.residual()
			return err
		}
		if h.cycle() {
			if k.advance() {
				continue
			}
			run.indefinite = true
			k.residual()
			return nil
		}
		k.residual()
		if k.ends() {
			return k.err
		}
	}
}

// goesOn takes stock after r −= αq.
func (k *fwKrylov[T]) goesOn() bool {
	if !k.due {
		return true
	}
	run := k.run
	run.result.Iterations++
	rel := math.Sqrt(kern.Sum(run.part[0])) / (k.scale * run.normB)
	k.rel = rel
	if run.record != nil {
		if k.err = run.record(run.result.Iterations, rel); k.err != nil {
			k.stop = stopError
			return false
		}
	}
	switch {
	case rel <= run.tol || k.drifts(rel):
		k.stop = stopReplace
	case run.isSlow(rel):
		k.stop = stopSlow
	case run.stalled(rel):
		k.stop = stopStalled
	case run.result.Iterations >= run.maxIter:
		k.stop = stopLimit
	default:
		return true
	}
	return false
}

// drifts reports whether r is to be replaced.
func (k *fwKrylov[T]) drifts(rel float64) bool {
	_, narrow := any(k.p).([]float32)
	return narrow && rel <= replaceShare*k.replacedAt && k.run.tol < safeShare*k.replacedAt
}

// advance finds the next step along a new direction. It reports false when
// zᵀr or δ is not positive.
func (k *fwKrylov[T]) advance() bool {
	run := k.run
	gamma, zq := kern.Sum(run.part[0]), kern.Sum(run.part[1])
	if !(gamma > 0) || math.IsInf(gamma, 1) {
		return false
	}
	if k.delta > 0 {
		k.beta = -zq / k.delta
	}
	k.each(k.mul)
	for _, s := range k.h.level[0].seams {
		k.mulPlane(s.at - 1)
		k.mulPlane(s.at)
	}
	k.due = false
	if k.delta = kern.Sum(run.part[0]); !(k.delta > 0) {
		return false
	}
	k.alpha, k.due = float64(T(gamma/k.delta)), true
	return true
}

// ends decides, with the residual computed anew, whether the run is over.
// Where the residual hasn't got much smaller since the last time, rounding is
// in the way.
func (k *fwKrylov[T]) ends() bool {
	run := k.run
	rho := run.result.Residual
	switch {
	case k.stop == stopError:
		return true
	case rho <= run.tol:
		run.result.Reason = solver.Tolerance
		return true
	case k.stop == stopSlow:
		run.slow = true
		return true
	case k.stop == stopStalled:
		run.result.Reason = solver.Stalled
		return true
	case k.stop == stopReplace && rho > run.confirmed/2:
		run.result.Reason = solver.AtRoundoff
		return true
	case run.result.Iterations >= run.maxIter:
		run.result.Reason = solver.IterationLimit
		return true
	}
	// The old direction is of use as long as r is still orthogonal to it.
	if !(math.Abs(rho-k.rel) <= driftShare*rho) {
		k.delta = 0
	}
	run.confirmed = rho
	run.result.Replacements++
	run.best = math.Inf(1)
	return false
}
