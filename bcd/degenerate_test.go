package bcd

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"solve/internal/rng"
	"solve/loss"
	"solve/matrix"
	"solve/solver"
)

func smallProblem(t testing.TB) *Problem {
	r := rng.New(1)
	x := randomDense(t, r, 20, 8)
	y := make([]float64, 20)
	for i := range y {
		y[i] = x.At(i, 1) + r.Normal()
	}
	return &Problem{X: x, Y: y, Lambda: 0.1}
}

func TestRefusals(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	ones := func(n int, v float64) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = 1
		}
		x[n-1] = v
		return x
	}
	for name, c := range map[string]struct {
		change func(p *Problem, o *Options)
		want   error
	}{
		"no matrix":             {func(p *Problem, o *Options) { p.X = nil }, solver.ErrInput},
		"short y":               {func(p *Problem, o *Options) { p.Y = p.Y[:5] }, solver.ErrDimension},
		"NaN in y":              {func(p *Problem, o *Options) { p.Y[3] = nan }, solver.ErrNonFinite},
		"NaN in X":              {func(p *Problem, o *Options) { p.X.(*matrix.Dense).Data[7] = nan }, solver.ErrNonFinite},
		"infinite offset":       {func(p *Problem, o *Options) { p.Offset = ones(20, inf) }, solver.ErrNonFinite},
		"negative weight":       {func(p *Problem, o *Options) { p.Weights = ones(20, -1) }, solver.ErrNegative},
		"all weights zero":      {func(p *Problem, o *Options) { p.Weights = make([]float64, 20) }, solver.ErrInput},
		"negative λ":            {func(p *Problem, o *Options) { p.Lambda = -1 }, solver.ErrOption},
		"λ and its ratio":       {func(p *Problem, o *Options) { p.LambdaRatio = 0.1 }, solver.ErrOption},
		"NaN penalty factor":    {func(p *Problem, o *Options) { p.PenaltyFactor = ones(8, nan) }, solver.ErrNonFinite},
		"crossed bounds":        {func(p *Problem, o *Options) { p.Lower, p.Upper = []float64{1}, []float64{0} }, solver.ErrInput},
		"excluded, not zero":    {func(p *Problem, o *Options) { p.PenaltyFactor, p.Lower = ones(8, inf), []float64{0.1} }, solver.ErrInput},
		"groups miss a column":  {func(p *Problem, o *Options) { p.Penalty, p.Groups = Group, [][]int32{{0, 1}} }, nil},
		"groups without":        {func(p *Problem, o *Options) { p.Groups = [][]int32{{0}} }, solver.ErrInput},
		"unknown penalty":       {func(p *Problem, o *Options) { p.Penalty = "scad" }, solver.ErrOption},
		"unknown scale":         {func(p *Problem, o *Options) { p.Scale = "max" }, solver.ErrOption},
		"negative counts":       {func(p *Problem, o *Options) { p.Loss, p.Y = loss.Poisson(), ones(20, -1) }, solver.ErrNegative},
		"three classes":         {func(p *Problem, o *Options) { p.Loss, p.Y = loss.Logistic(), ones(20, 3); p.Y[0] = 2 }, solver.ErrInput},
		"one class, intercept":  {func(p *Problem, o *Options) { p.Loss, p.Y, p.Intercept = loss.Logistic(), ones(20, 1), true }, solver.ErrInput},
		"no counts, intercept":  {func(p *Problem, o *Options) { p.Loss, p.Y, p.Intercept = loss.Poisson(), make([]float64, 20), true }, solver.ErrInput},
		"λ = 0, p > n":          {func(p *Problem, o *Options) { p.X, p.Lambda = randomDense(t, rng.New(2), 20, 30), 0 }, solver.ErrInput},
		"λ = 0, logistic":       {func(p *Problem, o *Options) { p.Loss, p.Y, p.Lambda = loss.Logistic(), ones(20, 0), 0 }, solver.ErrInput},
		"unknown method":        {func(p *Problem, o *Options) { o.Method = "lars" }, solver.ErrOption},
		"tolerance of 1":        {func(p *Problem, o *Options) { o.Tol = 1 }, solver.ErrOption},
		"memory":                {func(p *Problem, o *Options) { o.MaxMemory = 1000 }, solver.ErrTooLarge},
		"ratio without λ_max":   {func(p *Problem, o *Options) { p.Penalty, p.Lambda, p.LambdaRatio, p.L2 = NoPenalty, 0, 0.1, 1 }, solver.ErrInput},
		"columns of a wrong go": {func(p *Problem, o *Options) { p.X = &matrix.Stencil{Nx: 1, Ny: 1, Nz: 20, Centre: 2, Z: -1} }, solver.ErrUnsupported},
	} {
		p, o := smallProblem(t), &Options{}
		c.change(p, o)
		res, err := Solve(context.Background(), p, o)
		if res != nil || err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: result %v, error %v", name, res != nil, err)
		}
	}
}

