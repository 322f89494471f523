package block

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"solve/solver"
)

// Descend minimises f + penalty from Options.Start by block coordinate
// descent and leaves f at the answer. nil options mean defaults.
//
// The same objective, options and seed give the same bits. Each iteration
// costs what rule, gradient and update cost; whole passes over the variables
// are made only by greedy rules and, now and then, to test for convergence.
//
// f + Ω must not rise by more than 1e-12·max(1, |f|): if it does, everything
// is computed from the point anew, and if it still has risen, the step is
// taken back and the run stops with reason at_roundoff. Options that make no
// sense together are *solver.OptionErrors, those that f rules out wrap
// solver.ErrInput. A run that ends unsolved returns its last point and
// Verdict.Err().
func Descend(ctx context.Context, f Objective, opt *Options) (*Result, error) {
	o, err := opt.resolved(f)
	if err != nil {
		return nil, err
	}
	r, err := newRun(ctx, f, o)
	if err != nil {
		return nil, err
	}
	l := &descent{run: r, began: time.Now(), base: f.Cost(), history: history{stride: 1}}
	if err := l.start(); err != nil {
		return nil, err
	}
	verdict, err := l.loop(ctx)
	if err != nil {
		return nil, err
	}
	return l.result(verdict)
}

// descent is the loop's state.
type descent struct {
	*run
	began    time.Time
	base     Cost // of the objective before the run
	history  history
	scale    float64 // ‖∇f(0)‖₂
	first    float64 // f + Ω at the start
	value    float64 // f + Ω
	settled  int     // last iteration that changed a place
	iter     int
	selected selector
}

// increase is the relative rise of f that counts as rounding.
const increase = 1e-12

func (l *descent) start() error {
	l.obj.Start(nil)
	for _, v := range l.obj.Gradient() {
		l.scale += v * v
	}
	if l.scale = math.Sqrt(l.scale); l.scale == 0 {
		l.scale = 1
	}
	if x := l.feasibleStart(); x != nil {
		l.obj.Start(x)
	}
	l.value = total(l.obj)
	l.first = l.value
	if math.IsNaN(l.value) || math.IsInf(l.value, 0) {
		return fmt.Errorf("block: the objective is %v at the start: %w", l.value, solver.ErrInput)
	}
	return nil
}

// feasibleStart is the start clipped into the bounds; nil for 0.
func (l *descent) feasibleStart() []float64 {
	x := make([]float64, l.obj.Dim())
	copy(x, l.opt.Start)
	if pen := l.obj.Penalty(); pen != nil {
		for j, v := range x {
			x[j] = pen.Prox(j, v, 0)
		}
	}
	if !slices.ContainsFunc(x, func(v float64) bool { return v != 0 }) {
		return nil
	}
	return x
}

func (l *descent) loop(ctx context.Context) (solver.Verdict, error) {
	var err error
	if l.selected, err = newSelector(ctx, l.run); err != nil {
		return solver.Verdict{}, err
	}
	every := l.checkEvery()
	if v, done, err := l.observe(0, 0, true); done || err != nil {
		return v, err
	}
	for l.iter = 1; l.iter <= l.opt.MaxIter; l.iter++ {
		if v, stop := l.limits(ctx); stop {
			l.iter--
			return v, nil
		}
		size, risen, err := l.iterate()
		var indefinite *NotPositiveDefiniteError
		switch {
		case errors.As(err, &indefinite):
			return solver.Verdict{Status: solver.Breakdown, Reason: solver.NotPositiveDefinite, Detail: err.Error()}, nil
		case err != nil:
			return solver.Verdict{}, err
		case risen > 0:
			detail := fmt.Sprintf("iteration %d raises the objective by %.3g even after recomputing", l.iter, risen)
			return solver.Verdict{Status: solver.Stopped, Reason: solver.AtRoundoff, Detail: detail}, nil
		}
		if v, done, err := l.observe(l.iter, size, l.iter%every == 0 || l.iter == l.opt.MaxIter); done || err != nil {
			return v, err
		}
	}
	l.iter--
	return solver.Verdict{Status: solver.Stopped, Reason: solver.IterationLimit, Detail: fmt.Sprintf("%d iterations", l.iter)}, nil
}

// cost is the work of this run so far.
func (l *descent) cost() Cost {
	c := l.obj.Cost()
	return Cost{c.Columns - l.base.Columns, c.Flops - l.base.Flops}
}

// checkEvery is how many iterations lie between tests for convergence, which
// read the whole gradient: one where the rule reads it anyway, otherwise about
// as many as touch all variables.
func (l *descent) checkEvery() int {
	p, tau := l.obj.Dim(), max(l.opt.BlockSize, 1)
	greedy := slices.Contains([]string{GS, GSL, GSD, GSQ, MI}, l.opt.Rule)
	_, incremental := l.obj.(*quadratic)
	switch {
	case l.opt.graph() || l.opt.Partition == Given || greedy && !incremental:
		return 1
	case incremental:
		return max(1, p/(64*tau))
	}
	return max(1, p/tau)
}

func (l *descent) limits(ctx context.Context) (solver.Verdict, bool) {
	switch {
	case ctx.Err() != nil:
		return solver.Verdict{Status: solver.Stopped, Reason: solver.Interrupted, Detail: ctx.Err().Error()}, true
	case l.opt.TimeLimit > 0 && time.Since(l.began) > l.opt.TimeLimit:
		return solver.Verdict{Status: solver.Stopped, Reason: solver.TimeLimit, Detail: fmt.Sprintf("after %d iterations", l.iter-1)}, true
	}
	return solver.Verdict{}, false
}

