package exact

import (
	"context"
	"math"
	"slices"
)

// allPotentials gives every point of the problem its potential, those without
// mass by c-transforms, keeps them for the next problem and undoes the scaling
// of the costs.
func (r *run) allPotentials(ctx context.Context, ans *answer) error {
	s, res := r.s, r.res
	res.F, res.G = make([]float64, s.n), make([]float64, s.m)
	for k, i := range r.rows {
		res.F[i] = ans.f[k]
	}
	for k, j := range r.cols {
		res.G[j] = ans.g[k]
	}
	if err := r.emptyRows(ctx, ans); err != nil {
		return err
	}
	if err := r.emptyCols(ctx); err != nil {
		return err
	}
	s.warmF, s.warmG = slices.Clone(res.F), slices.Clone(res.G)
	if unscale := 1 / s.trait.factor; unscale != 1 {
		for _, v := range [][]float64{res.F, res.G} {
			for k := range v {
				v[k] *= unscale
			}
		}
		res.Primal *= unscale
		res.Dual *= unscale
		res.Gap = math.Abs(res.Primal - res.Dual)
		res.MinReducedCost *= math.Abs(unscale)
		res.Slackness *= math.Abs(unscale)
	}
	return nil
}

// emptyRows gives rows without mass f_i = min_j C_ij − g_j over the columns
// with mass.
func (r *run) emptyRows(ctx context.Context, ans *answer) error {
	empty := without(r.s.n, r.rows)
	if len(empty) == 0 {
		return nil
	}
	g, err := r.s.ground(ctx, empty, r.cols, false)
	if err != nil {
		return err
	}
	f := make([]float64, len(empty))
	if err := minima(ctx, r.threads, g, ans.g, f); err != nil {
		return err
	}
	replaceInf(f)
	for k, i := range empty {
		r.res.F[i] = f[k]
	}
	return nil
}

// emptyCols gives columns without mass g_j = min_i C_ij − f_i over all rows.
func (r *run) emptyCols(ctx context.Context) error {
	empty := without(r.s.m, r.cols)
	if len(empty) == 0 {
		return nil
	}
	g, err := r.s.ground(ctx, upTo(r.s.n), empty, false)
	if err != nil {
		return err
	}
	pot := make([]float64, len(empty))
	if err := columnMinima(ctx, r.threads, g, r.res.F, pot); err != nil {
		return err
	}
	replaceInf(pot)
	for k, j := range empty {
		r.res.G[j] = pot[k]
	}
	return nil
}

// upTo is 0…n−1.
func upTo(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// without lists the numbers 0…n−1 that are not in used.
func without(n int, used []int32) []int32 {
	seen := make([]bool, n)
	for _, i := range used {
		seen[i] = true
	}
	out := make([]int32, 0, n-len(used))
	for i, s := range seen {
		if !s {
			out = append(out, int32(i))
		}
	}
	return out
}
