package matrix

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"solve/solver"
)

// triplets are entries in any order, with repeats.
type triplets struct {
	rows, cols int
	row, col   []int32
	val        []float64
}

func anyTriplets(t *rapid.T) triplets {
	m := triplets{rows: rapid.IntRange(1, 40).Draw(t, "rows"), cols: rapid.IntRange(1, 60).Draw(t, "cols")}
	for range rapid.IntRange(0, 300).Draw(t, "entries") {
		m.row = append(m.row, int32(rapid.IntRange(0, m.rows-1).Draw(t, "i")))
		m.col = append(m.col, int32(rapid.IntRange(0, m.cols-1).Draw(t, "j")))
		m.val = append(m.val, rapid.Float64Range(-1, 1).Draw(t, "v"))
	}
	return m
}

func (m triplets) csr(t testing.TB) (*CSR, int) {
	a, dup, err := FromTriplets(m.rows, m.cols, append([]int32{}, m.row...), append([]int32{}, m.col...), append([]float64{}, m.val...))
	if err != nil {
		t.Fatal(err)
	}
	return a, dup
}

func TestFromTriplets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyTriplets(t)
		want := make(map[[2]int]float64)
		for k := range m.val {
			want[[2]int{int(m.row[k]), int(m.col[k])}] += m.val[k]
		}
		a, dup, err := FromTriplets(m.rows, m.cols, m.row, m.col, m.val)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.checkPattern(); err != nil {
			t.Fatal(err)
		}
		if a.NNZ() != len(want) {
			t.Fatalf("%d entries, want %d", a.NNZ(), len(want))
		}
		if got := a.NNZ() + dup; got != len(m.val) {
			t.Fatalf("%d entries and %d duplicates of %d", a.NNZ(), dup, len(m.val))
		}
		a.DoNonZero(func(i, j int, v float64) {
			// The order of addition is that of the list, so the bits agree.
			if w, ok := want[[2]int{i, j}]; !ok || v != w || a.At(i, j) != v {
				t.Fatalf("entry (%d,%d): %v, want %v", i, j, v, w)
			}
		})
	})
}

// Long unsorted rows take another way of sorting than short ones.
func TestLongRows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	const n = 20_000
	var m triplets
	m.rows, m.cols = 5, 3000
	want := map[[2]int32]float64{}
	for range n {
		i, j, v := int32(r.IntN(m.rows)), int32(r.IntN(m.cols)), r.NormFloat64()
		m.row, m.col, m.val = append(m.row, i), append(m.col, j), append(m.val, v)
		want[[2]int32{i, j}] += v
	}
	a, dup := m.csr(t)
	if err := a.checkPattern(); err != nil {
		t.Fatal(err)
	}
	if dup != n-len(want) {
		t.Errorf("%d duplicates, want %d", dup, n-len(want))
	}
	a.DoNonZero(func(i, j int, v float64) {
		if w := want[[2]int32{int32(i), int32(j)}]; v != w {
			t.Errorf("entry (%d,%d): %v, want %v", i, j, v, w)
		}
	})
}

func TestNewCSRRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		rows, cols int
		ptr        []int64
		col        []int32
		val        []float64
		want       error
	}{
		"negative":       {-1, 2, nil, nil, nil, solver.ErrDimension},
		"too wide":       {0, math.MaxInt32 + 1, []int64{0}, nil, nil, solver.ErrDimension},
		"pointers":       {2, 2, []int64{0, 1}, []int32{0}, []float64{1}, solver.ErrDimension},
		"first":          {1, 2, []int64{1, 1}, []int32{0}, []float64{1}, solver.ErrDimension},
		"last":           {1, 2, []int64{0, 2}, []int32{0}, []float64{1}, solver.ErrDimension},
		"decreasing":     {3, 2, []int64{0, 2, 1, 2}, []int32{0, 1}, []float64{1, 1}, solver.ErrDimension},
		"beyond":         {2, 2, []int64{0, 9, 2}, []int32{0, 1}, []float64{1, 1}, solver.ErrDimension},
		"column":         {1, 2, []int64{0, 1}, []int32{2}, []float64{1}, solver.ErrDimension},
		"minus column":   {1, 2, []int64{0, 1}, []int32{-1}, []float64{1}, solver.ErrDimension},
		"unsorted":       {1, 2, []int64{0, 2}, []int32{1, 0}, []float64{1, 1}, solver.ErrDimension},
		"twice":          {1, 2, []int64{0, 2}, []int32{1, 1}, []float64{1, 1}, solver.ErrDimension},
		"lengths":        {1, 2, []int64{0, 1}, []int32{1}, []float64{1, 1}, solver.ErrDimension},
		"not finite":     {1, 2, []int64{0, 1}, []int32{1}, []float64{math.NaN()}, solver.ErrNonFinite},
		"empty is legal": {0, 0, []int64{0}, nil, nil, nil},
	} {
		if _, err := NewCSR(c.rows, c.cols, c.ptr, c.col, c.val); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if _, err := NewCSC(c.cols, c.rows, c.ptr, c.col, c.val); !errors.Is(err, c.want) {
			t.Errorf("%s as CSC: %v, want %v", name, err, c.want)
		}
	}
	a := &CSR{Rows: 3, Cols: 3, RowPtr: []int64{0, 1, 1, 3}, Col: []int32{0, 1, 2}, Val: []float64{1, 2, math.Inf(1)}}
	var entry *solver.EntryError
	if err := a.CheckFinite("a"); !errors.As(err, &entry) || entry.Row != 3 || entry.Col != 3 {
		t.Errorf("position of the infinity: %v", err)
	}
}

