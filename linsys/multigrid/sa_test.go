package multigrid

import (
	"math"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
)

// coarsened returns a set-up with the prolongation of the finest level.
func coarsened(t *testing.T, a *matrix.CSR, o *AMGOptions, coarsen func(*amgSetup) error, theta float64) *amgSetup {
	t.Helper()
	o, err := o.filled(theta)
	if err != nil {
		t.Fatal(err)
	}
	s := &amgSetup{ctx: t.Context(), opt: o}
	if _, err := s.start(a); err != nil {
		t.Fatal(err)
	}
	if err := coarsen(s); err != nil {
		t.Fatal(err)
	}
	return s
}

// times returns P x.
func (a *amgCSR[T]) times(x []float64) []float64 {
	y := make([]float64, a.rows)
	for i := range y {
		for k := a.ptr[i]; k < a.ptr[i+1]; k++ {
			y[i] += float64(a.val[k]) * x[a.col[k]]
		}
	}
	return y
}

func (a *amgCSR[T]) dense() [][]float64 {
	d := make([][]float64, a.rows)
	for i := range d {
		d[i] = make([]float64, a.cols)
		for k := a.ptr[i]; k < a.ptr[i+1]; k++ {
			d[i][a.col[k]] += float64(a.val[k])
		}
	}
	return d
}

// nullLaplacian is a graph Laplacian with random weights: it annihilates constants.
func nullLaplacian(t *testing.T, n int, seed uint64) *matrix.CSR {
	s := rng.New(seed)
	links := geometricGraph(n, seed)
	for i := 1; i < n; i++ {
		links = append(links, [2]int{i - 1, i})
	}
	return laplacian(t, n, links, func(int) float64 { return math.Pow(10, 2*s.Float64()) }, 0)
}

// TestProlongationReproducesConstants: P·1 = 1 where A·1 = 0, for every way
// of coarsening, weak connections or not.
func TestProlongationReproducesConstants(t *testing.T) {
	a := nullLaplacian(t, 900, 4)
	for _, c := range []struct {
		name    string
		opt     AMGOptions
		coarsen func(*amgSetup) error
		theta   float64
	}{
		{"sa", AMGOptions{}, coarsenSA, 0.5},
		{"sa θ=0", AMGOptions{Theta: -1}, coarsenSA, 0.5},
		{"unsmoothed", AMGOptions{Unsmoothed: true}, coarsenSA, 0.5},
		{"rs", AMGOptions{}, coarsenRS, 0.25},
		{"pmis", AMGOptions{PMIS: true}, coarsenRS, 0.25},
	} {
		s := coarsened(t, a, &c.opt, c.coarsen, c.theta)
		if s.p.cols < 2 || s.p.cols >= a.Rows {
			t.Fatalf("%s: %d coarse unknowns of %d", c.name, s.p.cols, a.Rows)
		}
		one := make([]float64, s.p.cols)
		for i := range one {
			one[i] = 1
		}
		for i, v := range s.p.times(one) {
			if math.Abs(v-1) > 1e-12 {
				t.Errorf("%s: row %d of P sums to %.15g", c.name, i, v)
				break
			}
		}
	}
}

// TestTentativeReproducesNearNull: T B_c = B for several vectors, and the
// columns of T are orthonormal; for one vector T B_c = B too.
func TestTentativeReproducesNearNull(t *testing.T) {
	const n = 600
	a := poisson(t, 1, 20, 30)
	for _, k := range []int{1, 3} {
		for _, block := range []int{1, 2} {
			b, err := matrix.NewDense(n, k, normals(n*k, 7))
			if err != nil {
				t.Fatal(err)
			}
			for i := range n / 2 { // dependent columns on many aggregates
				if k > 1 {
					b.Data[i*k+1] = 2 * b.Data[i*k]
				}
			}
			s := coarsened(t, a, &AMGOptions{NearNull: b, BlockSize: block, Unsmoothed: true}, coarsenSA, 0.5)
			for c := range k {
				coarse := make([]float64, s.p.cols)
				for i := range coarse {
					coarse[i] = s.near.v[i*k+c]
				}
				for i, v := range s.p.times(coarse) {
					if want := b.Data[i*k+c]; math.Abs(v-want) > 1e-12*(1+math.Abs(want)) {
						t.Fatalf("k=%d, blocks of %d: vector %d row %d is %g instead of %g", k, block, c, i, v, want)
					}
				}
			}
		}
	}
}

