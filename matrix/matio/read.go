package matio

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"strings"

	"solve/matrix"
)

// ReadFile reads the file at path. data.npz#X names one array of an archive.
func ReadFile(path string, opt *ReadOptions) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Read(f, path, opt)
}

// Read reads a stream, such as stdin; name is what errors call it.
func Read(r io.Reader, name string, opt *ReadOptions) (*File, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	d := &matrix.Dense{}
	for _, line := range strings.Split(string(bytes.TrimSpace(raw)), "\n") {
		cells := strings.Split(line, ",")
		for _, c := range cells {
			v, err := strconv.ParseFloat(c, 64)
			if err != nil {
				return nil, &SyntaxError{File: name, Line: d.Rows + 1, Msg: err.Error()}
			}
			d.Data = append(d.Data, v)
		}
		d.Cols = len(cells)
		d.Rows++
	}
	return &File{Name: name, Format: FormatCSV, Rows: d.Rows, Cols: d.Cols, Dense: d, NNZ: int64(len(d.Data))}, nil
}
