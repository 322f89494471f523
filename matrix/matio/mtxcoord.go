package matio

import (
	"bytes"
	"fmt"
	"math"

	"solve/matrix"
	"solve/solver"
)

// mtxEntries is what one text of a coordinate file holds, mirror images
// included, counted from 0.
type mtxEntries struct {
	row, col []int32
	val      []float64

	stored       int // entries of the file
	fractions    int // values that are not whole
	lower, upper int // byte of the first entry below and above the diagonal; -1 = none
	nonFinite    nonFinite
}

func (e *mtxEntries) reset(n int) {
	if cap(e.row) < n {
		e.row, e.col, e.val = make([]int32, n), make([]int32, n), make([]float64, n)
	}
	e.row, e.col, e.val = e.row[:n], e.col[:n], e.val[:n]
	e.stored, e.fractions, e.lower, e.upper = 0, 0, -1, -1
	e.nonFinite = nonFinite{}
}

func countLines(t *text) int { return bytes.Count(t.buf[:t.n], newline) }

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }

func skipBlanks(b []byte, i int) int {
	for isBlank(b[i]) {
		i++
	}
	return i
}

// nextEntry returns the start of the next line of t from i on that is
// neither blank nor a comment, or t.n.
func nextEntry(t *text, i int) int {
	for i < t.n {
		c := t.buf[i]
		switch {
		case isBlank(c) || c == '\n':
			i++
		case c == '%':
			for t.buf[i] != '\n' {
				i++
			}
		default:
			return i
		}
	}
	return t.n
}

// parseCoordinates reads lines of row, column and value.
func (h *mtxHeader) parseCoordinates(t *text, e *mtxEntries) *fault {
	b := t.buf
	perLine := 1
	if h.mirror != 0 {
		perLine = 2
	}
	e.reset(perLine * (countLines(t) + 1))
	k := 0
	rows, cols := int64(h.rows), int64(h.cols)
	whole := h.field == "integer" || h.field == "unsigned-integer"
	for i := -1; ; {
		// Most lines begin with a digit right away.
		if i++; i >= t.n || b[i]-'0' > 9 {
			if i = nextEntry(t, i); i >= t.n {
				break
			}
		}
		start := i
		r, end := scanIndex(b, i)
		if end == i || r < 1 || r > rows || !isBlank(b[end]) && !(h.pattern && h.vector && b[end] == '\n') {
			return indexFault(t, i, "row", rows)
		}
		c := int64(1)
		i = skipBlanks(b, end)
		if !h.vector {
			c, end = scanIndex(b, i)
			if end == i || c < 1 || c > cols || !isBlank(b[end]) && !(h.pattern && b[end] == '\n') {
				return indexFault(t, i, "column", cols)
			}
			i = skipBlanks(b, end)
		}
		v := 1.0
		if !h.pattern {
			var out outcome
			at := i
			v, i, out = scanFloat(b, i)
			if out != numOK {
				if out != numSpecial {
					return valueFault(b, at, out)
				}
				e.nonFinite.note(at, int(r), int(c), v)
			}
			if whole && v != math.Trunc(v) {
				e.fractions++
			}
			if h.complex {
				var f *fault
				if i, f = h.skipImaginary(b, i); f != nil {
					return f
				}
			}
		}
		if b[i] != '\n' {
			if i = skipBlanks(b, i); b[i] != '\n' {
				return trailingFault(b, i)
			}
		}
		e.row[k], e.col[k], e.val[k] = int32(r-1), int32(c-1), v
		k++
		e.stored++
		if h.mirror != 0 {
			switch {
			case r == c:
				if h.mirror < 0 {
					if v != 0 {
						return &fault{start, 0, fmt.Sprintf("a skew-symmetric matrix cannot have %v at (%d,%d)", v, r, c)}
					}
				}
				continue
			case r > c:
				if e.lower < 0 {
					e.lower = start
				}
			case e.upper < 0:
				e.upper = start
			}
			e.row[k], e.col[k], e.val[k] = int32(c-1), int32(r-1), h.mirror*v
			k++
		}
	}
	e.row, e.col, e.val = e.row[:k], e.col[:k], e.val[:k]
	return nil
}

func (h *mtxHeader) skipImaginary(b []byte, i int) (int, *fault) {
	if !isBlank(b[i]) {
		return i, &fault{i, 0, "an imaginary part is missing"}
	}
	i = skipBlanks(b, i)
	v, end, out := scanFloat(b, i)
	if out != numOK {
		return i, valueFault(b, i, out)
	}
	if v != 0 {
		return i, &fault{i, 0, fmt.Sprintf("imaginary part %v is not zero: complex matrices are not supported", v)}
	}
	return end, nil
}

// word is the run of printable bytes at b[i], cut to a length fit for a
// message.
func word(b []byte, i int) string {
	end := i
	for end < len(b) && b[end] > ' ' && end < i+24 {
		end++
	}
	if end == i && b[i] != '\n' && b[i] != '\r' {
		end++
	}
	return string(b[i:end])
}

func indexFault(t *text, i int, what string, most int64) *fault {
	w := word(t.buf, i)
	if w == "" {
		return &fault{i, 0, "the line ends before the " + what}
	}
	if n, end := scanIndex(t.buf, i); end > i && n >= 1 && n <= most && t.buf[skipBlanks(t.buf, end)] == '\n' {
		return &fault{end, 0, "the line ends after the " + what}
	}
	return &fault{i, 0, fmt.Sprintf("%s %q is not one of 1…%d", what, w, most)}
}

