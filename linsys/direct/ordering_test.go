package direct

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"solve/internal/rng"
	"solve/matrix"
)

func must(perm []int32, err error) []int32 {
	if err != nil {
		panic(err)
	}
	return perm
}

func byAMD(a *matrix.CSR) []int32 { return must(AMD(context.Background(), a)) }

func byCOLAMD(a *matrix.CSR) []int32 { return must(COLAMD(context.Background(), a)) }

func byND(a *matrix.CSR, threads int) []int32 {
	return must(NestedDissection(context.Background(), a, threads))
}

// patternOf makes a matrix of ones from the places of its entries.
func patternOf(rows, cols int, entries map[[2]int]bool) *matrix.CSR {
	keys := make([][2]int, 0, len(entries))
	for e := range entries {
		keys = append(keys, e)
	}
	slices.SortFunc(keys, func(x, y [2]int) int { return slices.Compare(x[:], y[:]) })
	a := &matrix.CSR{Rows: rows, Cols: cols, RowPtr: make([]int64, rows+1)}
	for _, e := range keys {
		a.RowPtr[e[0]+1]++
		a.Col = append(a.Col, int32(e[1]))
		a.Val = append(a.Val, 1)
	}
	for i := range rows {
		a.RowPtr[i+1] += a.RowPtr[i]
	}
	return a
}

// drawPattern draws patterns with empty rows, dense rows and columns and
// several components.
func drawPattern(t *rapid.T, rows, cols int, symmetric bool) *matrix.CSR {
	r := rng.New(rapid.Uint64().Draw(t, "seed"))
	entries := map[[2]int]bool{}
	put := func(i, j int) {
		entries[[2]int{i, j}] = true
		if symmetric {
			entries[[2]int{j, i}] = true
		}
	}
	if rows == 0 || cols == 0 {
		return patternOf(rows, cols, entries)
	}
	blocks := rapid.IntRange(1, 3).Draw(t, "blocks")
	for range rapid.IntRange(0, 4*rows).Draw(t, "entries") {
		i, j := r.Below(rows), r.Below(cols)
		if i%blocks == j%blocks {
			put(i, j)
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "dense") {
		i := r.Below(rows)
		for j := range cols {
			put(i, j)
		}
	}
	if rapid.Bool().Draw(t, "diagonal") {
		for i := range min(rows, cols) {
			put(i, i)
		}
	}
	return patternOf(rows, cols, entries)
}

func checkPermutation(t interface{ Fatalf(string, ...any) }, name string, perm []int32, n int) {
	sorted := slices.Clone(perm)
	slices.Sort(sorted)
	for k, i := range sorted {
		if int(i) != k {
			t.Fatalf("%s of order %d is no permutation: %v", name, n, perm)
		}
	}
	if len(perm) != n {
		t.Fatalf("%s of order %d has %d entries", name, n, len(perm))
	}
}

var orderingFuncs = map[string]func(*matrix.CSR) []int32{
	"AMD":               byAMD,
	"RCM":               RCM,
	"COLAMD":            byCOLAMD,
	"nested dissection": func(a *matrix.CSR) []int32 { return byND(a, 1) },
}

func TestOrderingsArePermutations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.IntRange(0, 4), rapid.IntRange(5, 80), rapid.IntRange(200, 600)).Draw(t, "n")
		a := drawPattern(t, n, n, rapid.Bool().Draw(t, "symmetric"))
		for name, order := range orderingFuncs {
			checkPermutation(t, name, order(a), n)
		}
		m := rapid.IntRange(0, 2*n).Draw(t, "rows")
		checkPermutation(t, "COLAMD", byCOLAMD(drawPattern(t, m, n, false)), n)
	})
}

// slowSymbolic eliminates column after column, with sets.
func slowSymbolic(a *matrix.CSR, perm []int32) (parent, counts []int32) {
	n := a.Rows
	place := inverse(perm)
	below := make([]map[int32]bool, n)
	for k := range below {
		below[k] = map[int32]bool{}
	}
	for i := range n {
		for _, j := range a.Col[a.RowPtr[i]:a.RowPtr[i+1]] {
			if x, y := place[i], place[j]; x > y {
				below[y][x] = true
			}
		}
	}
	parent, counts = make([]int32, n), make([]int32, n)
	for k := range n {
		counts[k] = int32(len(below[k])) + 1
		parent[k] = none
		for i := range below[k] {
			if parent[k] == none || i < parent[k] {
				parent[k] = i
			}
		}
		for i := range below[k] {
			if i != parent[k] {
				below[parent[k]][i] = true
			}
		}
	}
	return parent, counts
}

