package linsys

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"solve/internal/problems"
	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// generatedMatrix is that of a generator with the given parameters.
func generatedMatrix(t testing.TB, name string, values problems.Values, seed uint64) *matrix.CSR {
	t.Helper()
	g, ok := problems.Find(name)
	if !ok {
		t.Fatalf("no generator %s", name)
	}
	inst, err := g.Generate(values, seed, 0)
	if err != nil {
		t.Fatal(err)
	}
	return inst.Files[0].Sparse
}

// normalColumn is a column of normal numbers.
func normalColumn(s *rng.Stream, n int) *matrix.Dense {
	b := zeros(n, 1)
	for i := range b.Data {
		b.Data[i] = s.Normal()
	}
	return b
}

// A few iterations leave nothing worse than the start, whether that is 0 or
// near the solution.
func TestIterationLimitKeepsTheBest(t *testing.T) {
	s := rng.NewStream(5, 1)
	for name, a := range map[string]*matrix.CSR{
		"grid":       generatedMatrix(t, "poisson2d", problems.Values{"n": "40"}, 0),
		"jumps":      generatedMatrix(t, "jumps", problems.Values{"n": "12", "block": "3"}, 1),
		"graph":      generatedMatrix(t, "random-spd", problems.Values{"n": "300", "shift": "1e-6"}, 1),
		"convection": generatedMatrix(t, "convection", problems.Values{"n": "15", "eps": "1e-4"}, 1),
		"saddle":     generatedMatrix(t, "saddle", problems.Values{"n": "100", "m": "30"}, 1),
	} {
		b := &matrix.Dense{Rows: a.Rows, Cols: 2, Data: normalColumn(s, 2*a.Rows).Data}
		exact, err := Solve(t.Context(), &Problem{A: a, B: b}, nil)
		if err != nil {
			t.Fatal(err)
		}
		near := &matrix.Dense{Rows: a.Rows, Cols: 2, Data: slices.Clone(exact.X.Data)}
		for i := range near.Data {
			near.Data[i] *= 1 + 1e-3*s.Normal()
		}
		for _, method := range []string{Auto, CG, FCG, DPCG, MINRES, GMRES, BiCGSTAB} {
			preconditioners := []string{""}
			if method == CG || method == FCG {
				preconditioners = []string{None, Jacobi, SSOR, IC0, MIC0, Cheb, SAAMG, FWMG}
			}
			for _, m := range preconditioners {
				for k := 1; k < 4; k++ {
					for from, x0 := range map[string]*matrix.Dense{"0": nil, "near": near} {
						opt := &Options{Method: method, Preconditioner: m, Settings: solver.Settings{MaxIter: k, Tol: 1e-13}}
						res, _ := Solve(t.Context(), &Problem{A: a, B: b, X0: x0}, opt)
						if res == nil {
							continue // no method for this matrix
						}
						for j := range 2 {
							start := 1.0
							if x0 != nil {
								start = residualOf(a, b, x0, j)
							}
							if got := residualOf(a, b, res.X, j); !(got <= start*(1+1e-10)) {
								t.Errorf("%s, %s %s, %d iterations from %s: residual %.4g, at the start %.4g", name, method, m, k, from, got, start)
							}
						}
					}
				}
			}
		}
	}
}

// residualOf is ‖b − A x‖/‖b‖ of column j.
func residualOf(a *matrix.CSR, b, x *matrix.Dense, j int) float64 {
	xj, r := make([]float64, a.Cols), make([]float64, a.Rows)
	column(x, j, xj)
	a.MulVecTo(r, false, xj)
	square, size := 0.0, 0.0
	for i, v := range r {
		d := b.At(i, j) - v
		square, size = square+d*d, size+b.At(i, j)*b.At(i, j)
	}
	return math.Sqrt(square / size)
}

// A singular system that nothing is known of is proved inconsistent by the
// null vector that MINRES finds.
func TestNullVectorFound(t *testing.T) {
	n := 60
	s := rng.NewStream(2, 1)
	coo, err := matrix.NewCOO(n, n, 3*n)
	if err != nil {
		t.Fatal(err)
	}
	// D T D, T the Laplacian of a path and D of both signs: null vector D⁻¹1.
	d := make([]float64, n)
	for i := range d {
		d[i] = (0.5 + s.Float64()) * float64(1-2*(i%2))
	}
	for i := range n {
		diag := 2.0
		if i == 0 || i == n-1 {
			diag = 1
		}
		err := coo.Append(i, i, d[i]*diag*d[i])
		if i > 0 && err == nil {
			if err = coo.Append(i, i-1, -d[i]*d[i-1]); err == nil {
				err = coo.Append(i-1, i, -d[i]*d[i-1])
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	a, _, err := coo.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	b := normalColumn(s, n)
	for _, m := range []string{None, Jacobi} {
		res, err := Solve(t.Context(), &Problem{A: a, B: b}, &Options{Method: MINRES, Preconditioner: m})
		if res == nil {
			t.Fatal(err)
		}
		if res.Status != solver.Infeasible || res.Reason != solver.Inconsistent || res.NullVector == nil {
			t.Fatalf("%s: %v, %s", m, res.Status, res.Detail)
		}
		scale := res.NullVector[0] * d[0]
		for i, z := range res.NullVector {
			if diff := z*d[i] - scale; diff > 1e-6*scale || diff < -1e-6*scale {
				t.Fatalf("%s: z_%d d_%d = %g, z_0 d_0 = %g", m, i, i, z*d[i], scale)
			}
		}
	}
}

// The part of b on empty rows is projected away like that along other null
// vectors.
func TestProjectionOfEmptyRows(t *testing.T) {
	a := csrOf(t, 4, 1, -1, 0, 0, -1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2)
	for _, c := range []struct{ b, x []float64 }{
		{[]float64{1, -1, 5, 4}, []float64{0.5, -0.5, 0, 2}},
		{[]float64{2, 0, 5, 4}, []float64{0.5, -0.5, 0, 2}},
	} {
		res, err := Solve(t.Context(), &Problem{A: a, B: oneColumn(c.b)}, &Options{Project: true})
		if err != nil {
			t.Fatal(err)
		}
		if !(res.Projection > 0.5 && res.Projection < 1) {
			t.Errorf("%g was projected away", res.Projection)
		}
		if fmt.Sprintf("%.6f", res.X.Data) != fmt.Sprintf("%.6f", c.x) {
			t.Errorf("x = %v, want %v", res.X.Data, c.x)
		}
	}
	if _, err := Solve(t.Context(), &Problem{A: a, B: oneColumn([]float64{1, -1, 5, 4})}, nil); err == nil {
		t.Error("solved without Project")
	}
}
