package matrix

import (
	"math"
	"slices"
	"testing"

	"solve/internal/rng"
)

// randomCSR has about perRow entries a row, some rows empty.
func randomCSR(t testing.TB, seed uint64, rows, cols, perRow int) *CSR {
	t.Helper()
	s := rng.New(seed)
	b, err := NewCOO(rows, cols, rows*perRow)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if i%7 == 3 {
			continue
		}
		for range perRow {
			if err := b.Append(i, s.Below(cols), s.Normal()); err != nil {
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

func normalNumbers(seed uint64, n int) []float64 {
	s := rng.New(seed)
	x := make([]float64, n)
	for i := range x {
		x[i] = s.Normal()
	}
	return x
}

// Every width against products of single vectors in plain loops; each column
// has the same bits whatever stands beside it.
func TestMulBlockTo(t *testing.T) {
	a := randomCSR(t, 1, 90, 70, 6)
	const most = 21
	columns := make([][]float64, most)
	for j := range columns {
		columns[j] = normalNumbers(uint64(j), 70)
	}
	var first []float64
	for k := 1; k <= most; k++ {
		x, dst := make([]float64, 70*k), make([]float64, 90*k)
		for j := range k {
			for i, v := range columns[j] {
				x[i*k+j] = v
			}
		}
		for i := range dst {
			dst[i] = math.NaN()
		}
		a.MulBlockTo(dst, x, k)
		zeroth := make([]float64, 90)
		for i := range 90 {
			col, val := a.Row(i)
			for j := range k {
				want := 0.0
				for e, c := range col {
					want += val[e] * columns[j][c]
				}
				if math.Abs(dst[i*k+j]-want) > 1e-13 {
					t.Fatalf("width %d: entry (%d,%d) is %g, want %g", k, i, j, dst[i*k+j], want)
				}
			}
			zeroth[i] = dst[i*k]
		}
		if k == 2 {
			first = zeroth
		} else if k > 2 && !slices.Equal(first, zeroth) {
			t.Errorf("width %d: other bits in column 0", k)
		}
	}
}

func TestBlockAndDotProductsOnThreads(t *testing.T) {
	a := randomCSR(t, 2, 40000, 40000, 5)
	x := normalNumbers(3, 40000)
	dst, want := make([]float64, 40000), make([]float64, 40000)
	a.MulVecTo(want, false, x)
	xAx, xx := a.MulDotTo(dst, x)
	if !slices.Equal(dst, want) {
		t.Error("MulDotTo and MulVecTo differ")
	}
	var sum, square float64
	for i, v := range x {
		sum += v * want[i]
		square += v * v
	}
	if math.Abs(xAx-sum) > 1e-8 || math.Abs(xx-square) > 1e-8 {
		t.Errorf("xᵀAx = %g and xᵀx = %g, want %g and %g", xAx, xx, sum, square)
	}
	p, ok := a.Parallel(2).(*parallelCSR)
	if !ok {
		t.Fatal("too small to be multiplied on two threads")
	}
	clear(dst)
	if y, z := p.MulDotTo(dst, x); y != xAx || z != xx || !slices.Equal(dst, want) {
		t.Error("two threads give other bits")
	}
	x8 := normalNumbers(4, 8*40000)
	one, two := make([]float64, 8*40000), make([]float64, 8*40000)
	a.MulBlockTo(one, x8, 8)
	p.MulBlockTo(two, x8, 8)
	if !slices.Equal(one, two) {
		t.Error("two threads give other bits of a block")
	}
}

func TestProductsOfNothing(t *testing.T) {
	a := &CSR{Rows: 0, Cols: 0, RowPtr: []int64{0}}
	if y, z := a.MulDotTo(nil, nil); y != 0 || z != 0 {
		t.Errorf("%g and %g", y, z)
	}
	a.MulBlockTo(nil, nil, 3)
	for _, bad := range []func(){
		func() { diag := randomCSR(t, 5, 3, 4, 1); diag.MulDotTo(make([]float64, 3), make([]float64, 4)) },
		func() { a.MulBlockTo(make([]float64, 1), nil, 1) },
		func() { a.MulBlockTo(nil, nil, 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			bad()
		}()
	}
}

func BenchmarkMulBlockTo(b *testing.B) {
	s := &Stencil{Nx: 64, Ny: 64, Nz: 64, Centre: 6, X: -1, Y: -1, Z: -1}
	a, err := s.ToCSR()
	if err != nil {
		b.Fatal(err)
	}
	for _, k := range []int{1, 4, 8} {
		x, dst := normalNumbers(1, k*a.Cols), make([]float64, k*a.Rows)
		b.Run(map[int]string{1: "1", 4: "4", 8: "8"}[k], func(b *testing.B) {
			for b.Loop() {
				a.MulBlockTo(dst, x, k)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*k*a.NNZ()), "ns/entry")
		})
	}
}
