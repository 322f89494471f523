package linsys

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"solve/solver"
)

// choice is a method that auto would take, and why.
type choice struct {
	method, preconditioner string
	why                    string
	predicted              float64 // seconds; 0 = no prediction
	trial                  int     // iterations after which auto looks whether it pays; 0 = it stays
}

func (c choice) String() string {
	if c.preconditioner == "" {
		return c.method
	}
	return c.method + " with " + c.preconditioner
}

// What auto decides by. Times are nominal, not measured: a choice by the
// clock would not repeat.
const (
	denseFill      = 0.25 // share of stored entries from which dense kernels win
	cheapFlops     = 3e9  // a factorisation of that many is taken at once
	manyRight      = 20   // right-hand sides from which a factor is worth its fill
	amgRows        = 2000 // below, multigrid has nothing to coarsen
	dominantShare  = 0.95 // of rows, from which aggregation can be trusted
	positiveShare  = 0.05 // of entries off the diagonal that may be positive then
	secondsAFlop   = 1e-10
	secondsAnEntry = 1e-9 // one pass over it in an incomplete solve
)

// Iterations after which auto looks at the progress that was made: FW-MG has
// no case on a matrix that needs more, and of an incomplete factor the rate is
// known by then.
const (
	gridTrial       = 60
	incompleteTrial = 50
)

// pays tells whether to go on with a candidate whose trial ended at the given
// relative residual: whether the iterations still foretold cost less than the
// factorisation that is the next candidate.
func (s *Solver) pays(c choice, residual float64) bool {
	if c.preconditioner == FWMG {
		return false
	}
	if s.at+1 >= len(s.list) || s.list[s.at+1].method != Cholesky {
		return true
	}
	if !(residual < 1) {
		return false
	}
	left := float64(c.trial) * math.Log(s.opt.tol()/residual) / math.Log(residual)
	return left*krylovEntries*float64(s.a.NNZ())*secondsAnEntry < s.cholesky.Flops()*secondsAFlop
}

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
		return []choice{{method: CG, preconditioner: FWMG, why: "the matrix is that of a grid of " + times(gridSides(s.grid)) + " cells", trial: gridTrial}}
	case !a.Square():
		return []choice{{method: LSMR, why: fmt.Sprintf("the matrix is %d×%d: least squares", a.Rows, a.Cols)}}
	case a.Triangular():
		return []choice{{method: substitution, why: "the matrix is " + a.shape()}, {method: LU}}
	case a.MaybePositive() || a.MaybeNegative():
		return s.positiveCandidates()
	case a.Symmetric:
		return []choice{
			{method: LDLT, why: fmt.Sprintf("symmetric, but %d positive, %d negative and %d zero diagonal entries: not definite", a.DiagPositive, a.DiagNegative, a.DiagZero)},
			{method: MINRES, preconditioner: Jacobi},
		}
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

// positiveCandidates are for a matrix that may be definite: a factorisation
// where it is cheap, multigrid where it can be trusted, else an incomplete
// factor.
func (s *Solver) positiveCandidates() []choice {
	a := s.analysis
	kind := "symmetric with a positive diagonal"
	if s.sign < 0 {
		kind = "symmetric with a negative diagonal: its negative is solved"
	}
	singular := len(s.kernel) > 0
	multigrid := choice{method: CG, preconditioner: SAAMG, why: kind + ", mostly diagonally dominant"}
	incomplete := choice{method: CG, preconditioner: IC0, why: kind, trial: incompleteTrial}
	rest := []choice{{method: LDLT}, {method: MINRES, preconditioner: Jacobi}}
	suits := a.Rows >= amgRows && (a.MMatrix() || a.negativeMMatrix() || s.mostlyDominant())
	if singular {
		first := incomplete
		if suits {
			first = multigrid
		}
		first.why = fmt.Sprintf("symmetric and singular: %d known null vectors", len(s.kernel))
		return []choice{first, {method: MINRES, preconditioner: Jacobi}}
	}
	var out []choice
	flops, bytes, known := s.predictCholesky()
	fits := known && bytes <= s.opt.MemoryLimit()
	factor := choice{method: Cholesky, why: fmt.Sprintf("%s, and its factor takes %.2g flops", kind, flops), predicted: flops * secondsAFlop}
	cheap := fits && (flops <= cheapFlops || s.rightHandSides >= manyRight)
	if cheap {
		out = append(out, factor)
	}
	if suits {
		out = append(out, multigrid)
	}
	out = append(out, incomplete)
	if fits && !cheap {
		factor.why = ""
		out = append(out, factor)
	}
	return append(out, rest...)
}

func (s *Solver) mostlyDominant() bool {
	a := s.analysis
	off, wrong := a.OffPositive+a.OffNegative, a.OffPositive
	if s.sign < 0 {
		wrong = a.OffNegative
	}
	return float64(a.Dominant) >= dominantShare*float64(a.Rows) && float64(wrong) <= positiveShare*float64(off)
}

func (s *Solver) unsymmetricCandidates() []choice {
	a := s.analysis
	why := fmt.Sprintf("not symmetric (max |a_ij−a_ji| = %.2g)", a.Asymmetry)
	iterative := []choice{{method: GMRES, preconditioner: ILUT}, {method: BiCGSTAB, preconditioner: ILU0}}
	lu := choice{method: LU, why: why}
	flops, known := s.predictLU()
	if !known {
		return []choice{lu} // structurally singular: it will say so
	}
	lu.predicted = flops * secondsAFlop * luSlowdown
	lu.why = fmt.Sprintf("%s, and its factors take about %.2g flops", why, flops)
	if flops <= cheapFlops {
		return append([]choice{lu}, iterative...)
	}
	iterative[0].why = fmt.Sprintf("%s, and its factors would take about %.2g flops", why, flops)
	return append(iterative, lu)
}

// luSlowdown is how much longer a flop takes in column-by-column LU than in
// the dense kernels of a supernodal factorisation.
const luSlowdown = 10

// defaultPreconditioner is what stands beside a method unless one is asked
// for.
func (s *Solver) defaultPreconditioner(method string) string {
	switch method {
	case CG, FCG:
		if s.grid != nil {
			return FWMG
		}
		for _, c := range s.candidates() {
			if c.method == CG {
				return c.preconditioner
			}
		}
		return IC0
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
