package problems

import (
	"math"
	"path/filepath"
	"testing"

	"solve/matrix/matio"
)

// The generated files of testdata are what the generators make today, up to
// the last bits of transcendental functions.
func TestTestdataIsReproducible(t *testing.T) {
	for _, made := range []struct {
		file, generator, part string
		values                Values
		seed                  uint64
	}{
		{"points_x.csv", "clouds", "a", Values{"kind": "ring", "n": "60", "m": "40"}, 1},
		{"points_y.csv", "clouds", "b", Values{"kind": "ring", "n": "60", "m": "40"}, 1},
		{"img_a.csv", "images", "a", Values{"n": "16", "pair": "0-3"}, 1},
		{"img_b.csv", "images", "b", Values{"n": "16", "pair": "0-3"}, 1},
		{"cost.csv", "assignment", "cost", Values{"n": "20"}, 0},
		{"cost.csv.gz", "assignment", "cost", Values{"n": "20"}, 0},
		{"cost.npy", "assignment", "cost", Values{"n": "20"}, 0},
		{"cost.mtx", "assignment", "cost", Values{"n": "20"}, 0},
	} {
		file, err := matio.ReadFile(filepath.Join("..", "..", "testdata", made.file), nil)
		if err != nil {
			t.Fatal(err)
		}
		want := generate(t, made.generator, made.values, made.seed)[made.part]
		got := file.Dense
		if got == nil || got.Rows != want.Rows || got.Cols != want.Cols {
			t.Errorf("%s: not a dense %d×%d matrix", made.file, want.Rows, want.Cols)
			continue
		}
		for k, w := range want.Data {
			if math.Abs(got.Data[k]-w) > 1e-13*math.Abs(w) {
				t.Errorf("%s: value %d is %v, but the generator makes %v", made.file, k, got.Data[k], w)
				break
			}
		}
	}
}
