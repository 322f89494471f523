package bcd

import (
	"context"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/loss"
	"solve/matrix"
	"solve/solver"
)

func tight() *Options { return &Options{Settings: solver.Settings{Tol: 1e-13}} }

// fit solves to the last digits; rounding may leave the verdict open.
func fit(t testing.TB, p *Problem, opt *Options) *Result {
	t.Helper()
	res, err := Solve(context.Background(), p, opt)
	if res == nil {
		t.Fatal(err)
	}
	if err != nil && !(res.DualGap <= 1e-11*res.NullObjective) {
		t.Fatalf("%v: gap %g", err, res.DualGap/res.NullObjective)
	}
	return res
}

func near64(a, b, tol float64) bool { return math.Abs(a-b) <= tol*math.Max(1, math.Abs(b)) }

func compare(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	for j := range want {
		if !near64(got[j], want[j], tol) {
			t.Errorf("%s: coefficient %d is %.15g, want %.15g", what, j, got[j], want[j])
		}
	}
}

func dense(t testing.TB, rows [][]float64) *matrix.Dense {
	t.Helper()
	x, err := matrix.NewDense(len(rows), len(rows[0]), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		copy(x.Row(i), r)
	}
	return x
}

// Hadamard columns with XᵀX = nI: x_j = ST(X_jᵀy/n, λ).
func TestOrthonormalDesign(t *testing.T) {
	x := dense(t, [][]float64{{1, 1, 1, 1}, {1, -1, 1, -1}, {1, 1, -1, -1}, {1, -1, -1, 1}})
	y := []float64{3, -1, 0.5, 2}
	for _, lambda := range []float64{0, 0.1, 0.6, 1.2, 5} {
		want := make([]float64, 4)
		for j := range want {
			s := 0.0
			for i := range y {
				s += x.At(i, j) * y[i] / 4
			}
			want[j] = shrink(s, lambda)
		}
		res := fit(t, &Problem{X: x, Y: y, Lambda: lambda}, &Options{Settings: solver.Settings{Tol: 1e-13}, AllowUnpenalized: true})
		compare(t, "lasso", res.X, want, 1e-13)
	}
}

// Two correlated unit columns, both positive: x = (XᵀX)⁻¹(Xᵀy − nλ1).
func TestTwoCorrelatedColumns(t *testing.T) {
	rho := 0.8
	x := dense(t, [][]float64{{1, rho}, {0, math.Sqrt(1 - rho*rho)}})
	y := []float64{2, 0.8}
	lambda := 0.2
	c := [2]float64{y[0] - 2*lambda, rho*y[0] + math.Sqrt(1-rho*rho)*y[1] - 2*lambda}
	det := 1 - rho*rho
	want := []float64{(c[0] - rho*c[1]) / det, (c[1] - rho*c[0]) / det}
	compare(t, "lasso", fit(t, &Problem{X: x, Y: y, Lambda: lambda}, tight()).X, want, 1e-12)
}

func TestLambdaMaxIsExact(t *testing.T) {
	for seed := range uint64(30) {
		q := randomProblem(t, rng.New(seed))
		q.LambdaRatio = 0
		if q.Lower != nil && q.Lower[0] > 0 {
			continue
		}
		top, err := LambdaMax(context.Background(), q, nil)
		if err != nil {
			t.Fatal(err)
		}
		if math.IsNaN(top) || top == 0 {
			continue
		}
		q.Lambda = top * (1 + 1e-9)
		if res := fit(t, q, tight()); res.Stats.Support != 0 {
			t.Errorf("seed %d, %s: %d coefficients above λ_max", seed, describe(q), res.Stats.Support)
		}
		q.Lambda = top * (1 - 1e-5)
		if res := fit(t, q, tight()); res.Stats.Support == 0 {
			t.Errorf("seed %d, %s: no coefficient below λ_max", seed, describe(q))
		}
	}
}

// x = (1,1.5,2,3), N = (0,1,2,2), offset log(1,1,2,2): coefficients known; the
// same from rates N/e with weights e.
func TestPoissonWithOffset(t *testing.T) {
	x := dense(t, [][]float64{{1}, {1.5}, {2}, {3}})
	counts, exposure := []float64{0, 1, 2, 2}, []float64{1, 1, 2, 2}
	offset, rates := make([]float64, 4), make([]float64, 4)
	for i, e := range exposure {
		offset[i], rates[i] = math.Log(e), counts[i]/e
	}
	opt := &Options{Settings: solver.Settings{Tol: 1e-12}, AllowUnpenalized: true}
	for _, p := range []*Problem{
		{X: x, Y: counts, Offset: offset, Loss: loss.Poisson(), Penalty: NoPenalty, Intercept: true},
		{X: x, Y: rates, Weights: exposure, Loss: loss.Poisson(), Penalty: NoPenalty, Intercept: true},
	} {
		res, err := Solve(context.Background(), p, opt)
		if res == nil {
			t.Fatal(err)
		}
		compare(t, "poisson", []float64{res.Intercept, res.X[0]}, []float64{-1.08455085, 0.41149086}, 2e-8)
	}
}

