package linsys

import (
	"context"
	"fmt"
	"testing"

	"solve/matrix"
)

// box27 has 27 entries a row: 26 on the diagonal, −1 for every neighbour in an
// m×m×m box, diagonal ones too.
func box27(t testing.TB, m int) *matrix.CSR {
	t.Helper()
	n := m * m * m
	b, err := matrix.NewCOO(n, n, 27*n)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		x, y, z := i/m/m, i/m%m, i%m
		for d := range 27 {
			u, v, w := x+d/9-1, y+d/3%3-1, z+d%3-1
			if min(u, v, w) < 0 || max(u, v, w) >= m {
				continue
			}
			value := -1.0
			if d == 13 {
				value = 26
			}
			if err := b.Append(i, (u*m+v)*m+w, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	a, _, err := b.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// One right-hand side by CG beside several by block CG, for 7 and for 27 entries
// a row.
func BenchmarkBlockCG(b *testing.B) {
	const iterations = 50
	for _, points := range []int{7, 27} {
		a := poisson(b, 64, 64, 64)
		if points == 27 {
			a = box27(b, 64)
		}
		for _, threads := range []int{1, 2} {
			for _, columns := range []int{1, 16} {
				b.Run(fmt.Sprintf("%dpoints/%dthreads/%dcolumns", points, threads, columns), func(b *testing.B) {
					s := newBlockSystem(a.Parallel(threads), 98, columns)
					s.threads, s.tol, s.maxIter, s.normA, s.work = threads, 0, iterations, 12, new(workspace)
					for b.Loop() {
						clear(s.x)
						if columns == 1 {
							cg(context.Background(), s)
						} else {
							blockCG(context.Background(), s)
						}
					}
					perStep := float64(b.N) * float64(iterations*len(s.b))
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/perStep, "ns/row/column/iteration")
				})
			}
		}
	}
}
