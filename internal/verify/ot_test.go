package verify

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"solve/internal/problems"
	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// potentials are exact KL-convention potentials of a problem whose plan is
// known: f_1 = 0 and log P_ij/(a_i b_j) = (f_i + g_j − C_ij)/ε.
func potentials(e problems.Entropic) (f, g []float64) {
	f, g = make([]float64, len(e.A)), make([]float64, len(e.B))
	h := func(i, j int) float64 {
		return e.Cost.At(i, j) + e.Reg*math.Log(e.Plan.At(i, j)/(e.A[i]*e.B[j]))
	}
	for j := range g {
		g[j] = h(0, j)
	}
	for i := range f {
		f[i] = h(i, 0) - g[0]
	}
	return f, g
}

func transport(e problems.Entropic) Transport {
	return Transport{A: e.A, B: e.B, Cost: DenseCost(e.Cost), Reg: e.Reg}
}

func certify(t rapid.TB, tr Transport, plan Rows, f, g []float64) TransportCertificate {
	t.Helper()
	judge := Entropic
	if tr.Reg == 0 {
		judge = Unregularised
	}
	c, err := judge(tr, plan, f, g)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// near compares to a tolerance that is absolute.
func near(t rapid.TB, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s = %.17g, want %.17g", what, got, want)
	}
}

// withPlan are the oracles whose plan is known.
func withPlan() []problems.Entropic {
	return slices.DeleteFunc(problems.EntropicOracles(), func(e problems.Entropic) bool { return e.Plan == nil })
}

// size is the largest |C|.
func size(e problems.Entropic) float64 {
	s := 0.0
	for _, c := range e.Cost.Data {
		s = max(s, math.Abs(c))
	}
	return s
}

// A problem written out by hand: the exchange at ε = 1.
func TestByHand(t *testing.T) {
	stay, move := 0.5/(1+math.Exp(-1)), 0.5/(1+math.Exp(1))
	tr := Transport{
		A: []float64{0.5, 0.5}, B: []float64{0.5, 0.5}, Reg: 1,
		Cost: DenseCost(&matrix.Dense{Rows: 2, Cols: 2, Data: []float64{0, 1, 1, 0}}),
	}
	plan := &matrix.Dense{Rows: 2, Cols: 2, Data: []float64{stay, move, move, stay}}
	f := math.Log(4*stay) / 2 // P₁₁ = ¼ exp(f_1 + g_1)
	c := certify(t, tr, DenseRows(plan), []float64{f, f}, []float64{f, f})
	entropy := 2*stay*math.Log(stay) + 2*move*math.Log(move)
	near(t, "cost", c.Cost, 2*move, 1e-16)
	near(t, "objective", c.Objective, 2*move+entropy-1, 2e-16)
	near(t, "KL value", c.ValueKL, 2*move+entropy+2*math.Log(2), 4e-16)
	near(t, "marginal error", c.MarginalError, 0, 1e-15)
	near(t, "dual gap", c.DualGap, 0, 1e-15)
	near(t, "max C", c.MaxCost, 1, 0)
	near(t, "upper bound", c.Upper, 2*move, 1e-15)
	// f_j = f: g = min_i C_ij − f = −f, f = 0 − g, so the bound is 0.
	near(t, "lower bound", c.Lower, 0, 1e-15)
	if !(c.Lower <= 0 && 0 <= c.Upper) {
		t.Errorf("bracket [%g, %g] misses 0", c.Lower, c.Upper)
	}
}

// Closed forms: all values from the plan and the potentials.
func TestClosedForms(t *testing.T) {
	for _, e := range withPlan() {
		f, g := potentials(e)
		c := certify(t, transport(e), DenseRows(e.Plan), f, g)
		s := size(e)
		near(t, e.Name+": cost", c.Cost, e.TransportCost, 1e-15*s)
		near(t, e.Name+": KL", (c.ValueKL-c.Cost)/e.Reg, e.KL, 1e-13)
		near(t, e.Name+": marginal error", c.MarginalError, 0, 1e-12)
		near(t, e.Name+": gap", c.DualGap, 0, 1e-12*s)
		if c.PlanMarginal > 1e-15 {
			t.Errorf("%s: the plan is off by %g", e.Name, c.PlanMarginal)
		}
		for _, cert := range c.Certificates(1e-9, e.Reg, 1) {
			if !cert.OK {
				t.Errorf("%s: %+v", e.Name, cert)
			}
		}
		// The constant between the two conventions.
		constant := e.Reg
		for _, a := range append(slices.Clone(e.A), e.B...) {
			constant -= e.Reg * a * math.Log(a)
		}
		near(t, e.Name+": conventions", c.ValueKL-c.Objective, constant, 1e-13*max(1, e.Reg))
	}
}

