package sif

import (
	"math"
	"slices"
	"strings"
)

// structure is the problem as decoded: what both ways to evaluate it share.
type structure struct {
	n, m      int
	groups    []group
	elements  []element // those that some group uses
	quadratic []term    // group ≥ variable: entries of the symmetric matrix, both triangles at once
	row       []int32   // group → constraint, −1 = objective
}

// group has the value g(α)/scale with α = Σ linear + Σ weight·element − constant.
type group struct {
	name            int32
	kind            byte
	scale, constant float64
	linear          []term // by variable
	uses            []use  // by element
	typ             *groupType
	values          []float64 // of the parameters of the type
}

type element struct {
	name      int32
	typ       *elementType
	variables []int32
	values    []float64
}

// structure arranges what the decoder has gathered.
func (d *decoder) structure() (*structure, error) {
	if err := d.complete(); err != nil {
		return nil, err
	}
	if err := d.reserve("the problem", int64(len(d.group))*200+int64(len(d.linear))*16+int64(len(d.uses))*16+int64(len(d.element))*100+int64(d.variables.len())*64); err != nil {
		return nil, err
	}
	s := &structure{n: d.variables.len(), groups: make([]group, len(d.group)), row: make([]int32, len(d.group)), quadratic: mergeQuadratic(d.quadratic)}
	linear := d.sortLinear()
	slices.SortStableFunc(d.uses, func(a, b use) int {
		if a.group != b.group {
			return int(a.group - b.group)
		}
		return int(a.element - b.element)
	})
	uses := d.uses
	number := make([]int32, len(d.element)) // 1 = used, then the new number
	for i := range uses {
		number[uses[i].element] = 1
	}
	if err := d.placeElements(s, number); err != nil {
		return nil, err
	}
	for i := range s.groups {
		g := &s.groups[i]
		data := &d.group[i]
		*g = group{name: int32(i), kind: data.kind, scale: data.scale, constant: data.constant, typ: data.kindOf}
		if math.IsNaN(g.constant) {
			g.constant = d.defaults.constant
		}
		g.linear, linear = cutTerms(linear, int32(i))
		g.uses, uses = cutUses(uses, int32(i))
		for k := range g.uses {
			g.uses[k].element = number[g.uses[k].element]
		}
		s.row[i] = -1
		if g.kind != 'N' {
			s.row[i] = int32(s.m)
			s.m++
		}
		if g.typ != nil {
			g.values = make([]float64, len(g.typ.constant))
			for k := range g.values {
				g.values[k] = notGiven
			}
		}
	}
	return s, d.placeGroupValues(s)
}

// placeElements keeps the elements that are used, and turns number into their
// new numbers.
func (d *decoder) placeElements(s *structure, number []int32) error {
	for e := range d.element {
		if number[e] == 0 {
			continue
		}
		x := &d.element[e]
		if x.kind.code == nil {
			return lineError(x.kind.line, "element type %s has no function", x.kind.name)
		}
		number[e] = int32(len(s.elements))
		s.elements = append(s.elements, element{
			name: int32(e), typ: x.kind,
			variables: d.elementVariable[x.variables:][:len(x.kind.variables)],
			values:    d.elementValue[x.values:][:len(x.kind.constant)],
		})
	}
	return nil
}

func (d *decoder) placeGroupValues(s *structure) error {
	for _, v := range d.groupValues {
		g := &s.groups[v.group]
		if g.typ == nil {
			return lineError(v.line, "group %s has no type that takes the parameter %s", d.groups.name(v.group), v.name)
		}
		k := position(g.typ.constant, v.name)
		if k < 0 {
			return lineError(v.line, "group type %s has no parameter %s", g.typ.name, v.name)
		}
		g.values[k] = v.value
	}
	for i := range s.groups {
		g := &s.groups[i]
		if g.typ == nil {
			continue
		}
		if g.typ.code == nil {
			return lineError(g.typ.line, "group type %s has no function", g.typ.name)
		}
		for k, v := range g.values {
			if math.IsNaN(v) {
				return lineError(d.group[i].line, "group %s: its parameter %s is not given", d.groups.name(g.name), g.typ.constant[k])
			}
		}
	}
	return nil
}

// sortLinear orders the linear terms by group and variable and adds up repeats.
func (d *decoder) sortLinear() []term {
	terms := d.linear
	inOrder := func(a, b term) int {
		if a.group != b.group {
			return int(a.group - b.group)
		}
		return int(a.variable - b.variable)
	}
	if !slices.IsSortedFunc(terms, inOrder) {
		slices.SortStableFunc(terms, inOrder)
	}
	return merge(terms)
}

// merge adds up neighbours of one place, in place, and leaves out zeros.
func merge(terms []term) []term {
	out := terms[:0]
	for i := 0; i < len(terms); {
		t := terms[i]
		for i++; i < len(terms) && terms[i].group == t.group && terms[i].variable == t.variable; i++ {
			t.value += terms[i].value
		}
		if t.value != 0 {
			out = append(out, t)
		}
	}
	return out
}

func mergeQuadratic(terms []term) []term {
	slices.SortStableFunc(terms, func(a, b term) int {
		if a.group != b.group {
			return int(a.group - b.group)
		}
		return int(a.variable - b.variable)
	})
	return merge(terms)
}

func cutTerms(terms []term, g int32) (own, rest []term) {
	n := 0
	for n < len(terms) && terms[n].group == g {
		n++
	}
	return terms[:n:n], terms[n:]
}

// cutUses takes the uses of a group off the front; weights of one element add up.
func cutUses(uses []use, g int32) (own, rest []use) {
	n, kept := 0, 0
	for n < len(uses) && uses[n].group == g {
		if kept > 0 && uses[kept-1].element == uses[n].element {
			uses[kept-1].weight += uses[n].weight
		} else {
			uses[kept] = uses[n]
			kept++
		}
		n++
	}
	return uses[:kept:kept], uses[n:]
}

// attachCode gives the types their functions.
func (d *decoder) attachCode() error {
	elements, err := d.file.code(2)
	if err != nil {
		return err
	}
	groups, err := d.file.code(3)
	if err != nil {
		return err
	}
	for _, t := range d.elementTypes {
		t.code = elements[strings.ToUpper(t.name)]
	}
	for _, t := range d.groupTypes {
		t.code = groups[strings.ToUpper(t.name)]
	}
	return nil
}
