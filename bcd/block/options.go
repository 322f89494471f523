package block

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"solve/solver"
)

// Partitions: how the variables are cut into blocks.
const (
	Order         = "order"          // fixed: consecutive variables
	Sort          = "sort"           // fixed: consecutive in ascending order of H_jj
	Avg           = "avg"            // fixed: smallest, largest, second smallest, … H_jj
	HSort         = "hsort"          // as sort, by Σ_k|H_jk|
	HAvg          = "havg"           // as avg, by Σ_k|H_jk|
	Given         = "given"          // fixed: Options.Blocks
	Variable      = "variable"       // any variables, chosen anew in each iteration
	GreedyForest  = "greedy-forest"  // the largest scores that form a forest
	RandomForest  = "random-forest"  // a random maximal forest
	TreePartition = "tree-partition" // fixed: forests
	RedBlack      = "red-black"      // fixed: the two colours of a bipartite graph
	Colouring     = "colouring"      // fixed: the colours of a greedy colouring
)

// Rules: how the next block is chosen.
const (
	Random    = "random"    // uniformly
	Cyclic    = "cyclic"    // in turn; variable blocks: cut from a new permutation in each epoch
	Lipschitz = "lipschitz" // with probability proportional to L_b (variable: L_j)
	GS        = "gs"        // largest ‖g_b‖
	GSL       = "gsl"       // largest ‖g_b‖²/L_b
	GSD       = "gsd"       // largest Σ g_j²/D_j
	GSQ       = "gsq"       // largest decrease of the quadratic bound
	MI        = "mi"        // largest decrease of f
)

// Updates: the step in the block.
const (
	LB     = "lb"     // gradient step 1/L_b
	LA     = "la"     // gradient step 1/L̂, L̂ found by doubling
	Diag   = "diag"   // scaled by a diagonal D ⪰ H_bb
	HB     = "hb"     // H_bb⁻¹ g_b
	Newton = "newton" // ∇²_bb f⁻¹ g_b, line search
	PG     = "pg"     // proximal gradient step 1/L_b
	TMP    = "tmp"    // two-metric projection
	PN     = "pn"     // projected Newton: the block's quadratic with the penalty, exactly
	Exact  = "exact"  // minimiser of a quadratic over the block
)

// Norms of the rules GS and GSL over fixed blocks.
const (
	L1 = "l1"
	L2 = "l2"
)

// Choices of D in the rule GSD over variable blocks.
const (
	DiagonalLipschitz = "lipschitz" // H_jj: no guarantee, works well
	DiagonalTau       = "tau"       // τ H_jj: a bound for every block of τ variables
	DiagonalRows      = "rows"      // Σ_k|H_jk|: a bound for every block
)

const paper = "Nutini, Laradji, Schmidt, JMLR 23(131), 2022"

// Partitions lists the ways of cutting blocks.
func Partitions() []solver.Method {
	return []solver.Method{
		{Name: Order, Summary: "consecutive variables as given", Paper: paper},
		{Name: Sort, Summary: "blocks of similar Lipschitz constants", Paper: paper, When: "fixed blocks"},
		{Name: Avg, Summary: "blocks of equal mean Lipschitz constants", Paper: paper},
		{Name: HSort, Summary: "blocks of similar row sums of the Hessian", Paper: paper},
		{Name: HAvg, Summary: "blocks of equal mean row sums of the Hessian", Paper: paper},
		{Name: Variable, Summary: "the best variables of each iteration", Paper: paper, When: "greedy rules"},
		{Name: GreedyForest, Summary: "a forest of large gradient entries, anew in each iteration", Paper: paper, When: "sparse quadratics"},
		{Name: RandomForest, Summary: "a random forest, anew in each iteration", Paper: paper},
		{Name: TreePartition, Summary: "fixed forests that cover the graph", Paper: paper},
		{Name: RedBlack, Summary: "the two colours of a bipartite graph", Paper: paper},
		{Name: Colouring, Summary: "the colours of a greedy colouring", Paper: paper},
	}
}

// Rules lists the ways of choosing the next block.
func Rules() []solver.Method {
	return []solver.Method{
		{Name: Random, Summary: "uniformly at random", Paper: paper},
		{Name: Cyclic, Summary: "in turn, or by a new permutation in each epoch", Paper: paper},
		{Name: Lipschitz, Summary: "at random, in proportion to the Lipschitz constant", Paper: "Nesterov, SIAM J. Optim. 22, 2012"},
		{Name: GS, Summary: "Gauss–Southwell: the largest gradient", Paper: paper},
		{Name: GSL, Summary: "Gauss–Southwell–Lipschitz: ‖g_b‖²/L_b", Paper: paper},
		{Name: GSD, Summary: "Gauss–Southwell–diagonal: Σ g_j²/D_j", Paper: paper, When: "matrix updates"},
		{Name: GSQ, Summary: "Gauss–Southwell–quadratic: the largest decrease of the bound", Paper: paper, When: "penalties and bounds"},
		{Name: MI, Summary: "maximum improvement of f itself", Paper: paper},
	}
}

