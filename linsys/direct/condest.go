package direct

import "math"

// condestSolves bounds the pairs of solves of Condition1.
const condestSolves = 5

// Condition1 estimates the condition number ‖A‖₁‖A⁻¹‖₁ of a matrix of order n
// from its 1-norm and from functions that overwrite a vector with A⁻¹ or A⁻ᵀ
// times it. The estimate is a lower bound, up to rounding, and rarely smaller
// than a third of the truth. It takes at most five solves of each kind; +Inf
// means that a solve overflowed.
//
// N. Higham, FORTRAN codes for estimating the one-norm of a real or complex
// matrix, with applications to condition estimation, ACM Trans. Math. Software
// 14 (1988), algorithm 4.1, after W. Hager, Condition estimates, SIAM J. Sci.
// Stat. Comput. 5 (1984).
func Condition1(n int, norm1 float64, solve, solveTrans func(x []float64)) float64 {
	if n == 0 {
		return 0
	}
	x, sign := make([]float64, n), make([]float64, n)
	for i := range x {
		x[i] = 1 / float64(n)
	}
	solve(x)
	estimate := sumAbs(x)
	if n > 1 {
		estimate = climb(estimate, x, sign, solve, solveTrans)
		// A vector that the climb can miss.
		for i := range x {
			x[i] = 1 + float64(i)/float64(n-1)
			if i%2 == 1 {
				x[i] = -x[i]
			}
		}
		solve(x)
		estimate = math.Max(estimate, 2*sumAbs(x)/(3*float64(n)))
	}
	if math.IsNaN(estimate) {
		return math.Inf(1)
	}
	return norm1 * estimate
}

// climb looks for a column of A⁻¹ with a large sum: from the one at hand it
// goes to the one that the gradient of the norm points at.
func climb(estimate float64, x, sign []float64, solve, solveTrans func(x []float64)) float64 {
	last := -1
	setSigns(sign, x)
	for range condestSolves - 2 {
		copy(x, sign)
		solveTrans(x)
		j := largest(x)
		if last >= 0 && math.Abs(x[last]) == math.Abs(x[j]) {
			break
		}
		clear(x)
		x[j], last = 1, j
		solve(x)
		next := sumAbs(x)
		if same := setSigns(sign, x); same || !(next > estimate) {
			return math.Max(estimate, next)
		}
		estimate = next
	}
	return estimate
}

// setSigns writes the signs of x and reports whether they were there before.
func setSigns(sign, x []float64) bool {
	same := true
	for i, v := range x {
		s := math.Copysign(1, v)
		same = same && sign[i] == s
		sign[i] = s
	}
	return same
}

func sumAbs(x []float64) float64 {
	sum := 0.
	for _, v := range x {
		sum += math.Abs(v)
	}
	return sum
}

func largest(x []float64) int {
	j := 0
	for i, v := range x {
		if math.Abs(v) > math.Abs(x[j]) {
			j = i
		}
	}
	return j
}
