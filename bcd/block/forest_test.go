package block

import (
	"errors"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"solve/internal/problems"
	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

func graphE(t testing.TB, points int, seed uint64) *problems.LabelledGraph {
	t.Helper()
	return must[*problems.LabelledGraph](t)(problems.PaperE(points, 5, points/10, seed))
}

// dense solves A_FF x = rhs by a dense Cholesky factorisation.
func denseSolve(t *testing.T, a *matrix.CSR, block []int32, rhs []float64) []float64 {
	t.Helper()
	n := len(block)
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			s.SetSym(i, j, a.At(int(block[i]), int(block[j])))
		}
	}
	var c mat.Cholesky
	if !c.Factorize(s) {
		t.Fatal("not positive definite")
	}
	var x mat.VecDense
	if err := c.SolveVecTo(&x, mat.NewVecDense(n, slices.Clone(rhs))); err != nil {
		t.Fatal(err)
	}
	return x.RawVector().Data
}

// The path 1–2–3 with A = tridiag(−1, 2, −1) and b = 1: x = (3/2, 2, 3/2).
func TestPathByHand(t *testing.T) {
	a := must[*matrix.CSR](t)(matrix.NewCSR(3, 3, []int64{0, 2, 5, 7}, []int32{0, 1, 0, 1, 2, 1, 2}, []float64{2, -1, -1, 2, -1, -1, 2}))
	x := must[[]float64](t)(SolveForest(a, []int32{0, 1, 2}, []float64{1, 1, 1}))
	for k, want := range []float64{1.5, 2, 1.5} {
		if math.Abs(x[k]-want) > 1e-15 {
			t.Errorf("x = %v, want (1.5, 2, 1.5)", x)
		}
	}
	// From the leaf 3 to the root 1 the pivots are 2, 2 − 1/2, 2 − 2/3.
	f, local := &forest{}, []int32{-1, -1, -1}
	f.read(a, []int32{0, 1, 2}, local)
	f.solve([]float64{-1, -1, -1}, make([]float64, 3))
	for k, want := range []float64{4. / 3, 1.5, 2} {
		if math.Abs(f.pivot[k]-want) > 1e-15 {
			t.Errorf("J = %v, want (4/3, 3/2, 2) from the root", f.pivot)
		}
	}
}

func TestMessagePassingIsDenseCholesky(t *testing.T) {
	s := rng.New(2)
	for seed := range uint64(6) {
		for name, g := range map[string]*problems.LabelledGraph{
			"lattice": must[*problems.LabelledGraph](t)(problems.PaperD(15, 14, 9, seed)), "moons": graphE(t, 180, seed),
		} {
			score := randomVector(s, g.A.Rows)
			for i := range score {
				score[i] = math.Abs(score[i])
			}
			for _, block := range [][]int32{GreedyForestBlock(g.A, score), RandomForestBlock(g.A, seed), TreePartitionBlocks(g.A, nil)[0]} {
				if m, components := edges(g.A, block); m != len(block)-components || !IsForest(g.A, block) {
					t.Fatalf("%s: the block has a cycle", name)
				}
				rhs := randomVector(s, len(block))
				got, want := must[[]float64](t)(SolveForest(g.A, block, rhs)), denseSolve(t, g.A, block, rhs)
				worst, size := 0.0, 0.0
				for k := range want {
					worst, size = math.Max(worst, math.Abs(got[k]-want[k])), math.Max(size, math.Abs(want[k]))
				}
				if worst > 1e-10*size {
					t.Errorf("%s: message passing is %.3g away from Cholesky, relatively", name, worst/size)
				}
			}
		}
	}
}

