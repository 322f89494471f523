package sif

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"solve/solver"
)

// isParameter holds the codes of the cards that set parameters.
var isParameter = func() map[string]bool {
	codes := map[string]bool{"IR": true, "RI": true, "AI": true}
	for _, kind := range []string{"I", "R", "A"} {
		for _, op := range []string{"E", "A", "S", "M", "D", "=", "+", "-", "*", "/"} {
			codes[kind+op] = true
		}
		if kind != "I" {
			codes[kind+"F"], codes[kind+"("] = true, true
		}
	}
	return codes
}()

var functions = map[string]func(float64) float64{
	"ABS": math.Abs, "SQRT": math.Sqrt, "EXP": math.Exp, "LOG": math.Log, "LOG10": math.Log10,
	"SIN": math.Sin, "COS": math.Cos, "TAN": math.Tan,
	"ARCSIN": math.Asin, "ARCCOS": math.Acos, "ARCTAN": math.Atan,
	"HYPSIN": math.Sinh, "HYPCOS": math.Cosh, "HYPTAN": math.Tanh,
}

func (m *machine) integerID(f *field) int32 {
	if f.id == 0 {
		id, _ := m.integers.add([]byte(f.text))
		f.id = id + 1
	}
	return f.id - 1
}

func (m *machine) setInteger(id int32, v int64) {
	for int(id) >= len(m.integer) {
		m.integer = append(m.integer, 0)
		m.integerDefined = append(m.integerDefined, false)
	}
	m.integer[id], m.integerDefined[id] = v, true
}

func (m *machine) integerValue(line int32, f *field) (int64, error) {
	id := m.integerID(f)
	if int(id) >= len(m.integer) || !m.integerDefined[id] {
		return 0, lineError(line, "integer parameter %s is not defined", f.text)
	}
	return m.integer[id], nil
}

// realID is the number of a real parameter, whose name may have indices.
func (m *machine) realID(c *card, f *field) (int32, error) {
	if f.id > 0 {
		return f.id - 1, nil
	}
	if f.pattern == 0 || isParameter[c.code] && c.code[0] != 'A' {
		id, _ := m.reals.add([]byte(f.text))
		f.id = id + 1
		return id, nil
	}
	name, err := m.expand(c, f, m.buffer)
	m.buffer = name
	if err != nil {
		return 0, err
	}
	id, _ := m.reals.add(name)
	return id, nil
}

func (m *machine) setReal(id int32, v float64) {
	for int(id) >= len(m.real) {
		m.real = append(m.real, 0)
		m.realDefined = append(m.realDefined, false)
	}
	m.real[id], m.realDefined[id] = v, true
}

func (m *machine) realValue(c *card, f *field) (float64, error) {
	id, err := m.realID(c, f)
	if err != nil {
		return 0, err
	}
	if int(id) >= len(m.real) || !m.realDefined[id] {
		return 0, lineError(c.line, "real parameter %s is not defined", m.reals.name(id))
	}
	return m.real[id], nil
}

// number is the value of field 4 or 6.
func (m *machine) number(c *card, n *number, what int) (float64, error) {
	switch n.state {
	case given:
		return n.value, nil
	case blank:
		return 0, lineError(c.line, "field %d holds no number", what)
	}
	columns := column4
	if what == 6 {
		columns = column6
	}
	line, _, _ := strings.Cut(m.file.text[c.start:], "\n")
	return 0, lineError(c.line, "field %d: %q is no number", what, cut(line, columns))
}

// parameter executes a parameter card.
func (m *machine) parameter(c *card) error {
	var err error
	if c.code[0] == 'I' {
		var v int64
		if v, err = m.integerCard(c); err == nil {
			m.setInteger(m.integerID(&c.two), v)
		}
		return err
	}
	v, err := m.realCard(c)
	if err != nil {
		return err
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return lineError(c.line, "parameter %s would be %v", c.two.text, v)
	}
	id, err := m.realID(c, &c.two)
	if err == nil {
		m.setReal(id, v)
	}
	return err
}

const largestInteger = 1 << 53 // what a real number still holds exactly

