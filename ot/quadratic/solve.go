package quadratic

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"solve/internal/par"
	"solve/solver"
)

// run carries one Solve.
type run struct {
	p     *Problem
	opt   Options
	r     *reduced
	work  []float64 // n×m
	stats *Stats
	res   *Result
	began time.Time
	steps int
	err   error // of the Recorder
}

// Solve computes an optimal plan of p with its certificate. Malformed problems
// and options give (nil, err). A run that a limit or the context ends gives
// the best answer with its certificate and the error of its verdict; an
// infeasible problem gives a Result without a plan, with a violating set of
// rows, and an error that wraps solver.ErrInfeasible.
func Solve(ctx context.Context, p *Problem, opt *Options) (*Result, error) {
	s := &run{p: p, res: &Result{}, began: time.Now()}
	if opt != nil {
		s.opt = *opt
	}
	s.stats = &s.res.Stats
	if err := s.opt.Validate(); err != nil {
		return nil, err
	}
	if err := p.validate(); err != nil {
		return nil, err
	}
	if s.opt.TimeLimit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.opt.TimeLimit)
		defer cancel()
	}
	var err error
	if s.r, err = p.reduce(ctx, &s.opt); err != nil && ctx.Err() != nil {
		s.res.Verdict = solver.Verdict{Status: solver.Stopped, Reason: solver.ContextReason(ctx), Detail: "while the costs were read"}
		s.res.Gap, s.res.RelGap = math.Inf(1), math.Inf(1)
		return s.res, s.res.Err()
	}
	if err != nil {
		return nil, err
	}
	s.work = make([]float64, s.r.n*s.r.m)
	s.stats.Setup = s.lap()
	if s.r.forbidden > 0 && s.infeasible() {
		s.stats.Verify = s.lap() - s.stats.Setup
		return s.res, s.res.Err()
	}
	ans, reason := s.optimise(ctx)
	s.stats.Solve = s.lap() - s.stats.Setup
	s.certify(ans)
	s.verdict(reason)
	s.stats.Verify = s.lap() - s.stats.Setup - s.stats.Solve
	if s.err != nil {
		return s.res, fmt.Errorf("quadratic: recorder: %w", s.err)
	}
	return s.res, s.res.Err()
}

func (s *run) lap() float64 { return time.Since(s.began).Seconds() }

// newtonGamma is the γ/(mean|c|·max(n, m)) from which on the Newton method
// takes few steps; c are the centred costs.
const newtonGamma = 5e-3

// optimise runs the method and falls back on the interior point method, which
// is slower and surer.
func (s *run) optimise(ctx context.Context) (*answer, solver.Reason) {
	gam := s.r.g / max(s.r.size*float64(s.r.m), math.SmallestNonzeroFloat64)
	method := s.opt.Method
	if method == "" || method == Auto {
		if gam >= newtonGamma {
			method, s.res.Why = Newton, fmt.Sprintf("γ is %.2g times the mean centred cost and the number of points", gam)
		} else {
			method, s.res.Why = Interior, fmt.Sprintf("γ is only %.2g times the mean centred cost and the number of points", gam)
		}
	}
	s.res.Method = method
	if method == Newton {
		m := newNewton(s)
		asked := s.opt.Method == Newton
		reason := m.solve(ctx, asked)
		if reason == "" || asked || s.over(ctx, reason) {
			return m.answer(), reason
		}
		s.res.Method, s.res.Why = Interior, fmt.Sprintf("the Newton method made little progress in %d steps", s.stats.NewtonSteps)
		s.opt.Log().Debug("quadratic: fall back on the interior point method", "newton steps", s.stats.NewtonSteps)
	}
	m := newInterior(s)
	reason := m.solve(ctx)
	return m.answer(), reason
}

// over tells whether the run as a whole has to end.
func (s *run) over(ctx context.Context, reason solver.Reason) bool {
	return ctx.Err() != nil || s.err != nil || reason == solver.IterationLimit
}

// interrupted is the reason to stop before another step, or empty.
func (s *run) interrupted(ctx context.Context) solver.Reason {
	limit := s.opt.MaxIter
	if limit == 0 {
		limit = DefaultMaxIter
	}
	switch {
	case ctx.Err() != nil:
		return solver.ContextReason(ctx)
	case s.steps >= limit:
		return solver.IterationLimit
	}
	return ""
}

