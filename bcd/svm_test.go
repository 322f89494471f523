package bcd

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/loss"
	"solve/matrix"
	"solve/solver"
)

// svmProblem draws two overlapping classes; share is the part of the entries
// that are not zero.
func svmProblem(t testing.TB, seed uint64, n, p int, share float64, squared bool) *Problem {
	t.Helper()
	r := rng.New(seed)
	x, err := matrix.NewDense(n, p, make([]float64, n*p))
	if err != nil {
		t.Fatal(err)
	}
	y := make([]float64, n)
	for i := range n {
		y[i] = float64(2*(i%2) - 1)
		for j := range p {
			if r.Float64() < share {
				x.Data[i*p+j] = r.Normal() + 0.4*y[i]/math.Sqrt(float64(j+1))
			}
		}
	}
	problem := &Problem{X: x, Y: y, Penalty: NoPenalty, Scale: Sum, L2: 0.7, Loss: loss.Hinge()}
	if squared {
		problem.Loss = loss.SquaredHinge()
	}
	if share < 1 {
		if problem.X, err = x.ToCSR(); err != nil {
			t.Fatal(err)
		}
	}
	return problem
}

func solveSVM(t testing.TB, p *Problem, method string, tol float64) *Result {
	t.Helper()
	opt := &Options{Method: method}
	opt.Tol, opt.MaxIter = tol, 200000
	res, err := Solve(context.Background(), p, opt)
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	return res
}

// rowsOf returns X as plain rows.
func rowsOf(p *Problem) [][]float64 {
	n, cols := p.X.Dims()
	rows := make([][]float64, n)
	at := p.X.(interface{ At(i, j int) float64 })
	for i := range rows {
		rows[i] = make([]float64, cols)
		for j := range cols {
			rows[i][j] = at.At(i, j)
		}
	}
	return rows
}

// referenceDual maximises the dual by accelerated projected gradient and
// returns D in units of the objective; for weights and offsets, and no
// intercept.
func referenceDual(p *Problem, c []float64, squared bool) float64 {
	rows := rowsOf(p)
	n := len(rows)
	q := make([][]float64, n)
	trace := 0.0
	for i := range q {
		q[i] = make([]float64, n)
		for k := range q[i] {
			for j := range rows[i] {
				q[i][k] += p.Y[i] * p.Y[k] * rows[i][j] * rows[k][j]
			}
		}
		if squared {
			q[i][i] += 1 / c[i]
		}
		trace += q[i][i]
	}
	linear := make([]float64, n)
	for i := range linear {
		linear[i] = 1
		if p.Offset != nil {
			linear[i] -= p.Y[i] * p.Offset[i]
		}
	}
	a, z, momentum := make([]float64, n), make([]float64, n), 1.0
	for range 40000 {
		next := make([]float64, n)
		for i := range next {
			g := -linear[i]
			for k := range z {
				g += q[i][k] * z[k]
			}
			next[i] = math.Max(0, z[i]-g/trace)
			if !squared {
				next[i] = math.Min(next[i], c[i])
			}
		}
		turn := 0.0
		for i := range next {
			turn += (z[i] - next[i]) * (next[i] - a[i])
		}
		old := momentum
		momentum = (1 + math.Sqrt(1+4*momentum*momentum)) / 2
		if turn > 0 {
			old, momentum = 1, 1
		}
		for i := range z {
			z[i] = next[i] + (old-1)/momentum*(next[i]-a[i])
		}
		a = next
	}
	d := 0.0
	for i := range a {
		d += linear[i] * a[i]
		for k := range a {
			d -= a[i] * q[i][k] * a[k] / 2
		}
	}
	return d * p.L2
}

