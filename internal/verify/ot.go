package verify

import (
	"fmt"
	"math"

	"solve/solver"
)

// Transport is a balanced transport problem; Reg > 0 is the entropic ε,
// 0 the unregularised problem.
type Transport struct {
	A, B    []float64 // masses, equal sums
	Cost    Cost
	Reg     float64
	Threads int // 0 = all; the result does not depend on it

	// Of the unregularised problem:
	Maximize bool // the largest ⟨C,P⟩
	Spare    bool // columns take at most b, of which there may be more than a
}

// TransportCertificate is what Entropic or Unregularised found. Quantities that the given
// parts of the answer cannot tell are NaN.
type TransportCertificate struct {
	MarginalError     float64 // the larger of the two below (of those that are known)
	PlanMarginal      float64 // (‖P1−a‖₁ + ‖Pᵀ1−b‖₁ + negative mass)/Σa of the given plan
	PotentialMarginal float64 // the same of the plan that the potentials generate
	DualGap           float64 // absolute, of the problem asked
	Lower, Upper      float64 // rigorous bracket of the unregularised cost
	Cost              float64 // ⟨C,P⟩
	Objective         float64 // ⟨C,P⟩ + ε Σ P(log P − 1)
	ValueKL           float64 // ⟨C,P⟩ + ε KL(P | abᵀ)
	MaxCost           float64 // max |C| over its finite entries
	Size              float64 // Σ |C| P, of the unregularised problem
}

const (
	unit = 0x1p-53
	// Entries of the potentials' plan below exp(negligible), and plan entries
	// below tiny·Σa, cannot move a sum of 10¹⁰ of them by one part in 10¹⁶.
	negligible = -60.0
	tiny       = 1e-30
)

// Entropic certifies an answer of the entropic problem (Reg > 0): a plan, KL-convention potentials (f, g) in cost units
// (P_ij = a_i b_j exp((f_i+g_j−C_ij)/ε)), or both.
//
// Without a plan, the potentials' plan is rounded onto the marginals
// (Altschuler, Weed, Rigollet 2017, algorithm 2) and judged in its place.
// Without potentials, DualGap, Lower and PotentialMarginal are NaN.
//
// The gap is E(P̂) − D(f,g) = ε Σ [P̂ log(P̂/P) − P̂ + P] + ε⟨P̂1−a, α⟩ + ε⟨P̂ᵀ1−b, β⟩
// with α = f/ε + log a, β = g/ε + log b,
// which has no cancellation when P̂ is close to the potentials' plan P.
// An upper bound from a plan with marginal error e is raised by what repairing
// it can cost: e·max(C,0) for mass added, e·max(−C,0) for mass removed, where
// negative mass counts twice.
func Entropic(t Transport, plan Rows, f, g []float64) (TransportCertificate, error) {
	if err := t.check(f, g); err != nil {
		return TransportCertificate{}, err
	}
	if plan == nil && f == nil || !(t.Reg > 0) {
		return TransportCertificate{}, fmt.Errorf("verify: a plan or potentials are needed, and ε > 0 (ε = %v): %w", t.Reg, solver.ErrInput)
	}
	v := newEvaluation(t, f, g)
	if plan == nil {
		plan = v.rounded(v.potentialMarginals())
	}
	return v.certificate(v.sweep(plan)), nil
}

func (t *Transport) check(f, g []float64) error {
	n, m := t.Cost.Dims()
	if len(t.A) != n || len(t.B) != m {
		return fmt.Errorf("verify: cost is %d×%d but a has %d and b has %d entries: %w", n, m, len(t.A), len(t.B), solver.ErrDimension)
	}
	if (f == nil) != (g == nil) || (f != nil && (len(f) != n || len(g) != m)) {
		return fmt.Errorf("verify: potentials have %d and %d entries for a %d×%d cost: %w", len(f), len(g), n, m, solver.ErrDimension)
	}
	return nil
}

// evaluation holds a problem with its potentials in log form.
type evaluation struct {
	t           Transport
	n, m        int
	mass        float64
	f, g        []float64
	alpha, beta []float64 // f/ε + log a, g/ε + log b; −Inf where the mass is 0
}

