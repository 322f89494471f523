package report

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Tally draws a bar of how many of a number of things are done. The caller
// makes one only when w is a terminal.
type Tally struct {
	w     io.Writer
	total int
	done  int
	what  string
	start time.Time
	bar   *progressbar.ProgressBar
}

// NewTally prepares a bar; nothing is drawn before half a second of work.
func NewTally(w io.Writer, total int, what string) *Tally {
	return &Tally{w: w, total: total, what: what, start: time.Now()}
}

// Add counts one more.
func (t *Tally) Add() {
	t.done++
	if time.Since(t.start) < progressDelay {
		return
	}
	if t.bar == nil {
		t.bar = progressbar.NewOptions(t.total,
			progressbar.OptionSetWriter(t.w), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionSetElapsedTime(true),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetDescription(t.what))
	}
	// A bar that cannot be drawn is no reason to fail.
	_ = t.bar.Set(t.done)
}

// Clear wipes the bar, so that something else can be said; the next Add
// draws it again.
func (t *Tally) Clear() {
	if t.bar != nil {
		_ = t.bar.Clear()
	}
}
