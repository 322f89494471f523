package exact

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"solve/internal/problems"
	"solve/internal/rng"
	"solve/internal/verify"
	"solve/matrix"
	"solve/solver"
)

func solved(t *testing.T, a, b []float64, c Cost, opt *Options) *Result {
	t.Helper()
	res, err := Solve(t.Context(), &Problem{A: a, B: b, Cost: c}, opt)
	if err != nil {
		t.Fatalf("%v", err)
	}
	judge(t, a, b, c, res)
	return res
}

// judge recomputes everything that a result claims from the cost alone.
func judge(t *testing.T, a, b []float64, c Cost, res *Result) {
	t.Helper()
	n, m := c.Dims()
	rows := make([][]float64, n)
	scale := 0.0
	for i := range rows {
		rows[i] = make([]float64, m)
		c.Row(i, 0, rows[i])
		for _, x := range rows[i] {
			if !math.IsInf(x, 1) {
				scale = max(scale, math.Abs(x))
			}
		}
	}
	total := 0.0
	for _, x := range a {
		total += x
	}
	eps := 1e-13 * scale
	for i := range rows {
		for j, x := range rows[i] {
			if res.F[i]+res.G[j] > x+eps {
				t.Fatalf("f_%d + g_%d = %g exceeds the cost %g by %.3g", i, j, res.F[i]+res.G[j], x, res.F[i]+res.G[j]-x)
			}
		}
	}
	left, room := append([]float64(nil), a...), append([]float64(nil), b...)
	primal := 0.0
	for k, w := range res.Mass {
		i, j := res.Rows[k], res.Cols[k]
		if w <= 0 || k > 0 && (i < res.Rows[k-1] || i == res.Rows[k-1] && j <= res.Cols[k-1]) {
			t.Fatalf("entry %d of the plan: (%d,%d) has %g", k, i, j, w)
		}
		left[i] -= w
		room[j] -= w
		primal += w * rows[i][j]
		if s := rows[i][j] - res.F[i] - res.G[j]; math.Abs(s) > res.Slackness+eps {
			t.Fatalf("slackness %g at (%d,%d), claimed %g", s, i, j, res.Slackness)
		}
	}
	for _, v := range [][]float64{left, room} {
		for i, x := range v {
			if math.Abs(x) > 1e-9*total/float64(len(v)) {
				t.Fatalf("point %d lacks %g of total mass %g", i, x, total)
			}
		}
	}
	if len(res.Mass) > n+m-1 {
		t.Errorf("%d entries in a plan of %d×%d", len(res.Mass), n, m)
	}
	if d := math.Abs(primal - res.Primal); d > 1e-12*scale*total {
		t.Errorf("primal %.17g, recomputed %.17g", res.Primal, primal)
	}
	dual := 0.0
	for i, x := range a {
		dual += x * res.F[i]
	}
	for j, x := range b {
		dual += x * res.G[j]
	}
	if res.Dual > dual+1e-12*scale*total || res.Dual > res.Primal || res.Gap > 1e-12*scale*total {
		t.Errorf("dual %.17g (recomputed %.17g), primal %.17g", res.Dual, dual, res.Primal)
	}
}

func dense(n, m int, v ...float64) denseTestCost {
	return denseTestCost{&matrix.Dense{Rows: n, Cols: m, Data: v}}
}

func TestOracles(t *testing.T) {
	for _, o := range problems.ExactOracles() {
		for _, method := range []string{"", Simplex} {
			res := solved(t, o.A, o.B, denseTestCost{o.Cost}, &Options{Method: method})
			if math.Abs(res.Primal-o.Value) > 1e-14*math.Abs(o.Value) {
				t.Errorf("%s: %.17g, want %.17g", o.Name, res.Primal, o.Value)
			}
		}
	}
}

func TestTwoByTwo(t *testing.T) {
	res := solved(t, []float64{.5, .5}, []float64{.2, .8}, dense(2, 2, 0, 1, 1, 0), nil)
	if math.Abs(res.Primal-0.3) > 1e-16 || !res.Unique || len(res.Mass) != 3 ||
		math.Abs(res.Mass[0]-.2) > 1e-16 || math.Abs(res.Mass[1]-.3) > 1e-16 || res.Mass[2] != .5 {
		t.Errorf("%+v", res)
	}
}

