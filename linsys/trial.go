package linsys

import (
	"fmt"
	"math"

	"solve/matrix"
	"solve/solver"
)

// trial lets a cheap iterative method go first and looks at its progress: it
// goes on, from where it is, for as long as the iterations that are foretold
// cost less than what would come instead. A prophecy that stays wrong costs
// twice that at most.
type trial struct {
	every  int     // iterations between two looks
	before float64 // nominal seconds of its set-up
	step   float64 // nominal seconds of an iteration
	budget float64 // nominal seconds of what would come instead:
	rival  string  // this
}

// Trials. Nothing is foretold of the first iterations, in which the right-hand
// side says more than the matrix.
const (
	scoutEvery      = 8  // conjugate gradients or MINRES with the diagonal
	modifiedEvery   = 4  // conjugate gradients with MIC(0)
	transposeEvery  = 4  // BiCGSTAB with ILUT: each iteration is two steps
	incompleteEvery = 50 // conjugate gradients with IC(0)

	trialRows    = 500    // below, a factorisation takes no time
	modifiedRows = 10_000 // below, no time worth a MIC(0) factor
	scoutSteps   = 100    // iterations that take as long as to order and analyse the matrix, or to coarsen it
	// scoutAnalyses is what LU takes at least, in units of its analysis.
	scoutAnalyses = 2

	// worthTrial is the flops of LDLᵀ for each entry of the matrix from
	// which a trial in vain is a fraction of their time.
	worthTrial = 400

	// gridLimit is an iteration count at which FW-MG has no case.
	gridLimit = 60
)

// abandoned ends a run whose trial failed; it does not leave the package.
const abandoned solver.Reason = "abandoned"

// foretold extrapolates the iterations to tol from the smallest relative
// residual that k of them have reached.
func foretold(k int, best, tol float64) float64 {
	if !(best < 1) {
		return math.Inf(1)
	}
	return float64(k) * math.Max(1, math.Log(tol)/math.Log(best))
}

// scout is the trial of a method with the diagonal, before anything that takes
// longer is set up; nil where it is not worth its iterations.
func (s *Solver) scout() *trial {
	if s.analysis.Rows < trialRows || s.rightHandSides >= manyRight || s.opt.MaxIter > 0 {
		return nil
	}
	step := s.stepSeconds(1)
	return &trial{every: scoutEvery, before: s.passSeconds(), step: step, budget: scoutSteps * step / float64(max(1, s.rightHandSides)), rival: "the analysis for another method"}
}

// modifiedTrial is that of MIC(0); nil where it is not worth the factor.
func (s *Solver) modifiedTrial() *trial {
	t := s.scout()
	if t == nil || s.analysis.Rows < modifiedRows || !nearlyDominant(s.a) {
		return nil
	}
	t.every, t.step, t.before = modifiedEvery, s.stepSeconds(krylovEntries), t.before+modifiedEntry*float64(s.a.NNZ())
	t.budget, t.rival = s.analysisSeconds()/float64(max(1, s.rightHandSides)), "the analysis of a factorisation"
	return t
}

// nearlyDominant tells whether the entries off the diagonal of every row but
// few add up to little more than the one on it, as in discretised equations.
func nearlyDominant(a *matrix.CSR) bool {
	rows := 0
	for i := range a.Rows {
		cols, vals := a.Row(i)
		diag, off := 0.0, 0.0
		for k, v := range vals {
			if int(cols[k]) == i {
				diag = math.Abs(v)
			} else {
				off += math.Abs(v)
			}
		}
		if diag >= nearlyShare*off {
			rows++
		}
	}
	return float64(rows) >= dominantShare*float64(a.Rows)
}

// nearlyShare is the diagonal entry of a nearly dominant row relative to the
// others.
const nearlyShare = 0.7

// incompleteTrial weighs IC(0) against the Cholesky factorisation that comes
// next.
func (s *Solver) incompleteTrial(flops float64) *trial {
	return &trial{every: incompleteEvery, before: s.analysisSeconds() + s.passSeconds(), step: s.stepSeconds(krylovEntries),
		budget: flops * secondsAFlop, rival: "the factorisation"}
}

// unsymmetricScout is the trial of BiCGSTAB with ILUT before LU is analysed;
// nil where it is not worth its set-up.
func (s *Solver) unsymmetricScout() *trial {
	if s.opt.MaxIter > 0 || s.analysis.Rows < trialRows || s.rightHandSides >= manyRight {
		return nil
	}
	return &trial{every: transposeEvery, before: s.passSeconds() + incompleteEntry*float64(s.a.NNZ()), step: s.stepSeconds(2 * 2),
		budget: scoutAnalyses * s.analysisSeconds() / float64(max(1, s.rightHandSides)), rival: "the analysis for LU and its least work"}
}

