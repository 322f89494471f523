package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const selectSig = "(octCol []int32, octVal []float64, col []int32, val, e []float64, scale, rowThr float64, thr []float64, j0 int32) (octets, singles int)"

// octetLeast is the number of large entries from which an octet is stored
// whole, as in package kern.
const octetLeast = 4

// selectPlan emits the selection of large plan entries. Most blocks hold
// none, so one branch a block skips the writing.
func selectPlan(s isa) {
	s.text("selectPlan", selectSig)
	e, thr, n := sliceBase("e"), sliceBase("thr"), sliceLen("e")
	scale, row := s.broadcast("scale"), s.broadcast("rowThr")
	w := newSelector(s)
	octetVecs := 8 / s.w
	unroll := 4 / octetVecs // what remains after blocks of 4 with AVX2 would not start an octet
	s.loop(n, unroll, func(b block) {
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
		for u := 0; u < b.n; u += octetVecs {
			if u+octetVecs <= b.n && !b.masked() {
				w.octet(b, u, x[u:u+octetVecs], keep[u:u+octetVecs])
			} else {
				w.singles(b, u, x[u], keep[u])
			}
		}
		Label(skip)
	})
	w.finish()
	ret()
}

// selector writes octets at octCol and octVal, and single entries behind entry
// out.
type selector struct {
	s              isa
	octCol, octVal reg.GPVirtual
	col, val, out  reg.GPVirtual
	iota           reg.VecVirtual // j0, j0+1, … (AVX-512)
}

func newSelector(s isa) *selector {
	w := &selector{s: s, octCol: sliceBase("octCol"), octVal: sliceBase("octVal"), col: sliceBase("col"), val: sliceBase("val"), out: GP64()}
	XORQ(w.out, w.out)
	if !s.wide {
		return w
	}
	t := GLOBL("iota8", RODATA|NOPTR)
	for i := 0; i < 8; i++ {
		DATA(4*i, U32(i))
	}
	w.iota = YMM()
	VPBROADCASTD(Load(Param("j0"), GP32()), w.iota)
	VPADDD(t, w.iota, w.iota)
	return w
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

// octet writes the octet that starts with vector u if enough of it is kept,
// else the kept entries.
func (w *selector) octet(b block, u int, x []reg.VecVirtual, keep []reg.GPVirtual) {
	few, done := label("few"), label("octet")
	count := GP32()
	POPCNTL(keep[0].As32(), count)
	for _, k := range keep[1:] {
		more := GP32()
		POPCNTL(k.As32(), more)
		ADDL(more, count)
	}
	CMPL(count, U8(octetLeast))
	JL(LabelRef(few))
	for v, r := range x {
		VMOVUPD(r, Mem{Base: w.octVal, Disp: 8 * w.s.w * v})
	}
	j := GP32()
	Load(Param("j0"), j)
	LEAL(Mem{Base: j.As64().(reg.GPVirtual), Index: b.i, Scale: 1, Disp: w.s.w * u}, j)
	MOVL(j, Mem{Base: w.octCol})
	ADDQ(I8(64), w.octVal)
	ADDQ(I8(4), w.octCol)
	JMP(LabelRef(done))
	Label(few)
	for v := range x {
		w.singles(b, u+v, x[v], keep[v])
	}
	Label(done)
}

func (w *selector) singles(b block, u int, x reg.VecVirtual, keep reg.GPVirtual) {
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

// finish stores the numbers of octets and of single entries.
func (w *selector) finish() {
	SUBQ(sliceBase("octCol"), w.octCol)
	SHRQ(U8(2), w.octCol)
	Store(w.octCol, Return("octets"))
	Store(w.out, Return("singles"))
}
