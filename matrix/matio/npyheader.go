package matio

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"solve/solver"
)

// npyArray is the header of a NumPy file: NumPy Enhancement Proposal 1 and
// numpy.lib.format, versions 1.0 to 3.0.
type npyArray struct {
	descr   string // as written: <f8
	kind    byte   // f, i, u, b; S and U for text
	size    int64  // bytes an element
	big     bool   // byte order
	fortran bool
	shape   []int64
	length  int64 // bytes of the header, all told
}

const npyMagic = "\x93NUMPY"

// npyHeaderLimit is far above what a header of at most two dimensions needs.
const npyHeaderLimit = 64 << 10

func readNPYHeader(r io.Reader, name string) (*npyArray, error) {
	bad := func(format string, args ...any) error {
		return &SyntaxError{File: name, Msg: "NPY header: " + fmt.Sprintf(format, args...)}
	}
	var start [12]byte
	if _, err := io.ReadFull(r, start[:8]); err != nil || string(start[:6]) != npyMagic {
		return nil, bad("the magic bytes are missing")
	}
	lengthBytes := 2
	if start[6] >= 2 {
		lengthBytes = 4
	}
	if start[6] < 1 || start[6] > 3 {
		return nil, bad("version %d.%d is not 1.0, 2.0 or 3.0", start[6], start[7])
	}
	if _, err := io.ReadFull(r, start[8:8+lengthBytes]); err != nil {
		return nil, bad("the file is cut short")
	}
	n := binary.LittleEndian.Uint32(start[8:])
	if n > npyHeaderLimit {
		return nil, bad("%d bytes are more than %d", n, npyHeaderLimit)
	}
	dict := make([]byte, n)
	if _, err := io.ReadFull(r, dict); err != nil {
		return nil, bad("the file is cut short")
	}
	a := &npyArray{length: int64(8+lengthBytes) + int64(n)}
	p := &literal{s: string(dict)}
	if err := a.parse(p); err != nil {
		return nil, bad("%v", err)
	}
	return a, a.checkType(name)
}

// parse reads {'descr': …, 'fortran_order': …, 'shape': …}.
func (a *npyArray) parse(p *literal) error {
	seen := map[string]bool{}
	if !p.take('{') {
		return p.want("{")
	}
	for !p.take('}') {
		key, err := p.str()
		if err != nil {
			return err
		}
		if seen[key] || !p.take(':') {
			return p.want(": after a new key")
		}
		seen[key] = true
		switch key {
		case "descr":
			if p.peek() == '[' {
				a.descr = "structured"
				return nil // refused by checkType
			}
			a.descr, err = p.str()
		case "fortran_order":
			a.fortran, err = p.boolean()
		case "shape":
			a.shape, err = p.tuple()
		default:
			return fmt.Errorf("unknown key %q", key)
		}
		if err != nil {
			return err
		}
		if !p.take(',') && p.peek() != '}' {
			return p.want(", or }")
		}
	}
	if len(seen) != 3 || p.peek() != 0 {
		return p.want("the keys descr, fortran_order and shape, and nothing else")
	}
	return nil
}

func (a *npyArray) checkType(name string) error {
	fail := func(why string) error {
		return &SyntaxError{File: name, Msg: fmt.Sprintf("dtype %q: %s", a.descr, why), Err: solver.ErrUnsupported}
	}
	d := a.descr
	if d == "structured" {
		return fail("records are not supported")
	}
	if d != "" && strings.IndexByte("<>|=", d[0]) >= 0 {
		a.big = d[0] == '>' || d[0] == '=' && !hostLittleEndian
		d = d[1:]
	}
	if d == "" {
		return fail("no type")
	}
	a.kind = d[0]
	size, err := strconv.ParseInt(d[1:], 10, 32)
	switch {
	case a.kind == 'O':
		return fail("object arrays hold Python pickles, which are never read")
	case a.kind == 'c':
		return fail("complex numbers are not supported")
	case err != nil || size < 0:
		return fail("not supported")
	}
	a.size = size
	switch d {
	case "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1":
		return nil
	}
	if a.kind == 'S' || a.kind == 'U' {
		return nil
	}
	return fail("only f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1 are supported")
}

// dims is the shape as rows and columns: a scalar is 1×1, a list of n is
// n×1. Fortran order is dropped where it makes no difference.
func (a *npyArray) dims(name string) (rows, cols int64, err error) {
	rows, cols = 1, 1
	switch len(a.shape) {
	case 0:
	case 1:
		rows = a.shape[0]
	case 2:
		rows, cols = a.shape[0], a.shape[1]
	default:
		return 0, 0, &SyntaxError{
			File: name, Msg: fmt.Sprintf("an array of %d dimensions is not a matrix", len(a.shape)), Err: solver.ErrDimension,
		}
	}
	if a.kind == 'S' || a.kind == 'U' {
		return 0, 0, &SyntaxError{File: name, Msg: fmt.Sprintf("dtype %q: text is not supported", a.descr), Err: solver.ErrUnsupported}
	}
	if cols > 0 && rows > math.MaxInt64/8/cols {
		return 0, 0, &SyntaxError{File: name, Msg: fmt.Sprintf("shape (%d, %d) is too large", rows, cols)}
	}
	return rows, cols, nil
}

// literal scans the Python literals that NPY headers consist of.
type literal struct {
	s string
	i int
}

func (p *literal) peek() byte {
	for p.i < len(p.s) && strings.IndexByte(" \t\r\n", p.s[p.i]) >= 0 {
		p.i++
	}
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *literal) take(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.i++
	return true
}

func (p *literal) want(what string) error {
	return fmt.Errorf("byte %d: expected %s", p.i+1, what)
}

func (p *literal) str() (string, error) {
	quote := p.peek()
	if quote != '\'' && quote != '"' {
		return "", p.want("a string")
	}
	n := strings.IndexByte(p.s[p.i+1:], quote)
	if n < 0 {
		return "", p.want("the end of a string")
	}
	s := p.s[p.i+1 : p.i+1+n]
	p.i += n + 2
	return s, nil
}

func (p *literal) boolean() (bool, error) {
	p.peek()
	for word, v := range map[string]bool{"True": true, "False": false} {
		if strings.HasPrefix(p.s[p.i:], word) {
			p.i += len(word)
			return v, nil
		}
	}
	return false, p.want("True or False")
}

func (p *literal) tuple() ([]int64, error) {
	if !p.take('(') {
		return nil, p.want("(")
	}
	var t []int64
	for !p.take(')') {
		p.peek()
		first := p.i
		for p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' {
			p.i++
		}
		n, err := strconv.ParseInt(p.s[first:p.i], 10, 64)
		if err != nil || len(t) == 32 {
			return nil, p.want("a whole number")
		}
		if p.i < len(p.s) && p.s[p.i] == 'L' { // written by Python 2
			p.i++
		}
		t = append(t, n)
		if !p.take(',') && p.peek() != ')' {
			return nil, p.want(", or )")
		}
	}
	return t, nil
}
