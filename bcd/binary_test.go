package bcd

import (
	"context"
	"errors"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/loss"
	"solve/matrix"
	"solve/solver"
)

// binary draws a matrix whose entries are scale where they are not zero.
func binary(t *testing.T, r *rng.Stream, n, p int, scale float64) *matrix.CSR {
	x, err := matrix.NewDense(n, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		for j := range p {
			if r.Float64() < 0.02+0.2/float64(1+j) {
				x.Row(i)[j] = scale
			}
		}
	}
	a, err := x.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Columns of ones take loops of their own: doubled columns, which do not, have
// half the coefficients at twice the λ.
func TestColumnsOfOnes(t *testing.T) {
	const n, p = 20000, 60 // several chunks of rows
	ones, twos := binary(t, rng.New(7), n, p, 1), binary(t, rng.New(7), n, p, 2)
	y := make([]float64, n)
	r := rng.New(8)
	for i := range y {
		if ones.At(i, 0)-ones.At(i, 1)+r.Normal() > 0 {
			y[i] = 1
		}
	}
	for _, l := range []loss.Loss{loss.Logistic(), loss.Squared(), loss.SmoothHuber(0.5)} {
		for _, plain := range []bool{false, true} {
			opt := &Options{NoGram: plain, Settings: solver.Settings{Tol: 1e-10}}
			a := fit(t, &Problem{X: ones, Y: y, Loss: l, Lambda: 1e-3, Intercept: true}, opt)
			b := fit(t, &Problem{X: twos, Y: y, Loss: l, Lambda: 2e-3, Intercept: true}, opt)
			for j := range a.X {
				if math.Abs(a.X[j]-2*b.X[j]) > 1e-5 {
					t.Errorf("%s, plain %v: x_%d is %g, and %g from doubled columns", l.Name(), plain, j, a.X[j], 2*b.X[j])
				}
			}
		}
	}
}

func TestColumnsOfOnesSameBitsForAnyThreads(t *testing.T) {
	const n, p = 20000, 60
	x := binary(t, rng.New(9), n, p, 1)
	y := make([]float64, n)
	r := rng.New(10)
	for i := range y {
		y[i] = float64(r.Below(2))
	}
	var first *Result
	for threads := 1; threads <= 4; threads++ {
		res := fit(t, &Problem{X: x, Y: y, Loss: loss.Logistic(), LambdaRatio: 0.1}, &Options{Settings: solver.Settings{Tol: 1e-9, Threads: threads}})
		if first == nil {
			first = res
		}
		for j := range res.X {
			if res.X[j] != first.X[j] {
				t.Fatalf("%d threads: x_%d is %v, %v with one", threads, j, res.X[j], first.X[j])
			}
		}
	}
}

// The sums over pairs in rows are the products of columns.
func TestSparsePairsAreProducts(t *testing.T) {
	for _, scale := range []float64{1, 3} {
		x := binary(t, rng.New(11), 9000, 20, scale).ToCSC()
		d := designOfColumns(x, nil, 1<<30)
		h := make([]float64, d.n)
		r := rng.New(12)
		for i := range h {
			h[i] = r.Float64()
		}
		q := newGram(d, false, 2)
		q.reset(h, 0)
		q.extend([]int32{3, 0, 7, 15})
		for a, j := range q.members {
			for b, k := range q.members {
				want, scaled := 0.0, make([]float64, d.n)
				d.axpy(1, int(j), scaled)
				for i := range scaled {
					scaled[i] *= h[i]
				}
				want = d.dot(int(k), scaled)
				if got := q.g[a*q.ld+b]; math.Abs(got-want) > 1e-10*math.Abs(want) {
					t.Errorf("scale %g: entry (%d,%d) is %g, want %g", scale, j, k, got, want)
				}
			}
		}
	}
}

// Bounds may keep the coefficient of a constant column from zero; standardised,
// it takes no part otherwise.
func TestConstantColumnHeldFromZero(t *testing.T) {
	r := rng.New(3)
	x := randomDense(t, r, 30, 4)
	y := make([]float64, 30)
	for i := range y {
		x.Row(i)[2] = 5
		y[i] = x.At(i, 0) + r.Normal()
	}
	for _, intercept := range []bool{false, true} {
		for _, l := range []loss.Loss{loss.Squared(), loss.SmoothHuber(1)} {
			res, err := Solve(context.Background(), &Problem{X: x, Y: y, Loss: l, Lambda: 0.01, Standardize: true, Intercept: intercept, Lower: []float64{0.1}}, nil)
			if err != nil {
				t.Errorf("%s, intercept %v: %v", l.Name(), intercept, err)
			} else if res.X[2] != 0.1 {
				t.Errorf("%s, intercept %v: the constant column has %g", l.Name(), intercept, res.X[2])
			}
		}
	}
}

// Offsets at which exponentials overflow or vanish.
func TestPoissonWithHugeOffsets(t *testing.T) {
	r := rng.New(5)
	x := randomDense(t, r, 30, 4)
	y := make([]float64, 30)
	for i := range y {
		y[i] = float64(r.Below(4))
	}
	for _, c := range []struct{ even, odd float64 }{{-900, -900}, {900, 900}, {-900, 900}, {-900, 0}, {900, 0}} {
		o := make([]float64, 30)
		for i := range o {
			o[i] = c.even
			if i%2 == 1 {
				o[i] = c.odd
			}
		}
		p := &Problem{X: x, Y: y, Loss: loss.Poisson(), Lambda: 0.1, Offset: o, Intercept: true}
		if _, err := Solve(context.Background(), p, nil); err != nil {
			t.Errorf("offsets %v: %v", c, err)
		}
		p.Intercept = false
		if max(c.even, c.odd) > 0 {
			if res, err := Solve(context.Background(), p, nil); res != nil || !errors.Is(err, solver.ErrNonFinite) {
				t.Errorf("offsets %v without an intercept: %v", c, err)
			}
		}
	}
}