// Updates lists the steps.
func Updates() []solver.Method {
	return []solver.Method{
		{Name: LB, Summary: "gradient step with the block's Lipschitz constant", Paper: paper},
		{Name: LA, Summary: "gradient step with an estimate of the Lipschitz constant", Paper: paper, When: "losses with loose bounds"},
		{Name: Diag, Summary: "gradient step scaled by a diagonal bound", Paper: paper},
		{Name: HB, Summary: "matrix update with the bound of the Hessian", Paper: paper, When: "least squares, quadratics"},
		{Name: Newton, Summary: "Newton's step with a line search", Paper: paper},
		{Name: PG, Summary: "proximal gradient step", Paper: paper},
		{Name: TMP, Summary: "two-metric projection, for bounds", Paper: "Gafni, Bertsekas, SIAM J. Control Optim. 22, 1984"},
		{Name: PN, Summary: "projected Newton, for bounds and the 1-norm", Paper: paper, When: "penalties and bounds"},
		{Name: Exact, Summary: "exact minimisation; forests by message passing", Paper: paper},
	}
}

// DefaultBlockSize is the paper's smallest.
const DefaultBlockSize = 5

// DefaultTol bounds the relative stationarity residual.
const DefaultTol = 1e-6

// defaultMaxIter is the length of the paper's runs.
const defaultMaxIter = 500

// Options choose the method. The zero value (or nil) means: variable blocks of
// five, GSQ with a penalty and GSD without, and the update pn with a penalty,
// hb without; for losses that are not quadratic, la. Graph blocks, and losses
// whose second derivative has no bound, go by GS.
//
// Settings.Tol bounds ‖s(x)‖₂/‖∇f(0)‖₂, where s_j is the distance of −∇_j f
// from the subdifferential of the penalty (default DefaultTol); without a
// penalty a loss that is bounded below by 0 is also solved once
// f ≤ Tol·f(start). Settings.MaxIter is 500 unless given.
type Options struct {
	solver.Settings

	Partition string
	Rule      string
	Update    string
	BlockSize int       // τ, 1 … p; 0 = DefaultBlockSize (or p if that is less); graph blocks have their own sizes
	Norm      string    // of g_b in GS and GSL over fixed blocks: L2 (default) or L1
	Diagonal  string    // D of GSD over variable blocks; "" = DiagonalLipschitz
	Blocks    [][]int32 // of the partition Given: each variable (from 0) once
	Start     []float64 // length p; nil = 0
	Solution  []float64 // of a quadratic without penalty: the history then has exact gaps
}

// resolved fills in the defaults for f and refuses what makes no sense.
func (o *Options) resolved(f Objective) (*Options, error) {
	r := &Options{}
	if o != nil {
		*r = *o
	}
	penalised := f.Penalty() != nil
	set := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	switch {
	case r.Blocks != nil:
		set(&r.Partition, Given)
	default:
		set(&r.Partition, Variable)
	}
	set(&r.Rule, r.defaultRule(penalised, bounded(f)))
	set(&r.Update, r.defaultUpdate(f, penalised))
	set(&r.Norm, L2)
	set(&r.Diagonal, DiagonalLipschitz)
	if r.MaxIter == 0 {
		r.MaxIter = defaultMaxIter
	}
	if r.Tol == 0 {
		r.Tol = DefaultTol
	}
	if err := r.validate(); err != nil {
		return nil, err
	}
	if r.BlockSize == 0 {
		r.BlockSize = min(DefaultBlockSize, f.Dim())
	}
	return r, r.fits(f)
}

func (o *Options) defaultRule(penalised, bounded bool) string {
	switch {
	case o.Partition == RandomForest:
		return Random
	case o.graph(), !bounded:
		return GS
	case penalised:
		return GSQ
	}
	return GSD
}

func (o *Options) defaultUpdate(f Objective, penalised bool) string {
	switch {
	case o.graph():
		return Exact
	case !f.Quadratic():
		return LA
	case penalised:
		return PN
	}
	return HB
}

// graph tells whether the blocks are forests of the graph of a matrix.
func (o *Options) graph() bool {
	return slices.Contains([]string{GreedyForest, RandomForest, TreePartition, RedBlack, Colouring}, o.Partition)
}

// free tells whether blocks are chosen anew in each iteration.
func (o *Options) free() bool {
	return slices.Contains([]string{Variable, GreedyForest, RandomForest}, o.Partition)
}

func oneOf(option, value string, methods []solver.Method, more ...string) error {
	var names []string
	for _, m := range methods {
		names = append(names, m.Name)
	}
	names = append(names, more...)
	if slices.Contains(names, value) {
		return nil
	}
	return &solver.OptionError{Name: option, Value: value, Want: "one of " + strings.Join(names, ", ")}
}

