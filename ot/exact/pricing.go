package exact

import (
	"context"
	"math"

	"solve/internal/kern"
)

// priced is what a sweep over all reduced costs found.
type priced struct {
	violators []arc
	min       float64 // the least reduced cost of an arc outside the basis, as far as it is below tol
	tight     bool    // some arc outside the basis has a reduced cost below tol
	below     []rowMin
}

// rowMin is the least reduced cost of a row, where it is negative.
type rowMin struct {
	i int32
	r float64
}

// price looks for arcs outside the basis with reduced costs below −tol, at
// most 16 a row.
func (t *tree) price(ctx context.Context, threads int, g ground) (priced, error) {
	pot := make([]float64, t.m)
	for j := range pot {
		pot[j] = -t.phi[t.n+j]
	}
	if t.sunk > 0 {
		return t.priceByLevel(ctx, threads, g, pot)
	}
	return t.priceRows(ctx, threads, g, pot, nil)
}

// priceRows prices rows that pass the filter (nil = all).
func (t *tree) priceRows(ctx context.Context, threads int, g ground, pot []float64, filter func(i int) bool) (priced, error) {
	start, cols := t.basisByRow()
	return t.priceAgainst(ctx, threads, g, pot, filter, start, cols)
}

// priceAgainst prices rows that pass the filter, but for the arcs of each row
// that are listed.
func (t *tree) priceAgainst(ctx context.Context, threads int, g ground, pot []float64, filter func(i int) bool, start, cols []int32) (priced, error) {
	parts := make([]priced, (t.n+rowBlock-1)/rowBlock)
	err := sweep(ctx, threads, t.n, g.seek(pot), func(c, lo, hi int, s seeker) {
		p := &parts[c]
		p.min = math.Inf(1)
		var l kern.LaneMinima
		for i := lo; i < hi; i++ {
			if filter != nil && !filter(i) {
				continue
			}
			f := t.phi[i]
			l.Reset(f + t.tol)
			s.hide(cols[start[i]:start[i+1]])
			s.search(i, &l)
			s.show()
			p.take(t, g, i, f, &l)
		}
	})
	if err != nil {
		return priced{}, err
	}
	all := priced{min: math.Inf(1)}
	for _, p := range parts {
		all.violators = append(all.violators, p.violators...)
		all.min = min(all.min, p.min)
		all.tight = all.tight || p.tight
		all.below = append(all.below, p.below...)
	}
	return all, nil
}

// take notes what a search of row i has found.
func (p *priced) take(t *tree, g ground, i int, f float64, l *kern.LaneMinima) {
	if least := l.Best() - f; least < 0 {
		p.below = append(p.below, rowMin{int32(i), least})
	}
	for k, j := range l.Arg {
		if j < 0 {
			continue
		}
		p.tight = true
		r := l.Val[k] - f
		p.min = min(p.min, r)
		if r < -t.tol {
			p.violators = append(p.violators, arc{int32(i), int32(t.n + int(j)), g.at(i, int(j))})
		}
	}
}

// priceByLevel prices while artificial arcs carry mass. Any arc from level 1
// to level −1 is welcome, which a bonus larger than all costs says; arcs back
// are not.
func (t *tree) priceByLevel(ctx context.Context, threads int, g ground, pot []float64) (priced, error) {
	bonus := 0.0
	for _, p := range t.phi {
		bonus = max(bonus, math.Abs(p))
	}
	bonus = 4*bonus + 4*t.scale
	up, down := make([]float64, t.m), make([]float64, t.m)
	for j, p := range pot {
		up[j], down[j] = p, math.Inf(-1)
		if t.level[t.n+j] < 0 {
			up[j], down[j] = p+bonus, p
		}
	}
	all, err := t.priceRows(ctx, threads, g, up, func(i int) bool { return t.level[i] > 0 })
	if err != nil {
		return all, err
	}
	rest, err := t.priceRows(ctx, threads, g, down, func(i int) bool { return t.level[i] < 0 })
	all.violators = append(all.violators, rest.violators...)
	all.below = append(all.below, rest.below...)
	all.min, all.tight = min(all.min, rest.min), all.tight || rest.tight
	return all, err
}

// basisByRow lists the columns of the basic arcs of each row.
func (t *tree) basisByRow() (start, cols []int32) {
	basis := make([]arc, 0, len(t.nodes))
	for _, nd := range t.nodes[:t.root] {
		if nd.arc >= 0 {
			basis = append(basis, t.arcs[nd.arc])
		}
	}
	return byRow(t.n, basis)
}

// byRow groups arcs by their sources, of which there are n: the columns of row
// i are cols[start[i]:start[i+1]].
func byRow(n int, arcs []arc) (start, cols []int32) {
	start = make([]int32, n+1)
	for _, x := range arcs {
		start[x.s+1]++
	}
	for i := range n {
		start[i+1] += start[i]
	}
	cols = make([]int32, len(arcs))
	fill := append([]int32(nil), start...)
	for _, x := range arcs {
		cols[fill[x.s]] = x.t - int32(n)
		fill[x.s]++
	}
	return start, cols
}
