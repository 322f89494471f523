package bcd

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"solve/bcd/block"
	"solve/internal/verify"
	"solve/loss"
	"solve/matrix"
	"solve/solver"
)

// Laboratory fits p by the plain block coordinate descent that lab describes
// (package block), and has the answer judged as Solve does. Offsets,
// intercepts, standardised columns and groups are beyond it. Settings are
// those of opt.
func Laboratory(ctx context.Context, p *Problem, opt *Options, lab *block.Options) (*Result, error) {
	if p.Intercept || p.Standardize || p.Offset != nil || p.grouped() {
		return nil, fmt.Errorf("bcd: an intercept, standardised columns, offsets or groups in the laboratory: %w", solver.ErrUnsupported)
	}
	s, err := New(ctx, p, opt)
	if err != nil {
		return nil, err
	}
	lambda := p.Lambda
	if p.LambdaRatio > 0 {
		lambda = p.LambdaRatio * s.m.lambdaMax
	}
	x, ok := p.X.(matrix.Operator)
	if !ok {
		return nil, fmt.Errorf("bcd: a %T in the laboratory: %w", p.X, solver.ErrUnsupported)
	}
	pen := s.m.separable(lambda)
	var f block.Objective
	if s.m.squared {
		f, err = block.NewLeastSquares(x, s.check.Y, s.check.W, pen)
	} else {
		f, err = block.NewGLM(x, s.check.Y, s.m.loss, s.check.W, pen)
	}
	if err != nil {
		return nil, err
	}
	start, done := time.Now(), 0
	o := block.Options{}
	if lab != nil {
		o = *lab
	}
	o.Settings = s.opt.Settings
	o.Tol = s.opt.tol()
	for {
		b, err := descend(ctx, f, &o)
		if err != nil {
			return nil, err
		}
		res := s.fromLab(b, lambda)
		res.Stats.Iterations += done
		res.Stats.Solve = time.Since(start).Seconds()
		checking := time.Now()
		if err := s.certify(res, b.Reason); err != nil {
			return nil, err
		}
		res.Stats.Verify = time.Since(checking).Seconds()
		done += b.Iterations
		// The laboratory stops by its own residual; tol is about the gap.
		if res.Status == solver.Solved || b.Status != solver.Solved || o.Tol < leastLabTol {
			return res, res.Err()
		}
		o.Tol /= 10
		o.Start = b.X
		if o.MaxIter > 0 {
			if o.MaxIter -= b.Iterations; o.MaxIter <= 0 {
				return res, res.Err()
			}
		}
		if r := s.opt.Recorder; r != nil {
			o.Recorder = laterRecords{r, done}
		}
	}
}

// leastLabTol is where rounding ends the laboratory's descent.
const leastLabTol = 1e-15

// laterRecords numbers the iterations of a run that goes on.
type laterRecords struct {
	to   solver.Recorder
	done int
}

func (l laterRecords) Record(r solver.Record) error {
	r.Iter += l.done
	return l.to.Record(r)
}

func (s *Solver) fromLab(b *block.Result, lambda float64) *Result {
	res := &Result{
		Method: methodOf(b), Lambda: lambda, LambdaMax: s.m.lambdaMax, NullObjective: s.null.objective + s.check.Saturated(), Labels: s.m.labels,
		X: b.X, Warnings: b.Warnings, Stats: labStats(b),
	}
	res.Stats.Setup = s.setup.Seconds()
	return res
}

// separable is the penalty of the model at λ; nil where there is none.
func (m *model) separable(lambda float64) *loss.Separable {
	p := &loss.Separable{L1: make([]float64, m.p), L2: make([]float64, m.p)}
	some := false
	for j := range m.p {
		p.L1[j], p.L2[j] = m.l1l2(lambda, j)
		some = some || p.L1[j] > 0 || p.L2[j] > 0
	}
	if m.problem.bounded() {
		some = true
		p.Lower, p.Upper = make([]float64, m.p), make([]float64, m.p)
		for j := range m.p {
			p.Lower[j], p.Upper[j] = m.problem.bounds(j)
		}
	}
	if !some {
		return nil
	}
	return p
}

