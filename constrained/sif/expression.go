package sif

import (
	"strconv"
	"strings"
)

// expression is a node of a Fortran expression: a number ("#"), a name ("name"),
// a call ("call") or an operator, by its Fortran word in capitals ("+", ".LT.",
// "neg" …).
type expression struct {
	op      string
	name    string
	value   float64
	integer bool // a number without point or exponent
	args    []*expression
}

// Bounds of what the parser takes on.
const (
	longestExpression = 20000
	deepestExpression = 200
)

type parser struct {
	text  string
	at    int
	depth int
	line  int32
}

// parseExpression reads a Fortran expression; blanks and case do not count.
func parseExpression(text string, line int32) (*expression, error) {
	if len(text) > longestExpression {
		return nil, lineError(line, "an expression of more than %d characters", longestExpression)
	}
	p := &parser{text: strings.ToUpper(strings.ReplaceAll(text, " ", "")), line: line}
	if p.text == "" {
		return nil, lineError(line, "the expression is missing")
	}
	e, err := p.binary(0)
	if err != nil {
		return nil, err
	}
	if p.at < len(p.text) {
		return nil, p.fail()
	}
	return e, nil
}

func (p *parser) fail() error {
	if p.at >= len(p.text) {
		return lineError(p.line, "the expression %.40q ends too early", p.text)
	}
	return lineError(p.line, "the expression goes wrong at %.20q", p.text[p.at:])
}

// levels are the binary operators, the weakest first; longer words come before
// those that they start with.
var levels = [][]string{
	{".EQV.", ".NEQV."},
	{".OR."},
	{".AND."},
	{".NOT."}, // unary
	{".LT.", ".LE.", ".EQ.", ".NE.", ".GT.", ".GE.", "<=", ">=", "==", "/=", "<", ">"},
	{"+", "-"},
	{"*", "/"},
}

const (
	notLevel      = 3
	relationLevel = 4
	sumLevel      = 5
	productLevel  = 6
)

var modernRelations = map[string]string{"<=": ".LE.", ">=": ".GE.", "==": ".EQ.", "/=": ".NE.", "<": ".LT.", ">": ".GT."}

func (p *parser) operator(level int) string {
	rest := p.text[p.at:]
	for _, op := range levels[level] {
		if strings.HasPrefix(rest, op) && !(op == "*" && strings.HasPrefix(rest, "**")) && !(op == "/" && strings.HasPrefix(rest, "/=")) {
			p.at += len(op)
			if word := modernRelations[op]; word != "" {
				return word
			}
			return op
		}
	}
	return ""
}

func (p *parser) binary(level int) (*expression, error) {
	if p.depth++; p.depth > deepestExpression {
		return nil, lineError(p.line, "an expression is nested too deeply")
	}
	defer func() { p.depth-- }()
	switch level {
	case notLevel:
		if p.operator(level) != "" {
			e, err := p.binary(level)
			return &expression{op: ".NOT.", args: []*expression{e}}, err
		}
		return p.binary(level + 1)
	case productLevel + 1:
		return p.power()
	}
	var left *expression
	var err error
	if sign := ""; level == sumLevel {
		if sign = p.operator(level); sign != "" {
			if left, err = p.binary(level + 1); err == nil && sign == "-" {
				left = &expression{op: "neg", args: []*expression{left}}
			}
		}
	}
	if left == nil && err == nil {
		left, err = p.binary(level + 1)
	}
	for err == nil {
		op := p.operator(level)
		if op == "" {
			break
		}
		var right *expression
		if right, err = p.operand(level + 1); err == nil {
			left = &expression{op: op, args: []*expression{left, right}}
		}
	}
	return left, err
}

// operand allows a sign after an operator, as compilers do.
func (p *parser) operand(level int) (*expression, error) {
	if level <= sumLevel {
		return p.binary(level)
	}
	if sign := p.operator(sumLevel); sign != "" {
		if p.depth++; p.depth > deepestExpression {
			return nil, lineError(p.line, "an expression is nested too deeply")
		}
		defer func() { p.depth-- }()
		e, err := p.operand(level)
		if err == nil && sign == "-" {
			e = &expression{op: "neg", args: []*expression{e}}
		}
		return e, err
	}
	return p.binary(level)
}

// power reads a ** b ** c as a ** (b ** c).
func (p *parser) power() (*expression, error) {
	base, err := p.primary()
	if err != nil || !strings.HasPrefix(p.text[p.at:], "**") {
		return base, err
	}
	p.at += 2
	exponent, err := p.operand(productLevel + 1)
	return &expression{op: "**", args: []*expression{base, exponent}}, err
}

func letter(c byte) bool { return c >= 'A' && c <= 'Z' || c == '_' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

func (p *parser) primary() (*expression, error) {
	rest := p.text[p.at:]
	switch {
	case rest == "":
		return nil, p.fail()
	case rest[0] == '(':
		p.at++
		e, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(p.text[p.at:], ")") {
			return nil, p.fail()
		}
		p.at++
		return e, nil
	case strings.HasPrefix(rest, ".TRUE."):
		p.at += 6
		return &expression{op: ".TRUE."}, nil
	case strings.HasPrefix(rest, ".FALSE."):
		p.at += 7
		return &expression{op: ".FALSE."}, nil
	case digit(rest[0]) || rest[0] == '.':
		return p.literal()
	case letter(rest[0]):
		return p.named()
	}
	return nil, p.fail()
}

func (p *parser) named() (*expression, error) {
	start := p.at
	for p.at < len(p.text) && (letter(p.text[p.at]) || digit(p.text[p.at])) {
		p.at++
	}
	name := p.text[start:p.at]
	if !strings.HasPrefix(p.text[p.at:], "(") {
		return &expression{op: "name", name: name}, nil
	}
	e := &expression{op: "call", name: name}
	for {
		p.at++
		arg, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		e.args = append(e.args, arg)
		switch rest := p.text[p.at:]; {
		case strings.HasPrefix(rest, ","):
		case strings.HasPrefix(rest, ")"):
			p.at++
			return e, nil
		default:
			return nil, p.fail()
		}
	}
}

// literal reads a number. A point before a word such as .EQ. belongs to the word.
func (p *parser) literal() (*expression, error) {
	start := p.at
	integer := true
	for p.at < len(p.text) && digit(p.text[p.at]) {
		p.at++
	}
	if p.at < len(p.text) && p.text[p.at] == '.' && !p.word() {
		integer = false
		p.at++
		for p.at < len(p.text) && digit(p.text[p.at]) {
			p.at++
		}
	}
	mantissa, exponent := p.text[start:p.at], ""
	if rest := p.text[p.at:]; len(rest) > 1 && (rest[0] == 'D' || rest[0] == 'E') {
		n := 1
		if rest[n] == '+' || rest[n] == '-' {
			n++
		}
		digits := n
		for n < len(rest) && digit(rest[n]) {
			n++
		}
		if n > digits {
			integer = false
			exponent = "e" + rest[1:n]
			p.at += n
		}
	}
	v, err := strconv.ParseFloat(mantissa+exponent, 64)
	if err != nil && !(isRange(err) && v == 0) {
		p.at = start
		return nil, p.fail()
	}
	return &expression{op: "#", value: v, integer: integer}, nil
}

// word tells whether the text goes on with an operator such as .EQ.
func (p *parser) word() bool {
	rest := p.text[p.at:]
	for _, level := range levels {
		for _, op := range level {
			if op[0] == '.' && strings.HasPrefix(rest, op) {
				return true
			}
		}
	}
	return false
}
