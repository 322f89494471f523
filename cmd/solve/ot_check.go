package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"solve/internal/verify"
	"solve/matrix"
	"solve/matrix/matio"
	"solve/ot"
	"solve/solver"
)

// transportAnswer is an answer to a transport problem that lies in files.
type transportAnswer struct {
	problem *transport
	plan    *matio.File // nil = not given; Sparse or Dense
	f, g    []float64   // nil = not given
}

// transportParts are the parts of an answer.
var transportParts = []string{"plan", "potentials"}

// storedTransport is a directory that `solve ot -o DIR/` wrote.
type storedTransport struct {
	*storedRun
	solved    transportAnswer
	violating []int // rows, from 0, of a run that ended as infeasible
}

// readStoredTransport reads a stored run of `ot` with its inputs.
func readStoredTransport(in *inputs, stored *storedRun) (*storedTransport, error) {
	if stored.report.Command != "ot" {
		return nil, fmt.Errorf("%s: a report of %q cannot be read here: %w", stored.dir, stored.report.Command, solver.ErrUnsupported)
	}
	run := &storedTransport{storedRun: stored}
	source, err := run.source(in)
	if err != nil {
		return nil, err
	}
	if run.solved.problem, err = readTransport(in, source); err != nil {
		return nil, moved(err)
	}
	run.compareInputs(in)
	if run.infeasible() {
		return run, run.readViolation()
	}
	return run, run.readAnswers(in)
}

// readViolation takes the violating set of rows from the report.
func (run *storedTransport) readViolation() error {
	malformed := run.damaged("it has no usable violating_rows")
	v, _ := run.report.Stats.Get("violating_rows")
	rows, ok := v.([]any)
	if !ok || len(rows) == 0 {
		return malformed
	}
	seen := map[int]bool{}
	for _, x := range rows {
		i, ok := x.(float64)
		at := int(i) - 1
		if !ok || float64(at+1) != i || at < 0 || at >= len(run.solved.problem.a) || seen[at] {
			return malformed
		}
		seen[at] = true
		run.violating = append(run.violating, at)
	}
	return nil
}

// source turns the report's inputs and options back into a source.
func (run *storedTransport) source(in *inputs) (*transportSource, error) {
	paths, err := run.paths(in)
	if err != nil {
		return nil, err
	}
	run.readAs(in)
	opts := run.report.Method.Options
	s := &transportSource{a: paths["a"], b: paths["b"], wa: paths["wa"], wb: paths["wb"], cost: paths["cost"], as: opts.Text("as"), metric: opts.Text("metric")}
	s.p, _ = opts.Float("p")
	if v, ok := opts.Get("normalize"); ok {
		s.normalize, _ = v.(bool)
	}
	if v, ok := opts.Get("maximize"); ok {
		s.maximize, _ = v.(bool)
	}
	s.assignment = run.report.Method.Name == ot.Assignment
	if text := opts.Text("grid"); text != "" {
		if s.grid, err = parseShape(text); err != nil {
			return nil, run.damaged("its grid is %q", text)
		}
	}
	if s.cost != "" {
		return s, nil
	}
	switch {
	case s.a == "" || s.b == "":
		return nil, run.damaged("it names neither a cost nor both of a and b")
	case !slices.Contains(ot.Metrics(), ot.Metric(s.metric)):
		return nil, run.damaged("its metric is %q", s.metric)
	case !(s.p > 0) || math.IsInf(s.p, 0):
		return nil, run.damaged("its p is %v", s.p)
	}
	return s, nil
}

// readAnswers reads the plan and the potentials that the report names.
func (run *storedTransport) readAnswers(in *inputs) error {
	for _, name := range transportParts {
		f, err := run.answer(in, name)
		if err != nil {
			return err
		}
		if f == nil {
			continue
		}
		if err := run.solved.take(name, f); err != nil {
			return err
		}
	}
	if run.solved.plan == nil && run.solved.f == nil {
		return inputError("`solve ot … -o DIR/` stores both", "%s holds neither a plan nor potentials", run.dir)
	}
	return nil
}

// take takes a file as one part of the answer.
func (a *transportAnswer) take(name string, f *matio.File) error {
	n, m := len(a.problem.a), len(a.problem.b)
	var err error
	if name == "plan" {
		a.plan, err = asPlan(f, n, m)
		return err
	}
	a.f, a.g, err = asPotentials(f, n, m)
	return err
}

// asPlan accepts an n×m matrix, or lines of i, j, mass.
func asPlan(f *matio.File, n, m int) (*matio.File, error) {
	if f.Dense != nil && f.Cols == 3 && isTripletHeader(f.Header) {
		csr, err := f.Triplets(n, m)
		if err != nil {
			return nil, err
		}
		return &matio.File{Name: f.Name, Rows: n, Cols: m, Sparse: csr}, nil
	}
	if f.Rows != n || f.Cols != m {
		return nil, withHint(fmt.Errorf("%s: the plan is %d×%d, but the problem %d×%d: %w", f.Name, f.Rows, f.Cols, n, m, solver.ErrDimension),
			"lines of entries need the header i,j,mass")
	}
	return f, nil
}

func isTripletHeader(h []string) bool {
	return len(h) == 3 && strings.EqualFold(h[0], "i") && strings.EqualFold(h[1], "j")
}

