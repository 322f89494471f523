package constrained

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"solve/internal/rng"
	"solve/solver"
)

// equationsByName gives the hand-written problems.
func equationsByName(t testing.TB, name string) known {
	t.Helper()
	for _, k := range equations() {
		if k.p.Name == name {
			return k
		}
	}
	t.Fatalf("no problem %s", name)
	return known{}
}

// history runs a method and returns the result with the objectives and residuals of all
// iterations.
func history(t testing.TB, p *Problem, opt Options) (r *Result, f, residual []float64) {
	t.Helper()
	opt.Recorder = solver.RecorderFunc(func(rec solver.Record) error {
		f, residual = append(f, rec.Objective), append(residual, rec.Residual)
		return nil
	})
	r, err := Solve(context.Background(), p, &opt)
	if r == nil {
		t.Fatalf("%s: %v", p.Name, err)
	}
	return r, f, residual
}

func galmOptions(inner string, tol float64) Options {
	return Options{Method: GALM, Inner: inner, Settings: solver.Settings{Tol: tol, Seed: 1}}
}

// The iterations of the authors' programs, or of another implementation of the same
// rules, with the literal modification of the Hessian.
func TestGALMIterationsOfThePaper(t *testing.T) {
	for _, c := range []struct {
		name           string
		coarse, fine   int // iterations to 1e-4 and 1e-8; 0 = not known
		residual, unit float64
	}{
		{"HS6", 9, 0, 0, 0},
		{"HS7", 10, 11, 5.6e-7, 1e-8},
		{"HS26", 11, 0, 0, 0},
		{"HS27", 10, 12, 0, 0},
		{"HS28", 1, 1, 0, 0},
		{"HS39", 13, 0, 0, 0},
		{"HS40", 3, 4, 4.3e-6, 1e-7},
		{"HS42", 4, 5, 7.4e-5, 1e-6},
		{"HS48", 1, 1, 0, 0},
		{"HS51", 1, 1, 0, 0},
		{"HS52", 1, 1, 0, 0},
		{"BT3", 1, 1, 0, 0},
		{"HS77", 8, 9, 3.9e-5, 1e-6},
		{"HS100LNP", 8, 0, 1.3e-5, 1e-6},
		{"BT1", 28, 29, 0, 0},
		{"MARATOS", 14, 0, 0, 0},
	} {
		k := equationsByName(t, c.name)
		opt := galmOptions(Direct, 1e-4)
		opt.HessMod = "paper"
		r, _, _ := history(t, k.p, opt)
		if r.Status != solver.Solved || r.Stats.Iterations != c.coarse {
			t.Errorf("%s: %v after %d iterations, want %d", c.name, r.Status, r.Stats.Iterations, c.coarse)
		}
		if c.unit > 0 && math.Abs(r.Stats.KKTResidual-c.residual) > c.unit {
			t.Errorf("%s: ‖(∇L, c)‖ = %.3g, want %.3g", c.name, r.Stats.KKTResidual, c.residual)
		}
		opt.Tol = 1e-8
		if r, _, _ = history(t, k.p, opt); r.Status != solver.Solved || c.fine > 0 && r.Stats.Iterations != c.fine {
			t.Errorf("%s to 1e-8: %v after %d iterations, want %d", c.name, r.Status, r.Stats.Iterations, c.fine)
		}
	}
}

func TestGALMKnown(t *testing.T) {
	quadratic := []string{"HS28", "HS48", "HS51", "HS52", "BT3"}
	for _, k := range equations() {
		r, _, _ := history(t, k.p, galmOptions(Direct, 1e-8))
		if r.Status != solver.Solved || math.Abs(r.Objective-k.f) > 1e-6*math.Max(1, math.Abs(k.f)) {
			t.Errorf("%s: %v, f = %.12g, want %.12g", k.p.Name, r.Verdict, r.Objective, k.f)
		}
		for j := range k.x {
			if math.Abs(r.X[j]-k.x[j]) > 1e-4 {
				t.Errorf("%s: x = %v, want %v", k.p.Name, r.X, k.x)
			}
		}
		if slices.Contains(quadratic, k.p.Name) && r.Stats.Iterations != 1 {
			t.Errorf("%s: %d iterations", k.p.Name, r.Stats.Iterations)
		}
		// Without a shift after short steps it goes on with steps of 1e-6.
		if k.p.Name == "HS27" && r.Stats.Iterations > 20 {
			t.Errorf("HS27: %d iterations", r.Stats.Iterations)
		}
	}
}

