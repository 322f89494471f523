package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// blas1 emits the kernels on plain vectors.
func blas1(s isa) {
	dot(s)
	dot2(s)
	sum(s)
	axpy(s)
	xpby(s)
	cgUpdate(s)
	accum2(s)
	accum4(s)
	softThreshold(s)
}

func dot(s isa) {
	s.text("dot", "(x, y []float64) float64")
	x, y, n := sliceBase("x"), sliceBase("y"), sliceLen("x")
	acc := s.zeros(8)
	s.loop(n, 8, func(b block) {
		for u := 0; u < b.n; u++ {
			v := s.vec()
			b.load(x, u, v)
			VFMADD231PD(b.operand(y, u), v, acc[u])
		}
	})
	Store(s.fold(acc, addOp), ReturnIndex(0))
	ret()
}

func dot2(s isa) {
	s.text("dot2", "(x, y, z []float64) (xy, xz float64)")
	x, y, z, n := sliceBase("x"), sliceBase("y"), sliceBase("z"), sliceLen("x")
	xy, xz := s.zeros(4), s.zeros(4)
	s.loop(n, 4, func(b block) {
		for u := 0; u < b.n; u++ {
			v := s.vec()
			b.load(x, u, v)
			VFMADD231PD(b.operand(y, u), v, xy[u])
			VFMADD231PD(b.operand(z, u), v, xz[u])
		}
	})
	Store(s.fold(xy, addOp), Return("xy"))
	Store(s.fold(xz, addOp), Return("xz"))
	ret()
}

func sum(s isa) {
	s.text("sum", "(x []float64) float64")
	x, n := sliceBase("x"), sliceLen("x")
	acc := s.zeros(8)
	s.loop(n, 8, func(b block) {
		for u := 0; u < b.n; u++ {
			VADDPD(b.operand(x, u), acc[u], acc[u])
		}
	})
	Store(s.fold(acc, addOp), ReturnIndex(0))
	ret()
}

func axpy(s isa) {
	s.text("axpy", "(a float64, x, y []float64)")
	x, y, n := sliceBase("x"), sliceBase("y"), sliceLen("x")
	a := s.broadcast("a")
	s.loop(n, 4, func(b block) {
		v := s.vecs(b.n)
		for u := range v {
			b.load(y, u, v[u])
			VFMADD231PD(b.operand(x, u), a, v[u])
		}
		for u := range v {
			b.store(v[u], y, u)
		}
	})
	ret()
}

func xpby(s isa) {
	s.text("xpby", "(x []float64, b float64, y []float64)")
	x, y, n := sliceBase("x"), sliceBase("y"), sliceLen("x")
	k := s.broadcast("b")
	s.loop(n, 4, func(b block) {
		v := s.vecs(b.n)
		for u := range v {
			b.load(y, u, v[u])
			VFMADD213PD(b.operand(x, u), k, v[u])
		}
		for u := range v {
			b.store(v[u], y, u)
		}
	})
	ret()
}

func cgUpdate(s isa) {
	s.text("cgUpdate", "(a float64, p, q, x, r []float64) float64")
	p, q, x, r, n := sliceBase("p"), sliceBase("q"), sliceBase("x"), sliceBase("r"), sliceLen("p")
	a := s.broadcast("a")
	acc := s.zeros(4)
	s.loop(n, 4, func(b block) {
		for u := 0; u < b.n; u++ {
			vx, vr := s.vec(), s.vec()
			b.load(x, u, vx)
			b.load(r, u, vr)
			VFMADD231PD(b.operand(p, u), a, vx)
			VFNMADD231PD(b.operand(q, u), a, vr)
			VFMADD231PD(vr, vr, acc[u])
			b.store(vx, x, u)
			b.store(vr, r, u)
		}
	})
	Store(s.fold(acc, addOp), ReturnIndex(0))
	ret()
}

func accum2(s isa) {
	s.text("accum2", "(c []float64, w0, w1 float64, e0, e1 []float64)")
	c, e0, e1, n := sliceBase("c"), sliceBase("e0"), sliceBase("e1"), sliceLen("c")
	w0, w1 := s.broadcast("w0"), s.broadcast("w1")
	s.loop(n, 4, func(b block) {
		for u := 0; u < b.n; u++ {
			v := s.vec()
			b.load(c, u, v)
			VFMADD231PD(b.operand(e0, u), w0, v)
			VFMADD231PD(b.operand(e1, u), w1, v)
			b.store(v, c, u)
		}
	})
	ret()
}

func accum4(s isa) {
	s.text("accum4", "(c []float64, w0, w1, w2, w3 float64, e0, e1, e2, e3 []float64)")
	c, n := sliceBase("c"), sliceLen("c")
	e0, e1, e2, e3 := sliceBase("e0"), sliceBase("e1"), sliceBase("e2"), sliceBase("e3")
	w0, w1, w2, w3 := s.broadcast("w0"), s.broadcast("w1"), s.broadcast("w2"), s.broadcast("w3")
	s.loop(n, 2, func(b block) {
		for u := 0; u < b.n; u++ {
			v := s.vec()
			b.load(c, u, v)
			VFMADD231PD(b.operand(e0, u), w0, v)
			VFMADD231PD(b.operand(e1, u), w1, v)
			VFMADD231PD(b.operand(e2, u), w2, v)
			VFMADD231PD(b.operand(e3, u), w3, v)
			b.store(v, c, u)
		}
	})
	ret()
}

func softThreshold(s isa) {
	s.text("softThreshold", "(dst, x []float64, t float64)")
	dst, x, n := sliceBase("dst"), sliceBase("x"), sliceLen("x")
	t, zero, sign := s.broadcast("t"), s.zeros(1)[0], s.vec()
	bit := GP64()
	MOVQ(U64(1<<63), bit)
	VMOVQ(bit, sign.AsX())
	VBROADCASTSD(sign.AsX(), sign)
	s.loop(n, 4, func(b block) {
		for u := 0; u < b.n; u++ {
			v, m := s.vec(), s.vec()
			b.load(x, u, v)
			VANDNPD(v, sign, m)
			VSUBPD(t, m, m)
			VMAXPD(m, zero, m)
			VANDPD(sign, v, v)
			VORPD(v, m, m)
			b.store(m, dst, u)
		}
	})
	ret()
}
