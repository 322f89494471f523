package direct

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"solve/matrix"
	"solve/matrix/matio"
)

// collection is a folder of matrices with answers from independent programs.
const collection = "../../../shared/data/linsys"

// knownAnswer is the part of an entry of answers.json that is compared here.
type knownAnswer struct {
	Norm1  float64
	Cond1  float64 `json:"cond1_est"`
	SPD    bool
	LogDet float64
}

// collected are the answers by matrix; the test is skipped where there is no
// collection.
func collected(tb testing.TB) map[string]knownAnswer {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(collection, "answers.json"))
	if errors.Is(err, os.ErrNotExist) {
		tb.Skip("no collection of matrices at " + collection)
	}
	if err != nil {
		tb.Fatal(err)
	}
	var answers map[string]knownAnswer
	if err := json.Unmarshal(text, &answers); err != nil {
		tb.Fatal(err)
	}
	return answers
}

func readCollected(tb testing.TB, name string) *matio.File {
	tb.Helper()
	path := filepath.Join(collection, name+".mtx")
	if _, err := os.Stat(path); err != nil {
		path += ".gz"
	}
	f, err := matio.ReadFile(path, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

func sparseCollected(tb testing.TB, name string) *matrix.CSR {
	tb.Helper()
	return readCollected(tb, name).Sparse
}

func vectorCollected(tb testing.TB, name string) []float64 {
	tb.Helper()
	return readCollected(tb, name).Dense.Data
}

func TestCholeskyCollection(t *testing.T) {
	u := math.Exp2(-53)
	found := 0
	for name, answer := range collected(t) {
		if !answer.SPD {
			continue
		}
		found++
		t.Run(name, func(t *testing.T) {
			a, want, b := sparseCollected(t, name), vectorCollected(t, name+"_x"), vectorCollected(t, name+"_b")
			for _, ordering := range []string{"amd", "nd"} {
				c := factored(t, a, &AnalyzeOptions{Ordering: ordering, Threads: 2}, 2)
				if d := math.Abs(c.LogDet() - answer.LogDet); d > answer.Cond1*u+1e-12*math.Abs(answer.LogDet) {
					t.Errorf("%s: log det = %.15g, want %.15g", ordering, c.LogDet(), answer.LogDet)
				}
				x := append([]float64(nil), b...)
				c.Solve(x)
				NewRefiner(a, c.Solve, maximum).Refine(t.Context(), b, x, 5, 0)
				size, worst := 0., 0.
				for i := range x {
					size = math.Max(size, math.Abs(want[i]))
					worst = math.Max(worst, math.Abs(x[i]-want[i]))
				}
				if worst > 10*u*answer.Cond1*size {
					t.Errorf("%s: x is wrong by %g of %g, condition %g", ordering, worst, size, answer.Cond1)
				}
				cond := Condition1(a.Rows, answer.Norm1, c.Solve, c.Solve)
				if cond < answer.Cond1/3 || cond > 1.01*answer.Cond1 {
					t.Errorf("%s: condition = %g, want %g", ordering, cond, answer.Cond1)
				}
				t.Logf("%s: %d entries, error %.2g, log det off by %.2g", ordering, c.s.FactorNNZ(), worst/size, c.LogDet()-answer.LogDet)
			}
		})
	}
	if found < 6 {
		t.Errorf("only %d definite matrices", found)
	}
}
