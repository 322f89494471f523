package direct

import (
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
	nnz      int    // of A
	pattern  uint64 // hash of the pattern of A
	ordering string
	threads  int
	perm     []int32 // row of A that is eliminated k-th
	tree     *supernodes
	plan     plan
	factor   int64 // entries of L
	flops    float64
}

// AnalyzeCholesky orders the square matrix a, whose pattern must be symmetric
// and stored in full, and finds the structure of its factor. Values are not
// looked at. A nil opt means defaults. Errors wrap solver.ErrDimension,
// solver.ErrNotSymmetric, solver.ErrTooLarge or solver.ErrOption.
func AnalyzeCholesky(a *matrix.CSR, opt *AnalyzeOptions) (*CholeskyAnalysis, error) {
	if opt == nil {
		opt = &AnalyzeOptions{}
	}
	if err := checkSymmetricPattern(a); err != nil {
		return nil, err
	}
	s := &CholeskyAnalysis{n: a.Rows, nnz: len(a.Val), pattern: hashPattern(a), threads: par.Threads(opt.Threads)}
	o, err := chooseOrdering(a, opt)
	if err != nil {
		return nil, err
	}
	s.ordering, s.flops, s.factor = o.name, o.flops, o.nnz
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
	tree.fillRows(a, s.perm, place)
	return s, s.plan.make(a, s, place)
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

// hashPattern tells patterns apart.
func hashPattern(a *matrix.CSR) uint64 {
	const prime = 0x9e3779b97f4a7c15
	var h [4]uint64
	for i, j := range a.Col {
		h[i&3] = (h[i&3] ^ uint64(j)) * prime
	}
	sum := uint64(a.Rows)
	for _, p := range a.RowPtr {
		sum = (sum ^ uint64(p)) * prime
	}
	for _, v := range h {
		sum = (sum ^ v ^ v>>29) * prime
	}
	return sum
}

// ordered is an ordering with what it costs.
type ordered struct {
	name                string
	perm                []int32 // nil for the given order
	parent, post, count []int32
	nnz                 int64
	flops               float64
}

func (o *ordered) at(k int32) int32 {
	if o.perm == nil {
		return k
	}
	return o.perm[k]
}

func newOrdered(name string, a *matrix.CSR, perm []int32) *ordered {
	o := &ordered{name: name, perm: perm, parent: EliminationTree(a, perm)}
	o.post = Postorder(o.parent)
	o.count = ColumnCounts(a, perm, o.parent, o.post)
	for _, c := range o.count {
		o.nnz += int64(c)
		o.flops += float64(c) * float64(c)
	}
	return o
}

// postordered returns tree and counts with the columns numbered in postorder.
func (o *ordered) postordered() (parent, count []int32) {
	place := inverse(o.post)
	n := len(o.post)
	parent, count = make([]int32, n), make([]int32, n)
	for k, j := range o.post {
		parent[k] = none
		if p := o.parent[j]; p != none {
			parent[k] = place[p]
		}
		count[k] = o.count[j]
	}
	return parent, count
}

func chooseOrdering(a *matrix.CSR, opt *AnalyzeOptions) (*ordered, error) {
	if opt.Perm != nil {
		if !isPermutation(opt.Perm, a.Rows) {
			return nil, fmt.Errorf("direct: Perm is no permutation of %d rows: %w", a.Rows, solver.ErrDimension)
		}
		return newOrdered("given", a, opt.Perm), nil
	}
	amd := func() *ordered { return newOrdered("amd", a, AMD(a)) }
	nd := func() *ordered { return newOrdered("nd", a, NestedDissection(a, opt.Threads)) }
	switch opt.Ordering {
	case "", "auto":
		o := amd()
		if a.Rows > dissectionRows && o.flops > dissectionFlops*float64(len(a.Col)) {
			o = cheaper(o, nd())
		}
		return o, nil
	case "best":
		return cheaper(amd(), nd()), nil
	case "amd":
		return amd(), nil
	case "nd":
		return nd(), nil
	case "natural":
		return newOrdered("natural", a, nil), nil
	}
	return nil, &solver.OptionError{Name: "Ordering", Value: opt.Ordering, Want: "auto, amd, nd, best or natural"}
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

func cheaper(a, b *ordered) *ordered {
	if b.flops < a.flops {
		return b
	}
	return a
}

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
func (s *CholeskyAnalysis) Bytes() int64 { return s.plan.bytes(s) }

// Perm returns a copy of the ordering: row Perm()[k] is eliminated k-th.
func (s *CholeskyAnalysis) Perm() []int32 { return append([]int32(nil), s.perm...) }
