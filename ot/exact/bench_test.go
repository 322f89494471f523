package exact

import (
	"context"
	"fmt"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
)

// lazyPoints is a cost of points that is never written out.
type lazyPoints struct{ x, y *matrix.Dense }

func (c lazyPoints) Dims() (n, m int) { return c.x.Rows, c.y.Rows }

func (c lazyPoints) Row(i, j0 int, dst []float64) {
	for j := range dst {
		dst[j] = testMetrics["sqeuclidean"](c.x.Row(i), c.y.Row(j0+j))
	}
}

func (c lazyPoints) Points() (x, y *matrix.Dense, metric string, p float64) {
	return c.x, c.y, "sqeuclidean", 1
}

func BenchmarkSolve(b *testing.B) {
	r := rng.New(51)
	for _, n := range []int{500, 2000} {
		square := lazyPoints{randomPoints(r, n, 2), randomPoints(r, n, 2)}
		clouds := lazyPoints{normalPoints(r, n, 2, 0), normalPoints(r, n, 2, 4)}
		ten := lazyPoints{normalPoints(r, n, 10, 0), normalPoints(r, n, 10, 1)}
		noise := storedTestCost{denseTestCost{randomPoints(r, n, n)}}
		for name, w := range map[string]struct {
			cost Cost
			a    []float64
		}{
			"square/uniform":  {square, uniformMasses(n)},
			"square/weighted": {square, randomMasses(r, n)},
			"clouds/weighted": {clouds, randomMasses(r, n)},
			"ten/uniform":     {ten, uniformMasses(n)},
			"noise/uniform":   {noise, uniformMasses(n)},
			"noise/weighted":  {noise, randomMasses(r, n)},
		} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				for b.Loop() {
					if _, err := Solve(context.Background(), &Problem{A: w.a, B: w.a, Cost: w.cost}, nil); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
