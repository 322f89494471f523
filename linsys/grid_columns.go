package linsys

import (
	"context"
	"errors"
	"sync/atomic"

	"solve/internal/par"
	"solve/linsys/multigrid"
	"solve/matrix"
)

// tilePerThread is how many columns each thread has at a time, a cache line of
// each row.
const tilePerThread = 8

// columns solves for several columns, each on one thread where there are
// enough. The first is solved with the preconditioner itself, and so is every
// other that changes its cycle, so that all see the cycle that they would
// have in order.
func (e *gridEngine) columns(ctx context.Context, b, x *matrix.Dense, job *job) []outcome {
	out := make([]outcome, x.Cols)
	threads := par.Threads(e.threads)
	sideBySide := job.record == nil && threads > 1 && x.Cols > threads
	bj, xj := make([]float64, b.Rows), make([]float64, x.Rows)
	var copies []*multigrid.FWMG
	for at := 0; at < x.Cols && (at == 0 || out[at-1].err == nil); {
		if len(copies) > 1 {
			done := e.tile(ctx, copies, b, x, out, at, job)
			if at += done; done > 0 {
				continue
			}
		}
		column(b, at, bj)
		column(x, at, xj)
		told := len(e.told)
		out[at] = e.original(ctx, bj, xj, job)
		setColumn(x, at, xj)
		switch {
		case e.lost:
			copies = nil
		case sideBySide && (at == 0 || len(e.told) > told):
			copies = e.m.Copies(threads)
		}
		at++
	}
	return out
}

// tile solves for some columns from number at on, and returns for how many: up
// to the first that needs another cycle, or failed.
func (e *gridEngine) tile(ctx context.Context, copies []*multigrid.FWMG, b, x *matrix.Dense, out []outcome, at int, job *job) int {
	end := min(at+tilePerThread*len(copies), x.Cols)
	bs, xs := columnsOf(b, at, end), columnsOf(x, at, end)
	var next, stop atomic.Int64
	stop.Store(int64(end - at))
	par.For(len(copies), len(copies), func(k int) {
		for {
			j := next.Add(1) - 1
			if j >= stop.Load() {
				return
			}
			o, _, _ := e.one(ctx, copies[k], bs[j], xs[j], job)
			switch {
			case errors.Is(o.err, multigrid.ErrCycle):
				lower(&stop, j)
			case o.err != nil:
				lower(&stop, j+1)
			}
			out[at+int(j)] = o
		}
	})
	done := int(stop.Load())
	for i := range x.Rows {
		row := x.Data[i*x.Cols+at:][:done]
		for j := range row {
			row[j] = xs[j][i]
		}
	}
	return done
}

// columnsOf are columns lo … hi−1 of d.
func columnsOf(d *matrix.Dense, lo, hi int) [][]float64 {
	out := make([][]float64, hi-lo)
	data := make([]float64, len(out)*d.Rows)
	for q := range out {
		out[q] = data[q*d.Rows:][:d.Rows]
	}
	for i := range d.Rows {
		for q, t := range d.Data[i*d.Cols+lo : i*d.Cols+hi] {
			out[q][i] = t
		}
	}
	return out
}

// lower replaces x by v where that is less.
func lower(x *atomic.Int64, v int64) {
	for old := x.Load(); v < old && !x.CompareAndSwap(old, v); old = x.Load() {
	}
}
