package direct

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// grid is the 5- or 7-point Laplacian with step 1 and zero boundary values.
func grid(tb testing.TB, nx, ny, nz int) *matrix.CSR {
	tb.Helper()
	s := matrix.Stencil{Nx: nx, Ny: ny, Nz: nz, Centre: 6, X: -1, Y: -1, Z: -1}
	if nx == 1 {
		s.Centre = 4
		if ny == 1 {
			s.Centre = 2
		}
	}
	a, err := s.ToCSR()
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// randomSPD has about perRow entries in each row off the diagonal and is
// diagonally dominant; rows differ in scale by up to 2^20.
func randomSPD(tb testing.TB, n, perRow int, seed uint64) *matrix.CSR {
	tb.Helper()
	r := rng.New(seed)
	coo, err := matrix.NewCOO(n, n, 0)
	if err != nil {
		tb.Fatal(err)
	}
	scale := make([]float64, n)
	for i := range scale {
		scale[i] = math.Exp2(float64(r.Uint64() % 20))
	}
	diag := make([]float64, n)
	for i := range n {
		for range perRow / 2 {
			j := int(r.Uint64() % uint64(n))
			if i == j {
				continue
			}
			v := r.Float64() - 0.5
			diag[i] += math.Abs(v)
			diag[j] += math.Abs(v)
			coo.Append(i, j, v*scale[i]*scale[j])
			coo.Append(j, i, v*scale[i]*scale[j])
		}
	}
	for i, d := range diag {
		coo.Append(i, i, (d+0.01)*scale[i]*scale[i])
	}
	a, _, err := coo.ToCSR()
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

func factored(tb testing.TB, a *matrix.CSR, opt *AnalyzeOptions, threads int) *Cholesky {
	tb.Helper()
	s, err := AnalyzeCholesky(context.Background(), a, opt)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := s.Factor(tb.Context(), a, threads)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// denseOf writes a out in the order of elimination of s, row by row.
func denseOf(a *matrix.CSR, perm []int32) []float64 {
	n := a.Rows
	place := inverse(perm)
	d := make([]float64, n*n)
	a.DoNonZero(func(i, j int, v float64) { d[int(place[i])*n+int(place[j])] = v })
	return d
}

// multifrontal factors a by fronts, however small it is.
func multifrontal(tb testing.TB, a *matrix.CSR, opt *AnalyzeOptions, threads int) *Cholesky {
	tb.Helper()
	s, o, err := orderCholesky(tb.Context(), a, opt)
	if err == nil {
		err = s.planFronts(tb.Context(), a, o)
	}
	if err != nil {
		tb.Fatal(err)
	}
	c, err := s.Factor(tb.Context(), a, threads)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// methods are the ways to compute a factor.
var methods = map[string]func(testing.TB, *matrix.CSR, *AnalyzeOptions, int) *Cholesky{"chosen": factored, "by fronts": multifrontal}

// denseFactor writes Lᵀ out, n×n and row by row.
func (c *Cholesky) denseFactor() []float64 {
	n, t, p := c.s.n, c.s.tree, &c.s.plan
	d := make([]float64, n*n)
	if f := c.simplicial; f != nil {
		for k := range n {
			d[k*n+k] = 1 / f.inverse[k]
			for e := f.start[k]; e < f.start[k+1]; e++ {
				d[k*n+int(f.row[e])] = f.val[e]
			}
		}
		return d
	}
	for q := range int32(t.count()) {
		first, w := int(t.first[q]), t.width(q)
		for k := range w {
			row := c.l[p.panel[q]+k*int(p.stride[q]):]
			copy(d[(first+k)*n+first+k:(first+k)*n+first+w], row[k:w])
			for j, i := range t.below(q) {
				d[(first+k)*n+int(i)] = row[w+j]
			}
		}
	}
	return d
}

func frobenius(x []float64) float64 {
	sum := 0.
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum)
}

// arrow is a matrix whose last row is full: one supernode has n−1 children.
func arrow(tb testing.TB, n int) *matrix.CSR {
	tb.Helper()
	coo, err := matrix.NewCOO(n, n, 0)
	if err != nil {
		tb.Fatal(err)
	}
	for i := range n {
		coo.Append(i, i, float64(n+i))
		if i < n-1 {
			coo.Append(i, n-1, 1)
			coo.Append(n-1, i, 1)
		}
	}
	a, _, err := coo.ToCSR()
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

func testMatrices(tb testing.TB) []named {
	list := []named{
		{"path", grid(tb, 1, 1, 40)},
		{"grid", grid(tb, 1, 17, 23)},
		{"cube", grid(tb, 8, 7, 9)},
		{"arrow", arrow(tb, 50)},
		{"one", grid(tb, 1, 1, 1)},
	}
	for seed, perRow := range []int{0, 2, 3, 5, 8, 30, 200} {
		list = append(list, named{fmt.Sprintf("random%d", perRow), randomSPD(tb, 160, perRow, uint64(seed))})
	}
	return list
}

var orderings = []string{"auto", "amd", "nd", "best", "natural"}

// The factor times its transpose is the matrix, and has the entries that
// elimination on a full matrix fills in.
func TestCholeskyFactor(t *testing.T) {
	for name, factor := range methods {
		t.Run(name, func(t *testing.T) {
			for _, m := range testMatrices(t) {
				for _, ordering := range orderings {
					checkFactor(t, m, factor(t, m.a, &AnalyzeOptions{Ordering: ordering}, 1))
				}
			}
		})
	}
}

func checkFactor(t *testing.T, m named, c *Cholesky) {
	n, ordering := m.a.Rows, c.s.Ordering()
	want, r := denseOf(m.a, c.s.perm), c.denseFactor()
	diff := slices.Clone(want)
	logDet := 0.
	for k := range n {
		logDet += 2 * math.Log(r[k*n+k])
		for i := k; i < n; i++ {
			for j := k; j < n; j++ {
				diff[i*n+j] -= r[k*n+i] * r[k*n+j]
			}
		}
	}
	if e, u := frobenius(diff)/frobenius(want), math.Exp2(-53); !(e <= 10*float64(n)*u) {
		t.Errorf("%s, %s: |A - L L'| = %g |A|", m.name, ordering, e)
	}
	if got := c.LogDet(); !(math.Abs(got-logDet) <= 1e-12*(1+math.Abs(logDet))) {
		t.Errorf("%s, %s: LogDet = %g, want %g", m.name, ordering, got, logDet)
	}
	nnz, flops := filled(want, n)
	if got := c.s.FactorNNZ(); got != nnz {
		t.Errorf("%s, %s: FactorNNZ = %d, want %d", m.name, ordering, got, nnz)
	}
	if got := c.s.Flops(); got != flops {
		t.Errorf("%s, %s: Flops = %g, want %g", m.name, ordering, got, flops)
	}
}

// filled counts the entries that elimination leaves below and on the diagonal
// of the n×n matrix with the pattern of d, and the squares of their numbers by
// column.
func filled(d []float64, n int) (nnz int64, flops float64) {
	set := make([]bool, n*n)
	for i, v := range d {
		set[i] = v != 0
	}
	for k := range n {
		var rows []int
		for i := k; i < n; i++ {
			if set[i*n+k] {
				rows = append(rows, i)
			}
		}
		for _, i := range rows {
			for _, j := range rows {
				set[i*n+j] = true
			}
		}
		nnz += int64(len(rows))
		flops += float64(len(rows) * len(rows))
	}
	return nnz, flops
}

// For tridiag(−1, 2, −1) in its own order L_ii² = (i+1)/i.
func TestCholeskyTridiagonal(t *testing.T) {
	const n = 200
	c := factored(t, grid(t, 1, 1, n), &AnalyzeOptions{Ordering: "natural"}, 1)
	r := c.denseFactor()
	for k := range n {
		i := int(c.s.perm[k])
		if i != k {
			t.Fatal("postordering changed the order of a path")
		}
		if got, want := r[k*n+k]*r[k*n+k], float64(i+2)/float64(i+1); math.Abs(got-want) > 1e-14 {
			t.Fatalf("L²(%d,%d) = %.17g, want %.17g", i, i, got, want)
		}
	}
	if got, want := c.LogDet(), math.Log(n+1); math.Abs(got-want) > 1e-12 {
		t.Errorf("log det = %g, want %g", got, want)
	}
}

// On a grid the solution for an eigenvector is known, and large fronts and
// several tasks occur.
func TestCholeskyGrid(t *testing.T) {
	for _, d := range [][3]int{{1, 90, 110}, {18, 17, 16}} {
		a := grid(t, d[0], d[1], d[2])
		x, want := make([]float64, a.Rows), make([]float64, a.Rows)
		lambda := 0.
		for axis, n := range d {
			if n > 1 {
				s := math.Sin(float64(axis+1) * math.Pi / float64(2*(n+1)))
				lambda += 4 * s * s
			}
		}
		for i := range x {
			v, rest := 1., i
			for axis := 2; axis >= 0; axis-- {
				n := d[axis]
				if n > 1 {
					v *= math.Sin(float64((axis+1)*(rest%n+1)) * math.Pi / float64(n+1))
				}
				rest /= n
			}
			x[i], want[i] = v, v/lambda
		}
		for _, ordering := range []string{"amd", "nd"} {
			c := factored(t, a, &AnalyzeOptions{Ordering: ordering, Threads: 2}, 2)
			if p := &c.s.plan; len(p.tasks) < 2 || len(p.top) == 0 || p.maxWidth <= blockRows && d[0] > 1 {
				t.Errorf("%v: %d tasks, %d supernodes above them, the widest of %d columns: the test is too small", d, len(p.tasks), len(p.top), p.maxWidth)
			}
			y := slices.Clone(x)
			c.Solve(y)
			for i := range y {
				if math.Abs(y[i]-want[i]) > 1e-11*(1/lambda) {
					t.Fatalf("%v, %s: x[%d] = %g, want %g", d, ordering, i, y[i], want[i])
				}
			}
		}
	}
}

func TestCholeskySameBits(t *testing.T) {
	for _, a := range []*matrix.CSR{grid(t, 1, 100, 100), grid(t, 17, 17, 17), randomSPD(t, 3000, 4, 9)} {
		one := factored(t, a, &AnalyzeOptions{Threads: 1}, 1)
		two := factored(t, a, &AnalyzeOptions{Threads: 2}, 2)
		b := slices.Clone(a.Val)
		if !slices.Equal(one.upper(), two.upper()) {
			t.Errorf("n = %d: factors differ between 1 and 2 threads", a.Rows)
		}
		for i := range b {
			b[i] *= 3
		}
		scaled, err := matrix.NewCSR(a.Rows, a.Cols, a.RowPtr, a.Col, b)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []*matrix.CSR{scaled, a} {
			if err := two.Refactor(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(one.upper(), two.upper()) {
			t.Errorf("n = %d: Refactor and Factor differ", a.Rows)
		}
		y1, y2 := slices.Clone(a.Val[:a.Rows]), slices.Clone(a.Val[:a.Rows])
		one.Solve(y1)
		two.Solve(y2)
		if !slices.Equal(y1, y2) {
			t.Errorf("n = %d: solves differ between 1 and 2 threads", a.Rows)
		}
		const k = 50
		x1 := make([]float64, a.Rows*k)
		for i := range x1 {
			x1[i] = math.Sin(float64(i))
		}
		x2 := slices.Clone(x1)
		one.SolveBlock(x1, k)
		two.SolveBlock(x2, k)
		if !slices.Equal(x1, x2) {
			t.Errorf("n = %d: block solves differ between 1 and 2 threads", a.Rows)
		}
	}
}

// upper returns what of the panels has a meaning.
func (c *Cholesky) upper() (u []float64) {
	if c.simplicial != nil {
		return append(append(u, c.simplicial.inverse...), c.simplicial.val...)
	}
	t, p := c.s.tree, &c.s.plan
	for q := range int32(t.count()) {
		for k := range t.width(q) {
			row := c.l[p.panel[q]+k*int(p.stride[q]):]
			u = append(u, row[k:t.width(q)+t.height(q)]...)
		}
	}
	return u
}

func TestCholeskySolveBlock(t *testing.T) {
	for _, m := range append(testMatrices(t), named{"big", grid(t, 12, 13, 14)}) {
		c, other := factored(t, m.a, nil, 2), multifrontal(t, m.a, nil, 1)
		n := m.a.Rows
		for _, k := range []int{0, 1, 2, 7, 24, 25, 60} {
			r := rng.New(uint64(k))
			x := make([]float64, n*k)
			want := make([][]float64, k)
			for j := range want {
				want[j] = make([]float64, n)
				for i := range n {
					v := r.Float64() - 0.5
					x[i*k+j], want[j][i] = v, v
				}
				other.Solve(want[j])
			}
			c.SolveBlock(x, k)
			for j := range want {
				size := slices.Max(want[j]) - slices.Min(want[j])
				for i, v := range want[j] {
					if d := math.Abs(x[i*k+j] - v); d > 1e-9*math.Abs(v)+1e-12*size {
						t.Fatalf("%s: column %d of %d: x[%d] = %g, want %g", m.name, j, k, i, x[i*k+j], v)
					}
				}
			}
		}
	}
}

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

func TestCholeskyBestOrder(t *testing.T) {
	for _, a := range []*matrix.CSR{grid(t, 1, 40, 60), grid(t, 11, 12, 13), arrow(t, 30)} {
		flops := map[string]float64{}
		for _, ordering := range orderings {
			s, err := AnalyzeCholesky(context.Background(), a, &AnalyzeOptions{Ordering: ordering})
			if err != nil {
				t.Fatal(err)
			}
			flops[ordering] = s.Flops()
			if ordering == "best" && s.Ordering() != "amd" && s.Ordering() != "nd" {
				t.Errorf("best ordering is %q", s.Ordering())
			}
		}
		if want := min(flops["amd"], flops["nd"]); flops["best"] != want {
			t.Errorf("n = %d: best ordering takes %g operations, not %g", a.Rows, flops["best"], want)
		}
	}
}

func TestCholeskyGivenOrder(t *testing.T) {
	a := grid(t, 1, 6, 6)
	perm := make([]int32, a.Rows)
	for i := range perm {
		perm[i] = int32((i*7 + 3) % len(perm))
	}
	c := factored(t, a, &AnalyzeOptions{Perm: perm}, 1)
	plain, err := newOrdered(t.Context(), "", a, perm)
	if err != nil {
		t.Fatal(err)
	}
	if c.s.FactorNNZ() != plain.nnz || c.s.Ordering() != "given" {
		t.Errorf("%d entries in ordering %q, want %d", c.s.FactorNNZ(), c.s.Ordering(), plain.nnz)
	}
	if got := c.s.Perm(); !isPermutation(got, a.Rows) {
		t.Errorf("Perm = %v", got)
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

func BenchmarkCholesky(b *testing.B) {
	for _, m := range benchmarkMatrices(b) {
		opt := &AnalyzeOptions{Threads: 2}
		s, err := AnalyzeCholesky(context.Background(), m.a, opt)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("analyze/"+m.name, func(b *testing.B) {
			for b.Loop() {
				if s, err = AnalyzeCholesky(context.Background(), m.a, opt); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(s.FactorNNZ()), "nnz")
			b.ReportMetric(s.Flops(), "flop")
		})
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("factor/%s/threads=%d", m.name, threads), func(b *testing.B) {
				for b.Loop() {
					if _, err := s.Factor(context.Background(), m.a, threads); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		c := factored(b, m.a, opt, 2)
		b.Run("refactor/"+m.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.Refactor(context.Background(), m.a); err != nil {
					b.Fatal(err)
				}
			}
		})
		x := make([]float64, m.a.Rows)
		b.Run("solve/"+m.name, func(b *testing.B) {
			for b.Loop() {
				for i := range x {
					x[i] = 1
				}
				c.Solve(x)
			}
		})
	}
}

type named struct {
	name string
	a    *matrix.CSR
}

func benchmarkMatrices(b *testing.B) []named {
	list := []named{{"grid512", grid(b, 1, 512, 512)}, {"cube32", grid(b, 32, 32, 32)}}
	if _, err := os.Stat(collection); err == nil {
		for _, name := range []string{"494_bus", "gr_30_30", "nos7", "bcsstk13", "bcsstk15"} {
			list = append(list, named{name, sparseCollected(b, name)})
		}
	}
	return list
}
