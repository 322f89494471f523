package exact

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"solve/solver"
)

const (
	// cell is how many points make one of the next coarser level, at most.
	cell = 4
	// coarsest is the size up to which a problem starts without a coarser one.
	coarsest = 200
	// coarseRounds is how often a coarse level prices: its potentials need not
	// be optimal.
	coarseRounds = 2
)

// simplex solves the problem by the network simplex, from coarse to fine.
func (r *run) simplex(ctx context.Context) (*answer, error) {
	f, g, err := r.warm(ctx)
	if err != nil {
		return nil, err
	}
	t, p, reason, err := r.level(ctx, r.g, r.a, r.b, f, g, 0)
	if err != nil {
		return nil, err
	}
	return r.treeAnswer(t, p, reason)
}

// level solves one level: a first basis, then pivots and pricing in turn.
func (r *run) level(ctx context.Context, g ground, a, b []int64, f, pot []float64, depth int) (t *tree, p priced, reason solver.Reason, err error) {
	stats := &r.res.Stats
	stats.Levels = max(stats.Levels, depth+1)
	if t, err = r.firstBasis(ctx, g, a, b, f, pot, depth); err != nil {
		return nil, p, "", err
	}
	clock := time.Now()
	for round := 1; ; round++ {
		before := t.pivots
		reason = t.optimise(ctx, r.pivotsLeft(t))
		stats.Pivots += t.pivots - before
		stats.Rounds++
		stats.Pivoting += lap(&clock)
		if reason != "" || depth > 0 && round == coarseRounds {
			return t, p, reason, nil
		}
		t.derive()
		p, err = t.price(ctx, r.threads, g)
		if depth == 0 {
			stats.Sweeps++
		}
		stats.Pricing += lap(&clock)
		if err != nil {
			return t, p, solver.ContextReason(ctx), nil
		}
		if err := r.record(t, p, depth); err != nil {
			return nil, p, "", err
		}
		r.s.opt.Log().Debug("round", "depth", depth, "round", round, "arcs", len(t.arcs), "pivots", t.pivots, "violators", len(p.violators), "min", p.min)
		// Violators that no pivot answers are rounding.
		if len(p.violators) == 0 || round > 1 && t.pivots == before {
			return t, p, "", nil
		}
		t.arcs = append(t.arcs, p.violators...)
	}
}

// firstBasis makes a basis from given potentials (nil = none), from those of a
// coarser level, or from an order in which the cost is nearly Monge.
func (r *run) firstBasis(ctx context.Context, g ground, a, b []int64, f, pot []float64, depth int) (*tree, error) {
	var steps *staircase
	if s, ok := g.(*stored); ok && f == nil && depth == 0 && !r.s.trait.forbidden {
		clock := time.Now()
		steps = rankOne(ctx, r.threads, s, a, b, r.s.opt.Seed)
		r.res.Stats.Start += lap(&clock)
	}
	if steps != nil {
		t, err := r.basisAt(ctx, g, a, b, steps.f, steps.pot, steps.arcs)
		if err != nil {
			return nil, err
		}
		return t, nil
	}
	if f == nil {
		var err error
		if f, pot, err = r.potentials(ctx, g, a, b, depth); err != nil {
			return nil, err
		}
	}
	return r.basisAt(ctx, g, a, b, f, pot, nil)
}

// basisAt makes a basis from the arcs that look best at given potentials;
// those in first are taken before all others.
func (r *run) basisAt(ctx context.Context, g ground, a, b []int64, f, pot []float64, first []arc) (*tree, error) {
	clock := time.Now()
	arcs, err := candidates(ctx, r.threads, g, f, pot)
	if err != nil {
		return nil, err
	}
	t := startTree(g, a, b, f, pot, slices.Concat(first, arcs), len(first), r.s.trait.tol())
	t.scale = r.s.trait.scale
	r.res.Stats.Start += lap(&clock)
	return t, nil
}

