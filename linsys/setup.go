package linsys

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"solve/internal/par"
	"solve/linsys/direct"
	"solve/linsys/multigrid"
	"solve/matrix"
	"solve/solver"
)

// Solver holds what is computed once for a matrix: the analysis, the choice
// of the method, factors or a hierarchy. It is not for concurrent use.
type Solver struct {
	opt   Options
	m, n  int
	full  *matrix.CSR   // as given; nil for a dense matrix
	dense *matrix.Dense // as given, where dense kernels are used

	analysis *Analysis       // nil until it is needed
	grid     *multigrid.Grid // of the matrix, where there is one
	fwmg     *multigrid.FWMG // on it
	least    bool            // a least-squares problem
	kernel   [][]float64     // orthonormal null vectors of a symmetric A, in its order
	nearNull *matrix.Dense

	// What the methods work on: A without its empty rows and columns, times
	// sign.
	a    *matrix.CSR
	keep []int32 // its rows in A; nil = all
	sign float64

	ctx            context.Context // of the call under way, for analyses when they are first needed
	rightHandSides int
	list           []choice
	later          func() []choice // what comes after the list, where that takes an analysis
	at             int
	eng            engine
	told           []string // why candidates were left
	singular       error    // of a factorisation that found A to be so
	warnings       []string
	cholesky       *direct.CholeskyAnalysis // made for a prediction, used by the method
	lu             *direct.LUAnalysis
	ldlt           *scaledLDLT
	begun          time.Time
	setupSeconds   float64
	vec            vectors
	work           workspace
}

// New analyses the matrix of p, chooses the method and sets it up. Of the
// right-hand sides only their number counts. TimeLimit does not bound it.
func New(ctx context.Context, p *Problem, opt *Options) (*Solver, error) {
	s, err := open(ctx, p, opt)
	if err != nil {
		return nil, err
	}
	if err := s.setUp(ctx, p); err != nil {
		return nil, err
	}
	return s, nil
}

// open makes a solver of a problem and options that are well-formed.
func open(ctx context.Context, p *Problem, opt *Options) (*Solver, error) {
	if opt == nil {
		opt = &Options{}
	}
	if err := opt.Validate(); err != nil {
		return nil, err
	}
	if err := p.validate(); err != nil {
		return nil, err
	}
	s := &Solver{begun: time.Now(), ctx: ctx, opt: *opt, full: p.A, nearNull: p.NearNull, sign: 1, rightHandSides: p.B.Cols}
	s.opt.Threads = par.Threads(opt.Threads)
	s.vec.setThreads(s.opt.Threads)
	s.m, s.n = p.dims()
	s.least = s.m != s.n || opt.Method == LSMR || opt.Method == LSQR
	if opt.Damp != 0 && !s.least {
		return nil, fmt.Errorf("linsys: damping belongs to least squares (lsmr, lsqr): %w", solver.ErrInput)
	}
	if err := s.combined(opt.method(), opt.Preconditioner); err != nil {
		return nil, err
	}
	return s, nil
}

// setUp is what of New takes time.
func (s *Solver) setUp(ctx context.Context, p *Problem) error {
	defer func() { s.setupSeconds = time.Since(s.begun).Seconds() }()
	if err := s.chooseStorage(p.Dense); err != nil {
		return err
	}
	if err := s.takeKernel(p.Kernel); err != nil {
		return err
	}
	return s.prepare(ctx)
}

// chooseStorage keeps a dense matrix where it is full enough and not singular
// at sight, and makes it sparse otherwise.
func (s *Solver) chooseStorage(d *matrix.Dense) error {
	if d == nil {
		return nil
	}
	nonzeros := 0
	for _, v := range d.Data {
		if v != 0 {
			nonzeros++
		}
	}
	if float64(nonzeros) > denseFill*float64(len(d.Data)) && (s.least || !singularAtSight(d)) {
		s.dense = d
		return nil
	}
	var err error
	s.full, err = d.ToCSR()
	return err
}

