package quadratic

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"solve/internal/rng"
	"solve/solver"
)

var both = []string{Newton, Interior}

// mustSolve solves p and checks the result against the problem from scratch.
func mustSolve(t *testing.T, p *Problem, opt *Options) *Result {
	t.Helper()
	res, err := Solve(context.Background(), p, opt)
	if err != nil {
		t.Fatalf("%v (result %+v)", err, res)
	}
	recheck(t, p, res)
	return res
}

// recheck recomputes feasibility, both values and the gap in plain loops.
func recheck(t *testing.T, p *Problem, res *Result) {
	t.Helper()
	n, m := p.Cost.Dims()
	c := make([]float64, n*m)
	for i := range n {
		p.costs(i, c[i*m:(i+1)*m])
	}
	mass := 0.0
	for _, a := range p.A {
		mass += a
	}
	x, y := slices.Clone(p.A), slices.Clone(p.B)
	primal, size := 0.0, 0.0
	for k, w := range res.Mass {
		i, j := int(res.Rows[k]), int(res.Cols[k])
		if !(w > 0) || math.IsInf(c[i*m+j], 1) {
			t.Fatalf("entry (%d,%d) is %g at cost %g", i, j, w, c[i*m+j])
		}
		if k > 0 && (i < int(res.Rows[k-1]) || i == int(res.Rows[k-1]) && j <= int(res.Cols[k-1])) {
			t.Fatalf("entry %d is out of order", k)
		}
		x[i] -= w
		y[j] -= w
		primal += c[i*m+j]*w + 0.5*p.Gamma*w*w
		size += math.Abs(c[i*m+j])*w + 0.5*p.Gamma*w*w
	}
	if e := norm1(x) + norm1(y); e > 2e-12*mass {
		t.Fatalf("marginals are off by %g of %g", e, mass)
	}
	dual, terms := 0.0, size
	for i, f := range res.F {
		dual += p.A[i] * f
		terms += math.Abs(p.A[i] * f)
		for j, g := range res.G {
			if math.IsNaN(f) || math.IsInf(f, 0) || math.IsNaN(g) || math.IsInf(g, 0) {
				t.Fatalf("potentials %g, %g", f, g)
			}
			if e := f + g - c[i*m+j]; e > 0 {
				dual -= 0.5 * e * (e / p.Gamma)
			}
		}
	}
	for j, g := range res.G {
		dual += p.B[j] * g
		terms += math.Abs(p.B[j] * g)
	}
	if e := math.Abs(primal - res.Primal); e > 1e-13*terms {
		t.Fatalf("primal is %.17g, recomputed %.17g", res.Primal, primal)
	}
	if e := math.Abs(dual - res.Dual); e > 1e-12*terms {
		t.Fatalf("dual is %.17g, recomputed %.17g", res.Dual, dual)
	}
	if res.Gap < -1e-12*terms {
		t.Fatalf("the dual exceeds the primal by %g of %g", -res.Gap, terms)
	}
}

// full is the plan as a dense matrix.
func full(p *Problem, res *Result) []float64 {
	n, m := p.Cost.Dims()
	out := make([]float64, n*m)
	for k, w := range res.Mass {
		out[int(res.Rows[k])*m+int(res.Cols[k])] = w
	}
	return out
}

func distance(x, y []float64) float64 {
	d := 0.0
	for k := range x {
		d = max(d, math.Abs(x[k]-y[k]))
	}
	return d
}

