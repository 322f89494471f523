package kern

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// withISA runs f once for every instruction set that the machine has.
func withISA(t *testing.T, f func(t *testing.T)) {
	best := detectISA()
	for l := isaGo; l <= best; l++ {
		t.Run(l.String(), func(t *testing.T) {
			defer func(old isaLevel) { isa = old }(isa)
			isa = l
			f(t)
		})
	}
}

// onGo runs f on the Go kernels.
func onGo(f func()) {
	defer func(old isaLevel) { isa = old }(isa)
	isa = isaGo
	f()
}

// guarded is a vector between guard words that must never change.
type guarded struct {
	mem []float64
	v   []float64
}

const guardLen = 24

var guardWord = math.Float64frombits(0x7ff8dead_beefcafe)

func newGuarded(n, off int, value func(i int) float64) guarded {
	mem := make([]float64, guardLen+off+n+guardLen)
	for i := range mem {
		mem[i] = guardWord
	}
	v := mem[guardLen+off : guardLen+off+n : guardLen+off+n]
	for i := range v {
		v[i] = value(i)
	}
	return guarded{mem, v}
}

func (g guarded) clone() guarded {
	mem := slices.Clone(g.mem)
	start := len(mem) - guardLen - len(g.v)
	return guarded{mem, mem[start : start+len(g.v) : start+len(g.v)]}
}

func (g guarded) intact() bool {
	end := len(g.mem) - guardLen
	for i, w := range g.mem {
		if (i < end-len(g.v) || i >= end) && math.Float64bits(w) != math.Float64bits(guardWord) {
			return false
		}
	}
	return true
}

// vectorKernel is a kernel on vectors of one length, as the tests see it.
type vectorKernel struct {
	name   string
	in     int                           // number of vectors
	run    func(v [][]float64) []float64 // returns the scalar results
	tol    float64                       // error allowed relative to max(|result|, 1)
	lo, hi float64                       // range of the ordinary values
	odd    func(r *rand.Rand, v []float64)
}

// moderate holds special values whose sums and products can't overflow on one
// path alone.
var moderate = []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 5e-324, 1e-300, 1e100}

var specials = []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(),
	5e-324, -5e-324, 2.2e-308, 1e-300, -1e-300, math.MaxFloat64, -math.MaxFloat64, 1, -1}

func plant(values []float64) func(r *rand.Rand, v []float64) {
	return func(r *rand.Rand, v []float64) {
		for k := 0; k < 1+len(v)/8 && len(v) > 0; k++ {
			v[r.IntN(len(v))] = values[r.IntN(len(values))]
		}
	}
}

