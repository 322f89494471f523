package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"solve/internal/report"
	"solve/internal/verify"
	"solve/ot"
	"solve/solver"
)

func newCheckCommand() *subcommand {
	return &subcommand{
		name:    "check",
		purpose: "recompute every certificate of an answer from its inputs, by code that the solvers do not share",
		synopsis: []string{
			"solve check [flags] DIR/                                  what solve … -o DIR/ wrote",
			"solve check ot [flags] --a FILE --b FILE --answer PART=FILE   anybody's answer",
		},
		examples: []example{
			{"a stored answer",
				"solve check testdata/answers/points/"},
			{"a plan that another program made: is it feasible, what does it cost",
				"solve check ot --cost testdata/small_5x7_cost.csv --a testdata/small_5x7_a.csv --b testdata/small_5x7_b.csv --normalize --answer plan=testdata/small_5x7_plan.csv"},
			{"potentials that another program made, as a report",
				"solve ot testdata/hist_a.csv testdata/hist_b.csv --reg 5 --emit potentials -o fg.csv && solve check ot testdata/hist_a.csv testdata/hist_b.csv --reg 5 --answer potentials=fg.csv --json"},
		},
		options: joined(transportOptions(), readingOptions(), []option{
			{name: "answer", group: groupInput, value: "PART=FILE", many: true, usage: "a part of the answer: plan, potentials; may be repeated"},
			{name: "input", group: groupInput, value: "ROLE=FILE", many: true, usage: "where an input of a stored answer is now (needed for one that was stdin); may be repeated"},
			{name: "reg", group: groupMethod, value: "EPS", usage: "ε of the entropic problem that anybody's answer belongs to (0: unregularised)"},
			{name: "reg-rel", group: groupMethod, value: "STAT:FACTOR", usage: "ε = FACTOR × a statistic of the cost: max, mean, std or median"},
			{name: "tol", group: groupStopping, value: "T", usage: "tolerance for anybody's answer (1e-9)"},
			threadsOption(), memoryOption(), jsonOption(),
		}),
		notes: []string{
			"A stored answer has to meet its own tolerances, and to reproduce its stored certificates, objective and cost; files whose SHA-256 differs from the stored one fail by name.",
			"Of a plan alone the marginal error and the cost are known; potentials (f, then g, in one column: P_ij = a_i b_j exp((f_i+g_j−C_ij)/ε)) prove how far from optimal it is.",
		},
		seeAlso: []string{"solve ot"},
		words:   []string{"ot"},
		run: func(_ context.Context, v *values, con *console) error {
			o, err := parseCheckOptions(v, con)
			if err != nil {
				return err
			}
			return runCheck(o, con)
		},
	}
}

// checkOptions is the command line of `check`.
type checkOptions struct {
	dir       string // a stored answer, or
	source    transportSource
	answers   [][2]string
	reg       float64
	regStat   string
	regFactor float64
	tol       float64
	in        *inputs
	threads   int
	json      bool
}

func parseCheckOptions(v *values, con *console) (*checkOptions, error) {
	o := &checkOptions{in: newInputs(con, v), json: con.json, threads: v.count("threads", 0), tol: v.positive("tol", ot.DefaultTol)}
	args := v.c.Args().Slice()
	if len(args) == 0 {
		return nil, usageError("solve check DIR/, or solve check ot --a … --answer plan=FILE", "what is to be checked is missing")
	}
	renamed, err := pairs(v, "input")
	if err != nil {
		return nil, err
	}
	o.in.renamed = map[string]string{}
	for _, p := range renamed {
		o.in.renamed[p[0]] = p[1]
	}
	if args[0] != "ot" {
		return o, o.parseStored(v, args)
	}
	o.source = parseTransportSource(v)
	if err := o.source.takePositionals(args[1:]); err != nil {
		return nil, err
	}
	if o.answers, err = pairs(v, "answer"); err != nil {
		return nil, err
	}
	if len(o.answers) == 0 {
		return nil, usageError("--answer plan=FILE, --answer potentials=FILE, or both", "--answer is missing")
	}
	o.parseReg(v)
	o.in.options.Hash = o.json
	return o, v.err
}

