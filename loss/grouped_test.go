package loss

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"solve/solver"
)

func drawGrouped(r *rand.Rand) (p *Grouped, n int) {
	p = &Grouped{Lambda: []float64{r.Float64()}, Mix: []float64{0, 1, r.Float64()}[r.IntN(3)]}
	if r.IntN(2) == 0 {
		p.L2 = 2 * r.Float64()
	}
	sizes := []int{1, 3, 2, 1}
	order := r.Perm(7)
	for _, size := range sizes {
		var g []int32
		for range size {
			g = append(g, int32(order[n]))
			n++
		}
		p.Groups = append(p.Groups, g)
	}
	if r.IntN(2) == 0 {
		p.Lambda = []float64{r.Float64(), 0, 2 * r.Float64(), r.Float64()}
	}
	if r.IntN(2) == 0 {
		p.Weights = []float64{1, r.Float64(), 0, 2}
	}
	return p, n
}

func normals(r *rand.Rand, n int, scale float64) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = scale * r.NormFloat64()
	}
	return v
}

// blockValue is Ω_g for a block vector.
func (p *Grouped) blockValue(g int, x []float64) float64 {
	n := 0
	for _, group := range p.Groups {
		n += len(group)
	}
	full := make([]float64, n)
	for i, j := range p.Groups[g] {
		full[j] = x[i]
	}
	return p.Value(full)
}

// TestGroupedProx checks that no nearby point, nor a line through the prox, is
// better, and that the prox satisfies its optimality condition.
func TestGroupedProx(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 1))
	zeros := 0
	for range 1500 {
		p, n := drawGrouped(r)
		if err := p.Validate(n); err != nil {
			t.Fatal(err)
		}
		g, step := r.IntN(len(p.Groups)), 0.1+2*r.Float64()
		z := normals(r, len(p.Groups[g]), 2)
		x := slices.Clone(z)
		p.Prox(g, x, step)
		objective := func(x []float64) float64 {
			d := 0.0
			for i := range x {
				d += (x[i] - z[i]) * (x[i] - z[i])
			}
			return 0.5*d + step*p.blockValue(g, x)
		}
		if norm2(x) == 0 {
			zeros++
		}
		best := objective(x)
		for range 20 {
			dir, y := normals(r, len(x), 1), make([]float64, len(x))
			_, value := goldenMin(func(a float64) float64 {
				for i := range y {
					y[i] = x[i] + a*dir[i]
				}
				return objective(y)
			}, -1, 1)
			if value < best-1e-13*(1+best) {
				t.Fatalf("%+v: prox of %v has %v, a point beside it %v", p, z, best, value)
			}
		}
		grad := make([]float64, len(x))
		for i := range x {
			grad[i] = (x[i] - z[i]) / step
		}
		if d := p.Distance(g, x, grad); d > 1e-14*norm2(z)/step+1e-15 {
			t.Fatalf("%+v: distance %v at the prox of %v", p, d, z)
		}
		if norm2(x) == 0 && p.Distance(g, x, grad) != 0 {
			t.Fatalf("%+v: distance %v at 0", p, p.Distance(g, x, grad))
		}
	}
	if zeros < 100 {
		t.Errorf("only %d proxes were 0", zeros)
	}
}

// TestGroupedConjugate: Ω*(u) ≥ uᵀx − Ω(x) always, with equality at x =
// argmax, which is prox₁ of u scaled when L2 > 0.
func TestGroupedConjugate(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 2))
	infinite, tight := 0, 0
	for range 3000 {
		p, n := drawGrouped(r)
		u, x := normals(r, n, 0.7), normals(r, n, 1)
		c := p.Conjugate(u)
		inner := 0.0
		for j := range u {
			inner += u[j] * x[j]
		}
		if math.IsNaN(c) || c < inner-p.Value(x)-1e-12 {
			t.Fatalf("%+v: Ω*(u) = %v < uᵀx − Ω(x) = %v", p, c, inner-p.Value(x))
		}
		inside := true
		for g := range p.Groups {
			ug := p.gather(nil, g, u)
			inside = inside && p.Score(g, ug) <= p.Threshold(g)
			if p.Score(g, ug) <= p.Threshold(g) != (p.Distance(g, make([]float64, len(ug)), ug) == 0) {
				t.Fatalf("%+v: score %v, threshold %v", p, p.Score(g, ug), p.Threshold(g))
			}
		}
		if p.L2 == 0 {
			if inside != (c == 0) || !inside && !math.IsInf(c, 1) {
				t.Fatalf("%+v: Ω* = %v, inside = %v", p, c, inside)
			}
			if !inside {
				infinite++
			}
			continue
		}
		// The maximiser of uᵀx − N(x) − (μ/2)‖x‖² is prox_N(u)/μ.
		norm := &Grouped{Groups: p.Groups, Lambda: p.Lambda, Weights: p.Weights, Mix: p.Mix}
		best := make([]float64, n)
		for g, group := range p.Groups {
			block := p.gather(nil, g, u)
			norm.Prox(g, block, 1)
			for i, j := range group {
				best[j] = block[i] / p.L2
			}
		}
		inner = 0
		for j := range u {
			inner += u[j] * best[j]
		}
		if !near(c, inner-p.Value(best), 1e-10*(1+math.Abs(inner))) {
			t.Fatalf("%+v: Ω*(u) = %v, at the maximiser %v", p, c, inner-p.Value(best))
		}
		tight++
	}
	if infinite < 100 || tight < 100 {
		t.Errorf("%d infinite, %d finite conjugates", infinite, tight)
	}
}

