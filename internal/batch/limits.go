package batch

import (
	"context"
	"fmt"
	"os"
	"time"

	"solve/solver"
)

// look is how often a job's memory and output are measured.
const look = 10 * time.Millisecond

// watch waits for the end of a job and sees to its limits. It returns why it
// killed the job, or nil.
func (p *process) watch(ctx context.Context, l *Local) (killed *FailedError) {
	done := make(chan struct{})
	go func() {
		p.cmd.Wait() // what it says is in ProcessState
		close(done)
	}()
	ticks := time.NewTicker(look)
	defer ticks.Stop()
	var late, dead <-chan time.Time
	if l.Time > 0 {
		late = time.After(l.Time)
	}
	cancelled := ctx.Done()
	for {
		select {
		case <-done:
			return killed
		case <-ticks.C:
			if killed == nil {
				if killed = p.excess(l); killed != nil {
					kill(p.cmd)
				}
			}
		case <-late:
			killed = &FailedError{How: OutOfTime, Text: fmt.Sprintf("stopped after %v", l.Time)}
			late, dead = nil, time.After(l.Grace)
			interrupt(p.cmd)
		case <-cancelled:
			cancelled, dead = nil, time.After(l.Grace)
			interrupt(p.cmd)
		case <-dead:
			kill(p.cmd)
		}
	}
}

// excess tells which limit a job has passed, nil if none.
func (p *process) excess(l *Local) *FailedError {
	if l.Memory > 0 {
		if used := residentOfTree(p.cmd.Process.Pid); used > l.Memory {
			return &FailedError{How: OutOfMemory, Text: fmt.Sprintf("killed: %s of memory where %s are allowed", solver.Bytes(used), solver.Bytes(l.Memory))}
		}
	}
	if l.Output <= 0 {
		return nil
	}
	for _, f := range []struct {
		name string
		file *os.File
	}{{"stdout", p.out}, {"stderr", p.log}} {
		if info, err := f.file.Stat(); err == nil && info.Size() > l.Output {
			return &FailedError{How: TooMuchSaid, Text: fmt.Sprintf("killed: %s on %s where %s are allowed", solver.Bytes(info.Size()), f.name, solver.Bytes(l.Output))}
		}
	}
	return nil
}