// enumerate solves a small problem by trying every support: the plan on it is
// the solution of the optimality conditions with equality, and the right one
// has no negative entry and no positive f + g − C outside.
func enumerate(n, m int, a, b, c []float64, gamma float64) []float64 {
	var best []float64
	value := math.Inf(1)
	for set := 1; set < 1<<(n*m); set++ {
		// Unknowns: f (n), g (m); rows: marginals. A small multiple of the
		// identity picks a solution where the set falls apart.
		size := n + m
		k, rhs := make([]float64, size*size), make([]float64, size)
		ok := true
		for i := range n {
			rhs[i] = gamma * a[i]
			for j := range m {
				if set>>(i*m+j)&1 == 0 {
					continue
				}
				x := c[i*m+j]
				if math.IsInf(x, 1) {
					ok = false
					break
				}
				k[i*size+i]++
				k[i*size+n+j]++
				k[(n+j)*size+i]++
				k[(n+j)*size+n+j]++
				rhs[i] += x
				rhs[n+j] += x
			}
		}
		if !ok {
			continue
		}
		for j := range m {
			rhs[n+j] += gamma * b[j]
		}
		x := semidefinite(size, k, rhs)
		plan, total := make([]float64, n*m), 0.0
		left, right := slices.Clone(a), slices.Clone(b)
		for i := range n {
			for j := range m {
				if set>>(i*m+j)&1 == 0 {
					continue
				}
				w := (x[i] + x[n+j] - c[i*m+j]) / gamma
				plan[i*m+j] = w
				ok = ok && w >= -1e-9
				left[i] -= w
				right[j] -= w
				total += c[i*m+j]*w + 0.5*gamma*w*w
			}
		}
		if ok && norm1(left)+norm1(right) < 1e-8 && total < value {
			value, best = total, plan
		}
	}
	return best
}

// semidefinite solves a consistent system with a singular matrix by proximal
// steps.
func semidefinite(n int, a, b []float64) []float64 {
	x := make([]float64, n)
	for range 3 {
		r, k := slices.Clone(b), slices.Clone(a)
		for i := range n {
			k[i*n+i] += 1e-8
			for j := range n {
				r[i] -= a[i*n+j] * x[j]
			}
		}
		for i, d := range gauss(n, k, r) {
			x[i] += d
		}
	}
	return x
}

// gauss solves a linear system by elimination with row pivoting.
func gauss(n int, a, b []float64) []float64 {
	for k := range n {
		p := k
		for i := k + 1; i < n; i++ {
			if math.Abs(a[i*n+k]) > math.Abs(a[p*n+k]) {
				p = i
			}
		}
		for j := range n {
			a[k*n+j], a[p*n+j] = a[p*n+j], a[k*n+j]
		}
		b[k], b[p] = b[p], b[k]
		for i := k + 1; i < n; i++ {
			f := a[i*n+k] / a[k*n+k]
			for j := k; j < n; j++ {
				a[i*n+j] -= f * a[k*n+j]
			}
			b[i] -= f * b[k]
		}
	}
	for i := n - 1; i >= 0; i-- {
		for j := i + 1; j < n; j++ {
			b[i] -= a[i*n+j] * b[j]
		}
		b[i] /= a[i*n+i]
	}
	return b
}

// TestEnumeration compares with every support of 3×3 and 2×4 problems, with
// ties, zero masses and forbidden arcs among them.
func TestEnumeration(t *testing.T) {
	r := rng.New(7)
	infeasible := 0
	for trial := range 150 {
		n, m := 3, 3
		if trial%3 == 2 {
			n, m = 2, 4
			if trial%2 == 0 {
				n, m = m, n
			}
		}
		p := &Problem{A: make([]float64, n), B: make([]float64, m)}
		c := &stored{n, m, make([]float64, n*m)}
		for k := range c.c {
			switch trial % 4 {
			case 0:
				c.c[k] = float64(r.Below(3))
			default:
				c.c[k] = r.Float64()
			}
			if trial%5 == 4 && r.Below(4) == 0 {
				c.c[k] = math.Inf(1)
			}
		}
		p.Cost, p.Gamma = c, math.Pow(10, 2-5*r.Float64())
		ta, tb := 0.0, 0.0
		for i := range p.A {
			p.A[i] = float64(1 + r.Below(9))
			if trial%7 == 6 && i == 0 {
				p.A[i] = 0
			}
			ta += p.A[i]
		}
		for j := range p.B {
			p.B[j] = float64(1 + r.Below(9))
			tb += p.B[j]
		}
		for i := range p.A {
			p.A[i] /= ta
		}
		for j := range p.B {
			p.B[j] /= tb
		}
		want := enumerate(n, m, p.A, p.B, c.c, p.Gamma)
		for _, method := range both {
			if want == nil {
				res, err := Solve(context.Background(), p, &Options{Method: method})
				if res == nil || res.Status != solver.Infeasible || res.Held <= res.Reachable {
					t.Fatalf("trial %d: no plan is feasible, got %+v, %v", trial, res, err)
				}
				infeasible++
				continue
			}
			res := mustSolve(t, p, &Options{Method: method})
			if d := distance(full(p, res), want); d > 1e-6 { // γ/2 ‖T − T*‖² ≤ gap
				t.Fatalf("trial %d, %s, γ %.3g: plan differs by %g: %v, want %v", trial, method, p.Gamma, d, full(p, res), want)
			}
		}
	}
	if infeasible == 0 {
		t.Error("no instance was infeasible")
	}
}