// prepare finds out what the matrix is and lists the candidates.
func (s *Solver) prepare(ctx context.Context) error {
	if s.dense != nil {
		return s.choose(ctx)
	}
	if err := s.detectGrid(ctx); err != nil {
		return err
	}
	if s.grid == nil && s.analysis == nil {
		if err := s.analyze(ctx); err != nil {
			return err
		}
	}
	return s.choose(ctx)
}

// detectGrid looks for a grid behind the matrix where FW-MG may be used.
func (s *Solver) detectGrid(ctx context.Context) error {
	asked := s.opt.Preconditioner == FWMG
	if s.m != s.n || s.least || (!asked && (s.opt.Preconditioner != "" || s.opt.method() != Auto && s.opt.method() != CG)) || s.n < 2 {
		return nil
	}
	if !asked && s.n < gridRows {
		return nil
	}
	a, sign := s.full, 1.0
	if a.At(0, 0) < 0 {
		a, sign = negated(a), -1
	}
	g, err := multigrid.Detect(ctx, a, &multigrid.DetectOptions{Shape: s.opt.Grid, Thorough: asked, Threads: s.opt.Threads, MaxMemory: s.opt.MemoryLimit()})
	if err == nil {
		s.grid, s.sign = g, sign
		s.fwmg, err = multigrid.NewFWMG(ctx, g, &multigrid.FWOptions{Threads: s.opt.Threads, MaxMemory: s.opt.MemoryLimit()})
	}
	if err == nil && s.fwmg.Singular() {
		err = s.analyze(ctx) // for the null vectors
	}
	if err != nil {
		s.grid, s.sign = nil, 1
		switch {
		case isContext(err) || errors.Is(err, solver.ErrTooLarge) && asked:
			return fmt.Errorf("linsys: %w", err)
		case asked || len(s.opt.Grid) > 0:
			return fmt.Errorf("linsys: %w: %w", err, solver.ErrInput)
		}
	}
	return nil
}

// gridRows is the size from which a grid is looked for: below, anything is
// fast.
const gridRows = 1000

// analyze finds the facts that auto decides by, and what the methods work on.
func (s *Solver) analyze(ctx context.Context) error {
	var err error
	if s.analysis, err = analyzeForSolver(ctx, s.full); err != nil {
		return err
	}
	a := s.analysis
	s.a = s.full
	if !a.Square() {
		return nil
	}
	if !s.least && a.EmptyRows > 0 && a.EmptyRows == a.EmptyCols {
		if err := s.dropEmpty(ctx); err != nil {
			return err
		}
		a = s.analysis
	}
	if a.Symmetric && !s.least && s.kernel == nil && a.constantComponents() && (a.MMatrix() || a.negativeMMatrix()) {
		s.kernel = componentConstants(s.full, s.opt.MemoryLimit())
	}
	if a.MaybeNegative() {
		s.negate()
	}
	return nil
}

// negate lets the methods work on −A.
func (s *Solver) negate() { s.a, s.sign = negated(s.a), -1 }

// negated is −a, with the pattern of a.
func negated(a *matrix.CSR) *matrix.CSR {
	values := make([]float64, len(a.Val))
	for k, v := range a.Val {
		values[k] = -v
	}
	return &matrix.CSR{Rows: a.Rows, Cols: a.Cols, RowPtr: a.RowPtr, Col: a.Col, Val: values}
}

// choose lists the candidates: what was asked for, or auto's.
func (s *Solver) choose(ctx context.Context) error {
	method := s.opt.method()
	if method == Auto && s.opt.Preconditioner == "" {
		s.list = s.candidates()
		return nil
	}
	if err := s.allowed(method, s.opt.Preconditioner); err != nil {
		return err
	}
	c := choice{method: method, preconditioner: s.opt.Preconditioner}
	if method == Auto {
		c.method, c.why = s.methodBeside(c.preconditioner), "it goes with the preconditioner"
	}
	if c.preconditioner == "" && s.iterates(c.method) {
		c.preconditioner = s.defaultPreconditioner(c.method)
	}
	s.list = []choice{c}
	return nil
}

