package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"solve/internal/kern"
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
			{"two weighted clouds of points: the cost of moving one onto the other",
				"solve ot --a testdata/points_x.csv --b testdata/points_y.csv --reg-rel max:0.01"},
			{"a cost matrix with masses that sum to different totals, the plan as i,j,mass lines",
				"solve ot --cost testdata/small_5x7_cost.csv --a testdata/small_5x7_a.csv --b testdata/small_5x7_b.csv --normalize --reg-rel max:0.01 --emit plan"},
			{"two images as histograms on their grid, everything into a directory that `solve check` accepts",
				"solve ot testdata/img_a.csv testdata/img_b.csv --grid 16x16 --normalize --reg 0.5 -o out/"},
		},
		options: joined(transportOptions(), readingOptions(), otOptionList(), solverOptions(), otOutputOptions()),
		notes: []string{
			"With --reg or --reg-rel the problem is min ⟨C,P⟩ + ε Σ P (log P − 1) over plans P with row sums a and column sums b. " +
				"Without either a small ε is chosen and said, and the certified bracket tells what the unregularised cost is.",
			"--tol bounds the marginal error (L1, rows and columns, relative to the total mass) and, times max|C| and the mass, the dual gap (1e-9).",
			fmt.Sprintf("Plans are written without entries below %g of the total mass; the dropped mass is said, and the certificates are those of the plan as written. Potentials are one column: f, then g, with P_ij = a_i b_j exp((f_i+g_j−C_ij)/ε).", planThreshold),
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

// later are methods that the command line is going to have.
var laterMethods = []string{"sparse", "quadratic", "group", "exact", "assignment", "partial", "unbalanced", "barycenter", "divergence"}

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
		{name: "reg", group: groupMethod, value: "EPS", usage: "entropic regularisation ε > 0, in the unit of the cost"},
		{name: "reg-rel", group: groupMethod, value: "STAT:FACTOR", usage: "ε = FACTOR × a statistic of the cost: max, mean, std or median"},
		{name: "omega", group: groupMethod, value: "W", usage: "sinkhorn: over-relaxation, 0 < W < 2 (1)"},
		{name: "sns-n1", group: groupMethod, value: "N", usage: "sns: Sinkhorn iterations before Newton (20)"},
		{name: "sns-lambda", group: groupMethod, value: "L", usage: "sns: share of the plan's entries that the sparsified Hessian keeps (6/n)"},
		{name: "sns-adaptive", group: groupMethod, usage: "sns: drop by an error bound instead of a fixed share"},
		{name: "sns-augmented", group: groupMethod, usage: "sns: the augmented potential instead of projecting out constants"},
		{name: "lazy", group: groupMethod, usage: "recompute costs from points instead of storing them (when memory demands it)"},
		{name: "warm", group: groupMethod, value: "FILE", usage: "start from potentials g: one a column, or the f,g column that --emit potentials wrote"},
	}
}

func otOutputOptions() []option {
	return []option{
		{name: "emit", group: groupOutput, value: "WHAT", words: []string{"cost", "plan", "potentials", "map"}, usage: "what to print or write (cost)"},
		toOption("format on stdout and of the parts in a directory (csv)"),
		outputOption("write the answer into FILE, or with a trailing / the report and every part into a directory"),
	}
}

// otOptions is the command line of `ot`.
type otOptions struct {
	source transportSource
	in     *inputs

	reg           float64 // 0 = by regStat
	regStat       string
	regFactor     float64
	regChosen     bool // neither --reg nor --reg-rel
	chosen        string
	tol           float64
	warm          string
	settings      ot.Options
	emit          emission
	history, plot string
	json          bool
	recorded      report.Fields // settings as given, for the report
}

const (
	defaultTol       = 1e-9
	defaultRegStat   = "max"
	defaultRegFactor = 1e-4
)

