package linsys

import (
	"fmt"
	"math"

	"solve/linsys/direct"
	"solve/matrix"
	"solve/solver"
)

// componentConstants are null vectors of a symmetric M-matrix: the constants
// of each connected component whose rows all sum to zero, normalised.
func componentConstants(a *matrix.CSR) [][]float64 {
	label, count := direct.Components(a)
	size, regular := make([]int, count), make([]bool, count)
	for i, c := range label {
		size[c]++
		_, vals := a.Row(i)
		sum, abs := 0.0, 0.0
		for _, v := range vals {
			sum, abs = sum+v, abs+math.Abs(v)
		}
		if abs == 0 || !sumsToZero(sum, abs) {
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
	if int64(singular)*int64(a.Rows) > kernelEntries {
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
// depends on the ones before is an error.
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
		s.kernel = append(s.kernel, z)
	}
	return nil
}

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
