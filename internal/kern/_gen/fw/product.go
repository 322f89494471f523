package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// product emits q = A p in float64 and returns pᵀq.
func product(table Mem, coded bool) {
	suffix, params := "", "d, wx, wxa, wy, wya, wz *float64"
	if coded {
		suffix, params = "Coded", "code, xcode, ycode *uint8, axis, table *float64"
	}
	text("faceMul"+suffix+"AVX512", "(p, q *float64, "+params+", cells, n, sx, sy int) float64")
	p, q := pointer("p"), pointer("q")
	xa, xb, ya, yb, step := GP64(), GP64(), GP64(), GP64(), GP64()
	for _, side := range []struct {
		param  string
		lo, hi reg.GPVirtual
	}{{"sx", xa, xb}, {"sy", ya, yb}} {
		MOVQ(paramMem(side.param), step)
		SHLQ(U8(3), step)
		MOVQ(p, side.lo)
		SUBQ(step, side.lo)
		LEAQ(Mem{Base: p, Index: step, Scale: 1}, side.hi)
	}
	dot := zero()
	if coded {
		productCoded(table, p, q, [3][2]reg.GPVirtual{{xa, xb}, {ya, yb}, {p, p}}, dot)
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
		VMOVUPD_Z(s.at(p, 8, 0), s.live, own)
		VMULPD_Z(s.at(d, 8, 0), own, s.live, out)
		for i, x := range []reg.GPVirtual{xb, xa, yb, ya} {
			VMOVUPD_Z(s.at(x, 8, 0), s.live, v)
			VFNMADD231PD(s.at(w[i], 8, 0), v, s.live, out)
		}
		VMOVUPD_Z(s.at(p, 8, 1), s.live, v)
		VFNMADD231PD(s.at(w[4], 8, 0), v, s.live, out)
		VMOVUPD_Z(s.at(p, 8, -1), s.live, u)
		VFNMADD231PD(s.at(w[4], 8, -1), u, s.live, out)
		VFMADD231PD(own, out, dot)
		VMOVUPD(out, s.live, s.at(q, 8, 0))
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

func productCoded(table Mem, p, q reg.GPVirtual, near [3][2]reg.GPVirtual, dot reg.VecVirtual) {
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
		VMOVUPD_Z(s.at(p, 8, 0), s.live, own)
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
			VMOVUPD_Z(s.at(near[a][0], 8, before), f.links(s, s.at(from, 1, before), a), acc)
			VPTESTMB(f.bits[a], code, k)
			VADDPD(s.at(near[a][1], 8, after), acc, k, acc)
			VFNMADD231PD(f.weight[a], acc, out)
		}
		VFMADD231PD(own, out, dot)
		VMOVUPD(out, s.live, s.at(q, 8, 0))
	}, func() { returnSum(dot) })
}
