package ot

import (
	"fmt"
	"math"

	"solve/solver"
)

// Problem is balanced transport of a onto b, with entropic regularisation or
// without (ε = 0):
//
//	min ⟨C,P⟩ + ε Σ P(log P − 1)   over P ≥ 0, P1 = a, Pᵀ1 = b.
//
// With method assignment, columns take at most b. Inputs are neither modified nor kept after Solve returns.
type Problem struct {
	A, B []float64 // masses, len n and m; ≥ 0, equal sums; zeros are allowed
	Cost Cost      // n×m
	Reg  float64   // ε ≥ 0, in the unit of the cost; 0 = unregularised

	Maximize bool // the largest ⟨C,P⟩ instead of the least; unregularised only
}

// maxExponent is the largest (max C − min C)/ε that double precision can
// resolve: beyond it one unit in the last place of C/ε exceeds 10⁻⁴.
const maxExponent = 1e12

// massTolerance is how far Σa and Σb may differ, relatively.
const massTolerance = 1e-9

// validate checks all of a problem but its costs.
func (p *Problem) validate(opt *Options) error {
	n, m := p.Cost.Dims()
	if n == 0 || m == 0 {
		return fmt.Errorf("ot: empty problem (%d×%d): %w", n, m, solver.ErrInput)
	}
	if len(p.A) != n || len(p.B) != m {
		return fmt.Errorf("ot: cost is %d×%d but a has %d and b has %d entries: %w", n, m, len(p.A), len(p.B), solver.ErrDimension)
	}
	if err := p.validateReg(opt); err != nil {
		return err
	}
	sa, err := total("weights a", p.A)
	if err != nil {
		return err
	}
	sb, err := total("weights b", p.B)
	if err != nil {
		return err
	}
	if math.Abs(sa-sb) > massTolerance*math.Max(sa, sb) && opt.method() != Assignment {
		return fmt.Errorf("ot: masses differ: a sums to %.17g, b to %.17g: %w", sa, sb, solver.ErrInput)
	}
	if opt.Warm != nil && len(opt.Warm) != m {
		return fmt.Errorf("ot: warm start has %d potentials for %d columns: %w", len(opt.Warm), m, solver.ErrDimension)
	}
	return nil
}

// validateReg checks that ε and the method go together.
func (p *Problem) validateReg(opt *Options) error {
	want := ""
	switch method := opt.method(); {
	case math.IsNaN(p.Reg) || p.Reg < 0 || math.IsInf(p.Reg, 0):
		want = "a positive number, or 0 for the unregularised problem"
	case p.Reg == 0 && method != Auto && method != Exact && method != Assignment:
		want = "a positive number with method " + method
	case p.Reg > 0 && (method == Exact || method == Assignment):
		want = "0 with method " + method
	case p.Reg > 0 && (p.Maximize || opt.IntegerCost):
		want = "0 to maximise or to insist on integer costs"
	default:
		return nil
	}
	return &solver.OptionError{Name: "reg", Value: fmt.Sprint(p.Reg), Want: want}
}

// costs returns the range of the cost, which ε has to suit.
func (p *Problem) costs(threads int) (costRange, error) {
	n, m := p.Cost.Dims()
	r, err := scan(p.Cost, threads)
	if err != nil {
		return r, err
	}
	if r.forbidden == n*m {
		return r, nil // infeasible, which the flow certificate will say
	}
	if s := r.spread() / p.Reg; s > maxExponent || math.IsInf(r.maxAbs()/p.Reg, 1) || math.IsInf(1/p.Reg, 1) {
		return r, fmt.Errorf("ot: ε = %.3g cannot be resolved in double precision: the cost spans %.3g, %.3g times ε (limit %.0e): %w",
			p.Reg, r.spread(), s, maxExponent, solver.ErrInput)
	}
	return r, nil
}

// total sums masses, refusing what is no mass.
func total(what string, a []float64) (float64, error) {
	s := 0.0
	for i, x := range a {
		switch {
		case math.IsNaN(x) || math.IsInf(x, 0):
			return 0, fmt.Errorf("ot: %w", &solver.EntryError{What: what, Row: i + 1, Value: x, Err: solver.ErrNonFinite})
		case x < 0:
			return 0, fmt.Errorf("ot: %w", &solver.EntryError{What: what, Row: i + 1, Value: x, Err: solver.ErrNegative})
		}
		s += x
	}
	if s == 0 {
		return 0, fmt.Errorf("ot: %s: total mass is zero: %w", what, solver.ErrInput)
	}
	if math.IsInf(s, 1) {
		return 0, fmt.Errorf("ot: %s: total mass overflows: %w", what, solver.ErrNonFinite)
	}
	return s, nil
}

// reduced is a problem as the algorithms see it: unit mass, no empty points,
// the smaller side as columns.
type reduced struct {
	a, b       []float64
	logA, logB []float64
	cost       ground
	eps        float64
	spread     float64 // max C − min C
	rows, cols []int   // reduced index → index of the problem
	transposed bool
	mass       float64
}

// reduce drops empty points and orients the problem.
func (p *Problem) reduce(r costRange, opt *Options) (*reduced, error) {
	rows, cols := support(p.A), support(p.B)
	transposed := len(rows) < len(cols)
	if _, dense := p.Cost.(denseCost); dense && (transposed || len(rows) < len(p.A) || len(cols) < len(p.B)) {
		need := 8 * int64(len(rows)) * int64(len(cols))
		if need > opt.MemoryLimit() {
			return nil, fmt.Errorf("ot: %w", &solver.TooLargeError{What: "a reordered copy of the cost", Need: need, Have: opt.MemoryLimit()})
		}
	}
	g := p.Cost.ground(rows, cols, transposed)
	q := &reduced{eps: p.Reg, spread: r.spread(), rows: rows, cols: cols, transposed: transposed}
	for _, x := range p.A {
		q.mass += x
	}
	q.a, q.b = pick(p.A, rows), pick(p.B, cols)
	if transposed {
		q.a, q.b = q.b, q.a
		q.rows, q.cols = cols, rows
	}
	if _, direct := g.(*pointGround); direct && !opt.Lazy && 8*int64(len(rows))*int64(len(cols)) <= opt.MemoryLimit()/2 {
		g = store(g, opt.Threads)
	}
	q.cost = g
	q.logA, q.logB = logs(q.a), logs(q.b)
	return q, nil
}

// support lists the points that carry mass.
func support(a []float64) []int {
	out := make([]int, 0, len(a))
	for i, x := range a {
		if x > 0 {
			out = append(out, i)
		}
	}
	return out
}

// pick gathers the listed masses and scales them to sum 1.
func pick(a []float64, index []int) []float64 {
	out, s := make([]float64, len(index)), 0.0
	for _, i := range index {
		s += a[i]
	}
	for k, i := range index {
		out[k] = a[i] / s
	}
	return out
}

func logs(a []float64) []float64 {
	out := make([]float64, len(a))
	for i, x := range a {
		out[i] = math.Log(x)
	}
	return out
}
