package ot

import (
	"context"

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
			return solver.ContextReason(ctx)
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
	nw.indefinite, nw.sparse.analysed = false, false
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

// solve finds y with S y = rhs, by conjugate gradients or, where these take
// longer, by a factorisation. How many iterations they take is not known
// before: they may go on for about as long as the factorisation would take. It
// reports false when ctx ended it.
func (nw *newton) solve(ctx context.Context, rhs, y []float64, tol float64) bool {
	time := nw.iterationTime()
	for ctx.Err() == nil {
		if nw.factor(ctx, rhs, y, float64(nw.lastCG)*time) {
			break
		}
		limit := maxCG
		if r := min(nw.sparseTime(), nw.denseTime()) / time; r <= worstCG {
			limit = int(min(max(usualCG, r), slowCG))
		}
		k := pcg(ctx, nw.schur, y, rhs, tol, limit, &nw.cg)
		nw.stats.CGIterations += k
		nw.lastCG = k
		if k < limit || limit == maxCG {
			break
		}
		if nw.lastCG = 2 * limit; limit == slowCG {
			nw.lastCG = worstCG
		}
	}
	return ctx.Err() == nil
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
