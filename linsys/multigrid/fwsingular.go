package multigrid

import (
	"slices"

	"solve/internal/par"
)

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

// isSingular looks for components without excess: each becomes a single
// unknown with d = 0 on some level, or is still there on the coarsest.
func (h *fwHierarchy[T]) isSingular() bool {
	return h.coarse.singular || slices.ContainsFunc(h.level, func(l *fwLevel[T]) bool { return l.singular })
}

// collapsed reports whether some unknown of the new level has d = 0, other
// than cells without an unknown.
func (s *fwSetup[T]) collapsed() bool {
	f, c := s.f, s.c
	for e, to := range f.coarseOf {
		if to >= 0 && f.extras.d[e] > 0 && c.diagonalOf(to) == 0 {
			return true
		}
	}
	for _, m := range f.exceptions {
		if m.coarse >= 0 && c.diagonalOf(m.coarse) == 0 {
			return true
		}
	}
	found := make([]bool, c.faces.Planes)
	par.For(s.threads, len(found), func(i int) {
		at := c.faces.Guard() + i*c.faces.Plane()
		for k, d := range c.faces.D[at : at+c.faces.Plane()] {
			found[i] = found[i] || d == 0 && s.inhabited(i, k/c.faces.N, k%c.faces.N)
		}
	})
	return slices.Contains(found, true)
}

// inhabited reports whether some cell of box (i,j,k) belongs to its primary
// unknown.
func (s *fwSetup[T]) inhabited(i, j, k int) bool {
	f := s.f
	for p := i * f.factor[0]; p < min((i+1)*f.factor[0], f.faces.Planes); p++ {
		for y := j * f.factor[1]; y < min((j+1)*f.factor[1], f.faces.Lines); y++ {
			for z := k * f.factor[2]; z < min((k+1)*f.factor[2], f.faces.N); z++ {
				r := int32(f.faces.Guard() + (p*f.faces.Lines+y)*f.faces.N + z)
				if f.inverseOf(int(r)) > 0 && !slices.ContainsFunc(f.exceptions[f.planeOf[p]:f.planeOf[p+1]], func(m fwMoved) bool { return m.fine == r }) {
					return true
				}
			}
		}
	}
	return false
}

// diagonalOf returns d of an unknown of a level that is not coded.
func (l *fwLevel[T]) diagonalOf(raw int32) T {
	if raw >= l.firstExtra() {
		return l.extras.d[raw-l.firstExtra()]
	}
	return l.faces.D[raw]
}