func TestTripletsRefused(t *testing.T) {
	for _, c := range [][2]int32{{-1, 0}, {0, -1}, {2, 0}, {0, 2}} {
		if _, _, err := FromTriplets(2, 2, []int32{c[0]}, []int32{c[1]}, []float64{1}); !errors.Is(err, solver.ErrDimension) {
			t.Errorf("%v: %v", c, err)
		}
		b, err := NewCOO(2, 2, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Append(int(c[0]), int(c[1]), 1); !errors.Is(err, solver.ErrDimension) {
			t.Errorf("Append %v: %v", c, err)
		}
		if err := b.Append(0, 0, math.NaN()); !errors.Is(err, solver.ErrNonFinite) {
			t.Errorf("Append NaN: %v", err)
		}
	}
	if _, err := NewDense(2, 2, make([]float64, 3)); !errors.Is(err, solver.ErrDimension) {
		t.Errorf("NewDense: %v", err)
	}
	if _, err := NewDense(math.MaxInt/2, math.MaxInt/2, nil); !errors.Is(err, solver.ErrDimension) {
		t.Errorf("NewDense: %v", err)
	}
}

func TestTransposeTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyTriplets(t)
		a, _, err := FromTriplets(m.rows, m.cols, m.row, m.col, m.val)
		if err != nil {
			t.Fatal(err)
		}
		tr := a.Transpose()
		if err := tr.checkPattern(); err != nil {
			t.Fatal(err)
		}
		a.DoNonZero(func(i, j int, v float64) {
			if tr.At(j, i) != v {
				t.Fatalf("entry (%d,%d)", i, j)
			}
		})
		if tr.Transpose() != a || a.Transpose() != tr || tr.NNZ() != a.NNZ() {
			t.Fatal("a matrix and its transpose don't know each other")
		}
		c := a.ToCSC()
		if r, cols := c.Dims(); r != a.Rows || cols != a.Cols || c.NNZ() != a.NNZ() {
			t.Fatalf("CSC is %d×%d", r, cols)
		}
		back := c.ToCSR()
		if fmt.Sprint(back.RowPtr, back.Col, back.Val) != fmt.Sprint(a.RowPtr, a.Col, a.Val) {
			t.Fatal("CSC doesn't lead back")
		}
		for j := range c.Cols {
			rows, vals := c.Column(j)
			for k, i := range rows {
				if a.At(int(i), j) != vals[k] {
					t.Fatalf("column %d", j)
				}
			}
		}
	})
}

func randomSparse(t testing.TB, rows, cols, n int) *CSR {
	r := rand.New(rand.NewPCG(7, 7))
	m := triplets{rows: rows, cols: cols}
	for range n {
		m.row = append(m.row, int32(r.IntN(rows)))
		m.col = append(m.col, int32(r.IntN(cols)))
		m.val = append(m.val, r.NormFloat64())
	}
	a, _ := m.csr(t)
	return a
}

func randomVector(n int) []float64 {
	r := rand.New(rand.NewPCG(uint64(n), 3))
	x := make([]float64, n)
	for k := range x {
		x[k] = r.NormFloat64()
	}
	return x
}

// plainProduct is A x or Aᵀ x by the definition, with Σ|a||x| for scale.
func plainProduct(op mat.Matrix, trans bool, x []float64) (y, scale []float64) {
	if trans {
		op = mat.Transpose{Matrix: op}
	}
	r, c := op.Dims()
	y, scale = make([]float64, r), make([]float64, r)
	for i := range r {
		for j := range c {
			y[i] += op.At(i, j) * x[j]
			scale[i] += math.Abs(op.At(i, j) * x[j])
		}
	}
	return y, scale
}