// iterate makes one step and returns the size of its block and, if f rose and
// the step was taken back, by how much.
func (l *descent) iterate() (size int, risen float64, err error) {
	b, id, err := l.selected.next(l.iter - 1)
	if err != nil {
		return 0, 0, err
	}
	g, d := l.vector(2, len(b)), l.vector(3, len(b))
	l.obj.Partial(b, g)
	if err := l.update.step(b, id, g, d); err != nil {
		return 0, 0, err
	}
	before := l.value
	l.move(b, d)
	limit := before + increase*math.Max(1, math.Abs(before))
	if l.value <= limit {
		return len(b), 0, nil
	}
	l.recompute()
	if l.value <= limit {
		return len(b), 0, nil
	}
	risen = l.value - before
	if math.IsNaN(risen) {
		risen = math.Inf(1)
	}
	for k := range d {
		d[k] = -d[k]
	}
	l.move(b, d)
	l.recompute()
	return len(b), risen, nil
}

// move takes the step, puts what rounding drove over a bound back on it, and
// notes changes of place.
func (l *descent) move(b []int32, d []float64) {
	pen, x := l.obj.Penalty(), l.obj.Point()
	if pen == nil {
		l.obj.Move(b, d)
		l.value = total(l.obj)
		return
	}
	before := make([]place, len(b))
	for k, j := range b {
		before[k] = placeOf(pen, int(j), x[j])
	}
	l.obj.Move(b, d)
	for k, j := range b {
		_, _, lower, upper := pen.At(int(j))
		x[j] = math.Min(math.Max(x[j], lower), upper)
		if placeOf(pen, int(j), x[j]) != before[k] {
			l.settled = l.iter
		}
	}
	l.value = total(l.obj)
}

// recompute computes everything from the point anew.
func (l *descent) recompute() {
	l.obj.Start(slices.Clone(l.obj.Point()))
	l.value = total(l.obj)
}

// observe records the state after iteration k and, where it computes the
// residual, tells whether the run is over. Convergence is believed only of
// quantities that were computed from the point anew.
func (l *descent) observe(k, size int, check bool) (solver.Verdict, bool, error) {
	p := Point{Iteration: k, Objective: l.value, Residual: math.NaN(), Block: size, Cost: l.cost()}
	p.Gap = l.gap()
	var v solver.Verdict
	done := false
	if check {
		p.Residual = l.residual() / l.scale
		if v, done = l.converged(p.Residual); done && k > 0 {
			l.recompute()
			p.Residual, p.Objective = l.residual()/l.scale, l.value
			v, done = l.converged(p.Residual)
		}
	}
	l.history.add(p)
	if rec := l.opt.Recorder; rec != nil {
		err := rec.Record(solver.Record{
			Iter: k, Phase: l.opt.Update, Elapsed: time.Since(l.began), Objective: p.Objective, Residual: p.Residual, Gap: p.Gap, Step: math.NaN(),
		})
		if err != nil {
			return v, done, fmt.Errorf("block: recorder: %w", err)
		}
	}
	return v, done, nil
}

func (l *descent) converged(residual float64) (solver.Verdict, bool) {
	solved := func(detail string) (solver.Verdict, bool) {
		return solver.Verdict{Status: solver.Solved, Reason: solver.Tolerance, Detail: detail}, true
	}
	if residual <= l.opt.Tol {
		return solved(fmt.Sprintf("relative residual %.3g", residual))
	}
	if l.obj.Penalty() == nil && l.obj.Lower() == 0 && l.value <= l.opt.Tol*l.first {
		return solved(fmt.Sprintf("objective %.3g of a loss that is not negative; its infimum may not be attained", l.value))
	}
	return solver.Verdict{}, false
}

// result recomputes the certificate from the point.
func (l *descent) result(v solver.Verdict) (*Result, error) {
	l.recompute()
	f := l.obj
	out := &Result{
		Verdict: v, Partition: l.opt.Partition, Rule: l.opt.Rule, Update: l.opt.Update, BlockSize: l.opt.BlockSize,
		X: slices.Clone(f.Point()), Objective: l.value, Iterations: l.iter, Cost: l.cost(), History: l.history.all(),
		SupportFixedAt: l.settled, Nondegeneracy: nondegeneracy(f),
	}
	if l.opt.graph() || l.opt.Partition == Given {
		out.BlockSize = 0
	}
	for _, x := range out.X {
		if x != 0 {
			out.Support++
		}
	}
	residual := l.residual() / l.scale
	name := "kkt_residual"
	if _, ok := f.(*quadratic); ok && f.Penalty() == nil {
		name = "relative_residual"
	}
	out.Certificates = []solver.Certificate{{Name: name, Value: residual, Tol: l.opt.Tol, OK: residual <= l.opt.Tol}}
	if v.Status == solver.Solved && residual > l.opt.Tol {
		// Solved by its value, which bounds the gap.
		out.Certificates[0].Tol, out.Certificates[0].OK = math.NaN(), true
		out.Certificates = append(out.Certificates, solver.Certificate{Name: "dual_gap", Value: l.value / l.first, Tol: l.opt.Tol, OK: l.value <= l.opt.Tol*l.first})
	}
	if d := out.Nondegeneracy; d < 1e-8*l.scale {
		out.Warnings = append(out.Warnings, fmt.Sprintf("the solution is nearly degenerate (δ = %.3g): its support may not be unique, or late to settle", d))
	}
	return out, v.Err()
}
