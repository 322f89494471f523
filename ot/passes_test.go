package ot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"solve/solver"
)

// designPasses is how many passes over the cost the default method takes by
// its design, from a prototype: the median over seeds may be 1.3 times that.
var designPasses = []struct {
	name     string
	n        int
	eps, tol float64
	passes   int
}{
	{"assignment", 500, 1. / 1200, 1e-12, 26},
	{"assignment", 1000, 1. / 1200, 1e-12, 25},
	{"assignment", 2000, 1. / 1200, 1e-12, 24},
	{"assignment", 500, 1e-4, 1e-11, 49},
	{"clouds", 1000, 1e-3, 1e-12, 25},
	{"clouds", 1000, 1e-4, 1e-11, 32},
	{"clouds", 2000, 1e-3, 1e-12, 25},
	{"clouds", 2000, 1e-4, 1e-11, 32},
	{"images L2", 28, 1. / 1200, 1e-12, 27},
	{"images L2", 28, 1e-4, 1e-11, 43},
	{"images L1", 28, 1. / 1200, 1e-12, 151},
	{"images L1", 28, 1e-4, 1e-11, 252},
}

// designSlack is what the median may exceed the design by.
const designSlack = 1.3

// TestPasses holds the default method to the number of passes over the cost
// that its design promises. ε is relative to the largest cost, which is 1.
func TestPasses(t *testing.T) {
	var table strings.Builder
	for _, row := range designPasses {
		seeds := uint64(5)
		var instance func(seed uint64) *Problem
		switch row.name {
		case "assignment":
			instance = func(seed uint64) *Problem { return assignment(row.n, seed) }
		case "clouds":
			instance = func(seed uint64) *Problem { return clouds(row.n, seed) }
		case "images L2":
			seeds, instance = 1, func(uint64) *Problem { return images(row.n, SqEuclidean) }
		case "images L1":
			seeds, instance = 1, func(uint64) *Problem { return images(row.n, Cityblock) }
		}
		if testing.Short() {
			if row.n > 1000 {
				continue
			}
			seeds = 1
		}
		var passes []int
		worst, gap := 0.0, 0.0
		for seed := range seeds {
			p := instance(seed)
			p.Reg = row.eps
			res := solveLogged(t, fmt.Sprintf("%s %d, ε = %.3g, seed %d", row.name, row.n, row.eps, seed), p, tight(row.tol))
			if res == nil {
				continue
			}
			passes = append(passes, res.Stats.Passes)
			worst = max(worst, certificate(t, res, "marginal_error"))
			gap = max(gap, certificate(t, res, "dual_gap"))
		}
		if len(passes) == 0 {
			continue
		}
		slices.Sort(passes)
		median := passes[len(passes)/2]
		fmt.Fprintf(&table, "%-10s %5d  %8.2g  %4d  ≤ %5.1f  %v  e %.1e  gap %.1e\n",
			row.name, row.n, row.eps, median, designSlack*float64(row.passes), passes, worst, gap)
		if float64(median) > designSlack*float64(row.passes) {
			t.Errorf("%s %d, ε = %.3g: median of %d passes, want at most %.1f", row.name, row.n, row.eps, median, designSlack*float64(row.passes))
		}
	}
	t.Logf("instance       n         ε  median passes\n%s", table.String())
}

// solveLogged solves and, on failure, logs every iteration.
func solveLogged(t *testing.T, name string, p *Problem, opt *Options) *Result {
	var trace []solver.Record
	opt.Recorder = solver.RecorderFunc(func(r solver.Record) error {
		trace = append(trace, r)
		return nil
	})
	res, err := Solve(context.Background(), p, opt)
	if err == nil {
		return res
	}
	for _, r := range trace {
		t.Logf("%4d %-9s e=%.3e t=%.3g", r.Iter, r.Phase, r.Residual, r.Step)
	}
	t.Errorf("%s: %v", name, err)
	return nil
}
