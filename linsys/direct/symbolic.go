package direct

import (
	"context"
	"fmt"
	"math"

	"solve/internal/par"
	"solve/matrix"
	"solve/solver"
)

// AnalyzeOptions say how to order a matrix. The zero value means defaults.
type AnalyzeOptions struct {
	// Ordering is "auto", "amd", "nd", "best" or "natural". Best takes minimum
	// degree or nested dissection, whichever needs fewer operations. Auto, the
	// default, does so where a factorisation may gain what nested dissection
	// takes, and goes by minimum degree elsewhere.
	Ordering string
	// Perm orders the matrix instead: row Perm[k] is eliminated k-th.
	Perm []int32
	// Threads bounds the goroutines of the analysis and of factorisations by
	// it (0 = GOMAXPROCS).
	Threads int
}

// CholeskyAnalysis is the part of a Cholesky factorisation P A Pᵀ = L Lᵀ that
// depends on the pattern of A alone. It is immutable and can serve any number
// of factorisations.
type CholeskyAnalysis struct {
	n        int
	pattern  *pattern
	ordering string
	threads  int
	perm     []int32 // row of A that is eliminated k-th
	factor   int64   // entries of L
	flops    float64

	// A factor is dense, or simplicial, or else multifrontal.
	dense      bool
	simplicial *simplicialPlan
	tree       *supernodes
	plan       plan
}

// AnalyzeCholesky orders the square matrix a, whose pattern must be symmetric
// and stored in full, and finds the structure of its factor. Values are not
// looked at. A nil opt means defaults. Errors wrap solver.ErrDimension,
// solver.ErrNotSymmetric, solver.ErrTooLarge or solver.ErrOption, or are that
// of ctx.
func AnalyzeCholesky(ctx context.Context, a *matrix.CSR, opt *AnalyzeOptions) (*CholeskyAnalysis, error) {
	if opt == nil {
		opt = &AnalyzeOptions{}
	}
	if auto := opt.Perm == nil && (opt.Ordering == "" || opt.Ordering == "auto"); auto && smallMatrix(a) {
		if err := checkSymmetricPattern(a); err != nil {
			return nil, err
		}
		s := newAnalysis(a, opt)
		s.planDense()
		return s, ctx.Err()
	}
	s, o, err := orderCholesky(ctx, a, opt)
	if err != nil {
		return nil, err
	}
	if s.simplicial = simplicialOf(o); s.simplicial != nil {
		if s.perm = o.perm; s.perm == nil {
			s.perm = identity(s.n)
		}
		return s, nil
	}
	return s, s.planFronts(ctx, a, o)
}

// orderCholesky is the part of an analysis before the structure is known.
func orderCholesky(ctx context.Context, a *matrix.CSR, opt *AnalyzeOptions) (*CholeskyAnalysis, *ordered, error) {
	if opt == nil {
		opt = &AnalyzeOptions{}
	}
	if err := checkSymmetricPattern(a); err != nil {
		return nil, nil, err
	}
	o, err := chooseOrdering(ctx, a, opt)
	if err != nil {
		return nil, nil, err
	}
	s := newAnalysis(a, opt)
	s.ordering, s.flops, s.factor = o.name, o.flops, o.nnz
	return s, o, nil
}

func newAnalysis(a *matrix.CSR, opt *AnalyzeOptions) *CholeskyAnalysis {
	return &CholeskyAnalysis{n: a.Rows, pattern: newPattern(a), threads: par.Threads(opt.Threads)}
}

// planFronts finds supernodes and where everything of their fronts lies.
func (s *CholeskyAnalysis) planFronts(ctx context.Context, a *matrix.CSR, o *ordered) error {
	parent, count := o.postordered()
	f := fundamental(parent, count)
	f.merge()
	tree, order := f.finish()
	s.tree = tree
	s.perm = make([]int32, s.n)
	for k, j := range order {
		s.perm[k] = o.at(o.post[j])
	}
	place := inverse(s.perm)
	if err := ctx.Err(); err != nil {
		return err
	}
	tree.fillRows(a, s.perm, place)
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.plan.make(a, s, place)
}

func checkSymmetricPattern(a *matrix.CSR) error {
	if a.Rows != a.Cols {
		return fmt.Errorf("direct: %d×%d matrix is not square: %w", a.Rows, a.Cols, solver.ErrDimension)
	}
	if len(a.Col) > math.MaxInt32 {
		return fmt.Errorf("direct: %d entries, at most %d are handled: %w", len(a.Col), math.MaxInt32, solver.ErrTooLarge)
	}
	if !symmetricPattern(a) {
		return fmt.Errorf("direct: pattern: %w", solver.ErrNotSymmetric)
	}
	return nil
}

// ordered is an ordering with what it costs.
type ordered struct {
	name          string
	perm, place   []int32 // place is the inverse of perm; both nil for the given order
	parent, count []int32
	post          []int32 // nil until it is needed
	nnz           int64
	flops         float64
}

func (o *ordered) at(k int32) int32 {
	if o.perm == nil {
		return k
	}
	return o.perm[k]
}

func newOrdered(ctx context.Context, name string, a *matrix.CSR, perm []int32) (*ordered, error) {
	o := &ordered{name: name, perm: perm, place: inverse(perm)}
	if !o.walk(a) {
		o.parent = eliminationTree(a, perm, o.place)
		o.post = Postorder(o.parent)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		o.count = columnCounts(a, perm, o.place, o.parent, o.post)
	}
	for _, c := range o.count {
		o.nnz += int64(c)
		o.flops += float64(c) * float64(c)
	}
	return o, ctx.Err()
}

