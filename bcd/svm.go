package bcd

import (
	"context"
	"fmt"
	"math"
	"time"

	"solve/internal/par"
	"solve/internal/verify"
	"solve/loss"
	"solve/solver"
)

// Semismooth names the Newton method for support vector machines.
const Semismooth = "ssn"

// svm is the support vector machine
//
//	min over w, x₀: ½‖w‖² + Σ C_i ℓ(m_i),  m_i = 1 − y_i(x_i·w + x₀ + o_i)
//
// with ℓ(m) = max(0, m) or ½max(0, m)², that is the caller's objective divided
// by L2, and its dual, max Σ α_i(1 − y_i o_i) − ½‖v‖² − Σ α_i²/(2C_i) with v =
// Σ α_i y_i x_i: the last sum and no upper bound on α for the squared hinge,
// α_i ≤ C_i for the hinge. Dual coordinate descent (Hsieh, Chang, Lin, Keerthi
// & Sundararajan, ICML 2008) finds the rows that matter, a semismooth Newton
// method what is left (see proximal).
type svm struct {
	opt       *Options
	threads   int
	rows      *rowMatrix
	y, cost   []float64 // C
	o         []float64 // nil = zeros
	squared   bool
	intercept bool
	inv       []float64 // w = x/inv where standardised; nil = ones
	labels    *[2]float64
	check     *verify.SVM

	alpha  []float64
	w      []float64
	x0     float64
	margin []float64 // m, where a phase keeps it

	target float64 // gap to reach, divided by L2
	null   float64 // null objective, divided by L2
	stats  Stats
	log    progress
}

// machine tells whether p is for the dual: the hinge, and the squared hinge
// with nothing but a ridge.
func machine(p *Problem, opt *Options) bool {
	if p.loss().Name() == loss.Hinge().Name() || opt != nil && opt.Method == Semismooth {
		return true
	}
	return p.loss().Name() == loss.SquaredHinge().Name() && plainRidge(p) && !(p.Intercept && opt != nil && opt.Method == Cyclic)
}

func plainRidge(p *Problem) bool {
	return p.penalty() == NoPenalty && p.L2 > 0 && !p.bounded() && p.PenaltyFactor == nil
}

// checkMachine refuses what the dual methods have no form for.
func checkMachine(p *Problem, opt *Options) error {
	name := p.loss().Name()
	switch {
	case name != loss.Hinge().Name() && name != loss.SquaredHinge().Name():
		return fmt.Errorf("bcd: method %s with the %s loss (it takes hinge and sqhinge): %w", Semismooth, name, solver.ErrUnsupported)
	case !plainRidge(p):
		return fmt.Errorf("bcd: the %s loss with penalty %s, l2 %g, bounds or penalty factors: the dual method takes penalty none with l2 > 0: %w", name, p.penalty(), p.L2, solver.ErrUnsupported)
	case p.LambdaRatio > 0:
		return fmt.Errorf("bcd: lambda-ratio %g: a support vector machine has no λ_max: %w", p.LambdaRatio, solver.ErrUnsupported)
	case p.Intercept && opt.Method == Cyclic:
		return fmt.Errorf("bcd: method %s with the hinge loss and an intercept: no single coordinate can move while Σ α y = 0: %w", Cyclic, solver.ErrUnsupported)
	}
	return nil
}

// solveMachine fits a support vector machine.
func solveMachine(ctx context.Context, p *Problem, opt *Options) (*Result, error) {
	if opt == nil {
		opt = &Options{}
	}
	if err := opt.Validate(); err != nil {
		return nil, err
	}
	if err := checkMachine(p, opt); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("bcd: %w", solver.ErrInterrupted)
	}
	start := time.Now()
	s, err := newSVM(p, opt)
	if err != nil {
		return nil, err
	}
	s.log.start = start
	s.stats.Setup = time.Since(start).Seconds()
	if opt.TimeLimit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, opt.TimeLimit)
		defer cancel()
	}
	start = time.Now()
	reason, err := s.run(ctx)
	if err != nil {
		return nil, err
	}
	s.stats.Solve = time.Since(start).Seconds()
	res, err := s.result(p, reason)
	if err != nil {
		return nil, err
	}
	return res, res.Err()
}

// newSVM checks the problem and lays the rows out.
func newSVM(p *Problem, opt *Options) (*svm, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	n, cols := p.X.Dims()
	need := 8 * (16*int64(n) + 8*int64(cols))
	if m, ok := p.X.(interface{ NNZ() int }); ok {
		need += 12 * int64(m.NNZ())
	}
	if limit := opt.MemoryLimit(); need > limit {
		return nil, fmt.Errorf("bcd: %w", &solver.TooLargeError{What: fmt.Sprintf("a support vector machine of %d×%d", n, cols), Need: need, Have: limit})
	}
	s := &svm{opt: opt, threads: par.Threads(opt.Threads), squared: p.loss().Name() == loss.SquaredHinge().Name(),
		intercept: p.Intercept, o: p.Offset, log: progress{to: opt.Recorder}}
	weights, err := s.setTargets(p, n)
	if err != nil {
		return nil, err
	}
	s.rows = newRows(p.X, opt.MemoryLimit()/4)
	s.check = &verify.SVM{X: p.X, Y: s.y, W: weights, Offset: p.Offset, L2: p.L2, Squared: s.squared, Intercept: p.Intercept}
	if p.Standardize {
		s.standardize(weights)
	}
	s.rows.setSquares()
	for i, q := range s.rows.square {
		if math.IsInf(q, 0) || math.IsInf(s.cost[i], 0) {
			return nil, fmt.Errorf("bcd: row %d of squared length %g and of weight/l2 %g overflows: %w", i+1, q, s.cost[i], solver.ErrNonFinite)
		}
	}
	s.alpha, s.w, s.margin = make([]float64, n), make([]float64, cols), make([]float64, n)
	s.null = s.check.Null() / p.L2
	s.log.null = s.null
	s.target = aim * opt.tol() * s.null
	return s, nil
}