func (m *machine) integerCard(c *card) (int64, error) {
	var x, a, b float64
	var err error
	switch c.code[1] {
	case 'E':
		x, err = m.literal(c)
	case 'R':
		x, err = m.realValue(c, &c.three)
		x = math.Trunc(x)
	case 'A', 'S', 'M', 'D':
		if a, err = m.number(c, &c.four, 4); err == nil {
			var v int64
			v, err = m.integerValue(c.line, &c.three)
			b = float64(v)
		}
		if err == nil {
			x, err = arithmetic(c, c.code[1], a, b)
		}
	default:
		var v int64
		v, err = m.integerValue(c.line, &c.three)
		a = float64(v)
		if err == nil && c.code[1] != '=' {
			v, err = m.integerValue(c.line, &c.five)
			b = float64(v)
		}
		if err == nil {
			x, err = arithmetic(c, c.code[1], a, b)
		}
	}
	if err != nil {
		return 0, err
	}
	if c.code[1] == 'D' || c.code[1] == '/' {
		x = math.Trunc(x)
	}
	if x != math.Trunc(x) || math.Abs(x) > largestInteger {
		return 0, lineError(c.line, "integer parameter %s would be %v", c.two.text, x)
	}
	return int64(x), nil
}

func (m *machine) realCard(c *card) (float64, error) {
	switch op := c.code[1]; op {
	case 'E':
		return m.literal(c)
	case 'I':
		v, err := m.integerValue(c.line, &c.three)
		return float64(v), err
	case 'A', 'S', 'M', 'D':
		a, err := m.number(c, &c.four, 4)
		if err != nil {
			return 0, err
		}
		b, err := m.realValue(c, &c.three)
		if err != nil {
			return 0, err
		}
		return arithmetic(c, op, a, b)
	case 'F', '(':
		f := functions[c.three.text]
		if f == nil {
			return 0, lineError(c.line, "unknown function %s", c.three.text)
		}
		var x float64
		var err error
		if op == 'F' {
			x, err = m.number(c, &c.four, 4)
		} else {
			x, err = m.realValue(c, &c.five)
		}
		if err != nil {
			return 0, err
		}
		v := f(x)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, lineError(c.line, "%s of %v is not a number", c.three.text, x)
		}
		return v, nil
	case '=':
		return m.realValue(c, &c.three)
	default:
		a, err := m.realValue(c, &c.three)
		if err != nil {
			return 0, err
		}
		b, err := m.realValue(c, &c.five)
		if err != nil {
			return 0, err
		}
		return arithmetic(c, op, a, b)
	}
}

// arithmetic is what the second letter of a code does with two numbers.
func arithmetic(c *card, op byte, a, b float64) (float64, error) {
	switch op {
	case '=':
		return a, nil
	case '+', 'A':
		return a + b, nil
	case '-', 'S':
		return a - b, nil
	case '*', 'M':
		return a * b, nil
	}
	if b == 0 {
		return 0, lineError(c.line, "division by zero")
	}
	return a / b, nil
}

// literal is the number on the card, or what the user wants in its place.
func (m *machine) literal(c *card) (float64, error) {
	if len(m.overrides) > 0 {
		if text, ok := m.overrides[c.two.text]; ok && m.replaceable(c) {
			v, ok := parseNumber(text)
			if !ok || c.code[0] == 'I' && v != math.Trunc(v) {
				want := "a number"
				if c.code[0] == 'I' {
					want = "a whole number"
				}
				return 0, &solver.OptionError{Name: "param", Value: c.two.text + "=" + text, Want: want}
			}
			return v, nil
		}
	}
	return m.number(c, &c.four, 4)
}

func (m *machine) replaceable(c *card) bool {
	line, _, _ := strings.Cut(m.file.text[c.start:], "\n")
	return strings.Contains(line, parameterRemark)
}

// override checks that the file has the parameters to be replaced.
func (f *file) override(values map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		found := false
		var have []string
		for _, p := range f.parameters {
			found = found || p.Name == name
			have = append(have, p.Name)
		}
		if !found {
			want := "a parameter that the file leaves to its user, of which it has none"
			if len(have) > 0 {
				want = "one of the parameters " + strings.Join(have, ", ")
			}
			return fmt.Errorf("sif: %w", &solver.OptionError{Name: "param", Value: strconv.Quote(name + "=" + value), Want: want})
		}
	}
	return nil
}
