// Command lanes writes the assembly of the kernels that search for small
// reduced costs. Run it by go generate in the folder of package kern.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!purego")
	iota := GLOBL("laneIota", RODATA|NOPTR)
	for i := 0; i < 16; i++ {
		DATA(8*i, U64(uint64(i)))
	}
	for _, s := range []isa{{name: "AVX2", w: 4}, {name: "AVX512", w: 8, wide: true}} {
		stored(s, iota)
		points(s, iota, false)
		points(s, iota, true)
	}
	relax(isa{name: "AVX512", w: 8, wide: true}, iota)
	Generate()
}

// isa describes a vector instruction set: w float64 lanes a register.
type isa struct {
	name string
	w    int
	wide bool
}

const lanes = 16

func (s isa) vecs() []reg.VecVirtual {
	v := make([]reg.VecVirtual, lanes/s.w)
	for i := range v {
		v[i] = s.vec()
	}
	return v
}

func (s isa) vec() reg.VecVirtual {
	if s.wide {
		return ZMM()
	}
	return YMM()
}

var labels int

func label(name string) string {
	labels++
	return fmt.Sprintf("%s%d", name, labels)
}

func base(name string) reg.GPVirtual {
	return Load(Param(name).Base(), GP64()).(reg.GPVirtual)
}

// search holds the lanes of one call.
type search struct {
	s        isa
	iota     Mem
	val, arg []reg.VecVirtual
	valAt    reg.GPVirtual
	argAt    reg.GPVirtual
	j0       reg.GPVirtual
}

func newSearch(s isa, iota Mem) *search {
	h := &search{s: s, iota: iota, val: s.vecs(), arg: s.vecs(),
		valAt: Load(Param("val"), GP64()).(reg.GPVirtual), argAt: Load(Param("arg"), GP64()).(reg.GPVirtual)}
	for u := range h.val {
		VMOVUPD(Mem{Base: h.valAt, Disp: 8 * s.w * u}, h.val[u])
		VMOVUPD(Mem{Base: h.argAt, Disp: 8 * s.w * u}, h.arg[u])
	}
	h.j0 = Load(Param("j0"), GP64()).(reg.GPVirtual)
	return h
}

func (h *search) finish() {
	for u := range h.val {
		VMOVUPD(h.val[u], Mem{Base: h.valAt, Disp: 8 * h.s.w * u})
		VMOVUPD(h.arg[u], Mem{Base: h.argAt, Disp: 8 * h.s.w * u})
	}
	VZEROUPPER()
	RET()
}

// take puts the values r of elements i … i+15 into the lanes that they
// improve; most blocks improve none, which costs one branch.
func (h *search) take(r []reg.VecVirtual, i reg.GPVirtual) {
	const less = 17 // ordered, quiet
	skip := label("skip")
	if h.s.wide {
		masks := make([]reg.OpmaskVirtual, len(r))
		for u := range r {
			masks[u] = K()
			VCMPPD(U8(less), h.val[u], r[u], masks[u])
		}
		KORTESTB(masks[0], masks[1])
		JZ(LabelRef(skip))
		at, j := GP64(), ZMM()
		LEAQ(Mem{Base: h.j0, Index: i, Scale: 1}, at)
		VPBROADCASTQ(at, j)
		for u := range r {
			VMOVAPD(r[u], masks[u], h.val[u])
			t := ZMM()
			VPADDQ(h.iota.Offset(64*u), j, t)
			VMOVDQA64(t, masks[u], h.arg[u])
		}
		Label(skip)
		return
	}
	// With 16 registers the comparisons are made again where one held.
	any, mask := YMM(), YMM()
	VCMPPD(U8(less), h.val[0], r[0], any)
	for u := range r[1:] {
		VCMPPD(U8(less), h.val[u+1], r[u+1], mask)
		VORPD(mask, any, any)
	}
	VTESTPD(any, any)
	JZ(LabelRef(skip))
	at, j := GP64(), YMM()
	LEAQ(Mem{Base: h.j0, Index: i, Scale: 1}, at)
	x := XMM()
	VMOVQ(at, x)
	VPBROADCASTQ(x, j)
	for u := range r {
		VCMPPD(U8(less), h.val[u], r[u], mask)
		VBLENDVPD(mask, r[u], h.val[u], h.val[u])
		VPADDQ(h.iota.Offset(32*u), j, any)
		VBLENDVPD(mask, any, h.arg[u], h.arg[u])
	}
	Label(skip)
}

// blocks runs body for every whole block of 16 elements.
func blocks(n reg.GPVirtual, body func(i reg.GPVirtual)) {
	i, top, end := GP64(), label("loop"), label("end")
	XORQ(i, i)
	SUBQ(I32(lanes), n)
	JL(LabelRef(end))
	Label(top)
	body(i)
	ADDQ(I32(lanes), i)
	CMPQ(i, n)
	JLE(LabelRef(top))
	Label(end)
}

