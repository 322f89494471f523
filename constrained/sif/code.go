package sif

import (
	"slices"
	"strings"
)

// function is what a file says of an element type or group type in Fortran.
type function struct {
	name       string
	line       int32
	transform  []coefficient // internal variables out of elemental ones
	statements []statement   // those of GLOBALS first
	types      map[string]byte
}

type coefficient struct {
	line                int32
	internal, elemental string
	value               float64
}

// statement is one card with its continuations. Kinds: A assigns, I and E assign
// if the condition holds or does not, F, G and H give the value and derivatives.
type statement struct {
	line       int32
	kind       byte
	target     string // A, I, E: what is assigned; G, H: the (first) variable
	other      string // I, E: the condition; H: the second variable
	text       string
	expression *expression
}

// code gathers the functions of part 2 or 3 of a file.
func (f *file) code(part int) (map[string]*function, error) {
	types := map[string]byte{}
	var globals []statement
	functions := map[string]*function{}
	for i := range f.sections {
		s := &f.sections[i]
		if s.part != part {
			continue
		}
		switch s.kind {
		case "TEMPORARIES":
			for _, c := range s.code {
				if len(c.code) != 1 || !strings.Contains("IRLMF", c.code) {
					return nil, lineError(c.line, "code %q has no meaning in section TEMPORARIES", c.code)
				}
				types[c.two] = max(types[c.two], c.code[0]) // a function may also be declared by its type
			}
		case "GLOBALS":
			for _, c := range s.code {
				if err := appendStatement(&globals, nil, c); err != nil {
					return nil, err
				}
			}
			if err := parseAll(globals); err != nil {
				return nil, err
			}
		case "INDIVIDUALS":
			if err := individuals(s.code, functions, globals); err != nil {
				return nil, err
			}
		}
	}
	for _, fn := range functions {
		fn.types = types
	}
	return functions, nil
}

func individuals(cards []codeCard, functions map[string]*function, globals []statement) error {
	var current *function
	var all []*function
	for _, c := range cards {
		if c.code == "T" {
			if functions[c.two] != nil {
				return lineError(c.line, "a second function for type %s", c.two)
			}
			current = &function{name: c.two, line: c.line, statements: slices.Clone(globals)}
			functions[c.two] = current
			all = append(all, current)
			continue
		}
		if current == nil {
			return lineError(c.line, "a card before the first T card")
		}
		if err := appendStatement(&current.statements, current, c); err != nil {
			return err
		}
	}
	for _, fn := range all {
		if err := parseAll(fn.statements); err != nil {
			return err
		}
		if !slices.ContainsFunc(fn.statements, func(s statement) bool { return s.kind == 'F' }) {
			return lineError(fn.line, "type %s has no F card", fn.name)
		}
	}
	return nil
}

// appendStatement adds a card to the statements, or to the last of them.
func appendStatement(list *[]statement, fn *function, c codeCard) error {
	kind := byte(0)
	if len(c.code) > 0 {
		kind = c.code[0]
	}
	if len(c.code) == 2 && c.code[1] == '+' {
		n := len(*list)
		if n == 0 || (*list)[n-1].kind != kind || (*list)[n-1].expression != nil {
			return lineError(c.line, "code %q continues no card", c.code)
		}
		last := &(*list)[n-1]
		if len(last.text)+len(c.expression) > longestExpression {
			return lineError(c.line, "an expression of more than %d characters", longestExpression)
		}
		last.text += c.expression
		return nil
	}
	s := statement{line: c.line, kind: kind, text: c.expression}
	switch {
	case len(c.code) != 1:
		kind = 0
	case kind == 'A':
		s.target = c.two
	case kind == 'I' || kind == 'E':
		s.other, s.target = c.two, c.three
	case kind == 'F' || kind == 'G':
		s.target = c.two
	case kind == 'H':
		s.target, s.other = c.two, c.three
	}
	if fn != nil && kind == 'R' {
		return fn.transformCard(c)
	}
	if kind == 0 || !strings.ContainsRune("AIEFGH", rune(kind)) || fn == nil && strings.ContainsRune("FGH", rune(kind)) {
		return lineError(c.line, "code %q has no meaning among functions", c.code)
	}
	*list = append(*list, s)
	return nil
}

func (fn *function) transformCard(c codeCard) error {
	for _, p := range []struct {
		name string
		n    number
	}{{c.three, c.four}, {c.five, c.six}} {
		if p.name == "" {
			continue
		}
		if p.n.state != given {
			return lineError(c.line, "the coefficient of %s is no number", p.name)
		}
		fn.transform = append(fn.transform, coefficient{c.line, c.two, p.name, p.n.value})
	}
	return nil
}

func parseAll(list []statement) error {
	for i := range list {
		s := &list[i]
		if s.expression != nil {
			continue
		}
		var err error
		if s.expression, err = parseExpression(s.text, s.line); err != nil {
			return err
		}
	}
	return nil
}
