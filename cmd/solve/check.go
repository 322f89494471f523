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
			"solve check [flags] DIR/                            what solve … -o DIR/ wrote",
			"solve check ot [flags] A B --answer PART=FILE       anybody's answer",
			"solve check linsys [flags] A --b B --answer x=FILE",
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
			{name: "A", group: groupInput, value: "FILE", usage: "linsys: the matrix (or the first argument)"},
			{name: "answer", group: groupInput, value: "PART=FILE", many: true, usage: "a part of the answer: plan, potentials (ot), x (linsys); may be repeated"},
			{name: "input", group: groupInput, value: "ROLE=FILE", many: true, usage: "where an input of a stored answer is now (needed for one that was stdin); may be repeated"},
			{name: "reg", group: groupMethod, value: "EPS", usage: "ε of the entropic problem that anybody's answer belongs to (0: unregularised)"},
			{name: "reg-rel", group: groupMethod, value: "STAT:FACTOR", usage: "ε = FACTOR × a statistic of the cost: max, mean, std or median"},
			{name: "least-squares", group: groupMethod, usage: "linsys: a square system, too, is a least-squares problem"},
			{name: "damp", group: groupMethod, value: "L", usage: "linsys: of a damped least-squares problem (0)"},
			{name: "seed", group: groupMethod, value: "N", usage: "linsys: of --b rand (1)"},
			{name: "tol", group: groupStopping, value: "T", usage: "tolerance for anybody's answer (ot 1e-9, linsys 1e-8)"},
			threadsOption(), memoryOption(), jsonOption(),
		}),
		notes: []string{
			"A stored answer has to meet its own tolerances, and to reproduce its stored certificates, objective and cost; files whose SHA-256 differs from the stored one fail by name.",
			"Of a plan alone the marginal error and the cost are known; potentials (f, then g, in one column: P_ij = a_i b_j exp((f_i+g_j−C_ij)/ε)) prove how far from optimal it is.",
		},
		seeAlso: []string{"solve ot"},
		words:   []string{"ot", "linsys"},
		run: func(_ context.Context, v *values, con *console) error {
			o, err := parseCheckOptions(v, con)
			if err != nil {
				return err
			}
			return runCheck(o, v, con)
		},
	}
}

// checkOptions is the command line of `check`.
type checkOptions struct {
	dir       string // a stored answer, or
	area      string // the subcommand that anybody's answer belongs to
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
	if err := o.in.rename(v); err != nil {
		return nil, err
	}
	parts, ok := answerParts[args[0]]
	if !ok {
		return o, o.parseStored(v, args)
	}
	o.area = args[0]
	if err := o.parseAnswers(v, parts); err != nil {
		return nil, err
	}
	o.in.options.Hash = o.json
	if o.area == "linsys" {
		return o, v.err
	}
	o.source = parseTransportSource(v)
	if err := o.source.takePositionals(args[1:]); err != nil {
		return nil, err
	}
	return o, o.parseReg(v)
}

// answerParts are the parts of an answer, by subcommand.
var answerParts = map[string][]string{"ot": transportParts, "linsys": {"x"}}

func (o *checkOptions) parseAnswers(v *values, parts []string) error {
	var err error
	if o.answers, err = pairs(v, "answer"); err != nil {
		return err
	}
	for _, p := range o.answers {
		if !slices.Contains(parts, p[0]) {
			return usageError(didYouMean(p[0], parts), "--answer %s=…: %s has no such part", p[0], o.area)
		}
	}
	if len(o.answers) == 0 {
		return usageError("--answer "+parts[0]+"=FILE", "--answer is missing")
	}
	return nil
}

func (o *checkOptions) parseStored(v *values, args []string) error {
	for _, later := range []string{"bcd", "sparse", "constrained"} {
		if args[0] == later {
			return usageError("solve check ot …, or a directory", "check %s is not available yet", later)
		}
	}
	if len(args) > 1 {
		return usageError("solve check DIR/, or solve check ot A B --answer plan=FILE", "%s: one directory at a time", strings.Join(args, " "))
	}
	for _, name := range []string{"a", "A", "b", "cost", "answer", "reg", "reg-rel", "tol", "damp", "least-squares"} {
		if v.given(name) {
			return usageError("`solve check ot …` checks anybody's answer", "--%s has no meaning with a stored answer", name)
		}
	}
	o.dir = args[0]
	return v.err
}

func (o *checkOptions) parseReg(v *values) error {
	o.reg = v.nonNegative("reg", 0)
	if !v.given("reg-rel") {
		return v.err
	}
	if v.refuseWith("--reg-rel", "reg"); v.err != nil {
		return v.err
	}
	var err error
	o.regStat, o.regFactor, err = parseRegRel(v)
	return err
}

// rename takes the --input flags: where the inputs of a stored run are now.
func (in *inputs) rename(v *values) error {
	renamed, err := pairs(v, "input")
	if err != nil {
		return err
	}
	in.renamed = map[string]string{}
	for _, p := range renamed {
		in.renamed[p[0]] = p[1]
	}
	return nil
}

