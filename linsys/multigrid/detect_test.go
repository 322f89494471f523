package multigrid

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"solve/internal/problems"
	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

func obstacles(t testing.TB, scene string, n int, flat bool, seed uint64) *matrix.CSR {
	t.Helper()
	a, err := problems.Obstacles{N: n, Scene: scene, Flat: flat, Seed: seed, Solid: .3}.Matrix()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func boxLaplacian(t testing.TB, nx, ny, nz int) *matrix.CSR {
	t.Helper()
	s := &matrix.Stencil{Nx: nx, Ny: ny, Nz: nz, Centre: 6, X: -1, Y: -1, Z: -1}
	a, err := s.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// permuted is P A Pᵀ for a random permutation.
func permuted(t testing.TB, a *matrix.CSR, seed uint64) *matrix.CSR {
	t.Helper()
	to := rng.New(seed).Perm(a.Rows)
	coo, err := matrix.NewCOO(a.Rows, a.Cols, a.NNZ())
	if err != nil {
		t.Fatal(err)
	}
	a.DoNonZero(func(i, j int, v float64) {
		if err := coo.Append(to[i], to[j], v); err != nil {
			t.Fatal(err)
		}
	})
	b, _, err := coo.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// checkGrid compares the grid with the matrix entry by entry.
func checkGrid(t *testing.T, a *matrix.CSR, g *Grid) {
	t.Helper()
	if r, _ := g.Dims(); r != a.Rows {
		t.Fatalf("%d unknowns, want %d", r, a.Rows)
	}
	seen := map[[3]int]bool{}
	for i := range a.Rows {
		x, y, z := g.Cell(i)
		if seen[[3]int{x, y, z}] {
			t.Fatalf("two unknowns in cell %d,%d,%d", x, y, z)
		}
		seen[[3]int{x, y, z}] = true
	}
	a.DoNonZero(func(i, j int, v float64) {
		x, y, z := g.Cell(i)
		u, v2, w := g.Cell(j)
		far := math.Abs(float64(x-u)) + math.Abs(float64(y-v2)) + math.Abs(float64(z-w))
		if i != j && v != 0 && far != 1 {
			t.Fatalf("entry (%d,%d) has length %g", i, j, far)
		}
	})
	draw := rng.New(7)
	x, y, want := make([]float64, a.Rows), make([]float64, a.Rows), make([]float64, a.Rows)
	for i := range x {
		x[i] = draw.Normal()
	}
	g.MulVecTo(y, false, x)
	a.MulVecTo(want, false, x)
	for i := range y {
		if math.Abs(y[i]-want[i]) > 1e-12*(1+math.Abs(want[i])) {
			t.Fatalf("row %d: %v, want %v", i, y[i], want[i])
		}
	}
}

func TestDetectScenes(t *testing.T) {
	for _, flat := range []bool{false, true} {
		for _, scene := range problems.ObstacleScenes {
			n := 20
			if flat {
				n = 60
			}
			t.Run(fmt.Sprintf("%s flat=%v", scene, flat), func(t *testing.T) {
				a := obstacles(t, scene, n, flat, 3)
				g, err := Detect(t.Context(), a, nil)
				if err != nil {
					t.Error(err)
				} else {
					checkGrid(t, a, g)
				}
				b := permuted(t, a, 5)
				if _, err := Detect(t.Context(), b, nil); !errors.Is(err, ErrNoGrid) {
					t.Errorf("a small permuted matrix was not refused: %v", err)
				}
				if g, err = Detect(t.Context(), b, &DetectOptions{Thorough: true}); err == nil {
					checkGrid(t, b, g)
					return
				}
				t.Log("permuted: ", err)
				certain := !flat && (scene == "balls" || scene == "dam") || scene == "empty"
				if !errors.Is(err, ErrNoGrid) || certain {
					t.Error(err)
				}
			})
		}
	}
}

func TestDetectBoxes(t *testing.T) {
	for _, side := range [][3]int{{1, 1, 1}, {1, 1, 2}, {1, 1, 50}, {1, 7, 9}, {5, 1, 8}, {4, 5, 6}, {2, 2, 2}, {3, 2, 2}, {2, 9, 3}, {9, 9, 9}} {
		a := boxLaplacian(t, side[0], side[1], side[2])
		g, err := Detect(t.Context(), a, nil)
		if err != nil {
			t.Errorf("%v: %v", side, err)
			continue
		}
		checkGrid(t, a, g)
		if !g.Constant() {
			t.Errorf("%v: not constant", side)
		}
		g, err = Detect(t.Context(), a, &DetectOptions{Shape: side[:]})
		if err != nil {
			t.Errorf("%v as given: %v", side, err)
			continue
		}
		checkGrid(t, a, g)
	}
}

func TestDetectMask(t *testing.T) {
	a := boxLaplacian(t, 1, 1, 4)
	_, err := Detect(t.Context(), a, &DetectOptions{Shape: []int{2, 3}, Mask: []bool{true, true, false, true, true, false}})
	if !errors.Is(err, ErrNoGrid) {
		t.Errorf("a path of 4 on two pairs of cells: %v", err)
	}
	g, err := Detect(t.Context(), a, &DetectOptions{Shape: []int{2, 4}, Mask: []bool{true, true, true, true, false, false, false, false}})
	if err != nil {
		t.Fatal(err)
	}
	checkGrid(t, a, g)
	for _, o := range []DetectOptions{{Shape: []int{4}}, {Shape: []int{2, 3}}, {Shape: []int{-2, -2}}, {Shape: []int{2, 2}, Mask: make([]bool, 3)}} {
		if _, err := Detect(t.Context(), a, &o); !errors.Is(err, solver.ErrDimension) {
			t.Errorf("%v: %v", o.Shape, err)
		}
	}
}

func TestDetectRefuses(t *testing.T) {
	edit := func(change func(a *matrix.CSR)) *matrix.CSR {
		a := boxLaplacian(t, 6, 6, 6)
		change(a)
		return a
	}
	set := func(a *matrix.CSR, i, j int, v float64) {
		for k := a.RowPtr[i]; k < a.RowPtr[i+1]; k++ {
			if int(a.Col[k]) == j {
				a.Val[k] = v
			}
		}
	}
	rotated, _ := problems.Find("anisotropic")
	inst, err := rotated.Generate(problems.Values{"n": "9", "dim": "2", "angle": "30"}, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]*matrix.CSR{
		"9-point":          inst.Files[0].Sparse,
		"positive":         edit(func(a *matrix.CSR) { set(a, 3, 4, 1); set(a, 4, 3, 1) }),
		"unsymmetric":      edit(func(a *matrix.CSR) { set(a, 3, 4, -.5) }),
		"zero on one side": edit(func(a *matrix.CSR) { set(a, 3, 4, 0) }),
		"not dominant":     edit(func(a *matrix.CSR) { set(a, 50, 50, 1) }),
		"infinite":         edit(func(a *matrix.CSR) { set(a, 50, 50, math.Inf(1)) }),
		"not a number":     edit(func(a *matrix.CSR) { set(a, 3, 4, math.NaN()) }),
		"zero diagonal":    edit(func(a *matrix.CSR) { set(a, 50, 50, 0) }),
		"diagonal":         {Rows: 2, Cols: 2, RowPtr: []int64{0, 1, 2}, Col: []int32{0, 1}, Val: []float64{1, 1}},
	} {
		for _, thorough := range []bool{false, true} {
			_, err := Detect(t.Context(), a, &DetectOptions{Thorough: thorough})
			var refusal *Refusal
			if !errors.As(err, &refusal) || !errors.Is(err, ErrNoGrid) {
				t.Errorf("%s: %v", name, err)
			} else if !thorough {
				t.Logf("%s: %v", name, err)
			}
		}
	}
	if _, err := Detect(t.Context(), &matrix.CSR{Rows: 1, Cols: 2, RowPtr: []int64{0, 0}}, nil); !errors.Is(err, solver.ErrDimension) {
		t.Errorf("rectangular: %v", err)
	}
	if _, err := Detect(t.Context(), boxLaplacian(t, 9, 9, 9), &DetectOptions{MaxMemory: 1000}); !errors.Is(err, solver.ErrTooLarge) {
		t.Errorf("memory: %v", err)
	}
}

// Random sparse graphs of low degree are refused or embedded rightly.
func TestDetectRandomGraphs(t *testing.T) {
	draw := rng.New(11)
	embedded := 0
	for range 300 {
		n := 2 + draw.Below(12)
		coo, _ := matrix.NewCOO(n, n, 4*n)
		for range draw.Below(2 * n) {
			i, j := draw.Below(n), draw.Below(n)
			if i != j {
				_ = coo.Append(i, j, -1)
				_ = coo.Append(j, i, -1)
			}
		}
		for i := range n {
			_ = coo.Append(i, i, 30)
		}
		a, _, err := coo.ToCSR()
		if err != nil {
			t.Fatal(err)
		}
		g, err := Detect(t.Context(), a, &DetectOptions{Thorough: true})
		if err == nil {
			checkGrid(t, a, g)
			embedded++
		} else if !errors.Is(err, ErrNoGrid) {
			t.Error(err)
		}
	}
	t.Logf("%d of 300 embedded", embedded)
}

// Coefficients that differ from face to face, in natural order and with
// cells left out.
func TestDetectWeights(t *testing.T) {
	draw := rng.New(3)
	kappa := make([]float64, 7*6*5)
	for k := range kappa {
		kappa[k] = math.Exp(draw.Normal())
	}
	a, err := problems.FiniteVolume(7, 6, 5, [3]float64{1, 2, 3}, func(i, j, k int) float64 { return kappa[(i*6+j)*5+k] })
	if err != nil {
		t.Fatal(err)
	}
	g, err := Detect(t.Context(), a, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkGrid(t, a, g)
	if g.Constant() || g.Contrast() < 2 {
		t.Errorf("constant %v, contrast %v", g.Constant(), g.Contrast())
	}
}

// However an entry of a grid is changed, the grid found is that of the matrix
// as it is, or there is none.
func TestDetectReadsEveryEntry(t *testing.T) {
	draw := rng.New(4)
	for _, whole := range []*matrix.CSR{boxLaplacian(t, 5, 6, 40), boxLaplacian(t, 1, 8, 50), obstacles(t, "platesx", 14, false, 2), obstacles(t, "balls", 16, false, 2)} {
		refused := 0
		for range 150 {
			a := &matrix.CSR{Rows: whole.Rows, Cols: whole.Cols, RowPtr: whole.RowPtr, Col: slices.Clone(whole.Col), Val: slices.Clone(whole.Val)}
			e := draw.Below(len(a.Val))
			switch draw.Below(3) {
			case 0:
				a.Val[e] *= 1.5
			case 1:
				a.Val[e] = 0
			default: // to the next column, where that is free
				row, _ := slices.BinarySearchFunc(a.RowPtr, int64(e), func(p, e int64) int {
					if p <= e {
						return -1
					}
					return 1
				})
				if last := int64(e)+1 == a.RowPtr[row]; int(a.Col[e])+1 == a.Cols || !last && a.Col[e+1] == a.Col[e]+1 {
					continue
				}
				a.Col[e]++
			}
			g, err := Detect(t.Context(), a, nil)
			if err != nil {
				if !errors.Is(err, ErrNoGrid) {
					t.Fatal(err)
				}
				refused++
				continue
			}
			checkGrid(t, a, g)
		}
		if refused == 0 {
			t.Error("nothing refused")
		}
	}
}
