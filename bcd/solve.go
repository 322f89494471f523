package bcd

import (
	"context"
	"fmt"
	"math"
	"time"

	"solve/internal/verify"
	"solve/solver"
)

// Solve fits p. Malformed problems and options give (nil, err). A run that
// ends before its tolerance (limits, cancelled context, rounding level) gives
// the best answer with its certificates and the error of its verdict.
func Solve(ctx context.Context, p *Problem, opt *Options) (*Result, error) {
	if machine(p, opt) {
		return solveMachine(ctx, p, opt)
	}
	s, err := New(ctx, p, opt)
	if err != nil {
		return nil, err
	}
	lambda, err := s.lambda()
	if err != nil {
		return nil, err
	}
	return s.Solve(ctx, lambda)
}

// lambda is the λ that the problem asks for.
func (s *Solver) lambda() (float64, error) {
	p := s.problem
	switch {
	case p.LambdaRatio == 0:
		return p.Lambda, nil
	case math.IsNaN(s.m.lambdaMax):
		return 0, fmt.Errorf("bcd: no λ makes every coefficient zero here, so a ratio to it says nothing: %w", solver.ErrInput)
	case s.m.lambdaMax == 0:
		return p.LambdaRatio, nil // zero is optimal at every λ
	}
	return p.LambdaRatio * s.m.lambdaMax, nil
}

// Solver solves one problem at several λ, each from where the last one ended.
// It refers to the problem's slices, which must not change meanwhile, and is
// not for concurrent use.
type Solver struct {
	problem *Problem
	opt     *Options
	m       *model
	e       *engine
	stats   Stats
	log     progress
	check   *verify.Fit
	null    struct{ objective, gradient, loss float64 }
	last    float64 // λ that the engine's x belongs to; 0 = cold
	setup   time.Duration
}

// New checks the problem and prepares solves: X is copied or transposed where
// needed, and the null model fitted.
func New(ctx context.Context, p *Problem, opt *Options) (*Solver, error) {
	if opt == nil {
		opt = &Options{}
	}
	if err := opt.Validate(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("bcd: %w", solver.ErrInterrupted)
	}
	if opt.method() == Cyclic {
		plain := *opt
		plain.NoNewton, plain.NoGram, plain.Anderson = true, true, -1
		opt = &plain
	}
	start := time.Now()
	m, err := prepare(p, opt)
	if err != nil {
		return nil, err
	}
	s := &Solver{problem: p, opt: opt, m: m, log: progress{to: opt.Recorder, start: start}}
	s.e = newEngine(m, opt, &s.stats, &s.log)
	s.check = s.m.fit()
	if s.null.objective, s.null.gradient, err = s.check.Null(); err != nil {
		return nil, err
	}
	if v := s.null.objective; v-v != 0 {
		return nil, fmt.Errorf("bcd: the loss without coefficients is %g: offsets or targets are too large for the %s loss: %w", v, m.loss.Name(), solver.ErrNonFinite)
	}
	s.log.null, s.null.loss = s.null.objective, s.e.at.value
	s.fitNull(ctx)
	s.setup = time.Since(start)
	return s, nil
}

// LambdaMax is the smallest λ at which every penalised coefficient is zero;
// NaN where no λ does that.
func (s *Solver) LambdaMax() float64 { return s.m.lambdaMax }

// LambdaMax returns the smallest λ at which every penalised coefficient of p
// is zero, NaN where no λ does that (ridge alone, no penalty).
func LambdaMax(ctx context.Context, p *Problem, opt *Options) (float64, error) {
	s, err := New(ctx, p, opt)
	if err != nil {
		return math.NaN(), err
	}
	return s.LambdaMax(), nil
}