func (o *checkOptions) parseStored(v *values, args []string) error {
	if len(args) > 1 {
		return usageError("one directory at a time", "one argument too many: %s", args[1])
	}
	for _, later := range []string{"linsys", "bcd", "sparse", "constrained"} {
		if args[0] == later {
			return usageError("solve check ot …, or a directory", "check %s is not available yet", later)
		}
	}
	for _, name := range []string{"a", "b", "cost", "answer", "reg", "reg-rel", "tol"} {
		if v.given(name) {
			return usageError("`solve check ot …` checks anybody's answer", "--%s has no meaning with a stored answer", name)
		}
	}
	o.dir = args[0]
	return v.err
}

func (o *checkOptions) parseReg(v *values) {
	o.reg = v.nonNegative("reg", 0)
	if !v.given("reg-rel") {
		return
	}
	stat, factor, _ := strings.Cut(v.text("reg-rel"), ":")
	x, err := parsePositive(factor)
	if err != nil || !slices.Contains(ot.Statistics(), stat) {
		v.refuse("reg-rel", v.text("reg-rel"), "STAT:FACTOR such as max:0.01")
	}
	o.regStat, o.regFactor = stat, x
}

// pairs reads a repeated NAME=FILE flag.
func pairs(v *values, flag string) ([][2]string, error) {
	var out [][2]string
	for _, s := range v.list(flag) {
		name, file, ok := strings.Cut(s, "=")
		if !ok || name == "" || file == "" {
			return nil, usageError("as --"+flag+" a=FILE", "--%s %s: NAME=FILE is wanted", flag, s)
		}
		out = append(out, [2]string{name, file})
	}
	return out, nil
}

// finding is one line of the outcome.
type finding struct {
	name          string
	value, stored float64 // NaN = there is none
	tol           float64 // NaN = informs only
	ok            bool
	note          string // why not ok, where the numbers do not say it
}

func runCheck(o *checkOptions, con *console) error {
	var findings []finding
	var err error
	if o.dir != "" {
		findings, err = checkStored(o, con)
	} else {
		findings, err = checkTransport(o, con)
	}
	if err != nil {
		return err
	}
	var failed []string
	for _, f := range findings {
		if !f.ok {
			failed = append(failed, f.name)
		}
	}
	if err := o.print(con, findings, len(failed) > 0); err != nil {
		return err
	}
	if len(failed) > 0 {
		return fmt.Errorf("%w: %s", errCheckFailed, strings.Join(failed, ", "))
	}
	return nil
}

// checkStored judges a directory by its own report.
func checkStored(o *checkOptions, con *console) ([]finding, error) {
	run, err := readStoredRun(o.in, o.dir)
	if err != nil {
		return nil, err
	}
	var out []finding
	for _, name := range run.mismatches {
		out = append(out, finding{name: name, value: math.NaN(), stored: math.NaN(), tol: math.NaN(), note: "sha256 differs"})
	}
	rep := run.report
	reg, ok := rep.Method.Options.Float("reg")
	if !ok {
		return nil, fmt.Errorf("%s: the report does not say ε: %w", o.dir, solver.ErrFormat)
	}
	c, err := run.answer.certify(reg, o.threads)
	if err != nil {
		return nil, err
	}
	con.say("ε", "%v", reg)
	scale := c.MaxCost * total(run.answer.problem.a)
	for _, stored := range rep.Certificates {
		value, known := certificateValue(c, stored.Name)
		if !known {
			continue
		}
		tol := math.NaN()
		if stored.Tol != nil {
			tol = float64(*stored.Tol)
		}
		size := scale
		if stored.Name == "marginal_error" {
			size = 1
		}
		out = append(out, judged(stored.Name, value, float64(stored.Value), tol, size))
	}
	if rep.Objective != nil {
		out = append(out, judged("objective", c.Objective, float64(*rep.Objective), math.NaN(), scale))
	}
	if cost, ok := rep.Stats.Float("cost"); ok {
		out = append(out, judged("cost", c.Cost, cost, math.NaN(), scale))
	}
	return out, nil
}

