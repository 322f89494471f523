package linsys

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

func csrOf(t testing.TB, n int, v ...float64) *matrix.CSR {
	t.Helper()
	a, err := (&matrix.Dense{Rows: len(v) / n, Cols: n, Data: v}).ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// randomMatrix draws a matrix of one of several kinds.
func randomMatrix(t testing.TB, s *rng.Stream, kind string, n int) *matrix.CSR {
	coo, err := matrix.NewCOO(n, n, 6*n)
	if err != nil {
		t.Fatal(err)
	}
	add := func(i, j int, v float64) {
		if err := coo.Append(i, j, v); err != nil {
			t.Fatal(err)
		}
	}
	sum := make([]float64, n)
	for range 2 * n {
		i, j, v := s.Below(n), s.Below(n), s.Normal()
		switch kind {
		case "laplacian", "spd":
			if i == j {
				continue
			}
			v = math.Abs(v)
			add(i, j, -v)
			add(j, i, -v)
			sum[i] += v
			sum[j] += v
		case "indefinite", "negative":
			add(i, j, v)
			add(j, i, v)
			sum[i] += math.Abs(v)
			sum[j] += math.Abs(v)
		default:
			add(i, j, v)
			sum[i] += math.Abs(v)
		}
	}
	for i := range n {
		switch kind {
		case "spd":
			add(i, i, sum[i]+0.1)
		case "laplacian":
			add(i, i, sum[i])
		case "negative":
			add(i, i, -2.1*sum[i]-1)
		case "indefinite":
			add(i, i, float64(1-2*(i%2))*(2.1*sum[i]+1))
		case "scaled":
			add(i, i, 3*sum[i]+1)
		case "weak":
			add(i, (i+1)%n, 2*sum[i]+0.5)
		}
	}
	a, _, err := coo.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	if kind == "scaled" {
		for i := range n {
			f := math.Ldexp(1, s.Below(60)-30)
			for k := a.RowPtr[i]; k < a.RowPtr[i+1]; k++ {
				a.Val[k] *= f
			}
		}
	}
	return a
}

// What is called solved has a small true residual; nothing is NaN; and every
// kind of matrix is solved.
func TestRandomMatrices(t *testing.T) {
	kinds := []string{"spd", "laplacian", "indefinite", "negative", "general", "scaled", "weak"}
	runs := 500
	if testing.Short() {
		runs = 70
	}
	solved := map[string]int{}
	for k := range runs {
		kind := kinds[k%len(kinds)]
		s := rng.NewStream(7, uint64(k))
		n := 1 + s.Below(120)
		a := randomMatrix(t, s, kind, n)
		x := make([]float64, n)
		for i := range x {
			x[i] = s.Normal()
		}
		b := make([]float64, n)
		a.MulVecTo(b, false, x)
		if maxAbs(b) == 0 {
			continue
		}
		res, err := Solve(t.Context(), &Problem{A: a, B: oneColumn(b)}, nil)
		if res == nil {
			t.Fatalf("%d %s n=%d: %v", k, kind, n, err)
		}
		for i, v := range res.X.Data {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("%d %s n=%d: x[%d] = %v (%s %v)", k, kind, n, i, v, res.Method, res.Fallbacks)
			}
		}
		if (err == nil) != (res.Status == solver.Solved) {
			t.Fatalf("%d %s: status %v, error %v", k, kind, res.Status, err)
		}
		if err == nil {
			solved[kind]++
			checkTrueResidual(t, a, res, b)
		} else if kind != "general" { // random general ones may be singular
			t.Errorf("%d %s n=%d: %v (%v)", k, kind, n, err, res.Fallbacks)
		}
	}
	for _, kind := range kinds {
		if solved[kind] == 0 && kind != "general" {
			t.Errorf("no %s matrix was solved", kind)
		}
	}
}

