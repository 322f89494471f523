package matio

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"solve/matrix"
	"solve/solver"
)

// csvLayout is how the lines of a text table are to be taken apart.
type csvLayout struct {
	sep     byte // ' ' = runs of blanks and tabs
	cols    int
	missing *float64
	blank   [256]bool // may surround a cell
}

func newCSVLayout(sep byte, missing *float64) *csvLayout {
	c := &csvLayout{sep: sep, missing: missing}
	for _, b := range []byte(" \t\r") {
		c.blank[b] = b != sep || sep == ' '
	}
	return c
}

func (c *csvLayout) skip(b []byte, i int) int {
	for c.blank[b[i]] {
		i++
	}
	return i
}

// nextRow returns the first byte that is not blank of the next line from i
// on that has a cell, or t.n.
func (c *csvLayout) nextRow(t *text, i int) int {
	for i < t.n {
		i = c.skip(t.buf, i)
		switch t.buf[i] {
		case '\n':
			i++
		case '#':
			i += bytes.IndexByte(t.buf[i:], '\n')
		default:
			return min(i, t.n)
		}
	}
	return t.n
}

// csvRows is what one text holds.
type csvRows struct {
	val       []float64
	rows      int
	nonFinite nonFinite
}

// parse reads rows of c.cols numbers.
func (c *csvLayout) parse(t *text, r *csvRows) *fault {
	r.val, r.rows, r.nonFinite = r.val[:0], 0, nonFinite{}
	b := t.buf
	for i := c.nextRow(t, 0); i < t.n; i = c.nextRow(t, i) {
		start := i
		n := 0
		for {
			v, end, out := scanFloat(b, i)
			if out != numOK || !c.blank[b[end]] && b[end] != c.sep && b[end] != '\n' {
				var f *fault
				if v, end, f = c.parseCell(b, i, n+1); f != nil {
					return f
				}
				if v-v != 0 {
					r.nonFinite.note(i, r.rows+1, n+1, v)
				}
			}
			r.val = append(r.val, v)
			n++
			i = end
			if b[i] != c.sep || c.sep == ' ' {
				i = c.skip(b, i)
			}
			if b[i] == '\n' || b[i] == '#' {
				break
			}
			if c.sep != ' ' {
				if b[i] != c.sep {
					return &fault{i, n, fmt.Sprintf("unexpected %q after the cell", word(b, i))}
				}
				i = c.skip(b, i+1)
			}
		}
		if n != c.cols {
			return &fault{start, -1, fmt.Sprintf("%d cells, but the first row has %d", n, c.cols)}
		}
		r.rows++
		if b[i] == '#' {
			i += bytes.IndexByte(b[i:], '\n')
		}
	}
	return nil
}

// parseCell reads a cell that is not a plain number: quoted, empty, a word,
// or wrong.
func (c *csvLayout) parseCell(b []byte, i, n int) (float64, int, *fault) {
	cell, end, ok := c.cell(b, i)
	if !ok {
		return 0, i, &fault{i, n, "a quote is not closed on its line"}
	}
	if v, out := parseNumber(cell); out == numOK || out == numSpecial {
		if c.missing != nil && math.IsNaN(v) {
			v = *c.missing
		}
		return v, end, nil
	} else if out == numRange {
		return 0, i, &fault{i, n, fmt.Sprintf("%q is too large for a double", clip(cell))}
	}
	if isMissing(cell) {
		if c.missing != nil {
			return *c.missing, end, nil
		}
		return 0, i, &fault{i, n, fmt.Sprintf("the cell is %s: a value for missing cells is needed to read it", quoteMissing(cell))}
	}
	msg := fmt.Sprintf("%q is not a number", clip(cell))
	if c.sep == ',' && strings.Contains(cell, ";") {
		msg += " (are cells separated by semicolons?)"
	}
	return 0, i, &fault{i, n, msg}
}

func clip(s string) string {
	if len(s) > 24 {
		return s[:24]
	}
	return s
}

func isMissing(cell string) bool { return cell == "" || strings.EqualFold(cell, "na") }

func quoteMissing(cell string) string {
	if cell == "" {
		return "empty"
	}
	return cell
}

// padded is s as scanners want it.
func padded(s string) []byte {
	b := make([]byte, len(s)+pad)
	copy(b, s)
	b[len(s)] = '\n'
	return b
}

// parseNumber is scanFloat of a whole string.
func parseNumber(s string) (float64, outcome) {
	v, end, out := scanFloat(padded(s), 0)
	if end != len(s) {
		return 0, numBad
	}
	return v, out
}

// cell returns the text of the cell at b[i], without quotes and
// surrounding blanks, and where it ends: at a separator, comment or
// newline.
func (c *csvLayout) cell(b []byte, i int) (s string, end int, ok bool) {
	if b[i] == '"' {
		return c.quotedCell(b, i)
	}
	end = i
	for b[end] != c.sep && b[end] != '\n' && b[end] != '#' && !(c.sep == ' ' && c.blank[b[end]]) {
		end++
	}
	return strings.Trim(string(b[i:end]), " \t\r"), end, true
}

func (c *csvLayout) quotedCell(b []byte, i int) (s string, end int, ok bool) {
	var text []byte
	for i++; b[i] != '\n'; i++ {
		if b[i] == '"' {
			if b[i+1] != '"' {
				i++
				if b[i] != c.sep || c.sep == ' ' {
					i = c.skip(b, i)
				}
				return strings.TrimSpace(string(text)), i, true
			}
			i++
		}
		text = append(text, b[i])
	}
	return "", i, false
}