// atRandom evaluates a program at a random point near its start, with random
// multipliers and penalties.
func atRandom(t testing.TB, p *Problem, seed uint64) *galmRun {
	t.Helper()
	opt := galmOptions(Direct, 1e-8)
	opt.SetDefaults()
	q := newProgram(p, &opt)
	k, err := newKKT(q)
	if err != nil {
		t.Fatal(err)
	}
	g := newGALM(q, k, &opt, nil)
	s := rng.New(seed)
	q.start(g.pt.x)
	for j := range g.pt.x {
		g.pt.x[j] += 0.1 * s.Normal()
	}
	for i := range g.y {
		g.y[i] = s.Normal()
	}
	if !q.first(g.pt) || !q.hessian(g.pt.x, 1, g.y, g.h) {
		t.Fatalf("%s is not defined near its start", p.Name)
	}
	g.e1, g.e2 = 0.5+s.Float64(), 0.5+s.Float64()
	g.look()
	g.terms.at(q, g.pt, g.h)
	return g
}

func (g *galmRun) meritAt(x, y []float64) float64 {
	copy(g.trial.x, x)
	if !g.q.first(g.trial) {
		return math.NaN()
	}
	g.q.lagrangianGradient(g.trialGL, g.trial, y)
	return g.merit.value(g.trial.f, y, g.trial.c, g.trialGL)
}

func TestMeritGradient(t *testing.T) {
	for i, k := range equations() {
		g := atRandom(t, k.p, uint64(i))
		x, y := slices.Clone(g.pt.x), slices.Clone(g.y)
		n := len(x)
		d := make([]float64, n+len(y))
		exact, differences := make([]float64, len(d)), make([]float64, len(d))
		for j := range d {
			clear(d)
			d[j] = 1
			exact[j] = g.merit.slope(g.terms.along(d))
			at, h := &x, 0.0
			place := j
			if j >= n {
				at, place = &y, j-n
			}
			h = 1e-5 * math.Max(1, math.Abs((*at)[place]))
			before := (*at)[place]
			(*at)[place] = before + h
			up := g.meritAt(x, y)
			(*at)[place] = before - h
			down := g.meritAt(x, y)
			(*at)[place] = before
			differences[j] = (up - down) / (2 * h)
		}
		if e := distance(exact, differences) / norm(exact); !(e < 1e-6) {
			t.Errorf("%s: ∇M is off by %.2g", k.p.Name, e)
		}
	}
}

// Along the exact step M′(d) = −pᵀBp + 2cᵀq − ε₁‖c‖² − ε₂‖∇L‖² + ε₂∇Lᵀ(H − B)p.
func TestMeritSlopeOfNewton(t *testing.T) {
	for i, k := range equations() {
		g := atRandom(t, k.p, 100+uint64(i))
		if err := g.factorise(context.Background(), i%2 == 0); err != nil {
			t.Fatal(err)
		}
		if g.k.dc > 0 {
			continue
		}
		n := g.q.n
		p, q := g.d[:n], g.d[n:]
		hp := make([]float64, n)
		g.q.mulHessian(hp, g.h, p)
		curvature := dot(p, hp) + g.k.dw*dot(p, p)
		want := -curvature + 2*dot(g.pt.c, q) - g.e1*dot(g.pt.c, g.pt.c) - g.e2*dot(g.gl, g.gl) - g.e2*g.k.dw*dot(g.gl, p)
		if got := g.merit.slope(g.terms.along(g.d)); math.Abs(got-want) > 1e-9*(math.Abs(curvature)+math.Abs(want)) {
			t.Errorf("%s: M′(d) = %.12g, want %.12g", k.p.Name, got, want)
		}
	}
}

