package verify

import (
	"fmt"
	"math"

	"solve/solver"
)

// Quadratic is min ½xᵀAx − bᵀx + Σ L1|x_j| + L2 x_j²/2 over Lower ≤ x ≤ Upper,
// A symmetric.
type Quadratic struct {
	N            int
	A            Rows
	B            []float64
	L1, L2       float64
	Lower, Upper float64 // ∓Inf = none
}

// QuadraticCertificate is what Certify found.
type QuadraticCertificate struct {
	Objective float64
	Residual  float64 // ‖s‖₂/‖b‖₂, s_j the distance of b − Ax from the subdifferential of the rest
	Plain     bool    // no penalty and no bounds: the residual is ‖Ax−b‖/‖b‖
}

// Certify judges x.
func (q Quadratic) Certify(x []float64) (QuadraticCertificate, error) {
	if len(x) != q.N || len(q.B) != q.N {
		return QuadraticCertificate{}, fmt.Errorf("verify: x has %d entries, b %d, the matrix %d rows: %w", len(x), len(q.B), q.N, solver.ErrDimension)
	}
	c := QuadraticCertificate{Plain: q.L1 == 0 && q.L2 == 0 && math.IsInf(q.Lower, -1) && math.IsInf(q.Upper, 1)}
	scratch := make([]float64, q.N)
	var f compensated
	residual, size := 0.0, 0.0
	for i := range q.N {
		cols, vals := q.A.Row(i, scratch)
		var sum compensated
		for k, v := range vals {
			j := k
			if cols != nil {
				j = int(cols[k])
			}
			sum.add(v * x[j])
		}
		ax, xi := sum.value(), x[i]
		f.add(xi * (ax/2 - q.B[i]))
		f.add(q.L1*math.Abs(xi) + q.L2*xi*xi/2)
		residual = math.Hypot(residual, q.distance(xi, ax-q.B[i]+q.L2*xi))
		size = math.Hypot(size, q.B[i])
	}
	c.Objective, c.Residual = f.value(), residual
	if size > 0 {
		c.Residual /= size
	}
	return c, nil
}

// distance of −g from the subdifferential of L1|·| and the bounds at x; +Inf
// outside the bounds.
func (q Quadratic) distance(x, g float64) float64 {
	if x < q.Lower || x > q.Upper || math.IsNaN(x) {
		return math.Inf(1)
	}
	lo, hi := g-q.L1, g+q.L1 // of the sum of all slopes
	switch {
	case x > 0:
		lo = g + q.L1
	case x < 0:
		hi = g - q.L1
	}
	if x == q.Lower {
		lo = math.Inf(-1)
	}
	if x == q.Upper {
		hi = math.Inf(1)
	}
	return math.Max(0, math.Max(lo, -hi))
}

// Certificates lists them: relative_residual for a plain quadratic,
// kkt_residual otherwise.
func (c QuadraticCertificate) Certificates(tol float64) []solver.Certificate {
	name := "kkt_residual"
	if c.Plain {
		name = "relative_residual"
	}
	return []solver.Certificate{{Name: name, Value: c.Residual, Tol: tol, OK: c.Residual <= tol}}
}
