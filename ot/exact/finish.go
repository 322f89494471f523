package exact

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"solve/solver"
)

// cellFlow is an entry of a plan, numbered as the ground cost.
type cellFlow struct {
	i, j int32
	q    int64
}

// answer is a plan and potentials as a method leaves them.
type answer struct {
	cells    []cellFlow
	f, g     []float64
	min      float64 // the least reduced cost outside the basis, as far as it is small; −Inf when not known
	below    []rowMin
	tight    bool  // an arc outside the basis has reduced cost 0
	zero     int   // arcs of the basis without flow
	leftover int64 // units that found no way
	pinned   bool  // g ≤ 0 must stay: columns may remain
	reason   solver.Reason
}

// roundedMass is the share of the mass that may find no way before a problem
// is called infeasible: rounding the masses can disturb sums that had to
// agree.
const roundedMass = 1e-12

// treeAnswer reads the answer off a basis, or proves infeasibility and returns
// nil.
func (r *run) treeAnswer(t *tree, p priced, reason solver.Reason) (*answer, error) {
	if err := t.check(r.a, r.b); err != nil {
		return nil, err
	}
	r.res.Stats.ActiveArcs = len(t.arcs)
	ans := &answer{f: t.phi[:t.n], g: make([]float64, t.m), min: p.min, below: p.below, tight: p.tight, reason: reason}
	if reason != "" {
		ans.min = math.Inf(-1)
	}
	for j := range ans.g {
		ans.g[j] = -t.phi[t.n+j]
	}
	for v := range t.root {
		nd := &t.nodes[v]
		switch {
		case nd.arc < 0 && t.isSource(v):
			ans.leftover += nd.flow
		case nd.arc < 0:
		case nd.flow == 0:
			ans.zero++
		default:
			x := &t.arcs[nd.arc]
			ans.cells = append(ans.cells, cellFlow{x.s, x.t - int32(t.n), nd.flow})
		}
	}
	if ans.leftover == 0 {
		return ans, nil
	}
	ans.min = math.Inf(-1) // levels are not comparable
	if reason == "" && float64(ans.leftover) > roundedMass*float64(r.masses.units) {
		r.infeasible(t)
		return nil, nil
	}
	t.lower(r.g, ans)
	return ans, nil
}

// lower moves potentials of level −1 against the others until no arc from
// there is too cheap: only rounded mass crosses, so the dual hardly changes.
func (t *tree) lower(g ground, ans *answer) {
	shift, buf := 0.0, make([]float64, t.m)
	for i := range t.n {
		if t.level[i] > 0 {
			continue
		}
		for j, c := range g.row(i, 0, buf) {
			if t.level[t.n+j] > 0 {
				shift = max(shift, ans.f[i]+ans.g[j]-c)
			}
		}
	}
	for i := range ans.f {
		if t.level[i] < 0 {
			ans.f[i] -= shift
		}
	}
	for j := range ans.g {
		if t.level[t.n+j] < 0 {
			ans.g[j] += shift
		}
	}
}

// check recomputes all flows by elimination of leaves and compares: integers
// leave no room for doubt.
func (t *tree) check(a, b []int64) error {
	need := make([]int64, len(t.nodes)) // what a node's subtree sends up
	for v := t.nodes[t.root].prev; v != t.root; v = t.nodes[v].prev {
		nd, up := &t.nodes[v], int64(0)
		if t.isSource(v) {
			up = a[v] + need[v]
			need[nd.parent] += up
		} else {
			up = b[int(v)-t.n] - need[v]
			need[nd.parent] -= up
		}
		if up != nd.flow || up < 0 {
			return fmt.Errorf("exact: flow of node %d is %d, recomputed %d: %w", v, nd.flow, up, solver.ErrStalled)
		}
	}
	return nil
}

