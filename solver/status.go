package solver

import (
	"context"
	"errors"
	"fmt"
)

// Status is the coarse outcome of a run. The list is append-only.
type Status int

const (
	Unknown    Status = iota
	Solved            // every recomputed certificate that has a tolerance meets it
	Stopped           // limit, stall, rounding level or interrupt: see Reason; the best answer and its certificates are given
	Infeasible        // proved, with the certificate
	Unbounded         // proved, with the certificate
	Breakdown         // the method cannot go on, e.g. the matrix is not positive definite
)

var statusWords = [...]string{"unknown", "solved", "stopped", "infeasible", "unbounded", "breakdown"}

// String returns the stable lower-case word that reports use.
func (s Status) String() string {
	if s < 0 || int(s) >= len(statusWords) {
		return fmt.Sprintf("status(%d)", int(s))
	}
	return statusWords[s]
}

// Reason refines a Status. The list is closed and append-only.
type Reason string

const (
	Tolerance             Reason = "tolerance"
	AtRoundoff            Reason = "at_roundoff"
	IterationLimit        Reason = "iteration_limit"
	TimeLimit             Reason = "time_limit"
	Stalled               Reason = "stalled"
	Interrupted           Reason = "interrupted"
	NotPositiveDefinite   Reason = "not_positive_definite"
	Singular              Reason = "singular"
	Inconsistent          Reason = "inconsistent"
	LocallyInfeasible     Reason = "locally_infeasible"
	ViolatingSet          Reason = "violating_set"
	UnboundedRay          Reason = "unbounded_ray"
	NoFeasibleKSparsePlan Reason = "no_feasible_k_sparse_plan"
	GapOpen               Reason = "gap_open"
	Acceptable            Reason = "acceptable"
	EvaluationError       Reason = "evaluation_error"
	ModelUnusable         Reason = "model_unusable"
)

// Verdict is how a run ended. Results embed it.
type Verdict struct {
	Status Status
	Reason Reason
	Detail string // one sentence with the numbers behind the reason; may be empty
}

// Err is nil when the run solved its problem; otherwise an error that wraps
// the sentinel belonging to the reason.
func (v Verdict) Err() error {
	if v.Status == Solved {
		return nil
	}
	return &VerdictError{v}
}

// VerdictError reports a run that did not end in Solved.
type VerdictError struct{ Verdict Verdict }

func (e *VerdictError) Error() string {
	s := e.Verdict.Status.String() + ": " + string(e.Verdict.Reason)
	if e.Verdict.Detail != "" {
		s += ": " + e.Verdict.Detail
	}
	return s
}

// Unwrap gives the sentinel that errors.Is compares with.
func (e *VerdictError) Unwrap() error {
	switch e.Verdict.Status {
	case Infeasible:
		return ErrInfeasible
	case Unbounded:
		return ErrUnbounded
	}
	switch e.Verdict.Reason {
	case IterationLimit:
		return ErrIterationLimit
	case TimeLimit:
		return ErrTimeLimit
	case NotPositiveDefinite:
		return ErrNotPositiveDefinite
	case Singular:
		return ErrSingular
	case Interrupted:
		return ErrInterrupted
	default:
		return ErrStalled
	}
}

// ContextReason is how a run ends whose context has ended: by its deadline, or
// from outside.
func ContextReason(ctx context.Context) Reason {
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return TimeLimit
	}
	return Interrupted
}
