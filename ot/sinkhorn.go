package ot

import (
	"context"
	"math"

	"solve/solver"
)

// Sinkhorn's iteration in the log domain (Sinkhorn 1967; Cuturi 2013; the
// stabilised form of Schmitzer 2019): α and β in turn make the rows and the
// columns of P exact (semidual.eval with updateRow, and updateColumns). One
// pass over the cost is one iteration.
//
// ω ≠ 1 over-relaxes both updates (Thibault et al. 2021; Lehmann et al.
// 2022). A relaxed iteration that increases the semi-dual value is followed
// by plainIterations plain ones.
type sinkhorn struct {
	s     *semidual
	opt   *Options
	stats *Stats
	log   *progress
	p     *point
}

const plainIterations = 10

func (k *sinkhorn) run(ctx context.Context, tol float64, g0 []float64) solver.Reason {
	for j, g := range g0 {
		k.p.beta[j] = g * k.s.invEps
	}
	omega := k.opt.Omega
	if omega == 0 {
		omega = 1
	}
	relax, plain, last := omega, 0, math.Inf(1)
	stalled := stallGuard{}
	for {
		if err := k.s.eval(ctx, k.p, relax, nil); err != nil {
			return solver.ContextReason(ctx)
		}
		if err := k.log.record("sinkhorn", k.stats.Sweeps, k.s.dual(k.p), k.p.e, math.NaN()); err != nil {
			return solver.Interrupted
		}
		switch {
		case k.p.e <= tol:
			return solver.Tolerance
		case k.stats.Sweeps >= k.opt.maxIter():
			return solver.IterationLimit
		case stalled.at(k.p.e) && k.p.e <= 10*k.s.roundoff(k.p):
			return solver.AtRoundoff
		}
		if plain--; k.p.h > last && omega != 1 {
			plain = plainIterations
		}
		relax = omega
		if plain > 0 {
			relax = 1
		}
		last = k.p.h
		k.s.updateColumns(k.p, relax)
		k.stats.Sweeps++
	}
}

// stallGuard notices when an error has stopped falling.
type stallGuard struct {
	best  float64
	since int
	begun bool
}

// stallAfter is how many iterations without a new smallest error are a stall.
const stallAfter = 50

func (g *stallGuard) at(e float64) bool {
	if !g.begun || e < 0.999*g.best {
		g.best, g.since, g.begun = e, 0, true
		return false
	}
	g.since++
	return g.since > stallAfter
}
