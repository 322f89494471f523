package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"

	"golang.org/x/term"

	"solve/internal/report"
	"solve/matrix/matio"
	"solve/solver"
)

// console is the three streams and how much is said on them.
type console struct {
	in       *os.File
	out, err *os.File

	command string // the subcommand, once known
	json    bool   // errors as JSON objects, the report on stdout
	quiet   bool
	verbose bool
	colour  bool // only when stderr is a terminal

	reportTo string      // a batch wants the report in this file, whatever stdout carries
	reading  atomic.Bool // an input is being read: an interrupt has nothing to emit
	warnings []string
}

func newConsole(in, out, err *os.File) *console {
	c := &console{in: in, out: out, err: err}
	c.colour = isTerminal(err) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return c
}

func isTerminal(f *os.File) bool { return f != nil && term.IsTerminal(int(f.Fd())) }

// say writes one aligned line on stderr: what was read, chosen or found.
func (c *console) say(key, format string, args ...any) {
	if !c.quiet {
		fmt.Fprintf(c.err, "%-9s  %s\n", key, fmt.Sprintf(format, args...))
	}
}

// warn says a warning and keeps it for the report.
func (c *console) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	c.warnings = append(c.warnings, text)
	if !c.quiet {
		fmt.Fprintf(c.err, "%s %s\n", c.paint(yellow, "warning:"), text)
	}
}

const (
	red    = "31"
	yellow = "33"
)

func (c *console) paint(code, text string) string {
	if !c.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// fail says why a run ended as it did: a line and one thing to try, or a
// JSON object where --json promises one.
func (c *console) fail(err error, code int) {
	if code <= exitInput || code == exitResources { // there is no report
		object := c.errorObject(err, code)
		// There is no other stream left to complain on.
		_ = c.file(object)
		if c.json {
			_ = object.Write(c.err)
			return
		}
	}
	name := "solve"
	if c.command != "" {
		name += " " + c.command
	}
	fmt.Fprintf(c.err, "%s %s\n", c.paint(red, name+":"), c.message(err))
	if hint := hintFor(err); hint != "" {
		fmt.Fprintf(c.err, "hint: %s\n", hint)
	}
	var internal *internalError
	if errors.As(err, &internal) {
		fmt.Fprintln(c.err, internal.stack)
	}
}

// message is an error without the package's name where that is the
// subcommand's, too. Options are named as flags: packages know no dashes.
func (c *console) message(err error) string {
	var option *solver.OptionError
	if errors.As(err, &option) && !strings.HasPrefix(option.Name, "-") {
		option.Name = "--" + option.Name
	}
	return strings.TrimPrefix(err.Error(), c.command+": ")
}

func (c *console) errorObject(err error, code int) *report.Error {
	e := &report.Error{Schema: report.ErrorSchema, Exit: code, Kind: exitWord(code), Message: c.message(err), Hint: hintFor(err)}
	var syntax *matio.SyntaxError
	var path *fs.PathError
	var out *outputError
	switch {
	case errors.As(err, &syntax):
		e.File, e.Line, e.Column = syntax.File, syntax.Line, syntax.Col
	case errors.As(err, &out):
		e.File = out.path
	case errors.As(err, &path):
		e.File = path.Path
	}
	var internal *internalError
	if errors.As(err, &internal) {
		e.Stack = internal.stack
	}
	return e
}

// print writes to stdout through fn.
func (c *console) print(fn func(w io.Writer) error) error {
	w := bufio.NewWriterSize(c.out, 1<<16)
	err := fn(w)
	if flushErr := w.Flush(); err == nil {
		err = flushErr
	}
	if err != nil {
		return &outputError{stdoutName, err}
	}
	return nil
}

// printText writes text to stdout.
func (c *console) printText(text string) error {
	return c.print(func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// counted is a count with its noun.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}

// grouped writes a count with blanks between groups of three digits.
func grouped(n int) string {
	s := fmt.Sprint(n)
	var b strings.Builder
	for i, d := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(d)
	}
	return b.String()
}
