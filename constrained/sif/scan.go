package sif

import (
	"context"
	"strings"

	"solve/solver"
)

// section is an indicator card with the cards under it.
type section struct {
	part  int // 1 = the problem, 2 = the element functions, 3 = the group functions
	kind  string
	line  int32
	cards []card
	code  []codeCard
}

// codeCard is a card of the parts that hold functions. Names are in capitals.
type codeCard struct {
	line             int32
	code             string
	two, three, five string
	four, six        number
	expression       string // field 7
}

// synonyms of the indicators.
var indicators = map[string]string{
	"NAME": "NAME", "ENDATA": "ENDATA",
	"GROUPS": "GROUPS", "ROWS": "GROUPS", "CONSTRAINTS": "GROUPS",
	"VARIABLES": "VARIABLES", "COLUMNS": "VARIABLES",
	"CONSTANTS": "CONSTANTS", "RHS": "CONSTANTS", "RHS'": "CONSTANTS",
	"RANGES": "RANGES", "BOUNDS": "BOUNDS", "START POINT": "START POINT",
	"QUADRATIC": "QUADRATIC", "HESSIAN": "QUADRATIC", "QUADS": "QUADRATIC", "QUADOBJ": "QUADRATIC", "QSECTION": "QUADRATIC", "QMATRIX": "QUADRATIC",
	"ELEMENT TYPE": "ELEMENT TYPE", "ELEMENT USES": "ELEMENT USES",
	"GROUP TYPE": "GROUP TYPE", "GROUP USES": "GROUP USES",
	"OBJECT BOUND": "OBJECT BOUND",
	"ELEMENTS":     "ELEMENTS", "TEMPORARIES": "TEMPORARIES", "GLOBALS": "GLOBALS", "INDIVIDUALS": "INDIVIDUALS",
	"FREE FORMAT": "FREE FORMAT", "FIXED FORMAT": "FIXED FORMAT",
}

const longestIndicator = len("ELEMENT TYPE")

// indicator tells which indicator a line starts with; "" = none.
func indicator(line string) string {
	for n := min(longestIndicator, len(line)); n > 0; n-- {
		if n < len(line) && line[n] != ' ' {
			continue
		}
		if kind, ok := indicators[strings.ToUpper(strings.TrimRight(line[:n], " "))]; ok {
			return kind
		}
	}
	return ""
}

// file is what a file says, uninterpreted.
type file struct {
	text     string
	name     string
	sections []section
	patterns []pattern
	integers *names // parameters that occur as an index, and more to come
	cards    int

	classification string
	known          []float64
	parameters     []Parameter
	alternatives   []Parameter
	warnings       []string
}

type scanner struct {
	*file
	part    int
	ended   bool // part 1 has met its ENDATA
	outside bool // between an ENDATA and the next part
	current *section
	limit   int64
	need    int64
}

// bytesPerCard is about what a card takes once it is cut.
const bytesPerCard = 192

// scan cuts the text into sections and cards.
func scan(ctx context.Context, text string, limit int64) (*file, error) {
	s := &scanner{file: &file{text: text, integers: newNames()}, limit: limit, need: int64(len(text)), outside: true}
	for start, line := 0, int32(1); start < len(text); line++ {
		end := strings.IndexByte(text[start:], '\n')
		if end < 0 {
			end = len(text)
		} else {
			end += start
		}
		if line%4096 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err := s.line(start, text[start:end], line); err != nil {
			return nil, err
		}
		start = end + 1
	}
	switch {
	case s.part == 0:
		return nil, lineError(0, "no NAME card: this is no SIF file")
	case !s.outside:
		s.warn("no ENDATA card at the end")
	}
	s.attach()
	return s.file, nil
}

// mostWarnings are kept; a card in a loop can give any number.
const mostWarnings = 100

func (f *file) warn(text string) {
	if len(f.warnings) == mostWarnings {
		text = "further warnings are left out"
	}
	if len(f.warnings) <= mostWarnings {
		f.warnings = append(f.warnings, text)
	}
}

