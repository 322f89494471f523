package matio

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"solve/solver"
)

// Table is rows of numbers with a name each, as WriteTable writes them.
type Table struct {
	Header  []string // of the name and of every column; nil = none
	Names   []string
	Columns [][]float64
}

// maxTableBytes bounds what ReadTable takes, decompressed.
const maxTableBytes = 1 << 30

// ReadTable reads CSV or TSV whose first column is text: a name, then numbers,
// plain or compressed. A first line whose second cell is no number is the
// header. Errors are *SyntaxErrors.
func ReadTable(path string) (*Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readTable(f, path)
}

func readTable(r io.Reader, name string) (*Table, error) {
	s, err := newSource(r, name, -1, &ReadOptions{})
	if err != nil {
		return nil, err
	}
	defer s.close()
	head, err := s.Peek(peekSize)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, s.readError(err)
	}
	limited := &io.LimitedReader{R: s.Reader, N: maxTableBytes}
	c := csv.NewReader(limited)
	c.Comment, c.ReuseRecord = '#', true
	if line, _, _ := strings.Cut(string(head), "\n"); strings.ContainsRune(line, '\t') && !strings.ContainsRune(line, ',') {
		c.Comma = '\t'
	}
	t := &Table{}
	for {
		cells, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = t.add(cells)
		}
		if err != nil {
			return nil, s.tableError(c, cells, err)
		}
	}
	if limited.N == 0 {
		return nil, fmt.Errorf("%s: %w", name, &solver.TooLargeError{What: "the table", Need: maxTableBytes + 1, Have: maxTableBytes})
	}
	if len(t.Names) == 0 {
		return nil, &SyntaxError{File: name, Msg: "the table has no rows"}
	}
	return t, nil
}

// add appends a line.
func (t *Table) add(cells []string) error {
	if len(cells) < 2 {
		return errors.New("a name and a number are wanted")
	}
	first := t.Columns == nil
	if first {
		t.Columns = make([][]float64, len(cells)-1)
		if _, err := strconv.ParseFloat(strings.TrimSpace(cells[1]), 64); err != nil && !errors.Is(err, strconv.ErrRange) {
			t.Header = append([]string(nil), cells...)
			return nil
		}
	}
	for k := range t.Columns {
		v, err := strconv.ParseFloat(strings.TrimSpace(cells[k+1]), 64)
		if err != nil {
			return fmt.Errorf("%q is no number", cells[k+1])
		}
		t.Columns[k] = append(t.Columns[k], v)
	}
	t.Names = append(t.Names, strings.Clone(cells[0]))
	return nil
}

// tableError says where a table is wrong.
func (s *source) tableError(c *csv.Reader, cells []string, err error) error {
	var parse *csv.ParseError
	switch {
	case errors.As(err, &parse):
		return &SyntaxError{File: s.name, Line: parse.Line, Col: parse.Column, Msg: parse.Err.Error()}
	case len(cells) == 0:
		return s.readError(err)
	}
	line, _ := c.FieldPos(0)
	return &SyntaxError{File: s.name, Line: line, Msg: err.Error()}
}
