package nl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"solve/internal/rng"
	"solve/solver"
)

// Linear parts that hide in expressions are found, and kept apart.
func TestLinear(t *testing.T) {
	constraints := []string{
		"o54 3 o2 n3 v0 o16 v1 n5",
		"o3 o1 v0 o2 v1 n4 n2",
		"v4",                 // a defined variable, linear
		"o1 v5 o2 n2 v4",     // v5 − 2v4 = v2
		"o2 v0 v1",           // a product
		"o1 o2 v0 v1 v4",     // a product and linear terms
		"o13 v0",             // no derivative, but not linear
		"o5 v3 n1",           // the first power
		"o3 n1 o0 v0 o16 v0", // 1/(x−x)
	}
	p := parse(t, build([]float64{1, 2, 3, 4}, "n0", lines(constraints), lines([]string{"o0 v0 o0 v1 n1", "o0 o0 v4 v4 v2"}))).Problem
	if want := []bool{true, true, true, true, false, false, false, true, false}; !slices.Equal(p.Linear, want) {
		t.Errorf("linear %v, want %v", p.Linear, want)
	}
	start, column := p.HessianPattern()
	if !slices.Equal(start, []int64{0, 1, 2, 2, 2}) || !slices.Equal(column, []int32{0, 0}) {
		t.Errorf("pattern of the Hessian %v %v", start, column)
	}
	e := evaluate(p, p.X0, 1, make([]float64, p.M))
	for i, want := range []float64{6, -3.5, 4, 3, 2, -2, 1, 4} {
		near(t, fmt.Sprintf("c%d", i), e.c[i], want, 0)
	}
}

func lines(polished []string) []string {
	out := make([]string, len(polished))
	for i, s := range polished {
		out[i] = polish(s)
	}
	return out
}

// The Hessian of Rosenbrock's function of many variables is tridiagonal, and an
// arrow stays an arrow though one product holds all variables.
func TestPatterns(t *testing.T) {
	const n = 50
	x := make([]float64, n)
	var chain, arrow strings.Builder
	fmt.Fprintf(&chain, "o54\n%d\n", n-1)
	for j := range n - 1 {
		fmt.Fprint(&chain, polish(fmt.Sprintf("o0 o2 n100 o5 o1 v%d o5 v%d n2 n2 o5 o1 n1 v%d n2\n", j+1, j, j)))
	}
	fmt.Fprintf(&arrow, "o2\no44\nv0\no54\n%d\n", n-1)
	for j := range n - 1 {
		fmt.Fprintf(&arrow, "o5\nv%d\nn2\n", j+1)
	}
	for _, tt := range []struct {
		name, expression string
		entries          int
	}{{"chain", chain.String(), 2*n - 1}, {"arrow", arrow.String(), 2*n - 1}} {
		m := parse(t, build(x, strings.TrimSuffix(tt.expression, "\n"), nil, nil))
		if _, column := m.Problem.HessianPattern(); len(column) != tt.entries {
			t.Errorf("%s: %d entries, want %d", tt.name, len(column), tt.entries)
		}
		for j := range x {
			x[j] = 0.3 + 0.01*float64(j)
		}
		check(t, m, x)
	}
}

// Defined variables that double one another: 2¹⁰⁰ paths, and little work.
func TestSharedPaths(t *testing.T) {
	for _, step := range []string{"o0 v%[1]d v%[1]d", "o41 o0 v%[1]d v%[1]d", "o0 v%[1]d v%[2]d", "o49 o0 v%[1]d v%[2]d"} {
		var defined []string
		for k := range 100 {
			defined = append(defined, polish(fmt.Sprintf(step, k, max(k-1, 0))))
		}
		p := parse(t, build([]float64{0.25}, "v100", []string{"v100", "v50"}, defined)).Problem
		e := evaluate(p, p.X0, 1, []float64{1, 1})
		if step == "o0 v%[1]d v%[1]d" && (e.gradient[0] != 0x1p100 || e.jacobian[1] != 0x1p50 || !p.Linear[0]) {
			t.Errorf("gradient %v, jacobian %v, linear %v", e.gradient, e.jacobian, p.Linear)
		}
		if step == "o0 v%[1]d v%[2]d" && e.jacobian[1] != 32951280099 { // a number of Fibonacci
			t.Errorf("jacobian %v", e.jacobian)
		}
	}
}

