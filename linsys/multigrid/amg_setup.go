package multigrid

import (
	"context"
	"fmt"
	"math"

	"solve/matrix"
	"solve/solver"
)

// amgSetup is the state of a set-up: the matrix that is to be coarsened next
// and, after coarsening, the prolongation that was chosen for it.
type amgSetup struct {
	ctx  context.Context
	opt  *AMGOptions
	a    *amgCSR[float64]
	diag []float64
	ref  []float64 // diag before cancellation: diag(Pᵀ D P); nil on the finest level
	p    *amgCSR[float64]
	pt   *amgCSR[float64] // its transpose
	// plain makes a piecewise constant prolongation, which is taken where p
	// would fill the coarse matrix, as in networks with hubs.
	plain func() *amgCSR[float64]

	level   int
	near    nearNull // smoothed aggregation only
	sparser bool     // Ruge–Stüben has turned to PMIS

	rows  []int
	nnz   []int64
	bytes int64
}

const (
	maxLevels = 40
	// voidTolerance is the size of a coarse diagonal entry, relative to the
	// terms it is the sum of, below which its unknown spans a null vector.
	voidTolerance = 1e-12
	// singleRange is the range of the diagonal up to which float32 serves.
	singleRange = 1e5
)

// start takes in the finest matrix and says whether float32 serves.
func (s *amgSetup) start(a *matrix.CSR) (single bool, err error) {
	s.a = amgView(a)
	if err := s.takeDiagonal(); err != nil {
		return false, err
	}
	low, high := math.Inf(1), 0.0
	for _, d := range s.diag {
		if d > 0 {
			low, high = min(low, d), max(high, d)
		}
	}
	return high <= singleRange*low, nil
}

// takeDiagonal reads the diagonal of the matrix at hand and records its size.
func (s *amgSetup) takeDiagonal() error {
	a := s.a
	s.rows, s.nnz = append(s.rows, a.rows), append(s.nnz, a.nnz())
	s.diag = make([]float64, a.rows)
	cuts := cutRows(a.ptr, chunkEntries)
	bad := make([]int, max(0, len(cuts)-1))
	err := forRows(s.ctx, s.opt.Threads, cuts, func(c, lo, hi int) { bad[c] = s.diagonalRows(lo, hi) })
	if err != nil {
		return err
	}
	for _, row := range bad {
		if row > 0 {
			return fmt.Errorf("multigrid: level %d: diagonal entry %d is %.3g: %w",
				s.level+1, row, s.diag[row-1], solver.ErrNotPositiveDefinite)
		}
	}
	return nil
}

// diagonalRows fills diag for rows lo…hi−1 and returns the number, counted
// from 1, of the first that can't be, or 0. Rows without a value are void;
// on a coarse level so are those whose diagonal has cancelled.
func (s *amgSetup) diagonalRows(lo, hi int) int {
	for i := lo; i < hi; i++ {
		empty := true
		for k := s.a.ptr[i]; k < s.a.ptr[i+1]; k++ {
			if v := s.a.val[k]; int(s.a.col[k]) == i {
				s.diag[i] += v
			} else if v != 0 {
				empty = false
			}
		}
		d := s.diag[i]
		switch {
		case s.ref != nil && math.Abs(d) <= voidTolerance*s.ref[i]:
			s.diag[i] = 0
		case d == 0 && empty:
		case !(d > 0) || math.IsInf(d, 0):
			return i + 1
		}
	}
	return 0
}

// next makes the coarse matrix for the prolongation that was chosen and takes
// it for the matrix at hand.
func (s *amgSetup) next() error {
	s.pt = transpose(s.p)
	if s.plain != nil && s.fills() {
		s.p = s.plain()
		s.pt = transpose(s.p)
	}
	a, err := galerkin(s.ctx, s.opt.Threads, s.pt, s.a, s.p)
	if err != nil {
		return err
	}
	r, ref, diag := s.pt, make([]float64, s.pt.rows), s.diag
	err = forRows(s.ctx, s.opt.Threads, cutRows(r.ptr, chunkEntries), func(_, lo, hi int) {
		for c := lo; c < hi; c++ {
			for k := r.ptr[c]; k < r.ptr[c+1]; k++ {
				ref[c] += r.val[k] * r.val[k] * diag[r.col[k]]
			}
		}
	})
	if err != nil {
		return err
	}
	s.a, s.ref = a, ref
	s.level++
	if err := s.account(12 * a.nnz()); err != nil {
		return err
	}
	return s.takeDiagonal()
}

