package bcd

import (
	"fmt"
	"time"

	"solve/solver"
)

// progress passes iterations on to the caller's Recorder.
type progress struct {
	to    solver.Recorder
	start time.Time
	null  float64 // the null objective, that residuals are relative to
}

// relative is gap in units of the null objective, 0 for 0/0.
func (p *progress) relative(gap float64) float64 {
	if gap == 0 {
		return 0
	}
	return gap / p.null
}

func (p *progress) record(phase string, iter int, objective, residual, gap, step float64) error {
	if p.to == nil {
		return nil
	}
	err := p.to.Record(solver.Record{
		Iter: iter, Phase: phase, Elapsed: time.Since(p.start),
		Objective: objective, Residual: residual, Gap: gap, Step: step,
	})
	if err != nil {
		return fmt.Errorf("bcd: recorder: %w", err)
	}
	return nil
}
