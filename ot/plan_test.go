package ot

import (
	"errors"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// The emitted plan has the marginals asked for, whatever the tolerance was.
func TestPlanIsFeasible(t *testing.T) {
	for _, size := range [][2]int{{25, 40}, {40, 25}} {
		for _, method := range methods {
			for _, tol := range []float64{0.3, 1e-3, 1e-9} {
				for _, eps := range []float64{0.003, 0.1, 10} {
					p := random(size[0], size[1], 13)
					p.Reg = eps
					res := mustSolve(t, p, &Options{Method: method, Settings: solver.Settings{Tol: tol}})
					plan := planMatrix(res.Plan)
					off, col := 0.0, make([]float64, plan.Cols)
					for i, a := range p.A {
						row := 0.0
						for j, x := range plan.Row(i) {
							row += x
							col[j] += x
							if !(x >= 0) {
								t.Errorf("%s: entry %g", method, x)
							}
						}
						off += math.Abs(row - a)
					}
					for j, b := range p.B {
						off += math.Abs(col[j] - b)
					}
					if !(off <= 5e-14) {
						t.Errorf("%s, tol %g, ε = %g: marginals are off by %g", method, tol, eps, off)
					}
				}
			}
		}
	}
}

// Newton rounding leaves a gap of second order in the error, up to the residual
// of its linear solve.
func TestGapIsQuadratic(t *testing.T) {
	p := clouds(200, 0)
	p.Reg = 1e-2
	res := mustSolve(t, p, tight(1e-4))
	e := certificate(t, res, "marginal_error")
	gap := certificate(t, res, "dual_gap")
	if !(gap <= p.Reg*100*e*e+roundingShare*1e-4) {
		t.Errorf("gap %g at marginal error %g", gap, e)
	}
}

func TestSparse(t *testing.T) {
	p := clouds(60, 4)
	p.Reg = 1e-3
	plan := mustSolve(t, p, nil).Plan
	full := planMatrix(plan)
	last := 60*60 + 1
	for _, threshold := range []float64{0, DefaultThreshold, 1e-6, 1e-2} {
		csr, dropped, err := plan.Sparse(threshold, math.MaxInt64)
		if err != nil {
			t.Fatal(err)
		}
		if csr.Rows != 60 || csr.Cols != 60 || len(csr.Val) > last {
			t.Errorf("threshold %g: %d×%d, %d entries after %d", threshold, csr.Rows, csr.Cols, len(csr.Val), last)
		}
		last = len(csr.Val)
		rest := &matrix.Dense{Rows: 60, Cols: 60, Data: append([]float64(nil), full.Data...)}
		for i := range csr.Rows {
			for k := csr.RowPtr[i]; k < csr.RowPtr[i+1]; k++ {
				x := &rest.Row(i)[csr.Col[k]]
				if csr.Val[k] != *x {
					t.Errorf("threshold %g: entry (%d,%d) is %g, in the plan %g", threshold, i, csr.Col[k], csr.Val[k], *x)
				}
				if !(*x > threshold*min(p.A[i], p.B[csr.Col[k]])/60) {
					t.Errorf("threshold %g: kept %g", threshold, *x)
				}
				*x = 0
			}
		}
		lost, col := 0.0, make([]float64, 60)
		for i, a := range p.A {
			row := 0.0
			for j, x := range rest.Row(i) {
				row += x
				col[j] += x
			}
			if !(row <= threshold*a) {
				t.Errorf("threshold %g: row %d lost %g of its mass", threshold, i, row/a)
			}
			lost += row
		}
		for j, b := range p.B {
			if !(col[j] <= threshold*b) {
				t.Errorf("threshold %g: column %d lost %g of its mass", threshold, j, col[j]/b)
			}
		}
		if math.Abs(dropped-lost) > 1e-12*lost {
			t.Errorf("threshold %g: %g dropped, reported %g", threshold, lost, dropped)
		}
	}
	need := int64(12 * last)
	if _, _, err := plan.Sparse(1e-2, need-1); !errors.Is(err, solver.ErrTooLarge) {
		t.Errorf("error %v, want too large", err)
	}
	if _, _, err := plan.Sparse(1e-2, need); err != nil {
		t.Errorf("error %v although it fits", err)
	}
	if got := plan.DefaultDrop(); got != 0 {
		t.Errorf("a small plan drops below %g", got)
	}
	if got := (&Plan{n: 1001, m: 1000}).DefaultDrop(); got != DefaultThreshold {
		t.Errorf("a large plan drops below %g", got)
	}
}

// Onto itself at small ε every point stays where it is.
func TestBarycentricOfIdenticalClouds(t *testing.T) {
	x := points(rng.New(9), 40, 3)
	cost, err := NewPointCost(x, x, SqEuclidean, 1)
	if err != nil {
		t.Fatal(err)
	}
	res := mustSolve(t, &Problem{A: uniform(40), B: uniform(40), Cost: cost, Reg: 1e-4}, nil)
	image, err := res.Plan.Barycentric(x)
	if err != nil {
		t.Fatal(err)
	}
	for k, got := range image.Data {
		if math.Abs(got-x.Data[k]) > 1e-6 {
			t.Errorf("coordinate %d moved from %g to %g", k, x.Data[k], got)
		}
	}
}

func TestBarycentric(t *testing.T) {
	p := random(7, 5, 1)
	p.A[3] = 0
	p.A = unitMass(p.A)
	res := mustSolve(t, p, nil)
	y := points(rng.New(4), 5, 2)
	image, err := res.Plan.Barycentric(y)
	if err != nil {
		t.Fatal(err)
	}
	plan := planMatrix(res.Plan)
	for i, a := range p.A {
		for k := range 2 {
			got, want := image.At(i, k), 0.0
			for j, x := range plan.Row(i) {
				want += x * y.At(j, k) / a
			}
			if a == 0 {
				if !math.IsNaN(got) {
					t.Errorf("a point without mass has image %g", got)
				}
				continue
			}
			if math.Abs(got-want) > 1e-13 {
				t.Errorf("image (%d,%d) = %g, want %g", i, k, got, want)
			}
		}
	}
	if _, err := res.Plan.Barycentric(points(rng.New(4), 6, 2)); !errors.Is(err, solver.ErrDimension) {
		t.Errorf("error %v, want dimension", err)
	}
}