// Any wrong entry of the plan or of a potential is found.
func TestMutations(t *testing.T) {
	const tol = 1e-9
	rejected := func(c TransportCertificate, e problems.Entropic) bool {
		return slices.ContainsFunc(c.Certificates(tol, e.Reg, 1), func(c solver.Certificate) bool { return !c.OK })
	}
	for _, e := range withPlan() {
		f, g := potentials(e)
		for k := range e.Plan.Data {
			for _, delta := range []float64{1e-7, -1e-7} {
				plan := &matrix.Dense{Rows: e.Plan.Rows, Cols: e.Plan.Cols, Data: slices.Clone(e.Plan.Data)}
				plan.Data[k] += delta
				c := certify(t, transport(e), DenseRows(plan), f, g)
				if !(c.MarginalError > tol) || !rejected(c, e) {
					t.Errorf("%s: entry %d wrong by %g: marginal error %g", e.Name, k, delta, c.MarginalError)
				}
			}
		}
		for i := range f {
			h := slices.Clone(f)
			h[i] += 1e-6 * e.Reg
			c := certify(t, transport(e), DenseRows(e.Plan), h, g)
			if !(c.PotentialMarginal > tol) || !rejected(c, e) {
				t.Errorf("%s: f_%d wrong: error %g, gap %g", e.Name, i, c.PotentialMarginal, c.DualGap)
			}
		}
		for j := range g {
			h := slices.Clone(g)
			h[j] -= 1e-6 * e.Reg
			c := certify(t, transport(e), DenseRows(e.Plan), f, h)
			if !(c.PotentialMarginal > tol) || !rejected(c, e) {
				t.Errorf("%s: g_%d wrong: error %g, gap %g", e.Name, j, c.PotentialMarginal, c.DualGap)
			}
		}
		for what, c := range map[string]TransportCertificate{
			"NaN in the plan":       certify(t, transport(e), DenseRows(with(e.Plan, 0, math.NaN())), f, g),
			"infinity in the plan":  certify(t, transport(e), DenseRows(with(e.Plan, 1, math.Inf(1))), f, g),
			"NaN in the potentials": certify(t, transport(e), DenseRows(e.Plan), append([]float64{math.NaN()}, f[1:]...), g),
			"an infinite potential": certify(t, transport(e), DenseRows(e.Plan), f, append([]float64{math.Inf(1)}, g[1:]...)),
		} {
			if !rejected(c, e) {
				t.Errorf("%s: %s is accepted: %+v", e.Name, what, c)
			}
		}
	}
}

// with is a copy with entry k replaced.
func with(d *matrix.Dense, k int, x float64) *matrix.Dense {
	out := &matrix.Dense{Rows: d.Rows, Cols: d.Cols, Data: slices.Clone(d.Data)}
	out.Data[k] = x
	return out
}

// A plan with the right marginals but a cycle of mass moved is feasible and
// not optimal: the gap tells, and is exact to second order.
func TestGapOfACycle(t *testing.T) {
	e := problems.TwoByTwo([4]float64{3, 1, -2, 4}, 0.2, 0.7, 0.5)
	f, g := potentials(e)
	for _, delta := range []float64{1e-2, 1e-4, 1e-6} {
		plan := &matrix.Dense{Rows: 2, Cols: 2, Data: slices.Clone(e.Plan.Data)}
		for k, sign := range []float64{1, -1, -1, 1} {
			plan.Data[k] += sign * delta
		}
		c := certify(t, transport(e), DenseRows(plan), f, g)
		near(t, "marginal error", c.MarginalError, 0, 1e-14)
		kl := 0.0
		for k, p := range plan.Data {
			kl += p*math.Log1p((p-e.Plan.Data[k])/e.Plan.Data[k]) - (p - e.Plan.Data[k])
		}
		near(t, "gap", c.DualGap, e.Reg*kl, 1e-15+1e-4*delta*delta)
		if !(c.DualGap > 0.1*delta*delta) {
			t.Errorf("δ = %g: gap %g", delta, c.DualGap)
		}
	}
}

