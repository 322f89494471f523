package constrained

import (
	"context"
	"errors"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/internal/verify"
	"solve/solver"
)

func linear(p *Problem) *Problem {
	p.Linear = make([]bool, p.M)
	for i := range p.Linear {
		p.Linear[i] = true
	}
	return p
}

func solveAll(t *testing.T, p *Problem, methods ...string) map[string]*Result {
	t.Helper()
	all := map[string]*Result{}
	for _, m := range methods {
		r, err := Solve(context.Background(), p, &Options{Method: m})
		if r == nil {
			t.Fatalf("%s, %s: %v", p.Name, m, err)
		}
		if (err == nil) != (r.Status == solver.Solved) {
			t.Errorf("%s, %s: %v with %v", p.Name, m, err, r.Status)
		}
		all[m] = r
	}
	return all
}

// A duplicated equation changes neither the answer nor the verdict.
func TestDuplicatedEquation(t *testing.T) {
	p := write("HS28 twice", []float64{-4, 1, 1}, zeros(2), zeros(2), nil, nil, func(x []jet) (jet, []jet) {
		c := x[0].add(x[1].times(2), x[2].times(3)).plus(-1)
		return x[0].add(x[1]).sq().add(x[1].add(x[2]).sq()), []jet{c, c}
	})
	for m, r := range solveAll(t, p, Auto, IPM) {
		if r.Status != solver.Solved || r.Rank != 1 {
			t.Errorf("%s: %v, rank %d", m, r.Verdict, r.Rank)
		}
		for j, want := range []float64{0.5, -0.5, 0.5} {
			if math.Abs(r.X[j]-want) > 1e-7 {
				t.Errorf("%s: x = %v", m, r.X)
			}
		}
	}
}

// More equations than variables, but consistent.
func TestMoreEquationsThanVariables(t *testing.T) {
	p := write("three lines", []float64{5, -7}, zeros(3), zeros(3), nil, nil, func(x []jet) (jet, []jet) {
		return constant(2, 0), []jet{x[0].sub(x[1]), x[0].add(x[1]).plus(-2), x[0].mul(x[1]).plus(-1)}
	})
	for m, r := range solveAll(t, p, Auto, IPM) {
		if r.Status != solver.Solved || math.Abs(r.X[0]-1) > 1e-6 || math.Abs(r.X[1]-1) > 1e-6 {
			t.Errorf("%s: %v, x = %v", m, r.Verdict, r.X)
		}
	}
}

// x² = 0 has no multipliers: whatever the verdict, x is near 0, and solved comes
// with a warning.
func TestNoMultiplier(t *testing.T) {
	p := write("x² = 0", []float64{1}, zeros(1), zeros(1), nil, nil, func(x []jet) (jet, []jet) {
		return x[0], []jet{x[0].sq()}
	})
	for m, r := range solveAll(t, p, Auto, IPM) {
		if math.Abs(r.X[0]) > 1e-3 || r.Status == solver.Solved && len(r.Warnings) == 0 {
			t.Errorf("%s: %v, x = %v, y = %v", m, r.Verdict, r.X, r.Y)
		}
	}
}

// Nonlinear constraints that contradict one another are no proof of infeasibility.
func TestLocallyInfeasible(t *testing.T) {
	for _, p := range []*Problem{
		write("x² + 1 = 0", []float64{2}, zeros(1), zeros(1), nil, nil, func(x []jet) (jet, []jet) {
			return x[0], []jet{x[0].sq().plus(1)}
		}),
		write("circle and line", []float64{2, 0}, []float64{1, 3}, []float64{1, 3}, nil, nil, func(x []jet) (jet, []jet) {
			return x[0], []jet{x[0].sq().add(x[1].sq()), x[0].add(x[1])}
		}),
	} {
		for m, r := range solveAll(t, p, Auto, IPM) {
			if r.Status != solver.Stopped || r.Reason != solver.LocallyInfeasible {
				t.Errorf("%s, %s: %v, x = %v", p.Name, m, r.Verdict, r.X)
			}
		}
	}
}