func TestZeroTargetsConvergeAtOnce(t *testing.T) {
	p := smallProblem(t)
	clear(p.Y)
	res, err := Solve(context.Background(), p, nil)
	if err != nil || res.Stats.Support != 0 || res.DualGap != 0 {
		t.Errorf("support %d, gap %g: %v", res.Stats.Support, res.DualGap, err)
	}
	p.Lambda, p.LambdaRatio = 0, 0.5
	if _, err := Solve(context.Background(), p, nil); err != nil {
		t.Error(err)
	}
}

func TestAboveLambdaMax(t *testing.T) {
	p := smallProblem(t)
	p.Lambda = 100
	res, err := Solve(context.Background(), p, nil)
	if err != nil || res.Stats.Support != 0 || res.DualGap > 1e-15 || res.Stats.Iterations != 0 {
		t.Errorf("support %d, gap %g, %d iterations: %v", res.Stats.Support, res.DualGap, res.Stats.Iterations, err)
	}
}

// Duplicate, zero, constant and huge columns, one row.
func TestOddColumns(t *testing.T) {
	r := rng.New(9)
	for _, standardize := range []bool{false, true} {
		for _, intercept := range []bool{false, true} {
			x := randomDense(t, r, 15, 9)
			y := make([]float64, 15)
			for i := range y {
				row := x.Row(i)
				row[1], row[2], row[3], row[4] = row[0], 0, 1e6, 1e8+row[0]
				y[i] = row[0] + r.Normal()
			}
			p := &Problem{X: x, Y: y, LambdaRatio: 0.05, Standardize: standardize, Intercept: intercept}
			if _, err := Solve(context.Background(), p, nil); err != nil {
				t.Errorf("standardise %v, intercept %v: %v", standardize, intercept, err)
			}
		}
	}
	one := &Problem{X: dense(t, [][]float64{{2, 1}}), Y: []float64{3}, Lambda: 0.5}
	// ½(2x−3)² + ½|x|: x = (6 − ½)/4
	compare(t, "one row", fit(t, one, tight()).X, []float64{5.5 / 4, 0}, 1e-12)
}

