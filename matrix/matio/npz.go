package matio

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate"

	"solve/matrix"
	"solve/solver"
)

// archive is an NPZ file: a zip of NPY files.
type archive struct {
	name  string
	files map[string]*zip.File // without .npy
	names []string             // in the order of the archive
	size  int64
	opt   *ReadOptions
}

func openNPZ(r io.ReaderAt, size int64, name string, opt *ReadOptions) (*archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, &SyntaxError{File: name, Msg: fmt.Sprintf("damaged NPZ archive: %v", err)}
	}
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	a := &archive{name: name, files: map[string]*zip.File{}, size: size, opt: opt}
	for _, f := range z.File {
		if key, ok := strings.CutSuffix(f.Name, ".npy"); ok && a.files[key] == nil {
			a.files[key] = f
			a.names = append(a.names, key)
		}
	}
	return a, nil
}

// read reads the array called key; "" is the only one there is, or the
// sparse matrix that scipy.sparse.save_npz writes as several.
func (a *archive) read(key string, f *File) error {
	if key == "" {
		if a.files["format"] != nil && a.files["shape"] != nil && a.files["data"] != nil {
			return a.readSparse(f)
		}
		if len(a.names) != 1 {
			return &SyntaxError{File: a.name, Msg: fmt.Sprintf(
				"the archive holds %d arrays%s: name one as %s#NAME", len(a.names), list(a.names), a.name)}
		}
		key = a.names[0]
	}
	if a.files[key] == nil {
		return &SyntaxError{File: a.name, Msg: fmt.Sprintf("the archive has no array %q among its %d%s", key, len(a.names), list(a.names))}
	}
	in, header, done, err := a.open(key)
	if err != nil {
		return err
	}
	defer done()
	return header.readMatrix(in, a.opt, f)
}

func list(names []string) string {
	if len(names) == 0 {
		return ""
	}
	more := ""
	if len(names) > 8 {
		names, more = names[:8], ", …"
	}
	return " (" + strings.Join(names, ", ") + more + ")"
}

// open starts reading an array up to its data.
func (a *archive) open(key string) (*npyInput, *npyArray, func() error, error) {
	z := a.files[key]
	if z == nil {
		return nil, nil, nil, &SyntaxError{File: a.name, Msg: fmt.Sprintf("array %q is missing", key)}
	}
	name := a.name + "#" + key
	r, err := z.Open()
	if err != nil {
		return nil, nil, nil, &SyntaxError{File: name, Msg: fmt.Sprintf("damaged NPZ archive: %v", err)}
	}
	in := &npyInput{
		Reader: bufio.NewReaderSize(r, peekSize), name: name, size: -1,
		bound: int64(min(z.UncompressedSize64, math.MaxInt64)),
		fail: func(err error) error {
			return &SyntaxError{File: name, Msg: fmt.Sprintf("damaged NPZ archive: %v", err)}
		},
	}
	// The directory may lie about either size; the archive bounds both.
	stored := min(z.CompressedSize64, uint64(a.size))
	in.bound = min(in.bound, int64(stored)*deflateRatio)
	if z.Method == zip.Store {
		in.bound = min(in.bound, int64(stored))
		in.size = in.bound
	}
	header, err := readNPYHeader(in, name)
	if err != nil {
		r.Close()
		return nil, nil, nil, err
	}
	return in, header, r.Close, nil
}

// array reads a one-dimensional array of numbers.
func (a *archive) array(key string) ([]float64, error) {
	in, header, done, err := a.open(key)
	if err != nil {
		return nil, err
	}
	defer done()
	rows, cols, err := header.dims(in.name)
	if err != nil {
		return nil, err
	}
	if cols != 1 {
		return nil, &SyntaxError{File: in.name, Msg: fmt.Sprintf("a list is needed, not shape (%d, %d)", rows, cols)}
	}
	return header.readData(in, rows, 1, a.opt.MaxMemory)
}

