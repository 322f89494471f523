package multigrid

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"solve/internal/kern"
	"solve/internal/problems"
	"solve/matrix"
	"solve/solver"
)

// weakSlabs is the Laplacian on n³ cells but for one axis, another one in
// each third of x, across which the weights are 1/100.
func weakSlabs(t testing.TB, n int) *matrix.CSR {
	t.Helper()
	coo, err := matrix.NewCOO(n*n*n, n*n*n, 7*n*n*n)
	if err != nil {
		t.Fatal(err)
	}
	put := func(i, j int, v float64) {
		if err := coo.Append(i, j, v); err != nil {
			t.Fatal(err)
		}
	}
	stride := [3]int{n * n, n, 1}
	for i := range n * n * n {
		at := [3]int{i / (n * n), i / n % n, i % n}
		d := 0.
		for a := range 3 {
			for _, step := range [2]int{-1, 1} {
				if to := at[a] + step; to < 0 || to >= n {
					d++
					continue
				}
				x := at[0]
				if a == 0 {
					x = min(x, x+step)
				}
				w := 1.
				if x*3/n == a {
					w = .01
				}
				d += w
				put(i, i+step*stride[a], -w)
			}
		}
		put(i, i, d)
	}
	a, _, err := coo.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// The counts that coefficients may take: aligned with the axes, different
// from slab to slab, and jumping between blocks.
func TestPCGCoefficients(t *testing.T) {
	n := "32"
	if !testing.Short() {
		n = "48"
	}
	anisotropic := func(eps, weak string) *matrix.CSR {
		return generated(t, "anisotropic", problems.Values{"n": n, "eps": eps, "weak": weak}, 1)
	}
	jumps := func(block, contrast, kind string) *matrix.CSR {
		return generated(t, "jumps", problems.Values{"n": n, "block": block, "contrast": contrast, "kind": kind}, 3)
	}
	for _, c := range []struct {
		name string
		a    *matrix.CSR
		most int
	}{
		{"weak z", anisotropic("0.01", "z"), 12}, {"weak x", anisotropic("0.01", "x"), 12},
		{"weak yz", anisotropic("0.01", "yz"), 12}, {"weak xy", anisotropic("0.01", "xy"), 12},
		{"very weak y", anisotropic("1e-4", "y"), 12}, {"very weak xz", anisotropic("1e-4", "xz"), 12},
		{"slabs", weakSlabs(t, 32), 18},
		{"jumps", jumps("8", "4", "random"), 16}, {"checkerboard", jumps("8", "4", "checkerboard"), 16},
		{"misaligned", jumps("7", "2", "random"), 22}, {"misaligned, high", jumps("7", "4", "random"), 42},
	} {
		m := newTestFWMG(t, c.a, nil)
		_, res := solveTo(t, c.a, m, 1, 1e-8)
		if res.Iterations > c.most {
			t.Errorf("%s: %d iterations, want at most %d; %v", c.name, res.Iterations, c.most, res.Fallbacks)
		}
		t.Logf("%s: %d iterations, complexity %.2f; %v", c.name, res.Iterations, m.OperatorComplexity(), res.Fallbacks)
	}
}

// Where the cycle is indefinite, or slow, PCG says what it changed and goes
// on.
func TestPCGFallsBack(t *testing.T) {
	a := generated(t, "jumps", problems.Values{"n": "48", "kind": "checkerboard"}, 1)
	m := newTestFWMG(t, a, &FWOptions{Strength: defaultStrength})
	_, res := solveTo(t, a, m, 1, 1e-8)
	if len(res.Fallbacks) == 0 || !strings.Contains(res.Fallbacks[0], "≤ 0") {
		t.Errorf("no fallback in %d iterations: %v", res.Iterations, res.Fallbacks)
	}
	// the better cycle stays
	if _, again := solveTo(t, a, m, 2, 1e-8); len(again.Fallbacks) > 0 || again.Iterations > 16 {
		t.Errorf("again %d iterations, %v", again.Iterations, again.Fallbacks)
	}

	a = generated(t, "jumps", problems.Values{"n": "32", "block": "7"}, 3)
	if _, res = solveTo(t, a, newTestFWMG(t, a, nil), 1, 1e-8); len(res.Fallbacks) > 0 {
		t.Log(res.Fallbacks)
	}
}

func TestPCGSameBits(t *testing.T) {
	for name, a := range map[string]*matrix.CSR{
		"porous":  obstacles(t, "porous", 40, false, 3),
		"random":  obstacles(t, "random", 37, false, 3),
		"flat":    obstacles(t, "balls", 200, true, 3),
		"slabs":   weakSlabs(t, 30),
		"poisson": boxLaplacian(t, 41, 30, 25),
	} {
		b := gaussian(a.Rows, 1)
		var first, z1 []float64
		for _, threads := range []int{1, 2, 3, 5} {
			g, err := Detect(t.Context(), a, &DetectOptions{Threads: threads})
			if err != nil {
				t.Fatal(err)
			}
			m, err := NewFWMG(t.Context(), g, &FWOptions{Threads: threads})
			if err != nil {
				t.Fatal(err)
			}
			x, z := make([]float64, a.Rows), make([]float64, a.Rows)
			if _, err := m.PCG(t.Context(), x, b, 1e-8, 100, nil); err != nil {
				t.Fatal(err)
			}
			m.Apply(z, b)
			if first == nil {
				first, z1 = x, z
			}
			if !slices.Equal(x, first) || !slices.Equal(z, z1) {
				t.Errorf("%s: %d threads give other bits", name, threads)
			}
		}
	}
}

func TestPCGAllocatesNothing(t *testing.T) {
	if underRace {
		t.Skip("sync.Pool drops at random under the race detector")
	}
	for _, a := range []*matrix.CSR{obstacles(t, "random", 40, false, 3), weakSlabs(t, 30)} {
		m := newTestFWMG(t, a, &FWOptions{Threads: 2})
		b, x := gaussian(a.Rows, 1), make([]float64, a.Rows)
		iterate := func(n int) float64 {
			return testing.AllocsPerRun(3, func() {
				clear(x)
				if res, err := m.PCG(t.Context(), x, b, 1e-30, n, nil); err != nil || res.Iterations != n {
					t.Errorf("%d iterations, %v", res.Iterations, err)
				}
			})
		}
		if few, many := iterate(2), iterate(10); many > few {
			t.Errorf("8 iterations allocate %g times", many-few)
		}
		if n := testing.AllocsPerRun(3, func() { m.Apply(x, b) }); n > 0 {
			t.Errorf("Apply allocates %g times", n)
		}
	}
}

// Tiny and odd boxes, where blocks, boxes and vectors are cut short.
func TestPCGSmallBoxes(t *testing.T) {
	for _, side := range [][3]int{{1, 1, 1}, {1, 1, 2}, {1, 1, 1000}, {1, 5, 7}, {2, 2, 2}, {3, 1, 90}, {90, 1, 3}, {33, 2, 9}, {7, 50, 1}, {17, 19, 23}, {64, 2, 2}, {2, 64, 5}} {
		a := boxLaplacian(t, side[0], side[1], side[2])
		for _, opt := range []FWOptions{{}, {VCycle: true, Float64: true}} {
			m := newTestFWMG(t, a, &opt)
			x, res := solveTo(t, a, m, 4, 1e-10)
			if len(x) == 1 && math.Abs(x[0]*6-gaussian(1, 4)[0]) > 1e-9 {
				t.Errorf("one cell: %v", x)
			}
			if res.Iterations > 30 {
				t.Errorf("%v: %d iterations", side, res.Iterations)
			}
		}
	}
}

// On the n³ cube, b = Π sin(k_i π j_i/(n+1)) has the solution b/λ.
func TestPCGEigenvector(t *testing.T) {
	const n = 20
	a := boxLaplacian(t, n, n, n)
	b := make([]float64, n*n*n)
	lambda := 0.
	for _, k := range []float64{1, 3, 2} {
		s := math.Sin(k * math.Pi / (2 * (n + 1)))
		lambda += 4 * s * s
	}
	wave := func(k, j int) float64 { return math.Sin(float64(k) * math.Pi * float64(j+1) / (n + 1)) }
	for i := range b {
		b[i] = wave(1, i/(n*n)) * wave(3, i/n%n) * wave(2, i%n)
	}
	x := make([]float64, len(b))
	res, err := newTestFWMG(t, a, nil).PCG(t.Context(), x, b, 1e-13, 100, nil)
	if err != nil || res.Reason != solver.Tolerance {
		t.Fatal(res, err)
	}
	for i := range x {
		if math.Abs(x[i]-b[i]/lambda) > 1e-11 {
			t.Fatalf("x[%d] = %v, want %v", i, x[i], b[i]/lambda)
		}
	}
	// the answer as the first guess, and b = 0
	if res, err = newTestFWMG(t, a, nil).PCG(t.Context(), x, b, 1e-8, 100, nil); err != nil || res.Iterations != 0 || res.Reason != solver.Tolerance {
		t.Error(res, err)
	}
	clear(b)
	if res, err = newTestFWMG(t, a, nil).PCG(t.Context(), x, b, 1e-8, 100, nil); err != nil || res.Iterations != 0 || kern.Dot(x, x) != 0 {
		t.Error(res, err)
	}
}

// enclosed is the Laplacian on n^dims cells with walls all around.
func enclosed(t *testing.T, n int, dims int) *matrix.CSR {
	t.Helper()
	side := [3]int{n, n, n}
	for k := range 3 - dims {
		side[k] = 1
	}
	s := &matrix.Stencil{Nx: side[0], Ny: side[1], Nz: side[2], X: -1, Y: -1, Z: -1}
	a, err := s.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	coo, _ := matrix.NewCOO(a.Rows, a.Rows, 7*a.Rows)
	a.DoNonZero(func(i, j int, v float64) {
		_ = coo.Append(i, j, v)
		_ = coo.Append(i, i, -v)
	})
	a, _, err = coo.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// On a path of three between walls, b = (1,0,−1) has the solution of mean 0
// x = (1,0,−1).
func TestPCGSingular(t *testing.T) {
	a := enclosed(t, 3, 1)
	x := make([]float64, 3)
	res, err := newTestFWMG(t, a, nil).PCG(t.Context(), x, []float64{1, 0, -1}, 1e-12, 20, nil)
	if err != nil || res.Reason != solver.Tolerance || math.Abs(x[0]-1)+math.Abs(x[1])+math.Abs(x[2]+1) > 1e-11 {
		t.Error(x, res, err)
	}
	for dims := 1; dims <= 3; dims++ {
		a := enclosed(t, 22, dims)
		b := gaussian(a.Rows, 3)
		mean := kern.Sum(b) / float64(len(b))
		for i := range b {
			b[i] -= mean
		}
		x := make([]float64, a.Rows)
		res, err := newTestFWMG(t, a, nil).PCG(t.Context(), x, b, 1e-8, 50, nil)
		if err != nil || res.Reason != solver.Tolerance || trueResidual(a, x, b) > 1e-8 || res.Iterations > 14 {
			t.Errorf("%d dimensions: %+v %v", dims, res, err)
		}
		if s := kern.Sum(x); math.Abs(s) > 1e-9*math.Sqrt(kern.Dot(x, x)) {
			t.Errorf("%d dimensions: the mean of x is %g", dims, s/float64(len(x)))
		}
		// inconsistent: the residual cannot go below the mean's part
		for i := range b {
			b[i] += 3
		}
		clear(x)
		res, err = newTestFWMG(t, a, nil).PCG(t.Context(), x, b, 1e-8, 50, nil)
		if err != nil || res.Reason == solver.Tolerance || math.IsNaN(res.Residual) {
			t.Errorf("inconsistent: %+v %v", res, err)
		}
	}
}

// beside puts the matrices on the diagonal of one.
func beside(t *testing.T, parts ...*matrix.CSR) *matrix.CSR {
	t.Helper()
	n := 0
	for _, a := range parts {
		n += a.Rows
	}
	coo, err := matrix.NewCOO(n, n, 7*n)
	if err != nil {
		t.Fatal(err)
	}
	first := 0
	for _, a := range parts {
		a.DoNonZero(func(i, j int, v float64) {
			if err := coo.Append(first+i, first+j, v); err != nil {
				t.Fatal(err)
			}
		})
		first += a.Rows
	}
	a, _, err := coo.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A component without excess is found whatever its size next to others, also
// where weights are not binary fractions, and the solution has mean 0 on it.
func TestSingularComponents(t *testing.T) {
	scaled := func(a *matrix.CSR, by float64) *matrix.CSR {
		for k := range a.Val {
			a.Val[k] *= by
		}
		return a
	}
	regular := boxLaplacian(t, 12, 13, 14)
	if newTestFWMG(t, regular, nil).Singular() {
		t.Error("a regular grid is said to be singular")
	}
	lone := &matrix.CSR{Rows: 1, Cols: 1, RowPtr: []int64{0, 1}, Col: []int32{0}, Val: []float64{6}}
	if newTestFWMG(t, beside(t, regular, lone), nil).Singular() {
		t.Error("a single cell with excess is said to be singular")
	}
	for _, cavity := range []*matrix.CSR{enclosed(t, 2, 1), enclosed(t, 3, 3), enclosed(t, 7, 2), scaled(enclosed(t, 9, 3), .1), enclosed(t, 40, 1)} {
		for name, a := range map[string]*matrix.CSR{"after": beside(t, regular, cavity), "before": beside(t, cavity, regular), "alone": cavity} {
			first, last := 0, cavity.Rows
			if name == "after" {
				first, last = regular.Rows, a.Rows
			}
			m := newTestFWMG(t, a, nil)
			if !m.Singular() {
				t.Errorf("%d enclosed cells, %s: said to be regular", cavity.Rows, name)
			}
			b := gaussian(a.Rows, 3)
			mean := kern.Sum(b[first:last]) / float64(last-first)
			for i := first; i < last; i++ {
				b[i] -= mean
			}
			x := make([]float64, a.Rows)
			res, err := m.PCG(t.Context(), x, b, 1e-9, 60, nil)
			if err != nil || res.Reason != solver.Tolerance || trueResidual(a, x, b) > 1.001e-9 {
				t.Errorf("%d enclosed cells, %s: %+v %v", cavity.Rows, name, res, err)
			}
			if s := kern.Sum(x[first:last]); math.Abs(s) > 1e-9*math.Sqrt(kern.Dot(x, x)) {
				t.Errorf("%d enclosed cells, %s: the mean of x is %g", cavity.Rows, name, s/float64(last-first))
			}
		}
	}
}

// A run that ends early keeps the first guess where that is better, and says
// the residual of what it returns.
func TestPCGKeepsTheBetter(t *testing.T) {
	a := obstacles(t, "platesx", 24, false, 2)
	m := newTestFWMG(t, a, nil)
	b := gaussian(a.Rows, 1)
	near := make([]float64, a.Rows)
	if _, err := m.PCG(t.Context(), near, b, 1e-6, 100, nil); err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, start := range [][]float64{make([]float64, a.Rows), near} {
		first := trueResidual(a, start, b)
		for most := range 4 {
			x := slices.Clone(start)
			res, err := m.PCG(t.Context(), x, b, 1e-14, most, nil)
			rho := trueResidual(a, x, b)
			if err != nil || res.Iterations != most || rho > first*(1+1e-9) || math.Abs(res.Residual-rho) > 1e-9*rho+1e-15 {
				t.Errorf("at most %d iterations from %g to %g: %+v %v", most, first, rho, res, err)
			}
			if slices.Equal(x, start) {
				kept++
			}
		}
	}
	if kept < 2 {
		t.Errorf("%d first guesses kept, want those without iterations at least", kept)
	}
	// smooth b: the first step makes the residual larger
	for i := range b {
		b[i] = 1
	}
	x := make([]float64, a.Rows)
	res, err := m.PCG(t.Context(), x, b, 1e-14, 1, nil)
	if err != nil || res.Residual > 1 || trueResidual(a, x, b) > 1+1e-12 {
		t.Errorf("%+v %v", res, err)
	}
}

func TestPCGEnds(t *testing.T) {
	a := obstacles(t, "porous", 24, false, 2)
	m := newTestFWMG(t, a, nil)
	b, x := gaussian(a.Rows, 1), make([]float64, a.Rows)
	res, err := m.PCG(t.Context(), x, b, 1e-8, 3, nil)
	if err != nil || res.Reason != solver.IterationLimit || res.Iterations != 3 || math.Abs(res.Residual-trueResidual(a, x, b)) > 1e-12 {
		t.Error(res, err)
	}
	clear(x)
	if res, err = m.PCG(t.Context(), x, b, 1e-18, 200, nil); err != nil || res.Reason != solver.AtRoundoff && res.Reason != solver.Stalled || res.Residual > 1e-13 {
		t.Error(res, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	clear(x)
	_, err = m.PCG(ctx, x, b, 1e-8, 200, func(k int, rel float64) error {
		if k == 2 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || trueResidual(a, x, b) >= 1 {
		t.Error(err, trueResidual(a, x, b))
	}
	stop := errors.New("stop")
	var history []float64
	_, err = m.PCG(t.Context(), x, b, 1e-8, 200, func(_ int, rel float64) error {
		if history = append(history, rel); len(history) == 4 {
			return stop
		}
		return nil
	})
	if err != stop || len(history) != 4 || history[3] > history[0] {
		t.Error(err, history)
	}
	if _, err = m.PCG(t.Context(), x[1:], b, 1e-8, 200, nil); !errors.Is(err, solver.ErrDimension) {
		t.Error(err)
	}
	b[5] = math.NaN()
	if _, err = m.PCG(t.Context(), x, b, 1e-8, 200, nil); !errors.Is(err, solver.ErrNonFinite) {
		t.Error(err)
	}
	z := make([]float64, len(b))
	m.Apply(z, b)
	if !math.IsNaN(z[0]) {
		t.Error("NaN did not come through")
	}
	b[5] = 1
	if m.Apply(z, b); z[0]-z[0] != 0 {
		t.Error("a NaN stayed")
	}
}

func TestFWMGOptions(t *testing.T) {
	g := detected(t, boxLaplacian(t, 9, 9, 9))
	for _, o := range []FWOptions{{OmegaB: 2}, {OmegaR: -1}, {Theta: [3]float64{1, -1, 1}}, {OmegaB: math.NaN()}, {Theta: [3]float64{5, 1, 1}}} {
		if _, err := NewFWMG(t.Context(), g, &o); !errors.Is(err, solver.ErrOption) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := NewFWMG(t.Context(), g, &FWOptions{MaxMemory: 1000}); !errors.Is(err, solver.ErrTooLarge) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := NewFWMG(ctx, g, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	m, err := NewFWMG(t.Context(), g, nil)
	if err != nil || m.Bytes() <= 0 || m.Levels() < 2 || m.Grid() != g {
		t.Error(m, err)
	}
	// the estimate covers what is used
	if need := g.fwBytes(m.opt); m.Bytes() > 2*need {
		t.Errorf("%d bytes used, %d estimated", m.Bytes(), need)
	}
	if s := fmt.Sprint(g.Shape(), g.How()); !strings.Contains(s, "[9 9 9]") {
		t.Error(s)
	}
}

// A smooth b is where products in float32 are least exact; its solution is
// large. Small tolerances need replacements of the residual.
func TestPCGSmooth(t *testing.T) {
	for name, a := range map[string]*matrix.CSR{
		"box":     boxLaplacian(t, 48, 48, 48),
		"line":    boxLaplacian(t, 1, 3, 2000),
		"platesx": obstacles(t, "platesx", 40, false, 3),
		"weak y":  generated(t, "anisotropic", problems.Values{"n": "24", "eps": "1e-4", "weak": "y"}, 1),
	} {
		b, x := make([]float64, a.Rows), make([]float64, a.Rows)
		for i := range b {
			b[i] = 1
		}
		m := newTestFWMG(t, a, nil)
		res, err := m.PCG(t.Context(), x, b, 1e-11, 60, nil)
		if rho := trueResidual(a, x, b); err != nil || res.Reason != solver.Tolerance || rho > 1.001e-11 || len(res.Fallbacks) > 0 {
			t.Errorf("%s: %+v, residual %g, %v", name, res, rho, err)
		}
		if res.Iterations > 24 || res.Replacements < 1 { // how many depends on the kernel
			t.Errorf("%s: %d iterations with %d replacements", name, res.Iterations, res.Replacements)
		}
	}
}
