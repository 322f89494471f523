package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"solve/solver"
)

// A damaged model is refused, or is the problem that it now states: what is called
// solved, infeasible or unbounded then is confirmed by check, with its second
// evaluator.
func TestDamagedModels(t *testing.T) {
	dir := t.TempDir()
	seen := map[int]int{}
	for _, name := range []string{"chain.SIF", "circle.SIF", "hs71.nl"} {
		whole, err := os.ReadFile(filepath.Join("../../testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(11, uint64(len(whole))))
		path, out := filepath.Join(dir, name), filepath.Join(dir, "out")+"/"
		for range often(40, 2000) {
			b := damaged(r, whole)
			if err := os.WriteFile(path, b, 0o666); err != nil {
				t.Fatal(err)
			}
			code, _, said := captured(t, subcommands(), "constrained", path, "-o", out, "--time-limit", "1s", "--max-memory", "64MiB", "--relax-int", "-q")
			seen[code]++
			if !slices.Contains([]int{exitSolved, exitInput, exitStopped, exitInfeasible, exitBreakdown, exitResources}, code) {
				t.Errorf("exit %d\n%s\n%q", code, said, b)
			}
			if code == exitSolved || code == exitInfeasible {
				if c, table, said := captured(t, subcommands(), "check", out); c != 0 {
					t.Errorf("exit %d, then check says %d\n%s%s\n%q", code, c, table, said, b)
				}
			}
			if err := os.RemoveAll(out); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("exit codes: %v", seen)
}

// The dialect of AMPL's solvers: the command line wins over the environment, and
// values may be in quotes.
func TestParseAmpl(t *testing.T) {
	env := map[string]string{"solve_options": "tol=1e-3 max_iter=7", "solve_ampl_options": "max_iter=8"}
	r, err := parseAmpl([]string{"dir.nl/model.nl", "-AMPL", "tol=1e-9", `max_cpu_time="2.5"`, "linear_solver=ma57", "wantsol=2"}, func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	s := r.settings
	if r.stub != "dir.nl/model" || s.Tol != 1e-9 || s.MaxIter != 8 || s.TimeLimit.Seconds() != 2.5 || r.wantsol&wantFile == 0 || r.wantsol&wantPrimals == 0 {
		t.Errorf("%+v", r)
	}
	if len(r.notes) != 1 || !strings.Contains(r.notes[0], "linear_solver") {
		t.Errorf("notes %q", r.notes)
	}
	for _, bad := range [][]string{{"m", "tol=0"}, {"m", "max_iter=1.5"}, {"m", "method=simplex"}, {"m", "seed=-1"}, {"m", "n"}, {"tol=1e-3"}, {"m", "-o"}} {
		if _, err := parseAmpl(bad, func(string) string { return "" }); exitCode(t.Context(), err) != exitUsage {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Every verdict has its number in a .sol file.
func TestSolCode(t *testing.T) {
	for _, tt := range []struct {
		verdict solver.Verdict
		want    int
	}{
		{solver.Verdict{Status: solver.Solved, Reason: solver.Tolerance}, 0},
		{solver.Verdict{Status: solver.Stopped, Reason: solver.Acceptable}, 100},
		{solver.Verdict{Status: solver.Infeasible, Reason: solver.Inconsistent}, 200},
		{solver.Verdict{Status: solver.Stopped, Reason: solver.LocallyInfeasible}, 201},
		{solver.Verdict{Status: solver.Unbounded, Reason: solver.UnboundedRay}, 300},
		{solver.Verdict{Status: solver.Stopped, Reason: solver.IterationLimit}, 400},
		{solver.Verdict{Status: solver.Stopped, Reason: solver.TimeLimit}, 401},
		{solver.Verdict{Status: solver.Stopped, Reason: solver.Interrupted}, 402},
		{solver.Verdict{Status: solver.Stopped, Reason: solver.Stalled}, 500},
		{solver.Verdict{Status: solver.Breakdown, Reason: solver.EvaluationError}, 500},
	} {
		if got := solCode(tt.verdict); got != tt.want {
			t.Errorf("%v: %d, want %d", tt.verdict, got, tt.want)
		}
	}
}
