package nl

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"math"
	"slices"

	"solve/solver"
)

// Operators of a program beyond those of files.
const (
	opLinear      = 100 + iota // param + Σ partial·argument
	opPower                    // argument ^ param
	opExponential              // param ^ argument
	opReciprocal               // param / argument
	opConstant                 // param
)

// program evaluates functions and their derivatives. Values 0 … n−1 are the
// variables, n … the operators, which come after their arguments.
type program struct {
	n         int
	nodes     []instruction
	args      []int32
	active    []bool // of values: depends on variables with a derivative
	live      []int32
	functions []function // objective, then constraints
	linear    rows       // linear parts of the functions
	term      []int32    // terms of the functions
	coef      []float64

	value   []float64
	partial []float64 // 1, 2, derivatives of the nodes by their arguments, second derivatives, coefficients of terms, gradients of shared nodes

	gradients
	pushes
}

// instruction computes one operator.
type instruction struct {
	op           int32
	first, count int32 // arguments
	partial      int32 // of the first argument, the others follow
	second       int32 // of the second derivatives
	param        float64
}

// function is a sum of terms, beside its linear part.
type function struct {
	constant    float64
	first, last int32 // of the terms
	affine      bool
}

// Places of constants among the partial derivatives.
const (
	unit = 0 // 1
	twin = 1 // 2
)

func (p *program) argsOf(in *instruction) []int32 { return p.args[in.first : in.first+in.count] }

// memory is what a model has taken so far of what it may take.
type memory struct {
	name        string
	used, limit int64
}

// exceeded is the error for needing more, nil if there is enough.
func (m memory) exceeded(what string, more int64) error {
	if more <= m.limit-m.used {
		return nil
	}
	if more < math.MaxInt64-m.used {
		more += m.used
	}
	return fmt.Errorf("%s: %w", m.name, &solver.TooLargeError{What: "the model with " + what, Need: more, Have: m.limit})
}

// compiler turns the graph of a file into a program.
type compiler struct {
	*program
	g        *graph
	constant []bool
	folded   []float64
	uses     []int32
	absorbed []bool
	place    []int32 // value of a node
	affine   []bool  // of operators: a linear form
	terms    []term
	stack    []term
	roots    []rootOf

	queue  descending // linear forms to dissolve, with their weights
	weight []float64
	queued []bool
}

// rootOf is a function to compile: sign·(expression + linear part).
type rootOf struct {
	root   int32
	sign   float64
	column []int32
	value  []float64
}

// term is coefficient · node.
type term struct {
	node        int32
	coefficient float64
}

// compile makes the program of functions, without its derivatives.
func compile(ctx context.Context, g *graph, n int, roots []rootOf) (*compiler, error) {
	total := len(g.nodes)
	c := &compiler{
		program: &program{n: n, partial: []float64{1, 2}, linear: rows{start: []int64{0}}},
		g:       g, roots: roots,
		constant: make([]bool, total), folded: make([]float64, total),
		uses: make([]int32, total), absorbed: make([]bool, total), place: make([]int32, total),
	}
	c.active = slices.Repeat([]bool{true}, n)
	c.foldConstants()
	c.countUses()
	for i := range c.place {
		if i&0xffff == 0 && ctx.Err() != nil {
			return nil, fmt.Errorf("nl: %w", ctx.Err())
		}
		switch {
		case i < n:
			c.place[i] = int32(i)
		case c.uses[i] > 0 && !c.constant[i] && !c.absorbed[i]:
			c.place[i] = c.materialise(int32(i))
		default:
			c.place[i] = -1
		}
	}
	c.weight, c.queued = make([]float64, len(c.nodes)), make([]bool, len(c.nodes))
	for _, r := range roots {
		c.function(r)
	}
	return c, nil
}

// foldConstants evaluates what depends on no variable.
func (c *compiler) foldConstants() {
	var values []float64
	for i := range c.g.nodes {
		nd := &c.g.nodes[i]
		switch nd.op {
		case opVariable:
		case opNumber:
			c.constant[i], c.folded[i] = true, c.g.numbers[nd.first]
		default:
			args := c.g.args(int32(i))
			if slices.ContainsFunc(args, func(a int32) bool { return !c.constant[a] }) {
				continue
			}
			values = values[:0]
			for _, a := range args {
				values = append(values, c.folded[a])
			}
			c.constant[i], c.folded[i] = true, apply(nd.op, values)
		}
	}
}