// descend runs the laboratory; the verdict of its own loop is no error here.
func descend(ctx context.Context, f block.Objective, o *block.Options) (*block.Result, error) {
	b, err := block.Descend(ctx, f, o)
	var ended *solver.VerdictError
	if b != nil && (err == nil || errors.As(err, &ended)) {
		return b, nil
	}
	return nil, fmt.Errorf("bcd: %w", err)
}

func methodOf(b *block.Result) string {
	name := b.Partition + ", " + b.Rule + ", " + b.Update
	if b.BlockSize > 0 {
		name += fmt.Sprintf(", blocks of %d", b.BlockSize)
	}
	return name
}

func labStats(b *block.Result) Stats {
	return Stats{
		Iterations: b.Iterations, ColumnUpdates: int(b.Cost.Columns), Flops: float64(b.Cost.Flops), Support: b.Support,
		SupportFixedAt: b.SupportFixedAt, Nondegeneracy: b.Nondegeneracy,
	}
}

// Quadratic is min ½xᵀAx − bᵀx + λ‖x‖₁ + (L2/2)‖x‖² over bounds, A symmetric
// positive definite.
type Quadratic struct {
	A      *matrix.CSR
	B      []float64
	Lambda float64
	L2     float64

	Lower, Upper *float64 // of every x_j; nil = none
	NonNegative  bool
}

func (q *Quadratic) bounds() (lo, hi float64) {
	lo, hi = math.Inf(-1), math.Inf(1)
	if q.Lower != nil {
		lo = *q.Lower
	}
	if q.Upper != nil {
		hi = *q.Upper
	}
	if q.NonNegative {
		lo = max(lo, 0)
	}
	return lo, hi
}

// quadraticIterations is the limit for quadratics unless one is given: their
// iterations are cheap.
const quadraticIterations = 1_000_000

// SolveQuadratic minimises q by block coordinate descent; lab chooses blocks,
// rule and update, nil stands for greedy forests without a penalty and greedy
// projected Newton with one.
func SolveQuadratic(ctx context.Context, q *Quadratic, opt *Options, lab *block.Options) (*Result, error) {
	if opt == nil {
		opt = &Options{}
	}
	o := *opt
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.MaxIter == 0 {
		o.MaxIter = quadraticIterations
	}
	lo, hi := q.bounds()
	if !(lo <= hi) {
		return nil, fmt.Errorf("bcd: bounds [%g, %g] leave nothing: %w", lo, hi, solver.ErrInput)
	}
	var pen *loss.Separable
	if q.Lambda > 0 || q.L2 > 0 || !math.IsInf(lo, -1) || !math.IsInf(hi, 1) {
		pen = &loss.Separable{L1: []float64{q.Lambda}, L2: []float64{q.L2}, Lower: []float64{lo}, Upper: []float64{hi}}
	}
	start := time.Now()
	f, err := block.NewQuadratic(q.A, q.B, pen)
	if err != nil {
		return nil, err
	}
	why := ""
	if lab == nil {
		lab = &block.Options{Partition: block.GreedyForest}
		why = "exact minimisation over large forests of the graph costs no more than a product with A"
		if pen != nil {
			lab, why = &block.Options{Partition: block.Variable, Rule: block.GSQ, Update: block.PN}, "the best variables of each iteration, solved exactly"
		}
	}
	setup := time.Since(start)
	start = time.Now()
	labOptions := *lab
	labOptions.Settings = o.Settings
	b, err := descend(ctx, f, &labOptions)
	if err != nil {
		return nil, err
	}
	res := &Result{Method: methodOf(b), Why: why, Lambda: q.Lambda, LambdaMax: math.NaN(), NullObjective: math.NaN(), DualGap: math.NaN(), X: b.X, Warnings: b.Warnings, Stats: labStats(b)}
	res.Stats.Setup, res.Stats.Solve = setup.Seconds(), time.Since(start).Seconds()
	n, _ := q.A.Dims()
	c, err := verify.Quadratic{N: n, A: verify.SparseRows(q.A), B: q.B, L1: q.Lambda, L2: q.L2, Lower: lo, Upper: hi}.Certify(b.X)
	if err != nil {
		return nil, err
	}
	res.Objective, res.KKT = c.Objective, c.Residual
	res.Certificates = c.Certificates(o.tol())
	if res.Verdict = b.Verdict; b.Status != solver.Breakdown {
		res.Verdict = verdict(res.Certificates, b.Reason)
	}
	return res, res.Err()
}
