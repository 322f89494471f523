package quadratic

import (
	"context"
	"math"

	"solve/solver"
)

// newton maximises the dual (2). Its gradient is a − T1, b − Tᵀ1, and a
// generalised Hessian is −[diag(σ1) σ; σᵀ diag(σᵀ1)]/γ, where σ marks the
// positive entries of f + g − C.
type newton struct {
	run    *run
	r      *reduced
	g      float64 // γ of the stage
	u, v   []float64
	du, dv []float64
	ra, rb []float64 // residuals of the marginals
	pat    pattern
	excess []float64 // f + g − C on the pattern
	sys    *schur
	parts  []float64 // sums by block
	short  int       // line searches in a row that ended at a tiny step
	dual   float64
}

const (
	hessianShift  = 1e-8 // added to row and column counts
	stageFactor   = 0.1  // γ from stage to stage
	stageTol      = 1e-2 // ‖residual‖₁ that ends a stage
	finalTol      = 1e-12
	stageSteps    = 25 // more of them in a stage hint at too small a γ
	tinyStep      = 1e-3
	tinySteps     = 3
	lineTolerance = 0.1 // |φ′| relative to φ′(0)
)

func newNewton(run *run) *newton {
	r := run.r
	s := &newton{run: run, r: r, sys: newSchur(r, run.work), parts: make([]float64, r.blocks()),
		u: make([]float64, r.n), v: make([]float64, r.m), du: make([]float64, r.n), dv: make([]float64, r.m),
		ra: make([]float64, r.n), rb: make([]float64, r.m)}
	s.pat.rowPtr = make([]int32, r.n+1)
	return s
}

// solve runs through the stages; patient tells not to give up on a slow one.
// The reason is empty when the last stage converged.
func (s *newton) solve(ctx context.Context, patient bool) solver.Reason {
	r := s.r
	s.g = r.g
	s.start()
	if s.look(); r.forbidden == 0 && s.pat.nnz() == r.n*r.m && s.converged(finalTol) {
		return "" // so large a γ that every entry is positive
	}
	s.g = max(r.g, stageFactor*r.spread*float64(r.n))
	s.start()
	for {
		s.run.stats.Stages++
		last := s.g <= r.g*(1+1e-12)
		if last {
			s.g = r.g
		}
		tol := stageTol
		if last {
			tol = finalTol
		}
		if reason := s.stage(ctx, tol, patient); reason != "" {
			return reason
		}
		if last {
			return ""
		}
		s.g = max(stageFactor*s.g, r.g)
	}
}

// start sets the potentials whose plan, if no entry of it is negative, is the
// projection of −C/γ on the marginals: the optimum for large γ.
func (s *newton) start() {
	n, m := float64(s.r.n), float64(s.r.m)
	for i, a := range s.r.a {
		s.u[i] = s.g * (a/m - 0.5/(n*m))
	}
	for j, b := range s.r.b {
		s.v[j] = s.g * (b/n - 0.5/(n*m))
	}
}

// stage takes Newton steps until the residual is below tol.
func (s *newton) stage(ctx context.Context, tol float64, patient bool) solver.Reason {
	for step := 0; ; step++ {
		s.look()
		if s.converged(tol) {
			return ""
		}
		if reason := s.run.interrupted(ctx); reason != "" {
			return reason
		}
		if !patient && (step >= stageSteps || s.short >= tinySteps) {
			return solver.Stalled
		}
		if err := s.direction(); err != nil {
			return solver.NotPositiveDefinite
		}
		t := s.lineSearch()
		if t == 0 {
			return solver.Stalled
		}
		if s.short++; t >= tinyStep {
			s.short = 0
		}
		for i, d := range s.du {
			s.u[i] += t * d
		}
		for j, d := range s.dv {
			s.v[j] += t * d
		}
		s.run.stats.NewtonSteps++
		if reason := s.run.record("newton", s.dual, norm1(s.ra)+norm1(s.rb), math.NaN(), t); reason != "" {
			return reason
		}
	}
}

// converged compares the residual with tol, and with what rounding leaves of
// it.
func (s *newton) converged(tol float64) bool {
	floor := 4e-15 * (maxAbs(s.u) + maxAbs(s.v)) * math.Sqrt(float64(max(s.pat.nnz(), 1))) / s.g
	return norm1(s.ra)+norm1(s.rb) <= max(tol, floor)
}