func TestSVMPairHasClosedForm(t *testing.T) {
	// x = ±1 with y = ±1: P = L2 w²/2 + 2ℓ(1−w).
	for _, l2 := range []float64{0.5, 2, 5} {
		x, _ := matrix.NewDense(2, 1, []float64{1, -1})
		p := &Problem{X: x, Y: []float64{7, 3}, Penalty: NoPenalty, Scale: Sum, L2: l2}
		for _, method := range []string{Auto, Cyclic, Semismooth} {
			p.Loss = loss.Hinge()
			if res, want := solveSVM(t, p, method, 1e-12), math.Min(1, 2/l2); math.Abs(res.X[0]-want) > 1e-6 {
				t.Errorf("%s: hinge, L2 = %g: w = %v, want %v", method, l2, res.X[0], want)
			}
			p.Loss = loss.SquaredHinge()
			res := solveSVM(t, p, method, 1e-12)
			if want := 2 / (l2 + 2); math.Abs(res.X[0]-want) > 1e-6 {
				t.Errorf("%s: squared hinge, L2 = %g: w = %v, want %v", method, l2, res.X[0], want)
			}
			if *res.Labels != [2]float64{3, 7} {
				t.Errorf("labels %v", *res.Labels)
			}
		}
	}
}

func TestSVMInterceptHasClosedForm(t *testing.T) {
	// Points 1 and 3 on the line, separable: the widest margin has w = 1, x₀ = −2.
	x, _ := matrix.NewDense(2, 1, []float64{1, 3})
	p := &Problem{X: x, Y: []float64{-1, 1}, Penalty: NoPenalty, Scale: Sum, L2: 0.01, Intercept: true, Loss: loss.Hinge()}
	res := solveSVM(t, p, Auto, 1e-12)
	if math.Abs(res.X[0]-1) > 1e-6 || math.Abs(res.Intercept+2) > 1e-6 {
		t.Errorf("w = %v, x₀ = %v, want 1 and -2", res.X[0], res.Intercept)
	}
	for i, a := range res.Dual {
		if math.Abs(a-0.5) > 1e-6 {
			t.Errorf("α_%d = %v, want 1/2", i, a)
		}
	}
}

func TestSVMReachesTheReferenceDual(t *testing.T) {
	for _, squared := range []bool{false, true} {
		for seed, shape := range [][2]int{{30, 4}, {20, 40}} {
			p := svmProblem(t, uint64(seed), shape[0], shape[1], 0.7, squared)
			r := rng.New(99)
			p.Weights, p.Offset = make([]float64, shape[0]), make([]float64, shape[0])
			total := 0.0
			for i := range p.Weights {
				p.Weights[i], p.Offset[i] = 0.2+r.Float64(), 0.3*r.Normal()
				total += p.Weights[i]
			}
			c := make([]float64, len(p.Weights))
			for i, w := range p.Weights {
				c[i] = w * float64(shape[0]) / total / p.L2
			}
			want := referenceDual(p, c, squared)
			for _, method := range []string{Auto, Cyclic, Semismooth} {
				res := solveSVM(t, p, method, 1e-10)
				if math.Abs(res.Objective-want) > 1e-7*want {
					t.Errorf("%d×%d squared=%v %s: objective %.12g, reference %.12g", shape[0], shape[1], squared, method, res.Objective, want)
				}
			}
		}
	}
}

func TestSVMInterceptIsTheLimitOfALargeColumn(t *testing.T) {
	// A constant column of size K lets K·w stand for x₀ with the penalty w² =
	// (x₀/K)², which vanishes with growing K.
	const large = 1e3
	for _, squared := range []bool{false, true} {
		p := svmProblem(t, 5, 60, 5, 1, squared)
		a := p.X.(*matrix.Dense)
		wide, _ := matrix.NewDense(60, 6, make([]float64, 360))
		for i := range 60 {
			copy(wide.Row(i), a.Row(i))
			wide.Row(i)[5] = large
			if i%6 == 0 {
				p.Y[i] = 1
			}
		}
		q := *p
		q.X = wide
		want := solveSVM(t, &q, Auto, 1e-10)
		p.Intercept = true
		res := solveSVM(t, p, Auto, 1e-10)
		if math.Abs(res.Objective-want.Objective) > 1e-5*want.Objective {
			t.Errorf("squared=%v: objective %.10g, with a large column %.10g", squared, res.Objective, want.Objective)
		}
		if res.Objective > want.Objective {
			t.Errorf("squared=%v: the penalised intercept is better: %v > %v", squared, res.Objective, want.Objective)
		}
	}
}

