package nl

import (
	"context"
	"fmt"
	"io"
	"math"

	"solve/constrained"
	"solve/solver"
)

// Options of Read. The zero value (or nil) means defaults.
type Options struct {
	MaxMemory     int64 // bytes that a model may take; 0 = solver.DefaultMaxMemory
	RelaxIntegers bool  // integer variables count as real ones, with a warning
}

// Model is what a file says: the problem, and what the answer has to repeat.
type Model struct {
	Problem  *constrained.Problem
	Header   Header
	Warnings []string

	graph       graph
	objectives  []objective
	constraints []body
	jacobian    rows // linear parts of the constraints
	defined     []int32
	x0, y0      []float64 // as the file has them; nil = no segment
}

// body is a function: linear part, row of rows, plus the expression at root.
type body struct {
	root int32 // −1 = none
	row  int32 // −1 = none
}

type objective struct {
	body
	maximize bool
	linear   rows
}

// rows are sparse linear forms with increasing columns.
type rows struct {
	start  []int64
	column []int32
	value  []float64
}

func (r *rows) row(i int32) ([]int32, []float64) {
	if i < 0 {
		return nil, nil
	}
	lo, hi := r.start[i], r.start[i+1]
	return r.column[lo:hi], r.value[lo:hi]
}

// reader collects the segments of a file.
type reader struct {
	*scanner
	ctx   context.Context
	limit int64
	m     *Model

	stack    []frame
	operands []int32
	seen     map[byte]bool
	since    int // nodes since the memory and the context were looked at

	lower, upper, cLower, cUpper []float64
}

// Read reads a model; name is what errors call the file. Errors wrap
// solver.ErrFormat, ErrNonFinite, ErrUnsupported, ErrInput or ErrTooLarge and say
// the line, or the byte of a binary file. Of several objectives the first counts;
// without any, f = 0.
func Read(ctx context.Context, name string, r io.Reader, opt *Options) (*Model, error) {
	if opt == nil {
		opt = &Options{}
	}
	d := &reader{scanner: newScanner(name, r), ctx: ctx, limit: opt.MaxMemory, m: &Model{}, seen: map[byte]bool{}}
	if d.limit == 0 {
		d.limit = solver.DefaultMaxMemory
	}
	d.m.Header = *d.readHeader()
	if k := d.m.Header.integers(); k > 0 {
		if !opt.RelaxIntegers {
			d.fail(solver.ErrUnsupported, "%d integer variables", k)
		}
		d.m.Warnings = append(d.m.Warnings, fmt.Sprintf("%d integer variables count as real ones", k))
	}
	d.allocate()
	for d.err == nil && d.segment() {
	}
	if d.err == nil {
		d.missing()
	}
	if d.err != nil {
		return nil, d.err
	}
	if err := d.m.finish(ctx, d); err != nil {
		return nil, err
	}
	return d.m, nil
}

// Bytes a variable, a constraint and a defined variable take in a model and its
// programs, without their expressions.
const (
	variableBytes   = 160
	constraintBytes = 96
	definedBytes    = 16
)

func (d *reader) allocate() {
	h := &d.m.Header
	need := variableBytes*int64(h.Variables) + constraintBytes*int64(h.Constraints+h.Objectives) + definedBytes*int64(h.defined())
	if d.tooLarge(need) {
		return
	}
	n := h.Variables
	d.lower, d.upper = make([]float64, n), make([]float64, n)
	d.cLower, d.cUpper = make([]float64, h.Constraints), make([]float64, h.Constraints)
	d.m.constraints = make([]body, h.Constraints)
	for i := range d.m.constraints {
		d.m.constraints[i] = body{-1, -1}
	}
	d.m.objectives = make([]objective, h.Objectives)
	for i := range d.m.objectives {
		d.m.objectives[i].body = body{-1, -1}
		d.m.objectives[i].linear.start = []int64{0}
	}
	d.m.jacobian.start = append(make([]int64, 0, h.Constraints+1), 0)
	d.m.defined = make([]int32, h.defined())
	for k := range d.m.defined {
		d.m.defined[k] = -1
	}
	d.m.graph.nodes = make([]node, n)
	for j := range n {
		d.m.graph.nodes[j] = node{op: opVariable, first: int32(j)}
	}
}

