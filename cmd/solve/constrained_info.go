package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"

	"solve/internal/report"
	"solve/internal/verify"
)

// tally counts what a program is made of.
type tally struct {
	variables, rows struct{ free, lower, upper, both, fixed int } // by their limits
	linear          int
}

func (m *model) tally() tally {
	var t tally
	limits := m.limits()
	count := func(free, lower, upper, both, fixed *int, lo, hi float64) {
		switch {
		case lo == hi:
			*fixed++
		case math.IsInf(lo, -1) && math.IsInf(hi, 1):
			*free++
		case math.IsInf(hi, 1):
			*lower++
		case math.IsInf(lo, -1):
			*upper++
		default:
			*both++
		}
	}
	for j, lo := range limits.Lower {
		v := &t.variables
		count(&v.free, &v.lower, &v.upper, &v.both, &v.fixed, lo, limits.Upper[j])
	}
	for i, lo := range limits.CLower {
		r := &t.rows
		count(&r.free, &r.lower, &r.upper, &r.both, &r.fixed, lo, limits.CUpper[i])
		if m.problem.Linear != nil && m.problem.Linear[i] {
			t.linear++
		}
	}
	return t
}

// bounded tells of the variables that are not free.
func (t *tally) bounded() string {
	v := t.variables
	var list []string
	if k := v.lower + v.upper + v.both; k > 0 {
		list = append(list, grouped(k)+" bounded")
	}
	if v.fixed > 0 {
		list = append(list, grouped(v.fixed)+" fixed")
	}
	if list == nil {
		return ""
	}
	return " (" + strings.Join(list, ", ") + ")"
}

// constraints tells of the constraints by kind.
func (t *tally) constraints() string {
	r := t.rows
	var list []string
	for _, x := range []struct {
		n         int
		one, many string
	}{{r.fixed, "equation", "equations"}, {r.lower + r.upper + r.both, "inequality", "inequalities"}, {r.free, "without limits", "without limits"}, {t.linear, "linear", "linear"}} {
		if x.n > 0 {
			list = append(list, counted(x.n, x.one, x.many))
		}
	}
	return strings.Join(list, ", ")
}

// isModelName tells a nonlinear program by the end of its name.
func isModelName(path string) bool {
	name := strings.ToLower(path)
	for _, end := range []string{".gz", ".zst"} {
		name = strings.TrimSuffix(name, end)
	}
	return strings.HasSuffix(name, ".sif") || strings.HasSuffix(name, ".nl")
}

// runModelInfo prints the facts of a nonlinear program.
func runModelInfo(ctx context.Context, in *inputs, path string, con *console) error {
	s := &modelSource{path: path, relaxInt: true}
	m, err := readProgram(ctx, in, s)
	if err != nil {
		return err
	}
	facts, err := m.facts()
	if err != nil {
		return err
	}
	if con.reports() {
		rep := newReport(con, "info", in)
		rep.Stats = append(facts, rep.Stats...)
		if err := con.report(rep); err != nil || con.json {
			return err
		}
	}
	var rows [][]string
	for _, x := range facts {
		rows = append(rows, []string{strings.ReplaceAll(x.Name, "_", " "), fmt.Sprint(x.Value)})
	}
	return con.print(func(w io.Writer) error { return report.Table(w, nil, rows) })
}

// facts lists what a program is, in the order of interest.
func (m *model) facts() (report.Fields, error) {
	var out report.Fields
	p, t := m.problem, m.tally()
	out.Add("kind", "nonlinear program, "+m.kind)
	if p.Name != "" {
		out.Add("name", p.Name)
	}
	if m.sif != nil && m.sif.Classification != "" {
		out.Add("classification", m.sif.Classification)
	}
	sense := "minimise"
	if p.Maximize {
		sense = "maximise"
	}
	out.Add("sense", sense)
	out.Add("variables", p.N)
	v := t.variables
	out.Add("free_variables", v.free)
	out.Add("bounded_variables", v.lower+v.upper+v.both)
	out.Add("fixed_variables", v.fixed)
	if k := m.integers(); k > 0 {
		out.Add("integer_variables", k)
	}
	out.Add("constraints", p.M)
	r := t.rows
	out.Add("equations", r.fixed)
	out.Add("lower_limits", r.lower)
	out.Add("upper_limits", r.upper)
	out.Add("ranges", r.both)
	out.Add("free_rows", r.free)
	out.Add("linear_constraints", t.linear)
	_, column := p.JacobianPattern()
	out.Add("jacobian_nnz", len(column))
	_, column = p.HessianPattern()
	out.Add("hessian_lower_nnz", len(column))
	return out, m.addStart(&out)
}

// addStart tells of the start, and of what the file says of itself.
func (m *model) addStart(out *report.Fields) error {
	p := m.problem
	values, err := m.plain(p.X0)
	if err != nil {
		return err
	}
	c, err := m.limits().Certify(p.X0, make([]float64, p.M), values)
	if err != nil {
		return err
	}
	out.Add("objective_at_start", m.objective(values))
	out.Add("violation_at_start", math.Max(c.ConstraintViolation, c.BoundViolation))
	if k := m.limits().CrossedBound(); k >= 0 {
		out.Add("infeasible", m.crossed(k))
	}
	if m.sif == nil {
		return nil
	}
	if len(m.sif.Known) > 0 {
		out.Add("known_objectives", numbers(m.sif.Known))
	}
	for _, x := range m.sif.Parameters {
		out.Add("parameter "+x.Name, parameterText(x.Value, x.Alternatives))
	}
	return nil
}

// objective is f with the sign of the model.
func (m *model) objective(v verify.Values) float64 {
	if m.problem.Maximize {
		return -v.Objective
	}
	return v.Objective
}

func (m *model) integers() int {
	switch {
	case m.sif != nil:
		return len(m.sif.Integers)
	case m.nl != nil:
		k := 0
		for _, n := range m.nl.Header.Integers {
			k += n
		}
		return k
	}
	return 0
}

func parameterText(value string, others []string) string {
	if len(others) == 0 {
		return value
	}
	return value + " (also " + strings.Join(others, ", ") + ")"
}