// TestClosedForm holds the plan for large γ, the projection of −C/γ on the
// marginals, against both methods.
func TestClosedForm(t *testing.T) {
	for _, size := range [][2]int{{12, 12}, {7, 19}, {19, 7}, {1, 5}, {5, 1}, {1, 1}} {
		n, m := size[0], size[1]
		p := instance("rand", n, m, 0, 3)
		c := p.Cost.(*stored)
		p.Gamma = 4 * float64(n*m)
		row, col, all := make([]float64, n), make([]float64, m), 0.0
		for i := range n {
			for j := range m {
				x := c.c[i*m+j]
				row[i] += x / float64(m)
				col[j] += x / float64(n)
				all += x / float64(n*m)
			}
		}
		want := make([]float64, n*m)
		for i := range n {
			for j := range m {
				want[i*m+j] = p.A[i]/float64(m) + p.B[j]/float64(n) - 1/float64(n*m) - (c.c[i*m+j]-row[i]-col[j]+all)/p.Gamma
				if want[i*m+j] < 0 {
					t.Fatal("γ is too small for the closed form")
				}
			}
		}
		for _, method := range both {
			res := mustSolve(t, p, &Options{Method: method})
			if d := distance(full(p, res), want); d > 1e-11 {
				t.Errorf("%d×%d, %s: plan differs from the closed form by %g", n, m, method, d)
			}
			if method == Newton && res.Stats.NewtonSteps != 0 {
				t.Errorf("%d×%d: %d Newton steps where the start is the optimum", n, m, res.Stats.NewtonSteps)
			}
		}
	}
}

// TestMethodsAgree compares both methods over ten orders of γ.
func TestMethodsAgree(t *testing.T) {
	for _, kind := range []string{"unif2", "wunif2", "gauss10", "far2", "grid", "ties", "rand"} {
		for _, gam := range []float64{100, 1, 1e-2, 1e-3} {
			p := instance(kind, 49, 49, gam, 5)
			x := mustSolve(t, p, &Options{Method: Newton})
			y := mustSolve(t, p, &Options{Method: Interior})
			if e := math.Abs(x.Primal-y.Primal) / math.Abs(x.Primal); e > 1e-10 {
				t.Errorf("%s, %g: values %.15g and %.15g", kind, gam, x.Primal, y.Primal)
			}
			// γ/2 ‖T − T*‖² ≤ gap
			if d, bound := distance(full(p, x), full(p, y)), math.Sqrt(2*(math.Abs(x.Gap)+math.Abs(y.Gap)+1e-15*x.Primal)/p.Gamma); d > 2*bound {
				t.Errorf("%s, %g: plans differ by %g, the gaps allow %g", kind, gam, d, bound)
			}
		}
	}
}

// TestSmallGamma is where only the interior point method works.
func TestSmallGamma(t *testing.T) {
	for _, kind := range []string{"unif2", "wunif2", "gauss10", "far2", "grid", "rand"} {
		for _, gam := range []float64{1e-4, 1e-6, 1e-8} {
			p := instance(kind, 64, 64, gam, 2)
			res := mustSolve(t, p, nil)
			if res.RelGap > 1e-12 || res.Stats.InteriorSteps > 40 {
				t.Errorf("%s, %g: gap %.2g after %d steps", kind, gam, res.RelGap, res.Stats.InteriorSteps)
			}
		}
	}
}

