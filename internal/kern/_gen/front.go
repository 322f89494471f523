package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// front emits the kernels of frontal matrices, which work on their operands
// where they lie: a front is mostly too small to be worth packing.
func front(s isa) {
	subTile(s)
	solveRows(s)
}

// subTile emits C −= A B for one tile of rows ∈ {8, 4, 2, 1} (the first for
// AVX-512 alone) and at most three vectors of columns. Entry (i, p) of A is
// a[i*ai+p*ap].
func subTile(s isa) {
	s.text("subTile", "(k int, a []float64, ai, ap int, b []float64, ldb int, c []float64, ldc int, rows, cols int)")
	t := &tile{s: s, a: sliceBase("a"), b: sliceBase("b"), c: sliceBase("c"),
		k: Load(Param("k"), GP64()).(reg.GPVirtual), ai: strideOf("ai"), ap: strideOf("ap"), ldb: strideOf("ldb"), ldc: strideOf("ldc"),
		cols: Load(Param("cols"), GP64()).(reg.GPVirtual)}
	t.multiples()
	rows := Load(Param("rows"), GP64()).(reg.GPVirtual)
	most := 4
	if s.wide {
		most = 8
		CMPQ(t.cols, I8(24))
	} else {
		CMPQ(t.cols, I8(12))
	}
	partial := label("partial")
	JNE(LabelRef(partial))
	CMPQ(rows, I8(int8(most)))
	JNE(LabelRef(partial))
	t.emit(most, 3, nil)
	Label(partial)
	for n := most; n >= 1; n /= 2 {
		next := label("rows")
		if n > 1 {
			CMPQ(rows, I8(int8(n)))
			JL(LabelRef(next))
		}
		t.masked(n)
		if n > 1 {
			Label(next)
		}
	}
}

// strideOf loads a row stride in bytes.
func strideOf(name string) reg.GPVirtual {
	ld := Load(Param(name), GP64()).(reg.GPVirtual)
	SHLQ(U8(3), ld)
	return ld
}

// tile holds the operands of subTile; strides are in bytes.
type tile struct {
	s             isa
	a, b, c       reg.GPVirtual
	k, ai, ap     reg.GPVirtual
	ldb, ldc      reg.GPVirtual
	cols          reg.GPVirtual
	ai3, ai5, ai7 reg.GPVirtual
}

// multiples computes what row needs.
func (t *tile) multiples() {
	t.ai3, t.ai5, t.ai7 = GP64(), GP64(), GP64()
	LEAQ(Mem{Base: t.ai, Index: t.ai, Scale: 2}, t.ai3)
	LEAQ(Mem{Base: t.ai, Index: t.ai, Scale: 4}, t.ai5)
	if t.s.wide {
		LEAQ(Mem{Base: t.ai3, Index: t.ai, Scale: 4}, t.ai7)
	}
}

// row addresses the entry of A in row i at the depth under way.
func (t *tile) row(i int) Mem {
	m := Mem{Base: t.a, Index: t.ai, Scale: 1}
	switch i {
	case 0:
		return Mem{Base: t.a}
	case 2, 4:
		m.Scale = uint8(i)
	case 3, 6:
		m.Index, m.Scale = t.ai3, uint8(i/3)
	case 5:
		m.Index = t.ai5
	case 7:
		m.Index = t.ai7
	}
	return m
}

// masked emits the tile of the given rows for one, two and three vectors, the
// last of them under a mask.
func (t *tile) masked(rows int) {
	for vecs := 1; vecs <= 3; vecs++ {
		next := label("cols")
		if vecs < 3 {
			CMPQ(t.cols, I8(int8(vecs*t.s.w)))
			JG(LabelRef(next))
		}
		live := GP64()
		MOVQ(t.cols, live)
		if vecs > 1 {
			SUBQ(I8(int8((vecs-1)*t.s.w)), live)
		}
		t.emit(rows, vecs, t.s.lanes(live))
		if vecs < 3 {
			Label(next)
		}
	}
}

// lanes is a mask of the low lanes that costs AVX2 no vector register: there
// it is a place in memory, loaded when it is needed.
type lanes struct {
	mask reg.Register
	at   reg.GPVirtual
}

func (s isa) lanes(n reg.GPVirtual) *lanes {
	if s.wide {
		return &lanes{mask: s.mask(n)}
	}
	at := GP64()
	LEAQ(maskTable.Offset(32), at)
	SHLQ(U8(3), n)
	SUBQ(n, at)
	return &lanes{at: at}
}

// load reads a vector under the mask, if there is one; scratch is overwritten.
func (s isa) load(m Mem, l *lanes, dst, scratch reg.VecVirtual) {
	switch {
	case l == nil:
		VMOVUPD(m, dst)
	case s.wide:
		VMOVUPD_Z(m, l.mask, dst)
	default:
		VMOVUPD(Mem{Base: l.at}, scratch)
		VMASKMOVPD(m, scratch, dst)
	}
}

