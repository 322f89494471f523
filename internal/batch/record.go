package batch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"solve/internal/report"
	"solve/solver"
)

// Record is the member "job" of K.json: what ran, on what, and what it took.
type Record struct {
	Number  int      `json:"number"`
	Command []string `json:"command"`
	Inputs  []Input  `json:"inputs"`
	Build   string   `json:"build"` // of the program
	Exit    int      `json:"exit"`
	Killed  string   `json:"killed,omitempty"` // the limit that it met
	Started string   `json:"started"`          // RFC 3339, UTC
	WallS   float64  `json:"wall_s"`
	CPUS    float64  `json:"cpu_s"`
	PeakRSS int64    `json:"peak_rss_bytes"`
}

// Result is a K.json as read back.
type Result struct {
	Job       Record
	Status    string // of the report, or the kind of the error object
	Reason    string
	Message   string // of the error object
	Objective *report.Number
	SolveS    float64
}

// OK tells whether the job ended with exit code 0.
func (r *Result) OK() bool { return r.Job.Exit == 0 }

// withRecord adds the member "job" to the text of a report or error object.
func withRecord(object []byte, rec *Record) ([]byte, error) {
	member, err := json.Marshal(rec)
	if err != nil {
		return nil, err
	}
	body, ok := bytes.CutSuffix(bytes.TrimSpace(object), []byte("}"))
	if !ok || len(body) < 2 {
		return nil, fmt.Errorf("not a report: %.40q: %w", object, solver.ErrFormat)
	}
	return slices.Concat(body, []byte(`,"job":`), member, []byte("}\n")), nil
}

// parseResult reads K.json. Anything but a whole report or error object with
// its record is an error.
func parseResult(raw []byte) (*Result, error) {
	var in struct {
		Schema    string         `json:"schema"`
		Status    string         `json:"status"`
		Reason    string         `json:"reason"`
		Kind      string         `json:"kind"`
		Message   string         `json:"message"`
		Objective *report.Number `json:"objective"`
		Stats     struct {
			SolveS report.Number `json:"solve_s"`
		} `json:"stats"`
		Job *Record `json:"job"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, fmt.Errorf("not a report: %w: %w", err, solver.ErrFormat)
	}
	if in.Job == nil || in.Schema != report.Schema && in.Schema != report.ErrorSchema {
		return nil, fmt.Errorf("not the report of a job: %w", solver.ErrFormat)
	}
	r := &Result{Job: *in.Job, Status: in.Status, Reason: in.Reason, Message: in.Message, Objective: in.Objective, SolveS: float64(in.Stats.SolveS)}
	if in.Schema == report.ErrorSchema {
		r.Status = in.Kind
	}
	return r, nil
}

// stillHolds tells whether the same build would find the inputs of a job as
// they were.
func (r *Result) stillHolds(j *Job, build string, h *hasher) bool {
	return r.Job.Build == build && slices.Equal(r.Job.Inputs, h.inputs(j.Inputs))
}

// isReport tells whether text is a whole report or error object.
func isReport(text []byte) bool {
	var in struct {
		Schema string `json:"schema"`
	}
	err := json.Unmarshal(text, &in)
	return err == nil && (in.Schema == report.Schema || in.Schema == report.ErrorSchema)
}