// TestIdentityCost is C = 1 − I, whose optimum is known: T = I/n for γ ≤ n,
// else p on the diagonal and the rest spread evenly.
func TestIdentityCost(t *testing.T) {
	const n = 6
	c := &stored{n, n, make([]float64, n*n)}
	for k := range c.c {
		if k%(n+1) != 0 {
			c.c[k] = 1
		}
	}
	p := &Problem{A: make([]float64, n), B: make([]float64, n), Cost: c}
	for i := range n {
		p.A[i], p.B[i] = 1.0/n, 1.0/n
	}
	for _, method := range both {
		for _, gamma := range []float64{0.5, 3, 5.9, 9, 20} {
			p.Gamma = gamma
			want := gamma / (2 * n)
			if gamma > n {
				s := (n - 1.0) / n * (1.0/n - 1/gamma)
				d := 1.0/n - s
				want = n * (s + gamma/2*(d*d+s*s/(n-1)))
			}
			res := mustSolve(t, p, &Options{Method: method})
			if math.Abs(res.Primal-want) > 1e-12*want {
				t.Errorf("%s, γ = %g: %.15g, want %.15g", method, gamma, res.Primal, want)
			}
		}
	}
}

// TestInvariance transposes, shifts, scales and permutes.
func TestInvariance(t *testing.T) {
	for _, method := range both {
		base := instance("wunif2", 15, 23, 0.05, 9)
		c := base.Cost.(*stored)
		want := mustSolve(t, base, &Options{Method: method})
		wantPlan := full(base, want)
		check := func(name string, p *Problem, value, mass float64, at func(i, j int) int) {
			t.Helper()
			res := mustSolve(t, p, &Options{Method: method})
			if math.Abs(res.Primal-value) > 1e-10*math.Abs(value) {
				t.Errorf("%s, %s: value %.15g, want %.15g", method, name, res.Primal, value)
			}
			got := full(p, res)
			for i := range 15 {
				for j := range 23 {
					if d := math.Abs(got[at(i, j)]/mass - wantPlan[i*23+j]); d > 1e-7 {
						t.Fatalf("%s, %s: entry (%d,%d) differs by %g", method, name, i, j, d)
					}
				}
			}
		}
		straight := func(i, j int) int { return i*23 + j }
		turned := &stored{23, 15, make([]float64, 15*23)}
		shifted := &stored{15, 23, make([]float64, 15*23)}
		value := want.Primal
		for i := range 15 {
			value += base.A[i] * float64(i)
			for j := range 23 {
				turned.c[j*15+i] = c.c[i*23+j]
				shifted.c[i*23+j] = c.c[i*23+j] + float64(i) - 5*math.Sin(float64(j))
			}
		}
		for j := range 23 {
			value -= base.B[j] * 5 * math.Sin(float64(j))
		}
		check("transposed", &Problem{A: base.B, B: base.A, Cost: turned, Gamma: base.Gamma}, want.Primal, 1, func(i, j int) int { return j*15 + i })
		check("shifted", &Problem{A: base.A, B: base.B, Cost: shifted, Gamma: base.Gamma}, value, 1, straight)
		for _, s := range []float64{1e-200, 3, 1e200} {
			scaled := &stored{15, 23, slices.Clone(c.c)}
			for k := range scaled.c {
				scaled.c[k] *= s
			}
			check(fmt.Sprint("costs times ", s), &Problem{A: base.A, B: base.B, Cost: scaled, Gamma: base.Gamma * s}, want.Primal*s, 1, straight)
		}
		a, b := slices.Clone(base.A), slices.Clone(base.B)
		for i := range a {
			a[i] *= 1000
		}
		for j := range b {
			b[j] *= 1000
		}
		check("masses", &Problem{A: a, B: b, Cost: c, Gamma: base.Gamma / 1000}, want.Primal*1000, 1000, straight)
	}
}

// TestThreads asks for the same bits.
func TestThreads(t *testing.T) {
	for _, method := range both {
		p := instance("wunif2", 130, 150, 0.02, 4)
		one := mustSolve(t, p, &Options{Method: method, Settings: solver.Settings{Threads: 1}})
		three := mustSolve(t, p, &Options{Method: method, Settings: solver.Settings{Threads: 3}})
		if !slices.Equal(one.Mass, three.Mass) || !slices.Equal(one.F, three.F) || !slices.Equal(one.G, three.G) || one.Gap != three.Gap {
			t.Errorf("%s: results differ between 1 and 3 threads", method)
		}
	}
}
