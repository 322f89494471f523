package nl

import "math"

// seconds is the number of second derivatives of an operator that are neither
// constant nor zero.
func seconds(op int32) int {
	switch op {
	case opTanh, opTan, opSqrt, opSinh, opSin, opLog10, opLog, opExp, opCosh, opCos, opAtanh, opAtan,
		opAsinh, opAsin, opAcosh, opAcos, opPower, opExponential, opReciprocal:
		return 1
	case opDiv:
		return 2 // ab, bb
	case opPow, opAtan2:
		return 3 // aa, ab, bb
	}
	return 0
}

// forward evaluates all live nodes at x, and with derivatives those by the
// arguments, first and second.
func (p *program) forward(x []float64, derivatives bool) {
	copy(p.value, x)
	for _, k := range p.live {
		in := &p.nodes[k]
		args := p.args[in.first : in.first+in.count]
		var v float64
		switch {
		case in.op == opLinear:
			v = in.param
			coefficients := p.partial[in.partial:][:len(args)]
			for e, a := range args {
				v += coefficients[e] * p.value[a]
			}
		case in.op == opConstant:
			v = in.param
		case len(args) == 1:
			a := p.value[args[0]]
			if !derivatives {
				v = unary(in.op, in.param, a)
				break
			}
			var d, h float64
			v, d, h = univariate(in.op, in.param, a)
			p.partial[in.partial] = d
			if seconds(in.op) > 0 {
				p.partial[in.second] = h
			}
		case len(args) == 2:
			a, b := p.value[args[0]], p.value[args[1]]
			v = binary2(in.op, a, b)
			if derivatives {
				p.bivariate(in, a, b, v)
			}
		default:
			v = p.several(in, args, derivatives)
		}
		p.value[p.n+int(k)] = v
	}
}

