package main

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"syscall"

	"solve/internal/batch"
	"solve/solver"
)

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
