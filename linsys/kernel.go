package linsys

import (
	"fmt"
	"math"

	"solve/linsys/direct"
	"solve/matrix"
	"solve/solver"
)

// componentConstants are null vectors of a symmetric M-matrix: the constants
// of each connected component whose rows all sum to zero, normalised; nil where
// they take more than maxBytes.
func componentConstants(a *matrix.CSR, maxBytes int64) [][]float64 {
	label, count := direct.Components(a)
	size, regular := make([]int, count), make([]bool, count)
	for i, c := range label {
		size[c]++
		_, vals := a.Row(i)
		sum, abs := 0.0, 0.0
		for _, v := range vals {
			sum, abs = sum+v, abs+math.Abs(v)
		}
		if abs == 0 || !sumsToZero(sum, abs, len(vals)) {
			regular[c] = true
		}
	}
	place, singular := make([]int, count), 0
	for c := range place {
		place[c] = singular
		if !regular[c] {
			singular++
		}
	}
	if int64(singular)*int64(a.Rows) > min(kernelEntries, maxBytes/8) {
		return nil
	}
	kernel := make([][]float64, singular)
	for k := range kernel {
		kernel[k] = make([]float64, a.Rows)
	}
	for i, c := range label {
		if !regular[c] {
			kernel[place[c]][i] = 1 / math.Sqrt(float64(size[c]))
		}
	}
	return kernel
}

// kernelEntries bounds the memory of null vectors, in numbers.
const kernelEntries = 1 << 27

// takeKernel orthonormalises the null vectors that were given. A vector that
// depends on the ones before, or is not one of A and of Aᵀ, is an error.
func (s *Solver) takeKernel(k *matrix.Dense) error {
	if k == nil {
		return nil
	}
	if s.m != s.n {
		return fmt.Errorf("linsys: null vectors belong to a square symmetric matrix, not to a %d×%d one: %w", s.m, s.n, solver.ErrInput)
	}
	for j := range k.Cols {
		z := make([]float64, s.n)
		column(k, j, z)
		size := s.vec.norm(z)
		for range 2 {
			for _, q := range s.kernel {
				s.vec.axpy(-s.vec.dot(q, z), q, z)
			}
		}
		left := s.vec.norm(z)
		if !(left > independent*size) {
			return fmt.Errorf("linsys: null vector %d is 0 or depends on those before it: %w", j+1, solver.ErrInput)
		}
		for i := range z {
			z[i] /= left
		}
		if err := s.annihilates(z, j); err != nil {
			return err
		}
		s.kernel = append(s.kernel, z)
	}
	return nil
}

// annihilates refuses a z, of norm 1, that is no null vector of A and Aᵀ: b
// would be bent to no purpose.
func (s *Solver) annihilates(z []float64, j int) error {
	var a matrix.Operator
	var values []float64
	if s.dense != nil {
		a, values = s.dense, s.dense.Data
	} else {
		a, values = s.full, s.full.Val
	}
	largest := maxAbs(values)
	image := make([]float64, s.n)
	for _, trans := range []bool{false, true} {
		a.MulVecTo(image, trans, z)
		size := s.vec.norm(image)
		if size <= nullImage*largest {
			continue
		}
		if trans {
			return fmt.Errorf("linsys: null vector %d is one of A, but not of Aᵀ (‖Aᵀz‖ = %.3g ‖z‖): null vectors are of use for symmetric matrices: %w", j+1, size, solver.ErrInput)
		}
		return fmt.Errorf("linsys: null vector %d is none of the matrix: ‖Az‖ = %.3g ‖z‖, largest entry %.3g: %w", j+1, size, largest, solver.ErrInput)
	}
	return nil
}

// nullImage is ‖A z‖ relative to the largest entry of A up to which z counts as
// a null vector that was written with few digits.
const nullImage = 1e-6

// independent is the share of a vector that has to be left beside others.
const independent = 1e-10

// workingKernel is the kernel without the rows that were left out.
func (s *Solver) workingKernel() [][]float64 {
	if s.keep == nil {
		return s.kernel
	}
	out := make([][]float64, len(s.kernel))
	for k, z := range s.kernel {
		out[k] = make([]float64, len(s.keep))
		for t, i := range s.keep {
			out[k][t] = z[i]
		}
	}
	return out
}
