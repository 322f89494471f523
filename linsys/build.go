package linsys

import (
	"context"
	"fmt"

	"solve/linsys/direct"
	"solve/linsys/multigrid"
	"solve/matrix"
	"solve/solver"
)

// build sets a candidate up.
func (s *Solver) build(ctx context.Context, c choice) (engine, error) {
	if s.grid == nil && s.dense == nil && s.a == nil {
		if err := s.analyze(ctx); err != nil {
			return nil, err
		}
	}
	switch c.method {
	case substitution:
		t, err := newTriangular(s.a, s.analysis.Upper == 0)
		if err != nil {
			return nil, err
		}
		return s.factored(t, func(*Stats) {}), nil
	case Cholesky:
		return s.buildCholesky(ctx)
	case LDLT:
		return s.buildLDLT(ctx)
	case LU:
		return s.buildLU(ctx)
	}
	if c.preconditioner == FWMG {
		return s.buildGrid(ctx, c)
	}
	if c.method == CG && c.preconditioner == SSOR && s.dense == nil && len(s.kernel) == 0 && !s.badlyScaled() {
		return s.buildEisenstat()
	}
	return s.buildIterative(ctx, c)
}

func (s *Solver) factored(f factorization, facts func(*Stats)) engine {
	return &factored{a: s.operator(), f: f, facts: facts, vec: &s.vec, normA: s.normA(), threads: s.opt.Threads}
}

func (s *Solver) buildCholesky(ctx context.Context) (engine, error) {
	if s.dense != nil {
		return s.buildDenseCholesky()
	}
	if _, _, known := s.predictCholesky(); !known {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("linsys: cholesky needs a symmetric matrix with a positive diagonal: %w", solver.ErrNotPositiveDefinite)
	}
	an := s.cholesky
	if an.Bytes() > s.opt.MemoryLimit() {
		return nil, fmt.Errorf("linsys: %w", &solver.TooLargeError{What: "the Cholesky factor", Need: an.Bytes(), Have: s.opt.MemoryLimit()})
	}
	a, d := s.a, []float64(nil)
	if s.badlyScaled() {
		a, d = equilibrateSymmetric(a)
	}
	c, err := an.Factor(ctx, a, s.opt.Threads)
	if err != nil {
		return nil, fmt.Errorf("linsys: %w", err)
	}
	f := unscaled(c, d)
	return s.factored(f, func(st *Stats) {
		st.FactorNNZ, st.Flops, st.Ordering, st.Memory = an.FactorNNZ(), an.Flops(), an.Ordering(), an.Bytes()
		st.PositivePivots, st.NegativePivots = s.a.Rows, 0
		if s.sign < 0 {
			st.PositivePivots, st.NegativePivots = 0, s.a.Rows
		}
		s.estimateCondition(st, f.Solve, f.Solve)
	}), nil
}

// predictCholesky analyses the factorisation, once. known is false where the
// matrix cannot have one.
func (s *Solver) predictCholesky() (flops float64, bytes int64, known bool) {
	if s.analysis == nil || !(s.analysis.MaybePositive() || s.analysis.MaybeNegative()) {
		return 0, 0, false
	}
	if s.cholesky == nil {
		// A foretelling has to be quick; a factor that is wanted anyway, or
		// used many times, is worth the search for less fill.
		opt := &direct.AnalyzeOptions{Ordering: "amd", Threads: s.opt.Threads}
		if s.opt.method() == Cholesky || s.rightHandSides >= manyRight || s.a.Rows < trialRows {
			opt.Ordering = "auto"
		}
		an, err := direct.AnalyzeCholesky(s.ctx, s.a, opt)
		if err != nil {
			return 0, 0, false
		}
		s.cholesky = an
	}
	return s.cholesky.Flops(), s.cholesky.Bytes(), true
}

// estimateCondition estimates κ₁ from a few solves.
func (s *Solver) estimateCondition(st *Stats, solve, solveTrans func([]float64)) {
	n := s.n
	if s.a != nil {
		n = s.a.Rows
	}
	if n == 0 || st.FactorNNZ > estimateEntries {
		return
	}
	st.ConditionEstimate = direct.Condition1(n, s.norm1(), solve, solveTrans)
	st.ConditionOf = "the 1-norm condition number, from below"
}