func TestDegenerate(t *testing.T) {
	eye := csrOf(t, 2, 1, 0, 0, 1)
	for _, c := range []struct {
		name   string
		a      *matrix.CSR
		b      []float64
		opt    Options
		want   []float64 // nil = not solved
		reason solver.Reason
	}{
		{name: "identity", a: eye, b: []float64{3, 4}, want: []float64{3, 4}},
		{name: "b = 0", a: csrOf(t, 2, 2, 1, 1, 2), b: []float64{0, 0}, want: []float64{0, 0}},
		{name: "1×1", a: csrOf(t, 1, 4), b: []float64{2}, want: []float64{.5}},
		{name: "A = 0, b = 0", a: csrOf(t, 2, 0, 0, 0, 0), b: []float64{0, 0}, want: []float64{0, 0}},
		{name: "A = 0", a: csrOf(t, 2, 0, 0, 0, 0), b: []float64{0, 1}, reason: solver.Inconsistent},
		{name: "empty row", a: csrOf(t, 3, 2, 0, 1, 0, 0, 0, 1, 0, 2), b: []float64{3, 0, 3}, want: []float64{1, 0, 1}},
		{name: "empty row, inconsistent", a: csrOf(t, 3, 2, 0, 1, 0, 0, 0, 1, 0, 2), b: []float64{3, 1, 3}, reason: solver.Inconsistent},
		{name: "diagonal", a: csrOf(t, 2, 2, 0, 0, -4), b: []float64{2, 2}, want: []float64{1, -.5}},
		{name: "triangular", a: csrOf(t, 2, 2, 0, 1, 1), b: []float64{2, 3}, want: []float64{1, 2}},
		{name: "indefinite", a: csrOf(t, 2, 1, 0, 0, -1), b: []float64{1, 1}, want: []float64{1, -1}},
		{name: "indefinite without a diagonal", a: csrOf(t, 2, 0, 1, 1, 0), b: []float64{1, 2}, want: []float64{2, 1}},
		{name: "cg on indefinite", a: csrOf(t, 2, 1, 0, 0, -1), b: []float64{1, 1}, opt: Options{Method: CG, Preconditioner: None}, reason: solver.NotPositiveDefinite},
		{name: "cholesky on indefinite", a: csrOf(t, 2, 1, 2, 2, 1), b: []float64{1, 1}, opt: Options{Method: Cholesky}, reason: solver.NotPositiveDefinite},
		{name: "singular", a: csrOf(t, 2, 1, 2, 2, 4), b: []float64{1, 1}, opt: Options{Method: LU}, reason: solver.Singular},
		{name: "structurally singular", a: csrOf(t, 3, 1, 1, 1, 1, 0, 0, 2, 0, 0), b: []float64{1, 1, 1}, reason: solver.Singular},
		{name: "skew", a: csrOf(t, 2, 0, 1, -1, 0), b: []float64{1, 0}, opt: Options{Method: BiCGSTAB, Preconditioner: None}, want: []float64{0, 1}},
		{name: "skew by gmres", a: csrOf(t, 2, 0, 1, -1, 0), b: []float64{1, 0}, opt: Options{Method: GMRES, Preconditioner: None}, want: []float64{0, 1}},
		{name: "least squares", a: csrOf(t, 2, 1, 0, 0, 1, 1, 1), b: []float64{1, 1, 1}, want: []float64{2. / 3, 2. / 3}},
		{name: "least norm", a: csrOf(t, 2, 1, 1), b: []float64{2}, want: []float64{1, 1}},
		{name: "damped", a: csrOf(t, 2, 1, 0, 0, 1, 1, 1), b: []float64{1, 1, 1}, opt: Options{Damp: 1}, want: []float64{.5, .5}},
		{name: "path Laplacian", a: csrOf(t, 3, 1, -1, 0, -1, 2, -1, 0, -1, 1), b: []float64{1, 0, -1}, want: []float64{1, 0, -1}},
		{name: "negative path Laplacian", a: csrOf(t, 3, -1, 1, 0, 1, -2, 1, 0, 1, -1), b: []float64{-1, 0, 1}, want: []float64{1, 0, -1}},
		{name: "negative path Laplacian, inconsistent", a: csrOf(t, 3, -1, 1, 0, 1, -2, 1, 0, 1, -1), b: []float64{1, 0, 0}, reason: solver.Inconsistent},
		{name: "subnormal", a: csrOf(t, 1, 1e-310), b: []float64{1e-310}, want: []float64{1}},
		{name: "overflow", a: csrOf(t, 1, 1e-310), b: []float64{1}, reason: solver.EvaluationError},
		{name: "path Laplacian, inconsistent", a: csrOf(t, 3, 1, -1, 0, -1, 2, -1, 0, -1, 1), b: []float64{1, 0, 0}, reason: solver.Inconsistent},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, err := Solve(t.Context(), &Problem{A: c.a, B: oneColumn(c.b)}, &c.opt)
			if res == nil {
				t.Fatal(err)
			}
			if c.want == nil {
				if err == nil || res.Reason != c.reason {
					t.Fatalf("%v, reason %q (%s, %v)", err, res.Reason, res.Method, res.Fallbacks)
				}
				return
			}
			if err != nil {
				t.Fatalf("%v (%s, %v)", err, res.Method, res.Fallbacks)
			}
			for i, w := range c.want {
				if math.Abs(res.X.Data[i]-w) > 1e-7 {
					t.Errorf("x = %v, want %v (%s)", res.X.Data, c.want, res.Method)
					break
				}
			}
		})
	}
}

