package report

import (
	"io"
	"math"
	"time"

	"github.com/schollz/progressbar/v3"

	"solve/solver"
)

// progressDelay is how long work must last before a bar appears.
const progressDelay = 500 * time.Millisecond

// Progress draws a bar of the digits won on the way from the first residual
// to the tolerance. It is a solver.Recorder; the caller makes one only when
// w is a terminal.
type Progress struct {
	w     io.Writer
	tol   float64
	first float64
	start time.Time
	bar   *progressbar.ProgressBar
}

const progressSteps = 1000

// NewProgress prepares a bar; nothing is drawn before half a second of work.
func NewProgress(w io.Writer, tol float64) *Progress {
	return &Progress{w: w, tol: tol, start: time.Now()}
}

// Record moves the bar.
func (p *Progress) Record(r solver.Record) error {
	if math.IsNaN(r.Residual) || r.Residual <= 0 {
		return nil
	}
	if p.first == 0 || r.Residual > p.first {
		p.first = r.Residual
	}
	if time.Since(p.start) < progressDelay {
		return nil
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions(progressSteps,
			progressbar.OptionSetWriter(p.w), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(true), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetDescription("solving"))
	}
	done := math.Log(p.first/r.Residual) / math.Log(p.first/p.tol)
	return p.bar.Set(int(progressSteps * 0.999 * math.Min(1, math.Max(0, done))))
}

// Close removes the bar.
func (p *Progress) Close() {
	if p.bar != nil {
		// A bar that cannot be wiped from the terminal is no reason to fail.
		_ = p.bar.Clear()
	}
}
