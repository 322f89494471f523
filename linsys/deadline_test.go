package linsys

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"solve/solver"
)

// polled is a context whose deadline passes after it was asked so many times.
type polled struct {
	context.Context
	left atomic.Int64
	done chan struct{}
}

func newPolled(parent context.Context, times int) *polled {
	p := &polled{Context: parent, done: make(chan struct{})}
	p.left.Store(int64(times))
	return p
}

func (p *polled) Err() error {
	switch left := p.left.Add(-1); {
	case left == 0:
		close(p.done)
		fallthrough
	case left < 0:
		return context.DeadlineExceeded
	}
	return nil
}

func (p *polled) Done() <-chan struct{} { return p.done }

// A deadline may pass at any time, during the analysis too: there is an answer
// with its certificates, and the verdict says what happened.
func TestDeadlineDuringAnalysis(t *testing.T) {
	a := laplacian(t, 1, 40, 30)
	p := &Problem{A: a, B: oneColumn(randomVector(a.Rows, 2)), X0: oneColumn(randomVector(a.Rows, 3))}
	for _, method := range []string{Auto, Cholesky, LDLT, LU, CG} {
		stopped := 0
		for times := 1; times < 40; times += 3 {
			res, err := Solve(newPolled(t.Context(), times), p, &Options{Method: method})
			if res == nil {
				t.Fatalf("%s, %d looks at the context: %v", method, times, err)
			}
			if res.X.Rows != a.Rows || len(res.Columns) != 1 || len(res.Certificates) == 0 {
				t.Errorf("%s: no certified answer", method)
			}
			switch {
			case res.Status == solver.Solved:
			case !errors.Is(err, solver.ErrTimeLimit):
				t.Errorf("%s, %d looks at the context: %v", method, times, res.Verdict)
			default:
				stopped++
			}
		}
		if stopped == 0 {
			t.Errorf("%s: the deadline was not seen", method)
		}
	}
}

func TestTimeLimitCoversAnalysis(t *testing.T) {
	a := laplacian(t, 1, 40, 40)
	res, err := Solve(t.Context(), &Problem{A: a, B: oneColumn(randomVector(a.Rows, 2))}, &Options{Settings: solver.Settings{TimeLimit: time.Nanosecond}})
	if !errors.Is(err, solver.ErrTimeLimit) {
		t.Fatalf("%v", err)
	}
	if maxAbs(res.X.Data) != 0 {
		t.Errorf("an answer out of nothing")
	}
}
