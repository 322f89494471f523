package constrained_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"solve/constrained"
	"solve/constrained/sif"
)

// Every problem of the collection, where it is at hand, is solved and verified by
// the cascade and by the interior point method alone, at the known optimum.
func TestCollection(t *testing.T) {
	folder := filepath.Join("..", "..", "shared", "data", "sif")
	table, err := os.Open(filepath.Join(folder, "index.csv"))
	if err != nil {
		t.Skip(err)
	}
	defer table.Close()
	rows, err := csv.NewReader(table).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	iterations := map[string]int{}
	for _, row := range rows[1:] {
		text, err := os.ReadFile(filepath.Join(folder, row[0]+".SIF"))
		if err != nil {
			t.Fatal(err)
		}
		m, err := sif.Read(context.Background(), row[0], bytes.NewReader(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		best, err := strconv.ParseFloat(row[12], 64)
		if err != nil {
			t.Fatal(err)
		}
		for _, method := range []string{constrained.Auto, constrained.IPM} {
			r, err := constrained.Solve(context.Background(), m.Problem, &constrained.Options{Method: method})
			if err != nil {
				t.Errorf("%s, %s: %v", row[0], method, err)
				continue
			}
			if r.Objective > best+1e-6*math.Max(1, math.Abs(best)) {
				t.Errorf("%s, %s: f = %.12g, want %.12g", row[0], method, r.Objective, best)
			}
			iterations[method] += r.Stats.Iterations
		}
	}
	for method, n := range iterations {
		if n > 15*(len(rows)-1) {
			t.Errorf("%s: %d iterations for %d problems", method, n, len(rows)-1)
		}
	}
}
