package ot

import "math"

// gridSchur is the Hessian with nothing dropped on a grid: products with P
// and Pᵀ are axis-wise log-sum-exps of the positive and the negative part.
type gridSchur struct {
	s *semidual
	p *point
	shifted
	w []float64
}

func newGridSchur(s *semidual, p *point) *gridSchur {
	h := &gridSchur{s: s, p: p, w: make([]float64, s.n)}
	h.over(s.b, p.c)
	// P_ij²/a_i = exp((2α_i − log a_i) + 2β_j − 2C_ij/ε): the same transform at ε/2.
	v := make([]float64, s.n)
	for i, x := range p.alpha {
		v[i] = 2*x - s.logA[i]
	}
	v = s.grid.scatter(v, s.grid.rows)
	s.grid.transform(v, 0, len(s.grid.shape)-1, 2*s.invEps, s.threads)
	for k, j := range s.grid.cols {
		h.gram[k] = math.Exp(2*p.beta[k] + v[j])
	}
	return h
}

func (h *gridSchur) mul(q, y []float64) {
	g, p := h.s.grid, h.p
	h.product(h.w, y, p.beta, p.alpha, g.cols, g.rows)
	for i, a := range h.s.a {
		h.w[i] /= a
	}
	h.product(q, h.w, p.alpha, p.beta, g.rows, g.cols)
	h.complement(q, y)
	h.s.passes++
}

// product computes out_i = Σ_j exp(to_i + from_j − C_ij/ε) y_j.
func (h *gridSchur) product(out, y, from, to []float64, fromAt, toAt []int) {
	g := h.s.grid
	clear(out)
	v := make([]float64, len(y))
	for _, sign := range []float64{1, -1} {
		some := false
		for j, x := range y {
			v[j] = math.Inf(-1)
			if x*sign > 0 {
				v[j], some = from[j]+math.Log(x*sign), true
			}
		}
		if !some {
			continue
		}
		full := g.scatter(v, fromAt)
		g.transform(full, 0, len(g.shape)-1, h.s.invEps, h.s.threads)
		for k, i := range toAt {
			out[k] += sign * math.Exp(to[k]+full[i])
		}
	}
}

func (h *gridSchur) flops() float64 {
	axes := 0
	for _, s := range h.s.grid.shape {
		axes += s
	}
	const flopsExp, transforms = 15, 4
	return flopsExp * transforms * float64(h.s.grid.n*axes)
}

func (h *gridSchur) lower([]float64)     { panic("ot: the Hessian of a grid is never formed") }
func (h *gridSchur) lowerFlops() float64 { return math.Inf(1) }