// Agreement of a stored number with its recomputation: machines differ in
// the last bits of exp and log.
const (
	agreeRelative = 1e-9
	agreeAbsolute = 1e-12 // times the scale of the problem
)

// judged compares a recomputed number with its tolerance and the stored one.
func judged(name string, value, stored, tol, scale float64) finding {
	f := finding{name: name, value: value, stored: stored, tol: tol, ok: true}
	if !math.IsNaN(tol) && !(value <= tol) {
		f.ok = false
	}
	if math.IsNaN(value) != math.IsNaN(stored) || math.Abs(value-stored) > agreeRelative*math.Abs(stored)+agreeAbsolute*scale {
		f.ok = false
		f.note = "not the stored value"
	}
	return f
}

// checkTransport judges anybody's answer.
func checkTransport(o *checkOptions, con *console) ([]finding, error) {
	t, err := readTransport(o.in, &o.source)
	if err != nil {
		return nil, err
	}
	answer := transportAnswer{problem: t}
	for _, p := range o.answers {
		if err := answer.read(o.in, p[0], p[1]); err != nil {
			return nil, err
		}
	}
	if err := o.resolveReg(t); err != nil {
		return nil, err
	}
	if answer.plan == nil && o.reg == 0 {
		return nil, usageError("add --answer plan=FILE, or --reg", "potentials alone generate a plan only with --reg")
	}
	con.say("ε", "%v", o.reg)
	if answer.f == nil {
		con.warn("without potentials nothing proves that the plan is optimal")
	}
	c, err := answer.certify(o.reg, o.threads)
	if err != nil {
		return nil, err
	}
	return transportFindings(c, o.tol, o.reg, total(t.a)), nil
}

func (o *checkOptions) resolveReg(t *transport) error {
	if o.regStat == "" {
		return nil
	}
	cost, err := t.cost()
	if err != nil {
		return err
	}
	o.reg, err = relativeReg(cost, o.regStat, o.regFactor, o.in.options.MaxMemory)
	return err
}

// transportFindings lists what is known of an answer; without potentials
// the gap and the lower bound are not.
func transportFindings(c verify.TransportCertificate, tol, reg, mass float64) []finding {
	var out []finding
	for _, x := range c.Certificates(tol, reg, mass) {
		if !math.IsNaN(x.Value) {
			out = append(out, finding{name: x.Name, value: x.Value, stored: math.NaN(), tol: x.Tol, ok: x.OK})
		}
	}
	for _, x := range []finding{{name: "objective", value: c.Objective}, {name: "cost", value: c.Cost}} {
		if !math.IsNaN(x.value) {
			x.stored, x.tol, x.ok = math.NaN(), math.NaN(), true
			out = append(out, x)
		}
	}
	return out
}

// print writes the table, or with --json the report.
func (o *checkOptions) print(con *console, findings []finding, failed bool) error {
	if o.json {
		return con.print(o.report(con, findings, failed).Write)
	}
	header := []string{"name", "value", "tol", "stored", "ok"}
	var rows [][]string
	for _, f := range findings {
		ok := "yes"
		if !f.ok {
			ok = strings.TrimSpace("NO  " + f.note)
		}
		rows = append(rows, []string{f.name, numberCell(f.value), numberCell(f.tol), numberCell(f.stored), ok})
	}
	return con.print(func(w io.Writer) error { return report.Table(w, header, rows) })
}

func numberCell(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.10g", v)
}

func (o *checkOptions) report(con *console, findings []finding, failed bool) *report.Report {
	rep := newReport(con, "check", o.in)
	rep.Method.Name, rep.Method.Chosen = "verify", "verify"
	if failed {
		rep.Status, rep.Reason, rep.Exit = solver.Stopped.String(), string(solver.GapOpen), exitFailed
	}
	for _, f := range findings {
		c := report.Certificate{Name: f.name, Value: report.Number(f.value), OK: f.ok}
		if !math.IsNaN(f.tol) {
			tol := report.Number(f.tol)
			c.Tol = &tol
		}
		rep.Certificates = append(rep.Certificates, c)
	}
	return rep
}