// estimateEntries is the size of a factor beyond which the solves of a
// condition estimate are not worth their time.
const estimateEntries = 3_000_000

// norm1 is ‖A‖₁, the largest column sum.
func (s *Solver) norm1() float64 {
	if s.analysis != nil && s.analysis.Symmetric {
		return s.analysis.NormInf
	}
	sums := make([]float64, s.n)
	for i := range s.m {
		if s.dense != nil {
			for j, v := range s.dense.Row(i) {
				sums[j] += abs(v)
			}
			continue
		}
		cols, vals := s.full.Row(i)
		for k, j := range cols {
			sums[j] += abs(vals[k])
		}
	}
	return maxAbs(sums)
}

func (s *Solver) buildLDLT(ctx context.Context) (engine, error) {
	if s.dense != nil {
		return nil, fmt.Errorf("linsys: ldlt is for sparse matrices; lu takes dense ones: %w", solver.ErrInput)
	}
	if err := s.analyzeLDLT(ctx); err != nil {
		return nil, fmt.Errorf("linsys: %w", err)
	}
	an, a, d := s.ldlt.analysis, s.ldlt.a, s.ldlt.scale
	if an.Bytes() > s.opt.MemoryLimit() {
		return nil, fmt.Errorf("linsys: %w", &solver.TooLargeError{What: "the LDLᵀ factor", Need: an.Bytes(), Have: s.opt.MemoryLimit()})
	}
	l, err := an.Factor(ctx, a, s.opt.Threads)
	if err != nil {
		return nil, fmt.Errorf("linsys: %w", err)
	}
	f := unscaled(l, d)
	positive, negative, zero := l.Inertia()
	if zero > 0 {
		return nil, fmt.Errorf("linsys: the matrix is singular: %d of its pivots vanish: %w", zero, solver.ErrSingular)
	}
	if s.sign < 0 {
		positive, negative = negative, positive
	}
	return s.factored(f, func(st *Stats) {
		st.FactorNNZ, st.Flops, st.Memory = an.FactorNNZ(), an.Flops(), an.Bytes()
		st.PositivePivots, st.NegativePivots, st.ZeroPivots = positive, negative, zero
		s.estimateCondition(st, f.Solve, f.Solve)
	}), nil
}

// scaledLDLT is the analysis of the LDLᵀ factorisation of a, equilibrated by
// scale unless that is nil.
type scaledLDLT struct {
	analysis *direct.LDLTAnalysis
	a        *matrix.CSR
	scale    []float64
}

// analyzeLDLT analyses the factorisation, once.
func (s *Solver) analyzeLDLT(ctx context.Context) (err error) {
	if s.ldlt != nil {
		return nil
	}
	l := &scaledLDLT{a: s.a}
	if s.badlyScaled() {
		if l.a, l.scale, err = equilibrateByMatching(ctx, s.a); err != nil {
			return err
		}
	}
	if l.analysis, err = direct.AnalyzeLDLT(ctx, l.a, &direct.LDLTOptions{MaxBytes: s.opt.MemoryLimit()}); err != nil {
		return err
	}
	s.ldlt = l
	return nil
}

func (s *Solver) buildLU(ctx context.Context) (engine, error) {
	if s.dense != nil {
		return s.buildDenseLU()
	}
	if err := s.analyzeLU(); err != nil {
		return nil, fmt.Errorf("linsys: %w", err)
	}
	f, err := s.lu.Factor(ctx, s.a, s.opt.MemoryLimit())
	if err != nil {
		return nil, fmt.Errorf("linsys: %w", err)
	}
	return s.factored(f, func(st *Stats) {
		st.FactorNNZ = f.NNZ()
		s.estimateCondition(st, f.Solve, f.SolveTrans)
	}), nil
}

// predictLU bounds the flops of an LU factorisation; known is false where the
// analysis fails, for which the factorisation will say why.
func (s *Solver) predictLU() (flops float64, known bool) {
	if s.analyzeLU() != nil {
		return 0, false
	}
	return s.lu.FlopsEstimate(), true
}

// analyzeLU analyses the factorisation, once.
func (s *Solver) analyzeLU() (err error) {
	if s.lu == nil {
		s.lu, err = direct.AnalyzeLU(s.ctx, s.a, &direct.LUOptions{Threads: s.opt.Threads})
	}
	return err
}

