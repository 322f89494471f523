package matio

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"solve/matrix"
	"solve/solver"
)

// WriteOptions steer WriteDense and WriteCSR. Numbers are always written
// with the fewest digits that read back as the same float64.
type WriteOptions struct {
	Header    []string  // CSV and TSV: first line; WriteCSR's default is i,j,value, WriteDense's none
	Symmetric bool      // MTX: write the lower triangle only; the matrix must equal its transpose
	Labels    []float64 // LIBSVM: one a row; nil = zeros
	Comments  []string  // MTX: lines after the banner, without the %
}

const writeBuffer = 256 << 10

// textWriter collects text and keeps the first error.
type textWriter struct {
	w   io.Writer
	buf []byte
	err error
}

func newTextWriter(w io.Writer) *textWriter {
	return &textWriter{w: w, buf: make([]byte, 0, writeBuffer)}
}

// ready makes room for what a caller appends to buf next: a few numbers.
func (t *textWriter) ready() {
	if len(t.buf) > writeBuffer-256 {
		t.flush()
	}
}

func (t *textWriter) flush() {
	if t.err == nil {
		_, t.err = t.w.Write(t.buf)
	}
	t.buf = t.buf[:0]
}

func (t *textWriter) float(v float64) {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 && (v != 0 || !math.Signbit(v)) {
		t.buf = strconv.AppendInt(t.buf, int64(v), 10) // the same text, faster
		return
	}
	t.buf = strconv.AppendFloat(t.buf, v, 'g', -1, 64)
}

func (t *textWriter) int(n int) { t.buf = strconv.AppendInt(t.buf, int64(n), 10) }

func (t *textWriter) byte(c byte) { t.buf = append(t.buf, c) }

func (t *textWriter) string(s string) {
	t.ready()
	t.buf = append(t.buf, s...)
}

func (t *textWriter) close() error {
	t.flush()
	return t.err
}

// WriteDense writes d: CSV or TSV one row a line, MTX in array form, NPY as
// little-endian float64 in C order, LIBSVM without the zeros. opt may be
// nil.
func WriteDense(w io.Writer, f Format, d *matrix.Dense, opt *WriteOptions) error {
	if opt == nil {
		opt = &WriteOptions{}
	}
	switch f {
	case FormatCSV, FormatTSV:
		t := newTextWriter(w)
		t.header(opt.Header, sepOf(f))
		for i := range d.Rows {
			for j, v := range d.Row(i) {
				t.ready()
				if j > 0 {
					t.byte(sepOf(f))
				}
				t.float(v)
			}
			t.byte('\n')
		}
		return t.close()
	case FormatMTX:
		return writeArray(w, d, opt)
	case FormatNPY:
		return writeNPY(w, d.Rows, d.Cols, func(i int, _ []float64) []float64 { return d.Row(i) })
	case FormatLIBSVM:
		a, err := d.ToCSR()
		if err != nil {
			return err
		}
		return WriteCSR(w, f, a, opt)
	}
	return fmt.Errorf("format %q: %w", f, solver.ErrUnsupported)
}

func sepOf(f Format) byte {
	if f == FormatTSV {
		return '\t'
	}
	return ','
}

// WriteCSR writes a: MTX in coordinate form, CSV and TSV as lines of row,
// column and value counted from 1, NPY as the dense matrix, LIBSVM. opt may
// be nil.
func WriteCSR(w io.Writer, f Format, a *matrix.CSR, opt *WriteOptions) error {
	if opt == nil {
		opt = &WriteOptions{}
	}
	switch f {
	case FormatCSV, FormatTSV:
		header := opt.Header
		if header == nil {
			header = []string{"i", "j", "value"}
		}
		t := newTextWriter(w)
		t.header(header, sepOf(f))
		t.triplets(a, sepOf(f), false)
		return t.close()
	case FormatMTX:
		return writeCoordinate(w, a, opt)
	case FormatNPY:
		return writeNPY(w, a.Rows, a.Cols, func(i int, buf []float64) []float64 {
			clear(buf)
			col, val := a.Row(i)
			for k, c := range col {
				buf[c] = val[k]
			}
			return buf
		})
	case FormatLIBSVM:
		return writeLIBSVM(w, a, opt.Labels)
	}
	return fmt.Errorf("format %q: %w", f, solver.ErrUnsupported)
}

