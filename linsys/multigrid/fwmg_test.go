package multigrid

import (
	"fmt"
	"math"
	"testing"

	"solve/internal/kern"
	"solve/internal/problems"
	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

func detected(t testing.TB, a *matrix.CSR) *Grid {
	t.Helper()
	g, err := Detect(t.Context(), a, &DetectOptions{Thorough: true})
	if err != nil {
		t.Fatalf("%d rows: %v", a.Rows, err)
	}
	return g
}

func newTestFWMG(t testing.TB, a *matrix.CSR, opt *FWOptions) *FWMG {
	t.Helper()
	m, err := NewFWMG(t.Context(), detected(t, a), opt)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func gaussian(n int, seed uint64) []float64 {
	draw := rng.New(seed)
	v := make([]float64, n)
	for i := range v {
		v[i] = draw.Normal()
	}
	return v
}

// generated is the matrix of a generator.
func generated(t testing.TB, name string, v problems.Values, seed uint64) *matrix.CSR {
	t.Helper()
	g, ok := problems.Find(name)
	if !ok {
		t.Fatalf("no generator %q", name)
	}
	inst, err := g.Generate(v, seed, 0)
	if err != nil {
		t.Fatal(err)
	}
	return inst.Files[0].Sparse
}

// solveTo runs PCG and checks the residual with the matrix itself.
func solveTo(t testing.TB, a *matrix.CSR, m *FWMG, seed uint64, tol float64) (x []float64, res PCGResult) {
	t.Helper()
	b := gaussian(a.Rows, seed)
	x = make([]float64, a.Rows)
	res, err := m.PCG(t.Context(), x, b, tol, 200, nil)
	if err != nil {
		t.Fatal(err)
	}
	if rho := trueResidual(a, x, b); res.Reason != solver.Tolerance || !(rho <= tol*(1+1e-6)) {
		t.Errorf("%s after %d iterations, residual %.3g said to be %.3g %v", res.Reason, res.Iterations, rho, res.Residual, res.Fallbacks)
	}
	return x, res
}

func trueResidual(a *matrix.CSR, x, b []float64) float64 {
	y := make([]float64, len(b))
	a.MulVecTo(y, false, x)
	rr, bb := 0., 0.
	for i := range y {
		rr += (b[i] - y[i]) * (b[i] - y[i])
		bb += b[i] * b[i]
	}
	return math.Sqrt(rr / bb)
}

func TestFWMGIterations(t *testing.T) {
	sizes := []int{32}
	if !testing.Short() {
		sizes = []int{32, 64}
	}
	for _, n := range sizes {
		for _, c := range []struct {
			scene string
			flat  bool
			most  int
		}{
			{"empty", false, 13}, {"balls", false, 13}, {"porous", false, 13}, {"dam", false, 13}, {"plates", false, 13},
			{"platesx", false, 14 - n/64}, {"walls", false, 13}, {"serpentine", false, 15}, {"random", false, 19},
			{"empty", true, 13}, {"balls", true, 13}, {"porous", true, 13}, {"platesx", true, 13},
		} {
			t.Run(fmt.Sprintf("%s %d flat=%v", c.scene, n, c.flat), func(t *testing.T) {
				a := obstacles(t, c.scene, n, c.flat, 3)
				m := newTestFWMG(t, a, nil)
				for seed := range uint64(3) {
					_, res := solveTo(t, a, m, seed, 1e-8)
					if res.Iterations > c.most || len(res.Fallbacks) > 0 {
						t.Errorf("%d iterations, want at most %d; %v", res.Iterations, c.most, res.Fallbacks)
					}
					if seed == 0 {
						t.Logf("%d iterations, complexity %.3f, %d levels", res.Iterations, m.OperatorComplexity(), m.Levels())
					}
				}
			})
		}
	}
}

// optionSets are what the properties of the preconditioner are tested with.
var optionSets = map[string]FWOptions{
	"defaults":      {},
	"learned":       {Theta: [3]float64{1.4, 2.2, 1.8}},
	"plain":         {OmegaB: 1, Theta: [3]float64{1, 1, 1}},
	"over-relaxed":  {OmegaR: 1.3, OmegaB: .8},
	"V-cycle":       {VCycle: true},
	"float64":       {Float64: true},
	"strength":      {Strength: .12},
	"strong float":  {Strength: .12, Float64: true, OmegaR: 1.1},
	"three threads": {Threads: 3},
}

// testMatrices have all that the lists of extras can meet.
func testMatrices(t testing.TB) map[string]*matrix.CSR {
	t.Helper()
	draw := rng.New(9)
	kappa := make([]float64, 19*17*15)
	for k := range kappa {
		kappa[k] = math.Exp(1.5 * draw.Normal())
	}
	weighted, err := problems.FiniteVolume(19, 17, 15, [3]float64{1, 1, 1}, func(i, j, k int) float64 { return kappa[(i*17+j)*15+k] })
	if err != nil {
		t.Fatal(err)
	}
	sparse, err := problems.Obstacles{N: 20, Scene: "random", Solid: .4, Seed: 4}.Matrix()
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*matrix.CSR{
		"random 30 %":      obstacles(t, "random", 33, false, 5),
		"random 40 %":      sparse,
		"random flat":      obstacles(t, "random", 90, true, 5),
		"serpentine":       obstacles(t, "serpentine", 21, false, 5),
		"weights":          weighted,
		"box":              boxLaplacian(t, 33, 17, 23),
		"plane":            boxLaplacian(t, 1, 70, 61),
		"line":             boxLaplacian(t, 1, 1, 900),
		"weak axis":        generated(t, "anisotropic", problems.Values{"n": "20", "eps": "1e-3", "weak": "x"}, 1),
		"two weak axes":    generated(t, "anisotropic", problems.Values{"n": "17", "eps": "1e-3", "weak": "xz"}, 1),
		"random, permuted": permuted(t, obstacles(t, "balls", 20, false, 3), 5),
	}
}

// |uᵀMv − vᵀMu| is at rounding level and uᵀMu > 0.
func TestFWMGIsSymmetricPositiveDefinite(t *testing.T) {
	for name, a := range testMatrices(t) {
		g := detected(t, a)
		for set, opt := range optionSets {
			m, err := NewFWMG(t.Context(), g, &opt)
			if err != nil {
				t.Errorf("%s, %s: %v", name, set, err)
				continue
			}
			tol := 1e-6
			switch {
			case opt.Float64:
				tol = 1e-13
			case name == "random flat": // near percolation M spans six decades
				tol = 1e-5
			}
			mu, mv := make([]float64, a.Rows), make([]float64, a.Rows)
			for seed := range uint64(3) {
				u, v := gaussian(a.Rows, 2*seed+1), gaussian(a.Rows, 2*seed+2)
				m.Apply(mu, u)
				m.Apply(mv, v)
				size := kern.Dot(u, mu)
				if diff := math.Abs(kern.Dot(u, mv) - kern.Dot(v, mu)); !(diff <= tol*size) {
					t.Errorf("%s, %s: uᵀMv − vᵀMu is %.2g of uᵀMu", name, set, diff/size)
					break
				}
			}
		}
	}
}

// A_c = QᵀAQ on every level, exactly where weights are integers.
func TestFWMGGalerkin(t *testing.T) {
	for name, a := range testMatrices(t) {
		for _, strength := range []float64{-1, .12} {
			m := newTestFWMG(t, a, &FWOptions{Float64: true, Strength: strength})
			h := m.cycle.(*fwHierarchy[float64])
			draw := rng.New(3)
			for k := range len(h.level) - 1 {
				diff, size := galerkinGap(h.level[k], h.level[k+1], &h.full, draw)
				exact := a.Val[0] == math.Trunc(a.Val[0])
				if diff > 0 && exact || diff > 1e-13*size {
					t.Errorf("%s, strength %g, level %d: A_c v and QᵀAQ v differ by %g of %g", name, strength, k, diff, size)
				}
			}
		}
	}
}

// galerkinGap compares A_c v with QᵀAQv for a vector of small integers.
func galerkinGap(l, c *fwLevel[float64], full *kern.Mix[float64], draw *rng.Stream) (diff, size float64) {
	clear(l.x)
	clear(l.b)
	clear(c.b)
	live := func(r int32) bool {
		if r >= c.firstExtra() {
			return c.extras.d[r-c.firstExtra()] > 0
		}
		return c.inverseOf(int(r)) > 0
	}
	for r := range c.x {
		c.x[r] = 0
		if r >= c.faces.Guard() && (r < c.faces.Guard()+c.cells() || r >= int(c.firstExtra())) && live(int32(r)) {
			c.x[r] = float64(draw.Below(9) - 4)
		}
	}
	for i := range l.faces.Planes {
		l.prolong(c, i, 1)
	}
	sums := make([]float64, l.faces.Plane())
	for i := range c.faces.Planes {
		l.restrict(c, i, full, false, sums)
	}
	for r := range c.x {
		if r < c.faces.Guard() || r >= c.faces.Guard()+c.cells() && r < int(c.firstExtra()) || !live(int32(r)) {
			continue
		}
		var d float64
		if r >= int(c.firstExtra()) {
			d = c.extras.d[r-int(c.firstExtra())]
		} else {
			d = c.faces.Diagonal(r)
		}
		want := -d * c.x[r]
		c.eachLink(int32(r), func(to int32, w float64) { want += w * c.x[to] })
		diff = max(diff, math.Abs(want-c.b[r]))
		size = max(size, math.Abs(d*c.x[r]))
	}
	return diff, size
}

// On 4×4×4 cells of fluid with solid walls and air above, the faces of level
// 1 have weight 4 and its diagonals 4 times the faces that are not wall.
func TestFWMGCoarseWeights(t *testing.T) {
	a := obstacles(t, "empty", 4, false, 0)
	l := finest[float32](detected(t, a))
	l.chooseFactor()
	c, err := coarsen(t.Context(), l, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := &c.faces
	for k := range c.cells() {
		x, y, z := k/4, k/2%2, k%2
		r := f.Guard() + k
		for axis, inside := range [3]bool{x == 0, y == 0, z == 0} {
			want := float32(0)
			if inside {
				want = 4
			}
			if f.W[axis][r] != want {
				t.Errorf("cell %d: weight %v along axis %d, want %v", k, f.W[axis][r], axis, want)
			}
		}
		if want := float32(4 * (3 + z)); f.D[r] != want {
			t.Errorf("cell %d: diagonal %v, want %v", k, f.D[r], want)
		}
	}
}
