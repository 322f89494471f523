package verify

import (
	"math"
	"testing"

	"solve/matrix"
)

// programme is a 3×3 problem with a known optimum, 5/3 on the cyclic
// permutation, whose potentials are unique up to a constant.
func programme() (Transport, *matrix.Dense, []float64, []float64) {
	third := 1. / 3
	cost := &matrix.Dense{Rows: 3, Cols: 3, Data: []float64{4, 1, 3, 2, 0, 5, 3, 2, 2}}
	tr := Transport{A: []float64{third, third, third}, B: []float64{third, third, third}, Cost: DenseCost(cost)}
	plan := &matrix.Dense{Rows: 3, Cols: 3, Data: []float64{0, third, 0, third, 0, 0, 0, 0, third}}
	return tr, plan, []float64{1, 0, 1}, []float64{2, 0, 1}
}

// Every number of an answer counts: a plan entry or a potential that is
// changed either way opens the gap or breaks the marginals.
func TestUnregularisedMutations(t *testing.T) {
	tr, plan, f, g := programme()
	accepted := func() bool {
		for _, c := range certify(t, tr, DenseRows(plan), f, g).Certificates(1e-9, 0, 1) {
			if !c.OK {
				return false
			}
		}
		return true
	}
	if !accepted() {
		t.Fatal("the optimum is refused")
	}
	for _, part := range [][]float64{plan.Data, f, g} {
		for k, x := range part {
			for _, by := range []float64{-1e-3, 1e-3} {
				if part[k] = x + by; accepted() {
					t.Errorf("entry %d changed from %g to %g is accepted", k, x, part[k])
				}
			}
			part[k] = x
		}
	}
}

// A maximum is the minimum of the negated cost.
func TestUnregularisedMaximum(t *testing.T) {
	tr, plan, f, g := programme()
	least := certify(t, tr, DenseRows(plan), f, g)
	most := tr
	most.Maximize = true
	most.Cost = negatedCost{tr.Cost}
	c := certify(t, most, DenseRows(plan), negated(f), negated(g))
	if c.Cost != -least.Cost || c.Objective != -least.Cost || c.Lower != -least.Upper || c.Upper != -least.Lower || c.DualGap != least.DualGap {
		t.Errorf("least %+v, most %+v", least, c)
	}
	inf := math.Inf(1)
	row := negatedCost{DenseCost(&matrix.Dense{Rows: 1, Cols: 2, Data: []float64{inf, 2}})}.Row(0, make([]float64, 2))
	if row[0] != inf || row[1] != -2 {
		t.Errorf("negated %v", row)
	}
}

// Columns to spare may stay empty, and only then; their potentials may not be
// positive.
func TestUnregularisedSpare(t *testing.T) {
	cost := &matrix.Dense{Rows: 1, Cols: 3, Data: []float64{3, 1, 2}}
	tr := Transport{A: []float64{1}, B: []float64{1, 1, 1}, Cost: DenseCost(cost), Spare: true}
	plan := DenseRows(&matrix.Dense{Rows: 1, Cols: 3, Data: []float64{0, 1, 0}})
	c := certify(t, tr, plan, []float64{1}, []float64{0, 0, 0})
	near(t, "gap", c.DualGap, 0, 1e-14)
	near(t, "marginal error", c.MarginalError, 0, 0)
	if c = certify(t, tr, plan, []float64{1}, []float64{1, 0, 0}); !(c.DualGap > 1) {
		t.Errorf("a positive potential of an empty column leaves a gap of %g", c.DualGap)
	}
	tr.Spare = false
	if c = certify(t, tr, plan, nil, nil); !(c.MarginalError > 1) || !math.IsNaN(c.DualGap) {
		t.Errorf("%+v", c)
	}
	twice := DenseRows(&matrix.Dense{Rows: 1, Cols: 3, Data: []float64{0, 2, 0}})
	tr.Spare = true
	if c = certify(t, tr, twice, nil, nil); c.MarginalError != 2 { // 1 in the row, 1 in the column
		t.Errorf("a column with two: marginal error %g", c.MarginalError)
	}
}

// Points without mass neither bound nor count.
func TestUnregularisedWithoutMass(t *testing.T) {
	inf := math.Inf(1)
	cost := &matrix.Dense{Rows: 2, Cols: 2, Data: []float64{1, inf, -9, -9}}
	tr := Transport{A: []float64{1, 0}, B: []float64{1, 0}, Cost: DenseCost(cost)}
	plan := DenseRows(&matrix.Dense{Rows: 2, Cols: 2, Data: []float64{1, 0, 0, 0}})
	c := certify(t, tr, plan, []float64{1, 99}, []float64{0, 99})
	near(t, "gap", c.DualGap, 0, 1e-14)
	near(t, "cost", c.Cost, 1, 0)
}
