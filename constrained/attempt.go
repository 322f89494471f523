package constrained

import (
	"context"
	"errors"

	"solve/solver"
)

// attempt is how one run of one method ended.
type attempt struct {
	// verdict is the method's own opinion: Solved means that the residual of its
	// last point is within the tolerance.
	verdict    solver.Verdict
	x, y       []float64 // in the units of the problem; nil where nothing could be evaluated
	iterations int
	proof      *Proof
	farkas     []float64 // multipliers of the rows at a local minimum of the violation

	// Of x, in the units of the problem, with the sign of the functions.
	objective, violation float64
}

// end makes an attempt of a point of the program and its multipliers (nil = 0).
func (q *program) end(verdict solver.Verdict, pt *point, y []float64, iterations int) *attempt {
	a := &attempt{verdict: verdict, iterations: iterations}
	a.x, a.y = q.original(pt.x, y)
	a.objective, a.violation = pt.f/q.fScale, q.violationOf(pt.x, pt.c)
	return a
}

// interrupted tells whether err only says that ctx has ended, and if so, why.
func interrupted(ctx context.Context, err error) (solver.Reason, bool) {
	if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return "", false
	}
	return solver.ContextReason(ctx), true
}

func stopped(reason solver.Reason, detail string) solver.Verdict {
	return solver.Verdict{Status: solver.Stopped, Reason: reason, Detail: detail}
}
