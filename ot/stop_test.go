package ot

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"solve/solver"
)

// slow is a problem that takes every method many iterations.
func slow() *Problem {
	p := clouds(60, 1)
	p.Reg = 1e-4
	return p
}

// stopped checks that a run ended early with a certified answer.
func stopped(t *testing.T, what string, res *Result, err error, reason solver.Reason, sentinel error) {
	t.Helper()
	if res == nil {
		t.Errorf("%s: no result, error %v", what, err)
		return
	}
	if !errors.Is(err, sentinel) {
		t.Errorf("%s: error %v, want %v", what, err, sentinel)
	}
	if res.Status != solver.Stopped || res.Reason != reason || res.Detail == "" {
		t.Errorf("%s: %v, %s (%s), want stopped, %s", what, res.Status, res.Reason, res.Detail, reason)
	}
	if len(res.Certificates) == 0 || res.Plan == nil || len(res.F) != len(res.Plan.a) || len(res.G) != len(res.Plan.b) {
		t.Errorf("%s: the answer is incomplete", what)
		return
	}
	for _, x := range []float64{res.Cost, res.Objective, res.ValueKL, res.Lower, res.Upper} {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			t.Errorf("%s: value %g", what, x)
		}
	}
	if !(res.Lower <= res.Upper) {
		t.Errorf("%s: bracket [%g, %g]", what, res.Lower, res.Upper)
	}
	// Feasible whatever the reason.
	plan := planMatrix(res.Plan)
	total := 0.0
	for i := range plan.Rows {
		row := 0.0
		for _, x := range plan.Row(i) {
			row += x
			if x < 0 {
				t.Errorf("%s: negative mass %g", what, x)
			}
		}
		total += math.Abs(row - res.Plan.a[i])
	}
	if !(total <= 1e-12) {
		t.Errorf("%s: rows of the plan are off by %g", what, total)
	}
}

func TestCancelledBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, method := range methods {
		res, err := Solve(ctx, slow(), &Options{Method: method})
		stopped(t, method, res, err, solver.Interrupted, solver.ErrInterrupted)
	}
}

// phasesOf are the phases that a method records.
var phasesOf = map[string][]string{
	Auto: {"sinkhorn", "newton"}, SNS: {"sinkhorn", "newton"}, Sinkhorn: {"sinkhorn"}, Greenkhorn: {"greenkhorn"},
}

// Cancelled after some iterations: in the warm-up and, where there is one, in
// the Newton phase.
func TestCancelledDuring(t *testing.T) {
	for method, phases := range phasesOf {
		for _, phase := range phases {
			ctx, cancel := context.WithCancel(context.Background())
			seen := 0
			opt := &Options{Method: method, SNSSinkhorn: 3, SNSAdaptive: true, Settings: solver.Settings{Tol: 1e-13, Recorder: solver.RecorderFunc(func(r solver.Record) error {
				if r.Phase == phase {
					if seen++; seen == 2 {
						cancel()
					}
				}
				return nil
			})}}
			res, err := Solve(ctx, random(60, 40, 1), opt)
			stopped(t, method+" in phase "+phase, res, err, solver.Interrupted, solver.ErrInterrupted)
			cancel()
		}
	}
}

// The deadline of the caller's context and the time limit say the same.
func TestTimeLimit(t *testing.T) {
	for _, method := range methods {
		res, err := Solve(context.Background(), slow(), &Options{Method: method, Settings: solver.Settings{TimeLimit: time.Nanosecond}})
		stopped(t, method, res, err, solver.TimeLimit, solver.ErrTimeLimit)
		ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
		res, err = Solve(ctx, slow(), &Options{Method: method})
		stopped(t, method+", deadline", res, err, solver.TimeLimit, solver.ErrTimeLimit)
		cancel()
	}
}

func TestIterationLimit(t *testing.T) {
	for _, method := range methods {
		for _, limit := range []int{1, 4, 9} {
			res, err := Solve(context.Background(), slow(), &Options{Method: method, Settings: solver.Settings{MaxIter: limit, Tol: 1e-12}})
			stopped(t, method, res, err, solver.IterationLimit, solver.ErrIterationLimit)
			// auto looks at the limit between blocks of sweeps.
			if n := res.Stats.Iterations; n < limit || n > limit+maxSweeps || method != Auto && n != limit {
				t.Errorf("%s: %d iterations, limit %d", method, n, limit)
			}
		}
	}
}

func TestRecorderErrorStops(t *testing.T) {
	full := errors.New("disk is full")
	for _, method := range methods {
		for _, at := range []int{1, 3} {
			calls := 0
			opt := &Options{Method: method, Settings: solver.Settings{Recorder: solver.RecorderFunc(func(solver.Record) error {
				if calls++; calls == at {
					return full
				}
				return nil
			})}}
			res, err := Solve(context.Background(), slow(), opt)
			if !errors.Is(err, full) {
				t.Errorf("%s: error %v, want the recorder's", method, err)
			}
			if calls != at {
				t.Errorf("%s: %d calls of a recorder that failed at call %d", method, calls, at)
			}
			if res == nil || res.Plan == nil || res.Status == solver.Solved {
				t.Errorf("%s: result %+v", method, res)
			}
		}
	}
}

// Records count up, have the words of their method and end near the answer.
func TestRecords(t *testing.T) {
	for _, method := range methods {
		p := random(20, 15, 6)
		var all []solver.Record
		opt := &Options{Method: method, Settings: solver.Settings{Tol: 1e-9, Recorder: solver.RecorderFunc(func(r solver.Record) error {
			all = append(all, r)
			return nil
		})}}
		res := mustSolve(t, p, opt)
		if len(all) == 0 {
			t.Fatalf("%s: no records", method)
		}
		for k, r := range all {
			if !slices.Contains(phasesOf[method], r.Phase) {
				t.Errorf("%s: phase %q", method, r.Phase)
			}
			if k > 0 && (r.Iter <= all[k-1].Iter || r.Elapsed < all[k-1].Elapsed) {
				t.Errorf("%s: record %d goes back: %+v after %+v", method, k, r, all[k-1])
			}
			if math.IsNaN(r.Objective) || math.IsNaN(r.Residual) || r.Residual < 0 {
				t.Errorf("%s: record %+v", method, r)
			}
		}
		last := all[len(all)-1]
		if d := math.Abs(last.Objective - res.Objective); !(d <= 1e-7) {
			t.Errorf("%s: last recorded objective %g, answer %g", method, last.Objective, res.Objective)
		}
	}
}

// A tolerance below rounding ends as at_roundoff, never as solved, and soon.
func TestToleranceBelowRounding(t *testing.T) {
	for _, method := range []string{Auto, Sinkhorn, SNS} {
		p := clouds(60, 1)
		p.Reg = 1e-2
		res, err := Solve(context.Background(), p, &Options{Method: method, Settings: solver.Settings{Tol: 1e-18}})
		if res == nil {
			t.Fatal(err)
		}
		if res.Status != solver.Stopped || res.Reason != solver.AtRoundoff && res.Reason != solver.Stalled {
			t.Errorf("%s: %v, %s", method, res.Status, res.Reason)
		}
		if !errors.Is(err, solver.ErrStalled) {
			t.Errorf("%s: error %v", method, err)
		}
		if e := certificate(t, res, "marginal_error"); !(e <= 1e-13) {
			t.Errorf("%s: stopped at marginal error %g", method, e)
		}
	}
}
