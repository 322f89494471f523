package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Coefficients of the remainder of ln(1+f), as in FreeBSD's e_log.c.
var logCoef = []float64{6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
	2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01}

// Predicates of VCMPPD.
const (
	cmpEQ  = 0x00 // equal, ordered
	cmpLT  = 0x11 // less than, ordered
	cmpNLT = 0x15 // not less than: greater, equal or unordered
	cmpGE  = 0x1d // greater or equal, ordered
)

// logKernel: x = 2^k·(1+f) with 1+f in (√½, √2]; then, with s = f/(2+f),
// ln(1+f) = f − (f²/2 − s·(f²/2 + R(s²))), and k·ln2 is added in two parts.
func logKernel(s isa, c *constants) {
	s.text("log", "(dst, x []float64)")
	dst, x, n := sliceBase("dst"), sliceBase("x"), sliceLen("x")
	unroll := 2
	if !s.wide {
		unroll = 1
	}
	one := c.load("one")
	s.loop(n, unroll, func(b block) {
		for u := 0; u < b.n; u++ {
			v := s.vec()
			b.load(x, u, v)
			var k, m reg.VecVirtual
			if s.wide {
				k, m = splitWide(s, c, v, one)
			} else {
				k, m = splitNarrow(s, c, v, one)
			}
			r := logOfSplit(s, c, k, m, one)
			if !s.wide {
				specialLogs(s, c, v, r)
			}
			b.store(r, dst, u)
		}
	})
	ret()
}

// splitWide returns k and 1+f. VGETEXPPD gives ∓Inf for 0 and Inf, which the
// formula carries to the result; VGETMANTPD gives NaN below 0.
func splitWide(s isa, c *constants, x, one reg.VecVirtual) (k, m reg.VecVirtual) {
	k, m = s.vec(), s.vec()
	VGETEXPPD(x, k)
	VGETMANTPD(U8(0xc), x, m)
	big, half := K(), c.load("half")
	VCMPPD_BCST(U8(cmpGE), c.mem("sqrt2"), m, big)
	VMULPD(half, m, big, m)
	VADDPD(one, k, big, k)
	return k, m
}

// splitNarrow returns k and 1+f of a positive finite x.
func splitNarrow(s isa, c *constants, x, one reg.VecVirtual) (k, m reg.VecVirtual) {
	k, m = s.vec(), s.vec()
	tiny, t := s.vec(), s.vec()
	VMOVUPD(c.mem("minNormal"), tiny)
	VCMPPD(U8(cmpLT), tiny, x, tiny)
	VMULPD(c.mem("2^54"), x, t)
	VBLENDVPD(tiny, t, x, t)
	VPSRLQ(U8(52), t, k)
	VPOR(c.mem("exponent of 2^52"), k, k)
	VSUBPD(c.mem("biased"), k, k)
	VANDPD(c.mem("54"), tiny, tiny)
	VSUBPD(tiny, k, k)
	VANDPD(c.mem("mantissa"), t, m)
	VORPD(one, m, m)
	big := s.vec()
	VMOVUPD(c.mem("sqrt2"), big)
	VCMPPD(U8(cmpGE), big, m, big)
	VMULPD(c.mem("half"), m, t)
	VBLENDVPD(big, t, m, m)
	VANDPD(one, big, big)
	VADDPD(big, k, k)
	return k, m
}

func logOfSplit(s isa, c *constants, k, m, one reg.VecVirtual) reg.VecVirtual {
	f, d, s2, s4 := m, s.vec(), s.vec(), s.vec()
	VSUBPD(one, f, f)
	c.add("two", f, d)
	VDIVPD(d, f, d)
	VMULPD(d, d, s2)
	VMULPD(s2, s2, s4)
	odd, even := c.load("L7"), c.load("L6")
	c.fma213("L5", s4, odd)
	c.fma213("L3", s4, odd)
	c.fma213("L1", s4, odd)
	VMULPD(s2, odd, odd)
	c.fma213("L4", s4, even)
	c.fma213("L2", s4, even)
	VFMADD213PD(odd, s4, even)
	half := c.load("half")
	VMULPD(f, half, half)
	VMULPD(f, half, half)
	VADDPD(half, even, even)
	VMULPD(d, even, even)
	c.fma231("ln2lo", k, even)
	VSUBPD(even, half, half)
	VSUBPD(f, half, half)
	r := c.load("ln2hi")
	VFMSUB213PD(half, k, r)
	return r
}

// specialLogs corrects r where x is not positive and finite.
func specialLogs(s isa, c *constants, x, r reg.VecVirtual) {
	t, zero := s.vec(), s.zeros(1)[0]
	VCMPPD(U8(cmpNLT), c.mem("inf"), x, t)
	VBLENDVPD(t, x, r, r)
	VCMPPD(U8(cmpEQ), zero, x, t)
	VBLENDVPD(t, c.mem("-inf"), r, r)
	VCMPPD(U8(cmpLT), zero, x, t)
	VORPD(t, r, r)
}
