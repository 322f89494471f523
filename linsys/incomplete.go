package linsys

import (
	"context"
	"math"

	"solve/matrix"
	"solve/solver"
)

// incomplete sets up a preconditioner with triangular factors by name.
// Matrices with a huge spread of scales are equilibrated for it, unsymmetric
// ones permuted and scaled for incomplete LU.
func (s *Solver) incomplete(ctx context.Context, name string) (Preconditioner, func(*Stats), error) {
	if err := s.incompleteFits(name); err != nil {
		return nil, nil, err
	}
	if name == ILU0 || name == ILUT {
		return s.incompleteLU(ctx, name)
	}
	a, d := s.a, []float64(nil)
	if s.badlyScaled() {
		a, d = equilibrateSymmetric(a)
	}
	m, err := factorIncomplete(name, a)
	if err != nil {
		return nil, nil, err
	}
	facts := s.adopt(m)
	if d != nil {
		return &equilibrated{d: d, m: m, r: make([]float64, len(d))}, facts, nil
	}
	return m, facts, nil
}

// incompleteLU leaves symmetric matrices as they are: a permutation of rows
// would cost them their symmetry.
func (s *Solver) incompleteLU(ctx context.Context, name string) (Preconditioner, func(*Stats), error) {
	factor := func(a *matrix.CSR) (*LDU, error) { return factorIncomplete(name, a) }
	if s.analysis.Symmetric {
		m, err := factor(s.a)
		if err == nil {
			err = checkInverse(m, s.a.Rows, math.MaxFloat64)
		}
		if err != nil {
			return nil, nil, err
		}
		return m, s.adopt(m), nil
	}
	order := orderForFill
	if name == ILU0 { // minimum degree breaks the neighbourhoods that its pattern keeps
		order = reverseCuthillMcKee
	}
	p, err := newPrepared(ctx, s.a, order, factor)
	if err != nil {
		return nil, nil, err
	}
	return p, s.adopt(p.m), nil
}

func factorIncomplete(name string, a *matrix.CSR) (*LDU, error) {
	switch name {
	case SSOR:
		return NewSSOR(a, ssorOmega)
	case MIC0:
		return NewMIC0(a, micShare)
	case ICT:
		return NewICT(a, fillPerRow, ictTolerance)
	case ILU0:
		return NewILU0(a)
	case ILUT:
		return NewILUT(a, fillPerRow, ilutTolerance)
	}
	return NewIC0(a)
}

// incompleteFits refuses fill that the memory limit does not allow.
func (s *Solver) incompleteFits(name string) error {
	need, what := int64(0), ""
	switch name {
	case ICT:
		need, what = ICTBytes(s.a, fillPerRow), "the incomplete Cholesky factor"
	case ILUT:
		need, what = ILUTBytes(s.a, fillPerRow), "the incomplete LU factors"
	}
	if limit := s.opt.MemoryLimit(); need > limit {
		return &solver.TooLargeError{What: what, Need: need, Have: limit}
	}
	return nil
}

// adopt sets the threads of m and returns what the report says of it.
func (s *Solver) adopt(m *LDU) func(*Stats) {
	m.SetThreads(s.opt.Threads)
	return func(st *Stats) {
		st.FactorNNZ, st.Shift, st.PivotsReplaced = int64(m.NNZ()), m.Shift(), m.Replaced()
	}
}
