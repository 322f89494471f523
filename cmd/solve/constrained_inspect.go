package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"solve/constrained"
	"solve/internal/report"
)

// showParameters prints what --param can set.
func showParameters(ctx context.Context, o *constrainedOptions, con *console) error {
	m, err := readProgram(ctx, o.in, &o.source)
	if err != nil {
		return err
	}
	if m.sif == nil {
		return inputError("only SIF files have parameters", "--show-params: this model is %s", m.kind)
	}
	if con.reports() {
		rep := newReport(con, "constrained", o.in)
		var list []report.Fields
		for _, x := range m.sif.Parameters {
			var one report.Fields
			one.Add("name", x.Name)
			one.Add("value", x.Value)
			one.Add("alternatives", slices.Clone(x.Alternatives))
			one.Add("line", x.Line)
			list = append(list, one)
		}
		rep.Stats.Add("parameters", list)
		if err := con.report(rep); err != nil || con.json {
			return err
		}
	}
	rows := make([][]string, 0, len(m.sif.Parameters))
	for _, x := range m.sif.Parameters {
		rows = append(rows, []string{x.Name, x.Value, strings.Join(x.Alternatives, " "), fmt.Sprint(x.Line)})
	}
	return con.print(func(w io.Writer) error {
		return report.Table(w, []string{"name", "value", "others in the file", "line"}, rows)
	})
}

// dumpNL writes a SIF model as .nl.
func dumpNL(ctx context.Context, o *constrainedOptions, con *console) error {
	m, err := readProgram(ctx, o.in, &o.source)
	if err != nil {
		return err
	}
	if m.sif == nil {
		return inputError("only SIF files are translated", "--dump-nl: this model is %s", m.kind)
	}
	var out outputs
	defer out.abort()
	if err := out.write(o.nl, m.sif.WriteNL); err != nil {
		return err
	}
	if err := out.commit(); err != nil {
		return err
	}
	con.say("wrote", "%s: %d variables, %d constraints, in the order of the file", o.nl, m.problem.N, m.problem.M)
	if !con.reports() {
		return nil
	}
	return con.report(newReport(con, "constrained", o.in))
}

// derivativesSaid bounds the warnings of --check-derivatives.
const derivativesSaid = 10

// checkDerivatives compares derivatives before the solve; one that differs is a
// warning: some files are wrong on purpose.
func checkDerivatives(m *model, con *console) (report.Fields, error) {
	p := m.problem
	compared, wrong, err := constrained.CheckDerivatives(p, p.X0)
	if err != nil {
		return nil, err
	}
	var said []string
	for _, d := range wrong {
		said = append(said, m.derivativeText(d))
	}
	cards := 0
	if m.sif != nil {
		list, err := m.sif.CheckDerivatives(p.X0)
		if err != nil {
			return nil, err
		}
		cards = len(list)
		for _, d := range list {
			said = append(said, fmt.Sprint(d))
		}
	}
	for _, text := range said[:min(len(said), derivativesSaid)] {
		con.warn("%s", text)
	}
	if more := len(said) - derivativesSaid; more > 0 {
		con.warn("and %d more derivatives", more)
	}
	con.say("checked", "%s against differences, %s", counted(compared, "derivative", "derivatives"), differing(len(wrong)))
	var f report.Fields
	f.Add("derivatives_compared", compared)
	f.Add("derivatives_differing", len(wrong))
	if m.sif != nil {
		con.say("", "the derivatives that the file writes down: %s", differing(cards))
		f.Add("derivative_cards_differing", cards)
	}
	return f, nil
}

func differing(n int) string {
	if n == 0 {
		return "none differs"
	}
	return counted(n, "differs", "differ")
}

func (m *model) derivativeText(d constrained.DerivativeError) string {
	p := m.problem
	what := "f"
	switch {
	case d.Second:
		what = fmt.Sprintf("the Lagrangian by %s and", p.VariableName(d.Row))
	case d.Row >= 0:
		what = p.ConstraintName(d.Row)
	}
	return fmt.Sprintf("derivative of %s by %s: %.10g, but differences give %.10g", what, p.VariableName(d.Col), d.Value, d.Estimated)
}
