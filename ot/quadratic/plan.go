package quadratic

import (
	"math"
	"slices"
)

// answer is a sparse plan and potentials of the reduced problem.
type answer struct {
	u, v []float64
	pat  pattern
	t    []float64 // masses on the pattern
}

// newAnswer collects the entries that have a positive weight.
func newAnswer(r *reduced, u, v []float64, entry func(i, j int) (t, weight float64)) *answer {
	ans := &answer{u: u, v: v}
	w := &ans.pat
	w.rowPtr = make([]int32, r.n+1)
	for i := range r.n {
		for j := range r.m {
			if t, weight := entry(i, j); weight > 0 {
				w.col, w.val, ans.t = append(w.col, int32(j)), append(w.val, weight), append(ans.t, t)
			}
		}
		w.rowPtr[i+1] = int32(len(w.col))
	}
	w.transpose(r.n, r.m)
	return ans
}

// polish moves T on its pattern by weights·(d_i + d_j), which makes the
// marginals right to rounding. What becomes negative is clipped, and the rest
// moved again, in proportion to its mass. On the pattern of the optimum a small
// move costs next to nothing. Weights that can't be factored leave T as it is.
func (ans *answer) polish(sys *schur, shift float64) {
	const rounds = 6
	w, raise := &ans.pat, 0.0
	for range rounds {
		if sys.setSparse(w, shift, raise) != nil {
			return
		}
		clipped := ans.move(sys)
		if !clipped {
			clipped = ans.move(sys) // refines
		}
		if !clipped {
			return
		}
		for k := range w.val {
			w.val[k] = ans.t[k]
		}
		w.transpose(sys.p.n, sys.p.m)
		shift, raise = massShift, 1e-14
	}
}

// massShift is the mass that stands in for the sum of an empty row or column.
const massShift = 1e-18

// move corrects the marginals once and tells whether it had to clip.
func (ans *answer) move(sys *schur) (clipped bool) {
	r, w := sys.p, &ans.pat
	x, y := ans.residual(r)
	sys.solve(x, y)
	for i := range r.n {
		for k := w.rowPtr[i]; k < w.rowPtr[i+1]; k++ {
			if w.val[k] == 0 {
				continue
			}
			t := ans.t[k] + w.val[k]*(x[i]+y[w.col[k]])
			if t < 0 {
				t, clipped = 0, true
			}
			ans.t[k] = t
		}
	}
	return clipped
}

// residual is a − T1 and b − Tᵀ1.
func (ans *answer) residual(r *reduced) (x, y []float64) {
	x, y = slices.Clone(r.a), slices.Clone(r.b)
	for i := range r.n {
		var row sum
		for k := ans.pat.rowPtr[i]; k < ans.pat.rowPtr[i+1]; k++ {
			row.add(ans.t[k])
			y[ans.pat.col[k]] -= ans.t[k]
		}
		x[i] -= row.value()
	}
	return x, y
}

// cell is an entry of a plan.
type cell struct {
	i, j int32
	t    float64
}

// leftover is the share of a mass that counts as rounding.
const leftover = 4e-15

// feasible scales rows and columns down to the marginals and ships what is
// left: straight, which adds fewer than n+m entries, or along allowed arcs by a
// flow. Entries are sorted.
func (ans *answer) feasible(r *reduced, work []float64) []cell {
	for range 2 {
		ans.shrink(r)
	}
	x, y := ans.residual(r)
	open := false
	for i := range x {
		x[i] = max(x[i], 0)
		open = open || x[i] > leftover*r.a[i]
	}
	for j := range y {
		y[j] = max(y[j], 0)
		open = open || y[j] > leftover*r.b[j]
	}
	var more []cell
	if open && r.forbidden == 0 {
		more = ans.ship(r, x, y)
	}
	if open && r.forbidden > 0 {
		return ans.reroute(r, work, x, y)
	}
	return ans.merge(r.n, more)
}

// shrink scales rows and columns that hold too much.
func (ans *answer) shrink(r *reduced) {
	x, _ := ans.residual(r)
	y := slices.Clone(r.b)
	for i := range r.n {
		f := 1.0
		if x[i] < 0 {
			f = r.a[i] / (r.a[i] - x[i])
		}
		for k := ans.pat.rowPtr[i]; k < ans.pat.rowPtr[i+1]; k++ {
			ans.t[k] *= f
			y[ans.pat.col[k]] -= ans.t[k]
		}
	}
	for j := range y {
		if y[j] < 0 {
			y[j] = r.b[j] / (r.b[j] - y[j])
		} else {
			y[j] = 1
		}
	}
	for k, j := range ans.pat.col {
		ans.t[k] *= y[j]
	}
}

// ship moves x to y, row by row, along the least reduced costs first; both are
// used up.
func (ans *answer) ship(r *reduced, x, y []float64) []cell {
	var out []cell
	for i := range x {
		row := r.c[i*r.m:][:r.m]
		for x[i] > 0 {
			at, least := -1, math.Inf(1)
			for j, room := range y {
				if z := row[j] - ans.v[j]; room > 0 && z < least {
					at, least = j, z
				}
			}
			if at < 0 {
				break
			}
			t := min(x[i], y[at])
			out = append(out, cell{int32(i), int32(at), t})
			x[i] -= t
			y[at] -= t
		}
	}
	return out
}

// merge lists the positive entries of the plan and more.
func (ans *answer) merge(n int, more []cell) []cell {
	out := make([]cell, 0, len(ans.t)+len(more))
	for i := range n {
		for k := ans.pat.rowPtr[i]; k < ans.pat.rowPtr[i+1]; k++ {
			if ans.t[k] > 0 {
				out = append(out, cell{int32(i), ans.pat.col[k], ans.t[k]})
			}
		}
	}
	if len(more) == 0 {
		return out
	}
	out = append(out, more...)
	sortCells(out)
	last := 0
	for _, x := range out[1:] {
		if x.i == out[last].i && x.j == out[last].j {
			out[last].t += x.t
			continue
		}
		last++
		out[last] = x
	}
	return out[:last+1]
}

func sortCells(c []cell) {
	slices.SortStableFunc(c, func(x, y cell) int {
		if x.i != y.i {
			return int(x.i) - int(y.i)
		}
		return int(x.j) - int(y.j)
	})
}

// reroute completes the plan by a flow along allowed arcs.
func (ans *answer) reroute(r *reduced, work, x, y []float64) []cell {
	clear(work)
	for i := range r.n {
		for k := ans.pat.rowPtr[i]; k < ans.pat.rowPtr[i+1]; k++ {
			work[i*r.m+int(ans.pat.col[k])] = ans.t[k]
		}
	}
	newFlow(r, work, x, y).run()
	var out []cell
	for k, t := range work {
		if t > 0 && !math.IsInf(r.c[k], 1) {
			out = append(out, cell{int32(k / r.m), int32(k % r.m), t})
		}
	}
	return out
}
