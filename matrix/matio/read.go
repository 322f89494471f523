package matio

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"solve/solver"
)

// ReadFile reads the file at path. data.npz#X names array X of an archive.
func ReadFile(path string, opt *ReadOptions) (*File, error) {
	name, key := path, ""
	f, err := os.Open(path)
	if err != nil && errors.Is(err, fs.ErrNotExist) {
		if i := strings.LastIndexByte(path, '#'); i > 0 && strings.EqualFold(filepath.Ext(path[:i]), ".npz") {
			name, key = path[:i], path[i+1:]
			f, err = os.Open(name)
		}
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("is a directory")}
	}
	in := input{r: f, name: name, key: key, size: -1}
	if info.Mode().IsRegular() {
		in.size, in.at = info.Size(), f
	}
	return in.read(opt)
}

// Read reads a stream, such as stdin; name is what errors call it.
func Read(r io.Reader, name string, opt *ReadOptions) (*File, error) {
	return (&input{r: r, name: name, size: -1}).read(opt)
}

type input struct {
	r    io.Reader
	at   io.ReaderAt // nil for a stream
	name string
	key  string // array of an archive
	size int64  // -1 for a stream
}

func (in *input) read(options *ReadOptions) (*File, error) {
	opt := ReadOptions{}
	if options != nil {
		opt = *options
	}
	if opt.MaxMemory <= 0 {
		opt.MaxMemory = solver.DefaultMaxMemory
	}
	if err := opt.check(); err != nil {
		return nil, err
	}
	s, err := newSource(in.r, in.name, in.size, &opt)
	if err != nil {
		return nil, err
	}
	defer s.close()
	f := &File{}
	if f.Format, err = s.sniff(&opt); err != nil {
		return nil, err
	}
	if err := in.readBody(s, &opt, f); err != nil {
		return nil, err
	}
	f.Rows, f.Cols = f.dims()
	return f, s.finish(f)
}

// check refuses values that no reader could use.
func (o *ReadOptions) check() error {
	switch o.Format {
	case "", FormatMTX, FormatCSV, FormatTSV, FormatNPY, FormatLIBSVM:
	default:
		return &solver.OptionError{Name: "format", Value: string(o.Format), Want: "mtx, csv, tsv, npy or svm"}
	}
	switch o.Header {
	case "", "yes", "no":
	default:
		return &solver.OptionError{Name: "header", Value: o.Header, Want: "yes or no"}
	}
	if o.Sep != 0 && (isNumberByte(o.Sep) || strings.IndexByte("\n\r\"#", o.Sep) >= 0) {
		return &solver.OptionError{Name: "sep", Value: fmt.Sprintf("%q", string(rune(o.Sep))), Want: "a byte that no number contains"}
	}
	return nil
}

func isNumberByte(c byte) bool { return c != '_' && isWordByte(c) }

func (f *File) dims() (rows, cols int) {
	if f.Sparse != nil {
		return f.Sparse.Dims()
	}
	return f.Dense.Dims()
}

func (in *input) readBody(s *source, opt *ReadOptions, f *File) error {
	switch f.Format {
	case FormatNPY:
		if magic, _ := s.Peek(4); isZip(magic) {
			return in.readNPZ(s, opt, f)
		}
		return readNPY(s, opt, f)
	case FormatMTX:
		return readMTX(newLineSource(s, opt.MaxMemory), opt, f)
	case FormatLIBSVM:
		return readLIBSVM(newLineSource(s, opt.MaxMemory), opt, f)
	}
	return readCSV(newLineSource(s, opt.MaxMemory), opt, f)
}

func readMTX(l *lineSource, opt *ReadOptions, f *File) error {
	h, err := readMTXHeader(l, opt)
	if err != nil {
		return err
	}
	f.Object, f.Field, f.Symmetry = h.object, h.field, h.symmetry
	if h.coordinate {
		return readCoordinates(l, h, opt, f)
	}
	return readArray(l, h, opt, f)
}

