package kern

import "math"

// SelectAbsTopK writes the indices of the k largest |x_i| to idx in ascending
// order and returns idx[:min(k, len(x))]. Among equal magnitudes the lower
// index wins; NaN counts as +Inf. idx needs room for that many indices and
// scratch for len(x) values. The expected cost is O(len(x)).
func SelectAbsTopK(idx []int, x []float64, k int, scratch []float64) []int {
	k = max(0, min(k, len(x)))
	checkRoom("SelectAbsTopK", "idx", len(idx), k)
	checkRoom("SelectAbsTopK", "scratch", len(scratch), len(x))
	if k == 0 {
		return idx[:0]
	}
	a := scratch[:len(x)]
	for i, v := range x {
		a[i] = magnitude(v)
	}
	t := kthLargest(a, k)
	ties := k
	for _, v := range a {
		if v > t {
			ties--
		}
	}
	n := 0
	for i, v := range x {
		m := magnitude(v)
		switch {
		case m > t:
		case m == t && ties > 0:
			ties--
		default:
			continue
		}
		idx[n] = i
		n++
	}
	return idx[:n]
}

func magnitude(v float64) float64 {
	if v != v {
		return math.Inf(1)
	}
	return math.Abs(v)
}

// kthLargest returns the k-th largest value of a, counted from 1, reordering
// a: quickselect with Hoare's partition and a pivot of median of three.
func kthLargest(a []float64, k int) float64 {
	lo, hi, want := 0, len(a)-1, k-1
	for lo < hi {
		p := median3(a[lo], a[lo+(hi-lo)/2], a[hi])
		i, j := lo, hi
		for i <= j {
			for a[i] > p {
				i++
			}
			for a[j] < p {
				j--
			}
			if i <= j {
				a[i], a[j] = a[j], a[i]
				i++
				j--
			}
		}
		switch {
		case want <= j:
			hi = j
		case want >= i:
			lo = i
		default:
			return a[want]
		}
	}
	return a[want]
}

func median3(a, b, c float64) float64 {
	return max(min(a, b), min(max(a, b), c))
}
