package nl

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"solve/internal/rng"
)

// build writes a file with free variables at the start x, constraints and
// objective given as expressions, and defined variables.
func build(x []float64, objective string, constraints, defined []string) string {
	var b strings.Builder
	n, m := len(x), len(constraints)
	fmt.Fprintf(&b, "g3 1 1 0\n %d %d 1 %d 0\n %d 1\n 0 0\n %d %d %d\n 0 0 0 1\n 0 0 0 0 0\n 0 0\n 0 0\n %d 0 0 0 0\n", n, m, m, m, n, n, n, len(defined))
	for k, v := range defined {
		fmt.Fprintf(&b, "V%d 0 0\n%s\n", n+k, v)
	}
	for i, c := range constraints {
		fmt.Fprintf(&b, "C%d\n%s\n", i, c)
	}
	fmt.Fprintf(&b, "O0 0\n%s\nx%d\n", objective, n)
	for j, v := range x {
		fmt.Fprintf(&b, "%d %s\n", j, decimal(v))
	}
	if m > 0 {
		b.WriteString("r\n" + strings.Repeat("0 -10 10\n", m))
	}
	b.WriteString("b\n" + strings.Repeat("3\n", n))
	return b.String()
}

// polish writes prefix notation with blanks for line ends.
func polish(s string) string { return strings.ReplaceAll(s, " ", "\n") }

// dense spreads the entries of a pattern over a matrix.
func dense(rows, cols int, start []int64, column []int32, value []float64, symmetric bool) [][]float64 {
	a := make([][]float64, rows)
	for i := range a {
		a[i] = make([]float64, cols)
	}
	for i := range a {
		for k := start[i]; k < start[i+1]; k++ {
			a[i][column[k]] = value[k]
			if symmetric {
				a[column[k]][i] = value[k]
			}
		}
	}
	return a
}

// check holds the fast evaluation at x against the plain one to 1e-12 and its
// Hessian against differences of its first derivatives.
func check(t *testing.T, m *Model, x []float64) {
	t.Helper()
	p := m.Problem
	y := multipliers(p.M)
	const sigma = 0.7
	e := evaluate(p, x, sigma, y)
	c := make([]float64, p.M)
	if f := p.Values(x, c); f != e.f || !identical(c, e.c) {
		t.Errorf("Values and First differ: %v %v, %v %v", f, e.f, c, e.c)
	}
	v, err := m.Plain(x)
	if err != nil {
		t.Fatal(err)
	}
	sign := 1.0
	if p.Maximize {
		sign = -1
	}
	near(t, "objective", e.f, sign*v.Objective, 1e-12)
	for j := range x {
		near(t, fmt.Sprintf("∂f/∂x%d", j), e.gradient[j], sign*v.Gradient[j], 1e-12)
	}
	jstart, jcolumn := p.JacobianPattern()
	jacobian := dense(p.M, p.N, jstart, jcolumn, e.jacobian, false)
	for i := range p.M {
		near(t, fmt.Sprintf("c%d", i), e.c[i], v.Constraints[i], 1e-12)
		for j := range x {
			near(t, fmt.Sprintf("∂c%d/∂x%d", i, j), jacobian[i][j], v.Jacobian.At(i, j), 1e-12)
		}
	}
	hstart, hcolumn := p.HessianPattern()
	for j := range p.N {
		for k := hstart[j]; k < hstart[j+1]; k++ {
			if int(hcolumn[k]) > j || k > hstart[j] && hcolumn[k] <= hcolumn[k-1] {
				t.Fatalf("row %d of the Hessian: columns %v", j, hcolumn[hstart[j]:hstart[j+1]])
			}
		}
	}
	hessian := dense(p.N, p.N, hstart, hcolumn, e.hess, true)
	lagrangian := func(x []float64) []float64 {
		e := evaluate(p, x, sigma, y)
		g := make([]float64, p.N)
		for j := range g {
			g[j] = sigma * e.gradient[j]
		}
		for i := range p.M {
			for k := jstart[i]; k < jstart[i+1]; k++ {
				g[jcolumn[k]] += y[i] * e.jacobian[k]
			}
		}
		return g
	}
	for j := range x {
		want := differences(lagrangian, x, j)
		for i := range x {
			near(t, fmt.Sprintf("hessian %d %d", i, j), hessian[i][j], want[i], 2e-7)
		}
	}
}

// differences are central ones of the fourth order.
func differences(g func([]float64) []float64, x []float64, j int) []float64 {
	h := 1e-3 * math.Max(0.1, math.Abs(x[j]))
	at := func(s float64) []float64 {
		z := append([]float64(nil), x...)
		z[j] += s * h
		return g(z)
	}
	d := make([]float64, len(x))
	for _, s := range []struct{ at, weight float64 }{{-2, 1}, {-1, -8}, {1, 8}, {2, -1}} {
		for i, v := range at(s.at) {
			d[i] += s.weight * v / (12 * h)
		}
	}
	return d
}

