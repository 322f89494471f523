// Command solve is a Unix filter for classical numerical problems.
//
// One file holds one subcommand: its options, its help and its run. Nothing
// here computes: subcommands read with matrix/matio, call a solver package,
// and report with internal/report. The exit code of every outcome is decided
// in this file alone.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"

	"solve/internal/batch"
	"solve/internal/kern"
	"solve/solver"
)

func main() {
	// Without this a closed stdout kills the process; with it writes return
	// EPIPE, which is a quiet end.
	signal.Ignore(syscall.SIGPIPE)
	collectRarely()
	con := newConsole(os.Stdin, os.Stdout, os.Stderr)
	con.reportTo = os.Getenv(reportVariable)
	os.Exit(run(os.Args[1:], subcommands(), con))
}

// collectRarely trades memory for time: a run is short and makes little
// garbage. The soft limit keeps large runs to what they were allowed, about.
func collectRarely() {
	const growth, room = 400, 1.5
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(growth)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(room * float64(solver.DefaultMaxMemory)))
	}
}

// run is main without the process: it returns the exit code.
func run(args []string, commands []*subcommand, con *console) (code int) {
	defer func() {
		if r := recover(); r != nil {
			err := &internalError{cause: r, stack: string(debug.Stack())}
			con.fail(err, exitInternal)
			code = exitInternal
		}
	}()
	ctx, stop := withSignals(context.Background(), con)
	defer stop()
	err := dispatch(ctx, args, commands, con)
	code = exitCode(ctx, err)
	if err != nil && !isClosedPipe(err) {
		con.fail(err, code)
	}
	return code
}

// Exit codes. Every --help prints them.
const (
	exitSolved     = 0
	exitInternal   = 1
	exitUsage      = 2
	exitInput      = 3
	exitStopped    = 4
	exitInfeasible = 5
	exitBreakdown  = 6
	exitFailed     = 7
	exitResources  = 8
	exitSignal     = 128 // + the signal's number
)

// exits explains the codes; the word is the kind of a JSON error object.
var exits = []struct {
	code          int
	word, meaning string
}{
	{exitSolved, "solved", "every recomputed certificate that has a tolerance meets it"},
	{exitInternal, "internal", "a bug: please report it"},
	{exitUsage, "usage", "unknown flag, missing argument, a value that no input could make right"},
	{exitInput, "input", "cannot be opened, syntax, wrong shape, NaN, negative mass, a value that this input rules out"},
	{exitStopped, "stopped", "limit reached, stalled, or at rounding level above --tol: the best answer was emitted"},
	{exitInfeasible, "infeasible", "proved infeasible or unbounded, with the proof"},
	{exitBreakdown, "breakdown", "the method cannot go on: the reason and the evidence are said"},
	{exitFailed, "failed", "check failed; batch: some jobs failed"},
	{exitResources, "resources", "needs more memory than --max-memory, or the output cannot be written"},
	{exitSignal + int(syscall.SIGINT), "interrupted", "SIGINT: the best answer so far was emitted, if there was one"},
	{exitSignal + int(syscall.SIGTERM), "terminated", "SIGTERM: likewise"},
}

func exitWord(code int) string {
	for _, e := range exits {
		if e.code == code {
			return e.word
		}
	}
	return "internal"
}

// exitCode maps the outcome of a subcommand to the exit code: the one place
// that knows.
func exitCode(ctx context.Context, err error) int {
	var verdict *solver.VerdictError
	var job *batch.FailedError
	switch {
	case errors.As(err, &job):
		return jobExit(job)
	case err == nil, isClosedPipe(err):
		return exitSolved
	case errors.Is(err, solver.ErrInterrupted), errors.Is(err, context.Canceled):
		return signalCode(ctx)
	case errors.As(err, &verdict):
		return verdictCode(verdict.Verdict.Status)
	case errors.Is(err, errCheckFailed), errors.Is(err, errJobsFailed):
		return exitFailed
	case errors.Is(err, solver.ErrTooLarge), isOutputError(err):
		return exitResources
	case errors.Is(err, solver.ErrOption):
		return exitUsage
	case isInputError(err):
		return exitInput
	}
	return exitInternal
}

func verdictCode(s solver.Status) int {
	switch s {
	case solver.Solved:
		return exitSolved
	case solver.Infeasible, solver.Unbounded:
		return exitInfeasible
	case solver.Breakdown:
		return exitBreakdown
	case solver.Stopped:
		return exitStopped
	}
	return exitInternal
}

// jobExit is what counts as the exit code of a job that ended without a
// report.
func jobExit(job *batch.FailedError) int {
	interrupted := []int{exitSignal + int(syscall.SIGINT), exitSignal + int(syscall.SIGTERM)}
	switch job.How {
	case batch.OutOfTime:
		return exitStopped
	case batch.OutOfMemory, batch.TooMuchSaid, batch.NotStarted:
		return exitResources
	case batch.Signalled:
		if slices.Contains(interrupted, exitSignal+job.Exit) {
			return exitSignal + job.Exit
		}
		if job.Exit == int(syscall.SIGKILL) { // who else but the kernel, out of memory
			return exitResources
		}
	case batch.Ended:
		if slices.Contains(interrupted, job.Exit) {
			return job.Exit
		}
	}
	return exitInternal
}

func isInputError(err error) bool {
	for _, target := range []error{
		solver.ErrInput, solver.ErrFormat, solver.ErrDimension, solver.ErrNonFinite, solver.ErrNegative,
		solver.ErrUnsupported, solver.ErrNotSymmetric, solver.ErrNotPositiveDefinite,
	} {
		if errors.Is(err, target) {
			return true
		}
	}
	var path *fs.PathError
	return errors.As(err, &path)
}

// signalError is the cause of a context that a signal cancelled.
type signalError struct{ signal syscall.Signal }

func (e signalError) Error() string { return "interrupted by " + e.signal.String() }

func signalCode(ctx context.Context) int {
	var s signalError
	if errors.As(context.Cause(ctx), &s) {
		return exitSignal + int(s.signal)
	}
	return exitSignal + int(syscall.SIGINT)
}

// withSignals returns a context that the first SIGINT or SIGTERM cancels.
// The second one ends the process at once, and so does the first while there
// is nothing yet to emit.
func withSignals(parent context.Context, con *console) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	received := make(chan os.Signal, 2)
	signal.Notify(received, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		for s := range received {
			number, _ := s.(syscall.Signal)
			if con.reading.Load() || ctx.Err() != nil {
				os.Exit(exitSignal + int(number))
			}
			cancel(signalError{number})
		}
	}()
	return ctx, func() {
		signal.Stop(received)
		close(received)
		cancel(nil)
	}
}

// internalError is a caught panic.
type internalError struct {
	cause any
	stack string
}

func (e *internalError) Error() string {
	return fmt.Sprintf("internal error: %v (solve %s, %s, %s/%s, kernel %s)", e.cause, version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, kern.Name())
}
