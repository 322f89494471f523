package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// columns emits the kernels on several columns that stand side by side.
func columns(s isa) {
	columnsMV(s)
	columnsDot(s)
	columnsDirect(s)
	columnsDescend(s)
	columnsDirectScaled(s)
	columnsDescendScaled(s)
}

// abreast are the columns of a row, in one vector or two; masked unless there are
// eight of them.
type abreast struct {
	s     isa
	masks []reg.Register
}

// eachWidth emits body twice: for eight columns and for the parameter k of
// them, without and with masks.
func (s isa) eachWidth(body func(l abreast)) {
	k, narrow := GP64(), label("narrow")
	MOVQ(paramMem("k"), k)
	CMPQ(k, I8(8))
	JNE(LabelRef(narrow))
	body(abreast{s: s})
	Label(narrow)
	l := abreast{s: s, masks: make([]reg.Register, 8/s.w)}
	if s.wide {
		l.masks[0] = s.mask(k)
	} else {
		four, low, high := GP64(), GP64(), GP64()
		MOVQ(U32(4), four)
		MOVQ(k, low)
		CMPQ(k, four)
		CMOVQGT(four, low)
		MOVQ(k, high)
		SUBQ(low, high)
		l.masks[0], l.masks[1] = s.mask(low), s.mask(high)
	}
	body(l)
}

func (l abreast) vecs() []reg.VecVirtual { return l.s.vecs(8 / l.s.w) }

func (l abreast) zeros() []reg.VecVirtual { return l.s.zeros(8 / l.s.w) }

// load reads the row at m; lanes without a column become 0.
func (l abreast) load(m Mem) []reg.VecVirtual {
	v := l.vecs()
	for i := range v {
		switch at := m.Offset(8 * l.s.w * i); {
		case l.masks == nil:
			VMOVUPD(at, v[i])
		case l.s.wide:
			VMOVUPD_Z(at, l.masks[i], v[i])
		default:
			VMASKMOVPD(at, l.masks[i], v[i])
		}
	}
	return v
}

func (l abreast) store(v []reg.VecVirtual, m Mem) {
	for i := range v {
		switch at := m.Offset(8 * l.s.w * i); {
		case l.masks == nil:
			VMOVUPD(v[i], at)
		case l.s.wide:
			VMOVUPD(v[i], l.masks[i], at)
		default:
			VMASKMOVPD(v[i], l.masks[i], at)
		}
	}
}

// whole reads eight numbers.
func (l abreast) whole(m Mem) []reg.VecVirtual { return abreast{s: l.s}.load(m) }

// multiplyAdd adds x·a to acc, lane by lane.
func multiplyAdd(x, a, acc []reg.VecVirtual) {
	for i := range acc {
		VFMADD231PD(x[i], a[i], acc[i])
	}
}

// coefficients reads the array of eight at the pointer parameter.
func (l abreast) coefficients(name string) []reg.VecVirtual {
	return l.whole(Mem{Base: Load(Param(name), GP64()).(reg.GPVirtual)})
}

// eachRow emits the loop over the rows of packed columns, of which the slice
// parameter long gives the length: four rows a turn, then one. row is given
// the row's number in its turn and its index.
func (l abreast) eachRow(long string, row func(u int, i reg.GPVirtual)) {
	k, left, i := GP64(), GP64(), GP64()
	MOVQ(paramMem("k"), k)
	MOVQ(sliceLen(long), left)
	XORQ(i, i)
	four := GP64()
	MOVQ(k, four)
	SHLQ(U8(2), four)
	for _, turn := range []int{4, 1} {
		size := four
		if turn == 1 {
			size = k
		}
		top, end := label("rows"), label("end")
		Label(top)
		CMPQ(left, size)
		JL(LabelRef(end))
		for u := 0; u < turn; u++ {
			row(u, i)
			ADDQ(k, i)
		}
		SUBQ(size, left)
		JMP(LabelRef(top))
		Label(end)
	}
}

