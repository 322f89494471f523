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

// mixed emits the passes that join float32 and float64. n is a multiple of 8.
func mixed() {
	at := func(base, k reg.GPVirtual, size uint8) Mem { return Mem{Base: base, Index: k, Scale: size} }

	text("mixedXpbyAVX512", "(z *float32, beta float64, p *float64, n int)")
	z, p, beta := pointer("z"), pointer("p"), ZMM()
	VBROADCASTSD(paramMem("beta"), beta)
	vectors(8, func(k reg.GPVirtual) {
		v := ZMM()
		VCVTPS2PD(at(z, k, 4), v)
		VFMADD231PD(at(p, k, 8), beta, v)
		VMOVUPD(v, at(p, k, 8))
	})
	VZEROUPPER()
	RET()

	text("mixedDot2AVX512", "(z *float32, r, q *float64, n int) (zr, zq float64)")
	z, r, q := pointer("z"), pointer("r"), pointer("q")
	zr, zq := zero(), zero()
	vectors(8, func(k reg.GPVirtual) {
		v := ZMM()
		VCVTPS2PD(at(z, k, 4), v)
		VFMADD231PD(at(r, k, 8), v, zr)
		VFMADD231PD(at(q, k, 8), v, zq)
	})
	sumLanes(zr, "zr")
	sumLanes(zq, "zq")
	VZEROUPPER()
	RET()

	text("mixedUpdateAVX512", "(alpha float64, p, q, x, r *float64, scale float64, b *float32, n int) (sum float64)")
	p, q, x, r, b := pointer("p"), pointer("q"), pointer("x"), pointer("r"), pointer("b")
	alpha, scale, sum := ZMM(), ZMM(), zero()
	VBROADCASTSD(paramMem("alpha"), alpha)
	VBROADCASTSD(paramMem("scale"), scale)
	vectors(8, func(k reg.GPVirtual) {
		vx, vr := ZMM(), ZMM()
		VMOVUPD(at(x, k, 8), vx)
		VMOVUPD(at(r, k, 8), vr)
		VFMADD231PD(at(p, k, 8), alpha, vx)
		VFNMADD231PD(at(q, k, 8), alpha, vr)
		VMOVUPD(vx, at(x, k, 8))
		VMOVUPD(vr, at(r, k, 8))
		VFMADD231PD(vr, vr, sum)
		VMULPD(scale, vr, vr)
		f := YMM()
		VCVTPD2PS(vr, f)
		VMOVUPS(f, at(b, k, 4))
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