func valueFault(b []byte, i int, out outcome) *fault {
	w := word(b, i)
	switch {
	case out == numRange:
		return &fault{i, 0, fmt.Sprintf("%q is too large for a double", w)}
	case w == "":
		return &fault{i, 0, "the line ends before the value"}
	}
	return &fault{i, 0, fmt.Sprintf("%q is not a number", w)}
}

func trailingFault(b []byte, i int) *fault {
	return &fault{i, 0, fmt.Sprintf("unexpected %q at the end of the line", word(b, i))}
}

// coordinates collects the entries of a whole file.
type coordinates struct {
	h         *mtxHeader
	opt       *ReadOptions
	src       *source
	row, col  []int32
	val       []float64
	stored    int64
	fractions int
	nonFinite nonFiniteTotal
	lower     *SyntaxError // where the first entry of each triangle is
	upper     *SyntaxError
}

func (c *coordinates) collect(t *text, e *mtxEntries) error {
	if c.stored+int64(e.stored) > c.h.entries {
		return c.h.extraEntry(c.src.name, t, c.stored)
	}
	if e.lower >= 0 && c.lower == nil {
		c.lower = t.syntaxError(c.src.name, &fault{off: e.lower})
	}
	if e.upper >= 0 && c.upper == nil {
		c.upper = t.syntaxError(c.src.name, &fault{off: e.upper})
	}
	if c.lower != nil && c.upper != nil {
		return c.bothTriangles()
	}
	c.nonFinite.add(c.src.name, t, &e.nonFinite, 0)
	c.stored += int64(e.stored)
	c.fractions += e.fractions
	if err := c.grow(len(e.val)); err != nil {
		return err
	}
	c.row = append(c.row, e.row...)
	c.col = append(c.col, e.col...)
	c.val = append(c.val, e.val...)
	return nil
}

func (c *coordinates) bothTriangles() error {
	early, late := c.lower, c.upper
	where := "below"
	if early.Line > late.Line {
		early, late = late, early
		where = "above"
	}
	late.Msg = fmt.Sprintf("symmetric file stores both (i,j) and (j,i): line %d has an entry %s the diagonal, this line one across it", early.Line, where)
	return late
}

// grow makes room for n more. The announced number is believed once a
// quarter of it is there, or at once if it was checked against a file's
// size.
func (c *coordinates) grow(n int) error {
	need := len(c.val) + n
	if need <= cap(c.val) {
		return nil
	}
	announced := c.h.entries
	if c.h.mirror != 0 {
		announced *= 2
	}
	size := int64(2 * need)
	if c.src.size >= 0 || int64(need)*4 >= announced {
		size = announced
	}
	size = max(min(size, announced), int64(need))
	if estimate := 16*size + 8*int64(c.h.rows); estimate > c.opt.MaxMemory {
		return &solver.TooLargeError{
			What: fmt.Sprintf("%s: a %d×%d matrix of %d entries", c.src.name, c.h.rows, c.h.cols, announced),
			Need: estimate, Have: c.opt.MaxMemory,
		}
	}
	c.row = append(make([]int32, 0, size), c.row...)
	c.col = append(make([]int32, 0, size), c.col...)
	c.val = append(make([]float64, 0, size), c.val...)
	return nil
}

// emptyRows bounds the rows that a matrix may have beyond a few times its
// entries, so that a short file cannot ask for much memory.
const emptyRows = 4 << 20

func tooManyRows(name string, rows int, entries int64) error {
	return &solver.TooLargeError{
		What: fmt.Sprintf("%s: %d rows for %d entries", name, rows, entries),
		Need: 8 * int64(rows), Have: 8 * (emptyRows + 16*entries),
	}
}

func readCoordinates(l *lineSource, h *mtxHeader, opt *ReadOptions, f *File) error {
	c := &coordinates{h: h, opt: opt, src: l.src}
	if err := parseLines(l, opt.Threads, h.parseCoordinates, c.collect); err != nil {
		return err
	}
	if c.stored < h.entries {
		return h.countError(l.src.name, l.line+1, c.stored)
	}
	if err := c.nonFinite.err(opt); err != nil {
		return err
	}
	if int64(h.rows) > emptyRows+16*c.stored {
		return tooManyRows(l.src.name, h.rows, c.stored)
	}
	a, merged, err := matrix.FromTriplets(h.rows, h.cols, c.row, c.col, c.val)
	if err != nil {
		return err
	}
	f.Sparse, f.NNZ, f.Nonfinite = a, int64(a.NNZ()), c.nonFinite.count
	if merged > 0 {
		f.warn("%d entries fell on a place already taken and were added to it", merged)
	}
	if h.pattern {
		f.warn("pattern file: all values set to 1")
	}
	if c.upper != nil {
		f.warn("the upper triangle is stored, not the lower one that the format asks for")
	}
	if c.fractions > 0 {
		f.warn("%d values of an integer file are not whole and were kept as they are", c.fractions)
	}
	return nil
}

func (f *File) warn(format string, args ...any) {
	f.Warnings = append(f.Warnings, fmt.Sprintf(format, args...))
}
