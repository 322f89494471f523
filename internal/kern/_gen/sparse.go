package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sparse emits the kernels on rows of a CSR matrix.
func sparse(s isa) {
	gatherDot(s)
	scatterAxpy(s)
	spmv(s)
}

// entries addresses the index and value arrays of a sparse matrix.
type entries struct {
	s           isa
	col, val, x reg.GPVirtual
	ones        reg.VecVirtual // full mask for AVX2 gathers
}

func newEntries(s isa) *entries {
	return &entries{s: s, col: sliceBase("col"), val: sliceBase("val"), x: sliceBase("x")}
}

// step adds Σ val·x[col] of one vector of entries from k + u·w to acc.
func (e *entries) step(k reg.GPVirtual, u int, acc reg.VecVirtual) {
	s := e.s
	x := s.vec()
	colAt := Mem{Base: e.col, Index: k, Scale: 4, Disp: 4 * s.w * u}
	valAt := Mem{Base: e.val, Index: k, Scale: 8, Disp: 8 * s.w * u}
	if s.wide {
		j, live := YMM(), K()
		VMOVDQU32(colAt, j)
		KXNORB(live, live, live)
		s.zero(x)
		VGATHERDPD(Mem{Base: e.x, Index: j, Scale: 8}, live, x)
	} else {
		j, live := XMM(), YMM()
		VMOVDQU(colAt, j)
		VPCMPEQD(live, live, live)
		s.zero(x)
		VGATHERDPD(live, Mem{Base: e.x, Index: j, Scale: 8}, x)
	}
	VFMADD231PD(valAt, x, acc)
}

// row returns Σ val·x[col] over entries k … end−1 in lane 0, advancing k.
func (e *entries) row(k, end reg.GPVirtual, unroll int) reg.Register {
	s := e.s
	acc := s.zeros(unroll)
	limit := GP64()
	left := 0
	MOVQ(end, limit)
	steps := []int{unroll, 1}
	if unroll == 1 {
		steps = steps[1:]
	}
	for _, u := range steps {
		top, out := label("gather"), label("gathered")
		SUBQ(I32(u*s.w-left), limit)
		left = u * s.w
		CMPQ(k, limit)
		JG(LabelRef(out))
		Label(top)
		for i := 0; i < u; i++ {
			e.step(k, i, acc[i])
		}
		ADDQ(I32(u*s.w), k)
		CMPQ(k, limit)
		JLE(LabelRef(top))
		Label(out)
	}
	sum := s.fold(acc, addOp).(reg.VecVirtual)
	top, done := label("entry"), label("entries")
	CMPQ(k, end)
	JGE(LabelRef(done))
	Label(top)
	j, v := GP64(), XMM()
	MOVLQSX(Mem{Base: e.col, Index: k, Scale: 4}, j)
	VMOVSD(Mem{Base: e.val, Index: k, Scale: 8}, v)
	VFMADD231SD(Mem{Base: e.x, Index: j, Scale: 8}, v, sum)
	INCQ(k)
	CMPQ(k, end)
	JL(LabelRef(top))
	Label(done)
	return sum
}

func gatherDot(s isa) {
	s.text("gatherDot", "(col []int32, val, x []float64) float64")
	e, end, k := newEntries(s), sliceLen("col"), GP64()
	XORQ(k, k)
	Store(e.row(k, end, 2), ReturnIndex(0))
	ret()
}

func scatterAxpy(s isa) {
	s.text("scatterAxpy", "(a float64, col []int32, val, y []float64)")
	col, val, y, n := sliceBase("col"), sliceBase("val"), sliceBase("y"), sliceLen("col")
	a, k, limit := XMM(), GP64(), GP64()
	Load(Param("a"), a)
	XORQ(k, k)
	MOVQ(n, limit)
	add := func(u int) {
		j, v := GP64(), XMM()
		MOVLQSX(Mem{Base: col, Index: k, Scale: 4, Disp: 4 * u}, j)
		VMOVSD(Mem{Base: y, Index: j, Scale: 8}, v)
		VFMADD231SD(Mem{Base: val, Index: k, Scale: 8, Disp: 8 * u}, a, v)
		VMOVSD(v, Mem{Base: y, Index: j, Scale: 8})
	}
	left := 0
	for _, u := range []int{4, 1} {
		top, out := label("scatter"), label("scattered")
		SUBQ(I32(u-left), limit)
		left = u
		CMPQ(k, limit)
		JG(LabelRef(out))
		Label(top)
		for i := 0; i < u; i++ {
			add(i)
		}
		ADDQ(I32(u), k)
		CMPQ(k, limit)
		JLE(LabelRef(top))
		Label(out)
	}
	RET()
}

func spmv(s isa) {
	s.text("spmv", "(rowptr []int64, col []int32, val, x, y []float64)")
	e := newEntries(s)
	ptr, y, n := sliceBase("rowptr"), sliceBase("y"), sliceLen("y")
	i, k, end := GP64(), GP64(), GP64()
	top, done := label("row"), label("rows")
	XORQ(i, i)
	CMPQ(i, n)
	JE(LabelRef(done))
	MOVQ(Mem{Base: ptr}, k)
	Label(top)
	MOVQ(Mem{Base: ptr, Index: i, Scale: 8, Disp: 8}, end)
	VMOVSD(e.row(k, end, 1), Mem{Base: y, Index: i, Scale: 8})
	INCQ(i)
	CMPQ(i, n)
	JL(LabelRef(top))
	Label(done)
	ret()
}
