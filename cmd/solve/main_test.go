package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"solve/matrix/matio"
	"solve/solver"
)

// The contract of exit codes, error by error.
func TestExitCode(t *testing.T) {
	verdict := func(s solver.Status, r solver.Reason) error { return solver.Verdict{Status: s, Reason: r}.Err() }
	interrupted, cancel := context.WithCancelCause(context.Background())
	cancel(signalError{syscall.SIGTERM})
	tests := []struct {
		err  error
		want int
	}{
		{nil, 0},
		{&outputError{"stdout", syscall.EPIPE}, 0},
		{verdict(solver.Solved, solver.Tolerance), 0},
		{errors.New("anything"), 1},
		{verdict(solver.Unknown, ""), 1},
		{usageError("", "x"), 2},
		{&solver.OptionError{Name: "tol"}, 2},
		{inputError("", "x"), 3},
		{&matio.SyntaxError{}, 3},
		{&fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}, 3},
		{fmt.Errorf("x: %w", solver.ErrDimension), 3},
		{&solver.EntryError{Err: solver.ErrNegative}, 3},
		{fmt.Errorf("x: %w", solver.ErrUnsupported), 3},
		{verdict(solver.Stopped, solver.IterationLimit), 4},
		{verdict(solver.Stopped, solver.TimeLimit), 4},
		{verdict(solver.Stopped, solver.AtRoundoff), 4},
		{verdict(solver.Infeasible, solver.ViolatingSet), 5},
		{verdict(solver.Unbounded, solver.UnboundedRay), 5},
		{verdict(solver.Breakdown, solver.NotPositiveDefinite), 6},
		{verdict(solver.Breakdown, solver.Singular), 6},
		{fmt.Errorf("%w: x", errCheckFailed), 7},
		{&solver.TooLargeError{}, 8},
		{&outputError{"x.csv", fs.ErrPermission}, 8},
		{&outputError{"stdout", syscall.ENOSPC}, 8},
		{verdict(solver.Stopped, solver.Interrupted), 143},
		{context.Canceled, 143},
	}
	for _, tt := range tests {
		if got := exitCode(interrupted, tt.err); got != tt.want {
			t.Errorf("%v: exit %d, want %d", tt.err, got, tt.want)
		}
	}
	if got := exitCode(context.Background(), context.Canceled); got != 130 {
		t.Errorf("cancelled without a signal: exit %d, want 130", got)
	}
}

// captured runs a command line and returns its code and its streams.
func captured(t *testing.T, commands []*subcommand, args ...string) (code int, out, err string) {
	t.Helper()
	stdout, e1 := os.Create(filepath.Join(t.TempDir(), "out"))
	stderr, e2 := os.Create(filepath.Join(t.TempDir(), "err"))
	if e1 != nil || e2 != nil {
		t.Fatal(e1, e2)
	}
	defer stdout.Close()
	defer stderr.Close()
	code = run(args, commands, newConsole(os.Stdin, stdout, stderr))
	read := func(f *os.File) string {
		f.Seek(0, io.SeekStart)
		b, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	return code, read(stdout), read(stderr)
}

// A bug is exit 1 with what a report needs, as text and as JSON.
func TestPanicIsReported(t *testing.T) {
	commands := []*subcommand{{
		name: "broken", options: append(commonOptions(), jsonOption()),
		run: func(context.Context, *values, *console) error { panic("index out of thin air") },
	}}
	code, out, text := captured(t, commands, "broken")
	if code != exitInternal || out != "" {
		t.Errorf("exit %d, stdout %q", code, out)
	}
	for _, want := range []string{"index out of thin air", version(), "kernel", "report", "main_test.go"} {
		if !strings.Contains(text, want) {
			t.Errorf("stderr lacks %q:\n%s", want, text)
		}
	}
	code, _, text = captured(t, commands, "broken", "--json")
	if code != exitInternal {
		t.Errorf("exit %d", code)
	}
	if err := checkSchema([]byte(text)); err != nil || !strings.Contains(text, `"kind":"internal"`) {
		t.Errorf("%v: %s", err, text)
	}
}

// Outputs are all or nothing.
func TestOutputsAbort(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "old.csv")
	if err := os.WriteFile(old, []byte("1\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	var out outputs
	if err := out.write(old, func(w io.Writer) error { _, err := io.WriteString(w, "2\n"); return err }); err != nil {
		t.Fatal(err)
	}
	if err := out.write(filepath.Join(dir, "new.csv"), func(io.Writer) error { return errors.New("disk on fire") }); !isOutputError(err) {
		t.Fatal(err)
	}
	out.abort()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if b, _ := os.ReadFile(old); string(b) != "1\n" {
		t.Errorf("the old file is %q", b)
	}
}
