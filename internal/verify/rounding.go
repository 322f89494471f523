package verify

import "math"

// roundedPlan is the potentials' plan rounded onto the marginals:
// diag(u) P diag(v) + er ecᵀ/‖er‖₁ (Altschuler, Weed, Rigollet 2017).
type roundedPlan struct {
	v      *evaluation
	u, w   []float64
	er, ec []float64
	size   float64
}

// rounded rounds the potentials' plan whose sums are given.
func (v *evaluation) rounded(sums *marginals) Rows {
	r := &roundedPlan{v: v, u: make([]float64, v.n), w: make([]float64, v.m)}
	for i, a := range v.t.A {
		r.u[i] = shrink(a, sums.row[i])
	}
	for j := range r.w {
		r.w[j] = 1
	}
	col := r.sums().col
	for j, b := range v.t.B {
		r.w[j] = shrink(b, col[j])
	}
	s := r.sums()
	er, ec := deficit(v.t.A, s.row), deficit(v.t.B, s.col)
	r.er, r.ec, r.size = er, ec, sum(er)
	return r
}

func shrink(want, have float64) float64 {
	if have > want {
		return want / have
	}
	return 1
}

func deficit(want, have []float64) []float64 {
	d := make([]float64, len(want))
	for i := range want {
		d[i] = math.Max(0, want[i]-have[i])
	}
	return d
}

// sums are the marginals of the plan as it is now.
func (r *roundedPlan) sums() *marginals {
	out := &marginals{row: make([]float64, r.v.n), col: make([]float64, r.v.m)}
	parts := make([][]float64, stripes(r.v.n))
	inStripes(r.v.n, r.v.t.Threads, func(s, lo, hi int) {
		scratch := make([]float64, r.v.m)
		col := newColumnSums(r.v.m)
		for i := lo; i < hi; i++ {
			_, p := r.Row(i, scratch)
			var row compensated
			for j, x := range p {
				row.add(x)
				col.add(j, x)
			}
			out.row[i] = row.value()
			col.endRow()
		}
		parts[s] = col.value()
	})
	for _, p := range parts {
		for j, x := range p {
			out.col[j] += x
		}
	}
	return out
}

func (r *roundedPlan) Row(i int, scratch []float64) ([]int32, []float64) {
	clear(scratch)
	v := r.v
	if math.IsInf(v.alpha[i], -1) {
		return nil, scratch
	}
	for j, c := range v.t.Cost.Row(i, scratch) {
		p := 0.0
		if z := v.alpha[i] + v.beta[j] - c/v.t.Reg; z > negligible {
			p = math.Exp(z) * r.u[i] * r.w[j]
		}
		if r.size > 0 {
			p += r.er[i] / r.size * r.ec[j]
		}
		scratch[j] = p
	}
	return nil, scratch
}