// several evaluates operators of any number of arguments; the derivative by the
// argument that was chosen is 1.
func (p *program) several(in *instruction, args []int32, derivatives bool) float64 {
	chosen := 0
	v := p.value[args[0]]
	switch in.op {
	case opMin, opMax:
		for k, a := range args[1:] {
			if u := p.value[a]; in.op == opMin && u < v || in.op == opMax && u > v || math.IsNaN(u) {
				v, chosen = u, k+1
			}
		}
	case opIf, opIfElse:
		chosen = 1
		if v == 0 {
			chosen = 2
		}
		v = p.value[args[chosen]]
	default: // opAndList, opOrList
		every := in.op == opAndList
		for _, a := range args {
			if (p.value[a] != 0) != every {
				return truth(!every)
			}
		}
		return truth(every)
	}
	if derivatives {
		partial := p.partial[in.partial:][:len(args)]
		clear(partial)
		partial[chosen] = 1
	}
	return v
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// apply evaluates an operator of a file.
func apply(op int32, v []float64) float64 {
	switch op {
	case opSum:
		s := 0.0
		for _, x := range v {
			s += x
		}
		return s
	case opMin, opMax, opIf, opIfElse, opAndList, opOrList:
		args := make([]int32, len(v))
		for k := range args {
			args[k] = int32(k)
		}
		return (&program{value: v}).several(&instruction{op: op}, args, false)
	}
	if len(v) == 1 {
		return unary(op, 0, v[0])
	}
	return binary2(op, v[0], v[1])
}

// unary evaluates an operator of one argument.
func unary(op int32, param, a float64) float64 {
	switch op {
	case opMin, opMax:
		return a
	case opAndList, opOrList:
		return truth(a != 0)
	case opNegate:
		return -a
	case opNot:
		return truth(a == 0)
	case opFloor:
		return math.Floor(a)
	case opCeil:
		return math.Ceil(a)
	case opAbs:
		return math.Abs(a)
	case opSquare:
		return a * a
	case opReciprocal:
		return param / a
	case opPower:
		return math.Pow(a, param)
	case opExponential:
		return math.Pow(param, a)
	case opSqrt:
		return math.Sqrt(a)
	case opExp:
		return math.Exp(a)
	case opLog:
		return math.Log(a)
	case opLog10:
		return math.Log10(a)
	case opSin:
		return math.Sin(a)
	case opCos:
		return math.Cos(a)
	case opTan:
		return math.Tan(a)
	case opAsin:
		return math.Asin(a)
	case opAcos:
		return math.Acos(a)
	case opAtan:
		return math.Atan(a)
	case opSinh:
		return math.Sinh(a)
	case opCosh:
		return math.Cosh(a)
	case opTanh:
		return math.Tanh(a)
	case opAsinh:
		return math.Asinh(a)
	case opAcosh:
		return math.Acosh(a)
	default: // opAtanh
		return math.Atanh(a)
	}
}

// univariate evaluates an operator of one argument with its first and second
// derivative.
func univariate(op int32, param, a float64) (v, d, h float64) {
	v = unary(op, param, a)
	switch op {
	case opMin, opMax:
		d = 1
	case opAbs:
		d = 1
		if a < 0 {
			d = -1
		}
	case opSquare:
		d = 2 * a
	case opReciprocal:
		d = -v / a
		h = -2 * d / a
	case opPower:
		d = scaled(param, a, param-1)
		h = scaled(param*(param-1), a, param-2)
	case opExponential:
		l := logarithm(param, v)
		d = v * l
		h = d * l
	case opSqrt:
		d = 0.5 / v
		h = -0.5 * d / a
	case opExp:
		d, h = v, v
	case opLog:
		d = 1 / a
		h = -d * d
	case opLog10:
		d = 1 / (a * math.Ln10)
		h = -d / a
	case opSin:
		d, h = math.Cos(a), -v
	case opCos:
		d, h = -math.Sin(a), -v
	case opTan:
		d = 1 + v*v
		h = 2 * v * d
	case opAsin, opAcos:
		d = 1 / math.Sqrt((1-a)*(1+a))
		h = a * d * d * d
		if op == opAcos {
			d, h = -d, -h
		}
	case opAtan:
		d = 1 / (1 + a*a)
		h = -2 * a * d * d
	case opSinh:
		d, h = math.Cosh(a), v
	case opCosh:
		d, h = math.Sinh(a), v
	case opTanh:
		d = 1 / math.Cosh(a)
		d *= d
		h = -2 * v * d
	case opAsinh:
		d = 1 / math.Sqrt(1+a*a)
		h = -a * d * d * d
	case opAcosh:
		d = 1 / math.Sqrt((a-1)*(a+1))
		h = -a * d * d * d
	case opAtanh:
		d = 1 / ((1 - a) * (1 + a))
		h = 2 * a * d * d
	}
	return v, d, h
}

// scaled is c·a^b, 0 where c is 0 whatever a^b.
func scaled(c, a, b float64) float64 {
	if c == 0 {
		return 0
	}
	return c * math.Pow(a, b)
}

// logarithm is ln of the base of v = baseᵉ, 0 where v is 0: v·ln(base) has that
// limit.
func logarithm(base, v float64) float64 {
	if v == 0 && base == 0 {
		return 0
	}
	return math.Log(base)
}

// binary2 evaluates an operator of two arguments.
func binary2(op int32, a, b float64) float64 {
	switch op {
	case opPlus:
		return a + b
	case opMinus:
		return a - b
	case opMult:
		return a * b
	case opDiv:
		return a / b
	case opRem:
		return math.Mod(a, b)
	case opPow, opPowConst, opConstPow:
		return math.Pow(a, b)
	case opLess:
		return math.Max(a-b, 0)
	case opAtan2:
		return math.Atan2(a, b)
	case opMin:
		return math.Min(a, b)
	case opMax:
		return math.Max(a, b)
	case opOr, opOrList:
		return truth(a != 0 || b != 0)
	case opAnd, opAndList:
		return truth(a != 0 && b != 0)
	case opLT:
		return truth(a < b)
	case opLE:
		return truth(a <= b)
	case opEQ:
		return truth(a == b)
	case opGE:
		return truth(a >= b)
	case opGT:
		return truth(a > b)
	case opNE:
		return truth(a != b)
	default: // opIff
		return truth((a != 0) == (b != 0))
	}
}

// bivariate writes the derivatives of an operator of two arguments whose value
// is v.
func (p *program) bivariate(in *instruction, a, b, v float64) {
	d := p.partial[in.partial:][:2]
	h := p.partial[in.second:]
	switch in.op {
	case opMult:
		d[0], d[1] = b, a
	case opDiv:
		d[0], d[1] = 1/b, -v/b
		h[0], h[1] = -d[0]/b, -2*d[1]/b
	case opRem:
		d[0], d[1] = 1, -math.Trunc(a/b)
	case opPow:
		l := math.Log(a)
		if a == 0 && b > 0 {
			l = 0
		}
		below := math.Pow(a, b-1)
		d[0], d[1] = scaled(b, a, b-1), v*l
		h[0], h[1], h[2] = scaled(b*(b-1), a, b-2), below*(1+b*l), v*l*l
		if a == 0 && b == 1 {
			h[1] = math.Inf(-1)
		}
	case opLess:
		d[0], d[1] = 0, 0
		if a > b {
			d[0], d[1] = 1, -1
		}
	case opAtan2:
		s := a*a + b*b
		d[0], d[1] = b/s, -a/s
		h[0], h[1], h[2] = 2*d[0]*d[1], (a-b)/s*((a+b)/s), -2*d[0]*d[1]
	case opMin, opMax:
		d[0], d[1] = 1, 0
		if in.op == opMin && b < a || in.op == opMax && b > a {
			d[0], d[1] = 0, 1
		}
	}
}
