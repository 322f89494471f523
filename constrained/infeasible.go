package constrained

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"solve/internal/verify"
	"solve/solver"
)

// linearPart are the constraints of a problem that are known to be linear, without
// an objective.
type linearPart struct {
	*Problem
	rows   []int32
	start  []int64
	column []int32
	from   []int64
	c, g   []float64
	jac    []float64
}

// linear is the problem of meeting the bounds and the linear constraints; nil
// without any.
func (p *Problem) linear() (*Problem, *linearPart) {
	if p.Linear == nil {
		return nil, nil
	}
	l := &linearPart{Problem: p, start: []int64{0}}
	start, column := p.JacobianPattern()
	var lo, hi []float64
	for i, is := range p.Linear {
		if !is {
			continue
		}
		l.rows = append(l.rows, int32(i))
		lo, hi = append(lo, p.CLower[i]), append(hi, p.CUpper[i])
		for k := start[i]; k < start[i+1]; k++ {
			l.column, l.from = append(l.column, column[k]), append(l.from, k)
		}
		l.start = append(l.start, int64(len(l.column)))
	}
	if len(l.rows) == 0 {
		return nil, nil
	}
	l.c, l.g, l.jac = make([]float64, p.M), make([]float64, p.N), make([]float64, len(column))
	return &Problem{N: p.N, M: len(l.rows), X0: p.X0, Lower: p.Lower, Upper: p.Upper, CLower: lo, CUpper: hi, Functions: l}, l
}

func (l *linearPart) Values(x, c []float64) float64 {
	l.Problem.Values(x, l.c)
	for i, r := range l.rows {
		c[i] = l.c[r]
	}
	return 0
}

func (l *linearPart) First(x, c, gradient, jacobian []float64) float64 {
	l.Problem.First(x, l.c, l.g, l.jac)
	for i, r := range l.rows {
		c[i] = l.c[r]
	}
	for k, from := range l.from {
		jacobian[k] = l.jac[from]
	}
	clear(gradient)
	return 0
}

func (l *linearPart) Hessian(_ []float64, _ float64, _, hessian []float64) { clear(hessian) }

func (l *linearPart) JacobianPattern() (start []int64, column []int32) { return l.start, l.column }

func (l *linearPart) HessianPattern() (start []int64, column []int32) {
	return make([]int64, l.N+1), nil
}

// contradiction looks for a combination of the linear constraints that nothing
// within the bounds satisfies (Farkas), and proves it; nil without one.
func (s *solving) contradiction() (*Proof, error) {
	p, part := s.p.linear()
	if p == nil {
		return nil, nil
	}
	opt := *s.opt
	opt.MaxIter, opt.Recorder = ipmAutoIterations, nil
	q := newProgram(p, &opt)
	q.stats, q.noObjective = s.q.stats, true
	if q.n == 0 || q.m == 0 {
		return s.prove(part, nil), nil
	}
	a, err := ipm(s.ctx, q, &opt)
	if err != nil || a.farkas == nil {
		return nil, err
	}
	return s.prove(part, a.farkas), nil
}

// prove makes u, multipliers of the violation, exact and checks it, or, where u
// shows nothing, every row alone.
func (s *solving) prove(part *linearPart, u []float64) *Proof {
	limits := s.p.limits()
	x := append([]float64(nil), s.q.base...)
	v := s.p.evaluate(x)
	try := func(full []float64) *Proof {
		if kernel, gap := limits.Contradiction(full, x, v); verify.Contradicts(kernel, gap) {
			return &Proof{Kind: "farkas", Rows: full}
		}
		return nil
	}
	if largest := normInf(u); largest > 0 {
		for _, drop := range []float64{1e-6, 1e-3} {
			full := make([]float64, s.p.M)
			for i, r := range part.rows {
				if math.Abs(u[i]) > drop*largest {
					full[r] = u[i] / largest
				}
			}
			if proof := try(full); proof != nil {
				return proof
			}
			project(full, limits, v)
			if proof := try(full); proof != nil {
				return proof
			}
		}
	}
	for _, r := range part.rows {
		full := make([]float64, s.p.M)
		full[r] = 1
		if proof := try(full); proof != nil {
			return proof
		}
	}
	return nil
}

