package sif

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"solve/constrained"
	"solve/solver"
)

// WriteNL writes the problem as a text .nl file, AMPL's format for models, so
// that other solvers can read it. Variables and constraints keep their order; all
// of them are declared nonlinear. The error wraps solver.ErrUnsupported for
// functions that .nl lacks (erf), and solver.ErrNonFinite for numbers that it
// cannot hold.
func (m *Model) WriteNL(w io.Writer) error {
	e := &nlWriter{s: m.structure, f: m.Problem.Functions.(*evaluator)}
	bodies := e.bodies()
	if e.err != nil {
		return fmt.Errorf("sif: as .nl: %w", e.err)
	}
	out := bufio.NewWriter(w)
	p := m.Problem
	equations, ranges := 0, 0
	for i := range p.M {
		switch {
		case p.CLower[i] == p.CUpper[i]:
			equations++
		case !math.IsInf(p.CLower[i], 0) && !math.IsInf(p.CUpper[i], 0):
			ranges++
		}
	}
	slopes := e.objectiveSlopes()
	fmt.Fprintf(out, "g3 0 1 0\t# problem %s\n", p.Name)
	fmt.Fprintf(out, " %d %d 1 %d %d\n %d 1\n 0 0\n %d %d %d\n 0 0 0 1\n 0 0 0 0 0\n %d %d\n 0 0\n %d 0 0 0 0\n",
		p.N, p.M, ranges, equations, p.M, p.N, p.N, p.N, len(e.f.jacobian.column), len(slopes), e.definitions)
	out.Write(e.defined)
	for i, b := range bodies[:p.M] {
		fmt.Fprintf(out, "C%d\n", i)
		out.Write(b)
	}
	fmt.Fprintf(out, "O0 0\n")
	out.Write(bodies[p.M])
	if p.Y0 != nil {
		fmt.Fprintf(out, "d%d\n", p.M)
		for i, y := range p.Y0 {
			fmt.Fprintf(out, "%d %s\n", i, decimal(-y)) // AMPL's sign
		}
	}
	fmt.Fprintf(out, "x%d\n", p.N)
	for j, x := range p.X0 {
		fmt.Fprintf(out, "%d %s\n", j, decimal(x))
	}
	if p.M > 0 {
		out.WriteString("r\n")
		for i := range p.M {
			writeLimits(out, p.CLower[i], p.CUpper[i])
		}
	}
	out.WriteString("b\n")
	for j := range p.N {
		writeLimits(out, p.Lower[j], p.Upper[j])
	}
	e.writeJacobian(out, slopes)
	if err := out.Flush(); err != nil {
		return fmt.Errorf("sif: %w", err)
	}
	return nil
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func writeLimits(out *bufio.Writer, lower, upper float64) {
	below, above := lower <= -constrained.Infinity, upper >= constrained.Infinity
	switch {
	case below && above:
		out.WriteString("3\n")
	case lower == upper:
		fmt.Fprintf(out, "4 %s\n", decimal(lower))
	case below:
		fmt.Fprintf(out, "1 %s\n", decimal(upper))
	case above:
		fmt.Fprintf(out, "2 %s\n", decimal(lower))
	default:
		fmt.Fprintf(out, "0 %s %s\n", decimal(lower), decimal(upper))
	}
}

// nlWriter puts formulas into prefix form. What is used more than once becomes a
// defined variable.
type nlWriter struct {
	s           *structure
	f           *evaluator
	defined     []byte
	definitions int
	err         error
}

// define makes a variable of an expression and a linear form, which may be nil,
// and gives its name.
func (e *nlWriter) define(linear []term, scale float64, expression []byte) string {
	name := "v" + strconv.Itoa(e.s.n+e.definitions)
	e.defined = fmt.Appendf(e.defined, "V%s %d 0\n", name[1:], len(linear))
	e.definitions++
	for _, t := range linear {
		e.defined = fmt.Appendf(e.defined, "%d %s\n", t.variable, e.number(t.value*scale))
	}
	e.defined = append(e.defined, expression...)
	return name + "\n"
}

func (e *nlWriter) number(v float64) string {
	if (math.IsNaN(v) || math.IsInf(v, 0)) && e.err == nil {
		e.err = fmt.Errorf("a constant is %v: %w", v, solver.ErrNonFinite)
	}
	return decimal(v)
}

// bodies are the nonlinear parts of the constraints and, last, of the objective.
func (e *nlWriter) bodies() [][]byte {
	elements := make([]string, len(e.s.elements))
	for i := range e.s.elements {
		elements[i] = e.element(&e.s.elements[i])
	}
	bodies := make([][]byte, e.s.m+1)
	var objective [][]byte
	for i := range e.s.groups {
		g := &e.s.groups[i]
		sum := e.groupSum(g, elements)
		if g.typ != nil {
			alpha := e.define(g.linear, 1, sum)
			formula := newFormula()
			root, err := compile(formula, g.typ.code, append([]string{g.typ.variable}, g.typ.constant...))
			e.fail(err)
			sum = e.formula(formula, root, append([]string{alpha}, e.numbers(g.values)...))
		}
		if g.scale != 1 {
			sum = fmt.Appendf(nil, "o3\n%sn%s\n", sum, e.number(g.scale))
		}
		if r := e.s.row[i]; r >= 0 {
			bodies[r] = sum
		} else {
			objective = append(objective, sum)
		}
	}
	for _, t := range e.s.quadratic {
		value := t.value
		if t.group == t.variable {
			value /= 2
		}
		objective = append(objective, fmt.Appendf(nil, "o2\nn%s\no2\nv%d\nv%d\n", e.number(value), t.group, t.variable))
	}
	bodies[e.s.m] = sumOf(objective)
	return bodies
}

// groupSum is α of a group without its linear part.
func (e *nlWriter) groupSum(g *group, elements []string) []byte {
	var terms [][]byte
	for _, u := range g.uses {
		if u.weight == 1 {
			terms = append(terms, []byte(elements[u.element]))
		} else {
			terms = append(terms, fmt.Appendf(nil, "o2\nn%s\n%s", e.number(u.weight), elements[u.element]))
		}
	}
	if g.constant != 0 {
		terms = append(terms, fmt.Appendf(nil, "n%s\n", e.number(-g.constant)))
	}
	return sumOf(terms)
}

func sumOf(terms [][]byte) []byte {
	switch len(terms) {
	case 0:
		return []byte("n0\n")
	case 1:
		return terms[0]
	case 2:
		return slices.Concat([]byte("o0\n"), terms[0], terms[1])
	}
	return slices.Concat(fmt.Appendf(nil, "o54\n%d\n", len(terms)), slices.Concat(terms...))
}

func (e *nlWriter) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

func (e *nlWriter) numbers(values []float64) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = "n" + e.number(v) + "\n"
	}
	return out
}