// look finds the pattern, the residuals and the value of the dual.
func (s *newton) look() {
	r, w := s.r, &s.pat
	s.run.stats.Sweeps++
	r.each(func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			ui, count := s.u[i], int32(0)
			row := r.c[i*r.m:][:r.m]
			for j, v := range s.v {
				if ui+v > row[j] {
					count++
				}
			}
			w.rowPtr[i+1] = count
		}
	})
	for i := range r.n {
		w.rowPtr[i+1] += w.rowPtr[i]
	}
	nnz := int(w.rowPtr[r.n])
	w.col, w.val, s.excess = grow(w.col, nnz), grow(w.val, nnz), grow(s.excess, nnz)
	r.each(func(block, lo, hi int) {
		squares := 0.0
		for i := lo; i < hi; i++ {
			ui, k, t := s.u[i], w.rowPtr[i], 0.0
			row := r.c[i*r.m:][:r.m]
			for j, v := range s.v {
				if ui+v > row[j] {
					x := ui + v - row[j]
					w.col[k], w.val[k], s.excess[k] = int32(j), 1, x
					k++
					t += x
					squares += x * x
				}
			}
			s.ra[i] = r.a[i] - t/s.g
		}
		s.parts[block] = squares
	})
	copy(s.rb, r.b)
	for k, j := range w.col {
		s.rb[j] -= s.excess[k] / s.g
	}
	s.dual = dot(r.a, s.u) + dot(r.b, s.v) + r.offset
	for _, x := range s.parts {
		s.dual -= x / (2 * s.g)
	}
}

// direction solves the Newton system.
func (s *newton) direction() error {
	s.pat.transpose(s.r.n, s.r.m)
	if err := s.sys.setSparse(&s.pat, hessianShift, 0); err != nil {
		return err
	}
	for i, x := range s.ra {
		s.du[i] = s.g * x
	}
	for j, x := range s.rb {
		s.dv[j] = s.g * x
	}
	s.sys.solve(s.du, s.dv)
	return nil
}

// slope is φ′(t) of the dual along the direction.
func (s *newton) slope(t float64) float64 {
	r := s.r
	s.run.stats.Sweeps++
	r.each(func(block, lo, hi int) {
		all := 0.0
		for i := lo; i < hi; i++ {
			di := s.du[i]
			at, part := s.u[i]+t*di, 0.0
			row := r.c[i*r.m:][:r.m]
			for j, v := range s.v {
				d := s.dv[j]
				if x := at + (v + t*d) - row[j]; x > 0 {
					part += x * (di + d)
				}
			}
			all += part
		}
		s.parts[block] = all
	})
	out := dot(r.a, s.du) + dot(r.b, s.dv)
	for _, x := range s.parts {
		out -= x / s.g
	}
	return out
}

// lineSearch finds a step at which the slope is small. The dual is concave and
// piecewise quadratic along the direction, so its slope is decreasing and
// piecewise linear. 0 means that the direction is none of ascent.
func (s *newton) lineSearch() float64 {
	first := dot(s.ra, s.du) + dot(s.rb, s.dv)
	if !(first > 0) {
		return 0
	}
	at := s.slope(1)
	switch {
	case at > 0.5*first:
		t := 1.0
		for range 30 {
			if s.slope(2*t) < 0 {
				break
			}
			t *= 2
		}
		return t
	case at >= -lineTolerance*first:
		return 1
	}
	lo, hi, slopeLo, slopeHi := 0.0, 1.0, first, at
	t := 1.0
	for range 30 {
		t = lo + (hi-lo)*min(max(slopeLo/(slopeLo-slopeHi), 0.1), 0.9)
		at := s.slope(t)
		if math.Abs(at) <= lineTolerance*first {
			break
		}
		if at > 0 {
			lo, slopeLo = t, at
		} else {
			hi, slopeHi = t, at
		}
	}
	return t
}

// answer takes the plan from the last pattern, with the entries that rounding
// alone may have left out, and one more Newton step, which makes its marginals
// right where (f+g−C)₊/γ alone has the rounding error of C, divided by γ.
func (s *newton) answer() *answer {
	r := s.r
	s.g = r.g
	ans := newAnswer(r, s.u, s.v, func(i, j int) (t, weight float64) {
		x := s.u[i] + s.v[j] - r.c[i*r.m+j]
		if x <= -roundoff*(math.Abs(s.u[i])+math.Abs(s.v[j])) {
			return 0, 0
		}
		return max(x, 0) / s.g, 1
	})
	ans.polish(s.sys, hessianShift)
	return ans
}

// roundoff is the relative error of a sum of potentials, generously.
const roundoff = 0x1p-51

func dot(x, y []float64) float64 {
	var s sum
	for i, v := range x {
		s.add(v * y[i])
	}
	return s.value()
}

func norm1(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += math.Abs(v)
	}
	return s
}

func maxAbs(x []float64) float64 {
	top := 0.0
	for _, v := range x {
		top = max(top, math.Abs(v))
	}
	return top
}
