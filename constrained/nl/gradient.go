package nl

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// gradients are reverse sweeps, one a tree: the operators between a root and the
// variables or the roots of other trees. Roots are functions, and nodes that more
// than one operator or function uses; the gradient of such a node is formed once.
type gradients struct {
	trees  []tree // of shared nodes in the order of the nodes, then of functions
	steps  []step
	locals int   // adjoints of the largest tree
	shared int32 // gradients of shared nodes start here among the partial derivatives

	adjoint []float64
	start   []int64 // pattern of the Jacobian
	column  []int32
	linears []float64 // linear parts on that pattern
	slope   []float64 // and of the objective
}

// tree is a reverse sweep: steps first … middle−1 go between adjoints, middle …
// last−1 from adjoints to the gradient.
type tree struct {
	first, middle, last int
	locals              int
}

// step adds source·factor to target.
type step struct{ target, source, factor int32 }

// gradientBuilder makes the sweeps.
type gradientBuilder struct {
	*compiler
	root      []int32 // number of the tree of a node, −1 = inside of another
	owner     []int32 // tree of a node
	inside    [][]int32
	variables [][]int32 // of the trees, increasing
	base      []int32   // of shared gradients among the partial derivatives
	local     []int32   // adjoint of a node in the tree at work
	known     []int32   // the last tree that gave a node an adjoint
	place     []int32   // of a variable in the gradient at work
}

// buildGradients compiles the first derivatives.
func (c *compiler) buildGradients(ctx context.Context, m memory) error {
	b := &gradientBuilder{compiler: c}
	b.findTrees()
	shared := len(b.inside) - len(c.functions)
	coefficients := int32(len(c.partial))
	c.partial = append(c.partial, c.coef...)
	c.shared = int32(len(c.partial))
	b.local, b.place = make([]int32, len(c.nodes)), make([]int32, c.n)
	b.known = slices.Repeat([]int32{-1}, len(c.nodes))
	b.variables = make([][]int32, len(b.inside))
	c.start = []int64{0}
	size := int64(len(c.partial))
	for t := range b.inside {
		if t&0xff == 0 && ctx.Err() != nil {
			return fmt.Errorf("nl: %w", ctx.Err())
		}
		b.variables[t] = b.variablesOf(t)
		if t < shared {
			b.base = append(b.base, int32(size))
			size += int64(len(b.variables[t]))
		}
		if size > math.MaxInt32 || len(c.steps) > math.MaxInt32/2 {
			return m.exceeded("the first derivatives", math.MaxInt64)
		}
		if err := m.exceeded("the first derivatives", 8*size+12*int64(len(c.column))+12*int64(len(c.steps))); err != nil {
			return err
		}
		b.build(t, shared, coefficients)
		if t >= shared {
			b.variables[t] = nil
		}
	}
	c.partial = append(c.partial, make([]float64, size-int64(len(c.partial)))...)
	c.adjoint = make([]float64, c.locals)
	return nil
}

// findTrees numbers the roots and gives every live node to a tree.
func (b *gradientBuilder) findTrees() {
	n, nodes := int32(b.n), len(b.nodes)
	uses := make([]int32, nodes)
	for _, k := range b.term {
		uses[k-n]++
	}
	for k := nodes - 1; k >= 0; k-- {
		if uses[k] == 0 {
			continue
		}
		for _, a := range b.argsOf(&b.nodes[k]) {
			if a >= n {
				uses[a-n]++
			}
		}
	}
	b.root, b.owner = slices.Repeat([]int32{-1}, nodes), slices.Repeat([]int32{-1}, nodes)
	roots := int32(0)
	for k := range nodes {
		if uses[k] > 0 {
			b.live = append(b.live, int32(k))
		}
		if uses[k] > 1 && b.active[b.n+k] {
			b.root[k] = roots
			b.owner[k] = roots
			roots++
		}
	}
	b.inside = make([][]int32, int(roots)+len(b.functions))
	for i, f := range b.functions {
		for _, k := range b.term[f.first:f.last] {
			if b.root[k-n] < 0 {
				b.owner[k-n] = roots + int32(i)
			}
		}
	}
	for l := len(b.live) - 1; l >= 0; l-- {
		k := b.live[l]
		t := b.owner[k]
		if !b.active[b.n+int(k)] || t < 0 {
			continue
		}
		b.inside[t] = append(b.inside[t], k)
		for _, a := range b.argsOf(&b.nodes[k]) {
			if a >= n && b.root[a-n] < 0 {
				b.owner[a-n] = t
			}
		}
	}
}

