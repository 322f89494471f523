package par

import (
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// loop is one call of For. It is over when every chunk is done, not when every
// worker has left it: one that wakes late finds nothing to do and is not
// waited for, which matters where a loop takes microseconds. The last to leave
// puts it back, so that loops allocate nothing.
type loop struct {
	next, done atomic.Int64
	n          int64
	fn         func(int)
	cancel     <-chan struct{}
	skip       atomic.Bool // after a panic or the end of a context
	cancelled  atomic.Bool
	panicked   atomic.Pointer[Panic]
	workers    []*worker
	inside     atomic.Int32  // the caller and the workers that were given the loop
	end        atomic.Int32  // running, awaited or over
	over       chan struct{} // tells a caller that sleeps
}

// How a loop ends: whoever comes second, the last chunk or the caller about to
// sleep, finds the mark of the other.
const (
	running = iota
	awaited
	over
)

var loops = sync.Pool{New: func() any { return &loop{over: make(chan struct{}, 1)} }}

// run does the chunks on the given number of threads, at least two. It
// reports whether every chunk ran.
func run(cancel <-chan struct{}, threads, n int, fn func(int)) bool {
	l := loops.Get().(*loop)
	l.next.Store(0)
	l.done.Store(0)
	l.n, l.fn, l.cancel = int64(n), fn, cancel
	l.skip.Store(false)
	l.cancelled.Store(false)
	l.panicked.Store(nil)
	l.end.Store(running)
	l.inside.Store(1)
	l.hire(threads - 1)
	l.claim(true)
	l.wait()
	l.dismiss()
	p, complete := l.panicked.Load(), !l.cancelled.Load()
	l.leave()
	if p != nil {
		if p.own {
			panic(p.Value)
		}
		panic(p)
	}
	return complete
}

// spins is how often the end of a loop is looked for before sleeping: chunks
// under way elsewhere mostly end within microseconds.
const spins = 2000

func (l *loop) wait() {
	for range spins {
		if l.done.Load() == l.n {
			break
		}
	}
	if !l.end.CompareAndSwap(running, awaited) {
		return
	}
	<-l.over
}

// leave gives up the caller's or a worker's hold on the loop.
func (l *loop) leave() {
	if l.inside.Add(-1) == 0 {
		l.fn, l.cancel = nil, nil
		loops.Put(l)
	}
}

func (l *loop) claim(own bool) {
	for {
		c := l.next.Add(1) - 1
		if c >= l.n {
			return
		}
		l.chunk(int(c), own)
		if l.done.Add(1) == l.n && !l.end.CompareAndSwap(running, over) {
			l.over <- struct{}{}
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
