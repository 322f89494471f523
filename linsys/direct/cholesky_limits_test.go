package direct

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"solve/matrix"
	"solve/solver"
)

func TestCholeskyRefusesIndefinite(t *testing.T) {
	for _, m := range []named{{"path", grid(t, 1, 1, 40)}, {"grid", grid(t, 1, 20, 20)}, {"tasks", grid(t, 1, 90, 90)}} {
		for _, threads := range []int{1, 2} {
			a := m.a
			bad := a.Rows / 3
			val := slices.Clone(a.Val)
			for k := a.RowPtr[bad]; k < a.RowPtr[bad+1]; k++ {
				if int(a.Col[k]) == bad {
					val[k] = -4
				}
			}
			b, err := matrix.NewCSR(a.Rows, a.Cols, a.RowPtr, a.Col, val)
			if err != nil {
				t.Fatal(err)
			}
			s, err := AnalyzeCholesky(context.Background(), b, &AnalyzeOptions{Threads: threads})
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Factor(t.Context(), b, threads)
			if !errors.Is(err, solver.ErrNotPositiveDefinite) {
				t.Fatalf("%s: error = %v", m.name, err)
			}
			// The negative diagonal entry is the first to fail: all pivots
			// before it are those of a definite matrix.
			if want := fmt.Sprintf("pivot of row %d is -", bad+1); !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q lacks %q", m.name, err, want)
			}
			// The same factorisation serves a definite matrix afterwards.
			c, err := s.Factor(t.Context(), a, threads)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Refactor(t.Context(), b); !errors.Is(err, solver.ErrNotPositiveDefinite) {
				t.Error(err)
			}
			if err := c.Refactor(t.Context(), a); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestAnalyzeCholeskyRefuses(t *testing.T) {
	csr := func(r, c int, ptr []int64, col []int32) *matrix.CSR {
		val := make([]float64, len(col))
		for i := range val {
			val[i] = 1
		}
		a, err := matrix.NewCSR(r, c, ptr, col, val)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	ok := csr(2, 2, []int64{0, 1, 2}, []int32{0, 1})
	for name, test := range map[string]struct {
		a    *matrix.CSR
		opt  *AnalyzeOptions
		want error
	}{
		"not square":    {csr(1, 2, []int64{0, 1}, []int32{0}), nil, solver.ErrDimension},
		"not symmetric": {csr(2, 2, []int64{0, 2, 3}, []int32{0, 1, 1}), nil, solver.ErrNotSymmetric},
		"ordering":      {ok, &AnalyzeOptions{Ordering: "none"}, solver.ErrOption},
		"perm":          {ok, &AnalyzeOptions{Perm: []int32{1, 1}}, solver.ErrDimension},
	} {
		if _, err := AnalyzeCholesky(context.Background(), test.a, test.opt); !errors.Is(err, test.want) {
			t.Errorf("%s: error = %v, want %v", name, err, test.want)
		}
	}
	s, err := AnalyzeCholesky(context.Background(), ok, nil)
	if err != nil {
		t.Fatal(err)
	}
	full := csr(2, 2, []int64{0, 2, 4}, []int32{0, 1, 0, 1})
	if _, err := s.Factor(t.Context(), full, 1); !errors.Is(err, solver.ErrDimension) {
		t.Errorf("another pattern: error = %v", err)
	}
	if _, err := s.Factor(t.Context(), csr(2, 2, []int64{0, 1, 1}, []int32{0}), 1); !errors.Is(err, solver.ErrDimension) {
		t.Errorf("fewer entries: error = %v", err)
	}
}

// A missing diagonal entry is a zero pivot, not a crash.
func TestCholeskyZeroDiagonal(t *testing.T) {
	a, err := matrix.NewCSR(2, 2, []int64{0, 1, 2}, []int32{1, 0}, []float64{1, 1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := AnalyzeCholesky(context.Background(), a, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Factor(t.Context(), a, 1); !errors.Is(err, solver.ErrNotPositiveDefinite) {
		t.Errorf("error = %v", err)
	}
}

func TestCholeskyEmpty(t *testing.T) {
	a, err := matrix.NewCSR(0, 0, []int64{0}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := factored(t, a, nil, 2)
	c.Solve(nil)
	if d := c.LogDet(); d != 0 {
		t.Errorf("log det = %g", d)
	}
}

func TestCholeskyCancelled(t *testing.T) {
	a := grid(t, 1, 100, 100)
	s, err := AnalyzeCholesky(context.Background(), a, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, threads := range []int{1, 2} {
		if _, err := s.Factor(ctx, a, threads); !errors.Is(err, context.Canceled) {
			t.Errorf("%d threads: error = %v", threads, err)
		}
	}
}

func TestCholeskyAllocations(t *testing.T) {
	if underRace {
		t.Skip("the race detector allocates")
	}
	t.Run("simplicial", func(t *testing.T) { checkAllocations(t, grid(t, 1, 1, 100)) })
	t.Run("multifrontal", func(t *testing.T) { checkAllocations(t, grid(t, 1, 90, 90)) })
}

func checkAllocations(t *testing.T, a *matrix.CSR) {
	const k = 30
	x := make([]float64, a.Rows*k)
	for _, threads := range []int{1, 2} {
		c := factored(t, a, &AnalyzeOptions{Threads: threads}, threads)
		c.SolveBlock(x, k)
		for name, run := range map[string]func(){
			"Solve":      func() { c.Solve(x[:a.Rows]) },
			"SolveBlock": func() { c.SolveBlock(x, k) },
			"Refactor": func() {
				if err := c.Refactor(context.Background(), a); err != nil {
					t.Error(err)
				}
			},
		} {
			if n := testing.AllocsPerRun(5, run); n != 0 {
				t.Errorf("%d threads: %s allocates %g times", threads, name, n)
			}
		}
	}
}

// The estimate, made before, covers what is allocated, and not by far.
func TestCholeskyBytes(t *testing.T) {
	for _, a := range []*matrix.CSR{grid(t, 1, 1, 5000), grid(t, 1, 100, 100), grid(t, 16, 16, 16)} {
		s, err := AnalyzeCholesky(context.Background(), a, &AnalyzeOptions{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		c, err := s.Factor(t.Context(), a, 2)
		if err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		numeric := int64(after.HeapAlloc) - int64(before.HeapAlloc)
		if got := s.Bytes(); got < numeric || got > 3*numeric {
			t.Errorf("n = %d: %d bytes estimated, %d taken by the factor", a.Rows, got, numeric)
		}
		runtime.KeepAlive(c)
	}
}
