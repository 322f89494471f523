package quadratic

import (
	"context"
	"fmt"
	"testing"

	"solve/solver"
)

func BenchmarkSolve(b *testing.B) {
	for _, kind := range []string{"unif2", "wunif2", "gauss10", "far2", "grid"} {
		for _, gam := range []float64{1, 1e-2, 1e-4, 1e-6} {
			b.Run(fmt.Sprintf("%s/%.0e", kind, gam), func(b *testing.B) {
				p := instance(kind, 1024, 1024, gam, 1)
				for b.Loop() {
					res, err := Solve(context.Background(), p, &Options{Settings: solver.Settings{Threads: 1}})
					if err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(res.Stats.NewtonSteps+res.Stats.InteriorSteps), "steps")
					b.ReportMetric(res.RelGap, "gap")
				}
			})
		}
	}
}
