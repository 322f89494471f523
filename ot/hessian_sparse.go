package ot

import (
	"context"
	"math/bits"
	"slices"
	"sync"

	"solve/internal/par"
	"solve/linsys/direct"
	"solve/matrix"
)

// sparseSchur is the sparsified Hessian S in compressed rows, with one unknown
// fixed at 0, and its Cholesky factor. It reuses its memory from step to step.
type sparseSchur struct {
	h        *hessian
	rows     sparseRows // P_s
	chunks   []schurChunk
	pool     sync.Pool // *schurRow
	a        *matrix.CSR
	diag     []int64 // where the diagonal entries of a are
	fixed    int     // the unknown that is fixed
	analysed bool    // whether a is S as it was sparsified last

	analysis *direct.CholeskyAnalysis
	factor   *direct.Cholesky // nil until there is one of this analysis
	seen     float64          // pairs of the S that was analysed last
	refused  bool             // whether one could not be
}

// schurChunk holds some rows of S.
type schurChunk struct {
	ends []int64
	col  []int32
	val  []float64
}

// schurRow is the row of S under way: sums by column, with a bit for each
// column that has one.
type schurRow struct {
	sum  []float64
	mark []uint64
}

// schurChunkRows is the number of rows of S that are built at a time.
const schurChunkRows = 64

// bytesPerEntry bounds the memory that an entry of S takes: 12 bytes in a chunk
// and twice in a, while patterns are compared; and two copies of the pattern
// in the analysis.
const bytesPerEntry = 3*12 + 3*8

// build assembles S but for its diagonal and analyses it, unless the pattern is
// that of the last one.
func (s *sparseSchur) build(ctx context.Context, h *hessian, fixed int) error {
	m, threads := h.s.m, h.s.threads
	s.h, s.fixed = h, fixed
	s.rows.flatten(h.kept, threads)
	h.transpose()
	if s.pool.New == nil {
		s.pool.New = func() any {
			return &schurRow{sum: make([]float64, m), mark: make([]uint64, (m+63)/64)}
		}
		s.chunks = make([]schurChunk, par.Chunks(m, schurChunkRows))
	}
	par.For(threads, len(s.chunks), s.buildChunk)
	old := s.a
	s.join(threads)
	s.seen, s.analysed = h.pairs, true
	if s.analysis != nil && slices.Equal(s.a.RowPtr, old.RowPtr) && slices.Equal(s.a.Col, old.Col) {
		return nil
	}
	s.factor = nil
	var err error
	if s.analysis, err = direct.AnalyzeCholesky(ctx, s.a, &direct.AnalyzeOptions{Threads: threads}); err != nil {
		s.analysis, s.analysed, s.refused = nil, false, true
		return err
	}
	return nil
}

// factorTime is the nominal time of refactor and solve.
func (s *sparseSchur) factorTime() float64 {
	return nsColumn*float64(s.analysis.N()) + nsFactor*float64(s.analysis.FactorNNZ()) + nsFront*s.analysis.Flops()
}

// foresee guesses the entries of an S of so many pairs and the time to factor
// it: from the last one, at constant pairs an entry and a time that grows as
// their square.
func (s *sparseSchur) foresee(pairs float64) (entries, time float64) {
	if s.analysis == nil {
		return pairs / usualPairs, 0
	}
	ratio := pairs / s.seen
	return ratio * float64(s.a.NNZ()), s.factorTime() * min(1, ratio*ratio)
}

// usualPairs is the number of pairs an entry before one S is known.
const usualPairs = 2

// flatten copies the rows of k, octets and single entries.
func (m *sparseRows) flatten(k *kept, threads int) {
	m.ptr = append(m.ptr[:0], 0)
	end := int64(0)
	for i := range k.blocks {
		b := &k.blocks[i]
		for r := range b.singles.done() {
			entries, _ := b.rowSize(r)
			end += entries
			m.ptr = append(m.ptr, end)
		}
	}
	m.col, m.val = resize(m.col, int(end)), resize(m.val, int(end))
	par.For(threads, len(k.blocks), func(i int) {
		b := &k.blocks[i]
		first := i * k.perRows
		for r := range b.singles.done() {
			at := m.ptr[first+r]
			b.each(r, func(j int32, v float64) {
				m.col[at], m.val[at] = j, v
				at++
			})
		}
	})
}