// Negative mass is an error by itself, and the upper bound stays one.
func TestNegativeEntries(t *testing.T) {
	// a → b costs 1 or 0; the best plan ships 0.2 at cost 1.
	cost := &matrix.Dense{Rows: 2, Cols: 2, Data: []float64{1, 0, 0, 1}}
	tr := Transport{A: []float64{0.3, 0.7}, B: []float64{0.5, 0.5}, Cost: DenseCost(cost)}
	const exact = 0.2
	for _, n := range []float64{0, 0.01, 0.1, 0.2} {
		plan := &matrix.Dense{Rows: 2, Cols: 2, Data: []float64{-n, 0.3 + n, 0.5 + n, 0.2 - n}}
		c := certify(t, tr, DenseRows(plan), nil, nil)
		near(t, "marginal error", c.PlanMarginal, n, 1e-15)
		near(t, "cost", c.Cost, exact-2*n, 1e-15)
		if !(c.Upper >= exact) {
			t.Errorf("negative mass %g: upper bound %g below the optimum %g", n, c.Upper, exact)
		}
	}
}

// The upper bound of any plan, however wrong, is one.
func TestUpperBoundOfWrongPlans(t *testing.T) {
	for _, e := range problems.ExactOracles() {
		r := rng.New(7)
		n, m := len(e.A), len(e.B)
		for range 200 {
			plan := &matrix.Dense{Rows: n, Cols: m, Data: make([]float64, n*m)}
			for k := range plan.Data {
				if r.Float64() < 0.4 {
					plan.Data[k] = (r.Float64() - 0.2) / float64(n)
				}
			}
			c := certify(t, Transport{A: e.A, B: e.B, Cost: DenseCost(e.Cost)}, DenseRows(plan), nil, nil)
			if !(c.Upper >= e.Value) {
				t.Fatalf("%s: upper bound %g below the optimum %g", e.Name, c.Upper, e.Value)
			}
		}
	}
}

// The lower bound of any potentials, however wrong, is one.
func TestLowerBoundOfWrongPotentials(t *testing.T) {
	for _, e := range problems.ExactOracles() {
		r := rng.New(8)
		plan := &matrix.Dense{Rows: len(e.A), Cols: len(e.B), Data: make([]float64, len(e.A)*len(e.B))}
		for range 200 {
			f, g := make([]float64, len(e.A)), make([]float64, len(e.B))
			for i := range f {
				f[i] = 10 * r.Normal()
			}
			for j := range g {
				g[j] = 10 * r.Normal()
			}
			c := certify(t, Transport{A: e.A, B: e.B, Cost: DenseCost(e.Cost)}, DenseRows(plan), f, g)
			if !(c.Lower <= e.Value) {
				t.Fatalf("%s: lower bound %g above the optimum %g", e.Name, c.Lower, e.Value)
			}
		}
	}
}

// Mass on a forbidden arc is infinitely expensive; an arc without mass is not.
func TestForbiddenArcs(t *testing.T) {
	inf := math.Inf(1)
	cost := &matrix.Dense{Rows: 2, Cols: 2, Data: []float64{0, 1, inf, 0}}
	tr := Transport{A: []float64{0.6, 0.4}, B: []float64{0.6, 0.4}, Cost: DenseCost(cost), Reg: 0.1}
	good := &matrix.Dense{Rows: 2, Cols: 2, Data: []float64{0.6, 0, 0, 0.4}}
	c := certify(t, tr, DenseRows(good), nil, nil)
	near(t, "cost", c.Cost, 0, 0)
	near(t, "marginal error", c.MarginalError, 0, 1e-16)
	near(t, "max C", c.MaxCost, 1, 0)
	if !(c.Upper < 1e-14) || math.IsNaN(c.Objective) || math.IsInf(c.Objective, 0) {
		t.Errorf("upper bound %g, objective %g", c.Upper, c.Objective)
	}
	bad := &matrix.Dense{Rows: 2, Cols: 2, Data: []float64{0.5, 0.1, 0.1, 0.3}}
	c = certify(t, tr, DenseRows(bad), []float64{0, 0}, []float64{0, 0})
	if !math.IsInf(c.Cost, 1) || !math.IsInf(c.Upper, 1) || !math.IsInf(c.DualGap, 1) {
		t.Errorf("mass on a forbidden arc: %+v", c)
	}
	// Too little mass cannot be repaired along forbidden arcs.
	short := &matrix.Dense{Rows: 2, Cols: 2, Data: []float64{0.5, 0, 0, 0.4}}
	if c = certify(t, tr, DenseRows(short), nil, nil); !math.IsInf(c.Upper, 1) {
		t.Errorf("upper bound %g of an incomplete plan", c.Upper)
	}
}

