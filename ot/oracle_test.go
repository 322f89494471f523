package ot

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

func dense(rows ...[]float64) *matrix.Dense {
	return &matrix.Dense{Rows: len(rows), Cols: len(rows[0]), Data: slices.Concat(rows...)}
}

func mustSolve(t *testing.T, p *Problem, opt *Options) *Result {
	t.Helper()
	res, err := Solve(context.Background(), p, opt)
	if err != nil {
		t.Fatalf("%v (stats %+v, certificates %v)", err, res.stats(), res.certs())
	}
	return res
}

func (r *Result) stats() any {
	if r == nil {
		return nil
	}
	return r.Stats
}

func (r *Result) certs() any {
	if r == nil {
		return nil
	}
	return r.Certificates
}

func planMatrix(p *Plan) *matrix.Dense {
	n, m := p.Dims()
	out := &matrix.Dense{Rows: n, Cols: m, Data: make([]float64, n*m)}
	for i := range n {
		p.Row(i, out.Row(i))
	}
	return out
}

func closeTo(t *testing.T, what string, got, want, rel float64) {
	t.Helper()
	if math.Abs(got-want) > rel*math.Abs(want) || math.IsNaN(got) {
		t.Errorf("%s = %.17g, want %.17g (relative difference %.2g)", what, got, want, math.Abs(got/want-1))
	}
}

var methods = []string{Auto, SNS, Sinkhorn, Greenkhorn}

// Two points, exchanged: ⟨C,P⟩ = 1/(1+e^{1/ε}), down to 10⁻⁴⁴.
func TestExchange(t *testing.T) {
	for _, method := range methods {
		for _, eps := range []float64{10, 1, 0.1, 0.01} {
			p := &Problem{A: []float64{.5, .5}, B: []float64{.5, .5}, Cost: NewDenseCost(dense([]float64{0, 1}, []float64{1, 0})), Reg: eps}
			res := mustSolve(t, p, &Options{Method: method})
			closeTo(t, method+" cost", res.Cost, 1/(1+math.Exp(1/eps)), 1e-13)
		}
	}
}

// Any 2×2 problem: x = P₁₁ is a root of a quadratic.
func TestTwoByTwo(t *testing.T) {
	r := rng.New(3)
	for range 50 {
		c := []float64{r.Float64(), r.Float64(), r.Float64(), r.Float64()}
		a, b := 0.05+0.9*r.Float64(), 0.05+0.9*r.Float64()
		eps := math.Pow(10, -1.5+2*r.Float64())
		kappa := math.Exp(-(c[0] + c[3] - c[1] - c[2]) / eps)
		// x(1−a−b+x) = κ(a−x)(b−x)
		lo, hi := math.Max(0, a+b-1), math.Min(a, b)
		for range 200 {
			x := (lo + hi) / 2
			if x*(1-a-b+x) < kappa*(a-x)*(b-x) {
				lo = x
			} else {
				hi = x
			}
		}
		p := &Problem{A: []float64{a, 1 - a}, B: []float64{b, 1 - b}, Cost: NewDenseCost(dense(c[:2], c[2:])), Reg: eps}
		for _, method := range methods {
			opt := &Options{Method: method, Settings: solver.Settings{Tol: 1e-13}}
			if method == Greenkhorn {
				opt.Tol = 1e-11 // it converges slowly
			}
			res := mustSolve(t, p, opt)
			if got := planMatrix(res.Plan).Data[0]; math.Abs(got-lo) > 1e-11 {
				t.Errorf("%s, ε = %g: P₁₁ = %.15g, want %.15g", method, eps, got, lo)
			}
		}
	}
}

