package sif

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"solve/solver"
)

func lineText(line int32) string { return "line " + strconv.Itoa(int(line)) }

func unknownSet(section, set string) error {
	return fmt.Errorf("sif: %w", &solver.OptionError{Name: strings.ToLower(section) + " set", Value: set, Want: "the name of a set in the file"})
}

func badCode(c *card, section string) error {
	return lineError(c.line, "code %q has no meaning in section %s", c.code, section)
}

func (d *decoder) groupCard(c *card) error {
	n := len(c.code)
	if n == 0 || strings.IndexByte("NELG", c.code[n-1]) < 0 || n == 2 && strings.IndexByte("XZD", c.code[0]) < 0 {
		return badCode(c, "GROUPS")
	}
	g, err := d.lookUp(d.groups, c, &c.two)
	if err != nil {
		return err
	}
	if g < 0 {
		g, _ = d.groups.add(d.buffer)
		d.group = append(d.group, groupData{line: c.line, kind: c.code[n-1], scale: 1, constant: notGiven, rng: notGiven, multiplier: notGiven})
	}
	if n == 2 && c.code[0] == 'D' {
		return d.sumOfGroups(c, g)
	}
	return d.pairs(c, func(f *field, second bool) error {
		v, err := d.value(c, second)
		if err != nil {
			return err
		}
		if f.text == "'SCALE'" {
			return d.scaleGroup(c, g, v)
		}
		j, err := d.variable(c, f)
		if err == nil {
			d.linear = append(d.linear, term{g, j, v})
		}
		return err
	})
}

func (d *decoder) scaleGroup(c *card, g int32, v float64) error {
	if v == 0 {
		return lineError(c.line, "group %s has the scale 0", d.groups.name(g))
	}
	d.group[g].scale = v
	return nil
}

// sumOfGroups adds multiples of the linear parts of other groups.
func (d *decoder) sumOfGroups(c *card, g int32) error {
	return d.pairs(c, func(f *field, second bool) error {
		from, err := d.groupOf(c, f)
		if err != nil {
			return err
		}
		v, err := d.value(c, second)
		if err != nil {
			return err
		}
		terms := d.linear
		for _, t := range terms {
			if t.group == from {
				d.linear = append(d.linear, term{g, t.variable, v * t.value})
			}
		}
		added := len(d.linear) - len(terms)
		return d.reserve("the groups that are sums of groups", int64(24*added+len(terms)/64))
	})
}

func (d *decoder) variableCard(c *card) error {
	if c.code != "" && c.code != "X" && c.code != "Z" {
		return badCode(c, "VARIABLES")
	}
	if c.three.text == "'MARKER'" {
		d.integers = strings.Contains(c.five.text, "INTORG")
		return nil
	}
	j, err := d.newVariable(c, &c.two)
	if err != nil {
		return err
	}
	d.integral[j] = d.integral[j] || d.integers
	return d.pairs(c, func(f *field, second bool) error {
		switch f.text {
		case "'INTEGER'", "INTEGER":
			d.integral[j] = true
			return nil
		case "'ZERO-ONE'", "ZERO-ONE":
			d.integral[j], d.bounded[j] = true, true
			d.lower[j], d.upper[j] = 0, 1
			return nil
		}
		v, err := d.value(c, second)
		if err != nil || f.text == "'SCALE'" {
			return err // scales of variables are advice, which the values must not follow
		}
		g, err := d.groupOf(c, f)
		if err == nil {
			d.linear = append(d.linear, term{g, j, v})
		}
		return err
	})
}

// plainCode accepts the codes of sections that need none but X or Z; some files
// repeat the kind of the group.
func plainCode(c *card) bool {
	code := c.code
	if code != "" && (code[0] == 'X' || code[0] == 'Z') {
		code = code[1:]
	}
	return code == "" || code == "N" || code == "E" || code == "L" || code == "G"
}

func (d *decoder) constantCard(c *card) error {
	return d.groupValuesOf(c, "CONSTANTS", &d.defaults.constant, func(g int32, v float64) { d.group[g].constant = v })
}

func (d *decoder) rangeCard(c *card) error {
	return d.groupValuesOf(c, "RANGES", &d.defaults.rng, func(g int32, v float64) {
		if kind := d.group[g].kind; kind != 'L' && kind != 'G' {
			d.file.warn(fmt.Sprintf("%s: the range of group %s, which is of kind %c, is ignored", lineText(c.line), d.groups.name(g), kind))
			return
		}
		d.group[g].rng = v
	})
}

