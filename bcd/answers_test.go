package bcd

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"solve/loss"
	"solve/matrix"
	"solve/matrix/matio"
	"solve/solver"
)

// answer is a known optimum.
type answer struct {
	Lam, Objective float64
	NNZ            int
}

type answers struct {
	Lasso, LogL1, LogL2 map[string]answer
}

// collection holds data sets with known optima, where there are any.
const collection = "../../shared/data/bcd"

func needCollection(t testing.TB) {
	if _, err := os.Stat(filepath.Join(collection, "answers.json")); err != nil {
		t.Skip("no data sets with known optima")
	}
}

// loadData reads a data set as its answers understand it.
func loadData(t testing.TB, name string) (Design, []float64) {
	t.Helper()
	read := func(file string) *matio.File {
		f, err := matio.ReadFile(filepath.Join(collection, file), &matio.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	switch name {
	case "digits":
		x, err := read("digits_X.npy").AsDense(0)
		if err != nil {
			t.Fatal(err)
		}
		y, err := read("digits_y.npy").Vector()
		if err != nil {
			t.Fatal(err)
		}
		for i := range x.Data {
			x.Data[i] /= 16
		}
		for i, v := range y {
			y[i] = 2*math.Mod(v, 2) - 1
		}
		return x, y
	case "wdbc", "diabetes_raw":
		return labelled(t, read(name+".csv"))
	}
	for _, end := range []string{"", ".gz"} {
		if _, err := os.Stat(filepath.Join(collection, name+end)); err == nil {
			f, err := matio.ReadFile(filepath.Join(collection, name+end), &matio.ReadOptions{Format: matio.FormatLIBSVM})
			if err != nil {
				t.Fatal(err)
			}
			return f.Sparse, f.Labels
		}
	}
	t.Skipf("no file of %s", name)
	return nil, nil
}

// labelled splits off the column called label or target.
func labelled(t testing.TB, f *matio.File) (Design, []float64) {
	a, target := f.Dense, 0
	for j, h := range f.Header {
		if h == "label" || h == "target" {
			target = j
		}
	}
	x, err := matrix.NewDense(a.Rows, a.Cols-1, nil)
	if err != nil {
		t.Fatal(err)
	}
	y := make([]float64, a.Rows)
	for i := range a.Rows {
		row := a.Row(i)
		y[i] = row[target]
		copy(x.Row(i), row[:target])
		copy(x.Row(i)[target:], row[target+1:])
	}
	return x, y
}

// zscore takes columns to mean 0 and population variance 1.
func zscore(t testing.TB, d Design) *matrix.Dense {
	x, ok := d.(*matrix.Dense)
	if !ok {
		var err error
		if x, err = d.(*matrix.CSR).ToDense(); err != nil {
			t.Fatal(err)
		}
	}
	for j := range x.Cols {
		s, q := 0.0, 0.0
		for i := range x.Rows {
			s += x.At(i, j)
		}
		s /= float64(x.Rows)
		for i := range x.Rows {
			q += (x.At(i, j) - s) * (x.At(i, j) - s)
		}
		if q = math.Sqrt(q / float64(x.Rows)); q == 0 {
			q = 1
		}
		for i := range x.Rows {
			x.Data[i*x.Cols+j] = (x.At(i, j) - s) / q
		}
	}
	return x
}

func TestAnswers(t *testing.T) {
	needCollection(t)
	raw, err := os.ReadFile(filepath.Join(collection, "answers.json"))
	if err != nil {
		t.Fatal(err)
	}
	var sets map[string]json.RawMessage
	if err := json.Unmarshal(raw, &sets); err != nil {
		t.Fatal(err)
	}
	for name, text := range sets {
		var a answers
		var info struct{ Target, Preprocess string }
		if json.Unmarshal(text, &a) != nil || json.Unmarshal(text, &info) != nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			x, y := loadData(t, name)
			if strings.Contains(info.Preprocess, "deviation") {
				x = zscore(t, x)
			}
			if info.Target != "" && strings.Contains(info.Target, "mean") {
				s := 0.0
				for _, v := range y {
					s += v
				}
				for i := range y {
					y[i] -= s / float64(len(y))
				}
			}
			for kind, cases := range map[string]map[string]answer{"lasso": a.Lasso, "logl1": a.LogL1, "logl2": a.LogL2} {
				for q, want := range cases {
					t.Run(kind+"/"+strings.ReplaceAll(q, "/", "_"), func(t *testing.T) {
						p := &Problem{X: x, Y: y, Lambda: want.Lam}
						if kind != "lasso" {
							p.Loss = loss.Logistic()
						}
						if kind == "logl2" {
							p.Penalty, p.L2, p.Lambda = NoPenalty, want.Lam, 0
						}
						tol := 1e-10
						if kind == "logl2" {
							tol = 1e-13 // the optimum is small beside the null objective
						}
						res, err := Solve(context.Background(), p, &Options{Settings: solver.Settings{Tol: tol}})
						if err != nil {
							t.Fatal(err)
						}
						if d := math.Abs(res.Objective-want.Objective) / want.Objective; d > 1e-9 {
							t.Errorf("objective %.15g, want %.15g (%.1e off)", res.Objective, want.Objective, d)
						}
					})
				}
			}
		})
	}
}
