package direct

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"solve/internal/rng"
	"solve/matrix"
	"solve/matrix/matio"
	"solve/solver"
)

// linsysCollection is a folder of matrices with answers from independent
// programs.
const linsysCollection = "../../../shared/data/linsys"

// sharedSystem reads a matrix with its right side and solution, nil where it
// has none.
func sharedSystem(t testing.TB, name string) (a *matrix.CSR, b, x []float64) {
	t.Helper()
	read := func(suffix string) *matio.File {
		for _, ext := range []string{".mtx", ".mtx.gz"} {
			path := filepath.Join(linsysCollection, name+suffix+ext)
			if _, err := os.Stat(path); err != nil {
				continue
			}
			f, err := matio.ReadFile(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		return nil
	}
	f := read("")
	if f == nil {
		t.Skipf("%s is not in %s", name, linsysCollection)
	}
	if f, g := read("_b"), read("_x"); f != nil && g != nil {
		b, x = f.Dense.Data, g.Dense.Data
	}
	return f.Sparse, b, x
}

// linsysAnswer is the part of an entry of answers.json that is compared here.
type linsysAnswer struct {
	Kind string
	Cond float64 `json:"cond1_est"`
}

func linsysAnswers(t testing.TB) map[string]linsysAnswer {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(linsysCollection, "answers.json"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("no %s", linsysCollection)
	}
	if err != nil {
		t.Fatal(err)
	}
	var answers map[string]linsysAnswer
	if err := json.Unmarshal(data, &answers); err != nil {
		t.Fatal(err)
	}
	return answers
}

func mustLU(t testing.TB, a *matrix.CSR, opt *LUOptions) *LU {
	t.Helper()
	s, err := AnalyzeLU(context.Background(), a, opt)
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.Factor(t.Context(), a, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// refined solves A x = b with one step of refinement and returns the
// relative residual.
func refined(a *matrix.CSR, solve func([]float64), b []float64) (x []float64, residual float64) {
	x = slices.Clone(b)
	solve(x)
	for range 1 {
		r := residualOf(a, x, b)
		solve(r)
		for i, v := range r {
			x[i] += v
		}
	}
	return x, mat.Norm(mat.NewVecDense(len(b), residualOf(a, x, b)), 2) / mat.Norm(mat.NewVecDense(len(b), b), 2)
}

func residualOf(a *matrix.CSR, x, b []float64) []float64 {
	r := make([]float64, len(b))
	a.MulVecTo(r, false, x)
	for i := range r {
		r[i] = b[i] - r[i]
	}
	return r
}

// furthest is ‖x−y‖∞/‖y‖∞.
func furthest(x, y []float64) float64 {
	d, m := 0.0, 0.0
	for i := range x {
		d, m = max(d, math.Abs(x[i]-y[i])), max(m, math.Abs(y[i]))
	}
	return d / m
}

func TestLUSolvesCollection(t *testing.T) {
	for name, answer := range linsysAnswers(t) {
		if answer.Kind != "nonsymmetric" && !strings.HasPrefix(answer.Kind, "symmetric") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			a, b, want := sharedSystem(t, name)
			for _, ordering := range []string{"amd", "colamd"} {
				if ordering == "colamd" && name == "memplus" {
					continue // its dense rows make 8 million entries
				}
				f := mustLU(t, a, &LUOptions{Ordering: ordering})
				x, residual := refined(a, f.Solve, b)
				if !(residual <= 1e-8) {
					t.Errorf("%q: residual %g", ordering, residual)
				}
				if d := furthest(x, want); !(d <= 4*answer.Cond*0x1p-53) {
					t.Errorf("%q: x is off by %g, condition number %g", ordering, d, answer.Cond)
				}
			}
		})
	}
}

func TestLUStructurallySingular(t *testing.T) {
	a, _, _ := sharedSystem(t, "zenios")
	checkStructural(t, a, -1)
}

func TestLUStructuralRank(t *testing.T) {
	for _, c := range []struct {
		rows [][]float64
		rank int
	}{
		{[][]float64{{0}}, 0},
		{[][]float64{{1, 1, 1}, {0, 0, 1}, {0, 0, 2}}, 2},
		{[][]float64{{1, 0, 0}, {2, 0, 0}, {3, 0, 0}}, 1},
	} {
		checkStructural(t, sparse(t, c.rows), c.rank)
	}
}

func checkStructural(t *testing.T, a *matrix.CSR, rank int) {
	t.Helper()
	_, err := AnalyzeLU(context.Background(), a, nil)
	var singular *SingularError
	if !errors.As(err, &singular) || !errors.Is(err, solver.ErrSingular) {
		t.Fatalf("error = %v, want a SingularError", err)
	}
	if !singular.Structural || singular.Rank >= a.Rows || rank >= 0 && singular.Rank != rank {
		t.Errorf("%+v, want structural rank %d", singular, rank)
	}
}

// sparse makes a CSR matrix of the nonzeros of rows.
func sparse(t testing.TB, rows [][]float64) *matrix.CSR {
	t.Helper()
	b, err := matrix.NewCOO(len(rows), len(rows[0]), 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		for j, v := range r {
			if v != 0 {
				if err := b.Append(i, j, v); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	a, _, err := b.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestLUNumericallySingular(t *testing.T) {
	for _, c := range []struct {
		rows [][]float64
		rank int
	}{
		{[][]float64{{1, 2}, {2, 4}}, 1},
		{[][]float64{{1, 1, 1}, {1, 1, 1}, {1, 1, 1}}, 1},
		{[][]float64{{1, 2, 0, 0}, {2, 4, 0, 0}, {0, 0, 3, 1}, {0, 0, 1, 3}}, 3},
		{[][]float64{{1, 2, 0}, {2, 4, 0}, {1, 1, 1}}, 2},
	} {
		a := sparse(t, c.rows)
		s, err := AnalyzeLU(context.Background(), a, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Factor(t.Context(), a, 0)
		var singular *SingularError
		if !errors.As(err, &singular) || !errors.Is(err, solver.ErrSingular) {
			t.Errorf("%v: error = %v, want a SingularError", c.rows, err)
			continue
		}
		if singular.Structural || singular.Rank != c.rank || singular.Column < 1 || singular.Column > a.Rows {
			t.Errorf("%v: %+v, want rank %d", c.rows, singular, c.rank)
		}
	}
}

// randomSparse has a nonzero diagonal up to a permutation of the rows and k
// further entries in a row, magnitudes spread over 10^±spread.
func randomSparse(t testing.TB, seed uint64, n, k int, spread float64) *matrix.CSR {
	t.Helper()
	r := rng.New(seed)
	b, err := matrix.NewCOO(n, n, n*(k+1))
	if err != nil {
		t.Fatal(err)
	}
	value := func() float64 { return r.Normal() * math.Pow(10, spread*(2*r.Float64()-1)) }
	for i, j := range r.Perm(n) {
		for c := range k + 1 {
			if c > 0 {
				j = r.Below(n)
			}
			if err := b.Append(i, j, value()); err != nil {
				t.Fatal(err)
			}
		}
	}
	a, _, err := b.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestLUAgainstDense(t *testing.T) {
	for seed := range uint64(60) {
		n, k := 1+int(seed)*2, 1+int(seed%4)
		a := randomSparse(t, seed, n, k, float64(seed%3))
		dense, err := a.ToDense()
		if err != nil {
			t.Fatal(err)
		}
		var want mat.LU
		want.Factorize(dense)
		if cond := want.Cond(); cond > 1e10 {
			continue
		}
		r := rng.NewStream(seed, 1)
		b := make([]float64, n)
		for i := range b {
			b[i] = r.Normal()
		}
		f := mustLU(t, a, &LUOptions{Ordering: []string{"", "amd", "colamd", "natural", "nd"}[seed%5]})
		for _, trans := range []bool{false, true} {
			var y mat.VecDense
			if err := want.SolveVecTo(&y, trans, mat.NewVecDense(n, b)); err != nil {
				t.Fatal(err)
			}
			x := slices.Clone(b)
			if trans {
				f.SolveTrans(x)
			} else {
				f.Solve(x)
			}
			if d := furthest(x, y.RawVector().Data); !(d <= 1e-14*want.Cond()) {
				t.Errorf("seed %d, n = %d, transposed %v: off by %g, condition number %g", seed, n, trans, d, want.Cond())
			}
		}
	}
}

func TestLUBlockMatchesSolve(t *testing.T) {
	a := randomSparse(t, 5, 80, 3, 1)
	f := mustLU(t, a, nil)
	r := rng.New(6)
	for _, k := range []int{1, 7, 32, 70} {
		x := make([]float64, a.Rows*k)
		for i := range x {
			x[i] = r.Normal()
		}
		columns := make([][]float64, k)
		for c := range columns {
			for i := range a.Rows {
				columns[c] = append(columns[c], x[i*k+c])
			}
			f.Solve(columns[c])
		}
		f.SolveBlock(x, k)
		for c, want := range columns {
			for i, v := range want {
				if d := math.Abs(x[i*k+c] - v); d > 1e-10*math.Abs(v)+1e-10 {
					t.Fatalf("%d columns: entry (%d,%d) is %g, want %g", k, i, c, x[i*k+c], v)
				}
			}
		}
	}
}

func TestLUPermutedTriangular(t *testing.T) {
	const n = 200
	r := rng.New(1)
	rows, cols := r.Perm(n), r.Perm(n)
	b, err := matrix.NewCOO(n, n, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		for j := i; j < n; j += 1 + r.Below(20) {
			v := 1 + r.Float64()
			if j == i {
				v *= 100 // well conditioned
			}
			if err := b.Append(rows[i], cols[j], v); err != nil {
				t.Fatal(err)
			}
		}
	}
	a, _, err := b.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	f := mustLU(t, a, nil)
	if f.s.Blocks() != n || f.NNZ() != int64(a.NNZ()) {
		t.Errorf("%d blocks, %d entries; want %d and %d", f.s.Blocks(), f.NNZ(), n, a.NNZ())
	}
	want := make([]float64, n)
	for i := range want {
		want[i] = r.Normal()
	}
	x := make([]float64, n)
	a.MulVecTo(x, false, want)
	f.Solve(x)
	if d := furthest(x, want); d > 1e-13 {
		t.Errorf("off by %g", d)
	}
}

// The block triangular form of a matrix made of k blocks has at least k.
func TestLUFindsBlocks(t *testing.T) {
	const size, count = 12, 9
	n := size * count
	r := rng.New(3)
	rows, cols := r.Perm(n), r.Perm(n)
	b, err := matrix.NewCOO(n, n, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		for range 6 {
			lo := i / size * size
			j := lo + r.Below(size)
			if r.Below(3) == 0 {
				j = lo + r.Below(n-lo)
			}
			if err := b.Append(rows[i], cols[j], r.Normal()); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Append(rows[i], cols[i], 3*r.Normal()); err != nil {
			t.Fatal(err)
		}
	}
	a, _, err := b.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	f := mustLU(t, a, nil)
	if f.s.Blocks() < count {
		t.Errorf("%d blocks, want at least %d", f.s.Blocks(), count)
	}
	want, x := make([]float64, n), make([]float64, n)
	for i := range want {
		want[i] = r.Normal()
	}
	a.MulVecTo(x, false, want)
	if x, residual := refined(a, f.Solve, x); residual > 1e-14 || furthest(x, want) > 1e-9 {
		t.Errorf("residual %g, off by %g", residual, furthest(x, want))
	}
}

func TestLURefactor(t *testing.T) {
	for seed := range uint64(20) {
		a := randomSparse(t, seed, 60, 3, 0)
		f := mustLU(t, a, nil)
		fresh := mustLU(t, a, nil)
		if err := f.Refactor(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if !closeTo(f.lx, fresh.lx, 1e-12) || !closeTo(f.ux, fresh.ux, 1e-12) || !closeTo(f.diag, fresh.diag, 1e-12) {
			t.Errorf("seed %d: Refactor with the same matrix changes the factors", seed)
		}
		other := &matrix.CSR{Rows: a.Rows, Cols: a.Cols, RowPtr: a.RowPtr, Col: a.Col, Val: slices.Clone(a.Val)}
		r := rng.NewStream(seed, 2)
		for i := range other.Val {
			other.Val[i] *= 1 + 0.1*r.Normal()
		}
		if err := f.Refactor(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		b := make([]float64, a.Rows)
		for i := range b {
			b[i] = r.Normal()
		}
		if _, residual := refined(other, f.Solve, b); residual > 1e-9 {
			t.Errorf("seed %d: residual %g after Refactor, growth %g", seed, residual, f.Growth())
		}
	}
}

func closeTo(x, y []float64, tol float64) bool {
	return slices.EqualFunc(x, y, func(a, b float64) bool { return math.Abs(a-b) <= tol*(1+math.Abs(b)) })
}

func BenchmarkLU(b *testing.B) {
	for _, name := range []string{"memplus", "add32", "orsreg_1", "watt_1", "west0479", "cryg2500"} {
		a, rhs, _ := sharedSystem(b, name)
		var s *LUAnalysis
		var f *LU
		b.Run(name+"/analyze", func(b *testing.B) {
			for b.Loop() {
				s, _ = AnalyzeLU(context.Background(), a, nil)
			}
		})
		b.Run(name+"/factor", func(b *testing.B) {
			for b.Loop() {
				f, _ = s.Factor(b.Context(), a, 0)
			}
			b.ReportMetric(float64(f.NNZ()), "nnz")
		})
		b.Run(name+"/refactor", func(b *testing.B) {
			for b.Loop() {
				if err := f.Refactor(b.Context(), a); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/solve", func(b *testing.B) {
			x := slices.Clone(rhs)
			for b.Loop() {
				copy(x, rhs)
				f.Solve(x)
			}
		})
	}
}
