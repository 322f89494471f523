package main

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"solve/bcd"
	"solve/bcd/block"
	"solve/internal/report"
	"solve/matrix/matio"
	"solve/solver"
)

func newBCDCommand() *subcommand {
	return &subcommand{
		name:    "bcd",
		purpose: "minimise loss(A w, y) + penalty(w) by greedy block coordinate descent, with a duality gap",
		synopsis: []string{
			"solve bcd [flags] DATA.svm | --A FILE --y FILE     w on stdout",
			"solve bcd --loss quadratic [flags] --A FILE        ½wᵀAw − bᵀw",
			"solve bcd path|cv [flags] DATA.svm | --A … --y …   a grid of λ",
			"solve bcd predict [flags] --model DIR/ DATA        a stored fit applied",
			"solve bcd lab [flags] FIGURE -o FILE               the paper's figures",
		},
		examples: []example{
			{"sparse logistic regression on a LIBSVM file, λ a tenth of the smallest at which w = 0",
				"solve bcd testdata/blobs.svm --loss logistic"},
			{"lasso on a table with names; its target is one of the columns",
				"solve bcd testdata/plants.csv --target yield --lambda-ratio 0.05 --intercept"},
			{"100 values of λ with warm starts: a row each",
				"solve bcd path testdata/plants.csv --target yield -o path.csv"},
			{"which λ predicts best, by cross-validation",
				"solve bcd cv testdata/plants.csv --target yield --folds 5"},
			{"exact minimisation over greedy forests, on the graph of a matrix",
				"solve bcd --loss quadratic --A testdata/grid.mtx --b testdata/grid_b.csv --partition greedy-forest --max-iter 500"},
		},
		options: joined(bcdInputOptions(), readingOptions(), bcdMethodOptions(), bcdPathOptions(), bcdLabOptions(), []option{
			{name: "emit", group: groupOutput, value: "WHAT", words: []string{"w", "dual", "path", "cv", "prediction", "link", "class"}, usage: "what to print or write (w; hinge: w or dual; path: path; cv: cv, or w at the best λ; predict: prediction)"},
			toOption("format on stdout and of the parts in a directory (csv)"),
			outputOption("write w into FILE, or with a trailing / the report and w into a directory"),
			jsonOption(),
		}, solverOptions("1e-6")),
		notes: []string{
			"The problem is min Σ w_i loss(A_i w + w₀ + offset_i, y_i) + penalty(w), the weights scaled to a sum of 1 (--scale mean) or of the number of rows (--scale sum).",
			"--tol bounds the duality gap relative to the objective at w = 0, recomputed from the data and from w as written; for quadratics the relative residual.",
			"With --partition, --rule, --update or --block-size the plain method of that name runs instead of the default solver: the laboratory of the paper.",
			"w is one number a line; with names or an intercept it is name,value lines, (intercept) first.",
		},
		seeAlso: []string{"solve check", "solve gen", "solve help methods"},
		words:   []string{"path", "cv", "predict", "lab"},
		run:     runBCDCommand,
	}
}

func runBCDCommand(ctx context.Context, v *values, con *console) error {
	args := v.c.Args().Slice()
	verb := ""
	if len(args) > 0 && slices.Contains(v.spec.words, args[0]) {
		verb, args = args[0], args[1:]
	}
	switch verb {
	case "path":
		return runBCDPath(ctx, args, v, con)
	case "cv":
		return runBCDCV(ctx, args, v, con)
	case "predict":
		return runBCDPredict(args, v, con)
	case "lab":
		return runBCDLab(ctx, args, v, con)
	}
	o, err := parseBCDOptions(v, args, con, nil)
	if err != nil {
		return err
	}
	return runBCD(ctx, o, con)
}

func bcdInputOptions() []option {
	return joined([]option{
		{name: "A", group: groupInput, value: "FILE", usage: "the matrix: a row a sample, a column a feature; quadratic: symmetric"},
		{name: "y", group: groupInput, value: "FILE", usage: "the targets, one for each row of --A"},
		{name: "b", group: groupInput, value: "FILE", usage: "quadratic: the linear term (ones)"},
	}, regressionFiles(), []option{{name: "model", group: groupInput, value: "DIR", usage: "predict: the directory of a fit"}})
}

