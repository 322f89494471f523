package ot

import (
	"context"
	"math"
	"sync"

	"solve/internal/kern"
	"solve/internal/par"
)

// The semi-dual function. With M = C/ε and unit masses,
//
//	α_i(β) = log a_i − LSE_j(β_j − M_ij),
//	h(β)   = Σ a_i LSE_j(β_j − M_ij) − ⟨b,β⟩     (convex, minimised)
//	∇h     = c − b,  c = Pᵀ1,  P_ij = exp(α_i + β_j − M_ij),
//	∇²h    = diag(c) − Pᵀ diag(1/a) P,
//
// so the rows of P are exact at every β and one pass over the cost gives h,
// α and c: one exponential an entry.

// point is a β with everything that a pass over the cost tells about it.
type point struct {
	beta, alpha, c []float64
	h              float64
	e              float64 // marginal error ‖P1−a‖₁ + ‖Pᵀ1−b‖₁
	valid          bool    // whether the rest belongs to beta
	selected       bool    // whether kept does, too
	kept           *kept   // entries of P selected during the pass
}

func newPoint(n, m int) *point {
	p := &point{beta: make([]float64, m), alpha: make([]float64, n), c: make([]float64, m), h: math.NaN(), e: math.NaN(), kept: new(kept)}
	for i := range p.alpha {
		p.alpha[i] = math.NaN() // no shift known yet
	}
	return p
}

// selection asks a pass to keep the entries with P_ij ≥ min(rowThr·a_i, col_j).
type selection struct {
	row  float64
	col  []float64
	fill float64 // a block of rows fuller than this stops selecting
}

// semidual evaluates passes for one problem.
type semidual struct {
	*reduced
	n, m    int
	invEps  float64
	threads int
	passes  int
	grid    *gridLSE // axis-wise passes; nil for passes over all pairs

	rowsPerBlock int
	blocks       []blockSums
	scratch      sync.Pool // *rowBuffers

	pass  pass        // under way
	block func(k int) // evalBlock, made a value once: a pass allocates nothing
}

// pass is what eval is asked for.
type pass struct {
	p     *point
	relax float64
	sel   *selection
}

// blockSums is what a block of rows contributes; blocks are fixed by n alone
// and added in order, so the bits do not depend on the number of threads.
type blockSums struct {
	c    []float64
	h, e float64
}

// A pass computes rowGroup rows of P before adding them to the column sums,
// which then travel through the cache once for all of them.
const (
	rowGroup  = 4
	maxBlocks = 64
)

type rowBuffers struct{ e [rowGroup][]float64 }

func newSemidual(q *reduced, threads int) *semidual {
	n, m := q.cost.dims()
	s := &semidual{reduced: q, n: n, m: m, invEps: 1 / q.eps, threads: threads}
	s.rowsPerBlock = max(2*rowGroup, (n+maxBlocks-1)/maxBlocks)
	s.rowsPerBlock = (s.rowsPerBlock + rowGroup - 1) / rowGroup * rowGroup
	s.blocks = make([]blockSums, par.Chunks(n, s.rowsPerBlock))
	for k := range s.blocks {
		s.blocks[k].c = make([]float64, m)
	}
	s.scratch.New = func() any {
		b := new(rowBuffers)
		for k := range b.e {
			b.e[k] = make([]float64, m)
		}
		return b
	}
	return s
}

// setEps moves to another ε; potentials are scaled by the caller.
func (s *semidual) setEps(eps float64) {
	s.eps, s.invEps = eps, 1/eps
}

// eval fills p from p.beta. relax ≠ 1 moves α only that part of the way from
// p.alpha to its optimum (over-relaxed Sinkhorn). sel ≠ nil also collects
// entries of P into p.kept. On error p holds no valid values.
func (s *semidual) eval(ctx context.Context, p *point, relax float64, sel *selection) error {
	s.passes++
	p.selected = sel != nil
	if s.grid != nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.evalSeparable(p, relax, sel)
		return nil
	}
	if sel != nil {
		p.kept.reset(len(s.blocks), s.rowsPerBlock)
	}
	s.pass = pass{p, relax, sel}
	if s.block == nil {
		s.block = s.evalBlock
	}
	if err := par.ForCtx(ctx, s.threads, len(s.blocks), s.block); err != nil {
		return err
	}
	clear(p.c)
	h, e := 0.0, 0.0
	for k := range s.blocks {
		kern.Axpy(1, s.blocks[k].c, p.c)
		h += s.blocks[k].h
		e += s.blocks[k].e
	}
	for j, b := range s.b {
		h -= b * p.beta[j]
		e += math.Abs(p.c[j] - b)
	}
	p.h, p.e, p.valid = h, e, true
	return nil
}