// infeasible names the rows of level 1: all their arcs end in columns of that
// level, which want less than they have.
func (r *run) infeasible(t *tree) {
	res := r.res
	var held, reachable int64
	for i, q := range r.a {
		if t.level[i] > 0 {
			held += q
			res.ViolatingRows = append(res.ViolatingRows, int(r.rows[i]))
		}
	}
	for j, q := range r.b {
		if t.level[t.n+j] > 0 {
			reachable += q
		}
	}
	res.setViolation(r.masses.mass(held), r.masses.mass(reachable))
}

// setViolation states a violating set of rows in words, from 1.
func (res *Result) setViolation(held, reachable float64) {
	const listed = 20
	slices.Sort(res.ViolatingRows)
	var list []int
	for _, i := range res.ViolatingRows[:min(listed, len(res.ViolatingRows))] {
		list = append(list, i+1)
	}
	text := fmt.Sprint(list)
	if more := len(res.ViolatingRows) - listed; more > 0 {
		text = fmt.Sprintf("%s and %d more", text, more)
	}
	res.Held, res.Reachable = held, reachable
	res.Verdict = solver.Verdict{Status: solver.Infeasible, Reason: solver.ViolatingSet,
		Detail: fmt.Sprintf("rows %s hold mass %.15g but reach columns that take only %.15g", text, held, reachable)}
}

// finish makes the result of an answer, with the certificate.
func (r *run) finish(ctx context.Context, ans *answer) error {
	clock := time.Now()
	if err := r.makeFeasible(ctx, ans); err != nil {
		return err
	}
	r.plan(ans)
	if r.res.Primal == 0 && !r.s.trait.negative {
		clear(ans.f) // zero potentials prove it, without rounding
		clear(ans.g)
		r.res.MinReducedCost, r.res.Slackness = 0, 0
	}
	r.bound(ans)
	if err := r.allPotentials(ctx, ans); err != nil {
		return err
	}
	r.res.ZeroFlow = ans.zero
	r.res.Unique = ans.reason == "" && !ans.tight
	r.verdict(ans)
	r.res.Stats.Verify = lap(&clock)
	return nil
}

// makeFeasible makes every reduced cost nonnegative: by lowering f where
// rounding has left something to do, if that is all, else by a c-transform.
// Before, it centres f around 0, which keeps rounding small.
func (r *run) makeFeasible(ctx context.Context, ans *answer) error {
	if !ans.pinned {
		ans.centre()
	}
	if ans.min >= -r.s.trait.tol() {
		r.res.MinReducedCost = min(ans.min, 0)
		for _, x := range ans.below {
			ans.f[x.i] += x.r
		}
		for _, x := range ans.cells { // tight up to rounding
			if v := r.g.at(int(x.i), int(x.j)) - ans.f[x.i] - ans.g[x.j]; v < 0 {
				ans.f[x.i] += v
			}
		}
		return nil
	}
	g := make([]float64, len(ans.g))
	if err := columnMinima(ctx, r.threads, r.g, ans.f, g); err != nil {
		return err
	}
	least := math.Inf(1)
	for j := range g {
		least = min(least, g[j]-ans.g[j])
		if math.IsInf(g[j], 1) {
			g[j] = ans.g[j]
		}
	}
	r.res.Stats.Sweeps++
	r.res.MinReducedCost = min(least, 0)
	ans.g = g
	return nil
}

// centre puts the middle of the range of f at 0.
func (ans *answer) centre() {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, x := range ans.f {
		lo, hi = min(lo, x), max(hi, x)
	}
	t := lo + (hi-lo)/2
	for i := range ans.f {
		ans.f[i] -= t
	}
	for j := range ans.g {
		ans.g[j] += t
	}
}

