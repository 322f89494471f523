package exact

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

func TestRefusals(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	c := dense(2, 2, 1, 2, 3, 4)
	half := []float64{.5, .5}
	badPoints := newPointTest(&matrix.Dense{Rows: 2, Cols: 1, Data: []float64{0, 1}}, &matrix.Dense{Rows: 2, Cols: 1, Data: []float64{0, 1}}, "euclidean", 1)
	badPoints.x.Data[1] = inf
	for name, w := range map[string]struct {
		a, b []float64
		c    Cost
		opt  Options
		err  error
		text string
	}{
		"NaN mass":        {[]float64{nan, 1}, half, c, Options{}, solver.ErrNonFinite, "weights a: entry 1"},
		"infinite mass":   {half, []float64{1, inf}, c, Options{}, solver.ErrNonFinite, "weights b: entry 2"},
		"negative mass":   {half, []float64{2, -1}, c, Options{}, solver.ErrNegative, "weights b: entry 2"},
		"no mass":         {[]float64{0, 0}, []float64{0, 0}, c, Options{}, solver.ErrInput, "no mass"},
		"sums":            {half, []float64{1, 1}, c, Options{}, solver.ErrInput, "a sums to 1, b to 2"},
		"lengths":         {[]float64{1}, half, c, Options{}, solver.ErrDimension, "2×2"},
		"empty":           {nil, nil, dense(0, 0), Options{}, solver.ErrInput, "0×0"},
		"NaN cost":        {half, half, dense(2, 2, 1, 2, nan, 4), Options{}, solver.ErrNonFinite, "(2,1)"},
		"-Inf cost":       {half, half, dense(2, 2, 1, 2, 3, -inf), Options{}, solver.ErrNonFinite, "(2,2)"},
		"infinite point":  {half, half, badPoints, Options{}, solver.ErrNonFinite, "points a: entry (2,1)"},
		"method":          {half, half, c, Options{Method: "magic"}, solver.ErrOption, "magic"},
		"line":            {half, half, c, Options{Method: Line}, solver.ErrOption, "line"},
		"fractional mass": {half, half, c, Options{IntegerMass: true}, solver.ErrInput, "integers"},
		"fractional cost": {half, half, dense(2, 2, 1, .5, 2, 3), Options{IntegerCost: true}, solver.ErrInput, "integers"},
		"warm length":     {half, half, c, Options{WarmG: []float64{1}}, solver.ErrDimension, "1 potentials"},
		"warm NaN":        {half, half, c, Options{WarmG: []float64{1, nan}}, solver.ErrNonFinite, "entry 2"},
		"memory":          {half, half, c, Options{Settings: solver.Settings{MaxMemory: 100}}, solver.ErrTooLarge, "allowed"},
	} {
		res, err := Solve(t.Context(), &Problem{A: w.a, B: w.b, Cost: w.c}, &w.opt)
		if res != nil || !errors.Is(err, w.err) || !strings.Contains(err.Error(), w.text) {
			t.Errorf("%s: %v, %v", name, res, err)
		}
	}
}

func TestViolatingRows(t *testing.T) {
	inf := math.Inf(1)
	c := dense(3, 3, 1, inf, inf, 2, inf, inf, 0, 0, 0)
	res, err := Solve(t.Context(), &Problem{A: []float64{.4, .4, .2}, B: []float64{.5, .3, .2}, Cost: c}, nil)
	if !errors.Is(err, solver.ErrInfeasible) || res.Reason != solver.ViolatingSet || len(res.ViolatingRows) != 2 ||
		res.ViolatingRows[0] != 0 || res.ViolatingRows[1] != 1 || !strings.Contains(res.Detail, "[1 2]") || math.Abs(res.Held-.8)+math.Abs(res.Reachable-.5) > 1e-15 {
		t.Errorf("%v: %+v", err, res)
	}
}