// tooLarge reports and records that need is more than allowed.
func (d *reader) tooLarge(need int64) bool {
	if d.err == nil && need > d.limit {
		d.err = fmt.Errorf("%s: %w", d.name, &solver.TooLargeError{What: "the model", Need: need, Have: d.limit})
	}
	return d.err != nil
}

// segment reads one segment; false at the end of the file.
func (d *reader) segment() bool {
	if err := d.ctx.Err(); err != nil {
		d.err = fmt.Errorf("%s: %w", d.name, err)
		return false
	}
	h := &d.m.Header
	c := d.next()
	switch c {
	case 0:
		return false
	case 'C':
		d.constraint()
	case 'O':
		d.objective()
	case 'V':
		d.definition()
	case 'J':
		i := d.index("constraint", h.Constraints)
		d.linear(&d.m.jacobian, func() *int32 { return &d.m.constraints[i].row }, h.Variables)
	case 'G':
		i := d.index("objective", h.Objectives)
		if d.err == nil {
			o := &d.m.objectives[i]
			d.linear(&o.linear, func() *int32 { return &o.row }, h.Variables)
		}
	case 'k', 'K':
		d.columnCounts()
	case 'b':
		d.once(c)
		d.limits(d.lower, d.upper, false)
	case 'r':
		d.once(c)
		d.limits(d.cLower, d.cUpper, true)
	case 'x':
		d.once(c)
		d.m.x0 = d.start("start value", h.Variables)
	case 'd':
		d.once(c)
		d.m.y0 = d.start("start multiplier", h.Constraints)
	case 'S':
		d.suffix()
	case 'F':
		d.integer("function")
		d.integer("type of a function")
		d.integer("number of arguments")
		d.fail(solver.ErrUnsupported, "imported function %s", d.word("name of a function"))
	case 'L':
		d.fail(solver.ErrUnsupported, "logical constraints")
	default:
		d.fail(solver.ErrFormat, "segment %q is not known", c)
	}
	return d.err == nil
}

func (d *reader) once(c byte) {
	if d.seen[c] {
		d.fail(solver.ErrFormat, "a second segment %c", c)
	}
	d.seen[c] = true
}

// missing refuses a file without the limits.
func (d *reader) missing() {
	switch {
	case !d.seen['b']:
		d.fail(solver.ErrFormat, "the file ends without segment b, the bounds of the variables")
	case d.m.Header.Constraints > 0 && !d.seen['r']:
		d.fail(solver.ErrFormat, "the file ends without segment r, the limits of the constraints")
	}
}

func (d *reader) constraint() {
	i := d.index("constraint", d.m.Header.Constraints)
	if d.err != nil {
		return
	}
	b := &d.m.constraints[i]
	if b.root >= 0 {
		d.fail(solver.ErrFormat, "a second expression of constraint %d", i)
		return
	}
	b.root = d.expression()
}

func (d *reader) objective() {
	i := d.index("objective", d.m.Header.Objectives)
	sense := d.integer("sense of the objective")
	if d.err != nil {
		return
	}
	o := &d.m.objectives[i]
	switch {
	case o.root >= 0:
		d.fail(solver.ErrFormat, "a second expression of objective %d", i)
		return
	case sense != 0 && sense != 1:
		d.fail(solver.ErrFormat, "sense %d of objective %d, want 0 or 1", sense, i)
		return
	}
	o.maximize = sense == 1
	o.root = d.expression()
}

// definition reads a defined variable: linear terms and an expression.
func (d *reader) definition() {
	n := d.m.Header.Variables
	k := d.integer("defined variable") - n
	terms := d.integer("number of linear terms")
	d.integer("place of a defined variable")
	switch {
	case d.err != nil:
		return
	case k < 0 || k >= len(d.m.defined):
		d.fail(solver.ErrFormat, "defined variable %d is not between %d and %d", k+n, n, n+len(d.m.defined)-1)
		return
	case d.m.defined[k] >= 0:
		d.fail(solver.ErrFormat, "a second definition of variable %d", k+n)
		return
	case terms < 0 || terms > n:
		d.fail(solver.ErrFormat, "%d linear terms of %d variables", terms, n)
		return
	}
	var sum []int32
	g := &d.m.graph
	for range terms {
		d.newLine()
		j := d.index("variable", n)
		coefficient := d.finite("coefficient")
		if d.err != nil || d.grown(3) {
			return
		}
		term := int32(j)
		if coefficient != 1 {
			term = g.operator(opMult, g.number(coefficient), int32(j))
		}
		sum = append(sum, term)
	}
	root := d.expression()
	if d.err == nil && len(sum) > 0 {
		root = g.operator(opSum, append(sum, root)...)
	}
	d.m.defined[k] = root
}

