package verify

import (
	"fmt"
	"math"

	"solve/solver"
)

// LinearSystem is A x = b with one right-hand side, or, with LeastSquares,
// min ‖A x − b‖² + Damp²‖x‖².
type LinearSystem struct {
	Rows, Cols   int
	A            Rows // stored
	B            []float64
	LeastSquares bool // Optimality is wanted
	Damp         float64
	Threads      int // 0 = all; the result does not depend on it
}

// LinearCertificate is what Linear found.
type LinearCertificate struct {
	RelativeResidual float64 // ‖b − A x‖₂/‖b‖₂; 0/0 = 0
	BackwardError    float64 // ‖r‖∞/(‖A‖∞‖x‖∞ + ‖b‖∞), Rigal and Gaches 1967
	Componentwise    float64 // max |r_i|/(|A||x| + |b|)_i, Oettli and Prager 1964; 0/0 = 0
	Optimality       float64 // ‖Aᵀr − Damp²x‖/(‖A‖_F‖r‖), with the damped rows in both norms; NaN unless LeastSquares
	Residual         float64 // ‖r‖₂
	NormB, NormX     float64 // ‖b‖₂, ‖x‖₂
	leastSquares     bool
	Reachable        float64 // relative residual that rounding alone may leave, 4u(‖A‖∞‖x‖∞ + ‖b‖∞)/‖b‖₂·√m
}

// Linear certifies x. Residuals are formed in double precision, row by row,
// from the matrix as given.
func Linear(s LinearSystem, x []float64) (LinearCertificate, error) {
	if len(s.B) != s.Rows || len(x) != s.Cols {
		return LinearCertificate{}, fmt.Errorf("verify: the matrix is %d×%d, b has %d and x %d entries: %w", s.Rows, s.Cols, len(s.B), len(x), solver.ErrDimension)
	}
	t := s.residual(x)
	maxX, maxB, maxR := maxAbs(x), maxAbs(s.B), maxAbs(t.r)
	c := s.certificate(columnNorms{
		maxA: t.normA, maxX: maxX, maxB: maxB, maxR: maxR,
		x: scaledNorm(x, maxX), b: scaledNorm(s.B, maxB), r: scaledNorm(t.r, maxR), componentwise: t.componentwise,
	})
	if s.LeastSquares {
		c.Optimality = s.optimality(t.r, x)
	}
	return c, nil
}

// columnNorms are the norms that a certificate consists of: ‖A‖∞, the largest
// entries, and the Euclidean norms of x, b and r.
type columnNorms struct {
	maxA, maxX, maxB, maxR float64
	x, b, r                float64
	componentwise          float64
}

func (s *LinearSystem) certificate(n columnNorms) LinearCertificate {
	size := n.maxA*n.maxX + n.maxB
	return LinearCertificate{
		Residual: n.r, NormB: n.b, NormX: n.x,
		Componentwise: n.componentwise, Optimality: math.NaN(), leastSquares: s.LeastSquares,
		RelativeResidual: ratio(n.r, n.b),
		BackwardError:    ratio(n.maxR, size),
		Reachable:        ratio(4*unit*size*math.Sqrt(float64(s.Rows)), n.b),
	}
}

// Certificates judges c. A system is solved when the residual meets tol or
// atol; a least-squares problem when either the residual or the optimality
// does.
func (c LinearCertificate) Certificates(tol, atol float64) []solver.Certificate {
	small := c.RelativeResidual <= tol || (atol > 0 && c.Residual <= atol)
	residual := solver.Certificate{Name: "relative_residual", Value: c.RelativeResidual, Tol: tol, OK: small}
	backward := solver.Certificate{Name: "backward_error", Value: c.BackwardError, Tol: math.NaN(), OK: true}
	if small && c.RelativeResidual > tol {
		residual.Tol = ratio(atol, c.NormB)
	}
	if !c.leastSquares {
		return []solver.Certificate{residual, backward}
	}
	optimal := solver.Certificate{Name: "optimality", Value: c.Optimality, Tol: tol, OK: c.Optimality <= tol}
	if small {
		optimal.Tol, optimal.OK = math.NaN(), true
	} else {
		residual.Tol, residual.OK = math.NaN(), true
	}
	return []solver.Certificate{residual, optimal, backward}
}