// cells takes the whole row that begins at b[i] apart.
func (c *csvLayout) cells(b []byte, i int) (cells []string, err *fault) {
	for {
		s, end, ok := c.cell(b, i)
		if !ok {
			return nil, &fault{i, len(cells) + 1, "a quote is not closed on its line"}
		}
		cells = append(cells, s)
		i = end
		if b[i] != c.sep || c.sep == ' ' {
			i = c.skip(b, i)
		}
		if b[i] == '\n' || b[i] == '#' {
			return cells, nil
		}
		if c.sep == ' ' {
			continue
		}
		if b[i] != c.sep {
			return nil, &fault{i, len(cells), fmt.Sprintf("unexpected %q after a quoted cell", word(b, i))}
		}
		i = c.skip(b, i+1)
	}
}

// sniffSeparator guesses from a row: the first of comma, semicolon, tab and
// blank that occurs outside quotes.
func sniffSeparator(row []byte) byte {
	var seen [256]bool
	quoted := false
	for _, ch := range bytes.TrimRight(row, " \t\r") {
		if ch == '"' {
			quoted = !quoted
		} else if ch == '#' && !quoted {
			break
		} else if !quoted {
			seen[ch] = true
		}
	}
	for _, sep := range []byte(",;\t ") {
		if seen[sep] {
			return sep
		}
	}
	return ','
}

// isHeader reports whether a first row names columns: some cell is a word,
// and none is a number.
func isHeader(cells []string) bool {
	words := 0
	for _, s := range cells {
		if _, out := parseNumber(s); out != numBad {
			return false
		}
		if !isMissing(s) {
			words++
		}
	}
	return words > 0
}

// table collects the rows of a whole file.
type table struct {
	src       *source
	opt       *ReadOptions
	cols      int
	data      []float64
	rows      int
	nonFinite nonFiniteTotal
}

func (c *table) collect(t *text, r *csvRows) error {
	c.nonFinite.add(c.src.name, t, &r.nonFinite, c.rows)
	if first := c.nonFinite.first; first != nil {
		first.Col = first.Err.(*solver.EntryError).Col
	}
	c.rows += r.rows
	var err error
	c.data, err = appendGuarded(c.data, r.val, c.src, t, c.opt.MaxMemory)
	return err
}

func readCSV(l *lineSource, opt *ReadOptions, f *File) error {
	c, err := csvStart(l, opt, f)
	if err != nil {
		return err
	}
	all := &table{src: l.src, opt: opt, cols: c.cols, data: []float64{}}
	if err := parseLines(l, opt.Threads, c.parse, all.collect); err != nil {
		return err
	}
	if err := all.nonFinite.err(opt); err != nil {
		return err
	}
	d, err := matrix.NewDense(all.rows, c.cols, all.data)
	if err != nil {
		return err
	}
	f.Dense, f.NNZ, f.Nonfinite = d, int64(len(d.Data)), all.nonFinite.count
	return nil
}

// csvStart finds separator, header and number of columns, and leaves l at
// the first row of numbers.
func csvStart(l *lineSource, opt *ReadOptions, f *File) (*csvLayout, error) {
	lines := &headerLines{l: l}
	row, err := firstRow(lines)
	if err != nil {
		return nil, err
	}
	sep := opt.Sep
	if sep == 0 {
		if sep, err = separatorOf(lines, row, opt.Format); err != nil {
			return nil, err
		}
	}
	c := newCSVLayout(sep, opt.Missing)
	f.Format = FormatCSV
	if sep == '\t' {
		f.Format = FormatTSV
	}
	start := lines.off + bytes.Index(lines.t.buf[lines.off:lines.pos], row)
	cells, bad := c.cells(lines.t.buf, c.skip(lines.t.buf, start))
	if bad != nil {
		return nil, lines.t.syntaxError(l.src.name, bad)
	}
	c.cols = len(cells)
	if opt.Header == "yes" || opt.Header == "" && isHeader(cells) {
		f.Header = cells
		start = lines.pos
	}
	l.unread(&lines.t, start)
	return c, nil
}

// firstRow returns the first line that is neither blank nor a comment,
// without a byte-order mark.
func firstRow(lines *headerLines) ([]byte, error) {
	for first := true; ; first = false {
		line, ok, err := lines.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, &SyntaxError{File: lines.l.src.name, Msg: "empty file"}
		}
		if first {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		}
		if t := bytes.TrimLeft(line, " \t\r"); len(t) > 0 && t[0] != '#' {
			return line, nil
		}
	}
}

// separatorOf decides on the separator. A name that ends in .csv promises
// commas: with semicolons a comma is often the decimal mark, so they are
// not taken without being asked for.
func separatorOf(lines *headerLines, row []byte, format Format) (byte, error) {
	named, _, _ := FormatOf(lines.l.src.name)
	if format == FormatTSV || format == "" && named == FormatTSV {
		return '\t', nil
	}
	sep := sniffSeparator(row)
	if sep == ';' && strings.Contains(strings.ToLower(filepath.Base(lines.l.src.name)), ".csv") {
		return 0, lines.fail(bytes.IndexByte(row, ';'), "cells of a .csv file are separated by commas; if by semicolons, say so (separator %q)", ";")
	}
	return sep, nil
}