// TestGroupsOfOneAreTheElasticNet compares with Separable.
func TestGroupsOfOneAreTheElasticNet(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 3))
	for range 2000 {
		lambda, l2 := []float64{r.Float64(), math.Inf(1)}, r.Float64()
		p := &Grouped{Groups: [][]int32{{0}, {1}}, Lambda: lambda, Mix: 0.5 * float64(r.IntN(3)), L2: l2}
		s := &Separable{L1: lambda, L2: []float64{l2}}
		x, z, grad, step := r.NormFloat64()*float64(r.IntN(2)), 2*r.NormFloat64(), r.NormFloat64(), r.Float64()
		for j := range 2 {
			block := []float64{z}
			p.Prox(j, block, step)
			if !near(block[0], s.Prox(j, z, step), 1e-15) {
				t.Fatalf("prox %v, want %v", block[0], s.Prox(j, z, step))
			}
			if got, want := p.Distance(j, []float64{x}, []float64{grad}), s.Distance(j, x, grad); !near(got, want, 1e-15) {
				t.Fatalf("distance %v, want %v", got, want)
			}
		}
		if got, want := p.Value([]float64{x, 0}), s.Value([]float64{x, 0}); !near(got, want, 1e-15) {
			t.Fatalf("value %v, want %v", got, want)
		}
		if got, want := p.Conjugate([]float64{z, z}), s.Conjugate([]float64{z, z}); !near(got, want, 1e-14) {
			t.Fatalf("conjugate %v, want %v", got, want)
		}
	}
}

func TestGroupedValidate(t *testing.T) {
	two := [][]int32{{0, 2}, {1}}
	one := []float64{1}
	cases := []struct {
		p    Grouped
		want error
	}{
		{Grouped{Groups: two, Lambda: one}, nil},
		{Grouped{Groups: two, Lambda: []float64{0, math.Inf(1)}, Weights: []float64{1, 0}, Mix: 1, L2: 3}, nil},
		{Grouped{Groups: two}, solver.ErrDimension},
		{Grouped{Groups: two, Lambda: one, Weights: one}, solver.ErrDimension},
		{Grouped{Groups: two, Lambda: []float64{-1}}, solver.ErrNegative},
		{Grouped{Groups: two, Lambda: []float64{math.NaN()}}, solver.ErrNonFinite},
		{Grouped{Groups: two, Lambda: one, Weights: []float64{1, math.Inf(1)}}, solver.ErrNonFinite},
		{Grouped{Groups: two, Lambda: one, Mix: 1.1}, solver.ErrOption},
		{Grouped{Groups: two, Lambda: one, L2: math.NaN()}, solver.ErrOption},
		{Grouped{Groups: [][]int32{{0, 1}, {}}, Lambda: one}, solver.ErrInput},
		{Grouped{Groups: [][]int32{{0, 1}, {1, 2}}, Lambda: one}, solver.ErrInput},
		{Grouped{Groups: [][]int32{{0, 3}}, Lambda: one}, solver.ErrDimension},
		{Grouped{Groups: [][]int32{{0}, {2}}, Lambda: one}, solver.ErrInput},
	}
	for _, c := range cases {
		if err := c.p.Validate(3); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, want %v", c.p, err, c.want)
		}
	}
}

func TestNorm2(t *testing.T) {
	for _, scale := range []float64{1, 1e300, 1e-300, 5e-324, 1e-160} {
		if got, want := norm2([]float64{3 * scale, -4 * scale}), 5*scale; math.Abs(got-want) > 1e-15*want {
			t.Errorf("‖(3,−4)·%v‖ = %v", scale, got)
		}
	}
	if !math.IsNaN(norm2([]float64{1, math.NaN()})) || !math.IsInf(norm2([]float64{1, math.Inf(-1)}), 1) || norm2(nil) != 0 {
		t.Error("special values")
	}
}
