package block

import (
	"context"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/loss"
)

// The gradient is that of the value, the curvature that of the gradient, all
// by central differences, for every objective.
func TestDerivativesAgreeWithDifferences(t *testing.T) {
	for name, f := range everyObjective(t) {
		s := rng.New(4)
		x := randomVector(s, f.Dim())
		for j := range x {
			x[j] *= 0.3
		}
		b := []int32{0, 2, 5, 7}
		n := len(b)
		g, h, up, down := make([]float64, n), make([]float64, n*n), make([]float64, n), make([]float64, n)
		f.Start(x)
		f.Curvature(b, h)
		f.Partial(b, g)
		full := append([]float64(nil), f.Gradient()...)
		const e = 1e-5
		for k, j := range b {
			if !near(g[k], full[j], 1e-12) {
				t.Errorf("%s: partial derivative %d is %g alone and %g in the gradient", name, j, g[k], full[j])
			}
			y := append([]float64(nil), x...)
			y[j] = x[j] + e
			f.Start(y)
			f.Partial(b, up)
			above := f.Value()
			y[j] = x[j] - e
			f.Start(y)
			f.Partial(b, down)
			if d := (above - f.Value()) / (2 * e); !near(d, g[k], 1e-6) {
				t.Errorf("%s: ∂f/∂x_%d is %g, by differences %g", name, j, g[k], d)
			}
			for l := range b {
				if d := (up[l] - down[l]) / (2 * e); !near(d, h[k*n+l], 1e-6) {
					t.Errorf("%s: ∂²f/∂x_%d∂x_%d is %g, by differences %g", name, j, b[l], h[k*n+l], d)
				}
			}
		}
	}
}

// Moves keep what a start from the same point computes, and Change foretells
// them.
func TestMovesAgreeWithStarts(t *testing.T) {
	for name, f := range everyObjective(t) {
		s := rng.New(5)
		f.Start(nil)
		for range 130 {
			b := []int32{int32(s.Below(4)), int32(4 + s.Below(4))}
			d := []float64{0.1 * s.Normal(), 0.1 * s.Normal()}
			g := make([]float64, 2)
			f.Partial(b, g)
			want, before := f.Change(b, g, d), f.Value()
			f.Move(b, d)
			if got := f.Value() - before; !near(got, want, 1e-10) {
				t.Fatalf("%s: a move changed f by %g, foretold %g", name, got, want)
			}
		}
		value, gradient := f.Value(), append([]float64(nil), f.Gradient()...)
		f.Start(append([]float64(nil), f.Point()...))
		if !near(value, f.Value(), 1e-11) {
			t.Errorf("%s: f is %v after moves, %v anew", name, value, f.Value())
		}
		for j, v := range f.Gradient() {
			if !near(v, gradient[j], 1e-11) {
				t.Errorf("%s: ∂f/∂x_%d is %v after moves, %v anew", name, j, gradient[j], v)
			}
		}
	}
}

// H ⪰ ∇²f on every block, H_jj and the row sums belong to H, and Product
// multiplies with a bound that is at least as large.
func TestBoundsBound(t *testing.T) {
	for name, f := range everyObjective(t) {
		if !bounded(f) {
			continue
		}
		s := rng.New(6)
		rows := must[[]float64](t)(f.RowSums(context.Background(), 1))
		for range 20 {
			f.Start(randomVector(s, f.Dim()))
			b := subset(identity(f.Dim()), s, make([]int32, 4))
			n := len(b)
			upper, h := make([]float64, n*n), make([]float64, n*n)
			f.Bound(b, upper)
			f.Curvature(b, h)
			v, out := randomVector(s, n), make([]float64, f.Dim())
			f.Product(b, v, out)
			bound, curvature, product := 0.0, 0.0, 0.0
			for k, j := range b {
				product += v[k] * out[j]
				for l := range b {
					bound += v[k] * upper[k*n+l] * v[l]
					curvature += v[k] * h[k*n+l] * v[l]
				}
			}
			if curvature > bound*(1+1e-12)+1e-12 || bound > product*(1+1e-12)+1e-12 {
				t.Errorf("%s: curvature %g, bound %g, full bound %g along a direction", name, curvature, bound, product)
			}
			if l := largestEigenvalue(upper, n); bound > l*norm2(v)*(1+1e-9)+1e-12 {
				t.Errorf("%s: vᵀHv = %g, λ_max‖v‖² = %g", name, bound, l*norm2(v))
			}
			single := make([]float64, 1)
			f.Bound(b[:1], single)
			if !near(single[0], f.Lipschitz()[b[0]], 1e-12) || rows[b[0]] < single[0]*(1-1e-12) {
				t.Errorf("%s: H_jj is %g alone, %g in Lipschitz, of a row sum %g", name, single[0], f.Lipschitz()[b[0]], rows[b[0]])
			}
		}
	}
}

func norm2(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return sum
}

func TestFactorsSolveSingularBlocks(t *testing.T) {
	// Rank 1: h = vvᵀ with v = (1, 2, 2), and b in its range.
	h := []float64{1, 2, 2, 2, 4, 4, 2, 4, 4}
	b := []float64{3, 6, 6}
	f := newFactor(h, 3)
	f.solve(b)
	for k, want := range []float64{1. / 3, 2. / 3, 2. / 3} { // vvᵀ⁺ 3v = v/3
		if !near(b[k], want, 1e-12) {
			t.Errorf("pseudo-inverse gives %v", b)
		}
	}
	zero := newFactor(make([]float64, 4), 2)
	z := []float64{1, 1}
	if zero.solve(z); z[0] != 0 || z[1] != 0 {
		t.Errorf("the zero block gives %v", z)
	}
}

func TestObjectivesRefuse(t *testing.T) {
	x := randomDesign(t, 6, 3, false, 1)
	y := make([]float64, 6)
	bad := make([]float64, 6)
	bad[2] = math.NaN()
	for name, make := range map[string]func() (Objective, error){
		"short y":       func() (Objective, error) { return NewLeastSquares(x, y[:5], nil, nil) },
		"NaN in y":      func() (Objective, error) { return NewLeastSquares(x, bad, nil, nil) },
		"NaN weight":    func() (Objective, error) { return NewLeastSquares(x, y, bad, nil) },
		"zero weights":  func() (Objective, error) { return NewLeastSquares(x, y, y, nil) },
		"negative L1":   func() (Objective, error) { return NewLeastSquares(x, y, nil, &loss.Separable{L1: []float64{-1}}) },
		"counts below":  func() (Objective, error) { return NewGLM(x, []float64{-1, 0, 0, 0, 0, 0}, loss.Poisson(), nil, nil) },
		"class too big": func() (Objective, error) { return NewSoftmax(x, []int{0, 1, 2, 0, 1, 3}, 3, nil, nil) },
	} {
		if _, err := make(); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
