package verify

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// compensated is Neumaier's sum: its error does not grow with the number of
// terms.
type compensated struct{ s, c float64 }

func (k *compensated) add(x float64) {
	t := k.s + x
	if math.Abs(k.s) >= math.Abs(x) {
		k.c += (k.s - t) + x
	} else {
		k.c += (x - t) + k.s
	}
	k.s = t
}

func (k *compensated) value() float64 {
	if math.IsInf(k.s, 0) || math.IsNaN(k.s) {
		return k.s
	}
	return k.s + k.c
}

func sum(x []float64) float64 {
	var s compensated
	for _, v := range x {
		s.add(v)
	}
	return s.value()
}

func l1(x, y []float64) float64 {
	var s compensated
	for i := range x {
		s.add(math.Abs(x[i] - y[i]))
	}
	return s.value()
}

// columnSums adds rows up column by column in two levels, so that the error
// grows with √rows rather than with rows.
type columnSums struct {
	near, far []float64
	rows      int
}

const rowsNear = 64

func newColumnSums(m int) *columnSums {
	return &columnSums{near: make([]float64, m), far: make([]float64, m)}
}

func (c *columnSums) add(j int, x float64) { c.near[j] += x }

func (c *columnSums) endRow() {
	if c.rows++; c.rows == rowsNear {
		c.flush()
	}
}

func (c *columnSums) flush() {
	for j, x := range c.near {
		c.far[j] += x
	}
	clear(c.near)
	c.rows = 0
}

func (c *columnSums) value() []float64 {
	c.flush()
	return c.far
}

// stripes is the number of row stripes that n rows are cut into: fixed by n
// alone, so that sums do not depend on the number of threads.
func stripes(n int) int { return min(n, 16) }

// inStripes runs f on each stripe of n rows.
func inStripes(n, threads int, f func(s, lo, hi int)) {
	k := stripes(n)
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(threads, k) {
		wg.Go(func() {
			for s := int(next.Add(1)) - 1; s < k; s = int(next.Add(1)) - 1 {
				f(s, s*n/k, (s+1)*n/k)
			}
		})
	}
	wg.Wait()
}
