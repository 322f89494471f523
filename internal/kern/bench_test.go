package kern

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// eachISA runs f as sub-benchmark size/isa for every instruction set; f works
// on n elements of the given bytes.
func eachISA(b *testing.B, n, bytes int, f func()) {
	defer func(old isaLevel) { isa = old }(isa)
	best := detectISA()
	for l := isaGo; l <= best; l++ {
		isa = l
		b.Run(fmt.Sprintf("%d/%s", n, l), func(b *testing.B) { perElement(b, n, bytes, f) })
	}
}

func perElement(b *testing.B, n, bytes int, f func()) {
	b.SetBytes(int64(bytes * n))
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/elem")
}

func benchVector(n int, lo, hi float64) []float64 {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	x := make([]float64, n)
	for i := range x {
		x[i] = lo + (hi-lo)*r.Float64()
	}
	return x
}

const benchLen = 2048

// sink keeps the results of pure kernels alive.
var sink float64

func BenchmarkDot(b *testing.B) {
	for _, n := range []int{100, benchLen, 8192} {
		x, y := benchVector(n, -1, 1), benchVector(n, -1, 1)
		eachISA(b, n, 16, func() { sink = Dot(x, y) })
	}
}

func BenchmarkAxpy(b *testing.B) {
	x, y := benchVector(benchLen, -1, 1), benchVector(benchLen, -1, 1)
	eachISA(b, benchLen, 24, func() { Axpy(1e-9, x, y) })
}

func BenchmarkXpby(b *testing.B) {
	x, y := benchVector(benchLen, -1, 1), benchVector(benchLen, -1, 1)
	eachISA(b, benchLen, 24, func() { Xpby(x, 0.5, y) })
}

func BenchmarkCGUpdate(b *testing.B) {
	p, q := benchVector(benchLen, -1, 1), benchVector(benchLen, -1, 1)
	x, r := benchVector(benchLen, -1, 1), benchVector(benchLen, -1, 1)
	eachISA(b, benchLen, 48, func() { sink = CGUpdate(1e-9, p, q, x, r) })
}

func BenchmarkAccumRows4(b *testing.B) {
	c, e := benchVector(benchLen, -1, 1), benchVector(benchLen, -1, 1)
	rows, w := [][]float64{e, e, e, e}, []float64{1e-9, 2e-9, 3e-9, 4e-9}
	eachISA(b, benchLen, 48, func() { AccumRows(c, w, rows) })
}

func BenchmarkSoftThreshold(b *testing.B) {
	x, dst := benchVector(benchLen, -1, 1), make([]float64, benchLen)
	eachISA(b, benchLen, 16, func() { SoftThreshold(dst, x, 0.3) })
}

func BenchmarkLogistic(b *testing.B) {
	eta, y, w := benchVector(benchLen, -8, 8), benchVector(benchLen, 0, 1), benchVector(benchLen, 0, 1)
	grad, hess := make([]float64, benchLen), make([]float64, benchLen)
	eachISA(b, benchLen, 40, func() { sink, _ = Logistic(grad, hess, eta, y, w) })
}

func BenchmarkLogisticValue(b *testing.B) {
	eta, y, w := benchVector(benchLen, -8, 8), benchVector(benchLen, 0, 1), benchVector(benchLen, 0, 1)
	eachISA(b, benchLen, 24, func() { sink, _ = LogisticValue(eta, y, w) })
}

func BenchmarkPoisson(b *testing.B) {
	eta, y, w := benchVector(benchLen, -8, 8), benchVector(benchLen, 0, 9), benchVector(benchLen, 0, 1)
	grad, hess := make([]float64, benchLen), make([]float64, benchLen)
	eachISA(b, benchLen, 40, func() { sink, _ = Poisson(grad, hess, eta, y, w) })
}

func BenchmarkSquaredError(b *testing.B) {
	eta, y, w := benchVector(benchLen, -8, 8), benchVector(benchLen, 0, 9), benchVector(benchLen, 0, 1)
	grad := make([]float64, benchLen)
	eachISA(b, benchLen, 32, func() { sink, _ = SquaredError(grad, eta, y, w) })
}

func BenchmarkBinaryEntropy(b *testing.B) {
	x, y := benchVector(benchLen, 0, 0.5), make([]float64, benchLen)
	eachISA(b, benchLen, 16, func() { BinaryEntropy(y, x) })
}

func BenchmarkExp(b *testing.B) {
	x, dst := benchVector(benchLen, -20, 0), make([]float64, benchLen)
	eachISA(b, benchLen, 16, func() { Exp(dst, x) })
	b.Run(fmt.Sprintf("%d/math", benchLen), func(b *testing.B) {
		perElement(b, benchLen, 16, func() {
			for i, v := range x {
				dst[i] = math.Exp(v)
			}
		})
	})
}

func BenchmarkLog(b *testing.B) {
	x, dst := benchVector(benchLen, 0, 20), make([]float64, benchLen)
	eachISA(b, benchLen, 16, func() { Log(dst, x) })
}

