package block

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"solve/matrix"
	"solve/solver"
)

// Figure is one of the paper's comparisons, made anew on problems drawn by
// the paper's formulas.
type Figure struct {
	Name    string // as the paper numbers it
	Summary string
	Make    func(ctx context.Context, opt *FigureOptions) ([]Panel, error)
}

// Figures lists the figures that can be made.
func Figures() []Figure {
	return []Figure{
		{"4", "rules with gradient updates, blocks of 5", Figure4},
		{"5", "rules with matrix updates, blocks of 5", Figure5},
		{"6a", "forests on the lattice, exact updates", Figure6a},
		{"6b", "forests on the graph of two moons, exact updates", Figure6b},
		{"7", "updates for the non-negative 1-norm problem", Figure7},
		{"9", "Lipschitz constants against their estimates", Figure9},
		{"10", "fixed partitions", Figure10},
	}
}

// FigureData is one of the paper's problems.
type FigureData struct {
	X     *matrix.CSR // A, B, C
	Y     []float64   // A: targets; B: two values; C: classes
	A     *matrix.CSR // D, E
	B     []float64
	Trees [][]int32 // D: two forests that cover the lattice
}

// FigureOptions say what the figures are made of.
type FigureOptions struct {
	Data       func(problem string) (*FigureData, error) // problem "A" … "E"; needed
	Iterations int                                       // 0 = 500
	Seed       uint64                                    // of the rules
	Problems   string                                    // only these, a subset of "ABCDE"; "" = all of the figure
	BlockSizes []int                                     // of figures 7, 9 and 10; nil = the paper's
	Progress   func(panel, series string)
}

// Panel is one diagram: the same problem, several methods.
type Panel struct {
	Figure  string
	Problem string // "A" … "E"
	Title   string
	Series  []Series
}

// Series is one method's way.
type Series struct {
	Name                    string // "variable gsd", "sort gsl", …
	Partition, Rule, Update string
	BlockSize               int
	Points                  []FigurePoint
	SupportFixedAt          int // last change of the set of variables at zero or a bound
	Reason                  solver.Reason
}

// FigurePoint is the objective gap f − f* after an iteration and at a cost.
type FigurePoint struct {
	Iteration int
	Gap       float64
	Cost      Cost
}

// Last is the gap at the end of the series.
func (s *Series) Last() float64 { return s.Points[len(s.Points)-1].Gap }

// method is one series to be made.
type method struct {
	name                    string
	partition, rule, update string
	size                    int
	blocks                  [][]int32
}

func (o *FigureOptions) resolved() (*FigureOptions, error) {
	r := &FigureOptions{}
	if o != nil {
		*r = *o
	}
	refuse := func(name string, value any, want string) (*FigureOptions, error) {
		return nil, &solver.OptionError{Name: name, Value: fmt.Sprint(value), Want: want}
	}
	switch {
	case r.Iterations < 0:
		return refuse("max-iter", r.Iterations, "a positive number")
	case r.Data == nil:
		return refuse("data", "nil", "a function that makes the problems")
	case strings.Trim(r.Problems, "ABCDE") != "":
		return refuse("problems", r.Problems, "letters of ABCDE")
	case slices.ContainsFunc(r.BlockSizes, func(size int) bool { return size < 1 }):
		return refuse("block-size", r.BlockSizes, "positive numbers")
	}
	if r.Iterations == 0 {
		r.Iterations = defaultMaxIter
	}
	return r, nil
}

// Figure4 compares the rules with gradient updates (lb) and blocks of five on
// the problems A, C and E.
func Figure4(ctx context.Context, opt *FigureOptions) ([]Panel, error) {
	return ruleFigure(ctx, opt, "4", LB, []string{Random, Cyclic, Lipschitz, GS, GSD, GSL})
}

// Figure5 compares the greedy rules with matrix updates (hb).
func Figure5(ctx context.Context, opt *FigureOptions) ([]Panel, error) {
	return ruleFigure(ctx, opt, "5", HB, []string{GS, GSL, GSD, GSQ})
}

func ruleFigure(ctx context.Context, opt *FigureOptions, name, update string, rules []string) ([]Panel, error) {
	var methods []method
	for _, partition := range []string{Variable, Sort} {
		for _, rule := range rules {
			methods = append(methods, method{partition + " " + rule, partition, rule, update, DefaultBlockSize, nil})
		}
	}
	return panels(ctx, opt, name, "ACE", func(*figureProblem) []method { return methods }, "blocks of 5, update "+update)
}

