package report

import (
	"encoding/json"
	"io"
)

// ErrorSchema names the error object's format.
const ErrorSchema = "solve/error/v1"

// Error is the JSON object that a run without a report leaves on stderr.
type Error struct {
	Schema  string `json:"schema"`
	Exit    int    `json:"exit"`
	Kind    string `json:"kind"` // the exit code's word: internal, usage, input, resources
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Stack   string `json:"stack,omitempty"` // internal errors only
}

// Write writes the object as one line.
func (e *Error) Write(w io.Writer) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}