// asPotentials accepts f, then g, as n+m numbers, or as two columns when
// n = m.
func asPotentials(file *matio.File, n, m int) (f, g []float64, err error) {
	d, err := file.AsDense(0)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case (d.Rows == 1 || d.Cols == 1) && len(d.Data) == n+m:
		return d.Data[:n], d.Data[n:], nil
	case d.Cols == 2 && d.Rows == n && n == m:
		for i := range n {
			f, g = append(f, d.At(i, 0)), append(g, d.At(i, 1))
		}
		return f, g, nil
	}
	return nil, nil, fmt.Errorf("%s: potentials are f (%d numbers), then g (%d) in one column, not a %d×%d matrix: %w", file.Name, n, m, d.Rows, d.Cols, solver.ErrDimension)
}

// rows gives the plan to the checker; nil when there is none.
func (a *transportAnswer) rows() verify.Rows {
	switch {
	case a.plan == nil:
		return nil
	case a.plan.Sparse != nil:
		return verify.SparseRows(a.plan.Sparse)
	}
	return verify.DenseRows(a.plan.Dense)
}

// row gives the plan to a plot.
func (a *transportAnswer) row(i int, dst []float64) {
	if a.plan.Sparse == nil {
		copy(dst, a.plan.Dense.Row(i))
		return
	}
	scatter(a.plan.Sparse, i, dst)
}

func scatter(a *matrix.CSR, i int, dst []float64) {
	clear(dst)
	cols, vals := a.Row(i)
	for k, j := range cols {
		dst[j] = vals[k]
	}
}

// checkStoredTransport judges what `solve ot -o DIR/` wrote.
func checkStoredTransport(o *checkOptions, stored *storedRun, con *console) ([]finding, error) {
	run, err := readStoredTransport(o.in, stored)
	if err != nil {
		return nil, err
	}
	out := run.findings()
	if run.infeasible() {
		proof, err := violationFindings(run)
		return append(out, proof...), err
	}
	rep := run.report
	reg, regularised := rep.Method.Options.Float("reg")
	tol, _ := rep.Method.Options.Float("tol")
	exact := rep.Method.Name == ot.Exact || rep.Method.Name == ot.Assignment
	if exact == regularised || regularised && !positive(reg) || !positive(tol) {
		return nil, run.damaged("it says ε = %v, tol = %v with method %s", reg, tol, rep.Method.Name)
	}
	if exact && run.solved.plan == nil {
		return nil, inputError("`solve ot … -o DIR/` stores both", "%s holds no plan", run.dir)
	}
	c, err := run.solved.problem.certify(run.solved.rows(), run.solved.f, run.solved.g, reg, o.threads)
	if err != nil {
		return nil, err
	}
	sayReg(con, reg)
	mass := total(run.solved.problem.a)
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

func sayReg(con *console, reg float64) {
	if reg == 0 {
		con.say("reg", "none: the linear programme")
		return
	}
	con.say("ε", "%v", reg)
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 0) }

// violationFindings recomputes the proof that a stored problem has no plan.
func violationFindings(run *storedTransport) ([]finding, error) {
	p := run.solved.problem
	t, err := p.checked(0, 1)
	if err != nil {
		return nil, err
	}
	held, reachable := verify.Violation(t, run.violating)
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

// checkTransport judges anybody's answer.
func checkTransport(o *checkOptions, v *values, args []string, con *console) ([]finding, error) {
	source := parseTransportSource(v)
	if err := source.takePositionals(args); err != nil {
		return nil, err
	}
	reg, err := parseCheckedReg(v)
	if err != nil {
		return nil, err
	}
	t, err := readTransport(o.in, &source)
	if err != nil {
		return nil, err
	}
	answer := transportAnswer{problem: t}
	for _, p := range o.answers {
		f, err := o.in.openAnswer(p[0], p[1])
		if err != nil {
			return nil, err
		}
		if err := answer.take(p[0], f); err != nil {
			return nil, err
		}
	}
	eps, err := reg.resolve(t, o.in.options.MaxMemory)
	if err != nil {
		return nil, err
	}
	if t.maximize && eps > 0 {
		return nil, usageError("leave one of them out", "--maximize belongs to the unregularised problem, --reg is given")
	}
	if answer.plan == nil && eps == 0 {
		return nil, usageError("add --answer plan=FILE, or --reg", "potentials alone generate a plan only with --reg")
	}
	sayReg(con, eps)
	if answer.f == nil {
		con.warn("without potentials nothing proves that the plan is optimal")
	}
	c, err := t.certify(answer.rows(), answer.f, answer.g, eps, o.threads)
	if err != nil {
		return nil, err
	}
	return transportFindings(c, v.positive("tol", ot.DefaultTol), eps, total(t.a)), nil
}

// checkedReg is ε as the command line of `check ot` has it.
type checkedReg struct {
	value  float64 // 0 = unregularised, unless stat is given
	stat   string
	factor float64
}

func parseCheckedReg(v *values) (checkedReg, error) {
	r := checkedReg{value: v.nonNegative("reg", 0)}
	if !v.given("reg-rel") {
		return r, v.err
	}
	if v.refuseWith("--reg-rel", "reg"); v.err != nil {
		return r, v.err
	}
	var err error
	r.stat, r.factor, err = parseRegRel(v)
	return r, err
}

func (r checkedReg) resolve(t *transport, maxMemory int64) (float64, error) {
	if r.stat == "" {
		return r.value, nil
	}
	cost, err := t.cost()
	if err != nil {
		return 0, err
	}
	return relativeReg(cost, r.stat, r.factor, maxMemory)
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
