package multigrid

// center subtracts from v, in grid numbering, its mean on every component of
// the grid without excess: there the constants are a null vector.
func (g *Grid) center(v []float64) {
	f := &g.faces
	seen := make([]bool, len(v))
	var members []int32
	for i := range g.n {
		start := f.Guard() + g.cellOf(i)
		if seen[start] {
			continue
		}
		seen[start] = true
		members = append(members[:0], int32(start))
		sum, singular := 0., true
		for at := 0; at < len(members); at++ {
			c := int(members[at])
			sum += v[c]
			excess := f.Diagonal(c)
			for axis, step := range [3]int{f.Plane(), f.N, 1} {
				for _, link := range [2]struct {
					w  float64
					to int
				}{{f.Weight(axis, c), c + step}, {f.Weight(axis, c-step), c - step}} {
					excess -= link.w
					if link.w > 0 && !seen[link.to] {
						seen[link.to] = true
						members = append(members, int32(link.to))
					}
				}
			}
			singular = singular && excess <= excessTolerance*f.Diagonal(c)
		}
		if !singular {
			continue
		}
		mean := sum / float64(len(members))
		for _, c := range members {
			v[c] -= mean
		}
	}
}

// Singular tells whether some component of the grid has no excess: its
// constants are a null vector.
func (m *FWMG) Singular() bool { return m.cycle.isSingular() }