// element is the name of an element's value.
func (e *nlWriter) element(x *element) string {
	t := x.typ
	inputs, names := make([]string, 0, len(t.variables)+len(t.constant)), t.variables
	for _, j := range x.variables {
		inputs = append(inputs, fmt.Sprintf("v%d\n", j))
	}
	w, err := transformOf(t)
	e.fail(err)
	if w != nil {
		inputs, names = inputs[:0], t.internal
		for _, row := range w {
			linear := make([]term, 0, len(row))
			for _, c := range row {
				linear = append(linear, term{variable: x.variables[c.index], value: c.value})
			}
			slices.SortFunc(linear, func(a, b term) int { return int(a.variable - b.variable) })
			inputs = append(inputs, e.define(merge(linear), 1, []byte("n0\n")))
		}
	}
	formula := newFormula()
	root, err := compile(formula, t.code, append(slices.Clone(names), t.constant...))
	e.fail(err)
	if e.err != nil {
		return ""
	}
	return e.define(nil, 1, e.formula(formula, root, append(inputs, e.numbers(x.values)...)))
}

// formula is a formula with these inputs.
func (e *nlWriter) formula(f *formula, root int32, inputs []string) []byte {
	if e.err != nil {
		return nil
	}
	uses := make([]int, len(f.nodes))
	uses[root] = 1
	for i := root; i >= 0; i-- {
		if uses[i] > 0 {
			for _, operand := range operandsOf(f.nodes[i]) {
				uses[operand]++
			}
		}
	}
	text := make([][]byte, len(f.nodes))
	for i := range root + 1 {
		if uses[i] == 0 {
			continue
		}
		n := f.nodes[i]
		args := make([]any, 0, 3)
		for _, operand := range operandsOf(n) {
			args = append(args, text[operand])
		}
		switch {
		case n.op == opConstant:
			text[i] = []byte("n" + e.number(n.value) + "\n")
			continue
		case n.op == opInput:
			text[i] = []byte(inputs[n.a])
			continue
		case n.op == opInteger:
			text[i] = fmt.Appendf(nil, "o5\n%sn%s\n", args[0], decimal(n.value))
		case n.op == opQuotient, n.op == opTrunc, n.op == opRound:
			text[i] = e.rounded(n.op, args)
		case nlOperators[n.op] == "":
			e.fail(fmt.Errorf(".nl has no error function: %w", solver.ErrUnsupported))
			return nil
		default:
			text[i] = []byte(nlOperators[n.op])
			for _, a := range args {
				text[i] = append(text[i], a.([]byte)...)
			}
		}
		if uses[i] > 1 && !isCondition(n.op) {
			text[i] = []byte(e.define(nil, 1, text[i]))
		}
	}
	return text[root]
}