func TestSVMGapAndComplementarity(t *testing.T) {
	for _, squared := range []bool{false, true} {
		for _, intercept := range []bool{false, true} {
			for seed, shape := range [][2]int{{200, 10}, {80, 300}, {300, 40}} {
				for _, share := range []float64{0.1, 1} {
					p := svmProblem(t, uint64(seed), shape[0], shape[1], share, squared)
					p.Intercept = intercept
					res := solveSVM(t, p, Auto, 1e-10)
					name := fmt.Sprintf("%v squared=%v intercept=%v share=%g", shape, squared, intercept, share)
					checkComplementarity(t, name, p, res, squared)
				}
			}
		}
	}
}

// checkComplementarity bounds what each α may differ from what its margin says.
func checkComplementarity(t *testing.T, name string, p *Problem, res *Result, squared bool) {
	t.Helper()
	c := 1 / p.L2
	balance := 0.0
	for i, row := range rowsOf(p) {
		eta := res.Intercept
		for j, v := range row {
			eta += v * res.X[j]
		}
		m, a := 1-p.Y[i]*eta, res.Dual[i]
		balance += a * p.Y[i]
		if a < 0 || !squared && a > c {
			t.Fatalf("%s: α_%d = %v outside [0, %v]", name, i, a, c)
		}
		bad := math.Min(a, math.Max(0, -m))
		if squared {
			bad = math.Abs(a - c*math.Max(0, m))
		} else {
			bad = math.Max(bad, math.Min(c-a, math.Max(0, m)))
		}
		if bad > 1e-4 {
			t.Errorf("%s: row %d: α = %v with margin %v", name, i, a, m)
		}
	}
	if p.Intercept && math.Abs(balance) > 1e-6 {
		t.Errorf("%s: Σ α y = %v", name, balance)
	}
}

func TestSVMWeightsAreRepetition(t *testing.T) {
	for _, squared := range []bool{false, true} {
		for _, intercept := range []bool{false, true} {
			p := svmProblem(t, 3, 40, 6, 0.5, squared)
			p.Intercept, p.Scale = intercept, Mean
			p.L2 = 0.02
			p.Weights = make([]float64, 40)
			repeated := *p
			repeated.Weights, repeated.Y = nil, nil
			var row, col []int32
			var val []float64
			for i, r := range rowsOf(p) {
				p.Weights[i] = float64(i % 4) // also 0
				for range i % 4 {
					for j, v := range r {
						if v != 0 {
							row, col, val = append(row, int32(len(repeated.Y))), append(col, int32(j)), append(val, v)
						}
					}
					repeated.Y = append(repeated.Y, p.Y[i])
				}
			}
			x, _, err := matrix.FromTriplets(len(repeated.Y), 6, row, col, val)
			if err != nil {
				t.Fatal(err)
			}
			repeated.X = x
			a, b := solveSVM(t, p, Auto, 1e-11), solveSVM(t, &repeated, Auto, 1e-11)
			if math.Abs(a.Objective-b.Objective) > 1e-10*b.Objective {
				t.Errorf("squared=%v intercept=%v: %.14g with weights, %.14g with repeated rows", squared, intercept, a.Objective, b.Objective)
			}
			if len(a.Dual) != 40 || a.Dual[0] != 0 {
				t.Errorf("a row of weight 0 has α = %v", a.Dual[0])
			}
		}
	}
}