func TestLimits(t *testing.T) {
	r := rng.New(12)
	x := randomDense(t, r, 100, 300)
	y := make([]float64, 100)
	for i := range y {
		y[i] = r.Normal()
	}
	p := &Problem{X: x, Y: y, LambdaRatio: 0.01}
	ctx, cancel := context.WithCancel(context.Background())
	rows := 0
	res, err := Solve(ctx, p, &Options{Settings: solver.Settings{Tol: 1e-12, Recorder: solver.RecorderFunc(func(solver.Record) error {
		if rows++; rows == 2 {
			cancel()
		}
		return nil
	})}})
	if res == nil || !errors.Is(err, solver.ErrInterrupted) || res.Reason != solver.Interrupted || !(res.DualGap > 0) {
		t.Errorf("cancelled: %v", err)
	}
	res, err = Solve(context.Background(), p, &Options{Settings: solver.Settings{Tol: 1e-12, MaxIter: 1}})
	if res == nil || !errors.Is(err, solver.ErrIterationLimit) {
		t.Errorf("one iteration: %v", err)
	}
	res, err = Solve(context.Background(), p, &Options{Settings: solver.Settings{Tol: 1e-12, TimeLimit: time.Nanosecond}})
	if res == nil || !errors.Is(err, solver.ErrTimeLimit) {
		t.Errorf("a nanosecond: %v", err)
	}
	refuses := errors.New("full")
	_, err = Solve(context.Background(), p, &Options{Settings: solver.Settings{Recorder: solver.RecorderFunc(func(solver.Record) error { return refuses })}})
	if !errors.Is(err, refuses) {
		t.Errorf("recorder: %v", err)
	}
}

// Two classes that a plane separates, without a penalty: the infimum is not
// attained, and no number of steps may turn into NaN.
func TestSeparableWithoutPenalty(t *testing.T) {
	r := rng.New(13)
	x := randomDense(t, r, 20, 30)
	y := make([]float64, 20)
	for i := range y {
		y[i] = math.Copysign(1, x.At(i, 0))
	}
	p := &Problem{X: x, Y: y, Loss: loss.Logistic(), Penalty: NoPenalty}
	res, err := Solve(context.Background(), p, &Options{AllowUnpenalized: true, Settings: solver.Settings{TimeLimit: 5 * time.Second}})
	if res == nil {
		t.Fatal(err)
	}
	if !(res.Objective < 1e-4) {
		t.Errorf("objective %g: %v", res.Objective, err)
	}
	for _, v := range res.X {
		if v-v != 0 {
			t.Fatal("not a number")
		}
	}
}

func TestInputsAreNotModified(t *testing.T) {
	p := smallProblem(t)
	x := append([]float64(nil), p.X.(*matrix.Dense).Data...)
	y := append([]float64(nil), p.Y...)
	p.Standardize, p.Intercept = true, true
	fit(t, p, nil)
	sparse, err := p.X.(*matrix.Dense).ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	val := append([]float64(nil), sparse.Val...)
	p.X = sparse
	fit(t, p, nil)
	for i := range y {
		if p.Y[i] != y[i] {
			t.Fatal("y was modified")
		}
	}
	for i := range val {
		if sparse.Val[i] != val[i] || x[i] != val[i] {
			t.Fatal("X was modified")
		}
	}
}

// The objective never grows from one working set to the next.
func TestObjectiveFalls(t *testing.T) {
	for seed := range uint64(40) {
		q := randomProblem(t, rng.New(seed+700))
		last := math.Inf(1)
		_, err := Solve(context.Background(), q, &Options{Settings: solver.Settings{Tol: 1e-9, Recorder: solver.RecorderFunc(func(r solver.Record) error {
			if r.Objective > last+1e-12*math.Max(1, math.Abs(last)) {
				t.Errorf("seed %d, %s: objective %.15g after %.15g", seed, describe(q), r.Objective, last)
			}
			if !(r.Gap >= 0) {
				t.Errorf("seed %d: gap %g", seed, r.Gap)
			}
			last = r.Objective
			return nil
		})}})
		if err != nil {
			t.Error(err)
		}
	}
}