func (s *semidual) evalBlock(k int) {
	p, relax, sel := s.pass.p, s.pass.relax, s.pass.sel
	buf := s.scratch.Get().(*rowBuffers)
	defer s.scratch.Put(buf)
	sums := &s.blocks[k]
	clear(sums.c)
	sums.h, sums.e = 0, 0
	var weight [rowGroup]float64
	lo, hi := par.Bounds(k, s.n, s.rowsPerBlock)
	for i := lo; i < hi; i += rowGroup {
		rows := min(rowGroup, hi-i)
		for r := range rows {
			weight[r] = s.evalRow(p, i+r, relax, buf.e[r], sums)
			if sel != nil {
				p.kept.blocks[k].add(buf.e[r], weight[r], sel.row*s.a[i+r], sel)
			}
		}
		kern.AccumRows(sums.c, weight[:rows], buf.e[:rows])
	}
}

// evalRow writes row i of P up to a factor into e and returns that factor.
// The shift is the previous α_i, which the row sum corrects exactly; only
// where that would overflow or underflow is the maximum searched.
func (s *semidual) evalRow(p *point, i int, relax float64, e []float64, sums *blockSums) float64 {
	f := p.alpha[i]
	sum := math.NaN()
	if !math.IsNaN(f) {
		f -= s.logA[i]
		sum = s.cost.planRow(e, i, f, p.beta, s.invEps)
	}
	if !(sum > 1e-200 && sum < 1e200) {
		f = -s.cost.maxRow(i, p.beta, s.invEps)
		sum = s.cost.planRow(e, i, f, p.beta, s.invEps)
	}
	lse := math.Log(sum) - f
	sums.h += s.a[i] * lse
	step := p.updateRow(i, s.logA[i]-lse, relax)
	if step == 0 {
		return s.a[i] / sum
	}
	sums.e += s.a[i] * math.Abs(math.Expm1(step))
	return s.a[i] / sum * math.Exp(step)
}

// updateRow sets α_i to its optimum, or with relax ≠ 1 only that part of the
// way from where it was, and returns how far beyond the optimum it went.
func (p *point) updateRow(i int, optimum, relax float64) (step float64) {
	if relax != 1 && !math.IsNaN(p.alpha[i]) {
		step = (relax - 1) * (optimum - p.alpha[i])
	}
	p.alpha[i] = optimum + step
	return step
}

// updateColumns is the column half of a Sinkhorn iteration: β += ω (log b − log c).
func (s *semidual) updateColumns(p *point, omega float64) {
	for j, c := range p.c {
		p.beta[j] += omega * (s.logB[j] - math.Log(max(c, 1e-300)))
	}
	p.valid = false
	s.centre(p.beta)
}

// centre shifts β to ⟨b,β⟩ = 0: P is unchanged and the numbers stay small.
func (s *semidual) centre(beta []float64) {
	mean := kern.Dot(s.b, beta)
	for j := range beta {
		beta[j] -= mean
	}
}

// gradient writes ∇h = c − b.
func (s *semidual) gradient(g []float64, p *point) {
	for j := range g {
		g[j] = p.c[j] - s.b[j]
	}
}

// dual is the entropic dual value ε(⟨a,α⟩+⟨b,β⟩−1) for unit mass.
func (s *semidual) dual(p *point) float64 {
	return s.eps * (kern.Dot(s.a, p.alpha) + kern.Dot(s.b, p.beta) - 1)
}

// roundoff is the marginal error that rounding of the exponents alone causes.
func (s *semidual) roundoff(p *point) float64 {
	return 4 * 0x1p-53 * (1 + 2*(maxAbs(p.alpha)+maxAbs(p.beta)))
}

func maxAbs(x []float64) float64 {
	m := 0.0
	for _, v := range x {
		m = max(m, math.Abs(v))
	}
	return m
}

// assign copies the state of q, without its kept entries.
func (p *point) assign(q *point) {
	p.beta = append(p.beta[:0], q.beta...)
	p.alpha = append(p.alpha[:0], q.alpha...)
	p.c = append(p.c[:0], q.c...)
	p.h, p.e, p.valid, p.selected = q.h, q.e, q.valid, false
}