func (s *Solver) iterates(method string) bool {
	switch method {
	case CG, FCG, MINRES, GMRES, BiCGSTAB:
		return true
	}
	return false
}

// methodBeside is the method for a preconditioner that was asked for.
func (s *Solver) methodBeside(preconditioner string) string {
	switch {
	case s.grid != nil:
		return CG
	case s.dense != nil:
		if symmetric, _ := denseSymmetry(s.dense); symmetric {
			return CG
		}
		return GMRES
	case !s.analysis.Symmetric || preconditioner == ILU0 || preconditioner == ILUT:
		return GMRES
	}
	return CG
}

func refusal(format string, args ...any) error {
	return fmt.Errorf("linsys: %s: %w", fmt.Sprintf(format, args...), solver.ErrInput)
}

// combined refuses what the shape of the matrix rules out, and preconditioners
// beside methods that take none.
func (s *Solver) combined(method, preconditioner string) error {
	if s.m != s.n && method != LSMR && method != LSQR && method != Auto {
		return refusal("%s needs a square matrix, not %d×%d", method, s.m, s.n)
	}
	if preconditioner == "" {
		return nil
	}
	if s.m != s.n {
		return refusal("a preconditioner needs a square matrix, not %d×%d", s.m, s.n)
	}
	if !s.iterates(method) && method != Auto {
		return refusal("%s takes no preconditioner", method)
	}
	return nil
}

// allowed refuses methods that the matrix rules out.
func (s *Solver) allowed(method, preconditioner string) error {
	if s.dense != nil && preconditioner != "" && preconditioner != None && preconditioner != Jacobi {
		return refusal("%s is for sparse matrices", preconditioner)
	}
	symmetric, asymmetry := true, 0.0
	switch {
	case s.analysis != nil:
		symmetric, asymmetry = s.analysis.Symmetric, s.analysis.Asymmetry
	case s.dense != nil:
		symmetric, asymmetry = denseSymmetry(s.dense)
	}
	switch method {
	case CG, FCG, MINRES, DPCG, Cholesky, LDLT:
		if !symmetric {
			return fmt.Errorf("linsys: %s needs a symmetric matrix, but max |a_ij−a_ji| = %.3g: %w: %w", method, asymmetry, solver.ErrNotSymmetric, solver.ErrInput)
		}
	}
	return nil
}

// current is the candidate whose turn it is.
func (s *Solver) current() choice { return s.list[s.at] }

// next goes on to the next candidate, if there is one.
func (s *Solver) next(ctx context.Context, why string) bool {
	if s.at+1 >= len(s.list) && !s.more(ctx) {
		return false
	}
	from := s.current()
	s.at++
	s.eng = nil
	s.told = append(s.told, fmt.Sprintf("%v: %s → %v", from, why, s.current()))
	return true
}

// more lists what comes after the trial of a cheap method or, after FW-MG, what
// auto would do without the grid.
func (s *Solver) more(ctx context.Context) bool {
	start := time.Now()
	defer func() { s.setupSeconds += time.Since(start).Seconds() }()
	if later := s.later; later != nil {
		s.later = nil
		s.list = append(s.list, later()...)
		return true
	}
	if s.grid == nil || s.opt.method() != Auto || s.opt.Preconditioner != "" {
		return false
	}
	s.grid = nil
	if s.analysis == nil && s.analyze(ctx) != nil {
		return false
	}
	s.list = append(s.list, s.candidates()...)
	return true
}

// engine returns the engine of the current candidate, setting it up if need
// be; a candidate that cannot be set up is left for the next.
func (s *Solver) engine(ctx context.Context) (engine, error) {
	for s.eng == nil {
		start := time.Now()
		eng, err := s.build(ctx, s.current())
		s.setupSeconds += time.Since(start).Seconds()
		if s.singular == nil && s.provesSingular(err) {
			s.singular = err
		}
		switch {
		case err == nil:
			s.eng = eng
		case isContext(err) || !s.next(ctx, err.Error()):
			return nil, err
		}
	}
	return s.eng, nil
}

