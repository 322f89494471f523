package sif

import (
	"fmt"
	"math"

	"solve/solver"
)

// Difference is a derivative card of the file that contradicts the function it
// belongs to.
type Difference struct {
	Line     int     // of the card; of the T card where a card is missing
	Type     string  // element or group type
	Name     string  // the first element or group of that type where they differ
	Card     string  // "G V1", "H V1 V2"
	File     float64 // what the card says; 0 if it is missing
	Computed float64 // the derivative of the F card
}

// derivativeTolerance is how far a card may be off, relative to the derivative.
const derivativeTolerance = 1e-8

// CheckDerivatives compares the G and H cards of the file with the derivatives of
// its F cards at x, for all elements and groups. A type without any G card, or
// without any H card, leaves that to the reader and is passed over.
func (m *Model) CheckDerivatives(x []float64) ([]Difference, error) {
	s := m.structure
	if len(x) != s.n {
		return nil, fmt.Errorf("sif: %d values for %d variables: %w", len(x), s.n, solver.ErrDimension)
	}
	c := &derivativeCheck{compiled: map[*function]*cardProgram{}, seen: map[differenceKey]bool{}}
	for i := range s.elements {
		e := &s.elements[i]
		names, w, err := e.typ.dense()
		if err != nil {
			return nil, err
		}
		u := make([]float64, len(names))
		for a := range u {
			for b, coefficient := range w[a] {
				u[a] += coefficient * x[e.variables[b]]
			}
		}
		if err := c.function(e.typ.code, m.elementNames.name(e.name), names, e.typ.constant, u, e.values); err != nil {
			return nil, err
		}
	}
	for i := range s.groups {
		g := &s.groups[i]
		if g.typ == nil {
			continue
		}
		alpha := -g.constant
		for _, t := range g.linear {
			alpha += t.value * x[t.variable]
		}
		for _, u := range g.uses {
			value, err := s.plainElement(&s.elements[u.element], x, 0, map[int32]float64{})
			if err != nil {
				return nil, err
			}
			alpha += u.weight * value
		}
		if err := c.function(g.typ.code, m.groupNames.name(g.name), []string{g.typ.variable}, g.typ.constant, []float64{alpha}, g.values); err != nil {
			return nil, err
		}
	}
	return c.found, nil
}

type differenceKey struct {
	fn   *function
	a, b int // b = −1 for a first derivative
}

type derivativeCheck struct {
	compiled map[*function]*cardProgram
	seen     map[differenceKey]bool
	found    []Difference
}

// cardProgram computes the derivatives by the internal variables.
type cardProgram struct {
	*program
	output map[differenceKey]int // of those that are not always zero
}

func (c *derivativeCheck) program(fn *function, variables, constant []string) (*cardProgram, error) {
	if p := c.compiled[fn]; p != nil {
		return p, nil
	}
	d, err := differentiate(fn, append(append([]string{}, variables...), constant...), len(variables))
	if err != nil {
		return nil, err
	}
	p := &cardProgram{output: map[differenceKey]int{}}
	var roots []int32
	add := func(a, b int, node int32) {
		if node >= 0 {
			p.output[differenceKey{fn, a, b}] = len(roots)
			roots = append(roots, node)
		}
	}
	for a := range variables {
		add(a, -1, d.gradient[a])
		for b := range a + 1 {
			add(a, b, d.hessian[a][b])
		}
	}
	p.program = newProgram(d.formula, len(variables)+len(constant), 1, roots)
	c.compiled[fn] = p
	return p, nil
}

// function checks the cards of one function at one point.
func (c *derivativeCheck) function(fn *function, name string, variables, constant []string, u, values []float64) error {
	p, err := c.program(fn, variables, constant)
	if err != nil {
		return err
	}
	in := &interpreter{fn: fn, names: map[string]dual{}}
	for i, v := range append(append([]string{}, variables...), constant...) {
		x := values
		k := i - len(u)
		if i < len(u) {
			x, k = u, i
		}
		in.names[v] = dual{x[k], 0, 'R'}
		p.register(int32(i))[0] = x[k]
	}
	cards := map[differenceKey]float64{}
	lines := map[differenceKey]int{}
	var unknown error
	first, second := false, false
	in.derivative = func(s *statement, value float64) {
		k := differenceKey{fn, index(variables, s.target), -1}
		if s.kind == 'H' {
			second = true
			b := index(variables, s.other)
			k.a, k.b = max(k.a, b), min(k.a, b)
		} else {
			first = true
		}
		if k.a < 0 || s.kind == 'H' && k.b < 0 {
			unknown = lineError(s.line, "type %s has no variable %s", fn.name, s.target)
		}
		cards[k], lines[k] = value, int(s.line)
	}
	if err := in.run(); err != nil {
		return err
	}
	if unknown != nil {
		return unknown
	}
	p.run(1)
	for a, v := range variables {
		if first {
			c.compare(p, differenceKey{fn, a, -1}, name, "G "+v, cards, lines)
		}
		for b := range a + 1 {
			if second {
				c.compare(p, differenceKey{fn, a, b}, name, "H "+variables[b]+" "+v, cards, lines)
			}
		}
	}
	return nil
}

// index finds the variable of a card; a group's need not be named.
func index(variables []string, name string) int {
	if name == "" && len(variables) == 1 {
		return 0
	}
	return position(variables, name)
}

func (c *derivativeCheck) compare(p *cardProgram, k differenceKey, name, card string, cards map[differenceKey]float64, lines map[differenceKey]int) {
	computed := 0.0
	if i, ok := p.output[k]; ok {
		computed = p.program.output(i)[0]
	}
	file := cards[k]
	if math.Abs(file-computed) <= derivativeTolerance*math.Max(1, math.Abs(computed)) || file == computed || c.seen[k] || math.IsNaN(file) && math.IsNaN(computed) {
		return
	}
	c.seen[k] = true
	line := lines[k]
	if line == 0 {
		line = int(k.fn.line)
	}
	c.found = append(c.found, Difference{Line: line, Type: k.fn.name, Name: name, Card: card, File: file, Computed: computed})
}