// regressionFiles are what a problem is read from beside --A, --y and --b.
func regressionFiles() []option {
	return []option{
		{name: "data", group: groupInput, value: "FILE", usage: "bcd: matrix and targets in one: LIBSVM, or a table with --target (also the first FILE)"},
		{name: "target", group: groupInput, value: "COLUMN", usage: "bcd: name or number of the column of --data that holds the targets"},
		{name: "labels", group: groupInput, value: "FILE", usage: "quadratic: --A holds weights of a graph; labels known at some nodes (nan elsewhere) are propagated to the others"},
		{name: "weights", group: groupInput, value: "FILE", usage: "bcd: of the samples, ≥ 0 (equal)"},
		{name: "offset", group: groupInput, value: "FILE", usage: "bcd: added to every A_i w (0)"},
		{name: "groups", group: groupInput, value: "FILE", usage: "bcd: number of the group of each feature, for the penalties group and sparse-group"},
		{name: "penalty-factor", group: groupInput, value: "FILE", usage: "bcd: factor of λ for each feature; 0 = not penalised, inf = left out (1)"},
	}
}

// bcdLosses are the words of --loss.
var bcdLosses = []string{"squared", "huber", "smooth-huber", "logistic", "softmax", "poisson", "sqhinge", "hinge", "quadratic"}

var bcdPenalties = []string{bcd.NoPenalty, bcd.L1, bcd.ElasticNet, bcd.Group, bcd.SparseGroup}

func bcdMethodOptions() []option {
	return joined(regressionOptions(), []option{
		{name: "allow-unpenalized", group: groupMethod, usage: "let λ = 0 pass, where the minimiser need not be unique or finite"},
		{name: "method", group: groupMethod, value: "NAME", words: namesOf(bcd.Methods()), usage: "algorithm (auto)"},
	})
}

// regressionOptions state the problem.
func regressionOptions() []option {
	return []option{
		{name: "loss", group: groupMethod, value: "NAME", words: bcdLosses, usage: "loss (squared)"},
		{name: "delta", group: groupMethod, value: "D", usage: "huber, smooth-huber: where the loss turns linear (1)"},
		{name: "penalty", group: groupMethod, value: "NAME", words: bcdPenalties, usage: "penalty (l1; quadratic, hinge, sqhinge: none)"},
		{name: "lambda", group: groupMethod, value: "L", usage: "weight λ of the penalty"},
		{name: "lambda-ratio", group: groupMethod, value: "R", usage: "λ as a share of the smallest λ with w = 0 (0.1)"},
		{name: "alpha", group: groupMethod, value: "A", usage: "enet, sparse-group: share of the 1-norm (0.5)"},
		{name: "l2", group: groupMethod, value: "M", usage: "adds M/2 ‖w‖² to any penalty (0)"},
		{name: "C", group: groupMethod, value: "C", usage: "LIBLINEAR's scale: --scale sum and λ = 1/C; hinge, sqhinge: ½‖w‖² + C Σ loss (1)"},
		{name: "lower", group: groupMethod, value: "X", usage: "lower bound of every coefficient (none)"},
		{name: "upper", group: groupMethod, value: "X", usage: "upper bound of every coefficient (none)"},
		{name: "nonneg", group: groupMethod, usage: "coefficients ≥ 0"},
		{name: "scale", group: groupMethod, value: "WORD", words: []string{bcd.Mean, bcd.Sum}, usage: "mean or sum of the losses (mean)"},
		{name: "intercept", group: groupMethod, usage: "fit an intercept; it is never penalised"},
		{name: "standardize", group: groupMethod, usage: "penalise coefficients of features scaled to standard deviation 1; w comes back on the original scale"},
	}
}

func bcdPathOptions() []option {
	return []option{
		{name: "count", group: groupMethod, value: "N", usage: "path, cv: values of λ (100)"},
		{name: "ratio", group: groupMethod, value: "R", usage: "path, cv: smallest λ as a share of the largest (0.01 with fewer rows than features, else 0.0001)"},
		{name: "lambdas", group: groupInput, value: "FILE", usage: "path, cv: the values of λ themselves"},
		{name: "folds", group: groupMethod, value: "K", usage: "cv: parts that the samples are cut into (10)"},
		{name: "measure", group: groupMethod, value: "NAME", words: bcd.Measures, usage: "cv: error of a left-out part (squared: mse, else deviance)"},
	}
}

