package kern

//go:generate go run -C _gen . -out ../kern_amd64.s -stubs ../stubs_amd64.go -pkg kern

import "fmt"

// isaLevel is the instruction set that the kernels use.
type isaLevel int

const (
	isaGo isaLevel = iota
	isaAVX2
	isaAVX512
)

func (l isaLevel) String() string {
	switch l {
	case isaAVX512:
		return "avx512"
	case isaAVX2:
		return "avx2"
	}
	return "go"
}

// isa is read by every dispatching function and written only by tests.
var isa = detectISA()

// Name returns the instruction set in use: "avx512", "avx2" or "go".
func Name() string { return isa.String() }

func checkLen(kernel, name string, got, want int) {
	if got != want {
		panicLen(kernel, name, got, want)
	}
}

//go:noinline
func panicLen(kernel, name string, got, want int) {
	panic(fmt.Sprintf("kern: %s: len(%s)=%d, want %d", kernel, name, got, want))
}

// Dot returns Σ x_i y_i.
func Dot(x, y []float64) float64 {
	checkLen("Dot", "y", len(y), len(x))
	return dot(x, y)
}

// Dot2 returns x·y and x·z in one pass over x.
func Dot2(x, y, z []float64) (xy, xz float64) {
	checkLen("Dot2", "y", len(y), len(x))
	checkLen("Dot2", "z", len(z), len(x))
	return dot2(x, y, z)
}

// Sum returns Σ x_i.
func Sum(x []float64) float64 { return sum(x) }

// Axpy computes y += a x.
func Axpy(a float64, x, y []float64) {
	checkLen("Axpy", "y", len(y), len(x))
	axpy(a, x, y)
}

// Xpby computes y = x + b y.
func Xpby(x []float64, b float64, y []float64) {
	checkLen("Xpby", "y", len(y), len(x))
	xpby(x, b, y)
}

// CGUpdate computes x += a p and r −= a q in one pass and returns r·r of the
// new r.
func CGUpdate(a float64, p, q, x, r []float64) float64 {
	checkLen("CGUpdate", "q", len(q), len(p))
	checkLen("CGUpdate", "x", len(x), len(p))
	checkLen("CGUpdate", "r", len(r), len(p))
	return cgUpdate(a, p, q, x, r)
}

// AccumRows computes c += Σ_k w_k e_k for at most 4 rows e_k in one sweep
// over c.
func AccumRows(c []float64, w []float64, e [][]float64) {
	checkLen("AccumRows", "e", len(e), len(w))
	if len(w) > 4 {
		panicLen("AccumRows", "w", len(w), 4)
	}
	for k := range e {
		checkLen("AccumRows", "e[k]", len(e[k]), len(c))
	}
	switch len(w) {
	case 1:
		axpy(w[0], e[0], c)
	case 2:
		accum2(c, w[0], w[1], e[0], e[1])
	case 3:
		accum2(c, w[0], w[1], e[0], e[1])
		axpy(w[2], e[2], c)
	case 4:
		accum4(c, w[0], w[1], w[2], w[3], e[0], e[1], e[2], e[3])
	}
}

// SoftThreshold computes dst_i = sign(x_i) max(|x_i| − t, 0) for t ≥ 0; dst
// may be x. A NaN in x stays NaN.
func SoftThreshold(dst, x []float64, t float64) {
	checkLen("SoftThreshold", "dst", len(dst), len(x))
	softThreshold(dst, x, t)
}
