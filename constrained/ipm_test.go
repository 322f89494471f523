package constrained

import (
	"context"
	"math"
	"slices"
	"testing"

	"solve/internal/rng"
	"solve/solver"
)

func solved(t *testing.T, p *Problem, opt *Options) *Result {
	t.Helper()
	r, err := Solve(context.Background(), p, opt)
	if err != nil {
		t.Fatalf("%s: %v", p.Name, err)
	}
	for _, c := range r.Certificates {
		if !c.OK {
			t.Errorf("%s: solved, but %+v", p.Name, c)
		}
	}
	return r
}

// Problems with known optima, by both ways.
func TestKnownOptima(t *testing.T) {
	for _, k := range append(equations(), inequalities()...) {
		for _, m := range []string{Auto, IPM} {
			r := solved(t, k.p, &Options{Method: m})
			if math.Abs(r.Objective-k.f) > 1e-6*math.Max(1, math.Abs(k.f)) {
				t.Errorf("%s, %s: f = %.15g, want %.15g", k.p.Name, m, r.Objective, k.f)
			}
			for j, want := range k.x {
				if math.Abs(r.X[j]-want) > 1e-4 {
					t.Errorf("%s, %s: x = %v", k.p.Name, m, r.X)
				}
			}
			if r.SecondOrder != Minimizer {
				t.Errorf("%s, %s: %s", k.p.Name, m, r.SecondOrder)
			}
		}
	}
}

// Quadratic objectives under linear equations take one Newton step.
func TestOneStep(t *testing.T) {
	for _, k := range equations() {
		if slices.Contains([]string{"HS28", "HS48", "HS51", "HS52", "BT3"}, k.p.Name) {
			if r := solved(t, k.p, &Options{Method: IPM}); r.Stats.Iterations != 1 {
				t.Errorf("%s: %d iterations", k.p.Name, r.Stats.Iterations)
			}
		}
	}
}

// permuted has the variables and constraints in another order.
func permuted(p *Problem, vars, rows []int) *Problem {
	f := p.Functions.(formula)
	pick := func(v []float64, order []int) []float64 {
		if v == nil {
			return nil
		}
		out := make([]float64, len(order))
		for k, i := range order {
			out[k] = v[i]
		}
		return out
	}
	return write(p.Name+" permuted", pick(p.X0, vars), pick(p.CLower, rows), pick(p.CUpper, rows), pick(p.Lower, vars), pick(p.Upper, vars),
		func(x []jet) (jet, []jet) {
			y := make([]jet, len(x))
			for k, i := range vars {
				y[i] = x[k]
			}
			obj, c := f.at(y)
			out := make([]jet, len(c))
			for k, i := range rows {
				out[k] = c[i]
			}
			return obj, out
		})
}

// The order of variables and constraints changes neither f* nor the iterations.
func TestPermutation(t *testing.T) {
	s := rng.New(3)
	for _, k := range append(equations(), inequalities()...) {
		a := solved(t, k.p, &Options{Method: IPM})
		b := solved(t, permuted(k.p, s.Perm(k.p.N), s.Perm(k.p.M)), &Options{Method: IPM})
		same := a.Stats.Iterations == b.Stats.Iterations || a.Stats.Iterations > 30 // long runs magnify rounding errors
		if !same || math.Abs(a.Objective-b.Objective) > 1e-9*math.Max(1, math.Abs(a.Objective)) {
			t.Errorf("%s: %d iterations, %.12g; permuted %d, %.12g", k.p.Name, a.Stats.Iterations, a.Objective, b.Stats.Iterations, b.Objective)
		}
	}
}

// A constant added to f changes nothing, and Maximize only signs.
func TestConstantAndSign(t *testing.T) {
	for _, k := range inequalities() {
		f := k.p.Functions.(formula)
		q := write("", k.p.X0, k.p.CLower, k.p.CUpper, k.p.Lower, k.p.Upper, func(x []jet) (jet, []jet) {
			obj, c := f.at(x)
			return obj.plus(64), c
		})
		a, b := solved(t, k.p, &Options{Method: IPM}), solved(t, q, &Options{Method: IPM})
		if a.Stats.Iterations != b.Stats.Iterations || math.Abs(a.Objective+64-b.Objective) > 1e-9*math.Abs(b.Objective) {
			t.Errorf("%s: %d iterations to %g, %d to %g", k.p.Name, a.Stats.Iterations, a.Objective, b.Stats.Iterations, b.Objective)
		}
		q = write("", k.p.X0, k.p.CLower, k.p.CUpper, k.p.Lower, k.p.Upper, f.at)
		q.Maximize = true
		if c := solved(t, q, &Options{Method: IPM}); c.Objective != -a.Objective {
			t.Errorf("%s: %g maximised, %g minimised", k.p.Name, c.Objective, a.Objective)
		}
	}
}