// M depends on c through its length and products only: an orthogonal matrix before c
// leaves the iterates as they are.
func TestGALMOrthogonalMixing(t *testing.T) {
	for _, name := range []string{"HS39", "HS40", "HS42", "HS77", "HS100LNP"} {
		k := equationsByName(t, name)
		mixed := *k.p
		inside := k.p.Functions.(formula)
		mixed.Functions = formula{inside.n, inside.m, func(x []jet) (jet, []jet) {
			f, c := inside.at(x)
			sin, cos := math.Sincos(0.7)
			for i := 1; i < len(c); i++ {
				c[i-1], c[i] = c[i-1].times(cos).sub(c[i].times(sin)), c[i-1].times(sin).add(c[i].times(cos))
			}
			return f, c
		}}
		opt := galmOptions(Direct, 1e-8)
		r, want, _ := history(t, k.p, opt)
		other, got, _ := history(t, &mixed, opt)
		if r.Stats.Iterations != other.Stats.Iterations {
			t.Errorf("%s: %d iterations, mixed %d", name, r.Stats.Iterations, other.Stats.Iterations)
			continue
		}
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-7*math.Max(1, math.Abs(want[i])) {
				t.Errorf("%s: f_%d = %.12g, mixed %.12g", name, i, want[i], got[i])
			}
		}
	}
}

// Neither the order of the variables nor a constant in f matters.
func TestGALMInvariance(t *testing.T) {
	for _, k := range equations() {
		inside := k.p.Functions.(formula)
		n := k.p.N
		perm := rng.New(5).Perm(n)
		moved := *k.p
		moved.X0 = make([]float64, n)
		for j, v := range perm {
			moved.X0[v] = k.p.X0[j]
		}
		moved.Functions = formula{inside.n, inside.m, func(x []jet) (jet, []jet) {
			z := make([]jet, n)
			for j, v := range perm {
				z[j] = x[v]
			}
			f, c := inside.at(z)
			return f.plus(3), c
		}}
		opt := galmOptions(Direct, 1e-8)
		r, _, _ := history(t, k.p, opt)
		other, _, _ := history(t, &moved, opt)
		if r.Stats.Iterations != other.Stats.Iterations || math.Abs(other.Objective-3-r.Objective) > 1e-7*math.Max(1, math.Abs(r.Objective)) {
			t.Errorf("%s: %d iterations to %.12g, then %d to 3 + %.12g", k.p.Name, r.Stats.Iterations, r.Objective, other.Stats.Iterations, other.Objective-3)
		}
	}
}

// With θ_k = min(1, R_k) the ratios of the last residuals fall.
func TestGALMSuperlinear(t *testing.T) {
	more := 0 // steps than with θ = 1
	for _, name := range []string{"HS7", "HS40", "HS77", "HS100LNP"} {
		opt := galmOptions(CountSketch, 1e-9)
		opt.Theta = "superlinear"
		r, _, residual := history(t, equationsByName(t, name).p, opt)
		linear, _, _ := history(t, equationsByName(t, name).p, galmOptions(CountSketch, 1e-9))
		more += r.Stats.SketchSteps - linear.Stats.SketchSteps
		if r.Status != solver.Solved {
			t.Errorf("%s: %v", name, r.Verdict)
		}
		for i := len(residual) - 2; i < len(residual); i++ {
			if before, now := residual[i-1]/residual[i-2], residual[i]/residual[i-1]; !(now < before) {
				t.Errorf("%s: residuals %.3g", name, residual[len(residual)-4:])
			}
		}
	}
	if more <= 0 {
		t.Errorf("%d more steps than with θ = 1", more)
	}
}