// store is the counterpart of load.
func (s isa) store(src reg.VecVirtual, m Mem, l *lanes, scratch reg.VecVirtual) {
	switch {
	case l == nil:
		VMOVUPD(src, m)
	case s.wide:
		VMOVUPD(src, l.mask, m)
	default:
		VMOVUPD(Mem{Base: l.at}, scratch)
		VMASKMOVPD(src, scratch, m)
	}
}

// emit writes one body, with its return; only the last vector is masked.
func (t *tile) emit(rows, vecs int, last *lanes) {
	s := t.s
	of := func(l int) *lanes {
		if l == vecs-1 {
			return last
		}
		return nil
	}
	vector := func(base reg.GPVirtual, l int) Mem { return Mem{Base: base, Disp: 8 * s.w * l} }
	if last == nil {
		t.prefetch(rows)
	}
	acc := s.zeros(rows * vecs)
	bv, av := s.vecs(vecs), s.vec()
	top := label("depth")
	Label(top)
	for l, v := range bv {
		s.load(vector(t.b, l), of(l), v, av)
	}
	for i := 0; i < rows; i++ {
		VBROADCASTSD(t.row(i), av)
		for l, v := range bv {
			VFMADD231PD(v, av, acc[i*vecs+l])
		}
	}
	ADDQ(t.ap, t.a)
	ADDQ(t.ldb, t.b)
	DECQ(t.k)
	JNE(LabelRef(top))
	old, scratch := s.vec(), s.vec()
	for i := 0; i < rows; i++ {
		for l := range bv {
			s.load(vector(t.c, l), of(l), old, scratch)
			VSUBPD(acc[i*vecs+l], old, old)
			s.store(old, vector(t.c, l), of(l), scratch)
		}
		if i < rows-1 {
			ADDQ(t.ldc, t.c)
		}
	}
	ret()
}

// prefetch asks for the tile of C, which is wanted only at the end.
func (t *tile) prefetch(rows int) {
	row := GP64()
	MOVQ(t.c, row)
	for i := 0; i < rows; i++ {
		PREFETCHT0(Mem{Base: row})
		PREFETCHT0(Mem{Base: row, Disp: 8*3*t.s.w - 1})
		if t.s.wide {
			PREFETCHT0(Mem{Base: row, Disp: 96})
		}
		if i < rows-1 {
			ADDQ(t.ldc, row)
		}
	}
}

// solveRows emits X ← T⁻ᵀ X for 1 … 8 rows of X; t holds T row by row, 8 a
// row, with the inverses of its diagonal.
func solveRows(s isa) {
	s.text("solveRows", "(rows int, t []float64, x []float64, ldx int, n int)")
	rows := Load(Param("rows"), GP64()).(reg.GPVirtual)
	t, x := sliceBase("t"), sliceBase("x")
	ldx := strideOf("ldx")
	n := Load(Param("n"), GP64()).(reg.GPVirtual)
	for r := 8; r >= 1; r-- {
		next := label("fewer")
		if r > 1 {
			CMPQ(rows, I8(int8(r)))
			JL(LabelRef(next))
		}
		v := s.vecs(r)
		s.loop(n, 1, func(b block) {
			p := GP64()
			MOVQ(x, p)
			for k := range v {
				b.load(p, 0, v[k])
				if k < r-1 {
					ADDQ(ldx, p)
				}
			}
			for k := range v {
				s.mulBroadcast(Mem{Base: t, Disp: 8 * 9 * k}, v[k])
				for j := k + 1; j < r; j++ {
					s.fnmaBroadcast(Mem{Base: t, Disp: 8 * (8*k + j)}, v[k], v[j])
				}
			}
			MOVQ(x, p)
			for k := range v {
				b.store(v[k], p, 0)
				if k < r-1 {
					ADDQ(ldx, p)
				}
			}
		})
		ret()
		if r > 1 {
			Label(next)
		}
	}
}

// mulBroadcast computes v *= m.
func (s isa) mulBroadcast(m Mem, v reg.VecVirtual) {
	if s.wide {
		VMULPD_BCST(m, v, v)
		return
	}
	b := s.vec()
	VBROADCASTSD(m, b)
	VMULPD(b, v, v)
}

// fnmaBroadcast computes dst −= m·v.
func (s isa) fnmaBroadcast(m Mem, v, dst reg.VecVirtual) {
	if s.wide {
		VFNMADD231PD_BCST(m, v, dst)
		return
	}
	b := s.vec()
	VBROADCASTSD(m, b)
	VFNMADD231PD(b, v, dst)
}
