package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// octets emits the products with rows of octets.
func octets(s isa) {
	octetMV(s)
	octetMTV(s, "octetMTV", func(val, a, y Op) { VFMADD231PD(val, a, y) })
	octetMTV(s, "octetSquares", func(val, a, y Op) {
		v := s.vec()
		VMOVUPD(val, v)
		VMULPD(v, v, v)
		VFMADD231PD(v, a, y)
	})
}

const octetSig = "(rowptr []int64, col []int32, val, x, y []float64)"

// octetRows walks over rows of octets.
type octetRows struct {
	s              isa
	ptr, col, i    reg.GPVirtual
	left, val, vec reg.GPVirtual // octets left in the row, values of the next, vector it meets
}

// eachOctetRow emits the loop over the rows of a kernel whose parameter long has
// an element a row and vec is the vector on the column side; row emits the work
// on a row that is not empty.
func (s isa) eachOctetRow(long, vec string, row func(r *octetRows)) {
	r := &octetRows{s: s, ptr: sliceBase("rowptr"), col: sliceBase("col"), i: GP64(), left: GP64(),
		val: sliceBase("val"), vec: sliceBase(vec)}
	n := sliceLen(long)
	top, next, done := label("row"), label("next"), label("rows")
	XORQ(r.i, r.i)
	CMPQ(r.i, n)
	JE(LabelRef(done))
	first := GP64()
	MOVQ(Mem{Base: r.ptr}, first)
	LEAQ(Mem{Base: r.col, Index: first, Scale: 4}, r.col)
	SHLQ(U8(6), first)
	ADDQ(first, r.val)
	Label(top)
	MOVQ(Mem{Base: r.ptr, Index: r.i, Scale: 8, Disp: 8}, r.left)
	SUBQ(Mem{Base: r.ptr, Index: r.i, Scale: 8}, r.left)
	JZ(LabelRef(next))
	row(r)
	Label(next)
	INCQ(r.i)
	CMPQ(r.i, n)
	JL(LabelRef(top))
	Label(done)
	ret()
}

// loop emits turns of unroll octets, then of one; body gets the number of
// the octet in its turn, and its values and the entries they meet as functions
// of the number of the vector in the octet.
func (r *octetRows) loop(unroll int, body func(u int, val, vec func(v int) Mem)) {
	for _, turn := range []int{unroll, 1} {
		top, end := label("octets"), label("end")
		Label(top)
		CMPQ(r.left, I8(turn))
		JL(LabelRef(end))
		for u := 0; u < turn; u++ {
			j := GP64()
			MOVLQSX(Mem{Base: r.col, Disp: 4 * u}, j)
			body(u, func(v int) Mem { return Mem{Base: r.val, Disp: 64*u + 8*r.s.w*v} },
				func(v int) Mem { return Mem{Base: r.vec, Index: j, Scale: 8, Disp: 8 * r.s.w * v} })
		}
		ADDQ(I32(4*turn), r.col)
		ADDQ(I32(64*turn), r.val)
		SUBQ(I32(turn), r.left)
		JMP(LabelRef(top))
		Label(end)
	}
}

// octetMV has four chains of sums.
func octetMV(s isa) {
	s.text("octetMV", octetSig)
	y := sliceBase("y")
	vecs := 8 / s.w
	s.eachOctetRow("y", "x", func(r *octetRows) {
		acc := s.zeros(4)
		r.loop(4/vecs, func(u int, val, x func(v int) Mem) {
			for v := 0; v < vecs; v++ {
				t := s.vec()
				VMOVUPD(val(v), t)
				VFMADD231PD(x(v), t, acc[u*vecs+v])
			}
		})
		sum := s.fold(acc, addOp).(reg.VecVirtual)
		at := Mem{Base: y, Index: r.i, Scale: 8}
		VADDSD(at, sum, sum)
		VMOVSD(sum, at)
	})
}

// octetMTV emits the kernel in which add adds to a vector of y what a row with
// factor a has there.
func octetMTV(s isa, name string, add func(val, a, y Op)) {
	s.text(name, octetSig)
	x := sliceBase("x")
	vecs := 8 / s.w
	s.eachOctetRow("x", "y", func(r *octetRows) {
		a := s.vec()
		VBROADCASTSD(Mem{Base: x, Index: r.i, Scale: 8}, a)
		r.loop(4, func(_ int, val, y func(v int) Mem) {
			for v := 0; v < vecs; v++ {
				t := s.vec()
				VMOVUPD(y(v), t)
				add(val(v), a, t)
				VMOVUPD(t, y(v))
			}
		})
	})
}
