package kern

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// randomRow returns k distinct ascending columns below n.
func randomRow(r *rand.Rand, k, n int) []int32 {
	col := make([]int32, 0, k)
	for j := 0; j < n; j++ {
		if r.IntN(n-j) < k-len(col) {
			col = append(col, int32(j))
		}
	}
	return col
}

func TestSparseRow(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	withISA(t, func(t *testing.T) {
		for k := 0; k <= 130; k++ {
			n := k + 1 + r.IntN(50)
			col := randomRow(r, k, n)
			val := newGuarded(k, k%8, func(int) float64 { return r.Float64() })
			x := newGuarded(n, k%5, func(int) float64 { return r.Float64() })
			want := 0.0
			after := x.clone()
			for q, j := range col {
				want += val.v[q] * x.v[j]
				after.v[j] += -0.7 * val.v[q]
			}
			compareVec(t, fmt.Sprintf("GatherDot k=%d", k), []float64{GatherDot(col, val.v, x.v)}, []float64{want}, 1e-14)
			ScatterAxpy(-0.7, col, val.v, x.v)
			compareVec(t, fmt.Sprintf("ScatterAxpy k=%d", k), x.v, after.v, 1e-15)
			if !x.intact() || !val.intact() {
				t.Fatalf("k=%d: guard words changed", k)
			}
		}
	})
}

func TestSpMV(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	withISA(t, func(t *testing.T) {
		for _, longest := range []int{0, 1, 3, 6, 9, 20, 60, 300} {
			const rows, n = 500, 400
			ptr := []int64{0}
			var col []int32
			var val []float64
			for i := 0; i < rows; i++ {
				row := randomRow(r, r.IntN(longest+1), n)
				col = append(col, row...)
				val = append(val, randomVector(r, len(row))...)
				ptr = append(ptr, int64(len(col)))
			}
			x := randomVector(r, n)
			want := make([]float64, rows)
			for i := range want {
				for k := ptr[i]; k < ptr[i+1]; k++ {
					want[i] += val[k] * x[col[k]]
				}
			}
			y := newGuarded(rows, 1, func(int) float64 { return 7 })
			SpMV(ptr, col, val, x, y.v)
			compareVec(t, fmt.Sprintf("longest row %d", longest), y.v, want, 1e-14)
			if !y.intact() {
				t.Fatal("guard words changed")
			}
			z, wantZ := newGuarded(n, 3, func(int) float64 { return 1 }), make([]float64, n)
			for j := range wantZ {
				wantZ[j] = 1
			}
			for i, a := range want {
				for k := ptr[i]; k < ptr[i+1]; k++ {
					wantZ[col[k]] += a * val[k]
				}
			}
			SpMTV(ptr, col, val, want, z.v)
			compareVec(t, fmt.Sprintf("transposed, longest row %d", longest), z.v, wantZ, 1e-12)
			if !z.intact() {
				t.Fatal("guard words changed")
			}
			block := make([]float64, 100)
			SpMV(ptr[200:301], col, val, x, block)
			compareVec(t, fmt.Sprintf("rows 200 to 299, longest row %d", longest), block, want[200:300], 1e-14)
		}
	})
}

func TestSpMVLongRows(t *testing.T) {
	// One row longer than a chunk, between empty and short ones.
	r := rand.New(rand.NewPCG(25, 26))
	n := spmvChunk + 77
	ptr := []int64{0, 0, 2, int64(n + 2), int64(n + 2), int64(n + 5)}
	col := []int32{3, 9}
	for j := 0; j < n; j++ {
		col = append(col, int32(j))
	}
	col = append(col, 0, 1, 2)
	val, x := randomVector(r, len(col)), randomVector(r, n)
	withISA(t, func(t *testing.T) {
		y := make([]float64, 5)
		SpMV(ptr, col, val, x, y)
		for i := range y {
			want := gatherDotGo(col[ptr[i]:ptr[i+1]], val[ptr[i]:ptr[i+1]], x)
			compareVec(t, fmt.Sprintf("row %d", i), y[i:i+1], []float64{want}, 1e-12)
		}
	})
}