// Circulant cost, uniform weights: P_ij = k_{(i−j) mod n}/(n Σk).
func TestCirculant(t *testing.T) {
	const n, eps = 12, 0.05
	r := rng.New(5)
	c, k, sum := make([]float64, n), make([]float64, n), 0.0
	for i := range c {
		c[i] = r.Float64()
		k[i] = math.Exp(-c[i] / eps)
		sum += k[i]
	}
	cost := &matrix.Dense{Rows: n, Cols: n, Data: make([]float64, n*n)}
	for i := range n {
		for j := range n {
			cost.Data[i*n+j] = c[(i-j+n)%n]
		}
	}
	for _, method := range methods {
		res := mustSolve(t, &Problem{A: uniform(n), B: uniform(n), Cost: NewDenseCost(cost), Reg: eps}, &Options{Method: method})
		got := planMatrix(res.Plan)
		for i := range n {
			for j := range n {
				closeTo(t, method, got.Data[i*n+j], k[(i-j+n)%n]/(n*sum), 1e-10)
			}
		}
	}
}

// C = u1ᵀ + 1vᵀ: every plan costs the same, P = abᵀ.
func TestSeparableCost(t *testing.T) {
	u, v := []float64{3, -1, 2}, []float64{0.5, 4, -2, 1}
	a, b := []float64{.2, .5, .3}, []float64{.1, .2, .3, .4}
	cost := &matrix.Dense{Rows: 3, Cols: 4, Data: make([]float64, 12)}
	for i := range u {
		for j := range v {
			cost.Data[i*4+j] = u[i] + v[j]
		}
	}
	for _, method := range methods {
		res := mustSolve(t, &Problem{A: a, B: b, Cost: NewDenseCost(cost), Reg: 0.1}, &Options{Method: method})
		got := planMatrix(res.Plan)
		for i := range a {
			for j := range b {
				closeTo(t, method, got.Data[i*4+j], a[i]*b[j], 1e-12)
			}
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
	x := make([]float64, n)
	density := func(mean, sd float64) []float64 {
		p, sum := make([]float64, n), 0.0
		for i := range p {
			z := (x[i] - mean) / sd
			p[i] = math.Exp(-z * z / 2)
			sum += p[i]
		}
		for i := range p {
			p[i] /= sum
		}
		return p
	}
	for i := range x {
		x[i] = -9 + 0.1*float64(i)
	}
	a, b := density(0, 1), density(m2, s2)
	points := &matrix.Dense{Rows: n, Cols: 1, Data: x}
	cost, err := NewPointCost(points, points, SqEuclidean, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, eps := range []float64{1, 0.1} {
		cov := (math.Sqrt(4*s2*s2+eps*eps/4) - eps/2) / 2
		want := m2*m2 + 1 + s2*s2 - 2*cov
		kl := -0.5 * math.Log(1-cov*cov/(s2*s2))
		res := mustSolve(t, &Problem{A: a, B: b, Cost: cost, Reg: eps}, &Options{Settings: solver.Settings{Tol: 1e-13}})
		closeTo(t, "cost", res.Cost, want, 1e-12)
		closeTo(t, "KL", (res.ValueKL-res.Cost)/eps, kl, 1e-12)
	}
}

// small is a random problem with unequal weights.
func small(n, m int, seed uint64) *Problem {
	r := rng.New(seed)
	c := &matrix.Dense{Rows: n, Cols: m, Data: make([]float64, n*m)}
	for k := range c.Data {
		c.Data[k] = r.Float64()
	}
	weights := func(n int) []float64 {
		w, s := make([]float64, n), 0.0
		for i := range w {
			w[i] = 0.1 + r.Float64()
			s += w[i]
		}
		for i := range w {
			w[i] /= s
		}
		return w
	}
	return &Problem{A: weights(n), B: weights(m), Cost: NewDenseCost(c), Reg: 0.03}
}

func costOf(p *Problem) *matrix.Dense { return p.Cost.(denseCost).c }

func samePlan(t *testing.T, what string, got, want *matrix.Dense, tol float64) {
	t.Helper()
	d := 0.0
	for k := range got.Data {
		d += math.Abs(got.Data[k] - want.Data[k])
	}
	if !(d <= tol) {
		t.Errorf("%s: plans differ by %g in L1", what, d)
	}
}

func TestInvariances(t *testing.T) {
	tight := &Options{Settings: solver.Settings{Tol: 1e-13}}
	for seed := range uint64(5) {
		p := small(17, 23, seed)
		n, m := 17, 23
		base := planMatrix(mustSolve(t, p, tight).Plan)
		c := costOf(p)

		scaled := dense(slices.Clone(c.Data))
		scaled.Rows, scaled.Cols = n, m
		for k := range scaled.Data {
			scaled.Data[k] *= 37
		}
		samePlan(t, "scaling", planMatrix(mustSolve(t, &Problem{p.A, p.B, NewDenseCost(scaled), 37 * p.Reg}, tight).Plan), base, 1e-11)

		shifted := &matrix.Dense{Rows: n, Cols: m, Data: slices.Clone(c.Data)}
		for k := range shifted.Data {
			shifted.Data[k] += float64(k/m)*0.1 - float64(k%m)*0.2
		}
		samePlan(t, "shift", planMatrix(mustSolve(t, &Problem{p.A, p.B, NewDenseCost(shifted), p.Reg}, tight).Plan), base, 1e-11)

		turned := &matrix.Dense{Rows: m, Cols: n, Data: make([]float64, n*m)}
		for i := range n {
			for j := range m {
				turned.Data[j*n+i] = c.Data[i*m+j]
			}
		}
		got := planMatrix(mustSolve(t, &Problem{p.B, p.A, NewDenseCost(turned), p.Reg}, tight).Plan)
		back := &matrix.Dense{Rows: n, Cols: m, Data: make([]float64, n*m)}
		for i := range n {
			for j := range m {
				back.Data[i*m+j] = got.Data[j*n+i]
			}
		}
		samePlan(t, "transpose", back, base, 1e-11)

		// A point split in two with split weight gives the split row.
		double := &matrix.Dense{Rows: n + 1, Cols: m, Data: append(slices.Clone(c.Data), c.Row(0)...)}
		a := append(slices.Clone(p.A), 0.25*p.A[0])
		a[0] *= 0.75
		split := planMatrix(mustSolve(t, &Problem{a, p.B, NewDenseCost(double), p.Reg}, tight).Plan)
		for j := range m {
			if d := math.Abs(split.Data[n*m+j] - 0.25*base.Data[j]); d > 1e-12 {
				t.Errorf("split row differs by %g in column %d", d, j)
			}
		}
	}
}

// Zero weights are dropped and come back as empty rows and columns.
func TestZeroWeights(t *testing.T) {
	p := small(9, 6, 1)
	p.A[2], p.A[0] = 0, p.A[0]+p.A[2]
	p.B[5], p.B[1] = 0, p.B[1]+p.B[5]
	for _, method := range methods {
		res := mustSolve(t, p, &Options{Method: method})
		plan := planMatrix(res.Plan)
		for j := range 6 {
			if plan.Data[2*6+j] != 0 {
				t.Errorf("%s: mass in the empty row", method)
			}
		}
		for _, x := range append(slices.Clone(res.F), res.G...) {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Errorf("%s: potential %g", method, x)
			}
		}
	}
}

// Sums other than 1 are kept.
func TestMassIsKept(t *testing.T) {
	p := small(8, 5, 4)
	one := mustSolve(t, p, nil)
	q := small(8, 5, 4)
	for i := range q.A {
		q.A[i] *= 250
	}
	for j := range q.B {
		q.B[j] *= 250
	}
	res := mustSolve(t, q, nil)
	closeTo(t, "cost", res.Cost, 250*one.Cost, 1e-9)
}

func TestForbiddenArcs(t *testing.T) {
	inf := math.Inf(1)
	p := &Problem{A: []float64{.5, .5}, B: []float64{.5, .5}, Cost: NewDenseCost(dense([]float64{0, 1, 2}[:2], []float64{inf, 1})), Reg: 0.1}
	for _, method := range []string{Auto, Sinkhorn} {
		// Row 2 can only reach column 2, so row 1 must fill column 1: the
		// only plan is the diagonal, on the boundary of the entropy.
		res, err := Solve(context.Background(), p, &Options{Method: method, Settings: solver.Settings{MaxIter: 2000, Tol: 1e-6}})
		if err != nil && !errors.Is(err, solver.ErrIterationLimit) && !errors.Is(err, solver.ErrStalled) {
			t.Fatalf("%s: %v", method, err)
		}
		if got := planMatrix(res.Plan); got.Data[2] != 0 {
			t.Errorf("%s: mass %g on a forbidden arc", method, got.Data[2])
		}
		closeTo(t, method+" cost", res.Cost, 0.5, 1e-3)
	}
	p.Cost = NewDenseCost(dense([]float64{0, 1, 1}, []float64{inf, inf, 1}, []float64{inf, inf, 2}))
	p.A, p.B = []float64{.2, .4, .4}, []float64{.4, .2, .4}
	res, err := Solve(context.Background(), p, nil)
	if !errors.Is(err, solver.ErrInfeasible) || res.Reason != solver.ViolatingSet {
		t.Errorf("error = %v, want infeasible", err)
	}
}

func TestRefusals(t *testing.T) {
	good := func() *Problem { return small(4, 3, 9) }
	nan, inf := math.NaN(), math.Inf(1)
	for _, tc := range []struct {
		name string
		edit func(p *Problem, o *Options)
		want error
	}{
		{"nan cost", func(p *Problem, _ *Options) { costOf(p).Data[5] = nan }, solver.ErrNonFinite},
		{"-inf cost", func(p *Problem, _ *Options) { costOf(p).Data[5] = -inf }, solver.ErrNonFinite},
		{"nan weight", func(p *Problem, _ *Options) { p.A[1] = nan }, solver.ErrNonFinite},
		{"negative weight", func(p *Problem, _ *Options) { p.B[1] = -1 }, solver.ErrNegative},
		{"zero mass", func(p *Problem, _ *Options) { clear(p.A) }, solver.ErrInput},
		{"unequal masses", func(p *Problem, _ *Options) { p.A[0] += 1 }, solver.ErrInput},
		{"wrong length", func(p *Problem, _ *Options) { p.A = p.A[:3] }, solver.ErrDimension},
		{"zero reg", func(p *Problem, _ *Options) { p.Reg = 0 }, solver.ErrOption},
		{"negative reg", func(p *Problem, _ *Options) { p.Reg = -1 }, solver.ErrOption},
		{"tiny reg", func(p *Problem, _ *Options) { p.Reg = 1e-14 }, solver.ErrInput},
		{"unknown method", func(_ *Problem, o *Options) { o.Method = "magic" }, solver.ErrOption},
		{"negative tol", func(_ *Problem, o *Options) { o.Tol = -1 }, solver.ErrOption},
		{"omega", func(_ *Problem, o *Options) { o.Omega = 2 }, solver.ErrOption},
		{"warm start length", func(_ *Problem, o *Options) { o.Warm = []float64{1} }, solver.ErrDimension},
		{"memory", func(_ *Problem, o *Options) { o.Method, o.MaxMemory = SNS, 10 }, solver.ErrTooLarge},
	} {
		p, o := good(), &Options{}
		tc.edit(p, o)
		if res, err := Solve(context.Background(), p, o); !errors.Is(err, tc.want) || res != nil {
			t.Errorf("%s: result %v, error %v, want %v", tc.name, res, err, tc.want)
		}
	}
}

// No NaN, no overflow, no false "solved" over the whole range of ε.
func TestRandomSmallProblems(t *testing.T) {
	r := rng.New(11)
	for k := range 200 {
		n, m := 1+r.Below(12), 1+r.Below(12)
		p := small(n, m, uint64(100+k))
		ratio := math.Pow(10, -6+14*r.Float64()) // (max C − min C)/ε
		if k%4 == 0 && n > 2 {
			p.A[1], p.A[0] = 0, p.A[0]+p.A[1]
		}
		if k%5 == 0 && n > 1 { // a duplicate point
			copy(costOf(p).Row(n-1), costOf(p).Row(0))
		}
		p.Reg = 1 / ratio
		res, err := Solve(context.Background(), p, &Options{Settings: solver.Settings{Tol: 1e-8}})
		if res == nil {
			t.Fatalf("problem %d (%d×%d, R/ε = %.2g): %v", k, n, m, ratio, err)
		}
		if (err == nil) != (res.Status == solver.Solved) {
			t.Errorf("problem %d: status %v but error %v", k, res.Status, err)
		}
		for _, x := range append(append([]float64{res.Cost, res.Objective, res.ValueKL, res.Lower, res.Upper}, res.F...), res.G...) {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Errorf("problem %d (%d×%d, R/ε = %.2g): value %g", k, n, m, ratio, x)
				break
			}
		}
		if res.Lower > res.Upper {
			t.Errorf("problem %d: bracket [%g, %g]", k, res.Lower, res.Upper)
		}
		if err != nil && ratio < 1e6 {
			t.Errorf("problem %d (%d×%d, R/ε = %.2g): %v", k, n, m, ratio, err)
		}
	}
}

// The published method with error control: at most 12 Newton steps to 1e-12
// after 20 Sinkhorn iterations, on 20 seeds.
func TestSNSNewtonSteps(t *testing.T) {
	seeds := uint64(20)
	if testing.Short() {
		seeds = 3
	}
	for seed := range seeds {
		p := assignment(500, seed)
		p.Reg = 1. / 1200
		res := mustSolve(t, p, &Options{Method: SNS, SNSSinkhorn: 20, SNSAdaptive: true, Settings: solver.Settings{Tol: 1e-12}})
		if res.Stats.NewtonSteps > 12 {
			t.Errorf("seed %d: %d Newton steps, want at most 12", seed, res.Stats.NewtonSteps)
		}
	}
}

func TestSameBitsForAnyThreads(t *testing.T) {
	for _, method := range methods {
		p := clouds(150, 2)
		p.Reg = 0.01
		var plans []*matrix.Dense
		for _, threads := range []int{1, 2, 5} {
			res := mustSolve(t, p, &Options{Method: method, Settings: solver.Settings{Threads: threads, Tol: 1e-6}})
			plans = append(plans, planMatrix(res.Plan))
		}
		if !slices.Equal(plans[0].Data, plans[1].Data) || !slices.Equal(plans[0].Data, plans[2].Data) {
			t.Errorf("%s: plan depends on the number of threads", method)
		}
	}
}

// The axis-wise passes of a grid give the plan of the same cost stored.
func TestSeparableGrid(t *testing.T) {
	for _, shape := range [][]int{{30, 40}, {9, 10, 11}} {
		for _, metric := range []Metric{SqEuclidean, Cityblock} {
			cost, err := NewGridCost(shape, metric, 1)
			if err != nil {
				t.Fatal(err)
			}
			n, _ := cost.Dims()
			r := rng.New(uint64(n))
			a, b := make([]float64, n), make([]float64, n)
			sa, sb := 0.0, 0.0
			for i := range n {
				a[i], b[i] = r.Float64(), r.Float64()
				if i%7 == 0 {
					a[i] = 0
				}
				sa, sb = sa+a[i], sb+b[i]
			}
			for i := range n {
				a[i], b[i] = a[i]/sa, b[i]/sb
			}
			stored := &matrix.Dense{Rows: n, Cols: n, Data: make([]float64, n*n)}
			for i := range n {
				cost.Row(i, 0, stored.Row(i))
			}
			for _, eps := range []float64{0.2, 20} {
				grid := mustSolve(t, &Problem{a, b, cost, eps}, nil)
				full := mustSolve(t, &Problem{a, b, NewDenseCost(stored), eps}, nil)
				closeTo(t, "cost", grid.Cost, full.Cost, 1e-7)
				if g, ok := cost.(*gridCost); !ok || g.separable(&reduced{rows: all(n), cols: all(n)}) == nil {
					t.Errorf("%v: the grid was not used", shape)
				}
			}
		}
	}
}