func newEvaluation(t Transport, f, g []float64) *evaluation {
	v := &evaluation{t: t, n: len(t.A), m: len(t.B), f: f, g: g, mass: sum(t.A)}
	if f != nil {
		v.alpha = logPotential(f, t.A, t.Reg)
		v.beta = logPotential(g, t.B, t.Reg)
	}
	return v
}

func logPotential(f, a []float64, eps float64) []float64 {
	out := make([]float64, len(f))
	for i := range f {
		if a[i] == 0 {
			out[i] = math.Inf(-1)
			continue
		}
		out[i] = f[i]/eps + math.Log(a[i])
	}
	return out
}

// marginals are the row and column sums of a plan.
type marginals struct{ row, col []float64 }

// potentialMarginals sums the plan that the potentials generate.
func (v *evaluation) potentialMarginals() *marginals {
	out := &marginals{row: make([]float64, v.n), col: make([]float64, v.m)}
	parts := make([][]float64, stripes(v.n))
	inStripes(v.n, v.t.Threads, func(s, lo, hi int) {
		scratch := make([]float64, v.m)
		col := newColumnSums(v.m)
		for i := lo; i < hi; i++ {
			if math.IsInf(v.alpha[i], -1) {
				continue
			}
			var r compensated
			for j, cij := range v.t.Cost.Row(i, scratch) {
				if z := v.alpha[i] + v.beta[j] - cij/v.t.Reg; z > negligible {
					p := math.Exp(z)
					r.add(p)
					col.add(j, p)
				}
			}
			out.row[i] = r.value()
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

// tally is what one sweep over a plan adds up.
type tally struct {
	plan, generated   marginals // of P̂, and of the potentials' plan P
	cost, entropy, kl float64   // ⟨C,P̂⟩, Σ P̂ log P̂, Σ P̂ log(P̂/P) − P̂ + P
	maxC, minC        float64   // over finite entries
	forbidden         bool      // some C = +Inf
	negative          float64   // −Σ of the negative entries of P̂
	gMin              []float64 // min_i C_ij − f_i
}

func newTally(m int) *tally {
	t := &tally{maxC: math.Inf(-1), minC: math.Inf(1), gMin: make([]float64, m)}
	t.plan.col, t.generated.col = make([]float64, m), make([]float64, m)
	for j := range t.gMin {
		t.gMin[j] = math.Inf(1)
	}
	return t
}

// sweep reads the cost and the plan once and tallies.
func (v *evaluation) sweep(plan Rows) *tally {
	total := newTally(v.m)
	total.plan.row, total.generated.row = make([]float64, v.n), make([]float64, v.n)
	parts := make([]*tally, stripes(v.n))
	inStripes(v.n, v.t.Threads, func(s, lo, hi int) { parts[s] = v.sweepStripe(plan, total, lo, hi) })
	var cost, entropy, kl compensated
	for _, p := range parts {
		cost.add(p.cost)
		entropy.add(p.entropy)
		kl.add(p.kl)
		total.maxC = math.Max(total.maxC, p.maxC)
		total.minC = math.Min(total.minC, p.minC)
		total.forbidden = total.forbidden || p.forbidden
		total.negative += p.negative
		for j := range p.gMin {
			total.plan.col[j] += p.plan.col[j]
			total.generated.col[j] += p.generated.col[j]
			total.gMin[j] = math.Min(total.gMin[j], p.gMin[j])
		}
	}
	total.cost, total.entropy, total.kl = cost.value(), entropy.value(), kl.value()
	return total
}

// sweepStripe tallies rows lo…hi−1; the row sums go to total.
func (v *evaluation) sweepStripe(plan Rows, total *tally, lo, hi int) *tally {
	out := newTally(v.m)
	scratch, planScratch, dense := make([]float64, v.m), make([]float64, v.m), make([]float64, v.m)
	col, colGenerated := newColumnSums(v.m), newColumnSums(v.m)
	var cost, entropy, kl compensated
	for i := lo; i < hi; i++ {
		c := v.t.Cost.Row(i, scratch)
		v.costRange(i, c, out)
		p := denseRow(plan, i, planScratch, dense)
		alpha := math.Inf(-1)
		if v.alpha != nil {
			alpha = v.alpha[i]
		}
		var row, rowGenerated compensated
		for j := 0; j < v.m; j += chunk {
			end := min(j+chunk, v.m)
			s := v.sweepChunk(alpha, p[j:end], c[j:end], j, col.near[j:end], colGenerated.near[j:end])
			row.add(s.plan)
			rowGenerated.add(s.generated)
			cost.add(s.cost)
			entropy.add(s.entropy)
			kl.add(s.kl)
			out.negative += s.negative
		}
		total.plan.row[i], total.generated.row[i] = row.value(), rowGenerated.value()
		col.endRow()
		colGenerated.endRow()
	}
	out.plan.col, out.generated.col = col.value(), colGenerated.value()
	out.cost, out.entropy, out.kl = cost.value(), entropy.value(), kl.value()
	return out
}

// chunk is how many entries are added up plainly before the sums are
// compensated.
const chunk = 64

// chunkSums is what a chunk of a row adds up to.
type chunkSums struct{ plan, generated, cost, entropy, kl, negative float64 }

// sweepChunk sums entries p of a plan row, of which c are the costs and j is
// the first column, and adds them to their columns.
func (v *evaluation) sweepChunk(alpha float64, p, c []float64, j int, col, colGenerated []float64) (s chunkSums) {
	z, small := math.Inf(-1), tiny*v.mass
	for k, x := range p {
		if v.alpha != nil {
			z = alpha + v.beta[j+k] - c[k]/v.t.Reg
		}
		if x != 0 {
			s.plan += x
			s.cost += x * c[k]
			col[k] += x
			if x < 0 {
				s.negative -= x
			}
		}
		if z < negligible && x <= small {
			continue
		}
		q, divergence, logP := compare(x, z)
		if x > small {
			s.entropy += x * logP
		}
		if v.alpha != nil {
			s.kl += divergence
			s.generated += q
			colGenerated[k] += q
		}
	}
	return s
}

// costRange updates the range of C and the c-transform of f over row i.
func (v *evaluation) costRange(i int, c []float64, out *tally) {
	fi, live := 0.0, v.f != nil && v.t.A[i] > 0
	if live {
		fi = v.f[i]
	}
	for j, x := range c {
		if math.IsInf(x, 1) {
			out.forbidden = true
			continue
		}
		if x > out.maxC {
			out.maxC = x
		}
		if x < out.minC {
			out.minC = x
		}
		if live && x-fi < out.gMin[j] {
			out.gMin[j] = x - fi
		}
	}
}

// compare returns q = e^z, p log(p/q) − p + q without cancellation near
// p = q, and log p (for p > 0).
func compare(p, z float64) (q, divergence, logP float64) {
	if z < -700 { // q underflows, or there are no potentials
		if p <= 0 {
			return 0, 0, math.Inf(-1)
		}
		logP = math.Log(p)
		return 0, p*(logP-z) - p, logP
	}
	q = math.Exp(z)
	if p <= 0 {
		return q, q, math.Inf(-1)
	}
	t := p/q - 1
	if math.Abs(t) < 1e-4 {
		return q, q * t * t * (0.5 - t/6), z + t*(1-t*(0.5-t/3))
	}
	logP = math.Log(p)
	return q, p*(logP-z) - p + q, logP
}

// denseRow expands row i of a plan into dense unless it is dense already.
func denseRow(plan Rows, i int, scratch, dense []float64) []float64 {
	cols, vals := plan.Row(i, scratch)
	if cols == nil && len(vals) == len(dense) {
		return vals
	}
	clear(dense)
	for k, j := range cols {
		dense[j] = vals[k]
	}
	return dense
}

// certificate turns sums into the certificate.
func (v *evaluation) certificate(s *tally) TransportCertificate {
	nan := math.NaN()
	out := TransportCertificate{PotentialMarginal: nan, DualGap: nan, Lower: nan, Cost: s.cost}
	total := v.mass
	out.PlanMarginal = (l1(s.plan.row, v.t.A) + l1(s.plan.col, v.t.B) + s.negative) / total
	out.MarginalError = out.PlanMarginal
	if v.alpha != nil {
		out.PotentialMarginal = (l1(s.generated.row, v.t.A) + l1(s.generated.col, v.t.B)) / total
		out.MarginalError = worse(out.MarginalError, out.PotentialMarginal)
	}
	if s.maxC >= s.minC {
		out.MaxCost = math.Max(math.Abs(s.maxC), math.Abs(s.minC))
	}
	out.Upper = s.cost
	// Negative entries count once more: setting them to 0 costs, too.
	if e := out.PlanMarginal*total + s.negative; e > 0 {
		if s.forbidden && e > 1e-12*total {
			out.Upper = math.Inf(1)
		} else {
			out.Upper += e * (math.Max(s.maxC, 0) + math.Max(-s.minC, 0))
		}
	}
	out.Upper += 4 * unit * out.MaxCost * total
	if v.f != nil {
		out.Lower = v.lowerBound(s, out.MaxCost)
	}
	out.Objective = s.cost + v.t.Reg*(s.entropy-sum(s.plan.row))
	out.ValueKL = s.cost + v.t.Reg*(s.entropy-crossEntropy(s.plan.row, v.t.A)-crossEntropy(s.plan.col, v.t.B))
	if v.alpha != nil {
		slack := pairing(s.plan.row, v.t.A, v.alpha) + pairing(s.plan.col, v.t.B, v.beta)
		out.DualGap = v.t.Reg * (s.kl + math.Abs(slack))
	}
	return out
}

// lowerBound is ⟨a,f⟩+⟨b,g⟩ for the dual feasible pair g = min_i(C_ij−f_i),
// f = min_j(C_ij−g_j), less an allowance for rounding.
func (v *evaluation) lowerBound(s *tally, maxC float64) float64 {
	f := make([]float64, v.n)
	inStripes(v.n, v.t.Threads, func(_, lo, hi int) {
		c := make([]float64, v.m)
		for i := lo; i < hi; i++ {
			best := math.Inf(1)
			for j, x := range v.t.Cost.Row(i, c) {
				if v.t.B[j] > 0 && x-s.gMin[j] < best {
					best = x - s.gMin[j]
				}
			}
			f[i] = best
		}
	})
	var value compensated
	size := maxC
	for i, a := range v.t.A {
		if a > 0 {
			value.add(a * f[i])
			size = math.Max(size, math.Abs(f[i]))
		}
	}
	for j, b := range v.t.B {
		if b > 0 {
			value.add(b * s.gMin[j])
			size = math.Max(size, math.Abs(s.gMin[j]))
		}
	}
	return value.value() - 4*unit*size*v.mass
}

// crossEntropy is Σ p log a over the support of p.
func crossEntropy(p, a []float64) float64 {
	var s compensated
	for i, x := range p {
		if x > 0 {
			s.add(x * math.Log(a[i]))
		}
	}
	return s.value()
}

// pairing is Σ (p−a) α over the points that carry mass.
func pairing(p, a, alpha []float64) float64 {
	var s compensated
	for i := range p {
		if a[i] > 0 {
			s.add((p[i] - a[i]) * alpha[i])
		}
	}
	return s.value()
}

// worse is the larger of two errors; NaN wins.
func worse(x, y float64) float64 {
	if y <= x || x != x {
		return x
	}
	return y
}

// Certificates states the numbers with their tolerances: the marginal error
// is bounded by tol, the dual gap by tol·Σa·max(max|C|, ε); the bracket of the
// unregularised cost informs only. Without regularisation (reg = 0) the gap is
// bounded by tol·max(|⟨C,P⟩|, Σ|C|P); what rounding leaves, 1e-12 of the mass
// in the marginals and 1e-13·Σa·max|C| in the gap, is accepted at any tol.
func (c TransportCertificate) Certificates(tol, reg, mass float64) []solver.Certificate {
	gapTol := tol * mass * math.Max(c.MaxCost, reg)
	if reg == 0 {
		gapTol = math.Max(tol*math.Max(math.Abs(c.Cost), c.Size), 1e-13*mass*c.MaxCost)
		tol = math.Max(tol, 1e-12)
	}
	bound := func(name string, value, tol float64) solver.Certificate {
		return solver.Certificate{Name: name, Value: value, Tol: tol, OK: value <= tol}
	}
	inform := func(name string, value float64) solver.Certificate {
		return solver.Certificate{Name: name, Value: value, Tol: math.NaN(), OK: true}
	}
	return []solver.Certificate{
		bound("marginal_error", c.MarginalError, tol),
		bound("dual_gap", c.DualGap, gapTol),
		inform("lower_bound", c.Lower),
		inform("upper_bound", c.Upper),
	}
}
