package solver

import (
	"errors"
	"fmt"
)

// Sentinels. Every error of this module that stems from its input or from
// the run wraps one of them.
var (
	ErrDimension           = errors.New("dimension mismatch")
	ErrNonFinite           = errors.New("non-finite value")
	ErrNegative            = errors.New("negative value")
	ErrNotSymmetric        = errors.New("matrix is not symmetric")
	ErrNotPositiveDefinite = errors.New("matrix is not positive definite")
	ErrSingular            = errors.New("matrix is singular")
	ErrInfeasible          = errors.New("problem is infeasible")
	ErrUnbounded           = errors.New("problem is unbounded")
	ErrIterationLimit      = errors.New("iteration limit reached")
	ErrTimeLimit           = errors.New("time limit reached")
	ErrStalled             = errors.New("no further progress")
	ErrInterrupted         = errors.New("interrupted")
	ErrOption              = errors.New("invalid option") // no input could make the value right
	ErrInput               = errors.New("unusable input") // well-formed, but ruled out for this problem
	ErrFormat              = errors.New("malformed data") // syntax
	ErrUnsupported         = errors.New("not supported")  //
	ErrTooLarge            = errors.New("too large")      // needs more memory than allowed
)

// OptionError names an option whose value no input could make right.
type OptionError struct{ Name, Value, Want string }

func (e *OptionError) Error() string {
	return fmt.Sprintf("option %s: %s is not valid: want %s", e.Name, e.Value, e.Want)
}

func (e *OptionError) Unwrap() error { return ErrOption }

// EntryError says which entry of which input is wrong. Row and Col count
// from 1 as files and reports do; Col is 0 for a vector.
type EntryError struct {
	What     string // "cost", "weight a", …
	Row, Col int
	Value    float64
	Err      error // ErrNonFinite, ErrNegative, …
}

func (e *EntryError) Error() string {
	if e.Col == 0 {
		return fmt.Sprintf("%s: entry %d is %v: %v", e.What, e.Row, e.Value, e.Err)
	}
	return fmt.Sprintf("%s: entry (%d,%d) is %v: %v", e.What, e.Row, e.Col, e.Value, e.Err)
}

func (e *EntryError) Unwrap() error { return e.Err }

// TooLargeError is an estimate, made before allocating, that exceeds what
// the caller allowed.
type TooLargeError struct {
	What       string
	Need, Have int64 // bytes
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s needs %s but %s are allowed", e.What, Bytes(e.Need), Bytes(e.Have))
}

func (e *TooLargeError) Unwrap() error { return ErrTooLarge }

// Bytes formats a byte count with a binary unit.
func Bytes(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	v, i := float64(n)/unit, 0
	for v >= unit && i < 5 {
		v /= unit
		i++
	}
	return fmt.Sprintf("%.3g %ciB", v, "KMGTPE"[i])
}