// pairs reads a repeated NAME=FILE flag.
func pairs(v *values, flag string) ([][2]string, error) {
	var out [][2]string
	o, _ := findOption(v.spec.options, flag)
	for _, s := range v.list(flag) {
		name, file, ok := strings.Cut(s, "=")
		if !ok || name == "" || file == "" {
			return nil, usageError("`solve "+v.spec.name+" --help` has an example", "--%s %s: %s is wanted", flag, s, o.value)
		}
		if slices.ContainsFunc(out, func(p [2]string) bool { return p[0] == name }) {
			return nil, usageError("leave one of them out", "--%s %s=… is given twice", flag, name)
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

func runCheck(o *checkOptions, v *values, con *console) error {
	var findings []finding
	var err error
	switch {
	case o.dir != "":
		findings, err = checkStored(o, con)
	case o.area == "linsys":
		findings, err = checkSystem(o, v, v.c.Args().Slice()[1:], con)
	default:
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
	rep, err := readReport(o.in, o.dir)
	if err != nil {
		return nil, err
	}
	if rep.Command == "linsys" {
		return checkStoredSystem(o, rep)
	}
	return checkStoredTransport(o, con)
}

func checkStoredTransport(o *checkOptions, con *console) ([]finding, error) {
	run, err := readStoredRun(o.in, o.dir)
	if err != nil {
		return nil, err
	}
	var out []finding
	for _, m := range run.mismatches {
		out = append(out, finding{name: m.what, value: math.NaN(), stored: math.NaN(), tol: math.NaN(), note: m.why})
	}
	if run.infeasible() {
		proof, err := violationFindings(run)
		return append(out, proof...), err
	}
	rep := run.report
	reg, _ := rep.Method.Options.Float("reg")
	tol, _ := rep.Method.Options.Float("tol")
	for _, x := range []float64{reg, tol} {
		if !(x > 0) || math.IsInf(x, 0) {
			return nil, withHint(fmt.Errorf("%s: the report says ε = %v, tol = %v: %w", o.dir, reg, tol, solver.ErrFormat), "solve again: the report is damaged")
		}
	}
	c, err := run.answer.certify(reg, o.threads)
	if err != nil {
		return nil, err
	}
	con.say("ε", "%v", reg)
	mass := total(run.answer.problem.a)
	for _, now := range c.Certificates(tol, reg, mass) {
		size := c.MaxCost * mass
		if now.Name == "marginal_error" {
			size = 1
		}
		out = append(out, judged(now, storedCertificate(rep, now), size))
	}
	objective, cost := math.NaN(), math.NaN()
	if rep.Objective != nil {
		objective = float64(*rep.Objective)
	}
	if x, ok := rep.Stats.Float("cost"); ok {
		cost = x
	}
	for _, x := range []struct {
		name       string
		now, saved float64
	}{{"objective", c.Objective, objective}, {"cost", c.Cost, cost}} {
		now := solver.Certificate{Name: x.name, Value: x.now, Tol: math.NaN(), OK: true}
		saved := solver.Certificate{Name: x.name, Value: x.saved, Tol: math.NaN(), OK: true}
		out = append(out, judged(now, saved, c.MaxCost*mass))
	}
	return out, nil
}

// violationFindings recomputes the proof that a stored problem has no plan.
func violationFindings(run *storedRun) ([]finding, error) {
	p := run.answer.problem
	cost, err := p.checkedCost()
	if err != nil {
		return nil, err
	}
	held, reachable := verify.Violation(verify.Transport{A: p.a, B: p.b, Cost: cost}, run.violating)
	var out []finding
	for _, now := range []solver.Certificate{{Name: "violating_mass", Value: held}, {Name: "reachable_mass", Value: reachable}} {
		now.Tol, now.OK = math.NaN(), held > reachable
		f := judged(now, storedCertificate(run.report, now), held)
		if !now.OK {
			f.note = "the set proves nothing"
		}
		out = append(out, f)
	}
	return out, nil
}

// storedCertificate is a certificate as the report has it; NaN where it has
// none.
func storedCertificate(rep *report.Report, now solver.Certificate) solver.Certificate {
	out := solver.Certificate{Name: now.Name, Value: math.NaN(), Tol: math.NaN()}
	for _, c := range rep.Certificates {
		if c.Name != now.Name {
			continue
		}
		out.Value = float64(c.Value)
		if c.Tol != nil {
			out.Tol = float64(*c.Tol)
		}
	}
	return out
}

// Agreement of a stored number with its recomputation: machines differ in
// the last bits of exp and log.
const (
	agreeRelative = 1e-9
	agreeAbsolute = 1e-12 // times the scale of the problem
)

// judged compares a recomputed number with its tolerance and with what was
// stored of it.
func judged(now, stored solver.Certificate, scale float64) finding {
	f := finding{name: now.Name, value: now.Value, stored: stored.Value, tol: now.Tol, ok: now.OK}
	switch {
	case math.IsNaN(stored.Value) && !math.IsNaN(now.Value):
		f.note = "not in the report"
	case !agree(now.Value, stored.Value, scale):
		f.note = "not the stored value"
	case !agree(now.Tol, stored.Tol, 0):
		f.note = "not the stored tolerance"
	}
	f.ok = f.ok && f.note == ""
	return f
}

func agree(now, stored, scale float64) bool {
	if math.IsNaN(now) || math.IsNaN(stored) {
		return math.IsNaN(now) == math.IsNaN(stored)
	}
	return now == stored || math.Abs(now-stored) <= agreeRelative*math.Abs(stored)+agreeAbsolute*scale
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
			x.stored, x.tol, x.ok = math.NaN(), math.NaN(), !math.IsInf(x.value, 0)
			if !x.ok {
				x.note = "mass on a forbidden pair"
			}
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
