package multigrid

import (
	"cmp"
	"math"
	"slices"
)

// interpolationEntries bounds the entries of a row of the prolongation.
const interpolationEntries = 4

// interpolation computes rows of the prolongation for one block.
type interpolation struct {
	s        *amgSetup
	strong   *amgCSR[float64]
	coarse   []bool
	extended bool
	at       []int32 // where a coarse unknown stands in set, or −1
	depends  []int32 // i+1 where the unknown is strong for row i
	set      []int32
	sum      []float64
}

// interpolateRS makes the prolongation. A coarse unknown takes its own value;
// for a fine one A e ≈ 0 is solved for e_i after its strong fine neighbours
// have been replaced by averages over coarse ones:
//
//	e_i = −1/ã_ii Σ_j (a_ij + Σ_k a_ik ā_kj/Σ_l ā_kl) e_j
//
// with j and l in the strong coarse neighbours of i (Ruge & Stüben, eq. 4.9,
// where ā drops entries of the sign of the diagonal), or, extended, in those
// of i and of its fine neighbours, and i itself among the l (De Sterck,
// Falgout, Nolting & Yang, Distance-two interpolation for parallel algebraic
// multigrid, Numer. Linear Algebra Appl. 15, 2008). Weak connections go to
// the diagonal. Rows keep their largest entries, scaled to the same sum.
func interpolateRS(s *amgSetup, strong *amgCSR[float64], coarse []bool, extended bool) (*amgCSR[float64], error) {
	n := s.a.rows
	number := make([]int32, n)
	count := int32(0)
	for i, c := range coarse {
		if c {
			number[i] = count
			count++
		}
	}
	ptr := make([]int64, n+1)
	cuts := cutRows(s.a.ptr, chunkEntries)
	blocks := make([]rowBlock[float64], max(0, len(cuts)-1))
	places, tags := &rowPool{n: n}, &rowPool{n: n}
	err := forRows(s.ctx, s.opt.Threads, cuts, func(c, lo, hi int) {
		place, tag := places.take(), tags.take()
		w := &interpolation{s: s, strong: strong, coarse: coarse, extended: extended, at: place.mark, depends: tag.mark}
		b := &blocks[c]
		for i := lo; i < hi; i++ {
			start := len(b.col)
			if coarse[i] {
				b.col, b.val = append(b.col, number[i]), append(b.val, 1)
			} else {
				w.row(i)
				for k, j := range w.set {
					b.col, b.val = append(b.col, number[j]), append(b.val, w.sum[k])
				}
			}
			ptr[i+1] = int64(len(b.col) - start)
		}
		places.give(place)
		tags.give(tag)
	})
	if err != nil {
		return nil, err
	}
	return joinRows(s.ctx, s.opt.Threads, n, int(count), ptr, cuts, blocks)
}

// row leaves the coarse unknowns of row i and their weights in set and sum.
func (w *interpolation) row(i int) {
	a, tag := w.s.a, int32(i)+1
	w.set, w.sum = w.set[:0], w.sum[:0]
	near := w.strong.col[w.strong.ptr[i]:w.strong.ptr[i+1]]
	for _, j := range near {
		w.depends[j] = tag
		if w.coarse[j] {
			w.include(j)
		} else if w.extended {
			for _, k := range w.strong.col[w.strong.ptr[j]:w.strong.ptr[j+1]] {
				if w.coarse[k] {
					w.include(k)
				}
			}
		}
	}
	diagonal := w.s.diag[i]
	if len(w.set) > 0 {
		for k := a.ptr[i]; k < a.ptr[i+1]; k++ {
			j, v := a.col[k], a.val[k]
			switch {
			case int(j) == i:
			case w.at[j] >= 0:
				w.sum[w.at[j]] += v
			case w.depends[j] == tag:
				diagonal += w.distribute(int32(i), j, v)
			default:
				diagonal += v
			}
		}
	}
	for _, j := range w.set {
		w.at[j] = -1
	}
	if !(math.Abs(diagonal) > 1e-3*w.s.diag[i]) {
		diagonal = w.s.diag[i]
	}
	for k := range w.sum {
		w.sum[k] /= -diagonal
	}
	w.truncate()
}

func (w *interpolation) include(j int32) {
	if w.at[j] < 0 {
		w.at[j] = int32(len(w.set))
		w.set, w.sum = append(w.set, j), append(w.sum, 0)
	}
}

// distribute spreads the connection v of i to its strong fine neighbour k
// over the coarse unknowns of both. It returns what goes to the diagonal: all
// of v where there are none.
func (w *interpolation) distribute(i, k int32, v float64) float64 {
	a := w.s.a
	total, self := 0.0, 0.0
	for l := a.ptr[k]; l < a.ptr[k+1]; l++ {
		if x := a.val[l]; x < 0 {
			switch j := a.col[l]; {
			case w.at[j] >= 0:
				total += x
			case w.extended && j == i:
				self = x
			}
		}
	}
	if total += self; total == 0 {
		return v
	}
	f := v / total
	for l := a.ptr[k]; l < a.ptr[k+1]; l++ {
		if x := a.val[l]; x < 0 {
			if at := w.at[a.col[l]]; at >= 0 {
				w.sum[at] += f * x
			}
		}
	}
	return f * self
}

// truncate keeps the largest entries of the row and its sum.
func (w *interpolation) truncate() {
	if len(w.set) <= interpolationEntries {
		return
	}
	type entry struct {
		col int32
		val float64
	}
	all, before := make([]entry, len(w.set)), 0.0
	for k, j := range w.set {
		all[k] = entry{j, w.sum[k]}
		before += w.sum[k]
	}
	slices.SortFunc(all, func(x, y entry) int {
		return cmp.Or(cmp.Compare(math.Abs(y.val), math.Abs(x.val)), cmp.Compare(x.col, y.col))
	})
	after := 0.0
	for _, e := range all[:interpolationEntries] {
		after += e.val
	}
	scale := 1.0
	if math.Abs(after) > 0.1*math.Abs(before) {
		scale = before / after
	}
	w.set, w.sum = w.set[:interpolationEntries], w.sum[:interpolationEntries]
	for k := range w.set {
		w.set[k], w.sum[k] = all[k].col, all[k].val*scale
	}
}
