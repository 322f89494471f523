package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sparse emits the kernels on rows of a CSR matrix. They use scalar loads: on
// Zen 4 the gather instructions are slower, with 4 lanes or with 8, for every
// row length. One set serves every machine with FMA.
func sparse() {
	s := isa{name: "FMA"}
	gatherDot(s)
	scatterAxpy(s)
	spmv(s)
	spmtv(s)
}

// entries addresses the arrays of a sparse matrix and the vector x that its
// columns index.
type entries struct {
	col, val, x reg.GPVirtual
}

func newEntries(x string) *entries {
	return &entries{col: sliceBase("col"), val: sliceBase("val"), x: sliceBase(x)}
}

// pair adds entries k+u and k+u+1 to a and b; one load fetches both columns.
func (e *entries) pair(k reg.GPVirtual, u int, a, b reg.VecVirtual) {
	lo, hi, v0, v1 := GP64(), GP64(), XMM(), XMM()
	MOVQ(Mem{Base: e.col, Index: k, Scale: 4, Disp: 4 * u}, hi)
	MOVL(hi.As32(), lo.As32())
	SHRQ(U8(32), hi)
	VMOVSD(Mem{Base: e.val, Index: k, Scale: 8, Disp: 8 * u}, v0)
	VMOVSD(Mem{Base: e.val, Index: k, Scale: 8, Disp: 8*u + 8}, v1)
	VFMADD231SD(Mem{Base: e.x, Index: lo, Scale: 8}, v0, a)
	VFMADD231SD(Mem{Base: e.x, Index: hi, Scale: 8}, v1, b)
}

// spmvAhead is how far ahead, in entries, spmv asks for the matrix: hardware
// stops at the end of every page, and 256 entries take about as long as memory
// does to answer.
const spmvAhead = 256

// row returns Σ val·x[col] over entries k … end−1, advancing k: four chains of
// sums, then what is left over a multiple of 4. With ahead > 0 it asks for the
// entries that follow at that distance.
func (e *entries) row(k, end reg.GPVirtual, ahead int) reg.Register {
	acc := make([]reg.VecVirtual, 4)
	for i := range acc {
		acc[i] = XMM()
		VXORPD(acc[i], acc[i], acc[i])
	}
	limit := GP64()
	top, two, one, done := label("four"), label("two"), label("one"), label("row")
	LEAQ(Mem{Base: end, Disp: -4}, limit)
	CMPQ(k, limit)
	JG(LabelRef(two))
	Label(top)
	e.pair(k, 0, acc[0], acc[1])
	e.pair(k, 2, acc[2], acc[3])
	if ahead > 0 {
		PREFETCHT0(Mem{Base: e.val, Index: k, Scale: 8, Disp: 8 * ahead})
		PREFETCHT0(Mem{Base: e.col, Index: k, Scale: 4, Disp: 4 * ahead})
	}
	ADDQ(I8(4), k)
	CMPQ(k, limit)
	JLE(LabelRef(top))
	Label(two)
	ADDQ(I8(2), limit)
	CMPQ(k, limit)
	JG(LabelRef(one))
	e.pair(k, 0, acc[0], acc[1])
	ADDQ(I8(2), k)
	Label(one)
	CMPQ(k, end)
	JGE(LabelRef(done))
	j, v := GP64(), XMM()
	MOVLQSX(Mem{Base: e.col, Index: k, Scale: 4}, j)
	VMOVSD(Mem{Base: e.val, Index: k, Scale: 8}, v)
	VFMADD231SD(Mem{Base: e.x, Index: j, Scale: 8}, v, acc[2])
	INCQ(k)
	Label(done)
	VADDSD(acc[1], acc[0], acc[0])
	VADDSD(acc[3], acc[2], acc[2])
	VADDSD(acc[2], acc[0], acc[0])
	return acc[0]
}

func gatherDot(s isa) {
	s.text("gatherDot", "(col []int32, val, x []float64) float64")
	e, end, k := newEntries("x"), sliceLen("col"), GP64()
	XORQ(k, k)
	Store(e.row(k, end, 0), ReturnIndex(0))
	RET()
}

// scatter adds a·val to the entries of x in the columns of entries k … end−1,
// advancing k, four a turn; their columns being distinct, the order of loads
// and stores doesn't matter.
func (e *entries) scatter(a reg.VecVirtual, k, end reg.GPVirtual) {
	limit := GP64()
	MOVQ(end, limit)
	left := 0
	for _, u := range []int{4, 1} {
		top, out := label("scatter"), label("scattered")
		SUBQ(I32(u-left), limit)
		left = u
		CMPQ(k, limit)
		JG(LabelRef(out))
		Label(top)
		j, v := make([]reg.GPVirtual, u), make([]reg.VecVirtual, u)
		for i := range j {
			j[i], v[i] = GP64(), XMM()
			MOVLQSX(Mem{Base: e.col, Index: k, Scale: 4, Disp: 4 * i}, j[i])
			VMOVSD(Mem{Base: e.x, Index: j[i], Scale: 8}, v[i])
			VFMADD231SD(Mem{Base: e.val, Index: k, Scale: 8, Disp: 8 * i}, a, v[i])
		}
		for i := range j {
			VMOVSD(v[i], Mem{Base: e.x, Index: j[i], Scale: 8})
		}
		ADDQ(I32(u), k)
		CMPQ(k, limit)
		JLE(LabelRef(top))
		Label(out)
	}
}

func scatterAxpy(s isa) {
	s.text("scatterAxpy", "(a float64, col []int32, val, y []float64)")
	e, end, k := newEntries("y"), sliceLen("col"), GP64()
	a := XMM()
	Load(Param("a"), a)
	XORQ(k, k)
	e.scatter(a, k, end)
	RET()
}

const spmvSig = "(rowptr []int64, col []int32, val, x, y []float64)"

// rows emits the loop over the rows of a kernel whose parameter long has an
// element a row; row emits the work on
// entries k … end−1 and that element, at.
func rows(long string, row func(k, end reg.GPVirtual, at Mem)) {
	ptr, vec, n := sliceBase("rowptr"), sliceBase(long), sliceLen(long)
	i, k, end := GP64(), GP64(), GP64()
	top, done := label("row"), label("rows")
	XORQ(i, i)
	CMPQ(i, n)
	JE(LabelRef(done))
	MOVQ(Mem{Base: ptr}, k)
	Label(top)
	MOVQ(Mem{Base: ptr, Index: i, Scale: 8, Disp: 8}, end)
	row(k, end, Mem{Base: vec, Index: i, Scale: 8})
	INCQ(i)
	CMPQ(i, n)
	JL(LabelRef(top))
	Label(done)
	RET()
}

func spmv(s isa) {
	s.text("spmv", spmvSig)
	e := newEntries("x")
	rows("y", func(k, end reg.GPVirtual, at Mem) { VMOVSD(e.row(k, end, spmvAhead), at) })
}

func spmtv(s isa) {
	s.text("spmtv", spmvSig)
	e := newEntries("y")
	rows("x", func(k, end reg.GPVirtual, at Mem) {
		a := XMM()
		VMOVSD(at, a)
		e.scatter(a, k, end)
	})
}
