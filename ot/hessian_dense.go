package ot

import (
	"math"

	"solve/internal/kern"
	"solve/internal/par"
)

// denseSchur is the Hessian with nothing dropped, for plans too full to be
// worth sparsifying. Rows of P are stored when they fit, else recomputed.
type denseSchur struct {
	s    *semidual
	p    *point
	plan []float64 // n×m, nil when rows are recomputed
	shifted
	q [][]float64 // partial products by block of rows
}

func newDenseSchur(s *semidual, limit int64) *denseSchur {
	h := &denseSchur{s: s, q: make([][]float64, len(s.blocks))}
	if storesPlan(s, limit) {
		h.plan = make([]float64, s.n*s.m)
	}
	for k := range h.q {
		h.q[k] = make([]float64, s.m)
	}
	return h
}

// storesPlan tells whether n×m numbers fit into half of the memory limit.
func storesPlan(s *semidual, limit int64) bool { return 8*int64(s.n)*int64(s.m) <= limit/2 }

// moveTo reads the plan of p once.
func (h *denseSchur) moveTo(p *point) {
	s := h.s
	h.p = p
	h.over(s.b, p.c)
	s.passes++
	h.rows(func(k, i int, row []float64) {
		scale := 1 / s.a[i]
		for j, v := range row {
			h.q[k][j] += scale * v * v
		}
	}, true)
	h.sum(h.gram)
}

// rows visits every row of P in blocks; h.q[k] is cleared before block k.
func (h *denseSchur) rows(visit func(k, i int, row []float64), recompute bool) {
	s := h.s
	par.For(s.threads, len(s.blocks), func(k int) {
		clear(h.q[k])
		buf := s.scratch.Get().(*rowBuffers)
		defer s.scratch.Put(buf)
		lo, hi := par.Bounds(k, s.n, s.rowsPerBlock)
		for i := lo; i < hi; i++ {
			row := buf.e[0]
			if h.plan != nil {
				row = h.plan[i*s.m:][:s.m]
			}
			if recompute || h.plan == nil {
				s.cost.planRow(row, i, h.p.alpha[i], h.p.beta, s.invEps)
			}
			visit(k, i, row)
		}
	})
}

// sum adds the blocks in order.
func (h *denseSchur) sum(out []float64) {
	clear(out)
	for _, q := range h.q {
		kern.Axpy(1, q, out)
	}
}

func (h *denseSchur) mul(q, y []float64) {
	h.rows(func(k, i int, row []float64) {
		kern.Axpy(kern.Dot(row, y)/h.s.a[i], row, h.q[k])
	}, false)
	if h.plan == nil {
		h.s.passes++
	}
	h.sum(q)
	h.complement(q, y)
}

func (h *denseSchur) flops() float64 { return 4 * float64(h.s.n) * float64(h.s.m) }

func (h *denseSchur) lowerFlops() float64 {
	if h.plan == nil {
		return math.Inf(1)
	}
	return float64(h.s.n) * float64(h.s.m) * float64(h.s.m) / 8 // a matrix product, at its speed
}

func (h *denseSchur) lower(out []float64) {
	n, m := h.s.n, h.s.m
	clear(out)
	const depth = 256
	scaled := make([]float64, min(depth, n)*m)
	for i0 := 0; i0 < n; i0 += depth {
		rows := min(depth, n-i0)
		for r := range rows {
			scale := 1 / math.Sqrt(h.s.a[i0+r])
			for j, v := range h.plan[(i0+r)*m:][:m] {
				scaled[r*m+j] = scale * v
			}
		}
		kern.Gemm(m, m, rows, -1, scaled, m, true, scaled, m, false, out, m, nil)
	}
	for j := range m {
		out[j*m+j] += h.d[j]
	}
}