// NullVector measures how well z proves that A x = b has no solution:
// ‖Aᵀz‖∞ relative to ‖A‖∞‖z‖∞, which has to be at rounding level, and
// |zᵀb|/(‖z‖‖b‖), which then is not.
func NullVector(s LinearSystem, z []float64) (kernel, defect float64) {
	g, normA := make([]float64, s.Cols), 0.0
	var dot compensated
	for i, v := range z {
		dot.add(v * s.B[i])
		cols, vals := s.A.Row(i, nil)
		row := 0.0
		for k, a := range vals {
			j := k
			if cols != nil {
				j = int(cols[k])
			}
			g[j] += a * v
			row += math.Abs(a)
		}
		normA = worse(normA, row)
	}
	return ratio(maxAbs(g), normA*maxAbs(z)), ratio(math.Abs(dot.value()), norm2(z)*norm2(s.B))
}

// Proves tells whether the two numbers of NullVector make a proof.
func Proves(kernel, defect float64) bool { return kernel <= 1e-12 && defect > 1e-10 }

// ProjectConstants removes from b its mean on each connected component of a
// square matrix all of whose rows there sum to zero: the constants are a null
// vector then.
func (s *LinearSystem) ProjectConstants(b []float64) {
	root, regular := s.components()
	mean, size := map[int]*compensated{}, map[int]float64{}
	for i, r := range root {
		if mean[r] == nil {
			mean[r] = new(compensated)
		}
		mean[r].add(b[i])
		size[r]++
	}
	for i, r := range root {
		if !regular[r] {
			b[i] -= mean[r].value() / size[r]
		}
	}
}

// components gives each row one row that stands for its component, and says
// of these whether some row of the component does not sum to zero.
func (s *LinearSystem) components() (root []int, regular map[int]bool) {
	parent := make([]int, s.Rows)
	for i := range parent {
		parent[i] = i
	}
	find := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	uneven := make([]bool, s.Rows)
	for i := range parent {
		cols, vals := s.A.Row(i, nil)
		sum, size := 0.0, 0.0
		for k, v := range vals {
			sum, size = sum+v, size+math.Abs(v)
			j := k
			if cols != nil {
				j = int(cols[k])
			}
			if v != 0 {
				parent[find(i)] = find(j)
			}
		}
		uneven[i] = size == 0 || math.Abs(sum) > 1e-12*size
	}
	regular = map[int]bool{}
	for i := range parent {
		parent[i] = find(i)
		regular[parent[i]] = regular[parent[i]] || uneven[i]
	}
	return parent, regular
}

// linearTally is one pass over the rows.
type linearTally struct {
	r                    []float64
	normA, componentwise float64
}

func (s *LinearSystem) residual(x []float64) linearTally {
	out := linearTally{r: make([]float64, s.Rows)}
	parts := make([]linearTally, stripes(s.Rows))
	inStripes(s.Rows, s.Threads, func(k, lo, hi int) {
		p := &parts[k]
		for i := lo; i < hi; i++ {
			r, size, norm := s.row(i, x)
			out.r[i] = r
			p.normA = worse(p.normA, norm)
			p.componentwise = worse(p.componentwise, ratio(math.Abs(r), size))
		}
	})
	for _, p := range parts {
		out.normA, out.componentwise = worse(out.normA, p.normA), worse(out.componentwise, p.componentwise)
	}
	return out
}

// row returns b_i − (A x)_i, (|A||x| + |b|)_i and Σ_j |a_ij|.
func (s *LinearSystem) row(i int, x []float64) (r, size, norm float64) {
	cols, vals := s.A.Row(i, nil)
	dot := 0.0
	for k, v := range vals {
		j := k
		if cols != nil {
			j = int(cols[k])
		}
		t := v * x[j]
		dot += t
		size += math.Abs(t)
		norm += math.Abs(v)
	}
	return s.B[i] - dot, size + math.Abs(s.B[i]), norm
}