// linear reads the linear part of a function. Coefficients of one variable add
// up.
func (d *reader) linear(r *rows, place func() *int32, n int) {
	count := d.integer("number of linear terms")
	switch {
	case d.err != nil:
		return
	case count < 0 || count > n:
		d.fail(solver.ErrFormat, "%d linear terms of %d variables", count, n)
		return
	case *place() >= 0:
		d.fail(solver.ErrFormat, "a second linear part of one function")
		return
	}
	for range count {
		d.newLine()
		j := d.index("variable", n)
		v := d.finite("coefficient")
		if d.err != nil || d.grown(1) {
			return
		}
		r.column = append(r.column, int32(j))
		r.value = append(r.value, v)
	}
	*place() = int32(len(r.start) - 1)
	r.close()
}

// columnCounts skips the column counts of the Jacobian.
func (d *reader) columnCounts() {
	count := d.integer("number of column counts")
	if d.err == nil && (count < 0 || count > d.m.Header.Variables) {
		d.fail(solver.ErrFormat, "%d column counts of %d variables", count, d.m.Header.Variables)
	}
	for k := 0; k < count && d.err == nil; k++ {
		d.newLine()
		d.integer("column count")
	}
}

// limits reads bounds of variables or limits of constraints.
func (d *reader) limits(lower, upper []float64, ofConstraints bool) {
	for i := 0; i < len(lower) && d.err == nil; i++ {
		lower[i], upper[i] = math.Inf(-1), math.Inf(1)
		switch c := d.open("a limit"); {
		case d.err != nil:
		case c == '0':
			lower[i] = d.number("lower limit")
			upper[i] = d.number("upper limit")
		case c == '1':
			upper[i] = d.number("upper limit")
		case c == '2':
			lower[i] = d.number("lower limit")
		case c == '3':
		case c == '4':
			lower[i] = d.finite("value")
			upper[i] = lower[i]
		case c == '5' && ofConstraints:
			d.fail(solver.ErrUnsupported, "complementarity condition, constraint %d", i)
		default:
			d.fail(solver.ErrFormat, "limits of kind %q", c)
		}
	}
}

// start reads values of some of n items; the others are 0.
func (d *reader) start(what string, n int) []float64 {
	count := d.integer("number of values")
	if d.err == nil && (count < 0 || count > n) {
		d.fail(solver.ErrFormat, "%d values of %d items", count, n)
	}
	if d.err != nil {
		return nil
	}
	values := make([]float64, n)
	for k := 0; k < count && d.err == nil; k++ {
		d.newLine()
		i := d.index("index", n)
		if v := d.finite(what); d.err == nil {
			values[i] = v
		}
	}
	return values
}

// Suffix kinds: the two lower bits say what carries it.
const (
	suffixOf   = 3
	suffixReal = 4
)

// suffix skips the values of a suffix.
func (d *reader) suffix() {
	h := &d.m.Header
	kind := d.integer("kind of a suffix")
	count := d.integer("number of values")
	d.word("name of a suffix")
	if d.err != nil {
		return
	}
	items := []int{h.Variables, h.Constraints, h.Objectives, 1}[kind&suffixOf]
	if kind < 0 || kind > suffixOf+suffixReal || count < 0 || count > items {
		d.fail(solver.ErrFormat, "suffix of kind %d with %d values of %d items", kind, count, items)
		return
	}
	for k := 0; k < count && d.err == nil; k++ {
		d.newLine()
		d.index("index", items)
		if kind&suffixReal != 0 {
			d.number("value of a suffix")
		} else {
			d.integer("value of a suffix")
		}
	}
}