// labFlags are the flags that turn the plain command into the laboratory.
var labFlags = []string{"partition", "rule", "update", "block-size"}

func bcdLabOptions() []option {
	return []option{
		{name: "partition", group: groupMethod, value: "NAME", words: namesOf(block.Partitions()), usage: "laboratory: how the variables are cut into blocks"},
		{name: "rule", group: groupMethod, value: "NAME", words: namesOf(block.Rules()), usage: "laboratory: how the next block is chosen"},
		{name: "update", group: groupMethod, value: "NAME", words: namesOf(block.Updates()), usage: "laboratory: the step in the block"},
		{name: "block-size", group: groupMethod, value: "N", usage: "laboratory: variables of a block (5)"},
		{name: "shrink", group: groupMethod, value: "N", usage: "lab: divide the sizes of the problems by N (1)"},
	}
}

// bcdOptions is the command line of `bcd`.
type bcdOptions struct {
	source   regressionSource
	in       *inputs
	chosen   string
	settings bcd.Options
	lab      *block.Options // nil = the production solver
	emit     emission
	files    outputFlags
	json     bool
	recorded report.Fields
}

// bcdEmission and machineEmission are the parts that -o DIR/ writes.
var (
	bcdEmission     = []partFormat{{"w", matio.FormatCSV}}
	machineEmission = []partFormat{{"w", matio.FormatCSV}, {"dual", matio.FormatCSV}}
)

// parseBCDOptions reads the command line; parts are what the verb emits, nil
// for those of a fit.
func parseBCDOptions(v *values, args []string, con *console, parts []partFormat) (*bcdOptions, error) {
	o := &bcdOptions{source: parseRegressionSource(v), in: newInputs(con, v), json: con.json}
	if err := o.source.takePositionals(args); err != nil {
		return nil, err
	}
	switch {
	case parts == nil && o.source.machine():
		parts = machineEmission
	case parts == nil:
		parts = bcdEmission
	}
	o.chosen = v.word("method", bcd.Auto)
	o.settings.Settings = solver.Settings{
		Tol: v.positive("tol", bcd.DefaultTol), MaxIter: v.count("max-iter", 0), TimeLimit: v.duration("time-limit"),
		Threads: v.count("threads", 0), Seed: v.unsigned("seed", 1),
		MaxMemory: v.size("max-memory", solver.DefaultMaxMemory), Logger: con.logger(),
	}
	if o.settings.Tol >= 1 {
		v.refuse("tol", v.text("tol"), "a number below 1")
	}
	o.settings.Method, o.settings.AllowUnpenalized = o.chosen, v.flag("allow-unpenalized")
	o.parseLab(v)
	var err error
	if o.emit, err = parseEmission(v, parts[0].name, parts); err != nil {
		return nil, err
	}
	var words []string
	for _, p := range parts {
		words = append(words, p.name)
	}
	if !slices.Contains(words, o.emit.what) {
		return nil, usageError("here it is "+strings.Join(words, " or "), "--emit %s belongs to another verb of bcd", o.emit.what)
	}
	if o.files, err = parseOutputFlags(v, o.emit, o.source.files()); err != nil {
		return nil, err
	}
	o.in.options.Hash = o.json || o.emit.to.dir
	o.record(v)
	return o, v.err
}

// parseLab reads the flags of the laboratory.
func (o *bcdOptions) parseLab(v *values) {
	if !slices.ContainsFunc(labFlags, v.given) {
		return
	}
	v.refuseWith("--partition, --rule, --update or --block-size", "method")
	o.lab = &block.Options{Partition: v.word("partition", ""), Rule: v.word("rule", ""), Update: v.word("update", ""), BlockSize: v.count("block-size", 0)}
	o.chosen = "laboratory"
}

// record keeps the flags that state the problem for the report.
func (o *bcdOptions) record(v *values) {
	for _, name := range []string{
		"C", "allow-unpenalized", "partition", "rule", "update", "block-size", "max-iter", "time-limit", "max-memory", "format", "sep", "zero-based",
	} {
		if !v.given(name) {
			continue
		}
		text := v.text(name)
		if spec, _ := findOption(v.spec.options, name); spec.boolean() {
			text = strconv.FormatBool(v.flag(name))
		}
		o.recorded.Add(strings.ReplaceAll(name, "-", "_"), text)
	}
}
