package multigrid

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"solve/internal/par"
	"solve/matrix"
	"solve/solver"
)

// AMGOptions sets up algebraic multigrid. The zero value of a field is its
// default.
type AMGOptions struct {
	// Theta is the threshold of strong connections. Smoothed aggregation calls
	// i and j strongly connected when s_ij = |a_ij|/√(a_ii a_jj) is at least θ
	// times the largest s of i's or of j's connections, whichever is smaller
	// (default 0.48, and 0.9 times that from level to level), Ruge–Stüben when
	// −a_ij ≥ θ max_k −a_ik (default 0.25). A negative value stands for 0.
	Theta float64
	// Smoother is "l1-sgs" (default), "chebyshev", "spai0" or "jacobi". The
	// first is symmetric Gauss–Seidel on fixed blocks of rows; it converges for
	// every symmetric positive definite matrix and needs no estimate of its
	// spectrum.
	Smoother string
	// Degree of the Chebyshev smoother (default 2).
	Degree int
	// NearNull holds near-null vectors in its columns (n×k), such as the
	// rigid-body modes of elasticity. Default: the constant vector, relaxed by
	// a few sweeps where the matrix doesn't nearly annihilate it. Only for
	// smoothed aggregation.
	NearNull *matrix.Dense
	// BlockSize is the number of consecutive unknowns of one node: they are
	// aggregated together (default 1). Only for smoothed aggregation.
	BlockSize int
	// MaxCoarse is the order below which a level is solved by a dense
	// factorisation (default 400).
	MaxCoarse int
	// Cycle is "v" (default) or "w".
	Cycle string
	// Unsmoothed keeps the prolongation piecewise constant: M-matrices keep
	// that property on every level, and the matrix may be unsymmetric, for use
	// inside GMRES. Only for smoothed aggregation.
	Unsmoothed bool
	// PMIS chooses coarse unknowns by parallel maximal independent sets and
	// interpolates by the extended+i formula, which keeps the coarse matrices
	// of three-dimensional problems sparse. Only for Ruge–Stüben.
	PMIS bool
	// Double keeps the hierarchy in float64. By default it is float32 while
	// the diagonal spans a range of less than 10⁵.
	Double bool
	// Threads bounds the goroutines (0 = GOMAXPROCS). The result does not
	// depend on it.
	Threads int
	// MaxMemory bounds the bytes of the set-up (0 = no bound).
	MaxMemory int64
}

const (
	smootherChebyshev = "chebyshev"
	smootherL1SGS     = "l1-sgs"
	smootherSPAI0     = "spai0"
	smootherJacobi    = "jacobi"
)

// filled returns a copy of the options with its defaults in place.
func (o *AMGOptions) filled(theta float64) (*AMGOptions, error) {
	var c AMGOptions
	if o != nil {
		c = *o
	}
	switch {
	case c.Theta == 0:
		c.Theta = theta
	case c.Theta < 0:
		c.Theta = 0
	case !(c.Theta < 1):
		return nil, &solver.OptionError{Name: "Theta", Value: fmt.Sprint(c.Theta), Want: "less than 1"}
	}
	switch c.Smoother {
	case "":
		c.Smoother = smootherL1SGS
	case smootherChebyshev, smootherL1SGS, smootherSPAI0, smootherJacobi:
	default:
		return nil, &solver.OptionError{Name: "Smoother", Value: strconv.Quote(c.Smoother), Want: "chebyshev, l1-sgs, spai0 or jacobi"}
	}
	switch c.Cycle {
	case "":
		c.Cycle = "v"
	case "v", "w":
	default:
		return nil, &solver.OptionError{Name: "Cycle", Value: strconv.Quote(c.Cycle), Want: "v or w"}
	}
	if c.Degree < 0 || c.BlockSize < 0 || c.MaxCoarse < 0 {
		return nil, &solver.OptionError{Name: "Degree, BlockSize, MaxCoarse",
			Value: fmt.Sprint(c.Degree, c.BlockSize, c.MaxCoarse), Want: "no negative numbers"}
	}
	if c.Degree == 0 {
		c.Degree = 2
	}
	if c.BlockSize == 0 {
		c.BlockSize = 1
	}
	if c.MaxCoarse == 0 {
		c.MaxCoarse = 400
	}
	c.Threads = par.Threads(c.Threads)
	return &c, nil
}

// AMG is an algebraic multigrid preconditioner: one cycle for A z = r from
// z = 0. For a symmetric positive definite A it is symmetric positive
// definite itself, up to the rounding of float32 where that is in use. It
// belongs to one goroutine.
type AMG struct {
	n    int
	opt  *AMGOptions
	h    amgCycler
	nnz  []int64 // of each level
	rows []int
}

// amgCycler hides the precision of a hierarchy.
type amgCycler interface {
	apply(z, r []float64)
	rebuild(ctx context.Context, a *matrix.CSR, opt *AMGOptions) (amgCycler, *amgSetup, error)
	bytes() int64
}

