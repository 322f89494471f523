package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"solve/internal/report"
	"solve/ot"
	"solve/solver"
)

func newOTCommand() *subcommand {
	return &subcommand{
		name:    "ot",
		purpose: "the cheapest way to move one distribution onto another",
		synopsis: []string{
			"solve ot [flags] --a FILE --b FILE      points, or masses on a line or --grid",
			"solve ot [flags] --cost FILE            any cost matrix",
		},
		examples: []example{
			{"two clouds of points: the cost of moving one onto the other",
				"solve ot --a testdata/points_x.csv --b testdata/points_y.csv"},
			{"a cost matrix, and masses whose totals differ: the plan as i,j,mass lines",
				"solve ot --cost testdata/small_5x7_cost.csv --a testdata/small_5x7_a.csv --b testdata/small_5x7_b.csv --normalize --reg-rel max:0.01 --emit plan"},
			{"the best matching of 5 rows to 7 columns, as i,j,mass lines",
				"solve ot --cost testdata/small_5x7_cost.csv --method assignment --emit plan"},
			{"two images as histograms on their grid: report, plan and potentials into a directory, and a picture",
				"solve ot testdata/img_a.csv testdata/img_b.csv --grid 16x16 --reg 0.5 -o out/ --plot plan.png"},
		},
		options: joined(transportOptions(), readingOptions(), otOptionList(), otOutputOptions(), solverOptions("1e-9")),
		notes: []string{
			"The problem is min ⟨C,P⟩ over plans P with row sums a and column sums b, solved to optimality; " +
				"with --reg or --reg-rel it is min ⟨C,P⟩ + ε Σ P (log P − 1).",
			"--method assignment gives every row a column of its own: all masses are 1, and columns may be left over.",
			"--tol bounds the marginal error (L1, rows and columns, relative to the total mass) and the dual gap: relative to max(|⟨C,P⟩|, Σ|C|P), with --reg to max|C| times the mass.",
			fmt.Sprintf("Large plans are written without the entries below %.3g × min(a_i/m, b_j/n); the dropped mass is said, and the certificates are those of the plan as written. ", ot.DefaultThreshold) +
				"Potentials are one column: f, then g, with f_i + g_j ≤ C_ij (≥ with --maximize); with --reg, P_ij = a_i b_j exp((f_i+g_j−C_ij)/ε).",
		},
		seeAlso: []string{"solve check", "solve plot", "solve gen", "solve help methods"},
		run: func(ctx context.Context, v *values, con *console) error {
			o, err := parseOTOptions(v, con)
			if err != nil {
				return err
			}
			return runOT(ctx, o, con)
		},
	}
}

// laterMethods are on the way: known words, so not misspelt ones.
var laterMethods = []string{"sparse", "quadratic", "group", "partial", "unbalanced", "barycenter", "divergence"}

func otMethodNames() []string {
	out := []string{"auto"}
	for _, m := range ot.Methods() {
		if m.Name != "auto" {
			out = append(out, m.Name)
		}
	}
	return out
}

func otOptionList() []option {
	return []option{
		{name: "method", group: groupMethod, value: "NAME", words: otMethodNames(), usage: "algorithm (auto)"},
		{name: "reg", group: groupMethod, value: "EPS", usage: "entropic regularisation ε > 0, in the unit of the cost (none: exact)"},
		{name: "reg-rel", group: groupMethod, value: "STAT:FACTOR", usage: "ε = FACTOR × a statistic of the cost: max, mean, std or median"},
		{name: "integer-cost", group: groupMethod, usage: "unregularised: insist on integer costs, for which the arithmetic is exact"},
		{name: "omega", group: groupMethod, value: "W", usage: "sinkhorn: over-relaxation, 0 < W < 2 (1)"},
		{name: "sns-n1", group: groupMethod, value: "N", usage: "sns: Sinkhorn iterations before Newton (20)"},
		{name: "sns-lambda", group: groupMethod, value: "L", usage: "sns: share of the plan's entries that the sparsified Hessian keeps (6/n)"},
		{name: "sns-adaptive", group: groupMethod, usage: "sns: drop by an error bound instead of a fixed share"},
		{name: "sns-augmented", group: groupMethod, usage: "sns: the augmented potential instead of projecting out constants"},
		{name: "lazy", group: groupMethod, usage: "with --reg: recompute costs from points instead of storing them (when memory demands it)"},
		{name: "warm", group: groupMethod, value: "FILE", usage: "start from potentials g: one a column, or the f,g column that --emit potentials wrote"},
	}
}

