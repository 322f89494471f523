package batch

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"solve/internal/report"
	"solve/solver"
)

// Local runs jobs on this machine, each in a process of its own.
type Local struct {
	Program  string // is run with a job's arguments
	Name     string // its argument 0, as process lists show it; "" = Program
	Build    string // of the program; results of another one are run again
	Variable string // the environment variable that names the file for a job's report
	Workers  int    // jobs at a time
	Threads  int    // of each job whose command line says nothing

	Time   time.Duration // of a job; 0 = any
	Memory int64         // resident bytes of a job and its children; 0 = any
	Output int64         // bytes of stdout and of stderr, each; 0 = any
	Grace  time.Duration // from SIGINT to SIGKILL

	// Explain is the error object of a job that ended without a report.
	Explain func(err error) *report.Error
}

// FailedError is why a job ended without a report.
type FailedError struct {
	How  How
	Exit int // of the process, for Ended; the signal's number for Signalled
	Text string
}

// How a job ended without a report.
type How int

const (
	Ended       How = iota // by itself
	Signalled              // by a signal that this package did not send
	OutOfTime              // killed: more than Local.Time
	OutOfMemory            // killed: more than Local.Memory
	TooMuchSaid            // killed: more than Local.Output
	NotStarted             // the program could not be run
)

func (e *FailedError) Error() string { return e.Text }

// DirError is a batch's directory that cannot be written.
type DirError struct {
	Path string
	Err  error
}

func (e *DirError) Error() string { return fmt.Sprintf("cannot write in %s: %v", e.Path, e.Err) }
func (e *DirError) Unwrap() error { return e.Err }

// Run runs jobs in their order, Workers at a time, and hands over each result
// once it is in place; ended is never called twice at a time.
//
// When ctx ends, running jobs get SIGINT, and those that do not end properly
// leave nothing, so that they are run again. The error is ctx's, or a
// *DirError, after which no more jobs are started.
func (l *Local) Run(ctx context.Context, jobs []*Job, dir Dir, ended func(*Result)) error {
	if l.Memory > 0 && !canMeasureMemory {
		return fmt.Errorf("a job's memory cannot be watched on %s: %w", runtime.GOOS, solver.ErrUnsupported)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	queue := make(chan *Job)
	hashes, start := newHasher(), newStarter()
	defer start.close()
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range min(l.Workers, len(jobs)) {
		workers.Go(func() {
			for j := range queue {
				r, err := l.one(ctx, j, dir, hashes, start)
				mu.Lock()
				if err != nil {
					stop(err)
				} else if r != nil {
					ended(r)
				}
				mu.Unlock()
			}
		})
	}
	for _, j := range jobs {
		select {
		case queue <- j:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(queue)
	workers.Wait()
	return context.Cause(ctx)
}

// one runs a job. The result is nil if it was interrupted.
func (l *Local) one(ctx context.Context, j *Job, dir Dir, hashes *hasher, start *starter) (*Result, error) {
	if ctx.Err() != nil {
		return nil, nil
	}
	rec := &Record{Number: j.Number, Command: j.Args, Inputs: hashes.inputs(j.Inputs), Build: l.Build}
	p, err := l.prepare(j, dir)
	if err != nil {
		return nil, &DirError{dir.Path, err}
	}
	defer p.discard()
	object, err := p.run(ctx, l, rec, start)
	if object == nil || err != nil {
		return nil, err
	}
	text, err := withRecord(object, rec)
	if err != nil {
		return nil, err
	}
	if err := p.keep(text); err != nil {
		return nil, &DirError{dir.Path, err}
	}
	return parseResult(text)
}

// process is a job that runs.
type process struct {
	job      *Job
	dir      Dir
	cmd      *exec.Cmd
	out, log *os.File
	report   string // where the program leaves it
}

func (l *Local) prepare(j *Job, dir Dir) (*process, error) {
	p := &process{job: j, dir: dir, report: dir.draft(j.Number, "report")}
	if err := os.Remove(p.report); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var err error
	if p.out, err = os.Create(dir.draft(j.Number, "out")); err != nil {
		return nil, err
	}
	if p.log, err = os.Create(dir.draft(j.Number, "log")); err != nil {
		p.out.Close()
		return nil, err
	}
	p.cmd = exec.Command(l.Program, j.Args...)
	p.cmd.Args[0] = cmp.Or(l.Name, l.Program)
	p.cmd.Args[0] = os.Args[0] // the path may be resolved further than the name that we run under
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.log
	p.cmd.Env = append(os.Environ(), l.Variable+"="+p.report)
	if !j.Threads && l.Threads > 0 {
		p.cmd.Env = append(p.cmd.Env, "GOMAXPROCS="+strconv.Itoa(l.Threads))
	}
	isolate(p.cmd)
	return p, nil
}

// run returns the report or error object; nil if the job was interrupted.
func (p *process) run(ctx context.Context, l *Local, rec *Record, start *starter) ([]byte, error) {
	began := time.Now()
	rec.Started = began.UTC().Format(time.RFC3339Nano)
	if err := start.start(p.cmd); err != nil {
		return p.explain(l, rec, &FailedError{How: NotStarted, Text: err.Error()})
	}
	killed := p.watch(ctx, l)
	if killed != nil {
		rec.Killed = killed.Text
	}
	state := p.cmd.ProcessState
	rec.WallS, rec.CPUS = time.Since(began).Seconds(), (state.UserTime() + state.SystemTime()).Seconds()
	rec.PeakRSS = peakRSS(state)
	object, err := os.ReadFile(p.report)
	whole := err == nil && isReport(object)
	signal := signalOf(state)
	rec.Exit = state.ExitCode()
	interrupted := rec.Exit == 130 || rec.Exit == 143 || signal != 0
	switch {
	case killed == nil && ctx.Err() != nil && (interrupted || !whole):
		return nil, nil
	case whole && signal == 0:
		return object, nil
	case killed != nil:
		return p.explain(l, rec, killed)
	case signal != 0:
		return p.explain(l, rec, &FailedError{How: Signalled, Exit: int(signal), Text: fmt.Sprintf("ended by %s", signal)})
	}
	text := fmt.Sprintf("ended with exit code %d and without a report", rec.Exit)
	if said := lastWords(p.log.Name()); said != "" {
		text += ": " + said
	}
	return p.explain(l, rec, &FailedError{How: Ended, Exit: rec.Exit, Text: text})
}

// explain makes the error object of a job that left no report.
func (p *process) explain(l *Local, rec *Record, failed *FailedError) ([]byte, error) {
	object := l.Explain(failed)
	rec.Exit = object.Exit
	var text bytes.Buffer
	err := object.Write(&text)
	return text.Bytes(), err
}

// keep renames the job's files into place, K.json last.
func (p *process) keep(text []byte) error {
	k := p.job.Number
	err := errors.Join(p.out.Close(), p.log.Close())
	for _, ext := range []string{"out", "log"} {
		if err == nil {
			err = os.Rename(p.dir.draft(k, ext), p.dir.place(k, ext))
		}
	}
	if err != nil {
		return err
	}
	return p.dir.write(fmt.Sprintf("%d.json", k), fmt.Sprintf(".%d.json~", k), text)
}

// discard removes what was not kept.
func (p *process) discard() {
	p.out.Close()
	p.log.Close()
	os.Remove(p.report)
	for _, ext := range []string{"out", "log"} {
		os.Remove(p.dir.draft(p.job.Number, ext))
	}
}

// signalOf is the signal that ended a process, 0 if none did.
func signalOf(state *os.ProcessState) syscall.Signal {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return status.Signal()
	}
	return 0
}
