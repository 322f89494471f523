//go:build unix

package batch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"solve/internal/report"
	"solve/solver"
)

// run runs jobs and returns their results by number.
func run(t *testing.T, ctx context.Context, l *Local, dir Dir, jobs []*Job) (map[int]*Result, error) {
	t.Helper()
	unlock, err := dir.Open(false)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	out := map[int]*Result{}
	err = l.Run(ctx, jobs, dir, func(r *Result) { out[r.Job.Number] = r })
	return out, err
}

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// wantNoDrafts fails if a batch left anything unfinished in its directory.
func wantNoDrafts(t *testing.T, dir Dir) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir.Path, ".*~"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestJobsAndTheirEnds(t *testing.T) {
	dir := Dir{t.TempDir()}
	jobs := jobsOf(t, "ok 'a b'", "stopped", "crash", "half", "die", "ok")
	jobs[5].Threads = true
	got, err := run(t, context.Background(), local(t), dir, jobs)
	if err != nil {
		t.Fatal(err)
	}
	wantNoDrafts(t, dir)
	for _, tt := range []struct {
		number, exit    int
		status, message string
	}{
		{1, 0, "solved", ""}, {2, 4, "solved", ""},
		{3, 10 + int(Ended), "internal", "exit code 2 and without a report: panic: out of thin air"},
		{4, 10 + int(Ended), "internal", "exit code 0 and without a report"},
		{5, 10 + int(Signalled), "internal", "killed"},
		{6, 0, "solved", ""},
	} {
		r := got[tt.number]
		if r == nil || r.Job.Exit != tt.exit || r.Status != tt.status || !strings.Contains(r.Message, tt.message) {
			t.Errorf("job %d: %+v, want %+v", tt.number, r, tt)
			continue
		}
		raw := []byte(text(t, dir.place(tt.number, "json")))
		if !json.Valid(raw) || bytes.Count(raw, []byte("\n")) != 1 {
			t.Errorf("job %d: not one JSON object on one line: %s", tt.number, raw)
		}
	}
	if s := text(t, dir.place(1, "out")); s != "a b\n" {
		t.Errorf("stdout %q", s)
	}
	if s := text(t, dir.place(1, "log")); s != "said\n" {
		t.Errorf("stderr %q", s)
	}
	threads := func(k int) string {
		rep, err := report.Read(strings.NewReader(text(t, dir.place(k, "json"))))
		if err != nil {
			t.Fatal(err)
		}
		return rep.Method.Options.Text("threads")
	}
	if threads(1) != "1" || threads(6) != os.Getenv("GOMAXPROCS") {
		t.Errorf("threads %q and, where the job says how many, %q", threads(1), threads(6))
	}
	if got[1].SolveS != 0.25 {
		t.Errorf("solve_s %v", got[1].SolveS)
	}
}

func TestProgramThatCannotStart(t *testing.T) {
	l := local(t)
	l.Program = filepath.Join(t.TempDir(), "absent")
	got, err := run(t, context.Background(), l, Dir{t.TempDir()}, jobsOf(t, "ok"))
	if err != nil || got[1] == nil || got[1].Job.Exit != 10+int(NotStarted) {
		t.Errorf("%+v, %v", got[1], err)
	}
}

func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		job, message string
		exit         int
		limit        func(*Local)
	}{
		{"hang", "stopped after", 10 + int(OutOfTime), func(l *Local) { l.Time = 2 * time.Second }},
		{"shout", "on stdout", 10 + int(TooMuchSaid), func(l *Local) { l.Output = 1 << 20 }},
		{"eat", "of memory", 10 + int(OutOfMemory), func(l *Local) { l.Memory = 64 << 20 }},
	} {
		t.Run(tt.job, func(t *testing.T) {
			l, dir := local(t), Dir{t.TempDir()}
			tt.limit(l)
			if l.Memory > 0 && !canMeasureMemory {
				t.Skip("memory cannot be measured here")
			}
			start := time.Now()
			got, err := run(t, context.Background(), l, dir, jobsOf(t, tt.job, "ok"))
			if err != nil {
				t.Fatal(err)
			}
			if r := got[1]; r == nil || r.Job.Exit != tt.exit || !strings.Contains(r.Message, tt.message) || r.Job.Killed == "" {
				t.Errorf("%+v", r)
			}
			if got[2] == nil || !got[2].OK() {
				t.Errorf("the other job suffered: %+v", got[2])
			}
			if time.Since(start) > 30*time.Second {
				t.Errorf("took %v", time.Since(start))
			}
		})
	}
}

// A job that answers SIGINT keeps the report of its best answer.
func TestTimeLimitOfAPoliteJob(t *testing.T) {
	l := local(t)
	l.Time, l.Grace = 2*time.Second, 20*time.Second
	got, err := run(t, context.Background(), l, Dir{t.TempDir()}, jobsOf(t, "polite"))
	if r := got[1]; err != nil || r == nil || r.Status != "solved" || r.Job.Exit != 130 || !strings.Contains(r.Job.Killed, "stopped after") {
		t.Errorf("%+v, %v", r, err)
	}
}

