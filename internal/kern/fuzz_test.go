package kern

import (
	"encoding/binary"
	"math"
	"testing"
)

// FuzzPlanRow feeds arbitrary bits to the row kernels and compares every
// instruction set with the Go kernels.
func FuzzPlanRow(f *testing.F) {
	seed := func(v ...float64) {
		b := []byte{1}
		for _, x := range v {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
		}
		f.Add(b)
	}
	seed()
	seed(0, 1, 0.5, 2, 0.25, 3)
	seed(1, 10, 0, math.Inf(1), -1, 700, 1, -700)
	seed(math.MaxFloat64, 1, -1, 5e-324, math.NaN(), 2, 3, math.Inf(-1))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 || len(data) > 1<<12 {
			return
		}
		off := int(data[0] % 8)
		var v []float64
		for data = data[1:]; len(data) >= 8; data = data[8:] {
			v = append(v, math.Float64frombits(binary.LittleEndian.Uint64(data)))
		}
		if len(v) < 2 {
			return
		}
		shift, invEps, v := v[0], math.Abs(v[1]), v[2:]
		n := len(v) / 2
		g := newGuarded(n, off, func(i int) float64 { return v[i] }).v
		c := newGuarded(n, off, func(i int) float64 { return v[n+i] }).v
		best := detectISA()
		for l := isaAVX2; l <= best; l++ {
			fuzzRow(t, l, off, shift, g, c, invEps)
		}
	})
}

func fuzzRow(t *testing.T, l isaLevel, off int, shift float64, g, c []float64, invEps float64) {
	defer func(old isaLevel) { isa = old }(isa)
	isa = l
	got := newGuarded(len(g), off, func(int) float64 { return 0 })
	PlanRow(got.v, shift, g, c, invEps)
	if !got.intact() {
		t.Fatal("guard words changed")
	}
	max, sum := RowLSE(g, c, invEps)
	finite := true
	for j := range g {
		finite = finite && !math.IsNaN(g[j]-c[j]*invEps) && g[j]-c[j]*invEps < math.Inf(1)
	}
	if finite && (math.IsNaN(max) || math.IsNaN(sum)) {
		t.Fatalf("%v: RowLSE(%v, %v, %v) = (%v, %v)", l, g, c, invEps, max, sum)
	}
	for j := range g {
		// The fused product differs from the rounded one by half an ulp of it.
		z := (shift + g[j]) - c[j]*invEps
		slack := 4e-16*(math.Abs(shift)+math.Abs(g[j])+math.Abs(c[j]*invEps)) + 1e-15
		if fused := math.FMA(-c[j], invEps, shift+g[j]); slack > 0.1 || math.IsNaN(fused) != math.IsNaN(z) || math.IsInf(fused, 0) != math.IsInf(z, 0) {
			continue
		}
		lo, hi := math.Exp(z-slack)*(1-1e-15), math.Exp(z+slack)*(1+1e-15)
		if z+slack > 709.4 {
			hi = math.Inf(1)
		}
		if l == isaAVX2 && z < -708 || z < -740 {
			lo = 0
		}
		if e := got.v[j]; !(e >= lo-1e-323 && e <= hi+1e-323) && !(math.IsNaN(z) && math.IsNaN(e)) && z < 709.4 {
			t.Fatalf("%v: exp((%v + %v) - %v*%v) = %v, want about %v", l, shift, g[j], c[j], invEps, e, math.Exp(z))
		}
	}
}
