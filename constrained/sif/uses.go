package sif

import (
	"math"
	"slices"
	"strings"
)

func (d *decoder) elementTypeCard(c *card) error {
	t := d.elementTypes[c.two.text]
	if t == nil {
		t = &elementType{name: c.two.text, line: c.line}
		d.elementTypes[t.name] = t
	}
	var list *[]string
	switch c.code {
	case "EV":
		list = &t.variables
	case "IV":
		list = &t.internal
	case "EP":
		list = &t.constant
	default:
		return badCode(c, "ELEMENT TYPE")
	}
	for _, f := range []*field{&c.three, &c.five} {
		name := strings.ToUpper(f.text)
		if name == "" || slices.Contains(*list, name) {
			continue
		}
		*list = append(*list, name)
	}
	return nil
}

func (d *decoder) groupTypeCard(c *card) error {
	t := d.groupTypes[c.two.text]
	if t == nil {
		t = &groupType{name: c.two.text, line: c.line}
		d.groupTypes[t.name] = t
	}
	switch c.code {
	case "GV":
		t.variable = strings.ToUpper(c.three.text)
	case "GP":
		for _, f := range []*field{&c.three, &c.five} {
			if f.text != "" {
				t.constant = append(t.constant, strings.ToUpper(f.text))
			}
		}
	default:
		return badCode(c, "GROUP TYPE")
	}
	return nil
}

func (d *decoder) elementCard(c *card) error {
	if (c.code == "T" || c.code == "XT") && c.two.text == "'DEFAULT'" {
		t, err := d.elementTypeOf(c)
		d.defaultType = t
		return err
	}
	switch c.code {
	case "T", "XT", "V", "ZV", "XV", "P", "XP", "ZP":
	default:
		return badCode(c, "ELEMENT USES")
	}
	e, err := d.elementOf(c)
	if err != nil {
		return err
	}
	switch c.code {
	case "T", "XT":
		t, err := d.elementTypeOf(c)
		if err != nil {
			return err
		}
		return d.setType(e, t)
	case "V", "ZV", "XV":
		return d.elementVariableCard(c, e)
	}
	return d.pairs(c, func(f *field, second bool) error {
		v, err := d.value(c, second)
		if err != nil {
			return err
		}
		return d.elementValueOf(c, e, f, v)
	})
}

func (d *decoder) elementTypeOf(c *card) (*elementType, error) {
	t := d.elementTypes[c.three.text]
	if t == nil {
		return nil, lineError(c.line, "unknown element type %s", c.three.text)
	}
	return t, nil
}

// elementOf is the element that a card speaks of, which may be new.
func (d *decoder) elementOf(c *card) (int32, error) {
	e, err := d.lookUp(d.elements, c, &c.two)
	if err != nil || e >= 0 {
		return e, err
	}
	e, _ = d.elements.add(d.buffer)
	d.element = append(d.element, elementData{line: c.line})
	if d.defaultType != nil {
		err = d.setType(e, d.defaultType)
	}
	return e, err
}

// setType gives an element the places of its type; what it was given under
// another type moves to the places of the same names.
func (d *decoder) setType(e int32, t *elementType) error {
	x := &d.element[e]
	old := *x
	if old.kind == t {
		return nil
	}
	if err := d.reserve("the elements", int64(4*len(t.variables)+8*len(t.constant))); err != nil {
		return err
	}
	x.kind, x.variables, x.values = t, len(d.elementVariable), len(d.elementValue)
	for range t.variables {
		d.elementVariable = append(d.elementVariable, -1)
	}
	for range t.constant {
		d.elementValue = append(d.elementValue, notGiven)
	}
	if old.kind == nil {
		return nil
	}
	for i, name := range old.kind.variables {
		if k := slices.Index(t.variables, name); k >= 0 {
			d.elementVariable[x.variables+k] = d.elementVariable[old.variables+i]
		}
	}
	for i, name := range old.kind.constant {
		if k := slices.Index(t.constant, name); k >= 0 {
			d.elementValue[x.values+k] = d.elementValue[old.values+i]
		}
	}
	return nil
}

