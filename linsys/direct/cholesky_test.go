package direct

import (
	"context"
	"math"
	"slices"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
)

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
	switch f := c.plain.(type) {
	case *simplicial:
		return append(append(u, f.inverse...), f.val...)
	case *denseFactor:
		return append(append(u, f.u...), f.inv...)
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