// quadratic is ½xᵀQx + gᵀx under rows a x between limits.
type quadratic struct {
	q, a   [][]float64
	g      []float64
	cl, cu []float64
	lo, hi []float64
}

func (t quadratic) problem() *Problem {
	n := len(t.g)
	return linear(&Problem{Name: "quadratic", N: n, M: len(t.a), X0: zeros(n), CLower: t.cl, CUpper: t.cu, Lower: t.lo, Upper: t.hi, Functions: t})
}

func (t quadratic) Values(x, c []float64) float64 {
	for i, a := range t.a {
		c[i] = dot(a, x)
	}
	f := dot(t.g, x)
	for i, q := range t.q {
		f += 0.5 * x[i] * dot(q, x)
	}
	return f
}

func (t quadratic) First(x, c, gradient, jacobian []float64) float64 {
	for i, q := range t.q {
		gradient[i] = t.g[i] + dot(q, x)
	}
	for i, a := range t.a {
		copy(jacobian[i*len(x):], a)
	}
	return t.Values(x, c)
}

func (t quadratic) Hessian(_ []float64, sigma float64, _, hessian []float64) {
	at := 0
	for i, q := range t.q {
		for _, v := range q[:i+1] {
			hessian[at] = sigma * v
			at++
		}
	}
}

func (t quadratic) JacobianPattern() (start []int64, column []int32) {
	return formula{n: len(t.g), m: len(t.a)}.JacobianPattern()
}

func (t quadratic) HessianPattern() (start []int64, column []int32) {
	return formula{n: len(t.g)}.HessianPattern()
}

// optimum enumerates all sets of active limits, n at most, and returns the least
// objective of the feasible stationary points: for a strictly convex problem its
// minimum. ok is false where nothing is feasible.
func (t quadratic) optimum() (best float64, ok bool) {
	n := len(t.g)
	type limit struct {
		a     []float64
		b     float64
		equal bool
	}
	var limits []limit
	add := func(a []float64, lo, hi float64) {
		if lo == hi {
			limits = append(limits, limit{a, lo, true})
			return
		}
		if lo > -inf {
			limits = append(limits, limit{a, lo, false})
		}
		if hi < inf {
			limits = append(limits, limit{a, hi, false})
		}
	}
	for i, a := range t.a {
		add(a, t.cl[i], t.cu[i])
	}
	for j := range n {
		e := zeros(n)
		e[j] = 1
		add(e, t.lo[j], t.hi[j])
	}
	feasible := func(x []float64) bool {
		for i, a := range t.a {
			if v := dot(a, x); v < t.cl[i]-1e-7 || v > t.cu[i]+1e-7 {
				return false
			}
		}
		for j := range x {
			if x[j] < t.lo[j]-1e-7 || x[j] > t.hi[j]+1e-7 {
				return false
			}
		}
		return true
	}
	best = inf
	for set := range 1 << len(limits) {
		var on []limit
		skip := false
		for k, l := range limits {
			if set>>k&1 == 1 {
				on = append(on, l)
			} else if l.equal {
				skip = true
			}
		}
		if skip || len(on) > n {
			continue
		}
		size := n + len(on)
		k := make([][]float64, size)
		for i := range k {
			k[i] = zeros(size + 1)
		}
		for i := range n {
			copy(k[i], t.q[i])
			k[i][size] = -t.g[i]
			for l, c := range on {
				k[i][n+l], k[n+l][i], k[n+l][size] = c.a[i], c.a[i], c.b
			}
		}
		x, regular := eliminateDense(k)
		if !regular || !feasible(x[:n]) {
			continue
		}
		f := 0.0
		for i := range n {
			f += t.g[i]*x[i] + 0.5*x[i]*dot(t.q[i], x[:n])
		}
		best, ok = math.Min(best, f), true
	}
	return best, ok
}