// fitNull fits what no penalty holds at zero, and computes λ_max there.
func (s *Solver) fitNull(ctx context.Context) {
	e := s.e
	share := e.l1Share()
	if share == 0 || s.problem.penalty() == NoPenalty {
		e.lambdaMax = math.NaN()
		return
	}
	e.setLambda(math.MaxFloat64 / 4)
	for j := range e.l1 {
		if e.l1[j] > 0 {
			e.l1[j] = math.Inf(1)
		}
	}
	for g := range e.levels {
		e.levels[g] = math.Inf(1)
	}
	free := false
	for j := range e.l1 {
		free = free || e.l1[j] == 0 && e.groups == nil
	}
	if free {
		for range 5 {
			e.pass(1)
			e.choose(true, 1)
			if e.descend(ctx, 1e-14*s.null.objective) != nil {
				break
			}
		}
	}
	for j := range e.l1 {
		if !e.absent[j] {
			e.l1[j] = 0 // so that the pass leaves none out
		}
	}
	e.pass(1)
	if e.groups != nil {
		e.lambdaMax = e.groupLambdaMax()
		return
	}
	top := 0.0
	for j, c := range e.c {
		if e.absent[j] {
			continue
		}
		v := 1.0
		if e.factor != nil {
			v = e.factor[j]
		}
		lo, hi := e.bounds(j)
		if v == 0 || c > 0 && lo >= 0 || c < 0 && hi <= 0 {
			continue
		}
		top = max(top, math.Abs(c)/v)
	}
	e.lambdaMax = top / share
}

// Solve fits at λ.
func (s *Solver) Solve(ctx context.Context, lambda float64) (*Result, error) {
	if math.IsNaN(lambda) || lambda < 0 || math.IsInf(lambda, 0) {
		return nil, fmt.Errorf("bcd: %w", &solver.OptionError{Name: "lambda", Value: fmt.Sprint(lambda), Want: "a number ≥ 0"})
	}
	if err := s.unpenalised(lambda); err != nil {
		return nil, err
	}
	if s.opt.TimeLimit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.opt.TimeLimit)
		defer cancel()
	}
	s.stats = Stats{}
	res, err := s.certified(ctx, lambda, aim*s.opt.tol()*s.null.objective, maxTightened)
	if err != nil {
		return nil, err
	}
	support, margin := res.Stats.Support, res.Stats.Nondegeneracy
	res.Stats = s.stats
	res.Stats.Support, res.Stats.Nondegeneracy, res.Stats.Setup = support, margin, s.setup.Seconds()
	s.warn(res)
	return res, res.Err()
}

// certified fits at λ to an absolute gap of tol, and to smaller ones up to left
// times while the checker finds the answer wanting.
func (s *Solver) certified(ctx context.Context, lambda, tol float64, left int) (*Result, error) {
	for ; ; tol, left = tol*tightened, left-1 {
		start := time.Now()
		reason, err := s.e.run(ctx, lambda, s.last, tol)
		s.last = lambda
		if err != nil {
			return nil, err
		}
		res := s.result(lambda)
		checking := time.Now()
		s.stats.Solve += checking.Sub(start).Seconds()
		if err := s.certify(res, reason); err != nil {
			return nil, err
		}
		s.stats.Verify += time.Since(checking).Seconds()
		if res.Status == solver.Solved || reason != solver.Tolerance || left == 0 {
			return res, nil
		}
	}
}

// Where the conjugate of the penalty is infinite the engine's gap is only what
// the violations promise. When the checker asks for more, the engine goes on
// with tightened times its tolerance, maxTightened times at most.
const (
	tightened    = 1e-3
	maxTightened = 4
)

// aim is the part of the tolerance that the engine stops at: the checker,
// which rounds differently, will be asked for the whole.
const aim = 0.8

// unpenalised refuses problems that need not have a minimiser.
func (s *Solver) unpenalised(lambda float64) error {
	p := s.problem
	if s.opt.AllowUnpenalized || p.L2 > 0 || lambda > 0 && p.penalty() != NoPenalty {
		return nil
	}
	if s.m.n > s.m.p && s.m.squared {
		return nil
	}
	for j := range s.m.p {
		if lo, hi := s.m.bounds(j); math.IsInf(lo, -1) || math.IsInf(hi, 1) {
			return fmt.Errorf("bcd: %w", ErrUnpenalized)
		}
	}
	return nil
}

// result takes the engine's point to the coordinates of the caller.
func (s *Solver) result(lambda float64) *Result {
	e := s.e
	res := &Result{Method: s.opt.method(), Lambda: lambda, LambdaMax: s.m.lambdaMax, NullObjective: s.null.objective + s.check.Saturated(), Labels: s.m.labels}
	if s.opt.method() == Auto {
		res.Why = "certified at any tolerance; the work grows with the support rather than with the columns"
	}
	res.X, res.Intercept = e.coefficients()
	for _, v := range res.X {
		if v != 0 {
			res.Stats.Support++
		}
	}
	return res
}

