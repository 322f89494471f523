package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pairs emits the folding and the spreading of lines. Both work on full
// vectors only: n, a multiple of 16, counts the fine elements.
func pairs() {
	even := pattern("fwEven", func(i int) int { return 2 * i % 32 })
	twice := pattern("fwTwice", func(i int) int { return i / 2 })

	text("foldPairsAVX512", "(c, s *float32, n int)")
	c, s := pointer("c"), pointer("s")
	idx, none := ZMM(), zero()
	VMOVDQU32(even, idx)
	vectors(16, func(k reg.GPVirtual) {
		v, u := ZMM(), ZMM()
		VMOVUPS(Mem{Base: s, Index: k, Scale: 4}, v)
		VMOVUPS(none, Mem{Base: s, Index: k, Scale: 4})
		VPERMILPS(U8(0xb1), v, u)
		VADDPS(u, v, v)
		VPERMPS(v, idx, v)
		VMOVUPS(v.AsY(), Mem{Base: c, Index: k, Scale: 2})
	})
	VZEROUPPER()
	RET()

	text("spreadPairsAVX512", "(theta float32, c, x *float32, n int)")
	theta, c, x := float("theta"), pointer("c"), pointer("x")
	idx = ZMM()
	VMOVDQU32(twice, idx)
	vectors(16, func(k reg.GPVirtual) {
		v := ZMM()
		VMOVUPS(Mem{Base: c, Index: k, Scale: 2}, v.AsY())
		VPERMPS(v, idx, v)
		VFMADD213PS(Mem{Base: x, Index: k, Scale: 4}, theta, v)
		VMOVUPS(v, Mem{Base: x, Index: k, Scale: 4})
	})
	VZEROUPPER()
	RET()
}

func pattern(name string, at func(i int) int) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := 0; i < 16; i++ {
		DATA(4*i, U32(uint32(at(i))))
	}
	return m
}

// vectors emits a loop over the parameter n, a positive multiple of width.
func vectors(width int, body func(k reg.GPVirtual)) {
	k, n, top := GP64(), GP64(), label("top")
	XORQ(k, k)
	MOVQ(paramMem("n"), n)
	Label(top)
	body(k)
	ADDQ(I32(width), k)
	CMPQ(k, n)
	JL(LabelRef(top))
}

// mixed emits the passes of a Krylov method that keeps its vectors in float32
// and its sums in float64. n is a multiple of the width.
func mixed() {
	at := func(base, k reg.GPVirtual, size, disp int) Mem {
		return Mem{Base: base, Index: k, Scale: uint8(size), Disp: size * disp}
	}
	widened := func(m Op) reg.VecVirtual {
		v := ZMM()
		VCVTPS2PD(m, v)
		return v
	}

	text("mixedDirectionAVX512", "(a float64, x *float64, z *float32, beta float32, p *float32, n int)")
	x, z, p := pointer("x"), pointer("z"), pointer("p")
	a, beta := ZMM(), float("beta")
	VBROADCASTSD(paramMem("a"), a)
	vectors(16, func(k reg.GPVirtual) {
		for _, disp := range []int{0, 8} {
			v := widened(at(p, k, 4, disp))
			VFMADD213PD(at(x, k, 8, disp), a, v)
			VMOVUPD(v, at(x, k, 8, disp))
		}
		v := ZMM()
		VMOVUPS(at(p, k, 4, 0), v)
		VFMADD213PS(at(z, k, 4, 0), beta, v)
		VMOVUPS(v, at(p, k, 4, 0))
	})
	VZEROUPPER()
	RET()

	text("mixedDot2AVX512", "(z, r, q *float32, n int) (zr, zq float64)")
	z, r, q := pointer("z"), pointer("r"), pointer("q")
	zr, zq := zero(), zero()
	vectors(8, func(k reg.GPVirtual) {
		v := widened(at(z, k, 4, 0))
		VFMADD231PD(widened(at(r, k, 4, 0)), v, zr)
		VFMADD231PD(widened(at(q, k, 4, 0)), v, zq)
	})
	sumLanes(zr, "zr")
	sumLanes(zq, "zq")
	VZEROUPPER()
	RET()

	text("mixedStepAVX512", "(alpha float32, q, r *float32, n int) (sum float64)")
	q, r = pointer("q"), pointer("r")
	alpha, low, high := float("alpha"), zero(), zero()
	vectors(16, func(k reg.GPVirtual) {
		v, h := ZMM(), YMM()
		VMOVUPS(at(r, k, 4, 0), v)
		VFNMADD231PS(at(q, k, 4, 0), alpha, v)
		VMOVUPS(v, at(r, k, 4, 0))
		VEXTRACTF32X8(U8(1), v, h)
		w := widened(v.AsY())
		VFMADD231PD(w, w, low)
		w = widened(h)
		VFMADD231PD(w, w, high)
	})
	VADDPD(high, low, low)
	sumLanes(low, "sum")
	VZEROUPPER()
	RET()

	text("mixedDefectAVX512", "(scale float64, b, y *float64, r *float32, n int) (sum float64)")
	b, y, r := pointer("b"), pointer("y"), pointer("r")
	scale, sum := ZMM(), zero()
	VBROADCASTSD(paramMem("scale"), scale)
	vectors(8, func(k reg.GPVirtual) {
		v, f := ZMM(), YMM()
		VMOVUPD(at(b, k, 8, 0), v)
		VSUBPD(at(y, k, 8, 0), v, v)
		VMULPD(scale, v, v)
		VFMADD231PD(v, v, sum)
		VCVTPD2PS(v, f)
		VMOVUPS(f, at(r, k, 4, 0))
	})
	sumLanes(sum, "sum")
	VZEROUPPER()
	RET()
}

