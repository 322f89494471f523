package multigrid

import (
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/solver"
)

// fwCoarsest solves the coarsest level with the inverse of its matrix, in
// float64.
type fwCoarsest[T kern.Real] struct {
	raw     []int32 // unknowns
	inverse []float64
	b       []float64

	singular bool // some component has no excess
}

// newCoarsest inverts the matrix of a level. Components without excess are
// singular: their constant vector gets the mean diagonal for an eigenvalue,
// which makes the result act as the pseudo-inverse on right-hand sides of sum
// 0 and keeps it positive definite.
func newCoarsest[T kern.Real](l *fwLevel[T]) (*fwCoarsest[T], error) {
	c := &fwCoarsest[T]{}
	place := make([]int32, l.size())
	note := func(r int32, inv T) {
		place[r] = -1
		if inv > 0 {
			place[r] = int32(len(c.raw))
			c.raw = append(c.raw, r)
		}
	}
	f := &l.faces
	for k := range f.Cells() {
		r := f.Guard() + k
		note(int32(r), l.inverseOf(r))
	}
	for e, inv := range l.extras.inv {
		note(l.firstExtra()+int32(e), inv)
	}
	n := len(c.raw)
	c.b = make([]float64, n)
	a := make([]float64, n*n)
	for k, r := range c.raw {
		l.eachLink(r, func(to int32, w T) {
			if q := place[to]; q >= 0 {
				a[k*n+int(q)] -= float64(w)
			}
		})
	}
	excess := make([]float64, n)
	for k, r := range c.raw {
		d := l.excessOf(r)
		excess[k] = d
		for _, w := range a[k*n : (k+1)*n] {
			d -= w
		}
		a[k*n+k] += d
	}
	c.singular = lift(n, a, excess)
	var err error
	c.inverse, err = invertDense(n, a)
	return c, err
}

// lift adds the rank-one terms of the singular components, and reports
// whether there are any.
func lift(n int, a, excess []float64) (singular bool) {
	seen := make([]bool, n)
	for start := range n {
		if seen[start] {
			continue
		}
		seen[start] = true
		members := []int{start}
		sum, diagonal := 0., 0.
		for at := 0; at < len(members); at++ {
			k := members[at]
			sum += excess[k]
			diagonal += a[k*n+k]
			for q := range n {
				if a[k*n+q] != 0 && !seen[q] {
					seen[q] = true
					members = append(members, q)
				}
			}
		}
		if sum > 0 {
			continue
		}
		singular = true
		m := float64(len(members))
		for _, p := range members {
			for _, q := range members {
				a[p*n+q] += diagonal / (m * m)
			}
		}
	}
	return singular
}

// invertDense returns the inverse of a symmetric positive definite matrix,
// which it overwrites.
func invertDense(n int, a []float64) ([]float64, error) {
	row := func(m []float64, i int) []float64 { return m[i*n : (i+1)*n] }
	for i := range n {
		ri := row(a, i)
		for j := range i {
			ri[j] = (ri[j] - kern.Dot(ri[:j], row(a, j)[:j])) / row(a, j)[j]
		}
		pivot := ri[i] - kern.Dot(ri[:i], ri[:i])
		if !(pivot > 0) {
			return nil, fmt.Errorf("multigrid: pivot %d of %d on the coarsest level is %.3g: %w", i+1, n, pivot, solver.ErrNotPositiveDefinite)
		}
		ri[i] = math.Sqrt(pivot)
	}
	lower := make([]float64, n*n) // L⁻¹
	for i := range n {
		out := row(lower, i)
		for j := range i {
			kern.Axpy(-row(a, i)[j], row(lower, j)[:j+1], out[:j+1])
		}
		d := 1 / row(a, i)[i]
		for j := range i {
			out[j] *= d
		}
		out[i] = d
	}
	clear(a)
	for k := range n { // L⁻ᵀ L⁻¹
		r := row(lower, k)
		for i := range k + 1 {
			kern.Axpy(r[i], r[:k+1], row(a, i)[:k+1])
		}
	}
	return a, nil
}

// solve sets x of the level to the solution for its b.
func (c *fwCoarsest[T]) solve(l *fwLevel[T]) {
	n := len(c.raw)
	for k, r := range c.raw {
		c.b[k] = float64(l.b[r])
	}
	for k, r := range c.raw {
		l.x[r] = T(kern.Dot(c.inverse[k*n:(k+1)*n], c.b))
	}
}

// inverseOf returns 1/d of a cell, 0 where masked.
func (l *fwLevel[T]) inverseOf(r int) T {
	f := &l.faces
	if f.Code != nil {
		return f.InvOf[f.Code[r]&kern.CodeDiagonal]
	}
	return f.Inv[r]
}

// excessOf returns the excess of an unknown.
func (l *fwLevel[T]) excessOf(r int32) float64 {
	if l.faces.Code != nil {
		at := int(r) - l.faces.Guard()
		return float64(newViewer(l).plane(at / l.faces.Plane()).excess[at%l.faces.Plane()])
	}
	return float64(l.excess[r])
}

// eachLink calls fn for every link of an unknown.
func (l *fwLevel[T]) eachLink(r int32, fn func(to int32, w T)) {
	x := &l.extras
	if r >= l.firstExtra() {
		e := r - l.firstExtra()
		for k := x.ptr[e]; k < x.ptr[e+1]; k++ {
			fn(x.nb[k], x.w[k])
		}
		return
	}
	f := &l.faces
	at := int(r)
	for axis, step := range [3]int{f.Plane(), f.N, 1} {
		if w := f.Weight(axis, at); w > 0 {
			fn(int32(at+step), w)
		}
		if w := f.Weight(axis, at-step); w > 0 {
			fn(int32(at-step), w)
		}
	}
	for colour := range l.patches {
		for _, p := range l.patches[colour].list {
			if p.at == r {
				fn(p.extra, p.w)
			}
		}
	}
}
