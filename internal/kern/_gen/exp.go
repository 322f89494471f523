package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Coefficients of h in e^r = 1 + r + r²·h(r), interpolated at the Chebyshev
// nodes of |r| ≤ ln2/32 (relative error of e^r 2.9e-17) and |r| ≤ ln2/2
// (1.6e-17).
var (
	expWide   = []float64{0.5, 0.16666666665301144, 0.041666666664959766, 0.008333449724528355, 0.0013889034377693012}
	expNarrow = []float64{0.5000000000000001, 0.16666666666666669, 0.04166666666662413, 0.008333333333330062,
		0.0013888888917213717, 0.00019841269863053618, 2.4801521295954376e-05, 2.7557268459997064e-06,
		2.7620088445409746e-07, 2.510038549551032e-08}
)

// exp2Table holds 2^(j/16).
var exp2Table = [16]uint64{
	0x3ff0000000000000, 0x3ff0b5586cf9890f, 0x3ff172b83c7d517b, 0x3ff2387a6e756238,
	0x3ff306fe0a31b715, 0x3ff3dea64c123422, 0x3ff4bfdad5362a27, 0x3ff5ab07dd485429,
	0x3ff6a09e667f3bcd, 0x3ff7a11473eb0187, 0x3ff8ace5422aa0db, 0x3ff9c49182a3f090,
	0x3ffae89f995ad3ad, 0x3ffc199bdd85529c, 0x3ffd5818dcfba487, 0x3ffea4afa2a490da,
}

func constantTable(s isa) []constant {
	both := []constant{
		f64("log2e", math.Log2E),
		f64("ln2hi", 6.93147180369123816490e-01),
		f64("ln2lo", 1.90821492927058770002e-10),
		f64("one", 1),
		f64("two", 2),
		f64("half", 0.5),
		f64("sqrt2", math.Sqrt2),
		f64("sign", math.Copysign(0, -1)),
	}
	both = append(both, series("L", 1, logCoef)...)
	both = append(both, series("A", 0, log1pCoef)...)
	if s.wide {
		return append(append(both,
			f64("round", 3<<47), // adding it rounds to a multiple of 1/16
			f64("min", -746),    // e^x underflows to 0
			f64("max", 710),     // e^x overflows to +Inf
		), series("e", 0, expWide)...)
	}
	doubled := make([]float64, len(expNarrow))
	for i, v := range expNarrow {
		doubled[i] = 2 * v
	}
	return append(append(both,
		f64("round", 3<<51+1022),    // adding it rounds to a multiple of 1
		f64("min", -1022*math.Ln2),  // the scale is 0
		f64("max", 1025*math.Ln2),   // the scale is +Inf
		f64("minNormal", 0x1p-1022), // for the logarithm
		f64("2^54", 1<<54),
		f64("54", 54),
		f64("inf", math.Inf(1)),
		f64("-inf", math.Inf(-1)),
		f64("biased", 1<<52+1023), // 2^52 plus the bias of the exponent
		constant{"exponent of 2^52", 0x433 << 52},
		constant{"mantissa", 1<<52 - 1},
	), series("e", 0, doubled)...)
}

// series names the coefficients prefix+first, prefix+(first+1), …
func series(prefix string, first int, coef []float64) []constant {
	c := make([]constant, len(coef))
	for i, v := range coef {
		c[i] = f64(fmt.Sprint(prefix, first+i), v)
	}
	return c
}

// exponential emits e^z in place. It keeps in registers what the instructions
// can't take from memory.
type exponential struct {
	s    isa
	c    *constants
	low  reg.VecVirtual // clamps; the second operand of VMAXPD and VMINPD is
	high reg.VecVirtual // returned for NaN, so these must come first
	// AVX-512
	log2e, top     reg.VecVirtual
	table0, table1 reg.VecVirtual
}

func newExponential(s isa, c *constants) *exponential {
	e := &exponential{s: s, c: c}
	e.low, e.high = c.load("min"), c.load("max")
	if !s.wide {
		return e
	}
	e.log2e, e.top = c.load("log2e"), c.load("e4")
	e.table0, e.table1 = s.vec(), s.vec()
	VMOVUPD(c.mem("table"), e.table0)
	VMOVUPD(c.mem("table").Offset(64), e.table1)
	return e
}