// A greedy forest is maximal: each node left out would close a cycle; and a
// node goes in before all that score less and are left out because of it.
func TestGreedyForestIsMaximal(t *testing.T) {
	g := graphE(t, 200, 7)
	score := make([]float64, g.A.Rows)
	for i := range score {
		score[i] = float64((i * 37) % 11)
	}
	block := GreedyForestBlock(g.A, score)
	order := newDescending(len(score)).sort(score)
	taken := map[int32]bool{}
	for _, i := range order { // a slow second implementation
		var try []int32
		for j := range taken {
			try = append(try, j)
		}
		if IsForest(g.A, append(try, i)) {
			taken[i] = true
		}
	}
	if len(taken) != len(block) {
		t.Fatalf("%d nodes, want %d", len(block), len(taken))
	}
	for _, i := range block {
		if !taken[i] {
			t.Fatalf("node %d is in the block", i)
		}
	}
}

// The radix sort is the stable sort.
func TestDescendingSorts(t *testing.T) {
	s := rng.New(3)
	for _, n := range []int{0, 1, 2, 1000} {
		score := make([]float64, n)
		for i := range score {
			score[i] = math.Abs(s.Normal()) * math.Exp(40*s.Normal())
			if i%5 == 0 {
				score[i] = float64(s.Below(3))
			}
		}
		want := identity(n)
		slices.SortStableFunc(want, func(a, b int32) int {
			switch {
			case score[a] > score[b]:
				return -1
			case score[a] < score[b]:
				return 1
			}
			return 0
		})
		sorter := newDescending(n)
		sorter.sort(score) // a second use must not depend on the first
		if got := sorter.sort(score); !slices.Equal(got, want) {
			t.Errorf("n = %d: wrong order", n)
		}
	}
}

func TestNodesOfManyNeighbours(t *testing.T) {
	// A star of 40 leaves with one edge between two leaves.
	const leaves = 40
	coo := must[*matrix.COO](t)(matrix.NewCOO(leaves+1, leaves+1, 200))
	add := func(i, j int, v float64) {
		if err := errors.Join(coo.Append(i, j, v)); err != nil {
			t.Fatal(err)
		}
	}
	for i := 1; i <= leaves; i++ {
		add(0, i, -1)
		add(i, 0, -1)
		add(i, i, 3)
	}
	add(0, 0, leaves+1)
	add(3, 9, -1)
	add(9, 3, -1)
	a, _, err := coo.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	score := make([]float64, leaves+1)
	for i := range score {
		score[i] = float64(i) // the centre last: it closes the triangle 0, 3, 9
	}
	if block := GreedyForestBlock(a, score); len(block) != leaves || block[0] != 1 {
		t.Errorf("%d nodes from %d on, want the leaves", len(block), block[0])
	}
	score[0] = 99
	if block := GreedyForestBlock(a, score); len(block) != leaves || slices.Contains(block, 3) {
		t.Errorf("%v: want all but node 3", block)
	}
}

func TestSolveForestRefuses(t *testing.T) {
	a := must[*matrix.CSR](t)(matrix.NewCSR(2, 2, []int64{0, 2, 4}, []int32{0, 1, 0, 1}, []float64{1, 2, 2, 1}))
	var bad *NotPositiveDefiniteError
	if _, err := SolveForest(a, []int32{0, 1}, []float64{1, 1}); !errors.As(err, &bad) || !errors.Is(err, solver.ErrNotPositiveDefinite) || bad.Node != 0 {
		t.Errorf("an indefinite matrix: %v", err)
	}
	g := graphE(t, 60, 1)
	if _, err := SolveForest(g.A, identity(g.A.Rows), g.B); !errors.Is(err, solver.ErrInput) {
		t.Errorf("a graph with cycles: %v", err)
	}
	if _, err := SolveForest(a, []int32{0, 0}, []float64{1, 1}); !errors.Is(err, solver.ErrInput) {
		t.Errorf("a node twice: %v", err)
	}
	f := must[Objective](t)(NewQuadratic(a, []float64{1, 1}, nil))
	if r := descend(t, f, Options{Partition: TreePartition}); r.Status != solver.Breakdown || r.Reason != solver.NotPositiveDefinite {
		t.Errorf("descent on an indefinite matrix ended in %s: %s", r.Status, r.Reason)
	}
}