// Blocks whose sums agree in exact arithmetic, but not in multiples of 2⁻⁶¹.
func TestForbiddenBlocksOfEqualSums(t *testing.T) {
	r := rng.New(31)
	for trial := range 50 {
		const blocks, size = 5, 7
		n := blocks * size
		c := dense(n, n, make([]float64, n*n)...)
		a, b := make([]float64, n), make([]float64, n)
		for i := range n {
			for j := range n {
				c.c.Row(i)[j] = math.Inf(1)
				if i/size == j/size {
					c.c.Row(i)[j] = r.Float64()
				}
			}
		}
		for k := range blocks {
			w := randomMasses(r, size)
			v := randomMasses(r, size)
			for i := range size {
				a[k*size+i], b[k*size+i] = w[i]*float64(k+1), v[i]*float64(k+1)
			}
		}
		res, err := Solve(t.Context(), &Problem{A: a, B: b, Cost: c}, nil)
		if err != nil {
			t.Fatalf("trial %d: %v", trial, err)
		}
		judge(t, a, b, c, res)
	}
}

// Large numbers that other solvers are given to forbid arcs do no harm, and
// +Inf in their place gives the same plan.
func TestHugeCosts(t *testing.T) {
	const n = 5
	r := rng.New(33)
	for trial := range 200 {
		c, d := dense(n, n, make([]float64, n*n)...), dense(n, n, make([]float64, n*n)...)
		for k := range c.c.Data {
			v := r.Float64()
			c.c.Data[k], d.c.Data[k] = v, v
			if r.Below(2) == 0 && k%(n+1) != 0 {
				c.c.Data[k], d.c.Data[k] = 1e32, math.Inf(1)
			}
		}
		a := uniformMasses(n)
		x, err := Solve(t.Context(), &Problem{A: a, B: a, Cost: c}, nil)
		if err != nil {
			t.Fatal(err)
		}
		y := solved(t, a, a, d, nil)
		if math.Abs(x.Primal-y.Primal) > 1e-15 {
			t.Fatalf("trial %d: %.17g with 1e32, %.17g with +Inf", trial, x.Primal, y.Primal)
		}
	}
}

func TestMasses(t *testing.T) {
	r := rng.New(34)
	t.Run("uniform 5×960", func(t *testing.T) {
		a, b := uniformMasses(5), uniformMasses(960)
		c := newPointTest(randomPoints(r, 5, 2), randomPoints(r, 960, 2), "sqeuclidean", 1)
		solved(t, a, b, c, nil)
		solved(t, a, b, c.denseTestCost, nil)
	})
	t.Run("from 1e-300 to 1", func(t *testing.T) {
		const n = 40
		a, b := make([]float64, n), make([]float64, n)
		for i := range n {
			a[i] = math.Pow(10, -300*r.Float64())
			b[i] = math.Pow(10, -300*r.Float64())
		}
		a[0], b[0] = 1, 1
		sa, sb := 0.0, 0.0
		for i := range n {
			sa, sb = sa+a[i], sb+b[i]
		}
		for i := range n {
			a[i] *= sb / sa
		}
		c := newPointTest(randomPoints(r, n, 2), randomPoints(r, n, 2), "sqeuclidean", 1)
		res := solved(t, a, b, c, nil)
		if res.Stats.RoundedUp == 0 || len(res.Warnings) == 0 {
			t.Errorf("%d masses rounded up, warnings %v", res.Stats.RoundedUp, res.Warnings)
		}
	})
	t.Run("tiny and huge totals", func(t *testing.T) {
		c := newPointTest(randomPoints(r, 30, 2), randomPoints(r, 30, 2), "sqeuclidean", 1)
		a, b := randomMasses(r, 30), randomMasses(r, 30)
		want := solved(t, a, b, c, nil).Primal
		for _, s := range []float64{1e-300, 1e300} {
			sa, sb := make([]float64, 30), make([]float64, 30)
			for i := range a {
				sa[i], sb[i] = s*a[i], s*b[i]
			}
			if got := solved(t, sa, sb, c, nil).Primal; math.Abs(got/s-want) > 1e-14*want {
				t.Errorf("scale %g: %g, want %g", s, got, s*want)
			}
		}
	})
	t.Run("sums that differ by rounding", func(t *testing.T) {
		a, b := randomMasses(r, 50), randomMasses(r, 50)
		for i := range a {
			a[i] *= 1 + 3e-10
		}
		c := newPointTest(randomPoints(r, 50, 2), randomPoints(r, 50, 2), "euclidean", 1)
		res, err := Solve(t.Context(), &Problem{A: a, B: b, Cost: c}, nil)
		if err != nil || res.RowError > 1e-14 || math.Abs(res.ColError-3e-10) > 1e-12 || res.RelGap > 1e-13 {
			t.Errorf("%v: row error %g, column error %g, relative gap %g", err, res.RowError, res.ColError, res.RelGap)
		}
	})
	t.Run("integers stay integers", func(t *testing.T) {
		a, b := []float64{3, 0, 4, 5}, []float64{6, 6, 0}
		res := solved(t, a, b, newPointTest(randomPoints(r, 4, 2), randomPoints(r, 3, 2), "euclidean", 1), &Options{IntegerMass: true})
		for _, w := range res.Mass {
			if w != math.Floor(w) {
				t.Errorf("mass %v", w)
			}
		}
	})
	t.Run("one row, one column", func(t *testing.T) {
		w := randomMasses(r, 300)
		c := newPointTest(randomPoints(r, 1, 2), randomPoints(r, 300, 2), "euclidean", 1)
		if res := solved(t, []float64{1}, w, c, nil); len(res.Mass) != 300 || res.Mass[7] != w[7] {
			t.Errorf("%d entries, %v, want %v", len(res.Mass), res.Mass[7], w[7])
		}
		d := newPointTest(c.y, c.x, "euclidean", 1)
		solved(t, w, []float64{1}, d, nil)
		solved(t, w, []float64{1}, d.denseTestCost, nil)
	})
}