func (s *scanner) line(start int, raw string, line int32) error {
	raw = strings.TrimRight(raw, " \r\t")
	if strings.IndexByte(raw, '\t') >= 0 {
		raw = strings.ReplaceAll(raw, "\t", " ")
	}
	switch {
	case raw == "":
		return nil
	case raw[0] == '*':
		s.comment(raw, line)
		return nil
	case raw[0] != ' ':
		return s.indicator(raw, line)
	case s.outside:
		return nil // a program in Fortran may follow the last part
	}
	if s.need += bytesPerCard; s.need > s.limit {
		return &solver.TooLargeError{What: "the text of the problem", Need: s.need, Have: s.limit}
	}
	s.cards++
	if s.part == 1 {
		s.current.cards = append(s.current.cards, s.card(start, raw, line))
		return nil
	}
	s.current.code = append(s.current.code, codeOf(raw, line))
	return nil
}

func (s *scanner) indicator(raw string, line int32) error {
	kind := indicator(raw)
	switch {
	case kind == "" && s.outside && s.part > 0:
		return nil
	case kind == "":
		return lineError(line, "unknown indicator %.20q", raw)
	case kind == "FREE FORMAT":
		return unsupported(line, "free format is not supported")
	case kind == "FIXED FORMAT":
		return nil
	case kind == "NAME" && s.part == 0:
		s.part, s.outside = 1, false
		if s.name = columns(raw, 15, len(raw)); s.name == "" {
			s.name = strings.TrimSpace(raw[len("NAME"):])
		}
	case kind == "NAME":
		return lineError(line, "a second NAME card")
	case s.part == 0:
		return lineError(line, "%s before the NAME card", kind)
	case kind == "ELEMENTS":
		s.part, s.outside = 2, false
	case kind == "GROUPS" && s.ended:
		s.part, s.outside = 3, false
	case kind == "ENDATA":
		s.ended, s.outside = true, true
		return nil
	case s.outside:
		return nil
	}
	functions := kind == "TEMPORARIES" || kind == "GLOBALS" || kind == "INDIVIDUALS" || kind == "ELEMENTS" || kind == "GROUPS" && s.ended
	if functions != (s.part > 1) {
		return lineError(line, "%s does not belong to this part of the file", kind)
	}
	s.sections = append(s.sections, section{part: s.part, kind: kind, line: line})
	s.current = &s.sections[len(s.sections)-1]
	return nil
}

// card cuts a card of the first part.
func (s *scanner) card(start int, raw string, line int32) card {
	f := fields(raw)
	c := card{line: line, start: start, code: f[1], four: numberOf(f[4]), six: numberOf(f[6])}
	c.two, c.three, c.five = s.field(f[2]), s.field(f[3]), s.field(f[5])
	if len(c.code) == 2 && c.code[1] == 'E' && isParameter[c.code] && strings.Contains(raw, parameterRemark) {
		s.parameters = append(s.parameters, Parameter{Name: f[2], Value: f[4], Line: int(line)})
	}
	return c
}

// field recognises the name of an array element.
func (s *scanner) field(text string) field {
	open := strings.IndexByte(text, '(')
	if open < 0 {
		return field{text: text}
	}
	size := strings.IndexByte(text[open:], ')')
	if size < 0 {
		return field{text: text}
	}
	p := pattern{prefix: text[:open]}
	for _, index := range strings.Split(text[open+1:open+size], ",") {
		if index = strings.TrimSpace(index); index != "" {
			id, _ := s.integers.add([]byte(index))
			p.index = append(p.index, id)
		}
	}
	s.patterns = append(s.patterns, p)
	return field{text: text, pattern: int32(len(s.patterns))}
}

func codeOf(raw string, line int32) codeCard {
	f := fields(raw)
	return codeCard{
		line: line, code: f[1],
		two: strings.ToUpper(f[2]), three: strings.ToUpper(f[3]), five: strings.ToUpper(f[5]),
		four: numberOf(f[4]), six: numberOf(f[6]),
		expression: cut(raw, column7),
	}
}
