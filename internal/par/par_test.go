package par

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
)

func TestForRunsEachChunkOnce(t *testing.T) {
	for _, threads := range []int{0, 1, 2, 7} {
		for _, n := range []int{0, 1, 2, 100} {
			runs := make([]atomic.Int32, n)
			For(threads, n, func(c int) { runs[c].Add(1) })
			if err := ForCtx(t.Context(), threads, n, func(c int) { runs[c].Add(1) }); err != nil {
				t.Fatal(err)
			}
			for c := range runs {
				if got := runs[c].Load(); got != 2 {
					t.Errorf("%d threads: chunk %d of %d ran %d times in two loops", threads, c, n, got)
				}
			}
		}
	}
}

func TestThreadsBound(t *testing.T) {
	var running, most atomic.Int32
	For(3, 200, func(int) {
		now := running.Add(1)
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
		}
		runtime.Gosched()
		running.Add(-1)
	})
	if most.Load() > 3 {
		t.Errorf("%d calls at a time on 3 threads", most.Load())
	}
}

func TestPanicReachesCaller(t *testing.T) {
	for _, threads := range []int{1, 4} {
		before := runtime.NumGoroutine()
		func() {
			defer func() {
				v := recover()
				if p, ok := v.(*Panic); ok {
					if len(p.Stack) == 0 || !errors.Is(p, io.EOF) {
						t.Errorf("%v", p)
					}
					v = p.Value
				}
				if v != io.EOF {
					t.Errorf("%d threads: recovered %v", threads, v)
				}
			}()
			For(threads, 1000, func(c int) {
				if c >= 10 {
					panic(io.EOF)
				}
			})
			t.Error("no panic")
		}()
		for range 100 {
			if runtime.NumGoroutine() <= before {
				break
			}
			runtime.Gosched()
		}
	}
}

func TestForCtxStops(t *testing.T) {
	for _, threads := range []int{1, 3} {
		ctx, cancel := context.WithCancel(t.Context())
		var ran atomic.Int32
		err := ForCtx(ctx, threads, 1_000_000, func(int) {
			if ran.Add(1) == 5 {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) || ran.Load() == 1_000_000 {
			t.Errorf("%d threads: %d chunks ran, %v", threads, ran.Load(), err)
		}
		done, stop := context.WithCancel(t.Context())
		stop()
		if err := ForCtx(done, threads, 10, func(int) { t.Error("ran") }); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

// Sums that are combined in chunk order have the same bits on any number of
// threads.
func TestSameBits(t *testing.T) {
	const n, size = 100_003, 1000
	sum := func(threads int) []float64 {
		part := make([]float64, Chunks(n, size))
		For(threads, len(part), func(c int) {
			lo, hi := Bounds(c, n, size)
			for i := lo; i < hi; i++ {
				part[c] += 1 / float64(i+1)
			}
		})
		return part
	}
	want := sum(1)
	for _, threads := range []int{2, 5} {
		if !slices.Equal(sum(threads), want) {
			t.Errorf("%d threads differ", threads)
		}
	}
}

func TestBounds(t *testing.T) {
	for _, n := range []int{0, 1, 9, 10, 11} {
		next := 0
		for c := range Chunks(n, 5) {
			lo, hi := Bounds(c, n, 5)
			if lo != next || hi <= lo || hi > n {
				t.Errorf("n=%d: chunk %d is %d…%d", n, c, lo, hi)
			}
			next = hi
		}
		if next != n {
			t.Errorf("n=%d: chunks end at %d", n, next)
		}
	}
}

func BenchmarkFor(b *testing.B) {
	for b.Loop() {
		For(2, 8, func(int) {})
	}
}