// Linear constraints that contradict one another, or the bounds: proved.
func TestInfeasible(t *testing.T) {
	sum := func(x []jet) jet { return x[0].add(x[1]) }
	for _, p := range []*Problem{
		linear(write("1 and 2", []float64{0, 0}, []float64{1, 2}, []float64{1, 2}, nil, nil, func(x []jet) (jet, []jet) {
			return x[0].sq(), []jet{sum(x), sum(x)}
		})),
		linear(write("beyond the box", []float64{0, 0}, []float64{3}, []float64{inf}, zeros(2), filled(2, 1), func(x []jet) (jet, []jet) {
			return x[0].sq(), []jet{sum(x)}
		})),
		linear(write("three inequalities", []float64{0, 0}, []float64{1, 1, -inf}, []float64{inf, inf, 1.5}, nil, nil, func(x []jet) (jet, []jet) {
			return x[0].sq(), []jet{x[0], x[1], sum(x)}
		})),
		linear(write("0 = 1", []float64{0, 0}, []float64{1}, []float64{1}, nil, nil, func(x []jet) (jet, []jet) {
			return x[0], []jet{x[0].times(0)}
		})),
		write("crossed", []float64{0, 0}, nil, nil, []float64{0, 2}, []float64{1, 1}, func(x []jet) (jet, []jet) { return x[0], nil }),
	} {
		for m, r := range solveAll(t, p, Auto, IPM) {
			if r.Status != solver.Infeasible || r.Proof == nil {
				t.Errorf("%s, %s: %v", p.Name, m, r.Verdict)
				continue
			}
			if r.Proof.Kind == "farkas" {
				v := p.evaluate(r.X)
				if kernel, gap := p.limits().Contradiction(r.Proof.Rows, r.X, v); !verify.Contradicts(kernel, gap) {
					t.Errorf("%s, %s: the proof %v has kernel %g, gap %g", p.Name, m, r.Proof.Rows, kernel, gap)
				}
			}
		}
	}
}

// Random linear inequalities of which a positive combination is 0 ≤ −1.
func TestRandomInfeasible(t *testing.T) {
	s := rng.New(9)
	for trial := range 40 {
		n := 2 + s.Below(12)
		m := n + s.Below(10)
		q := quadratic{g: zeros(n), lo: filled(n, -inf), hi: filled(n, inf), cl: filled(m+1, -inf), cu: zeros(m + 1)}
		last, limit := zeros(n), -1.0
		for j := range n {
			q.q = append(q.q, zeros(n))
			q.q[j][j] = 1
		}
		for i := range m {
			row := zeros(n)
			u := s.Float64()
			if s.Below(3) == 0 {
				u = 0
			}
			q.cu[i] = s.Normal()
			for j := range row {
				row[j] = s.Normal()
				last[j] -= u * row[j]
			}
			limit -= u * q.cu[i]
			q.a = append(q.a, row)
		}
		q.a, q.cu[m] = append(q.a, last), limit
		p := q.problem()
		for m, r := range solveAll(t, p, Auto, IPM) {
			if r.Status != solver.Infeasible || r.Proof == nil || r.Proof.Kind != "farkas" {
				t.Errorf("trial %d, %s: %v", trial, m, r.Verdict)
			}
		}
	}
}

// Objectives without a minimum, and the vacuous row 0 = 0.
func TestUnbounded(t *testing.T) {
	for _, p := range []*Problem{
		write("x", []float64{1}, nil, nil, nil, nil, func(x []jet) (jet, []jet) { return x[0], nil }),
		write("0 = 0", []float64{1, 1}, zeros(1), zeros(1), nil, nil, func(x []jet) (jet, []jet) { return x[0], []jet{x[0].times(0)} }),
		write("half-plane", []float64{1, 1}, []float64{0}, []float64{inf}, zeros(2), nil, func(x []jet) (jet, []jet) {
			return x[0].times(-1).sub(x[1].times(2)), []jet{x[0].sub(x[1])}
		}),
		write("concave", []float64{1, 1}, []float64{1}, []float64{1}, nil, nil, func(x []jet) (jet, []jet) {
			return x[0].sq().times(-1), []jet{x[1]}
		}),
	} {
		for m, r := range solveAll(t, p, Auto, IPM) {
			if r.Status != solver.Unbounded || r.Proof == nil || r.Proof.Kind != "ray" {
				t.Errorf("%s, %s: %v", p.Name, m, r.Verdict)
			}
		}
	}
}

