package matio

import (
	"fmt"
	"math"

	"solve/matrix"
	"solve/solver"
)

// arrayValues is what one text of an array file holds.
type arrayValues struct {
	val       []float64
	fractions int
	special   []int // values that are not finite: number in val and byte, in turn
}

// parseArray reads lines of one value.
func (h *mtxHeader) parseArray(t *text, a *arrayValues) *fault {
	a.val, a.special, a.fractions = a.val[:0], a.special[:0], 0
	if n := countLines(t) + 1; cap(a.val) < n {
		a.val = make([]float64, 0, n)
	}
	b := t.buf
	whole := h.field == "integer" || h.field == "unsigned-integer"
	for i := nextEntry(t, 0); i < t.n; i = nextEntry(t, i) {
		v, end, out := scanFloat(b, i)
		if out != numOK {
			if out != numSpecial {
				return valueFault(b, i, out)
			}
			a.special = append(a.special, len(a.val), i)
		}
		if whole && v != math.Trunc(v) {
			a.fractions++
		}
		i = end
		if h.complex {
			var f *fault
			if i, f = h.skipImaginary(b, i); f != nil {
				return f
			}
		}
		if i = skipBlanks(b, i); b[i] != '\n' {
			return trailingFault(b, i)
		}
		a.val = append(a.val, v)
	}
	return nil
}

// columnMajor places values that come column by column in a row-major
// matrix: all of each column, or its part below the diagonal when there is
// a mirror image.
type columnMajor struct {
	h         *mtxHeader
	opt       *ReadOptions
	src       *source
	early     []float64 // values read before the matrix was allocated
	data      []float64
	stored    int64
	i, j      int // place of the next value
	fractions int
	nonFinite nonFiniteTotal
}

func (c *columnMajor) collect(t *text, a *arrayValues) error {
	if c.stored+int64(len(a.val)) > c.h.entries {
		return c.h.extraEntry(c.src.name, t, c.stored)
	}
	for k := 0; k < len(a.special); k += 2 {
		row, col := c.h.arrayPlace(c.stored + int64(a.special[k]))
		n := nonFinite{count: 1, off: a.special[k+1], row: row + 1, col: col + 1, value: a.val[a.special[k]]}
		c.nonFinite.add(c.src.name, t, &n, 0)
	}
	c.stored += int64(len(a.val))
	c.fractions += a.fractions
	if c.data != nil {
		c.place(a.val)
		return nil
	}
	c.early = append(c.early, a.val...)
	if int64(len(c.early))*8 < c.h.entries {
		return nil // an announced size is believed when an eighth of it is there
	}
	return c.allocate()
}

func (c *columnMajor) allocate() error {
	if need := denseBytes(c.h.rows, c.h.cols); need > c.opt.MaxMemory {
		return &solver.TooLargeError{
			What: fmt.Sprintf("%s: a dense %d×%d matrix", c.src.name, c.h.rows, c.h.cols), Need: need, Have: c.opt.MaxMemory,
		}
	}
	c.data = make([]float64, c.h.rows*c.h.cols)
	if c.h.mirror < 0 {
		c.i = 1
	}
	c.place(c.early)
	c.early = nil
	return nil
}

func (c *columnMajor) place(val []float64) {
	rows, cols := c.h.rows, c.h.cols
	if cols == 1 {
		c.i += copy(c.data[c.i:], val)
		return
	}
	i, j := c.i, c.j
	for _, v := range val {
		for i == rows { // the last column of a skew-symmetric matrix is empty
			j++
			i = c.h.firstRow(j)
		}
		c.data[i*cols+j] = v
		if c.h.mirror != 0 && i != j {
			c.data[j*cols+i] = c.h.mirror * v
		}
		i++
	}
	c.i, c.j = i, j
}

// firstRow is the first row that an array file stores of column j.
func (h *mtxHeader) firstRow(j int) int {
	switch {
	case h.mirror == 0:
		return 0
	case h.mirror > 0:
		return j
	}
	return j + 1
}

// arrayPlace is where value number k of an array file belongs.
func (h *mtxHeader) arrayPlace(k int64) (i, j int) {
	for j = 0; ; j++ {
		first := h.firstRow(j)
		if n := int64(h.rows - first); k >= n {
			k -= n
			continue
		}
		return first + int(k), j
	}
}

func readArray(l *lineSource, h *mtxHeader, opt *ReadOptions, f *File) error {
	c := &columnMajor{h: h, opt: opt, src: l.src}
	if l.src.size >= 0 { // the announced size was checked against it
		if err := c.allocate(); err != nil {
			return err
		}
	}
	if err := parseLines(l, opt.Threads, h.parseArray, c.collect); err != nil {
		return err
	}
	if c.stored < h.entries {
		return h.countError(l.src.name, l.line+1, c.stored)
	}
	if err := c.nonFinite.err(opt); err != nil {
		return err
	}
	if c.data == nil {
		c.data = []float64{} // no value at all
		if h.rows == 1 && h.cols == 1 {
			c.data = make([]float64, 1) // skew-symmetric: nothing stored
		}
	}
	d, err := matrix.NewDense(h.rows, h.cols, c.data)
	if err != nil {
		return err
	}
	f.Dense, f.NNZ, f.Nonfinite = d, int64(len(d.Data)), c.nonFinite.count
	if c.fractions > 0 {
		f.warn("%d values of an integer file are not whole and were kept as they are", c.fractions)
	}
	return nil
}
