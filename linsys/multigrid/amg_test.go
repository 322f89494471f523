package multigrid

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"solve/internal/kern"
	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// variant is a way to set up the preconditioner.
type variant struct {
	name string
	make func(context.Context, *matrix.CSR, *AMGOptions) (*AMG, error)
	opt  AMGOptions
}

func variants() []variant {
	var v []variant
	for _, s := range []string{"chebyshev", "l1-sgs", "spai0", "jacobi"} {
		for _, c := range []string{"v", "w"} {
			v = append(v, variant{"sa/" + s + "/" + c, NewSA, AMGOptions{Smoother: s, Cycle: c}})
		}
	}
	return append(v,
		variant{"sa/double", NewSA, AMGOptions{Double: true}},
		variant{"sa/unsmoothed", NewSA, AMGOptions{Unsmoothed: true}},
		variant{"sa/coarse 20", NewSA, AMGOptions{MaxCoarse: 20, Cycle: "w"}},
		variant{"sa/blocks", NewSA, AMGOptions{BlockSize: 2}},
		variant{"rs", NewRS, AMGOptions{}},
		variant{"rs/w", NewRS, AMGOptions{Cycle: "w", MaxCoarse: 20}},
		variant{"rs/pmis", NewRS, AMGOptions{PMIS: true}},
		variant{"rs/chebyshev", NewRS, AMGOptions{Smoother: "chebyshev"}})
}

// TestSymmetricPositiveDefinite: uᵀMv = vᵀMu and uᵀMu > 0.
func TestSymmetricPositiveDefinite(t *testing.T) {
	jumps := rng.New(5)
	links := geometricGraph(1600, 2)
	matrices := map[string]*matrix.CSR{
		"poisson2d":  poisson(t, 1, 46, 46),
		"poisson3d":  poisson(t, 12, 12, 12),
		"rotated":    rotated(t, 40, 1e-3, math.Pi/6),
		"mesh":       triangulated(t, 40, 3),
		"jumps":      laplacian(t, 1600, links, func(int) float64 { return math.Pow(10, 4*jumps.Float64()) }, 1e-2),
		"big blocks": poisson(t, 1, 340, 340), // several blocks of Gauss–Seidel
	}
	for name, a := range matrices {
		for _, v := range variants() {
			if name == "big blocks" && v.name != "sa/l1-sgs/w" {
				continue
			}
			t.Run(name+"/"+v.name, func(t *testing.T) {
				v.opt.MaxCoarse = max(50, v.opt.MaxCoarse)
				m, err := v.make(t.Context(), a, &v.opt)
				if err != nil {
					t.Fatal(err)
				}
				n := a.Rows
				mu, mv := make([]float64, n), make([]float64, n)
				for k := range uint64(20) {
					u, w := normals(n, 2*k), normals(n, 2*k+1)
					m.Apply(mu, u)
					m.Apply(mv, w)
					uu, vu, uv := kern.Dot(u, mu), kern.Dot(w, mu), kern.Dot(u, mv)
					ww := kern.Dot(w, mv)
					if !(uu > 0) {
						t.Fatalf("uᵀMu = %g", uu)
					}
					tol := 1e-5
					if v.opt.Double {
						tol = 1e-11
					}
					if diff := math.Abs(uv - vu); !(diff <= tol*math.Sqrt(uu*ww)) {
						t.Fatalf("uᵀMv = %g, vᵀMu = %g", uv, vu)
					}
				}
			})
		}
	}
}

// TestSmallIsExact: a matrix that fits the coarsest level is inverted.
func TestSmallIsExact(t *testing.T) {
	for _, n := range []int{2, 3, 17} {
		a := poisson(t, 1, n, n)
		for _, v := range variants() {
			if a.Rows%max(1, v.opt.BlockSize) != 0 {
				continue
			}
			v.opt.MaxCoarse = 400
			m, err := v.make(t.Context(), a, &v.opt)
			if err != nil {
				t.Fatal(err)
			}
			b := normals(a.Rows, 1)
			z, back := make([]float64, a.Rows), make([]float64, a.Rows)
			m.Apply(z, b)
			a.MulVecTo(back, false, z)
			for i := range b {
				if math.Abs(back[i]-b[i]) > 1e-4 {
					t.Fatalf("n=%d %s: A M b is %g instead of %g", a.Rows, v.name, back[i], b[i])
				}
			}
		}
	}
}

func diagonal(t *testing.T, d []float64) *matrix.CSR {
	t.Helper()
	b, err := matrix.NewCOO(len(d), len(d), len(d))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range d {
		if v != 0 {
			_ = b.Append(i, i, v)
		}
	}
	return toCSR(t, b)
}

