package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// plan emits the row kernels of optimal transport with stored costs.
func plan(s isa, c *constants) {
	maxRow(s)
	planRow(s, c, true)
	planRow(s, c, false)
	minUpdate(s)
	minRow(s)
}

// infinity returns n vectors of ±Inf.
func (s isa) infinity(n, sign int) []reg.VecVirtual {
	bits, v := GP64(), s.vecs(n)
	MOVQ(U64(math.Float64bits(math.Inf(sign))), bits)
	VMOVQ(bits, v[0].AsX())
	VBROADCASTSD(v[0].AsX(), v[0])
	for _, r := range v[1:] {
		VMOVAPD(v[0], r)
	}
	return v
}

func maxRow(s isa) {
	s.text("maxRow", "(g, c []float64, invEps float64) float64")
	g, c, n := sliceBase("g"), sliceBase("c"), sliceLen("g")
	inv := s.broadcast("invEps")
	acc := s.infinity(4, -1)
	fill := s.infinity(1, -1)[0]
	s.loop(n, 4, func(b block) {
		for u := 0; u < b.n; u++ {
			z := s.vec()
			b.load(g, u, z)
			VFNMADD231PD(b.operand(c, u), inv, z)
			b.fillDead(z, fill)
			VMAXPD(acc[u], z, acc[u])
		}
	})
	Store(s.fold(acc, maxOp), ReturnIndex(0))
	ret()
}

// planRow emits planRow, or planRowSum when store is false.
func planRow(s isa, k *constants, store bool) {
	var dst reg.GPVirtual
	if store {
		s.text("planRow", "(dst []float64, f float64, g, c []float64, invEps float64) float64")
		dst = sliceBase("dst")
	} else {
		s.text("planRowSum", "(f float64, g, c []float64, invEps float64) float64")
	}
	g, c, n := sliceBase("g"), sliceBase("c"), sliceLen("g")
	shifted(s, k, n, dst, func(b block, f, inv reg.VecVirtual, z []reg.VecVirtual) {
		b.prefetch(c)
		for u := range z {
			VADDPD(b.operand(g, u), f, z[u])
			VFNMADD231PD(b.operand(c, u), inv, z[u])
		}
	})
}

// shifted emits the rest of a kernel with parameters f and invEps that sums
// e^z, and stores it unless dst is nil; exponents emits the z of a block.
func shifted(s isa, k *constants, n, dst reg.GPVirtual, exponents func(b block, f, inv reg.VecVirtual, z []reg.VecVirtual)) {
	f, inv := s.broadcast("f"), s.broadcast("invEps")
	e := newExponential(s, k)
	acc := s.zeros(e.unroll())
	s.loop(n, e.unroll(), func(b block) {
		z := s.vecs(b.n)
		exponents(b, f, inv, z)
		e.apply(z)
		for u := range z {
			if dst != nil {
				b.store(z[u], dst, u)
			}
			b.clearDead(z[u])
			VADDPD(z[u], acc[u], acc[u])
		}
	})
	Store(s.fold(acc, addOp), ReturnIndex(0))
	ret()
}

func minUpdate(s isa) {
	s.text("minUpdate", "(dst, c []float64, f float64)")
	dst, c, n := sliceBase("dst"), sliceBase("c"), sliceLen("dst")
	f := s.broadcast("f")
	s.loop(n, 4, func(b block) {
		for u := 0; u < b.n; u++ {
			z := s.vec()
			b.load(c, u, z)
			VSUBPD(f, z, z)
			VMINPD(b.operand(dst, u), z, z)
			b.store(z, dst, u)
		}
	})
	ret()
}

func minRow(s isa) {
	s.text("minRow", "(g, c []float64) float64")
	g, c, n := sliceBase("g"), sliceBase("c"), sliceLen("g")
	acc := s.infinity(4, 1)
	fill := s.infinity(1, 1)[0]
	s.loop(n, 4, func(b block) {
		for u := 0; u < b.n; u++ {
			z := s.vec()
			b.load(c, u, z)
			VSUBPD(b.operand(g, u), z, z)
			b.fillDead(z, fill)
			VMINPD(acc[u], z, acc[u])
		}
	})
	Store(s.fold(acc, minOp), ReturnIndex(0))
	ret()
}
