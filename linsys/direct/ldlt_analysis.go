package direct

import (
	"context"
	"fmt"

	"solve/matrix"
	"solve/solver"
)

// LDLTOptions steer AnalyzeLDLT. The zero value and nil mean defaults.
type LDLTOptions struct {
	AnalyzeOptions
	// Threshold u bounds the entries of L by 1/u, 0 < u ≤ 0.5; 0 = 0.01.
	// Larger ones are more stable, and pass more columns on.
	Threshold float64
	// Pairs eliminates every unknown with a zero on the diagonal, as the
	// multipliers of constraints have, beside one that it is coupled with, so
	// that the two can be a pivot together. Fewer columns are passed on, none
	// in many saddle points, but the order is restricted: on Stokes problems
	// and random saddle points the factor was 1.3 to 1.8 times as large.
	Pairs bool
	// Static raises pivots that are too small to √ε times the largest entry of
	// the scaled matrix, instead of passing their columns on: the factor has
	// the predicted size, but it and its inertia are those of a matrix near A;
	// see LDLT.Perturbed. It implies Pairs.
	Static bool
	// MaxBytes bounds what a factorisation takes; 0 = solver.DefaultMaxMemory.
	MaxBytes int64
}

// LDLTAnalysis is the part of a factorisation A = L D Lᵀ that depends on the
// pattern of A and on which diagonal entries are zero. It is immutable and
// can serve any number of factorisations.
type LDLTAnalysis struct {
	c         *CholeskyAnalysis
	ordering  string
	place     []int32 // inverse of c.perm
	pairs     int
	threshold float64
	static    bool
	limit     int64
}

// AnalyzeLDLT orders the symmetric matrix a, which is stored in full, and
// finds the structure of its factor. Errors wrap solver.ErrDimension,
// solver.ErrNotSymmetric (of the pattern), solver.ErrTooLarge or
// solver.ErrOption, or are that of ctx.
func AnalyzeLDLT(ctx context.Context, a *matrix.CSR, opt *LDLTOptions) (*LDLTAnalysis, error) {
	if opt == nil {
		opt = &LDLTOptions{}
	}
	s := &LDLTAnalysis{threshold: opt.Threshold, static: opt.Static, limit: opt.MaxBytes}
	switch {
	case s.threshold == 0:
		s.threshold = 0.01
	case !(s.threshold > 0 && s.threshold <= 0.5):
		return nil, &solver.OptionError{Name: "threshold", Value: fmt.Sprint(s.threshold), Want: "a number in (0, 0.5]"}
	}
	if s.limit <= 0 {
		s.limit = solver.DefaultMaxMemory
	}
	if err := checkSymmetricPattern(a); err != nil {
		return nil, err
	}
	base := opt.AnalyzeOptions
	if base.Perm == nil && base.Ordering != "natural" && (opt.Pairs || opt.Static) {
		p, err := pairZeros(ctx, a)
		if err != nil {
			return nil, err
		}
		if p.count > 0 {
			o, err := chooseOrdering(ctx, p.compressed(a), &base)
			if err != nil {
				return nil, err
			}
			base.Perm, s.ordering, s.pairs = p.expand(o), o.name+" of pairs", p.count
		}
	}
	var o *ordered
	var err error
	if s.c, o, err = orderCholesky(ctx, a, &base); err != nil {
		return nil, err
	}
	if err = s.c.planFronts(ctx, a, o); err != nil {
		return nil, err
	}
	if s.ordering == "" {
		s.ordering = s.c.ordering
	}
	s.place = inverse(s.c.perm)
	return s, nil
}

// N is the order of the matrix.
func (s *LDLTAnalysis) N() int { return s.c.n }

// FactorNNZ is the number of entries of L, the diagonal included, if no
// column is passed on.
func (s *LDLTAnalysis) FactorNNZ() int64 { return s.c.factor }

// Flops is Σ|L_j|², the operations of a factorisation if no column is passed
// on, each |L_j| being the number of entries of a column.
func (s *LDLTAnalysis) Flops() float64 { return s.c.flops }

// Ordering names the ordering that was taken.
func (s *LDLTAnalysis) Ordering() string { return s.ordering }

// Pairs is the number of pairs of unknowns that the option Pairs made.
func (s *LDLTAnalysis) Pairs() int { return s.pairs }

// Bytes is the memory that a factorisation and its solves hold if no column
// is passed on.
func (s *LDLTAnalysis) Bytes() int64 {
	t, p := s.c.tree, &s.c.plan
	front := int64(p.maxFront) * int64(p.maxFront+panelRows)
	perNode := int64(t.count()) * 136
	return s.c.Bytes() + perNode + 8*(front*int64(s.c.threads)+6*int64(s.c.n))
}

// expected is the number of values that task k keeps if no column is passed
// on; the task after the last is the top.
func (s *LDLTAnalysis) expected(k int) int {
	t, p := s.c.tree, &s.c.plan
	sum := 0
	add := func(q int32) { w := t.width(q); sum += w * (w + t.height(q) + 2) }
	if k < len(p.tasks) {
		for q := p.tasks[k].lo; q < p.tasks[k].hi; q++ {
			add(q)
		}
		return sum
	}
	for _, q := range p.top {
		add(q)
	}
	return sum
}
