package verify

import (
	"fmt"
	"math"

	"solve/solver"
)

// Unregularised certifies an answer of the linear programme (Reg = 0): a plan
// and, unless they are nil, potentials with f_i + g_j ≤ C_ij (≥ where
// t.Maximize). The plan is judged by its marginals and its cost, the
// potentials by the bound that they prove as they stand: where some
// f_i + g_j exceeds C_ij, all of g is lowered by the largest excess
//
//	δ = max_j (g_j − min_i (C_ij − f_i)),
//
// which makes them feasible, so Σ a f + Σ b (g − δ) less an allowance for
// rounding is a lower bound of the optimum. Points without mass are left out.
// Where t.Spare, g ≤ 0 is part of feasibility.
//
// DualGap is ⟨C,P⟩ minus that bound (of a maximum: the bound minus ⟨C,P⟩).
// Without potentials it and the bound are NaN. Quantities that only a
// regularised problem has are NaN.
func Unregularised(t Transport, plan Rows, f, g []float64) (TransportCertificate, error) {
	if err := t.check(f, g); err != nil {
		return TransportCertificate{}, err
	}
	if plan == nil || t.Reg != 0 {
		return TransportCertificate{}, fmt.Errorf("verify: a plan of the unregularised problem is needed (ε = %v): %w", t.Reg, solver.ErrInput)
	}
	if t.Maximize {
		t.Cost, f, g = negatedCost{t.Cost}, negated(f), negated(g)
	}
	v := &programmeCheck{t: t, f: f, g: g, n: len(t.A), m: len(t.B), mass: sum(t.A)}
	out := v.certificate(v.sweep(plan))
	if t.Maximize {
		out.Cost, out.Objective = -out.Cost, -out.Objective
		out.Lower, out.Upper = -out.Upper, -out.Lower
	}
	return out, nil
}

// negatedCost turns a maximum into a minimum; forbidden stays forbidden.
type negatedCost struct{ Cost }

func (c negatedCost) Row(i int, dst []float64) []float64 {
	for j, x := range c.Cost.Row(i, dst) {
		if !math.IsInf(x, 1) {
			x = -x
		}
		dst[j] = x
	}
	return dst
}

func negated(x []float64) []float64 {
	if x == nil {
		return nil
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = -v
	}
	return out
}

// programmeCheck is an answer of the linear programme under test.
type programmeCheck struct {
	t    Transport
	f, g []float64 // nil = not given
	n, m int
	mass float64
}

// programmeTally is what one sweep over the cost and the plan adds up.
type programmeTally struct {
	row, col   []float64 // sums of the plan
	cost, size float64   // ⟨C,P⟩, Σ |C||P|
	negative   float64   // −Σ of the negative entries
	maxC, minC float64   // over finite entries
	forbidden  bool
	gMin       []float64 // min_i C_ij − f_i over the rows with mass
}

func newProgrammeTally(m int) *programmeTally {
	t := &programmeTally{maxC: math.Inf(-1), minC: math.Inf(1), col: make([]float64, m), gMin: make([]float64, m)}
	for j := range t.gMin {
		t.gMin[j] = math.Inf(1)
	}
	return t
}

func (v *programmeCheck) sweep(plan Rows) *programmeTally {
	total := newProgrammeTally(v.m)
	total.row = make([]float64, v.n)
	parts := make([]*programmeTally, stripes(v.n))
	inStripes(v.n, v.t.Threads, func(s, lo, hi int) { parts[s] = v.stripe(plan, total.row, lo, hi) })
	var cost, size compensated
	for _, p := range parts {
		cost.add(p.cost)
		size.add(p.size)
		total.negative += p.negative
		total.maxC, total.minC = math.Max(total.maxC, p.maxC), math.Min(total.minC, p.minC)
		total.forbidden = total.forbidden || p.forbidden
		for j, x := range p.gMin {
			total.col[j] += p.col[j]
			total.gMin[j] = math.Min(total.gMin[j], x)
		}
	}
	total.cost, total.size = cost.value(), size.value()
	return total
}

