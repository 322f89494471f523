package direct

import (
	"context"
	"fmt"
	"os"
	"testing"
)

func BenchmarkCholesky(b *testing.B) {
	for _, m := range benchmarkMatrices(b) {
		opt := &AnalyzeOptions{Threads: 2}
		s, err := AnalyzeCholesky(context.Background(), m.a, opt)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("analyze/"+m.name, func(b *testing.B) {
			for b.Loop() {
				if s, err = AnalyzeCholesky(context.Background(), m.a, opt); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(s.FactorNNZ()), "nnz")
			b.ReportMetric(s.Flops(), "flop")
		})
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("factor/%s/threads=%d", m.name, threads), func(b *testing.B) {
				for b.Loop() {
					if _, err := s.Factor(context.Background(), m.a, threads); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		c := factored(b, m.a, opt, 2)
		b.Run("refactor/"+m.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.Refactor(context.Background(), m.a); err != nil {
					b.Fatal(err)
				}
			}
		})
		x := make([]float64, m.a.Rows)
		b.Run("solve/"+m.name, func(b *testing.B) {
			for b.Loop() {
				for i := range x {
					x[i] = 1
				}
				c.Solve(x)
			}
		})
	}
}

func benchmarkMatrices(b *testing.B) []named {
	list := []named{{"grid512", grid(b, 1, 512, 512)}, {"cube32", grid(b, 32, 32, 32)}}
	if _, err := os.Stat(collection); err == nil {
		for _, name := range []string{"494_bus", "gr_30_30", "nos7", "bcsstk13", "bcsstk15"} {
			list = append(list, named{name, sparseCollected(b, name)})
		}
	}
	return list
}