// position finds a name of the type; −1 = it has no such name.
func position(list []string, name string) int {
	for i, s := range list {
		if s == name {
			return i
		}
	}
	for i, s := range list {
		if strings.EqualFold(s, name) {
			return i
		}
	}
	return -1
}

func (d *decoder) elementVariableCard(c *card, e int32) error {
	t := d.element[e].kind
	if t == nil {
		return lineError(c.line, "element %s has no type yet", d.elements.name(e))
	}
	k := position(t.variables, c.three.text)
	if k < 0 {
		return lineError(c.line, "element type %s has no variable %s", t.name, c.three.text)
	}
	if c.five.text == "" {
		return lineError(c.line, "field 5 names no variable")
	}
	j, err := d.newVariable(c, &c.five)
	if err != nil {
		return err
	}
	d.elementVariable[d.element[e].variables+k] = j
	return nil
}

func (d *decoder) elementValueOf(c *card, e int32, f *field, v float64) error {
	t := d.element[e].kind
	if t == nil {
		return lineError(c.line, "element %s has no type yet", d.elements.name(e))
	}
	k := position(t.constant, f.text)
	if k < 0 {
		return lineError(c.line, "element type %s has no parameter %s", t.name, f.text)
	}
	d.elementValue[d.element[e].values+k] = v
	return nil
}

func (d *decoder) groupUseCard(c *card) error {
	typed := c.code == "T" || c.code == "XT" || c.code == "" && c.two.text == "'DEFAULT'"
	if typed {
		t := d.groupTypes[c.three.text]
		if t == nil {
			return lineError(c.line, "unknown group type %s", c.three.text)
		}
		if c.two.text == "'DEFAULT'" {
			d.defaultGroup = t
			return nil
		}
		g, err := d.groupOf(c, &c.two)
		if err == nil {
			d.group[g].kindOf = t
		}
		return err
	}
	g, err := d.groupOf(c, &c.two)
	if err != nil {
		return err
	}
	switch c.code {
	case "E", "XE", "ZE":
		return d.pairs(c, func(f *field, second bool) error { return d.useElement(c, g, f, second) })
	case "P", "XP", "ZP":
		return d.pairs(c, func(f *field, second bool) error {
			v, err := d.value(c, second)
			if err == nil {
				d.groupValues = append(d.groupValues, groupValue{c.line, g, f.text, v})
			}
			return err
		})
	}
	return badCode(c, "GROUP USES")
}

func (d *decoder) useElement(c *card, g int32, f *field, second bool) error {
	e, err := d.lookUp(d.elements, c, f)
	if err != nil {
		return err
	}
	if e < 0 {
		return lineError(c.line, "unknown element %s", d.buffer)
	}
	weight := 1.0
	n := &c.four
	if second {
		n = &c.six
	}
	if c.code == "ZE" || n.state != blank {
		if weight, err = d.value(c, second); err != nil {
			return err
		}
	}
	d.uses = append(d.uses, use{g, e, weight})
	return nil
}

// complete checks that whatever is used has all that it needs.
func (d *decoder) complete() error {
	for e := range d.element {
		x := &d.element[e]
		if x.kind == nil {
			return lineError(x.line, "element %s has no type", d.elements.name(int32(e)))
		}
		for k, name := range x.kind.variables {
			if d.elementVariable[x.variables+k] < 0 {
				return lineError(x.line, "element %s: its variable %s is not given", d.elements.name(int32(e)), name)
			}
		}
		for k, name := range x.kind.constant {
			if math.IsNaN(d.elementValue[x.values+k]) {
				return lineError(x.line, "element %s: its parameter %s is not given", d.elements.name(int32(e)), name)
			}
		}
	}
	for g := range d.group {
		if d.group[g].kindOf == nil {
			d.group[g].kindOf = d.defaultGroup
		}
	}
	return nil
}
