package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Coefficients of A in ln(1+e) = 2s + s³·A(s²), s = e/(2+e), interpolated at the
// Chebyshev nodes of s² ≤ 1/9 (relative error of the logarithm 7.4e-18).
var log1pCoef = []float64{0.6666666666666666, 0.40000000000014585, 0.2857142856710876, 0.22222222717427864,
	0.18181789436132859, 0.15385570064958623, 0.13314144209654935, 0.12001072809590713, 0.08800738486144674, 0.1616404561194353}

// cmpNEQ is the predicate not equal or unordered.
const cmpNEQ = 0x04

// glm emits the data terms of generalised linear models.
func glm(s isa, c *constants) {
	logistic(s, c, true)
	logistic(s, c, false)
	poisson(s, c, true)
	poisson(s, c, false)
	squared(s, c, true)
	squared(s, c, false)
	binaryEntropy(s, c)
}

// sumPair is a sum a lane and its rounding errors.
type sumPair struct{ sum, err reg.VecVirtual }

// twoSum computes sum + v into t and adds the rounding error to err, by Knuth's
// six operations; b is scratch and v is lost.
func twoSum(sum, v, err, t, b Op) {
	VADDPD(v, sum, t)
	VSUBPD(sum, t, b) // what of v went into t
	VSUBPD(b, v, v)
	VADDPD(v, err, err)
	VSUBPD(b, t, b) // what of sum did
	VSUBPD(b, sum, b)
	VADDPD(b, err, err)
}

func (p sumPair) add(s isa, v reg.VecVirtual) {
	t, b := s.vec(), s.vec()
	twoSum(p.sum, v, p.err, t, b)
	VMOVAPD(t, p.sum)
}

// fold adds the lanes up, compensated, and returns the pair in lane 0.
func (p sumPair) fold(s isa) (sum, err reg.Register) {
	t, b, h := s.vec(), s.vec(), s.vec()
	if s.wide {
		VEXTRACTF64X4(U8(1), p.err, h.AsY())
		VADDPD(h.AsY(), p.err.AsY(), p.err.AsY())
		VEXTRACTF64X4(U8(1), p.sum, h.AsY())
		twoSum(p.sum.AsY(), h.AsY(), p.err.AsY(), t.AsY(), b.AsY())
		VMOVAPD(t.AsY(), p.sum.AsY())
	}
	VEXTRACTF128(U8(1), p.err.AsY(), h.AsX())
	VADDPD(h.AsX(), p.err.AsX(), p.err.AsX())
	VEXTRACTF128(U8(1), p.sum.AsY(), h.AsX())
	twoSum(p.sum.AsX(), h.AsX(), p.err.AsX(), t.AsX(), b.AsX())
	VMOVAPD(t.AsX(), p.sum.AsX())
	VPERMILPD(U8(1), p.err.AsX(), h.AsX())
	VADDPD(h.AsX(), p.err.AsX(), p.err.AsX())
	VPERMILPD(U8(1), p.sum.AsX(), h.AsX())
	twoSum(p.sum.AsX(), h.AsX(), p.err.AsX(), t.AsX(), b.AsX())
	return t.AsX(), p.err.AsX()
}

// samples is what the kernels of this file read and write.
type samples struct {
	eta, y, w, grad, hess reg.GPVirtual
}

// glmText starts a kernel that writes to out; unless all is set, it is the one
// that computes the value alone.
func glmText(s isa, name, out string, all bool) (p samples, n reg.GPVirtual) {
	if all {
		s.text(name, "("+out+", eta, y, w []float64) (sum, err float64)")
		p.grad = sliceBase("grad")
		if out == "grad, hess" {
			p.hess = sliceBase("hess")
		}
	} else {
		s.text(name+"Value", "(eta, y, w []float64) (sum, err float64)")
	}
	p.eta, p.y, p.w = sliceBase("eta"), sliceBase("y"), sliceBase("w")
	return p, sliceLen("eta")
}

// weigh returns the function that multiplies vector u's results by the
// weights; where a weight is 0, the product is, too, whatever the result.
func (b block) weigh(w reg.GPVirtual, u int) func(v reg.VecVirtual) {
	s := b.s
	weight, zero := s.vec(), s.zeros(1)[0]
	b.load(w, u, weight)
	if s.wide {
		k := K()
		VCMPPD(U8(cmpNEQ), zero, weight, k)
		return func(v reg.VecVirtual) { VMULPD_Z(weight, v, k, v) }
	}
	VCMPPD(U8(cmpNEQ), zero, weight, zero)
	return func(v reg.VecVirtual) {
		VMULPD(weight, v, v)
		VANDPD(zero, v, v)
	}
}