// record counts a step and reports it, in the units of the problem.
func (s *run) record(phase string, objective, residual, gap, step float64) solver.Reason {
	s.steps++
	if s.opt.Recorder == nil {
		return ""
	}
	s.err = s.opt.Recorder.Record(solver.Record{Iter: s.steps, Phase: phase, Elapsed: time.Since(s.began),
		Objective: objective * s.r.scale * s.r.mass, Residual: residual, Gap: gap, Step: step})
	if s.err != nil {
		return solver.Interrupted
	}
	return ""
}

// infeasible decides whether the allowed arcs can move the mass, and if not,
// proves it by a set of rows.
func (s *run) infeasible() bool {
	r := s.r
	rows := s.isolated()
	if rows == nil {
		f := newFlow(r, s.work, slices.Clone(r.a), slices.Clone(r.b))
		if f.run() <= flowTolerance {
			return false
		}
		from, to := f.violation()
		if r.transposed { // what isn't reached holds more than what it reaches
			from = complement(to, r.m)
		}
		for _, k := range from {
			rows = append(rows, s.given(k))
		}
	}
	s.violate(rows)
	return true
}

// given is the row of the problem that has index k among those with mass.
func (s *run) given(k int) int {
	if s.r.transposed {
		return s.r.cols[k]
	}
	return s.r.rows[k]
}

// isolated looks for a point with mass, however little, that has no arc, and
// returns rows that prove it.
func (s *run) isolated() []int {
	r := s.r
	rowHas, colHas := make([]bool, r.n), make([]bool, r.m)
	for k, x := range r.c {
		if !math.IsInf(x, 1) {
			rowHas[k/r.m], colHas[k%r.m] = true, true
		}
	}
	if r.transposed {
		rowHas, colHas = colHas, rowHas
	}
	if k := slices.Index(rowHas, false); k >= 0 {
		return []int{s.given(k)}
	}
	if slices.Contains(colHas, false) {
		return support(s.p.A) // all of them reach less than everything
	}
	return nil
}

// violate states that rows hold more mass than what they reach takes.
func (s *run) violate(rows []int) {
	res := s.res
	reached := make([]bool, len(s.p.B))
	row := make([]float64, len(s.p.B))
	var held, reachable sum
	for _, i := range rows {
		held.add(s.p.A[i])
		s.p.costs(i, row)
		for j, c := range row {
			if !math.IsInf(c, 1) && !reached[j] {
				reached[j] = true
				reachable.add(s.p.B[j])
			}
		}
	}
	res.ViolatingRows, res.Held, res.Reachable = rows, held.value(), reachable.value()
	res.Verdict = solver.Verdict{Status: solver.Infeasible, Reason: solver.ViolatingSet,
		Detail: fmt.Sprintf("%d rows hold mass %.15g but reach columns that take only %.15g", len(rows), res.Held, res.Reachable)}
}

func complement(list []int, n int) []int {
	var out []int
	for i := range n {
		if _, in := slices.BinarySearch(list, i); !in {
			out = append(out, i)
		}
	}
	return out
}

// certify writes the answer in the units of the problem and measures it there.
func (s *run) certify(ans *answer) {
	r := s.r
	cells := ans.feasible(r, s.work)
	u, v := slices.Clone(ans.u), slices.Clone(ans.v)
	for i := range u {
		u[i] = r.scale * (u[i] + r.p[i])
	}
	for j := range v {
		v[j] = r.scale * (v[j] + r.q[j])
	}
	rows, cols := r.rows, r.cols
	if r.transposed {
		u, v, rows, cols = v, u, cols, rows
		for k, x := range cells {
			cells[k] = cell{x.j, x.i, x.t}
		}
		sortCells(cells)
	}
	s.plan(cells, rows, cols)
	s.potentials(u, v, rows, cols)
	s.bound()
}

