package bcd

import (
	"context"
	"fmt"
	"math"
	"time"

	"solve/internal/verify"
	"solve/loss"
	"solve/solver"
)

// softmax is the multinomial model: K classes, a column of coefficients each.
// With the other classes fixed, the loss of class k is
//
//	log(e^η + S_i) − [y_i = k] η,  S_i = Σ_{l≠k} e^{η_il},
//
// the logistic loss with offset −log S_i, up to a constant. Block coordinate
// descent over the classes is therefore a sequence of logistic fits.
type softmax struct {
	opt     *Options
	problem *Problem
	classes []float64
	engines []*engine
	eta     [][]float64 // X x_k + x₀_k
	check   *verify.SoftmaxFit
	null    struct{ objective, gradient float64 }
	lambda  float64
	top     float64 // λ_max
	scratch []float64
	stats   Stats
	log     progress
	cols    int
}

// Softmax fits min Σ w_i (log Σ_k e^{η_ik} − η_{i,y_i}) + Σ_k Ω(x_k) over a
// column of coefficients and an intercept for each class of p.Y; p.Loss is
// ignored. Result.X holds x_jk at j·K+k, Result.Intercepts the intercepts and
// Result.Classes the labels. Offsets and groups are beyond it.
func Softmax(ctx context.Context, p *Problem, opt *Options) (*Result, error) {
	if opt == nil {
		opt = &Options{}
	}
	if err := opt.Validate(); err != nil {
		return nil, err
	}
	if p.Offset != nil || p.grouped() {
		return nil, fmt.Errorf("bcd: offsets or groups with the softmax loss: %w", solver.ErrUnsupported)
	}
	start := time.Now()
	if opt.TimeLimit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, opt.TimeLimit)
		defer cancel()
	}
	s := &softmax{opt: opt, problem: p, log: progress{to: opt.Recorder, start: start}}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	s.stats.Setup = time.Since(start).Seconds()
	start = time.Now()
	reason, err := s.descend(ctx)
	if err != nil {
		return nil, err
	}
	s.stats.Solve = time.Since(start).Seconds()
	return s.result(reason)
}

// prepare makes a logistic engine for each class; they share X.
func (s *softmax) prepare() error {
	p := s.problem
	index, classes, err := loss.Classes(p.Y)
	if err != nil {
		return fmt.Errorf("bcd: %w", err)
	}
	s.classes = classes
	K := len(classes)
	indicator := func(k int) []float64 {
		y := make([]float64, len(index))
		for i, c := range index {
			if c == k {
				y[i] = 1
			}
		}
		return y
	}
	q := *p
	q.Loss, q.Y, q.Intercept = loss.Logistic(), indicator(0), false
	need := 6 * 8 * int64(K) * int64(len(index))
	if need > s.opt.MemoryLimit() {
		return fmt.Errorf("bcd: %w", &solver.TooLargeError{What: fmt.Sprintf("a softmax fit of %d classes", K), Need: need, Have: s.opt.MemoryLimit()})
	}
	m, err := prepare(&q, s.opt)
	if err != nil {
		return err
	}
	n, cols := p.X.Dims()
	s.cols = cols
	rows := kept(n, positive(p.Weights))
	s.scratch = make([]float64, m.n)
	for k := range K {
		mk := *m
		mk.y, mk.o, mk.intercept, mk.labels = pick(indicator(k), rows), make([]float64, m.n), p.Intercept, nil
		if err := mk.oneSided(); err != nil {
			return fmt.Errorf("bcd: class %g has weight in no or all rows: %w", classes[k], solver.ErrInput)
		}
		e := newEngine(&mk, s.opt, &s.stats, &progress{})
		s.engines = append(s.engines, e)
		s.eta = append(s.eta, make([]float64, m.n))
	}
	f := m.fit()
	s.check = &verify.SoftmaxFit{Fit: *f, Class: index, K: K}
	s.check.Intercept = p.Intercept
	var x0 []float64
	s.null.objective, s.null.gradient, x0 = s.check.Null()
	s.log.null = s.null.objective
	for k, e := range s.engines {
		e.at.x0 = x0[k]
		for i := range s.eta[k] {
			s.eta[k][i] = x0[k]
		}
		for j, v := range e.x {
			if v != 0 {
				e.d.axpy(v, j, s.eta[k])
			}
		}
	}
	return s.setLambda()
}

