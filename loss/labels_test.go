package loss

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"solve/solver"
)

func TestLabels(t *testing.T) {
	cases := []struct {
		y, want []float64
		low     float64
		classes [2]float64
	}{
		{[]float64{1, -1, 1}, []float64{1, 0, 1}, 0, [2]float64{-1, 1}},
		{[]float64{2, 1, 1}, []float64{1, -1, -1}, -1, [2]float64{1, 2}},
		{[]float64{0, 0, 1}, []float64{0, 0, 1}, 0, [2]float64{0, 1}},
		{[]float64{-3.5, 7e9}, []float64{-1, 1}, -1, [2]float64{-3.5, 7e9}},
	}
	for _, c := range cases {
		got, classes, err := Labels(c.y, c.low, 1)
		if err != nil || !slices.Equal(got, c.want) || classes != c.classes {
			t.Errorf("Labels(%v) = %v, %v, %v", c.y, got, classes, err)
		}
	}
	bad := []struct {
		y    []float64
		want error
		text string
	}{
		{nil, solver.ErrInput, "no labels"},
		{[]float64{4, 4}, solver.ErrInput, "all 2 labels are 4"},
		{[]float64{3, 1, 2, 1}, solver.ErrInput, "3 distinct values (1, 2, 3)"},
		{[]float64{6, 5, 4, 3, 2, 1, 0}, solver.ErrInput, "(0, 1, 2, 3, 4, …)"},
		{[]float64{0, 1, math.NaN()}, solver.ErrNonFinite, "entry 3"},
		{[]float64{0, math.Inf(1)}, solver.ErrNonFinite, "entry 2"},
	}
	for _, c := range bad {
		if _, _, err := Labels(c.y, 0, 1); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("Labels(%v): %v, want %q", c.y, err, c.text)
		}
	}
}

func TestClasses(t *testing.T) {
	y := []float64{3, -1, 3, 0, math.Copysign(0, -1), 7}
	index, values, err := Classes(y)
	if err != nil || !slices.Equal(values, []float64{-1, 0, 3, 7}) || !slices.Equal(index, []int{2, 0, 2, 1, 1, 3}) {
		t.Errorf("Classes = %v, %v, %v", index, values, err)
	}
	if y[0] != 3 || y[5] != 7 {
		t.Error("the labels were changed")
	}
}
