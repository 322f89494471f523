package ot

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"solve/matrix"
	"solve/solver"
)

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

// The published rule keeps ⌈λ·n·m⌉ entries (ties aside) and converges where
// that is enough; error control needs no more Newton steps than it.
func TestSNSSparsity(t *testing.T) {
	p := assignment(200, 1)
	p.Reg = 1. / 500
	want := mustSolve(t, p, tight(1e-11))
	steps := map[bool]int{}
	for _, adaptive := range []bool{false, true} {
		for _, augmented := range []bool{false, true} {
			res := mustSolve(t, p, &Options{Method: SNS, SNSAdaptive: adaptive, SNSAugmented: augmented, Settings: solver.Settings{Tol: 1e-10}})
			samePlan(t, fmt.Sprint("adaptive ", adaptive, ", augmented ", augmented), planMatrix(res.Plan), planMatrix(want.Plan), 1e-8)
			steps[adaptive] = res.Stats.NewtonSteps
			if res.Stats.Sweeps != defaultSNSSinkhorn {
				t.Errorf("%d sweeps, want %d", res.Stats.Sweeps, defaultSNSSinkhorn)
			}
			if !adaptive && res.Stats.HessianNNZ != defaultSNSKeep*200 {
				t.Errorf("%d entries kept, want %d", res.Stats.HessianNNZ, defaultSNSKeep*200)
			}
		}
	}
	if steps[true] > steps[false] {
		t.Errorf("%d Newton steps with error control, %d without", steps[true], steps[false])
	}
	for _, lambda := range []float64{0.02, 0.1, 1} {
		res := mustSolve(t, p, &Options{Method: SNS, SNSSinkhorn: 50, SNSLambda: lambda})
		if got := float64(res.Stats.HessianNNZ); got < lambda*200*200-1e-6 || got > lambda*200*200+1 {
			t.Errorf("λ = %g keeps %g of %d entries", lambda, got, 200*200)
		}
		if res.Stats.Sweeps != 50 {
			t.Errorf("%d sweeps, want 50", res.Stats.Sweeps)
		}
	}
}

// Over-relaxation saves iterations where plain Sinkhorn is slow, and reaches
// the same plan.
func TestOverRelaxation(t *testing.T) {
	for seed := range uint64(3) {
		p := clouds(80, seed)
		p.Reg = 3e-3
		plain := mustSolve(t, p, &Options{Method: Sinkhorn})
		relaxed := mustSolve(t, p, &Options{Method: Sinkhorn, Omega: 1.8})
		if relaxed.Stats.Sweeps > plain.Stats.Sweeps/3 {
			t.Errorf("%d sweeps with ω = 1.8, %d plain", relaxed.Stats.Sweeps, plain.Stats.Sweeps)
		}
		samePlan(t, "over-relaxed", planMatrix(relaxed.Plan), planMatrix(plain.Plan), 1e-5)
		for _, omega := range []float64{0.5, 1.99} { // slow, or held back by the safeguard
			res := mustSolve(t, p, &Options{Method: Sinkhorn, Omega: omega, Settings: solver.Settings{Tol: 1e-6}})
			samePlan(t, fmt.Sprint("ω = ", omega), planMatrix(res.Plan), planMatrix(plain.Plan), 1e-2)
		}
	}
}

// The potentials of one problem start a neighbouring one, either way round.
func TestWarmStart(t *testing.T) {
	for _, size := range [][2]int{{60, 40}, {40, 60}} {
		p := random(size[0], size[1], 3)
		p.Reg = 0.005
		for _, method := range methods {
			tol := 1e-9
			if method == Greenkhorn {
				tol = 1e-6
			}
			opt := &Options{Method: method, Settings: solver.Settings{Tol: tol}}
			cold := mustSolve(t, p, opt)
			near := random(size[0], size[1], 3)
			near.Reg = 0.0048
			from := mustSolve(t, near, opt)
			opt.Warm = cold.G
			again := mustSolve(t, p, opt)
			if w, c := work(again), work(cold); w > c/2 {
				t.Errorf("%s: %d iterations from the answer, %d from nothing", method, w, c)
			}
			warm := mustSolve(t, near, opt)
			if w, c := work(warm), work(from); method != Auto && method != SNS && w >= c {
				t.Errorf("%s: %d iterations from a neighbour's answer, %d from nothing", method, w, c)
			} else if method == Auto && warm.Stats.Passes >= from.Stats.Passes {
				t.Errorf("%d passes from a neighbour's answer, %d from nothing", warm.Stats.Passes, from.Stats.Passes)
			}
			samePlan(t, method, planMatrix(warm.Plan), planMatrix(from.Plan), 1e4*tol)
		}
	}
}

// work is what a warm start can save: the N1 Sinkhorn iterations of sns are
// done whatever the start.
func work(r *Result) int {
	if r.Method == SNS {
		return r.Stats.NewtonSteps
	}
	return r.Stats.Iterations
}

// Methods() lists what Options.Validate lets pass and Solve runs.
func TestMethodsAreListed(t *testing.T) {
	var names []string
	for _, m := range Methods() {
		names = append(names, m.Name)
		if m.Summary == "" || m.Paper == "" || m.When == "" {
			t.Errorf("%s: %+v", m.Name, m)
		}
		p := random(5, 4, 1)
		if m.Name == Exact || m.Name == Assignment {
			p.Reg = 0
		}
		if m.Name == Assignment {
			p.A, p.B = []float64{1, 1, 1, 1}, []float64{1, 1, 1, 1, 1}
			p.Cost = NewDenseCost(&matrix.Dense{Rows: 4, Cols: 5, Data: storedCost(p).Data})
		}
		res := mustSolve(t, p, &Options{Method: m.Name})
		if res.Method != m.Name {
			t.Errorf("method %s ran as %s", m.Name, res.Method)
		}
	}
	slices.Sort(names)
	want := slices.Sorted(slices.Values(append([]string{Exact, Assignment}, methods...)))
	if !slices.Equal(names, want) {
		t.Errorf("methods %v, tested are %v", names, want)
	}
	res, err := Solve(context.Background(), random(5, 4, 1), nil)
	if err != nil || res.Method != Auto || res.Why == "" {
		t.Errorf("default: method %q, why %q, error %v", res.Method, res.Why, err)
	}
}

// The statistics of a run add up.
func TestStats(t *testing.T) {
	for _, method := range methods {
		s := mustSolve(t, random(30, 20, 1), &Options{Method: method}).Stats
		if s.Iterations != s.Sweeps+s.NewtonSteps+s.Updates || s.Iterations == 0 || s.Passes == 0 {
			t.Errorf("%s: %+v", method, s)
		}
		if (method == Auto || method == SNS) != (s.NewtonSteps > 0) || (method == Greenkhorn) != (s.Updates > 0) {
			t.Errorf("%s: %+v", method, s)
		}
	}
}