// countUses counts, from the functions down, who uses a node, and finds the
// sums that dissolve in their only user.
func (c *compiler) countUses() {
	for _, r := range c.roots {
		if r.root >= 0 {
			c.uses[r.root]++
			c.absorbed[r.root] = true
		}
	}
	for i := len(c.g.nodes) - 1; i >= 0; i-- {
		if c.uses[i] == 0 || c.constant[i] || c.g.nodes[i].op == opVariable {
			c.absorbed[i] = false
			continue
		}
		linear := c.isLinear(int32(i))
		c.absorbed[i] = c.absorbed[i] && linear && c.uses[i] == 1
		for _, a := range c.g.args(int32(i)) {
			c.uses[a]++
			c.absorbed[a] = linear
		}
	}
}

// isLinear reports a sum, or a product or quotient by a constant.
func (c *compiler) isLinear(i int32) bool {
	args := c.g.args(i)
	switch c.g.nodes[i].op {
	case opPlus, opMinus, opNegate, opSum:
		return true
	case opMult:
		return c.constant[args[0]] || c.constant[args[1]]
	case opDiv:
		return c.constant[args[1]]
	}
	return false
}

// expand writes coefficient·node as terms and a constant.
func (c *compiler) expand(root int32, coefficient float64, dissolve bool) (constant float64) {
	c.terms = c.terms[:0]
	c.stack = append(c.stack[:0], term{root, coefficient})
	for len(c.stack) > 0 {
		t := c.stack[len(c.stack)-1]
		c.stack = c.stack[:len(c.stack)-1]
		switch {
		case c.constant[t.node]:
			constant += t.coefficient * c.folded[t.node]
		case c.absorbed[t.node] || dissolve && t.node == root && c.g.nodes[root].op != opVariable && c.isLinear(root):
			c.split(t)
		default:
			c.terms = append(c.terms, term{c.place[t.node], t.coefficient})
		}
	}
	return constant
}

// split puts the arguments of a sum on the stack, the first on top.
func (c *compiler) split(t term) {
	args := c.g.args(t.node)
	switch c.g.nodes[t.node].op {
	case opNegate:
		c.stack = append(c.stack, term{args[0], -t.coefficient})
	case opMinus:
		c.stack = append(c.stack, term{args[1], -t.coefficient}, term{args[0], t.coefficient})
	case opMult:
		a, b := args[0], args[1]
		if c.constant[b] {
			a, b = b, a
		}
		c.stack = append(c.stack, term{b, t.coefficient * c.folded[a]})
	case opDiv:
		c.stack = append(c.stack, term{args[0], t.coefficient / c.folded[args[1]]})
	default:
		for k := len(args) - 1; k >= 0; k-- {
			c.stack = append(c.stack, term{args[k], t.coefficient})
		}
	}
}

// materialise makes the instruction of a node and gives its value's place.
func (c *compiler) materialise(i int32) int32 {
	nd := c.g.nodes[i]
	args := c.g.args(i)
	if c.isLinear(i) {
		constant := c.expand(i, 1, true)
		if len(c.terms) == 1 && constant == 0 && c.terms[0].coefficient == 1 {
			return c.terms[0].node
		}
		in := instruction{op: opLinear, param: constant, partial: int32(len(c.partial))}
		var places []int32
		affine := true
		for _, t := range merged(c.terms) {
			places = append(places, t.node)
			c.partial = append(c.partial, t.coefficient)
			affine = affine && (int(t.node) < c.n || c.affine[int(t.node)-c.n])
		}
		return c.append(in, places, affine)
	}
	switch op := nd.op; op {
	case opMult:
		if a := c.place[args[0]]; a == c.place[args[1]] {
			return c.append(instruction{op: opSquare}, []int32{a}, false)
		}
	case opDiv:
		if c.constant[args[0]] {
			return c.append(instruction{op: opReciprocal, param: c.folded[args[0]]}, []int32{c.place[args[1]]}, false)
		}
	case opPow, opPowConst, opConstPow:
		return c.power(args)
	}
	places := make([]int32, len(args))
	for k, a := range args {
		places[k] = c.place[a]
		if c.constant[a] {
			places[k] = c.append(instruction{op: opConstant, param: c.folded[a]}, nil, false)
		}
	}
	if chosen := places[0]; (nd.op == opIf || nd.op == opIfElse) && c.active[chosen] {
		zero := c.append(instruction{op: opConstant}, nil, false)
		places[0] = c.append(instruction{op: opNE}, []int32{chosen, zero}, false) // has no derivative
	}
	return c.append(instruction{op: nd.op}, places, false)
}