func TestProjection(t *testing.T) {
	a := csrOf(t, 3, 1, -1, 0, -1, 2, -1, 0, -1, 1)
	res, err := Solve(t.Context(), &Problem{A: a, B: oneColumn([]float64{1, 0, 0})}, &Options{Project: true})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(res.Projection-1/math.Sqrt(3)) > 1e-12 {
		t.Errorf("%g was projected away", res.Projection)
	}
	for i, w := range []float64{5. / 9, -1. / 9, -4. / 9} {
		if math.Abs(res.X.Data[i]-w) > 1e-8 {
			t.Fatalf("x = %v", res.X.Data)
		}
	}
}

func TestRefusals(t *testing.T) {
	general := csrOf(t, 2, 1, 2, 3, 4)
	b := oneColumn([]float64{1, 1})
	for _, c := range []struct {
		name string
		p    Problem
		opt  Options
		want error
	}{
		{"no matrix", Problem{B: b}, Options{}, solver.ErrInput},
		{"no right-hand side", Problem{A: general}, Options{}, solver.ErrDimension},
		{"too short", Problem{A: general, B: oneColumn([]float64{1})}, Options{}, solver.ErrDimension},
		{"NaN", Problem{A: general, B: oneColumn([]float64{1, math.NaN()})}, Options{}, solver.ErrNonFinite},
		{"unknown method", Problem{A: general, B: b}, Options{Method: "gauss"}, solver.ErrOption},
		{"unknown preconditioner", Problem{A: general, B: b}, Options{Preconditioner: "ilu9"}, solver.ErrOption},
		{"negative tolerance", Problem{A: general, B: b}, Options{Settings: solver.Settings{Tol: -1}}, solver.ErrOption},
		{"cg on unsymmetric", Problem{A: general, B: b}, Options{Method: CG}, solver.ErrNotSymmetric},
		{"gmres on rectangular", Problem{A: csrOf(t, 2, 1, 2, 3, 4, 5, 6), B: oneColumn([]float64{1, 1, 1})}, Options{Method: GMRES}, solver.ErrInput},
		{"damp without least squares", Problem{A: general, B: b}, Options{Damp: 1}, solver.ErrInput},
		{"no null vector", Problem{A: csrOf(t, 2, 2, 1, 1, 3), B: b, Kernel: b}, Options{Project: true}, solver.ErrInput},
		{"null vector of A alone", Problem{A: csrOf(t, 2, 1, -1, 0, 0), B: b, Kernel: b}, Options{}, solver.ErrInput},
		{"preconditioner of a rectangular matrix", Problem{Dense: &matrix.Dense{Rows: 1, Cols: 2, Data: []float64{1, 2}}, B: oneColumn([]float64{1})}, Options{Preconditioner: Jacobi}, solver.ErrInput},
		{"no grid", Problem{A: general, B: b}, Options{Preconditioner: FWMG}, solver.ErrInput},
		{"null vector twice", Problem{A: general, B: b, Kernel: &matrix.Dense{Rows: 2, Cols: 2, Data: []float64{1, 1, 1, 1}}}, Options{}, solver.ErrInput},
	} {
		if _, err := Solve(t.Context(), &c.p, &c.opt); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A dense matrix that is singular at sight is known as well as a sparse one.
func TestDenseLaplacian(t *testing.T) {
	a := &matrix.Dense{Rows: 3, Cols: 3, Data: []float64{1, -1, 0, -1, 2, -1, 0, -1, 1}}
	res, err := Solve(t.Context(), &Problem{Dense: a, B: oneColumn([]float64{1, 0, -1})}, nil)
	if err != nil || math.Abs(res.X.Data[0]-1) > 1e-8 {
		t.Errorf("%+v, %v", res, err)
	}
	for _, opt := range []Options{{}, {Method: Cholesky}} {
		res, err = Solve(t.Context(), &Problem{Dense: a, B: oneColumn([]float64{1, 0, 0})}, &opt)
		if !errors.Is(err, solver.ErrInfeasible) || res.NullVector == nil {
			t.Errorf("%v: %+v, %v", opt.Method, res, err)
		}
	}
	empty := &matrix.Dense{Rows: 2, Cols: 2, Data: []float64{1, 1, 0, 0}}
	if _, err = Solve(t.Context(), &Problem{Dense: empty, B: oneColumn([]float64{1, 1})}, nil); !errors.Is(err, solver.ErrInfeasible) {
		t.Errorf("an empty row: %v", err)
	}
}

// A preconditioner that is asked for decides the method by the matrix.
func TestMethodBesideDense(t *testing.T) {
	for method, entries := range map[string][]float64{CG: {2, 1, 1, 3}, GMRES: {2, 1, -1, 3}} {
		a := &matrix.Dense{Rows: 2, Cols: 2, Data: entries}
		res, err := Solve(t.Context(), &Problem{Dense: a, B: oneColumn([]float64{1, 2})}, &Options{Preconditioner: Jacobi})
		if err != nil || res.Method != method {
			t.Errorf("%v, want %s: %v", res, method, err)
		}
	}
}

// A grid is found behind −A, too, and right-hand sides whose squares overflow
// or vanish are solved for.
func TestNegativeGrid(t *testing.T) {
	a := negated(poisson(t, 40, 40, 1))
	for _, size := range []float64{1, 1e200, 1e-200} {
		b := make([]float64, a.Rows)
		for i := range b {
			b[i] = size * float64(1+i%7)
		}
		res, err := Solve(t.Context(), &Problem{A: a, B: oneColumn(b)}, nil)
		if err != nil || res.Preconditioner != FWMG {
			t.Errorf("size %g: %v (%s)", size, err, res.Preconditioner)
			continue
		}
		checkTrueResidual(t, a, res, b)
	}
}

// A Laplacian that a little was added to is regular: no right-hand side is
// inconsistent with it.
func TestNearlyLaplacian(t *testing.T) {
	a := csrOf(t, 2, 1, -1, -1, 1+0x1p-43)
	res, err := Solve(t.Context(), &Problem{A: a, B: oneColumn([]float64{1, 1})}, nil)
	if err != nil {
		t.Fatalf("%v (%s, %v)", err, res.Method, res.Fallbacks)
	}
	checkTrueResidual(t, a, res, []float64{1, 1})
}

// A right-hand side that meets the absolute tolerance at a large relative
// residual does not hide one that meets neither.
func TestAbsTolOfColumns(t *testing.T) {
	a := poisson(t, 20, 20, 1)
	b := zeros(a.Rows, 2)
	b.Data[0] = 1e-12
	for i := range a.Rows {
		b.Data[2*i+1] = float64(1 + i%7)
	}
	opt := &Options{Settings: solver.Settings{MaxIter: 5}, Method: CG, Preconditioner: None, AbsTol: 1e-10}
	if res, err := Solve(t.Context(), &Problem{A: a, B: b}, opt); !errors.Is(err, solver.ErrIterationLimit) {
		t.Errorf("%v with residuals of %.2g and %.2g", err, res.Columns[0].RelativeResidual, res.Columns[1].RelativeResidual)
	}
}

// Where nothing of b is left beside the kernel, nothing is iterated.
func TestAllInKernel(t *testing.T) {
	a := csrOf(t, 3, 1, -1, 0, -1, 2, -1, 0, -1, 1)
	res, err := Solve(t.Context(), &Problem{A: a, B: oneColumn([]float64{.1, .1, .1})}, nil)
	if !errors.Is(err, solver.ErrInfeasible) || res.Stats.Iterations > 0 {
		t.Errorf("%v after %d iterations", err, res.Stats.Iterations)
	}
}

// Hilbert: the residual is tiny, x is not to be trusted, and that is said.
func TestHilbert(t *testing.T) {
	for _, n := range []int{3, 12} {
		d := &matrix.Dense{Rows: n, Cols: n, Data: make([]float64, n*n)}
		b := make([]float64, n)
		for i := range n {
			for j := range n {
				d.Data[i*n+j] = 1 / float64(i+j+1)
				b[i] += d.Data[i*n+j]
			}
		}
		res, err := Solve(t.Context(), &Problem{Dense: d, B: oneColumn(b)}, nil)
		if err != nil {
			t.Fatalf("n=%d: %v", n, err)
		}
		if warned := len(res.Warnings) > 0; warned != (n == 12) {
			t.Errorf("n=%d: condition %.3g, warnings %v", n, res.Stats.ConditionEstimate, res.Warnings)
		}
	}
}

// Dense and sparse, one and many right-hand sides, one and two threads agree.
func TestManyRightHandSides(t *testing.T) {
	const n, k = 300, 9
	for _, kind := range []string{"spd", "general", "indefinite"} {
		s := rng.New(3)
		a := randomMatrix(t, s, kind, n)
		if kind == "general" {
			a = randomMatrix(t, s, "weak", n)
		}
		b := zeros(n, k)
		for i := range b.Data {
			b.Data[i] = s.Normal()
		}
		var first *Result
		for _, threads := range []int{1, 2} {
			res, err := Solve(t.Context(), &Problem{A: a, B: b}, &Options{Settings: solver.Settings{Threads: threads}})
			if err != nil {
				t.Fatalf("%s: %v (%v)", kind, err, res.Fallbacks)
			}
			if first == nil {
				first = res
			} else if !slices.Equal(res.X.Data, first.X.Data) {
				t.Errorf("%s: other bits on %d threads", kind, threads)
			}
		}
		for j := range k {
			v := make([]float64, n)
			column(b, j, v)
			one, err := Solve(t.Context(), &Problem{A: a, B: oneColumn(v)}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i, x := range one.X.Data {
				if d := math.Abs(first.X.Data[i*k+j] - x); d > 1e-5*(1+math.Abs(x)) {
					t.Fatalf("%s: column %d differs by %g", kind, j, d)
				}
			}
		}
	}
}

// The set-up is used again.
func TestSolverTwice(t *testing.T) {
	s := rng.New(5)
	a := randomMatrix(t, s, "spd", 200)
	b := zeros(200, 1)
	for i := range b.Data {
		b.Data[i] = s.Normal()
	}
	solve, err := New(t.Context(), &Problem{A: a, B: b}, nil)
	if err != nil {
		t.Fatal(err)
	}
	first, err := solve.Solve(t.Context(), b, nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := solve.Solve(t.Context(), b, first.X)
	if err != nil {
		t.Fatal(err)
	}
	if second.Stats.Setup != 0 {
		t.Errorf("the second solve took %g s to set up", second.Stats.Setup)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := randomMatrix(t, rng.New(1), "spd", 100)
	res, err := Solve(ctx, &Problem{A: a, B: oneColumn(make([]float64, 100))}, nil)
	if err == nil {
		t.Errorf("a cancelled run says %v", res.Status)
	}
}

func ExampleSolve() {
	a, _ := matrix.NewCSR(2, 2, []int64{0, 2, 4}, []int32{0, 1, 0, 1}, []float64{4, 1, 1, 3})
	b := &matrix.Dense{Rows: 2, Cols: 1, Data: []float64{1, 2}}
	res, err := Solve(context.Background(), &Problem{A: a, B: b}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s: %.4f\n", res.Method, res.X.Data)
	// Output: cholesky: [0.0909 0.6364]
}

// Eisenstat's trick takes the steps of SSOR as a preconditioner.
func TestEisenstatSteps(t *testing.T) {
	a := laplacian(t, 1, 30, 29)
	b := oneColumn(randomVector(a.Rows, 4))
	steps := map[string]int{}
	for _, method := range []string{CG, FCG} {
		res, err := Solve(t.Context(), &Problem{A: a, B: b}, &Options{Method: method, Preconditioner: SSOR})
		if err != nil {
			t.Fatal(err)
		}
		checkTrueResidual(t, a, res, b.Data)
		steps[method] = res.Stats.Iterations
	}
	if d := steps[CG] - steps[FCG]; d < -2 || d > 6 {
		t.Errorf("%v iterations", steps)
	}
}
