package models

import (
	"fmt"
	"math"

	"solve/constrained"
	"solve/internal/kern"
	"solve/internal/verify"
	"solve/matrix"
	"solve/solver"
)

// controlCost weighs the control against the distance from the target.
const controlCost = 0.1

// controlBytes is what the model takes for a grid point.
const controlBytes = 128

// controlTarget is w_d at grid point (i,j), counted from 1, of n×n:
// sin(4+s(i−(n+1)/2)) + cos(3+s(j−(n+1)/2)), s = 0.1/√15.
func controlTarget(i, j, n int) float64 {
	s, middle := 0.1/math.Sqrt(15), float64(n+1)/2
	return math.Sin(4+s*(float64(i)-middle)) + math.Cos(3+s*(float64(j)-middle))
}

// control is the problem of Control. Point (i,j) has number p = iN+j.
type control struct {
	n         int
	scale     float64   // 1/h²
	target    []float64 // w_d
	laplacian matrix.Stencil
	jStart    []int64
	jCol      []int32
	hStart    []int64
	hCol      []int32
}

// Control is the control of a Poisson equation on an n×n grid with step
// h = 2/(n+1) and zeros outside: state w and control z, x = (w, z), 2n² variables
// and n² linear equations,
//
//	min ½‖w − w_d‖² + (0.1/2)‖z‖²  subject to  (w_N + w_S + w_E + w_W − 4w)/h² + z = 0
//
// at every point, from x = 1, y = 1. One Newton step solves it. The error wraps
// solver.ErrInput or is a *solver.TooLargeError.
func Control(n int) (*constrained.Problem, error) {
	if n < 1 {
		return nil, fmt.Errorf("models: a grid of %d×%d points: %w", n, n, solver.ErrInput)
	}
	if side := int64(n); side > math.MaxInt32 || side*side > solver.DefaultMaxMemory/controlBytes {
		return nil, fmt.Errorf("models: a grid of %d×%d points: %w", n, n,
			&solver.TooLargeError{What: "the model", Need: bytesOf(float64(n) * float64(n) * controlBytes), Have: solver.DefaultMaxMemory})
	}
	points := n * n
	m := &control{n: n, scale: float64((n+1)*(n+1)) / 4, target: make([]float64, points)}
	for p := range m.target {
		m.target[p] = controlTarget(p/n+1, p%n+1, n)
	}
	m.laplacian = matrix.Stencil{Nx: 1, Ny: n, Nz: n, Centre: -4 * m.scale, Y: m.scale, Z: m.scale}
	m.patterns()
	linear := make([]bool, points)
	for i := range linear {
		linear[i] = true
	}
	return &constrained.Problem{
		Name: fmt.Sprintf("control-%d", n), N: 2 * points, M: points,
		X0: ones(2 * points), Y0: ones(points),
		CLower: make([]float64, points), CUpper: make([]float64, points),
		Linear: linear, Functions: m,
	}, nil
}

func (m *control) patterns() {
	n, points := m.n, m.n*m.n
	m.jStart = append(m.jStart, 0)
	m.jCol = make([]int32, 0, 6*points)
	for p := range points {
		i, j := p/n, p%n
		for _, q := range []struct {
			exists bool
			column int
		}{{i > 0, p - n}, {j > 0, p - 1}, {true, p}, {j < n-1, p + 1}, {i < n-1, p + n}, {true, points + p}} {
			if q.exists {
				m.jCol = append(m.jCol, int32(q.column))
			}
		}
		m.jStart = append(m.jStart, int64(len(m.jCol)))
	}
	m.hStart, m.hCol = make([]int64, 2*points+1), make([]int32, 2*points)
	for j := range m.hCol {
		m.hCol[j], m.hStart[j+1] = int32(j), int64(j+1)
	}
}

// Values implements constrained.Functions.
func (m *control) Values(x, c []float64) float64 {
	points := m.n * m.n
	w, z := x[:points], x[points:]
	m.laplacian.MulVecTo(c, false, w)
	kern.Axpy(1, z, c)
	f := 0.0
	for p, v := range w {
		d := v - m.target[p]
		f += d * d
	}
	return f/2 + controlCost/2*kern.Dot(z, z)
}

// First implements constrained.Functions.
func (m *control) First(x, c, gradient, jacobian []float64) float64 {
	points := m.n * m.n
	for p := range points {
		gradient[p] = x[p] - m.target[p]
		gradient[points+p] = controlCost * x[points+p]
		for k := m.jStart[p]; k < m.jStart[p+1]; k++ {
			switch int(m.jCol[k]) {
			case p:
				jacobian[k] = -4 * m.scale
			case points + p:
				jacobian[k] = 1
			default:
				jacobian[k] = m.scale
			}
		}
	}
	return m.Values(x, c)
}

// Hessian implements constrained.Functions; the constraints are linear.
func (m *control) Hessian(_ []float64, sigma float64, _, hessian []float64) {
	points := m.n * m.n
	for p := range points {
		hessian[p], hessian[points+p] = sigma, sigma*controlCost
	}
}

// JacobianPattern implements constrained.Functions.
func (m *control) JacobianPattern() ([]int64, []int32) { return m.jStart, m.jCol }

// HessianPattern implements constrained.Functions.
func (m *control) HessianPattern() ([]int64, []int32) { return m.hStart, m.hCol }

// Plain implements Plain.
func (m *control) Plain(x []float64) (verify.Values, error) {
	n, points := m.n, m.n*m.n
	if len(x) != 2*points {
		return verify.Values{}, fmt.Errorf("models: x has %d entries for %d variables: %w", len(x), 2*points, solver.ErrDimension)
	}
	h := 2 / float64(n+1)
	v := verify.Values{Gradient: make([]float64, 2*points), Constraints: make([]float64, points)}
	jacobian, err := matrix.NewCOO(points, 2*points, 6*points)
	if err != nil {
		return verify.Values{}, fmt.Errorf("models: %w", err)
	}
	for i := range n {
		for j := range n {
			p := i*n + j
			off, z := x[p]-controlTarget(i+1, j+1, n), x[points+p]
			v.Objective += off*off/2 + 0.1*z*z/2
			v.Gradient[p], v.Gradient[points+p] = off, 0.1*z
			sum := -4 * x[p]
			for _, step := range [][2]int{{-1, 0}, {1, 0}, {0, -1}, {0, 1}} {
				a, b := i+step[0], j+step[1]
				if a < 0 || a >= n || b < 0 || b >= n {
					continue
				}
				sum += x[a*n+b]
				if err := jacobian.Append(p, a*n+b, 1/(h*h)); err != nil {
					return verify.Values{}, fmt.Errorf("models: %w", err)
				}
			}
			v.Constraints[p] = sum/(h*h) + z
			if err := jacobian.Append(p, p, -4/(h*h)); err != nil {
				return verify.Values{}, fmt.Errorf("models: %w", err)
			}
			if err := jacobian.Append(p, points+p, 1); err != nil {
				return verify.Values{}, fmt.Errorf("models: %w", err)
			}
		}
	}
	v.Jacobian, _, err = jacobian.ToCSR()
	if err != nil {
		return verify.Values{}, fmt.Errorf("models: %w", err)
	}
	return v, nil
}

// bytesOf makes an estimate an int64.
func bytesOf(estimate float64) int64 {
	if estimate >= math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(estimate)
}

func ones(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}