// stored reads the costs.
func stored(s isa, iota Mem) {
	TEXT("laneMin"+s.name, NOSPLIT, "func(val *float64, arg *int64, c, g []float64, j0 int)")
	Pragma("noescape")
	h := newSearch(s, iota)
	c, g, n := base("c"), base("g"), Load(Param("g").Len(), GP64()).(reg.GPVirtual)
	blocks(n, func(i reg.GPVirtual) {
		r := s.vecs()
		for u := range r {
			VMOVUPD(Mem{Base: c, Index: i, Scale: 8, Disp: 8 * s.w * u}, r[u])
			VSUBPD(Mem{Base: g, Index: i, Scale: 8, Disp: 8 * s.w * u}, r[u], r[u])
		}
		h.take(r, i)
	})
	h.finish()
}

// points computes squared distances, or their roots, on the way; it walks the
// slice headers of the coordinates for every block.
func points(s isa, iota Mem, root bool) {
	name := "laneMinSq"
	if root {
		name = "laneMinRoot"
	}
	TEXT(name+s.name, NOSPLIT, "func(val *float64, arg *int64, x []float64, coord [][]float64, g []float64, j0 int)")
	Pragma("noescape")
	h := newSearch(s, iota)
	x, d, coord := base("x"), Load(Param("x").Len(), GP64()).(reg.GPVirtual), base("coord")
	g, n := base("g"), Load(Param("g").Len(), GP64()).(reg.GPVirtual)
	const header = 24
	blocks(n, func(i reg.GPVirtual) {
		r := s.vecs()
		for _, v := range r {
			VXORPD(v.AsY(), v.AsY(), v.AsY())
		}
		k, head, at, y := GP64(), GP64(), GP64(), GP64()
		next := label("coord")
		XORQ(k, k)
		MOVQ(coord, head)
		LEAQ(Mem{Base: h.j0, Index: i, Scale: 1}, at)
		Label(next)
		MOVQ(Mem{Base: head}, y)
		xk := s.vec()
		VBROADCASTSD(Mem{Base: x, Index: k, Scale: 8}, xk)
		for u, acc := range r {
			v := s.vec()
			VSUBPD(Mem{Base: y, Index: at, Scale: 8, Disp: 8 * s.w * u}, xk, v)
			VFMADD231PD(v, v, acc)
		}
		ADDQ(I8(header), head)
		INCQ(k)
		CMPQ(k, d)
		JNE(LabelRef(next))
		for u, acc := range r {
			if root {
				VSQRTPD(acc, acc)
			}
			VSUBPD(Mem{Base: g, Index: i, Scale: 8, Disp: 8 * s.w * u}, acc, acc)
		}
		h.take(r, i)
	})
	h.finish()
}

// relax is one row of Dijkstra's method: distances and predecessors are
// stored where they improve, the lanes keep the least distances.
func relax(s isa, iota Mem) {
	TEXT("relaxMin"+s.name, NOSPLIT, "func(val *float64, arg *int64, dist []float64, pred []int32, c, g []float64, shift float64, from int32, j0 int)")
	Pragma("noescape")
	const less = 17
	h := newSearch(s, iota)
	dist, pred, c, g := base("dist"), base("pred"), base("c"), base("g")
	n := Load(Param("g").Len(), GP64()).(reg.GPVirtual)
	shift, from := ZMM(), YMM()
	b, err := Param("shift").Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSD(b.Addr, shift)
	VPBROADCASTD(Load(Param("from"), GP32()), from)
	blocks(n, func(i reg.GPVirtual) {
		r, masks := s.vecs(), make([]reg.OpmaskVirtual, 2)
		for u := range r {
			at := func(base reg.GPVirtual) Mem { return Mem{Base: base, Index: i, Scale: 8, Disp: 64 * u} }
			VMOVUPD(at(c), r[u])
			VSUBPD(at(g), r[u], r[u])
			VADDPD(shift, r[u], r[u])
			masks[u] = K()
			d := ZMM()
			VMOVUPD(at(dist), d)
			VCMPPD(U8(less), d, r[u], masks[u])
			VMOVAPD(r[u], masks[u], d)
			r[u] = d
		}
		same := label("same")
		KORTESTB(masks[0], masks[1])
		JZ(LabelRef(same))
		for u := range r {
			VMOVUPD(r[u], masks[u], Mem{Base: dist, Index: i, Scale: 8, Disp: 64 * u})
			VMOVDQU32(from, masks[u], Mem{Base: pred, Index: i, Scale: 4, Disp: 32 * u})
		}
		Label(same)
		h.take(r, i)
	})
	h.finish()
}