// record reports a round; the objective is known on the finest level.
func (r *run) record(t *tree, p priced, depth int) error {
	to := r.s.opt.Recorder
	if to == nil {
		return nil
	}
	nan := math.NaN()
	rec := solver.Record{Iter: r.res.Stats.Rounds, Phase: "coarse", Elapsed: time.Since(r.began), Objective: nan, Residual: max(0, -p.min), Gap: nan, Step: nan}
	if depth == 0 {
		rec.Phase = "fine"
		var cost sum
		for _, nd := range t.nodes[:t.root] {
			if nd.arc >= 0 {
				cost.add(t.arcs[nd.arc].c * r.masses.mass(nd.flow))
			}
		}
		rec.Objective = cost.value() / r.s.trait.factor
	}
	if err := to.Record(rec); err != nil {
		return fmt.Errorf("exact: recorder: %w", err)
	}
	return nil
}

// lap returns the seconds since *clock and sets it to now.
func lap(clock *time.Time) float64 {
	now := time.Now()
	d := now.Sub(*clock).Seconds()
	*clock = now
	return d
}

// pivotsLeft is the limit of t.pivots that the options leave; 0 = none.
func (r *run) pivotsLeft(t *tree) int {
	limit := r.s.opt.MaxIter
	if limit == 0 {
		return 0
	}
	return max(1, t.pivots+limit-r.res.Stats.Pivots)
}

// potentials are good ones to begin with.
func (r *run) potentials(ctx context.Context, g ground, a, b []int64, depth int) (f, pot []float64, err error) {
	n, m := g.dims()
	f, pot = make([]float64, n), make([]float64, m)
	if c, ok := g.(*points); ok && min(n, m) > coarsest {
		return f, pot, r.fromCoarser(ctx, c, a, b, f, pot, depth)
	}
	if c, ok := g.(*stored); ok && c.c != nil && min(n, m) > coarsest && !r.s.trait.forbidden {
		done, err := r.fromProfiles(ctx, c, a, b, f, pot, depth)
		if done || err != nil {
			return f, pot, err
		}
	}
	if err = minima(ctx, r.threads, g, pot, f); err != nil {
		return nil, nil, err
	}
	replaceInf(f)
	if err = columnMinima(ctx, r.threads, g, f, pot); err != nil {
		return nil, nil, err
	}
	replaceInf(pot)
	return f, pot, nil
}

// replaceInf gives points without any arc the potential 0.
func replaceInf(f []float64) {
	for i, x := range f {
		if math.IsInf(x, 1) {
			f[i] = 0
		}
	}
}

// fromCoarser solves the problem between cells of points and extends its
// potentials by a c-transform with the true costs to the centres of the cells,
// which keeps their gradients.
func (r *run) fromCoarser(ctx context.Context, c *points, a, b []int64, f, pot []float64, depth int) error {
	x, ca := coarsen(c.x, c.d, a)
	y, cb := coarsen(c.y, c.d, b)
	coarse := newPoints(x, y, c.d, c.metric, c.p)
	t, _, _, err := r.level(ctx, coarse, ca, cb, nil, nil, depth+1)
	if err != nil {
		return err
	}
	t.derive()
	coarsePot := make([]float64, coarse.m)
	for j := range coarsePot {
		coarsePot[j] = -t.phi[coarse.n+j]
	}
	if err := minima(ctx, r.threads, newPoints(c.x, y, c.d, c.metric, c.p), coarsePot, f); err != nil {
		return err
	}
	return minima(ctx, r.threads, newPoints(c.y, x, c.d, c.metric, c.p), t.phi[:coarse.n], pot)
}

// coarsen replaces cells of a kd-tree by their centres of mass, in the order
// of a kd-tree of these.
func coarsen(x []float64, d int, mass []int64) ([]float64, []int64) {
	order, ends := kdOrder(x, d, cell)
	cx, cm := make([]float64, 0, len(ends)*d), make([]int64, 0, len(ends))
	lo := int32(0)
	for _, hi := range ends {
		centre, total := make([]float64, d), int64(0)
		for _, i := range order[lo:hi] {
			total += mass[i]
		}
		for _, i := range order[lo:hi] {
			w := float64(mass[i]) / float64(total)
			for k, v := range x[int(i)*d : (int(i)+1)*d] {
				centre[k] += w * v
			}
		}
		cx, cm = append(cx, centre...), append(cm, total)
		lo = hi
	}
	again, _ := kdOrder(cx, d, cell)
	return gather(cx, d, again), permute(cm, again)
}