// Potentials alone: their plan is rounded, and what they cannot tell is kept
// apart from what they can.
func TestPotentialsAlone(t *testing.T) {
	for _, e := range withPlan() {
		f, g := potentials(e)
		c := certify(t, transport(e), nil, f, g)
		near(t, e.Name+": cost", c.Cost, e.TransportCost, 1e-12*size(e))
		near(t, e.Name+": marginal error", c.MarginalError, 0, 1e-12)
		near(t, e.Name+": gap", c.DualGap, 0, 1e-12*size(e))
		if c.PlanMarginal > 1e-15 {
			t.Errorf("%s: the rounded plan is off by %g", e.Name, c.PlanMarginal)
		}
		// Bad potentials: the rounded plan is feasible all the same, the gap
		// and the potentials' error are large, the bracket is true.
		for i := range f {
			f[i] += 0.3 * e.Reg * float64(1-2*(i%2))
		}
		c = certify(t, transport(e), nil, f, g)
		if c.PlanMarginal > 1e-15 || !(c.PotentialMarginal > 0.01) || !(c.DualGap > 0) {
			t.Errorf("%s: plan error %g, potentials' error %g, gap %g", e.Name, c.PlanMarginal, c.PotentialMarginal, c.DualGap)
		}
		if !(c.Upper >= c.Lower) {
			t.Errorf("%s: bracket [%g, %g]", e.Name, c.Lower, c.Upper)
		}
	}
}

// A plan alone says nothing of the dual side.
func TestPlanAlone(t *testing.T) {
	e := withPlan()[0]
	c := certify(t, transport(e), DenseRows(e.Plan), nil, nil)
	if !math.IsNaN(c.DualGap) || !math.IsNaN(c.Lower) || !math.IsNaN(c.PotentialMarginal) {
		t.Errorf("%+v", c)
	}
	near(t, "marginal error", c.MarginalError, 0, 1e-15)
	near(t, "cost", c.Cost, e.TransportCost, 1e-15)
	near(t, "KL", (c.ValueKL-c.Cost)/e.Reg, e.KL, 1e-13)
	for _, cert := range c.Certificates(1e-9, e.Reg, 1) {
		if cert.Name == "dual_gap" && cert.OK {
			t.Error("an unknown gap is accepted")
		}
	}
}

// ε = 0: the unregularised problem, its gap from a plan and dual potentials.
func TestUnregularised(t *testing.T) {
	// The assignment 2, 1, 3 of cost 1+2+2 with its dual prices.
	cost := &matrix.Dense{Rows: 3, Cols: 3, Data: []float64{4, 1, 3, 2, 0, 5, 3, 2, 2}}
	third := 1. / 3
	tr := Transport{A: []float64{third, third, third}, B: []float64{third, third, third}, Cost: DenseCost(cost)}
	plan := &matrix.Dense{Rows: 3, Cols: 3, Data: []float64{0, third, 0, third, 0, 0, 0, 0, third}}
	f, g := []float64{1, 0, 1}, []float64{2, 0, 1}
	c := certify(t, tr, DenseRows(plan), f, g)
	near(t, "cost", c.Cost, 5./3, 1e-15)
	near(t, "lower bound", c.Lower, 5./3, 1e-14)
	near(t, "gap", c.DualGap, 0, 1e-14)
	if !math.IsNaN(c.PotentialMarginal) || c.Objective != c.Cost || !math.IsNaN(c.ValueKL) {
		t.Errorf("%+v", c)
	}
	// A worse plan has the difference as its gap.
	worse := &matrix.Dense{Rows: 3, Cols: 3, Data: []float64{third, 0, 0, 0, third, 0, 0, 0, third}}
	near(t, "gap", certify(t, tr, DenseRows(worse), f, g).DualGap, 1./3, 1e-14)
	if _, err := Unregularised(tr, nil, f, g); err == nil {
		t.Error("potentials without ε were taken for a plan")
	}
	if _, err := Entropic(tr, DenseRows(plan), f, g); err == nil {
		t.Error("an entropic answer without ε")
	}
}