// eliminateDense solves the augmented system by Gaussian elimination.
func eliminateDense(k [][]float64) ([]float64, bool) {
	n := len(k)
	for c := range n {
		p := c
		for i := c; i < n; i++ {
			if math.Abs(k[i][c]) > math.Abs(k[p][c]) {
				p = i
			}
		}
		if math.Abs(k[p][c]) < 1e-9 {
			return nil, false
		}
		k[c], k[p] = k[p], k[c]
		for i := range n {
			if i == c {
				continue
			}
			t := k[i][c] / k[c][c]
			for j := c; j <= n; j++ {
				k[i][j] -= t * k[c][j]
			}
		}
	}
	x := make([]float64, n)
	for i := range x {
		x[i] = k[i][n] / k[i][i]
	}
	return x, true
}

func randomQuadratic(s *rng.Stream) quadratic {
	n, m := 1+s.Below(4), s.Below(4)
	t := quadratic{g: zeros(n), lo: filled(n, -inf), hi: filled(n, inf), cl: filled(m, -inf), cu: filled(m, inf)}
	draw := func() []float64 {
		v := zeros(n)
		for j := range v {
			v[j] = s.Normal()
		}
		return v
	}
	b := [][]float64{}
	for range n {
		b = append(b, draw())
	}
	for i := range n {
		t.q = append(t.q, zeros(n))
		for j := range n {
			for k := range n {
				t.q[i][j] += b[k][i] * b[k][j]
			}
		}
		t.q[i][i] += 0.1
		t.g[i] = 3 * s.Normal()
		switch s.Below(4) {
		case 0:
			t.lo[i] = s.Normal()
		case 1:
			t.hi[i] = s.Normal()
		case 2:
			t.lo[i] = s.Normal()
			t.hi[i] = t.lo[i] + s.Float64()
		}
	}
	equations := 0
	for i := range m {
		t.a = append(t.a, draw())
		switch kind := s.Below(4); {
		case kind == 0 && equations < n-1:
			t.cl[i] = s.Normal()
			t.cu[i] = t.cl[i]
			equations++
		case kind == 1:
			t.cl[i] = s.Normal()
		case kind == 2:
			t.cu[i] = s.Normal()
		default:
			t.cl[i] = s.Normal()
			t.cu[i] = t.cl[i] + s.Float64()
		}
	}
	return t
}

// Random strictly convex quadratics against the enumeration of active sets: the
// minimum where there is one, and a proof where nothing is feasible.
func TestRandomQuadratics(t *testing.T) {
	s := rng.New(11)
	infeasible := 0
	for trial := range 300 {
		q := randomQuadratic(s)
		want, feasible := q.optimum()
		r, err := Solve(context.Background(), q.problem(), nil)
		switch {
		case r == nil:
			t.Fatal(err)
		case feasible && (r.Status != solver.Solved || math.Abs(r.Objective-want) > 1e-6*math.Max(1, math.Abs(want))):
			t.Errorf("trial %d: %v, f = %.12g, want %.12g", trial, r.Verdict, r.Objective, want)
		case !feasible && r.Status != solver.Infeasible:
			t.Errorf("trial %d: %v, nothing is feasible", trial, r.Verdict)
		}
		if !feasible {
			infeasible++
		}
	}
	if infeasible < 20 {
		t.Errorf("only %d infeasible problems", infeasible)
	}
}

// Switching off a safeguard leaves easy problems alone.
func TestSwitches(t *testing.T) {
	p := inequalities()[0].p
	for _, o := range []Options{{NoStall: true}, {NoRecalc: true}, {NoWatchdog: true}, {NoStickyShift: true}, {Scaling: "none"}, {Restarts: 2}} {
		r := solved(t, p, &o)
		if math.Abs(r.Objective-17.0140172891520) > 1e-6 {
			t.Errorf("%+v: %g", o, r.Objective)
		}
	}
}

// The same bits whatever the number of threads.
func TestThreads(t *testing.T) {
	for _, k := range inequalities() {
		a := solved(t, k.p, &Options{Settings: solver.Settings{Threads: 1}})
		b := solved(t, k.p, &Options{Settings: solver.Settings{Threads: 4}})
		if !slices.Equal(a.X, b.X) || !slices.Equal(a.Y, b.Y) {
			t.Errorf("%s: %v, %v", k.p.Name, a.X, b.X)
		}
	}
}
