package par

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// worker is a goroutine that outlives the loops it helps with. Between two of
// them it first looks for the next one without sleeping: waking a thread that
// sleeps takes tens of microseconds, as long as many a loop.
type worker struct {
	given  atomic.Pointer[loop]
	asleep atomic.Bool
	wake   chan struct{}
}

// team are the workers of the process: one fewer than there are processors,
// since every loop has its caller at work.
var team struct {
	sync.Mutex
	size int
	idle []*worker // the last to finish on top
}

// hire gives the loop to as many as n workers.
func (l *loop) hire(n int) {
	l.workers = l.workers[:0]
	for range n {
		w := available()
		if w == nil {
			return
		}
		l.workers = append(l.workers, w)
		l.inside.Add(1)
		w.given.Store(l)
		if w.asleep.CompareAndSwap(true, false) {
			w.wake <- struct{}{}
		}
	}
}

// dismiss takes the loop back from workers that have not begun.
func (l *loop) dismiss() {
	for _, w := range l.workers {
		if w.given.CompareAndSwap(l, nil) {
			l.inside.Add(-1)
			w.rest()
		}
	}
}

// available takes an idle worker, or a new one; nil when all are at work. One
// that is just leaving a loop is waited for.
func available() *worker {
	const tries = 20
	for range tries {
		team.Lock()
		if n := len(team.idle); n > 0 {
			w := team.idle[n-1]
			team.idle = team.idle[:n-1]
			team.Unlock()
			return w
		}
		if team.size < runtime.GOMAXPROCS(0)-1 {
			team.size++
			team.Unlock()
			w := &worker{wake: make(chan struct{}, 1)}
			go w.run()
			return w
		}
		team.Unlock()
	}
	return nil
}

func (w *worker) rest() {
	team.Lock()
	team.idle = append(team.idle, w)
	team.Unlock()
}

// run helps with one loop after another.
func (w *worker) run() {
	for {
		l := w.await()
		l.claim(false)
		l.leave()
		w.rest()
	}
}

const (
	// patience is how long a worker stays awake between loops: about what
	// waking it would take.
	patience = 60 * time.Microsecond
	// looks at the mailbox between two looks at the clock.
	looks = 256
)

// await takes the next loop.
func (w *worker) await() *loop {
	for {
		if l := w.look(); l != nil {
			if w.given.CompareAndSwap(l, nil) {
				return l
			}
			continue
		}
		w.asleep.Store(true)
		if w.given.Load() != nil && w.asleep.CompareAndSwap(true, false) {
			continue
		}
		<-w.wake
	}
}

// look waits for a loop without sleeping, for as long as patience lasts.
func (w *worker) look() *loop {
	for start := time.Now(); ; {
		for range looks {
			if l := w.given.Load(); l != nil {
				return l
			}
		}
		if time.Since(start) > patience {
			return nil
		}
	}
}