// sums returns n empty pairs.
func (s isa) sums(n int) []sumPair {
	p := make([]sumPair, n)
	for i := range p {
		z := s.zeros(2)
		p[i] = sumPair{z[0], z[1]}
	}
	return p
}

// finishSums merges the pairs and returns.
func finishSums(s isa, p []sumPair) {
	for _, q := range p[1:] {
		VADDPD(q.err, p[0].err, p[0].err)
		p[0].add(s, q.sum)
	}
	sum, err := p[0].fold(s)
	Store(sum, ReturnIndex(0))
	Store(err, ReturnIndex(1))
	ret()
}

// glmUnroll is the number of vectors a block, as registers allow.
func glmUnroll(s isa) int {
	if s.wide {
		return 2
	}
	return 1
}

// logistic: with e = e^{−|η|}, q = 1−y for η ≥ 0 and y otherwise, and the sign
// of η, the loss is q|η| + ln(1+e), its derivatives ±(q − e/(1+e)) and
// e/(1+e)².
func logistic(s isa, c *constants, all bool) {
	p, n := glmText(s, "logistic", "grad, hess", all)
	e := newExponential(s, c)
	acc := s.sums(glmUnroll(s))
	s.loop(n, glmUnroll(s), func(b block) {
		z := s.vecs(b.n)
		for u := range z {
			b.load(p.eta, u, z[u])
			s.or(c, "sign", z[u], z[u])
		}
		e.apply(z)
		for u := range z {
			logisticTerms(b, c, p, u, z[u], acc[u], all)
		}
	})
	finishSums(s, acc)
}

func logisticTerms(b block, c *constants, p samples, u int, e reg.VecVirtual, acc sumPair, all bool) {
	s := b.s
	q := farTarget(b, c, p, u)
	value := s.log1p(c, e)
	neg := s.vec()
	b.load(p.eta, u, neg)
	s.or(c, "sign", neg, neg)
	VFNMADD231PD(neg, q, value) // + q|η|
	weigh := b.weigh(p.w, u)
	weigh(value)
	acc.add(s, value)
	if !all {
		return
	}
	r, d := s.inverse1p(c, e), s.vec()
	VMULPD(r, e, e) // e/(1+e)
	VSUBPD(e, q, q)
	VMULPD(r, e, e)
	weigh(e)
	b.store(e, p.hess, u)
	b.load(p.eta, u, d)
	s.and(c, "sign", d, d)
	VXORPD(d, q, q)
	weigh(q)
	b.store(q, p.grad, u)
}

// farTarget returns 1−y for η ≥ 0 and y otherwise.
func farTarget(b block, c *constants, p samples, u int) reg.VecVirtual {
	s := b.s
	y, q, eta := s.vec(), c.load("one"), s.vec()
	b.load(p.y, u, y)
	b.load(p.eta, u, eta)
	VSUBPD(y, q, q)
	if s.wide {
		negative := K()
		VPMOVQ2M(eta, negative)
		VMOVAPD(y, negative, q)
	} else {
		VBLENDVPD(eta, y, q, q)
	}
	return q
}

// log1p returns ln(1+e) for −½ ≤ e ≤ 1, as e − s(e − s²A(s²)), which rounds
// better than 2s + s³A(s²).
func (s isa) log1p(c *constants, e reg.VecVirtual) reg.VecVirtual {
	d, z, a := s.vec(), s.vec(), c.load("A9")
	c.add("two", e, d)
	VDIVPD(d, e, d)
	VMULPD(d, d, z)
	for _, k := range []string{"A8", "A7", "A6", "A5", "A4", "A3", "A2", "A1", "A0"} {
		c.fma213(k, z, a)
	}
	VFNMADD213PD(e, z, a)
	VFNMADD213PD(e, d, a)
	return a
}

