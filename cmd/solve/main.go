// Command solve is a Unix filter for classical numerical problems.
//
// Files are named after their subcommand: ot.go has its options and its help,
// ot_input.go what it reads, ot_run.go its run, ot_check.go its part of check.
// Nothing here computes: subcommands read with matrix/matio, call a solver
// package, and report with internal/report. exit.go alone decides the exit code
// of every outcome.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

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
	if isAmpl(os.Args[0]) {
		os.Exit(runAmpl(os.Args[1:], con))
	}
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
	defer recovered(con, &code)
	ctx, stop := withSignals(context.Background(), con)
	defer stop()
	err := dispatch(ctx, args, commands, con)
	code = exitCode(ctx, err)
	if err != nil && !isClosedPipe(err) {
		con.fail(err, code)
	}
	return code
}

// recovered turns a panic into exit 1 with what a report needs.
func recovered(con *console, code *int) {
	if r := recover(); r != nil {
		con.fail(&internalError{cause: r, stack: string(debug.Stack())}, exitInternal)
		*code = exitInternal
	}
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