func isZip(magic []byte) bool {
	return bytes.HasPrefix(magic, []byte("PK\x03\x04")) || bytes.HasPrefix(magic, []byte("PK\x05\x06"))
}

func (in *input) readNPZ(s *source, opt *ReadOptions, f *File) error {
	at, size := in.at, in.size
	if at == nil || s.compression != "" {
		b, err := io.ReadAll(io.LimitReader(s, opt.MaxMemory+1))
		if err != nil {
			return s.readError(err)
		}
		if int64(len(b)) > opt.MaxMemory {
			return &solver.TooLargeError{What: in.name + ": the archive", Need: int64(len(b)), Have: opt.MaxMemory}
		}
		at, size = bytes.NewReader(b), int64(len(b))
	}
	a, err := openNPZ(at, size, in.name, opt)
	if err != nil {
		return err
	}
	return a.read(in.key, f)
}

// sniff decides on the format: the one asked for, the one that the name
// promises, or the one that the first bytes look like.
func (s *source) sniff(opt *ReadOptions) (Format, error) {
	start, err := s.Peek(peekSize)
	if len(start) == 0 {
		if err != nil && err != io.EOF {
			return "", s.readError(err)
		}
		return "", &SyntaxError{File: s.name, Msg: "empty file"}
	}
	if opt.Format != "" {
		return opt.Format, nil
	}
	found := lookOf(start)
	if base, _, ok := strings.Cut(s.name, "#"); ok && strings.HasSuffix(base, ".npz") {
		return FormatNPY, nil
	}
	named, _, ok := FormatOf(s.name)
	switch {
	case !ok:
	case named == FormatLIBSVM && found == FormatCSV:
		return FormatLIBSVM, nil // a row without features looks like CSV
	case (named == FormatMTX || named == FormatNPY || named == FormatLIBSVM) && found != named:
		return "", &SyntaxError{File: s.name, Line: firstLine(named), Msg: fmt.Sprintf("this is no %s file: %s", named, missingMark(named))}
	}
	if found == FormatCSV && bytes.IndexByte(start, 0) >= 0 {
		return "", &SyntaxError{File: s.name, Msg: "binary data: this is no file of numbers that can be read"}
	}
	return found, nil
}

func firstLine(f Format) int {
	if f == FormatMTX {
		return 1
	}
	return 0
}

func missingMark(f Format) string {
	switch f {
	case FormatMTX:
		return "its first line does not begin with %%MatrixMarket"
	case FormatNPY:
		return `it does not begin with \x93NUMPY (or, for .npz, as a zip archive)`
	}
	return "its lines are not label index:value"
}

// lookOf guesses the format of data from their beginning.
func lookOf(start []byte) Format {
	switch {
	case bytes.HasPrefix(start, []byte(npyMagic)) || isZip(start):
		return FormatNPY
	case isBanner(start):
		return FormatMTX
	case looksLikeLIBSVM(start):
		return FormatLIBSVM
	}
	return FormatCSV
}

func isBanner(start []byte) bool {
	start = bytes.TrimLeft(bytes.TrimPrefix(start, []byte("\xef\xbb\xbf")), " \t")
	return len(start) >= len(mtxBanner) && strings.EqualFold(string(start[:len(mtxBanner)]), mtxBanner)
}

// looksLikeLIBSVM reports whether a line has index: as second word.
func looksLikeLIBSVM(start []byte) bool {
	for line := range bytes.Lines(start) {
		line, _, _ = bytes.Cut(line, []byte{'#'})
		word := bytes.Fields(line)
		if len(word) < 2 {
			continue
		}
		index, _, ok := bytes.Cut(word[1], []byte{':'})
		return ok && (string(index) == "qid" || len(index) > 0 && len(bytes.Trim(index, "-0123456789")) == 0)
	}
	return false
}
