package quadratic

import (
	"context"
	"math"

	"solve/internal/kern"
	"solve/solver"
)

// interior is Mehrotra's predictor-corrector method for (1), with reduced
// costs Z = C + γT − f − g ≥ 0 and the target T_ij Z_ij = μ. Eliminating Z and
// T leaves a system of the weights W = 1/(γ + Z/T) in (f, g).
//
// Forbidden arcs have T = 0 and W = 0, and no part in anything.
type interior struct {
	run    *run
	r      *reduced
	u, v   []float64
	du, dv []float64
	ra, rb []float64 // residuals of the marginals
	t, z   []float64
	w      []float64
	dt, dz []float64
	sys    *schur
	arcs   float64
	parts  [][8]float64 // sums by block
	cols   []float64    // column sums by block
}

const (
	interiorTol   = 1e-12 // μ arcs relative to the value
	interiorSteps = 100
	boundaryShare = 0.995 // of the way to the boundary, more near the end
	evenShare     = 0.1   // of the mass starts spread evenly, which keeps tiny masses off the boundary
)

func newInterior(run *run) *interior {
	r := run.r
	size := r.n * r.m
	s := &interior{run: run, r: r, u: make([]float64, r.n), v: make([]float64, r.m), du: make([]float64, r.n), dv: make([]float64, r.m),
		ra: make([]float64, r.n), rb: make([]float64, r.m), t: make([]float64, size), z: make([]float64, size), w: make([]float64, size),
		dt: run.work, dz: make([]float64, size), arcs: float64(size - r.forbidden),
		parts: make([][8]float64, r.blocks()), cols: make([]float64, r.blocks()*r.m)}
	s.sys = newSchur(r, run.work)
	return s
}

// rows calls fn for every row in parallel; what fn adds to part and col is
// summed, blocks in order.
func (s *interior) rows(fn func(i int, part *[8]float64, col []float64)) (all [8]float64, col []float64) {
	m := s.r.m
	s.run.stats.Sweeps++
	s.r.each(func(block, lo, hi int) {
		own := s.cols[block*m:][:m]
		clear(own)
		s.parts[block] = [8]float64{}
		for i := lo; i < hi; i++ {
			fn(i, &s.parts[block], own)
		}
	})
	col = make([]float64, m)
	for k := range s.r.blocks() {
		kern.Axpy(1, s.cols[k*m:][:m], col)
		for x := range all {
			all[x] += s.parts[k][x]
		}
	}
	return all, col
}

// start is nearly T = abᵀ, g = 0, f the row minima.
func (s *interior) start() {
	r := s.r
	all, _ := s.rows(func(i int, part *[8]float64, _ []float64) {
		c, t, z := r.c[i*r.m:][:r.m], s.t[i*r.m:][:r.m], s.z[i*r.m:][:r.m]
		least := math.Inf(1)
		for _, x := range c {
			least = min(least, x)
		}
		s.u[i] = least
		for j, x := range c {
			if math.IsInf(x, 1) {
				continue
			}
			t[j] = (1-evenShare)*r.a[i]*r.b[j] + evenShare/s.arcs
			z[j] = max(x+r.g*t[j]-least, 0)
			part[0] += z[j]
		}
	})
	lift := 0.1 * all[0] / s.arcs
	if lift == 0 {
		lift = r.g / s.arcs
	}
	for k, t := range s.t {
		if t > 0 {
			s.z[k] += lift
		}
	}
}

// solve iterates until the complementarity gap is at rounding level. The
// reason is empty when it got there.
func (s *interior) solve(ctx context.Context) solver.Reason {
	s.start()
	best, stalled, step := math.Inf(1), 0, math.NaN()
	for iter := 0; ; iter++ {
		at := s.look()
		gap := s.r.relative(at.complementarity+at.infeasibility, at.primal)
		if iter > 0 {
			if reason := s.run.record("interior", at.primal+s.r.offset, norm1(s.ra)+norm1(s.rb), gap, step); reason != "" {
				return reason
			}
		}
		if gap <= interiorTol {
			return ""
		}
		if stalled++; gap < 0.5*best {
			best, stalled = gap, 0
		}
		if stalled >= 4 && best < 1e-9 {
			return ""
		}
		if stalled >= 60 || iter >= interiorSteps {
			return solver.Stalled
		}
		if reason := s.run.interrupted(ctx); reason != "" {
			return reason
		}
		if err := s.sys.setDense(s.w); err != nil {
			return solver.NotPositiveDefinite
		}
		step = s.advance(at.complementarity/s.arcs, max(boundaryShare, 1-gap))
		s.run.stats.InteriorSteps++
		if !(step > 1e-12) {
			return solver.Stalled
		}
	}
}

// state is what one look at the iterate tells.
type state struct{ complementarity, infeasibility, primal float64 }