func BenchmarkMaxRow(b *testing.B) {
	g, c := benchVector(benchLen, -2, 0), benchVector(benchLen, 0, 20)
	eachISA(b, benchLen, 16, func() { sink = MaxRow(g, c, 1.1) })
}

func BenchmarkRowLSE(b *testing.B) {
	g, c := benchVector(benchLen, -2, 0), benchVector(benchLen, 0, 20)
	eachISA(b, benchLen, 16, func() { _, sink = RowLSE(g, c, 1.1) })
}

func BenchmarkPlanRow(b *testing.B) {
	for _, n := range []int{100, 1000, benchLen} {
		g, c, dst := benchVector(n, -2, 0), benchVector(n, 0, 20), make([]float64, n)
		eachISA(b, n, 24, func() { sink = PlanRow(dst, 0.5, g, c, 1.1) })
	}
}

func BenchmarkPlanRowSum(b *testing.B) {
	g, c := benchVector(benchLen, -2, 0), benchVector(benchLen, 0, 20)
	eachISA(b, benchLen, 16, func() { sink = PlanRowSum(0.5, g, c, 1.1) })
}

func BenchmarkMinUpdate(b *testing.B) {
	dst, c := benchVector(benchLen, -1, 1), benchVector(benchLen, -1, 1)
	eachISA(b, benchLen, 24, func() { MinUpdate(dst, c, 0.1) })
}

func BenchmarkMinRow(b *testing.B) {
	g, c := benchVector(benchLen, -1, 1), benchVector(benchLen, -1, 1)
	eachISA(b, benchLen, 16, func() { sink = MinRow(g, c) })
}

// newSelection makes room for the selection from n entries.
func newSelection(n int) *Selection {
	return &Selection{make([]int32, n/octet), make([]float64, n/octet*octet), make([]int32, n+8), make([]float64, n+8)}
}

// BenchmarkSelectPlan keeps 0.5 % of the entries, here and there.
func BenchmarkSelectPlan(b *testing.B) {
	e, thr := benchVector(benchLen, 0, 1), benchVector(benchLen, 0.995, 0.995)
	to := newSelection(benchLen)
	eachISA(b, benchLen, 16, func() { SelectPlan(to, e, 1, 2, thr, 0) })
}

// BenchmarkSelectPlanRuns keeps runs of 100 entries with gaps of 300.
func BenchmarkSelectPlanRuns(b *testing.B) {
	e, thr := make([]float64, benchLen), benchVector(benchLen, 0.5, 0.5)
	for j := range e {
		if j%400 < 100 {
			e[j] = 1
		}
	}
	to := newSelection(benchLen)
	eachISA(b, benchLen, 16, func() { SelectPlan(to, e, 1, 2, thr, 0) })
}

func BenchmarkSqDistRow3(b *testing.B) {
	x, y, dst := benchVector(3, 0, 1), NewSoA(benchVector(3*benchLen, 0, 1), benchLen, 3), make([]float64, benchLen)
	eachISA(b, benchLen, 32, func() { SqDistRow(dst, x, y, 0) })
}

func BenchmarkMaxRowSq3(b *testing.B) {
	x, y, g := benchVector(3, 0, 1), NewSoA(benchVector(3*benchLen, 0, 1), benchLen, 3), benchVector(benchLen, -1, 1)
	eachISA(b, benchLen, 32, func() { sink = MaxRowSq(x, y, 0, g, 10) })
}

// BenchmarkRowLSESq3 includes the plain loop with math.Exp, "math".
func BenchmarkRowLSESq3(b *testing.B) {
	x, y, g := benchVector(3, 0, 1), NewSoA(benchVector(3*benchLen, 0, 1), benchLen, 3), benchVector(benchLen, -1, 1)
	eachISA(b, benchLen, 32, func() { _, sink = RowLSESq(x, y, 0, g, 10) })
	b.Run(fmt.Sprintf("%d/math", benchLen), func(b *testing.B) {
		y0, y1, y2 := y.Coord[0], y.Coord[1], y.Coord[2]
		z := func(j int) float64 {
			d0, d1, d2 := x[0]-y0[j], x[1]-y1[j], x[2]-y2[j]
			return g[j] - (d0*d0+d1*d1+d2*d2)*10
		}
		perElement(b, benchLen, 32, func() {
			m, s := math.Inf(-1), 0.0
			for j := range g {
				if v := z(j); v > m {
					m = v
				}
			}
			for j := range g {
				s += math.Exp(z(j) - m)
			}
			sink = s
		})
	})
}

func BenchmarkPlanRowSq3(b *testing.B) {
	x, y, g := benchVector(3, 0, 1), NewSoA(benchVector(3*benchLen, 0, 1), benchLen, 3), benchVector(benchLen, -1, 1)
	dst := make([]float64, benchLen)
	eachISA(b, benchLen, 40, func() { sink = PlanRowSq(dst, 0.5, x, y, 0, g, 10) })
}

