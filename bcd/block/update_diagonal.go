package block

// diagonalUpdate is x_j ← prox_{Ω_j/D_j}(x_j − g_j/D_j) for all j of the
// block at once, with D_j = Σ_{k∈b}|H_jk| so that diag(D) ⪰ H_bb.
type diagonalUpdate struct{ r *run }

func (u *diagonalUpdate) step(b []int32, id int, g, d []float64) error {
	diagonal := u.r.diagonalOf(b, id)
	proximal(u.r.obj, b, g, func(k int) float64 { return inverseOf(diagonal[k]) }, d)
	return nil
}
