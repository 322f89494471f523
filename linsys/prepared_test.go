package linsys

import (
	"errors"
	"math"
	"path/filepath"
	"testing"

	"solve/internal/rng"
	"solve/linsys/direct"
	"solve/matrix"
	"solve/solver"
)

// shuffled permutes the rows of a, so that its diagonal is mostly zero, and
// scales its rows and columns by up to 10^±rows and 10^±cols.
func shuffled(a *matrix.CSR, rows, cols float64, seed uint64) (b *matrix.CSR, dc []float64) {
	s := rng.New(seed)
	b = &matrix.CSR{Rows: a.Rows, Cols: a.Cols, RowPtr: make([]int64, 1, a.Rows+1)}
	for _, i := range s.Perm(a.Rows) {
		col, val := a.Row(i)
		b.Col, b.Val = append(b.Col, col...), append(b.Val, val...)
		b.RowPtr = append(b.RowPtr, int64(len(b.Col)))
	}
	dr, dc := make([]float64, a.Rows), make([]float64, a.Rows)
	for i := range dr {
		dr[i], dc[i] = math.Pow(10, rows*(2*s.Float64()-1)), math.Pow(10, cols*(2*s.Float64()-1))
	}
	return scaleBoth(b, dr, dc), dc
}

func withoutDropping(a *matrix.CSR) (*LDU, error) { return NewILUT(a, a.Rows, 0) }

// Without dropping M is A, whatever the order of the rows and the scales.
func TestPreparedWithoutDropping(t *testing.T) {
	for seed := range uint64(12) {
		spread := []float64{0, 5, 70}[seed%3]
		a, dc := shuffled(randomSparse(t, 80, 3, 1.2, false, seed), 2*spread, spread, seed)
		for name, order := range map[string]ordering{"rcm": reverseCuthillMcKee, "amd": direct.AMD, "chosen": orderForFill} {
			m, err := newPrepared(t.Context(), a, order, withoutDropping)
			if err != nil {
				t.Fatal(err)
			}
			y := randomVector(a.Rows, seed)
			x, b, z := make([]float64, a.Rows), make([]float64, a.Rows), make([]float64, a.Rows)
			for j := range x {
				x[j] = y[j] / dc[j]
			}
			a.MulVecTo(b, false, x)
			m.Apply(z, b)
			for j := range z {
				if e := math.Abs(z[j]*dc[j] - y[j]); !(e < 1e-11) {
					t.Fatalf("seed %d, %s: entry %d is off by %g", seed, name, j, e)
				}
			}
			if m.m.Replaced() > 0 {
				t.Errorf("seed %d, %s: %d pivots replaced", seed, name, m.m.Replaced())
			}
			if allocs := testing.AllocsPerRun(5, func() { m.Apply(z, b) }); allocs != 0 {
				t.Errorf("%g allocations", allocs)
			}
		}
	}
}

// Factors that grow like 2^n are refused, and don't make A a singular matrix.
func TestUnstableFactorsAreRefused(t *testing.T) {
	rows := make([][]float64, 60)
	for i := range rows {
		rows[i] = make([]float64, len(rows))
		rows[i][i] = 1
		for j := i + 1; j < len(rows); j++ {
			rows[i][j] = -1
		}
	}
	rows[59][0] = 0.5
	a := fromRows(t, rows...)
	if m, err := newPrepared(t.Context(), a, reverseCuthillMcKee, NewILU0); m != nil || !errors.Is(err, solver.ErrSingular) {
		t.Fatalf("%v, %v", m, err)
	}
	p := &Problem{A: a, B: oneColumn(randomVector(a.Rows, 1))}
	s, err := New(t.Context(), p, &Options{Method: GMRES, Preconditioner: ILU0})
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.Solve(t.Context(), p.B, nil)
	if !errors.Is(err, solver.ErrSingular) || res.Status != solver.Breakdown {
		t.Errorf("%v, %v", res, err)
	}
	if s.singular != nil {
		t.Errorf("the matrix is taken for singular: %v", s.singular)
	}
}

func TestStructurallySingularFactors(t *testing.T) {
	a := fromRows(t, []float64{1, 0, 0, 2}, []float64{2, 0, 0, 1}, []float64{3, 0, 0, 3}, []float64{1, 1, 1, 1})
	var singular *direct.SingularError
	if _, err := newPrepared(t.Context(), a, reverseCuthillMcKee, NewILU0); !errors.As(err, &singular) || singular.Rank != 3 {
		t.Errorf("%v", err)
	}
	s, err := New(t.Context(), &Problem{A: a, B: oneColumn([]float64{1, 1, 1, 1})}, &Options{Method: GMRES, Preconditioner: ILUT})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Solve(t.Context(), oneColumn([]float64{1, 1, 1, 1}), nil); !errors.As(s.singular, &singular) {
		t.Errorf("%v, and taken for singular: %v", err, s.singular)
	}
}

func TestPatternSymmetry(t *testing.T) {
	for _, c := range []struct {
		a    *matrix.CSR
		want float64
	}{
		{fromRows(t, []float64{1, 0}, []float64{0, 1}), 1},
		{fromRows(t, []float64{1, 2}, []float64{0, 1}), 0},
		{fromRows(t, []float64{0, 1, 1, 0}, []float64{1, 1, 0, 0}, []float64{0, 1, 1, 1}, []float64{1, 0, 1, 0}), 4. / 7},
		{laplacian(t, 3, 4, 5), 1},
	} {
		if got := patternSymmetry(c.a); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%v: %g, want %g", toRows(c.a), got, c.want)
		}
	}
}

// Every regular unsymmetric matrix of the collection is solved with
// incomplete LU.
func TestIncompleteLUOnCollection(t *testing.T) {
	if testing.Short() {
		t.Skip("a minute under the race detector")
	}
	for name, want := range answers(t) {
		if want.Kind == "structurally singular" || want.Rows != want.Cols || name == "memplus" {
			continue
		}
		a := collected(t, name)
		an, err := Analyze(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		if an.Symmetric {
			continue
		}
		b := readVector(t, filepath.Join(collection, name+"_b.mtx"))
		for _, c := range [][2]string{{GMRES, ILUT}, {GMRES, ILU0}, {BiCGSTAB, ILUT}, {BiCGSTAB, ILU0}} {
			res, err := Solve(t.Context(), &Problem{A: a, B: oneColumn(b)}, &Options{Method: c[0], Preconditioner: c[1]})
			if err != nil {
				t.Errorf("%s by %v: %v", name, c, err)
				continue
			}
			checkTrueResidual(t, a, res, b)
		}
	}
}

func TestShuffledAndScaled(t *testing.T) {
	for seed := range uint64(6) {
		spread := []float64{0, 30, 150}[seed%3]
		a, _ := shuffled(randomSparse(t, 100, 3, 0.8, false, seed), spread, 0, seed)
		b := make([]float64, a.Rows)
		a.MulVecTo(b, false, randomVector(a.Rows, seed))
		for _, c := range [][2]string{{GMRES, ILUT}, {GMRES, ILU0}, {BiCGSTAB, ILUT}} {
			res, err := Solve(t.Context(), &Problem{A: a, B: oneColumn(b)}, &Options{Method: c[0], Preconditioner: c[1]})
			if err != nil {
				t.Errorf("seed %d, rows scaled by 10^±%g, %v: %v", seed, spread, c, err)
				continue
			}
			checkTrueResidual(t, a, res, b)
		}
	}
}