// validate refuses what is wrong whatever the objective.
func (o *Options) validate() error {
	refuse := func(name, value, want string) error {
		return &solver.OptionError{Name: name, Value: value, Want: want}
	}
	if err := firstError(
		oneOf("partition", o.Partition, Partitions(), Given), oneOf("rule", o.Rule, Rules()), oneOf("update", o.Update, Updates()),
		oneOf("norm", o.Norm, nil, L1, L2),
		oneOf("diagonal", o.Diagonal, nil, DiagonalLipschitz, DiagonalTau, DiagonalRows)); err != nil {
		return err
	}
	switch {
	case math.IsNaN(o.Tol) || o.Tol < 0 || o.Tol >= 1:
		return refuse("tol", fmt.Sprint(o.Tol), "a number in (0, 1)")
	case o.MaxIter < 0:
		return refuse("max-iter", fmt.Sprint(o.MaxIter), "a positive number")
	case o.BlockSize < 0:
		return refuse("block-size", fmt.Sprint(o.BlockSize), "a positive number")
	case o.BlockSize > 0 && (o.graph() || o.Partition == Given):
		return refuse("block-size", fmt.Sprint(o.BlockSize), "none with the partition "+o.Partition+", whose blocks have their own sizes")
	case (o.Blocks != nil) != (o.Partition == Given):
		return refuse("partition", o.Partition, Given+" exactly when blocks are given")
	case o.Partition == RandomForest && o.Rule != Random:
		return refuse("rule", o.Rule, "random with the partition random-forest")
	case o.Partition == GreedyForest && !slices.Contains([]string{GS, GSL, GSD}, o.Rule):
		return refuse("rule", o.Rule, "gs, gsl or gsd (the score that orders the nodes) with the partition greedy-forest")
	case o.graph() && !o.free() && !slices.Contains([]string{Random, Cyclic, GS, GSD}, o.Rule):
		return refuse("rule", o.Rule, "random, cyclic, gs or gsd with the partition "+o.Partition)
	case o.graph() && o.Update != Exact && o.Update != HB:
		return refuse("update", o.Update, "exact with the partition "+o.Partition)
	case o.Partition == Variable && o.Rule == MI:
		return refuse("rule", o.Rule, "another with variable blocks, which are too many to try")
	case o.Norm == L1 && (o.free() || o.Rule != GS && o.Rule != GSL):
		return refuse("norm", o.Norm, "l2 but for the rules gs and gsl over fixed blocks")
	case o.Diagonal != DiagonalLipschitz && (o.Partition != Variable || o.Rule != GSD):
		return refuse("diagonal", o.Diagonal, "lipschitz but for the rule gsd over variable blocks")
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// fits refuses what this objective rules out.
func (o *Options) fits(f Objective) error {
	_, sparse := f.(*quadratic)
	pen := f.Penalty()
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("block: %s: %w", fmt.Sprintf(format, args...), solver.ErrInput)
	}
	switch {
	case o.BlockSize > f.Dim():
		return refuse("blocks of %d among %d variables", o.BlockSize, f.Dim())
	case o.graph() && !sparse:
		return refuse("the partition %s needs the graph of a sparse quadratic, not %s", o.Partition, f.Name())
	case pen != nil && slices.Contains([]string{HB, Newton, Exact}, o.Update):
		return refuse("the update %s ignores the penalty: take lb, la, diag, pg, tmp or pn", o.Update)
	case pen == nil && slices.Contains([]string{PG, TMP, PN}, o.Update):
		return refuse("the update %s is for penalties and bounds: without them take lb, hb or newton", o.Update)
	case o.Update == Exact && !f.Quadratic():
		return refuse("the update exact is for quadratics, not %s: take newton", f.Name())
	case o.Update == TMP && !halfSpaces(f):
		return refuse("the update tmp needs bounds, and a 1-norm only of variables that keep their sign: take pn")
	case !bounded(f) && slices.Contains([]string{LB, PG, Diag, HB}, o.Update):
		return refuse("the second derivative of %s has no bound for the update %s: take newton or la", f.Name(), o.Update)
	case !bounded(f) && slices.Contains([]string{Lipschitz, GSL, GSD, GSQ}, o.Rule),
		!bounded(f) && slices.Contains([]string{Sort, Avg, HSort, HAvg}, o.Partition):
		return refuse("the second derivative of %s has no bound: take the rules random, cyclic or gs and the partitions order or variable", f.Name())
	case o.Start != nil && len(o.Start) != f.Dim(), o.Solution != nil && len(o.Solution) != f.Dim():
		return fmt.Errorf("block: a start of %d and a solution of %d entries for %d variables: %w", len(o.Start), len(o.Solution), f.Dim(), solver.ErrDimension)
	case o.Solution != nil && (!f.Quadratic() || pen != nil):
		return refuse("gaps from a solution are for quadratics without a penalty")
	}
	for j, v := range o.Start {
		if v-v != 0 {
			return &solver.EntryError{What: "start", Row: j + 1, Value: v, Err: solver.ErrNonFinite}
		}
	}
	return nil
}

// halfSpaces tells whether the penalty is smooth inside its bounds, and there
// are bounds.
func halfSpaces(f Objective) bool {
	any := false
	for j := range f.Dim() {
		l1, _, lower, upper := f.Penalty().At(j)
		if l1 > 0 && lower < 0 && upper > 0 {
			return false
		}
		any = any || !math.IsInf(lower, -1) || !math.IsInf(upper, 1)
	}
	return any
}