// The same row with the constant 1 is a contradiction; with 0, its rank is 0.
func TestVacuousRow(t *testing.T) {
	p := write("vacuous", []float64{3, 1}, zeros(1), zeros(1), nil, nil, func(x []jet) (jet, []jet) {
		return x[0].sq().add(x[1].sq()), []jet{x[0].times(0)}
	})
	for m, r := range solveAll(t, p, Auto, IPM) {
		if r.Status != solver.Solved || r.Rank != 0 {
			t.Errorf("%s: %v, rank %d", m, r.Verdict, r.Rank)
		}
	}
}

// A start where the functions are not defined.
func TestUndefinedStart(t *testing.T) {
	p := write("log", []float64{-1}, nil, nil, nil, nil, func(x []jet) (jet, []jet) { return x[0].sub(x[0].log()), nil })
	for m, r := range solveAll(t, p, IPM) {
		if r.Status != solver.Breakdown || r.Reason != solver.EvaluationError {
			t.Errorf("%s: %v", m, r.Verdict)
		}
	}
	bounded := write("log, x ≥ 0", []float64{-1}, nil, nil, []float64{0}, nil, func(x []jet) (jet, []jet) { return x[0].sub(x[0].log()), nil })
	for m, r := range solveAll(t, bounded, Auto, IPM) {
		if r.Status != solver.Solved || math.Abs(r.X[0]-1) > 1e-6 {
			t.Errorf("%s: %v, x = %v", m, r.Verdict, r.X)
		}
	}
}

// Everything fixed, nothing to decide; no objective; no constraints.
func TestSmallest(t *testing.T) {
	fixed := write("fixed", []float64{5, 5}, []float64{3}, []float64{3}, []float64{1, 2}, []float64{1, 2}, func(x []jet) (jet, []jet) {
		return x[0].mul(x[1]), []jet{x[0].add(x[1])}
	})
	partly := write("partly fixed", []float64{5, 5, 5}, []float64{3}, []float64{3}, []float64{1, -inf, -1e21}, []float64{1, inf, 1e20}, func(x []jet) (jet, []jet) {
		return x[1].sq().add(x[2].sq(), x[0]), []jet{x[0].add(x[1], x[2])}
	})
	for m, r := range solveAll(t, fixed, Auto, IPM) {
		if r.Status != solver.Solved || r.Objective != 2 {
			t.Errorf("%s: %v %v", m, r.Verdict, r.Objective)
		}
	}
	for m, r := range solveAll(t, partly, Auto, IPM) {
		if r.Status != solver.Solved || math.Abs(r.Objective-3) > 1e-7 {
			t.Errorf("%s: %v %v", m, r.Verdict, r.Objective)
		}
	}
}

func TestRefused(t *testing.T) {
	p := inequalities()[0].p
	for _, c := range []struct {
		opt  *Options
		want error
	}{
		{&Options{Method: GALM}, solver.ErrInput},
		{&Options{Method: "simplex"}, solver.ErrOption},
		{&Options{Settings: solver.Settings{Tol: -1}}, solver.ErrOption},
		{&Options{Settings: solver.Settings{MaxMemory: 100}}, solver.ErrTooLarge},
	} {
		if _, err := Solve(context.Background(), p, c.opt); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c.opt, err)
		}
	}
}