// merged sorts terms by their nodes and adds up those of one node.
func merged(terms []term) []term {
	slices.SortStableFunc(terms, func(a, b term) int { return cmp.Compare(a.node, b.node) })
	out := terms[:0]
	for _, t := range terms {
		if k := len(out) - 1; k >= 0 && out[k].node == t.node {
			out[k].coefficient += t.coefficient
			continue
		}
		out = append(out, t)
	}
	return out
}

func (c *compiler) power(args []int32) int32 {
	base, exponent := args[0], args[1]
	switch {
	case c.constant[exponent] && c.folded[exponent] == 1:
		return c.place[base]
	case c.constant[exponent] && c.folded[exponent] == 2:
		return c.append(instruction{op: opSquare}, []int32{c.place[base]}, false)
	case c.constant[exponent]:
		return c.append(instruction{op: opPower, param: c.folded[exponent]}, []int32{c.place[base]}, false)
	case c.constant[base]:
		return c.append(instruction{op: opExponential, param: c.folded[base]}, []int32{c.place[exponent]}, false)
	}
	return c.append(instruction{op: opPow}, []int32{c.place[base], c.place[exponent]}, false)
}

// append adds an instruction, with room for its derivatives.
func (c *compiler) append(in instruction, args []int32, affine bool) int32 {
	in.first, in.count = int32(len(c.args)), int32(len(args))
	c.args = append(c.args, args...)
	if in.op != opLinear {
		in.partial = int32(len(c.partial))
		c.partial = append(c.partial, make([]float64, len(args))...)
	}
	in.second = int32(len(c.partial))
	c.partial = append(c.partial, make([]float64, seconds(in.op))...)
	c.nodes = append(c.nodes, in)
	c.affine = append(c.affine, affine)
	c.active = append(c.active, c.isActive(in))
	return int32(c.n + len(c.nodes) - 1)
}

// isActive reports whether a derivative can be other than zero.
func (c *compiler) isActive(in instruction) bool {
	args := c.args[in.first : in.first+in.count]
	switch in.op {
	case opConstant, opFloor, opCeil, opOr, opAnd, opLT, opLE, opEQ, opGE, opGT, opNE, opNot, opAndList, opOrList, opIff:
		return false
	}
	return slices.ContainsFunc(args, func(a int32) bool { return c.active[a] })
}

// function compiles one function: its linear part takes in the linear terms of
// the expression.
func (c *compiler) function(r rootOf) {
	f := function{first: int32(len(c.term)), affine: true}
	for k, j := range r.column {
		if r.value[k] != 0 {
			c.linear.column = append(c.linear.column, j)
			c.linear.value = append(c.linear.value, r.sign*r.value[k])
		}
	}
	if r.root >= 0 {
		f.constant = c.expand(r.root, r.sign, false)
		f.affine = c.spread(&f)
	}
	f.last = int32(len(c.term))
	c.linear.close()
	c.functions = append(c.functions, f)
}

// spread distributes the terms last expanded over the linear part and the terms
// of a function; true without any of the latter. Linear forms dissolve, each once
// though many others use it: from the last one down.
func (c *compiler) spread(f *function) (affine bool) {
	affine = true
	c.queue = c.queue[:0]
	for _, t := range c.terms {
		affine = c.spreadTerm(t) && affine
	}
	for len(c.queue) > 0 {
		k := heap.Pop(&c.queue).(int32)
		weight := c.weight[k]
		c.weight[k] = 0
		c.queued[k] = false
		in := &c.nodes[k]
		f.constant += weight * in.param
		for e, a := range c.argsOf(in) {
			c.spreadTerm(term{a, weight * c.partial[int(in.partial)+e]})
		}
	}
	return affine
}

// spreadTerm distributes one term; false if it is not linear.
func (c *compiler) spreadTerm(t term) bool {
	k := t.node - int32(c.n)
	switch {
	case k < 0:
		c.linear.column = append(c.linear.column, t.node)
		c.linear.value = append(c.linear.value, t.coefficient)
	case c.affine[k]:
		c.weight[k] += t.coefficient
		if !c.queued[k] {
			c.queued[k] = true
			heap.Push(&c.queue, k)
		}
	default:
		c.term = append(c.term, t.node)
		c.coef = append(c.coef, t.coefficient)
		return false
	}
	return true
}

// descending is a heap of nodes, the last one on top.
type descending []int32

func (q descending) Len() int           { return len(q) }
func (q descending) Less(i, j int) bool { return q[i] > q[j] }
func (q descending) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *descending) Push(x any)        { *q = append(*q, x.(int32)) }
func (q *descending) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