// rounded rounds towards zero, or half away from zero.
func (e *nlWriter) rounded(op operation, args []any) []byte {
	a := args[0].([]byte)
	if op == opQuotient {
		a = slices.Concat([]byte("o3\n"), a, args[1].([]byte))
	}
	a = []byte(e.define(nil, 1, a))
	if op == opRound {
		return fmt.Appendf(nil, "o35\no22\n%sn0\no14\no1\n%sn0.5\no13\no0\n%sn0.5\n", a, a, a)
	}
	return fmt.Appendf(nil, "o35\no22\n%sn0\no14\n%so13\n%s", a, a, a)
}

func isCondition(op operation) bool { return op >= opLess && op <= opNot }

// operandsOf lists the nodes that a node needs.
func operandsOf(n node) []int32 {
	switch n.op {
	case opConstant, opInput:
		return nil
	case opAdd, opSub, opMul, opDiv, opPower, opQuotient, opAtan2, opLess, opLessEq, opEqual, opAnd, opOr, opMax, opMin:
		return []int32{n.a, n.b}
	case opSelect:
		return []int32{n.a, n.b, n.c}
	}
	return []int32{n.a}
}

// nlOperators are the operators that have a number in .nl.
var nlOperators = [...]string{
	opAdd: "o0\n", opSub: "o1\n", opMul: "o2\n", opDiv: "o3\n", opNeg: "o16\n", opPower: "o5\n",
	opSqrt: "o39\n", opExp: "o44\n", opLog: "o43\n", opLog10: "o42\n", opSin: "o41\n", opCos: "o46\n", opTan: "o38\n",
	opAsin: "o51\n", opAcos: "o53\n", opAtan: "o49\n", opAtan2: "o48\n", opSinh: "o40\n", opCosh: "o45\n", opTanh: "o37\n",
	opAbs: "o15\n", opLess: "o22\n", opLessEq: "o23\n", opEqual: "o24\n", opAnd: "o21\n", opOr: "o20\n", opNot: "o34\n",
	opSelect: "o35\n", opMax: "o12\n2\n", opMin: "o11\n2\n",
}

// objectiveSlopes lists the variables of the objective with their linear
// coefficients.
func (e *nlWriter) objectiveSlopes() []term {
	var terms []term
	for i := range e.s.groups {
		if e.s.row[i] >= 0 {
			continue
		}
		g := &e.s.groups[i]
		for _, j := range e.f.support[e.f.supportStart[i]:e.f.supportStart[i+1]] {
			terms = append(terms, term{variable: j})
		}
		if g.typ == nil {
			for _, t := range g.linear {
				terms = append(terms, term{variable: t.variable, value: t.value / g.scale})
			}
		}
	}
	for _, t := range e.s.quadratic {
		terms = append(terms, term{variable: t.group}, term{variable: t.variable})
	}
	slices.SortStableFunc(terms, func(a, b term) int { return int(a.variable - b.variable) })
	out := terms[:0]
	for _, t := range terms {
		if k := len(out); k > 0 && out[k-1].variable == t.variable {
			out[k-1].value += t.value
		} else {
			out = append(out, t)
		}
	}
	return out
}

// writeJacobian writes the segments k, J and G.
func (e *nlWriter) writeJacobian(out *bufio.Writer, slopes []term) {
	pattern := e.f.jacobian
	counts := make([]int, e.s.n)
	for _, j := range pattern.column {
		counts[j]++
	}
	fmt.Fprintf(out, "k%d\n", e.s.n-1)
	for j, sum := 0, 0; j < e.s.n-1; j++ {
		sum += counts[j]
		fmt.Fprintf(out, "%d\n", sum)
	}
	for i := range e.s.groups {
		r := e.s.row[i]
		if r < 0 || pattern.start[r] == pattern.start[r+1] {
			continue
		}
		g := &e.s.groups[i]
		columns := pattern.column[pattern.start[r]:pattern.start[r+1]]
		fmt.Fprintf(out, "J%d %d\n", r, len(columns))
		linear := g.linear
		for _, j := range columns {
			value := 0.0
			if len(linear) > 0 && linear[0].variable == j {
				if g.typ == nil {
					value = linear[0].value / g.scale
				}
				linear = linear[1:]
			}
			fmt.Fprintf(out, "%d %s\n", j, e.number(value))
		}
	}
	if len(slopes) > 0 {
		fmt.Fprintf(out, "G0 %d\n", len(slopes))
		for _, t := range slopes {
			fmt.Fprintf(out, "%d %s\n", t.variable, e.number(t.value))
		}
	}
}
