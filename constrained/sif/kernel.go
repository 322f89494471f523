package sif

import (
	"slices"
)

// kernel evaluates all elements of one type.
type kernel struct {
	typ                  *elementType
	variables, internals int
	parameters           int
	transform            [][]weight // internal out of elemental variables; nil = they are the same

	value, first, second *program
	gradient             []int32    // elemental variables of the outputs of first after the value
	hessian              [][2]int32 // pairs of elemental variables of the outputs of second, first ≥ second

	count  int
	base   int     // number of its first element, in the order of the kernels
	vars   []int32 // count·variables
	values []float64

	slopes []float64 // of first: count·len(gradient)
}

type weight struct {
	index int32
	value float64
}

// widest is how many elements a program treats at a time: enough to hide the
// cost of finding out what to do, few enough for the registers to stay in cache.
const widest = 32

// transformOf reads the R cards of an element type.
func transformOf(t *elementType) ([][]weight, error) {
	if len(t.internal) == 0 {
		if len(t.code.transform) > 0 {
			return nil, lineError(t.code.transform[0].line, "element type %s has no internal variables", t.name)
		}
		return nil, nil
	}
	w := make([][]weight, len(t.internal))
	for _, c := range t.code.transform {
		i, j := position(t.internal, c.internal), position(t.variables, c.elemental)
		if i < 0 || j < 0 {
			return nil, lineError(c.line, "element type %s has no internal variable %s or no variable %s", t.name, c.internal, c.elemental)
		}
		k := slices.IndexFunc(w[i], func(x weight) bool { return x.index == int32(j) })
		if k < 0 {
			w[i] = append(w[i], weight{int32(j), c.value})
		} else {
			w[i][k].value += c.value
		}
	}
	return w, nil
}

// derivatives are the nodes of a value and of its derivatives by the inputs.
type derivatives struct {
	*formula
	value    int32
	gradient []int32   // zero = none
	hessian  [][]int32 // lower triangle
}

// differentiate compiles a function with its derivatives by the first k inputs.
func differentiate(fn *function, inputs []string, k int) (*derivatives, error) {
	f := newFormula()
	root, err := compile(f, fn, inputs)
	if err != nil {
		return nil, err
	}
	d := &derivatives{formula: f, value: root, gradient: make([]int32, k), hessian: make([][]int32, k)}
	for a := range k {
		d.gradient[a] = f.differentiator(f.input(int32(a))).derive(root)
		d.hessian[a] = make([]int32, a+1)
	}
	for b := 0; b < k && !f.full; b++ {
		by := f.differentiator(f.input(int32(b))) // one at a time: it remembers all nodes
		for a := b; a < k; a++ {
			d.hessian[a][b] = by.derive(d.gradient[a])
		}
	}
	return d, f.check(fn)
}

func newKernel(t *elementType, count int) (*kernel, error) {
	w, err := transformOf(t)
	if err != nil {
		return nil, err
	}
	k := &kernel{typ: t, variables: len(t.variables), internals: len(t.variables), parameters: len(t.constant), transform: w}
	names := t.variables
	if w != nil {
		k.internals, names = len(t.internal), t.internal
	}
	d, err := differentiate(t.code, append(slices.Clone(names), t.constant...), k.internals)
	if err != nil {
		return nil, err
	}
	width := max(1, min(widest, count))
	inputs := k.internals + k.parameters
	slopes, pairs := k.toElemental(d)
	if err := d.check(t.code); err != nil {
		return nil, err
	}
	k.value = newProgram(d.formula, inputs, width, []int32{d.value})
	k.first = newProgram(d.formula, inputs, width, append([]int32{d.value}, slopes...))
	k.second = newProgram(d.formula, inputs, width, pairs)
	return k, nil
}

// toElemental makes nodes of the derivatives by the elemental variables, W'g and
// W'HW, and lists those that are not always zero.
func (k *kernel) toElemental(d *derivatives) (slopes, pairs []int32) {
	w := k.transform
	if w == nil {
		w = make([][]weight, k.variables)
		for i := range w {
			w[i] = []weight{{int32(i), 1}}
		}
	}
	gradient := make([]int32, k.variables)
	for i := range gradient {
		gradient[i] = zero
	}
	for a, row := range w {
		for _, x := range row {
			gradient[x.index] = d.plus(gradient[x.index], d.times(d.gradient[a], d.constant(x.value)))
		}
	}
	for i, g := range gradient {
		if g >= 0 {
			k.gradient, slopes = append(k.gradient, int32(i)), append(slopes, g)
		}
	}
	hessian := map[[2]int32]int32{}
	for a, row := range w {
		for b, h := range d.hessian[a] {
			if h < 0 {
				continue
			}
			for _, x := range row {
				for _, y := range w[b] {
					d.spread(hessian, x, y, h, a == b)
				}
			}
		}
	}
	for p, node := range hessian {
		if node >= 0 {
			k.hessian = append(k.hessian, p)
		}
	}
	slices.SortFunc(k.hessian, func(p, q [2]int32) int {
		if p[0] != q[0] {
			return int(p[0] - q[0])
		}
		return int(p[1] - q[1])
	})
	for _, p := range k.hessian {
		pairs = append(pairs, hessian[p])
	}
	return slopes, pairs
}

// spread adds what the derivative h by two internal variables gives to that by
// the elemental variables x and y, of which each pair is kept once.
func (d *derivatives) spread(hessian map[[2]int32]int32, x, y weight, h int32, diagonal bool) {
	p := [2]int32{x.index, y.index}
	v := x.value * y.value
	switch {
	case diagonal && p[0] < p[1]:
		return // comes again with x and y exchanged
	case !diagonal && p[0] == p[1]:
		v *= 2
	case p[0] < p[1]:
		p[0], p[1] = p[1], p[0]
	}
	old, ok := hessian[p]
	if !ok {
		old = zero
	}
	hessian[p] = d.plus(old, d.times(h, d.constant(v)))
}

// load writes what the elements from first on, n of them, are functions of into
// the registers of a program.
func (k *kernel) load(p *program, x []float64, first, n int) {
	vars := k.vars[first*k.variables:]
	if k.transform == nil {
		for i := range k.variables {
			r := p.register(int32(i))[:n]
			for e := range r {
				r[e] = x[vars[e*k.variables+i]]
			}
		}
	} else {
		for a, row := range k.transform {
			r := p.register(int32(a))[:n]
			for e := range r {
				sum := 0.0
				for _, w := range row {
					sum += w.value * x[vars[e*k.variables+int(w.index)]]
				}
				r[e] = sum
			}
		}
	}
	values := k.values[first*k.parameters:]
	for i := range k.parameters {
		r := p.register(int32(k.internals + i))[:n]
		for e := range r {
			r[e] = values[e*k.parameters+i]
		}
	}
}

// evaluate writes the values of all elements, and if slopes is set their first
// derivatives.
func (k *kernel) evaluate(x, values []float64, slopes bool) {
	p := k.value
	if slopes {
		p = k.first
	}
	for at := 0; at < k.count; at += p.width {
		n := min(p.width, k.count-at)
		k.load(p, x, at, n)
		p.run(n)
		copy(values[k.base+at:][:n], p.output(0))
		if !slopes {
			continue
		}
		g := len(k.gradient)
		for i := range g {
			out := p.output(1 + i)
			for e := range n {
				k.slopes[(at+e)*g+i] = out[e]
			}
		}
	}
}
