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