// operators are expressions in v0 … v3 that use every operator.
var operators = []string{
	"o0 v0 v1", "o1 v0 v1", "o2 v0 v1", "o2 v0 v0", "o3 v0 v1", "o3 n3 v1", "o3 v0 n4", "o4 v0 v1", "o4 n7.5 v1",
	"o5 v0 v1", "o5 v2 n3", "o5 v2 n-2", "o5 v2 n2", "o5 v2 n1", "o5 v2 n0", "o5 n2 v2", "o5 v0 n1.5", "o5 v0 o0 v0 v1",
	"o6 v0 v2", "o6 v2 v0", "o11 3 v0 v1 v2", "o12 3 v0 v1 v2", "o11 2 v0 v1", "o12 2 v0 n0", "o11 1 v0",
	"o13 v0", "o14 v0", "o15 v0", "o15 v2", "o16 v0", "o37 v2", "o38 v2", "o39 v0", "o40 v2", "o41 v2", "o42 v0", "o43 v0", "o44 v2",
	"o45 v2", "o46 v2", "o47 v3", "o48 v0 v2", "o48 v2 v0", "o48 n1 v2", "o49 v2", "o50 v2", "o51 v3", "o52 v1", "o53 v3", "o54 3 v0 v1 v2",
	"o35 o22 v0 v1 o2 v0 v1 o43 v2", "o35 o29 v0 v1 o43 v2 o2 v0 v1", "o35 o34 o29 v0 v1 o41 v0 n5",
	"o35 o20 o23 v0 v1 o24 v0 v1 o41 v0 o46 v1", "o35 o21 o28 v0 v1 o30 v0 v1 o41 v0 o46 v1",
	"o35 o70 2 o22 v0 v1 o22 v2 v0 o41 v0 o46 v1", "o35 o71 2 o29 v0 v1 o29 v2 v0 o41 v0 o46 v1", "o35 o73 o22 v0 v1 o22 v2 v0 o41 v0 o46 v1",
	"o72 o22 v0 v1 o2 v0 v2 v1", "o76 v2 n3", "o77 v2", "o78 n2 v2",
	"o35 o22 n0 v0 o2 v0 v1 n0", "o22 v0 v1", "o34 v0", "o70 1 v0", "o2 n0 v0",
}

// every operator, alone, inside and outside of a product.
func TestOperators(t *testing.T) {
	x := []float64{0.7, 1.4, -0.6, 0.3}
	used := map[string]bool{}
	for _, e := range operators {
		for _, word := range strings.Fields(e) {
			used[word] = true
		}
		for _, form := range []string{"%s", "o41 o2 v3 %s", "o5 o54 3 n0.5 %s v0 n2"} {
			t.Run(fmt.Sprintf(form, e), func(t *testing.T) {
				e := polish(fmt.Sprintf(form, e))
				check(t, parse(t, build(x, e, []string{e, "o2\nn2\n" + e}, nil)), x)
			})
		}
	}
	for op := range arity {
		if !used[fmt.Sprintf("o%d", op)] {
			t.Errorf("operator o%d is not tested", op)
		}
	}
}

// Derivatives that are known where formulas for them are not defined.
func TestPowers(t *testing.T) {
	for _, tt := range []struct {
		expression string
		x          float64
		f, d, h    float64
	}{
		{"o5 v0 n2", 0, 0, 0, 2},
		{"o5 v0 n3", 0, 0, 0, 0},
		{"o5 v0 n3", -2, -8, 12, -12},
		{"o5 v0 n1", 0, 0, 1, 0},
		{"o5 v0 n0", 0, 1, 0, 0},
		{"o5 v0 n-1", -2, -0.5, -0.25, -0.25},
		{"o5 v0 n1.5", 0, 0, 0, math.Inf(1)},
		{"o5 v0 n0.5", 0, 0, math.Inf(1), math.Inf(-1)},
		{"o5 v0 n0.5", -1, math.NaN(), math.NaN(), math.NaN()},
		{"o39 v0", 0, 0, math.Inf(1), math.Inf(-1)},
		{"o5 n0 v0", 2, 0, 0, 0},
		{"o5 o0 v0 n-2 o1 n5 v0", 2, 0, 0, 0}, // (x−2)^(5−x)
		{"o3 n1 v0", 0, math.Inf(1), math.Inf(-1), math.Inf(1)},
		{"o43 v0", -1, math.NaN(), math.NaN(), math.NaN()},
		{"o35 o23 v0 n0 v0 o2 v0 o43 v0", -1, -1, 1, 0}, // the logarithm isn't looked at
	} {
		p := parse(t, build([]float64{tt.x}, polish(tt.expression), nil, nil)).Problem
		e := evaluate(p, p.X0, 1, nil)
		h := 0.0
		if len(e.hess) > 0 {
			h = e.hess[0]
		}
		same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
		if !same(e.f, tt.f) || !same(e.gradient[0], tt.d) && !math.IsNaN(tt.f) || !same(h, tt.h) && !math.IsNaN(tt.f) {
			t.Errorf("%s at %v: %v %v %v, want %v %v %v", tt.expression, tt.x, e.f, e.gradient[0], h, tt.f, tt.d, tt.h)
		}
	}
}

