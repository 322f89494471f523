package exact

import "context"

// line solves points on a line with a convex cost of their distance: the
// monotone plan is optimal, and the costs along its staircase give potentials.
func (r *run) line(ctx context.Context) (*answer, error) {
	p := r.s.pts
	s := newStaircase(r.g, r.a, r.b, orderBy(permute(p.x, r.rows)), orderBy(permute(p.y, r.cols)))
	ans := &answer{cells: s.cells, f: s.f, g: s.pot, zero: s.zero}
	return ans, r.judge(ctx, ans, s.arcs)
}
