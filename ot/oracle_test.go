package ot

import (
	"math"
	"testing"

	"solve/internal/problems"
	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// Every method gets the problems with answers in closed form right.
func TestEntropicOracles(t *testing.T) {
	for _, e := range problems.EntropicOracles() {
		for _, method := range methods {
			if method == Greenkhorn && e.Plan == nil {
				continue // Gaussian tails take it too long
			}
			checkOracle(t, e, method)
		}
	}
}

// checkOracle compares plan and values. Greenkhorn converges slowly and is
// asked for less.
func checkOracle(t *testing.T, e problems.Entropic, method string) {
	t.Helper()
	opt := &Options{Method: method, Settings: solver.Settings{Tol: 1e-13}}
	if method == Greenkhorn {
		opt.Tol = 1e-11
	}
	p := entropic(e)
	res := mustSolve(t, p, opt)
	what := e.Name + ", " + method
	size := scanned(t, p.Cost).maxAbs()
	if d := math.Abs(res.Cost - e.TransportCost); !(d <= opt.Tol*size) {
		t.Errorf("%s, ε = %g: cost %.17g, want %.17g", what, e.Reg, res.Cost, e.TransportCost)
	}
	if d := math.Abs((res.ValueKL-res.Cost)/e.Reg - e.KL); !(d <= opt.Tol*(1+size/e.Reg)) {
		t.Errorf("%s, ε = %g: KL %.17g, want %.17g", what, e.Reg, (res.ValueKL-res.Cost)/e.Reg, e.KL)
	}
	if e.Plan != nil {
		samePlan(t, what, planMatrix(res.Plan), e.Plan, 10*opt.Tol)
	}
}

// Two points, exchanged: ⟨C,P⟩ = 1/(1+e^{1/ε}), down to 10⁻⁴⁴.
func TestSwap(t *testing.T) {
	for _, method := range methods {
		for _, eps := range []float64{10, 1, 0.1, 0.01} {
			e := problems.Swap(eps)
			res := mustSolve(t, entropic(e), &Options{Method: method})
			closeTo(t, method+" cost", res.Cost, e.TransportCost, 1e-13)
		}
	}
}

// Any 2×2 problem: x = P₁₁ is a root of a quadratic.
func TestTwoByTwo(t *testing.T) {
	r := rng.New(3)
	for range 50 {
		c := [4]float64{r.Float64(), r.Float64(), r.Float64(), r.Float64()}
		a, b := 0.05+0.9*r.Float64(), 0.05+0.9*r.Float64()
		e := problems.TwoByTwo(c, a, b, math.Pow(10, -1.5+2*r.Float64()))
		for _, method := range methods {
			opt := &Options{Method: method, Settings: solver.Settings{Tol: 1e-13}}
			if method == Greenkhorn {
				opt.Tol = 1e-11
			}
			res := mustSolve(t, entropic(e), opt)
			if got, want := planMatrix(res.Plan).Data[0], e.Plan.Data[0]; !(math.Abs(got-want) <= 1e-11) {
				t.Errorf("%s, ε = %g: P₁₁ = %.15g, want %.15g", method, e.Reg, got, want)
			}
		}
	}
}

// Circulant cost, uniform weights: every entry of the plan, relatively.
func TestCirculant(t *testing.T) {
	r := rng.New(5)
	c := make([]float64, 12)
	for i := range c {
		c[i] = r.Float64()
	}
	e := problems.Circulant(c, 0.05)
	for _, method := range methods {
		got := planMatrix(mustSolve(t, entropic(e), &Options{Method: method}).Plan)
		for k, want := range e.Plan.Data {
			closeTo(t, method, got.Data[k], want, 1e-10)
		}
	}
}

// C = u1ᵀ + 1vᵀ: every plan costs the same, P = abᵀ, in a few sweeps.
func TestRankOneCost(t *testing.T) {
	e := problems.RankOne([]float64{3, -1, 2}, []float64{0.5, 4, -2, 1}, []float64{.2, .5, .3}, []float64{.1, .2, .3, .4}, 0.1)
	for _, method := range methods {
		res := mustSolve(t, entropic(e), &Options{Method: method})
		got := planMatrix(res.Plan)
		for k, want := range e.Plan.Data {
			closeTo(t, method, got.Data[k], want, 1e-12)
		}
		if res.Stats.Sweeps > 25 {
			t.Errorf("%s: %d sweeps for a product plan", method, res.Stats.Sweeps)
		}
	}
}

// Two Gaussians on a fine grid follow the closed form of entropic transport
// between normal distributions to rounding.
func TestGaussians(t *testing.T) {
	const n, m2, s2 = 181, 0.5, 0.8
	x := &matrix.Dense{Rows: n, Cols: 1, Data: make([]float64, n)}
	for i := range x.Data {
		x.Data[i] = -9 + 0.1*float64(i)
	}
	cost, err := NewPointCost(x, x, SqEuclidean, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, eps := range []float64{1, 0.1} {
		e := problems.Gaussians(0, 1, m2, s2, eps)
		if len(e.A) != n {
			t.Fatalf("%d points, want %d", len(e.A), n)
		}
		res := mustSolve(t, &Problem{A: e.A, B: e.B, Cost: cost, Reg: eps}, tight(1e-13))
		closeTo(t, "cost", res.Cost, e.TransportCost, 1e-12)
		closeTo(t, "KL", (res.ValueKL-res.Cost)/eps, e.KL, 1e-12)
	}
}

// The methods agree on a problem without a closed form.
func TestMethodsAgree(t *testing.T) {
	p := random(30, 20, 8)
	want := mustSolve(t, p, tight(1e-13))
	for _, method := range []string{SNS, Sinkhorn, Greenkhorn} {
		res := mustSolve(t, p, &Options{Method: method, Settings: solver.Settings{Tol: 1e-11}})
		samePlan(t, method, planMatrix(res.Plan), planMatrix(want.Plan), 1e-10)
		if d := math.Abs(res.Objective - want.Objective); !(d <= 1e-13) {
			t.Errorf("%s: objective differs by %g", method, d)
		}
	}
}

// The potentials generate the plan: P_ij = a_i b_j exp((f_i+g_j−C_ij)/ε).
func TestPotentialsGenerateThePlan(t *testing.T) {
	for _, size := range [][2]int{{9, 14}, {14, 9}} {
		p := random(size[0], size[1], 21)
		c := storedCost(p)
		for i := range p.A {
			p.A[i] *= 7
		}
		for j := range p.B {
			p.B[j] *= 7
		}
		for _, method := range methods {
			res := mustSolve(t, p, &Options{Method: method, Settings: solver.Settings{Tol: 1e-11}})
			// With total mass 7 the plan is 7 times that of unit masses a/7, b/7,
			// whose potentials absorb the factor.
			got := &matrix.Dense{Rows: c.Rows, Cols: c.Cols, Data: make([]float64, len(c.Data))}
			for i := range p.A {
				for j := range p.B {
					got.Row(i)[j] = p.A[i] * p.B[j] * math.Exp((res.F[i]+res.G[j]-c.At(i, j))/p.Reg)
				}
			}
			samePlan(t, method, got, planMatrix(res.Plan), 7e-10)
		}
	}
}