func otOutputOptions() []option {
	return []option{
		{name: "emit", group: groupOutput, value: "WHAT", words: []string{"cost", "plan", "potentials", "map"}, usage: "what to print or write (cost)"},
		toOption("format on stdout and of the parts in a directory (csv)"),
		outputOption("write the answer into FILE, or with a trailing / the report and every part into a directory"),
		jsonOption(),
	}
}

// otOptions is the command line of `ot`.
type otOptions struct {
	source transportSource
	in     *inputs

	exact     bool    // neither --reg nor --reg-rel
	reg       float64 // 0 = by regStat
	regStat   string
	regFactor float64
	chosen    string
	tol       float64
	warm      string
	settings  ot.Options
	emit      emission
	files     outputFlags
	json      bool
	recorded  report.Fields // settings as given, for the report
}

func parseOTOptions(v *values, con *console) (*otOptions, error) {
	o := &otOptions{source: parseTransportSource(v), in: newInputs(con, v), json: con.json}
	if err := o.source.takePositionals(v.c.Args().Slice()); err != nil {
		return nil, err
	}
	if err := refuseLater(v.text("method")); err != nil {
		return nil, err
	}
	o.chosen = v.word("method", "auto")
	if v.err != nil {
		return nil, v.err
	}
	if err := o.parseReg(v); err != nil {
		return nil, err
	}
	if err := o.matchReg(v); err != nil {
		return nil, err
	}
	o.parseSettings(v, con)
	o.parseMethodFlags(v)
	if v.err != nil {
		return nil, v.err
	}
	return o, o.parseOutput(v)
}

func refuseLater(method string) error {
	if slices.Contains(laterMethods, method) {
		return usageError("one of "+strings.Join(otMethodNames(), ", "), "--method %s is not available yet", method)
	}
	return nil
}

func (o *otOptions) parseReg(v *values) error {
	switch {
	case v.given("reg") && v.given("reg-rel"):
		return usageError("leave one of them out", "--reg and --reg-rel both set ε")
	case v.given("reg"):
		if o.reg = v.nonNegative("reg", 0); v.err != nil {
			return withHint(v.err, "ε is in the unit of the cost; --reg-rel max:0.01 makes it relative")
		}
		if o.reg == 0 {
			return usageError("leave --reg out: without it the problem is unregularised", "--reg 0 is no regularisation")
		}
	case v.given("reg-rel"):
		var err error
		o.regStat, o.regFactor, err = parseRegRel(v)
		return err
	default:
		o.exact = true
	}
	return nil
}

// matchReg refuses methods and flags that do not go with the regularisation.
func (o *otOptions) matchReg(v *values) error {
	exactMethod := o.chosen == ot.Exact || o.chosen == ot.Assignment
	switch {
	case exactMethod && !o.exact:
		return usageError("leave --reg and --reg-rel out", "--method %s solves the problem without regularisation", o.chosen)
	case o.exact && !exactMethod && o.chosen != ot.Auto:
		return usageError("add --reg EPS or --reg-rel max:0.01", "--method %s solves the regularised problem", o.chosen)
	}
	flags, hint := []string{"maximize", "integer-cost"}, "leave --reg and --reg-rel out"
	if o.exact {
		flags, hint = []string{"lazy"}, "costs of points are never stored without --reg"
	}
	for _, f := range flags {
		if v.given(f) {
			with := "with"
			if o.exact {
				with = "without"
			}
			return usageError(hint, "--%s has no meaning %s --reg", f, with)
		}
	}
	if o.chosen == ot.Assignment && (o.source.normalize || o.source.wa != "" || o.source.wb != "") {
		return usageError("--method exact moves any masses", "--wa, --wb and --normalize have no meaning with --method assignment: its masses are 1")
	}
	o.source.assignment = o.chosen == ot.Assignment
	return nil
}

