package verify

import "math"

// Violation sums the mass of the listed rows (counted from 0) and of the
// columns that they reach along finite costs. Where the first exceeds the
// second no plan exists: Hall's condition, with masses. Totals that differ by
// rounding are scaled to that of a, unless columns may be left over.
func Violation(t Transport, rows []int) (held, reachable float64) {
	_, m := t.Cost.Dims()
	scratch, reached := make([]float64, m), make([]bool, m)
	var mass compensated
	for _, i := range rows {
		mass.add(t.A[i])
		for j, c := range t.Cost.Row(i, scratch) {
			reached[j] = reached[j] || !math.IsInf(c, 1)
		}
	}
	var room compensated
	for j, b := range t.B {
		if reached[j] {
			room.add(b)
		}
	}
	if t.Spare {
		return mass.value(), room.value()
	}
	return mass.value(), room.value() / sum(t.B) * sum(t.A)
}