var vectorKernels = []vectorKernel{
	{name: "Dot", in: 2, run: func(v [][]float64) []float64 { return []float64{Dot(v[0], v[1])} }, tol: 1e-14, lo: -1, hi: 1, odd: plant(moderate)},
	{name: "Dot2", in: 3, run: func(v [][]float64) []float64 { a, b := Dot2(v[0], v[1], v[2]); return []float64{a, b} }, tol: 1e-14, lo: -1, hi: 1},
	{name: "Sum", in: 1, run: func(v [][]float64) []float64 { return []float64{Sum(v[0])} }, tol: 1e-14, lo: -1, hi: 1},
	{name: "Axpy", in: 2, run: func(v [][]float64) []float64 { Axpy(-1.7, v[1], v[0]); return nil }, tol: 1e-15, lo: -1, hi: 1, odd: plant(moderate)},
	{name: "Xpby", in: 2, run: func(v [][]float64) []float64 { Xpby(v[1], 0.3, v[0]); return nil }, tol: 1e-15, lo: -1, hi: 1, odd: plant(moderate)},
	{name: "CGUpdate", in: 4, run: func(v [][]float64) []float64 { return []float64{CGUpdate(0.37, v[2], v[3], v[0], v[1])} }, tol: 1e-14, lo: -1, hi: 1},
	{name: "AccumRows1", in: 2, run: accum(1), tol: 1e-15, lo: -1, hi: 1},
	{name: "AccumRows2", in: 3, run: accum(2), tol: 2e-15, lo: -1, hi: 1},
	{name: "AccumRows3", in: 4, run: accum(3), tol: 2e-15, lo: -1, hi: 1},
	{name: "AccumRows4", in: 5, run: accum(4), tol: 2e-15, lo: -1, hi: 1},
	{name: "SoftThreshold", in: 2, run: func(v [][]float64) []float64 { SoftThreshold(v[0], v[1], 0.25); return nil }, lo: -1, hi: 1, odd: plant(specials)},
	{name: "SoftThreshold in place", in: 1, run: func(v [][]float64) []float64 { SoftThreshold(v[0], v[0], 0.25); return nil }, lo: -1, hi: 1, odd: plant(specials)},
	{name: "Exp", in: 2, run: func(v [][]float64) []float64 { Exp(v[0], v[1]); return nil }, tol: 1e-15, lo: -700, hi: 2, odd: plant(specials)},
	{name: "Exp in place", in: 1, run: func(v [][]float64) []float64 { Exp(v[0], v[0]); return nil }, tol: 1e-15, lo: -30, hi: 2, odd: plant(specials)},
	{name: "Log", in: 2, run: func(v [][]float64) []float64 { Log(v[0], v[1]); return nil }, tol: 1e-15, lo: 0, hi: 10, odd: plant(specials)},
	{name: "Log in place", in: 1, run: func(v [][]float64) []float64 { Log(v[0], v[0]); return nil }, tol: 1e-15, lo: 0, hi: 1e-300, odd: plant(specials)},
	{name: "MaxRow", in: 2, run: func(v [][]float64) []float64 { return []float64{MaxRow(v[0], v[1], 3)} }, tol: 1e-15, lo: -1, hi: 1, odd: plant([]float64{0, math.Inf(1), 1e300})},
	{name: "MaxRow all forbidden", in: 2, run: func(v [][]float64) []float64 { forbid(v[1]); return []float64{MaxRow(v[0], v[1], 3)} }, tol: 1e-15, lo: -1, hi: 1},
	{name: "RowLSE", in: 2, run: rowLSECase, tol: 1e-14, lo: -1, hi: 1, odd: plant([]float64{0, math.Inf(1), 1e300})},
	{name: "RowLSE all forbidden", in: 2, run: func(v [][]float64) []float64 { forbid(v[1]); return rowLSECase(v) }, lo: -1, hi: 1},
	{name: "RowLSE NaN", in: 2, run: rowLSECase, tol: 1e-14, lo: -1, hi: 1, odd: plant([]float64{math.NaN(), math.Inf(1)})},
	{name: "PlanRow", in: 3, run: func(v [][]float64) []float64 { return []float64{PlanRow(v[0], -3, v[1], v[2], 5)} }, tol: 1e-12, lo: -1, hi: 1, odd: plant([]float64{0, math.Inf(1), 200})},
	{name: "PlanRow NaN", in: 3, run: func(v [][]float64) []float64 { return []float64{PlanRow(v[0], -3, v[1], v[2], 5)} }, tol: 1e-12, lo: -1, hi: 1, odd: plant([]float64{math.NaN(), math.Inf(1)})},
	{name: "PlanRow huge", in: 3, run: func(v [][]float64) []float64 { return []float64{PlanRow(v[0], 1e300, v[1], v[2], 1)} }, tol: 1e-14, lo: -1, hi: 1, odd: plant([]float64{1e308, math.Inf(1), 1e300})},
	{name: "PlanRow in place", in: 2, run: func(v [][]float64) []float64 { return []float64{PlanRow(v[0], 690, v[1], v[0], 12)} }, tol: 1e-12, lo: -1, hi: 1},
	{name: "PlanRowSum", in: 2, run: func(v [][]float64) []float64 { return []float64{PlanRowSum(2, v[0], v[1], 9)} }, tol: 1e-14, lo: -1, hi: 1, odd: plant([]float64{math.Inf(1), 200})},
	{name: "MinUpdate", in: 2, run: func(v [][]float64) []float64 { MinUpdate(v[0], v[1], 0.2); return nil }, lo: -1, hi: 1, odd: plant(specials)},
	{name: "MinRow", in: 2, run: func(v [][]float64) []float64 { return []float64{MinRow(v[0], v[1])} }, lo: -1, hi: 1, odd: plant([]float64{0, 1e300, math.NaN()})},
	{name: "SelectPlan", in: 4, run: selectCase(0.9), lo: -1, hi: 1, odd: plant([]float64{0, math.NaN(), math.Inf(1)})},
	{name: "SelectPlan few", in: 4, run: selectCase(1.1), lo: -1, hi: 1},
	{name: "SelectPlan many", in: 4, run: selectCase(0), lo: -1, hi: 1},
	{name: "SelectPlan none", in: 4, run: selectCase(1e9), lo: -1, hi: 1},
	{name: "SelectPlan all", in: 4, run: selectCase(-9), lo: -1, hi: 1},
}

func accum(k int) func(v [][]float64) []float64 {
	w := []float64{0.3, -1.2, 0.7, 2.1}[:k]
	return func(v [][]float64) []float64 { AccumRows(v[0], w, v[1:]); return nil }
}

func forbid(c []float64) {
	for i := range c {
		c[i] = math.Inf(1)
	}
}

func rowLSECase(v [][]float64) []float64 {
	m, s := RowLSE(v[0], v[1], 3)
	return []float64{m, s}
}

