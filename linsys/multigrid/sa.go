package multigrid

import "math"

// nearNull holds the near-null vectors of a level, k to a row, and the node
// that each unknown belongs to (nil: every unknown is a node).
type nearNull struct {
	k     int
	v     []float64
	node  []int32
	nodes int
}

// aggregateGrowth is the number of entries of a coarse matrix, relative to the
// one it was made from, above which aggregates are aggregated once more.
const aggregateGrowth = 0.75

// thetaDecay is by how much θ shrinks from level to level: coarse matrices mix
// directions.
const thetaDecay = 0.9

// coarsenSA chooses the prolongation of smoothed aggregation.
func coarsenSA(s *amgSetup) error {
	if s.level == 0 {
		if err := s.startNearNull(); err != nil {
			return err
		}
	}
	theta := s.opt.Theta * math.Pow(thetaDecay, float64(s.level))
	filtered, graph, err := strongSA(s, theta)
	if err != nil {
		return err
	}
	agg, count := aggregate(graph)
	if s.grown(aggregateGrowth) {
		agg, count = aggregateTwice(graph, agg, count)
	}
	if count == 0 {
		return nil
	}
	t, coarse := tentative(&s.near, s.a.rows, agg, count)
	if s.p = t; !s.opt.Unsmoothed {
		s.plain = func() *amgCSR[float64] { return t }
		if s.p, err = smoothProlongation(s, filtered, t); err != nil {
			return err
		}
	}
	s.near = *coarse
	return s.ctx.Err()
}

// startNearNull takes the near-null vectors of the options or the constant.
func (s *amgSetup) startNearNull() error {
	n := s.a.rows
	s.near = nearNull{k: 1, nodes: n}
	if b := s.opt.BlockSize; b > 1 {
		s.near.node, s.near.nodes = make([]int32, n), n/b
		for i := range s.near.node {
			s.near.node[i] = int32(i / b)
		}
	}
	if nn := s.opt.NearNull; nn != nil {
		s.near.k, s.near.v = nn.Cols, append([]float64(nil), nn.Data...)
		return nil
	}
	s.near.v = make([]float64, n)
	for i := range s.near.v {
		s.near.v[i] = 1
	}
	if s.opt.Unsmoothed {
		return nil
	}
	far, err := s.rowsFarFromNull()
	if err != nil || far <= n/5 {
		return err
	}
	return s.relaxNearNull()
}

// rowsFarFromNull counts the rows with |Σ_j a_ij| > a_ii/20.
func (s *amgSetup) rowsFarFromNull() (int, error) {
	a := s.a
	return sumChunks(s.ctx, s.opt.Threads, a.rows, func(lo, hi int) int {
		far := 0
		for i := lo; i < hi; i++ {
			sum := 0.0
			for _, v := range a.val[a.ptr[i]:a.ptr[i+1]] {
				sum += v
			}
			if math.Abs(sum) > s.diag[i]/20 {
				far++
			}
		}
		return far
	})
}

// relaxSweeps of symmetric Gauss–Seidel take the quickly decaying part out of
// the constant vector.
const relaxSweeps = 4

// relaxNearNull sweeps over A b = 0 from b = 1: where the constant is far from
// the null space, near sides with given values or in a matrix that was
// scaled, what the smoother leaves is what coarse levels must represent.
func (s *amgSetup) relaxNearNull() error {
	a, b := s.a, s.near.v
	relax := func(i int) {
		if s.diag[i] == 0 {
			return
		}
		sum := s.diag[i] * b[i]
		for k := a.ptr[i]; k < a.ptr[i+1]; k++ {
			sum -= a.val[k] * b[a.col[k]]
		}
		b[i] = sum / s.diag[i]
	}
	for range relaxSweeps {
		for i := range a.rows {
			relax(i)
		}
		for i := a.rows - 1; i >= 0; i-- {
			relax(i)
		}
		if err := s.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// smoothProlongation returns P = (I − ω D⁻¹A_F) T with ω = 4/(3λ), λ the
// spectral radius of D⁻¹A_F (Vaněk, Mandel & Brezina, eq. 3.1 and 4.1).
func smoothProlongation(s *amgSetup, f *amgCSR[float64], t *amgCSR[float64]) (*amgCSR[float64], error) {
	diag := s.diag
	if f != s.a {
		diag = make([]float64, f.rows)
		for i := range f.rows {
			diag[i] = f.val[f.ptr[i]] // strongSA puts it first
		}
	}
	lambda, err := spectralRadius(s.ctx, s.opt.Threads, f, diag, true)
	if err != nil {
		return nil, err
	}
	omega := 4 / (3 * lambda)
	ptr := make([]int64, f.rows+1)
	cuts := cutRows(f.ptr, chunkEntries)
	blocks := make([]rowBlock[float64], max(0, len(cuts)-1))
	pool := &rowPool{n: t.cols}
	group, point := singles(t)
	err = forRows(s.ctx, s.opt.Threads, cuts, func(c, lo, hi int) {
		w := pool.take()
		var step []float64
		for i := lo; i < hi; i++ {
			w.start(w.end)
			from, to := f.ptr[i], f.ptr[i+1]
			step = append(step[:0], f.val[from:to]...)
			for k, j := range f.col[from:to] {
				if step[k] *= -omega / diag[i]; int(j) == i {
					step[k] = 1 - omega
				}
			}
			switch {
			case diag[i] == 0:
			case group != nil:
				addPoints(w, f.col[from:to], step, group, point)
			default:
				addRows(w, f.col[from:to], step, t)
			}
			ptr[i+1] = int64(w.end - w.from)
		}
		blocks[c] = w.block()
		pool.give(w)
	})
	if err != nil {
		return nil, err
	}
	return joinRows(s.ctx, s.opt.Threads, f.rows, t.cols, ptr, cuts, blocks)
}

// singles returns the column and the value of each row of a matrix with at
// most one entry to a row, or nil for another.
func singles(t *amgCSR[float64]) (group []int32, point []float64) {
	group, point = make([]int32, t.rows), make([]float64, t.rows)
	for i := range group {
		group[i] = -1
		switch k := t.ptr[i]; t.ptr[i+1] - k {
		case 0:
		case 1:
			group[i], point[i] = t.col[k], t.val[k]
		default:
			return nil, nil
		}
	}
	return group, point
}