// buildIterative sets up a Krylov method and its preconditioner.
func (s *Solver) buildIterative(ctx context.Context, c choice) (engine, error) {
	e := &iterative{system: system{
		a: s.operator(), normA: s.normA(), kernel: s.workingKernel(), threads: s.opt.Threads,
		memory: s.opt.MemoryLimit(), restart: s.opt.Restart, directions: or(s.opt.Directions, DefaultDirections),
		deflate: s.opt.Deflate, seed: s.opt.Seed, work: &s.work,
	}, limit: max(20, min(10*max(s.m, s.n), mostIterations))}
	if c.preconditioner == SAAMG || c.preconditioner == RSAMG {
		e.limit = gridIterations
	}
	if s.analysis != nil {
		e.system.longest = s.analysis.Longest
	}
	switch c.method {
	case CG:
		e.loop, e.block = cg, blockCG
	case FCG:
		e.loop = fcg
	case MINRES:
		e.loop = minres
	case GMRES:
		e.loop = gmres
	case BiCGSTAB:
		e.loop = bicgstab
	case LSMR:
		e.loop = lsmr
		if s.dense != nil && sketchable(s.m, s.n) && sketchBytes(s.n) <= s.opt.MemoryLimit() {
			e.loop = sketched
		}
	case LSQR:
		e.loop = lsqr
	case DPCG:
		e.loop = deflatedCG
	}
	m, facts, err := s.precondition(ctx, c.preconditioner)
	if err != nil {
		return nil, fmt.Errorf("linsys: %w", err)
	}
	e.system.m, e.facts = m, facts
	return e, nil
}

// precondition builds a preconditioner by name; nil for none.
func (s *Solver) precondition(ctx context.Context, name string) (Preconditioner, func(*Stats), error) {
	if name == "" || name == None {
		return nil, nil, nil
	}
	if s.dense != nil {
		return s.denseJacobi()
	}
	switch name {
	case Jacobi:
		m, err := s.jacobi()
		return m, nil, err
	case SSOR, IC0, MIC0, ICT, ILU0, ILUT:
		return s.incomplete(ctx, name)
	case Cheb:
		m, err := NewChebyshev(s.a, or(s.opt.Degree, DefaultDegree), s.opt.Threads)
		return m, nil, err
	}
	return s.multigrid(ctx, name)
}

// jacobi is the preconditioner of the diagonal or, for a matrix of small
// blocks that may be definite, of the diagonal blocks, if these are.
func (s *Solver) jacobi() (Preconditioner, error) {
	if b := blockSize(s.a); b > 1 && (s.analysis.MaybePositive() || s.analysis.MaybeNegative()) {
		if m, err := NewBlockJacobi(s.a, b); err == nil && m.positive() {
			return m, nil
		}
	}
	return NewAbsJacobi(s.a)
}

// mostIterations bounds the iterations of a Krylov method unless the
// options do.
const mostIterations = 20_000

// Constants of the preconditioners, as their sources have them.
const (
	ssorOmega     = 1.2
	micShare      = 0.97
	fillPerRow    = 10
	ictTolerance  = 1e-3
	ilutTolerance = 1e-2 // 1e-3 fills small factors to the limit, for few iterations less
)

func (s *Solver) multigrid(ctx context.Context, name string) (Preconditioner, func(*Stats), error) {
	opt := &multigrid.AMGOptions{Threads: s.opt.Threads, MaxMemory: s.opt.MemoryLimit(), NearNull: s.workingNearNull()}
	setUp := multigrid.NewSA
	if name == RSAMG {
		setUp = multigrid.NewRS
	}
	m, err := setUp(ctx, s.a, opt)
	if err != nil {
		return nil, nil, err
	}
	return m, func(st *Stats) {
		st.OperatorComplexity, st.Levels, st.Memory = m.OperatorComplexity(), m.Levels(), m.Bytes()
	}, nil
}

// workingNearNull leaves out the rows that the methods don't see.
func (s *Solver) workingNearNull() *matrix.Dense {
	if s.nearNull == nil || s.keep == nil {
		return s.nearNull
	}
	return s.gathered(s.nearNull)
}
