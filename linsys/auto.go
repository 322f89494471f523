package linsys

import (
	"fmt"
	"strconv"
	"strings"

	"solve/solver"
)

// choice is a method that auto would take, and why.
type choice struct {
	method, preconditioner string
	why                    string
	predicted              float64 // seconds of set-up and solve; 0 = no prediction
	trial                  *trial  // nil = it stays
	heard                  string  // of the trial so far
	limit                  int     // iterations after which it is left; 0 = none
}

func (c choice) String() string {
	if c.preconditioner == "" {
		return c.method
	}
	return c.method + " with " + c.preconditioner
}

// What auto decides by.
const (
	denseFill     = 0.25 // share of stored entries from which dense kernels win
	cheapFlops    = 3e9  // a factorisation of that many is taken at once
	manyRight     = 20   // right-hand sides from which a factor is worth its fill
	amgRows       = 2000 // below, multigrid has nothing to coarsen
	dominantShare = 0.95 // of rows, from which aggregation can be trusted
	positiveShare = 0.05 // of entries off the diagonal that may be positive then
)

// krylovEntries is how many passes over the entries an iteration with an
// incomplete factor is worth.
const krylovEntries = 3

// candidates lists what auto tries, in order: when one is refused or breaks
// down, the next is taken, each once.
func (s *Solver) candidates() []choice {
	if s.dense != nil {
		return s.denseCandidates()
	}
	a := s.analysis
	switch {
	case s.grid != nil:
		return []choice{{method: CG, preconditioner: FWMG, why: "the matrix is that of a grid of " + times(gridSides(s.grid)) + " cells",
			limit: gridLimit, predicted: gridRowSeconds * float64(s.n) * float64(s.rightHandSides)}}
	case !a.Square():
		return []choice{{method: LSMR, why: fmt.Sprintf("the matrix is %d×%d: least squares", a.Rows, a.Cols)}}
	case a.Triangular():
		return []choice{{method: substitution, why: "the matrix is " + a.shape(), predicted: s.stepSeconds(2)}, {method: LU}}
	case a.MaybePositive() || a.MaybeNegative():
		return s.positiveCandidates()
	case a.Symmetric:
		return s.indefiniteCandidates()
	}
	return s.unsymmetricCandidates()
}

// times writes sides as 64×64×64.
func times(sides []int) string {
	words := make([]string, len(sides))
	for i, n := range sides {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, "×")
}

func (a *Analysis) shape() string {
	switch {
	case a.Diagonal():
		return "diagonal"
	case a.Lower == 0:
		return "upper triangular"
	}
	return "lower triangular"
}

func (s *Solver) denseCandidates() []choice {
	m, n := s.dense.Dims()
	if m != n {
		return []choice{{method: LSMR, why: fmt.Sprintf("the matrix is dense, %d×%d: least squares", m, n)}}
	}
	if symmetric, _ := denseSymmetry(s.dense); symmetric {
		return []choice{{method: Cholesky, why: "dense and symmetric"}, {method: LU}}
	}
	return []choice{{method: LU, why: "dense and not symmetric"}}
}

// positiveCandidates are for a matrix that may be definite: where its rows are
// dominant, or nearly so, conjugate gradients with the diagonal, or with
// MIC(0), for as long as they are fast; a factorisation where it is cheap,
// multigrid where it can be trusted, else an incomplete factor. Where rows are
// not dominant the first iterations with the diagonal reduce the residual of a
// smooth right-hand side, and say nothing of the rest.
func (s *Solver) positiveCandidates() []choice {
	kind := "symmetric with a positive diagonal"
	if s.sign < 0 {
		kind = "symmetric with a negative diagonal: its negative is solved"
	}
	if len(s.kernel) > 0 {
		kind = fmt.Sprintf("symmetric and singular: %d known null vectors", len(s.kernel))
	}
	first := choice{method: CG, preconditioner: Jacobi, why: kind + ", and diagonally dominant"}
	if float64(s.analysis.Dominant) >= dominantShare*float64(s.analysis.Rows) {
		first.trial = s.scout()
	} else if first.trial = s.modifiedTrial(); first.trial != nil {
		first.preconditioner, first.why = MIC0, kind+", and nearly dominant"
	}
	if first.trial == nil {
		return s.analysedCandidates(kind)
	}
	first.predicted = first.trial.before
	s.later = func() []choice { return s.analysedCandidates(kind) }
	return []choice{first}
}

