package sif

import (
	"context"
	"math"
	"strings"

	"solve/constrained"
)

// decoder gathers the problem from the cards.
type decoder struct {
	machine
	options *Options

	variables, groups, elements *names

	lower, upper, start []float64 // start: NaN = not given
	bounded             []bool    // has bounds of its own
	integral            []bool
	defaultLower        float64
	defaultUpper        float64
	defaultStart        float64
	integers            bool // between markers

	group     []groupData
	linear    []term
	defaults  struct{ constant, rng, multiplier float64 }
	quadratic []term            // group = the other variable
	sets      map[string]string // the set of each section that counts
	setSeen   map[string]bool

	elementTypes map[string]*elementType
	groupTypes   map[string]*groupType
	defaultType  *elementType // of elements
	defaultGroup *groupType

	element         []elementData
	elementVariable []int32 // −1 = not given
	elementValue    []float64
	uses            []use
	groupValues     []groupValue
	objectBounds    [2]float64
}

type groupData struct {
	line                      int32
	kind                      byte // N, E, L, G
	scale                     float64
	constant, rng, multiplier float64 // NaN = not given
	kindOf                    *groupType
}

type term struct {
	group, variable int32
	value           float64
}

type elementType struct {
	name                          string
	line                          int32
	variables, internal, constant []string // in capitals
	code                          *function
}

type groupType struct {
	name     string
	line     int32
	variable string
	constant []string
	code     *function
}

type elementData struct {
	line      int32
	kind      *elementType // nil = none yet
	variables int          // first of its places in elementVariable
	values    int          // in elementValue
}

type use struct {
	group, element int32
	weight         float64
}

type groupValue struct {
	line  int32
	group int32
	name  string
	value float64
}

var notGiven = math.NaN()

func newDecoder(ctx context.Context, f *file, o *Options) *decoder {
	d := &decoder{options: o, variables: newNames(), groups: newNames(), elements: newNames()}
	d.machine = machine{ctx: ctx, file: f, integers: f.integers, reals: newNames(), overrides: o.Parameters, limit: o.memory()}
	d.defaultUpper = math.Inf(1)
	d.defaults.rng = notGiven
	d.sets, d.setSeen = map[string]string{}, map[string]bool{}
	for section, set := range map[string]string{"BOUNDS": o.BoundsSet, "RANGES": o.RangesSet, "CONSTANTS": o.ConstantsSet, "START POINT": o.StartSet} {
		if set != "" {
			d.sets[section] = set
		}
	}
	d.elementTypes, d.groupTypes = map[string]*elementType{}, map[string]*groupType{}
	d.objectBounds = [2]float64{math.Inf(-1), math.Inf(1)}
	return d
}

// decode executes the first part of the file.
func (d *decoder) decode() error {
	for i := range d.file.sections {
		s := &d.file.sections[i]
		if s.part != 1 {
			continue
		}
		handle := map[string]func(*card) error{
			"NAME": d.stray, "GROUPS": d.groupCard, "VARIABLES": d.variableCard,
			"CONSTANTS": d.constantCard, "RANGES": d.rangeCard, "BOUNDS": d.boundCard,
			"START POINT": d.startCard, "QUADRATIC": d.quadraticCard,
			"ELEMENT TYPE": d.elementTypeCard, "ELEMENT USES": d.elementCard,
			"GROUP TYPE": d.groupTypeCard, "GROUP USES": d.groupUseCard,
			"OBJECT BOUND": d.objectBoundCard,
		}[s.kind]
		if err := d.run(s.cards, handle); err != nil {
			return err
		}
	}
	if d.longLine > 0 {
		d.file.warn(lineText(d.longLine) + ": the name " + d.longName + " has more than 10 characters")
	}
	for section, set := range map[string]string{"BOUNDS": d.options.BoundsSet, "RANGES": d.options.RangesSet, "CONSTANTS": d.options.ConstantsSet, "START POINT": d.options.StartSet} {
		if set != "" && !d.setSeen[section] {
			return unknownSet(section, set)
		}
	}
	return nil
}

func (d *decoder) stray(c *card) error {
	d.file.warn(lineText(c.line) + ": a card that belongs to no section is ignored")
	return nil
}

// chosen tells whether a card belongs to the set of its section that counts.
func (d *decoder) chosen(section string, c *card) bool {
	set, ok := d.sets[section]
	if !ok {
		d.sets[section] = c.two.text
		return true
	}
	if set != c.two.text {
		return false
	}
	d.setSeen[section] = true
	return true
}

// lookUp is the number of a name, −1 if it is new; buffer then holds it. A name
// without indices is looked up once.
func (d *decoder) lookUp(t *names, c *card, f *field) (int32, error) {
	if f.id > 0 {
		return f.id - 1, nil
	}
	name, err := d.expand(c, f, d.buffer)
	d.buffer = name
	if err != nil {
		return 0, err
	}
	id := t.find(name)
	if id >= 0 && f.pattern == 0 {
		f.id = id + 1
	}
	return id, nil
}

func (d *decoder) variable(c *card, f *field) (int32, error) {
	id, err := d.lookUp(d.variables, c, f)
	if err == nil && id < 0 {
		err = lineError(c.line, "unknown variable %s", d.buffer)
	}
	return id, err
}

func (d *decoder) groupOf(c *card, f *field) (int32, error) {
	id, err := d.lookUp(d.groups, c, f)
	if err == nil && id < 0 {
		err = lineError(c.line, "unknown group %s", d.buffer)
	}
	return id, err
}

// newVariable is the number of a variable, which may be new.
func (d *decoder) newVariable(c *card, f *field) (int32, error) {
	id, err := d.lookUp(d.variables, c, f)
	if err != nil || id >= 0 {
		return id, err
	}
	id, _ = d.variables.add(d.buffer)
	d.lower, d.upper = append(d.lower, 0), append(d.upper, math.Inf(1))
	d.start = append(d.start, notGiven)
	d.bounded, d.integral = append(d.bounded, false), append(d.integral, false)
	return id, nil
}

// value is the number of a pair: field 4 or 6, or on Z-cards the real parameter
// of field 5.
func (d *decoder) value(c *card, second bool) (float64, error) {
	switch {
	case strings.HasPrefix(c.code, "Z"):
		return d.realValue(c, &c.five)
	case second:
		return d.number(c, &c.six, 6)
	}
	return d.number(c, &c.four, 4)
}

// pairs calls f for the names of fields 3 and 5 that are given.
func (d *decoder) pairs(c *card, f func(name *field, second bool) error) error {
	if c.three.text != "" {
		if err := f(&c.three, false); err != nil {
			return err
		}
	}
	if c.five.text != "" && !strings.HasPrefix(c.code, "Z") {
		return f(&c.five, true)
	}
	return nil
}

// bound is v, or infinite from constrained.Infinity on.
func bound(v float64) float64 {
	switch {
	case v >= constrained.Infinity:
		return math.Inf(1)
	case v <= -constrained.Infinity:
		return math.Inf(-1)
	}
	return v
}