// Sparse and dense rows of one plan give the same numbers.
func TestSparseRows(t *testing.T) {
	tr, plan, f, g := scattered(40, 30, 3)
	var col []int32
	var val []float64
	ptr := []int64{0}
	for i := range plan.Rows {
		for j, x := range plan.Row(i) {
			if x != 0 {
				col, val = append(col, int32(j)), append(val, x)
			}
		}
		ptr = append(ptr, int64(len(val)))
	}
	csr, err := matrix.NewCSR(plan.Rows, plan.Cols, ptr, col, val)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := certify(t, tr, SparseRows(csr), f, g), certify(t, tr, DenseRows(plan), f, g); got != want {
		t.Errorf("sparse %+v, dense %+v", got, want)
	}
	// A plan that is empty, or whose rows are.
	empty, err := matrix.NewCSR(plan.Rows, plan.Cols, make([]int64, plan.Rows+1), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := certify(t, tr, SparseRows(empty), f, g)
	near(t, "marginal error of nothing", c.PlanMarginal, 2, 1e-14)
	near(t, "cost of nothing", c.Cost, 0, 0)
}

// scattered is a random problem with a random sparse plan and potentials.
func scattered(n, m int, seed uint64) (Transport, *matrix.Dense, []float64, []float64) {
	r := rng.New(seed)
	draw := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = r.Float64()
		}
		return x
	}
	a, b := draw(n), draw(m)
	sa, sb := sum(a), sum(b)
	for i := range a {
		a[i] /= sa
	}
	for j := range b {
		b[j] /= sb
	}
	plan := &matrix.Dense{Rows: n, Cols: m, Data: draw(n * m)}
	for k, x := range plan.Data {
		plan.Data[k] = 0
		if x < 0.3 {
			plan.Data[k] = x / float64(n*m)
		}
	}
	cost := DenseCost(&matrix.Dense{Rows: n, Cols: m, Data: draw(n * m)})
	return Transport{A: a, B: b, Cost: cost, Reg: 0.1}, plan, draw(n), draw(m)
}

// The number of threads does not show, to the last bit.
func TestThreads(t *testing.T) {
	tr, plan, f, g := scattered(150, 70, 5)
	tr.Threads = 1
	dense, rounded := certify(t, tr, DenseRows(plan), f, g), certify(t, tr, nil, f, g)
	for _, threads := range []int{0, 2, 7, 200} {
		tr.Threads = threads
		if got := certify(t, tr, DenseRows(plan), f, g); got != dense {
			t.Errorf("%d threads: %+v, one: %+v", threads, got, dense)
		}
		if got := certify(t, tr, nil, f, g); got != rounded {
			t.Errorf("%d threads, potentials alone: %+v, one: %+v", threads, got, rounded)
		}
	}
}

// The gap is E(P̂) − D(f,g), each computed by its definition with 200 bits.
func TestGapByDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SliceOfN(rapid.Float64Range(-3, 3), 4, 4).Draw(t, "cost")
		a1 := rapid.Float64Range(0.05, 0.95).Draw(t, "a1")
		b1 := rapid.Float64Range(0.05, 0.95).Draw(t, "b1")
		share := rapid.Float64Range(0.01, 0.99).Draw(t, "share")
		eps := math.Exp(rapid.Float64Range(-2, 2).Draw(t, "log ε"))
		e := problems.TwoByTwo([4]float64(c), a1, b1, eps)
		f, g := potentials(e)
		f[0] += eps * rapid.Float64Range(-1, 1).Draw(t, "wrong by")
		lo, hi := max(0, a1+b1-1), min(a1, b1)
		x := lo + share*(hi-lo)
		plan := &matrix.Dense{Rows: 2, Cols: 2, Data: []float64{x, a1 - x, b1 - x, 1 - a1 - b1 + x}}
		got := certify(t, transport(e), DenseRows(plan), f, g)

		want := gapByDefinition(e, plan, f, g)
		near(t, "gap", got.DualGap, want, 1e-13*(size(e)+eps))
		// And the two sides of the potentials' own error.
		p := make([]float64, 4)
		for k := range p {
			i, j := k/2, k%2
			p[k] = e.A[i] * e.B[j] * math.Exp((f[i]+g[j]-e.Cost.Data[k])/eps)
		}
		marginal := math.Abs(p[0]+p[1]-e.A[0]) + math.Abs(p[2]+p[3]-e.A[1]) + math.Abs(p[0]+p[2]-e.B[0]) + math.Abs(p[1]+p[3]-e.B[1])
		near(t, "potentials' error", got.PotentialMarginal, marginal, 1e-13)
	})
}

