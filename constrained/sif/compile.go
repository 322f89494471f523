package sif

import (
	"math"

	"solve/solver"
)

// typed is a node with its Fortran type: 'I', 'R' or 'L'.
type typed struct {
	node int32
	kind byte
}

// compiler turns the statements of a function into a formula.
type compiler struct {
	*formula
	fn     *function
	values map[string]typed
}

// compile gives the node of the value of a function. The inputs are numbered in
// the order of their names.
func compile(f *formula, fn *function, inputs []string) (int32, error) {
	c := &compiler{formula: f, fn: fn, values: map[string]typed{}}
	for i, name := range inputs {
		c.values[name] = typed{f.input(int32(i)), 'R'}
	}
	root := int32(zero)
	for i := range fn.statements {
		s := &fn.statements[i]
		switch s.kind {
		case 'A', 'I', 'E':
			if err := c.assign(s); err != nil {
				return 0, err
			}
		case 'F':
			v, err := c.expression(s.expression, s.line)
			if err != nil {
				return 0, err
			}
			root = v.node
		}
	}
	return root, f.check(fn)
}

func (c *compiler) assign(s *statement) error {
	v, err := c.expression(s.expression, s.line)
	if err != nil {
		return err
	}
	v = c.convert(v, c.fn.types[s.target])
	if s.kind != 'A' {
		condition, ok := c.values[s.other]
		if !ok || condition.kind != 'L' {
			return lineError(s.line, "%s is no logical value", s.other)
		}
		old, ok := c.values[s.target]
		if !ok {
			old = typed{c.constant(math.NaN()), v.kind}
		}
		if s.kind == 'I' {
			v.node = c.choose(condition.node, v.node, old.node)
		} else {
			v.node = c.choose(condition.node, old.node, v.node)
		}
	}
	c.values[s.target] = v
	return nil
}

// convert makes a value what a variable of that type holds.
func (c *compiler) convert(v typed, kind byte) typed {
	switch {
	case v.kind == 'L':
	case kind == 'I' && v.kind == 'R':
		v = typed{c.unary(opTrunc, v.node), 'I'}
	case kind != 'I':
		v.kind = 'R'
	}
	return v
}

func (c *compiler) expression(e *expression, line int32) (typed, error) {
	switch e.op {
	case "#":
		if e.integer {
			return typed{c.constant(e.value), 'I'}, nil
		}
		return typed{c.constant(e.value), 'R'}, nil
	case ".TRUE.":
		return typed{c.constant(1), 'L'}, nil
	case ".FALSE.":
		return typed{c.constant(0), 'L'}, nil
	case "name":
		v, ok := c.values[e.name]
		if !ok {
			return v, c.missing(e.name, line)
		}
		return v, nil
	}
	var args []typed
	if e.op == "call" && c.external(e.name) {
		return typed{}, unsupported(line, "uses external Fortran function %s", e.name)
	}
	for _, a := range e.args {
		v, err := c.expression(a, line)
		if err != nil {
			return typed{}, err
		}
		args = append(args, v)
	}
	if e.op == "call" {
		return c.call(e.name, args, line)
	}
	return c.operate(e.op, args, line)
}

// external tells whether a function is not one of Fortran's own.
func (c *compiler) external(name string) bool {
	_, intrinsic := intrinsics[name]
	return !intrinsic || c.fn.types[name] == 'F'
}

func (c *compiler) missing(name string, line int32) error {
	return lineError(line, "%s has no value here", name)
}

func (c *compiler) operate(op string, args []typed, line int32) (typed, error) {
	a, b := args[0], args[len(args)-1]
	logical := op == ".AND." || op == ".OR." || op == ".NOT." || op == ".EQV." || op == ".NEQV."
	if (a.kind == 'L') != logical || (b.kind == 'L') != logical {
		return a, lineError(line, "an operand of %s has the wrong type", op)
	}
	kind := byte('R')
	if a.kind == 'I' && b.kind == 'I' {
		kind = 'I'
	}
	relation := func(op operation, a, b typed) (typed, error) {
		return typed{c.binary(op, a.node, b.node), 'L'}, nil
	}
	not := func(v typed, err error) (typed, error) { return typed{c.unary(opNot, v.node), 'L'}, err }
	switch op {
	case "+":
		return typed{c.add(a.node, b.node), kind}, nil
	case "-":
		return typed{c.sub(a.node, b.node), kind}, nil
	case "*":
		return typed{c.mul(a.node, b.node), kind}, nil
	case "/":
		if kind == 'I' {
			return typed{c.binary(opQuotient, a.node, b.node), kind}, nil
		}
		return typed{c.div(a.node, b.node), kind}, nil
	case "**":
		v := c.power(a.node, b.node)
		if kind == 'I' {
			v = c.unary(opTrunc, v)
		}
		return typed{v, kind}, nil
	case "neg":
		return typed{c.neg(a.node), a.kind}, nil
	case ".LT.":
		return relation(opLess, a, b)
	case ".LE.":
		return relation(opLessEq, a, b)
	case ".GT.":
		return relation(opLess, b, a)
	case ".GE.":
		return relation(opLessEq, b, a)
	case ".EQ.", ".EQV.":
		return relation(opEqual, a, b)
	case ".NE.", ".NEQV.":
		return not(relation(opEqual, a, b))
	case ".AND.":
		return relation(opAnd, a, b)
	case ".OR.":
		return relation(opOr, a, b)
	}
	return not(a, nil)
}

