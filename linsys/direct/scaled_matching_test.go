package direct

import (
	"context"
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// largestProduct is the largest sum of log₂|a_ij| over all complete
// matchings, −Inf without one, by trying them all.
func largestProduct(a *matrix.CSR) float64 {
	taken := make([]bool, a.Rows)
	var best func(j int) float64
	best = func(j int) float64 {
		if j == a.Cols {
			return 0
		}
		most := math.Inf(-1)
		for i := range a.Rows {
			if v := a.At(i, j); v != 0 && !taken[i] {
				taken[i] = true
				most = max(most, math.Log2(math.Abs(v))+best(j+1))
				taken[i] = false
			}
		}
		return most
	}
	return best(0)
}

// fillIn replaces the entries of a pattern: a few equal sizes, or sizes over
// 10^±spread.
func fillIn(a *matrix.CSR, seed uint64, spread float64) {
	r := rng.New(seed)
	for k := range a.Val {
		a.Val[k] = float64(1 + r.Below(3))
		if spread > 0 {
			a.Val[k] = r.Normal() * math.Pow(10, spread*(2*r.Float64()-1))
		}
	}
}

// checkScaled wants a matching whose entries, scaled, are about one, and no
// scaled entry larger. It returns the sum of log₂ of the matched entries.
func checkScaled(t interface{ Fatalf(string, ...any) }, a *matrix.CSR, rowOf []int32, dr, dc []float64) float64 {
	checkPermutation(t, "matching", rowOf, a.Rows)
	for i := range a.Rows {
		if fr, _ := math.Frexp(dr[i]); fr != 0.5 {
			t.Fatalf("row scale %g", dr[i])
		}
		if fc, _ := math.Frexp(dc[i]); fc != 0.5 {
			t.Fatalf("column scale %g", dc[i])
		}
	}
	a.DoNonZero(func(i, j int, v float64) {
		if size := math.Abs(dr[i] * v * dc[j]); size > 2.0001 {
			t.Fatalf("entry (%d,%d) is scaled to %g", i, j, size)
		}
	})
	product := 0.0
	for j, i := range rowOf {
		v := math.Abs(a.At(int(i), j))
		if size := dr[i] * v * dc[j]; !(size > 0.4999) {
			t.Fatalf("matched entry (%d,%d) is scaled to %g", i, j, size)
		}
		product += math.Log2(v)
	}
	return product
}

func TestScaledMatchingIsBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 7).Draw(t, "n")
		a := drawPattern(t, n, n, false)
		fillIn(a, rapid.Uint64().Draw(t, "values"), rapid.SampledFrom([]float64{0, 1, 40}).Draw(t, "spread"))
		want := largestProduct(a)
		rowOf, dr, dc, err := ScaledMatching(context.Background(), a)
		if math.IsInf(want, -1) {
			var singular *SingularError
			if _, rank, _ := MaximumTransversal(context.Background(), a); !errors.As(err, &singular) || !errors.Is(err, solver.ErrSingular) || !singular.Structural || singular.Rank != rank {
				t.Fatalf("%v without a complete matching", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := checkScaled(t, a, rowOf, dr, dc); math.Abs(got-want) > 1e-9*(1+math.Abs(want)) {
			t.Fatalf("log₂ of the product is %g, the largest %g", got, want)
		}
	})
}

// The dual variables prove that no matching is better.
func TestScaledMatchingDuals(t *testing.T) {
	for seed := range uint64(30) {
		n := 5 + 20*int(seed)
		a := randomSparse(t, seed, n, 1+int(seed%5), float64(seed%3)*10)
		s := newAssignment(a)
		s.start()
		for j := range int32(n) {
			if s.rowOf[j] == none && !s.augment(j) {
				t.Fatalf("seed %d: no row for column %d", seed, j)
			}
		}
		for j := range n {
			v := s.cost[s.place[j]] - s.u[s.rowOf[j]]
			for k := s.ptr[j]; k < s.ptr[j+1]; k++ {
				if s.u[s.row[k]]+v > s.cost[k]+1e-9 {
					t.Fatalf("seed %d: u + v = %g exceeds the cost %g of (%d,%d)", seed, s.u[s.row[k]]+v, s.cost[k], s.row[k], j)
				}
			}
		}
		dr, dc := s.scales()
		checkScaled(t, a, s.rowOf, dr, dc)
	}
}

// Scaling rows and columns, however badly, multiplies all products alike.
func TestScaledMatchingUndoesScaling(t *testing.T) {
	for seed := range uint64(10) {
		a := randomSparse(t, seed, 80, 3, 1)
		r := rng.New(seed)
		rows, cols := make([]float64, a.Rows), make([]float64, a.Rows)
		for i := range rows {
			rows[i], cols[i] = math.Pow(10, 300*r.Float64()-150), math.Pow(10, 300*r.Float64()-150)
		}
		scaled := &matrix.CSR{Rows: a.Rows, Cols: a.Cols, RowPtr: a.RowPtr, Col: a.Col, Val: make([]float64, len(a.Val))}
		for i := range a.Rows {
			for k := a.RowPtr[i]; k < a.RowPtr[i+1]; k++ {
				scaled.Val[k] = rows[i] * a.Val[k] * cols[a.Col[k]]
			}
		}
		want, _, _, err := ScaledMatching(context.Background(), a)
		if err != nil {
			t.Fatal(err)
		}
		got, dr, dc, err := ScaledMatching(context.Background(), scaled)
		if err != nil {
			t.Fatal(err)
		}
		checkScaled(t, scaled, got, dr, dc)
		for j := range want {
			if got[j] != want[j] {
				t.Errorf("seed %d: column %d has row %d, before the scaling %d", seed, j, got[j], want[j])
			}
		}
	}
}

// A dominant diagonal stays where it is.
func TestScaledMatchingKeepsDominance(t *testing.T) {
	a := grid(t, 9, 7, 1)
	rowOf, dr, dc, err := ScaledMatching(context.Background(), a)
	if err != nil {
		t.Fatal(err)
	}
	for j, i := range rowOf {
		if int(i) != j || dr[i]*dc[j] != 0.25 {
			t.Fatalf("column %d has row %d, scaled by %g and %g", j, i, dr[i], dc[j])
		}
	}
}

func TestScaledMatchingRefuses(t *testing.T) {
	a := sparse(t, [][]float64{{1, 2, 3}, {4, 5, 6}})
	if _, _, _, err := ScaledMatching(context.Background(), a); !errors.Is(err, solver.ErrDimension) {
		t.Errorf("2×3: %v", err)
	}
	b := sparse(t, [][]float64{{1, 2}, {3, 4}})
	b.Val[2] = math.Inf(1)
	var entry *solver.EntryError
	if _, _, _, err := ScaledMatching(context.Background(), b); !errors.As(err, &entry) || entry.Row != 2 || entry.Col != 1 {
		t.Errorf("an infinite entry: %v", err)
	}
	b.Val[2], b.Val[3] = 0, 0
	if _, _, _, err := ScaledMatching(context.Background(), b); !errors.Is(err, solver.ErrSingular) {
		t.Errorf("a row of stored zeros: %v", err)
	}
}

func TestScaledMatchingCollection(t *testing.T) {
	for name, answer := range collected(t) {
		a := sparseCollected(t, name)
		if a.Rows != a.Cols || answer.Cond1 == 0 {
			continue
		}
		rowOf, dr, dc, err := ScaledMatching(context.Background(), a)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkScaled(t, a, rowOf, dr, dc)
	}
}
