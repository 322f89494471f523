package ot

import (
	"fmt"
	"math"
	"slices"

	"solve/internal/par"
	"solve/solver"
)

// Statistics lists what CostStatistic knows.
func Statistics() []string { return []string{"max", "mean", "std", "median"} }

// CostStatistic is the maximum, mean, standard deviation (of the population)
// or median of the finite costs: what a relative ε refers to. The median
// stores them; the error wraps solver.ErrTooLarge when that needs more than
// maxMemory bytes.
func CostStatistic(c Cost, stat string, maxMemory int64) (float64, error) {
	n, m := c.Dims()
	if !slices.Contains(Statistics(), stat) {
		return 0, &solver.OptionError{Name: "reg-rel", Value: stat, Want: fmt.Sprint("one of ", Statistics())}
	}
	if n == 0 || m == 0 {
		return 0, fmt.Errorf("ot: empty cost (%d×%d): %w", n, m, solver.ErrInput)
	}
	r, err := scan(c, 0)
	if err != nil {
		return 0, err
	}
	if r.forbidden == n*m {
		return 0, fmt.Errorf("ot: cost has no finite entry: %w", solver.ErrInput)
	}
	switch stat {
	case "max":
		return r.max, nil
	case "median":
		return median(c, maxMemory)
	}
	mean := average(c, func(x float64) float64 { return x })
	if stat == "mean" {
		return mean, nil
	}
	return math.Sqrt(average(c, func(x float64) float64 { return (x - mean) * (x - mean) })), nil
}

// average is the mean of f over the finite costs, summed by rows.
func average(c Cost, f func(float64) float64) float64 {
	n, m := c.Dims()
	sums, counts := make([]float64, n), make([]float64, n)
	par.For(0, n, func(i int) {
		row := make([]float64, m)
		c.Row(i, 0, row)
		for _, x := range row {
			if !math.IsInf(x, 1) {
				sums[i] += f(x)
				counts[i]++
			}
		}
	})
	s, k := 0.0, 0.0
	for i := range sums {
		s += sums[i]
		k += counts[i]
	}
	return s / k
}

func median(c Cost, maxMemory int64) (float64, error) {
	n, m := c.Dims()
	if need := 16 * int64(n) * int64(m); need > maxMemory {
		return 0, fmt.Errorf("ot: %w", &solver.TooLargeError{What: "the median of the costs", Need: need, Have: maxMemory})
	}
	all := make([]float64, n*m)
	par.For(0, n, func(i int) { c.Row(i, 0, all[i*m:(i+1)*m]) })
	all = slices.DeleteFunc(all, func(x float64) bool { return math.IsInf(x, 1) })
	upper := kthLargest(all, len(all)/2+1)
	if len(all)%2 == 1 {
		return upper, nil
	}
	return (upper + kthLargest(all, len(all)/2)) / 2, nil
}
