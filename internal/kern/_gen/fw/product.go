package main

import (
	"math/bits"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// operand is the vector of a product, in float64 or narrow.
type operand struct{ narrow bool }

func (o operand) size() int {
	if o.narrow {
		return 4
	}
	return 8
}

// load reads float64 in the live lanes, 0 in the others.
func (o operand) load(m Mem, live reg.OpmaskVirtual, v reg.VecVirtual) {
	if o.narrow {
		VCVTPS2PD_Z(m, live, v)
		return
	}
	VMOVUPD_Z(m, live, v)
}

func (o operand) store(v reg.VecVirtual, live reg.OpmaskVirtual, m Mem) {
	if !o.narrow {
		VMOVUPD(v, live, m)
		return
	}
	f := YMM()
	VCVTPD2PS(v, f)
	VMOVUPS(f, live, m)
}

// product emits q = A p in float64 and returns pᵀq.
func product(table Mem, coded, narrow bool) {
	word, suffix := "float64", ""
	if narrow {
		word, suffix = "float32", "Narrow"
	}
	params := "d, wx, wxa, wy, wya, wz *float64"
	if coded {
		suffix += "Coded"
		params = "code, xcode, ycode *uint8, axis, table *float64"
	}
	o := operand{narrow}
	text("faceMul"+suffix+"AVX512", "(p, q *"+word+", "+params+", cells, n, sx, sy int) float64")
	p, q := pointer("p"), pointer("q")
	xa, xb, ya, yb, step := GP64(), GP64(), GP64(), GP64(), GP64()
	for _, side := range []struct {
		param  string
		lo, hi reg.GPVirtual
	}{{"sx", xa, xb}, {"sy", ya, yb}} {
		MOVQ(paramMem(side.param), step)
		SHLQ(U8(bits.TrailingZeros(uint(o.size()))), step)
		MOVQ(p, side.lo)
		SUBQ(step, side.lo)
		LEAQ(Mem{Base: p, Index: step, Scale: 1}, side.hi)
	}
	dot := zero()
	if coded {
		productCoded(table, o, p, q, [3][2]reg.GPVirtual{{xa, xb}, {ya, yb}, {p, p}}, dot)
		return
	}
	d := pointer("d")
	var w [5]reg.GPVirtual
	for i, name := range []string{"wx", "wxa", "wy", "wya", "wz"} {
		w[i] = pointer(name)
	}
	s := newSweep(table, 8)
	s.lines(func() {}, func() {
		own, out, v, u := ZMM(), ZMM(), ZMM(), ZMM()
		o.load(s.at(p, o.size(), 0), s.live, own)
		VMULPD_Z(s.at(d, 8, 0), own, s.live, out)
		for i, x := range []reg.GPVirtual{xb, xa, yb, ya} {
			o.load(s.at(x, o.size(), 0), s.live, v)
			VFNMADD231PD(s.at(w[i], 8, 0), v, s.live, out)
		}
		o.load(s.at(p, o.size(), 1), s.live, v)
		VFNMADD231PD(s.at(w[4], 8, 0), v, s.live, out)
		o.load(s.at(p, o.size(), -1), s.live, u)
		VFNMADD231PD(s.at(w[4], 8, -1), u, s.live, out)
		VFMADD231PD(own, out, dot)
		o.store(out, s.live, s.at(q, o.size(), 0))
	}, func() { returnSum(dot) })
}

// returnSum stores the sum of the lanes as the result so far.
func returnSum(dot reg.VecVirtual) {
	v, h := ZMM(), YMM()
	VMOVAPD(dot, v)
	VEXTRACTF64X4(U8(1), v, h)
	VADDPD(h, v.AsY(), v.AsY())
	x := XMM()
	VEXTRACTF128(U8(1), v.AsY(), x)
	VADDPD(x, v.AsX(), v.AsX())
	VPERMILPD(U8(1), v.AsX(), x)
	VADDSD(x, v.AsX(), v.AsX())
	Store(v.AsX(), ReturnIndex(0))
}

func productCoded(table Mem, o operand, p, q reg.GPVirtual, near [3][2]reg.GPVirtual, dot reg.VecVirtual) {
	f := &faces{coded: true}
	for i, name := range []string{"code", "xcode", "ycode"} {
		f.w[i] = pointer(name)
	}
	axis := pointer("axis")
	for a := range f.weight {
		f.weight[a] = ZMM()
		VBROADCASTSD(Mem{Base: axis, Disp: 8 * a}, f.weight[a])
	}
	f.table = ZMM()
	VMOVUPD(Mem{Base: pointer("table")}, f.table)
	loadBits(&f.bits)
	s := newSweep(table, 8)
	s.lines(func() {}, func() {
		code, d, own, out := XMM(), ZMM(), ZMM(), ZMM()
		VMOVDQU8_Z(s.at(f.w[0], 1, 0), s.live, code)
		VPMOVZXBQ(code, d)
		VPERMPD(f.table, d, d)
		o.load(s.at(p, o.size(), 0), s.live, own)
		VMULPD(own, d, out)
		for a := range near {
			before, after := 0, 0
			from := f.w[0]
			if a == 2 {
				before, after = -1, 1
			} else {
				from = f.w[a+1]
			}
			acc, k := ZMM(), K()
			o.load(s.at(near[a][0], o.size(), before), f.links(s, s.at(from, 1, before), a), acc)
			VPTESTMB(f.bits[a], code, k)
			if v := ZMM(); o.narrow {
				o.load(s.at(near[a][1], o.size(), after), k, v)
				VADDPD(v, acc, acc)
			} else {
				VADDPD(s.at(near[a][1], 8, after), acc, k, acc)
			}
			VFNMADD231PD(f.weight[a], acc, out)
		}
		VFMADD231PD(own, out, dot)
		o.store(out, s.live, s.at(q, o.size(), 0))
	}, func() { returnSum(dot) })
}

// difference emits q = Σ w (p − p of the neighbour) + excess p in float32 and
// returns pᵀq, which is summed in float32 along a line.
func difference(lanes Mem) {
	text("faceDiffAVX512", "(x, q *float32, code, xcode, ycode *uint8, axis, table *float32, excess *uint8, cells, n, sx, sy int) float64")
	f := newFaces(true)
	VMOVUPS(Mem{Base: pointer("table")}, f.table)
	q, excess := pointer("q"), pointer("excess")
	dot, line := zero(), zero()
	s := newSweep(lanes, 16)
	s.lines(func() {}, func() {
		own, sum, code := ZMM(), ZMM(), XMM()
		VMOVUPS_Z(s.at(f.x, 4, 0), s.live, own)
		VMOVDQU8_Z(s.at(f.w[0], 1, 0), s.live, code)
		for a, near := range [3][2]Mem{
			{s.at(f.xa, 4, 0), s.at(f.xb, 4, 0)}, {s.at(f.ya, 4, 0), s.at(f.yb, 4, 0)}, {s.at(f.x, 4, -1), s.at(f.x, 4, 1)},
		} {
			from := s.at(f.w[0], 1, -1)
			if a < 2 {
				from = s.at(f.w[a+1], 1, 0)
			}
			before, after, k := ZMM(), ZMM(), K()
			VSUBPS_Z(near[0], own, f.links(s, from, a), before)
			VPTESTMB(f.bits[a], code, k)
			VSUBPS_Z(near[1], own, k, after)
			VADDPS(after, before, before)
			if a == 0 {
				VMULPS(f.weight[a], before, sum)
			} else {
				VFMADD231PS(f.weight[a], before, sum)
			}
		}
		c, v := XMM(), ZMM()
		VMOVDQU8_Z(s.at(excess, 1, 0), s.live, c)
		VPMOVZXBD(c, v)
		VPERMPS(f.table, v, v)
		VFMADD231PS(own, v, sum)
		VFMADD231PS(own, sum, line)
		VMOVUPS(sum, s.live, s.at(q, 4, 0))
	}, func() {
		half, v := YMM(), ZMM()
		VCVTPS2PD(line.AsY(), v)
		VADDPD(v, dot, dot)
		VEXTRACTF32X8(U8(1), line, half)
		VCVTPS2PD(half, v)
		VADDPD(v, dot, dot)
		VPXORQ(line, line, line)
		returnSum(dot)
	})
}