// Figure6a compares forests on the lattice problem D with exact updates; the
// tree partition is the two combs of LatticeForests.
func Figure6a(ctx context.Context, opt *FigureOptions) ([]Panel, error) {
	return panels(ctx, opt, "6a", "D", func(p *figureProblem) []method {
		return append(forestMethods(p),
			method{"two trees", Given, Cyclic, Exact, 0, p.data.Trees},
			method{"red-black", RedBlack, Cyclic, Exact, 0, nil})
	}, "exact updates")
}

// Figure6b does so on problem E, whose graph is not bipartite: colours are
// those of a greedy colouring, by degree and in the order given.
func Figure6b(ctx context.Context, opt *FigureOptions) ([]Panel, error) {
	return panels(ctx, opt, "6b", "E", func(p *figureProblem) []method {
		return append(forestMethods(p),
			method{"tree partition", TreePartition, Cyclic, Exact, 0, nil},
			method{"tree partition, given order", Given, Cyclic, Exact, 0, TreePartitionBlocks(p.data.A, nil)},
			method{"colouring", Colouring, Cyclic, Exact, 0, nil})
	}, "exact updates")
}

// forestMethods are the variable blocks; "general" are so many variables
// that their dense solve costs about what a tree costs.
func forestMethods(p *figureProblem) []method {
	general := max(1, int(math.Cbrt(float64(p.objective.Dim()))))
	return []method{
		{"greedy tree", GreedyForest, GS, Exact, 0, nil},
		{"random tree", RandomForest, Random, Exact, 0, nil},
		{"general", Variable, GS, Exact, general, nil},
	}
}

// Figure7 compares updates for least squares with a 1-norm and non-negative
// variables (λ = 50000 on problem A), blocks of 5, 50 and 100.
func Figure7(ctx context.Context, opt *FigureOptions) ([]Panel, error) {
	o, err := opt.resolved()
	if err != nil {
		return nil, err
	}
	p, err := nonNegativeProblem(ctx, o)
	if err != nil {
		return nil, err
	}
	var out []Panel
	for _, size := range o.sizes(5, 50, 100) {
		var methods []method
		for _, partition := range []string{Variable, Sort} {
			for _, update := range []string{PN, TMP, PG} {
				methods = append(methods, method{partition + " " + update, partition, GSQ, update, size, nil})
			}
		}
		panel, err := p.panel(ctx, o, "7", fmt.Sprintf("non-negative 1-norm, blocks of %d", size), methods)
		if err != nil {
			return nil, err
		}
		out = append(out, panel)
	}
	return out, nil
}

// Figure9 compares global Lipschitz constants (lb) with estimates (la) over
// blocks of consecutive variables.
func Figure9(ctx context.Context, opt *FigureOptions) ([]Panel, error) {
	return sizedPanels(ctx, opt, "9", func(size int) []method {
		var methods []method
		for _, update := range []string{LB, LA} {
			for _, rule := range []string{Random, Cyclic, Lipschitz, GS, GSL} {
				methods = append(methods, method{update + " " + rule, Order, rule, update, size, nil})
			}
		}
		return methods
	})
}

// Figure10 compares fixed partitions with gradient updates (lb).
func Figure10(ctx context.Context, opt *FigureOptions) ([]Panel, error) {
	return sizedPanels(ctx, opt, "10", func(size int) []method {
		var methods []method
		for _, partition := range []string{Sort, Order, Avg} {
			for _, rule := range []string{GS, GSD, GSL} {
				methods = append(methods, method{partition + " " + rule, partition, rule, LB, size, nil})
			}
		}
		return methods
	})
}

// sizedPanels are one panel for each problem and block size.
func sizedPanels(ctx context.Context, opt *FigureOptions, figure string, methods func(size int) []method) ([]Panel, error) {
	o, err := opt.resolved()
	if err != nil {
		return nil, err
	}
	var out []Panel
	for _, size := range o.sizes(5, 20, 50) {
		p, err := panels(ctx, opt, figure, "ABCDE", func(*figureProblem) []method { return methods(size) }, fmt.Sprintf("blocks of %d", size))
		if err != nil {
			return nil, err
		}
		out = append(out, p...)
	}
	return out, nil
}

func (o *FigureOptions) sizes(paper ...int) []int {
	if o.BlockSizes != nil {
		return o.BlockSizes
	}
	return paper
}
