package problems

import (
	"errors"
	"math"
	"testing"

	"solve/matrix"
	"solve/solver"
)

func generateSparse(t *testing.T, name string, v Values, seed uint64) *matrix.CSR {
	t.Helper()
	g, ok := Find(name)
	if !ok {
		t.Fatalf("no generator %q", name)
	}
	inst, err := g.Generate(v, seed, 0)
	if err != nil {
		t.Fatal(err)
	}
	a := inst.Files[0].Sparse
	if inst.Files[0].Name != "A" || a == nil {
		t.Fatalf("%s: no matrix A", name)
	}
	checked, err := matrix.NewCSR(a.Rows, a.Cols, a.RowPtr, a.Col, a.Val)
	if err != nil {
		t.Fatal(err)
	}
	return checked
}

// isSymmetric compares every entry with its mirror image.
func isSymmetric(a *matrix.CSR) bool {
	same := true
	a.DoNonZero(func(i, j int, v float64) { same = same && math.Abs(a.At(j, i)-v) <= 1e-15*math.Abs(v) })
	return same
}

func rowSum(a *matrix.CSR, i int) float64 {
	_, val := a.Row(i)
	sum := 0.
	for _, v := range val {
		sum += v
	}
	return sum
}

func TestPoissonEntries(t *testing.T) {
	a := generateSparse(t, "poisson2d", Values{"n": "3"}, 0)
	if a.Rows != 9 || a.At(4, 4) != 4 || a.At(4, 1) != -1 || a.At(4, 3) != -1 || a.At(2, 3) != 0 || a.NNZ() != 9+2*12 {
		t.Errorf("poisson2d: %d rows, %d entries", a.Rows, a.NNZ())
	}
	a = generateSparse(t, "poisson3d", Values{"n": "4"}, 0)
	if a.Rows != 64 || a.At(21, 21) != 6 || a.At(21, 5) != -1 || a.NNZ() != 64+2*3*48 || rowSum(a, 21) != 0 {
		t.Errorf("poisson3d: %d rows, %d entries", a.Rows, a.NNZ())
	}
}

// A rotated operator annihilates linear functions inside and its quadratic
// form on quadratics is that of K; without rotation it is the 5-point one.
func TestAnisotropic(t *testing.T) {
	const n = 7
	a := generateSparse(t, "anisotropic", Values{"n": "7", "dim": "2", "eps": "1e-3", "angle": "30"}, 0)
	if !isSymmetric(a) {
		t.Error("rotated: not symmetric")
	}
	c, s := math.Cos(math.Pi/6), math.Sin(math.Pi/6)
	k11, k22, k12 := c*c+1e-3*s*s, s*s+1e-3*c*c, (1-1e-3)*c*s
	middle := 3*n + 3
	for name, f := range map[string]struct {
		u    func(x, y float64) float64
		want float64
	}{
		"1":  {func(x, y float64) float64 { return 1 }, 0},
		"x":  {func(x, y float64) float64 { return x }, 0},
		"y":  {func(x, y float64) float64 { return y }, 0},
		"x²": {func(x, y float64) float64 { return x * x }, -2 * k11},
		"y²": {func(x, y float64) float64 { return y * y }, -2 * k22},
		"xy": {func(x, y float64) float64 { return x * y }, -2 * k12},
	} {
		col, val := a.Row(middle)
		sum := 0.
		for q, j := range col {
			sum += val[q] * f.u(float64(int(j)/n-3), float64(int(j)%n-3))
		}
		if math.Abs(sum-f.want) > 1e-12 {
			t.Errorf("−∇·K∇ %s = %v, want %v", name, sum, f.want)
		}
	}
	a = generateSparse(t, "anisotropic", Values{"n": "5", "eps": "0.01", "weak": "xz"}, 0)
	if i := 62; a.At(i, i) != 2*1.02 || a.At(i, i+1) != -.01 || a.At(i, i+5) != -1 || a.At(i, i-25) != -.01 {
		t.Errorf("weak xz: %v %v %v %v", a.At(i, i), a.At(i, i+1), a.At(i, i+5), a.At(i, i-25))
	}
}

func TestJumps(t *testing.T) {
	a := generateSparse(t, "jumps", Values{"n": "6", "block": "3", "contrast": "2", "kind": "checkerboard"}, 0)
	if !isSymmetric(a) {
		t.Error("not symmetric")
	}
	// inside the block of 100, across to that of 1/100
	if i := (1*6+1)*6 + 1; math.Abs(a.At(i, i+1)+100) > 1e-12 || math.Abs(a.At(i+1, i+2)+2/(100+.01)) > 1e-12 || math.Abs(rowSum(a, i)) > 1e-10 {
		t.Errorf("%v %v %v", a.At(i, i+1), a.At(i+1, i+2), rowSum(a, i))
	}
	if s := rowSum(a, 0); math.Abs(s-300) > 1e-10 { // three outer faces
		t.Errorf("corner adds up to %v", s)
	}
}

// Rows add up to the number of faces towards air, and the graph holds no
// fluid without a way to it.
func TestObstacles(t *testing.T) {
	for _, scene := range ObstacleScenes {
		for _, dim := range []string{"2", "3"} {
			a := generateSparse(t, "obstacles", Values{"n": "14", "scene": scene, "dim": dim}, 5)
			if !isSymmetric(a) || a.Rows == 0 {
				t.Errorf("%s: %d rows, or not symmetric", scene, a.Rows)
			}
			toAir := make([]bool, a.Rows)
			var queue []int
			for i := range a.Rows {
				s := rowSum(a, i)
				if s < 0 || s != math.Trunc(s) {
					t.Fatalf("%s: row %d adds up to %v", scene, i, s)
				}
				if s > 0 {
					toAir[i] = true
					queue = append(queue, i)
				}
			}
			for at := 0; at < len(queue); at++ {
				col, _ := a.Row(queue[at])
				for _, j := range col {
					if !toAir[j] {
						toAir[j] = true
						queue = append(queue, int(j))
					}
				}
			}
			if len(queue) != a.Rows {
				t.Errorf("%s: air reaches %d of %d cells", scene, len(queue), a.Rows)
			}
		}
	}
	// all fluid, air above: n³ cells, n² of them at the top
	a := generateSparse(t, "obstacles", Values{"n": "5", "scene": "empty"}, 0)
	if a.Rows != 125 || a.At(0, 0) != 3 || a.At(62, 62) != 6 || a.At(64, 64) != 6 || a.At(4, 4) != 4 {
		t.Errorf("empty: %d rows, diagonal %v %v %v", a.Rows, a.At(0, 0), a.At(62, 62), a.At(4, 4))
	}
}

func TestSparseGeneratorsRefuse(t *testing.T) {
	for _, c := range []struct {
		name string
		v    Values
		want error
	}{
		{"poisson3d", Values{"n": "0"}, solver.ErrOption},
		{"poisson3d", Values{"n": "1000"}, solver.ErrTooLarge},
		{"obstacles", Values{"scene": "castle"}, solver.ErrOption},
		{"obstacles", Values{"n": "1000"}, solver.ErrTooLarge},
		{"jumps", Values{"kind": "x"}, solver.ErrOption},
		{"jumps", Values{"contrast": "-1"}, solver.ErrOption},
		{"anisotropic", Values{"angle": "30"}, solver.ErrOption},
		{"anisotropic", Values{"weak": "w"}, solver.ErrOption},
	} {
		g, _ := Find(c.name)
		if _, err := g.Generate(c.v, 1, 1<<30); !errors.Is(err, c.want) {
			t.Errorf("%s %v: %v", c.name, c.v, err)
		}
	}
}
