package direct

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"solve/internal/rng"
	"solve/matrix"
)

// readMatrix reads from the collection, without which the test is skipped.
func readMatrix(t *testing.T, name string) *matrix.CSR {
	collected(t)
	return sparseCollected(t, name)
}

// slowRank matches by plain recursion.
func slowRank(a *matrix.CSR) (rank int) {
	columnOf := make([]int, a.Rows)
	for i := range columnOf {
		columnOf[i] = -1
	}
	t := a.Transpose()
	var augment func(j int, seen []bool) bool
	augment = func(j int, seen []bool) bool {
		rows, _ := t.Row(j)
		for _, i := range rows {
			if seen[i] {
				continue
			}
			seen[i] = true
			if columnOf[i] < 0 || augment(columnOf[i], seen) {
				columnOf[i] = j
				return true
			}
		}
		return false
	}
	for j := range a.Cols {
		if augment(j, make([]bool, a.Rows)) {
			rank++
		}
	}
	return rank
}

func TestMaximumTransversal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, n := rapid.IntRange(0, 40).Draw(t, "rows"), rapid.IntRange(0, 40).Draw(t, "columns")
		a := drawPattern(t, m, n, false)
		rowOf, rank, _ := MaximumTransversal(context.Background(), a)
		matched := 0
		taken := map[int32]bool{}
		for j, i := range rowOf {
			if i == none {
				continue
			}
			if taken[i] || a.At(int(i), j) == 0 {
				t.Fatalf("column %d has row %d", j, i)
			}
			taken[i] = true
			matched++
		}
		if want := slowRank(a); rank != want || matched != want {
			t.Fatalf("rank %d, %d matched, want %d", rank, matched, want)
		}
	})
}

func TestTransversalIgnoresStoredZeros(t *testing.T) {
	a := patternOf(2, 2, map[[2]int]bool{{0, 0}: true, {0, 1}: true, {1, 0}: true, {1, 1}: true})
	a.Val[2], a.Val[3] = 0, 0
	if _, rank, _ := MaximumTransversal(context.Background(), a); rank != 1 {
		t.Errorf("rank %d with a row of stored zeros, want 1", rank)
	}
}

// 2605 of the 2873 rows of zenios hold nothing but zeros.
func TestTransversalOfZenios(t *testing.T) {
	a := readMatrix(t, "zenios")
	if _, rank, _ := MaximumTransversal(context.Background(), a); rank > 2873-2605 || rank == 0 {
		t.Errorf("structural rank %d, want at most %d", rank, 2873-2605)
	}
}

// checkBlocks wants a permutation to block upper triangular form.
func checkBlocks(t interface{ Fatalf(string, ...any) }, a *matrix.CSR, rowOf, order []int32, blocks []int) {
	n := a.Rows
	checkPermutation(t, "block order", order, n)
	if blocks[0] != 0 || blocks[len(blocks)-1] != n || !slices.IsSorted(blocks) {
		t.Fatalf("blocks %v of %d columns", blocks, n)
	}
	block := make([]int, n) // of a column
	for b := range len(blocks) - 1 {
		for _, j := range order[blocks[b]:blocks[b+1]] {
			block[j] = b
		}
	}
	for j, i := range rowOf {
		columns, _ := a.Row(int(i))
		for _, c := range columns {
			if block[c] < block[j] {
				t.Fatalf("row of block %d has an entry in block %d", block[j], block[c])
			}
		}
	}
}

func TestBlockTriangular(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 50).Draw(t, "n")
		base := drawPattern(t, n, n, false)
		entries := map[[2]int]bool{}
		base.DoNonZero(func(i, j int, _ float64) { entries[[2]int{i, j}] = true })
		hidden := identity(n)
		shuffle(hidden, rng.New(uint64(n)))
		for j, i := range hidden {
			entries[[2]int{int(i), j}] = true
		}
		a := patternOf(n, n, entries)
		rowOf, rank, _ := MaximumTransversal(context.Background(), a)
		if rank != n {
			t.Fatalf("rank %d of %d", rank, n)
		}
		order, blocks := BlockTriangular(a, rowOf)
		checkBlocks(t, a, rowOf, order, blocks)
	})
}

// A triangular matrix has blocks of order 1, a cycle a single one.
func TestBlockTriangularIsFinest(t *testing.T) {
	const n = 20
	triangle, cycle := map[[2]int]bool{}, map[[2]int]bool{}
	for i := range n {
		for j := range i + 1 {
			triangle[[2]int{i, j}] = true
		}
		cycle[[2]int{i, i}] = true
		cycle[[2]int{i, (i + 1) % n}] = true
	}
	for _, c := range []struct {
		entries map[[2]int]bool
		blocks  int
	}{{triangle, n}, {cycle, 1}} {
		a := patternOf(n, n, c.entries)
		rowOf, _, _ := MaximumTransversal(context.Background(), a)
		if _, blocks := BlockTriangular(a, rowOf); len(blocks)-1 != c.blocks {
			t.Errorf("%d blocks, want %d", len(blocks)-1, c.blocks)
		}
	}
	if order, blocks := BlockTriangular(patternOf(1, 1, nil), []int32{none}); order != nil || blocks != nil {
		t.Error("a block form without a complete matching")
	}
}

func TestBlockTriangularOfWest0479(t *testing.T) {
	a := readMatrix(t, "west0479")
	rowOf, rank, _ := MaximumTransversal(context.Background(), a)
	if rank != a.Rows {
		t.Fatalf("rank %d of %d", rank, a.Rows)
	}
	order, blocks := BlockTriangular(a, rowOf)
	checkBlocks(t, a, rowOf, order, blocks)
	if len(blocks)-1 < 2 {
		t.Error("a reducible matrix in one block")
	}
}

// Entries of the factor with CHOLMOD 3.0.14's AMD and METIS 5.1 orderings.
func TestFillOnStiffnessMatrices(t *testing.T) {
	for _, c := range []struct {
		name       string
		amd, metis int64
	}{
		{"bcsstk13", 265942, 260589},
		{"bcsstk15", 614590, 484700},
	} {
		a := readMatrix(t, c.name)
		if got := factorEntries(a, byAMD(a)); got > c.amd*11/10 {
			t.Errorf("%s: %d entries with AMD, CHOLMOD has %d", c.name, got, c.amd)
		}
		if got := factorEntries(a, byND(a, 0)); got > c.metis*11/10 {
			t.Errorf("%s: %d entries with nested dissection, METIS has %d", c.name, got, c.metis)
		}
	}
}
