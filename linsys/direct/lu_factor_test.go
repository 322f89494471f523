package direct

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// On a grid the last columns fill, so that there are wide supernodes: the
// factors must still multiply to the scaled and permuted matrix.
func TestLUFactorsMultiply(t *testing.T) {
	a := grid(t, 14, 14, 1)
	c := &matrix.CSR{Rows: a.Rows, Cols: a.Cols, RowPtr: a.RowPtr, Col: a.Col, Val: slices.Clone(a.Val)}
	r := rng.New(9)
	for i := range c.Val {
		c.Val[i] += 0.8 * r.Normal()
	}
	n := c.Rows
	f := mustLU(t, c, nil)
	widest := 0
	for j, lead := range f.leader {
		widest = max(widest, j-int(lead)+1)
	}
	if widest < 8 {
		t.Errorf("the widest supernode has %d columns", widest)
	}
	dense := func(k int, ptr []int64, row []int32, val []float64, diag float64) []float64 {
		x := make([]float64, n)
		for p := ptr[k]; p < ptr[k+1]; p++ {
			x[row[p]] = val[p]
		}
		x[k] = diag
		return x
	}
	for k, col := range f.s.colPerm {
		u := dense(k, f.up, f.ui, f.ux, f.diag[k])
		sum := make([]float64, n)
		for j, v := range u {
			for i, w := range dense(j, f.lp, f.li, f.lx, 1) {
				sum[i] += w * v
			}
		}
		for i, v := range sum {
			want := c.At(int(f.rowOf[i]), int(col)) * f.rowScale[f.pivotRow[i]] * f.colScale[k]
			if math.Abs(v-want) > 1e-12*f.Growth() {
				t.Fatalf("entry (%d,%d) of LU is %g, want %g", i, k, v, want)
			}
			if i < k && f.pivotOf[f.pivotRow[i]] != int32(i) {
				t.Fatalf("row %d has pivot %d", i, f.pivotOf[f.pivotRow[i]])
			}
		}
	}
}

func TestLURefactorRefuses(t *testing.T) {
	a := sparse(t, [][]float64{{2, 1, 0}, {1, 3, 1}, {0, 1, 4}})
	a.Val[1] = 0 // a stored zero
	f := mustLU(t, a, nil)
	with := func(change func(*matrix.CSR)) *matrix.CSR {
		b := &matrix.CSR{Rows: 3, Cols: 3, RowPtr: slices.Clone(a.RowPtr), Col: slices.Clone(a.Col), Val: slices.Clone(a.Val)}
		change(b)
		return b
	}
	for _, c := range []struct {
		a    *matrix.CSR
		want error
	}{
		{with(func(b *matrix.CSR) { b.Val[1] = 1 }), solver.ErrInput},
		{with(func(b *matrix.CSR) { b.Col[1] = 2 }), nil},
		{with(func(b *matrix.CSR) { b.Col[6], b.Val[6] = 2, 5; b.Col[5] = 0 }), solver.ErrInput},
		{with(func(b *matrix.CSR) { b.Val[0] = math.NaN() }), solver.ErrNonFinite},
		{sparse(t, [][]float64{{1, 1}, {0, 1}}), solver.ErrDimension},
		{with(func(b *matrix.CSR) { clear(b.Val) }), solver.ErrSingular},
	} {
		if err := f.Refactor(t.Context(), c.a); !errors.Is(err, c.want) {
			t.Errorf("%v: error = %v, want %v", c.a.Val, err, c.want)
		}
	}
	if err := f.Refactor(t.Context(), a); err != nil {
		t.Errorf("after errors: %v", err)
	}
}

func TestLURefuses(t *testing.T) {
	a := randomSparse(t, 1, 300, 4, 0)
	s, err := AnalyzeLU(context.Background(), a, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := mustLU(t, a, nil)
	for _, limit := range []int64{1, 40000, 12 * f.NNZ()} {
		var tooLarge *solver.TooLargeError
		if _, err := s.Factor(t.Context(), a, limit); !errors.As(err, &tooLarge) || tooLarge.Need <= limit {
			t.Errorf("within %d bytes: error = %v, want a TooLargeError", limit, err)
		}
	}
	if _, err := s.Factor(t.Context(), a, 40*f.NNZ()+200*300); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Factor(ctx, a, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want Canceled", err)
	}
	for _, opt := range []LUOptions{{Ordering: "metis"}, {PivotTolerance: 2}, {PivotTolerance: math.NaN()}} {
		if _, err := AnalyzeLU(context.Background(), a, &opt); !errors.Is(err, solver.ErrOption) {
			t.Errorf("%+v: error = %v, want ErrOption", opt, err)
		}
	}
	if _, err := AnalyzeLU(context.Background(), sparse(t, [][]float64{{1, 1}}), nil); !errors.Is(err, solver.ErrDimension) {
		t.Errorf("error = %v, want ErrDimension", err)
	}
}

// Powers of two are exact: scaling rows and columns of the matrix by them
// changes the solution by exactly the scales.
func TestLUScalingIsExact(t *testing.T) {
	a := randomSparse(t, 11, 50, 3, 0)
	r := rng.New(12)
	rows, cols := make([]float64, 50), make([]float64, 50)
	for i := range rows {
		rows[i], cols[i] = math.Ldexp(1, r.Below(400)-200), math.Ldexp(1, r.Below(400)-200)
	}
	scaled := &matrix.CSR{Rows: 50, Cols: 50, RowPtr: a.RowPtr, Col: a.Col, Val: slices.Clone(a.Val)}
	b, want := make([]float64, 50), make([]float64, 50)
	for i := range 50 {
		for p := a.RowPtr[i]; p < a.RowPtr[i+1]; p++ {
			scaled.Val[p] *= rows[i] * cols[a.Col[p]]
		}
		want[i] = r.Normal()
		b[i] = want[i] * rows[i]
	}
	mustLU(t, a, nil).Solve(want)
	mustLU(t, scaled, nil).Solve(b)
	for i := range b {
		b[i] *= cols[i]
	}
	if d := furthest(b, want); d > 1e-9 {
		t.Errorf("off by %g", d)
	}
}

func TestLUSolveAllocatesNothing(t *testing.T) {
	a := randomSparse(t, 2, 100, 3, 0)
	f := mustLU(t, a, nil)
	x, block := make([]float64, 100), make([]float64, 100*5)
	for i := range x {
		x[i] = float64(i)
	}
	f.SolveBlock(block, 5)
	for name, run := range map[string]func(){
		"Solve":      func() { f.Solve(x) },
		"SolveTrans": func() { f.SolveTrans(x) },
		"SolveBlock": func() { f.SolveBlock(block, 5) },
		"Refactor": func() {
			if err := f.Refactor(context.Background(), a); err != nil {
				t.Error(err)
			}
		},
	} {
		if n := testing.AllocsPerRun(10, run); n != 0 {
			t.Errorf("%s allocates %g times", name, n)
		}
	}
}

func TestLUEmpty(t *testing.T) {
	a := &matrix.CSR{RowPtr: []int64{0}}
	f := mustLU(t, a, nil)
	f.Solve(nil)
	f.SolveTrans(nil)
	f.SolveBlock(nil, 3)
	if f.NNZ() != 0 {
		t.Errorf("%d entries", f.NNZ())
	}
}