// Integer weights are repeated rows, whatever else the problem has.
func TestWeightsAreRepetitions(t *testing.T) {
	for seed := range uint64(40) {
		r := rng.New(seed + 1000)
		q := randomProblem(t, r)
		n, p := q.X.Dims()
		q.Weights, q.Scale, q.LambdaRatio = make([]float64, n), Mean, 0.1
		q.X = denseOf(t, q.X)
		var rows [][]float64
		again := *q
		again.Weights, again.Y, again.Offset = nil, nil, nil
		for i := range n {
			q.Weights[i] = float64(1 + r.Below(3))
			if i > 2 && r.Below(5) == 0 {
				q.Weights[i] = 0
			}
			for range int(q.Weights[i]) {
				rows = append(rows, q.X.(*matrix.Dense).Row(i))
				again.Y = append(again.Y, q.Y[i])
				if q.Offset != nil {
					again.Offset = append(again.Offset, q.Offset[i])
				}
			}
		}
		again.X = dense(t, rows)
		a, b := fit(t, q, tight()), fit(t, &again, tight())
		if !near64(a.Objective, b.Objective, 1e-10) || !near64(a.LambdaMax, b.LambdaMax, 1e-10) {
			t.Errorf("seed %d, %s: objective %.15g, repeated %.15g", seed, describe(q), a.Objective, b.Objective)
		}
		if n > p && q.L2 > 0 {
			compare(t, describe(q), a.X, b.X, 1e-5)
		}
	}
}

