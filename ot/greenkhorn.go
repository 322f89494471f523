package ot

import (
	"context"
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/solver"
)

// Greenkhorn (Altschuler, Weed, Rigollet 2017): the row or column whose sum
// is worst in ρ(a,r) = r − a + a log(a/r) is made exact, one an iteration, at
// O(n+m) each. The sums are maintained, and recomputed every n+m updates so
// that they do not drift. P is stored: 8nm bytes.
type greenkhorn struct {
	s           *semidual
	opt         *Options
	stats       *Stats
	log         *progress
	alpha, beta []float64
	plan        []float64
	r, c        []float64
}

func newGreenkhorn(s *semidual, opt *Options, stats *Stats, log *progress) (*greenkhorn, error) {
	if need := 8 * int64(s.n) * int64(s.m); need > opt.MemoryLimit() {
		return nil, fmt.Errorf("ot: %w", &solver.TooLargeError{What: "the stored plan of method greenkhorn", Need: need, Have: opt.MemoryLimit()})
	}
	return &greenkhorn{s: s, opt: opt, stats: stats, log: log, beta: make([]float64, s.m),
		plan: make([]float64, s.n*s.m), r: make([]float64, s.n), c: make([]float64, s.m)}, nil
}

func (k *greenkhorn) run(ctx context.Context, tol float64, g0 []float64) solver.Reason {
	s := k.s
	p := newPoint(s.n, s.m)
	for j, g := range g0 {
		p.beta[j] = g * s.invEps
	}
	if err := s.eval(ctx, p, 1, nil); err != nil {
		return solver.ContextReason(ctx)
	}
	k.alpha = p.alpha
	copy(k.beta, p.beta)
	period := s.n + s.m
	limit := k.opt.MaxIter
	if limit == 0 {
		limit = defaultGreenkhornRow * period
	}
	for ; ; k.stats.Updates++ {
		if k.stats.Updates%period == 0 {
			k.recompute()
			e := k.err()
			dual := s.eps * (kern.Dot(s.a, k.alpha) + kern.Dot(s.b, k.beta) - kern.Sum(k.r))
			if err := k.log.record("greenkhorn", k.stats.Updates, dual, e, math.NaN()); err != nil {
				return solver.Interrupted
			}
			if e <= tol {
				return solver.Tolerance
			}
		}
		if k.stats.Updates%64 == 0 && ctx.Err() != nil {
			return solver.ContextReason(ctx)
		}
		if k.stats.Updates >= limit {
			return solver.IterationLimit
		}
		k.update()
	}
}

// recompute evaluates P and its sums from the potentials.
func (k *greenkhorn) recompute() {
	s := k.s
	s.passes++
	clear(k.c)
	for i := range s.n {
		row := k.plan[i*s.m:][:s.m]
		k.r[i] = s.cost.planRow(row, i, k.alpha[i], k.beta, s.invEps)
		kern.Axpy(1, row, k.c)
	}
}

// err is the marginal error by the maintained sums.
func (k *greenkhorn) err() float64 {
	e := 0.0
	for i, r := range k.r {
		e += math.Abs(r - k.s.a[i])
	}
	for j, c := range k.c {
		e += math.Abs(c - k.s.b[j])
	}
	return e
}

// update makes the worst row or column exact.
func (k *greenkhorn) update() {
	i, worstRow := worst(k.s.a, k.r)
	j, worstCol := worst(k.s.b, k.c)
	m := k.s.m
	if worstRow >= worstCol {
		scale := k.s.a[i] / max(k.r[i], 1e-300)
		k.alpha[i] += math.Log(scale)
		row := k.plan[i*m:][:m]
		kern.Axpy(scale-1, row, k.c)
		for l := range row {
			row[l] *= scale
		}
		k.r[i] = k.s.a[i]
		return
	}
	scale := k.s.b[j] / max(k.c[j], 1e-300)
	k.beta[j] += math.Log(scale)
	for i := range k.r {
		v := &k.plan[i*m+j]
		k.r[i] += (scale - 1) * *v
		*v *= scale
	}
	k.c[j] = k.s.b[j]
}

// worst finds the largest ρ(a,r) = r − a + a log(a/r).
func worst(a, r []float64) (at int, size float64) {
	for i, ai := range a {
		if rho := excess(ai, r[i]); rho > size {
			at, size = i, rho
		}
	}
	return at, size
}

// excess is ρ(a,r) without cancellation near r = a.
func excess(a, r float64) float64 {
	if r <= 0 {
		return math.Inf(1)
	}
	t := (r - a) / a
	if math.Abs(t) < 1e-4 {
		return a * t * t * (0.5 - t/3)
	}
	return a * (t - math.Log1p(t))
}
