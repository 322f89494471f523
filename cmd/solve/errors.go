package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"solve/matrix/matio"
	"solve/solver"
)

// hintedError is an error with one thing to try.
type hintedError struct {
	err  error
	hint string
}

func (e *hintedError) Error() string { return e.err.Error() }
func (e *hintedError) Unwrap() error { return e.err }

func withHint(err error, format string, args ...any) error {
	return &hintedError{err, fmt.Sprintf(format, args...)}
}

// usageError is a command line that no input could make right.
func usageError(hint, format string, args ...any) error {
	return withHint(fmt.Errorf("%s%w", fmt.Sprintf(format, args...), silent{solver.ErrOption}), "%s", hint)
}

// inputError is data that cannot be used.
func inputError(hint, format string, args ...any) error {
	return withHint(fmt.Errorf("%s%w", fmt.Sprintf(format, args...), silent{solver.ErrInput}), "%s", hint)
}

// silent classifies an error without adding words to it.
type silent struct{ kind error }

func (silent) Error() string   { return "" }
func (s silent) Unwrap() error { return s.kind }

// outputError is an answer that could not be written.
type outputError struct {
	path string
	err  error
}

// Error names the file that was asked for; the one of the cause may be
// temporary.
func (e *outputError) Error() string {
	cause := e.err
	var path *fs.PathError
	if errors.As(cause, &path) && path.Path != filepath.Dir(e.path) {
		cause = path.Err
	}
	return fmt.Sprintf("cannot write %s: %v", e.path, cause)
}

func (e *outputError) Unwrap() error { return e.err }

func (e *outputError) hint() string {
	switch {
	case e.path == stdoutName:
		return "choose another place with -o"
	case errors.Is(e.err, fs.ErrNotExist):
		return "make its directory first, or choose another place"
	}
	return "choose another place"
}

// stdoutName is the path of an outputError that no file caused.
const stdoutName = "stdout"

func isOutputError(err error) bool {
	var out *outputError
	return errors.As(err, &out)
}

// isClosedPipe tells whether the reader of our stdout has gone.
func isClosedPipe(err error) bool {
	return isOutputError(err) && errors.Is(err, syscall.EPIPE)
}

// errCheckFailed is the outcome of a check that found the answer wanting.
var errCheckFailed = errors.New("check failed")

// syntaxHint is what to try with a file that cannot be read.
func syntaxHint(e *matio.SyntaxError) string {
	switch {
	case errors.Is(e, solver.ErrNonFinite):
		return "replace or leave out what is not a finite number"
	case errors.Is(e, solver.ErrUnsupported):
		return "store the data in another format"
	case e.Line == 0:
		return "is the file complete, and is it the right one?"
	case strings.Contains(e.Msg, "missing cells"):
		return "`solve convert IN OUT --missing X` fills them with X"
	}
	return "correct it, or override what was sniffed with --format and --sep"
}

// hintFor returns the one thing to try after an error: its own hint, or one
// by the kind of error.
func hintFor(err error) string {
	var hinted *hintedError
	if errors.As(err, &hinted) {
		return hinted.hint
	}
	var syntax *matio.SyntaxError
	var out *outputError
	switch {
	case errors.Is(err, solver.ErrTooLarge):
		return "raise --max-memory, or ask for less"
	case errors.As(err, &out):
		return out.hint()
	case errors.As(err, &syntax):
		return syntaxHint(syntax)
	case errors.Is(err, solver.ErrInfeasible):
		return "the inf entries of the cost leave these too little room: allow more pairs"
	case errors.Is(err, solver.ErrIterationLimit):
		return "raise --max-iter, or loosen --tol"
	case errors.Is(err, solver.ErrTimeLimit):
		return "raise --time-limit, or loosen --tol"
	case errors.Is(err, solver.ErrStalled):
		return "loosen --tol, or raise the regularisation: the certificates say how good the answer is"
	}
	if errors.Is(err, solver.ErrOption) {
		return "--help lists the flags with their values"
	}
	var internal *internalError
	if errors.As(err, &internal) {
		return "please report this with the command line, the version, the kernel and the stack below"
	}
	return ""
}