// buildChunk adds up the rows of a chunk; the diagonal is left to refactor.
func (s *sparseSchur) buildChunk(c int) {
	h, out := s.h, &s.chunks[c]
	row := s.pool.Get().(*schurRow)
	defer s.pool.Put(row)
	out.ends, out.col, out.val = out.ends[:0], out.col[:0], out.val[:0]
	lo, hi := par.Bounds(c, h.s.m, schurChunkRows)
	for j := lo; j < hi; j++ {
		row.add(j, 0)
		first, last := j, j
		if j != s.fixed {
			rows, vals := h.cols.row(j)
			for t, i := range rows {
				a, b := row.addScaled(-vals[t]/h.s.a[i], &s.rows, int(i))
				first, last = min(first, a), max(last, b)
			}
			row.drop(s.fixed)
		}
		row.moveTo(out, first, last)
		out.ends = append(out.ends, int64(len(out.col)))
	}
}

func (r *schurRow) add(j int, v float64) {
	r.sum[j] += v
	r.mark[j>>6] |= 1 << (j & 63)
}

// addScaled adds x times row i of p and returns the range of its columns.
func (r *schurRow) addScaled(x float64, p *sparseRows, i int) (first, last int) {
	col, val := p.row(i)
	first = len(r.sum)
	for e, k := range col {
		r.add(int(k), x*val[e])
		first, last = min(first, int(k)), max(last, int(k))
	}
	return first, last
}

func (r *schurRow) drop(j int) {
	r.sum[j] = 0
	r.mark[j>>6] &^= 1 << (j & 63)
}

// moveTo appends the entries between two columns to out, in order, and clears
// them.
func (r *schurRow) moveTo(out *schurChunk, first, last int) {
	for w := first >> 6; w <= last>>6; w++ {
		for b := r.mark[w]; b != 0; b &= b - 1 {
			k := w<<6 + bits.TrailingZeros64(b)
			out.col, out.val = append(out.col, int32(k)), append(out.val, r.sum[k])
			r.sum[k] = 0
		}
		r.mark[w] = 0
	}
}

// join makes one matrix of the chunks.
func (s *sparseSchur) join(threads int) {
	m := s.h.s.m
	ptr := make([]int64, 1, m+1)
	from := make([]int64, len(s.chunks))
	for c := range s.chunks {
		from[c] = ptr[len(ptr)-1]
		for _, end := range s.chunks[c].ends {
			ptr = append(ptr, from[c]+end)
		}
	}
	nnz := ptr[m]
	s.a = &matrix.CSR{Rows: m, Cols: m, RowPtr: ptr, Col: make([]int32, nnz), Val: make([]float64, nnz)}
	s.diag = resize(s.diag, m)
	par.For(threads, len(s.chunks), func(c int) {
		copy(s.a.Col[from[c]:], s.chunks[c].col)
		copy(s.a.Val[from[c]:], s.chunks[c].val)
		lo, hi := par.Bounds(c, m, schurChunkRows)
		for j := lo; j < hi; j++ {
			k, _ := slices.BinarySearch(s.a.Col[ptr[j]:ptr[j+1]], int32(j))
			s.diag[j] = ptr[j] + int64(k)
		}
	})
}

// refactor factors S at the current shift.
func (s *sparseSchur) refactor(ctx context.Context) error {
	h := s.h
	for j, k := range s.diag {
		s.a.Val[k] = h.d[j] - h.gram[j] + ridge*h.c[j]
	}
	s.a.Val[s.diag[s.fixed]] = h.c[s.fixed]
	if s.factor != nil {
		return s.factor.Refactor(ctx, s.a)
	}
	var err error
	s.factor, err = s.analysis.Factor(ctx, s.a, h.s.threads)
	return err
}

// solve finds y with S y = rhs but for the equation of the fixed unknown.
func (s *sparseSchur) solve(rhs, y []float64) {
	copy(y, rhs)
	y[s.fixed] = 0
	s.factor.Solve(y)
}