func TestCostScales(t *testing.T) {
	r := rng.New(35)
	const n, m = 60, 50
	a, b := randomMasses(r, n), randomMasses(r, m)
	base := newPointTest(randomPoints(r, n, 2), randomPoints(r, m, 2), "sqeuclidean", 1)
	want := solved(t, a, b, base.denseTestCost, nil).Primal
	for _, e := range []int{-900, -700, -300, 300, 700, 1000} {
		s := math.Ldexp(1, e)
		c := dense(n, m, make([]float64, n*m)...)
		for k, v := range base.c.Data {
			c.c.Data[k] = v * s
		}
		for _, cost := range []Cost{c, storedTestCost{c}} {
			res := solved(t, a, b, cost, nil)
			if math.Abs(res.Primal/s-want) > 1e-14*want || res.RelGap > 1e-12 {
				t.Errorf("2^%d: %g, want %g, relative gap %g", e, res.Primal, s*want, res.RelGap)
			}
		}
	}
	for _, e := range []int{-300, 300} {
		x, y := &matrix.Dense{Rows: n, Cols: 2, Data: scaledBy(base.x.Data, e)}, &matrix.Dense{Rows: m, Cols: 2, Data: scaledBy(base.y.Data, e)}
		for _, metric := range []string{"sqeuclidean", "cityblock"} {
			res := solved(t, a, b, newPointTest(x, y, metric, 1), nil)
			small := solved(t, a, b, newPointTest(base.x, base.y, metric, 1), nil)
			if k := res.Primal / small.Primal; math.Abs(math.Log2(k)-float64(e)*map[string]float64{"sqeuclidean": 2, "cityblock": 1}[metric]) > 1e-9 {
				t.Errorf("%s: points scaled by 2^%d: %g, before %g", metric, e, res.Primal, small.Primal)
			}
		}
	}
}

func TestNegativeCosts(t *testing.T) {
	r := rng.New(36)
	const n, m = 40, 30
	c := dense(n, m, make([]float64, n*m)...)
	up := dense(n, m, make([]float64, n*m)...)
	for k := range c.c.Data {
		c.c.Data[k] = r.Normal() - 1
		up.c.Data[k] = -c.c.Data[k]
	}
	a, b := randomMasses(r, n), randomMasses(r, m)
	low := solved(t, a, b, c, nil)
	res, err := Solve(t.Context(), &Problem{A: a, B: b, Cost: up}, &Options{Maximize: true})
	if err != nil {
		t.Fatal(err)
	}
	if low.Primal >= 0 || math.Abs(res.Primal+low.Primal) > 1e-14 || res.Dual < res.Primal || res.Gap < 0 {
		t.Errorf("least %g, largest of the negative %g, dual %g", low.Primal, res.Primal, res.Dual)
	}
	for i := range n {
		for j := range m {
			if res.F[i]+res.G[j] < up.c.At(i, j)-1e-14 {
				t.Fatalf("f_%d + g_%d is below the cost", i, j)
			}
		}
	}
}

