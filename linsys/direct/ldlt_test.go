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

func mustLDLT(t testing.TB, a *matrix.CSR, opt *LDLTOptions, threads int) *LDLT {
	t.Helper()
	s, err := AnalyzeLDLT(context.Background(), a, opt)
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.Factor(t.Context(), a, threads)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// symmetricBuilder collects the entries of a symmetric matrix.
type symmetricBuilder struct {
	t testing.TB
	b *matrix.COO
}

func newSymmetric(t testing.TB, n int) *symmetricBuilder {
	t.Helper()
	b, err := matrix.NewCOO(n, n, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &symmetricBuilder{t, b}
}

func (s *symmetricBuilder) add(i, j int, v float64) {
	if err := s.b.Append(i, j, v); err != nil {
		s.t.Fatal(err)
	}
	if i != j {
		if err := s.b.Append(j, i, v); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *symmetricBuilder) csr() *matrix.CSR {
	a, _, err := s.b.ToCSR()
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// saddle is [[H, Bᵀ], [B, 0]] with H symmetric positive definite of order n,
// or only positive semidefinite with a part of its diagonal missing, and m
// rows of B, which are independent, in random order.
func saddle(t testing.TB, seed uint64, n, m int, definite bool) *matrix.CSR {
	r := rng.New(seed)
	at := r.Perm(n + m)
	s := newSymmetric(t, n+m)
	for i := range n {
		if definite || r.Below(3) > 0 {
			s.add(at[i], at[i], 4+r.Float64())
			if j := r.Below(n); definite && j != i {
				s.add(at[i], at[j], 0.5*r.Normal())
			}
		}
	}
	for k := range m {
		s.add(at[n+k], at[k], 2+r.Float64())
		for range 2 {
			if j := r.Below(n); j > k {
				s.add(at[n+k], at[j], r.Normal())
			}
		}
	}
	return s.csr()
}

// randomIndefinite has about k entries in a row, magnitudes spread over
// 10^±spread, some of the diagonal being zero.
func randomIndefinite(t testing.TB, seed uint64, n, k int, spread float64) *matrix.CSR {
	r := rng.New(seed)
	s := newSymmetric(t, n)
	value := func() float64 { return r.Normal() * math.Pow(10, spread*(2*r.Float64()-1)) }
	for i := range n {
		if r.Below(2) == 0 {
			s.add(i, i, value())
		}
		for range (k + 1) / 2 {
			if j := r.Below(n); j != i {
				s.add(i, j, value())
			}
		}
	}
	return s.csr()
}

// checkInertia compares with the inertia that is known and, where the matrix is
// regular or the system at least consistent, checks a solution.
func checkInertia(t *testing.T, name string, a *matrix.CSR, opt *LDLTOptions, want inertia) {
	t.Helper()
	f := mustLDLT(t, a, opt, 1)
	if p, n, z := f.Inertia(); p != want.positive || n != want.negative || z != want.zero {
		t.Errorf("%s: inertia (%d, %d, %d), want %v", name, p, n, z, want)
	}
	r := rng.New(77)
	x, b := make([]float64, a.Rows), make([]float64, a.Rows)
	for i := range x {
		x[i] = r.Normal()
	}
	a.MulVecTo(b, false, x)
	if _, residual := refined(a, f.Solve, b); !(residual <= 1e-10) {
		t.Errorf("%s: residual %g", name, residual)
	}
}

// A graph Laplacian has one zero eigenvalue for every component, and a
// consistent system with it is solved.
func TestLDLTLaplacian(t *testing.T) {
	for _, side := range []int{1, 2, 5, 30, 60} {
		s := newSymmetric(t, 2*side*side)
		degree := make([]float64, 2*side*side)
		edge := func(i, j int) {
			s.add(i, j, -1)
			degree[i]++
			degree[j]++
		}
		for copy := range 2 { // two grids
			for i := range side {
				for j := range side {
					v := copy*side*side + i*side + j
					if i > 0 {
						edge(v, v-side)
					}
					if j > 0 {
						edge(v, v-1)
					}
				}
			}
		}
		for i, d := range degree {
			s.add(i, i, d)
		}
		a := s.csr()
		f := mustLDLT(t, a, nil, 1)
		if p, n, z := f.Inertia(); p != 2*side*side-2 || n != 0 || z != 2 {
			t.Errorf("side %d: inertia (%d, %d, %d), want (%d, 0, 2)", side, p, n, z, 2*side*side-2)
		}
		x, b := make([]float64, a.Rows), make([]float64, a.Rows)
		for i := range x {
			x[i] = math.Sin(float64(i))
		}
		a.MulVecTo(b, false, x)
		if _, residual := refined(a, f.Solve, b); side > 1 && residual > 1e-12 {
			t.Errorf("side %d: residual %g", side, residual)
		}
	}
}

func TestLDLTSolvesCollection(t *testing.T) {
	answers := linsysAnswers(t)
	for _, c := range []struct {
		name     string
		negative bool
	}{{"sherman1", true}, {"bcsstk01", false}, {"494_bus", false}, {"nos7", false}, {"LFAT5", false}, {"mesh1e1", false}, {"gr_30_30", false}, {"bcsstk13", false}} {
		a, b, want := sharedSystem(t, c.name)
		f := mustLDLT(t, a, nil, 0)
		p, n, z := f.Inertia()
		if c.negative {
			p, n = n, p
		}
		if p != a.Rows || n != 0 || z != 0 {
			t.Errorf("%s: inertia (%d, %d, %d)", c.name, p, n, z)
		}
		x, residual := refined(a, f.Solve, b)
		if !(residual <= 1e-8) {
			t.Errorf("%s: residual %g", c.name, residual)
		}
		if d := furthest(x, want); !(d <= 4*answers[c.name].Cond*0x1p-53) {
			t.Errorf("%s: x is off by %g", c.name, d)
		}
	}
}

func TestLDLTSameBits(t *testing.T) {
	for seed, a := range []*matrix.CSR{
		saddle(t, 1, 1500, 600, true), randomIndefinite(t, 2, 1200, 4, 1), stokes(t, 40),
	} {
		one := mustLDLT(t, a, &LDLTOptions{AnalyzeOptions: AnalyzeOptions{Threads: 2}}, 1)
		two := mustLDLT(t, a, &LDLTOptions{AnalyzeOptions: AnalyzeOptions{Threads: 2}}, 2)
		x := make([]float64, a.Rows)
		for i := range x {
			x[i] = math.Sin(float64(i))
		}
		y := slices.Clone(x)
		one.Solve(x)
		two.Solve(y)
		if !slices.Equal(x, y) {
			t.Errorf("matrix %d: solutions differ between 1 and 2 threads", seed)
		}
		p, n, z := one.Inertia()
		if p2, n2, z2 := two.Inertia(); p != p2 || n != n2 || z != z2 || one.NNZ() != two.NNZ() {
			t.Errorf("matrix %d: (%d, %d, %d), then (%d, %d, %d)", seed, p, n, z, p2, n2, z2)
		}
	}
}

// stokes is a saddle point of a five-point Laplacian for each of two fields
// on a side×side grid, and of their divergence.
func stokes(t testing.TB, side int) *matrix.CSR {
	n := side * side
	s := newSymmetric(t, 3*n)
	for i := range side {
		for j := range side {
			v := i*side + j
			for field := range 2 {
				u := field*n + v
				s.add(u, u, 4)
				if i > 0 {
					s.add(u, u-side, -1)
				}
				if j > 0 {
					s.add(u, u-1, -1)
				}
			}
			s.add(2*n+v, v, 1)
			s.add(2*n+v, n+v, 1)
			if i > 0 {
				s.add(2*n+v, v-side, -1)
			}
			if j > 0 {
				s.add(2*n+v, n+v-1, -1)
			}
		}
	}
	return s.csr()
}

func TestLDLTStokes(t *testing.T) {
	const side = 20
	a, want := stokes(t, side), inertia{2 * side * side, side * side, 0}
	checkInertia(t, "stokes", a, nil, want)
	checkInertia(t, "stokes with pairs", a, &LDLTOptions{Pairs: true}, want)
}

func TestLDLTRefactor(t *testing.T) {
	a := saddle(t, 3, 120, 50, true)
	f := mustLDLT(t, a, nil, 1)
	r := rng.New(4)
	for round := range 5 {
		b := &matrix.CSR{Rows: a.Rows, Cols: a.Cols, RowPtr: a.RowPtr, Col: a.Col, Val: slices.Clone(a.Val)}
		for i := range b.Rows { // other pivots: the diagonal of H in the other order of size
			for p := b.RowPtr[i]; p < b.RowPtr[i+1]; p++ {
				if int(b.Col[p]) == i {
					b.Val[p] = math.Pow(10, 6*r.Float64()-3)
				}
			}
		}
		if err := f.Refactor(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		fresh, err := f.s.Factor(t.Context(), b, 1)
		if err != nil {
			t.Fatal(err)
		}
		x, y := make([]float64, a.Rows), make([]float64, a.Rows)
		for i := range x {
			x[i] = r.Normal()
			y[i] = x[i]
		}
		f.Solve(x)
		fresh.Solve(y)
		if !slices.Equal(x, y) {
			t.Errorf("round %d: Refactor and Factor differ", round)
		}
	}
}

func TestLDLTBlockMatchesSolve(t *testing.T) {
	a := saddle(t, 8, 150, 60, true)
	f := mustLDLT(t, a, nil, 1)
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
				if d := math.Abs(x[i*k+c] - v); d > 1e-9*(1+math.Abs(v)) {
					t.Fatalf("%d columns: entry (%d,%d) is %g, want %g", k, i, c, x[i*k+c], v)
				}
			}
		}
	}
}

// Raised pivots make the factor one of a nearby matrix: refinement solves.
func TestLDLTStatic(t *testing.T) {
	raised := 0
	for seed := range uint64(20) {
		a := randomIndefinite(t, seed, 150, 4, 0)
		opt := &LDLTOptions{Static: true, AnalyzeOptions: AnalyzeOptions{Ordering: "natural"}}
		f := mustLDLT(t, a, opt, 1)
		if f.Delayed() != 0 {
			t.Errorf("seed %d: %d columns passed on", seed, f.Delayed())
		}
		raised += f.Perturbed()
		if _, n, z := f.Inertia(); n == 0 || z != 0 {
			t.Errorf("seed %d: %d negative, %d zero", seed, n, z)
		}
	}
	if raised == 0 {
		t.Error("no pivot was raised")
	}
}

func TestLDLTRefuses(t *testing.T) {
	a := saddle(t, 3, 120, 50, true)
	for _, opt := range []LDLTOptions{{Threshold: 0.7}, {Threshold: -1}, {Threshold: math.NaN()}, {AnalyzeOptions: AnalyzeOptions{Ordering: "metis"}}} {
		if _, err := AnalyzeLDLT(context.Background(), a, &opt); !errors.Is(err, solver.ErrOption) {
			t.Errorf("%+v: error = %v, want ErrOption", opt, err)
		}
	}
	if _, err := AnalyzeLDLT(context.Background(), sparse(t, [][]float64{{1, 1}, {0, 1}}), nil); !errors.Is(err, solver.ErrNotSymmetric) {
		t.Errorf("error = %v, want ErrNotSymmetric", err)
	}
	if _, err := AnalyzeLDLT(context.Background(), sparse(t, [][]float64{{1, 1}}), nil); !errors.Is(err, solver.ErrDimension) {
		t.Errorf("error = %v, want ErrDimension", err)
	}
	s, err := AnalyzeLDLT(context.Background(), a, &LDLTOptions{MaxBytes: 10})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Factor(t.Context(), a, 1); !errors.Is(err, solver.ErrTooLarge) {
		t.Errorf("error = %v, want ErrTooLarge", err)
	}
	f := mustLDLT(t, a, nil, 1)
	if err := f.Refactor(t.Context(), sparse(t, [][]float64{{1}})); !errors.Is(err, solver.ErrDimension) {
		t.Errorf("error = %v, want ErrDimension", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Refactor(ctx, a); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want Canceled", err)
	}
	b := &matrix.CSR{Rows: a.Rows, Cols: a.Cols, RowPtr: a.RowPtr, Col: a.Col, Val: slices.Clone(a.Val)}
	b.Val[5] = math.Inf(1)
	if err := f.Refactor(t.Context(), b); !errors.Is(err, solver.ErrNonFinite) {
		t.Errorf("error = %v, want ErrNonFinite", err)
	}
}

// The prediction holds where no column is passed on.
func TestLDLTBytes(t *testing.T) {
	for _, a := range []*matrix.CSR{grid(t, 30, 30, 1), grid(t, 9, 9, 9), stokes(t, 25)} {
		f := mustLDLT(t, a, &LDLTOptions{Pairs: true, AnalyzeOptions: AnalyzeOptions{Threads: 2}}, 2)
		if f.Delayed() > 0 {
			t.Errorf("%d columns were passed on", f.Delayed())
		}
		if f.taken.Load() > f.s.Bytes() {
			t.Errorf("took %d bytes, predicted %d", f.taken.Load(), f.s.Bytes())
		}
	}
}

// Memory that only a factorisation finds out about is refused on the way.
func TestLDLTStopsAtLimit(t *testing.T) {
	a := saddle(t, 1, 600, 250, true)
	f := mustLDLT(t, a, nil, 1)
	f.limit = f.taken.Load() + 100
	f.stores[len(f.stores)-1].values.chunks = nil
	f.stores[0].values.chunks = nil
	if err := f.Refactor(t.Context(), a); !errors.Is(err, solver.ErrTooLarge) {
		t.Errorf("error = %v, want ErrTooLarge", err)
	}
}

func TestLDLTSolveAllocatesNothing(t *testing.T) {
	a := saddle(t, 3, 120, 50, true)
	f := mustLDLT(t, a, nil, 1)
	x, block := make([]float64, a.Rows), make([]float64, a.Rows*5)
	for i := range x {
		x[i] = float64(i)
	}
	f.SolveBlock(block, 5)
	for name, run := range map[string]func(){
		"Solve":      func() { f.Solve(x) },
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

func TestLDLTEmpty(t *testing.T) {
	f := mustLDLT(t, &matrix.CSR{RowPtr: []int64{0}}, nil, 1)
	f.Solve(nil)
	f.SolveBlock(nil, 3)
	if p, n, z := f.Inertia(); p+n+z != 0 || f.NNZ() != 0 {
		t.Errorf("inertia (%d, %d, %d), %d entries", p, n, z, f.NNZ())
	}
}

func BenchmarkLDLT(b *testing.B) {
	indefinite := func(a *matrix.CSR) *matrix.CSR {
		c := &matrix.CSR{Rows: a.Rows, Cols: a.Cols, RowPtr: a.RowPtr, Col: a.Col, Val: slices.Clone(a.Val)}
		for i := range a.Rows {
			for p := a.RowPtr[i]; p < a.RowPtr[i+1]; p++ {
				if int(a.Col[p]) == i {
					c.Val[p] -= 1
				}
			}
		}
		return c
	}
	for _, c := range []struct {
		name string
		a    *matrix.CSR
	}{
		{"poisson", grid(b, 256, 256, 1)},
		{"helmholtz", indefinite(grid(b, 256, 256, 1))},
		{"cube", grid(b, 25, 25, 25)},
		{"stokes", stokes(b, 80)},
		{"saddle", saddle(b, 1, 4000, 1500, true)},
	} {
		var s *LDLTAnalysis
		var f *LDLT
		b.Run(c.name+"/analyze", func(b *testing.B) {
			for b.Loop() {
				s, _ = AnalyzeLDLT(context.Background(), c.a, nil)
			}
		})
		b.Run(c.name+"/factor", func(b *testing.B) {
			for b.Loop() {
				f, _ = s.Factor(b.Context(), c.a, 2)
			}
			b.ReportMetric(float64(f.NNZ())/float64(s.FactorNNZ()), "fill/predicted")
			b.ReportMetric(float64(f.Delayed()), "delayed")
		})
		b.Run(c.name+"/refactor", func(b *testing.B) {
			for b.Loop() {
				if err := f.Refactor(b.Context(), c.a); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"/solve", func(b *testing.B) {
			x := make([]float64, c.a.Rows)
			for b.Loop() {
				x[0] = 1
				f.Solve(x)
			}
		})
	}
}
