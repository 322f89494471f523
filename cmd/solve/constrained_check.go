package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"solve/constrained"
	"solve/internal/report"
	"solve/internal/verify"
	"solve/solver"
)

// storedModel states the program of a stored run of `constrained` again.
func storedModel(in *inputs, run *storedRun) (*modelSource, float64, error) {
	paths, err := run.paths(in)
	if err != nil {
		return nil, 0, err
	}
	in.options.Hash = true
	opts := run.report.Method.Options
	s := &modelSource{path: paths["model"], gen: opts.Text("gen"), relaxInt: opts.Text("relax_int") == "true", sets: map[string]string{}}
	for _, name := range sifSets {
		if set := opts.Text(strings.ReplaceAll(name, "-", "_")); set != "" {
			s.sets[name] = set
		}
	}
	if v, ok := opts.Get("param"); ok {
		list, ok := v.([]any)
		for _, x := range list {
			text, isText := x.(string)
			name, value, cut := strings.Cut(text, "=")
			s.params, ok = append(s.params, [2]string{name, value}), ok && isText && cut
		}
		if !ok {
			return nil, 0, run.damaged("its param is %v", v)
		}
	}
	tol, _ := opts.Float("tol")
	switch {
	case !(tol > 0):
		return nil, 0, run.damaged("tol is %v", tol)
	case (s.path == "") == (s.gen == ""):
		return nil, 0, run.damaged("it names no model")
	}
	if s.gen != "" {
		if _, _, err := parseGenerated(s.gen); err != nil {
			return nil, 0, run.damaged("its gen is %q", s.gen)
		}
	}
	return s, tol, nil
}

// checkStoredConstrained judges what `solve constrained -o DIR/` wrote.
func checkStoredConstrained(o *checkOptions, run *storedRun, _ *console) ([]finding, error) {
	s, tol, err := storedModel(o.in, run)
	if err != nil {
		return nil, err
	}
	m, err := readProgram(context.Background(), o.in, s)
	if err != nil {
		return nil, moved(err)
	}
	run.compareInputs(o.in)
	a, err := run.point(o.in, m)
	if err != nil {
		return nil, err
	}
	out := run.findings()
	unsolvable := run.infeasible() || run.report.Status == solver.Unbounded.String()
	if unsolvable {
		proof, err := proofFinding(m, run, a.x, tol)
		if err != nil {
			return nil, err
		}
		out = append(out, proof)
	}
	if a.x == nil {
		if !unsolvable {
			return nil, inputError("`solve constrained … -o DIR/` stores it", "%s: the report names no x", o.dir)
		}
		return out, nil
	}
	v, certs, err := m.certify(a, tol)
	if err != nil {
		return nil, err
	}
	// Two evaluators differ by the rounding errors of what cancels inside the
	// functions, so that differences below the tolerance say nothing.
	for _, now := range certs {
		stored := storedCertificate(run.report, now)
		if unsolvable {
			now.OK = true // no x could meet the tolerance: only the numbers are compared
		}
		if unsolvable && (now.Name == "dual_infeasibility" || now.Name == "complementarity") {
			continue // where a ray starts the multipliers are 0
		}
		out = append(out, judged(now, stored, now.Tol/agreeAbsolute))
	}
	agreement := agreeRelative
	if unsolvable {
		agreement = agreeFar
	}
	if a.z != nil {
		out = append(out, m.boundFinding(a, v, math.Max(tol, agreement)))
	}
	stored := solver.Certificate{Name: "objective", Value: math.NaN(), Tol: math.NaN(), OK: true}
	if run.report.Objective != nil {
		stored.Value = float64(*run.report.Objective)
	}
	now := solver.Certificate{Name: "objective", Value: m.objective(v), Tol: math.NaN(), OK: true}
	return append(out, judged(now, stored, agreement/agreeAbsolute*math.Max(1, math.Abs(now.Value)))), nil
}