// setTargets maps the labels and scales the weights; rows of weight zero stay,
// with C = 0.
func (s *svm) setTargets(p *Problem, n int) (weights []float64, err error) {
	rows := kept(n, positive(p.Weights))
	m := &model{problem: p, n: len(rows), loss: p.loss(), intercept: p.Intercept, y: pick(p.Y, rows)}
	m.setWeights(p.Weights, rows)
	if err := m.target(); err != nil {
		return nil, err
	}
	s.labels = m.labels
	s.y, s.cost, weights = make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range s.y {
		s.y[i] = 1
	}
	for k, i := range rows {
		s.y[i], weights[i], s.cost[i] = m.y[k], m.w[k], m.w[k]/p.L2
	}
	return weights, nil
}

// standardize divides the columns by their weighted standard deviations;
// constant ones take no part.
func (s *svm) standardize(weights []float64) {
	f := &verify.Fit{X: s.check.X, Y: s.y, W: weights, L1: make([]float64, s.rows.p)}
	f.Standardize()
	s.check.ColumnScale = f.ColumnScale
	s.inv = make([]float64, s.rows.p)
	for j, d := range f.ColumnScale {
		if d > 0 {
			s.inv[j] = 1 / d
		}
	}
	s.rows.scale(s.inv)
}

// run takes α and w to the target.
func (s *svm) run(ctx context.Context) (solver.Reason, error) {
	if s.intercept {
		s.x0 = s.check.BestIntercept(s.margin) // of the predictor 0
	}
	if s.null == 0 {
		return solver.Tolerance, nil
	}
	if !s.intercept && s.opt.method() != Semismooth {
		reason, err := s.descend(ctx, s.opt.method() == Auto)
		if err != nil || reason != proceed {
			return reason, err
		}
	}
	return newProximal(s).run(ctx)
}

// proceed is the end of a phase that leaves the rest to the next.
const proceed solver.Reason = ""

// result judges the answer in the coordinates of the caller.
func (s *svm) result(p *Problem, reason solver.Reason) (*Result, error) {
	res := &Result{
		Method: s.opt.method(), Lambda: p.Lambda, LambdaMax: math.NaN(), NullObjective: s.null * p.L2, Labels: s.labels,
		X: append([]float64(nil), s.w...), Intercept: s.x0, Dual: s.alpha, Stats: s.stats,
	}
	if s.opt.method() == Auto {
		res.Why = "coordinate descent on the dual while it is fast, then semismooth Newton steps"
		if s.intercept {
			res.Why = "semismooth Newton steps: single dual coordinates cannot move with an intercept"
		}
	}
	for j, d := range s.inv {
		res.X[j] *= d
	}
	for _, v := range res.X {
		if v != 0 {
			res.Stats.Support++
		}
	}
	res.Stats.Nondegeneracy = math.Inf(1)
	start := time.Now()
	c, err := s.check.Certify(res.X, res.Intercept, s.alpha)
	if err != nil {
		return nil, err
	}
	res.Stats.Verify = time.Since(start).Seconds()
	res.Objective, res.DualGap, res.KKT = c.Objective, c.Gap, c.KKT
	res.Certificates = c.Certificates(s.opt.tol(), res.NullObjective)
	res.Verdict = verdict(res.Certificates, reason)
	return res, nil
}

// upper is the upper bound of α_i.
func (s *svm) upper(i int) float64 {
	if s.squared && s.cost[i] > 0 {
		return math.Inf(1)
	}
	return s.cost[i]
}

// setMargins computes m from w and x₀.
func (s *svm) setMargins() {
	s.rows.times(s.threads, s.w, s.margin)
	for i, t := range s.margin {
		t += s.x0
		if s.o != nil {
			t += s.o[i]
		}
		s.margin[i] = 1 - s.y[i]*t
	}
}

// setNormal computes v = Σ α_i y_i x_i.
func (s *svm) setNormal(v []float64) {
	clear(v)
	for i, a := range s.alpha {
		if a != 0 {
			s.rows.axpy(a*s.y[i], i, v)
		}
	}
}

// term is C ℓ(m) + ℓ*(α) − α m, the part of row i in the duality gap, which
// Fenchel's inequality makes ≥ 0.
func (s *svm) term(i int, m, alpha float64) float64 {
	c := s.cost[i]
	over := max(0, m)
	under := over - m
	if !s.squared {
		return (c-alpha)*over + alpha*under
	}
	if c == 0 {
		return 0
	}
	d := c*over - alpha
	return d*d/(2*c) + alpha*under
}

// terms sums term over all rows.
func (s *svm) terms() float64 {
	sum := 0.0
	for i, m := range s.margin {
		sum += s.term(i, m, s.alpha[i])
	}
	return sum
}
