package sif

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"solve/solver"
)

// step is a card to execute, or a loop.
type step struct {
	card      *card
	loop      *loop
	parameter bool // the card sets a parameter
}

type loop struct {
	line                            int32
	variable, start, end, increment *field // increment: nil = 1
	body                            []step
}

const deepestLoop = 10

// nest arranges the cards of a section into loops. OD closes the innermost loop,
// whatever it names.
func nest(cards []card, warn func(string)) ([]step, error) {
	var top []step
	var open []*loop
	add := func(s step) {
		if n := len(open); n > 0 {
			open[n-1].body = append(open[n-1].body, s)
		} else {
			top = append(top, s)
		}
	}
	for i := range cards {
		c := &cards[i]
		switch c.code {
		case "DO":
			if len(open) == deepestLoop {
				return nil, lineError(c.line, "more than %d loops in one another", deepestLoop)
			}
			l := &loop{line: c.line, variable: &c.two, start: &c.three, end: &c.five}
			add(step{loop: l})
			open = append(open, l)
		case "DI":
			n := len(open)
			if n == 0 || len(open[n-1].body) > 0 || open[n-1].variable.text != c.two.text {
				return nil, lineError(c.line, "DI %s does not follow DO %s", c.two.text, c.two.text)
			}
			open[n-1].increment = &c.three
		case "OD":
			n := len(open)
			if n == 0 {
				return nil, lineError(c.line, "OD %s without a loop", c.two.text)
			}
			if name := open[n-1].variable.text; name != c.two.text {
				warn(fmt.Sprintf("%s: OD %s closes the loop over %s", lineText(c.line), c.two.text, name))
			}
			open = open[:n-1]
		case "ND":
			if len(open) == 0 {
				return nil, lineError(c.line, "ND without a loop")
			}
			open = open[:0]
		default:
			add(step{card: c, parameter: isParameter[c.code]})
		}
	}
	if n := len(open); n > 0 {
		return nil, lineError(open[n-1].line, "the loop over %s is not closed", open[n-1].variable.text)
	}
	return top, nil
}

// machine executes cards: it holds the parameters and bounds the work.
type machine struct {
	ctx  context.Context
	file *file

	integers, reals             *names
	integer                     []int64
	real                        []float64
	integerDefined, realDefined []bool
	overrides                   map[string]string // of parameters
	limit, need                 int64
	ticks                       int
	buffer                      []byte
	handle                      func(*card) error
	longName                    string
	longLine                    int32
}

// bytesPerStep is charged for every card that a loop executes: what a card adds
// to the problem at most, and a price for the time of those that add nothing.
const bytesPerStep = 64

func (m *machine) reserve(what string, bytes int64) error {
	if m.need += bytes; m.need > m.limit || m.need < 0 {
		return &solver.TooLargeError{What: what, Need: max(m.need, bytes), Have: m.limit}
	}
	return nil
}

// run executes the cards of a section.
func (m *machine) run(cards []card, handle func(*card) error) error {
	steps, err := nest(cards, m.file.warn)
	if err != nil {
		return err
	}
	m.handle = handle
	return m.steps(steps)
}

func (m *machine) steps(steps []step) error {
	for i := range steps {
		s := &steps[i]
		if m.ticks++; m.ticks&0x3fff == 0 && m.ctx.Err() != nil {
			return m.ctx.Err()
		}
		var err error
		switch {
		case s.loop != nil:
			err = m.loop(s.loop)
		case s.parameter:
			err = m.parameter(s.card)
		default:
			err = m.handle(s.card)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *machine) loop(l *loop) error {
	from, err := m.integerValue(l.line, l.start)
	if err != nil {
		return err
	}
	to, err := m.integerValue(l.line, l.end)
	if err != nil {
		return err
	}
	by := int64(1)
	if l.increment != nil {
		if by, err = m.integerValue(l.line, l.increment); err != nil {
			return err
		}
	}
	if by == 0 {
		return lineError(l.line, "the loop over %s has the increment 0", l.variable.text)
	}
	id := m.integerID(l.variable)
	passes := passesOf(from, to, by)
	if passes > uint64(m.limit) {
		return &solver.TooLargeError{What: "line " + strconv.Itoa(int(l.line)) + ": the loop over " + l.variable.text, Need: math.MaxInt64, Have: m.limit}
	}
	price := float64(passes) * float64(1+len(l.body)) * bytesPerStep
	if price > float64(m.limit) {
		return &solver.TooLargeError{What: "line " + strconv.Itoa(int(l.line)) + ": the loop over " + l.variable.text, Need: int64(min(price, 1e18)), Have: m.limit}
	}
	if err := m.reserve("what the loops write out", int64(price)); err != nil {
		return err
	}
	for v := from; passes > 0; passes-- {
		m.setInteger(id, v)
		if err := m.steps(l.body); err != nil {
			return err
		}
		v += by
	}
	return nil
}

// passesOf counts from, from+by, … up to to.
func passesOf(from, to, by int64) uint64 {
	switch {
	case by > 0 && from <= to:
		return (uint64(to)-uint64(from))/uint64(by) + 1
	case by < 0 && from >= to:
		return (uint64(from)-uint64(to))/(-uint64(by)) + 1
	}
	return 0
}

// expand writes out the name that a field stands for, into buffer.
func (m *machine) expand(c *card, f *field, buffer []byte) ([]byte, error) {
	buffer = buffer[:0]
	if f.pattern == 0 {
		return append(buffer, f.text...), nil
	}
	p := &m.file.patterns[f.pattern-1]
	buffer = append(buffer, p.prefix...)
	for i, index := range p.index {
		if int(index) >= len(m.integerDefined) || !m.integerDefined[index] {
			if c.code != "" && (c.code[0] == 'X' || c.code[0] == 'Z' || c.code[0] == 'A') {
				return buffer, lineError(c.line, "%s: index %s is not defined", f.text, m.integers.name(index))
			}
			return append(buffer[:0], f.text...), nil
		}
		if i > 0 {
			buffer = append(buffer, ',')
		}
		buffer = strconv.AppendInt(buffer, m.integer[index], 10)
	}
	if len(buffer) > 10 && m.longLine == 0 {
		m.longLine, m.longName = c.line, string(buffer)
	}
	return buffer, nil
}