// look computes the weights, their sums, and the residuals.
func (s *interior) look() state {
	r := s.r
	wcol := s.sys.c
	all, col := s.rows(func(i int, part *[8]float64, col []float64) {
		c, t, z, w := r.c[i*r.m:][:r.m], s.t[i*r.m:][:r.m], s.z[i*r.m:][:r.m], s.w[i*r.m:][:r.m]
		mass, weight := 0.0, 0.0
		for j, x := range t {
			if x == 0 {
				continue
			}
			w[j] = x / (r.g*x + z[j])
			weight += w[j]
			mass += x
			col[j] += x
			part[0] += x * z[j]
			part[1] += x * math.Abs(c[j]+r.g*x-s.u[i]-s.v[j]-z[j])
			part[2] += x * (c[j] + 0.5*r.g*x)
		}
		s.sys.r[i], s.ra[i] = weight, r.a[i]-mass
	})
	for j, x := range col {
		s.rb[j] = r.b[j] - x
	}
	_, col = s.rows(func(i int, _ *[8]float64, col []float64) {
		kern.Axpy(1, s.w[i*r.m:][:r.m], col)
	})
	copy(wcol, col)
	bad := 0.0
	for i, x := range s.ra {
		bad += math.Abs(x * s.u[i])
	}
	for j, x := range s.rb {
		bad += math.Abs(x * s.v[j])
	}
	return state{complementarity: all[0], infeasibility: all[1] + bad, primal: all[2]}
}

// advance takes a predictor and corrector step, at most the given share of the
// way to the boundary, and returns its length.
func (s *interior) advance(mu, share float64) float64 {
	s.right(func(_ int, t, z float64) float64 { return t * z })
	affine := s.directions(func(_ int, t, z float64) float64 { return t * z })
	ap, ad := affine.longest()
	muAffine := (affine.tz + ad*affine.tdz + ap*affine.zdt + ap*ad*affine.dtdz) / s.arcs
	ratio := max(muAffine, 0) / mu
	target := ratio * ratio * ratio * mu
	corrector := func(k int, t, z float64) float64 { return t*z + s.dt[k]*s.dz[k] - target }
	s.right(corrector)
	ap, ad = s.directions(corrector).longest()
	step := min(1, share*min(ap, ad))
	s.rows(func(i int, _ *[8]float64, _ []float64) {
		for k := i * s.r.m; k < (i+1)*s.r.m; k++ {
			if s.t[k] > 0 {
				s.t[k] += step * s.dt[k]
				s.z[k] += step * s.dz[k]
			}
		}
	})
	kern.Axpy(step, s.du, s.u)
	kern.Axpy(step, s.dv, s.v)
	return step
}

// right solves for (du, dv) with the complementarity residual rc.
func (s *interior) right(rc func(k int, t, z float64) float64) {
	r := s.r
	_, col := s.rows(func(i int, _ *[8]float64, col []float64) {
		all := 0.0
		for j := range r.m {
			k := i*r.m + j
			t, z := s.t[k], s.z[k]
			if t == 0 {
				continue
			}
			rd := r.c[k] + r.g*t - s.u[i] - s.v[j] - z
			q := s.w[k] * (rd + rc(k, t, z)/t)
			all += q
			col[j] += q
		}
		s.du[i] = s.ra[i] + all
	})
	for j, x := range col {
		s.dv[j] = s.rb[j] + x
	}
	s.sys.solve(s.du, s.dv)
}

// reach is what a pass over the directions of T and Z tells.
type reach struct {
	tz, tdz, zdt, dtdz float64
	fallT, fallZ       float64 // largest −dT/T and −dZ/Z
}

func (x *reach) longest() (ap, ad float64) {
	return 1 / max(1, x.fallT), 1 / max(1, x.fallZ)
}

// directions writes dT and dZ that belong to (du, dv) and rc.
func (s *interior) directions(rc func(k int, t, z float64) float64) *reach {
	r := s.r
	fall := make([][2]float64, r.blocks())
	all, _ := s.rows(func(i int, part *[8]float64, _ []float64) {
		low := &fall[i/rowsPerBlock]
		for j := range r.m {
			k := i*r.m + j
			t, z := s.t[k], s.z[k]
			if t == 0 {
				continue
			}
			rd := r.c[k] + r.g*t - s.u[i] - s.v[j] - z
			e := rc(k, t, z)
			inv := 1 / t
			dt := s.w[k] * (s.du[i] + s.dv[j] - rd - e*inv)
			dz := (-e - z*dt) * inv
			s.dt[k], s.dz[k] = dt, dz
			low[0], low[1] = max(low[0], -dt*inv), max(low[1], -dz/z)
			part[0] += t * z
			part[1] += t * dz
			part[2] += z * dt
			part[3] += dt * dz
		}
	})
	out := &reach{tz: all[0], tdz: all[1], zdt: all[2], dtdz: all[3]}
	for _, x := range fall {
		out.fallT, out.fallZ = max(out.fallT, x[0]), max(out.fallZ, x[1])
	}
	return out
}

// answer drops the entries that are farther from 0 in Z than in T, each
// relative to what it could be, and mends the marginals by a step on what is
// left, with the weights of the method: an entry moves the less the smaller it
// is.
func (s *interior) answer() *answer {
	r := s.r
	ans := newAnswer(r, s.u, s.v, func(i, j int) (t, weight float64) {
		t, z := s.t[i*r.m+j], s.z[i*r.m+j]
		if t == 0 || t*r.size <= z*min(r.a[i], r.b[j]) && r.g*t <= z && z > roundoff*(math.Abs(s.u[i])+math.Abs(s.v[j])) {
			return 0, 0
		}
		return t, t / (t + z/r.g)
	})
	ans.polish(s.sys, 1e-13)
	return ans
}
