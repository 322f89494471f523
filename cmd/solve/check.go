package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"solve/internal/report"
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
			"solve check bcd [flags] DATA.svm --answer w=FILE",
			"solve check constrained [flags] MODEL --answer x=FILE --answer multipliers=…",
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
			{name: "A", group: groupInput, value: "FILE", usage: "linsys, bcd: the matrix (linsys: or the first argument)"},
			{name: "answer", group: groupInput, value: "PART=FILE", many: true, usage: "a part of the answer: plan, potentials (ot), x (linsys, constrained), w, dual (bcd), multipliers (constrained); may be repeated"},
			{name: "input", group: groupInput, value: "ROLE=FILE", many: true, usage: "where an input of a stored answer is now (needed for one that was stdin); may be repeated"},
			{name: "y", group: groupInput, value: "FILE", usage: "bcd: the targets, one for each row of --A"},
			{name: "reg", group: groupMethod, value: "EPS", usage: "ε of the entropic problem that anybody's answer belongs to (0: unregularised)"},
			{name: "reg-rel", group: groupMethod, value: "STAT:FACTOR", usage: "ε = FACTOR × a statistic of the cost: max, mean, std or median"},
			{name: "least-squares", group: groupMethod, usage: "linsys: a square system, too, is a least-squares problem"},
			{name: "damp", group: groupMethod, value: "L", usage: "linsys: of a damped least-squares problem (0)"},
			{name: "seed", group: groupMethod, value: "N", usage: "linsys: of --b rand (1)"},
			{name: "tol", group: groupStopping, value: "T", usage: "tolerance for anybody's answer (ot 1e-9, linsys, constrained 1e-8, bcd 1e-6)"},
			threadsOption(), memoryOption(), jsonOption(),
		}, regressionFiles(), regressionOptions(), constrainedModelOptions()),
		notes: []string{
			"A stored answer has to meet its own tolerances, and to reproduce its stored certificates, objective and cost; files whose SHA-256 differs from the stored one fail by name.",
			"Of a plan alone the marginal error and the cost are known; potentials (f, then g, in one column: f_i + g_j ≤ C_ij, with --reg P_ij = a_i b_j exp((f_i+g_j−C_ij)/ε)) prove how far from optimal it is.",
			"Of the x of a nonlinear program alone only feasibility is judged; multipliers (of the constraints, then of the bounds if they are there) prove that it is a KKT point.",
		},
		seeAlso: []string{"solve ot"},
		words:   []string{"ot", "linsys", "bcd", "constrained"},
		run: func(_ context.Context, v *values, con *console) error {
			o, err := parseCheckOptions(v, con)
			if err != nil {
				return err
			}
			return runCheck(o, v, con)
		},
	}
}

// checkable is a solver whose answers can be checked.
type checkable struct {
	name    string
	parts   []string // of an answer
	stored  func(o *checkOptions, run *storedRun, con *console) ([]finding, error)
	anybody func(o *checkOptions, v *values, args []string, con *console) ([]finding, error)
}

func checkables() []checkable {
	return []checkable{
		{"ot", transportParts, checkStoredTransport, checkTransport},
		{"linsys", []string{"x"}, checkStoredSystem, checkSystem},
		{"bcd", []string{"w", "dual"}, checkStoredRegression, checkRegression},
		{"constrained", []string{"x", "multipliers"}, checkStoredConstrained, checkConstrained},
		{"bcd path", nil, checkStoredPath, nil},
		{"bcd cv", nil, checkStoredCV, nil},
	}
}

func findCheckable(name string) (checkable, bool) {
	list := checkables()
	i := slices.IndexFunc(list, func(c checkable) bool { return c.name == name })
	if i < 0 {
		return checkable{}, false
	}
	return list[i], true
}

// checkOptions is the command line of `check`.
type checkOptions struct {
	dir     string    // a stored answer, or
	solver  checkable // the one that anybody's answer belongs to
	answers [][2]string
	in      *inputs
	threads int
	json    bool
}

func parseCheckOptions(v *values, con *console) (*checkOptions, error) {
	o := &checkOptions{in: newInputs(con, v), json: con.json, threads: v.count("threads", 0)}
	args := v.c.Args().Slice()
	if len(args) == 0 {
		return nil, usageError("solve check DIR/, or solve check ot --a … --answer plan=FILE", "what is to be checked is missing")
	}
	if err := o.in.rename(v); err != nil {
		return nil, err
	}
	var ok bool
	if o.solver, ok = findCheckable(args[0]); !ok || o.solver.anybody == nil {
		return o, o.parseStored(v, args)
	}
	o.in.options.Hash = o.json
	return o, o.parseAnswers(v)
}

func (o *checkOptions) parseAnswers(v *values) error {
	var err error
	if o.answers, err = pairs(v, "answer"); err != nil {
		return err
	}
	for _, p := range o.answers {
		if !slices.Contains(o.solver.parts, p[0]) {
			return usageError(didYouMean(p[0], o.solver.parts), "--answer %s=…: %s has no such part", p[0], o.solver.name)
		}
	}
	if len(o.answers) == 0 {
		return usageError("--answer "+o.solver.parts[0]+"=FILE", "--answer is missing")
	}
	return v.err
}

func (o *checkOptions) parseStored(v *values, args []string) error {
	if args[0] == "sparse" {
		return usageError("solve check ot …, or a directory", "check %s is not available yet", args[0])
	}
	if len(args) > 1 {
		return usageError("solve check DIR/, or solve check ot A B --answer plan=FILE", "%s: one directory at a time", strings.Join(args, " "))
	}
	for _, name := range []string{"a", "A", "b", "cost", "maximize", "answer", "reg", "reg-rel", "tol", "damp", "least-squares", "gen", "param", "relax-int"} {
		if v.given(name) {
			return usageError("`solve check ot …` checks anybody's answer", "--%s has no meaning with a stored answer", name)
		}
	}
	o.dir = args[0]
	return v.err
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
	findings, err := o.findings(v, con)
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

// findings judges a directory by its own report, or anybody's answer.
func (o *checkOptions) findings(v *values, con *console) ([]finding, error) {
	if o.dir == "" {
		return o.solver.anybody(o, v, v.c.Args().Slice()[1:], con)
	}
	run, err := readStoredRun(o.in, o.dir)
	if err != nil {
		return nil, err
	}
	s, ok := findCheckable(run.report.Command)
	if !ok {
		return nil, fmt.Errorf("%s: a report of %q cannot be checked: %w", o.dir, run.report.Command, solver.ErrUnsupported)
	}
	return s.stored(o, run, con)
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

// print writes the table, or with --json the report.
func (o *checkOptions) print(con *console, findings []finding, failed bool) error {
	if con.reports() {
		if err := con.report(o.report(con, findings, failed)); err != nil || con.json {
			return err
		}
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