// optimality is ‖Aᵀr − λ²x‖/(‖A‖_F‖r‖) of the damped problem. A and r are
// scaled by powers of two, so that no product leaves the range of float64.
func (s *LinearSystem) optimality(r, x []float64) float64 {
	largest := make([]float64, stripes(s.Rows))
	inStripes(s.Rows, s.Threads, func(k, lo, hi int) {
		for i := lo; i < hi; i++ {
			_, vals := s.A.Row(i, nil)
			largest[k] = worse(largest[k], maxAbs(vals))
		}
	})
	lambda := math.Abs(s.Damp)
	byA := unitScale(worse(maxAbs(largest), lambda))
	byR := unitScale(worse(maxAbs(r), lambda*maxAbs(x)))
	g, normA := s.transposed(r, byA, byR)
	lambda *= byA
	for j := range g {
		g[j] -= lambda * lambda * (x[j] / byA * byR)
	}
	full := math.Hypot(norm2(r)*byR, lambda*(norm2(x)/byA*byR))
	return ratio(norm2(g), math.Hypot(normA, lambda*math.Sqrt(float64(s.Cols)))*full)
}

// transposed returns Aᵀr and ‖A‖_F of A and r times the two scales.
func (s *LinearSystem) transposed(r []float64, byA, byR float64) (g []float64, normA float64) {
	parts := make([][]float64, stripes(s.Rows))
	norms := make([]float64, stripes(s.Rows))
	inStripes(s.Rows, s.Threads, func(k, lo, hi int) {
		g, norm := make([]float64, s.Cols), 0.0
		for i := lo; i < hi; i++ {
			cols, vals := s.A.Row(i, nil)
			ri := r[i] * byR
			for t, v := range vals {
				j := t
				if cols != nil {
					j = int(cols[t])
				}
				v *= byA
				g[j] += v * ri
				norm += v * v
			}
		}
		parts[k], norms[k] = g, norm
	})
	g, sum := make([]float64, s.Cols), 0.0
	for k := range parts {
		for j, v := range parts[k] {
			g[j] += v
		}
		sum += norms[k]
	}
	return g, math.Sqrt(sum)
}

// unitScale is the power of two that brings x between 1/2 and 1; 1 for what
// cannot be scaled.
func unitScale(x float64) float64 {
	if x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return 1
	}
	_, e := math.Frexp(x)
	return math.Ldexp(1, min(-e, 1000))
}

// ratio is p/q with 0/0 = 0.
func ratio(p, q float64) float64 {
	if p == 0 {
		return 0
	}
	return p / q
}

// norm2 is the Euclidean norm, without overflow or underflow.
func norm2(x []float64) float64 { return scaledNorm(x, maxAbs(x)) }

// scaledNorm is norm2, given max |x_i|.
func scaledNorm(x []float64, largest float64) float64 {
	if largest == 0 || math.IsInf(largest, 0) || math.IsNaN(largest) {
		return largest
	}
	scale, s := unitScale(largest), 0.0
	for _, v := range x {
		v *= scale
		s += v * v
	}
	return math.Sqrt(s) / scale
}

// maxAbs is max |x_i|; NaN wins.
func maxAbs(x []float64) float64 {
	m := 0.0
	for _, v := range x {
		m = worse(m, math.Abs(v))
	}
	return m
}

// ProjectOut removes from b its part in the span of the vectors, by
// Gram-Schmidt, twice.
func ProjectOut(b []float64, vectors [][]float64) {
	var basis [][]float64
	for _, v := range vectors {
		z := append([]float64(nil), v...)
		for range 2 {
			removeParts(z, basis)
		}
		if size := norm2(z); size > 0 {
			for i := range z {
				z[i] /= size
			}
			basis = append(basis, z)
		}
	}
	for range 2 {
		removeParts(b, basis)
	}
}

func removeParts(b []float64, basis [][]float64) {
	for _, q := range basis {
		var dot compensated
		for i, v := range q {
			dot.add(v * b[i])
		}
		d := dot.value()
		for i, v := range q {
			b[i] -= d * v
		}
	}
}
