package problems

import (
	"math"
	"testing"

	"solve/matrix"
)

func systemOf(t *testing.T, name string, v Values) *matrix.CSR {
	t.Helper()
	g, ok := Find(name)
	if !ok {
		t.Fatalf("no generator %s", name)
	}
	inst, err := g.Generate(v, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	return inst.Files[0].Sparse
}

func TestRandomSPD(t *testing.T) {
	for _, graph := range []string{"near", "any"} {
		a := systemOf(t, "random-spd", Values{"n": "500", "graph": graph, "shift": "0.5"})
		if err := a.CheckSymmetric(); err != nil {
			t.Errorf("%s: %v", graph, err)
		}
		if degree := float64(a.NNZ())/500 - 1; degree < 4 || degree > 9 {
			t.Errorf("%s: degree %.2g, want about 7", graph, degree)
		}
		for i := range a.Rows {
			sum := 0.0
			_, vals := a.Row(i)
			for _, v := range vals {
				sum += v
			}
			if math.Abs(sum-0.5) > 1e-10*a.At(i, i) {
				t.Fatalf("%s: row %d sums to %g, not to the shift", graph, i, sum)
			}
		}
	}
}

// An upwind matrix is an M-matrix whose inner rows sum to zero.
func TestConvection(t *testing.T) {
	for _, flow := range []string{"straight", "round"} {
		a := systemOf(t, "convection", Values{"n": "9", "flow": flow})
		if a.CheckSymmetric() == nil {
			t.Errorf("%s: symmetric", flow)
		}
		a.DoNonZero(func(i, j int, v float64) {
			if (i == j) != (v > 0) {
				t.Errorf("%s: entry (%d,%d) is %g", flow, i, j, v)
			}
		})
		sum := 0.0
		_, vals := a.Row(4*9 + 4)
		for _, v := range vals {
			sum += v
		}
		if math.Abs(sum) > 1e-14 {
			t.Errorf("%s: an inner row sums to %g", flow, sum)
		}
	}
}

func TestSaddle(t *testing.T) {
	a := systemOf(t, "saddle", Values{"n": "40", "m": "12"})
	if err := a.CheckSymmetric(); err != nil || a.Rows != 52 {
		t.Errorf("%d rows, %v", a.Rows, err)
	}
	for k := 40; k < 52; k++ {
		if a.At(k, k) != 0 {
			t.Errorf("diagonal entry %d is %g", k, a.At(k, k))
		}
	}
	g, _ := Find("saddle")
	if _, err := g.Generate(Values{"n": "3", "m": "4"}, 1, 0); err == nil {
		t.Error("more constraints than unknowns pass")
	}
}
