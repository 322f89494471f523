package exact

import (
	"math"
	"reflect"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

func TestInvariances(t *testing.T) {
	r := rng.New(41)
	const n, m = 90, 70
	c := newPointTest(randomPoints(r, n, 2), randomPoints(r, m, 2), "euclidean", 1)
	a, b := randomMasses(r, n), randomMasses(r, m)
	want := solved(t, a, b, c, nil).Primal
	near := func(name string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-13*math.Max(1, math.Abs(want)) {
			t.Errorf("%s: %.17g, want %.17g", name, got, want)
		}
	}
	shifted, u, v, add := dense(n, m, make([]float64, n*m)...), make([]float64, n), make([]float64, m), 0.0
	for i := range u {
		u[i] = r.Normal()
		add += u[i] * a[i]
	}
	for j := range v {
		v[j] = r.Normal()
		add += v[j] * b[j]
	}
	turned := dense(m, n, make([]float64, n*m)...)
	for i := range n {
		for j := range m {
			shifted.c.Row(i)[j] = c.c.At(i, j) + u[i] + v[j]
			turned.c.Row(j)[i] = c.c.At(i, j)
		}
	}
	near("terms of rows and columns", solved(t, a, b, shifted, nil).Primal, want+add)
	near("transposed", solved(t, b, a, turned, nil).Primal, want)
	near("transposed points", solved(t, b, a, newPointTest(c.y, c.x, "euclidean", 1), nil).Primal, want)
	near("scaled", solved(t, a, b, scaledCost{c.denseTestCost, 8}, nil).Primal, 8*want)

	order := r.Perm(n)
	x, pa := &matrix.Dense{Rows: n, Cols: 2}, make([]float64, n)
	for k, i := range order {
		x.Data, pa[k] = append(x.Data, c.x.Row(i)...), a[i]
	}
	near("permuted", solved(t, pa, b, newPointTest(x, c.y, "euclidean", 1), nil).Primal, want)

	split := &matrix.Dense{Rows: n + 1, Cols: 2, Data: append(append([]float64(nil), c.x.Data...), c.x.Row(4)...)}
	sa := append(append([]float64(nil), a...), a[4]/3)
	sa[4] -= a[4] / 3
	near("split", solved(t, sa, b, newPointTest(split, c.y, "euclidean", 1), nil).Primal, want)
}

func TestTranslation(t *testing.T) {
	r := rng.New(42)
	for _, n := range []int{10, 500} {
		x := randomPoints(r, n, 3)
		y := &matrix.Dense{Rows: n, Cols: 3}
		for i := range n {
			p := x.Row(i)
			y.Data = append(y.Data, p[0]+1, p[1]-2, p[2]+0.5)
		}
		a := randomMasses(r, n)
		res := solved(t, a, a, newPointTest(x, y, "sqeuclidean", 1), nil)
		if math.Abs(res.Primal-5.25) > 1e-13 || !res.Unique {
			t.Errorf("n=%d: %.17g, unique %v", n, res.Primal, res.Unique)
		}
		for k := range res.Mass {
			if res.Rows[k] != res.Cols[k] {
				t.Fatalf("row %d goes to column %d", res.Rows[k], res.Cols[k])
			}
		}
	}
}

// Identical sides cost nothing, and zero potentials prove it.
func TestIdentical(t *testing.T) {
	r := rng.New(47)
	x := randomPoints(r, 600, 3)
	a := randomMasses(r, 600)
	c := newPointTest(x, x, "euclidean", 1)
	for _, cost := range []Cost{c, c.denseTestCost} {
		res := solved(t, a, a, cost, nil)
		if res.Primal != 0 || res.Dual != 0 || res.Gap != 0 || res.RelGap != 0 || len(res.Mass) != 600 {
			t.Errorf("%g ≥ %g with %d entries", res.Primal, res.Dual, len(res.Mass))
		}
	}
}

// W₁ and W₂ are distances.
func TestDistance(t *testing.T) {
	r := rng.New(43)
	for range 20 {
		var x [3]*matrix.Dense
		var a [3][]float64
		for k := range x {
			n := 5 + r.Below(40)
			x[k], a[k] = normalPoints(r, n, 2, float64(k)), randomMasses(r, n)
		}
		for _, w := range []struct {
			metric string
			power  float64
		}{{"euclidean", 1}, {"sqeuclidean", 0.5}, {"chebyshev", 1}} {
			d := func(k, l int) float64 {
				return math.Pow(solved(t, a[k], a[l], newPointTest(x[k], x[l], w.metric, 1), nil).Primal, w.power)
			}
			xy, yz, xz, yx := d(0, 1), d(1, 2), d(0, 2), d(1, 0)
			if math.Abs(xy-yx) > 1e-14*xy || xz > xy+yz+1e-13 || d(0, 0) != 0 {
				t.Errorf("%s: %g %g, %g %g, self %g", w.metric, xy, yx, xz, yz, d(0, 0))
			}
		}
	}
}

func TestUnique(t *testing.T) {
	if res := solved(t, []float64{1, 1}, []float64{1, 1}, dense(2, 2, 0, 0, 0, 0), nil); res.Unique {
		t.Error("a constant cost has a unique optimum")
	}
	if res := solved(t, []float64{1, 1}, []float64{1, 1}, dense(2, 2, 0, 1, 1, 0), &Options{Method: Simplex}); !res.Unique {
		t.Error("the identity is not unique")
	}
}

// The same bits on any number of threads.
func TestThreads(t *testing.T) {
	r := rng.New(44)
	const n, m = 500, 450
	c := newPointTest(normalPoints(r, n, 2, 0), normalPoints(r, m, 2, 1), "sqeuclidean", 1)
	a, b := randomMasses(r, n), randomMasses(r, m)
	for _, cost := range []Cost{c, storedTestCost{c.denseTestCost}, c.denseTestCost} {
		var first *Result
		for _, threads := range []int{1, 2, 5} {
			res := solved(t, a, b, cost, &Options{Settings: solver.Settings{Threads: threads}})
			s := &res.Stats
			s.Start, s.Pivoting, s.Pricing, s.Verify = 0, 0, 0, 0
			if first == nil {
				first = res
			}
			if !reflect.DeepEqual(res, first) {
				t.Errorf("%T on %d threads differs", cost, threads)
			}
		}
	}
}

// Many right-hand sides over one cost: each as if it were alone, but sooner.
func TestManyRightHandSides(t *testing.T) {
	r := rng.New(45)
	const n, m = 320, 300
	points := newPointTest(randomPoints(r, n, 2), randomPoints(r, m, 2), "euclidean", 1)
	for _, cost := range []Cost{points, storedTestCost{points.denseTestCost}} {
		s, err := New(t.Context(), cost, nil)
		if err != nil {
			t.Fatal(err)
		}
		for k := range 6 {
			a, b := randomMasses(r, n), randomMasses(r, m)
			for i := range a {
				if r.Below(3) < k%3 {
					a[i] = 0
				}
			}
			sum := 0.0
			for _, x := range a {
				sum += x
			}
			for i := range a {
				a[i] /= sum
			}
			res, err := s.Solve(t.Context(), a, b)
			if err != nil {
				t.Fatal(err)
			}
			judge(t, a, b, cost, res)
			alone := solved(t, a, b, cost, nil)
			if math.Abs(res.Primal-alone.Primal) > 1e-13*alone.Primal {
				t.Errorf("%d: %.17g, alone %.17g", k, res.Primal, alone.Primal)
			}
			if k > 0 && res.Stats.Levels != 1 {
				t.Errorf("%d levels from known potentials", res.Stats.Levels)
			}
		}
	}
}

func TestWarmStart(t *testing.T) {
	r := rng.New(46)
	const n = 500
	c := newPointTest(normalPoints(r, n, 2, 0), normalPoints(r, n, 2, 3), "sqeuclidean", 1)
	a, b := randomMasses(r, n), randomMasses(r, n)
	cold := solved(t, a, b, c, nil)
	warm := solved(t, a, b, c, &Options{WarmG: cold.G})
	if math.Abs(warm.Primal-cold.Primal) > 1e-13*cold.Primal || warm.Stats.Pivots > cold.Stats.Pivots/4 {
		t.Errorf("warm %.17g with %d pivots, cold %.17g with %d", warm.Primal, warm.Stats.Pivots, cold.Primal, cold.Stats.Pivots)
	}
	bad := make([]float64, n)
	for j := range bad {
		bad[j] = 10 * r.Normal()
	}
	if res := solved(t, a, b, c, &Options{WarmG: bad}); math.Abs(res.Primal-cold.Primal) > 1e-13*cold.Primal {
		t.Errorf("from bad potentials %.17g", res.Primal)
	}
}