// inverse1p returns 1/(1+e), with one Newton step that knows what rounding took
// from 1+e: the curvature contains the square.
func (s isa) inverse1p(c *constants, e reg.VecVirtual) reg.VecVirtual {
	r, d, low, rest := s.vec(), s.vec(), s.vec(), c.load("one")
	c.add("one", e, d)
	VDIVPD(d, rest, r)
	c.sub("one", d, low)
	VSUBPD(low, e, low)
	VFNMADD231PD(r, d, rest)
	VFNMADD231PD(r, low, rest)
	VFMADD231PD(r, rest, r)
	return r
}

func (s isa) or(c *constants, name string, x, dst reg.VecVirtual) {
	if s.wide {
		VORPD_BCST(c.mem(name), x, dst)
	} else {
		VORPD(c.mem(name), x, dst)
	}
}

func (s isa) and(c *constants, name string, x, dst reg.VecVirtual) {
	if s.wide {
		VANDPD_BCST(c.mem(name), x, dst)
	} else {
		VANDPD(c.mem(name), x, dst)
	}
}

// poisson: with m = e^η the loss is m − yη, its derivatives m − y and m. The
// product is not rounded, so that +Inf − yη is +Inf for every finite η.
func poisson(s isa, c *constants, all bool) {
	p, n := glmText(s, "poisson", "grad, hess", all)
	e := newExponential(s, c)
	acc := s.sums(glmUnroll(s))
	s.loop(n, glmUnroll(s), func(b block) {
		m := s.vecs(b.n)
		for u := range m {
			b.load(p.eta, u, m[u])
		}
		e.apply(m)
		for u := range m {
			y, value := s.vec(), s.vec()
			b.load(p.y, u, y)
			VMOVAPD(m[u], value)
			VFNMADD231PD(b.operand(p.eta, u), y, value)
			weigh := b.weigh(p.w, u)
			weigh(value)
			acc[u].add(s, value)
			if !all {
				continue
			}
			VSUBPD(y, m[u], y)
			weigh(y)
			b.store(y, p.grad, u)
			weigh(m[u])
			b.store(m[u], p.hess, u)
		}
	})
	finishSums(s, acc)
}

// squared: with r = η − y the loss is ½r², its derivative r.
func squared(s isa, c *constants, all bool) {
	const unroll = 2
	p, n := glmText(s, "squared", "grad", all)
	half := c.load("half")
	acc := s.sums(unroll)
	s.loop(n, unroll, func(b block) {
		for u := 0; u < b.n; u++ {
			r, value := s.vec(), s.vec()
			b.load(p.eta, u, r)
			VSUBPD(b.operand(p.y, u), r, r)
			VMULPD(r, r, value)
			VMULPD(half, value, value)
			weigh := b.weigh(p.w, u)
			weigh(value)
			acc[u].add(s, value)
			if all {
				weigh(r)
				b.store(r, p.grad, u)
			}
		}
	})
	finishSums(s, acc)
}

// binaryEntropy: a·ln a + (1−a)·ln(1−a) for 0 ≤ a ≤ ½, where −a/(2−a) is within
// the range of log1p. The product with a = 0 is 0 whatever the logarithm.
func binaryEntropy(s isa, c *constants) {
	s.text("binaryEntropy", "(dst, a []float64)")
	dst, a, n := sliceBase("dst"), sliceBase("a"), sliceLen("a")
	one := c.load("one")
	s.loop(n, 1, func(b block) {
		v, rest := s.vec(), s.vec()
		b.load(a, 0, v)
		var k, m reg.VecVirtual
		if s.wide {
			k, m = splitWide(s, c, v, one)
		} else {
			k, m = splitNarrow(s, c, v, one)
		}
		r := logOfSplit(s, c, k, m, one)
		s.xor(c, "sign", v, rest)
		tail := s.log1p(c, rest)
		zero := s.zeros(1)[0]
		if s.wide {
			positive := K()
			VCMPPD(U8(cmpNEQ), zero, v, positive)
			VMULPD_Z(r, v, positive, r)
		} else {
			VCMPPD(U8(cmpNEQ), zero, v, zero)
			VMULPD(r, v, r)
			VANDPD(zero, r, r)
		}
		VADDPD(one, rest, rest)
		VFMADD231PD(tail, rest, r)
		b.store(r, dst, 0)
	})
	ret()
}

func (s isa) xor(c *constants, name string, x, dst reg.VecVirtual) {
	if s.wide {
		VXORPD_BCST(c.mem(name), x, dst)
	} else {
		VXORPD(c.mem(name), x, dst)
	}
}
