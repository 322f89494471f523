package linsys

import (
	"math"
	"testing"
)

// Lengths around the ends of chunks and of what one thread does.
var lengths = []int{0, 1, 7, chunkLength - 1, chunkLength, chunkLength + 1, parallelFrom - 1, parallelFrom, 5*chunkLength + 3}

// exactDot is xᵀy in about twice the precision: Ogita, Rump & Oishi 2005.
func exactDot(x, y []float64) float64 {
	var sum, rest float64
	for i := range x {
		p := x[i] * y[i]
		e := math.FMA(x[i], y[i], -p)
		t := sum + p
		z := t - sum
		rest += (sum - (t - z)) + (p - z) + e
		sum = t
	}
	return sum + rest
}

func TestVectorPassesAgainstPlainLoops(t *testing.T) {
	for _, threads := range []int{1, 2} {
		var v vectors
		v.setThreads(threads)
		for _, n := range lengths {
			fresh := func() (x, y, z, w []float64) { return normals(1, n), normals(2, n), normals(3, n), normals(4, n) }
			same := func(what string, got []float64, want func(i int) float64) {
				t.Helper()
				for i := range got {
					if e := want(i); math.Abs(got[i]-e) > 1e-14*(1+math.Abs(e)) {
						t.Fatalf("%s, n = %d: entry %d is %g, want %g", what, n, i, got[i], e)
					}
				}
			}
			sum := func(what string, got float64, x, y []float64) {
				t.Helper()
				if want := exactDot(x, y); math.Abs(got-want) > 1e-14*(1+norm2(x)*norm2(y)) {
					t.Fatalf("%s, n = %d: %.17g, want %.17g", what, n, got, want)
				}
			}
			x, y, z, w := fresh()
			x0, y0, z0, w0 := fresh()
			sum("dot", v.dot(x, y), x, y)
			xy, xz := v.dot2(x, y, z)
			sum("dot2", xy, x, y)
			sum("dot2", xz, x, z)
			v.axpy(2, x, y)
			same("axpy", y, func(i int) float64 { return y0[i] + 2*x0[i] })
			copy(y, y0)
			sum("axpyNorm", v.axpyNorm(-1, x, y), y, y)
			same("axpyNorm", y, func(i int) float64 { return y0[i] - x0[i] })
			copy(y, y0)
			v.xpby(x, 3, y)
			same("xpby", y, func(i int) float64 { return x0[i] + 3*y0[i] })
			copy(y, y0)
			sum("axpby", v.axpby(2, x, 3, y), y, y)
			same("axpby", y, func(i int) float64 { return 2*x0[i] + 3*y0[i] })
			if n > 0 {
				y[n-1] = math.NaN()
			}
			v.axpby(2, x, 0, y)
			same("axpby with 0", y, func(i int) float64 { return 2 * x0[i] })
			copy(y, y0)
			sum("residual", v.residual(x, y), y, y)
			same("residual", y, func(i int) float64 { return x0[i] - y0[i] })
			copy(y, y0)
			sum("cgUpdate", v.cgUpdate(2, x, y, z, w), w, w)
			same("cgUpdate x", z, func(i int) float64 { return z0[i] + 2*x0[i] })
			same("cgUpdate r", w, func(i int) float64 { return w0[i] - 2*y0[i] })
			copy(z, z0)
			v.direction(x, 3, -2, y, z)
			same("direction", z, func(i int) float64 { return x0[i] + 3*(z0[i]-2*y0[i]) })
			copy(z, z0)
			copy(w, w0)
			v.shortStep(x, 2, z, 3, y, 5, w)
			same("shortStep w", z, func(i int) float64 { return x0[i] + 2*z0[i] + 3*y0[i] })
			same("shortStep x", w, func(i int) float64 { return w0[i] + 5*(x0[i]+2*z0[i]+3*y0[i]) })
			copy(z, z0)
			copy(w, w0)
			v.golubKahan(x, 2, y, 3, z, w, 5)
			same("golubKahan hbar", y, func(i int) float64 { return x0[i] + 2*y0[i] })
			same("golubKahan x", z, func(i int) float64 { return z0[i] + 3*(x0[i]+2*y0[i]) })
			same("golubKahan h", x, func(i int) float64 { return w0[i] + 5*x0[i] })

			x, y, z, w = fresh()
			basis := [][]float64{x, y, z, w, normals(5, n)}
			coef := make([]float64, 5)
			v.project(basis, w, coef)
			for j, c := range coef {
				sum("project", c, basis[j], w)
			}
			out := normals(6, n)
			v.combine(basis, []float64{1, 2, 3, 4, 5}, out)
			start, last := normals(6, n), normals(5, n)
			same("combine", out, func(i int) float64 {
				return start[i] + x0[i] + 2*y0[i] + 3*z0[i] + 4*w0[i] + 5*last[i]
			})
		}
	}
}

func TestNormOutOfRange(t *testing.T) {
	var v vectors
	v.setThreads(1)
	for _, scale := range []float64{1e-320, 1e-200, 1e200, 1e300} {
		x := []float64{3 * scale, -4 * scale}
		if got := v.norm(x); math.Abs(got-5*scale) > 1e-3*5*scale {
			t.Errorf("‖(3,−4)‖·%g = %g", scale, got)
		}
	}
	if got := v.norm([]float64{0, 0}); got != 0 {
		t.Errorf("norm of zero is %g", got)
	}
	if got := v.norm([]float64{1, math.NaN()}); got == got {
		t.Errorf("norm with a NaN is %g", got)
	}
	if got := v.norm([]float64{1, math.Inf(-1)}); !math.IsInf(got, 1) {
		t.Errorf("norm with an infinity is %g", got)
	}
}
