package linsys

import (
	"fmt"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
)

// 200 right-hand sides in units of one, set-up included, certificates not:
// conjugate gradients with 7 and with 27 entries a row, and with multigrid on
// the grid; the factorisations of a plane.
func BenchmarkManyRightHandSides(b *testing.B) {
	const many = 200
	for _, c := range []struct {
		name, method, preconditioner string
		a                            *matrix.CSR
	}{
		{"7points", CG, Jacobi, poisson(b, 32, 32, 32)},
		{"27points", CG, Jacobi, box27(b, 32)},
		{"grid", CG, FWMG, poisson(b, 64, 64, 64)},
		{"cholesky", Cholesky, "", poisson(b, 1, 160, 160)},
		{"ldlt", LDLT, "", poisson(b, 1, 160, 160)},
		{"lu", LU, "", poisson(b, 1, 160, 160)},
	} {
		b.Run(fmt.Sprintf("%s/%d", c.name, many), func(b *testing.B) {
			s := rng.NewStream(7, 1)
			right := &matrix.Dense{Rows: c.a.Rows, Cols: many, Data: normalColumn(s, c.a.Rows*many).Data}
			one := zeros(c.a.Rows, 1)
			column(right, 0, one.Data)
			opt := &Options{Method: c.method, Preconditioner: c.preconditioner}
			solve := func(right *matrix.Dense) float64 {
				res, err := Solve(b.Context(), &Problem{A: c.a, B: right}, opt)
				if err != nil {
					b.Fatal(err)
				}
				return res.Stats.Setup + res.Stats.Solve
			}
			single, all := math.Inf(1), math.Inf(1)
			for b.Loop() {
				for range 5 {
					single = min(single, solve(one))
				}
				all = min(all, solve(right))
			}
			b.ReportMetric(single, "s/single")
			b.ReportMetric(all, "s/all")
			b.ReportMetric(all/single, "×single")
		})
	}
}