// Every inner solver finds the answers, in about as many iterations.
func TestGALMInnerSolvers(t *testing.T) {
	for _, inner := range []string{"rk", "gv", "bgauss:3", "count", "brk:2", "minres", "gmres", "gmres:3"} {
		for _, name := range []string{"HS6", "HS7", "HS28", "HS40", "HS42", "HS52", "HS77", "HS100LNP"} {
			k := equationsByName(t, name)
			exact, _, _ := history(t, k.p, galmOptions(Direct, 1e-5))
			r, _, _ := history(t, k.p, galmOptions(inner, 1e-5))
			if r.Status != solver.Solved || math.Abs(r.Objective-k.f) > 1e-3*math.Max(1, math.Abs(k.f)) {
				t.Errorf("%s, %s: %v, f = %.10g, want %.10g", name, inner, r.Verdict, r.Objective, k.f)
			}
			if d := r.Stats.Iterations - exact.Stats.Iterations; d < -2 || d > 2 || r.Stats.SketchSteps == 0 {
				t.Errorf("%s, %s: %d iterations and %d steps, exactly %d", name, inner, r.Stats.Iterations, r.Stats.SketchSteps, exact.Stats.Iterations)
			}
			again, _, _ := history(t, k.p, galmOptions(inner, 1e-5))
			if !slices.Equal(r.X, again.X) || r.Stats.SketchSteps != again.Stats.SketchSteps {
				t.Errorf("%s, %s: another answer from the same seed", name, inner)
			}
		}
	}
}

// An accuracy that the steps allowed do not reach is counted.
func TestGALMInnerMissed(t *testing.T) {
	opt := galmOptions(Kaczmarz, 1e-4)
	opt.InnerSteps = 64
	opt.MaxIter = 3
	r, _, _ := history(t, equationsByName(t, "HS77").p, opt)
	if r.Stats.InnerMissed == 0 || r.Stats.SketchSteps > 64*(r.Stats.Iterations+1) {
		t.Errorf("%d missed, %d steps in %d iterations", r.Stats.InnerMissed, r.Stats.SketchSteps, r.Stats.Iterations)
	}
}

func TestGALMEnds(t *testing.T) {
	k := equationsByName(t, "HS77")
	opt := galmOptions(Direct, 1e-8)
	opt.MaxIter = 2
	if r, _, _ := history(t, k.p, opt); r.Status != solver.Stopped || r.Reason != solver.IterationLimit || r.Stats.Iterations != 2 {
		t.Errorf("two iterations: %v after %d", r.Verdict, r.Stats.Iterations)
	}
	full := errors.New("disk full")
	opt.Recorder = solver.RecorderFunc(func(solver.Record) error { return full })
	if _, err := Solve(context.Background(), k.p, &opt); !errors.Is(err, full) {
		t.Errorf("a recorder's error: %v", err)
	}
	for _, method := range []string{GALM, L1, L1Adaptive, AL} {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		r, err := Solve(ctx, k.p, &Options{Method: method})
		if r == nil || r.Reason != solver.Interrupted {
			t.Errorf("%s, interrupted: %v", method, err)
		}
		undefined := write("log", []float64{-1}, zeros(1), zeros(1), nil, nil, func(x []jet) (jet, []jet) {
			return x[0].log(), []jet{x[0]}
		})
		r, err = Solve(context.Background(), undefined, &Options{Method: method})
		if r == nil || r.Status != solver.Breakdown || r.Reason != solver.EvaluationError {
			t.Errorf("%s, log −1: %v", method, err)
		}
	}
	opt = galmOptions(Direct, 1e-8)
	opt.HessMod = "paper"
	large := &Problem{N: 2001, X0: zeros(2001), Functions: formula{2001, 0, nil}}
	if _, err := newInner(&program{n: large.N}, &opt); !errors.Is(err, solver.ErrTooLarge) {
		t.Errorf("eigenvalues of order 2001: %v", err)
	}
	opt.MaxMemory = 1000
	if _, err := newInner(&program{n: 20}, &opt); !errors.Is(err, solver.ErrTooLarge) {
		t.Errorf("dense matrices in 1000 bytes: %v", err)
	}
	if _, err := augmentedLagrangian(context.Background(), &program{n: 2001}, &opt); !errors.Is(err, solver.ErrTooLarge) {
		t.Errorf("the augmented Lagrangian with n = 2001: %v", err)
	}
}

