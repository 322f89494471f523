package block

// gradientUpdate is x_b ← prox_{Ω/L_b}(x_b − g_b/L_b): f falls by
// ‖g_b‖²/(2L_b) at least.
type gradientUpdate struct{ r *run }

func (u *gradientUpdate) step(b []int32, id int, g, d []float64) error {
	s := inverseOf(u.r.lipschitzOf(b, id))
	proximal(u.r.obj, b, g, func(int) float64 { return s }, d)
	return nil
}
