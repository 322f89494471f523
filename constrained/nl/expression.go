package nl

import (
	"fmt"

	"solve/solver"
)

// frame is an operator that waits for arguments.
type frame struct {
	op, want int
	base     int // of its arguments among the operands
}

// expression reads one expression in prefix form, with a stack of its own: how
// deep it nests is up to the file.
func (d *reader) expression() int32 {
	d.stack, d.operands = d.stack[:0], d.operands[:0]
	for d.err == nil {
		id := int32(-1)
		c := d.open("an expression")
		switch {
		case d.err != nil:
		case c == 'o':
			d.operator()
			continue
		case c == 'n':
			id = d.constant(d.finite("constant"))
		case c == 's':
			id = d.constant(float64(d.short("constant")))
		case c == 'l':
			id = d.constant(float64(d.integer("constant")))
		case c == 'v':
			id = d.variable()
		case c == 'f':
			d.fail(solver.ErrUnsupported, "call of an imported function")
		case c == 'h':
			d.fail(solver.ErrUnsupported, "character string")
		default:
			d.fail(solver.ErrFormat, "%q starts no expression", c)
		}
		if d.err != nil || d.grown(1) {
			return -1
		}
		if id = d.reduce(id); id >= 0 {
			return id
		}
	}
	return -1
}

func (d *reader) constant(v float64) int32 {
	if d.err != nil {
		return -1
	}
	return d.m.graph.number(v)
}

func (d *reader) variable() int32 {
	n := d.m.Header.Variables
	k := d.index("variable", n+len(d.m.defined))
	if d.err != nil || k < n {
		return int32(k)
	}
	id := d.m.defined[k-n]
	if id < 0 {
		d.fail(solver.ErrFormat, "variable %d is used before its definition", k)
	}
	return id
}

func (d *reader) operator() {
	op := d.integer("operator")
	if d.err != nil {
		return
	}
	want, known := arity[op]
	if !known {
		d.fail(solver.ErrUnsupported, "%s", operatorName(op))
		return
	}
	if want == listed {
		d.newLine()
		want = d.integer("number of arguments")
		if d.err == nil && want < 1 {
			d.fail(solver.ErrFormat, "operator o%d with %d arguments", op, want)
		}
	}
	d.stack = append(d.stack, frame{op, want, len(d.operands)})
}

// reduce gives id to the operator that waits for it, and that to the next if it
// was the last argument; the root once no operator waits, −1 before.
func (d *reader) reduce(id int32) int32 {
	for {
		if len(d.stack) == 0 {
			return id
		}
		d.operands = append(d.operands, id)
		top := d.stack[len(d.stack)-1]
		if len(d.operands)-top.base < top.want {
			return -1
		}
		id = d.m.graph.operator(top.op, d.operands[top.base:]...)
		d.operands = d.operands[:top.base]
		d.stack = d.stack[:len(d.stack)-1]
	}
}

// perNode is the memory of a node with its place in the programs, without the
// instructions of the Hessian.
const perNode = 200

// grown counts nodes or coefficients, and now and then looks at the memory and
// the context.
func (d *reader) grown(k int) bool {
	if d.since += k; d.since < 1<<14 {
		return d.err != nil
	}
	d.since = 0
	if err := d.ctx.Err(); err != nil && d.err == nil {
		d.err = fmt.Errorf("%s: %w", d.name, err)
	}
	return d.tooLarge(d.m.bytes())
}

// bytes estimates what the model read so far and its programs take.
func (m *Model) bytes() int64 {
	h := &m.Header
	need := variableBytes*int64(h.Variables) + constraintBytes*int64(h.Constraints+h.Objectives) + definedBytes*int64(h.defined())
	need += m.graph.bytes() + perNode*int64(len(m.graph.nodes)-h.Variables) + 32*int64(len(m.jacobian.column))
	for i := range m.objectives {
		need += 32 * int64(len(m.objectives[i].linear.column))
	}
	return need
}