// gapByDefinition is ⟨C,P̂⟩ + ε Σ P̂(log P̂ − 1) − ε(⟨a,α⟩ + ⟨b,β⟩ − ΣP) with
// α = f/ε + log a, β = g/ε + log b, summed with 200 bits (the logarithms and
// exponentials are rounded to float64).
func gapByDefinition(e problems.Entropic, plan *matrix.Dense, f, g []float64) float64 {
	total := new(big.Float).SetPrec(200)
	add := func(factors ...float64) {
		p := new(big.Float).SetPrec(200).SetFloat64(1)
		for _, x := range factors {
			p.Mul(p, new(big.Float).SetPrec(200).SetFloat64(x))
		}
		total.Add(total, p)
	}
	for k, p := range plan.Data {
		i, j := k/2, k%2
		add(p, e.Cost.Data[k])
		if p > 0 {
			add(e.Reg, p, math.Log(p))
		}
		add(-e.Reg, p)
		add(e.Reg, e.A[i]*e.B[j], math.Exp((f[i]+g[j]-e.Cost.Data[k])/e.Reg))
	}
	for i, a := range e.A {
		add(-a, f[i])
		add(-e.Reg, a, math.Log(a))
	}
	for j, b := range e.B {
		add(-b, g[j])
		add(-e.Reg, b, math.Log(b))
	}
	out, _ := total.Float64()
	return out
}

// Points without mass take no part.
func TestZeroMass(t *testing.T) {
	e := problems.TwoByTwo([4]float64{3, 1, -2, 4}, 0.2, 0.7, 0.5)
	f, g := potentials(e)
	want := certify(t, transport(e), DenseRows(e.Plan), f, g)
	wide := Transport{
		A: []float64{e.A[0], 0, e.A[1]}, B: append(slices.Clone(e.B), 0), Reg: e.Reg,
		Cost: DenseCost(&matrix.Dense{Rows: 3, Cols: 3, Data: []float64{3, 1, 2, 1, -1, 0, -2, 4, 1}}),
	}
	plan := &matrix.Dense{Rows: 3, Cols: 3, Data: []float64{e.Plan.Data[0], e.Plan.Data[1], 0, 0, 0, 0, e.Plan.Data[2], e.Plan.Data[3], 0}}
	for _, wild := range []float64{0, 100, -100} {
		got := certify(t, wide, DenseRows(plan), []float64{f[0], wild, f[1]}, append(slices.Clone(g), wild))
		near(t, "marginal error", got.MarginalError, want.MarginalError, 1e-15)
		near(t, "gap", got.DualGap, want.DualGap, 1e-15)
		near(t, "lower bound", got.Lower, want.Lower, 1e-14)
		near(t, "KL value", got.ValueKL, want.ValueKL, 1e-15)
	}
	plan.Data[3] = 0.1 // mass from a point that has none
	if got := certify(t, wide, DenseRows(plan), []float64{f[0], 0, f[1]}, append(slices.Clone(g), 0)); !(got.MarginalError > 0.1) || !(math.IsInf(got.DualGap, 1)) {
		t.Errorf("mass from nowhere: %+v", got)
	}
}

func TestRefusals(t *testing.T) {
	e := withPlan()[0]
	f, g := potentials(e)
	tr := transport(e)
	for name, fn := range map[string]func() error{
		"nothing":        func() error { _, err := Entropic(tr, nil, nil, nil); return err },
		"f alone":        func() error { _, err := Entropic(tr, nil, f, nil); return err },
		"short f":        func() error { _, err := Entropic(tr, nil, f[:1], g); return err },
		"long g":         func() error { _, err := Entropic(tr, nil, f, append(slices.Clone(g), 0)); return err },
		"wrong masses":   func() error { x := tr; x.A = x.A[:1]; _, err := Entropic(x, DenseRows(e.Plan), f, g); return err },
		"unknown metric": func() error { _, err := PointCost(e.Cost, e.Cost, "hamming", 1); return err },
		"unequal columns": func() error {
			_, err := PointCost(&matrix.Dense{Cols: 2}, &matrix.Dense{Cols: 3}, "cityblock", 1)
			return err
		},
	} {
		if fn() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