// Histograms with empty bins and a distance matrix of points at 0, 1 and √10.
func TestEmptyBins(t *testing.T) {
	c := dense(3, 3, 0, 1, math.Sqrt(10), 1, 0, math.Sqrt(5), math.Sqrt(10), math.Sqrt(5), 0)
	res := solved(t, []float64{.5, .5, 0}, []float64{0, .5, .5}, c, nil)
	want := min(0.5*math.Sqrt(10), 0.5*(1+math.Sqrt(5)))
	if math.Abs(res.Primal-want) > 1e-15 || math.Abs(want-1.5811388301) > 1e-9 {
		t.Errorf("%.12g, want %.12g", res.Primal, want)
	}
}

// All 3×3 matrices with entries 0, 1, 2, against an integer oracle.
func TestAllSmallIntegerCosts(t *testing.T) {
	for _, masses := range [][2][]int{{{1, 1, 1}, {1, 1, 1}}, {{2, 1, 3}, {1, 4, 1}}} {
		a, b := floats(masses[0]), floats(masses[1])
		for code := range 19683 {
			if code%9 != 0 && testing.Short() {
				continue
			}
			c := dense(3, 3, make([]float64, 9)...)
			rows := make([][]int, 3)
			for k, v := 0, code; k < 9; k, v = k+1, v/3 {
				c.c.Data[k] = float64(v % 3)
				rows[k/3] = append(rows[k/3], v%3)
			}
			want, _ := flowOracle(masses[0], masses[1], rows, func(i, j int) bool { return false })
			res := solved(t, a, b, c, &Options{IntegerCost: true, IntegerMass: true})
			if res.Primal != float64(want) {
				t.Fatalf("%v, masses %v: %v, want %v", rows, masses, res.Primal, want)
			}
		}
	}
}

func floats(v []int) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

// Random integer problems with ties, empty points and forbidden arcs: exact
// values, and violating sets where nothing is feasible.
func TestRandomSmall(t *testing.T) {
	r := rng.New(7)
	trials := 6000
	if testing.Short() {
		trials = 1000
	}
	infeasible := 0
	for trial := range trials {
		n, m := 1+r.Below(12), 1+r.Below(12)
		most := []int{1, 2, 10, 1000}[r.Below(4)]
		gaps := []float64{0, 0, 0.3, 0.7}[r.Below(4)]
		a, b := make([]int, n), make([]int, m)
		for range 1 + r.Below(30) {
			q := 1 + r.Below(5)
			a[r.Below(n)] += q
			b[r.Below(m)] += q
		}
		c, rows := dense(n, m, make([]float64, n*m)...), make([][]int, n)
		for i := range rows {
			rows[i] = make([]int, m)
			for j := range rows[i] {
				rows[i][j] = r.Below(most+1) - most/3
				c.c.Row(i)[j] = float64(rows[i][j])
				if r.Float64() < gaps {
					c.c.Row(i)[j] = math.Inf(1)
				}
			}
		}
		want, left := flowOracle(a, b, rows, func(i, j int) bool { return math.IsInf(c.c.At(i, j), 1) })
		var cost Cost = c
		if trial%2 == 0 {
			cost = storedTestCost{c}
		}
		res, err := Solve(t.Context(), &Problem{A: floats(a), B: floats(b), Cost: cost}, nil)
		if left > 0 {
			infeasible++
			if !errors.Is(err, solver.ErrInfeasible) {
				t.Fatalf("trial %d: %v, but %d units have no way", trial, err, left)
			}
			held, reachable := verify.Violation(verify.Transport{A: floats(a), B: floats(b), Cost: verify.DenseCost(c.c)}, res.ViolatingRows)
			if !(held > reachable) || math.Abs(held-res.Held)+math.Abs(reachable-res.Reachable) > 1e-12*held {
				t.Fatalf("trial %d: rows %v hold %v (%v) and reach %v (%v)", trial, res.ViolatingRows, held, res.Held, reachable, res.Reachable)
			}
			continue
		}
		if err != nil {
			t.Fatalf("trial %d: %v", trial, err)
		}
		judge(t, floats(a), floats(b), cost, res)
		if res.Primal != float64(want) {
			t.Fatalf("trial %d (%d×%d): %v, want %v", trial, n, m, res.Primal, want)
		}
		for _, w := range res.Mass {
			if w != math.Floor(w) {
				t.Fatalf("trial %d: mass %v", trial, w)
			}
		}
	}
	if infeasible < trials/20 {
		t.Errorf("only %d of %d infeasible", infeasible, trials)
	}
}

