package sif

import (
	"fmt"
	"math"

	"solve/solver"
)

// dual is a Fortran value with its derivative along one direction. The
// interpreter walks the expressions as they were parsed; it shares nothing with
// the compiled programs, whose results it is there to judge.
type dual struct {
	value, slope float64
	kind         byte // 'I', 'R' or 'L'; logical values are 1 and 0
}

// interpreter runs the statements of one function.
type interpreter struct {
	fn     *function
	names  map[string]dual
	result dual
	// derivative, if set, is called with the values of the G and H cards.
	derivative func(s *statement, value float64)
}

func (p *interpreter) run() error {
	for i := range p.fn.statements {
		s := &p.fn.statements[i]
		if (s.kind == 'G' || s.kind == 'H') && p.derivative == nil {
			continue
		}
		if s.kind == 'I' || s.kind == 'E' {
			if condition := p.names[s.other]; (condition.value != 0) != (s.kind == 'I') {
				continue
			}
		}
		v, err := p.eval(s.expression)
		if err != nil {
			return fmt.Errorf("line %d: %w", s.line, err)
		}
		switch s.kind {
		case 'F':
			p.result = v
		case 'G', 'H':
			p.derivative(s, v.value)
		default:
			p.names[s.target] = p.stored(s.target, v)
		}
	}
	return nil
}

// stored is a value as a temporary of that name keeps it.
func (p *interpreter) stored(name string, v dual) dual {
	if v.kind == 'L' {
		return v
	}
	if p.fn.types[name] == 'I' {
		if v.kind == 'R' {
			v = dual{math.Trunc(v.value), 0, 'I'}
		}
		return v
	}
	v.kind = 'R'
	return v
}

func logical(b bool) dual {
	if b {
		return dual{1, 0, 'L'}
	}
	return dual{kind: 'L'}
}

func (p *interpreter) eval(e *expression) (dual, error) {
	switch e.op {
	case "#":
		kind := byte('R')
		if e.integer {
			kind = 'I'
		}
		return dual{e.value, 0, kind}, nil
	case ".TRUE.", ".FALSE.":
		return logical(e.op == ".TRUE."), nil
	case "name":
		v, ok := p.names[e.name]
		if !ok {
			return dual{}, fmt.Errorf("%s has no value: %w", e.name, solver.ErrFormat)
		}
		return v, nil
	}
	args := make([]dual, len(e.args))
	for i, a := range e.args {
		var err error
		if args[i], err = p.eval(a); err != nil {
			return dual{}, err
		}
	}
	if e.op == "call" {
		return callDual(e.name, args)
	}
	a, b := args[0], args[len(args)-1]
	whole := a.kind == 'I' && b.kind == 'I'
	var v dual
	switch e.op {
	case "+":
		v = dual{value: a.value + b.value, slope: a.slope + b.slope}
	case "-":
		v = dual{value: a.value - b.value, slope: a.slope - b.slope}
	case "neg":
		v = dual{value: -a.value, slope: -a.slope}
	case "*":
		v = dual{value: a.value * b.value, slope: chain(b.value, a.slope) + chain(a.value, b.slope)}
	case "/":
		v = dual{value: a.value / b.value}
		if whole {
			v.value = math.Trunc(v.value)
		} else {
			v.slope = chain(1/b.value, a.slope) - chain(a.value/(b.value*b.value), b.slope)
		}
	case "**":
		v = powerDual(a, b)
		if whole {
			v.value = math.Trunc(v.value)
		}
	default:
		return compare(e.op, a.value, b.value), nil
	}
	v.kind = 'R'
	if whole {
		v.kind = 'I'
	}
	return v, nil
}

// chain is derivative·slope, where a slope of 0 means a constant.
func chain(derivative, slope float64) float64 {
	if slope == 0 {
		return 0
	}
	return derivative * slope
}

func powerDual(a, b dual) dual {
	v := dual{value: math.Pow(a.value, b.value)}
	v.slope = chain(b.value*math.Pow(a.value, b.value-1), a.slope)
	if b.slope != 0 {
		v.slope += v.value * math.Log(a.value) * b.slope
	}
	return v
}

