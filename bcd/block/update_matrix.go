package block

// matrixUpdate is d = −H_bb⁻¹g_b: f falls by ½gᵀH_bb⁻¹g at least, and a
// quadratic is minimised over the block.
type matrixUpdate struct{ r *run }

func (u *matrixUpdate) step(b []int32, id int, g, d []float64) error {
	h, err := u.r.factorOf(b, id)
	if err != nil {
		return err
	}
	for k, v := range g {
		d[k] = -v
	}
	h.solve(d)
	return nil
}
