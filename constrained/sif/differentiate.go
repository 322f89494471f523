package sif

import "math"

// differentiator finds derivatives by one node, zero where they are 0 whatever the
// values. The derivative at a kink is that of the branch that the value takes.
type differentiator struct {
	f    *formula
	of   int32
	done []int32 // for every node: −2 = unknown
}

const (
	zero    = -1
	unknown = -2
)

func (f *formula) differentiator(of int32) *differentiator { return &differentiator{f: f, of: of} }

// derive gives the derivative of root. Nodes with smaller numbers are the only
// ones that root depends on, so that one sweep upwards meets operands first.
func (d *differentiator) derive(root int32) int32 {
	if root < 0 {
		return zero
	}
	for len(d.done) < len(d.f.nodes) {
		d.done = append(d.done, unknown)
	}
	if d.done[root] != unknown {
		return d.done[root]
	}
	stack := []int32{root}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		if d.done[i] != unknown {
			stack = stack[:len(stack)-1]
			continue
		}
		n := d.f.nodes[i]
		if i == d.of || n.op == opConstant || n.op == opInput || i < d.of {
			d.set(i, zero)
			if i == d.of {
				d.set(i, d.f.constant(1))
			}
			continue
		}
		ready := true
		for _, operand := range [3]int32{n.a, n.b, n.c} {
			if d.done[operand] == unknown {
				stack = append(stack, operand)
				ready = false
			}
		}
		if ready {
			d.set(i, d.rule(i, n, d.done[n.a], d.done[n.b], d.done[n.c]))
		}
	}
	return d.done[root]
}

func (d *differentiator) set(i, value int32) {
	d.done[i] = value
	for len(d.done) < len(d.f.nodes) {
		d.done = append(d.done, unknown)
	}
}

// rule differentiates node i, given the derivatives da, db, dc of its operands.
func (d *differentiator) rule(i int32, n node, da, db, dc int32) int32 {
	f := d.f
	switch n.op {
	case opAdd:
		return f.plus(da, db)
	case opSub:
		return f.minus(da, db)
	case opMul:
		return f.plus(f.times(n.b, da), f.times(n.a, db))
	case opDiv:
		if db < 0 {
			return f.over(da, n.b)
		}
		return f.over(f.minus(da, f.times(i, db)), n.b)
	case opPower:
		return f.plus(f.times(f.powerSlope(n), da), f.times(f.powerExponentSlope(i, n), db))
	case opSelect:
		return f.chooseSlope(n.a, db, dc)
	case opMax:
		return f.chooseSlope(f.binary(opLess, n.a, n.b), db, da)
	case opMin:
		return f.chooseSlope(f.binary(opLess, n.b, n.a), db, da)
	case opAtan2:
		r := f.add(f.mul(n.a, n.a), f.mul(n.b, n.b))
		return f.over(f.minus(f.times(n.b, da), f.times(n.a, db)), r)
	case opNeg:
		if da < 0 {
			return zero
		}
		return f.neg(da)
	}
	if da < 0 {
		return zero
	}
	return f.times(f.slope(i, n), da)
}

// slope is the derivative of a function of one operand; zero for those that
// jump.
func (f *formula) slope(i int32, n node) int32 {
	one := f.constant(1)
	switch n.op {
	case opInteger:
		return f.mul(f.constant(n.value), f.integerPower(n.a, n.value-1))
	case opSqrt:
		return f.div(f.constant(0.5), i)
	case opExp:
		return i
	case opLog:
		return f.div(one, n.a)
	case opLog10:
		return f.div(f.constant(1/math.Ln10), n.a)
	case opSin:
		return f.unary(opCos, n.a)
	case opCos:
		return f.neg(f.unary(opSin, n.a))
	case opTan:
		return f.add(one, f.mul(i, i))
	case opAsin:
		return f.div(one, f.unary(opSqrt, f.sub(one, f.mul(n.a, n.a))))
	case opAcos:
		return f.div(f.constant(-1), f.unary(opSqrt, f.sub(one, f.mul(n.a, n.a))))
	case opAtan:
		return f.div(one, f.add(one, f.mul(n.a, n.a)))
	case opSinh:
		return f.unary(opCosh, n.a)
	case opCosh:
		return f.unary(opSinh, n.a)
	case opTanh:
		return f.sub(one, f.mul(i, i))
	case opErf:
		return f.mul(f.constant(2/math.SqrtPi), f.unary(opExp, f.neg(f.mul(n.a, n.a))))
	case opAbs:
		return f.choose(f.binary(opLess, n.a, f.constant(0)), f.constant(-1), one)
	}
	return zero
}

// powerSlope is ∂(a^b)/∂a.
func (f *formula) powerSlope(n node) int32 {
	return f.mul(n.b, f.power(n.a, f.sub(n.b, f.constant(1))))
}

// powerExponentSlope is ∂(a^b)/∂b.
func (f *formula) powerExponentSlope(i int32, n node) int32 {
	return f.mul(i, f.unary(opLog, n.a))
}

// plus, minus, times, over and chooseSlope compute with derivatives, of which
// those that are zero whatever the values are left out.
func (f *formula) plus(a, b int32) int32 {
	switch {
	case a < 0:
		return b
	case b < 0:
		return a
	}
	return f.add(a, b)
}

func (f *formula) minus(a, b int32) int32 {
	switch {
	case b < 0:
		return a
	case a < 0:
		return f.neg(b)
	}
	return f.sub(a, b)
}

func (f *formula) times(a, b int32) int32 {
	if a < 0 || b < 0 {
		return zero
	}
	for range 2 {
		if n := f.nodes[b]; n.op == opSelect && f.is(n.c, 0) {
			return f.choose(n.a, f.mul(a, n.b), n.c)
		} else if n.op == opSelect && f.is(n.b, 0) {
			return f.choose(n.a, n.b, f.mul(a, n.c))
		}
		a, b = b, a
	}
	return f.mul(a, b)
}

func (f *formula) over(a, b int32) int32 {
	if a < 0 {
		return zero
	}
	if n := f.nodes[a]; n.op == opSelect && f.is(n.c, 0) {
		return f.choose(n.a, f.div(n.b, b), n.c)
	} else if n.op == opSelect && f.is(n.b, 0) {
		return f.choose(n.a, n.b, f.div(n.c, b))
	}
	return f.div(a, b)
}

func (f *formula) chooseSlope(condition, a, b int32) int32 {
	if a < 0 && b < 0 {
		return zero
	}
	if a < 0 {
		a = f.constant(0)
	}
	if b < 0 {
		b = f.constant(0)
	}
	return f.choose(condition, a, b)
}
