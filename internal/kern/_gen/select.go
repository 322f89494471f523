package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const selectSig = "(col []int32, val, e []float64, scale, rowThr float64, thr []float64, j0 int32) int"

// selectPlan emits the selection of large plan entries. Most blocks hold
// none, so one branch a block skips the writing.
func selectPlan(s isa) {
	s.text("selectPlan", selectSig)
	col, val, e, thr, n := sliceBase("col"), sliceBase("val"), sliceBase("e"), sliceBase("thr"), sliceLen("e")
	scale, row := s.broadcast("scale"), s.broadcast("rowThr")
	out := GP64()
	XORQ(out, out)
	w := &selector{s: s, col: col, val: val, out: out}
	w.init()
	s.loop(n, 4, func(b block) {
		skip := label("skip")
		x, keep := s.vecs(b.n), make([]reg.GPVirtual, b.n)
		any := GP32()
		for u := range x {
			b.load(e, u, x[u])
			VMULPD(scale, x[u], x[u])
			t := s.vec()
			b.load(thr, u, t)
			VMINPD(row, t, t)
			keep[u] = w.compare(b, x[u], t)
			if u == 0 {
				MOVL(keep[0].As32(), any)
			} else {
				ORL(keep[u].As32(), any)
			}
		}
		if b.n == 1 {
			TESTL(any, any)
		}
		JZ(LabelRef(skip))
		for u := range x {
			w.write(b, u, x[u], keep[u])
		}
		Label(skip)
	})
	Store(out, ReturnIndex(0))
	ret()
}

// selector writes the kept entries of a vector behind entry out.
type selector struct {
	s             isa
	col, val, out reg.GPVirtual
	iota          reg.VecVirtual // j0, j0+1, … (AVX-512)
}

func (w *selector) init() {
	if !w.s.wide {
		return
	}
	t := GLOBL("iota8", RODATA|NOPTR)
	for i := 0; i < 8; i++ {
		DATA(4*i, U32(i))
	}
	w.iota = YMM()
	VPBROADCASTD(Load(Param("j0"), GP32()), w.iota)
	VPADDD(t, w.iota, w.iota)
}

// compare returns the bits of the live lanes with x ≥ t.
func (w *selector) compare(b block, x, t reg.VecVirtual) reg.GPVirtual {
	bits := GP32()
	if !w.s.wide {
		VCMPPD(U8(cmpGE), t, x, t)
		if b.masked() {
			VANDPD(b.mask, t, t)
		}
		VMOVMSKPD(t, bits)
		return bits
	}
	k := K()
	if b.masked() {
		VCMPPD(U8(cmpGE), t, x, b.mask, k)
	} else {
		VCMPPD(U8(cmpGE), t, x, k)
	}
	KMOVB(k, bits)
	return bits
}

func (w *selector) write(b block, u int, x reg.VecVirtual, keep reg.GPVirtual) {
	colAt := Mem{Base: w.col, Index: w.out, Scale: 4}
	valAt := Mem{Base: w.val, Index: w.out, Scale: 8}
	if w.s.wide {
		k, j := K(), YMM()
		KMOVB(keep.As32(), k)
		VPBROADCASTD(b.i.As32(), j)
		VPADDD(w.iota, j, j)
		if u > 0 {
			off := GP32()
			MOVL(I32(8*u), off)
			o := YMM()
			VPBROADCASTD(off, o)
			VPADDD(o, j, j)
		}
		// Compress to a register and store all of it: storing under the mask
		// is microcoded on some CPUs.
		VCOMPRESSPD_Z(x, k, x)
		VMOVUPD(x, valAt)
		VPCOMPRESSD_Z(j, k, j)
		VMOVDQU32(j, colAt)
		POPCNTL(keep.As32(), keep.As32())
		ADDQ(keep.As64(), w.out)
		return
	}
	next, done := label("bit"), label("bits")
	buf := AllocLocal(32)
	TESTL(keep.As32(), keep.As32())
	JZ(LabelRef(done))
	VMOVUPD(x, buf)
	base := GP64()
	LEAQ(buf, base)
	Label(next)
	lane, v, j := GP64(), GP64(), GP32()
	TZCNTL(keep.As32(), lane.As32())
	MOVQ(Mem{Base: base, Index: lane, Scale: 8}, v)
	MOVQ(v, valAt)
	LEAQ(Mem{Base: lane, Index: b.i, Scale: 1, Disp: 4 * u}, lane)
	Load(Param("j0"), j)
	ADDL(lane.As32(), j)
	MOVL(j, colAt)
	INCQ(w.out)
	less := GP32()
	LEAL(Mem{Base: keep.As64(), Disp: -1}, less)
	ANDL(less, keep.As32())
	JNZ(LabelRef(next))
	Label(done)
}
