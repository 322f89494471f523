package verify

import (
	"errors"
	"math"
	"testing"

	"solve/internal/problems"
	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// Several columns have the certificates that each would have alone, bit for
// bit, on any number of threads: of sparse and dense matrices, of systems and
// of least squares, and where numbers are extreme or none.
func TestLinearColumns(t *testing.T) {
	draw := rng.NewStream(11, 1)
	normals := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = draw.Normal()
		}
		return v
	}
	const m, n = 60, 41
	dense := &matrix.Dense{Rows: m, Cols: n, Data: normals(m * n)}
	for i := range dense.Data {
		if i%3 != 0 {
			dense.Data[i] = 0
		}
	}
	sparse, err := dense.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	for _, rows := range []Rows{SparseRows(sparse), DenseRows(dense)} {
		for _, columns := range []int{1, 2, 5, 8, 21, 40} {
			b := &matrix.Dense{Rows: m, Cols: columns, Data: normals(m * columns)}
			x := &matrix.Dense{Rows: n, Cols: columns, Data: normals(n * columns)}
			for j := range columns {
				for i, scale := range []float64{1e-200, 1e200, 0, math.NaN(), math.Inf(1)} {
					if j%7 == i+1 {
						b.Data[2*columns+j] *= scale
						x.Data[3*columns+j] *= scale
					}
				}
			}
			for _, threads := range []int{1, 2, 7} {
				s := LinearSystem{Rows: m, Cols: n, A: rows, LeastSquares: columns%2 == 1, Damp: .5, Threads: threads}
				all, err := LinearColumns(s, b, x)
				if err != nil || len(all) != columns {
					t.Fatal(err)
				}
				for j, got := range all {
					s.B = make([]float64, m)
					for i := range s.B {
						s.B[i] = b.At(i, j)
					}
					xj := make([]float64, n)
					for i := range xj {
						xj[i] = x.At(i, j)
					}
					want, err := Linear(s, xj)
					if err != nil {
						t.Fatal(err)
					}
					for k, v := range numbersOf(got) {
						if w := numbersOf(want)[k]; v != w && (v == v || w == w) {
							t.Errorf("column %d of %d: number %d is %g, alone %g", j, columns, k, v, w)
						}
					}
				}
			}
		}
	}
	if _, err := LinearColumns(LinearSystem{Rows: m, Cols: n, A: DenseRows(dense)}, dense, dense); !errors.Is(err, solver.ErrDimension) {
		t.Errorf("%v", err)
	}
}

func numbersOf(c LinearCertificate) []float64 {
	return []float64{c.RelativeResidual, c.BackwardError, c.Componentwise, c.Optimality, c.Residual, c.NormB, c.NormX, c.Reachable}
}

// NaN wins whichever side it is on.
func TestWorse(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range [][3]float64{{1, 2, 2}, {2, 1, 2}, {nan, 1, nan}, {1, nan, nan}, {nan, inf, nan}, {inf, nan, nan}, {inf, 1, inf}, {0, 0, 0}} {
		if w := worse(c[0], c[1]); w != c[2] && (w == w || c[2] == c[2]) {
			t.Errorf("worse(%g, %g) = %g", c[0], c[1], w)
		}
	}
}

func BenchmarkLinearColumns(b *testing.B) {
	const columns = 64
	generator, _ := problems.Find("poisson3d")
	instance, err := generator.Generate(problems.Values{"n": "40"}, 1, 0)
	if err != nil {
		b.Fatal(err)
	}
	a := instance.Files[0].Sparse
	draw := rng.NewStream(12, 1)
	x := &matrix.Dense{Rows: a.Rows, Cols: columns, Data: make([]float64, a.Rows*columns)}
	for i := range x.Data {
		x.Data[i] = draw.Normal()
	}
	s := LinearSystem{Rows: a.Rows, Cols: a.Cols, A: SparseRows(a), Threads: 1}
	for b.Loop() {
		if _, err := LinearColumns(s, x, x); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(columns*a.Rows), "ns/row/column")
}