const (
	// fillLimit is the number of entries of a coarse matrix, relative to the one
	// it is made from, that is not worth its price.
	fillLimit = 2
	// fillSample is the number of rows that are tried.
	fillSample = 128
)

// fills estimates from a sample of rows whether R A P passes fillLimit.
func (s *amgSetup) fills() bool {
	r := s.pt
	fine, coarse := &rowPool{n: s.a.cols}, &rowPool{n: s.p.cols}
	w, out := fine.take(), coarse.take()
	total, tried := 0, 0
	for c := 0; c < r.rows; c += max(1, r.rows/fillSample) {
		galerkinRow(w, out, c, r, s.a, s.p)
		total += out.end
		tried++
		out.forget()
		out.start(0)
	}
	return float64(total)/float64(tried)*float64(r.rows) > fillLimit*float64(s.a.nnz())
}

// grown says whether the last coarsening kept more than a part of the entries.
func (s *amgSetup) grown(part float64) bool {
	return s.level > 0 && float64(s.nnz[s.level]) > part*float64(s.nnz[s.level-1])
}

// account adds to the bytes in use and checks them against the limit.
func (s *amgSetup) account(bytes int64) error {
	s.bytes += bytes
	if s.opt.MaxMemory > 0 && s.bytes > s.opt.MaxMemory {
		return &solver.TooLargeError{What: "algebraic multigrid", Need: s.bytes, Have: s.opt.MaxMemory}
	}
	return nil
}

// newHierarchy coarsens until a dense factorisation is cheap or nothing is
// gained.
func newHierarchy[T amgFloat](s *amgSetup, coarsen func(*amgSetup) error) (*hierarchy[T], error) {
	h := &hierarchy[T]{}
	for {
		if err := h.add(s); err != nil {
			return nil, err
		}
		if s.a.rows <= s.opt.MaxCoarse || len(h.levels) == maxLevels {
			break
		}
		s.p, s.plain = nil, nil
		if err := coarsen(s); err != nil {
			return nil, err
		}
		if s.p == nil || s.p.cols == 0 || s.p.cols > s.p.rows*9/10 {
			break
		}
		if err := s.next(); err != nil {
			return nil, err
		}
	}
	return h, h.finish(s)
}

// add makes a level of the matrix at hand and joins it to the finer one.
func (h *hierarchy[T]) add(s *amgSetup) error {
	l, err := newLevel[T](s)
	if err != nil {
		return err
	}
	if k := len(h.levels); k > 0 {
		fine := h.levels[k-1]
		unscale := make([]float64, fine.m.n)
		for i, v := range fine.m.scale {
			if v > 0 {
				unscale[i] = 1 / v
			}
		}
		if fine.p, err = scaledTransfer[T](s, s.p, unscale, l.m.scale); err != nil {
			return err
		}
		if fine.pt, err = scaledTransfer[T](s, s.pt, l.m.scale, unscale); err != nil {
			return err
		}
		fine.bindTransfer(l)
		if err := s.account(fine.p.bytes() + fine.pt.bytes()); err != nil {
			return err
		}
	}
	h.levels = append(h.levels, l)
	return nil
}

// scaledTransfer brings P or Pᵀ into the scaled variables x = S x̂ of both
// levels, P̂ = S⁻¹ P S_c: its entries are multiplied by left of their row and
// right of their column.
func scaledTransfer[T amgFloat](s *amgSetup, a *amgCSR[float64], left, right []float64) (*amgCSR[T], error) {
	c := &amgCSR[T]{a.rows, a.cols, a.ptr, a.col, make([]T, len(a.val))}
	return c, forRows(s.ctx, s.opt.Threads, cutRows(a.ptr, chunkEntries), func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			for k := a.ptr[i]; k < a.ptr[i+1]; k++ {
				c.val[k] = T(a.val[k] * left[i] * right[a.col[k]])
			}
		}
	})
}

