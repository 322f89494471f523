package sif

// program computes nodes of a formula for up to width points at a time. It works
// on registers of width numbers: first the inputs, then the constants.
type program struct {
	width     int
	registers []float64
	code      []instruction
	outputs   []int32 // registers
}

type instruction struct {
	op              operation
	result, a, b, c int32
	value           float64
}

// mostNumbers is about how many numbers the registers of a program may hold, so
// that they stay in cache.
const mostNumbers = 1 << 15

// newProgram compiles the nodes roots of a formula with a number of inputs.
func newProgram(f *formula, inputs, width int, roots []int32) *program {
	p := &program{}
	last := make([]int32, len(f.nodes)) // the last node that needs a node
	for i := range last {
		last[i] = -1
	}
	for _, r := range roots {
		last[r] = int32(len(f.nodes))
	}
	for i := int32(len(f.nodes)) - 1; i >= 0; i-- {
		n := f.nodes[i]
		if last[i] < 0 || n.op == opConstant || n.op == opInput {
			continue
		}
		for _, operand := range [3]int32{n.a, n.b, n.c} {
			last[operand] = max(last[operand], i)
		}
	}
	register := make([]int32, len(f.nodes))
	used := int32(inputs)
	for i, n := range f.nodes {
		switch {
		case last[i] >= 0 && n.op == opInput:
			register[i] = n.a
		case last[i] >= 0 && n.op == opConstant:
			register[i] = used
			used++
		}
	}
	var free []int32
	for i, n := range f.nodes {
		if last[i] < 0 || n.op == opConstant || n.op == opInput {
			continue
		}
		in := instruction{op: n.op, a: register[n.a], b: register[n.b], c: register[n.c], value: n.value}
		if k := len(free); k > 0 {
			in.result, free = free[k-1], free[:k-1]
		} else {
			in.result = used
			used++
		}
		register[i] = in.result
		p.code = append(p.code, in)
		for k, operand := range [3]int32{n.a, n.b, n.c} {
			o := f.nodes[operand]
			if last[operand] == int32(i) && o.op != opConstant && o.op != opInput && !(k > 0 && operand == n.a) && !(k > 1 && operand == n.b) {
				free = append(free, register[operand])
			}
		}
	}
	p.width = max(1, min(width, mostNumbers/int(used+1)))
	p.registers = make([]float64, int(used)*p.width)
	for i, n := range f.nodes {
		if last[i] >= 0 && n.op == opConstant {
			r := p.register(register[i])
			for k := range r {
				r[k] = n.value
			}
		}
	}
	for _, r := range roots {
		p.outputs = append(p.outputs, register[r])
	}
	return p
}

// register is register r, for all points.
func (p *program) register(r int32) []float64 {
	return p.registers[int(r)*p.width:][:p.width]
}

// output is where output k lies.
func (p *program) output(k int) []float64 { return p.register(p.outputs[k]) }

// run executes the program for the first n points.
func (p *program) run(n int) {
	w := p.width
	for i := range p.code {
		in := &p.code[i]
		d := p.registers[int(in.result)*w:][:n]
		a := p.registers[int(in.a)*w:][:n]
		switch in.op {
		case opAdd:
			b := p.registers[int(in.b)*w:][:n]
			for k := range d {
				d[k] = a[k] + b[k]
			}
		case opSub:
			b := p.registers[int(in.b)*w:][:n]
			for k := range d {
				d[k] = a[k] - b[k]
			}
		case opMul:
			b := p.registers[int(in.b)*w:][:n]
			for k := range d {
				d[k] = a[k] * b[k]
			}
		case opDiv:
			b := p.registers[int(in.b)*w:][:n]
			for k := range d {
				d[k] = a[k] / b[k]
			}
		case opNeg:
			for k := range d {
				d[k] = -a[k]
			}
		case opInteger:
			integerPowers(d, a, in.value)
		case opPower, opQuotient, opLess, opLessEq, opEqual, opAnd, opOr, opNot, opMax, opMin, opAtan2, opSelect:
			b := p.registers[int(in.b)*w:][:n]
			c := p.registers[int(in.c)*w:][:n]
			for k := range d {
				d[k] = evaluate(in.op, a[k], b[k], c[k], 0)
			}
		default:
			f := unaryFunctions[in.op]
			for k := range d {
				d[k] = f(a[k])
			}
		}
	}
}

func integerPowers(d, a []float64, n float64) {
	switch n {
	case 2:
		for k, x := range a {
			d[k] = x * x
		}
	case 3:
		for k, x := range a {
			d[k] = x * x * x
		}
	default:
		for k, x := range a {
			d[k] = whole(x, int(n))
		}
	}
}
