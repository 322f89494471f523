package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// gemm emits the micro-kernel: an mr×nr tile of C, nr being three vectors,
// stays in registers (24 of 32, or 12 of 16) while the panels stream by.
func gemm(s isa) {
	mr := 4
	if s.wide {
		mr = 8
	}
	s.text("gemmKernel", "(kc int, a, b, c []float64, ldc int)")
	a, b, c := sliceBase("a"), sliceBase("b"), sliceBase("c")
	kc := Load(Param("kc"), GP64()).(reg.GPVirtual)
	ldc := Load(Param("ldc"), GP64()).(reg.GPVirtual)
	// C is wanted only at the end: fetch it meanwhile.
	SHLQ(U8(3), ldc)
	row := GP64()
	MOVQ(c, row)
	for i := 0; i < mr; i++ {
		PREFETCHT0(Mem{Base: row})
		PREFETCHT0(Mem{Base: row, Disp: 8*3*s.w - 1})
		if s.wide {
			PREFETCHT0(Mem{Base: row, Disp: 96})
		}
		if i < mr-1 {
			ADDQ(ldc, row)
		}
	}
	acc := s.zeros(3 * mr)
	bv, av := s.vecs(3), s.vec()
	step := func(k int) {
		for l, v := range bv {
			VMOVUPD(Mem{Base: b, Disp: 8 * s.w * (3*k + l)}, v)
		}
		for i := 0; i < mr; i++ {
			VBROADCASTSD(Mem{Base: a, Disp: 8 * (k*mr + i)}, av)
			for l, v := range bv {
				VFMADD231PD(v, av, acc[3*i+l])
			}
		}
	}
	advance := func(k int) {
		ADDQ(I32(8*mr*k), a)
		ADDQ(I32(8*3*s.w*k), b)
	}
	const unroll = 4
	loop, rest, done := label("loop"), label("rest"), label("done")
	SUBQ(I8(unroll), kc)
	JL(LabelRef(rest))
	Label(loop)
	for k := 0; k < unroll; k++ {
		step(k)
	}
	advance(unroll)
	SUBQ(I8(unroll), kc)
	JGE(LabelRef(loop))
	Label(rest)
	one := label("one")
	ADDQ(I8(unroll), kc)
	JE(LabelRef(done))
	Label(one)
	step(0)
	advance(1)
	DECQ(kc)
	JNE(LabelRef(one))
	Label(done)
	for i := 0; i < mr; i++ {
		for l := 0; l < 3; l++ {
			m := Mem{Base: c, Disp: 8 * s.w * l}
			VADDPD(m, acc[3*i+l], acc[3*i+l])
			VMOVUPD(acc[3*i+l], m)
		}
		if i < mr-1 {
			ADDQ(ldc, c)
		}
	}
	ret()
}