func denseOf(t testing.TB, x Design) *matrix.Dense {
	if a, ok := x.(*matrix.CSR); ok {
		d, err := a.ToDense()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	return x.(*matrix.Dense)
}

// Groups of one column are the lasso; so is a share of 1 for the 1-norm.
func TestGroupsOfOneAreTheLasso(t *testing.T) {
	r := rng.New(5)
	x := randomDense(t, r, 40, 25)
	y := make([]float64, 40)
	for i := range y {
		y[i] = x.At(i, 3) - x.At(i, 7) + r.Normal()
	}
	groups := make([][]int32, 25)
	for j := range groups {
		groups[j] = []int32{int32(j)}
	}
	want := fit(t, &Problem{X: x, Y: y, LambdaRatio: 0.1, Intercept: true}, tight())
	got := fit(t, &Problem{X: x, Y: y, LambdaRatio: 0.1, Intercept: true, Penalty: Group, Groups: groups}, tight())
	compare(t, "group", got.X, want.X, 1e-8)
	got = fit(t, &Problem{X: x, Y: y, LambdaRatio: 0.1, Intercept: true, Penalty: SparseGroup, Alpha: 1, Groups: [][]int32{groupOfAll(25)}}, tight())
	compare(t, "sparse group", got.X, want.X, 1e-8)
}

func groupOfAll(p int) []int32 {
	g := make([]int32, p)
	for j := range g {
		g[j] = int32(j)
	}
	return g
}

// Without a 1-norm the elastic net is ridge regression: (XᵀX/n + λI) x = Xᵀy/n.
func TestRidgeSolvesNormalEquations(t *testing.T) {
	r := rng.New(7)
	x := randomDense(t, r, 30, 12)
	y := make([]float64, 30)
	for i := range y {
		y[i] = r.Normal()
	}
	lambda := 0.3
	res := fit(t, &Problem{X: x, Y: y, Penalty: ElasticNet, Alpha: 0, Lambda: lambda}, tight())
	for j := range 12 {
		g := lambda * res.X[j]
		for i := range 30 {
			eta := -y[i]
			for k := range 12 {
				eta += x.At(i, k) * res.X[k]
			}
			g += x.At(i, j) * eta / 30
		}
		if math.Abs(g) > 1e-8 {
			t.Errorf("normal equation %d is off by %g", j, g)
		}
	}
}

// A warm path gives what cold starts give.
func TestPathIsColdStarts(t *testing.T) {
	for seed := range uint64(12) {
		q := randomProblem(t, rng.New(seed+50))
		q.LambdaRatio = 0
		opt := &Options{Settings: solver.Settings{Tol: 1e-10}, Path: PathOptions{Count: 12, Ratio: 0.01, All: true}}
		path, err := Path(context.Background(), q, opt)
		if err != nil {
			t.Fatalf("seed %d, %s: %v", seed, describe(q), err)
		}
		for k := range path.Points {
			point := &path.Points[k]
			cold := *q
			cold.Lambda = point.Lambda
			res := fit(t, &cold, opt)
			if d := math.Abs(res.Objective - point.Objective); d > 3e-10*path.NullObjective {
				t.Errorf("seed %d, %s: λ %d: objective %.15g on the path, %.15g cold", seed, describe(q), k, point.Objective, res.Objective)
			}
		}
	}
}

// The gap bounds the distance to the optimum, and falls below any tolerance.
func TestGapBoundsError(t *testing.T) {
	for seed := range uint64(60) {
		q := randomProblem(t, rng.New(seed+200))
		best := fit(t, q, tight())
		for _, tol := range []float64{1e-1, 1e-3, 1e-6} {
			res := fit(t, q, &Options{Settings: solver.Settings{Tol: tol}})
			if res.DualGap < (res.Objective-best.Objective)-1e-12*res.NullObjective {
				t.Errorf("seed %d, %s: gap %g, error %g", seed, describe(q), res.DualGap, res.Objective-best.Objective)
			}
			if res.DualGap > tol*res.NullObjective {
				t.Errorf("seed %d, %s: gap %g at tolerance %g", seed, describe(q), res.DualGap/res.NullObjective, tol)
			}
		}
	}
}

func TestSameBitsForAnyThreads(t *testing.T) {
	r := rng.New(3)
	x := randomDense(t, r, 300, 700)
	y := make([]float64, 300)
	for i := range y {
		y[i] = x.At(i, 1) + x.At(i, 400) + r.Normal()
	}
	signs := make([]float64, 300)
	for i := range y {
		signs[i] = math.Copysign(1, y[i])
	}
	for _, q := range []*Problem{
		{X: x, Y: y, LambdaRatio: 0.02},
		{X: sparsify(t, r, randomDense(t, r, 300, 700), 0.9), Y: y, LambdaRatio: 0.02, Intercept: true, Standardize: true},
		{X: x, Y: signs, Loss: loss.Logistic(), LambdaRatio: 0.05, Intercept: true},
	} {
		var first *Result
		for _, threads := range []int{1, 2, 5} {
			res := fit(t, q, &Options{Settings: solver.Settings{Tol: 1e-9, Threads: threads}})
			if first == nil {
				first = res
				continue
			}
			for j := range res.X {
				if res.X[j] != first.X[j] {
					t.Fatalf("%s: coefficient %d is %v on %d threads, %v on one", q.loss().Name(), j, res.X[j], threads, first.X[j])
				}
			}
			if res.Intercept != first.Intercept || res.DualGap != first.DualGap {
				t.Errorf("intercept or gap differ on %d threads", threads)
			}
		}
	}
}

func TestSweepsDoNotAllocate(t *testing.T) {
	r := rng.New(11)
	x := randomDense(t, r, 60, 50)
	y := make([]float64, 60)
	for i := range y {
		y[i] = x.At(i, 2) + r.Normal()
	}
	for _, noGram := range []bool{false, true} {
		s, err := New(context.Background(), &Problem{X: x, Y: y}, &Options{NoGram: noGram})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Solve(context.Background(), 0.1*s.LambdaMax()); err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(20, s.e.sub.sweep); n != 0 {
			t.Errorf("a sweep allocates %v times", n)
		}
	}
}

// The three forms of a matrix give one answer.
func TestMatrixForms(t *testing.T) {
	r := rng.New(17)
	csr := sparsify(t, r, randomDense(t, r, 40, 30), 0.85)
	y := make([]float64, 40)
	for i := range y {
		y[i] = csr.At(i, 4) + r.Normal()
	}
	var first *Result
	for _, x := range []Design{csr, csr.ToCSC(), denseOf(t, csr)} {
		res := fit(t, &Problem{X: x, Y: y, LambdaRatio: 0.1, Intercept: true, Standardize: true}, tight())
		if first == nil {
			first = res
		}
		compare(t, "form", res.X, first.X, 1e-9)
	}
}

// One solver at several λ, in any order, gives what single solves give.
func TestSolverAtSeveralLambdas(t *testing.T) {
	p := smallProblem(t)
	s, err := New(context.Background(), p, tight())
	if err != nil {
		t.Fatal(err)
	}
	for _, lambda := range []float64{0.05, 0.3, 0.01, 0.01, 2 * s.LambdaMax(), 0.02} {
		res, err := s.Solve(context.Background(), lambda)
		if res == nil {
			t.Fatal(err)
		}
		q := *p
		q.Lambda = lambda
		compare(t, "warm", res.X, fit(t, &q, tight()).X, 1e-9)
	}
}