// Interrupted jobs leave nothing, finished ones stay, waiting ones never run.
func TestInterrupt(t *testing.T) {
	l, dir := local(t), Dir{t.TempDir()}
	l.Grace = 2 * time.Second
	cause := errors.New("Ctrl-C")
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		for {
			ready, err := os.ReadFile(dir.draft(2, "out"))
			if err == nil && len(ready) > 0 && dir.Result(1) != nil {
				cancel(cause)
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	got, err := run(t, ctx, l, dir, jobsOf(t, "ok", "polite", "hang", "ok", "ok"))
	if err != cause || len(got) != 1 || got[1] == nil {
		t.Errorf("%v, %v", got, err)
	}
	wantNoDrafts(t, dir)
	for _, k := range []int{2, 3, 4, 5} {
		if dir.Result(k) != nil {
			t.Errorf("job %d has a result", k)
		}
	}
}

func TestDirectoryThatGoesAway(t *testing.T) {
	l, dir := local(t), Dir{filepath.Join(t.TempDir(), "d")}
	l.Workers = 1
	err := l.Run(context.Background(), jobsOf(t, "ok", "ok"), dir, func(r *Result) { t.Errorf("%+v", r) })
	var unwritten *DirError
	if !errors.As(err, &unwritten) || unwritten.Path != dir.Path {
		t.Error(err)
	}
}

func TestLock(t *testing.T) {
	dir := Dir{t.TempDir()}
	unlock, err := dir.Open(true)
	if err != nil {
		t.Fatal(err)
	}
	second, err := dir.Open(true)
	if err != nil {
		t.Fatalf("two tasks side by side: %v", err)
	}
	if _, err := dir.Open(false); !errors.Is(err, solver.ErrInput) {
		t.Errorf("a batch beside tasks: %v", err)
	}
	unlock()
	second()
	if unlock, err = dir.Open(false); err != nil {
		t.Fatal(err)
	}
	unlock()
}

// Every reason to run a job again, and none else.
func TestPlan(t *testing.T) {
	work := t.TempDir()
	input, log := filepath.Join(work, "in"), filepath.Join(work, "log")
	write := func(path, s string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(s), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(input, "1")
	dir := Dir{filepath.Join(work, "d")}
	jobs := jobsOf(t, "count "+log+" 1", "count "+log+" 2", "stopped", "crash")
	jobs[1].Inputs = []string{input, filepath.Join(work, "missing")}
	if _, err := run(t, context.Background(), local(t), dir, jobs); err != nil {
		t.Fatal(err)
	}
	todo := func(build string, retry bool) string {
		var out []int
		for _, j := range dir.Plan(jobs, build, retry).Todo {
			out = append(out, j.Number)
		}
		return fmt.Sprint(out)
	}
	want := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %s would run, want %s", what, got, want)
		}
	}
	want("nothing changed", todo("1", false), "[]")
	want("retry", todo("1", true), "[3 4]")
	want("another build", todo("2", false), "[1 2 3 4]")
	write(input, "2")
	want("an input changed, its size did not", todo("1", false), "[2]")
	write(input, "1")
	want("the input is back", todo("1", false), "[]")
	write(filepath.Join(work, "missing"), "")
	want("a missing input came", todo("1", false), "[2]")
	whole := text(t, dir.place(1, "json"))
	write(dir.place(1, "json"), whole[:len(whole)/2])
	want("half a report", todo("1", false), "[1 2]")
	write(dir.place(1, "json"), "")
	want("an empty report", todo("1", false), "[1 2]")
	write(dir.place(1, "json"), text(t, dir.place(3, "json")))
	want("another job's report", todo("1", false), "[1 2]")
	write(dir.place(1, "json"), whole)
	jobs[0].Args = []string{"ok"}
	want("another command", todo("1", false), "[1 2]")
	if n := dir.Plan(jobs, "1", false).Replaced; n != 1 {
		t.Errorf("%d results of other commands, want 1", n)
	}
	if s := text(t, log); strings.Count(s, "\n") != 2 {
		t.Errorf("planning ran jobs: %q", s)
	}
}

func TestHashOfADirectory(t *testing.T) {
	d := t.TempDir()
	sum := func() string { return newHasher().inputs([]string{d})[0].SHA256 }
	seen := map[string]bool{sum(): true}
	for _, c := range []struct{ name, text string }{{"a", "1"}, {"a", "2"}, {"b", "2"}} {
		if err := os.WriteFile(filepath.Join(d, c.name), []byte(c.text), 0o666); err != nil {
			t.Fatal(err)
		}
		s := sum()
		if len(s) != 64 || seen[s] {
			t.Errorf("%q after %v", s, c)
		}
		seen[s] = true
	}
}