// parseRegRel reads --reg-rel STAT:FACTOR.
func parseRegRel(v *values) (stat string, factor float64, err error) {
	text := v.text("reg-rel")
	stat, number, ok := strings.Cut(text, ":")
	factor, err = parsePositive(number)
	hint := ""
	switch {
	case !slices.Contains(ot.Statistics(), stat):
		hint = didYouMean(stat, ot.Statistics())
	case !ok:
		hint = "add the factor: " + stat + ":0.01"
	case err != nil:
		hint = "the factor has to be positive; without --reg-rel the problem is unregularised"
	default:
		return stat, factor, nil
	}
	return "", 0, withHint(&solver.OptionError{Name: "--reg-rel", Value: strconv.Quote(text), Want: "STAT:FACTOR such as max:0.01"}, "%s", hint)
}

func (o *otOptions) parseSettings(v *values, con *console) {
	o.tol = v.positive("tol", ot.DefaultTol)
	o.settings.Settings = solver.Settings{
		Tol: o.tol, MaxIter: v.count("max-iter", 0), TimeLimit: v.duration("time-limit"),
		Threads: v.count("threads", 0), Seed: v.unsigned("seed", 1),
		MaxMemory: v.size("max-memory", solver.DefaultMaxMemory),
		Logger:    con.logger(),
	}
	for _, name := range []string{"max-iter", "time-limit", "max-memory", "reg-rel", "format", "sep"} {
		if v.given(name) {
			o.recorded.Add(strings.ReplaceAll(name, "-", "_"), v.text(name))
		}
	}
}

// parseMethodFlags reads the flags that belong to one method and refuses
// them with another.
func (o *otOptions) parseMethodFlags(v *values) {
	for _, f := range []struct{ flag, method string }{
		{"omega", "sinkhorn"}, {"sns-n1", "sns"}, {"sns-lambda", "sns"}, {"sns-adaptive", "sns"}, {"sns-augmented", "sns"},
	} {
		if !v.given(f.flag) {
			continue
		}
		if o.chosen != f.method && v.err == nil {
			v.err = usageError("add --method "+f.method, "--%s belongs to --method %s, not to %s", f.flag, f.method, o.chosen)
		}
		o.recorded.Add(strings.ReplaceAll(f.flag, "-", "_"), v.text(f.flag))
	}
	o.settings.Method = o.chosen
	o.settings.Omega = v.positive("omega", 0)
	if o.settings.Omega >= 2 {
		v.refuse("omega", v.text("omega"), "a number between 0 and 2")
	}
	o.settings.SNSSinkhorn = v.count("sns-n1", 0)
	o.settings.SNSLambda = v.positive("sns-lambda", 0)
	o.settings.SNSAdaptive, o.settings.SNSAugmented = v.flag("sns-adaptive"), v.flag("sns-augmented")
	o.settings.Lazy = v.flag("lazy")
	if o.settings.IntegerCost = v.flag("integer-cost"); o.settings.IntegerCost {
		o.recorded.Add("integer_cost", true)
	}
	if o.source.cost != "" {
		v.refuseWith("--cost", "lazy")
	}
	o.warm = v.text("warm")
}

func (o *otOptions) parseOutput(v *values) error {
	var err error
	if o.emit, err = parseEmission(v, "cost", transportEmission); err != nil {
		return err
	}
	inputs := o.source.files()
	if o.warm != "" {
		inputs = append(inputs, o.warm)
	}
	if o.files, err = parseOutputFlags(v, o.emit, inputs); err != nil {
		return err
	}
	o.in.options.Hash = o.json || o.emit.to.dir
	return nil
}