func TestSymbolicAgainstElimination(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 60).Draw(t, "n")
		a := drawPattern(t, n, n, true)
		perm := identity(n)
		shuffle(perm, rng.New(rapid.Uint64().Draw(t, "order")))
		wantParent, wantCounts := slowSymbolic(a, perm)
		parent := EliminationTree(a, perm)
		if !slices.Equal(parent, wantParent) {
			t.Fatalf("elimination tree %v, want %v", parent, wantParent)
		}
		post := Postorder(parent)
		checkPostorder(t, parent, post)
		if counts := ColumnCounts(a, perm, parent, post); !slices.Equal(counts, wantCounts) {
			t.Fatalf("column counts %v, want %v", counts, wantCounts)
		}
		natural := EliminationTree(a, nil)
		if want, _ := slowSymbolic(a, identity(n)); !slices.Equal(natural, want) {
			t.Fatalf("elimination tree in the given order %v, want %v", natural, want)
		}
	})
}

// checkPostorder wants every node right after the subtrees of its children.
func checkPostorder(t *rapid.T, parent, post []int32) {
	checkPermutation(t, "postorder", post, len(parent))
	size := make([]int32, len(parent))
	place := inverse(post)
	for _, v := range post {
		size[v]++
		if p := parent[v]; p != none {
			size[p] += size[v]
		}
	}
	for v, p := range parent {
		if p != none && (place[v] >= place[p] || place[v]-size[v] < place[p]-size[p]) {
			t.Fatalf("node %d at %d is not within the subtree of its parent at %d", v, place[v], place[p])
		}
	}
}

// factorEntries counts the entries of the Cholesky factor.
func factorEntries(a *matrix.CSR, perm []int32) (nnz int64) {
	parent := EliminationTree(a, perm)
	for _, c := range ColumnCounts(a, perm, parent, Postorder(parent)) {
		nnz += int64(c)
	}
	return nnz
}

// A tree has an order without fill, and minimum degree finds one.
func TestNoFillOnTrees(t *testing.T) {
	for _, n := range []int{1, 2, 10, 1000} {
		for name, a := range map[string]*matrix.CSR{"arrow": arrow(t, n), "tridiagonal": grid(t, 1, 1, n)} {
			if got := factorEntries(a, byAMD(a)); got != int64(2*n-1) {
				t.Errorf("%s of order %d: %d entries with AMD, want %d", name, n, got, 2*n-1)
			}
		}
		a := arrow(t, n)
		if got := factorEntries(a, byND(a, 1)); got != int64(2*n-1) {
			t.Errorf("arrow of order %d: %d entries with nested dissection, want %d", n, got, 2*n-1)
		}
		band := grid(t, 1, 1, n)
		if got := factorEntries(band, RCM(band)); got != int64(2*n-1) {
			t.Errorf("tridiagonal of order %d: %d entries with RCM, want %d", n, got, 2*n-1)
		}
	}
}

// Entries of the factor with CHOLMOD 3.0.14's AMD and METIS 5.1 orderingFuncs.
// Ours may have a tenth more; METIS finds diagonal cuts of the smallest cube
// that ours does not.
func TestFillOnGrids(t *testing.T) {
	for _, c := range []struct {
		nx, ny, nz int
		amd, metis int64
	}{
		{1, 100, 100, 206332, 199554},
		{1, 200, 200, 1081911, 964455},
		{20, 20, 20, 842282, 0},
		{30, 30, 30, 5605774, 4127709},
	} {
		a := grid(t, c.nx, c.ny, c.nz)
		if got := factorEntries(a, byAMD(a)); got > c.amd*11/10 {
			t.Errorf("%d×%d×%d: %d entries with AMD, CHOLMOD has %d", c.nx, c.ny, c.nz, got, c.amd)
		}
		if got := factorEntries(a, byND(a, 0)); c.metis > 0 && got > c.metis*11/10 {
			t.Errorf("%d×%d×%d: %d entries with nested dissection, METIS has %d", c.nx, c.ny, c.nz, got, c.metis)
		}
	}
}