func TestDegenerate(t *testing.T) {
	long := make([]float64, 5000)
	for i := range long {
		long[i] = 1 + float64(i%7)
	}
	withEmpty := slices.Clone(long)
	withEmpty[17] = 0
	path := make([][2]int, 0, 2500)
	for i := 0; i+1 < 2500; i++ {
		path = append(path, [2]int{2 * i, 2*i + 2}) // odd ones have no neighbour
	}
	cases := map[string]*matrix.CSR{
		"empty":    diagonal(t, nil),
		"one":      diagonal(t, []float64{4}),
		"diagonal": diagonal(t, long),
		"void row": diagonal(t, withEmpty),
		"isolated": laplacian(t, 5000, path, func(int) float64 { return 1 }, 0.1),
	}
	for name, a := range cases {
		for _, v := range variants() {
			if a.Rows%max(1, v.opt.BlockSize) != 0 {
				continue
			}
			t.Run(name+"/"+v.name, func(t *testing.T) {
				m, err := v.make(t.Context(), a, &v.opt)
				if err != nil {
					t.Fatal(err)
				}
				if m.Levels() < 1 || m.OperatorComplexity() < 1 || (a.Rows > 0 && m.Bytes() <= 0) {
					t.Errorf("%d levels, operator complexity %g, %d bytes", m.Levels(), m.OperatorComplexity(), m.Bytes())
				}
				b := make([]float64, a.Rows)
				for i := range b {
					if c, _ := a.Row(i); len(c) > 0 {
						b[i] = 1 + float64(i%3)
					}
				}
				if a.Rows == 0 {
					m.Apply(b, b)
					return
				}
				if k, _, res := conjugateGradients(a, m, b, 1e-8, 60); !(res <= 2e-8) {
					t.Errorf("residual %.1e after %d iterations", res, k)
				}
			})
		}
	}
}

// TestNeumann: graph Laplacians of several components, whose null space is
// unknown to the preconditioner.
func TestNeumann(t *testing.T) {
	var links [][2]int
	n, sizes := 0, []int{3000, 900, 2, 5, 1}
	for k, size := range sizes {
		if size > 10 {
			for _, l := range geometricGraph(size, uint64(k)) {
				links = append(links, [2]int{n + l[0], n + l[1]})
			}
		} else {
			for i := 1; i < size; i++ {
				links = append(links, [2]int{n, n + i})
			}
		}
		n += size
	}
	a := laplacian(t, n, links, func(int) float64 { return 1 }, 0)
	x := normals(n, 3)
	b := make([]float64, n)
	a.MulVecTo(b, false, x)
	for _, v := range variants() {
		if v.opt.BlockSize > 1 {
			continue
		}
		m, err := v.make(t.Context(), a, &v.opt)
		if err != nil {
			t.Errorf("%s: %v", v.name, err)
			continue
		}
		if k, _, res := conjugateGradients(a, m, b, 1e-8, 150); !(res <= 2e-8) {
			t.Errorf("%s: residual %.1e after %d iterations", v.name, res, k)
		}
	}
}

func TestRefused(t *testing.T) {
	flipped := poisson(t, 1, 40, 40)
	for k := range flipped.Val {
		flipped.Val[k] = -flipped.Val[k]
	}
	shifted := poisson(t, 1, 40, 40) // indefinite, with a positive diagonal
	for i := range shifted.Rows {
		for k := shifted.RowPtr[i]; k < shifted.RowPtr[i+1]; k++ {
			if int(shifted.Col[k]) == i {
				shifted.Val[k] = 3.9
			}
		}
	}
	wide, err := matrix.NewCSR(1, 2, []int64{0, 1}, []int32{1}, []float64{1})
	if err != nil {
		t.Fatal(err)
	}
	good := poisson(t, 1, 40, 40)
	near, _ := matrix.NewDense(7, 1, nil)
	infinite, _ := matrix.NewDense(1600, 1, nil)
	infinite.Data[3] = math.Inf(1)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		a    *matrix.CSR
		opt  AMGOptions
		want error
	}{
		{"negative diagonal", t.Context(), flipped, AMGOptions{}, solver.ErrNotPositiveDefinite},
		{"indefinite", t.Context(), shifted, AMGOptions{}, solver.ErrNotPositiveDefinite},
		{"shape", t.Context(), wide, AMGOptions{}, solver.ErrDimension},
		{"near-null vectors", t.Context(), good, AMGOptions{NearNull: near}, solver.ErrDimension},
		{"infinite near-null vector", t.Context(), good, AMGOptions{NearNull: infinite}, solver.ErrNonFinite},
		{"block size", t.Context(), good, AMGOptions{BlockSize: 3}, solver.ErrDimension},
		{"theta", t.Context(), good, AMGOptions{Theta: 2}, solver.ErrOption},
		{"smoother", t.Context(), good, AMGOptions{Smoother: "ilu"}, solver.ErrOption},
		{"cycle", t.Context(), good, AMGOptions{Cycle: "f"}, solver.ErrOption},
		{"degree", t.Context(), good, AMGOptions{Degree: -1}, solver.ErrOption},
		{"memory", t.Context(), good, AMGOptions{MaxMemory: 1000}, solver.ErrTooLarge},
		{"cancelled", cancelled, good, AMGOptions{}, context.Canceled},
	} {
		if _, err := NewSA(c.ctx, c.a, &c.opt); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, err := NewRS(c.ctx, c.a, &c.opt); !errors.Is(err, c.want) && c.opt.NearNull == nil && c.opt.BlockSize == 0 {
			t.Errorf("%s by NewRS: %v", c.name, err)
		}
	}
}