// provesSingular tells whether the set-up of the current candidate found A to
// be singular. Incomplete factors that are prove nothing, unless the pattern
// of A does.
func (s *Solver) provesSingular(err error) bool {
	var structural *direct.SingularError
	return errors.Is(err, solver.ErrSingular) && (!s.iterates(s.current().method) || errors.As(err, &structural))
}

// operator is A as given, or what is left of it without empty rows.
func (s *Solver) operator() matrix.Operator {
	if s.dense != nil {
		return s.dense
	}
	return s.a.Parallel(s.opt.Threads)
}

func (s *Solver) normA() float64 {
	if s.analysis != nil {
		return s.analysis.NormInf
	}
	largest := 0.0
	if s.dense != nil {
		for i := range s.m {
			sum := 0.0
			for _, v := range s.dense.Row(i) {
				sum += math.Abs(v)
			}
			largest = max(largest, sum)
		}
	}
	return largest
}

// dropEmpty leaves out the rows and columns that hold nothing.
func (s *Solver) dropEmpty(ctx context.Context) error {
	used := make([]bool, s.n)
	for i := range s.n {
		cols, vals := s.full.Row(i)
		for k, v := range vals {
			if v != 0 {
				used[i], used[cols[k]] = true, true
			}
		}
	}
	number := make([]int32, s.n)
	s.keep = []int32{}
	for i, u := range used {
		if u {
			number[i] = int32(len(s.keep))
			s.keep = append(s.keep, int32(i))
		}
	}
	if len(s.keep) == s.n {
		s.keep = nil // rows and columns that are empty belong to different unknowns
		return nil
	}
	b := &matrix.CSR{Rows: len(s.keep), Cols: len(s.keep), RowPtr: make([]int64, 1, len(s.keep)+1)}
	for _, i := range s.keep {
		cols, vals := s.full.Row(int(i))
		for k, v := range vals {
			if v != 0 {
				b.Col, b.Val = append(b.Col, number[cols[k]]), append(b.Val, v)
			}
		}
		b.RowPtr = append(b.RowPtr, int64(len(b.Col)))
	}
	s.a = b
	rest, err := analyzeForSolver(ctx, b)
	if err != nil {
		return err
	}
	rest.EmptyRows, rest.EmptyCols = s.analysis.EmptyRows, s.analysis.EmptyCols
	s.analysis = rest
	s.warnings = append(s.warnings, fmt.Sprintf("%d empty rows and columns were left out: their unknowns are 0", s.n-len(s.keep)))
	return nil
}

// gathered is a copy of d without the rows that the methods don't see.
func (s *Solver) gathered(d *matrix.Dense) *matrix.Dense {
	if s.keep == nil {
		return &matrix.Dense{Rows: d.Rows, Cols: d.Cols, Data: slices.Clone(d.Data)}
	}
	out := zeros(len(s.keep), d.Cols)
	for k, i := range s.keep {
		copy(out.Row(k), d.Row(int(i)))
	}
	return out
}

// working are right-hand sides as the methods see them.
func (s *Solver) working(b *matrix.Dense) *matrix.Dense {
	w := s.gathered(b)
	if s.sign < 0 {
		for k := range w.Data {
			w.Data[k] = -w.Data[k]
		}
	}
	return w
}

// startingVectors are x0 as the methods see them.
func (r *running) startingVectors() *matrix.Dense {
	if r.x0 != nil {
		return r.gathered(r.x0)
	}
	n := r.n
	if r.keep != nil {
		n = len(r.keep)
	}
	return zeros(n, r.b.Cols)
}

// restore gives x its rows back.
func (s *Solver) restore(x *matrix.Dense) *matrix.Dense {
	if s.keep == nil {
		return x
	}
	out := zeros(s.n, x.Cols)
	for k, i := range s.keep {
		copy(out.Row(int(i)), x.Row(k))
	}
	return out
}

func zeros(r, c int) *matrix.Dense {
	return &matrix.Dense{Rows: r, Cols: c, Data: make([]float64, r*c)}
}
