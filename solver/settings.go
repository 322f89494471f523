package solver

import (
	"log/slog"
	"time"
)

// Settings are the knobs that every solver has. The zero value means
// defaults.
type Settings struct {
	Tol       float64       // relative; its meaning is fixed by each solver; 0 = that solver's default
	MaxIter   int           // 0 = that solver's default
	TimeLimit time.Duration // 0 = none
	Threads   int           // 0 = GOMAXPROCS
	Seed      uint64        // for randomised methods; recorded in reports
	MaxMemory int64         // bytes a solver may plan to allocate; 0 = DefaultMaxMemory
	Recorder  Recorder      // called once an iteration; nil = none
	Logger    *slog.Logger  // set-up choices, restarts, fall-backs at Debug level; nil = discard
}

// DefaultMaxMemory is what --max-memory is unless given.
const DefaultMaxMemory int64 = 4 << 30

// MemoryLimit is MaxMemory or its default.
func (s *Settings) MemoryLimit() int64 {
	if s.MaxMemory > 0 {
		return s.MaxMemory
	}
	return DefaultMaxMemory
}

// Log returns the Logger, or one that discards.
func (s *Settings) Log() *slog.Logger {
	if s.Logger != nil {
		return s.Logger
	}
	return slog.New(slog.DiscardHandler)
}

// Record is what one iteration reports. Fields that a method lacks are NaN.
type Record struct {
	Iter      int
	Phase     string // what the iteration did: "sinkhorn", "newton", …
	Elapsed   time.Duration
	Objective float64
	Residual  float64 // what Tol bounds
	Gap       float64
	Step      float64
}

// Recorder receives records. An error stops the run and is returned wrapped.
type Recorder interface{ Record(Record) error }

// RecorderFunc makes a function a Recorder.
type RecorderFunc func(Record) error

// Record calls f(r).
func (f RecorderFunc) Record(r Record) error { return f(r) }

// Certificate is one number that proves (or bounds) how good an answer is,
// recomputed from the input and the answer. Tol is NaN for a certificate
// that informs only; OK is then true.
type Certificate struct {
	Name       string
	Value, Tol float64
	OK         bool
}

// Method describes one algorithm of a package: help, completion and docs
// are drawn from it.
type Method struct {
	Name    string // as --method takes it
	Summary string // one line
	Paper   string // author, title, where
	When    string // when `auto` takes it, or who should
}