// Plain cyclic coordinate descent, residual mode and no extrapolation agree.
func TestMethodsAgree(t *testing.T) {
	for seed := range uint64(20) {
		q := randomProblem(t, rng.New(seed+300))
		want := fit(t, q, &Options{Settings: solver.Settings{Tol: 1e-10}})
		for name, o := range map[string]*Options{
			"cyclic":    {Method: Cyclic, Settings: solver.Settings{Tol: 1e-8}},
			"residual":  {NoGram: true, Settings: solver.Settings{Tol: 1e-8}},
			"no newton": {NoNewton: true, Settings: solver.Settings{Tol: 1e-8}},
			"plain":     {NoNewton: true, Anderson: -1, Settings: solver.Settings{Tol: 1e-8}},
		} {
			res, err := Solve(context.Background(), q, o)
			if err != nil {
				t.Errorf("seed %d, %s, %s: %v", seed, name, describe(q), err)
				continue
			}
			if d := math.Abs(res.Objective - want.Objective); d > 1.1e-8*res.NullObjective {
				t.Errorf("seed %d, %s, %s: objective %.12g, want %.12g", seed, name, describe(q), res.Objective, want.Objective)
			}
		}
	}
}

// With every residual on a linear piece of the Huber loss, what the curvature
// promises says little: the engine has to go on until the checker is content.
func TestHuberFarFromTheData(t *testing.T) {
	for _, l := range []loss.Loss{loss.Huber(0.1), loss.Huber(1)} {
		p := smallProblem(t)
		p.Loss, p.Penalty, p.Lambda = l, NoPenalty, 0
		for i := range p.Y {
			p.Y[i] *= 1000
		}
		if _, err := Solve(context.Background(), p, &Options{AllowUnpenalized: true, Settings: solver.Settings{Tol: 1e-3}}); err != nil {
			t.Errorf("%s: %v", l.Name(), err)
		}
	}
}

// A matrix without entries, and targets that the intercept fits to rounding.
func TestNothingToFit(t *testing.T) {
	empty := &matrix.CSR{Rows: 2, Cols: 1, RowPtr: make([]int64, 3)}
	for _, l := range []loss.Loss{loss.Hinge(), loss.SquaredHinge()} {
		if _, err := Solve(context.Background(), &Problem{X: empty, Y: []float64{1, -1}, Loss: l, Penalty: NoPenalty, L2: 1}, nil); err != nil {
			t.Errorf("%s: %v", l.Name(), err)
		}
	}
	for _, l := range []loss.Loss{loss.Squared(), loss.Huber(1), loss.SmoothHuber(1), loss.Poisson()} {
		p := smallProblem(t)
		p.Loss, p.Intercept = l, true
		for i := range p.Y {
			p.Y[i] = 0.1
		}
		if _, err := Solve(context.Background(), p, nil); err != nil {
			t.Errorf("%s: %v", l.Name(), err)
		}
	}
}

// An intercept may be many δ away, with nothing but linear pieces between.
func TestHuberIntercept(t *testing.T) {
	for _, y := range [][]float64{{74, 973, 426, 409, 133}, {-244, 1842, -779, 862, -147}, {5000, 5001, 5002}, {-3}} {
		p := &Problem{X: &matrix.Dense{Rows: len(y), Cols: 1, Data: make([]float64, len(y))}, Y: y, Loss: loss.Huber(1), Intercept: true, Lambda: 100}
		for i := range y {
			p.X.(*matrix.Dense).Data[i] = float64(i % 2)
		}
		if _, err := Solve(context.Background(), p, &Options{Settings: solver.Settings{Tol: 1e-10}}); err != nil {
			t.Errorf("%v: %v", y, err)
		}
	}
}

// Where exponentials overflow at the first step, the intercept is found all the
// same.
func TestPoissonInterceptFarAway(t *testing.T) {
	for _, offset := range []float64{-100, -50, 0, 50, 100} {
		p := smallProblem(t)
		p.Loss, p.Intercept, p.Offset = loss.Poisson(), true, make([]float64, len(p.Y))
		for i := range p.Y {
			p.Y[i], p.Offset[i] = float64(i*i%7), offset
		}
		res, err := Solve(context.Background(), p, nil)
		if err != nil {
			t.Errorf("offset %g: %v", offset, err)
			continue
		}
		if mean := res.Intercept + offset; math.Abs(mean) > 5 {
			t.Errorf("offset %g: intercept %g", offset, res.Intercept)
		}
	}
}