// NewSA sets up smoothed aggregation for a symmetric positive definite or
// semidefinite matrix: Vaněk, Mandel & Brezina, Algebraic multigrid by
// smoothed aggregation for second and fourth order elliptic problems,
// Computing 56 (1996). Symmetry is not checked. A diagonal entry that is not
// positive gives an error that wraps solver.ErrNotPositiveDefinite (a row
// without entries is left alone), and so does a coarse matrix that is found
// indefinite. nil options mean defaults.
func NewSA(ctx context.Context, a *matrix.CSR, opt *AMGOptions) (*AMG, error) {
	o, err := opt.filled(0.48)
	if err != nil {
		return nil, err
	}
	if nn := o.NearNull; nn != nil && (nn.Rows != a.Rows || nn.Cols < 1) {
		return nil, fmt.Errorf("multigrid: %d×%d near-null vectors for a matrix of order %d: %w",
			nn.Rows, nn.Cols, a.Rows, solver.ErrDimension)
	} else if nn != nil {
		if err := nn.CheckFinite("near-null vectors"); err != nil {
			return nil, err
		}
	}
	if a.Rows%o.BlockSize != 0 {
		return nil, fmt.Errorf("multigrid: nodes of %d unknowns in a matrix of order %d: %w", o.BlockSize, a.Rows, solver.ErrDimension)
	}
	return newAMG(ctx, a, o, coarsenSA)
}

// NewRS sets up classical algebraic multigrid for a symmetric M-matrix, or
// one close to that: Ruge & Stüben, Algebraic multigrid, in: McCormick (ed.),
// Multigrid Methods, SIAM 1987. Errors are those of NewSA.
func NewRS(ctx context.Context, a *matrix.CSR, opt *AMGOptions) (*AMG, error) {
	o, err := opt.filled(0.25)
	if err != nil {
		return nil, err
	}
	o.BlockSize, o.NearNull, o.Unsmoothed = 1, nil, false
	return newAMG(ctx, a, o, coarsenRS)
}

func newAMG(ctx context.Context, a *matrix.CSR, o *AMGOptions, coarsen func(*amgSetup) error) (*AMG, error) {
	if a.Rows != a.Cols {
		return nil, fmt.Errorf("multigrid: matrix of shape %d×%d: %w", a.Rows, a.Cols, solver.ErrDimension)
	}
	if err := checkAMGSize(a, o); err != nil {
		return nil, err
	}
	s := &amgSetup{ctx: ctx, opt: o}
	single, err := s.start(a)
	if err != nil {
		return nil, err
	}
	m := &AMG{n: a.Rows, opt: o}
	if single && !o.Double {
		m.h, err = newHierarchy[float32](s, coarsen)
	} else {
		m.h, err = newHierarchy[float64](s, coarsen)
	}
	if err != nil {
		return nil, err
	}
	m.rows, m.nnz = s.rows, s.nnz
	return m, nil
}

// checkAMGSize refuses before anything is allocated: the copy of the matrix
// in the order of the smoother, the coarse levels and transfer operators, and
// the products while they are being made, together about 2.5 times the
// entries of the matrix.
func checkAMGSize(a *matrix.CSR, o *AMGOptions) error {
	if int64(a.NNZ()) > math.MaxUint32 {
		return fmt.Errorf("multigrid: %d entries: %w", a.NNZ(), solver.ErrTooLarge)
	}
	need := 30*int64(a.NNZ()) + 60*int64(a.Rows)
	if o.MaxMemory > 0 && need > o.MaxMemory {
		return &solver.TooLargeError{What: "algebraic multigrid", Need: need, Have: o.MaxMemory}
	}
	return nil
}

// Apply computes z = M⁻¹ r.
func (m *AMG) Apply(z, r []float64) {
	if len(z) != m.n || len(r) != m.n {
		panic(fmt.Sprintf("multigrid: AMG of order %d applied to a vector of %d into one of %d", m.n, len(r), len(z)))
	}
	m.h.apply(z, r)
}

// Rebuild makes the hierarchy anew for a matrix of the same order, meant to
// have the same pattern and similar values: the prolongations and the precision
// are kept, the coarse matrices and smoothers recomputed. After an error m is as before.
func (m *AMG) Rebuild(ctx context.Context, a *matrix.CSR) error {
	if a.Rows != m.n || a.Cols != m.n {
		return fmt.Errorf("multigrid: a %d×%d matrix for a hierarchy of order %d: %w", a.Rows, a.Cols, m.n, solver.ErrDimension)
	}
	if err := checkAMGSize(a, m.opt); err != nil {
		return err
	}
	h, s, err := m.h.rebuild(ctx, a, m.opt)
	if err != nil {
		return err
	}
	m.h, m.rows, m.nnz = h, s.rows, s.nnz
	return nil
}

// OperatorComplexity returns the entries of all levels' matrices relative to
// those of the finest.
func (m *AMG) OperatorComplexity() float64 {
	if len(m.nnz) == 0 || m.nnz[0] == 0 {
		return 1
	}
	total := int64(0)
	for _, k := range m.nnz {
		total += k
	}
	return float64(total) / float64(m.nnz[0])
}

// Levels returns the number of levels.
func (m *AMG) Levels() int { return len(m.rows) }

// Bytes returns the size of what Apply reads and writes.
func (m *AMG) Bytes() int64 { return m.h.bytes() }
