package multigrid

import (
	"context"
	"fmt"
	"math"

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
	// Replacements counts how often the residual of the recurrence was
	// replaced by b − A x: every four digits in float32, and where the
	// recurrence met tol but the residual did not.
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
// The iteration runs in grid numbering. r, the direction p and A p are in the
// precision of the cycle, float32 where weights allow, x and all sums in
// float64; r is replaced by b − A x every four digits, and once more
// to confirm that x meets tol. The passes over these vectors are part of the
// cycle on the finest grid, but for one.
//
// If zᵀr ≤ 0 shows that the cycle is not positive definite, it goes on with
// θ = 1.5 in float64, then with θ = 1, for which every cycle is positive
// definite but for rounding, and then with a V-cycle. Where the first
// iterations promise more than 40 in all, boxes are split by strength.
//
// x is never worse than the first guess: where the run ends with a larger
// residual, it is left as it was. The result has the same bits for any number
// of threads. The error comes from the context, from record, or wraps
// solver.ErrDimension; for a singular grid b must add up to 0 on every
// component without excess.
func (m *FWMG) PCG(ctx context.Context, x, b []float64, tol float64, maxIter int, record func(iter int, rel float64) error) (PCGResult, error) {
	if len(x) != m.g.n || len(b) != m.g.n {
		return PCGResult{}, fmt.Errorf("multigrid: %d values of b and %d of x for a matrix of order %d: %w", len(b), len(x), m.g.n, solver.ErrDimension)
	}
	if m.work == nil {
		m.work = newWorkspace(m.g)
	}
	run := &fwRun{fwWorkspace: m.work, g: m.g, tol: tol, maxIter: maxIter, record: record, mayBeSlow: !m.split}
	if err := run.begin(x, b); err != nil {
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
		if m.copied {
			return run.result, ErrCycle
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

// finish hands out x, of mean 0 on singular components, or keeps the first
// guess where that is better.
func (m *FWMG) finish(x []float64, run *fwRun) {
	if !(run.result.Residual <= run.first) {
		run.result.Residual = run.first
		return
	}
	if m.cycle.isSingular() {
		m.g.center(run.x)
	}
	m.g.scatter(x, run.x)
}

// fwWorkspace are the vectors of PCG in float64, in grid numbering.
type fwWorkspace struct {
	x, b []float64
	part [2][]float64 // sums over planes
}

func newWorkspace(g *Grid) *fwWorkspace {
	w := &fwWorkspace{x: g.vector(), b: g.vector()}
	for k := range w.part {
		w.part[k] = make([]float64, g.nx)
	}
	return w
}

// fwRun is one call of PCG.
type fwRun struct {
	*fwWorkspace
	g          *Grid
	normB      float64
	tol        float64
	maxIter    int
	record     func(iter int, rel float64) error
	result     PCGResult
	indefinite bool // zᵀr ≤ 0
	slow       bool // more iterations are needed than a better cycle would
	mayBeSlow  bool // there is no better cycle

	first     float64 // residual of the first guess, −1: not known yet
	best      float64 // smallest residual of the recurrence
	bestAt    int
	confirmed float64 // the last residual that was computed anew
}

// begin takes the first guess and the right-hand side.
func (run *fwRun) begin(x, b []float64) error {
	g := run.g
	g.gather(run.b, b)
	part := run.part[0]
	par.For(g.threads, len(part), func(i int) {
		lo, hi := run.plane(i)
		part[i] = kern.Dot(run.b[lo:hi], run.b[lo:hi])
	})
	run.normB = math.Sqrt(kern.Sum(part))
	if run.normB-run.normB != 0 {
		return fmt.Errorf("multigrid: the norm of b is %v: %w", run.normB, solver.ErrNonFinite)
	}
	run.best, run.confirmed, run.first = math.Inf(1), math.Inf(1), -1
	if run.normB == 0 || g.allZero(x) {
		g.clear(run.x)
	} else {
		g.gather(run.x, x)
	}
	return nil
}

func (run *fwRun) plane(i int) (lo, hi int) {
	f := &run.g.faces
	lo = f.Guard() + i*f.Plane()
	return lo, lo + f.Plane()
}

// fwPatience is the number of iterations without a smaller residual that end
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