// addUp adds up the sums of the rows of a turn, pairwise, and adds them to the
// array of eight at the pointer parameter.
func (l abreast) addUp(acc [][]reg.VecVirtual, name string) {
	at := Mem{Base: Load(Param(name), GP64()).(reg.GPVirtual)}
	for i := range acc[0] {
		for step := 1; step < len(acc); step *= 2 {
			for u := 0; u < len(acc); u += 2 * step {
				VADDPD(acc[u+step][i], acc[u][i], acc[u][i])
			}
		}
		VADDPD(at.Offset(8*l.s.w*i), acc[0][i], acc[0][i])
	}
	abreast{s: l.s}.store(acc[0], at)
}

// sums returns n sums, a power of two, for the rows of a turn.
func (l abreast) sums(n int) [][]reg.VecVirtual {
	acc := make([][]reg.VecVirtual, n)
	for u := range acc {
		acc[u] = l.zeros()
	}
	return acc
}

// entriesAhead is how far ahead columnsMV asks for the matrix, and rowsAhead, in
// bytes, for y: the streams are more than hardware follows across pages.
const (
	entriesAhead = 192
	rowsAhead    = 1024
)

// columnsMV has two chains of sums a row: of the entries with even and with odd
// numbers.
func columnsMV(s isa) {
	s.text("columnsMV", "(rowptr []int64, col []int32, val, x, y []float64, k, stride, rows int)")
	s.eachWidth(func(l abreast) {
		ptr, col, val := sliceBase("rowptr"), sliceBase("col"), sliceBase("val")
		x, y := sliceBase("x"), sliceBase("y")
		stride, rows, e := GP64(), GP64(), GP64()
		MOVQ(paramMem("stride"), stride)
		SHLQ(U8(3), stride)
		MOVQ(paramMem("rows"), rows)
		top, done := label("row"), label("done")
		TESTQ(rows, rows)
		JE(LabelRef(done))
		MOVQ(Mem{Base: ptr}, e)
		Label(top)
		end := GP64()
		ADDQ(I8(8), ptr)
		MOVQ(Mem{Base: ptr}, end)
		SUBQ(e, end)
		acc := [][]reg.VecVirtual{l.zeros(), l.zeros()}
		entry := func(u int) {
			j, v := GP64(), s.vec()
			MOVLQSX(Mem{Base: col, Index: e, Scale: 4, Disp: 4 * u}, j)
			IMULQ(stride, j)
			VBROADCASTSD(Mem{Base: val, Index: e, Scale: 8, Disp: 8 * u}, v)
			at := Mem{Base: x, Index: j, Scale: 1}
			if l.masks == nil {
				for i, a := range acc[u] {
					VFMADD231PD(at.Offset(8*s.w*i), v, a)
				}
				return
			}
			for i, t := range l.load(at) {
				VFMADD231PD(t, v, acc[u][i])
			}
		}
		two, one, out := label("two"), label("one"), label("out")
		Label(two)
		SUBQ(I8(2), end)
		JL(LabelRef(one))
		entry(0)
		entry(1)
		PREFETCHT0(Mem{Base: val, Index: e, Scale: 8, Disp: 8 * entriesAhead})
		PREFETCHT0(Mem{Base: col, Index: e, Scale: 4, Disp: 4 * entriesAhead})
		ADDQ(I8(2), e)
		JMP(LabelRef(two))
		Label(one)
		CMPQ(end, I8(-1))
		JNE(LabelRef(out))
		entry(0)
		INCQ(e)
		Label(out)
		for i, a := range acc[0] {
			VADDPD(acc[1][i], a, a)
		}
		l.store(acc[0], Mem{Base: y})
		PREFETCHT0(Mem{Base: y, Disp: rowsAhead})
		ADDQ(stride, y)
		DECQ(rows)
		JNE(LabelRef(top))
		Label(done)
		ret()
	})
}

func columnsDot(s isa) {
	s.text("columnsDot", "(k int, x, y []float64, sums *[8]float64)")
	s.eachWidth(func(l abreast) {
		x, y := sliceBase("x"), sliceBase("y")
		acc := l.sums(4)
		l.eachRow("x", func(u int, i reg.GPVirtual) {
			multiplyAdd(l.load(Mem{Base: x, Index: i, Scale: 8}), l.load(Mem{Base: y, Index: i, Scale: 8}), acc[u])
		})
		l.addUp(acc, "sums")
		ret()
	})
}

