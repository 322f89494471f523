package matio

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"

	"solve/solver"
)

// mtxHeader is what precedes the entries of a MatrixMarket file. R. F.
// Boisvert, R. Pozo, K. A. Remington, The Matrix Market exchange formats:
// initial design, NISTIR 5935 (1996).
type mtxHeader struct {
	object, layout, field, symmetry string

	rows, cols int
	entries    int64 // that the file stores
	sizeLine   int
	mirror     float64 // what an entry's mirror image is multiplied by; 0 = there is none
	complex    bool
	pattern    bool
	coordinate bool
	vector     bool
}

const mtxBanner = "%%matrixmarket"

// headerLines walks over lines before any parsing in parallel begins.
type headerLines struct {
	l   *lineSource
	t   text
	pos int
	off int // of the line handed out last
}

// next returns the next line without its end.
func (h *headerLines) next() ([]byte, bool, error) {
	for h.pos >= h.t.n {
		if ok, err := h.l.next(&h.t); !ok {
			return nil, false, err
		}
		h.pos = 0
	}
	h.off = h.pos
	end := h.pos + bytes.IndexByte(h.t.buf[h.pos:], '\n')
	h.pos = min(end+1, h.t.n)
	return bytes.TrimSuffix(h.t.buf[h.off:end], []byte{'\r'}), true, nil
}

func (h *headerLines) fail(col int, format string, args ...any) error {
	return h.t.syntaxError(h.l.src.name, &fault{h.off + col, 0, fmt.Sprintf(format, args...)})
}

func (h *headerLines) unsupported(format string, args ...any) error {
	e := h.t.syntaxError(h.l.src.name, &fault{h.off, 0, fmt.Sprintf(format, args...)})
	e.Err = solver.ErrUnsupported
	return e
}

func readMTXHeader(l *lineSource, opt *ReadOptions) (*mtxHeader, error) {
	lines := &headerLines{l: l}
	line, ok, err := lines.next()
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &SyntaxError{File: l.src.name, Msg: "empty file"}
	}
	h, err := parseBanner(lines, string(line), opt)
	if err != nil {
		return nil, err
	}
	for {
		line, ok, err := lines.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, &SyntaxError{File: l.src.name, Line: l.line + 1, Msg: "the file ends before the line of sizes"}
		}
		if t := bytes.TrimLeft(line, " \t\r"); len(t) > 0 && t[0] != '%' {
			if err := h.parseSizes(lines, string(line)); err != nil {
				return nil, err
			}
			h.sizeLine, _ = lines.t.at(lines.off)
			l.unread(&lines.t, lines.pos)
			return h, nil
		}
	}
}

func parseBanner(lines *headerLines, line string, opt *ReadOptions) (*mtxHeader, error) {
	word := strings.Fields(strings.TrimPrefix(strings.ToLower(line), "\ufeff"))
	if len(word) == 0 || word[0] != mtxBanner {
		return nil, lines.fail(0, "the first line must begin with %%%%MatrixMarket")
	}
	if len(word) != 5 {
		return nil, lines.fail(0, "the banner has %d words, not 5: %%%%MatrixMarket object format field symmetry", len(word))
	}
	h := &mtxHeader{object: word[1], layout: word[2], field: word[3], symmetry: word[4]}
	for _, w := range []struct {
		what, is string
		of       []string
	}{
		{"object", h.object, []string{"matrix", "vector"}},
		{"format", h.layout, []string{"coordinate", "array"}},
		{"field", h.field, []string{"real", "double", "integer", "unsigned-integer", "pattern", "complex"}},
		{"symmetry", h.symmetry, []string{"general", "symmetric", "skew-symmetric", "hermitian"}},
	} {
		if !slices.Contains(w.of, w.is) {
			return nil, lines.fail(0, "%s %q is none of %s", w.what, w.is, strings.Join(w.of, ", "))
		}
	}
	h.vector = h.object == "vector"
	h.coordinate = h.layout == "coordinate"
	h.pattern = h.field == "pattern"
	h.complex = h.field == "complex"
	switch h.symmetry {
	case "symmetric", "hermitian":
		h.mirror = 1
	case "skew-symmetric":
		h.mirror = -1
	}
	switch {
	case h.pattern && !h.coordinate:
		return nil, lines.fail(0, "a pattern cannot be in array format")
	case h.pattern && h.mirror < 0:
		return nil, lines.fail(0, "a pattern cannot be skew-symmetric")
	case h.vector && h.mirror != 0:
		return nil, lines.fail(0, "a vector cannot be %s", h.symmetry)
	case h.complex && !opt.Real:
		return nil, lines.unsupported("complex matrices are not supported (one whose imaginary parts are all zero can be read as real)")
	}
	return h, nil
}