func TestSVMStandardizeIsScaledColumns(t *testing.T) {
	p := svmProblem(t, 8, 90, 5, 1, false)
	a := p.X.(*matrix.Dense)
	for i := range 90 {
		a.Row(i)[1] *= 30
		a.Row(i)[4] = 2 // constant
	}
	scaled, _ := matrix.NewDense(90, 5, append([]float64(nil), a.Data...))
	spread := make([]float64, 5)
	for j := range 5 {
		mean, square := 0.0, 0.0
		for i := range 90 {
			mean += a.Row(i)[j] / 90
			square += a.Row(i)[j] * a.Row(i)[j] / 90
		}
		spread[j] = math.Sqrt(math.Max(0, square-mean*mean))
		for i := range 90 {
			scaled.Row(i)[j] /= spread[j]
			if j == 4 {
				scaled.Row(i)[j] = 0
			}
		}
	}
	q := *p
	q.X = scaled
	p.Standardize = true
	res, want := solveSVM(t, p, Auto, 1e-11), solveSVM(t, &q, Auto, 1e-11)
	for j := range 4 {
		if math.Abs(res.X[j]*spread[j]-want.X[j]) > 1e-4 {
			t.Errorf("coefficient %d: %v, want %v", j, res.X[j]*spread[j], want.X[j])
		}
	}
	if res.X[4] != 0 || math.Abs(res.Objective-want.Objective) > 1e-9*want.Objective {
		t.Errorf("constant column %v, objective %v, want %v", res.X[4], res.Objective, want.Objective)
	}
}

func TestSVMZeroAndDuplicateRows(t *testing.T) {
	for _, squared := range []bool{false, true} {
		p := svmProblem(t, 4, 60, 4, 1, squared)
		a := p.X.(*matrix.Dense)
		for i := range 60 {
			if i%5 == 0 {
				clear(a.Row(i))
			} else if i >= 30 {
				copy(a.Row(i), a.Row(i-30))
			}
		}
		for _, method := range []string{Auto, Cyclic, Semismooth} {
			res := solveSVM(t, p, method, 1e-10)
			// The margin of a zero row is 1: α = C either way.
			if got := res.Dual[0]; math.Abs(got-1/p.L2) > 1e-6 {
				t.Errorf("squared=%v %s: α of a zero row is %v, want %v", squared, method, got, 1/p.L2)
			}
		}
	}
}

func TestSVMSameBitsForAnyThreads(t *testing.T) {
	p := svmProblem(t, 12, 5000, 8, 0.5, false)
	var first *Result
	for _, threads := range []int{1, 2, 5} {
		opt := &Options{}
		opt.Threads, opt.Tol = threads, 1e-9
		res, err := Solve(context.Background(), p, opt)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = res
		}
		for j := range res.X {
			if res.X[j] != first.X[j] {
				t.Fatalf("%d threads: coefficient %d is %v, was %v", threads, j, res.X[j], first.X[j])
			}
		}
	}
}

func TestSVMLimits(t *testing.T) {
	p := svmProblem(t, 6, 300, 20, 1, false)
	opt := &Options{Method: Cyclic}
	opt.Tol, opt.MaxIter = 1e-12, 2
	res, err := Solve(context.Background(), p, opt)
	if !errors.Is(err, solver.ErrIterationLimit) || res == nil || res.Status != solver.Stopped || !(res.DualGap > 0) {
		t.Errorf("two sweeps: %+v, %v", res, err)
	}
	for _, method := range []string{Cyclic, Semismooth} {
		ctx, cancel := context.WithCancel(context.Background())
		opt = &Options{Method: method}
		opt.Tol = 1e-13
		opt.Recorder = solver.RecorderFunc(func(solver.Record) error { cancel(); return nil })
		res, err = Solve(ctx, p, opt)
		if !errors.Is(err, solver.ErrInterrupted) || res == nil || res.Reason != solver.Interrupted {
			t.Errorf("%s cancelled: %v", method, err)
		}
		stop := errors.New("enough")
		opt.Recorder = solver.RecorderFunc(func(solver.Record) error { return stop })
		if _, err = Solve(context.Background(), p, opt); !errors.Is(err, stop) {
			t.Errorf("%s: recorder's error is lost: %v", method, err)
		}
	}
}