func columnsDirect(s isa) {
	s.text("columnsDirect", "(k int, alpha, beta *[8]float64, z, x, p []float64)")
	s.eachWidth(func(l abreast) {
		alpha, beta := l.coefficients("alpha"), l.coefficients("beta")
		z, x, p := sliceBase("z"), sliceBase("x"), sliceBase("p")
		l.eachRow("p", func(_ int, i reg.GPVirtual) {
			at := func(base reg.GPVirtual) Mem { return Mem{Base: base, Index: i, Scale: 8} }
			old, sol, next := l.load(at(p)), l.load(at(x)), l.load(at(z))
			multiplyAdd(old, alpha, sol)
			multiplyAdd(old, beta, next)
			l.store(sol, at(x))
			l.store(next, at(p))
		})
		ret()
	})
}

func columnsDescend(s isa) {
	s.text("columnsDescend", "(k int, alpha *[8]float64, q, r []float64, sums *[8]float64)")
	s.eachWidth(func(l abreast) {
		alpha := l.coefficients("alpha")
		q, r := sliceBase("q"), sliceBase("r")
		acc := l.sums(4)
		l.eachRow("r", func(u int, i reg.GPVirtual) {
			at := Mem{Base: r, Index: i, Scale: 8}
			v := l.load(at)
			for j, w := range l.load(Mem{Base: q, Index: i, Scale: 8}) {
				VFNMADD231PD(w, alpha[j], v[j])
			}
			multiplyAdd(v, v, acc[u])
			l.store(v, at)
		})
		l.addUp(acc, "sums")
		ret()
	})
}

// scale multiplies a row by the number at d, to which it adds 8.
func (l abreast) scale(row []reg.VecVirtual, d reg.GPVirtual) []reg.VecVirtual {
	f, out := l.s.vec(), l.vecs()
	VBROADCASTSD(Mem{Base: d}, f)
	ADDQ(I8(8), d)
	for i := range row {
		VMULPD(row[i], f, out[i])
	}
	return out
}

func columnsDirectScaled(s isa) {
	s.text("columnsDirectScaled", "(k int, alpha, beta *[8]float64, d, r, x, p []float64)")
	s.eachWidth(func(l abreast) {
		alpha, beta := l.coefficients("alpha"), l.coefficients("beta")
		d, r, x, p := sliceBase("d"), sliceBase("r"), sliceBase("x"), sliceBase("p")
		l.eachRow("p", func(_ int, i reg.GPVirtual) {
			at := func(base reg.GPVirtual) Mem { return Mem{Base: base, Index: i, Scale: 8} }
			old, sol := l.load(at(p)), l.load(at(x))
			next := l.scale(l.load(at(r)), d)
			multiplyAdd(old, alpha, sol)
			multiplyAdd(old, beta, next)
			l.store(sol, at(x))
			l.store(next, at(p))
		})
		ret()
	})
}

func columnsDescendScaled(s isa) {
	s.text("columnsDescendScaled", "(k int, alpha *[8]float64, d, q, r []float64, sums, scaled *[8]float64)")
	s.eachWidth(func(l abreast) {
		alpha := l.coefficients("alpha")
		d, q, r := sliceBase("d"), sliceBase("q"), sliceBase("r")
		squares, acc := l.sums(2), l.sums(2)
		l.eachRow("r", func(u int, i reg.GPVirtual) {
			at := Mem{Base: r, Index: i, Scale: 8}
			v := l.load(at)
			for j, w := range l.load(Mem{Base: q, Index: i, Scale: 8}) {
				VFNMADD231PD(w, alpha[j], v[j])
			}
			l.store(v, at)
			multiplyAdd(v, v, squares[u&1])
			multiplyAdd(v, l.scale(v, d), acc[u&1])
		})
		l.addUp(squares, "sums")
		l.addUp(acc, "scaled")
		ret()
	})
}
