package linsys

import (
	"context"
	"fmt"

	"solve/internal/par"
	"solve/linsys/direct"
	"solve/linsys/multigrid"
	"solve/matrix"
)

// Examination is an analysis with what takes a factorisation to know.
type Examination struct {
	*Analysis
	Grid         []int   // sides of the box of cells behind the matrix, slowest first; nil = none found
	Definiteness string  // "positive definite", …; "" = not known
	How          string  // how definiteness was found
	Condition    float64 // κ₁ estimate; 0 = not known
	Inertia      []int   // positive, negative, zero pivots; nil = not known
}

// Examine analyses a and, where the work is foretold to stay below a second
// or so, factorises it.
func Examine(ctx context.Context, a *matrix.CSR, opt *Options) (*Examination, error) {
	if opt == nil {
		opt = &Options{}
	}
	an, err := Analyze(ctx, a)
	if err != nil {
		return nil, err
	}
	e := &Examination{Analysis: an}
	if !an.Square() || an.Rows < 2 {
		return e, nil
	}
	s := &Solver{ctx: ctx, opt: *opt, m: an.Rows, n: an.Cols, full: a, a: a, analysis: an, sign: 1}
	s.opt.Threads = par.Threads(opt.Threads)
	s.vec.setThreads(s.opt.Threads)
	if an.Symmetric && (an.MaybePositive() || an.MaybeNegative()) {
		positive := a
		if an.MaybeNegative() {
			positive = negated(a)
		}
		g, err := multigrid.Detect(ctx, positive, &multigrid.DetectOptions{Threads: s.opt.Threads, MaxMemory: s.opt.MemoryLimit()})
		if err == nil {
			e.Grid = gridSides(g)
		} else if isContext(err) {
			return nil, err
		}
	}
	if an.Symmetric {
		err = e.definiteness(ctx, s)
	} else if flops, known := s.predictLU(); known && flops <= cheapFlops {
		err = e.conditionByLU(ctx, s)
	}
	if isContext(err) {
		return nil, err
	}
	return e, nil
}

// definiteness factorises a symmetric matrix.
func (e *Examination) definiteness(ctx context.Context, s *Solver) error {
	switch {
	case e.MaybePositive(), e.MaybeNegative():
		if e.MaybeNegative() {
			s.negate()
		}
		flops, bytes, known := s.predictCholesky()
		if !known || flops > cheapFlops || bytes > s.opt.MemoryLimit() {
			e.semidefinite()
			return nil
		}
		f, err := s.cholesky.Factor(ctx, s.a, s.opt.Threads)
		if err == nil {
			e.Definiteness, e.How = "positive definite", "Cholesky"
			if s.sign < 0 {
				e.Definiteness = "negative definite"
			}
			e.Condition = direct.Condition1(s.n, s.norm1(), f.Solve, f.Solve)
			return nil
		}
		if isContext(err) {
			return err
		}
	case e.DiagPositive+e.DiagZero == e.Rows || e.DiagNegative+e.DiagZero == e.Rows:
	default:
		e.Definiteness, e.How = "indefinite", "the diagonal has both signs"
	}
	return e.inertia(ctx, s)
}

// semidefinite is what a large matrix shows without a factorisation.
func (e *Examination) semidefinite() {
	if e.Dominant == e.Rows {
		e.Definiteness, e.How = "positive semidefinite", "diagonally dominant"
		if e.MaybeNegative() {
			e.Definiteness = "negative semidefinite"
		}
	}
}

func (e *Examination) inertia(ctx context.Context, s *Solver) error {
	an, err := direct.AnalyzeLDLT(ctx, s.a, &direct.LDLTOptions{MaxBytes: s.opt.MemoryLimit()})
	if err != nil || an.Flops() > cheapFlops || an.Bytes() > s.opt.MemoryLimit() {
		return err
	}
	f, err := an.Factor(ctx, s.a, s.opt.Threads)
	if err != nil {
		return err
	}
	positive, negative, zero := f.Inertia()
	if s.sign < 0 {
		positive, negative = negative, positive
	}
	e.Inertia = []int{positive, negative, zero}
	e.Definiteness, e.How = "indefinite", fmt.Sprintf("LDLᵀ: %d positive, %d negative and %d zero pivots", positive, negative, zero)
	switch {
	case negative == 0:
		e.Definiteness = "positive semidefinite, singular to rounding"
	case positive == 0:
		e.Definiteness = "negative semidefinite, singular to rounding"
	}
	if zero == 0 {
		e.Condition = direct.Condition1(s.n, s.norm1(), f.Solve, f.Solve)
	}
	return nil
}

func (e *Examination) conditionByLU(ctx context.Context, s *Solver) error {
	f, err := s.lu.Factor(ctx, s.a, s.opt.MemoryLimit())
	if err != nil {
		return err
	}
	e.Condition = direct.Condition1(s.n, s.norm1(), f.Solve, f.SolveTrans)
	return nil
}