// sumLanes stores the sum of the lanes as a result.
func sumLanes(v reg.VecVirtual, result string) {
	h, x := YMM(), XMM()
	VEXTRACTF64X4(U8(1), v, h)
	VADDPD(h, v.AsY(), v.AsY())
	VEXTRACTF128(U8(1), v.AsY(), x)
	VADDPD(x, v.AsX(), v.AsX())
	VPERMILPD(U8(1), v.AsX(), x)
	VADDSD(x, v.AsX(), v.AsX())
	Store(v.AsX(), Return(result))
}

// repeats emits the comparison of entries with those w before. n, a multiple
// of 16, counts the entries after the first w.
func repeats() {
	text("repeatsAVX512", "(col *int32, val *float64, w, n int) int")
	col, val, w := pointer("col"), pointer("val"), pointer("w")
	lastCol, lastVal := GP64(), GP64()
	MOVQ(col, lastCol)
	MOVQ(val, lastVal)
	LEAQ(Mem{Base: col, Index: w, Scale: 4}, col)
	LEAQ(Mem{Base: val, Index: w, Scale: 8}, val)
	one, t := ZMM(), GP32()
	MOVL(U32(1), t)
	VPBROADCASTD(t, one)
	differ, equal := label("differ"), GP32()
	k, n, top := GP64(), GP64(), label("top")
	XORQ(k, k)
	MOVQ(paramMem("n"), n)
	Label(top)
	v, u := ZMM(), ZMM()
	same, low, high := K(), K(), K()
	VMOVDQU32(Mem{Base: col, Index: k, Scale: 4}, v)
	VPSUBD(Mem{Base: lastCol, Index: k, Scale: 4}, v, v)
	VPCMPEQD(one, v, same)
	VMOVUPD(Mem{Base: val, Index: k, Scale: 8}, v)
	VCMPPD(U8(0), Mem{Base: lastVal, Index: k, Scale: 8}, v, low)
	VMOVUPD(Mem{Base: val, Index: k, Scale: 8, Disp: 64}, u)
	VCMPPD(U8(0), Mem{Base: lastVal, Index: k, Scale: 8, Disp: 64}, u, high)
	KUNPCKBW(low, high, low)
	KANDW(same, low, same)
	KMOVW(same, equal)
	CMPL(equal, U32(0xffff))
	JNE(LabelRef(differ))
	ADDQ(I32(16), k)
	CMPQ(k, n)
	JL(LabelRef(top))
	Store(k, ReturnIndex(0))
	VZEROUPPER()
	RET()
	Label(differ)
	NOTL(equal)
	TZCNTL(equal, equal)
	ADDQ(equal.As64(), k)
	Store(k, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
