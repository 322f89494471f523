package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"solve/internal/report"
	"solve/matrix/matio"
	"solve/solver"
)

// inputs reads the files of a run and remembers them for the report and so
// that no output overwrites one.
type inputs struct {
	con     *console
	options matio.ReadOptions
	renamed map[string]string // role → file, for check's --input

	list    []report.Input
	stdin   string // the role that took stdin
	seconds float64
}

func newInputs(con *console, v *values) *inputs {
	return &inputs{con: con, options: matio.ReadOptions{
		Format:    matio.Format(v.word("format", "")),
		Sep:       v.separator("sep"),
		ZeroBased: v.flag("zero-based"),
		MaxMemory: v.size("max-memory", solver.DefaultMaxMemory),
		Threads:   v.count("threads", 0),
	}}
}

// read reads the file of a role; "-" is stdin. adjust, which may be nil,
// changes the options for this file.
func (in *inputs) read(role, path string, adjust func(*matio.ReadOptions)) (*matio.File, error) {
	start := time.Now()
	defer func() { in.seconds += time.Since(start).Seconds() }()
	opt := in.options
	if adjust != nil {
		adjust(&opt)
	}
	source := path
	if other, ok := in.renamed[role]; ok {
		source = other
	}
	f, err := in.open(role, source, &opt)
	if err != nil {
		return nil, err
	}
	for _, w := range f.Warnings {
		in.con.warn("%s: %s", in.name(role, path), w)
	}
	in.list = append(in.list, report.Input{Role: role, Path: path, SHA256: f.SHA256, Rows: f.Rows, Cols: f.Cols, NNZ: f.NNZ})
	return f, nil
}

func (in *inputs) open(role, path string, opt *matio.ReadOptions) (*matio.File, error) {
	opt.Hash = opt.Hash || in.con.reportTo != ""
	in.con.reading.Store(true)
	defer in.con.reading.Store(false)
	if path != "-" {
		f, err := matio.ReadFile(path, opt)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			err = withHint(err, "check the name of the file, and the directory that it is relative to")
		case err != nil && isDirectory(path):
			err = withHint(err, "name a file in it")
		}
		return f, err
	}
	if in.stdin != "" {
		return nil, usageError("give one of them as a file", "%s and %s cannot both be stdin", in.stdin, role)
	}
	in.stdin = role
	if isTerminal(in.con.in) {
		return nil, usageError("pipe the data in, or give a file", "%s is read from stdin, but stdin is a terminal", role)
	}
	return matio.Read(in.con.in, stdinName, opt)
}

// name is how messages call the file of a role.
func (in *inputs) name(role, path string) string {
	if other, ok := in.renamed[role]; ok {
		path = other
	}
	if path == "-" {
		return stdinName
	}
	return path
}

const stdinName = "<stdin>"

// readStored reads a file that holds no matrix, such as a report.
func (in *inputs) readStored(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if isDirectory(path) {
		f.Close()
		return nil, fmt.Errorf("%s is a directory: %w", path, solver.ErrInput)
	}
	return f, nil
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// sameFile tells whether two paths are one file, whether or not it exists.
func sameFile(p, q string) bool {
	pi, perr := os.Stat(p)
	qi, qerr := os.Stat(q)
	if perr == nil && qerr == nil {
		return os.SameFile(pi, qi)
	}
	pa, perr := filepath.Abs(p)
	qa, qerr := filepath.Abs(q)
	return perr == nil && qerr == nil && pa == qa
}