func parseOTOptions(v *values, con *console) (*otOptions, error) {
	o := &otOptions{source: parseTransportSource(v), in: newInputs(con, v), json: con.json}
	if err := o.source.takePositionals(v.c.Args().Slice()); err != nil {
		return nil, err
	}
	if err := refuseLater(v.text("method")); err != nil {
		return nil, err
	}
	o.chosen = v.word("method", "auto")
	if err := o.parseReg(v); err != nil {
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
	o.regStat, o.regFactor = defaultRegStat, defaultRegFactor
	switch {
	case v.given("reg") && v.given("reg-rel"):
		return usageError("leave one of them out", "--reg and --reg-rel both set ε")
	case v.given("reg"):
		if o.reg = v.nonNegative("reg", 0); v.err != nil {
			return withHint(v.err, "ε is in the unit of the cost; --reg-rel max:0.01 makes it relative")
		}
		if o.reg == 0 {
			return usageError("the exact solver does not exist yet: a small --reg-rel max:1e-4 brackets the unregularised cost", "--reg 0 asks for the unregularised problem")
		}
	case v.given("reg-rel"):
		stat, factor, ok := strings.Cut(v.text("reg-rel"), ":")
		if !ok || !slices.Contains(regStats, stat) {
			return withHint(&solver.OptionError{Name: "--reg-rel", Value: v.text("reg-rel"), Want: "STAT:FACTOR such as max:0.01"}, "%s", didYouMean(stat, regStats))
		}
		x, err := parsePositive(factor)
		if err != nil {
			return withHint(&solver.OptionError{Name: "--reg-rel", Value: v.text("reg-rel"), Want: "a positive factor, as in max:0.01"},
				"the exact solver does not exist yet: a small factor such as max:1e-4 brackets the unregularised cost")
		}
		o.regStat, o.regFactor = stat, x
	default:
		o.regChosen = true
	}
	return nil
}

var regStats = []string{"max", "mean", "std", "median"}

func (o *otOptions) parseSettings(v *values, con *console) {
	o.tol = v.positive("tol", defaultTol)
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
	o.warm = v.text("warm")
}

func (o *otOptions) parseOutput(v *values) error {
	var err error
	if o.emit, err = parseEmission(v); err != nil {
		return err
	}
	o.history, o.plot = v.text("history"), v.text("plot")
	if o.history != "" {
		if _, err := historyFormat(o.history); err != nil {
			return err
		}
	}
	if o.plot != "" {
		if _, err := report.FigureFormat(o.plot); err != nil {
			return err
		}
	}
	out := outputs{inputs: o.source.files()}
	if o.warm != "" {
		out.inputs = append(out.inputs, o.warm)
	}
	if err := out.claim(append(o.emit.files(), o.history, o.plot)...); err != nil {
		return err
	}
	for _, f := range append(o.emit.single(), o.history, o.plot) {
		if err := reachable(f); err != nil {
			return err
		}
	}
	o.in.options.Hash = o.wantsReport()
	return nil
}

// wantsReport tells whether a report is asked for, and with it hashes.
func (o *otOptions) wantsReport() bool { return o.json || o.emit.to.dir }

// otRun is one run: what was read, what came out.
type otRun struct {
	o       *otOptions
	con     *console
	problem *transport
	cost    ot.Cost
	eps     float64
	watch   *watch
	out     outputs
	result  *ot.Result
	parts   []part
	writeS  float64
}

func runOT(ctx context.Context, o *otOptions, con *console) error {
	r := &otRun{o: o, con: con}
	defer r.out.abort()
	if err := r.prepare(); err != nil {
		return err
	}
	opt := o.settings
	opt.Recorder = r.watch
	res, err := ot.Solve(ctx, &ot.Problem{A: r.problem.a, B: r.problem.b, Cost: r.cost, Reg: r.eps}, &opt)
	r.watch.close()
	if r.watch.err != nil {
		return &outputError{o.history, r.watch.err}
	}
	if res == nil {
		return wordOTError(err)
	}
	r.result = res
	for _, w := range res.Warnings {
		con.warn("%s", w)
	}
	return r.finish(ctx, err)
}

// prepare reads the problem and opens what is written while solving.
func (r *otRun) prepare() error {
	var err error
	if r.problem, err = readTransport(r.o.in, &r.o.source); err != nil {
		return err
	}
	if r.cost, err = r.problem.cost(); err != nil {
		return err
	}
	if r.o.emit.to.dir {
		if err := makeDir(r.o.emit.to.path); err != nil {
			return err
		}
	}
	if err := r.o.emit.feasible(r.problem, r.o.settings.MemoryLimit()); err != nil {
		return err
	}
	if r.eps, err = r.resolveReg(); err != nil {
		return err
	}
	if r.o.settings.Warm, err = r.readWarm(); err != nil {
		return err
	}
	r.watch, err = newWatch(r.con, &r.out, r.o.history, r.o.plot != "", r.o.tol)
	return err
}

// resolveReg returns ε and says where it comes from.
func (r *otRun) resolveReg() (float64, error) {
	o := r.o
	if o.reg > 0 {
		r.con.say("reg", "ε = %v", o.reg)
		return o.reg, nil
	}
	stat, err := ot.CostStatistic(r.cost, o.regStat)
	if err != nil {
		return 0, err
	}
	eps := o.regFactor * stat
	if !(eps > 0) || math.IsInf(eps, 0) {
		// A cost without spread has one plan for every ε.
		r.con.warn("the %s of the cost is %v: ε = %v", o.regStat, stat, o.regFactor)
		return o.regFactor, nil
	}
	why := ""
	if o.regChosen {
		why = ", chosen because neither --reg nor --reg-rel is given: the bracket below holds the unregularised cost"
	}
	r.con.say("reg", "ε = %v (%v × the %s of the cost%s)", eps, o.regFactor, o.regStat, why)
	return eps, nil
}

// readWarm reads the potentials g to start from: m values, or the n+m of a
// potentials file, whose last m are g.
func (r *otRun) readWarm() ([]float64, error) {
	if r.o.warm == "" {
		return nil, nil
	}
	f, err := r.o.in.read("warm", r.o.warm, nil)
	if err != nil {
		return nil, err
	}
	v, err := f.Vector()
	if err != nil {
		return nil, err
	}
	n, m := len(r.problem.a), len(r.problem.b)
	if len(v) != m && len(v) != n+m {
		return nil, fmt.Errorf("%s: %d potentials, but %d (g) or %d (f, then g) are needed: %w", r.o.warm, len(v), m, n+m, solver.ErrDimension)
	}
	r.con.say("warm", "%s: starting from its potentials", r.o.warm)
	return v[len(v)-m:], nil
}

// wordOTError adds what to try to the refusals of the solver.
func wordOTError(err error) error {
	var hinted *hintedError
	switch {
	case err == nil || errors.As(err, &hinted):
		return err
	case errors.Is(err, solver.ErrInput):
		return withHint(err, "raise --reg or --reg-rel")
	}
	return err
}

// finish writes the answer and the report, and returns the outcome.
func (r *otRun) finish(ctx context.Context, outcome error) error {
	start := time.Now()
	if r.result.Status != solver.Infeasible && r.result.Plan != nil {
		if err := r.makeParts(); err != nil {
			return err
		}
		outcome = r.outcome(outcome)
	}
	rep := r.report(exitCode(ctx, outcome))
	if err := r.writeFiles(); err != nil {
		return err
	}
	r.writeS = time.Since(start).Seconds()
	r.summarise()
	if r.o.wantsReport() {
		if err := r.emitReport(rep); err != nil {
			return err
		}
	}
	if err := r.emitStdout(rep); err != nil {
		return err
	}
	return outcome
}

// outcome is that of the numbers as written: makeParts may have changed the
// verdict.
func (r *otRun) outcome(err error) error {
	if err == nil {
		return r.result.Err()
	}
	return err
}

// summarise says how the run ended.
func (r *otRun) summarise() {
	res, say := r.result, r.con.say
	method := res.Method
	if res.Why != "" {
		method += " (" + res.Why + ")"
	}
	say("method", "%s", method)
	s := res.Stats
	say("work", "%d iterations, %d passes, %d Newton steps, %d CG iterations", s.Iterations, s.Passes, s.NewtonSteps, s.CGIterations)
	for _, c := range res.Certificates {
		tol := ""
		if !math.IsNaN(c.Tol) {
			tol = fmt.Sprintf(" (tol %.3g)", c.Tol)
			if !c.OK {
				tol = fmt.Sprintf(" > tol %.3g", c.Tol)
			}
		}
		say("", "%-15s %.10g%s", c.Name, c.Value, tol)
	}
	say("cost", "%.10g", res.Cost)
	say(res.Status.String(), "%s", strings.TrimSuffix(string(res.Reason)+": "+res.Detail, ": "))
	say("time", "read %.3g s, solve %.3g s, write %.3g s, peak %s", r.o.in.seconds, s.Setup+s.Solve+s.Verify, r.writeS, solver.Bytes(report.PeakRSS()))
}

// report gathers everything but write_s and the answers.
func (r *otRun) report(exit int) *report.Report {
	res, o := r.result, r.o
	rep := report.New("ot")
	rep.Version, rep.Kernel, rep.Threads, rep.Seed = version(), kern.Name(), threadCount(o.settings.Threads), o.settings.Seed
	rep.Inputs = append(rep.Inputs, o.in.list...)
	rep.Method.Name, rep.Method.Chosen, rep.Method.Why = res.Method, o.chosen, res.Why
	rep.Status, rep.Reason, rep.Detail, rep.Exit = res.Status.String(), string(res.Reason), res.Detail, exit
	opts := &rep.Method.Options
	opts.Add("reg", r.eps)
	opts.Add("tol", o.tol)
	o.source.record(opts)
	opts.Add("plan_threshold", planThreshold)
	*opts = append(*opts, o.recorded...)
	if !math.IsNaN(res.Objective) && res.Status != solver.Infeasible {
		x := report.Number(res.Objective)
		rep.Objective = &x
	}
	rep.SetCertificates(res.Certificates)
	rep.Stats = otStats(res, o.in.seconds)
	rep.Warnings = append(rep.Warnings, r.con.warnings...)
	return rep
}

func otStats(res *ot.Result, readS float64) report.Fields {
	var f report.Fields
	s := res.Stats
	f.Add("cost", res.Cost)
	f.Add("value_kl", res.ValueKL)
	f.Add("iterations", s.Iterations)
	f.Add("passes", s.Passes)
	f.Add("sweeps", s.Sweeps)
	f.Add("newton_steps", s.NewtonSteps)
	f.Add("cg_iterations", s.CGIterations)
	f.Add("factorizations", s.Factored)
	f.Add("hessian_nnz", s.HessianNNZ)
	f.Add("eps_levels", s.EpsLevels)
	f.Add("plan_nnz", s.PlanNNZ)
	f.Add("plan_l1_bound", s.PlanL1Bound)
	f.Add("read_s", readS)
	f.Add("setup_s", s.Setup)
	f.Add("solve_s", s.Solve)
	f.Add("verify_s", s.Verify)
	return f
}
