package block

import (
	"context"
	"errors"
	"slices"
	"testing"

	"solve/internal/problems"
	"solve/matrix"
	"solve/solver"
)

// cover checks that the blocks hold each of n variables once, ascending.
func cover(t *testing.T, name string, blocks [][]int32, n int) {
	t.Helper()
	if _, err := givenBlocks(blocks, n); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	for _, b := range blocks {
		if !slices.IsSorted(b) {
			t.Errorf("%s: block %v does not ascend", name, b)
		}
	}
}

func TestPartitionsCoverEachVariableOnce(t *testing.T) {
	for name, f := range everyObjective(t) {
		if !bounded(f) {
			continue
		}
		for _, partition := range []string{Order, Sort, Avg, HSort, HAvg} {
			for _, size := range []int{1, 5, 7, f.Dim()} {
				o := must[*Options](t)((&Options{Partition: partition, BlockSize: size}).resolved(f))
				blocks := must[[][]int32](t)(fixedBlocks(context.Background(), f, o))
				cover(t, name+" "+partition, blocks, f.Dim())
				if want := (f.Dim() + size - 1) / size; len(blocks) != want {
					t.Errorf("%s: %d blocks of %d among %d variables", partition, len(blocks), size, f.Dim())
				}
			}
		}
	}
}

func TestSortAndAverageByHand(t *testing.T) {
	key := []float64{5, 1, 4, 2, 3}
	if got := ascending(key); !slices.Equal(got, []int32{1, 3, 4, 2, 0}) {
		t.Errorf("ascending: %v", got)
	}
	if got := alternate(ascending(key)); !slices.Equal(got, []int32{1, 0, 3, 2, 4}) {
		t.Errorf("alternate: %v", got)
	}
}

func TestGraphPartitions(t *testing.T) {
	d := must[*problems.LabelledGraph](t)(problems.PaperD(11, 8, 7, 2))
	e := graphE(t, 150, 2)
	for name, a := range map[string]*matrix.CSR{"lattice": d.A, "moons": e.A} {
		trees := treePartition(a)
		cover(t, name+" trees", trees, a.Rows)
		for _, b := range trees {
			if !IsForest(a, b) {
				t.Errorf("%s: a block of the tree partition has a cycle", name)
			}
		}
		colours := colouring(a)
		cover(t, name+" colours", colours, a.Rows)
		for _, b := range colours {
			if m, _ := edges(a, b); m != 0 {
				t.Errorf("%s: %d edges between nodes of one colour", name, m)
			}
		}
	}
	blocks := must[[][]int32](t)(redBlack(d.A))
	cover(t, "red-black", blocks, d.A.Rows)
	for _, b := range blocks {
		if m, _ := edges(d.A, b); m != 0 {
			t.Errorf("red-black: %d edges within a colour", m)
		}
	}
	if _, err := redBlack(e.A); !errors.Is(err, solver.ErrInput) {
		t.Errorf("red-black on a graph with triangles: %v", err)
	}
}

func TestLatticeForestsAreTwoTrees(t *testing.T) {
	for _, size := range [][2]int{{1, 5}, {5, 1}, {2, 2}, {3, 4}, {4, 3}, {7, 8}, {8, 7}} {
		w := must[*matrix.CSR](t)(problems.Lattice(size[0], size[1], 1))
		blocks := LatticeForests(size[0], size[1], nil)
		cover(t, "lattice", blocks, w.Rows)
		for _, b := range blocks {
			if m, parts := edges(w, b); parts != 1 || m != len(b)-1 {
				t.Errorf("%d×%d: a block of %d nodes has %d edges in %d parts", size[0], size[1], len(b), m, parts)
			}
		}
	}
}

func TestGivenBlocksAreChecked(t *testing.T) {
	for _, blocks := range [][][]int32{{{0, 1}}, {{0, 1}, {1, 2}}, {{0, 1}, {2, 3}}, {{0, 1, 2}, {}}, {{-1, 0, 1, 2}}} {
		if _, err := givenBlocks(blocks, 3); !errors.Is(err, solver.ErrInput) {
			t.Errorf("%v: %v", blocks, err)
		}
	}
}
