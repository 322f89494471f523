package sif

import (
	"math"

	"solve/solver"
)

// operation is what a node of a formula does with its operands a, b, c.
type operation uint8

const (
	opConstant operation = iota
	opInput              // variable or parameter number a
	opAdd
	opSub
	opMul
	opDiv
	opNeg
	opPower    // a to the power b
	opInteger  // a to the whole power value
	opQuotient // a/b towards zero
	opSqrt
	opExp
	opLog
	opLog10
	opSin
	opCos
	opTan
	opAsin
	opAcos
	opAtan
	opAtan2
	opSinh
	opCosh
	opTanh
	opErf
	opAbs
	opTrunc
	opRound  // half away from zero
	opLess   // 1 or 0, as all conditions
	opLessEq //
	opEqual
	opAnd
	opOr
	opNot
	opSelect // a ≠ 0 ? b : c
	opMax    // NaN if either is
	opMin
)

// node is one value of a formula. Nodes stand after their operands.
type node struct {
	op      operation
	a, b, c int32
	value   float64
}

// formula is a directed acyclic graph in which equal nodes are one.
type formula struct {
	nodes  []node
	number map[nodeKey]int32
	full   bool // a node was wanted that there was no room for
}

type nodeKey struct {
	op      operation
	a, b, c int32
	bits    uint64
}

const mostNodes = 1 << 20

// check refuses a function whose formula did not find room.
func (f *formula) check(fn *function) error {
	if !f.full {
		return nil
	}
	e := lineError(fn.line, "type %s: the formulas of its derivatives have more than %d operations", fn.name, mostNodes)
	e.Err = solver.ErrTooLarge
	return e
}

func newFormula() *formula { return &formula{number: map[nodeKey]int32{}} }

func (f *formula) node(n node) int32 {
	k := nodeKey{n.op, n.a, n.b, n.c, math.Float64bits(n.value)}
	if i, ok := f.number[k]; ok {
		return i
	}
	if len(f.nodes) >= mostNodes {
		f.full = true
		return 0
	}
	i := int32(len(f.nodes))
	f.nodes = append(f.nodes, n)
	f.number[k] = i
	return i
}

func (f *formula) constant(v float64) int32 { return f.node(node{op: opConstant, value: v}) }

func (f *formula) input(i int32) int32 { return f.node(node{op: opInput, a: i}) }

func (f *formula) isConstant(i int32) bool { return f.nodes[i].op == opConstant }

// is tells whether node i is the constant v.
func (f *formula) is(i int32, v float64) bool {
	return f.nodes[i].op == opConstant && f.nodes[i].value == v
}

// apply makes the node op(a, b, c), or the constant that it amounts to.
func (f *formula) apply(op operation, a, b, c int32) int32 {
	n := node{op: op, a: a, b: b, c: c}
	if f.isConstant(a) && f.isConstant(b) && f.isConstant(c) {
		return f.constant(evaluate(op, f.nodes[a].value, f.nodes[b].value, f.nodes[c].value, 0))
	}
	return f.node(n)
}

func (f *formula) unary(op operation, a int32) int32 { return f.apply(op, a, a, a) }

func (f *formula) binary(op operation, a, b int32) int32 { return f.apply(op, a, b, b) }

func (f *formula) add(a, b int32) int32 {
	switch {
	case f.is(a, 0):
		return b
	case f.is(b, 0):
		return a
	case f.nodes[b].op == opNeg:
		return f.sub(a, f.nodes[b].a)
	case a > b:
		a, b = b, a
	}
	return f.binary(opAdd, a, b)
}

func (f *formula) sub(a, b int32) int32 {
	switch {
	case f.is(b, 0):
		return a
	case f.is(a, 0):
		return f.neg(b)
	}
	return f.binary(opSub, a, b)
}

func (f *formula) neg(a int32) int32 {
	if n := f.nodes[a]; n.op == opNeg {
		return n.a
	}
	return f.unary(opNeg, a)
}

func (f *formula) mul(a, b int32) int32 {
	switch {
	case f.is(a, 1):
		return b
	case f.is(b, 1):
		return a
	case f.is(a, -1):
		return f.neg(b)
	case f.is(b, -1):
		return f.neg(a)
	case a == b:
		return f.integerPower(a, 2)
	case a > b:
		a, b = b, a
	}
	return f.binary(opMul, a, b)
}

func (f *formula) div(a, b int32) int32 {
	if f.is(b, 1) {
		return a
	}
	return f.binary(opDiv, a, b)
}

// integerPower is a^n by multiplication.
func (f *formula) integerPower(a int32, n float64) int32 {
	switch {
	case n == 0:
		return f.constant(1)
	case n == 1:
		return a
	case f.isConstant(a):
		return f.constant(evaluate(opInteger, f.nodes[a].value, 0, 0, n))
	}
	return f.node(node{op: opInteger, a: a, b: a, c: a, value: n})
}

// largestPower is the largest exponent that is treated as a whole number.
const largestPower = 1 << 20

func (f *formula) power(a, b int32) int32 {
	if f.isConstant(b) {
		if n := f.nodes[b].value; n == math.Trunc(n) && math.Abs(n) <= largestPower {
			return f.integerPower(a, n)
		}
		if f.is(b, 0.5) {
			return f.unary(opSqrt, a)
		}
	}
	return f.binary(opPower, a, b)
}

func (f *formula) choose(condition, a, b int32) int32 {
	switch {
	case a == b:
		return a
	case f.isConstant(condition) && f.nodes[condition].value != 0:
		return a
	case f.isConstant(condition):
		return b
	}
	return f.node(node{op: opSelect, a: condition, b: a, c: b})
}

// evaluate is what a node yields; value is the exponent of opInteger.
func evaluate(op operation, a, b, c, value float64) float64 {
	switch op {
	case opAdd:
		return a + b
	case opSub:
		return a - b
	case opMul:
		return a * b
	case opDiv:
		return a / b
	case opNeg:
		return -a
	case opPower:
		return math.Pow(a, b)
	case opInteger:
		return whole(a, int(value))
	case opQuotient:
		return math.Trunc(a / b)
	case opSelect:
		if a != 0 {
			return b
		}
		return c
	case opLess:
		return truth(a < b)
	case opLessEq:
		return truth(a <= b)
	case opEqual:
		return truth(a == b)
	case opAnd:
		return truth(a != 0 && b != 0)
	case opOr:
		return truth(a != 0 || b != 0)
	case opNot:
		return truth(a == 0)
	case opMax:
		return math.Max(a, b)
	case opMin:
		return math.Min(a, b)
	case opAtan2:
		return math.Atan2(a, b)
	}
	return unaryFunctions[op](a)
}

var unaryFunctions = [...]func(float64) float64{
	opSqrt: math.Sqrt, opExp: math.Exp, opLog: math.Log, opLog10: math.Log10,
	opSin: math.Sin, opCos: math.Cos, opTan: math.Tan, opAsin: math.Asin, opAcos: math.Acos, opAtan: math.Atan,
	opSinh: math.Sinh, opCosh: math.Cosh, opTanh: math.Tanh, opErf: math.Erf,
	opAbs: math.Abs, opTrunc: math.Trunc, opRound: math.Round,
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// whole is x^n by repeated squaring.
func whole(x float64, n int) float64 {
	k := n
	if k < 0 {
		k = -k
	}
	y := 1.0
	for ; k > 0; k >>= 1 {
		if k&1 != 0 {
			y *= x
		}
		x *= x
	}
	if n < 0 {
		return 1 / y
	}
	return y
}
