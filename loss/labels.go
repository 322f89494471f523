package loss

import (
	"fmt"
	"slices"
	"strings"

	"solve/solver"
)

// Labels maps the two distinct values of y to low (the smaller) and high (the
// larger); classes holds them in that order. One value, three or more, and NaN
// are errors that name the values seen.
func Labels(y []float64, low, high float64) (mapped []float64, classes [2]float64, err error) {
	index, values, err := Classes(y)
	if err != nil {
		return nil, classes, err
	}
	if len(values) != 2 {
		return nil, classes, fmt.Errorf("labels have %d distinct values (%s), want 2: %w", len(values), list(values), solver.ErrInput)
	}
	mapped = make([]float64, len(y))
	for i, k := range index {
		mapped[i] = low
		if k == 1 {
			mapped[i] = high
		}
	}
	return mapped, [2]float64(values), nil
}

// Classes numbers the distinct values of y in ascending order: y_i =
// values[index[i]]. Fewer than two values, and NaN or Inf, are errors.
func Classes(y []float64) (index []int, values []float64, err error) {
	if len(y) == 0 {
		return nil, nil, fmt.Errorf("there are no labels: %w", solver.ErrInput)
	}
	for i, v := range y {
		if !isFinite(v) {
			return nil, nil, &solver.EntryError{What: "label", Row: i + 1, Value: v, Err: solver.ErrNonFinite}
		}
	}
	values = slices.Clone(y)
	slices.Sort(values)
	values = slices.Compact(values)
	if len(values) == 1 {
		return nil, nil, fmt.Errorf("all %d labels are %v, want 2 or more classes: %w", len(y), values[0], solver.ErrInput)
	}
	index = make([]int, len(y))
	for i, v := range y {
		index[i], _ = slices.BinarySearch(values, v)
	}
	return index, values, nil
}

// list writes the first few values.
func list(values []float64) string {
	const most = 5
	var b strings.Builder
	for i, v := range values {
		if i == most {
			b.WriteString(", …")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, v)
	}
	return b.String()
}