// newLevel prepares the smoother of the matrix at hand.
func newLevel[T amgFloat](s *amgSetup) (*amgLevel[T], error) {
	l := &amgLevel[T]{kind: s.opt.Smoother, threads: s.opt.Threads}
	if s.a.nnz() < smallLevel {
		l.threads = 1
	}
	var err error
	l.m, err = scaleMatrix[T](s.ctx, s.opt.Threads, s.a, s.diag, l.kind == smootherL1SGS)
	if err != nil {
		return nil, err
	}
	if s.level == 0 {
		for i, v := range l.m.scale {
			if v == 0 { // an empty row: the identity
				l.m.scale[i] = 1
			}
		}
	}
	n := s.a.rows
	l.x, l.b, l.r = make([]T, n), make([]T, n), make([]T, n)
	if err := l.tuneSmoother(s); err != nil {
		return nil, err
	}
	l.bindSmoother()
	var v T
	return l, s.account(l.m.bytes() + 3*int64(n)*sizeOf(v))
}

func (l *amgLevel[T]) tuneSmoother(s *amgSetup) error {
	if l.kind == smootherL1SGS {
		return nil
	}
	n := s.a.rows
	lambda, err := spectralRadius(s.ctx, s.opt.Threads, s.a, s.diag, !s.opt.Unsmoothed)
	if err != nil {
		return err
	}
	l.y = make([]T, n)
	switch l.kind {
	case smootherChebyshev:
		l.d = make([]T, n)
		l.cheb = chebyshev[T](s.opt.Degree, lambda)
	case smootherSPAI0:
		l.weight = spai0Weights(l.m, lambda)
	case smootherJacobi:
		l.weight = jacobiWeights[T](n, lambda)
	}
	return nil
}

// finish factors the coarsest matrix.
func (h *hierarchy[T]) finish(s *amgSetup) error {
	h.w = s.opt.Cycle == "w"
	h.bind(h.levels[0].m.n, s.opt.Threads)
	last := h.levels[len(h.levels)-1]
	var err error
	if n := last.m.n; n <= max(s.opt.MaxCoarse, denseLimit) {
		h.rhs = make([]float64, n)
		h.coarse, err = factorCoarse(s, last.m.scale)
	}
	return err
}

// rebuild makes a hierarchy for another matrix with the prolongations of
// this one.
func (h *hierarchy[T]) rebuild(ctx context.Context, a *matrix.CSR, opt *AMGOptions) (amgCycler, *amgSetup, error) {
	s := &amgSetup{ctx: ctx, opt: opt}
	if _, err := s.start(a); err != nil {
		return nil, nil, err
	}
	fresh := &hierarchy[T]{}
	for k, old := range h.levels {
		if err := fresh.add(s); err != nil {
			return nil, nil, err
		}
		if k == len(h.levels)-1 {
			break
		}
		s.p = unscaled(old.p, old.m.scale, h.levels[k+1].m.scale)
		if err := s.next(); err != nil {
			return nil, nil, err
		}
	}
	if err := fresh.finish(s); err != nil {
		return nil, nil, err
	}
	return fresh, s, nil
}

// unscaled takes a prolongation back to the variables of the matrix.
func unscaled[T amgFloat](p *amgCSR[T], rows, cols []float64) *amgCSR[float64] {
	q := &amgCSR[float64]{p.rows, p.cols, p.ptr, p.col, make([]float64, len(p.val))}
	for i := range p.rows {
		for k := p.ptr[i]; k < p.ptr[i+1]; k++ {
			if c := cols[p.col[k]]; c > 0 {
				q.val[k] = float64(p.val[k]) * rows[i] / c
			}
		}
	}
	return q
}
