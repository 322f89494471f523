package exact

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"solve/solver"
)

// unitBits is the logarithm of the number of mass units: no flow and no sum
// of flows exceeds 2⁶¹, so int64 never overflows.
const unitBits = 61

// masses are both sides in units of which there are equally many.
type masses struct {
	a, b       []int64 // of the points that carry mass
	rows, cols []int32 // index → index of the problem
	total      float64 // Σa
	roundedUp  int
	units      int64 // both sides have so many
	integers   bool  // a unit is 1
	given      [2][]float64
	matched    bool // Σa = Σb up to rounding
}

// newMasses checks the masses and makes integers of them: as they are, if
// both sides are integers of equal sums; m and n units if each side is
// uniform; else multiples of 2⁻⁶¹ of the total, by largest remainders.
func newMasses(a, b []float64, mustBeIntegers bool) (*masses, error) {
	sa, err := total("weights a", a)
	if err != nil {
		return nil, err
	}
	sb, err := total("weights b", b)
	if err != nil {
		return nil, err
	}
	if math.Abs(sa-sb) > massTolerance*math.Max(sa, sb) {
		return nil, fmt.Errorf("exact: masses differ: a sums to %.17g, b to %.17g: %w", sa, sb, solver.ErrInput)
	}
	q := &masses{rows: support(a), cols: support(b), total: sa, given: [2][]float64{a, b}, matched: math.Abs(sa-sb) <= 1e-14*sa}
	n, m := int64(len(q.rows)), int64(len(q.cols))
	q.integers = integral(a, sa) && integral(b, sb) && sa == sb
	switch {
	case q.integers:
		q.units = int64(sa)
		q.a, q.b = asIntegers(a, q.rows), asIntegers(b, q.cols)
	case mustBeIntegers:
		return nil, fmt.Errorf("exact: masses are not integers of equal sums below 2^53: %w", solver.ErrInput)
	case uniform(a, q.rows) && uniform(b, q.cols):
		d := gcd(n, m)
		q.units = n / d * m
		q.a, q.b = repeat(m/d, n), repeat(n/d, m)
	default:
		q.units = 1 << unitBits
		var up int
		q.a, q.roundedUp = quantise(a, q.rows, sa)
		q.b, up = quantise(b, q.cols, sb)
		q.roundedUp += up
	}
	return q, nil
}

// assignment tells whether every row gets a column of its own.
func (m *masses) assignment() bool {
	one := m.a[0]
	other := func(q int64) bool { return q != one }
	return len(m.a) == len(m.b) && !slices.ContainsFunc(m.a, other) && !slices.ContainsFunc(m.b, other)
}

// mass is that of q units.
func (m *masses) mass(q int64) float64 {
	if m.integers {
		return float64(q)
	}
	return float64(q) / float64(m.units) * m.total
}

// total sums masses with compensation, refusing what is no mass.
func total(what string, a []float64) (float64, error) {
	var s sum
	for i, x := range a {
		switch {
		case math.IsNaN(x) || math.IsInf(x, 0):
			return 0, fmt.Errorf("exact: %w", &solver.EntryError{What: what, Row: i + 1, Value: x, Err: solver.ErrNonFinite})
		case x < 0:
			return 0, fmt.Errorf("exact: %w", &solver.EntryError{What: what, Row: i + 1, Value: x, Err: solver.ErrNegative})
		}
		s.add(x)
	}
	switch v := s.value(); {
	case v == 0:
		return 0, fmt.Errorf("exact: %s: no mass: %w", what, solver.ErrInput)
	case math.IsInf(v, 1) || math.IsNaN(v):
		return 0, fmt.Errorf("exact: %s: total mass overflows: %w", what, solver.ErrNonFinite)
	default:
		return v, nil
	}
}

// support lists the points that carry mass.
func support(a []float64) []int32 {
	out := make([]int32, 0, len(a))
	for i, x := range a {
		if x > 0 {
			out = append(out, int32(i))
		}
	}
	return out
}

func integral(a []float64, total float64) bool {
	if total >= 1<<53 {
		return false
	}
	return !slices.ContainsFunc(a, func(x float64) bool { return x != math.Floor(x) })
}

func asIntegers(a []float64, index []int32) []int64 {
	out := make([]int64, len(index))
	for k, i := range index {
		out[k] = int64(a[i])
	}
	return out
}

func uniform(a []float64, index []int32) bool {
	return !slices.ContainsFunc(index, func(i int32) bool { return a[i] != a[index[0]] })
}

func repeat(v, n int64) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// quantise gives the listed masses shares of 2⁶¹ units: the integer parts of
// 2⁶¹ a_i/Σa, computed in 128 bits, and one more to the largest remainders
// until none is left. Whoever would get nothing gets one unit of the
// largest's.
func quantise(a []float64, index []int32, total float64) (q []int64, roundedUp int) {
	// Multiples of 2^-shift of which there are fewer than 2^62.
	_, e := math.Frexp(total)
	shift := unitBits - e
	w, sum := make([]uint64, len(index)), uint64(0)
	for k, i := range index {
		w[k] = uint64(math.Ldexp(a[i], shift))
		sum += w[k]
	}
	q = make([]int64, len(index))
	rest := make([]uint64, len(index))
	left := int64(1) << unitBits
	for k, v := range w {
		hi, lo := bits.Mul64(v, 1<<unitBits)
		quo, rem := bits.Div64(hi, lo, sum)
		q[k], rest[k] = int64(quo), rem
		left -= q[k]
	}
	order := make([]int32, len(q))
	for k := range order {
		order[k] = int32(k)
	}
	slices.SortStableFunc(order, func(x, y int32) int {
		switch {
		case rest[x] > rest[y]:
			return -1
		case rest[x] < rest[y]:
			return 1
		}
		return 0
	})
	for _, k := range order[:left] {
		q[k]++
	}
	largest := 0
	for k, v := range q {
		if v > q[largest] {
			largest = k
		}
	}
	for k := range q {
		if q[k] == 0 {
			q[k]++
			q[largest]--
			roundedUp++
		}
	}
	return q, roundedUp
}