// A branch that isn't taken has no say, though nothing in it is defined; and a
// condition has no derivative.
func TestUntakenBranch(t *testing.T) {
	for _, e := range []string{
		"o35 o23 v0 n0 o2 v0 v1 o39 o39 v0",
		"o35 v1 o41 v0 o43 o39 o43 v0",
		"o11 2 o2 v0 v1 o0 n9 o35 o23 v0 n0 v1 o5 o39 v0 o43 v0",
	} {
		x := []float64{-1, 0.5}
		m := parse(t, build(x, polish(e), []string{polish(e)}, nil))
		check(t, m, x)
	}
	if start, _ := parse(t, build([]float64{1, 1}, "n0", []string{polish("o35 v1 o41 v0 n3")}, nil)).Problem.JacobianPattern(); start[1] != 1 {
		t.Errorf("the condition is in the pattern of the Jacobian")
	}
}

// Files that Pyomo wrote, at their start and beside it.
func TestWrittenByPyomo(t *testing.T) {
	s := rng.New(5)
	for _, name := range []string{"hs71.nl", "operators.nl", "shared6.nl", "maximise.nl", "equations.nl", "lp.nl"} {
		m := open(t, name)
		x := append([]float64(nil), m.Problem.X0...)
		for range 3 {
			check(t, m, x)
			for j := range x {
				x[j] += 0.02 * (s.Float64() - 0.5)
			}
		}
	}
}

// What Pyomo computes for its own model: the objective and upper − body, or lower
// − body where there is no upper limit.
func TestValuesOfPyomo(t *testing.T) {
	for _, tt := range []struct {
		name  string
		f     float64
		slack []float64
	}{
		{"operators.nl", 4.819215096327523, []float64{
			1.3915401001539005, 0.6219690852758517, 1.3868575556173548, 0.3663219400432567, 1.388453093006722, 0.5778688470365347,
			1.3930335002705476, 1.3915136499258713, 1.3930078057801791, -5.090121945014595, -6.480674381780301, -5.090244187856147,
			8.475070403014517, 9.111449283499557, 7.845007122521576, 7.809384078879701, 1.82, -12.428238663052433, 98.0326530612245,
			3 - 0.3*0.7, 96.5}},
		{"shared6.nl", 4.007565985912432, []float64{
			8.9249421340525, 8.881374376066058, 8.837251088580357, 8.7925722715954, 8.747337925111182, 8.701548049127707}},
	} {
		p := open(t, tt.name).Problem
		c := make([]float64, p.M)
		near(t, tt.name+": f", p.Values(p.X0, c), tt.f, 1e-14)
		for i, want := range tt.slack {
			limit := p.CUpper[i]
			if math.IsInf(limit, 1) {
				limit = p.CLower[i]
			}
			near(t, fmt.Sprintf("%s: slack %d", tt.name, i), limit-c[i], want, 1e-14)
		}
	}
}

// random makes smooth expressions of values among limit, of whatever shape.
func random(s *rng.Stream, depth, limit int) string {
	leaf := func() string {
		if s.Below(4) == 0 {
			return fmt.Sprintf("n%.3f", 0.5+s.Float64())
		}
		return fmt.Sprintf("v%d", s.Below(limit))
	}
	if depth == 0 || s.Below(6) == 0 {
		return leaf()
	}
	next := func() string { return random(s, depth-1, limit) }
	switch s.Below(11) {
	case 0, 1:
		return "o0 " + next() + " " + next()
	case 2:
		return "o1 " + next() + " " + next()
	case 3, 4:
		return "o2 " + next() + " " + next()
	case 5:
		return "o41 " + next()
	case 6:
		return "o16 " + next()
	case 7:
		return "o49 " + next()
	case 8:
		return "o3 " + next() + " o0 n2 o5 o37 " + next() + " n2"
	case 9:
		return "o54 3 " + next() + " " + next() + " " + next()
	default:
		return "o5 o37 " + next() + " n3"
	}
}

// Random models with defined variables that build on one another.
func TestRandomModels(t *testing.T) {
	for seed := range uint64(60) {
		s := rng.New(seed)
		n, defs, m := 1+s.Below(6), s.Below(5), s.Below(5)
		x := make([]float64, n)
		for j := range x {
			x[j] = 2*s.Float64() - 1
		}
		var defined, constraints []string
		for k := range defs {
			defined = append(defined, polish(random(s, 3, n+k)))
		}
		for range m {
			constraints = append(constraints, polish(random(s, 4, n+defs)))
		}
		text := build(x, polish(random(s, 4, n+defs)), constraints, defined)
		model := parse(t, text)
		check(t, model, x)
		if t.Failed() {
			t.Fatalf("seed %d:\n%s", seed, text)
		}
	}
}
