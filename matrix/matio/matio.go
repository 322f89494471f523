// Package matio reads and writes matrices: MatrixMarket, CSV and TSV, NPY
// and NPZ, LIBSVM, each plain or compressed by gzip or Zstandard.
//
// Readers recognise the format from the data, check every claim of a header
// against the data before memory is taken for it, and name file, line and
// column of what is wrong. Text is parsed in parallel; the result does not
// depend on the number of threads. docs/formats.md lists what is accepted.
package matio

import (
	"fmt"
	"path/filepath"
	"strings"

	"solve/matrix"
	"solve/solver"
)

// Format is how a file stores a matrix.
type Format string

// The formats. CSV is any separated text when reading; NPZ archives are
// read as NPY.
const (
	FormatMTX    Format = "mtx"
	FormatCSV    Format = "csv"
	FormatTSV    Format = "tsv"
	FormatNPY    Format = "npy"
	FormatLIBSVM Format = "svm"
)

// ReadOptions steer ReadFile and Read. The zero value and nil mean: sniff
// everything, refuse what is not finite.
type ReadOptions struct {
	Format         Format   // "" = sniff; a name ending in .mtx, .npy, .npz or .svm (before .gz or .zst) has to hold that format
	Sep            byte     // separator of CSV, ' ' for runs of blanks; 0 = sniff
	Header         string   // first row of CSV is a header: "" = if no cell of it is a number, "yes", "no"
	Missing        *float64 // value of empty, NA and NaN cells of CSV; nil = they are errors
	AllowNonFinite bool     // keep NaN and ±Inf, and count them in File.Nonfinite
	Real           bool     // accept complex MatrixMarket whose imaginary parts are all zero
	ZeroBased      bool     // LIBSVM indices count from 0
	MaxMemory      int64    // bytes that the matrix may take; 0 = solver.DefaultMaxMemory
	Threads        int      // 0 = GOMAXPROCS
	Hash           bool     // compute File.SHA256
}

// File is a matrix and what was said about it in the file. Exactly one of
// Dense and Sparse is set.
type File struct {
	Name        string
	Format      Format
	Compression string // "", "gzip", "zstd"
	Rows, Cols  int
	NNZ         int64 // stored entries of Sparse, after symmetry is expanded; Rows*Cols for Dense

	Object, Field, Symmetry string // MatrixMarket's words; Field is the dtype for NPY

	Dense    *matrix.Dense
	Sparse   *matrix.CSR
	Labels   []float64 // LIBSVM
	Header   []string  // CSV
	Warnings []string  // what was read leniently, one sentence each

	SHA256    string // of the bytes as stored, in hex; "" unless asked for
	Bytes     int64  // as stored
	Nonfinite int64  // NaN and ±Inf entries; 0 unless they were allowed
}

// SyntaxError says where a file breaks the rules of its format.
type SyntaxError struct {
	File      string
	Line, Col int // from 1; 0 = not known; Col counts cells in CSV, bytes elsewhere
	Msg       string
	Err       error // what it wraps; nil = solver.ErrFormat
}

// Error returns "file:line:col: msg", without the numbers that are 0.
func (e *SyntaxError) Error() string {
	switch {
	case e.Line == 0:
		return fmt.Sprintf("%s: %s", e.File, e.Msg)
	case e.Col == 0:
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Msg)
}

// Unwrap gives Err or solver.ErrFormat.
func (e *SyntaxError) Unwrap() error {
	if e.Err != nil {
		return e.Err
	}
	return solver.ErrFormat
}

// FormatOf tells format and compression ("", "gzip", "zstd") from the end
// of a name; ok is false for a name that ends in neither a known extension
// nor a known one followed by .gz or .zst.
func FormatOf(path string) (f Format, compression string, ok bool) {
	name := strings.ToLower(path)
	switch filepath.Ext(name) {
	case ".gz":
		compression, name = "gzip", strings.TrimSuffix(name, ".gz")
	case ".zst":
		compression, name = "zstd", strings.TrimSuffix(name, ".zst")
	}
	switch filepath.Ext(name) {
	case ".mtx", ".mm":
		return FormatMTX, compression, true
	case ".csv", ".txt", ".dat":
		return FormatCSV, compression, true
	case ".tsv":
		return FormatTSV, compression, true
	case ".npy", ".npz":
		return FormatNPY, compression, true
	case ".svm", ".libsvm":
		return FormatLIBSVM, compression, true
	}
	return "", compression, false
}