// walk finds the elimination tree and counts the entries of its columns by
// going from each entry of A all the way up to columns that the row has been
// at, one step for each entry of L. It gives up when that gets longer than
// eliminationTree and columnCounts would take.
func (o *ordered) walk(a *matrix.CSR) bool {
	const steps = 5 // for each entry of A
	n := a.Rows
	lists := make([]int32, 3*n)
	parent, count, seen := lists[:n], lists[n:2*n], lists[2*n:]
	left := steps * len(a.Col)
	for k := range int32(n) {
		parent[k], count[k], seen[k] = none, 1, k
		row := o.at(k)
		for _, i := range a.Col[a.RowPtr[row]:a.RowPtr[row+1]] {
			if o.place != nil {
				i = o.place[i]
			}
			for i < k && seen[i] != k {
				if parent[i] == none {
					parent[i] = k
				}
				seen[i] = k
				count[i]++
				left--
				i = parent[i]
			}
		}
		if left < 0 {
			return false
		}
	}
	o.parent, o.count = parent, count
	return true
}

// postordered returns tree and counts with the columns numbered in postorder.
func (o *ordered) postordered() (parent, count []int32) {
	if o.post == nil {
		o.post = Postorder(o.parent)
	}
	place := inverse(o.post)
	n := len(o.post)
	lists := make([]int32, 2*n)
	parent, count = lists[:n], lists[n:]
	for k, j := range o.post {
		parent[k] = none
		if p := o.parent[j]; p != none {
			parent[k] = place[p]
		}
		count[k] = o.count[j]
	}
	return parent, count
}

// chooseOrdering orders a matrix with symmetric pattern.
func chooseOrdering(ctx context.Context, a *matrix.CSR, opt *AnalyzeOptions) (*ordered, error) {
	if opt.Perm != nil {
		if !isPermutation(opt.Perm, a.Rows) {
			return nil, fmt.Errorf("direct: Perm is no permutation of %d rows: %w", a.Rows, solver.ErrDimension)
		}
		return newOrdered(ctx, "given", a, opt.Perm)
	}
	switch opt.Ordering {
	case "", "auto":
		o, err := byDegree(ctx, a)
		if err != nil || a.Rows <= dissectionRows || o.flops <= dissectionFlops*float64(len(a.Col)) {
			return o, err
		}
		return cheaper(ctx, o, a, opt.Threads)
	case "best":
		o, err := byDegree(ctx, a)
		if err != nil {
			return nil, err
		}
		return cheaper(ctx, o, a, opt.Threads)
	case "amd":
		return byDegree(ctx, a)
	case "nd":
		return byDissection(ctx, a, opt.Threads)
	case "natural":
		return newOrdered(ctx, "natural", a, nil)
	}
	return nil, &solver.OptionError{Name: "Ordering", Value: opt.Ordering, Want: "auto, amd, nd, best or natural"}
}

func byDegree(ctx context.Context, a *matrix.CSR) (*ordered, error) {
	perm, err := minimumDegree(ctx, offDiagonal(a))
	if err != nil {
		return nil, err
	}
	return newOrdered(ctx, "amd", a, perm)
}

func byDissection(ctx context.Context, a *matrix.CSR, threads int) (*ordered, error) {
	perm, err := dissect(ctx, offDiagonal(a), threads)
	if err != nil {
		return nil, err
	}
	return newOrdered(ctx, "nd", a, perm)
}

// cheaper returns o, or nested dissection where that takes fewer operations.
func cheaper(ctx context.Context, o *ordered, a *matrix.CSR, threads int) (*ordered, error) {
	nd, err := byDissection(ctx, a, threads)
	if err != nil {
		return nil, err
	}
	if nd.flops < o.flops {
		return nd, nil
	}
	return o, nil
}

// Nested dissection is tried besides minimum degree for matrices of so many
// rows whose factorisation takes so many operations for every entry: below,
// it cannot save what it takes. Where it saves time at all it takes about as
// long as 20 000 operations an entry; the rest is for the memory of the
// factor and the solves.
const (
	dissectionRows  = 1000
	dissectionFlops = 1000
)

func isPermutation(perm []int32, n int) bool {
	if len(perm) != n {
		return false
	}
	seen := make([]bool, n)
	for _, i := range perm {
		if i < 0 || int(i) >= n || seen[i] {
			return false
		}
		seen[i] = true
	}
	return true
}

// N is the order of the matrix.
func (s *CholeskyAnalysis) N() int { return s.n }

// FactorNNZ is the number of entries of L, the diagonal included, without the
// zeros that supernodes store.
func (s *CholeskyAnalysis) FactorNNZ() int64 { return s.factor }

// Flops is Σ|L_j|², the operations of a factorisation, each |L_j| being the
// number of entries of a column.
func (s *CholeskyAnalysis) Flops() float64 { return s.flops }

// Ordering names the ordering that was taken.
func (s *CholeskyAnalysis) Ordering() string { return s.ordering }

// Bytes is the memory that a factorisation and its solves hold: factor and
// working space.
func (s *CholeskyAnalysis) Bytes() int64 {
	switch {
	case s.dense:
		return denseFactorBytes(s.n)
	case s.simplicial != nil:
		return s.simplicial.bytes()
	}
	return s.plan.bytes(s)
}

// Perm returns a copy of the ordering: row Perm()[k] is eliminated k-th.
func (s *CholeskyAnalysis) Perm() []int32 { return append([]int32(nil), s.perm...) }
