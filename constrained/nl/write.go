package nl

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
)

// Write writes a model as a text .nl file with all its objectives, defined
// variables, start values and start multipliers. What Read skips, suffixes and
// comments, is not there; integer variables stay integer.
func Write(w io.Writer, m *Model) error {
	e := &writer{Writer: bufio.NewWriter(w), m: m, definition: map[int32]int{}}
	e.header()
	n := m.Header.Variables
	for k, root := range m.defined {
		if root < 0 {
			continue
		}
		fmt.Fprintf(e, "V%d 0 0\n", n+k)
		e.expression(root)
		if _, known := e.definition[root]; !known && m.graph.nodes[root].op != opVariable {
			e.definition[root] = n + k
		}
	}
	for i, b := range m.constraints {
		fmt.Fprintf(e, "C%d\n", i)
		e.expression(b.root)
	}
	for i, o := range m.objectives {
		sense := 0
		if o.maximize {
			sense = 1
		}
		fmt.Fprintf(e, "O%d %d\n", i, sense)
		e.expression(o.root)
	}
	e.starts('d', m.y0)
	e.starts('x', m.x0)
	p := m.Problem
	if m.Header.Constraints > 0 {
		e.limits('r', p.CLower, p.CUpper)
	}
	e.limits('b', p.Lower, p.Upper)
	e.columns()
	for i, b := range m.constraints {
		column, value := m.jacobian.row(b.row)
		e.linear('J', i, column, value)
	}
	for i := range m.objectives {
		o := &m.objectives[i]
		column, value := o.linear.row(o.row)
		e.linear('G', i, column, value)
	}
	if err := e.Flush(); err != nil {
		return fmt.Errorf("nl: %w", err)
	}
	return nil
}

type writer struct {
	*bufio.Writer
	m          *Model
	definition map[int32]int // number of a defined variable by its root
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func (e *writer) header() {
	h := &e.m.Header
	fmt.Fprintf(e, "g%d", len(h.Options))
	for _, o := range h.Options {
		fmt.Fprintf(e, " %d", o)
	}
	for _, tol := range h.VBTol {
		fmt.Fprintf(e, " %s", decimal(tol))
	}
	title := h.Title
	if title == "" {
		title = "unknown"
	}
	fmt.Fprintf(e, "\t# problem %s\n", title)
	fmt.Fprintf(e, " %d %d %d %d %d\t# variables, constraints, objectives, ranges, equations\n", h.Variables, h.Constraints, h.Objectives, h.Ranges, h.Equations)
	fmt.Fprintf(e, " %d %d\t# nonlinear constraints, objectives\n", h.NonlinearConstraints, h.NonlinearObjectives)
	fmt.Fprintf(e, " 0 0\t# network constraints\n")
	v := h.NonlinearVariables
	fmt.Fprintf(e, " %d %d %d\t# nonlinear variables in constraints, objectives, both\n", v[0], v[1], v[2])
	fmt.Fprintf(e, " 0 0 0 %d\t# network variables, functions, arithmetic, flags\n", h.Flags)
	d := h.Integers
	fmt.Fprintf(e, " %d %d %d %d %d\t# integer variables\n", d[0], d[1], d[2], d[3], d[4])
	entries := 0
	for i := range e.m.objectives {
		entries += len(e.m.objectives[i].linear.column)
	}
	fmt.Fprintf(e, " %d %d\t# entries of the Jacobian, of gradients\n", len(e.m.jacobian.column), entries)
	fmt.Fprintf(e, " 0 0\t# lengths of names\n")
	d = h.Defined
	fmt.Fprintf(e, " %d %d %d %d %d\t# defined variables\n", d[0], d[1], d[2], d[3], d[4])
}

// expression writes one expression in prefix form; root −1 is 0.
func (e *writer) expression(root int32) {
	if root < 0 {
		e.WriteString("n0\n")
		return
	}
	g := &e.m.graph
	stack := []int32{root}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		nd := g.nodes[i]
		if k, ok := e.definition[i]; ok {
			fmt.Fprintf(e, "v%d\n", k)
			continue
		}
		switch nd.op {
		case opVariable:
			fmt.Fprintf(e, "v%d\n", nd.first)
		case opNumber:
			fmt.Fprintf(e, "n%s\n", decimal(g.numbers[nd.first]))
		default:
			fmt.Fprintf(e, "o%d\n", nd.op)
			args := g.args(i)
			if arity[int(nd.op)] == listed {
				fmt.Fprintf(e, "%d\n", len(args))
			}
			for k := len(args) - 1; k >= 0; k-- {
				stack = append(stack, args[k])
			}
		}
	}
}

func (e *writer) starts(letter byte, values []float64) {
	if values == nil {
		return
	}
	fmt.Fprintf(e, "%c%d\n", letter, len(values))
	for i, v := range values {
		fmt.Fprintf(e, "%d %s\n", i, decimal(v))
	}
}

func (e *writer) limits(letter byte, lower, upper []float64) {
	fmt.Fprintf(e, "%c\n", letter)
	for i, l := range lower {
		u := upper[i]
		switch below, above := math.IsInf(l, -1), math.IsInf(u, 1); {
		case below && above:
			e.WriteString("3\n")
		case below:
			fmt.Fprintf(e, "1 %s\n", decimal(u))
		case above:
			fmt.Fprintf(e, "2 %s\n", decimal(l))
		case l == u:
			fmt.Fprintf(e, "4 %s\n", decimal(l))
		default:
			fmt.Fprintf(e, "0 %s %s\n", decimal(l), decimal(u))
		}
	}
}

// columns writes how many entries of the Jacobian the columns have up to each.
func (e *writer) columns() {
	n := e.m.Header.Variables
	counts := make([]int, n)
	for _, j := range e.m.jacobian.column {
		counts[j]++
	}
	fmt.Fprintf(e, "k%d\n", n-1)
	total := 0
	for _, c := range counts[:n-1] {
		total += c
		fmt.Fprintf(e, "%d\n", total)
	}
}

func (e *writer) linear(letter byte, i int, column []int32, value []float64) {
	if len(column) == 0 {
		return
	}
	fmt.Fprintf(e, "%c%d %d\n", letter, i, len(column))
	for k, j := range column {
		fmt.Fprintf(e, "%d %s\n", j, decimal(value[k]))
	}
}