// plan writes the support and measures it.
func (r *run) plan(ans *answer) {
	res := r.res
	r.sorted(ans.cells)
	inRow, inCol := make([]int32, r.s.n), make([]int32, r.s.m)
	for _, x := range ans.cells {
		inRow[r.rows[x.i]]++
		inCol[r.cols[x.j]]++
	}
	rowSum, colSum := make([]float64, len(r.rows)), make([]float64, len(r.cols))
	var primal, size sum
	for _, x := range ans.cells {
		w := r.masses.mass(x.q)
		c := r.g.at(int(x.i), int(x.j))
		primal.add(c * w)
		size.add(math.Abs(c) * w)
		res.Slackness = max(res.Slackness, math.Abs(c-ans.f[x.i]-ans.g[x.j]))
		i, j := r.rows[x.i], r.cols[x.j]
		rowSum[x.i] += w
		colSum[x.j] += w
		switch { // the one entry of a row or column has its mass to the last bit
		case inRow[i] == 1:
			w = r.masses.given[0][i]
		case inCol[j] == 1 && r.masses.matched:
			w = r.masses.given[1][j]
		}
		res.Rows, res.Cols, res.Mass = append(res.Rows, i), append(res.Cols, j), append(res.Mass, w)
	}
	res.Primal, res.Gap = primal.value(), size.value()
	for i := range r.a {
		res.RowError += math.Abs(rowSum[i] - r.masses.given[0][r.rows[i]])
	}
	for j := range r.b {
		if ans.pinned && colSum[j] == 0 {
			continue
		}
		res.ColError += math.Abs(colSum[j] - r.masses.given[1][r.cols[j]])
	}
	if ans.pinned || r.masses.assignment() {
		res.Permutation = r.permutation(ans.cells)
	}
	res.RowError /= r.masses.total
	res.ColError /= r.masses.total
}

// permutation is the column of each row, −1 for rows without mass.
func (r *run) permutation(cells []cellFlow) []int32 {
	out := make([]int32, r.s.n)
	for i := range out {
		out[i] = -1
	}
	for _, x := range cells {
		out[r.rows[x.i]] = r.cols[x.j]
	}
	return out
}

const unitRoundoff = 0x1p-53

// bound computes the dual value of feasible potentials, less what rounding can
// have added: an element c − f that the minimum g was taken of has an error of
// allowance·2⁻⁵³ relative to c, which is g + f where it matters.
func (r *run) bound(ans *answer) {
	res, q := r.res, r.masses
	var dual, size sum
	top := 0.0
	for i, x := range ans.f {
		dual.add(q.mass(r.a[i]) * x)
		top = max(top, math.Abs(x))
	}
	for j, x := range ans.g {
		w := q.mass(r.b[j])
		dual.add(w * x)
		size.add(w * math.Abs(x))
	}
	allowance := (r.g.allowance() + 2) * unitRoundoff * (size.value() + q.total*top)
	res.Dual = dual.value() - allowance
	size = sum{s: res.Gap} // Σ |C| P
	res.Gap = res.Primal - res.Dual
	if res.Gap > 0 {
		res.RelGap = res.Gap / max(math.Abs(res.Primal), size.value(), math.SmallestNonzeroFloat64)
	}
}

func (r *run) verdict(ans *answer) {
	res, tol := r.res, r.s.opt.tol()
	unscale := 1 / r.s.trait.factor
	small := smallGap * r.s.trait.scale * r.masses.total * math.Abs(unscale)
	if float64(ans.leftover) > roundedMass*float64(r.masses.units) {
		res.Gap, res.RelGap = math.Inf(1), math.Inf(1)
	}
	switch {
	case ans.reason != "":
		res.Verdict = solver.Verdict{Status: solver.Stopped, Reason: ans.reason, Detail: fmt.Sprintf("relative gap %.3g after %d pivots", res.RelGap, res.Stats.Pivots)}
	case res.RelGap <= tol || res.Gap <= small:
		res.Verdict = solver.Verdict{Status: solver.Solved, Reason: solver.Tolerance}
	default:
		res.Verdict = solver.Verdict{Status: solver.Stopped, Reason: solver.AtRoundoff, Detail: fmt.Sprintf("relative gap is %.3g, tolerance %.3g", res.RelGap, tol)}
	}
	if ans.leftover > 0 {
		res.Warnings = append(res.Warnings, fmt.Sprintf("the plan leaves mass %.3g where it is", r.masses.mass(ans.leftover)))
	}
}

// smallGap is the gap relative to the largest cost that is accepted however
// small the optimum.
const smallGap = 1e-13
