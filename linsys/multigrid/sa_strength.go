package multigrid

import "math"

// strongSA returns the matrix without its weak connections and the graph of
// the strong ones. With s_ij = |a_ij|/√(a_ii a_jj), j is weak for i when
//
//	s_ij < θ min(max_k s_ik, max_k s_jk)
//
// so that a connection counts that is among the strongest of either end,
// however many neighbours there are. An entry with a_ij b_i b_j > 0, b the
// near-null vector, counts half: it says that errors of opposite sign are the
// slow ones there, which aggregation does not represent. What is dropped is moved to the diagonal
// so that the near-null vector keeps its image: a_ii += a_ij b_j/b_i. If
// nothing is weak the matrix itself is returned; otherwise the diagonal comes
// first in each row.
//
// Where nodes have several unknowns, the strength is that of the nodes'
// blocks in the Frobenius norm, and the matrix is left as it is.
func strongSA(s *amgSetup, theta float64) (*amgCSR[float64], *strengthGraph, error) {
	if s.near.node != nil {
		return s.a, nodeGraph(s, theta), nil
	}
	w := &weakness{a: s.a, node: make([]strongest, s.a.rows), limit: theta * theta}
	for i, d := range s.diag {
		w.node[i].diag = d
		w.node[i].negative = s.near.k == 1 && s.near.v[i] < 0
	}
	cuts := cutRows(s.a.ptr, chunkEntries)
	if err := forRows(s.ctx, s.opt.Threads, cuts, func(_, lo, hi int) { w.findTop(lo, hi) }); err != nil {
		return nil, nil, err
	}
	count, err := sumChunks(s.ctx, s.opt.Threads, s.a.rows, w.any)
	if err != nil {
		return nil, nil, err
	}
	if count == 0 {
		return s.a, &strengthGraph{s.a.ptr, s.a.col}, nil
	}
	f, err := dropWeak(s, w)
	if err != nil {
		return nil, nil, err
	}
	return f, &strengthGraph{f.ptr, f.col}, nil
}

// weakness tells weak connections; all strengths are squared.
type weakness struct {
	a     *amgCSR[float64]
	node  []strongest
	limit float64
}

// strongest holds max_k s_ik² without its factor 1/a_ii, and the sign of the
// near-null vector.
type strongest struct {
	diag, top float64
	negative  bool
}

// square returns a_ij², or less for a positive entry.
func (w *weakness) square(x, y *strongest, v float64) float64 {
	if (v > 0) == (x.negative == y.negative) {
		v /= 2
	}
	return v * v
}

func (w *weakness) findTop(lo, hi int) {
	a := w.a
	for i := lo; i < hi; i++ {
		top := 0.0
		for k := a.ptr[i]; k < a.ptr[i+1]; k++ {
			if j := a.col[k]; int(j) != i {
				y := &w.node[j]
				if v := w.square(&w.node[i], y, a.val[k]); v > top*y.diag && y.diag > 0 {
					top = v / y.diag
				}
			}
		}
		w.node[i].top = top
	}
}

// weak says whether a_ij is, as is what leads to or from a void unknown.
func (w *weakness) weak(i, j int, v float64) bool {
	x, y := &w.node[i], &w.node[j]
	return w.square(x, y, v) < w.limit*min(x.top*y.diag, y.top*x.diag) || v == 0 || x.diag == 0 || y.diag == 0
}

// any returns 1 if there is a weak connection in rows lo…hi−1.
func (w *weakness) any(lo, hi int) int {
	for i := lo; i < hi; i++ {
		for k := w.a.ptr[i]; k < w.a.ptr[i+1]; k++ {
			if j := int(w.a.col[k]); j != i && w.weak(i, j, w.a.val[k]) {
				return 1
			}
		}
	}
	return 0
}