// Expressions may nest a million times.
func TestDeep(t *testing.T) {
	const depth = 1 << 16
	for _, tt := range []struct {
		name, open string
		times      int
		f          float64
	}{
		{"minus", "o16\n", depth, 0.5},
		{"sine", "o41\n", 16 * depth, 0},
		{"sum", "o0\nv1\n", depth, depth*0.001 + 0.5},
		{"product", "o2\nv1\n", depth, 0},
		{"maximum", "o12\n2\nv1\n", depth, 0.5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := parse(t, build([]float64{0.5, 0.001}, strings.Repeat(tt.open, tt.times)+"v0", nil, nil))
			c := []float64{}
			near(t, "f", m.Problem.Values(m.Problem.X0, c), tt.f, 3e-3)
			evaluate(m.Problem, m.Problem.X0, 1, nil)
			v, err := m.Plain(m.Problem.X0)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "f", v.Objective, tt.f, 3e-3)
		})
	}
}

// Evaluation allocates nothing.
func TestAllocations(t *testing.T) {
	p := open(t, "operators.nl").Problem
	e := evaluate(p, p.X0, 1, multipliers(p.M))
	y := multipliers(p.M)
	if k := testing.AllocsPerRun(10, func() {
		p.Values(p.X0, e.c)
		p.First(p.X0, e.c, e.gradient, e.jacobian)
		p.Hessian(p.X0, 1, y, e.hess)
	}); k > 0 {
		t.Errorf("%v allocations", k)
	}
}

// A dense Hessian is refused before it takes the memory.
func TestTooLarge(t *testing.T) {
	const n = 3000
	var e strings.Builder
	fmt.Fprintf(&e, "o44\no54\n%d", n)
	for j := range n {
		fmt.Fprintf(&e, "\nv%d", j)
	}
	text := build(make([]float64, n), e.String(), nil, nil)
	_, err := Read(context.Background(), "dense", strings.NewReader(text), &Options{MaxMemory: 32 << 20})
	var large *solver.TooLargeError
	if !errors.As(err, &large) || large.Have != 32<<20 || large.Need <= large.Have || !strings.Contains(err.Error(), "the second derivatives") {
		t.Errorf("%v", err)
	}
	_, err = Read(context.Background(), "deep", strings.NewReader(build([]float64{1}, strings.Repeat("o16\n", 1<<20)+"v0", nil, nil)), &Options{MaxMemory: 1 << 20})
	if !errors.As(err, &large) {
		t.Errorf("%v", err)
	}
}

// A regression: all residuals are forms of the same variables, which share one
// block; others, with some of the variables, have blocks of their own.
func TestBlocks(t *testing.T) {
	s := rng.New(3)
	const n = 12
	x := make([]float64, n)
	for j := range x {
		x[j] = s.Normal()
	}
	form := func(n int) string {
		e := fmt.Sprintf("o54 %d n%.2f", n+2, s.Normal())
		for j := range n {
			e += fmt.Sprintf(" o2 n%.2f v%d", s.Normal(), n-1-j)
		}
		return e + fmt.Sprintf(" v%d", s.Below(n)) // one of them a second time
	}
	e := "o54 8"
	for range 6 {
		e += " o43 o0 n1 o44 o2 n0.1 " + form(n)
	}
	e += " o5 " + form(9) + " n2 o2 " + form(n) + " " + form(10)
	m := parse(t, build(x, polish(e), []string{polish("o41 o2 n0.1 " + form(n))}, nil))
	check(t, m, x)
	if p := m.Problem.Functions.(*program); len(p.blocks) != 2 || len(p.blocks[0].members)+len(p.blocks[1].members) != 8 {
		t.Errorf("%d blocks", len(p.blocks))
	}
}