func checkProduct(t *testing.T, name string, op Operator, m mat.Matrix) {
	t.Helper()
	r, c := op.Dims()
	for _, trans := range []bool{false, true} {
		in, out := c, r
		if trans {
			in, out = r, c
		}
		x, y := randomVector(in), randomVector(out)
		op.MulVecTo(y, trans, x)
		want, scale := plainProduct(m, trans, x)
		for i := range want {
			if math.Abs(y[i]-want[i]) > 1e-14*scale[i] {
				t.Errorf("%s (transposed: %v): row %d is %v, want %v", name, trans, i, y[i], want[i])
				break
			}
		}
	}
}

func TestProducts(t *testing.T) {
	a := randomSparse(t, 70, 50, 900)
	checkProduct(t, "CSR", a, a)
	d, err := a.ToDense()
	if err != nil {
		t.Fatal(err)
	}
	checkProduct(t, "Dense", d, a)
	f := &Func{Rows: 70, Cols: 50,
		Mul:      func(dst, x []float64) { a.MulVecTo(dst, false, x) },
		MulTrans: func(dst, x []float64) { a.MulVecTo(dst, true, x) }}
	checkProduct(t, "Func", f, a)
	for _, s := range []Stencil{
		{Nx: 3, Ny: 4, Nz: 5, Centre: 6, X: -1, Y: -2, Z: -0.5},
		{Nx: 1, Ny: 4, Nz: 5, Centre: 4, X: -1, Y: -1, Z: -1},
		{Nx: 4, Ny: 2, Nz: 1, Centre: 4, X: -1, Y: -1, Z: -1},
		{Nx: 1, Ny: 1, Nz: 1, Centre: 2, X: -1, Y: -1, Z: -1},
	} {
		m, err := s.ToCSR()
		if err != nil {
			t.Fatal(err)
		}
		if err := m.checkPattern(); err != nil {
			t.Fatal(err)
		}
		if err := m.CheckSymmetric(); err != nil {
			t.Error(err)
		}
		checkProduct(t, fmt.Sprintf("%+v", s), &s, m)
	}
}

// The eigenvalues of the 1-D Laplacian are 4 sin²(kπ/(2(n+1))).
func TestStencilEigenvalues(t *testing.T) {
	const n = 9
	s := &Stencil{Nx: 1, Ny: 1, Nz: n, Centre: 2, Z: -1}
	x, y := make([]float64, n), make([]float64, n)
	for k := 1; k <= n; k++ {
		for i := range x {
			x[i] = math.Sin(float64(k*(i+1)) * math.Pi / (n + 1))
		}
		s.MulVecTo(y, false, x)
		lambda := 4 * math.Pow(math.Sin(float64(k)*math.Pi/(2*(n+1))), 2)
		for i := range x {
			if math.Abs(y[i]-lambda*x[i]) > 1e-14 {
				t.Fatalf("eigenvector %d: row %d is %v, want %v", k, i, y[i], lambda*x[i])
			}
		}
	}
}

// Enough entries for several blocks: the bits are the same on any number
// of threads.
func TestParallelProduct(t *testing.T) {
	a := randomSparse(t, 9000, 4000, 400_000)
	for _, trans := range []bool{false, true} {
		in, out := a.Cols, a.Rows
		if trans {
			in, out = out, in
		}
		x, want := randomVector(in), make([]float64, out)
		a.MulVecTo(want, trans, x)
		for _, threads := range []int{0, 1, 2, 3} {
			got := make([]float64, out)
			a.Parallel(threads).MulVecTo(got, trans, x)
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("%d threads: row %d is %v, want %v", threads, i, got[i], want[i])
				}
			}
		}
	}
	var wg sync.WaitGroup
	b := randomSparse(t, 500, 500, 5000)
	for range 8 {
		wg.Go(func() { b.MulVecTo(make([]float64, 500), true, randomVector(500)) })
	}
	wg.Wait()
}

func TestProductLengths(t *testing.T) {
	a := randomSparse(t, 3, 2, 4)
	defer func() {
		if recover() == nil {
			t.Error("a vector of the wrong length was taken")
		}
	}()
	a.MulVecTo(make([]float64, 2), false, make([]float64, 2))
}

func TestSymmetry(t *testing.T) {
	build := func(v ...float64) *CSR {
		d, err := NewDense(2, 2, v)
		if err != nil {
			t.Fatal(err)
		}
		a, err := d.ToCSR()
		if err != nil {
			t.Fatal(err)
		}
		if (d.CheckSymmetric() == nil) != (a.CheckSymmetric() == nil) {
			t.Errorf("%v: Dense says %v, CSR %v", v, d.CheckSymmetric(), a.CheckSymmetric())
		}
		return a
	}
	if err := build(1, 2, 2, 0).CheckSymmetric(); err != nil {
		t.Error(err)
	}
	for _, v := range [][]float64{{1, 2, 3, 4}, {1, 2, 0, 4}, {1, 0, 2, 4}} {
		if err := build(v...).CheckSymmetric(); !errors.Is(err, solver.ErrNotSymmetric) {
			t.Errorf("%v: %v", v, err)
		}
	}
	if err := randomSparse(t, 2, 3, 1).CheckSymmetric(); !errors.Is(err, solver.ErrNotSymmetric) {
		t.Error("2×3 passed as symmetric")
	}
}