// groupValuesOf reads a card of a section that gives numbers to groups, if its
// set is the chosen one.
func (d *decoder) groupValuesOf(c *card, section string, byDefault *float64, set func(g int32, v float64)) error {
	if !plainCode(c) {
		return badCode(c, section)
	}
	if !d.chosen(section, c) {
		return nil
	}
	return d.pairs(c, func(f *field, second bool) error {
		v, err := d.value(c, second)
		if err != nil {
			return err
		}
		if f.text == "'DEFAULT'" {
			*byDefault = v
			return nil
		}
		g, err := d.groupOf(c, f)
		if err == nil {
			set(g, v)
		}
		return err
	})
}

// boundKinds are the last letters that tell the codes of bounds apart, R for FR.
var boundKinds = map[string]byte{
	"LO": 'L', "UP": 'U', "FX": 'X', "FR": 'R', "MI": 'M', "PL": 'P',
	"XL": 'L', "XU": 'U', "XX": 'X', "XR": 'R', "XM": 'M', "XP": 'P',
	"ZL": 'L', "ZU": 'U', "ZX": 'X',
}

func (d *decoder) boundCard(c *card) error {
	kind := boundKinds[c.code]
	if kind == 0 {
		return badCode(c, "BOUNDS")
	}
	if !d.chosen("BOUNDS", c) {
		return nil
	}
	lower, upper := &d.defaultLower, &d.defaultUpper
	if c.three.text != "'DEFAULT'" {
		j, err := d.variable(c, &c.three)
		if err != nil {
			return err
		}
		if !d.bounded[j] {
			d.bounded[j] = true
			d.lower[j], d.upper[j] = d.defaultLower, d.defaultUpper
		}
		lower, upper = &d.lower[j], &d.upper[j]
	}
	var v float64
	if kind == 'L' || kind == 'U' || kind == 'X' {
		var err error
		if v, err = d.value(c, false); err != nil {
			return err
		}
		v = bound(v)
	}
	unset := *lower == 0 && math.IsInf(*upper, 1)
	switch kind {
	case 'L':
		*lower = v
	case 'U':
		if v == 0 && unset {
			*lower = math.Inf(-1)
		}
		*upper = v
	case 'X':
		*lower, *upper = v, v
	case 'R':
		*lower, *upper = math.Inf(-1), math.Inf(1)
	case 'M':
		if unset {
			*upper = 0
		}
		*lower = math.Inf(-1)
	case 'P':
		*upper = math.Inf(1)
	}
	return nil
}

func (d *decoder) startCard(c *card) error {
	code := c.code
	if n := len(code); n == 2 && (code[0] == 'X' || code[0] == 'Z') {
		code = code[1:]
	}
	if code != "V" && code != "M" && !plainCode(c) {
		return badCode(c, "START POINT")
	}
	if !d.chosen("START POINT", c) {
		return nil
	}
	return d.pairs(c, func(f *field, second bool) error {
		v, err := d.value(c, second)
		if err != nil {
			return err
		}
		if f.text == "'DEFAULT'" {
			if code != "M" {
				d.defaultStart = v
			}
			if code != "V" {
				d.defaults.multiplier = v
			}
			return nil
		}
		return d.startOf(c, f, code, v)
	})
}

// startOf sets the start of a variable, or else of the multiplier of a group.
func (d *decoder) startOf(c *card, f *field, code string, v float64) error {
	name, err := d.expand(c, f, d.buffer)
	d.buffer = name
	if err != nil {
		return err
	}
	if code != "M" {
		if j := d.variables.find(name); j >= 0 {
			d.start[j] = v
			return nil
		}
	}
	if code != "V" {
		if g := d.groups.find(name); g >= 0 {
			d.group[g].multiplier = v
			return nil
		}
	}
	return lineError(c.line, "unknown variable or group %s", name)
}

func (d *decoder) quadraticCard(c *card) error {
	if !plainCode(c) {
		return badCode(c, "QUADRATIC")
	}
	i, err := d.variable(c, &c.two)
	if err != nil {
		return err
	}
	return d.pairs(c, func(f *field, second bool) error {
		j, err := d.variable(c, f)
		if err != nil {
			return err
		}
		v, err := d.value(c, second)
		if err == nil {
			d.quadratic = append(d.quadratic, term{max(i, j), min(i, j), v})
		}
		return err
	})
}

var objectBoundSide = map[string]int{"LO": 0, "XL": 0, "ZL": 0, "UP": 1, "XU": 1, "ZU": 1}

func (d *decoder) objectBoundCard(c *card) error {
	k, ok := objectBoundSide[c.code]
	if !ok {
		return badCode(c, "OBJECT BOUND")
	}
	if !d.chosen("OBJECT BOUND", c) {
		return nil
	}
	v, err := d.value(c, false)
	if err == nil {
		d.objectBounds[k] = bound(v)
	}
	return err
}