// agreeFar is how well two evaluators have to agree, relatively, on f and ∇f where a
// ray starts, which may be so far away that large terms of f cancel.
const agreeFar = 1e-4

// stationary is an answer: a point and its multipliers.
type stationary struct {
	x, y []float64
	z    []float64 // of the bounds; nil = not given
}

// point reads the stored answer; it is empty where the report names none.
func (run *storedRun) point(in *inputs, m *model) (a stationary, err error) {
	if len(run.report.Answers) == 0 {
		return a, nil
	}
	n, rows := m.problem.N, m.problem.M
	path, err := run.answerPath("x")
	if err != nil || path == "" {
		return a, err
	}
	if a.x, err = readAnswer(in, "x", path, m.variableNames(), n); err != nil {
		return a, err
	}
	a.y = make([]float64, rows)
	if path, err = run.answerPath("multipliers"); err != nil || path == "" {
		return a, err
	}
	all, err := readAnswer(in, "multipliers", path, m.multiplierNames(), rows+n)
	if err != nil {
		return a, err
	}
	a.y, a.z = all[:rows], all[rows:]
	return a, nil
}

// readAnswer reads a part of an answer, which is no input.
func readAnswer(in *inputs, name, path string, names []string, n int) ([]float64, error) {
	list := in.list
	defer func() { in.list = list }()
	return readNumbersOf(in, name, path, names, n)
}

// certify recomputes the certificates with the second evaluator.
func (m *model) certify(a stationary, tol float64) (verify.Values, []solver.Certificate, error) {
	v, err := m.plain(a.x)
	if err != nil {
		return v, nil, err
	}
	c, err := m.limits().Certify(a.x, a.y, v)
	if err != nil {
		return v, nil, err
	}
	return v, c.Certificates(tol), nil
}

// boundFinding compares the multipliers of the bounds with what follows from the
// others.
func (m *model) boundFinding(a stationary, v verify.Values, tol float64) finding {
	far := m.limits().BoundMultipliers(a.y, a.z, v)
	return finding{name: "bound_multipliers", value: far, stored: math.NaN(), tol: tol, ok: far <= tol}
}

// proofFinding repeats the proof that a program has no solution.
func proofFinding(m *model, run *storedRun, x []float64, tol float64) (finding, error) {
	out := finding{name: "proof", value: math.NaN(), stored: math.NaN(), tol: math.NaN()}
	p := m.problem
	if x == nil {
		x = p.X0
	}
	stats := run.report.Stats
	if u, ok := storedVector(stats, "farkas", p.M); ok && run.infeasible() {
		return m.farkasFinding(u, x)
	}
	if d, ok := storedVector(stats, "ray", p.N); ok && !run.infeasible() {
		violation, end, err := m.limits().Descent(x, d, m.plain)
		out.name, out.value, out.tol = "ray", violation, tol
		out.ok = violation <= tol && end < m.sign()*float64(objectiveOf(run))
		if !out.ok {
			out.note = "f does not fall along it"
		}
		return out, err
	}
	if k := m.limits().CrossedBound(); k >= 0 && run.infeasible() {
		out.name, out.ok = "crossed_bounds", true
		return out, nil
	}
	out.note = "there is none"
	return out, nil
}

func (m *model) sign() float64 {
	if m.problem.Maximize {
		return -1
	}
	return 1
}

func objectiveOf(run *storedRun) report.Number {
	if run.report.Objective == nil {
		return report.Number(math.Inf(1))
	}
	return *run.report.Objective
}