func TestDropZeros(t *testing.T) {
	a, err := NewCSR(2, 2, []int64{0, 2, 3}, []int32{0, 1, 0}, []float64{0, 5, 0})
	if err != nil {
		t.Fatal(err)
	}
	b, n := a.DropZeros()
	if n != 2 || b.NNZ() != 1 || b.At(0, 1) != 5 || b.checkPattern() != nil {
		t.Errorf("%d dropped: %v", n, b)
	}
	if c, n := b.DropZeros(); n != 0 || c != b {
		t.Error("a matrix without zeros was copied")
	}
}

func TestFromMat(t *testing.T) {
	sym := mat.NewSymDense(3, []float64{1, 2, 3, 2, 4, 5, 3, 5, 6})
	band := mat.NewBandDense(4, 5, 1, 2, randomVector(16))
	dense := mat.NewDense(3, 2, []float64{1, 2, 3, 4, 5, 6})
	tri := mat.NewTriDense(3, mat.Upper, randomVector(9))
	sparse := randomSparse(t, 6, 4, 9)
	for name, c := range map[string]struct {
		m    mat.Matrix
		want Operator
	}{
		"dense":  {dense, &Dense{}},
		"slice":  {dense.Slice(0, 3, 1, 2), &Dense{}},
		"sym":    {sym, &Dense{}},
		"band":   {band, &CSR{}},
		"tri":    {tri, &CSR{}},
		"vector": {mat.NewVecDense(3, []float64{1, 2, 3}), &Dense{}},
		"t":      {dense.T(), &Dense{}},
		"csr":    {sparse, sparse},
	} {
		op, err := FromMat(c.m)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, want := fmt.Sprintf("%T", op), fmt.Sprintf("%T", c.want); got != want {
			t.Errorf("%s became %s, want %s", name, got, want)
		}
		checkProduct(t, name, op, c.m)
	}
	if _, err := FromMat(mat.NewDiagDense(2, []float64{1, math.NaN()})); !errors.Is(err, solver.ErrNonFinite) {
		t.Errorf("NaN: %v", err)
	}
	if _, err := FromMat(zeros{4000, 4000}); !errors.Is(err, solver.ErrTooLarge) {
		t.Errorf("1.6·10⁷ entries one by one: %v", err)
	}
	if op, err := FromMat(dense); err != nil || &op.(*Dense).Data[0] != &dense.RawMatrix().Data[0] {
		t.Error("a contiguous matrix was copied")
	}
}

// zeros is a matrix that tells nothing but its entries.
type zeros struct{ r, c int }

func (z zeros) Dims() (int, int)    { return z.r, z.c }
func (z zeros) At(i, j int) float64 { return 0 }
func (z zeros) T() mat.Matrix       { return mat.Transpose{Matrix: z} }

func TestRaw(t *testing.T) {
	a := randomSparse(t, 8, 6, 20)
	ptr, col, val := a.Raw()
	b, err := FromRaw(8, 6, ptr, col, val)
	if err != nil || fmt.Sprint(a.RowPtr, a.Col, a.Val) != fmt.Sprint(b.RowPtr, b.Col, b.Val) {
		t.Errorf("%v, %v", b, err)
	}
	b, err = FromRaw(1, 3, []int{0, 3}, []int{2, 0, 2}, []float64{1, 2, 3})
	if err != nil || b.At(0, 2) != 4 || b.At(0, 0) != 2 {
		t.Errorf("unsorted with repeats: %v, %v", b, err)
	}
	for name, c := range map[string]struct{ ptr, col []int }{
		"pointers": {[]int{0, 1}, []int{0, 1}}, "order": {[]int{0, 3, 2}, []int{0, 1}}, "column": {[]int{0, 1, 2}, []int{0, 7}},
	} {
		if _, err := FromRaw(2, 2, c.ptr, c.col, []float64{1, 2}); !errors.Is(err, solver.ErrDimension) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// gonum must reach the same numbers through its interfaces.
func TestGonumViews(t *testing.T) {
	a := randomSparse(t, 8, 6, 20)
	d, err := a.ToDense()
	if err != nil {
		t.Fatal(err)
	}
	if !mat.Equal(a, d) || !mat.Equal(a.T(), d.T()) {
		t.Error("views differ")
	}
	var p mat.Dense
	p.Mul(d.T(), d)
	if r, c := p.Dims(); r != 6 || c != 6 {
		t.Errorf("%d×%d", r, c)
	}
}