// stripe tallies rows lo…hi−1; their sums go to row.
func (v *programmeCheck) stripe(plan Rows, row []float64, lo, hi int) *programmeTally {
	out := newProgrammeTally(v.m)
	scratch, planScratch := make([]float64, v.m), make([]float64, v.m)
	col := newColumnSums(v.m)
	var cost, size compensated
	for i := lo; i < hi; i++ {
		c := v.t.Cost.Row(i, scratch)
		v.costs(i, c, out)
		cols, vals := plan.Row(i, planScratch)
		var r compensated
		for k, x := range vals {
			if x == 0 {
				continue
			}
			j := k
			if cols != nil {
				j = int(cols[k])
			}
			r.add(x)
			col.add(j, x)
			cost.add(x * c[j])
			size.add(math.Abs(x * c[j]))
			if x < 0 {
				out.negative -= x
			}
		}
		row[i] = r.value()
		col.endRow()
	}
	out.col, out.cost, out.size = col.value(), cost.value(), size.value()
	return out
}

// costs updates the range of C and the c-transform of f over row i.
func (v *programmeCheck) costs(i int, c []float64, out *programmeTally) {
	live := v.f != nil && v.t.A[i] > 0
	fi := 0.0
	if live {
		fi = v.f[i]
	}
	lo, hi := out.minC, out.maxC
	for j, x := range c {
		if math.IsInf(x, 1) {
			out.forbidden = true
			continue
		}
		lo, hi = min(lo, x), max(hi, x)
		if live && x-fi < out.gMin[j] {
			out.gMin[j] = x - fi
		}
	}
	out.minC, out.maxC = lo, hi
}

func (v *programmeCheck) certificate(s *programmeTally) TransportCertificate {
	nan := math.NaN()
	out := TransportCertificate{PotentialMarginal: nan, DualGap: nan, Lower: nan, ValueKL: nan, Cost: s.cost, Objective: s.cost, Size: s.size}
	if s.maxC >= s.minC {
		out.MaxCost = math.Max(math.Abs(s.maxC), math.Abs(s.minC))
	}
	columns := l1(s.col, v.t.B)
	if v.t.Spare {
		columns = excess(s.col, v.t.B)
	}
	out.PlanMarginal = (l1(s.row, v.t.A) + columns + s.negative) / v.mass
	out.MarginalError = out.PlanMarginal
	out.Upper = s.cost + v.allowance()*s.size
	// Negative entries count once more: setting them to 0 costs, too.
	switch e := out.PlanMarginal*v.mass + s.negative; {
	case s.forbidden && e > 1e-12*v.mass:
		out.Upper = math.Inf(1)
	case e > 0:
		out.Upper += e * (math.Max(s.maxC, 0) + math.Max(-s.minC, 0))
	}
	if v.f != nil {
		out.Lower = v.lowerBound(s.gMin)
		out.DualGap = math.Max(0, s.cost-out.Lower)
	}
	return out
}

// excess is Σ max(x−y, 0).
func excess(x, y []float64) float64 {
	var s compensated
	for i := range x {
		s.add(math.Max(0, x[i]-y[i]))
	}
	return s.value()
}

// allowance is how far rounding can take a cost, relatively: every coordinate
// of a point adds to it.
func (v *programmeCheck) allowance() float64 {
	c := v.t.Cost
	if n, ok := c.(negatedCost); ok {
		c = n.Cost
	}
	if p, ok := c.(pointCost); ok {
		return float64(p.x.Cols+4) * unit
	}
	return 4 * unit
}

// lowerBound is Σ a f + Σ b (g − δ) less an allowance for rounding.
func (v *programmeCheck) lowerBound(gMin []float64) float64 {
	var value, size, room compensated
	largest, delta := 0.0, 0.0
	for i, a := range v.t.A {
		if a > 0 {
			value.add(a * v.f[i])
			largest = math.Max(largest, math.Abs(v.f[i]))
		}
	}
	for j, b := range v.t.B {
		if b > 0 {
			most := gMin[j]
			if v.t.Spare {
				most = math.Min(most, 0)
			}
			delta = math.Max(delta, v.g[j]-most)
			value.add(b * v.g[j])
			size.add(b * math.Abs(v.g[j]))
			room.add(b)
		}
	}
	return value.value() - delta*room.value() - v.allowance()*(size.value()+largest*v.mass)
}
