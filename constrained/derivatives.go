package constrained

import (
	"fmt"
	"math"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// DerivativeError is a derivative that differences do not confirm. Rows and
// columns count from 0; the gradient of f is row −1, a second derivative of the
// Lagrangian with the multipliers of CheckDerivatives has both.
type DerivativeError struct {
	Second           bool
	Row, Col         int
	Value, Estimated float64
}

// derivativeColumns bounds the work of CheckDerivatives: of more variables, so many
// are looked at, evenly spread.
const derivativeColumns = 1000

// CheckDerivatives compares the first derivatives of p at x with central
// differences of the values, and the second ones of the Lagrangian, for
// multipliers drawn from a fixed stream, with differences of the first. It returns
// how many it compared and those that differ by more than 1e-5, relative to the
// largest derivative of the row or 1. Where a difference leaves the domain of the
// functions there is nothing to compare. The error wraps solver.ErrNonFinite where
// the derivatives at x are not finite.
func CheckDerivatives(p *Problem, x []float64) (compared int, wrong []DerivativeError, err error) {
	if len(x) != p.N {
		return 0, nil, fmt.Errorf("constrained: %d coordinates for %d variables: %w", len(x), p.N, solver.ErrDimension)
	}
	d := newDifferences(p, x)
	if !d.finite() {
		return 0, nil, fmt.Errorf("constrained: the derivatives at the start: %w", solver.ErrNonFinite)
	}
	step := max(1, p.N/derivativeColumns)
	for j := 0; j < p.N; j += step {
		d.column(j)
	}
	return d.compared, d.wrong, nil
}

// differences holds the derivatives at a point and room for those beside it.
type differences struct {
	p           *Problem
	x, y        []float64
	at          firstOrder
	side        [2]firstOrder
	hessian     *matrix.CSR // full, symmetric
	rowSize     []float64   // largest derivative in a row of the Jacobian
	gradientMax float64
	hessianMax  float64
	jac         *matrix.CSR

	compared int
	wrong    []DerivativeError
}

// firstOrder are values and first derivatives at a point.
type firstOrder struct {
	f              float64
	c, gradient, j []float64
	lagrangian     []float64 // ∇f + ∇cᵀy
}

func newDifferences(p *Problem, x []float64) *differences {
	d := &differences{p: p, x: x, y: make([]float64, p.M), rowSize: make([]float64, p.M)}
	stream := rng.New(1)
	for i := range d.y {
		d.y[i] = 1 + stream.Float64()
	}
	start, column := p.JacobianPattern()
	d.jac = &matrix.CSR{Rows: p.M, Cols: p.N, RowPtr: start, Col: column, Val: make([]float64, len(column))}
	for _, o := range []*firstOrder{&d.at, &d.side[0], &d.side[1]} {
		*o = firstOrder{c: make([]float64, p.M), gradient: make([]float64, p.N), j: make([]float64, len(column)), lagrangian: make([]float64, p.N)}
	}
	d.evaluate(&d.at, x)
	copy(d.jac.Val, d.at.j)
	for i := range p.M {
		_, vals := d.jac.Row(i)
		d.rowSize[i] = largest(vals)
	}
	d.gradientMax = largest(d.at.gradient)
	d.hessian = fullHessian(p, x, 1, d.y)
	d.hessianMax = largest(d.hessian.Val)
	return d
}

func largest(x []float64) float64 {
	most := 0.0
	for _, v := range x {
		most = math.Max(most, math.Abs(v))
	}
	return most
}

func (d *differences) evaluate(o *firstOrder, x []float64) {
	o.f = d.p.First(x, o.c, o.gradient, o.j)
	copy(o.lagrangian, o.gradient)
	for i := range d.p.M {
		for k := d.jac.RowPtr[i]; k < d.jac.RowPtr[i+1]; k++ {
			o.lagrangian[d.jac.Col[k]] += d.y[i] * o.j[k]
		}
	}
}

func (d *differences) finite() bool {
	sum := d.at.f
	for _, list := range [][]float64{d.at.c, d.at.gradient, d.at.j, d.hessian.Val} {
		for _, v := range list {
			sum += v - v
		}
	}
	return sum-sum == 0
}

// column compares the derivatives with respect to x_j.
func (d *differences) column(j int) {
	h := math.Cbrt(0x1p-52) * math.Max(1, math.Abs(d.x[j]))
	x := make([]float64, len(d.x))
	copy(x, d.x)
	x[j] = d.x[j] + h
	right := x[j]
	d.evaluate(&d.side[0], x)
	x[j] = d.x[j] - h
	h = (right - x[j]) / 2
	d.evaluate(&d.side[1], x)
	plus, minus := &d.side[0], &d.side[1]
	slope := func(a, b float64) float64 { return (a - b) / (2 * h) }
	d.compare(DerivativeError{Row: -1, Col: j, Value: d.at.gradient[j], Estimated: slope(plus.f, minus.f)}, d.gradientMax+math.Abs(d.at.f))
	for i := range d.p.M {
		d.compare(DerivativeError{Row: i, Col: j, Value: d.jac.At(i, j), Estimated: slope(plus.c[i], minus.c[i])}, d.rowSize[i]+math.Abs(d.at.c[i]))
	}
	cols, vals := d.hessian.Row(j)
	k := 0
	for i := range d.x {
		value := 0.0
		if k < len(cols) && int(cols[k]) == i {
			value = vals[k]
			k++
		}
		d.compare(DerivativeError{Second: true, Row: i, Col: j, Value: value, Estimated: slope(plus.lagrangian[i], minus.lagrangian[i])}, d.hessianMax+largest(d.at.lagrangian))
	}
}

// compare judges one derivative against numbers of that size.
func (d *differences) compare(e DerivativeError, size float64) {
	const tolerance = 1e-5
	if !finite(e.Estimated) {
		return
	}
	d.compared++
	if math.Abs(e.Value-e.Estimated) > tolerance*math.Max(1, size) {
		d.wrong = append(d.wrong, e)
	}
}

// fullHessian is σ∇²f + Σ y_i ∇²c_i as a symmetric matrix.
func fullHessian(p *Problem, x []float64, sigma float64, y []float64) *matrix.CSR {
	start, column := p.HessianPattern()
	lower := &matrix.CSR{Rows: p.N, Cols: p.N, RowPtr: start, Col: column, Val: make([]float64, len(column))}
	p.Hessian(x, sigma, y, lower.Val)
	return bothTriangles(lower)
}

// bothTriangles adds the transpose of the strict lower triangle.
func bothTriangles(lower *matrix.CSR) *matrix.CSR {
	upper := lower.Transpose()
	out := &matrix.CSR{Rows: lower.Rows, Cols: lower.Cols, RowPtr: make([]int64, lower.Rows+1)}
	for i := range lower.Rows {
		cols, vals := lower.Row(i)
		out.Col, out.Val = append(out.Col, cols...), append(out.Val, vals...)
		cols, vals = upper.Row(i)
		for k, j := range cols {
			if int(j) > i {
				out.Col, out.Val = append(out.Col, j), append(out.Val, vals[k])
			}
		}
		out.RowPtr[i+1] = int64(len(out.Col))
	}
	return out
}

// KKTMatrix is [H, ∇cᵀ; ∇c, 0] at x and y, of order N + M, where H is the Hessian of
// the Lagrangian f + yᵀc.
func KKTMatrix(p *Problem, x, y []float64) (*matrix.CSR, error) {
	if len(x) != p.N || len(y) != p.M {
		return nil, fmt.Errorf("constrained: %d coordinates and %d multipliers for %d variables and %d constraints: %w", len(x), len(y), p.N, p.M, solver.ErrDimension)
	}
	start, column := p.HessianPattern()
	n := p.N + p.M
	lower := &matrix.CSR{Rows: n, Cols: n, RowPtr: make([]int64, n+1)}
	h := make([]float64, len(column))
	p.Hessian(x, 1, y, h)
	copy(lower.RowPtr, start)
	jStart, jColumn := p.JacobianPattern()
	jac := make([]float64, len(jColumn))
	p.First(x, make([]float64, p.M), make([]float64, p.N), jac)
	for i := range p.M {
		lower.RowPtr[p.N+1+i] = start[p.N] + jStart[i+1]
	}
	lower.Col = append(append(lower.Col, column...), jColumn...)
	lower.Val = append(append(lower.Val, h...), jac...)
	return bothTriangles(lower), nil
}