// indefiniteCandidates are for a symmetric matrix whose diagonal has other
// signs.
func (s *Solver) indefiniteCandidates() []choice {
	a := s.analysis
	why := fmt.Sprintf("symmetric, but %d positive, %d negative and %d zero diagonal entries: not definite", a.DiagPositive, a.DiagNegative, a.DiagZero)
	rest := []choice{{method: LDLT, why: why}, {method: MINRES, preconditioner: Jacobi}}
	if s.analyzeLDLT(s.ctx) != nil {
		return rest // it will say why
	}
	flops := s.ldlt.analysis.Flops()
	rest[0].predicted = s.choleskySeconds(flops)
	t := s.indefiniteTrial(flops)
	if t == nil {
		return rest
	}
	return append([]choice{{method: MINRES, preconditioner: Jacobi, why: why, predicted: t.before, trial: t}}, rest...)
}

// analysedCandidates are those that the symbolic analysis of the factorisation
// chooses from.
func (s *Solver) analysedCandidates(kind string) []choice {
	iterative := s.definiteIterations(kind)
	if len(s.kernel) > 0 {
		return []choice{iterative[0], {method: MINRES, preconditioner: Jacobi}}
	}
	rest := []choice{{method: LDLT}, {method: MINRES, preconditioner: Jacobi}}
	flops, bytes, known := s.predictCholesky()
	if !known || bytes > s.opt.MemoryLimit() {
		return append(iterative, rest...)
	}
	factor := choice{method: Cholesky, why: fmt.Sprintf("%s, and its factor takes %.2g flops", kind, flops), predicted: s.choleskySeconds(flops)}
	if flops <= cheapFlops || s.rightHandSides >= manyRight {
		return append(append([]choice{factor}, iterative...), rest...)
	}
	iterative[len(iterative)-1].trial = s.incompleteTrial(flops)
	factor.why = ""
	return append(append(iterative, factor), rest...)
}

// definiteIterations are conjugate gradients with algebraic multigrid, where
// that can be trusted, and with an incomplete factor.
func (s *Solver) definiteIterations(kind string) []choice {
	a := s.analysis
	incomplete := choice{method: CG, preconditioner: IC0, why: kind}
	if a.Rows >= amgRows && (a.MMatrix() || a.negativeMMatrix() || s.mostlyDominant()) {
		return []choice{{method: CG, preconditioner: SAAMG, why: kind + ", mostly diagonally dominant",
			predicted: hierarchyEntry * float64(a.NNZ) * float64(max(1, s.rightHandSides))}, incomplete}
	}
	return []choice{incomplete}
}

func (s *Solver) mostlyDominant() bool {
	a := s.analysis
	off, wrong := a.OffPositive+a.OffNegative, a.OffPositive
	if s.sign < 0 {
		wrong = a.OffNegative
	}
	return float64(a.Dominant) >= dominantShare*float64(a.Rows) && float64(wrong) <= positiveShare*float64(off)
}

// unsymmetricCandidates are BiCGSTAB with ILUT for as long as it takes less
// than to order and factor the matrix, and what the analysis of LU says.
func (s *Solver) unsymmetricCandidates() []choice {
	why := fmt.Sprintf("not symmetric (max |a_ij−a_ji| = %.2g)", s.analysis.Asymmetry)
	t := s.unsymmetricScout()
	if t == nil {
		return s.factoredCandidates(why)
	}
	s.later = func() []choice { return s.factoredCandidates(why) }
	return []choice{{method: BiCGSTAB, preconditioner: ILUT, why: why, predicted: t.before, trial: t}}
}

// factoredCandidates are those that the analysis of LU chooses from.
func (s *Solver) factoredCandidates(why string) []choice {
	iterative := []choice{{method: GMRES, preconditioner: ILUT}, {method: BiCGSTAB, preconditioner: ILU0}}
	lu := choice{method: LU, why: why}
	flops, known := s.predictLU()
	if !known {
		return []choice{lu} // structurally singular: it will say so
	}
	lu.predicted = s.luSeconds(flops)
	lu.why = fmt.Sprintf("%s, and its factors take about %.2g flops", why, flops)
	if flops <= cheapFlops {
		return append([]choice{lu}, iterative...)
	}
	iterative[0].why = fmt.Sprintf("%s, and its factors would take about %.2g flops", why, flops)
	return append(iterative, lu)
}

// defaultPreconditioner is what stands beside a method unless one is asked
// for.
func (s *Solver) defaultPreconditioner(method string) string {
	switch method {
	case CG, FCG:
		if s.grid != nil {
			return FWMG
		}
		if s.dense != nil {
			return IC0
		}
		return s.definiteIterations("")[0].preconditioner
	case MINRES:
		return Jacobi
	case GMRES, BiCGSTAB:
		return ILUT
	}
	return None
}

// refused tells whether a method that ended so is no method for the matrix,
// so that auto goes on to the next.
func refused(r solver.Reason) bool {
	switch r {
	case solver.NotPositiveDefinite, solver.Stalled, solver.Singular:
		return true
	}
	return false
}