// setLambda finds λ_max, the largest null gradient relative to its factor.
func (s *softmax) setLambda() error {
	p, m := s.problem, s.engines[0].model
	s.top = math.NaN()
	if share := m.l1Share(); share > 0 {
		s.top = s.check.NullLambda(func(j int) float64 {
			if m.factor == nil {
				return share
			}
			return share * m.factor[j]
		})
	}
	s.lambda = p.Lambda
	if p.LambdaRatio > 0 {
		if math.IsNaN(s.top) {
			return fmt.Errorf("bcd: no λ makes every coefficient zero here, so a ratio to it says nothing: %w", solver.ErrInput)
		}
		s.lambda = p.LambdaRatio * s.top
	}
	if !s.opt.AllowUnpenalized && p.L2 == 0 && (s.lambda == 0 && s.top > 0 || p.penalty() == NoPenalty) {
		return fmt.Errorf("bcd: without a penalty (λ = 0) the minimiser need not be finite or unique; allow that explicitly: %w", solver.ErrInput)
	}
	s.check.L1, s.check.L2 = make([]float64, s.cols), make([]float64, s.cols)
	for j := range s.check.L1 {
		s.check.L1[j], s.check.L2[j] = m.l1l2(s.lambda, j)
		if m.factor != nil && math.IsInf(m.factor[j], 1) {
			s.check.L1[j], s.check.L2[j] = math.Inf(1), 0
		}
	}
	return nil
}

// descend sweeps over the classes until the checker's gap meets the tolerance.
func (s *softmax) descend(ctx context.Context) (solver.Reason, error) {
	tol := aim * s.opt.tol() * s.null.objective
	best, idle, share := math.Inf(1), 0, classShare
	for it := 0; ; it++ {
		c := s.check.Certify(s.coefficients())
		gap := c.Gap
		if math.IsNaN(gap) {
			gap = c.KKT / max(s.null.gradient, math.SmallestNonzeroFloat64) * s.null.objective
		}
		if err := s.log.record("classes", it, c.Objective, s.log.relative(gap), c.Gap, math.NaN()); err != nil {
			return solver.Interrupted, err
		}
		switch {
		case gap <= tol:
			return solver.Tolerance, nil
		case ctx.Err() != nil:
			return solver.ContextReason(ctx), nil
		case it >= s.opt.maxIter():
			return solver.IterationLimit, nil
		}
		if gap < 0.99*best {
			best, idle = gap, 0
		} else {
			// The gap of a class falls with the square of its stationarity
			// residual, that of the whole only in proportion.
			if idle++; idle > 50 {
				return solver.Stalled, nil
			}
			share = max(share/10, leastClassShare)
		}
		for k, e := range s.engines {
			s.offsets(k, e.o)
			for i, v := range s.eta[k] {
				e.at.eta[i] = v + e.o[i]
			}
			e.refresh()
			previous := s.lambda
			if it == 0 {
				previous = 0
			}
			if _, err := e.run(ctx, s.lambda, previous, share*gap/float64(len(s.engines))); err != nil {
				return "", err
			}
			for i, v := range e.at.eta {
				s.eta[k][i] = v - e.o[i]
			}
		}
	}
}

// A class is solved to this part of the gap that is open, beyond what the
// others leave; less where that brings nothing.
const (
	classShare      = 0.01
	leastClassShare = 1e-12
)

// offsets sets o_i = −log Σ_{l≠k} e^{η_il}.
func (s *softmax) offsets(k int, o []float64) {
	top := s.scratch
	for i := range top {
		top[i] = math.Inf(-1)
	}
	for l, eta := range s.eta {
		if l != k {
			for i, v := range eta {
				top[i] = max(top[i], v)
			}
		}
	}
	clear(o)
	for l, eta := range s.eta {
		if l != k {
			for i, v := range eta {
				o[i] += math.Exp(v - top[i])
			}
		}
	}
	for i := range o {
		o[i] = -top[i] - math.Log(o[i])
	}
}

// coefficients returns x_jk at j·K+k and the intercepts, as the caller counts.
func (s *softmax) coefficients() (x, x0 []float64) {
	K := len(s.engines)
	x, x0 = make([]float64, s.cols*K), make([]float64, K)
	for k, e := range s.engines {
		var v []float64
		v, x0[k] = e.coefficients()
		for j, b := range v {
			x[j*K+k] = b
		}
	}
	return x, x0
}

func (s *softmax) result(reason solver.Reason) (*Result, error) {
	res := &Result{Method: s.opt.method(), Lambda: s.lambda, LambdaMax: s.top, NullObjective: s.null.objective, Classes: s.classes}
	if res.Method == Auto {
		res.Why = "one class after the other is a logistic fit"
	}
	res.X, res.Intercepts = s.coefficients()
	start := time.Now()
	c := s.check.Certify(res.X, res.Intercepts)
	res.Objective, res.DualGap, res.KKT = c.Objective, c.Gap, c.KKT
	res.Certificates = c.Certificates(s.opt.tol(), s.null.objective, s.null.gradient)
	res.Verdict = verdict(res.Certificates, reason)
	res.Stats = s.stats
	res.Stats.Nondegeneracy = c.Margin
	for _, v := range res.X {
		if v != 0 {
			res.Stats.Support++
		}
	}
	res.Stats.Verify = time.Since(start).Seconds()
	return res, res.Err()
}