func TestGALMDegenerate(t *testing.T) {
	// The same equation twice: the answer without it.
	twice := write("HS28 twice", []float64{-4, 1, 1}, zeros(2), zeros(2), nil, nil, func(x []jet) (jet, []jet) {
		c := x[0].add(x[1].times(2), x[2].times(3)).plus(-1)
		return x[0].add(x[1]).sq().add(x[1].add(x[2]).sq()), []jet{c, c}
	})
	// Three consistent equations for two unknowns.
	lines := write("three curves", []float64{5, -7}, zeros(3), zeros(3), nil, nil, func(x []jet) (jet, []jet) {
		return constant(2, 0), []jet{x[0].sub(x[1]), x[0].add(x[1]).plus(-2), x[0].mul(x[1]).plus(-1)}
	})
	// A start where ∇c vanishes.
	flat := write("x1² + x2² = 1 from 0", zeros(2), filled(1, 1), filled(1, 1), nil, nil, func(x []jet) (jet, []jet) {
		return x[0].add(x[1]), []jet{x[0].sq().add(x[1].sq())}
	})
	free := write("Rosenbrock", []float64{-1.2, 1}, nil, nil, nil, nil, func(x []jet) (jet, []jet) {
		return x[0].plus(-1).sq().add(x[1].sub(x[0].sq()).sq().times(100)), nil
	})
	for _, c := range []struct {
		p *Problem
		x []float64
	}{
		{twice, []float64{0.5, -0.5, 0.5}}, {lines, []float64{1, 1}},
		{flat, []float64{-math.Sqrt(0.5), -math.Sqrt(0.5)}}, {free, []float64{1, 1}},
	} {
		for _, inner := range []string{Direct, "rk", "gmres"} {
			opt := galmOptions(inner, 1e-6)
			opt.InnerSteps = 2000
			if c.p == free && inner == "rk" {
				continue // far more steps than that
			}
			r, _, _ := history(t, c.p, opt)
			if r.Status != solver.Solved || distance(r.X, c.x) > 1e-4 {
				t.Errorf("%s, %s: %v, x = %v", c.p.Name, inner, r.Verdict, r.X)
			}
		}
	}
	// ∇L is rounded at 1e-5: the certificate, relative to ∇f, decides.
	steep := write("steep", []float64{3, 2, 1}, zeros(1), zeros(1), nil, nil, func(x []jet) (jet, []jet) {
		return x[0].plus(-math.Pi).sq().add(x[1].sq(), x[2].pow(4)).times(1e11), []jet{x[0].add(x[1], x[2].sq()).plus(-1.7)}
	})
	if r, _, _ := history(t, steep, galmOptions(Direct, 1e-13)); r.Status != solver.Solved || r.Stats.Iterations > 8 {
		t.Errorf("steep: %v after %d iterations", r.Verdict, r.Stats.Iterations)
	}
	// No solution: that is no method for equations to say.
	none := write("x² + 1 = 0", []float64{2}, zeros(1), zeros(1), nil, nil, func(x []jet) (jet, []jet) {
		return x[0], []jet{x[0].sq().plus(1)}
	})
	if r, _, _ := history(t, none, galmOptions(Direct, 1e-8)); r.Status != solver.Stopped {
		t.Errorf("x² + 1 = 0: %v", r.Verdict)
	}
}

func TestLevenbergMarquardt(t *testing.T) {
	for _, name := range []string{"HS7", "HS39", "HS40", "HS77", "HS100LNP"} {
		g := atRandom(t, equationsByName(t, name).p, 3)
		if err := g.q.levenbergMarquardt(context.Background(), g.k, g.pt, g.trial, 1e-9); err != nil {
			t.Fatal(err)
		}
		if v := normInf(g.pt.c); v > 1e-9 {
			t.Errorf("%s: ‖c‖ = %g", name, v)
		}
		if n := g.q.stats.Evaluations; n > 12 {
			t.Errorf("%s: %d evaluations", name, n)
		}
	}
	// Without a solution it ends where ‖c‖ is least.
	p := write("parallel", []float64{7, 5}, []float64{1, 2}, []float64{1, 2}, nil, nil, func(x []jet) (jet, []jet) {
		return constant(2, 0), []jet{x[0].add(x[1]), x[0].add(x[1])}
	})
	g := atRandom(t, p, 4)
	if err := g.q.levenbergMarquardt(context.Background(), g.k, g.pt, g.trial, 1e-9); err != nil {
		t.Fatal(err)
	}
	if sum := g.pt.x[0] + g.pt.x[1]; math.Abs(sum-1.5) > 1e-6 {
		t.Errorf("x1 + x2 = %g, want 1.5", sum)
	}
}