// indefiniteTrial weighs MINRES against LDLᵀ of the given flops; nil where that
// is hardly more than its analysis.
func (s *Solver) indefiniteTrial(flops float64) *trial {
	t := s.scout()
	if t == nil || flops < worthTrial*float64(s.a.NNZ()) {
		return nil
	}
	t.before += s.analysisSeconds()
	t.budget, t.rival = flops*secondsAFlop/float64(max(1, s.rightHandSides)), "LDLᵀ"
	return t
}

// look watches the candidate whose turn it is; nil where that has no trial.
func (r *running) look() func(k int, residual float64) bool {
	c := &r.list[r.at]
	t := c.trial
	if t == nil {
		return nil
	}
	best := 1.0
	return func(k int, residual float64) bool {
		best = min(best, residual)
		if k%t.every != 0 {
			return true
		}
		total := foretold(k, best, r.opt.tol())
		c.heard = fmt.Sprintf("%d iterations left a relative residual of %.2g", k, best)
		if math.IsInf(total, 1) {
			return false
		}
		c.predicted = t.before + total*t.step
		goesOn := (total-float64(k)/2)*t.step <= t.budget
		than := "more"
		if goesOn {
			than = "less"
		}
		c.heard += fmt.Sprintf(": %.0f are foretold, which take %.2g s, %s than %s (%.2g s)", total, total*t.step, than, t.rival, t.budget)
		return goesOn
	}
}

// solveWith runs an engine on all columns. Where the candidate is on trial the
// first column stands it alone, so that nothing is iterated on in vain.
func (r *running) solveWith(eng engine, b, x *matrix.Dense) []outcome {
	j := r.job()
	if j.look == nil || x.Cols < 2 {
		return eng.solve(r.ctx, b, x, j)
	}
	b1, x1 := zeros(b.Rows, 1), zeros(x.Rows, 1)
	column(b, 0, b1.Data)
	column(x, 0, x1.Data)
	first := eng.solve(r.ctx, b1, x1, j)[0]
	setColumn(x, 0, x1.Data)
	if first.reason == abandoned || refused(first.reason) || first.err != nil {
		return []outcome{first}
	}
	j.look = nil
	ends := eng.solve(r.ctx, b, x, j) // the first column is solved
	if len(ends) > 0 {
		ends[0].iterations += first.iterations
		ends[0].matvecs += first.matvecs
		ends[0].lo, ends[0].hi, ends[0].energy = first.lo, first.hi, first.energy
	}
	return ends
}

// Nominal seconds, fitted on two cores of 2022. Choices by the clock would not
// repeat.
const (
	secondsAFlop    = 1e-10 // in the dense kernels of a supernodal factorisation
	luFlop          = 6e-10 // in column-by-column LU
	secondsAnEntry  = 1e-9  // of the matrix, in a product or an incomplete solve
	vectorSeconds   = 2e-9  // an entry of the vectors of an iteration
	orderingARow    = 1e-6  // to order and analyse a matrix
	orderingEntry   = 2e-8
	passEntry       = 3e-8   // to look at the matrix before all that
	modifiedEntry   = 5e-8   // to factor the matrix without fill
	hierarchyEntry  = 5e-7   // to coarsen it, and to solve with the hierarchy
	incompleteEntry = 1e-7   // to match, order and factor it incompletely
	gridRowSeconds  = 1.8e-7 // FW-MG, from set-up to the end
)

// stepSeconds is an iteration that passes over the entries so many times.
func (s *Solver) stepSeconds(passes int) float64 {
	return float64(passes)*secondsAnEntry*float64(s.a.NNZ()) + vectorSeconds*float64(s.a.Rows)
}

func (s *Solver) passSeconds() float64 { return passEntry * float64(s.a.NNZ()) }

func (s *Solver) analysisSeconds() float64 {
	return orderingARow*float64(s.a.Rows) + orderingEntry*float64(s.a.NNZ())
}

func (s *Solver) choleskySeconds(flops float64) float64 {
	return s.analysisSeconds() + secondsAFlop*flops
}

func (s *Solver) luSeconds(flops float64) float64 {
	return s.analysisSeconds() + luFlop*flops
}