// elasticity is plane stress on an n×n grid of bilinear squares, clamped on
// one side, and its rigid-body modes.
func elasticity(t *testing.T, n int) (*matrix.CSR, *matrix.Dense) {
	t.Helper()
	const nu = 0.3
	k := [8]float64{0.5 - nu/6, 0.125 + nu/8, -0.25 - nu/12, -0.125 + 3*nu/8, -0.25 + nu/12, -0.125 - nu/8, nu / 6, 0.125 - 3*nu/8}
	order := [8][8]int{
		{0, 1, 2, 3, 4, 5, 6, 7}, {1, 0, 7, 6, 5, 4, 3, 2}, {2, 7, 0, 5, 6, 3, 4, 1}, {3, 6, 5, 0, 7, 2, 1, 4},
		{4, 5, 6, 7, 0, 1, 2, 3}, {5, 4, 3, 2, 1, 0, 7, 6}, {6, 3, 4, 1, 2, 7, 0, 5}, {7, 2, 1, 4, 3, 6, 5, 0},
	}
	b, err := matrix.NewCOO(2*n*n, 2*n*n, 64*n*n)
	if err != nil {
		t.Fatal(err)
	}
	for ex := range n {
		for ey := range n - 1 {
			corner := [4][2]int{{ex - 1, ey}, {ex, ey}, {ex, ey + 1}, {ex - 1, ey + 1}}
			for r := range 8 {
				for c := range 8 {
					p, q := corner[r/2], corner[c/2]
					if p[0] >= 0 && q[0] >= 0 {
						_ = b.Append(2*(p[0]*n+p[1])+r%2, 2*(q[0]*n+q[1])+c%2, k[order[r][c]])
					}
				}
			}
		}
	}
	modes, _ := matrix.NewDense(2*n*n, 3, nil)
	for x := range n {
		for y := range n {
			i := 2 * (x*n + y)
			modes.Data[i*3], modes.Data[(i+1)*3+1] = 1, 1
			modes.Data[i*3+2], modes.Data[(i+1)*3+2] = -float64(y), float64(x)
		}
	}
	return toCSR(t, b), modes
}

// TestRigidBodyModes: with its near-null vectors elasticity takes far fewer
// iterations than with the constant.
func TestRigidBodyModes(t *testing.T) {
	a, modes := elasticity(t, 40)
	b := normals(a.Rows, 2)
	m, err := NewSA(t.Context(), a, &AMGOptions{NearNull: modes, BlockSize: 2, MaxCoarse: 50})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := NewSA(t.Context(), a, &AMGOptions{MaxCoarse: 50})
	if err != nil {
		t.Fatal(err)
	}
	k, _, res := conjugateGradients(a, m, b, 1e-8, 300)
	without, _, _ := conjugateGradients(a, plain, b, 1e-8, 300)
	if m.Levels() < 3 || k > 13 || 3*k > 2*without || !(res <= 2e-8) {
		t.Errorf("%d levels, %d iterations, %d without rigid-body modes, residual %.1e", m.Levels(), k, without, res)
	}
}

// TestAggregate: aggregates are connected, every node with a neighbour is in
// one, isolated ones are in none.
func TestAggregate(t *testing.T) {
	a := nullLaplacian(t, 700, 9)
	view := amgView(a)
	g := &strengthGraph{view.ptr, view.col}
	agg, count := aggregate(g)
	twice, fewer := aggregateTwice(g, agg, count)
	if fewer >= count || fewer == 0 {
		t.Errorf("%d aggregates, then %d", count, fewer)
	}
	for i := range agg {
		for k := range agg {
			if agg[i] == agg[k] && twice[i] != twice[k] {
				t.Fatal("an aggregate was torn")
			}
		}
	}
	for _, which := range [][]int32{agg, twice} {
		reached := make([]bool, a.Rows)
		seen := map[int32]bool{}
		for i := range a.Rows {
			if which[i] < 0 {
				t.Fatalf("node %d is in no aggregate", i)
			}
			if seen[which[i]] {
				continue
			}
			seen[which[i]] = true
			for stack := []int32{int32(i)}; len(stack) > 0; {
				j := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				if reached[j] {
					continue
				}
				reached[j] = true
				for _, c := range g.col[g.ptr[j]:g.ptr[j+1]] {
					if which[c] == which[j] {
						stack = append(stack, c)
					}
				}
			}
		}
		for i, r := range reached {
			if !r {
				t.Fatalf("node %d is cut off from its aggregate", i)
			}
		}
	}
	if lone, k := aggregate(&strengthGraph{[]int64{0, 1, 1}, []int32{0}}); k != 0 || lone[0] != -1 || lone[1] != -1 {
		t.Errorf("isolated nodes: %v", lone)
	}
}