func TestMetrics(t *testing.T) {
	r := rng.New(3)
	for metric := range testMetrics {
		powers, dims := []float64{1, 2, 0.5, 1.5}, []int{1, 2, 3, 6}
		if testing.Short() {
			powers, dims = powers[2:], dims[1:2]
		}
		for _, p := range powers {
			for _, d := range dims {
				const n, m = 260, 210
				c := newPointTest(normalPoints(r, n, d, 1), normalPoints(r, m, d, 2), metric, p)
				a, b := randomMasses(r, n), randomMasses(r, m)
				t.Run(fmt.Sprintf("%s^%v/d=%d", metric, p, d), func(t *testing.T) {
					with := solved(t, a, b, c, &Options{Method: Simplex})
					without := solved(t, a, b, c.denseTestCost, nil)
					if math.Abs(with.Primal-without.Primal) > 1e-12*without.Primal {
						t.Errorf("with points %.16g, without %.16g", with.Primal, without.Primal)
					}
				})
			}
		}
	}
}

// Enough points for boxes to be skipped, and levels to nest.
func TestLarge(t *testing.T) {
	r := rng.New(11)
	const n, m = 1100, 1300
	dims, metrics := []int{1, 2, 3}, []string{"sqeuclidean", "euclidean", "chebyshev"}
	if testing.Short() {
		dims, metrics = dims[1:2], metrics[:1]
	}
	for _, d := range dims {
		for _, metric := range metrics {
			x, y := normalPoints(r, n, d, 0), normalPoints(r, m, d, 3)
			a, b := randomMasses(r, n), randomMasses(r, m)
			c := newPointTest(x, y, metric, 1)
			res := solved(t, a, b, c, &Options{Method: Simplex})
			if res.RelGap > 1e-12 {
				t.Errorf("%s, d=%d: relative gap %.3g", metric, d, res.RelGap)
			}
			v, err := verify.Unregularised(verify.Transport{A: a, B: b, Cost: verify.DenseCost(c.c)}, planRows{res}, res.F, res.G)
			if err != nil {
				t.Fatal(err)
			}
			if v.MarginalError > 1e-14 || math.Abs(v.Cost-res.Primal) > 1e-12*res.Primal || v.Lower < res.Primal*(1-1e-12) {
				t.Errorf("%s, d=%d: %+v, primal %.17g", metric, d, v, res.Primal)
			}
		}
	}
}

// planRows is a plan for the independent checker.
type planRows struct{ res *Result }

func (p planRows) Row(i int, _ []float64) ([]int32, []float64) {
	lo, _ := slices.BinarySearch(p.res.Rows, int32(i))
	hi, _ := slices.BinarySearch(p.res.Rows, int32(i+1))
	return p.res.Cols[lo:hi], p.res.Mass[lo:hi]
}

func TestLineEqualsSimplex(t *testing.T) {
	r := rng.New(5)
	for _, p := range []float64{1, 1.5, 2, 3} {
		for _, tied := range []bool{false, true} {
			const n, m = 200, 300
			x, y := normalPoints(r, n, 1, 0), normalPoints(r, m, 1, 0.5)
			a, b := randomMasses(r, n), randomMasses(r, m)
			if tied {
				for _, v := range []*matrix.Dense{x, y} {
					for k := range v.Data {
						v.Data[k] = math.Round(4 * v.Data[k])
					}
				}
				a, b = uniformMasses(n), uniformMasses(m)
			}
			c := newPointTest(x, y, "euclidean", p)
			line := solved(t, a, b, c, nil)
			simplex := solved(t, a, b, c, &Options{Method: Simplex})
			if line.Method != Line || math.Abs(line.Primal-simplex.Primal) > 1e-13*simplex.Primal {
				t.Errorf("p=%v: %s %.17g, simplex %.17g", p, line.Method, line.Primal, simplex.Primal)
			}
		}
	}
}
