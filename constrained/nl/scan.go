package nl

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"solve/solver"
)

// maxLine bounds the length of a line of text.
const maxLine = 1 << 20

// scanner reads the tokens of a file. The first error sticks: after it all
// methods return zeros.
type scanner struct {
	name   string
	in     *bufio.Reader
	order  binary.ByteOrder // nil = text
	line   int              // of text, from 1
	rest   []byte           // of the line
	offset int64            // of the next byte
	err    error
}

func newScanner(name string, r io.Reader) *scanner {
	return &scanner{name: name, in: bufio.NewReaderSize(r, 1<<16)}
}

// fail records an error at the place last read.
func (s *scanner) fail(sentinel error, format string, args ...any) {
	if s.err != nil {
		return
	}
	place := fmt.Sprintf("%s:%d", s.name, max(s.line, 1))
	if s.order != nil {
		place = fmt.Sprintf("%s: byte %d", s.name, s.offset)
	}
	s.err = fmt.Errorf("%s: %s: %w", place, fmt.Sprintf(format, args...), sentinel)
}

// advance reads the next line of text and strips its end.
func (s *scanner) advance() bool {
	if s.err != nil {
		return false
	}
	line, err := s.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = s.longLine(line)
	}
	s.offset += int64(len(line))
	if err != nil && !errors.Is(err, io.EOF) {
		if s.err == nil {
			s.err = fmt.Errorf("%s: %w", s.name, err)
		}
		return false
	}
	if len(line) == 0 {
		return false
	}
	s.line++
	line = bytes.TrimSuffix(line, []byte("\n"))
	s.rest = bytes.TrimSuffix(line, []byte("\r"))
	return true
}

func (s *scanner) longLine(start []byte) ([]byte, error) {
	line := bytes.Clone(start)
	for {
		more, err := s.in.ReadSlice('\n')
		line = append(line, more...)
		if len(line) > maxLine {
			s.line++
			s.fail(solver.ErrFormat, "a line of more than %d bytes", maxLine)
			return nil, s.err
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// next gives the letter that opens the next segment, expression or limit; 0 at
// the end of the file.
func (s *scanner) next() byte {
	if s.order != nil {
		var b [1]byte
		if !s.bytes(b[:], true) {
			return 0
		}
		return b[0]
	}
	for s.advance() {
		s.skipBlanks()
		if len(s.rest) > 0 && s.rest[0] != '#' {
			c := s.rest[0]
			s.rest = s.rest[1:]
			return c
		}
	}
	return 0
}

// open gives the next letter where the file can't end.
func (s *scanner) open(what string) byte {
	c := s.next()
	if c == 0 {
		s.fail(solver.ErrFormat, "the file ends where %s should follow", what)
	}
	return c
}

// newLine goes to the line where the next numbers stand.
func (s *scanner) newLine() {
	if s.order == nil && !s.advance() {
		s.fail(solver.ErrFormat, "the file ends where a number should follow")
		s.rest = nil
	}
}

func (s *scanner) skipBlanks() {
	k := 0
	for k < len(s.rest) && (s.rest[k] == ' ' || s.rest[k] == '\t') {
		k++
	}
	s.rest = s.rest[k:]
}

// field cuts the next word from the line of text; a comment is none.
func (s *scanner) field() []byte {
	s.skipBlanks()
	end := 0
	for end < len(s.rest) && s.rest[end] != ' ' && s.rest[end] != '\t' {
		end++
	}
	word := s.rest[:end]
	if len(word) > 0 && word[0] == '#' {
		return nil
	}
	s.rest = s.rest[end:]
	return word
}

// integer reads one integer.
func (s *scanner) integer(what string) int {
	switch {
	case s.err != nil:
		return 0
	case s.order != nil:
		var b [4]byte
		s.bytes(b[:], false)
		return int(int32(s.order.Uint32(b[:])))
	}
	word := s.field()
	v, ok := parseInt(word)
	if !ok {
		s.fail(solver.ErrFormat, "%s: %q is not an integer", what, clip(word))
	}
	return v
}

func parseInt(word []byte) (int, bool) {
	digits := word
	if len(word) > 0 && word[0] == '-' {
		digits = word[1:]
	}
	if len(digits) == 0 || len(digits) > 10 {
		return 0, false
	}
	v := 0
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = 10*v + int(c-'0')
	}
	if v > math.MaxInt32 {
		return 0, false
	}
	if len(digits) < len(word) {
		v = -v
	}
	return v, true
}

// short reads an integer of two bytes, which text doesn't tell from others.
func (s *scanner) short(what string) int {
	if s.order == nil || s.err != nil {
		return s.integer(what)
	}
	var b [2]byte
	s.bytes(b[:], false)
	return int(int16(s.order.Uint16(b[:])))
}

// index reads an integer between 0 and n−1.
func (s *scanner) index(what string, n int) int {
	i := s.integer(what)
	if s.err == nil && (i < 0 || i >= n) {
		s.fail(solver.ErrFormat, "%s %d is not between 0 and %d", what, i, n-1)
	}
	if s.err != nil {
		return 0
	}
	return i
}

// number reads a real number, which may be infinite but not NaN.
func (s *scanner) number(what string) float64 {
	if s.err != nil {
		return 0
	}
	var v float64
	if s.order != nil {
		var b [8]byte
		s.bytes(b[:], false)
		v = math.Float64frombits(s.order.Uint64(b[:]))
	} else {
		word := s.field()
		var err error
		v, err = strconv.ParseFloat(string(word), 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			s.fail(solver.ErrFormat, "%s: %q is not a number", what, clip(word))
			return 0
		}
	}
	if math.IsNaN(v) {
		s.fail(solver.ErrNonFinite, "%s is NaN", what)
		return 0
	}
	return v
}

// finite reads a real number.
func (s *scanner) finite(what string) float64 {
	v := s.number(what)
	if math.IsInf(v, 0) {
		s.fail(solver.ErrNonFinite, "%s is %v", what, v)
		return 0
	}
	return v
}

// word reads a name.
func (s *scanner) word(what string) string {
	if s.err != nil {
		return ""
	}
	if s.order == nil {
		return string(clip(s.field()))
	}
	n := s.integer("length of " + what)
	if n < 0 || n > maxLine {
		s.fail(solver.ErrFormat, "%s of %d bytes", what, n)
		return ""
	}
	b := make([]byte, n)
	s.bytes(b, false)
	return string(clip(b))
}

// bytes fills b; the file may end before the first one if atEnd says so.
func (s *scanner) bytes(b []byte, atEnd bool) bool {
	if s.err != nil {
		return false
	}
	n, err := io.ReadFull(s.in, b)
	s.offset += int64(n)
	switch {
	case err == nil:
		return true
	case errors.Is(err, io.EOF) && atEnd:
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		s.fail(solver.ErrFormat, "the file ends within a number or a name")
	default:
		s.err = fmt.Errorf("%s: %w", s.name, err)
	}
	return false
}

// clip shortens what an error quotes.
func clip(b []byte) []byte {
	if len(b) > 40 {
		return b[:40]
	}
	return b
}
