package ot

import (
	"fmt"
	"testing"
)

// BenchmarkAuto times the default method, certificates included, on the
// instances that docs and bench/RESULTS.md speak of.
func BenchmarkAuto(b *testing.B) {
	for _, tc := range []struct {
		name string
		p    func() *Problem
		eps  float64
	}{
		{"assignment500/1_1200", func() *Problem { return assignment(500, 0) }, 1. / 1200},
		{"assignment500/1e-4", func() *Problem { return assignment(500, 0) }, 1e-4},
		{"clouds1000/1e-3", func() *Problem { return clouds(1000, 0) }, 1e-3},
		{"clouds1000/1e-4", func() *Problem { return clouds(1000, 0) }, 1e-4},
		{"clouds5000/1e-3", func() *Problem { return clouds(5000, 0) }, 1e-3},
		{"clouds5000/1e-4", func() *Problem { return clouds(5000, 0) }, 1e-4},
		{"imagesL2/1_1200", func() *Problem { return images(28, SqEuclidean) }, 1. / 1200},
		{"imagesL1/1_1200", func() *Problem { return images(28, Cityblock) }, 1. / 1200},
		{"images64/1_1200", func() *Problem { return images(64, SqEuclidean) }, 1. / 1200},
	} {
		b.Run(tc.name, func(b *testing.B) {
			p := tc.p()
			p.Reg = tc.eps
			var res *Result
			for b.Loop() {
				res = mustSolve(b, p, tight(1e-9))
			}
			b.ReportMetric(float64(res.Stats.Passes), "passes")
			b.ReportMetric(float64(res.Stats.CGIterations), "cg")
			b.ReportMetric(1e3*res.Stats.Solve, "solve-ms")
			b.ReportMetric(1e3*res.Stats.Verify, "verify-ms")
			if testing.Verbose() {
				fmt.Printf("%+v\n", res.Stats)
			}
		})
	}
}