// unroll is the number of vectors a block: measured best. Out-of-order
// execution overlaps the blocks, so that more are in flight.
func (e *exponential) unroll() int {
	if e.s.wide {
		return 2
	}
	return 4
}

func (e *exponential) apply(z []reg.VecVirtual) {
	if e.s.wide {
		e.applyWide(z)
	} else {
		e.applyNarrow(z)
	}
}

// applyWide: z = k + j/16 in units of ln 2, plus r with |r| ≤ ln2/32; the
// result is 2^k·T_j·(1 + r·q(r)). Rounding to a multiple of 1/16 by adding
// 1.5·2^48 leaves j in the low bits, where VPERMI2PD looks; VSCALEFPD takes
// the floor of k + j/16 itself, and is right for subnormal results.
func (e *exponential) applyWide(z []reg.VecVirtual) {
	s, c := e.s, e.c
	t, n, q := s.vecs(len(z)), s.vecs(len(z)), s.vecs(len(z))
	each := func(f func(i int)) {
		for i := range z {
			f(i)
		}
	}
	each(func(i int) { VMAXPD(z[i], e.low, z[i]) })
	each(func(i int) { VMINPD(z[i], e.high, z[i]) })
	each(func(i int) { VMOVAPD(z[i], t[i]); c.fma213("round", e.log2e, t[i]) })
	each(func(i int) { c.sub("round", t[i], n[i]) })
	each(func(i int) { c.fnma231("ln2hi", n[i], z[i]) })
	each(func(i int) { c.fnma231("ln2lo", n[i], z[i]) })
	each(func(i int) { VPERMI2PD(e.table1, e.table0, t[i]) })
	each(func(i int) { VMOVAPD(e.top, q[i]); c.fma213("e3", z[i], q[i]) })
	for _, k := range []string{"e2", "e1", "e0", "one"} {
		each(func(i int) { c.fma213(k, z[i], q[i]) })
	}
	each(func(i int) { VMULPD(t[i], z[i], z[i]) })
	each(func(i int) { VFMADD213PD(t[i], q[i], z[i]) })
	each(func(i int) { VSCALEFPD(n[i], z[i], z[i]) })
}

// applyNarrow: z = k·ln2 + r, |r| ≤ ln2/2; the result is 2e^r times 2^(k−1).
// Rounding leaves k+1022, the exponent field of that power, in the low bits. The
// field is 0, and so the factor 0, for k = −1022, and +Inf for k = 1025: the
// clamps stop there, and NaN passes through the products.
func (e *exponential) applyNarrow(z []reg.VecVirtual) {
	s, c := e.s, e.c
	t, q := s.vecs(len(z)), s.vecs(len(z))
	for i := range z {
		VMAXPD(z[i], e.low, z[i])
		VMINPD(z[i], e.high, z[i])
		VMOVUPD(c.mem("log2e"), t[i])
		VFMADD213PD(c.mem("round"), z[i], t[i])
		c.sub("round", t[i], q[i])
		c.fnma231("ln2hi", q[i], z[i])
		c.fnma231("ln2lo", q[i], z[i])
	}
	for i := range z {
		VMOVUPD(c.mem("e9"), q[i])
	}
	for _, k := range []string{"e8", "e7", "e6", "e5", "e4", "e3", "e2", "e1", "e0", "two", "two"} {
		for i := range z {
			c.fma213(k, z[i], q[i])
		}
	}
	for i := range z {
		VPSLLQ(U8(52), t[i], t[i])
		VMULPD(t[i], q[i], z[i])
	}
}

func expKernel(s isa, c *constants) {
	s.text("exp", "(dst, x []float64)")
	dst, x, n := sliceBase("dst"), sliceBase("x"), sliceLen("x")
	e := newExponential(s, c)
	s.loop(n, e.unroll(), func(b block) {
		z := s.vecs(b.n)
		for u := range z {
			b.load(x, u, z[u])
		}
		e.apply(z)
		for u := range z {
			b.store(z[u], dst, u)
		}
	})
	ret()
}
