package main

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// points emits the kernels that compute squared distances on the way: in
// registers for dimensions 1 to 3.
func points(s isa, c *constants) {
	sqDistRow(s)
	for d := 1; d <= 3; d++ {
		maxRowSq(s, d)
		planRowSq(s, c, d, true)
		planRowSq(s, c, d, false)
	}
}

// sqDistRow walks the slice headers of the coordinates for every block.
func sqDistRow(s isa) {
	s.text("sqDistRow", "(dst, x []float64, coord [][]float64, j0 int)")
	dst, x, coord := sliceBase("dst"), sliceBase("x"), sliceBase("coord")
	n, d := sliceLen("dst"), sliceLen("x")
	j0 := Load(Param("j0"), GP64()).(reg.GPVirtual)
	const header = 24
	SHLQ(U8(3), j0)
	s.loop(n, 4, func(b block) {
		acc := s.zeros(b.n)
		k, head, y := GP64(), GP64(), GP64()
		next, done := label("coord"), label("coords")
		XORQ(k, k)
		MOVQ(coord, head)
		CMPQ(k, d)
		JE(LabelRef(done))
		Label(next)
		MOVQ(Mem{Base: head}, y)
		ADDQ(j0, y)
		xk := s.vec()
		VBROADCASTSD(Mem{Base: x, Index: k, Scale: 8}, xk)
		for u := range acc {
			v := s.vec()
			VSUBPD(b.operand(y, u), xk, v)
			VFMADD231PD(v, v, acc[u])
		}
		ADDQ(I8(header), head)
		INCQ(k)
		CMPQ(k, d)
		JNE(LabelRef(next))
		Label(done)
		for u := range acc {
			b.store(acc[u], dst, u)
		}
	})
	ret()
}

// cloud is a point x, broadcast, and the coordinates y of many.
type cloud struct {
	x []reg.VecVirtual
	y []reg.GPVirtual
}

// pointParams returns the parameters "x0, … float64, y0, … []float64".
func pointParams(d int) string {
	var x, y []string
	for k := 0; k < d; k++ {
		x = append(x, fmt.Sprintf("x%d", k))
		y = append(y, fmt.Sprintf("y%d", k))
	}
	return strings.Join(x, ", ") + " float64, " + strings.Join(y, ", ") + " []float64"
}

func (s isa) cloud(d int) cloud {
	var p cloud
	for k := 0; k < d; k++ {
		p.x = append(p.x, s.broadcast(fmt.Sprintf("x%d", k)))
		p.y = append(p.y, sliceBase(fmt.Sprintf("y%d", k)))
	}
	return p
}

// sqDist returns the squared distances of vector u of the block.
func (p cloud) sqDist(b block, u int) reg.VecVirtual {
	acc := b.s.vec()
	VSUBPD(b.operand(p.y[0], u), p.x[0], acc)
	VMULPD(acc, acc, acc)
	for k := 1; k < len(p.x); k++ {
		v := b.s.vec()
		VSUBPD(b.operand(p.y[k], u), p.x[k], v)
		VFMADD231PD(v, v, acc)
	}
	return acc
}

func maxRowSq(s isa, d int) {
	s.text(fmt.Sprintf("maxRowSq%d", d), "("+pointParams(d)+", g []float64, invEps float64) float64")
	p, g, n := s.cloud(d), sliceBase("g"), sliceLen("g")
	inv := s.broadcast("invEps")
	acc := s.infinity(4, -1)
	s.loop(n, 4, func(b block) {
		for u := 0; u < b.n; u++ {
			z := s.vec()
			b.load(g, u, z)
			VFNMADD231PD(p.sqDist(b, u), inv, z)
			if b.masked() {
				b.fillDead(z, s.infinity(1, -1)[0])
			}
			VMAXPD(acc[u], z, acc[u])
		}
	})
	Store(s.fold(acc, maxOp), ReturnIndex(0))
	ret()
}

// planRowSq emits planRowSq, or planRowSqSum when store is false.
func planRowSq(s isa, k *constants, d int, store bool) {
	var dst reg.GPVirtual
	if store {
		s.text(fmt.Sprintf("planRowSq%d", d), "(dst []float64, f float64, "+pointParams(d)+", g []float64, invEps float64) float64")
		dst = sliceBase("dst")
	} else {
		s.text(fmt.Sprintf("planRowSqSum%d", d), "(f float64, "+pointParams(d)+", g []float64, invEps float64) float64")
	}
	p, g, n := s.cloud(d), sliceBase("g"), sliceLen("g")
	shifted(s, k, n, dst, func(b block, f, inv reg.VecVirtual, z []reg.VecVirtual) {
		for u := range z {
			VADDPD(b.operand(g, u), f, z[u])
			VFNMADD231PD(p.sqDist(b, u), inv, z[u])
		}
	})
}

// finishSqDist turns −2x·y_j into the squared distance of x and y_j.
func finishSqDist(s isa) {
	s.text("finishSqDist", "(c, ny []float64, nx float64)")
	c, ny, n := sliceBase("c"), sliceBase("ny"), sliceLen("c")
	nx, zero := s.broadcast("nx"), s.zeros(1)[0]
	s.loop(n, 4, func(b block) {
		for u := 0; u < b.n; u++ {
			v := s.vec()
			VADDPD(b.operand(ny, u), nx, v)
			VADDPD(b.operand(c, u), v, v)
			VMAXPD(v, zero, v)
			b.store(v, c, u)
		}
	})
	ret()
}