// farkasFinding repeats a proof by a combination of linear constraints.
func (m *model) farkasFinding(u, x []float64) (finding, error) {
	out := finding{name: "farkas", value: math.NaN(), stored: math.NaN(), tol: math.NaN()}
	v, err := m.plain(x)
	if err != nil {
		return out, err
	}
	beside := slices.Clone(x)
	for j := range beside {
		beside[j] += 1 + math.Abs(x[j])/2
	}
	w, err := m.plain(beside)
	if err != nil {
		return out, err
	}
	kernel, gap := m.limits().Contradiction(u, x, v)
	out.value, out.ok = gap, verify.Contradicts(kernel, gap)
	if !out.ok {
		out.note = "the combination proves nothing"
	}
	for i, weight := range u {
		if weight != 0 && !sameRow(v, w, i) {
			out.ok, out.note = false, fmt.Sprintf("constraint %s is not linear", m.problem.ConstraintName(i))
		}
	}
	return out, nil
}

// sameRow tells whether a constraint has the same derivatives at two points.
func sameRow(v, w verify.Values, i int) bool {
	a, p := v.Jacobian.Row(i)
	b, q := w.Jacobian.Row(i)
	return slices.Equal(a, b) && slices.Equal(p, q)
}

// storedVector is a list of n numbers among the statistics.
func storedVector(stats report.Fields, name string, n int) ([]float64, bool) {
	v, _ := stats.Get(name)
	list, ok := v.([]any)
	if !ok || len(list) != n {
		return nil, false
	}
	out := make([]float64, n)
	for i, x := range list {
		if out[i], ok = x.(float64); !ok {
			return nil, false
		}
	}
	return out, true
}

// checkConstrained judges anybody's answer. Without multipliers nothing but
// feasibility can be told: the best multipliers that the checker could find would
// be its own opinion.
func checkConstrained(o *checkOptions, v *values, args []string, con *console) ([]finding, error) {
	s, err := parseModelSource(v, args)
	if err != nil {
		return nil, err
	}
	tol := v.positive("tol", constrained.DefaultTol)
	if v.err != nil {
		return nil, v.err
	}
	if tol >= 1 {
		return nil, &solver.OptionError{Name: "--tol", Value: v.text("tol"), Want: "a number below 1"}
	}
	m, err := readProgram(context.Background(), o.in, &s)
	if err != nil {
		return nil, err
	}
	m.say(o.in, &s)
	a, err := readStationary(o, m)
	if err != nil {
		return nil, err
	}
	judgeable := a.y != nil || m.problem.M == 0
	if a.y == nil {
		a.y = make([]float64, m.problem.M)
	}
	at, certs, err := m.certify(a, tol)
	if err != nil {
		return nil, err
	}
	var out []finding
	for _, c := range certs {
		if !judgeable && (c.Name == "dual_infeasibility" || c.Name == "complementarity") {
			continue
		}
		out = append(out, finding{name: c.Name, value: c.Value, stored: math.NaN(), tol: c.Tol, ok: c.OK})
	}
	if a.z != nil {
		out = append(out, m.boundFinding(a, at, tol))
	}
	if !judgeable {
		con.say("note", "without --answer multipliers=FILE only feasibility is judged, not how good the point is")
	}
	f := m.objective(at)
	return append(out, finding{name: "objective", value: f, stored: math.NaN(), tol: math.NaN(), ok: f-f == 0}), nil
}

// readStationary reads anybody's answer. The multipliers are those of the
// constraints, alone or followed by those of the variables.
func readStationary(o *checkOptions, m *model) (a stationary, err error) {
	n, rows := m.problem.N, m.problem.M
	x, multipliers := answerFile(o.answers, "x"), answerFile(o.answers, "multipliers")
	if x == "" {
		return a, usageError("--answer x=FILE", "the point is missing")
	}
	if a.x, err = readAnswer(o.in, "x", x, m.variableNames(), n); err != nil || multipliers == "" {
		return a, err
	}
	all, err := readAnswer(o.in, "multipliers", multipliers, m.multiplierNames(), rows+n)
	if err == nil {
		a.y, a.z = all[:rows], all[rows:]
		return a, nil
	}
	y, alone := readAnswer(o.in, "multipliers", multipliers, m.constraintNames(), rows)
	if alone != nil {
		return a, err
	}
	a.y = y
	return a, nil
}
