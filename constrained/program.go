package constrained

import (
	"fmt"
	"math"
	"time"

	"solve/solver"
)

// program is a Problem as the methods see it: without its fixed variables and
// free rows, with the limits of equations subtracted, and scaled:
//
//	minimise s_f f(x)  subject to  c_i = 0 at equations, cLower ≤ c ≤ cUpper elsewhere,
//
// c_i = s_i (c_i(x) − shift_i). Points, gradients, Jacobians and Hessians are those
// of this program; multipliers y belong to s_f f + yᵀc. It keeps working space:
// one call at a time.
type program struct {
	problem *Problem
	opt     *Options

	n, m       int
	vars, rows []int32   // what variable j and row i are called in the problem
	base       []float64 // a point of the problem, with the fixed variables in place

	lower, upper   []float64 // of the variables, ±Inf = none
	cLower, cUpper []float64 // scaled, of the rows; 0 at equations
	equation       []bool
	shift          []float64 // unscaled
	inequalities   int
	bounded        int // variables with at least one bound

	fScale float64
	cScale []float64

	jacStart, hesStart []int64
	jacCol, hesCol     []int32
	jacFrom, hesFrom   []int64 // places among the entries that Functions give
	whole              bool    // nothing was removed: buffers are passed on as they are

	full struct{ x, c, g, jac, hes, y []float64 }

	noObjective    bool // f = 0: nothing falls without limit
	soughtFeasible bool
	feasible       []float64 // a point of the problem that meets its limits; nil = none found

	began  time.Time
	stats  *Stats
	system *kkt // once it was needed
}

// point is where the functions have been evaluated.
type point struct {
	x   []float64
	f   float64
	c   []float64
	g   []float64 // ∇f
	jac []float64 // entries of ∇c, rows jacStart, columns jacCol
}

// newProgram takes away what is fixed. The scales are 1 until scaleByGradient.
func newProgram(p *Problem, opt *Options) *program {
	q := &program{problem: p, opt: opt, fScale: 1, began: time.Now(), stats: &Stats{}}
	q.base = make([]float64, p.N)
	slot := make([]int32, p.N)
	for j := range p.N {
		lo, hi := p.lower(j), p.upper(j)
		q.base[j] = math.Min(math.Max(p.X0[j], lo), hi)
		slot[j] = -1
		if lo == hi {
			continue
		}
		slot[j] = int32(len(q.vars))
		q.vars = append(q.vars, int32(j))
		q.lower, q.upper = append(q.lower, lo), append(q.upper, hi)
		if !math.IsInf(lo, 0) || !math.IsInf(hi, 0) {
			q.bounded++
		}
	}
	q.n = len(q.vars)
	for i := range p.M {
		lo, hi := p.cLower(i), p.cUpper(i)
		if math.IsInf(lo, -1) && math.IsInf(hi, 1) {
			continue
		}
		q.rows = append(q.rows, int32(i))
		q.equation = append(q.equation, lo == hi)
		shift := 0.0
		if lo == hi {
			shift, lo, hi = lo, 0, 0
		} else {
			q.inequalities++
		}
		q.shift = append(q.shift, shift)
		q.cLower, q.cUpper = append(q.cLower, lo), append(q.cUpper, hi)
	}
	q.m = len(q.rows)
	q.cScale = make([]float64, q.m)
	for i := range q.cScale {
		q.cScale[i] = 1
	}
	q.whole = q.n == p.N && q.m == p.M
	q.patterns(slot)
	q.allocate()
	return q
}

// patterns drops the rows and columns that were taken away.
func (q *program) patterns(slot []int32) {
	start, col := q.problem.JacobianPattern()
	if q.whole {
		q.jacStart, q.jacCol = start, col
		if q.m == 0 {
			q.jacStart = []int64{0}
		}
	} else {
		q.jacStart = append(q.jacStart, 0)
		for _, i := range q.rows {
			for k := start[i]; k < start[i+1]; k++ {
				if j := slot[col[k]]; j >= 0 {
					q.jacCol, q.jacFrom = append(q.jacCol, j), append(q.jacFrom, k)
				}
			}
			q.jacStart = append(q.jacStart, int64(len(q.jacCol)))
		}
	}
	hstart, hcol := q.problem.HessianPattern()
	if q.whole {
		q.hesStart, q.hesCol = hstart, hcol
		return
	}
	q.hesStart = append(q.hesStart, 0)
	for _, j := range q.vars {
		for k := hstart[j]; k < hstart[j+1]; k++ {
			if l := slot[hcol[k]]; l >= 0 {
				q.hesCol, q.hesFrom = append(q.hesCol, l), append(q.hesFrom, k)
			}
		}
		q.hesStart = append(q.hesStart, int64(len(q.hesCol)))
	}
}

func (q *program) allocate() {
	p := q.problem
	q.full.y = make([]float64, p.M)
	if q.whole {
		return
	}
	jacStart, jacCol := p.JacobianPattern()
	_, hesCol := p.HessianPattern()
	q.full.x = append([]float64(nil), q.base...)
	q.full.c, q.full.g = make([]float64, p.M), make([]float64, p.N)
	q.full.jac, q.full.hes = make([]float64, len(jacCol)), make([]float64, len(hesCol))
	if len(jacStart) == 0 {
		q.full.jac = nil
	}
}

// newPoint makes room for a point.
func (q *program) newPoint() *point {
	return &point{x: make([]float64, q.n), c: make([]float64, q.m), g: make([]float64, q.n), jac: make([]float64, len(q.jacCol))}
}