func TestSVMRefuses(t *testing.T) {
	good := func() *Problem { return svmProblem(t, 1, 10, 3, 1, false) }
	for name, c := range map[string]struct {
		change func(*Problem)
		method string
		want   error
	}{
		"one class":           {func(p *Problem) { clear(p.Y) }, Auto, solver.ErrInput},
		"three classes":       {func(p *Problem) { p.Y[0] = 9 }, Auto, solver.ErrInput},
		"no ridge":            {func(p *Problem) { p.L2 = 0 }, Auto, solver.ErrUnsupported},
		"an l1 penalty":       {func(p *Problem) { p.Penalty, p.Lambda = L1, 1 }, Auto, solver.ErrUnsupported},
		"a ratio of lambdas":  {func(p *Problem) { p.LambdaRatio = 0.1 }, Auto, solver.ErrUnsupported},
		"bounds":              {func(p *Problem) { p.NonNegative = true }, Auto, solver.ErrUnsupported},
		"cd and an intercept": {func(p *Problem) { p.Intercept = true }, Cyclic, solver.ErrUnsupported},
		"ssn and squares":     {func(p *Problem) { p.Loss = loss.Squared() }, Semismooth, solver.ErrUnsupported},
		"NaN":                 {func(p *Problem) { p.X.(*matrix.Dense).Data[4] = math.NaN() }, Auto, solver.ErrNonFinite},
		"overflow":            {func(p *Problem) { p.X.(*matrix.Dense).Data[4] = 1e200 }, Auto, solver.ErrNonFinite},
		"tiny ridge":          {func(p *Problem) { p.L2 = 1e-310 }, Auto, solver.ErrNonFinite},
		"labels missing":      {func(p *Problem) { p.Y = p.Y[:3] }, Auto, solver.ErrDimension},
		"negative weight":     {func(p *Problem) { p.Weights = []float64{-1, 1, 1, 1, 1, 1, 1, 1, 1, 1} }, Auto, solver.ErrNegative},
	} {
		p := good()
		c.change(p)
		if res, err := Solve(context.Background(), p, &Options{Method: c.method}); !errors.Is(err, c.want) || res != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	opt := &Options{}
	opt.MaxMemory = 100
	if _, err := Solve(context.Background(), good(), opt); !errors.Is(err, solver.ErrTooLarge) {
		t.Errorf("100 bytes: %v", err)
	}
}

func TestSVMSystemsAgree(t *testing.T) {
	// The three ways to solve with the Hessian give one direction.
	for _, intercept := range []bool{false, true} {
		for _, share := range []float64{0.2, 1} {
			p := svmProblem(t, 21, 40, 15, share, true)
			p.Intercept = intercept
			s, err := newSVM(p, &Options{})
			if err != nil {
				t.Fatal(err)
			}
			free := []int32{1, 2, 5, 8, 9, 14, 20, 21, 33, 39, 0, 7, 11, 13, 15, 16, 18}
			solve := func(way int) ([]float64, float64) {
				d := make([]float64, 15)
				for j := range d {
					d[j] = math.Sin(float64(j + 1))
				}
				h := &hessian{svm: s}
				h.begin(3)
				h.work = make([]float64, 15)
				if way == 0 {
					return d, h.columnForm(free, d, 0.4)
				}
				d0, ok := h.rowForm(free, d, 0.4, 200*(way-1), false)
				if !ok {
					t.Fatalf("way %d failed", way)
				}
				return d, d0
			}
			want, want0 := solve(0)
			for way := 1; way <= 2; way++ {
				d, d0 := solve(way)
				for j := range d {
					if math.Abs(d[j]-want[j]) > 1e-4 || intercept && math.Abs(d0-want0) > 1e-4 {
						t.Fatalf("intercept=%v share=%g way %d: d_%d = %v, want %v; d₀ = %v, want %v", intercept, share, way, j, d[j], want[j], d0, want0)
					}
				}
			}
		}
	}
}
