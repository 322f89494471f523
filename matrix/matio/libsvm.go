package matio

import (
	"bytes"
	"fmt"
	"math"

	"solve/matrix"
)

// svmRows is what one text of a LIBSVM file holds.
type svmRows struct {
	labels    []float64
	ends      []int64 // entries up to the end of each row
	col       []int32
	val       []float64
	top       int32 // largest column, from 1
	queries   int   // qid: pairs
	nonFinite nonFinite
}

// svmParser reads lines "label index:value …" with ascending indices. C.-C.
// Chang, C.-J. Lin, LIBSVM: a library for support vector machines, ACM
// Transactions on Intelligent Systems and Technology 2 (2011).
type svmParser struct{ base int64 } // base is the smallest index: 0 or 1

func (p svmParser) parse(t *text, r *svmRows) *fault {
	*r = svmRows{labels: r.labels[:0], ends: r.ends[:0], col: r.col[:0], val: r.val[:0]}
	b := t.buf
	for i := 0; i < t.n; {
		i = skipBlanks(b, i)
		switch {
		case i >= t.n:
			return nil
		case b[i] == '\n':
			i++
			continue
		case b[i] == '#':
			i += bytes.IndexByte(b[i:], '\n')
			continue
		}
		var f *fault
		if i, f = p.parseRow(b, i, r); f != nil {
			return f
		}
	}
	return nil
}

func (p svmParser) parseRow(b []byte, i int, r *svmRows) (int, *fault) {
	row := len(r.labels) + 1
	label, end, out := scanFloat(b, i)
	switch {
	case out == numSpecial:
		r.nonFinite.note(i, row, 0, label)
	case out == numOK && b[end] == ',':
		return i, &fault{i, 0, "several labels in a row are not supported"}
	case out != numOK || !isBlank(b[end]) && b[end] != '\n' && b[end] != '#':
		if out == numOK {
			out = numBad
		}
		f := valueFault(b, i, out)
		f.msg = "label " + f.msg
		return i, f
	}
	r.labels = append(r.labels, label)
	last := p.base - 1
	for {
		i = skipBlanks(b, end)
		if b[i] == '\n' {
			break
		}
		if b[i] == '#' {
			i += bytes.IndexByte(b[i:], '\n')
			break
		}
		if b[i] == 'q' && bytes.HasPrefix(b[i:], []byte("qid:")) {
			r.queries++
			_, end = scanIndex(b, i+4)
			if end == i+4 || !isBlank(b[end]) && b[end] != '\n' {
				return i, &fault{i, 0, fmt.Sprintf("%q is no query number", word(b, i))}
			}
			continue
		}
		n, colon := scanIndex(b, i)
		if colon == i || b[colon] != ':' {
			return i, &fault{i, 0, fmt.Sprintf("%q is not index:value", word(b, i))}
		}
		if n <= last || n-p.base >= math.MaxInt32 {
			return i, p.orderFault(i, n, last)
		}
		last = n
		v, stop, out := scanFloat(b, colon+1)
		if out == numOK && !isBlank(b[stop]) && b[stop] != '\n' && b[stop] != '#' {
			out = numBad
		}
		if out != numOK {
			if out != numSpecial {
				return i, valueFault(b, colon+1, out)
			}
			r.nonFinite.note(i, row, int(n-p.base)+1, v)
		}
		end = stop
		r.col = append(r.col, int32(n-p.base))
		r.val = append(r.val, v)
	}
	r.top = max(r.top, int32(last-p.base+1))
	r.ends = append(r.ends, int64(len(r.val)))
	return i, nil
}

func (p svmParser) orderFault(i int, n, last int64) *fault {
	switch {
	case n == 0 && p.base == 1:
		return &fault{i, 0, "index 0: indices count from 1 unless the file is said to be 0-based"}
	case n == last:
		return &fault{i, 0, fmt.Sprintf("index %d occurs twice in the row", n)}
	case n < last:
		return &fault{i, 0, fmt.Sprintf("index %d after %d: indices must ascend", n, last)}
	}
	return &fault{i, 0, fmt.Sprintf("index %d: at most %d columns are supported", n, math.MaxInt32)}
}

// svmTable collects the rows of a whole file.
type svmTable struct {
	src *source
	opt *ReadOptions
	svmRows
	total nonFiniteTotal
}

func (c *svmTable) collect(t *text, r *svmRows) error {
	c.total.add(c.src.name, t, &r.nonFinite, len(c.labels))
	before := int64(len(c.val))
	for k := range r.ends {
		r.ends[k] += before
	}
	c.top = max(c.top, r.top)
	c.queries += r.queries
	// A row takes 16 bytes, an entry 12.
	entryShare, rowShare := c.opt.MaxMemory/2, c.opt.MaxMemory/4
	var err error
	if c.labels, err = appendGuarded(c.labels, r.labels, c.src, t, rowShare); err != nil {
		return err
	}
	if c.ends, err = appendGuarded(c.ends, r.ends, c.src, t, rowShare); err != nil {
		return err
	}
	if c.col, err = appendGuarded(c.col, r.col, c.src, t, entryShare/2); err != nil {
		return err
	}
	c.val, err = appendGuarded(c.val, r.val, c.src, t, entryShare)
	return err
}

func readLIBSVM(l *lineSource, opt *ReadOptions, f *File) error {
	p := svmParser{base: 1}
	if opt.ZeroBased {
		p.base = 0
	}
	all := &svmTable{src: l.src, opt: opt}
	all.ends = []int64{0}
	if err := parseLines(l, opt.Threads, p.parse, all.collect); err != nil {
		return err
	}
	if len(all.labels) == 0 {
		return &SyntaxError{File: l.src.name, Msg: "empty file"}
	}
	if err := all.total.err(opt); err != nil {
		return err
	}
	f.Sparse = &matrix.CSR{Rows: len(all.labels), Cols: int(all.top), RowPtr: all.ends, Col: all.col, Val: all.val}
	f.Labels, f.NNZ, f.Nonfinite = all.labels, int64(len(all.val)), all.total.count
	if all.queries > 0 {
		f.warn("%d qid: pairs were ignored", all.queries)
	}
	return nil
}
