package sif

import (
	"fmt"

	"solve/solver"
)

// Error says where a file breaks the rules of the format, or asks for what is not
// supported.
type Error struct {
	File string
	Line int // from 1; 0 = the file as a whole
	Msg  string
	Err  error // what it wraps; nil = solver.ErrFormat
}

// Error returns "file:line: msg".
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Msg)
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg)
}

// Unwrap gives Err or solver.ErrFormat.
func (e *Error) Unwrap() error {
	if e.Err != nil {
		return e.Err
	}
	return solver.ErrFormat
}

// lineError is an Error that does not know its file yet.
func lineError(line int32, format string, args ...any) *Error {
	return &Error{Line: int(line), Msg: fmt.Sprintf(format, args...)}
}

func unsupported(line int32, format string, args ...any) *Error {
	e := lineError(line, format, args...)
	e.Err = solver.ErrUnsupported
	return e
}
