package matrix

import "fmt"

// Stencil is the constant 7-point operator on an Nx×Ny×Nz box with zero
// values outside it (5-point for Nx = 1, 3-point for Nx = Ny = 1):
//
//	(A u)(x,y,z) = Centre·u(x,y,z) + X·(u(x−1,y,z)+u(x+1,y,z)) + Y·(…) + Z·(…)
//
// Point (x,y,z), counted from 0, has number (x·Ny+y)·Nz+z. The Laplacian
// with step 1 has Centre 6 (4, 2) and X = Y = Z = −1.
type Stencil struct {
	Nx, Ny, Nz      int
	Centre, X, Y, Z float64
}

// Dims returns the shape.
func (s *Stencil) Dims() (r, c int) {
	n := s.Nx * s.Ny * s.Nz
	return n, n
}

// MulVecTo implements Operator; A is symmetric.
func (s *Stencil) MulVecTo(dst []float64, trans bool, x []float64) {
	n, _ := s.Dims()
	checkVectors("Stencil", n, n, dst, trans, x)
	nz, plane := s.Nz, s.Ny*s.Nz
	for i := range s.Nx {
		for j := range s.Ny {
			lo := i*plane + j*nz
			line := dst[lo : lo+nz]
			s.mulLine(line, x[lo:lo+nz])
			if i > 0 {
				addScaled(line, s.X, x[lo-plane:])
			}
			if i < s.Nx-1 {
				addScaled(line, s.X, x[lo+plane:])
			}
			if j > 0 {
				addScaled(line, s.Y, x[lo-nz:])
			}
			if j < s.Ny-1 {
				addScaled(line, s.Y, x[lo+nz:])
			}
		}
	}
}

func (s *Stencil) mulLine(dst, x []float64) {
	n := len(x)
	for k := 1; k < n-1; k++ {
		dst[k] = s.Centre*x[k] + s.Z*(x[k-1]+x[k+1])
	}
	if n == 1 {
		dst[0] = s.Centre * x[0]
	} else if n > 1 {
		dst[0] = s.Centre*x[0] + s.Z*x[1]
		dst[n-1] = s.Centre*x[n-1] + s.Z*x[n-2]
	}
}

func addScaled(dst []float64, a float64, x []float64) {
	x = x[:len(dst)]
	for k := range dst {
		dst[k] += a * x[k]
	}
}

// ToCSR writes the operator out as a matrix.
func (s *Stencil) ToCSR() (*CSR, error) {
	n, _ := s.Dims()
	if err := checkSides(n, n); err != nil {
		return nil, fmt.Errorf("%d×%d×%d stencil: %w", s.Nx, s.Ny, s.Nz, err)
	}
	a := &CSR{Rows: n, Cols: n, RowPtr: make([]int64, n+1), Col: make([]int32, 0, 7*n), Val: make([]float64, 0, 7*n)}
	put := func(inside bool, col int, v float64) {
		if inside && v != 0 {
			a.Col, a.Val = append(a.Col, int32(col)), append(a.Val, v)
		}
	}
	for p := range n {
		x, y, z := p/(s.Ny*s.Nz), p/s.Nz%s.Ny, p%s.Nz
		put(x > 0, p-s.Ny*s.Nz, s.X)
		put(y > 0, p-s.Nz, s.Y)
		put(z > 0, p-1, s.Z)
		put(true, p, s.Centre)
		put(z < s.Nz-1, p+1, s.Z)
		put(y < s.Ny-1, p+s.Nz, s.Y)
		put(x < s.Nx-1, p+s.Ny*s.Nz, s.X)
		a.RowPtr[p+1] = int64(len(a.Val))
	}
	return a, nil
}
