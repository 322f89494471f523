package constrained

import (
	"context"
	"math"

	"solve/internal/verify"
)

// steepFall is by how much, relatively, the objective falls along a ray.
const steepFall = 1e6

// rayRounding are the sizes, relative to the largest, below which entries of a
// direction may be what is left of the point where it began.
var rayRounding = []float64{1e-9, 1e-6, 1e-4}

// ray finds a direction along which the objective falls for as long as it is
// followed from a feasible point, while the limits stay met; nil without one. x is a
// point far away and step a first guess, nil = none; all in the units of the problem.
// The error is that of ctx, or memory.
func (q *program) ray(ctx context.Context, x, step []float64) (*Proof, error) {
	p := q.problem
	feasible, err := q.feasiblePoint(ctx)
	if err != nil {
		return nil, err
	}
	at := func(y []float64) (verify.Values, error) { return p.evaluate(y), nil }
	limits := p.limits()
	for _, from := range [][]float64{feasible, x} {
		if from == nil {
			continue
		}
		f := p.evaluate(from).Objective
		for _, d := range [][]float64{step, difference(x, from), difference(x, p.X0), x} {
			size := normInf(d)
			if !(size > 0) {
				continue
			}
			for _, drop := range rayRounding {
				direction := make([]float64, len(x))
				for j, t := range d {
					if math.Abs(t) >= drop*size {
						direction[j] = t / size * math.Max(1, normInf(from))
					}
				}
				violation, end, err := limits.Descent(from, direction, at)
				if err == nil && violation <= q.opt.Tol && end < f-steepFall*math.Max(1, math.Abs(f)) {
					return &Proof{Kind: "ray", Vector: direction, from: from}, nil
				}
			}
		}
	}
	return nil, nil
}

func difference(x, y []float64) []float64 {
	d := make([]float64, len(x))
	for j := range x {
		d[j] = x[j] - y[j]
	}
	return d
}

// feasiblePoint looks, once, for a point that meets all limits to the tolerance,
// without regard to the objective; nil where none was found.
func (q *program) feasiblePoint(ctx context.Context) ([]float64, error) {
	if q.soughtFeasible {
		return q.feasible, nil
	}
	q.soughtFeasible = true
	p := *q.problem
	p.Functions = constraintsOnly{p.Functions}
	opt := *q.opt
	opt.MaxIter, opt.Recorder = ipmAutoIterations, nil
	r := newProgram(&p, &opt)
	r.stats, r.noObjective = q.stats, true
	a, err := ipm(ctx, r, &opt)
	if err != nil {
		if _, ended := interrupted(ctx, err); ended {
			err = nil
		}
		return nil, err
	}
	c, _, err := p.certify(a.x, make([]float64, p.M))
	if err == nil && c.ConstraintViolation <= opt.Tol && c.BoundViolation <= opt.Tol {
		q.feasible = a.x
	}
	return q.feasible, err
}

// constraintsOnly are the functions of a problem with f = 0.
type constraintsOnly struct {
	Functions
}

func (f constraintsOnly) Values(x, c []float64) float64 {
	f.Functions.Values(x, c)
	return 0
}

func (f constraintsOnly) First(x, c, gradient, jacobian []float64) float64 {
	f.Functions.First(x, c, gradient, jacobian)
	clear(gradient)
	return 0
}

func (f constraintsOnly) Hessian(x []float64, _ float64, y, hessian []float64) {
	f.Functions.Hessian(x, 0, y, hessian)
}