// project moves u, where it is not 0, to the nearest vector with (∇cᵀu)_j = 0 for
// all variables that lack the bound which would stop them.
func project(u []float64, p verify.Program, v verify.Values) {
	var rows []int
	slope := make([]float64, len(p.Lower))
	for i, w := range u {
		if w == 0 {
			continue
		}
		rows = append(rows, i)
		cols, vals := v.Jacobian.Row(i)
		for k, j := range cols {
			slope[j] += w * vals[k]
		}
	}
	at := make(map[int32]int)
	for j, g := range slope {
		// The proof holds for u or for −u: a bound that is missing on either side may be
		// the one that is asked for, if the slope is a rounding error.
		if (math.IsInf(p.Lower[j], 0) || math.IsInf(p.Upper[j], 0)) && (math.IsInf(p.Lower[j], 0) && math.IsInf(p.Upper[j], 0) || math.Abs(g) < 1e-5) {
			at[int32(j)] = len(at)
		}
	}
	if len(rows) == 0 || len(at) == 0 || len(rows)*len(at) > denseMultipliers {
		return
	}
	a := mat.NewDense(len(at), len(rows), nil)
	for c, i := range rows {
		cols, vals := v.Jacobian.Row(i)
		for k, j := range cols {
			if r, ok := at[j]; ok {
				a.Set(r, c, vals[k])
			}
		}
	}
	var svd mat.SVD
	if !svd.Factorize(a, mat.SVDThin) {
		return
	}
	values := svd.Values(nil)
	var right mat.Dense
	svd.VTo(&right)
	for range 2 { // twice for the last bits
		for k, sigma := range values {
			if !(sigma > 1e-10*values[0]) {
				continue
			}
			sum := 0.0
			for c, i := range rows {
				sum += right.At(c, k) * u[i]
			}
			for c, i := range rows {
				u[i] -= sum * right.At(c, k)
			}
		}
	}
}

// judge looks for proof after an attempt that suggests that there is no solution,
// and takes back what cannot be proved.
func (s *solving) judge(a *attempt) error {
	unbounded := a.verdict.Status == solver.Unbounded
	if a.verdict.Reason == solver.LocallyInfeasible || unbounded && a.proof == nil && a.violation > acceptable {
		if err := s.proveInfeasible(a); err != nil || a.verdict.Status == solver.Infeasible {
			return err
		}
	}
	if !unbounded {
		return nil
	}
	if a.proof == nil {
		var err error
		if a.proof, err = s.q.ray(s.ctx, a.x, nil); err != nil {
			return err
		}
	}
	if a.proof == nil {
		a.verdict = stopped(solver.Stalled, "diverging, but along no direction that could be followed from a feasible point: "+a.verdict.Detail)
		return nil
	}
	// The answer is where the ray starts. It has no multipliers.
	a.x, a.y = a.proof.from, make([]float64, s.p.M)
	c, _, err := s.p.certify(a.x, a.y)
	a.objective, a.violation = c.Objective, math.Max(c.ConstraintViolation, c.BoundViolation)
	return err
}

// proveInfeasible turns the verdict into infeasible where that can be proved.
func (s *solving) proveInfeasible(a *attempt) error {
	proof, err := s.searchContradiction()
	if err != nil || proof == nil {
		return err
	}
	a.proof = proof
	a.verdict = solver.Verdict{
		Status: solver.Infeasible, Reason: solver.Inconsistent,
		Detail: fmt.Sprintf("a combination of %d linear constraints contradicts the bounds", nonzeros(proof.Rows)),
	}
	return nil
}

// searchContradiction is contradiction, once.
func (s *solving) searchContradiction() (*Proof, error) {
	if s.searched || s.ctx.Err() != nil {
		return nil, nil
	}
	s.searched = true
	proof, err := s.contradiction()
	if _, ended := interrupted(s.ctx, err); ended {
		return nil, nil
	}
	return proof, err
}

func nonzeros(x []float64) int {
	count := 0
	for _, v := range x {
		if v != 0 {
			count++
		}
	}
	return count
}
