package main

import (
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
	path   string // "" = stdout
	dir    bool   // a directory with the report and every part
	device bool   // a device or a pipe: its name says nothing about formats
}

// parseDestination reads -o. A trailing slash, or a directory that exists,
// means a directory.
func parseDestination(path string) destination {
	if path == "" || path == "-" {
		return destination{}
	}
	if strings.HasSuffix(path, "/") || strings.HasSuffix(path, string(filepath.Separator)) {
		return destination{path: path, dir: true}
	}
	d := destination{path: path}
	if info, err := os.Stat(path); err == nil {
		d.dir = info.IsDir()
		d.device = !d.dir && !info.Mode().IsRegular()
	}
	return d
}

func (d destination) stdout() bool { return d.path == "" }

// file is the path of -o FILE where its extension decides; "" otherwise.
func (d destination) file() string {
	if d.dir || d.device {
		return ""
	}
	return d.path
}

// format is the format of the single answer: by --to on stdout, by the
// extension in a file. words are the formats that can be written.
func (d destination) format(to matio.Format, words []string) (matio.Format, error) {
	if d.file() == "" {
		return to, nil
	}
	f, _, ok := matio.FormatOf(d.path)
	archive := strings.HasSuffix(strings.ToLower(d.path), ".npz") // read, never written
	if !ok || archive || !slices.Contains(words, string(f)) {
		return "", usageError("end the name in ."+strings.Join(words, ", .")+" (and .gz or .zst), or in / for a directory",
			"%s: the extension names no format that can be written", d.path)
	}
	return f, nil
}

// outputs are the files of a run: all are written beside their places, then
// all are renamed, so that a failure leaves what was there.
type outputs struct {
	inputs  []string // never overwritten
	pending []*pendingFile
	made    []string // directories, the innermost first
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
// A file in the directory that is going to be made can.
func reachable(path string, to destination) error {
	dir := filepath.Dir(path)
	if path == "" || (to.dir && sameFile(dir, to.path)) {
		return nil
	}
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

// makeDir makes the directory of -o DIR/ unless it exists; abort removes it
// again if nothing came into it.
func (o *outputs) makeDir(path string) error {
	path = filepath.Clean(path)
	var missing []string
	for dir := path; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		missing = append(missing, dir)
	}
	err := os.MkdirAll(path, 0o777)
	o.made = append(o.made, missing...)
	if err == nil {
		err = writable(path)
	}
	if err != nil {
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

// abort removes what was not committed, and directories made in vain.
func (o *outputs) abort() {
	for _, p := range o.pending {
		p.file.Abort()
	}
	o.pending = nil
	for _, dir := range o.made {
		if os.Remove(dir) != nil {
			break // it holds what was committed
		}
	}
	o.made = nil
}

// writeReport writes a report to DIR/report.json.
func (o *outputs) writeReport(dir string, r *report.Report) error {
	if err := o.write(filepath.Join(dir, "report.json"), r.Write); err != nil {
		return err
	}
	return o.commit()
}