// TestSameBits: the hierarchy and its cycle don't depend on the threads.
func TestSameBits(t *testing.T) {
	big := poisson(t, 1, 340, 340) // several blocks of Gauss–Seidel
	mesh := triangulated(t, 90, 1)
	for _, v := range variants() {
		t.Run(v.name, func(t *testing.T) {
			a := mesh
			if v.name == "sa/l1-sgs/w" || v.name == "rs" {
				a = big
			}
			b := normals(a.Rows, 1)
			var want []float64
			for _, threads := range []int{1, 2, 3} {
				v.opt.Threads = threads
				m, err := v.make(t.Context(), a, &v.opt)
				if err != nil {
					t.Fatal(err)
				}
				z := make([]float64, a.Rows)
				m.Apply(z, b)
				if threads == 1 {
					want = z
				} else if !slices.Equal(z, want) {
					t.Errorf("%d threads differ from one", threads)
				}
			}
		})
	}
}

func TestApplyAllocatesNothing(t *testing.T) {
	a := poisson(t, 1, 150, 150)
	r, z := normals(a.Rows, 1), make([]float64, a.Rows)
	for k, v := range variants() {
		v.opt.Threads = 1 + k%2
		if underRace {
			v.opt.Threads = 1 // the pools of the loops allocate
		}
		m, err := v.make(t.Context(), a, &v.opt)
		if err != nil {
			t.Fatal(err)
		}
		if k := testing.AllocsPerRun(5, func() { m.Apply(z, r) }); k != 0 {
			t.Errorf("%s: %g allocations", v.name, k)
		}
	}
}

// TestScaling: powers of two in A and r come out exactly; extreme ones
// neither overflow nor vanish in float32.
func TestScaling(t *testing.T) {
	a := poisson(t, 1, 50, 50)
	r, z, y := normals(a.Rows, 1), make([]float64, a.Rows), make([]float64, a.Rows)
	m, err := NewSA(t.Context(), a, nil)
	if err != nil {
		t.Fatal(err)
	}
	m.Apply(z, r)
	for _, e := range []int{-600, -1, 4, 600} {
		s := make([]float64, len(r))
		for i := range s {
			s[i] = math.Ldexp(r[i], e)
		}
		m.Apply(y, s)
		for i := range y {
			if y[i] != math.Ldexp(z[i], e) {
				t.Fatalf("2^%d: %g instead of %g", e, y[i], math.Ldexp(z[i], e))
			}
		}
	}
	for i := range a.Val {
		a.Val[i] = math.Ldexp(a.Val[i], 400)
	}
	if m, err = NewSA(t.Context(), a, nil); err != nil {
		t.Fatal(err)
	}
	m.Apply(y, r)
	for i := range y {
		if y[i] != math.Ldexp(z[i], -400) {
			t.Fatalf("scaled matrix: %g instead of %g", y[i], math.Ldexp(z[i], -400))
		}
	}
}

func TestRebuild(t *testing.T) {
	a := poisson(t, 1, 80, 80)
	b := normals(a.Rows, 4)
	for _, v := range variants() {
		m, err := v.make(t.Context(), a, &v.opt)
		if err != nil {
			t.Fatal(err)
		}
		before, _, _ := conjugateGradients(a, m, b, 1e-8, 200)
		other := poisson(t, 1, 80, 80)
		for i := range other.Rows {
			for k := other.RowPtr[i]; k < other.RowPtr[i+1]; k++ {
				if int(other.Col[k]) == i {
					other.Val[k] += 0.01 * float64(i%5)
				}
				other.Val[k] *= 3
			}
		}
		levels := m.Levels()
		if err := m.Rebuild(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		k, _, res := conjugateGradients(other, m, b, 1e-8, 200)
		if !(res <= 2e-8) || k > before+1 || m.Levels() != levels {
			t.Errorf("%s: %d iterations after Rebuild, %d before; residual %.1e; %d and %d levels", v.name, k, before, res, m.Levels(), levels)
		}
	}
	m, err := NewSA(t.Context(), a, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Rebuild(t.Context(), poisson(t, 1, 5, 5)); !errors.Is(err, solver.ErrDimension) {
		t.Error(err)
	}
}

func ExampleNewSA() {
	a, _ := (&matrix.Stencil{Nx: 1, Ny: 100, Nz: 100, Centre: 4, Y: -1, Z: -1}).ToCSR()
	m, err := NewSA(context.Background(), a, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d levels, operator complexity %.1f\n", m.Levels(), m.OperatorComplexity())
	// Output: 3 levels, operator complexity 1.3
}
