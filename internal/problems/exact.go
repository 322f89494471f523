package problems

import (
	"math"

	"solve/matrix"
)

// Exact is an unregularised transport problem, min ⟨C,P⟩ over P ≥ 0, P1 = a,
// Pᵀ1 = b, with its optimal value.
type Exact struct {
	Name  string
	A, B  []float64
	Cost  *matrix.Dense
	Value float64
}

// ExactOracles returns small problems with their optimal values, for anything
// that claims to bound them.
func ExactOracles() []Exact {
	x := []float64{-1.5, 0, 0.25, 2, 3.75}
	y := []float64{-2, -0.5, 1, 1.25, 2.5, 4}
	a := []float64{0.1, 0.3, 0.2, 0.25, 0.15}
	b := []float64{0.2, 0.05, 0.25, 0.1, 0.15, 0.25}
	return []Exact{
		Monotone(x, a, y, b, 1),
		Monotone(x, a, y, b, 2),
		Assignment(dense(3, 3, 4, 1, 3, 2, 0, 5, 3, 2, 2)),
		Assignment(dense(4, 4, 7, 5, 9, 8, 11, 6, 8, 4, 3, 2, 7, 5, 9, 10, 6, 4)),
		Assignment(dense(6, 6,
			0.31, 0.82, 0.05, 0.64, 0.77, 0.12,
			0.93, 0.14, 0.58, 0.26, 0.39, 0.71,
			0.47, 0.66, 0.29, 0.91, 0.03, 0.55,
			0.18, 0.35, 0.88, 0.42, 0.61, 0.97,
			0.52, 0.07, 0.74, 0.33, 0.85, 0.23,
			0.69, 0.45, 0.16, 0.79, 0.21, 0.38)),
	}
}

// Monotone is transport on the line with cost |x−y|^p, p ≥ 1, between points
// in increasing order: the north-west corner rule is optimal, which fills
// both sides in order (Villani, Topics in Optimal Transportation, §2.2).
func Monotone(x, a, y, b []float64, p float64) Exact {
	cost := dense(len(x), len(y))
	for i := range x {
		for j := range y {
			cost.Row(i)[j] = math.Pow(math.Abs(x[i]-y[j]), p)
		}
	}
	value, i, j := 0.0, 0, 0
	leftA, leftB := a[0], b[0]
	for {
		mass := min(leftA, leftB)
		value += mass * cost.At(i, j)
		leftA -= mass
		leftB -= mass
		if leftA <= leftB {
			i++
			if i == len(a) {
				break
			}
			leftA = a[i]
		} else {
			j++
			if j == len(b) {
				break
			}
			leftB = b[j]
		}
	}
	return Exact{Name: "monotone", A: a, B: b, Cost: cost, Value: value}
}

// Assignment is an n×n cost with masses 1/n; its optimum is a permutation
// (Birkhoff), found here by trying all of them. For n up to 8.
func Assignment(cost *matrix.Dense) Exact {
	n := cost.Rows
	best := math.Inf(1)
	taken := make([]bool, n)
	var extend func(i int, sum float64)
	extend = func(i int, sum float64) {
		if i == n {
			best = min(best, sum)
			return
		}
		for j := range n {
			if !taken[j] {
				taken[j] = true
				extend(i+1, sum+cost.At(i, j))
				taken[j] = false
			}
		}
	}
	extend(0, 0)
	return Exact{Name: "assignment", A: uniform(n), B: uniform(n), Cost: cost, Value: best / float64(n)}
}