func (t *textWriter) triplets(a *matrix.CSR, sep byte, lower bool) {
	for i := range a.Rows {
		col, val := a.Row(i)
		for k, c := range col {
			if lower && int(c) > i {
				break
			}
			t.ready()
			t.int(i + 1)
			t.byte(sep)
			t.int(int(c) + 1)
			t.byte(sep)
			t.float(val[k])
			t.byte('\n')
		}
	}
}

func (t *textWriter) banner(layout string, opt *WriteOptions) {
	symmetry := "general"
	if opt.Symmetric {
		symmetry = "symmetric"
	}
	t.string("%%MatrixMarket matrix " + layout + " real " + symmetry + "\n")
	for _, c := range opt.Comments {
		t.string("% " + strings.ReplaceAll(c, "\n", "\n% ") + "\n")
	}
}

func writeCoordinate(w io.Writer, a *matrix.CSR, opt *WriteOptions) error {
	nnz := a.NNZ()
	if opt.Symmetric {
		if err := a.CheckSymmetric(); err != nil {
			return err
		}
		nnz = 0
		for i := range a.Rows {
			col, _ := a.Row(i)
			for _, c := range col {
				if int(c) <= i {
					nnz++
				}
			}
		}
	}
	t := newTextWriter(w)
	t.banner("coordinate", opt)
	t.string(fmt.Sprintf("%d %d %d\n", a.Rows, a.Cols, nnz))
	t.triplets(a, ' ', opt.Symmetric)
	return t.close()
}

func writeArray(w io.Writer, d *matrix.Dense, opt *WriteOptions) error {
	if opt.Symmetric {
		if err := d.CheckSymmetric(); err != nil {
			return err
		}
	}
	t := newTextWriter(w)
	t.banner("array", opt)
	t.string(fmt.Sprintf("%d %d\n", d.Rows, d.Cols))
	for j := range d.Cols {
		first := 0
		if opt.Symmetric {
			first = j
		}
		for i := first; i < d.Rows; i++ {
			t.ready()
			t.float(d.At(i, j))
			t.byte('\n')
		}
	}
	return t.close()
}

func writeLIBSVM(w io.Writer, a *matrix.CSR, labels []float64) error {
	if labels != nil && len(labels) != a.Rows {
		return fmt.Errorf("%d labels for %d rows: %w", len(labels), a.Rows, solver.ErrDimension)
	}
	t := newTextWriter(w)
	for i := range a.Rows {
		if labels != nil {
			t.float(labels[i])
		} else {
			t.byte('0')
		}
		col, val := a.Row(i)
		for k, c := range col {
			t.ready()
			t.byte(' ')
			t.int(int(c) + 1)
			t.byte(':')
			t.float(val[k])
		}
		t.ready()
		t.byte('\n')
	}
	return t.close()
}

func (t *textWriter) header(names []string, sep byte) {
	for k, name := range names {
		if k > 0 {
			t.byte(sep)
		}
		t.string(quoted(name, sep))
	}
	if len(names) > 0 {
		t.byte('\n')
	}
}

// quoted is name as a CSV cell that reads back as that name.
func quoted(name string, sep byte) string {
	name = strings.NewReplacer("\r", " ", "\n", " ").Replace(name)
	if !strings.ContainsAny(name, "\"#"+string(sep)) && name == strings.TrimSpace(name) && name != "" {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// WriteTable writes a header (if any) and then one line a row: the row's
// name (if names is not nil), then its value in each column. Columns and
// names must have the same length.
func WriteTable(w io.Writer, sep byte, header, names []string, columns ...[]float64) error {
	rows := len(names)
	if names == nil && len(columns) > 0 {
		rows = len(columns[0])
	}
	for k, c := range columns {
		if len(c) != rows {
			return fmt.Errorf("column %d has %d values for %d rows: %w", k+1, len(c), rows, solver.ErrDimension)
		}
	}
	t := newTextWriter(w)
	t.header(header, sep)
	for i := range rows {
		if names != nil {
			t.string(quoted(names[i], sep))
		}
		for k, c := range columns {
			t.ready()
			if k > 0 || names != nil {
				t.byte(sep)
			}
			t.float(c[i])
		}
		t.byte('\n')
	}
	return t.close()
}

func writeNPY(w io.Writer, rows, cols int, row func(i int, buf []float64) []float64) error {
	b := bufio.NewWriterSize(w, writeBuffer)
	b.Write(npyHeader(rows, cols))
	buf := make([]float64, cols)
	for i := range rows {
		if _, err := b.Write(littleEndian(row(i, buf))); err != nil {
			return err
		}
	}
	return b.Flush()
}
