package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var labels int

func label(name string) string {
	labels++
	return fmt.Sprintf("%s%d", name, labels)
}

// block is the part of a loop body's work that one copy of it does: n vectors
// from element i, or one vector of which only the lanes in mask are live.
type block struct {
	s    isa
	i    reg.GPVirtual
	n    int
	mask reg.Register
}

func (b block) masked() bool { return b.mask != nil }

// at addresses vector u of the block in the array at base.
func (b block) at(base reg.GPVirtual, u int) Mem {
	return Mem{Base: base, Index: b.i, Scale: 8, Disp: 8 * u * b.s.w}
}

// load reads vector u; dead lanes become 0.
func (b block) load(base reg.GPVirtual, u int, dst reg.VecVirtual) {
	switch m := b.at(base, u); {
	case !b.masked():
		VMOVUPD(m, dst)
	case b.s.wide:
		VMOVUPD_Z(m, b.mask, dst)
	default:
		VMASKMOVPD(m, b.mask, dst)
	}
}

// prefetchAhead is how far ahead, in bytes, prefetch reaches: the exponentials
// of the elements between take about as long as memory does to answer.
const prefetchAhead = 2048

// prefetch asks for the block that lies prefetchAhead bytes on. Past the end
// of the array that is most often the next row of a matrix; elsewhere it does
// no harm.
func (b block) prefetch(base reg.GPVirtual) {
	if b.masked() {
		return
	}
	for at := 0; at < b.n*b.s.w*8; at += 64 {
		m := b.at(base, 0)
		m.Disp += prefetchAhead + at
		PREFETCHT0(m)
	}
}

// operand returns vector u as an operand: memory where the whole vector is
// live, else a register loaded under the mask.
func (b block) operand(base reg.GPVirtual, u int) Op {
	if !b.masked() {
		return b.at(base, u)
	}
	v := b.s.vec()
	b.load(base, u, v)
	return v
}

// store writes the live lanes of vector u.
func (b block) store(src reg.VecVirtual, base reg.GPVirtual, u int) {
	switch m := b.at(base, u); {
	case !b.masked():
		VMOVUPD(src, m)
	case b.s.wide:
		VMOVUPD(src, b.mask, m)
	default:
		VMASKMOVPD(src, b.mask, m)
	}
}

// clearDead sets the dead lanes of v to 0.
func (b block) clearDead(v reg.VecVirtual) {
	switch {
	case !b.masked():
	case b.s.wide:
		VMOVAPD_Z(v, b.mask, v)
	default:
		VANDPD(b.mask, v, v)
	}
}

// fillDead copies the dead lanes of fill to v.
func (b block) fillDead(v, fill reg.VecVirtual) {
	switch {
	case !b.masked():
	case b.s.wide:
		VBLENDMPD(v, fill, b.mask, v)
	default:
		VBLENDVPD(b.mask, v, fill, v)
	}
}

// loop emits code that covers n elements: blocks of unroll vectors, then of
// one, then one masked vector for what is left.
func (s isa) loop(n reg.GPVirtual, unroll int, body func(b block)) {
	i, limit := GP64(), GP64()
	XORQ(i, i)
	MOVQ(n, limit)
	left := 0
	for _, u := range []int{unroll, 1} {
		if u == 1 && unroll == 1 && left != 0 {
			break
		}
		top, end := label("loop"), label("end")
		SUBQ(I32(u*s.w-left), limit)
		left = u * s.w
		CMPQ(i, limit)
		JG(LabelRef(end))
		Label(top)
		body(block{s: s, i: i, n: u})
		ADDQ(I32(u*s.w), i)
		CMPQ(i, limit)
		JLE(LabelRef(top))
		Label(end)
	}
	done := label("done")
	rest := GP64()
	MOVQ(n, rest)
	SUBQ(i, rest)
	JE(LabelRef(done))
	body(block{s: s, i: i, n: 1, mask: s.mask(rest)})
	Label(done)
}

var maskTable *Mem

// mask returns a mask of the low n lanes, 0 < n < w.
func (s isa) mask(n reg.GPVirtual) reg.Register {
	if s.wide {
		bits, k := GP32(), K()
		MOVL(I32(-1), bits)
		BZHIL(n.As32(), bits, bits)
		KMOVB(bits, k)
		return k
	}
	if maskTable == nil {
		t := GLOBL("laneMask", RODATA|NOPTR)
		for i := 0; i < 8; i++ {
			v := uint64(0)
			if i < 4 {
				v--
			}
			DATA(8*i, U64(v))
		}
		maskTable = &t
	}
	p, m := GP64(), YMM()
	LEAQ(maskTable.Offset(32), p)
	NEGQ(n)
	VMOVUPD(Mem{Base: p, Index: n, Scale: 8}, m)
	return m
}

// fold reduces the vectors pairwise by op and then across the lanes, in an
// order that depends on their number alone, and returns the result in lane 0.
func (s isa) fold(acc []reg.VecVirtual, op func(a, b, dst Op)) reg.Register {
	for n := len(acc); n > 1; n = (n + 1) / 2 {
		for i := 0; i < n/2; i++ {
			op(acc[n-1-i], acc[i], acc[i])
		}
	}
	v := acc[0]
	if s.wide {
		h := YMM()
		VEXTRACTF64X4(U8(1), v, h)
		op(h, v.AsY(), v.AsY())
	}
	h := XMM()
	VEXTRACTF128(U8(1), v.AsY(), h)
	op(h, v.AsX(), v.AsX())
	VPERMILPD(U8(1), v.AsX(), h)
	op(h, v.AsX(), v.AsX())
	return v.AsX()
}

func addOp(a, b, dst Op) { VADDPD(a, b, dst) }
func maxOp(a, b, dst Op) { VMAXPD(a, b, dst) }
func minOp(a, b, dst Op) { VMINPD(a, b, dst) }
