package multigrid

// classicalGrowth is the number of entries of a coarse matrix, relative to the
// one it was made from, above which coarsening turns to PMIS.
const classicalGrowth = 1

// coarsenRS chooses the prolongation of classical algebraic multigrid. Where
// coarse matrices keep growing, as in three dimensions, it goes on with PMIS.
func coarsenRS(s *amgSetup) error {
	strong, err := strongRS(s)
	if err != nil {
		return err
	}
	s.sparser = s.sparser || s.opt.PMIS || s.grown(classicalGrowth)
	back := transpose(strong)
	var coarse []bool
	if s.sparser {
		coarse = splitPMIS(strong, back)
	} else {
		coarse = splitRS(strong, back)
		secondPass(strong, coarse)
	}
	s.plain = func() *amgCSR[float64] { return constantOn(strong) }
	s.p, err = interpolateRS(s, strong, coarse, s.sparser)
	return err
}

// constantOn returns the prolongation that is constant on aggregates of strong
// connections.
func constantOn(strong *amgCSR[float64]) *amgCSR[float64] {
	agg, count := aggregate(&strengthGraph{strong.ptr, strong.col})
	one := &nearNull{k: 1, v: make([]float64, strong.rows), nodes: strong.rows}
	for i := range one.v {
		one.v[i] = 1
	}
	p, _ := tentative(one, strong.rows, agg, count)
	return p
}

// strongRS returns the strong connections, −a_ij ≥ θ max_k −a_ik, with their
// values (Ruge & Stüben, eq. 4.1).
func strongRS(s *amgSetup) (*amgCSR[float64], error) {
	a, theta := s.a, s.opt.Theta
	ptr := make([]int64, a.rows+1)
	cuts := cutRows(a.ptr, chunkEntries)
	blocks := make([]rowBlock[float64], max(0, len(cuts)-1))
	err := forRows(s.ctx, s.opt.Threads, cuts, func(c, lo, hi int) {
		b := &blocks[c]
		room := a.ptr[hi] - a.ptr[lo]
		b.col, b.val = make([]int32, 0, room), make([]float64, 0, room)
		for i := lo; i < hi; i++ {
			start, top := len(b.col), 0.0
			for k := a.ptr[i]; k < a.ptr[i+1]; k++ {
				if int(a.col[k]) != i {
					top = max(top, -a.val[k])
				}
			}
			limit := theta * top
			for k := a.ptr[i]; k < a.ptr[i+1] && s.diag[i] > 0; k++ {
				if v := -a.val[k]; v > 0 && v >= limit && int(a.col[k]) != i {
					b.col, b.val = append(b.col, a.col[k]), append(b.val, a.val[k])
				}
			}
			ptr[i+1] = int64(len(b.col) - start)
		}
	})
	if err != nil {
		return nil, err
	}
	return joinRows(s.ctx, s.opt.Threads, a.rows, a.cols, ptr, cuts, blocks)
}