// coefficients undoes scaling and centring.
func (e *engine) coefficients() (x []float64, x0 float64) {
	x = append([]float64(nil), e.x...)
	if e.intercept {
		x0 = e.at.x0
	}
	if e.shift != nil {
		for j, v := range x {
			x0 -= v * e.shift[j]
		}
	}
	if e.inv != nil {
		for j := range x {
			x[j] *= e.inv[j]
			if e.lo != nil {
				lo, hi := e.problem.bounds(j)
				x[j] = clip(x[j], lo, hi) // rounding
			}
		}
	}
	return x, x0
}

// fit describes the model to the checker, in the coordinates of the caller; the
// weights of the penalty follow with each λ.
func (m *model) fit() *verify.Fit {
	p := m.problem
	f := &verify.Fit{X: columns(p.X), Loss: m.loss.Name(), Delta: delta(m.loss), Intercept: m.intercept,
		ColumnScale: m.scale, Threads: m.threads, L1: make([]float64, m.p), L2: make([]float64, m.p)}
	n, _ := p.X.Dims()
	f.Y, f.W, f.Offset = m.y, m.w, m.given
	if n != m.n {
		// Rows of weight zero are still there in the caller's matrix.
		f.Y, f.W, f.Offset = make([]float64, n), make([]float64, n), nil
		if m.given != nil {
			f.Offset = make([]float64, n)
		}
		k := 0
		for i, keep := range positive(p.Weights) {
			f.Y[i] = m.y[0]
			if keep {
				f.Y[i], f.W[i] = m.y[k], m.w[k]
				if m.given != nil {
					f.Offset[i] = m.given[k]
				}
				k++
			}
		}
	}
	for j, v := range m.factor {
		if math.IsInf(v, 1) {
			f.L1[j] = v // takes no part in the null gradient either
		}
	}
	if p.bounded() {
		f.Lower, f.Upper = make([]float64, m.p), make([]float64, m.p)
		for j := range f.Lower {
			f.Lower[j], f.Upper[j] = p.bounds(j)
		}
	}
	return f
}

// certify has the answer judged by the independent checker.
func (s *Solver) certify(res *Result, reason solver.Reason) error {
	return s.certifyAll([]*Result{res}, []solver.Reason{reason})
}

// certifyAll judges several answers at a time, which reads X once.
func (s *Solver) certifyAll(res []*Result, reason []solver.Reason) error {
	fits, x, x0 := make([]verify.Fit, len(res)), make([][]float64, len(res)), make([]float64, len(res))
	for k, r := range res {
		fits[k] = s.checkAt(r.Lambda)
		x[k], x0[k] = r.X, r.Intercept
	}
	certificates, err := verify.CertifyPath(fits, x, x0)
	if err != nil {
		return err
	}
	for k, c := range certificates {
		r := res[k]
		r.Objective, r.DualGap, r.KKT = c.Objective, c.Gap, c.KKT
		r.Stats.Nondegeneracy = c.Margin
		r.Certificates = c.Certificates(s.opt.tol(), s.null.objective, s.null.gradient)
		r.Verdict = verdict(r.Certificates, reason[k])
	}
	return nil
}

// checkAt is the checker's problem at λ.
func (s *Solver) checkAt(lambda float64) verify.Fit {
	f := *s.check
	f.L1, f.L2 = make([]float64, s.m.p), make([]float64, s.m.p)
	if s.m.groups != nil {
		f.Groups, f.GroupL2 = s.problem.Groups, make([]float64, len(s.m.groups))
		for g := range f.GroupL2 {
			f.GroupL2[g] = s.m.level(lambda, g)
		}
	}
	for j := range f.L1 {
		f.L1[j], f.L2[j] = s.m.l1l2(lambda, j)
		if s.m.factor != nil && math.IsInf(s.m.factor[j], 1) {
			f.L1[j], f.L2[j] = math.Inf(1), 0
		}
	}
	return f
}

// verdict: only recomputed certificates can say "solved".
func verdict(certificates []solver.Certificate, reason solver.Reason) solver.Verdict {
	for _, c := range certificates {
		if c.OK {
			continue
		}
		if reason == solver.Tolerance || reason == solver.Stalled {
			reason = solver.AtRoundoff
		}
		return solver.Verdict{Status: solver.Stopped, Reason: reason,
			Detail: fmt.Sprintf("%s is %.3g, tolerance %.3g", c.Name, c.Value, c.Tol)}
	}
	return solver.Verdict{Status: solver.Solved, Reason: solver.Tolerance}
}
