// Package par runs loops over fixed chunks on several goroutines. Chunks
// are cut by the caller as a function of the problem alone, so that a
// result which is combined in chunk order has the same bits whatever the
// number of threads.
package par

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
)

// Threads returns n, or GOMAXPROCS when n is not positive.
func Threads(n int) int {
	if n > 0 {
		return n
	}
	return runtime.GOMAXPROCS(0)
}

// Chunks returns how many chunks of the given size cover n items.
func Chunks(n, size int) int { return (n + size - 1) / size }

// Bounds returns the half-open range of items in chunk c of the given size.
func Bounds(c, n, size int) (lo, hi int) { return c * size, min(n, (c+1)*size) }

// For calls fn(0), …, fn(n-1), each once, on at most threads goroutines
// (0 = GOMAXPROCS), the caller's among them; chunks are claimed in order.
// It returns when all calls have. A panic in fn stops the claiming and is
// raised again in the caller, as a *Panic unless the caller's own call of fn
// raised it.
func For(threads, n int, fn func(chunk int)) {
	threads = min(Threads(threads), n)
	if threads <= 1 {
		for c := range n {
			fn(c)
		}
		return
	}
	run(nil, threads, n, fn)
}

// ForCtx is For that claims no further chunk once ctx is done; it then
// returns ctx's error after the calls under way have ended.
func ForCtx(ctx context.Context, threads, n int, fn func(chunk int)) error {
	threads = min(Threads(threads), n)
	if threads <= 1 {
		for c := range n {
			if err := ctx.Err(); err != nil {
				return err
			}
			fn(c)
		}
		return nil
	}
	if !run(ctx.Done(), threads, n, fn) {
		return ctx.Err()
	}
	return nil
}

// Panic carries a panic of a worker goroutine to the caller.
type Panic struct {
	Value any
	Stack []byte // of the goroutine that panicked
	own   bool   // it was the caller's goroutine
}

func (p *Panic) Error() string { return fmt.Sprintf("%v\n\nin a worker:\n%s", p.Value, p.Stack) }

// NewPanic makes a Panic of what recover returned, with the current stack.
func NewPanic(v any) *Panic { return &Panic{Value: v, Stack: debug.Stack()} }

// Unwrap gives the value that was panicked with, where it is an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// loop is one call of For. It is over when every chunk is done, not when every
// goroutine has ended: one that wakes late finds nothing left and is not
// waited for, which matters where a loop takes microseconds.
type loop struct {
	next, done atomic.Int64
	n          int64
	fn         func(int)
	cancel     <-chan struct{}
	skip       atomic.Bool // after a panic or the end of a context
	cancelled  atomic.Bool
	panicked   atomic.Pointer[Panic]
	finished   chan struct{}
}

// run reports whether every chunk ran.
func run(cancel <-chan struct{}, threads, n int, fn func(int)) bool {
	l := &loop{n: int64(n), fn: fn, cancel: cancel, finished: make(chan struct{})}
	for range threads - 1 {
		go l.claim(false)
	}
	l.claim(true)
	l.wait()
	if p := l.panicked.Load(); p != nil {
		if p.own {
			panic(p.Value)
		}
		panic(p)
	}
	return !l.cancelled.Load()
}

// spins is how often the end of a loop is looked for before sleeping: chunks
// under way elsewhere mostly end within microseconds.
const spins = 2000

func (l *loop) wait() {
	for range spins {
		if l.done.Load() == l.n {
			return
		}
	}
	<-l.finished
}

func (l *loop) claim(own bool) {
	for {
		c := l.next.Add(1) - 1
		if c >= l.n {
			return
		}
		l.chunk(int(c), own)
		if l.done.Add(1) == l.n {
			close(l.finished)
		}
	}
}

// chunk runs one chunk unless the loop is to end.
func (l *loop) chunk(c int, own bool) {
	if l.cancel != nil {
		select {
		case <-l.cancel:
			l.cancelled.Store(true)
			l.skip.Store(true)
		default:
		}
	}
	if l.skip.Load() {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			l.panicked.CompareAndSwap(nil, &Panic{Value: v, Stack: debug.Stack(), own: own})
			l.skip.Store(true)
		}
	}()
	l.fn(c)
}