// text reads a scalar string.
func (a *archive) text(key string) (string, error) {
	in, header, done, err := a.open(key)
	if err != nil {
		return "", err
	}
	defer done()
	if header.kind != 'S' && header.kind != 'U' || header.size > 64 || len(header.shape) != 0 {
		return "", &SyntaxError{File: in.name, Msg: "a short text is needed"}
	}
	size := header.size
	if header.kind == 'U' {
		size *= 4
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(in, b); err != nil {
		return "", in.fail(err)
	}
	return strings.ReplaceAll(string(b), "\x00", ""), nil
}

// indices turns floats into indices from 0 to limit, or says which isn't.
func (a *archive) indices(key string, limit int) ([]int32, error) {
	v, err := a.array(key)
	if err != nil {
		return nil, err
	}
	out := make([]int32, len(v))
	for k, x := range v {
		if !(x >= 0 && x <= float64(limit)) || x != math.Trunc(x) {
			return nil, &SyntaxError{File: a.name + "#" + key, Msg: fmt.Sprintf("number %d is %v, not one of 0…%d", k+1, x, limit)}
		}
		out[k] = int32(x)
	}
	return out, nil
}

func (a *archive) readSparse(f *File) error {
	format, err := a.text("format")
	if err != nil {
		return err
	}
	shape, err := a.indices("shape", math.MaxInt32)
	if err != nil {
		return err
	}
	if len(shape) != 2 {
		return &SyntaxError{File: a.name + "#shape", Msg: fmt.Sprintf("%d numbers, not 2", len(shape))}
	}
	rows, cols := int(shape[0]), int(shape[1])
	val, err := a.array("data")
	if err != nil {
		return err
	}
	var row, col []int32
	switch format {
	case "csr":
		row, col, err = a.compressed(rows, cols, len(val))
	case "csc":
		col, row, err = a.compressed(cols, rows, len(val))
	case "coo":
		if row, err = a.indices("row", rows-1); err == nil {
			col, err = a.indices("col", cols-1)
		}
	default:
		err = &SyntaxError{
			File: a.name, Msg: fmt.Sprintf("sparse format %q is none of csr, csc, coo", format), Err: solver.ErrUnsupported,
		}
	}
	if err != nil {
		return err
	}
	if len(row) != len(val) || len(col) != len(val) {
		return &SyntaxError{File: a.name, Msg: fmt.Sprintf("%d rows, %d columns, %d values", len(row), len(col), len(val))}
	}
	if rows > emptyRows+16*len(val) {
		return tooManyRows(a.name, rows, int64(len(val)))
	}
	return a.finishSparse(f, format, rows, cols, row, col, val)
}

func (a *archive) finishSparse(f *File, format string, rows, cols int, row, col []int32, val []float64) error {
	m, merged, err := matrix.FromTriplets(rows, cols, row, col, val)
	if err != nil {
		return err
	}
	f.Sparse, f.NNZ, f.Field = m, int64(m.NNZ()), format
	f.Nonfinite = countNonFinite(m.Val)
	if f.Nonfinite > 0 && !a.opt.AllowNonFinite {
		return m.CheckFinite(a.name)
	}
	if merged > 0 {
		f.warn("%d entries fell on a place already taken and were added to it", merged)
	}
	return nil
}

// compressed reads indptr and indices, and returns the outer and inner
// index of every entry.
func (a *archive) compressed(outer, inner, nnz int) (o, i []int32, err error) {
	ptr, err := a.indices("indptr", min(nnz, math.MaxInt32))
	if err != nil {
		return nil, nil, err
	}
	if len(ptr) != outer+1 || ptr[0] != 0 || int(ptr[outer]) != nnz || !slices.IsSorted(ptr) {
		return nil, nil, &SyntaxError{File: a.name + "#indptr", Msg: fmt.Sprintf(
			"%d pointers do not ascend from 0 to %d in %d steps", len(ptr), nnz, outer)}
	}
	if i, err = a.indices("indices", inner-1); err != nil {
		return nil, nil, err
	}
	o = make([]int32, nnz)
	for k := range outer {
		for p := ptr[k]; p < ptr[k+1]; p++ {
			o[p] = int32(k)
		}
	}
	return o, i, nil
}