// edges calls visit for every argument of the nodes of tree t, and for the terms
// of a function, with the place of the partial derivative.
func (b *gradientBuilder) edges(t, shared int, coefficients int32, visit func(parent, argument, factor int32)) {
	if t >= shared {
		f := b.functions[t-shared]
		for e := f.first; e < f.last; e++ {
			visit(-1, b.term[e], coefficients+e)
		}
	}
	for _, k := range b.inside[t] {
		in := &b.nodes[k]
		for e, a := range b.argsOf(in) {
			visit(k, a, in.partial+int32(e))
		}
	}
}

// variablesOf lists the variables that a tree depends on, over other trees too,
// and for a function those of its linear part.
func (b *gradientBuilder) variablesOf(t int) []int32 {
	shared := len(b.inside) - len(b.functions)
	var list []int32
	n := int32(b.n)
	b.edges(t, shared, 0, func(_, a, _ int32) {
		switch {
		case !b.active[a]:
		case a < n:
			list = append(list, a)
		case b.root[a-n] >= 0:
			list = append(list, b.variables[b.root[a-n]]...)
		}
	})
	if t >= shared {
		column, _ := b.linear.row(int32(t - shared))
		list = append(list, column...)
	}
	slices.Sort(list)
	return slices.Clone(slices.Compact(list))
}

// build writes the sweep of tree t.
func (b *gradientBuilder) build(t, shared int, coefficients int32) {
	n := int32(b.n)
	var offset int32
	switch {
	case t < shared:
		offset = b.base[t] - b.shared
	case t > shared:
		offset = int32(len(b.column))
		b.column = append(b.column, b.variables[t]...)
		b.start = append(b.start, int64(len(b.column)))
	}
	for k, j := range b.variables[t] {
		b.place[j] = offset + int32(k)
		if t == shared {
			b.place[j] = j
		}
	}
	if t >= shared {
		b.placeLinear(t - shared)
	}
	tr := tree{first: len(b.steps), locals: 1}
	source := func(parent int32) int32 {
		if parent < 0 {
			return 0
		}
		return b.local[parent]
	}
	root := int32(-1)
	if t < shared {
		root = b.inside[t][0]
		b.local[root] = 0
	}
	var leaves []int32
	b.edges(t, shared, coefficients, func(parent, a, factor int32) {
		if a < n || !b.active[a] {
			return
		}
		if k := a - n; k != root && b.known[k] != int32(t) {
			b.known[k] = int32(t)
			b.local[k] = int32(tr.locals)
			tr.locals++
			if b.root[k] >= 0 {
				leaves = append(leaves, k)
			}
		}
		b.steps = append(b.steps, step{b.local[a-n], source(parent), factor})
	})
	tr.middle = len(b.steps)
	b.edges(t, shared, coefficients, func(parent, a, factor int32) {
		if a < n {
			b.steps = append(b.steps, step{b.place[a], source(parent), factor})
		}
	})
	for _, k := range leaves {
		leaf := b.root[k]
		for e, j := range b.variables[leaf] {
			b.steps = append(b.steps, step{b.place[j], b.local[k], b.base[leaf] + int32(e)})
		}
	}
	tr.last = len(b.steps)
	b.locals = max(b.locals, tr.locals)
	b.trees = append(b.trees, tr)
}

// placeLinear writes the linear part of function i, 0 the objective, on the
// pattern.
func (b *gradientBuilder) placeLinear(i int) {
	target := &b.linears
	if i == 0 {
		b.slope = make([]float64, b.n)
		target = &b.slope
	} else {
		b.linears = append(b.linears, make([]float64, len(b.column)-len(b.linears))...)
	}
	column, value := b.linear.row(int32(i))
	for k, j := range column {
		(*target)[b.place[j]] += value[k]
	}
}

// sweep runs the sweep of tree t into out. Adjoints of zero go no further: their
// branch isn't taken, and may not be defined.
func (p *program) sweep(t int, out []float64) {
	tr := &p.trees[t]
	adjoint := p.adjoint[:tr.locals]
	clear(adjoint)
	adjoint[0] = 1
	for _, s := range p.steps[tr.first:tr.middle] {
		if a := adjoint[s.source]; a != 0 {
			adjoint[s.target] += a * p.partial[s.factor]
		}
	}
	for _, s := range p.steps[tr.middle:tr.last] {
		if a := adjoint[s.source]; a != 0 {
			out[s.target] += a * p.partial[s.factor]
		}
	}
}

// first writes the gradient of the objective and the Jacobian after forward.
func (p *program) first(gradient, jacobian []float64) {
	shared := p.partial[p.shared:]
	clear(shared)
	copy(gradient, p.slope)
	copy(jacobian, p.linears)
	functions := len(p.trees) - len(p.functions)
	for t := range p.trees {
		switch {
		case t < functions:
			p.sweep(t, shared)
		case t == functions:
			p.sweep(t, gradient)
		default:
			p.sweep(t, jacobian)
		}
	}
}