// intrinsics maps the names of Fortran's functions, the old ones included, to
// their generic names.
var intrinsics = map[string]string{
	"SQRT": "SQRT", "DSQRT": "SQRT", "EXP": "EXP", "DEXP": "EXP",
	"LOG": "LOG", "ALOG": "LOG", "DLOG": "LOG", "LOG10": "LOG10", "ALOG10": "LOG10", "DLOG10": "LOG10",
	"SIN": "SIN", "DSIN": "SIN", "COS": "COS", "DCOS": "COS", "TAN": "TAN", "DTAN": "TAN",
	"ASIN": "ASIN", "DASIN": "ASIN", "ACOS": "ACOS", "DACOS": "ACOS", "ATAN": "ATAN", "DATAN": "ATAN",
	"ATAN2": "ATAN2", "DATAN2": "ATAN2",
	"SINH": "SINH", "DSINH": "SINH", "COSH": "COSH", "DCOSH": "COSH", "TANH": "TANH", "DTANH": "TANH",
	"ERF": "ERF", "DERF": "ERF", "ABS": "ABS", "DABS": "ABS", "IABS": "ABS",
	"MAX": "MAX", "AMAX1": "MAX", "DMAX1": "MAX", "MAX0": "MAX", "AMAX0": "MAX", "MAX1": "MAX",
	"MIN": "MIN", "AMIN1": "MIN", "DMIN1": "MIN", "MIN0": "MIN", "AMIN0": "MIN", "MIN1": "MIN",
	"MOD": "MOD", "AMOD": "MOD", "DMOD": "MOD", "SIGN": "SIGN", "DSIGN": "SIGN", "ISIGN": "SIGN",
	"INT": "INT", "IFIX": "INT", "IDINT": "INT", "NINT": "NINT", "IDNINT": "NINT",
	"AINT": "AINT", "DINT": "AINT", "ANINT": "ANINT", "DNINT": "ANINT",
	"DBLE": "REAL", "FLOAT": "REAL", "REAL": "REAL", "DFLOAT": "REAL", "SNGL": "REAL",
}

var unaryOperations = map[string]operation{
	"SQRT": opSqrt, "EXP": opExp, "LOG": opLog, "LOG10": opLog10, "SIN": opSin, "COS": opCos, "TAN": opTan,
	"ASIN": opAsin, "ACOS": opAcos, "ATAN": opAtan, "SINH": opSinh, "COSH": opCosh, "TANH": opTanh,
	"ERF": opErf, "ABS": opAbs, "INT": opTrunc, "AINT": opTrunc, "NINT": opRound, "ANINT": opRound,
}

// operands is how many operands a function takes, at least and at most.
func operands(name string) (least, most int) {
	switch name {
	case "MAX", "MIN":
		return 2, math.MaxInt
	case "MOD", "SIGN", "ATAN2":
		return 2, 2
	}
	return 1, 1
}

func (c *compiler) call(name string, args []typed, line int32) (typed, error) {
	generic := intrinsics[name]
	if least, most := operands(generic); len(args) < least || len(args) > most {
		return typed{}, lineError(line, "%s has %d operands", name, len(args))
	}
	kind := byte('I')
	for _, a := range args {
		if a.kind == 'L' {
			return a, lineError(line, "an operand of %s has the wrong type", name)
		}
		if a.kind == 'R' {
			kind = 'R'
		}
	}
	a, b := args[0].node, args[len(args)-1].node
	switch generic {
	case "REAL":
		return typed{a, 'R'}, nil
	case "INT", "NINT":
		kind = 'I'
	case "ABS":
	case "MAX", "MIN":
		op := opMax
		if generic == "MIN" {
			op = opMin
		}
		for _, next := range args[1:] {
			a = c.binary(op, a, next.node)
		}
		return typed{a, kind}, nil
	case "MOD":
		return typed{c.sub(a, c.mul(c.binary(opQuotient, a, b), b)), kind}, nil
	case "SIGN":
		size := c.unary(opAbs, a)
		return typed{c.choose(c.binary(opLess, b, c.constant(0)), c.neg(size), size), kind}, nil
	case "ATAN2":
		return typed{c.binary(opAtan2, a, b), 'R'}, nil
	default:
		kind = 'R'
	}
	op, ok := unaryOperations[generic]
	if !ok {
		return typed{}, &Error{Line: int(line), Msg: "the function " + name + " is not supported", Err: solver.ErrUnsupported}
	}
	return typed{c.unary(op, a), kind}, nil
}
