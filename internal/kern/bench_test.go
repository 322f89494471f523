package kern

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func levels() []isaLevel {
	var l []isaLevel
	for i := isaGo; i <= detectISA(); i++ {
		l = append(l, i)
	}
	return l
}

func benchEach(b *testing.B, n int, bytes int, f func()) {
	defer func(l isaLevel) { isa = l }(isa)
	for _, l := range levels() {
		isa = l
		b.Run(fmt.Sprintf("%d/%s", n, l), func(b *testing.B) {
			b.SetBytes(int64(bytes * n))
			for b.Loop() {
				f()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/elem")
		})
	}
}

func randVec(n int, lo, hi float64) []float64 {
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float64, n)
	for i := range x {
		x[i] = lo + (hi-lo)*r.Float64()
	}
	return x
}

const bn = 2048

func BenchmarkExp(b *testing.B) {
	x := randVec(bn, -20, 0)
	d := make([]float64, bn)
	benchEach(b, bn, 8, func() { Exp(d, x) })
}
func BenchmarkPlanRow(b *testing.B) {
	x := randVec(bn, -20, 0)
	g := randVec(bn, -2, 0)
	d := make([]float64, bn)
	benchEach(b, bn, 8, func() { PlanRow(d, 0.5, g, x, 1.1) })
}
func BenchmarkRowLSE(b *testing.B) {
	x := randVec(bn, -20, 0)
	g := randVec(bn, -2, 0)
	benchEach(b, bn, 8, func() { RowLSE(g, x, 1.1) })
}
func BenchmarkDot(b *testing.B) {
	x := randVec(bn, -20, 0)
	g := randVec(bn, -2, 0)
	benchEach(b, bn, 8, func() { Dot(g, x) })
}
func BenchmarkSelect(b *testing.B) {
	x := randVec(bn, -20, 1)
	g := randVec(bn, 0, 0)
	c := make([]int32, bn+8)
	v := make([]float64, bn+8)
	benchEach(b, bn, 8, func() { SelectPlan(c, v, x, 1, 0, g, 7) })
}

func BenchmarkGemm(b *testing.B) {
	for _, n := range []int{64, 256, 1024} {
		A := randVec(n*n, -1, 1)
		C := make([]float64, n*n)
		var w GemmWork
		for _, l := range levels() {
			if l == isaGo && n > 256 {
				continue
			}
			b.Run(fmt.Sprintf("%d/%s", n, l), func(b *testing.B) {
				defer func(l isaLevel) { isa = l }(isa)
				isa = l
				for b.Loop() {
					Gemm(n, n, n, 1, A, n, false, A, n, false, C, n, &w)
				}
				b.ReportMetric(2*float64(n*n*n)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		}
	}
}

func BenchmarkLog(b *testing.B) {
	x := randVec(bn, 0, 20)
	d := make([]float64, bn)
	benchEach(b, bn, 8, func() { Log(d, x) })
}
func BenchmarkRowLSESq(b *testing.B) {
	y := NewSoA(randVec(bn*3, 0, 1), bn, 3)
	g := randVec(bn, -2, 0)
	x := []float64{.1, .2, .3}
	benchEach(b, bn, 8, func() { RowLSESq(x, y, 0, g, 10) })
}
func BenchmarkPlanRowSq(b *testing.B) {
	y := NewSoA(randVec(bn*3, 0, 1), bn, 3)
	g := randVec(bn, -2, 0)
	x := []float64{.1, .2, .3}
	d := make([]float64, bn)
	benchEach(b, bn, 8, func() { PlanRowSq(d, 1, x, y, 0, g, 10) })
}
func BenchmarkMaxRow(b *testing.B) {
	x := randVec(bn, -20, 0)
	g := randVec(bn, -2, 0)
	benchEach(b, bn, 8, func() { MaxRow(g, x, 1.1) })
}
func BenchmarkScatter(b *testing.B) {
	x := randVec(200, -20, 0)
	y := randVec(2048, -20, 0)
	col := make([]int32, 200)
	for i := range col {
		col[i] = int32(i * 10)
	}
	benchEach(b, 200, 8, func() { ScatterAxpy(1.2, col, x, y) })
}
func BenchmarkGather(b *testing.B) {
	x := randVec(200, -20, 0)
	y := randVec(2048, -20, 0)
	col := make([]int32, 200)
	for i := range col {
		col[i] = int32(i * 10)
	}
	benchEach(b, 200, 8, func() { GatherDot(col, x, y) })
}
func BenchmarkAccum4(b *testing.B) {
	x := randVec(bn, -20, 0)
	g := randVec(bn, -2, 0)
	benchEach(b, bn, 8, func() { AccumRows(g, []float64{1, 2, 3, 4}, [][]float64{x, x, x, x}) })
}
func BenchmarkSpMV(b *testing.B) {
	for _, k := range []int{5, 10, 20, 200} {
		n := 2000
		x := randVec(n, -20, 0)
		y := randVec(n, -20, 0)
		v := randVec(n*k, -20, 0)
		col := make([]int32, n*k)
		p := make([]int64, n+1)
		for i := 0; i < n; i++ {
			p[i+1] = int64((i + 1) * k)
			for j := 0; j < k; j++ {
				col[i*k+j] = int32((i + j*n/k) % n)
			}
		}
		benchEach(b, n*k, 8, func() { SpMV(p, col, v, x, y) })
	}
}
