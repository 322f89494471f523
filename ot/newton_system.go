package ot

import (
	"context"
	"math"

	"solve/linsys/direct"
	"solve/solver"
)

// direction solves the Newton system S y = −g. A direction that leaves the
// region where the quadratic model can hold is damped rather than cut, which
// shortens it along the flat directions alone.
func (nw *newton) direction(ctx context.Context, goal float64) solver.Reason {
	nw.assemble(nw.cur.e)
	for j := range nw.g {
		nw.g[j] = -nw.g[j]
	}
	// No more accurate than the goal needs.
	forcing := min(max(forcingFactor*max(nw.cur.e, goal/nw.cur.e), forcingSmallest), forcingLargest)
	for {
		if !nw.solve(ctx, nw.g, nw.y, forcing) {
			return cause(ctx)
		}
		nw.s.centre(nw.y)
		if maxAbs(nw.y) <= stretch*nw.radius || nw.mu >= 1 {
			break
		}
		nw.mu = min(max(dampGrowth*nw.mu, firstDamping), 1)
		nw.schur.shift(nw.mu)
	}
	for j := range nw.g {
		nw.g[j] = -nw.g[j]
	}
	return ""
}

// assemble builds the Hessian at cur, with what a marginal error e warrants.
func (nw *newton) assemble(e float64) {
	if nw.cur.kept.overflow() {
		if nw.s.grid != nil {
			nw.schur = newGridSchur(nw.s, nw.cur)
		} else {
			if nw.dense == nil {
				nw.dense = newDenseSchur(nw.s, nw.opt.MemoryLimit())
			}
			nw.dense.moveTo(nw.cur)
			nw.schur = nw.dense
		}
		nw.schur.shift(nw.mu)
		return
	}
	nw.hess.sparsify(nw.cur, nw.threshold(e))
	nw.stats.HessianNNZ = max(nw.stats.HessianNNZ, nw.hess.nnz)
	nw.hess.shift(nw.mu)
	nw.schur = &nw.hess
}

// solve finds y with S y = rhs, by conjugate gradients or, where they are
// slow or a model of the work says so, by a dense factorisation. It reports
// false when ctx ended it.
func (nw *newton) solve(ctx context.Context, rhs, y []float64, tol float64) bool {
	factors := nw.canFactor()
	if factors && (nw.direct || nw.factorsFaster()) && nw.factor(rhs, y) {
		return true
	}
	limit := maxCG
	if factors && !nw.direct {
		limit = slowCG
	}
	nw.lastCG = pcg(ctx, nw.schur, y, rhs, tol, limit, &nw.cg)
	nw.stats.CGIterations += nw.lastCG
	if nw.lastCG >= slowCG && factors && !nw.direct {
		nw.direct = true
		nw.factor(rhs, y)
	}
	return ctx.Err() == nil
}

// canFactor tells whether a dense factorisation is to be had.
func (nw *newton) canFactor() bool {
	m := int64(nw.s.m)
	return m <= maxDirect && 8*m*m <= nw.opt.MemoryLimit()/4 && !math.IsInf(nw.schur.lowerFlops(), 1)
}

// factorsFaster compares nominal times: conjugate gradients at the number of
// iterations that the last system took, against assembly and factorisation.
// Nominal, because a choice by the clock would not repeat.
func (nw *newton) factorsFaster() bool {
	const (
		nsGather = 0.3  // a flop of a sparse product
		nsAdd    = 0.3  // a flop of the assembly
		nsGemm   = 0.02 // a flop of the factorisation
	)
	m := float64(nw.s.m)
	return nsAdd*nw.schur.lowerFlops()+nsGemm*m*m*m/3 < float64(nw.lastCG)*(nsGather*nw.schur.flops()+10*m)
}

// ridge is added to the diagonal, relative to c, against pivots that rounding
// made negative.
const ridge = 1e-15

// factor solves through the Cholesky factor of S. The kernel of S (or what
// dropping left of it) is removed by fixing the heaviest column.
func (nw *newton) factor(rhs, y []float64) bool {
	m := nw.s.m
	nw.lower = resize(nw.lower, m*m)
	a := nw.lower
	nw.schur.lower(a)
	fixed := 0
	for j, c := range nw.cur.c {
		if c > nw.cur.c[fixed] {
			fixed = j
		}
	}
	for j := range m {
		a[j*m+j] += ridge * nw.cur.c[j]
		if j < fixed {
			a[fixed*m+j] = 0
		} else if j > fixed {
			a[j*m+fixed] = 0
		}
	}
	a[fixed*m+fixed] = nw.cur.c[fixed]
	c, err := direct.FactorDense(m, a, nw.s.threads)
	if err != nil {
		return false
	}
	copy(y, rhs)
	y[fixed] = 0
	c.Solve(y)
	nw.stats.Factored++
	return true
}

// roundingDirection is the Newton direction at the answer, by which the plan
// is made feasible; nil when there is none to be had.
func (nw *newton) roundingDirection(ctx context.Context, goal float64) []float64 {
	s := nw.s
	if !(nw.best.e > 0 && nw.best.e < farError) {
		return nil
	}
	if nw.cur.e != nw.best.e || !nw.cur.valid || !nw.cur.selected {
		nw.cur.assign(nw.best)
		if err := s.eval(ctx, nw.cur, 1, nw.selectAt(roundingDrop)); err != nil {
			return nil
		}
	}
	nw.mu = 0
	nw.assemble(max(nw.cur.e, roundingDrop))
	s.gradient(nw.g, nw.cur)
	for j := range nw.g {
		nw.g[j] = -nw.g[j]
	}
	tol := min(max(roundingShare*goal/nw.cur.e, forcingSmallest), forcingLargest)
	if !nw.solve(ctx, nw.g, nw.y, tol) {
		return nil
	}
	s.centre(nw.y)
	return nw.y
}

// roundingShare is the part of the tolerance that the residual of that solve
// may leave, to be spread by a rank-one term: it costs the gap as much, times
// max|C|.
const roundingShare = 1e-3

// roundingDrop is the marginal error that the Hessian of that solve is good
// for: better would only keep more entries.
const roundingDrop = 1e-6