// Marks near the top of their range are cleared, to no effect on the order.
func TestMarksStartAgain(t *testing.T) {
	g := graphOf(grid(t, 1, 40, 40))
	q, _ := quotientOf(g)
	q.flag = 1<<31 - 1 - 4*q.total
	if err := q.eliminateAll(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(q.permutation(), must(minimumDegree(context.Background(), g))) {
		t.Error("the order depends on the marks")
	}
}

// Graphs that do not divide well: no edges, one hub, all edges, chance.
func TestNestedDissectionOfAwkwardGraphs(t *testing.T) {
	const n = 2000
	hubs, chance, cliques := map[[2]int]bool{}, map[[2]int]bool{}, map[[2]int]bool{}
	r := rng.New(3)
	for i := range n {
		hubs[[2]int{i, i % 20}] = true
		for range 4 {
			chance[[2]int{i, r.Below(n)}] = true
		}
		for j := i - i%400; j < i; j++ {
			cliques[[2]int{i, j}] = true
		}
	}
	for name, entries := range map[string]map[[2]int]bool{"empty": nil, "hubs": hubs, "chance": chance, "cliques": cliques} {
		a := patternOf(n, n, entries)
		g := graphOf(a)
		full := &matrix.CSR{Rows: n, Cols: n, RowPtr: make([]int64, n+1), Col: g.adj}
		for i, p := range g.ptr {
			full.RowPtr[i] = int64(p)
		}
		perm := byND(a, 2)
		checkPermutation(t, name, perm, n)
		if got, amd := factorEntries(full, perm), factorEntries(full, byAMD(a)); got > amd*5/4 {
			t.Errorf("%s: %d entries, AMD has %d", name, got, amd)
		}
	}
}

// An unsymmetric matrix is ordered by the pattern of A + Aᵀ.
func TestOrderingsSymmetrise(t *testing.T) {
	full := grid(t, 1, 30, 30)
	upper := map[[2]int]bool{}
	full.DoNonZero(func(i, j int, _ float64) {
		if i <= j {
			upper[[2]int{i, j}] = true
		}
	})
	half := patternOf(full.Rows, full.Rows, upper)
	// Lists come in another order, and so does the choice between equals.
	if got, want := factorEntries(full, byAMD(half)), factorEntries(full, byAMD(full)); got > want*11/10 {
		t.Errorf("%d entries from the upper triangle alone, %d from the whole matrix", got, want)
	}
	label, count := Components(half)
	if count != 1 || slices.Max(label) != 0 {
		t.Errorf("%d components of a connected grid", count)
	}
}

func TestNestedDissectionSameForAnyThreads(t *testing.T) {
	for _, a := range []*matrix.CSR{grid(t, 1, 90, 90), grid(t, 17, 17, 17)} {
		one := byND(a, 1)
		for _, threads := range []int{2, 5} {
			if !slices.Equal(one, byND(a, threads)) {
				t.Errorf("%d threads order otherwise than one", threads)
			}
		}
	}
}

func TestRCMBandwidth(t *testing.T) {
	a := grid(t, 1, 12, 40)
	shuffled := identity(a.Rows)
	shuffle(shuffled, rng.New(1))
	entries := map[[2]int]bool{}
	a.DoNonZero(func(i, j int, _ float64) {
		entries[[2]int{int(shuffled[i]), int(shuffled[j])}] = true
	})
	b := patternOf(a.Rows, a.Rows, entries)
	place := inverse(RCM(b))
	width := int32(0)
	b.DoNonZero(func(i, j int, _ float64) { width = max(width, place[i]-place[j]) })
	// No order has less than 12; the levels of a search from a corner have as
	// many vertices each, and two of them meet.
	if width > 24 {
		t.Errorf("bandwidth %d of a 12×40 grid", width)
	}
}

func TestComponents(t *testing.T) {
	a := patternOf(5, 5, map[[2]int]bool{{0, 3}: true, {2, 4}: true, {4, 4}: true})
	label, count := Components(a)
	if want := []int32{0, 1, 2, 0, 2}; count != 3 || !slices.Equal(label, want) {
		t.Errorf("labels %v, want %v", label, want)
	}
	if label, count := Components(patternOf(0, 0, nil)); count != 0 || len(label) != 0 {
		t.Errorf("an empty matrix has %d components", count)
	}
}
