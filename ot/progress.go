package ot

import (
	"math"
	"time"

	"solve/solver"
)

// progress passes iterations on to the caller's Recorder.
type progress struct {
	to    solver.Recorder
	start time.Time
	err   error
}

func (p *progress) record(phase string, iter int, objective, residual, step float64) error {
	if p.to == nil {
		return nil
	}
	p.err = p.to.Record(solver.Record{
		Iter: iter, Phase: phase, Elapsed: time.Since(p.start),
		Objective: objective, Residual: residual, Gap: math.NaN(), Step: step,
	})
	return p.err
}
