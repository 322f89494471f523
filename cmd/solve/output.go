package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"solve/internal/report"
	"solve/matrix/matio"
)

// destination is where -o puts the answer.
type destination struct {
	path string // "" = stdout
	dir  bool   // a directory with the report and every part
}

// parseDestination reads -o. A trailing slash, or a directory that exists,
// means a directory.
func parseDestination(path string) destination {
	if path == "" || path == "-" {
		return destination{}
	}
	if strings.HasSuffix(path, "/") || strings.HasSuffix(path, string(filepath.Separator)) {
		return destination{path, true}
	}
	info, err := os.Stat(path)
	return destination{path, err == nil && info.IsDir()}
}

func (d destination) stdout() bool { return d.path == "" }

// format is the format of the single answer: by --to on stdout, by the
// extension in a file.
func (d destination) format(to matio.Format) (matio.Format, error) {
	if d.stdout() || d.dir {
		return to, nil
	}
	f, _, ok := matio.FormatOf(d.path)
	if !ok {
		return "", usageError("end the name in .csv, .tsv, .mtx or .npy (and .gz or .zst), or in / for a directory",
			"-o %s: the extension names no format", d.path)
	}
	return f, nil
}

// outputs are the files of a run: all are written beside their places, then
// all are renamed, so that a failure leaves what was there.
type outputs struct {
	inputs  []string // never overwritten
	pending []*pendingFile
}

type pendingFile struct {
	path string
	file *matio.AtomicFile
}

// claim refuses a path that is an input, or that another output has.
func (o *outputs) claim(paths ...string) error {
	for k, p := range paths {
		if p == "" {
			continue
		}
		for _, in := range o.inputs {
			if sameFile(in, p) {
				return usageError("write to another file", "%s is an input and would be overwritten", p)
			}
		}
		if slices.ContainsFunc(paths[:k], func(q string) bool { return q != "" && sameFile(p, q) }) {
			return usageError("give each output its own file", "%s is the place of two outputs", p)
		}
	}
	return nil
}

// reachable tells early, before hours of work, that a file cannot be made.
func reachable(path string) error {
	if path == "" {
		return nil
	}
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a directory", dir)
	}
	if err == nil {
		err = writable(dir)
	}
	if err != nil {
		return &outputError{path, err}
	}
	return nil
}

// makeDir makes the directory of -o DIR/ unless it exists.
func makeDir(path string) error {
	if err := os.MkdirAll(path, 0o777); err != nil {
		return &outputError{path, err}
	}
	if err := writable(path); err != nil {
		return &outputError{path, err}
	}
	return nil
}

// write writes one file through fn; commit gives it its name.
func (o *outputs) write(path string, fn func(w io.Writer) error) error {
	f, err := matio.Create(path)
	if err != nil {
		return &outputError{path, err}
	}
	o.pending = append(o.pending, &pendingFile{path, f})
	if err := fn(f); err != nil {
		return &outputError{path, err}
	}
	return nil
}

// commit renames everything written so far into place.
func (o *outputs) commit() error {
	for _, p := range o.pending {
		if err := p.file.Commit(); err != nil {
			return &outputError{p.path, err}
		}
	}
	o.pending = nil
	return nil
}

// abort removes what was not committed.
func (o *outputs) abort() {
	for _, p := range o.pending {
		p.file.Abort()
	}
	o.pending = nil
}

// fileHash is the SHA-256 of a file as stored, in hex.
func fileHash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// writeReport writes a report to DIR/report.json.
func (o *outputs) writeReport(dir string, r *report.Report) error {
	if err := o.write(filepath.Join(dir, "report.json"), r.Write); err != nil {
		return err
	}
	return o.commit()
}