func (h *mtxHeader) parseSizes(lines *headerLines, line string) error {
	want := 2
	if h.coordinate {
		want++
	}
	if h.vector {
		want--
	}
	word := strings.Fields(line)
	if len(word) != want {
		return lines.fail(0, "the line of sizes has %d numbers, not %d", len(word), want)
	}
	var size [3]int64
	for k, w := range word {
		n, end := scanIndex(padded(w), 0)
		if end != len(w) || n == math.MaxInt64 {
			return lines.fail(strings.Index(line, w), "size %q is not a whole number from 0 to 10¹⁸", w)
		}
		size[k] = n
	}
	rows, cols, entries := size[0], size[1], size[2]
	if h.vector {
		rows, cols, entries = size[0], 1, size[1]
	}
	if rows > math.MaxInt32 || cols > math.MaxInt32 {
		return lines.fail(0, "%d×%d: at most %d rows and columns are supported", rows, cols, math.MaxInt32)
	}
	if h.mirror != 0 && rows != cols {
		return lines.fail(0, "a %s matrix cannot be %d×%d", h.symmetry, rows, cols)
	}
	h.rows, h.cols, h.entries = int(rows), int(cols), entries
	if !h.coordinate {
		switch {
		case h.mirror == 0:
			h.entries = rows * cols
		case h.mirror > 0:
			h.entries = rows * (rows + 1) / 2
		default:
			h.entries = rows * (rows - 1) / 2
		}
	}
	return h.checkClaim(lines)
}

// checkClaim compares the number of entries that the sizes promise with
// what the rest of the file can hold: at least one digit a number and one
// byte between numbers.
func (h *mtxHeader) checkClaim(lines *headerLines) error {
	src := lines.l.src
	if src.bound < 0 {
		return nil
	}
	numbers := int64(1)
	if h.pattern {
		numbers = 0
	}
	if h.complex {
		numbers = 2
	}
	if h.coordinate {
		numbers += 2
		if h.vector {
			numbers--
		}
	}
	left := src.bound - lines.l.taken + int64(lines.t.n-lines.pos)
	if most := (left + 1) / (2 * numbers); h.entries > most {
		return lines.fail(0, "%d entries are announced, but the file can hold at most %d", h.entries, most)
	}
	return nil
}

// countError says that the file holds more or fewer entries than announced.
func (h *mtxHeader) countError(name string, line int, have int64) error {
	msg := fmt.Sprintf("the file ends after %d of the %d entries that line %d announces", have, h.entries, h.sizeLine)
	if have > h.entries {
		msg = fmt.Sprintf("entry %d, but line %d announces %d", have, h.sizeLine, h.entries)
	}
	return &SyntaxError{File: name, Line: line, Msg: msg}
}

// extraEntry is the error for the text that stores entry number
// h.entries+1, given how many entries came before it.
func (h *mtxHeader) extraEntry(name string, t *text, before int64) error {
	skip := h.entries - before
	for i := 0; i < t.n; {
		end := i + bytes.IndexByte(t.buf[i:], '\n')
		if s := bytes.TrimLeft(t.buf[i:end], " \t\r"); len(s) > 0 && s[0] != '%' {
			if skip--; skip < 0 {
				line, _ := t.at(i)
				return h.countError(name, line, h.entries+1)
			}
		}
		i = end + 1
	}
	return h.countError(name, 0, h.entries+1)
}

// nonFinite gathers the NaN and infinite entries of a file.
type nonFinite struct {
	count    int64
	off      int // of the first, in its text
	row, col int // of the first, from 1
	value    float64
}

func (n *nonFinite) note(off, row, col int, v float64) {
	if n.count == 0 {
		n.off, n.row, n.col, n.value = off, row, col, v
	}
	n.count++
}

// nonFiniteTotal adds the gathered counts up and remembers the place of the
// first.
type nonFiniteTotal struct {
	count int64
	first *SyntaxError
}

func (n *nonFiniteTotal) add(name string, t *text, c *nonFinite, row int) {
	if c.count > 0 && n.first == nil {
		n.first = t.syntaxError(name, &fault{off: c.off})
		n.first.Err = &solver.EntryError{What: name, Row: c.row + row, Col: c.col, Value: c.value, Err: solver.ErrNonFinite}
	}
	n.count += c.count
}

// err is nil if there were none, or they are allowed.
func (n *nonFiniteTotal) err(opt *ReadOptions) error {
	if n.first == nil || opt.AllowNonFinite {
		return nil
	}
	e := n.first.Err.(*solver.EntryError)
	what := fmt.Sprintf("entry (%d,%d)", e.Row, e.Col)
	if e.Col == 0 {
		what = fmt.Sprintf("label %d", e.Row)
	}
	n.first.Msg = fmt.Sprintf("%s is %v: %v (%d in the file)", what, e.Value, solver.ErrNonFinite, n.count)
	return n.first
}