// start writes the problem's start, within the bounds.
func (q *program) start(x []float64) {
	for j, v := range q.vars {
		x[j] = q.base[v]
	}
}

// startMultipliers writes the given start multipliers, 0 without any.
func (q *program) startMultipliers(y []float64) {
	for i, r := range q.rows {
		y[i] = 0
		if q.problem.Y0 != nil {
			y[i] = q.problem.Y0[r] * q.fScale / q.cScale[i]
		}
	}
}

// values writes c at x and returns f, and whether all of them are finite.
func (q *program) values(x, c []float64) (f float64, ok bool) {
	q.stats.Evaluations++
	if q.whole {
		f = q.problem.Values(x, c)
	} else {
		q.expand(x)
		f = q.problem.Values(q.full.x, q.full.c)
		q.gatherRows(c)
	}
	f *= q.fScale
	ok = finite(f)
	for i := range c {
		c[i] = q.cScale[i] * (c[i] - q.shift[i])
		ok = ok && finite(c[i])
	}
	return f, ok
}

// first evaluates the functions and their first derivatives at pt.x and tells
// whether all of them are finite.
func (q *program) first(pt *point) bool {
	q.stats.Evaluations++
	q.stats.Gradients++
	if q.whole {
		pt.f = q.problem.First(pt.x, pt.c, pt.g, pt.jac)
	} else {
		q.expand(pt.x)
		pt.f = q.problem.First(q.full.x, q.full.c, q.full.g, q.full.jac)
		q.gatherRows(pt.c)
		for j, v := range q.vars {
			pt.g[j] = q.full.g[v]
		}
		for k, from := range q.jacFrom {
			pt.jac[k] = q.full.jac[from]
		}
	}
	pt.f *= q.fScale
	ok := finite(pt.f)
	for j := range pt.g {
		pt.g[j] *= q.fScale
		ok = ok && finite(pt.g[j])
	}
	for i := range pt.c {
		s := q.cScale[i]
		pt.c[i] = s * (pt.c[i] - q.shift[i])
		ok = ok && finite(pt.c[i])
		for k := q.jacStart[i]; k < q.jacStart[i+1]; k++ {
			pt.jac[k] *= s
			ok = ok && finite(pt.jac[k])
		}
	}
	return ok
}

// hessian writes σ∇²f + Σ y_i ∇²c_i and tells whether all entries are finite.
func (q *program) hessian(x []float64, sigma float64, y, h []float64) bool {
	q.stats.Hessians++
	for i, r := range q.rows {
		q.full.y[r] = y[i] * q.cScale[i]
	}
	sigma *= q.fScale
	if q.whole {
		q.problem.Hessian(x, sigma, q.full.y, h)
	} else {
		q.expand(x)
		q.problem.Hessian(q.full.x, sigma, q.full.y, q.full.hes)
		for k, from := range q.hesFrom {
			h[k] = q.full.hes[from]
		}
	}
	for _, v := range h {
		if !finite(v) {
			return false
		}
	}
	return true
}

func (q *program) expand(x []float64) {
	for j, v := range q.vars {
		q.full.x[v] = x[j]
	}
}

func (q *program) gatherRows(c []float64) {
	for i, r := range q.rows {
		c[i] = q.full.c[r]
	}
}

func finite(v float64) bool { return v-v == 0 }

// scaleByGradient divides f and the rows so that no entry of their gradients at x
// exceeds 100, none by more than 1e8. It reports whether the functions are defined
// there.
func (q *program) scaleByGradient(x []float64) bool {
	pt := q.newPoint()
	copy(pt.x, x)
	if !q.first(pt) {
		return false
	}
	const most, least = 100, 1e-8
	scale := func(largest float64) float64 {
		if largest <= most {
			return 1
		}
		return math.Max(least, most/largest)
	}
	q.fScale *= scale(normInf(pt.g))
	for i := range q.cScale {
		s := scale(normInf(pt.jac[q.jacStart[i]:q.jacStart[i+1]]))
		q.cScale[i] *= s
		q.cLower[i] *= s
		q.cUpper[i] *= s
	}
	return true
}

// unscale sets all scales to 1.
func (q *program) unscale() {
	q.fScale = 1
	for i, s := range q.cScale {
		q.cLower[i] /= s
		q.cUpper[i] /= s
		q.cScale[i] = 1
	}
}

// original writes a point of the program and its multipliers (nil = 0) in the
// units of the problem, within its bounds.
func (q *program) original(x, y []float64) (px, py []float64) {
	px, py = make([]float64, q.problem.N), make([]float64, q.problem.M)
	copy(px, q.base)
	for j, v := range q.vars {
		px[v] = x[j]
	}
	if y != nil {
		for i, r := range q.rows {
			py[r] = y[i] * q.cScale[i] / q.fScale
		}
	}
	return px, py
}

// record reports an iteration: the objective in the problem's units, the KKT
// residual that the tolerance bounds, and the step. The error is the recorder's.
func (q *program) record(iter int, phase string, f, residual, step float64) error {
	if q.opt.Recorder == nil {
		return nil
	}
	err := q.opt.Recorder.Record(solver.Record{
		Iter: iter, Phase: phase, Elapsed: time.Since(q.began),
		Objective: q.sign() * f / q.fScale, Residual: residual, Gap: math.NaN(), Step: step,
	})
	if err != nil {
		return fmt.Errorf("constrained: recorder: %w", err)
	}
	return nil
}

// sign is −1 where the model maximises.
func (q *program) sign() float64 {
	if q.problem.Maximize {
		return -1
	}
	return 1
}