// Whatever ends a run early leaves its best point and says why.
func TestStopped(t *testing.T) {
	p := inequalities()[0].p
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, m := range []string{Auto, IPM} {
		r, err := Solve(ctx, p, &Options{Method: m})
		if r == nil || r.Status != solver.Stopped || r.Reason != solver.Interrupted || len(r.X) != 4 || err == nil {
			t.Errorf("%s, cancelled: %+v, %v", m, r, err)
		}
		r, err = Solve(context.Background(), p, &Options{Method: m, Settings: solver.Settings{MaxIter: 2}})
		if r == nil || r.Reason != solver.IterationLimit || !errors.Is(err, solver.ErrIterationLimit) || r.Stats.Iterations > 2 {
			t.Errorf("%s, two iterations: %+v, %v", m, r, err)
		}
		for _, q := range []*Problem{p, linkedProblem(400, 150)} {
			r, err = Solve(context.Background(), q, &Options{Method: m, Settings: solver.Settings{TimeLimit: 1}})
			if r == nil || r.Reason != solver.TimeLimit || !errors.Is(err, solver.ErrTimeLimit) || len(r.X) != q.N {
				t.Errorf("%s, %s, no time: %+v, %v", q.Name, m, r, err)
			}
		}
		stop := errors.New("enough")
		rec := solver.RecorderFunc(func(r solver.Record) error {
			if r.Iter == 3 {
				return stop
			}
			return nil
		})
		if _, err = Solve(context.Background(), p, &Options{Method: m, Settings: solver.Settings{Recorder: rec}}); !errors.Is(err, stop) {
			t.Errorf("%s, recorder: %v", m, err)
		}
	}
}

// The rows contradict their bounds, while f falls without limit in a variable that
// they do not contain: far away the violation is small beside the point.
func TestInfeasibleWhereTheObjectiveFalls(t *testing.T) {
	p := write("both", []float64{0, 0.5}, []float64{2}, []float64{inf}, []float64{-inf, 0}, []float64{inf, 1}, func(x []jet) (jet, []jet) {
		return x[0].times(1e6), []jet{x[1]}
	})
	for m, r := range solveAll(t, p, Auto, IPM) {
		if r.Status == solver.Unbounded || r.Status == solver.Solved {
			t.Errorf("%s: %v", m, r.Verdict)
		}
	}
}

// A ray starts at a feasible point, has no multipliers, and stops at limits whose
// terms are small beside the point.
func TestRayStartsFeasible(t *testing.T) {
	p := write("half-plane", []float64{5, -3}, []float64{1}, []float64{1}, nil, nil, func(x []jet) (jet, []jet) {
		return x[0].times(-1), []jet{x[0].sub(x[1])}
	})
	for m, r := range solveAll(t, p, Auto, IPM) {
		if r.Status != solver.Unbounded || math.Abs(r.X[0]-r.X[1]-1) > 1e-8 || r.Y[0] != 0 {
			t.Errorf("%s: %v from %v, y = %v", m, r.Verdict, r.X, r.Y)
		}
	}
	p = write("far limit", []float64{0}, []float64{-inf}, []float64{1}, nil, nil, func(x []jet) (jet, []jet) {
		return x[0].times(-1), []jet{x[0].times(1e-9)}
	})
	for m, r := range solveAll(t, p, Auto, IPM) {
		if r.Status == solver.Unbounded {
			t.Errorf("%s: %v", m, r.Verdict)
		}
	}
}

// Where every variable is fixed, what the only point misses is no matter of
// tolerances.
func TestNothingFreeInfeasible(t *testing.T) {
	linear := write("fixed", []float64{1}, []float64{3}, []float64{3}, []float64{1}, []float64{1}, func(x []jet) (jet, []jet) {
		return x[0], []jet{x[0]}
	})
	linear.Linear = []bool{true}
	bent := write("fixed, bent", []float64{1}, []float64{3}, []float64{3}, []float64{1}, []float64{1}, func(x []jet) (jet, []jet) {
		return x[0], []jet{x[0].sq()}
	})
	for m, r := range solveAll(t, linear, Auto, IPM) {
		if r.Status != solver.Infeasible || r.Proof == nil {
			t.Errorf("%s: %v", m, r.Verdict)
		}
	}
	for m, r := range solveAll(t, bent, Auto, IPM) {
		if r.Status != solver.Stopped || r.Reason != solver.LocallyInfeasible {
			t.Errorf("%s: %v", m, r.Verdict)
		}
	}
}