func dropWeak(s *amgSetup, w *weakness) (*amgCSR[float64], error) {
	a := s.a
	ptr := make([]int64, a.rows+1)
	cuts := cutRows(a.ptr, chunkEntries)
	blocks := make([]rowBlock[float64], max(0, len(cuts)-1))
	err := forRows(s.ctx, s.opt.Threads, cuts, func(c, lo, hi int) {
		b := &blocks[c]
		room := a.ptr[hi] - a.ptr[lo] + int64(hi-lo)
		b.col, b.val = make([]int32, 0, room), make([]float64, 0, room)
		for i := lo; i < hi; i++ {
			start := len(b.col)
			b.col, b.val = append(b.col, int32(i)), append(b.val, s.diag[i])
			moved := 0.0
			for k := a.ptr[i]; k < a.ptr[i+1]; k++ {
				j := a.col[k]
				switch {
				case int(j) == i:
				case w.weak(i, int(j), a.val[k]):
					moved += a.val[k] * s.nearRatio(i, int(j))
				default:
					b.col, b.val = append(b.col, j), append(b.val, a.val[k])
				}
			}
			// a row that would lose its dominance keeps its own diagonal
			if d := s.diag[i] + moved; d > s.diag[i]/4 && d < 2*s.diag[i] {
				b.val[start] = d
			}
			ptr[i+1] = int64(len(b.col) - start)
		}
	})
	if err != nil {
		return nil, err
	}
	return joinRows(s.ctx, s.opt.Threads, a.rows, a.cols, ptr, cuts, blocks)
}

// nearRatio returns b_j/b_i for a single near-null vector, else 1.
func (s *amgSetup) nearRatio(i, j int) float64 {
	if s.near.k != 1 || s.near.v[i] == 0 {
		return 1
	}
	return s.near.v[j] / s.near.v[i]
}

// nodeGraph is the graph of the strong connections of nodes with several
// unknowns.
func nodeGraph(s *amgSetup, theta float64) *strengthGraph {
	links := nodeStrengths(s.a, &s.near)
	top := make([]float64, links.rows)
	for c := range top {
		for _, v := range links.val[links.ptr[c]:links.ptr[c+1]] {
			top[c] = max(top[c], v)
		}
	}
	g := &strengthGraph{ptr: make([]int64, links.rows+1)}
	for c := range top {
		for k := links.ptr[c]; k < links.ptr[c+1]; k++ {
			d := links.col[k]
			if v := links.val[k]; v > 0 && v >= theta*theta*min(top[c], top[d]) {
				g.col = append(g.col, d)
			}
		}
		g.ptr[c+1] = int64(len(g.col))
	}
	return g
}

// nodeStrengths returns ‖A_cd‖²/(‖A_cc‖ ‖A_dd‖) for the blocks of nodes c ≠ d.
func nodeStrengths(a *amgCSR[float64], near *nearNull) *amgCSR[float64] {
	n := near.nodes
	rows := make([][]int32, n)
	norm := make([]float64, n) // ‖A_cc‖
	for i, c := range near.node {
		rows[c] = append(rows[c], int32(i))
		for k := a.ptr[i]; k < a.ptr[i+1]; k++ {
			if near.node[a.col[k]] == c {
				norm[c] += a.val[k] * a.val[k]
			}
		}
	}
	for c, v := range norm {
		norm[c] = math.Sqrt(v)
	}
	links := &amgCSR[float64]{rows: n, cols: n, ptr: make([]int64, n+1)}
	place := make([]int64, n) // one more than the place of a block in the row
	for c := range n {
		start := len(links.col)
		for _, i := range rows[c] {
			for k := a.ptr[i]; k < a.ptr[i+1]; k++ {
				d := near.node[a.col[k]]
				if int(d) == c || norm[c]*norm[d] == 0 {
					continue
				}
				if place[d] == 0 {
					links.col, links.val = append(links.col, d), append(links.val, 0)
					place[d] = int64(len(links.col))
				}
				links.val[place[d]-1] += a.val[k] * a.val[k] / (norm[c] * norm[d])
			}
		}
		for _, d := range links.col[start:] {
			place[d] = 0
		}
		links.ptr[c+1] = int64(len(links.col))
	}
	return links
}