func compare(op string, a, b float64) dual {
	switch op {
	case ".LT.":
		return logical(a < b)
	case ".LE.":
		return logical(a <= b)
	case ".GT.":
		return logical(a > b)
	case ".GE.":
		return logical(a >= b)
	case ".EQ.", ".EQV.":
		return logical(a == b)
	case ".NE.", ".NEQV.":
		return logical(a != b)
	case ".AND.":
		return logical(a != 0 && b != 0)
	case ".OR.":
		return logical(a != 0 || b != 0)
	}
	return logical(a == 0) // .NOT.
}

// callDual applies an intrinsic function.
func callDual(name string, args []dual) (dual, error) {
	a, b := args[0], args[len(args)-1]
	x := a.value
	value := func(v, derivative float64) (dual, error) {
		return dual{v, chain(derivative, a.slope), 'R'}, nil
	}
	switch intrinsics[name] {
	case "SQRT":
		return value(math.Sqrt(x), 0.5/math.Sqrt(x))
	case "EXP":
		return value(math.Exp(x), math.Exp(x))
	case "LOG":
		return value(math.Log(x), 1/x)
	case "LOG10":
		return value(math.Log10(x), 1/(x*math.Ln10))
	case "SIN":
		return value(math.Sincos(x))
	case "COS":
		return value(math.Cos(x), -math.Sin(x))
	case "TAN":
		return value(math.Tan(x), 1/(math.Cos(x)*math.Cos(x)))
	case "ASIN":
		return value(math.Asin(x), 1/math.Sqrt((1-x)*(1+x)))
	case "ACOS":
		return value(math.Acos(x), -1/math.Sqrt((1-x)*(1+x)))
	case "ATAN":
		return value(math.Atan(x), 1/(1+x*x))
	case "SINH":
		return value(math.Sinh(x), math.Cosh(x))
	case "COSH":
		return value(math.Cosh(x), math.Sinh(x))
	case "TANH":
		return value(math.Tanh(x), 1/(math.Cosh(x)*math.Cosh(x)))
	case "ERF":
		return value(math.Erf(x), 2/math.SqrtPi*math.Exp(-x*x))
	case "ATAN2":
		r := x*x + b.value*b.value
		return dual{math.Atan2(x, b.value), chain(b.value/r, a.slope) - chain(x/r, b.slope), 'R'}, nil
	case "REAL":
		return dual{x, a.slope, 'R'}, nil
	case "INT":
		return dual{math.Trunc(x), 0, 'I'}, nil
	case "NINT":
		return dual{math.Round(x), 0, 'I'}, nil
	case "AINT":
		return dual{math.Trunc(x), 0, 'R'}, nil
	case "ANINT":
		return dual{math.Round(x), 0, 'R'}, nil
	case "ABS":
		if x < 0 {
			return dual{-x, -a.slope, a.kind}, nil
		}
		return a, nil
	case "SIGN":
		if (x < 0) != (b.value < 0) {
			return dual{-x, -a.slope, wider(args)}, nil
		}
		return dual{x, a.slope, wider(args)}, nil
	case "MOD":
		whole := math.Trunc(x / b.value)
		return dual{x - whole*b.value, a.slope - chain(whole, b.slope), wider(args)}, nil
	case "MAX", "MIN":
		best := a
		for _, next := range args[1:] {
			larger := next.value > best.value
			if math.IsNaN(next.value) || larger && intrinsics[name] == "MAX" || next.value < best.value && intrinsics[name] == "MIN" {
				best = next
			}
		}
		best.kind = wider(args)
		return best, nil
	}
	return dual{}, fmt.Errorf("uses external Fortran function %s: %w", name, solver.ErrUnsupported)
}

// wider is the type of a result of operands of both number types.
func wider(args []dual) byte {
	for _, a := range args {
		if a.kind == 'R' {
			return 'R'
		}
	}
	return 'I'
}
