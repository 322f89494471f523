package linsys

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"solve/internal/verify"
	"solve/linsys/direct"
	"solve/matrix"
	"solve/solver"
)

// copyDense copies the dense matrix for a factorisation, within the limit.
func (s *Solver) copyDense() ([]float64, error) {
	if need := 8 * int64(len(s.dense.Data)); need > s.opt.MemoryLimit() {
		return nil, fmt.Errorf("linsys: %w", &solver.TooLargeError{What: "the dense factor", Need: need, Have: s.opt.MemoryLimit()})
	}
	return append([]float64(nil), s.dense.Data...), nil
}

func (s *Solver) buildDenseCholesky() (engine, error) {
	data, err := s.copyDense()
	if err != nil {
		return nil, err
	}
	f, err := direct.FactorDense(s.n, data, s.opt.Threads)
	if err != nil {
		return nil, fmt.Errorf("linsys: %w", err)
	}
	return s.factored(f, func(st *Stats) {
		st.FactorNNZ, st.Memory = int64(s.n)*int64(s.n+1)/2, 8*int64(len(data))
		st.PositivePivots = s.n
		s.estimateCondition(st, f.Solve, f.Solve)
	}), nil
}

// denseLU is gonum's factorisation.
type denseLU struct {
	lu  mat.LU
	n   int
	rhs *mat.VecDense
}

func (f *denseLU) Solve(x []float64) { f.solve(x, false) }

func (f *denseLU) solveTrans(x []float64) { f.solve(x, true) }

func (f *denseLU) solve(x []float64, trans bool) {
	v := mat.NewVecDense(f.n, x)
	// The error only warns of a large condition number, which is estimated
	// and reported anyway.
	_ = f.lu.SolveVecTo(f.rhs, trans, v)
	copy(x, f.rhs.RawVector().Data)
}

func (s *Solver) buildDenseLU() (engine, error) {
	data, err := s.copyDense()
	if err != nil {
		return nil, err
	}
	f := &denseLU{n: s.n, rhs: mat.NewVecDense(s.n, nil)}
	f.lu.Factorize(mat.NewDense(s.n, s.n, data))
	if math.IsInf(f.lu.Cond(), 1) {
		return nil, fmt.Errorf("linsys: a pivot of the dense LU is 0: %w", solver.ErrSingular)
	}
	return s.factored(f, func(st *Stats) {
		st.FactorNNZ, st.Memory = int64(s.n)*int64(s.n), 8*int64(len(data))
		s.estimateCondition(st, f.Solve, f.solveTrans)
	}), nil
}

// denseSymmetry compares d with its transpose, as Analyze does. Only a square
// matrix is symmetric.
func denseSymmetry(d *matrix.Dense) (symmetric bool, asymmetry float64) {
	if d.Rows != d.Cols {
		return false, 0
	}
	largest := maxAbs(d.Data)
	for i := range d.Rows {
		for j := range i {
			asymmetry = max(asymmetry, abs(d.At(i, j)-d.At(j, i)))
		}
	}
	return asymmetry <= symmetryTolerance*largest, asymmetry
}

// singularAtSight tells whether a square dense matrix has an empty row, or is
// symmetric with a row that sums to zero, as those of a graph Laplacian do: what
// the analysis of sparse matrices knows an answer for.
func singularAtSight(d *matrix.Dense) bool {
	zeroSum := false
	for i := range d.Rows {
		sum, size := 0.0, 0.0
		for _, v := range d.Row(i) {
			sum, size = sum+v, size+abs(v)
		}
		if size == 0 {
			return true
		}
		zeroSum = zeroSum || sumsToZero(sum, size, d.Cols)
	}
	if !zeroSum {
		return false
	}
	symmetric, _ := denseSymmetry(d)
	return symmetric
}

// denseJacobi is the diagonal of the dense matrix, by its absolute values.
func (s *Solver) denseJacobi() (Preconditioner, func(*Stats), error) {
	d := &Diagonal{inv: make([]float64, s.n)}
	for i := range d.inv {
		d.inv[i] = 1
		if v := s.dense.At(i, i); v != 0 {
			d.inv[i] = 1 / abs(v)
		}
	}
	return d, nil, nil
}

func abs(x float64) float64 { return math.Abs(x) }

// rows gives the matrix, as it came, to the checker.
func (s *Solver) rows() verify.Rows {
	if s.dense != nil {
		return verify.DenseRows(s.dense)
	}
	return verify.SparseRows(s.full)
}
