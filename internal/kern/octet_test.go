package kern

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// Every number of octets a row, empty rows among them, at every offset.
func TestOctetProducts(t *testing.T) {
	r := rand.New(rand.NewPCG(27, 28))
	withISA(t, func(t *testing.T) {
		for longest := range 20 {
			const rows = 9
			n := 8*(longest+1) + r.IntN(9)
			ptr, col := []int64{2}, []int32{0, 1} // octets that belong to no row here
			for i := range rows {
				for q := range max(longest-i%3*(longest/2), 0) {
					col = append(col, int32(8*q+r.IntN(n-8*longest-7)))
				}
				ptr = append(ptr, int64(len(col)))
			}
			value := func(int) float64 { return r.Float64() - 0.5 }
			val := newGuarded(octet*len(col), longest%8, value)
			x, y := newGuarded(n, longest%5, value), newGuarded(rows, longest%3, value)
			wantX, wantY := x.clone(), y.clone()
			for i := range rows {
				for k := ptr[i]; k < ptr[i+1]; k++ {
					for l, v := range val.v[octet*k:][:octet] {
						wantY.v[i] += v * x.v[int(col[k])+l]
					}
				}
			}
			OctetMV(ptr, col, val.v, x.v, y.v)
			compareVec(t, fmt.Sprintf("OctetMV, %d octets", longest), y.v, wantY.v, 1e-14)
			for i, a := range y.v {
				for k := ptr[i]; k < ptr[i+1]; k++ {
					for l, v := range val.v[octet*k:][:octet] {
						wantX.v[int(col[k])+l] += a * v
					}
				}
			}
			OctetMTV(ptr, col, val.v, y.v, x.v)
			compareVec(t, fmt.Sprintf("OctetMTV, %d octets", longest), x.v, wantX.v, 1e-14)
			for i, a := range y.v {
				for k := ptr[i]; k < ptr[i+1]; k++ {
					for l, v := range val.v[octet*k:][:octet] {
						wantX.v[int(col[k])+l] += a * v * v
					}
				}
			}
			OctetSquares(ptr, col, val.v, y.v, x.v)
			compareVec(t, fmt.Sprintf("OctetSquares, %d octets", longest), x.v, wantX.v, 1e-14)
			if !x.intact() || !y.intact() || !val.intact() {
				t.Fatalf("%d octets: guard words changed", longest)
			}
		}
	})
}

// More octets than one call takes, in one row and in several.
func TestOctetProductsInChunks(t *testing.T) {
	r := rand.New(rand.NewPCG(29, 30))
	n := 8 * (octetChunk + 9)
	ptr, col := []int64{0, 0}, []int32(nil)
	for _, k := range []int{octetChunk + 9, octetChunk - 3, 7, 2} {
		for q := range k {
			col = append(col, int32(8*q))
		}
		ptr = append(ptr, int64(len(col)))
	}
	val, x := randomVector(r, octet*len(col)), randomVector(r, n)
	withISA(t, func(t *testing.T) {
		y, want := make([]float64, len(ptr)-1), make([]float64, len(ptr)-1)
		OctetMV(ptr, col, val, x, y)
		octetMVGo(ptr, col, val, x, want)
		compareVec(t, "OctetMV", y, want, 1e-11)
		z, wantZ := make([]float64, n), make([]float64, n)
		OctetMTV(ptr, col, val, want, z)
		octetMTVGo(ptr, col, val, want, wantZ)
		compareVec(t, "OctetMTV", z, wantZ, 1e-11)
		OctetSquares(ptr, col, val, want, z)
		octetSquaresGo(ptr, col, val, want, wantZ)
		compareVec(t, "OctetSquares", z, wantZ, 1e-11)
	})
}