// plan writes the entries and the primal value.
func (s *run) plan(cells []cell, rows, cols []int) {
	res, p := s.res, s.p
	n, m := p.Cost.Dims()
	x, y := make([]sum, n), make([]sum, m)
	row := make([]float64, m)
	var cost, size, squares sum
	for k, at := 0, -1; k < len(cells); k++ {
		i, j := rows[cells[k].i], cols[cells[k].j]
		if i != at {
			p.costs(i, row)
			at = i
		}
		t := cells[k].t * s.r.mass
		if t == 0 {
			continue
		}
		res.Rows, res.Cols, res.Mass = append(res.Rows, int32(i)), append(res.Cols, int32(j)), append(res.Mass, t)
		x[i].add(t)
		y[j].add(t)
		cost.add(row[j] * t)
		size.add(math.Abs(row[j]) * t)
		squares.add(t * t)
	}
	for i := range x {
		res.RowError += math.Abs(x[i].value()-p.A[i]) / s.r.mass
	}
	_, massB := pick(p.B, cols)
	for j := range y {
		res.ColError += math.Abs(y[j].value()-p.B[j]*(s.r.mass/massB)) / s.r.mass
	}
	res.Cost = cost.value()
	res.Primal = res.Cost + 0.5*p.Gamma*squares.value()
	res.RelGap = max(math.Abs(res.Primal), size.value(), smallValue*s.r.mean*s.r.scale*s.r.mass, math.SmallestNonzeroFloat64)
	res.Stats.PlanNNZ = len(res.Rows)
}

// potentials gives points without mass the largest potentials with which
// their rows and columns of (f + g − C)₊ are zero.
func (s *run) potentials(u, v []float64, rows, cols []int) {
	res, p := s.res, s.p
	n, m := p.Cost.Dims()
	res.F, res.G = make([]float64, n), make([]float64, m)
	least := make([]float64, m)
	for j := range least {
		least[j] = math.Inf(1)
	}
	for k, i := range rows {
		res.F[i] = u[k]
	}
	for k, j := range cols {
		res.G[j] = v[k]
	}
	row := make([]float64, m)
	for i := range n {
		p.costs(i, row)
		if p.A[i] == 0 {
			res.F[i] = math.Inf(1)
			for _, j := range cols {
				res.F[i] = min(res.F[i], row[j]-res.G[j])
			}
			if math.IsInf(res.F[i], 1) {
				res.F[i] = 0
			}
		}
		for j, c := range row {
			least[j] = min(least[j], c-res.F[i])
		}
	}
	for j, b := range p.B {
		if b == 0 && !math.IsInf(least[j], 1) {
			res.G[j] = least[j]
		}
	}
}

// bound evaluates the dual (2) at (F, G) and the gap.
func (s *run) bound() {
	res, p := s.res, s.p
	n, m := p.Cost.Dims()
	const block = 16
	parts := make([]sum, par.Chunks(n, block))
	par.For(s.opt.Threads, len(parts), func(k int) {
		row := make([]float64, m)
		lo, hi := par.Bounds(k, n, block)
		for i := lo; i < hi; i++ {
			p.costs(i, row)
			f := res.F[i]
			for j, c := range row {
				if x := f + res.G[j] - c; x > 0 {
					parts[k].add(x * (x / p.Gamma)) // x² may be out of range
				}
			}
		}
	})
	var dual, squares sum
	for _, x := range parts {
		squares.add(x.value())
	}
	for i, a := range p.A {
		dual.add(a * res.F[i])
	}
	_, massB := pick(p.B, support(p.B))
	for j, b := range p.B {
		dual.add(b * (s.r.mass / massB) * res.G[j])
	}
	dual.add(-0.5 * squares.value())
	res.Dual = dual.value()
	res.Gap = res.Primal - res.Dual
	res.RelGap = max(res.Gap, 0) / res.RelGap
}

func (s *run) verdict(reason solver.Reason) {
	res, tol := s.res, s.opt.Tol
	if tol == 0 {
		tol = DefaultTol
	}
	small := smallGap * s.r.top * s.r.scale * s.r.mass
	detail := fmt.Sprintf("relative gap %.3g after %d steps", res.RelGap, s.steps)
	switch {
	case (res.RelGap <= tol || res.Gap <= small) && max(res.RowError, res.ColError) <= flowTolerance:
		res.Verdict = solver.Verdict{Status: solver.Solved, Reason: solver.Tolerance}
	case reason != "":
		res.Verdict = solver.Verdict{Status: solver.Stopped, Reason: reason, Detail: detail}
	default:
		res.Verdict = solver.Verdict{Status: solver.Stopped, Reason: solver.AtRoundoff, Detail: fmt.Sprintf("%s, tolerance %.3g", detail, tol)}
	}
}

// smallGap is the gap relative to the largest cost that is accepted however
// small the optimum, since potentials are not known better.
const smallGap = 1e-14