// Ties, duplicates and constants end, soon.
func TestTies(t *testing.T) {
	r := rng.New(37)
	const n = 400
	a := uniformMasses(n)
	lattice := func(shift float64) *matrix.Dense {
		x := &matrix.Dense{Rows: n, Cols: 2}
		for i := range n {
			x.Data = append(x.Data, float64(i/20)+shift, float64(i%20))
		}
		return x
	}
	few := &matrix.Dense{Rows: n, Cols: 2}
	for range n {
		few.Data = append(few.Data, float64(r.Below(4)), float64(r.Below(3)))
	}
	same := &matrix.Dense{Rows: n, Cols: 2, Data: make([]float64, 2*n)}
	cloud := randomPoints(r, n, 2)
	for name, w := range map[string]struct {
		x, y *matrix.Dense
		want float64 // sqeuclidean
	}{
		"shifted lattice": {lattice(0), lattice(0.5), 0.25},
		"duplicates":      {few, few, 0},
		"constant":        {same, lattice(3), -1},
		"identical":       {cloud, cloud, 0},
	} {
		for _, metric := range []string{"sqeuclidean", "cityblock", "euclidean"} {
			c := newPointTest(w.x, w.y, metric, 1)
			for _, cost := range []Cost{c, storedTestCost{c.denseTestCost}} {
				for _, masses := range [][]float64{a, randomMasses(r, n)} {
					res := solved(t, masses, masses, cost, &Options{Method: Simplex})
					if res.Stats.Pivots > 50*2*n {
						t.Errorf("%s, %s: %d pivots", name, metric, res.Stats.Pivots)
					}
					if metric == "sqeuclidean" && w.want >= 0 && &masses[0] == &a[0] && math.Abs(res.Primal-w.want) > 1e-13 {
						t.Errorf("%s: %.17g, want %g", name, res.Primal, w.want)
					}
				}
			}
		}
	}
}

func TestStops(t *testing.T) {
	r := rng.New(38)
	const n = 300
	c := newPointTest(normalPoints(r, n, 3, 0), normalPoints(r, n, 3, 2), "euclidean", 1)
	a, b := randomMasses(r, n), randomMasses(r, n)
	p := &Problem{A: a, B: b, Cost: c}
	best := solved(t, a, b, c, nil)

	res, err := Solve(t.Context(), p, &Options{Settings: solver.Settings{MaxIter: 20}})
	if !errors.Is(err, solver.ErrIterationLimit) || res.Status != solver.Stopped || res.Stats.Pivots > 60 {
		t.Fatalf("%v, %d pivots", err, res.Stats.Pivots)
	}
	if res.Primal < best.Primal*(1-1e-12) || res.Dual > best.Primal*(1+1e-12) || res.Dual < 0.5*best.Primal || res.Gap <= 0 {
		t.Errorf("after 20 pivots %g ≥ %g ≥ %g", res.Primal, best.Primal, res.Dual)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if res, err := Solve(ctx, p, nil); !errors.Is(err, solver.ErrInterrupted) {
		t.Errorf("%v, %v", res, err)
	}
	if _, err := Solve(t.Context(), p, &Options{Settings: solver.Settings{TimeLimit: time.Nanosecond}}); !errors.Is(err, solver.ErrTimeLimit) {
		t.Error(err)
	}
}

func TestRecorder(t *testing.T) {
	r := rng.New(39)
	const n = 400
	c := newPointTest(normalPoints(r, n, 2, 0), normalPoints(r, n, 2, 2), "sqeuclidean", 1)
	a, b := randomMasses(r, n), randomMasses(r, n)
	var records []solver.Record
	opt := &Options{Settings: solver.Settings{Recorder: solver.RecorderFunc(func(x solver.Record) error {
		records = append(records, x)
		return nil
	})}}
	res := solved(t, a, b, c, opt)
	last := records[len(records)-1]
	if last.Phase != "fine" || records[0].Phase != "coarse" || last.Residual != 0 || math.Abs(last.Objective-res.Primal) > 1e-13*res.Primal {
		t.Errorf("%+v", records)
	}
	stop := errors.New("enough")
	opt.Recorder = solver.RecorderFunc(func(solver.Record) error { return stop })
	if _, err := Solve(t.Context(), &Problem{A: a, B: b, Cost: c}, opt); !errors.Is(err, stop) {
		t.Error(err)
	}
}