func BenchmarkSqDistTile(b *testing.B) {
	const n, d = 128, 16
	x, norm, c := benchVector(n*d, -1, 1), benchVector(n, 5, 6), make([]float64, n*n)
	eachISA(b, n*n, 8, func() { SqDistTile(x, x, d, norm, norm, c, n) })
}

// benchCSR returns a matrix with k entries a row, spread evenly.
func benchCSR(n, k int) (ptr []int64, col []int32, val []float64) {
	ptr = []int64{0}
	for i := 0; i < n; i++ {
		for j := 0; j < k; j++ {
			col = append(col, int32((i+j*n/k)%n))
		}
		ptr = append(ptr, int64(len(col)))
	}
	return ptr, col, benchVector(len(col), -1, 1)
}

func BenchmarkGatherDot(b *testing.B) {
	_, col, val := benchCSR(benchLen, 200)
	x := benchVector(benchLen, -1, 1)
	eachISA(b, 200, 20, func() { sink = GatherDot(col[:200], val[:200], x) })
}

func BenchmarkScatterAxpy(b *testing.B) {
	_, col, val := benchCSR(benchLen, 200)
	y := benchVector(benchLen, -1, 1)
	eachISA(b, 200, 28, func() { ScatterAxpy(1e-9, col[:200], val[:200], y) })
}

// benchOctets returns rows of k octets over n columns.
func benchOctets(rows, k, n int) (ptr []int64, col []int32, val []float64) {
	ptr = []int64{0}
	for i := range rows {
		for q := range k {
			col = append(col, int32((i+q*n/k)%(n-octet+1)))
		}
		ptr = append(ptr, int64(len(col)))
	}
	return ptr, col, benchVector(octet*len(col), -1, 1)
}

func BenchmarkOctetMV(b *testing.B) {
	ptr, col, val := benchOctets(16, 25, 1000)
	x, y := benchVector(1000, -1, 1), make([]float64, 16)
	eachISA(b, len(val), 8, func() { OctetMV(ptr, col, val, x, y) })
}

func BenchmarkOctetMTV(b *testing.B) {
	ptr, col, val := benchOctets(16, 25, 1000)
	x, y := benchVector(16, -1e-9, 1e-9), make([]float64, 1000)
	eachISA(b, len(val), 8, func() { OctetMTV(ptr, col, val, x, y) })
}

// benchPoisson is the 7-point Laplacian on a k×k×k grid.
func benchPoisson(k int) (ptr []int64, col []int32, val []float64) {
	ptr = []int64{0}
	steps := []int{-k * k, -k, -1, 0, 1, k, k * k}
	for i := 0; i < k*k*k; i++ {
		at := [3]int{i / (k * k), i / k % k, i % k}
		inside := []bool{at[0] > 0, at[1] > 0, at[2] > 0, true, at[2] < k-1, at[1] < k-1, at[0] < k-1}
		for s, ok := range inside {
			if ok {
				col = append(col, int32(i+steps[s]))
			}
		}
		ptr = append(ptr, int64(len(col)))
	}
	return ptr, col, benchVector(len(col), -1, 1)
}

func BenchmarkSpMV(b *testing.B) {
	run := func(name string, ptr []int64, col []int32, val []float64) {
		b.Run(name, func(b *testing.B) {
			n := len(ptr) - 1
			x, y := benchVector(n, -1, 1), make([]float64, n)
			eachISA(b, len(col), 12, func() { SpMV(ptr, col, val, x, y) })
		})
	}
	for _, k := range []int{5, 20, 200} {
		ptr, col, val := benchCSR(2000, k)
		run(fmt.Sprintf("rows of %d", k), ptr, col, val)
	}
	ptr, col, val := benchPoisson(100)
	run("poisson", ptr, col, val)
}

func BenchmarkGemm(b *testing.B) {
	defer func(old isaLevel) { isa = old }(isa)
	for _, n := range []int{64, 256, 1024} {
		A, C := benchVector(n*n, -1, 1), make([]float64, n*n)
		var work GemmWork
		best := detectISA()
		for l := isaGo; l <= best; l++ {
			isa = l
			b.Run(fmt.Sprintf("%d/%s", n, l), func(b *testing.B) {
				for b.Loop() {
					Gemm(n, n, n, 1, A, n, false, A, n, false, C, n, &work)
				}
				b.ReportMetric(2*math.Pow(float64(n), 3)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		}
	}
}

func BenchmarkSyrk(b *testing.B) {
	const n = 512
	A, C := benchVector(n*n, -1, 1), make([]float64, n*n)
	var work GemmWork
	eachISA(b, n*n*n, 0, func() { Syrk(n, n, 1, A, n, C, n, &work) })
}

func BenchmarkSelectAbsTopK(b *testing.B) {
	const n = 100_000
	x, idx, scratch := benchVector(n, -1, 1), make([]int, n), make([]float64, n)
	perElement(b, n, 8, func() { SelectAbsTopK(idx, x, n/100, scratch) })
}
