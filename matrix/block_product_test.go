package matrix

import (
	"math"
	"slices"
	"sync/atomic"
	"testing"

	"solve/internal/par"
)

// grouped puts columns 0 … k−1 of the row-major n×most x into groups of eight.
func grouped(x []float64, most, k int) []float64 {
	n := len(x) / most
	var out []float64
	for g := 0; g < k; g += 8 {
		for i := range n {
			out = append(out, x[i*most+g:i*most+min(g+8, k)]...)
		}
	}
	return out
}

// made multiplies vectors that are copied chunk by chunk, starting from NaN.
func made(t *testing.T, p *BlockProduct, rows, k int, from []float64) []float64 {
	t.Helper()
	n := len(from) / k
	x, dst, seen := make([]float64, n*k), make([]float64, n*k), make([]float64, n*k)
	for i := range x {
		x[i], dst[i], seen[i] = math.NaN(), math.NaN(), math.NaN()
	}
	copyChunk := func(to, from []float64, c int) {
		lo, hi := par.Bounds(c, n, rows)
		for g := 0; g < k; g += 8 {
			width := min(8, k-g)
			copy(to[g*n+lo*width:g*n+hi*width], from[g*n+lo*width:])
		}
	}
	var makes, finishes atomic.Int32
	p.MulTo(dst, x, k,
		func(c int) { makes.Add(1); copyChunk(x, from, c) },
		func(c int) { finishes.Add(1); copyChunk(seen, dst, c) })
	if chunks := par.Chunks(n, rows); int(makes.Load()) != chunks || int(finishes.Load()) != chunks {
		t.Errorf("%d chunks: %d made, %d finished", chunks, makes.Load(), finishes.Load())
	}
	if !slices.Equal(x, from) || !slices.Equal(seen, dst) {
		t.Error("chunks are wrong")
	}
	return dst
}

// Banded and unordered matrices, every width, against products of single
// vectors; a column has the same bits whatever stands beside it and on any
// number of threads.
func TestBlockProduct(t *testing.T) {
	s := &Stencil{Nx: 5, Ny: 30, Nz: 7, Centre: 6, X: -1, Y: -1.5, Z: -0.5}
	box, err := s.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	const most = 19
	for name, a := range map[string]*CSR{"box": box, "unordered": randomCSR(t, 6, 400, 400, 5), "one": randomCSR(t, 7, 1, 1, 1)} {
		all := normalNumbers(8, most*a.Rows)
		want := make([]float64, a.Rows)
		x := make([]float64, a.Rows)
		for _, rows := range []int{1, 16, 100, 2000} {
			var first []float64
			for k := 1; k <= most; k++ {
				from := grouped(all, most, k)
				dst := made(t, a.BlockProduct(rows), rows, k, from)
				two := newBlockProduct(a, rows, 3)
				for range 2 {
					if !slices.Equal(dst, made(t, two, rows, k, from)) {
						t.Errorf("%s, %d columns: other bits on three threads", name, k)
					}
				}
				for j := range k {
					for i := range x {
						x[i] = all[i*most+j]
					}
					a.MulVecTo(want, false, x)
					width, base := min(8, k-j/8*8), j/8*8*a.Rows+j%8
					for i, v := range want {
						if got := dst[base+i*width]; math.Abs(got-v) > 1e-13 {
							t.Fatalf("%s, column %d of %d: entry %d is %g, want %g", name, j, k, i, got, v)
						}
					}
				}
				var column []float64
				for i := range a.Rows {
					column = append(column, dst[i*min(8, k)])
				}
				if first == nil {
					first = column
				} else if !slices.Equal(first, column) {
					t.Errorf("%s, %d columns: other bits in column 0", name, k)
				}
			}
		}
	}
}

func TestBlockProductOfNothing(t *testing.T) {
	a := &CSR{RowPtr: []int64{0}}
	a.BlockProduct(4).MulTo(nil, nil, 3, nil, nil)
}

func TestBlockProductPanics(t *testing.T) {
	a := randomCSR(t, 9, 50, 50, 3)
	none := func(int) {}
	x := make([]float64, 100)
	for i, bad := range []func(){
		func() { randomCSR(t, 9, 3, 4, 1).BlockProduct(1) },
		func() { a.BlockProduct(0) },
		func() { a.BlockProduct(8).MulTo(x, x[:50], 2, none, none) },
		func() { a.BlockProduct(8).MulTo(x[:0], x[:0], 0, none, none) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("call %d: no panic", i)
				}
			}()
			bad()
		}()
	}
}

// A panic reaches the caller whoever waits for the chunk, and the product can
// be used again.
func TestBlockProductSurvivesPanic(t *testing.T) {
	a := randomCSR(t, 10, 300, 300, 5)
	p := newBlockProduct(a, 8, 3)
	x, dst := normalNumbers(11, 600), make([]float64, 600)
	for c := range 20 {
		func() {
			defer func() {
				v := recover()
				if q, ok := v.(*par.Panic); ok {
					v = q.Value
				}
				if v != "enough" {
					t.Errorf("recovered %v", v)
				}
			}()
			p.MulTo(dst, x, 2, func(d int) {
				if d == c {
					panic("enough")
				}
			}, func(int) {})
		}()
	}
	made(t, p, 8, 2, x)
}

func TestBlockProductAllocatesNothing(t *testing.T) {
	a := randomCSR(t, 12, 300, 300, 5)
	p := a.BlockProduct(32)
	x, dst := normalNumbers(13, 300*9), make([]float64, 300*9)
	none := func(int) {}
	if n := testing.AllocsPerRun(20, func() { p.MulTo(dst, x, 9, none, none) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}
