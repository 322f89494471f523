package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"solve/solver"
)

// Schema names the report's format. Fields are only ever added to it.
const Schema = "solve/report/v1"

// Report is what a run says about itself, one JSON object.
type Report struct {
	Schema       string            `json:"schema"`
	Command      string            `json:"command"`
	Version      string            `json:"version"`
	Kernel       string            `json:"kernel"`
	Threads      int               `json:"threads"`
	Seed         uint64            `json:"seed"`
	Inputs       []Input           `json:"inputs"`
	Method       Method            `json:"method"`
	Status       string            `json:"status"`
	Reason       string            `json:"reason"`
	Detail       string            `json:"detail,omitempty"`
	Exit         int               `json:"exit"`
	Objective    *Number           `json:"objective"` // null where the problem has none
	Certificates []Certificate     `json:"certificates"`
	Stats        Fields            `json:"stats"`
	Answers      map[string]Answer `json:"answers"`
	Warnings     []string          `json:"warnings"`
}

// Input is one file that was read. SHA256 is of its bytes as stored.
type Input struct {
	Role   string `json:"role"`
	Path   string `json:"path"` // "-" for stdin
	SHA256 string `json:"sha256"`
	Rows   int    `json:"rows"`
	Cols   int    `json:"cols"`
	NNZ    int64  `json:"nnz"`
}

// Method is what ran, what was asked for, and with which settings: enough
// to state the problem again.
type Method struct {
	Name    string `json:"name"`
	Chosen  string `json:"chosen"` // as --method had it
	Why     string `json:"why"`
	Options Fields `json:"options"`
}

// Certificate is one certificate; a certificate that only informs has no
// tolerance and is ok.
type Certificate struct {
	Name  string  `json:"name"`
	Value Number  `json:"value"`
	Tol   *Number `json:"tol,omitempty"`
	OK    bool    `json:"ok"`
}

// Answer is one part of an answer that was written.
type Answer struct {
	Path        string  `json:"path"` // relative to the report in a directory
	SHA256      string  `json:"sha256,omitempty"`
	DroppedMass *Number `json:"dropped_mass,omitempty"` // plans only
}

// New starts a report: the fields that must not be null are empty.
func New(command string) *Report {
	return &Report{
		Schema: Schema, Command: command,
		Inputs: []Input{}, Method: Method{Options: Fields{}}, Certificates: []Certificate{},
		Stats: Fields{}, Answers: map[string]Answer{}, Warnings: []string{},
	}
}

// SetVerdict stores how a run ended.
func (r *Report) SetVerdict(v solver.Verdict) {
	r.Status, r.Reason, r.Detail = v.Status.String(), string(v.Reason), v.Detail
}

// SetCertificates stores certificates.
func (r *Report) SetCertificates(list []solver.Certificate) {
	r.Certificates = make([]Certificate, 0, len(list))
	for _, c := range list {
		out := Certificate{Name: c.Name, Value: Number(c.Value), OK: c.OK}
		if !math.IsNaN(c.Tol) {
			tol := Number(c.Tol)
			out.Tol = &tol
		}
		r.Certificates = append(r.Certificates, out)
	}
}

// Certificate returns the certificate of that name, nil if there is none.
func (r *Report) Certificate(name string) *Certificate {
	for i := range r.Certificates {
		if r.Certificates[i].Name == name {
			return &r.Certificates[i]
		}
	}
	return nil
}

// Write writes the report as one line.
func (r *Report) Write(w io.Writer) error {
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// Read reads a report and checks that it is one. Errors wrap
// solver.ErrFormat.
func Read(rd io.Reader) (*Report, error) {
	dec := json.NewDecoder(rd)
	r := New("")
	r.Schema = ""
	if err := dec.Decode(r); err != nil {
		return nil, fmt.Errorf("not a report: %w: %w", err, solver.ErrFormat)
	}
	if r.Schema != Schema {
		return nil, fmt.Errorf("not a report: schema is %q, want %q: %w", r.Schema, Schema, solver.ErrFormat)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("not a report: more follows the object: %w", solver.ErrFormat)
	}
	return r, nil
}