// selectCase runs SelectPlan with thresholds of at least rowThr and copies what
// it kept to v[0] (values) and v[1] (columns, those of octets negative).
func selectCase(rowThr float64) func(v [][]float64) []float64 {
	return func(v [][]float64) []float64 {
		n := len(v[0])
		full := newSelection(n + octet)
		to := &Selection{full.OctetCol[:n/octet], full.OctetVal[:n/octet*octet], full.Col[:n+8], full.Val[:n+8]}
		full.OctetCol[n/octet], full.OctetVal[n/octet*octet], full.Col[n+8], full.Val[n+8] = -77, -77, -77, -77
		thr := make([]float64, n)
		for j := range thr {
			thr[j] = max(v[3][j]+rowThr, rowThr)
		}
		octets, singles := SelectPlan(to, v[2], 1.25, max(2*rowThr, rowThr), thr, 1000)
		if full.OctetCol[n/octet] != -77 || full.OctetVal[n/octet*octet] != -77 || full.Col[n+8] != -77 || full.Val[n+8] != -77 {
			panic("SelectPlan wrote behind its room")
		}
		at := 0
		for k, j := range to.OctetCol[:octets] {
			for l, w := range to.OctetVal[k*octet:][:octet] {
				v[0][at], v[1][at] = w, -float64(int(j)+l)
				at++
			}
		}
		for k, j := range to.Col[:singles] {
			v[0][at], v[1][at] = to.Val[k], float64(j)
			at++
		}
		return []float64{float64(octets), float64(singles)}
	}
}

func TestVectorKernels(t *testing.T) {
	for _, k := range vectorKernels {
		t.Run(k.name, func(t *testing.T) { withISA(t, func(t *testing.T) { testVectorKernel(t, k) }) })
	}
}

func testVectorKernel(t *testing.T, k vectorKernel) {
	r := rand.New(rand.NewPCG(7, uint64(len(k.name))))
	for n := 0; n <= 130; n++ {
		for off := 0; off < 8; off++ {
			in := make([]guarded, k.in)
			for i := range in {
				in[i] = newGuarded(n, (off+3*i)%8, func(int) float64 { return k.lo + (k.hi-k.lo)*r.Float64() })
				if k.odd != nil && off%2 == 1 {
					k.odd(r, in[i].v)
				}
			}
			got, gotS := runCloned(k, in)
			var want []guarded
			var wantS []float64
			onGo(func() { want, wantS = runCloned(k, in) })
			for i := range got {
				if !got[i].intact() {
					t.Fatalf("n=%d offset=%d: guard words around vector %d changed", n, off, i)
				}
				compareVec(t, fmt.Sprintf("n=%d offset=%d vector %d", n, off, i), got[i].v, want[i].v, k.tol)
			}
			compareVec(t, fmt.Sprintf("n=%d offset=%d result", n, off), gotS, wantS, k.tol*math.Sqrt(float64(n+1)))
			again, againS := runCloned(k, realign(in, (off+5)%8))
			for i := range again {
				sameBits(t, n, again[i].v, got[i].v)
			}
			sameBits(t, n, againS, gotS)
			if t.Failed() {
				return
			}
		}
	}
}

func runCloned(k vectorKernel, in []guarded) ([]guarded, []float64) {
	c := make([]guarded, len(in))
	v := make([][]float64, len(in))
	for i := range in {
		c[i] = in[i].clone()
		v[i] = c[i].v
	}
	return c, k.run(v)
}

// realign copies the vectors to other offsets.
func realign(in []guarded, off int) []guarded {
	out := make([]guarded, len(in))
	for i, g := range in {
		out[i] = newGuarded(len(g.v), off, func(j int) float64 { return g.v[j] })
	}
	return out
}

func sameBits(t *testing.T, n int, a, b []float64) {
	t.Helper()
	for i := range a {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) && !(math.IsNaN(a[i]) && math.IsNaN(b[i])) {
			t.Fatalf("n=%d: the alignment changes entry %d: %v and %v", n, i, a[i], b[i])
		}
	}
}

// compareVec wants got = want up to tol times max(|want_i|, 1): the inputs are
// of order 1. Results that the AVX2 exponential flushes to 0 may be 0.
func compareVec(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	for i, w := range want {
		g := got[i]
		switch {
		case math.IsNaN(w) || math.IsInf(w, 0):
			if g != w && !(math.IsNaN(w) && math.IsNaN(g)) {
				t.Fatalf("%s: entry %d is %v, want %v", what, i, g, w)
			}
		case !(math.Abs(g-w) <= tol*max(math.Abs(w), 1)):
			t.Fatalf("%s: entry %d is %v, want %v", what, i, g, w)
		}
	}
}
